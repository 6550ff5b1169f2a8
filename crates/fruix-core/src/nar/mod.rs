// SPDX-License-Identifier: GPL-3.0-or-later
//! Archives ("nars"): the canonical serialisation of a file tree.
//!
//! An archive knows regular files, whether they are executable, symbolic links and directories,
//! and nothing else: no times, no owners, no other permissions. Equal trees have equal archives,
//! whose SHA-256 is the hash of a store item (`write-file` of `(guix serialization)`,
//! `nix/libutil/archive.cc`). Writer and parser speak in the same [`NarEvent`]s.

mod parser;
mod writer;

pub use parser::{NarLimits, NarParseError, NarParser};
pub use writer::{NarWriteError, NarWriter};

/// The word that every archive starts with.
pub const MAGIC: &[u8] = b"nix-archive-1";

/// One step through a file tree. A node is one of
///
/// - [`Regular`](NarEvent::Regular), followed by [`Chunk`](NarEvent::Chunk)s of `size` bytes in all;
/// - [`Symlink`](NarEvent::Symlink);
/// - [`Directory`](NarEvent::Directory), followed by [`Entry`](NarEvent::Entry) and a node for
///   each entry, and [`EndDirectory`](NarEvent::EndDirectory).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NarEvent<'a> {
    /// A regular file starts.
    Regular {
        /// Whether it is executable.
        executable: bool,
        /// Its size, in bytes.
        size: u64,
    },
    /// The next bytes of the regular file; never empty.
    Chunk(&'a [u8]),
    /// A symbolic link.
    Symlink {
        /// What it points to.
        target: &'a [u8],
    },
    /// A directory starts.
    Directory,
    /// An entry of the directory starts; names come in ascending order of their bytes.
    Entry {
        /// The name: a valid file name other than `.` and `..`.
        name: &'a [u8],
    },
    /// The directory is at its end.
    EndDirectory,
}

/// What is wrong with the name of a directory entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EntryNameError {
    /// It is empty.
    #[error("it is empty")]
    Empty,
    /// It is `.` or `..`.
    #[error("it stands for a directory itself")]
    Dots,
    /// It contains a slash.
    #[error("it contains a slash")]
    Slash,
    /// It contains a NUL byte.
    #[error("it contains a NUL byte")]
    Nul,
    /// It is longer than [`MAX_ENTRY_NAME`].
    #[error("it is longer than {MAX_ENTRY_NAME} bytes")]
    TooLong,
}

/// Longest name of a directory entry, in bytes.
pub const MAX_ENTRY_NAME: usize = 255;

/// Longest target of a symbolic link, in bytes: one less than `PATH_MAX`.
pub const MAX_SYMLINK_TARGET: usize = 4095;

/// Checks that NAME can name an entry of a directory.
///
/// # Errors
/// [`EntryNameError`] when it cannot.
pub fn check_entry_name(name: &[u8]) -> Result<(), EntryNameError> {
    match name {
        b"" => Err(EntryNameError::Empty),
        b"." | b".." => Err(EntryNameError::Dots),
        _ if name.contains(&b'/') => Err(EntryNameError::Slash),
        _ if name.contains(&0) => Err(EntryNameError::Nul),
        _ if name.len() > MAX_ENTRY_NAME => Err(EntryNameError::TooLong),
        _ => Ok(()),
    }
}

/// Bytes of padding after LENGTH bytes.
pub(crate) const fn padding(length: u64) -> usize {
    ((8 - length % 8) % 8) as usize
}

/// Whether TARGET can be the target of a symbolic link.
pub(crate) fn valid_target(target: &[u8]) -> bool {
    !target.is_empty() && target.len() <= MAX_SYMLINK_TARGET && !target.contains(&0)
}
