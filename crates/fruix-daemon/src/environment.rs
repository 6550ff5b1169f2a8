// SPDX-License-Identifier: GPL-3.0-or-later
//! The environment variables of a build, and the reference graphs that it asks for (`startBuilder` in
//! `nix/libstore/build.cc`).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use fruix_core::derivation::Derivation;
use fruix_core::store_path::{StorePath, check_name};
use fruix_store::Store;

use crate::error::{Error, Result};

/// Where a build works, as it sees it; NAME is that of the derivation, with `.drv`.
pub(crate) fn build_directory(name: &str) -> String {
    format!("/tmp/guix-build-{name}-0")
}

/// The environment of the builder of DERIVATION, which works in DIRECTORY and should use CORES.
/// IMPURE are the variables of the caller.
pub(crate) fn environment(
    derivation: &Derivation,
    store_dir: &str,
    directory: &str,
    cores: usize,
    impure: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let mut env = BTreeMap::new();
    let mut set = |name: &str, value: &str| {
        env.insert(name.to_owned(), value.to_owned());
    };
    // Shells would take a default of their own were there no PATH, and programs would look up the
    // home directory were there no HOME.
    set("PATH", "/path-not-set");
    set("HOME", "/homeless-shelter");
    set("NIX_STORE", store_dir);
    set("NIX_BUILD_CORES", &cores.to_string());
    for (name, value) in &derivation.env {
        set(name, value);
    }
    for name in ["NIX_BUILD_TOP", "TMPDIR", "TEMPDIR", "TMP", "TEMP", "PWD"] {
        set(name, directory);
    }
    if derivation.fixed_output().is_some() {
        for name in words(derivation, "impureEnvVars") {
            set(name, impure.get(name).map_or("", String::as_str));
        }
    }
    env
}

/// The words of ATTRIBUTE of DERIVATION, none if it has no such attribute.
pub(crate) fn words<'a>(
    derivation: &'a Derivation,
    attribute: &str,
) -> impl Iterator<Item = &'a str> {
    derivation.env.get(attribute).map(String::as_str).unwrap_or_default().split_ascii_whitespace()
}

/// Whether ATTRIBUTE of DERIVATION is `1`, or DEFAULT if there is none.
pub(crate) fn flag(derivation: &Derivation, attribute: &str, default: bool) -> bool {
    derivation.env.get(attribute).map_or(default, |value| value == "1")
}

/// The files that `exportReferencesGraph` of DRV asks for: name, and contents in the format of
/// `nix-store --register-validity` without hashes and derivers.
pub(crate) fn reference_graphs(
    store: &Store,
    drv: &StorePath,
    derivation: &Derivation,
) -> Result<Vec<(String, String)>> {
    const ATTRIBUTE: &str = "exportReferencesGraph";
    let wrong = |reason: String| Error::Attribute {
        drv: store.layout().display(drv),
        attribute: ATTRIBUTE,
        reason,
    };
    let words: Vec<&str> = words(derivation, ATTRIBUTE).collect();
    let (pairs, rest) = words.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(wrong(format!("odd number of words: `{}'", words.join(" "))));
    }
    let mut graphs = Vec::new();
    for [name, file] in pairs {
        check_name(name).map_err(|e| wrong(e.to_string()))?;
        let (item, _) =
            store.layout().store_dir().parse_below(file).map_err(|e| wrong(e.to_string()))?;
        if !store.is_valid_path(&item)? {
            return Err(wrong(format!("`{file}' is not valid")));
        }
        graphs.push(((*name).to_owned(), graph(store, &item)?));
    }
    Ok(graphs)
}

/// The references of everything in the closure of ITEM, including the outputs of derivations there.
fn graph(store: &Store, item: &StorePath) -> Result<String> {
    let mut closure = store.requisites([item])?;
    let mut outputs = BTreeSet::new();
    for drv in closure.iter().filter(|item| item.is_derivation()) {
        outputs.extend(store.query_derivation_outputs(drv)?.into_values());
    }
    closure.extend(store.requisites(&outputs)?);
    let mut text = String::new();
    for item in &closure {
        let references = store.references(item)?;
        // An empty line stands for the deriver.
        let _ = write!(text, "{}\n\n{}\n", store.layout().display(item), references.len());
        for reference in &references {
            let _ = writeln!(text, "{}", store.layout().display(reference));
        }
    }
    Ok(text)
}
