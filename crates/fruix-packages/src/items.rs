// SPDX-License-Identifier: GPL-3.0-or-later
//! Where lowering puts its store items: a real store, or memory when only names are wanted.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};

use fruix_core::derivation::{Derivation, ParseError};
use fruix_core::hash::{Hash, HashAlgorithm, Hasher};
use fruix_core::store_path::{HashMethod, StoreDir, StorePath, StorePathError};
use fruix_store::Store;

/// Why an item could not be added or read.
#[derive(Debug, thiserror::Error)]
pub enum ItemError {
    /// The name is not allowed.
    #[error(transparent)]
    Name(#[from] StorePathError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] fruix_store::Error),
    /// A file of the host could not be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Files do not make a tree.
    #[error("cannot make the directory '{name}': {reason}")]
    Tree {
        /// Its name.
        name: String,
        /// Why not.
        reason: String,
    },
    /// A derivation is not there.
    #[error("the derivation {0} is not in the store")]
    Missing(StorePath),
    /// A derivation cannot be parsed.
    #[error("the derivation {path} is broken: {error}")]
    Broken {
        /// The derivation.
        path: StorePath,
        /// What is wrong.
        error: ParseError,
    },
}

/// A store as lowering sees it.
pub trait Items {
    /// The store directory.
    fn store_dir(&self) -> &StoreDir;

    /// Adds a text file (`add-text-to-store`).
    ///
    /// # Errors
    /// [`ItemError`].
    fn add_text(
        &mut self,
        name: &str,
        contents: &[u8],
        references: &BTreeSet<StorePath>,
    ) -> Result<StorePath, ItemError>;

    /// Adds what BYTES are, by its SHA-256: for [`HashMethod::Flat`] a file of these bytes, else the
    /// tree that they are the archive of (`add-file-tree-to-store`).
    ///
    /// # Errors
    /// [`ItemError`].
    fn add_bytes(
        &mut self,
        name: &str,
        method: HashMethod,
        bytes: &[u8],
    ) -> Result<StorePath, ItemError>;

    /// Adds a file or tree of the host, by its SHA-256, without the files EXCLUDED
    /// (`add-to-store`).
    ///
    /// # Errors
    /// [`ItemError`].
    fn add_path(
        &mut self,
        name: &str,
        source: &Path,
        method: HashMethod,
        excluded: &HashSet<PathBuf>,
    ) -> Result<StorePath, ItemError>;

    /// Whether the item is there.
    ///
    /// # Errors
    /// [`ItemError`].
    fn is_valid(&self, path: &StorePath) -> Result<bool, ItemError>;

    /// The derivation in a `.drv` file.
    ///
    /// # Errors
    /// [`ItemError`].
    fn derivation(&self, path: &StorePath) -> Result<Derivation, ItemError>;
}

impl Items for Store {
    fn store_dir(&self) -> &StoreDir {
        self.layout().store_dir()
    }

    fn add_text(
        &mut self,
        name: &str,
        contents: &[u8],
        references: &BTreeSet<StorePath>,
    ) -> Result<StorePath, ItemError> {
        Ok(self.add_text_to_store(name, contents, references)?)
    }

    fn add_bytes(
        &mut self,
        name: &str,
        method: HashMethod,
        bytes: &[u8],
    ) -> Result<StorePath, ItemError> {
        let mut source = bytes;
        Ok(self.add_to_store_from_dump(name, &mut source, method, HashAlgorithm::Sha256)?)
    }

    fn add_path(
        &mut self,
        name: &str,
        source: &Path,
        method: HashMethod,
        excluded: &HashSet<PathBuf>,
    ) -> Result<StorePath, ItemError> {
        let mut wanted = |path: &Path, _: &std::fs::Metadata| !excluded.contains(path);
        Ok(self.add_to_store(name, source, method, HashAlgorithm::Sha256, &mut wanted)?)
    }

    fn is_valid(&self, path: &StorePath) -> Result<bool, ItemError> {
        Ok(self.is_valid_path(path)?)
    }

    fn derivation(&self, path: &StorePath) -> Result<Derivation, ItemError> {
        Ok(self.read_derivation(path)?)
    }
}

/// A store that holds nothing but the texts that were added: for `-d` and for tests.
#[derive(Debug, Default)]
pub struct MemoryItems {
    store_dir: StoreDir,
    texts: HashMap<StorePath, Vec<u8>>,
    others: HashSet<StorePath>,
}

impl MemoryItems {
    /// An empty one below STORE_DIR.
    #[must_use]
    pub fn new(store_dir: StoreDir) -> Self {
        Self { store_dir, ..Self::default() }
    }

    /// The contents of a text that was added.
    #[must_use]
    pub fn text(&self, path: &StorePath) -> Option<&[u8]> {
        self.texts.get(path).map(Vec::as_slice)
    }
}

impl Items for MemoryItems {
    fn store_dir(&self) -> &StoreDir {
        &self.store_dir
    }

    fn add_text(
        &mut self,
        name: &str,
        contents: &[u8],
        references: &BTreeSet<StorePath>,
    ) -> Result<StorePath, ItemError> {
        let path = self.store_dir.text_path(name, &Hash::sha256(contents), references)?;
        self.texts.entry(path.clone()).or_insert_with(|| contents.to_vec());
        Ok(path)
    }

    fn add_bytes(
        &mut self,
        name: &str,
        method: HashMethod,
        bytes: &[u8],
    ) -> Result<StorePath, ItemError> {
        let path = self.store_dir.fixed_output_path(name, method, &Hash::sha256(bytes))?;
        self.others.insert(path.clone());
        Ok(path)
    }

    fn add_path(
        &mut self,
        name: &str,
        source: &Path,
        method: HashMethod,
        excluded: &HashSet<PathBuf>,
    ) -> Result<StorePath, ItemError> {
        let mut hasher = Hasher::new(HashAlgorithm::Sha256);
        match method {
            HashMethod::Recursive => {
                let mut wanted = |path: &Path, _: &std::fs::Metadata| !excluded.contains(path);
                fruix_store::nar::dump_filtered(source, &mut hasher, &mut wanted)?;
            }
            HashMethod::Flat => {
                let read = |error| ItemError::Read { path: source.into(), source: error };
                let mut file = std::fs::File::open(source).map_err(read)?;
                std::io::copy(&mut file, &mut hasher).map_err(read)?;
            }
        }
        let path = self.store_dir.fixed_output_path(name, method, &hasher.finish())?;
        self.others.insert(path.clone());
        Ok(path)
    }

    fn is_valid(&self, path: &StorePath) -> Result<bool, ItemError> {
        Ok(self.texts.contains_key(path) || self.others.contains(path))
    }

    fn derivation(&self, path: &StorePath) -> Result<Derivation, ItemError> {
        let text = self.texts.get(path).ok_or_else(|| ItemError::Missing(path.clone()))?;
        Derivation::parse(&self.store_dir, text)
            .map_err(|error| ItemError::Broken { path: path.clone(), error })
    }
}
