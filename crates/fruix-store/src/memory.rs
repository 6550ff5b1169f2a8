// SPDX-License-Identifier: GPL-3.0-or-later
//! A store that keeps nothing: for when names are all that is wanted.
//!
//! Texts can be asked for all the same. Those of all packages of Guix are 400 MB, so they go to a temporary file without
//! a name; only the latest are in memory.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
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
    texts: Texts,
    others: HashSet<StorePath>,
}

/// So many bytes of texts stay in memory before they go to the file.
const RECENT: usize = 8 << 20;

/// The contents of texts, one behind the other: in the file, and the rest in memory.
#[derive(Default)]
struct Texts {
    /// Where each begins, and its length.
    places: HashMap<StorePath, (u64, usize)>,
    file: Option<File>,
    /// Bytes in the file.
    written: u64,
    recent: Vec<u8>,
    /// Whether there can be no file: all stays in memory then.
    kept: bool,
}

impl Texts {
    fn add(&mut self, path: &StorePath, contents: &[u8]) {
        if self.places.contains_key(path) {
            return;
        }
        let place = (self.written + self.recent.len() as u64, contents.len());
        self.places.insert(path.clone(), place);
        self.recent.extend_from_slice(contents);
        if self.recent.len() > RECENT && !self.kept {
            self.kept = self.write_out().is_err();
        }
    }

    fn write_out(&mut self) -> io::Result<()> {
        let file = match &self.file {
            Some(file) => file,
            None => self.file.insert(nameless_file()?),
        };
        file.write_all_at(&self.recent, self.written)?;
        self.written += self.recent.len() as u64;
        self.recent.clear();
        Ok(())
    }

    fn get(&self, path: &StorePath) -> Option<Arc<[u8]>> {
        let &(start, length) = self.places.get(path)?;
        if let Some(start) = start.checked_sub(self.written) {
            let start = usize::try_from(start).ok()?;
            return self.recent.get(start..start + length).map(Arc::from);
        }
        let mut contents = vec![0; length];
        self.file.as_ref()?.read_exact_at(&mut contents, start).ok()?;
        Some(contents.into())
    }
}

/// An empty file that goes when it is closed.
fn nameless_file() -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true).mode(0o600);
    for n in 0..100 {
        let path = std::env::temp_dir().join(format!("fruix-{}-{n}", std::process::id()));
        match options.open(&path) {
            Ok(file) => return std::fs::remove_file(&path).map(|()| file),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
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
        self.items().texts.get(path)
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
            self.items().texts.add(&path, &text.contents);
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
        let valid = |item: &&StorePath| {
            items.texts.places.contains_key(*item) || items.others.contains(*item)
        };
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
        let mut all = items.texts.places.keys().chain(&items.others);
        Ok(all.find(|item| item.hash_part() == *hash_part).cloned())
    }

    fn derivation(&self, drv: &StorePath) -> Result<Arc<Derivation>> {
        let text = self.text(drv).ok_or_else(|| StoreError::NotValid { path: drv.clone() })?;
        match Derivation::parse(&self.0.store_dir, &text) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back_from_memory_and_from_the_file() {
        let store = MemoryStore::default();
        let contents = |n: u8| vec![n; RECENT / 4 + usize::from(n)];
        let add = |n| store.add_text("text", &contents(n), &BTreeSet::new()).expect("added");
        let paths: Vec<StorePath> = (0..13).map(add).collect();
        assert!(store.items().texts.written > 0);
        for (n, path) in (0..).zip(&paths) {
            assert_eq!(store.text(path).as_deref(), Some(&contents(n)[..]));
        }
        assert_eq!(add(3), paths[3]);
    }
}
