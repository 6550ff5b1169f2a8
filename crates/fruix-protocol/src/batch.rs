// SPDX-License-Identifier: GPL-3.0-or-later
//! Adding many small files at once. Lowering a package makes a thousand derivations and as many
//! builder scripts; to bring each of them to the disk by itself would take longer than all the rest.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::io::BufRead;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fruix_core::derivation::{Derivation, ModuloCache};
use fruix_core::hash::HashAlgorithm;
use fruix_core::store_path::{HashMethod, HashPart, StoreDir, StorePath};

use crate::error::{Result, StoreError};
use crate::goal::{BuildMode, Goal};
use crate::info::{PathInfo, Text};
use crate::store::{Filter, Store, hash};

/// With more bytes of texts than this they are added in between, to bound the memory. What comes with a text, the
/// derivation that it is, takes several times the space.
const MOST: usize = 16 * 1024 * 1024;

/// A store that collects the texts to be added and adds them together: when [`Store::flush`] says so,
/// and before whatever needs them to be there, a build above all. Until then it knows them itself:
/// they are valid for whoever asks here.
///
/// A text that refers to what is not valid is refused at once. Dropping it adds what is left, as far as
/// that succeeds.
pub struct Batch {
    store: Box<dyn Store>,
    state: Mutex<State>,
    /// Held while texts are being added: at most one batch is on its way.
    flushing: Mutex<()>,
}

#[derive(Default)]
struct State {
    /// Texts that are not in the store yet, also while they are on their way.
    waiting: HashMap<StorePath, Text>,
    order: Vec<StorePath>,
    bytes: usize,
    /// What was added before: it is kept there, so it need not be added again.
    known: HashSet<StorePath>,
    /// What texts may refer to besides: it is there and is kept.
    allowed: HashSet<StorePath>,
}

impl Batch {
    /// Texts for STORE.
    pub fn new(store: Box<dyn Store>) -> Batch {
        Batch { store, state: Mutex::default(), flushing: Mutex::default() }
    }

    /// The store behind it.
    pub fn inner(&self) -> &dyn Store {
        self.store.as_ref()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Refuse TEXTS, whose names are PATHS, if they refer to what is not valid. What they refer to is
    /// kept from now on.
    fn check_references(&self, texts: &[Text], paths: &[StorePath]) -> Result<()> {
        let state = self.state();
        let unknown =
            |item: &&StorePath| !state.known.contains(*item) && !state.waiting.contains_key(*item);
        let references = texts.iter().flat_map(|text| &text.references).filter(unknown);
        let mut others: BTreeSet<StorePath> = references.cloned().collect();
        drop(state);
        others.retain(|item| !paths.contains(item));
        if others.is_empty() {
            return Ok(());
        }
        self.store.add_temp_roots(&others)?;
        let refused = self.store.refused_references(&others)?;
        for (text, path) in texts.iter().zip(paths) {
            if let Some(reference) = text.references.iter().find(|item| refused.contains(*item)) {
                let (referrer, reference) = (path.clone(), reference.clone());
                return Err(StoreError::InvalidReference { referrer, reference });
            }
        }
        self.state().allowed.extend(others);
        Ok(())
    }

    /// Add TEXTS, whose names are PATHS. When something is wrong with one of them, the others do not
    /// suffer: each is then added by itself.
    fn add(&self, texts: &[Text], paths: &[StorePath]) -> Result<()> {
        let together = self.store.add_texts(texts);
        let mut state = self.state();
        if together.is_ok() {
            state.known.extend(paths.iter().cloned());
        }
        drop(state);
        let mut first = Ok(());
        for (text, path) in texts.iter().zip(paths).filter(|_| together.is_err()) {
            match self.store.add_texts(std::slice::from_ref(text)) {
                Ok(_) => drop(self.state().known.insert(path.clone())),
                Err(error) => first = first.and(Err(error)),
            }
        }
        let mut state = self.state();
        paths.iter().for_each(|path| drop(state.waiting.remove(path)));
        first
    }

    fn flushed(&self) -> Result<&dyn Store> {
        self.flush()?;
        Ok(self.inner())
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        let _ = self.flush();
    }
}

impl Store for Batch {
    fn store_dir(&self) -> &StoreDir {
        self.store.store_dir()
    }

    fn modulo(&self) -> &Mutex<ModuloCache> {
        self.store.modulo()
    }

    fn add_texts(&self, texts: &[Text]) -> Result<Vec<StorePath>> {
        let mut paths = Vec::with_capacity(texts.len());
        for text in texts {
            let hash = hash(&text.contents);
            paths.push(self.store_dir().text_path(&text.name, &hash, &text.references)?);
        }
        self.check_references(texts, &paths)?;
        let mut state = self.state();
        for (text, path) in texts.iter().zip(&paths) {
            if !state.known.contains(path) && !state.waiting.contains_key(path) {
                state.bytes += text.contents.len();
                state.order.push(path.clone());
                state.waiting.insert(path.clone(), text.clone());
            }
        }
        let full = state.bytes > MOST;
        drop(state);
        if full {
            self.flush()?;
        }
        Ok(paths)
    }

    fn flush(&self) -> Result<()> {
        let _only = self.flushing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut state = self.state();
        state.bytes = 0;
        let order = std::mem::take(&mut state.order);
        let texts: Vec<Text> =
            order.iter().filter_map(|path| state.waiting.get(path).cloned()).collect();
        // Others may ask for them while they are on their way.
        drop(state);
        if texts.is_empty() {
            return self.store.flush();
        }
        self.add(&texts, &order)?;
        self.store.flush()
    }

    fn add_to_store(
        &self,
        name: &str,
        source: &Path,
        method: HashMethod,
        algorithm: HashAlgorithm,
        filter: &mut Filter<'_>,
    ) -> Result<StorePath> {
        self.store.add_to_store(name, source, method, algorithm, filter)
    }

    fn add_contents(
        &self,
        name: &str,
        contents: &mut dyn BufRead,
        method: HashMethod,
        algorithm: HashAlgorithm,
    ) -> Result<StorePath> {
        self.store.add_contents(name, contents, method, algorithm)
    }

    fn add_bytes(&self, name: &str, bytes: &[u8], method: HashMethod) -> Result<StorePath> {
        // The same programs and modules are added again and again.
        let path = self.store_dir().fixed_output_path(name, method, &hash(bytes))?;
        if !self.state().known.contains(&path) {
            self.store.add_bytes(name, bytes, method)?;
            self.state().known.insert(path.clone());
        }
        Ok(path)
    }

    fn valid_paths(&self, items: &BTreeSet<StorePath>) -> Result<BTreeSet<StorePath>> {
        let state = self.state();
        let here =
            |item: &StorePath| state.known.contains(item) || state.waiting.contains_key(item);
        let (mut valid, others): (BTreeSet<_>, BTreeSet<_>) =
            items.iter().cloned().partition(|item| here(item));
        drop(state);
        if !others.is_empty() {
            valid.extend(self.store.valid_paths(&others)?);
        }
        Ok(valid)
    }

    fn path_info(&self, item: &StorePath) -> Result<Option<PathInfo>> {
        self.flushed()?.path_info(item)
    }

    fn referrers(&self, item: &StorePath) -> Result<BTreeSet<StorePath>> {
        self.flushed()?.referrers(item)
    }

    fn valid_derivers(&self, item: &StorePath) -> Result<BTreeSet<StorePath>> {
        self.flushed()?.valid_derivers(item)
    }

    fn derivation_outputs(&self, drv: &StorePath) -> Result<BTreeMap<String, StorePath>> {
        self.flushed()?.derivation_outputs(drv)
    }

    fn path_from_hash_part(&self, hash_part: &HashPart) -> Result<Option<StorePath>> {
        self.flushed()?.path_from_hash_part(hash_part)
    }

    fn derivation(&self, drv: &StorePath) -> Result<Arc<Derivation>> {
        let state = self.state();
        let Some(text) = state.waiting.get(drv) else {
            drop(state);
            return self.store.derivation(drv);
        };
        if let Some(derivation) = &text.derivation {
            return Ok(derivation.clone());
        }
        match Derivation::parse(self.store_dir(), &text.contents) {
            Ok(derivation) => Ok(Arc::new(derivation)),
            Err(error) => Err(StoreError::BrokenDerivation { path: drv.clone(), error }),
        }
    }

    fn add_temp_roots(&self, items: &BTreeSet<StorePath>) -> Result<()> {
        self.store.add_temp_roots(items)
    }

    fn add_indirect_root(&self, file: &Path) -> Result<()> {
        self.flushed()?.add_indirect_root(file)
    }

    fn build_things(&self, goals: &[Goal], mode: BuildMode) -> Result<()> {
        self.flushed()?.build_things(goals, mode)
    }
}
