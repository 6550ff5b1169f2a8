// SPDX-License-Identifier: GPL-3.0-or-later
//! Why what lowering needs could not be put into the store.

use std::path::PathBuf;

use fruix_core::store_path::StorePathError;
use fruix_protocol::StoreError;

/// Why an item could not be added or read.
#[derive(Debug, thiserror::Error)]
pub enum ItemError {
    /// The name is not allowed.
    #[error(transparent)]
    Name(#[from] StorePathError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file of the host could not be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Files do not make a tree.
    #[error("cannot make the directory `{name}': {reason}")]
    Tree {
        /// Its name.
        name: String,
        /// Why not.
        reason: String,
    },
    /// There are no first tools.
    #[error("there are no first tools: {reason}")]
    NoSeed {
        /// Why not.
        reason: String,
    },
    /// There are no programs that run builds.
    #[error(
        "this fruix was built without the programs that builds run: build it with FRUIX_NO_EMBED unset"
    )]
    NoPrograms,
}
