// SPDX-License-Identifier: GPL-3.0-or-later
//! Why the host's package client could not be used.

use std::io;
use std::path::PathBuf;

/// A result with our [`enum@Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// Why the host's package client could not be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The client could not be started; of kind `NotFound` if the host has none.
    #[error("cannot run {program}: {source}")]
    Start {
        /// The program.
        program: &'static str,
        /// Why.
        source: io::Error,
    },
    /// The client failed.
    #[error("{program} failed: {message}")]
    Failed {
        /// The program.
        program: &'static str,
        /// What it said.
        message: String,
    },
    /// The index lacks a field of a package, or holds nonsense there.
    #[error("the package index has no usable {field} for {package}")]
    Field {
        /// The package.
        package: String,
        /// The field.
        field: &'static str,
    },
    /// A file could not be read or written.
    #[error("{}: {source}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
}
