// SPDX-License-Identifier: GPL-3.0-or-later
//! A store in this process, with what builds in it, as [`fruix_protocol::Store`].

use std::collections::{BTreeMap, BTreeSet};
use std::io::BufRead;
use std::path::Path;
use std::sync::{Arc, Mutex};

use fruix_core::derivation::{Derivation, ModuloCache};
use fruix_core::hash::HashAlgorithm;
use fruix_core::store_path::{HashMethod, HashPart, StoreDir, StorePath};
use fruix_protocol::{BuildMode, Filter, Goal, PathInfo, Result, Store, StoreError, Text};

use crate::cancel::Cancellation;
use crate::events::Observer;
use crate::options::BuildOptions;
use crate::scheduler::Scheduler;

/// What builds in an [`EmbeddedStore`], and how.
struct Building {
    scheduler: Arc<Scheduler>,
    options: BuildOptions,
    observer: Box<dyn Observer + Send>,
    cancel: Cancellation,
}

/// A store in this process.
pub struct EmbeddedStore {
    store: Arc<fruix_store::Store>,
    building: Option<Building>,
}

impl EmbeddedStore {
    /// STORE, in which nothing is built. What is added is kept as long as that session lives.
    pub fn new(store: Arc<fruix_store::Store>) -> EmbeddedStore {
        EmbeddedStore { store, building: None }
    }

    /// The same with SCHEDULER, which builds as OPTIONS say, tells OBSERVER and heeds CANCEL.
    pub fn with_scheduler(
        self,
        scheduler: Arc<Scheduler>,
        options: BuildOptions,
        observer: Box<dyn Observer + Send>,
        cancel: Cancellation,
    ) -> EmbeddedStore {
        let building = Some(Building { scheduler, options, observer, cancel });
        EmbeddedStore { building, ..self }
    }

    /// ERROR with the facts that whoever asks a store can tell apart.
    fn told(&self, error: fruix_store::Error) -> StoreError {
        use fruix_store::Error::{HashMismatch, InvalidReference, NotValid};
        let layout = self.store.layout();
        match error {
            NotValid { ref path } => match layout.parse(path) {
                Ok(path) => StoreError::NotValid { path },
                Err(_) => error.into(),
            },
            InvalidReference { ref referrer, ref reference } => {
                match (layout.parse(referrer), layout.parse(reference)) {
                    (Ok(referrer), Ok(reference)) => {
                        StoreError::InvalidReference { referrer, reference }
                    }
                    _ => error.into(),
                }
            }
            HashMismatch { path, expected, got } => match layout.parse(&path) {
                Ok(path) => StoreError::HashMismatch { path, expected, got },
                Err(_) => HashMismatch { path, expected, got }.into(),
            },
            error => error.into(),
        }
    }
}

impl Store for EmbeddedStore {
    fn store_dir(&self) -> &StoreDir {
        self.store.layout().store_dir()
    }

    fn modulo(&self) -> &Mutex<ModuloCache> {
        self.store.modulo()
    }

    fn add_texts(&self, texts: &[Text]) -> Result<Vec<StorePath>> {
        self.store.add_texts_to_store(texts).map_err(|e| self.told(e))
    }

    fn add_to_store(
        &self,
        name: &str,
        source: &Path,
        method: HashMethod,
        algorithm: HashAlgorithm,
        filter: &mut Filter<'_>,
    ) -> Result<StorePath> {
        let added = self.store.add_to_store(name, source, method, algorithm, filter);
        added.map_err(|e| self.told(e))
    }

    fn add_contents(
        &self,
        name: &str,
        mut contents: &mut dyn BufRead,
        method: HashMethod,
        algorithm: HashAlgorithm,
    ) -> Result<StorePath> {
        let added = self.store.add_to_store_from_dump(name, &mut contents, method, algorithm);
        added.map_err(|e| self.told(e))
    }

    fn valid_paths(&self, items: &BTreeSet<StorePath>) -> Result<BTreeSet<StorePath>> {
        self.store.query_valid_paths(items).map_err(|e| self.told(e))
    }

    fn path_info(&self, item: &StorePath) -> Result<Option<PathInfo>> {
        self.store.query_path_info(item).map_err(|e| self.told(e))
    }

    fn referrers(&self, item: &StorePath) -> Result<BTreeSet<StorePath>> {
        self.store.referrers(item).map_err(|e| self.told(e))
    }

    fn valid_derivers(&self, item: &StorePath) -> Result<BTreeSet<StorePath>> {
        self.store.query_valid_derivers(item).map_err(|e| self.told(e))
    }

    fn derivation_outputs(&self, drv: &StorePath) -> Result<BTreeMap<String, StorePath>> {
        self.store.query_derivation_outputs(drv).map_err(|e| self.told(e))
    }

    fn path_from_hash_part(&self, hash_part: &HashPart) -> Result<Option<StorePath>> {
        self.store.query_path_from_hash_part(hash_part).map_err(|e| self.told(e))
    }

    fn derivation(&self, drv: &StorePath) -> Result<Arc<Derivation>> {
        // What is not valid may be half-made.
        if !self.store.is_valid_path(drv).map_err(|e| self.told(e))? {
            return Err(StoreError::NotValid { path: drv.clone() });
        }
        self.store.read_derivation(drv).map(Arc::new).map_err(|e| self.told(e))
    }

    fn add_temp_roots(&self, items: &BTreeSet<StorePath>) -> Result<()> {
        self.store.add_temp_roots(items).map_err(|e| self.told(e))
    }

    fn add_indirect_root(&self, file: &Path) -> Result<()> {
        self.store.add_indirect_root(file).map_err(|e| self.told(e))
    }

    fn build_things(&self, goals: &[Goal], mode: BuildMode) -> Result<()> {
        let Some(building) = &self.building else { return Err(StoreError::NoBuilder) };
        let Building { scheduler, options, observer, cancel } = building;
        let options = BuildOptions { mode, ..options.clone() };
        match scheduler.build_for(&self.store, goals, &options, observer.as_ref(), cancel) {
            Ok(_) => Ok(()),
            Err(crate::Error::Store(error)) => Err(self.told(error)),
            Err(error) => Err(StoreError::Store(Box::new(error))),
        }
    }
}
