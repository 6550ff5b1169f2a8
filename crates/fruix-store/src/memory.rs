// SPDX-License-Identifier: GPL-3.0-or-later
//! A store that writes nothing: for when names are all that is wanted.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs::File;
use std::io::{self, BufRead};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fruix_core::derivation::{Derivation, ModuloCache};
use fruix_core::hash::{Hash, HashAlgorithm, Hasher};
use fruix_core::store_path::{HashMethod, HashPart, StoreDir, StorePath};
use fruix_protocol::{BuildMode, Filter, Goal, PathInfo, Result, Store, StoreError, Text};

use crate::nar;

/// A store that remembers the texts that were added, and the names of everything else. Clones are the
/// same store.
#[derive(Clone, Default)]
pub struct MemoryStore(Arc<Memory>);

#[derive(Default)]
struct Memory {
    store_dir: StoreDir,
    modulo: Mutex<ModuloCache>,
    items: Mutex<Items>,
}

#[derive(Default)]
struct Items {
    texts: HashMap<StorePath, Text>,
    others: HashSet<StorePath>,
}

impl MemoryStore {
    /// An empty one whose names begin with STORE_DIR.
    #[must_use]
    pub fn new(store_dir: StoreDir) -> Self {
        Self(Arc::new(Memory { store_dir, ..Memory::default() }))
    }

    /// The contents of a text that was added.
    #[must_use]
    pub fn text(&self, path: &StorePath) -> Option<Arc<[u8]>> {
        self.items().texts.get(path).map(|text| text.contents.clone())
    }

    fn items(&self) -> MutexGuard<'_, Items> {
        self.0.items.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add_hashed(&self, name: &str, method: HashMethod, hash: &Hash) -> Result<StorePath> {
        let path = self.0.store_dir.fixed_output_path(name, method, hash)?;
        self.items().others.insert(path.clone());
        Ok(path)
    }
}

fn unavailable<T>(operation: &'static str) -> Result<T> {
    Err(StoreError::Unavailable { operation })
}

impl Store for MemoryStore {
    fn store_dir(&self) -> &StoreDir {
        &self.0.store_dir
    }

    fn modulo(&self) -> &Mutex<ModuloCache> {
        &self.0.modulo
    }

    fn add_texts(&self, texts: &[Text]) -> Result<Vec<StorePath>> {
        let add = |text: &Text| {
            let hash = Hash::sha256(&text.contents);
            let path = self.0.store_dir.text_path(&text.name, &hash, &text.references)?;
            // Without the derivation, which takes several times the space and is hardly asked for:
            // hashes have their own cache.
            let contents = || Text { derivation: None, ..text.clone() };
            self.items().texts.entry(path.clone()).or_insert_with(contents);
            Ok(path)
        };
        texts.iter().map(add).collect()
    }

    fn add_to_store(
        &self,
        name: &str,
        source: &Path,
        method: HashMethod,
        algorithm: HashAlgorithm,
        filter: &mut Filter<'_>,
    ) -> Result<StorePath> {
        let mut hasher = Hasher::new(algorithm);
        match method {
            HashMethod::Recursive => nar::dump_filtered(source, &mut hasher, filter)?,
            HashMethod::Flat => {
                let read = |error| StoreError::io("reading", source, error);
                let mut file = File::open(source).map_err(read)?;
                io::copy(&mut file, &mut hasher).map_err(read)?;
            }
        }
        self.add_hashed(name, method, &hasher.finish())
    }

    fn add_contents(
        &self,
        name: &str,
        mut contents: &mut dyn BufRead,
        method: HashMethod,
        algorithm: HashAlgorithm,
    ) -> Result<StorePath> {
        let mut hasher = Hasher::new(algorithm);
        let copied = io::copy(&mut contents, &mut hasher);
        copied.map_err(|e| StoreError::io("reading the contents of", Path::new(name), e))?;
        self.add_hashed(name, method, &hasher.finish())
    }

    fn valid_paths(&self, wanted: &BTreeSet<StorePath>) -> Result<BTreeSet<StorePath>> {
        let items = self.items();
        let valid =
            |item: &&StorePath| items.texts.contains_key(*item) || items.others.contains(*item);
        Ok(wanted.iter().filter(valid).cloned().collect())
    }

    fn refused_references(&self, _: &BTreeSet<StorePath>) -> Result<BTreeSet<StorePath>> {
        // A name needs nothing behind what it is computed from.
        Ok(BTreeSet::new())
    }

    fn path_info(&self, _: &StorePath) -> Result<Option<PathInfo>> {
        unavailable("query-path-info")
    }

    fn referrers(&self, _: &StorePath) -> Result<BTreeSet<StorePath>> {
        unavailable("referrers")
    }

    fn valid_derivers(&self, _: &StorePath) -> Result<BTreeSet<StorePath>> {
        unavailable("valid-derivers")
    }

    fn derivation_outputs(&self, drv: &StorePath) -> Result<BTreeMap<String, StorePath>> {
        let derivation = self.derivation(drv)?;
        let outputs = derivation.outputs.iter();
        Ok(outputs.filter_map(|(name, o)| Some((name.clone(), o.path.clone()?))).collect())
    }

    fn path_from_hash_part(&self, hash_part: &HashPart) -> Result<Option<StorePath>> {
        let items = self.items();
        let mut all = items.texts.keys().chain(&items.others);
        Ok(all.find(|item| item.hash_part() == *hash_part).cloned())
    }

    fn derivation(&self, drv: &StorePath) -> Result<Arc<Derivation>> {
        let items = self.items();
        let text =
            items.texts.get(drv).ok_or_else(|| StoreError::NotValid { path: drv.clone() })?;
        match Derivation::parse(&self.0.store_dir, &text.contents) {
            Ok(derivation) => Ok(Arc::new(derivation)),
            Err(error) => Err(StoreError::BrokenDerivation { path: drv.clone(), error }),
        }
    }

    fn add_temp_roots(&self, _: &BTreeSet<StorePath>) -> Result<()> {
        Ok(())
    }

    fn add_indirect_root(&self, _: &Path) -> Result<()> {
        unavailable("add-indirect-root")
    }

    fn build_things(&self, _: &[Goal], _: BuildMode) -> Result<()> {
        Err(StoreError::NoBuilder)
    }
}
