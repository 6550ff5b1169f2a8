// SPDX-License-Identifier: GPL-3.0-or-later
//! Reads archives as the bytes come, and takes only what the writer would have written.

use super::{EntryNameError, NarEvent};

/// How much an archive may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NarLimits {
    /// The deepest nesting of directories.
    pub depth: usize,
    /// The largest archive, in bytes.
    pub total: u64,
}

/// 2,048 levels, which is what a path of `PATH_MAX` bytes can have, and no bound on the size.
impl Default for NarLimits {
    fn default() -> Self {
        Self { depth: 2048, total: u64::MAX }
    }
}

/// What is wrong with an archive, and at which offset in bytes. E is what the receiver of events
/// fails with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NarParseError<E> {
    /// Another word was expected.
    #[error("at offset {offset} of the archive: expected {expected}, got '{got}'")]
    Unexpected {
        /// Offset in bytes.
        offset: u64,
        /// What was expected.
        expected: &'static str,
        /// The word found, in a printable form.
        got: String,
    },
    /// A word is longer than any that could stand here.
    #[error("at offset {offset} of the archive: a word of {length} bytes in place of {expected}")]
    TooLong {
        /// Offset in bytes.
        offset: u64,
        /// What was expected.
        expected: &'static str,
        /// The length, in bytes.
        length: u64,
    },
    /// Padding that is not zero.
    #[error("at offset {offset} of the archive: padding that is not zero")]
    Padding {
        /// Offset in bytes.
        offset: u64,
    },
    /// The name of an entry is not allowed.
    #[error("at offset {offset} of the archive: an entry cannot be called '{name}': {error}")]
    Name {
        /// Offset in bytes.
        offset: u64,
        /// The name, in a printable form.
        name: String,
        /// What is wrong with it.
        error: EntryNameError,
    },
    /// An entry is not greater than the one before.
    #[error("at offset {offset} of the archive: '{name}' comes after '{previous}'")]
    Unsorted {
        /// Offset in bytes.
        offset: u64,
        /// The name, in a printable form.
        name: String,
        /// The name before.
        previous: String,
    },
    /// The target of a symbolic link is empty or contains a NUL byte.
    #[error("at offset {offset} of the archive: a symbolic link cannot point to '{target}'")]
    Target {
        /// Offset in bytes.
        offset: u64,
        /// The target, in a printable form.
        target: String,
    },
    /// Directories are nested too deeply.
    #[error("at offset {offset} of the archive: more than {limit} levels of directories")]
    TooDeep {
        /// Offset in bytes.
        offset: u64,
        /// The limit.
        limit: usize,
    },
    /// The archive is larger than allowed.
    #[error("the archive is larger than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: u64,
    },
    /// The archive ends too early.
    #[error("the archive ends at offset {offset}, where {expected} was expected")]
    Truncated {
        /// Offset in bytes.
        offset: u64,
        /// What was expected.
        expected: &'static str,
    },
    /// Something follows the archive.
    #[error("{count} bytes follow the archive, which ends at offset {offset}")]
    Trailing {
        /// Offset in bytes.
        offset: u64,
        /// How many bytes follow in what was given.
        count: usize,
    },
    /// The receiver of events failed.
    #[error("{0}")]
    Receiver(E),
}

/// Takes an archive in pieces and tells what is in it.
#[derive(Debug)]
pub struct NarParser {}

impl Default for NarParser {
    fn default() -> Self {
        Self::new()
    }
}

impl NarParser {
    /// A parser with the default limits.
    #[must_use]
    pub fn new() -> Self {
        Self::with_limits(NarLimits::default())
    }

    /// A parser with LIMITS.
    #[must_use]
    pub fn with_limits(_limits: NarLimits) -> Self {
        Self {}
    }

    /// Takes the next BYTES, calls RECEIVER for each event that they complete, and returns how
    /// many bytes belong to the archive: all, unless it ends among them. What follows an archive
    /// in a stream is thus the caller's; where nothing may follow, use [`NarParser::feed_all`].
    ///
    /// # Errors
    /// [`NarParseError`]; the parser is then of no more use.
    pub fn feed<E>(
        &mut self,
        _bytes: &[u8],
        _receiver: impl FnMut(NarEvent<'_>) -> Result<(), E>,
    ) -> Result<usize, NarParseError<E>> {
        todo!()
    }

    /// As [`NarParser::feed`], but nothing may follow the archive.
    ///
    /// # Errors
    /// As [`NarParser::feed`], and [`NarParseError::Trailing`].
    pub fn feed_all<E>(
        &mut self,
        _bytes: &[u8],
        _receiver: impl FnMut(NarEvent<'_>) -> Result<(), E>,
    ) -> Result<(), NarParseError<E>> {
        todo!()
    }

    /// Whether the archive is complete.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        todo!()
    }

    /// Checks that the archive is complete.
    ///
    /// # Errors
    /// [`NarParseError::Truncated`] when it is not.
    pub fn finish<E>(&self) -> Result<(), NarParseError<E>> {
        todo!()
    }
}
