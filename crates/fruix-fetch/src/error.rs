// SPDX-License-Identifier: GPL-3.0-or-later
//! Why nothing was downloaded: what was tried, and what came of it.

use std::fmt;
use std::io;
use std::path::PathBuf;

use fruix_core::Hash;

/// This crate's result.
pub type Result<T> = std::result::Result<T, Error>;

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Nobody had it.
    #[error("`{name}' could not be had: {}", list(.attempts))]
    NotFound {
        /// The file.
        name: String,
        /// What was tried.
        attempts: Vec<Attempt>,
    },
    /// Somebody had a file of that name with other contents, and nobody the right one.
    #[error("hash mismatch for `{name}' from {address}: expected {expected}, got {actual}")]
    HashMismatch {
        /// The file.
        name: String,
        /// Who had it.
        address: String,
        /// The hash asked for; it prints in the form of package definitions.
        expected: Box<Hash>,
        /// The hash of what came.
        actual: Box<Hash>,
        /// What else was tried.
        attempts: Vec<Attempt>,
    },
    /// The file could not be written.
    #[error("writing `{}': {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The caller did not want it any more.
    #[error("the download was interrupted")]
    Cancelled,
}

/// One place where a file was looked for.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// An address, or a file name.
    pub place: String,
    /// Why it did not come from there.
    pub reason: Reason,
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.place, self.reason)
    }
}

/// Why a place was of no use.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// The server answered with this status.
    #[error("status {0}")]
    Status(u16),
    /// The connection failed or broke, in words.
    #[error("{0}")]
    Network(String),
    /// A server that failed a moment ago was not asked again.
    #[error("its server did not answer before")]
    ServerDown,
    /// The address is of a kind that is not downloaded.
    #[error("{0}")]
    Unsupported(&'static str),
    /// The contents are others than those asked for.
    #[error("its hash is {0}")]
    Hash(Hash),
    /// More bytes came than there should be, or may be.
    #[error("it is longer than {0} bytes")]
    TooLong(u64),
    /// The distribution's index of sources does not list such a file.
    #[error("no such file in the index")]
    NotListed,
    /// A `mirror://` address whose mirrors are not known.
    #[error("there are no mirrors of that name")]
    NoMirror,
}

fn list(attempts: &[Attempt]) -> String {
    if attempts.is_empty() {
        return "there is nowhere to look for it".into();
    }
    attempts.iter().map(Attempt::to_string).collect::<Vec<_>>().join(", ")
}
