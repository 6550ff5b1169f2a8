// SPDX-License-Identifier: GPL-3.0-or-later
//! Why a store did not do what it was asked for, as facts.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

use fruix_core::derivation::ParseError;
use fruix_core::hash::Hash;
use fruix_core::store_path::{StorePath, StorePathError};

/// The result of asking a store.
pub type Result<T> = std::result::Result<T, StoreError>;

/// Why a store did not do what it was asked for. Those who caught it can tell from the variant whose
/// fault it is; what is special to one kind of store is in [`StoreError::Store`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A name or path is not allowed.
    #[error(transparent)]
    Name(#[from] StorePathError),
    /// The item is not in the store.
    #[error("`{path}' is not in the store")]
    NotValid {
        /// The item.
        path: StorePath,
    },
    /// An item refers to one that is not in the store.
    #[error("`{referrer}' refers to `{reference}', which is not in the store")]
    InvalidReference {
        /// The item that was to be added.
        referrer: StorePath,
        /// What it refers to.
        reference: StorePath,
    },
    /// A derivation cannot be parsed.
    #[error("the derivation `{path}' is broken: {error}")]
    BrokenDerivation {
        /// The derivation.
        path: StorePath,
        /// What is wrong.
        error: ParseError,
    },
    /// Contents are not those that were announced.
    #[error("hash mismatch for store item `{path}': expected {expected}, got {got}")]
    HashMismatch {
        /// The item.
        path: StorePath,
        /// The hash that was to be.
        expected: Box<Hash>,
        /// The hash found.
        got: Box<Hash>,
    },
    /// A file on the side of whoever asks could not be read.
    #[error("{action} `{}': {source}", path.display())]
    Io {
        /// What was attempted, such as "reading".
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// This store builds nothing.
    #[error("this store cannot build anything")]
    NoBuilder,
    /// The store cannot do this at all.
    #[error("this store cannot do this: {operation}")]
    Unavailable {
        /// The operation, by its name in `(guix store)`.
        operation: &'static str,
    },
    /// The store's own error: `fruix_store::Error`, `fruix_daemon::Error` and the like.
    #[error(transparent)]
    Store(Box<dyn Error + Send + Sync>),
}

impl StoreError {
    /// What the system answered when ACTION was attempted on PATH.
    pub fn io(action: &'static str, path: &Path, source: io::Error) -> StoreError {
        StoreError::Io { action, path: path.to_path_buf(), source }
    }

    /// The store's own error, if it is a T; else this one.
    pub fn downcast<T: Error + 'static>(self) -> std::result::Result<T, StoreError> {
        match self {
            StoreError::Store(error) => {
                error.downcast().map(|error| *error).map_err(StoreError::Store)
            }
            error => Err(error),
        }
    }

    /// The store's own error, if it is a T.
    pub fn downcast_ref<T: Error + 'static>(&self) -> Option<&T> {
        match self {
            StoreError::Store(error) => error.downcast_ref(),
            _ => None,
        }
    }
}
