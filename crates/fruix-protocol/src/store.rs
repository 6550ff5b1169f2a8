// SPDX-License-Identifier: GPL-3.0-or-later
//! The operations.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::Metadata;
use std::io::BufRead;
use std::path::Path;
use std::sync::{Arc, Mutex};

use fruix_core::derivation::{Derivation, ModuloCache};
use fruix_core::hash::HashAlgorithm;
use fruix_core::store_path::{HashMethod, HashPart, StoreDir, StorePath};

use crate::error::Result;
use crate::goal::{BuildMode, Goal};
use crate::info::{PathInfo, Text};

/// Says of a file below a directory whether it belongs to what is added.
pub type Filter<'a> = dyn FnMut(&Path, &Metadata) -> bool + 'a;

/// A store. What is added, and what is asked to be kept, is not collected as long as the value lives.
///
/// Each operation is called as in `(guix store)`, or says how it is called there; all fail with
/// [`crate::StoreError`].
pub trait Store: Send + Sync {
    /// The directory that the names of its items begin with.
    fn store_dir(&self) -> &StoreDir;

    /// The hashes of derivations that are known in this process: one cache for whoever computes output
    /// paths and for a store that checks them.
    fn modulo(&self) -> &Mutex<ModuloCache>;

    /// Add TEXTS, which may refer to each other, all at once (`add-text-to-store` for each, in their
    /// order). The result has their paths in the same order.
    fn add_texts(&self, texts: &[Text]) -> Result<Vec<StorePath>>;

    /// Add the file or tree at SOURCE, a file on the side of whoever asks, by its contents: by the hash
    /// of its archive, or (for [`HashMethod::Flat`]) of its bytes. FILTER says which files below SOURCE
    /// belong to it.
    fn add_to_store(
        &self,
        name: &str,
        source: &Path,
        method: HashMethod,
        algorithm: HashAlgorithm,
        filter: &mut Filter<'_>,
    ) -> Result<StorePath>;

    /// As [`Store::add_to_store`] with what CONTENTS yields: an archive, or the bytes of a file.
    fn add_contents(
        &self,
        name: &str,
        contents: &mut dyn BufRead,
        method: HashMethod,
        algorithm: HashAlgorithm,
    ) -> Result<StorePath>;

    /// Those of ITEMS that are valid (`query-valid-paths`).
    fn valid_paths(&self, items: &BTreeSet<StorePath>) -> Result<BTreeSet<StorePath>>;

    /// What is known of ITEM; `None` if it is not valid (`query-path-info`).
    fn path_info(&self, item: &StorePath) -> Result<Option<PathInfo>>;

    /// The valid items that refer to ITEM.
    fn referrers(&self, item: &StorePath) -> Result<BTreeSet<StorePath>>;

    /// The valid derivations among whose outputs ITEM is.
    fn valid_derivers(&self, item: &StorePath) -> Result<BTreeSet<StorePath>>;

    /// The outputs of the valid derivation DRV, by name (`query-derivation-outputs`).
    fn derivation_outputs(&self, drv: &StorePath) -> Result<BTreeMap<String, StorePath>>;

    /// The valid item whose name begins with HASH_PART (`query-path-from-hash-part`).
    fn path_from_hash_part(&self, hash_part: &HashPart) -> Result<Option<StorePath>>;

    /// The derivation in the file DRV (`read-derivation-from-file` of `(guix derivations)`). Who talks
    /// to a daemon reads the file, for that is readable by all.
    fn derivation(&self, drv: &StorePath) -> Result<Arc<Derivation>>;

    /// Keep ITEMS from being collected.
    fn add_temp_roots(&self, items: &BTreeSet<StorePath>) -> Result<()>;

    /// Make the symbolic link FILE, which leads to an item, a root.
    fn add_indirect_root(&self, file: &Path) -> Result<()>;

    /// Make GOALS valid (`build-things`).
    fn build_things(&self, goals: &[Goal], mode: BuildMode) -> Result<()>;

    /// Those of ITEMS that what is added may not refer to: those that are not valid.
    fn refused_references(&self, items: &BTreeSet<StorePath>) -> Result<BTreeSet<StorePath>> {
        let valid = self.valid_paths(items)?;
        Ok(items.difference(&valid).cloned().collect())
    }

    /// Bring to the store what an implementation has kept back; see [`crate::Batch`].
    fn flush(&self) -> Result<()> {
        Ok(())
    }

    /// Add one text (`add-text-to-store`).
    fn add_text(
        &self,
        name: &str,
        contents: &[u8],
        references: &BTreeSet<StorePath>,
    ) -> Result<StorePath> {
        let text = Text::new(name, contents, references.clone());
        let path = self.store_dir().text_path(name, &hash(&text.contents), references)?;
        self.add_texts(&[text])?;
        Ok(path)
    }

    /// Add what BYTES are, by its SHA-256: an archive, or the bytes of a file.
    fn add_bytes(&self, name: &str, bytes: &[u8], method: HashMethod) -> Result<StorePath> {
        self.add_contents(name, &mut &*bytes, method, HashAlgorithm::Sha256)
    }

    /// Whether ITEM is valid (`valid-path?`).
    fn is_valid(&self, item: &StorePath) -> Result<bool> {
        Ok(!self.valid_paths(&BTreeSet::from([item.clone()]))?.is_empty())
    }
}

/// What text paths are computed from.
pub(crate) fn hash(contents: &[u8]) -> fruix_core::Hash {
    fruix_core::Hash::sha256(contents)
}
