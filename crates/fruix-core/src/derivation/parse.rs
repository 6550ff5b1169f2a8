// SPDX-License-Identifier: GPL-3.0-or-later
//! Reads derivations, strictly and as the bytes come.

use super::Derivation;
use crate::hash::HashError;
use crate::store_path::{StoreDir, StorePathError};

/// How much a `.drv` file may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParseLimits {
    /// The longest file, in bytes.
    pub total: u64,
    /// The longest single string, in bytes.
    pub string: usize,
}

/// 256 MiB in all, 64 MiB in one string: far beyond what Guix makes (the largest known has a few
/// megabytes), and yet no harm.
impl Default for ParseLimits {
    fn default() -> Self {
        Self { total: 256 << 20, string: 64 << 20 }
    }
}

/// What is wrong with the text of a derivation, and at which offset in bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// Something else was expected.
    #[error("at offset {offset}: expected {expected}, got {got}")]
    Unexpected {
        /// Offset in bytes.
        offset: u64,
        /// What was expected.
        expected: &'static str,
        /// What was found.
        got: String,
    },
    /// The text ends too early.
    #[error("the text ends at offset {offset}, where {expected} was expected")]
    Truncated {
        /// Offset in bytes.
        offset: u64,
        /// What was expected.
        expected: &'static str,
    },
    /// A string is not UTF-8.
    #[error("at offset {offset}: a string that is not UTF-8")]
    NotUtf8 {
        /// Offset of the end of the string in bytes.
        offset: u64,
    },
    /// An item of a sorted list is not greater than the one before.
    #[error("at offset {offset}: '{item}' is out of order or repeated among the {list}")]
    Unsorted {
        /// Offset of the end of the item in bytes.
        offset: u64,
        /// Which list.
        list: &'static str,
        /// The item.
        item: String,
    },
    /// A store path is wrong.
    #[error("at offset {offset}: {error}")]
    Path {
        /// Offset of the end of the path in bytes.
        offset: u64,
        /// What is wrong with it.
        error: StorePathError,
    },
    /// The hash of an output is wrong.
    #[error("at offset {offset}: {error}")]
    Hash {
        /// Offset of the end of the hash in bytes.
        offset: u64,
        /// What is wrong with it.
        error: HashError,
    },
    /// The text or a string is longer than allowed.
    #[error("at offset {offset}: longer than {limit} bytes")]
    TooLong {
        /// Offset in bytes.
        offset: u64,
        /// The limit, in bytes.
        limit: u64,
    },
}

/// Takes the text of a derivation in pieces.
#[derive(Debug)]
pub struct DerivationParser {
    _store_dir: StoreDir,
}

impl DerivationParser {
    /// A parser for a file whose paths are below STORE_DIR, with the default limits.
    #[must_use]
    pub fn new(store_dir: StoreDir) -> Self {
        Self::with_limits(store_dir, ParseLimits::default())
    }

    /// A parser with LIMITS.
    #[must_use]
    pub fn with_limits(store_dir: StoreDir, _limits: ParseLimits) -> Self {
        Self { _store_dir: store_dir }
    }

    /// Takes the next BYTES of the text.
    ///
    /// # Errors
    /// [`ParseError`]; the parser is then of no more use.
    pub fn feed(&mut self, _bytes: &[u8]) -> Result<(), ParseError> {
        todo!()
    }

    /// The derivation, when the text is at its end.
    ///
    /// # Errors
    /// [`ParseError::Truncated`] when there should be more.
    pub fn finish(self) -> Result<Derivation, ParseError> {
        todo!()
    }
}
