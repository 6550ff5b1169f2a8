// SPDX-License-Identifier: GPL-3.0-or-later
//! Registration: the moment at which items become valid (`registerValidPaths`).
//!
//! All items of one call become valid together, in one transaction, or none does. What is
//! registered is on the disk first: with [`crate::Options::durable`], the items' files and
//! directories are synced (one by one, or with `syncfs` when they are many), then SQLite commits with
//! `synchronous = full`, which syncs its log. So after power loss each row has its complete files;
//! files without a row are garbage, which the collector deletes. Without `durable`, the order
//! between files and row holds after `kill -9`, but not after power loss.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use fruix_core::derivation::Derivation;
use fruix_core::store_path::StorePath;
use fruix_protocol::PathInfo;

use crate::db::Queries;
use crate::error::{Error, IoContext, Result};
use crate::fsutil::{lstat, sync_items};
use crate::store::Store;

/// Seconds since the epoch.
pub(crate) fn now() -> i64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(elapsed.as_secs()).unwrap_or(i64::MAX)
}

/// The contents of a derivation that is to be registered.
pub(crate) enum Known {
    /// From its file: its output paths are to be checked.
    Parsed(Derivation),
    /// From whoever has computed its output paths.
    Trusted(Arc<Derivation>),
}

impl Known {
    fn derivation(&self) -> &Derivation {
        match self {
            Known::Parsed(derivation) => derivation,
            Known::Trusted(derivation) => derivation,
        }
    }
}

/// A derivation that another one needs.
enum Input<'a> {
    Known(&'a Derivation),
    Read(Derivation),
}

impl AsRef<Derivation> for Input<'_> {
    fn as_ref(&self) -> &Derivation {
        match self {
            Input::Known(derivation) => derivation,
            Input::Read(derivation) => derivation,
        }
    }
}

impl Store {
    /// Make all of INFOS valid at once. Their files lie in the store in canonical form, and what
    /// they refer to is valid or among them.
    ///
    /// An item that is valid already gets the new hash, size and references. The outputs of
    /// derivations are checked against their contents. A circle of references is refused.
    pub fn register_valid_paths(&self, infos: &[PathInfo]) -> Result<()> {
        let mut derivations = BTreeMap::new();
        for info in infos.iter().filter(|info| info.path.is_derivation()) {
            derivations.insert(&info.path, Known::Parsed(self.read_derivation(&info.path)?));
        }
        self.register(infos, &derivations)
    }

    /// [`Store::register_valid_paths`], given the contents of the DERIVATIONS among INFOS.
    pub(crate) fn register(
        &self,
        infos: &[PathInfo],
        derivations: &BTreeMap<&StorePath, Known>,
    ) -> Result<()> {
        let mut files = Vec::new();
        for info in infos {
            let file = self.physical(&info.path);
            if lstat(&file)?.is_none() {
                return Err(Error::Missing { path: self.layout.display(&info.path) });
            }
            files.push(file);
        }
        refuse_cycles(self, infos)?;
        // The check needs no rows, so it need not wait for the transaction.
        for (path, known) in derivations {
            if let Known::Parsed(drv) = known {
                self.check_outputs(path, drv, derivations)?;
            }
        }
        if self.options.durable {
            sync_items(self.layout.physical_store(), &files)?;
        }
        self.db.write(|q| {
            let mut ids = HashMap::new();
            for info in infos {
                let id = self.insert(q, info)?;
                if let Some(known) = derivations.get(&info.path) {
                    self.insert_outputs(q, id, &info.path, known.derivation())?;
                }
                ids.insert(&info.path, id);
            }
            for info in infos {
                self.insert_references(q, info, &mut ids)?;
            }
            Ok(())
        })
    }

    fn insert(&self, q: &Queries<'_>, info: &PathInfo) -> Result<i64> {
        let path = self.layout.display(&info.path);
        let hash = info.nar_hash.to_prefixed_base16();
        let size = i64::try_from(info.nar_size).ok().filter(|size| *size != 0);
        if let Some(id) = q.id(&path)? {
            q.update(id, &hash, size)?;
            return Ok(id);
        }
        let time = if info.registration_time == 0 { now() } else { info.registration_time };
        let deriver = info.deriver.as_ref().map(|d| self.layout.display(d));
        q.insert(&path, &hash, time, deriver.as_deref(), size)
    }

    fn insert_outputs(
        &self,
        q: &Queries<'_>,
        id: i64,
        path: &StorePath,
        drv: &Derivation,
    ) -> Result<()> {
        for (name, output) in &drv.outputs {
            let output = output.path.as_ref().ok_or_else(|| Error::CorruptDerivation {
                path: self.layout.display(path),
                reason: format!("output `{name}' has no path"),
            })?;
            q.insert_output(id, name, &self.layout.display(output))?;
        }
        Ok(())
    }

    fn insert_references<'a>(
        &self,
        q: &Queries<'_>,
        info: &'a PathInfo,
        ids: &mut HashMap<&'a StorePath, i64>,
    ) -> Result<()> {
        let referrer = ids.get(&info.path).copied().unwrap_or_default();
        for reference in &info.references {
            let id = match ids.get(reference) {
                Some(id) => *id,
                None => {
                    let path = self.layout.display(reference);
                    let id = q.id(&path)?.ok_or_else(|| Error::InvalidReference {
                        referrer: self.layout.display(&info.path),
                        reference: path,
                    })?;
                    ids.insert(reference, id);
                    id
                }
            };
            q.insert_reference(referrer, id)?;
        }
        Ok(())
    }

    /// Read the derivation file DRV, valid or not.
    pub fn read_derivation(&self, drv: &StorePath) -> Result<Derivation> {
        let file = self.physical(drv);
        let text = std::fs::read(&file).at("reading", &file)?;
        self.parse_derivation(drv, &text)
    }

    /// The derivation that TEXT, the contents of DRV, is.
    pub(crate) fn parse_derivation(&self, drv: &StorePath, text: &[u8]) -> Result<Derivation> {
        Derivation::parse(self.layout.store_dir(), text).map_err(|e| Error::CorruptDerivation {
            path: self.layout.display(drv),
            reason: e.to_string(),
        })
    }

    /// Check that the output paths that DRV, the contents of the file PATH, names are those that
    /// follow from it (`checkDerivationOutputs`). The derivations that it needs are OTHERS, or are
    /// read from the store.
    fn check_outputs(
        &self,
        path: &StorePath,
        drv: &Derivation,
        others: &BTreeMap<&StorePath, Known>,
    ) -> Result<()> {
        let corrupt =
            |reason: String| Error::CorruptDerivation { path: self.layout.display(path), reason };
        let name = path.derivation_name().unwrap_or_default();
        let mut computed = drv.clone();
        for (name, output) in &mut computed.outputs {
            output.path = None;
            computed.env.insert(name.clone(), String::new());
        }
        let mut cache = self.modulo.lock().unwrap_or_else(|e| e.into_inner());
        computed
            .fill_outputs(self.layout.store_dir(), name, &mut cache, |input| {
                match others.get(input) {
                    Some(known) => Ok(Input::Known(known.derivation())),
                    None => self.read_derivation(input).map(Input::Read).map_err(|e| e.to_string()),
                }
            })
            .map_err(|e| corrupt(e.to_string()))?;
        let show = |path: &Option<StorePath>| {
            path.as_ref().map_or_else(|| "none".to_owned(), |p| self.layout.display(p))
        };
        for (name, want) in &computed.outputs {
            let got = drv.outputs.get(name).map_or(&None, |output| &output.path);
            let in_env = drv.env.get(name);
            if *got != want.path || in_env != computed.env.get(name) {
                let got = if *got == want.path { in_env.cloned() } else { Some(show(got)) };
                return Err(Error::WrongOutput {
                    path: self.layout.display(path),
                    got: got.unwrap_or_else(|| "none".to_owned()),
                    expected: show(&want.path),
                });
            }
        }
        Ok(())
    }

    /// Make ITEM invalid. Refused while others refer to it; its files stay.
    pub fn invalidate_path(&self, item: &StorePath) -> Result<()> {
        let path = self.layout.display(item);
        self.db.write(|q| {
            let Some(id) = q.id(&path)? else { return Ok(()) };
            let mut referrers = q.referrers(&path)?;
            referrers.retain(|referrer| *referrer != path);
            if !referrers.is_empty() {
                return Err(Error::InUse { path: path.clone(), referrers });
            }
            q.delete(id)
        })
    }
}

/// Refuse INFOS if they refer to each other in a circle (an item may refer to itself). Only items
/// that are registered together can, since references must be valid.
fn refuse_cycles(store: &Store, infos: &[PathInfo]) -> Result<()> {
    let mut waiting: HashMap<&StorePath, usize> = HashMap::new();
    let mut users: HashMap<&StorePath, Vec<&StorePath>> = HashMap::new();
    for info in infos {
        waiting.insert(&info.path, 0);
    }
    for info in infos {
        for reference in &info.references {
            if *reference != info.path && waiting.contains_key(reference) {
                *waiting.entry(&info.path).or_default() += 1;
                users.entry(reference).or_default().push(&info.path);
            }
        }
    }
    let mut ready: Vec<&StorePath> =
        waiting.iter().filter(|(_, count)| **count == 0).map(|(path, _)| *path).collect();
    while let Some(path) = ready.pop() {
        waiting.remove(path);
        for user in users.remove(path).unwrap_or_default() {
            if let Some(count) = waiting.get_mut(user) {
                *count -= 1;
                if *count == 0 {
                    ready.push(user);
                }
            }
        }
    }
    if waiting.is_empty() {
        return Ok(());
    }
    let mut paths: Vec<String> = waiting.keys().map(|path| store.layout.display(path)).collect();
    paths.sort();
    Err(Error::Cycle { paths })
}
