// SPDX-License-Identifier: GPL-3.0-or-later
//! Evaluating the expressions with fruix, in memory.

use std::collections::{BTreeSet, HashSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fruix_core::derivation::Derivation;
use fruix_core::store_path::{HashMethod, StoreDir, StorePath};
use fruix_packages::{ItemError, Items, MemoryItems, Seed, Session, SessionError};

/// A store in memory that can be looked at when the session is over.
#[derive(Clone, Default)]
pub struct SharedItems {
    store_dir: StoreDir,
    items: Arc<Mutex<MemoryItems>>,
}

impl SharedItems {
    fn items(&self) -> MutexGuard<'_, MemoryItems> {
        self.items.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The contents of a text.
    pub fn text(&self, path: &StorePath) -> Option<Vec<u8>> {
        self.items().text(path).map(<[u8]>::to_vec)
    }
}

impl Items for SharedItems {
    fn store_dir(&self) -> &StoreDir {
        &self.store_dir
    }

    fn add_text(
        &mut self,
        name: &str,
        contents: &[u8],
        references: &BTreeSet<StorePath>,
    ) -> Result<StorePath, ItemError> {
        self.items().add_text(name, contents, references)
    }

    fn add_bytes(
        &mut self,
        name: &str,
        method: HashMethod,
        bytes: &[u8],
    ) -> Result<StorePath, ItemError> {
        self.items().add_bytes(name, method, bytes)
    }

    fn add_path(
        &mut self,
        name: &str,
        source: &Path,
        method: HashMethod,
        excluded: &HashSet<PathBuf>,
    ) -> Result<StorePath, ItemError> {
        self.items().add_path(name, source, method, excluded)
    }

    fn is_valid(&self, path: &StorePath) -> Result<bool, ItemError> {
        self.items().is_valid(path)
    }

    fn derivation(&self, path: &StorePath) -> Result<Derivation, ItemError> {
        self.items().derivation(path)
    }
}

/// Evaluates the expressions in FOLDER; gives the judge's table as text, and the store. Modules that builds import
/// come from MODULES first, if that is given.
pub fn evaluate(folder: &Path, modules: Option<&Path>) -> (String, SharedItems) {
    let items = SharedItems::default();
    let output = fruix_scheme::command::on_large_stack(|| {
        // Reports stay on the engine's thread.
        run(&items, folder, modules).map_err(|error| error.to_string())
    });
    match output {
        Ok(Ok(text)) => (text, items),
        Ok(Err(error)) => panic!("{error}"),
        Err(error) => panic!("{error}"),
    }
}

fn run(items: &SharedItems, folder: &Path, modules: Option<&Path>) -> Result<String, SessionError> {
    let mut session = Session::new(Box::new(items.clone()), Seed::default(), &[])?;
    let folder = folder.display();
    let mut program = format!(
        "(use-modules (guix download))
         (%mirror-files (call-with-input-file \"{folder}/mirrors\" read))
         (load \"{folder}/judge.scm\")"
    );
    if let Some(modules) = modules {
        // After the host side is loaded: only what is imported into builds is to be found there.
        let _ = write!(program, "(set! %load-path (cons {modules:?} %load-path))");
    }
    program += "(call-with-output-string
                  (lambda (port)
                    (for-each (lambda (pair)
                                (simple-format port \"~a\\t~a\\n\" (car pair) (cdr pair)))
                              (judge))))";
    let engine = session.engine();
    let values = engine.call_with_text("%eval-text", &program)?;
    let text = values.first().and_then(|&value| engine.heap.as_string(value));
    Ok(text.map(ToString::to_string).unwrap_or_default())
}
