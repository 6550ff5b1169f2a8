// SPDX-License-Identifier: GPL-3.0-or-later
//! What a derivation's outputs may refer to: `allowedReferences` and its kin (`registerOutputs` in
//! `nix/libstore/build.cc`).

use std::collections::{BTreeMap, BTreeSet};

use fruix_core::store_path::StorePath;
use fruix_store::{PathInfo, Store, Wanted};

use crate::environment::words;
use crate::error::{Error, ReferenceRule, Result};

/// Enforce what the derivation of a build, WANTED, says about its outputs INFOS.
pub(crate) fn check(store: &Store, wanted: &Wanted<'_>, infos: &[PathInfo]) -> Result<()> {
    let made: BTreeMap<&StorePath, &PathInfo> =
        infos.iter().map(|info| (&info.path, info)).collect();
    for rule in ReferenceRule::ALL {
        if !wanted.derivation.env.contains_key(rule.attribute()) {
            continue;
        }
        let listed = listed(store, wanted, rule)?;
        for info in infos {
            let used = if rule.is_transitive() {
                requisites(store, info, &made)?
            } else {
                info.references.clone()
            };
            let wrong = used.iter().find(|i| listed.contains(*i) != rule.is_allowed_list());
            if let Some(reference) = wrong {
                return Err(Error::ForbiddenReference {
                    output: store.layout().display(&info.path),
                    reference: store.layout().display(reference),
                    rule,
                });
            }
        }
    }
    Ok(())
}

/// The items that the attribute of RULE lists by their paths or as names of outputs.
fn listed(store: &Store, wanted: &Wanted<'_>, rule: ReferenceRule) -> Result<BTreeSet<StorePath>> {
    let attribute = rule.attribute();
    words(wanted.derivation, attribute)
        .map(|word| {
            let output = wanted.derivation.outputs.get(word).and_then(|o| o.path.clone());
            output.or_else(|| store.layout().parse(word).ok()).ok_or_else(|| Error::Attribute {
                drv: store.layout().display(wanted.drv),
                attribute,
                reason: format!("`{word}' is neither a store path nor an output"),
            })
        })
        .collect()
}

/// What INFO's references need, those that are MADE just now included.
fn requisites(
    store: &Store,
    info: &PathInfo,
    made: &BTreeMap<&StorePath, &PathInfo>,
) -> Result<BTreeSet<StorePath>> {
    let mut used = BTreeSet::new();
    let mut seen = BTreeSet::from([&info.path]);
    let mut todo = vec![info];
    let mut valid = BTreeSet::new();
    while let Some(info) = todo.pop() {
        for reference in info.references.iter().filter(|r| seen.insert(r)) {
            used.insert(reference.clone());
            match made.get(reference) {
                Some(info) => todo.push(info),
                None => {
                    valid.insert(reference);
                }
            }
        }
    }
    used.extend(store.requisites(valid)?);
    Ok(used)
}
