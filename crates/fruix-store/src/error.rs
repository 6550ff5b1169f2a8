// SPDX-License-Identifier: GPL-3.0-or-later
//! What can go wrong in the store, as facts: which path, what was expected, what was found.
//!
//! The words for people are chosen elsewhere; `Display` here is the plain sentence for logs.

use std::io;
use std::path::{Path, PathBuf};

use fruix_core::hash::Hash;

/// Everything that a store operation may report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// What claims to be a bundle of items is none, or could not be written.
    #[error("bad bundle of store items: {reason}")]
    BadBundle {
        /// What is wrong.
        reason: String,
    },
    /// An item of a bundle is not signed.
    #[error("imported archive of `{path}' lacks a signature")]
    Unsigned {
        /// The item.
        path: String,
    },
    /// The signature of an item of a bundle is of something else.
    #[error(
        "signed hash doesn't match actual contents of imported archive of `{path}'; it could be \
             corrupt, or someone is trying to import a Trojan horse"
    )]
    SignedOther {
        /// The item.
        path: String,
    },
    /// A signature does not count, or none could be made.
    #[error(transparent)]
    Signature(fruix_core::signature::SignatureError),
    /// A file of a key or of who may sign is not one.
    #[error("`{}': {error}", path.display())]
    KeyFile {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        error: fruix_core::signature::SignatureError,
    },
    /// There is a key already, and no other shall take its place.
    #[error("key pair exists under `{}'; remove it first", path.display())]
    KeyExists {
        /// Its file.
        path: PathBuf,
    },
    /// A system call on a file failed for a reason that has no variant of its own.
    #[error("{action} `{}': {source}", path.display())]
    Io {
        /// What was attempted, such as "reading".
        action: &'static str,
        /// The file concerned.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// The store or state directory may not be written by this user.
    #[error("no permission to write `{}' (while {action})", path.display())]
    Unwritable {
        /// What was attempted.
        action: &'static str,
        /// The file or directory concerned.
        path: PathBuf,
    },
    /// The file system is full, or the user's quota is.
    #[error("no space left for `{}' (while {action})", path.display())]
    NoSpace {
        /// What was attempted.
        action: &'static str,
        /// The file concerned.
        path: PathBuf,
    },
    /// The database file is not a database, or is damaged.
    #[error("the store database `{}' is corrupt: {detail}", path.display())]
    CorruptDatabase {
        /// The database file.
        path: PathBuf,
        /// What SQLite or our own checks said.
        detail: String,
    },
    /// Another process kept the database locked for too long.
    #[error("the store database `{}' is locked by another process", path.display())]
    DatabaseBusy {
        /// The database file.
        path: PathBuf,
    },
    /// Any other answer of SQLite.
    #[error("store database `{}': {source}", path.display())]
    Database {
        /// The database file.
        path: PathBuf,
        /// SQLite's answer.
        source: rusqlite::Error,
    },
    /// `db/schema` names a version that we do not know.
    #[error("store schema is version {got}, but only version {supported} is supported")]
    Schema {
        /// What the file says.
        got: String,
        /// The one version that we read and write.
        supported: u32,
    },
    /// The store directory or one of its parents is a symbolic link.
    #[error("`{}' is a symbolic link; the store and its parents must not be", path.display())]
    StoreIsSymlink {
        /// The link.
        path: PathBuf,
    },
    /// Not the name of a store item.
    #[error("`{path}' is not a store path: {reason}")]
    NotAStorePath {
        /// What was given.
        path: String,
        /// Why not.
        reason: String,
    },
    /// The item is not registered.
    #[error("path `{path}' is not valid")]
    NotValid {
        /// The full store path.
        path: String,
    },
    /// An item is to be registered whose file does not exist.
    #[error("cannot register `{path}': no such file in the store")]
    Missing {
        /// The full store path.
        path: String,
    },
    /// An item refers to one that is not registered.
    #[error("`{referrer}' refers to `{reference}', which is not valid")]
    InvalidReference {
        /// The item to be registered.
        referrer: String,
        /// What it refers to.
        reference: String,
    },
    /// The items of one registration refer to each other in a circle.
    #[error("cycle in the references of {}", paths.join(", "))]
    Cycle {
        /// The items of the circle, in no particular order.
        paths: Vec<String>,
    },
    /// An item cannot be deleted because others refer to it.
    #[error("cannot delete `{path}' because it is in use by {}", referrers.join(", "))]
    InUse {
        /// The item.
        path: String,
        /// Who refers to it.
        referrers: Vec<String>,
    },
    /// An item cannot be deleted because a root reaches it.
    #[error("cannot delete `{path}' since it is still alive")]
    Alive {
        /// The item.
        path: String,
    },
    /// Contents differ from what was announced.
    #[error("hash mismatch for store item `{path}': expected {expected}, got {got}")]
    HashMismatch {
        /// The item.
        path: String,
        /// The hash that was to be.
        expected: Box<Hash>,
        /// The hash found.
        got: Box<Hash>,
    },
    /// Contents were announced with another length.
    #[error("archive of `{path}' is {got} bytes long, expected {expected}")]
    SizeMismatch {
        /// The item.
        path: String,
        /// Announced length of the archive in bytes.
        expected: u64,
        /// Length found.
        got: u64,
    },
    /// A `.drv` file cannot be read.
    #[error("derivation `{path}' is corrupt: {reason}")]
    CorruptDerivation {
        /// The item.
        path: String,
        /// What the parser said.
        reason: String,
    },
    /// A derivation names another output path than the one that follows from its contents.
    #[error("derivation `{path}' has incorrect output `{got}', should be `{expected}'")]
    WrongOutput {
        /// The derivation.
        path: String,
        /// What it says.
        got: String,
        /// What follows from it.
        expected: String,
    },
    /// Neither a regular file, directory nor symbolic link.
    #[error("file `{}' has an unsupported type", path.display())]
    UnsupportedType {
        /// The file.
        path: PathBuf,
    },
    /// A build output that belongs to somebody other than the build user.
    #[error("invalid ownership on file `{}': user {got} instead of {expected}", path.display())]
    InvalidOwner {
        /// The file.
        path: PathBuf,
        /// The build user.
        expected: u32,
        /// The owner found.
        got: u32,
    },
    /// A builder succeeded without making an output.
    #[error("builder for `{drv}' failed to produce output path `{output}'")]
    MissingOutput {
        /// The derivation.
        drv: String,
        /// What it should have made.
        output: String,
    },
    /// An output could have been changed by others.
    #[error("suspicious ownership or permission on `{output}'; rejecting this build output")]
    SuspiciousOutput {
        /// The output.
        output: String,
    },
    /// A fixed output with a flat hash is not a plain file.
    #[error("output path `{output}' should be a non-executable regular file")]
    NotAFile {
        /// The output.
        output: String,
    },
    /// An archive cannot be unpacked.
    #[error("bad archive for `{}': {reason}", path.display())]
    BadArchive {
        /// Where it was being unpacked.
        path: PathBuf,
        /// What the parser said.
        reason: String,
    },
    /// A garbage collector root may not be placed here.
    #[error("cannot create garbage collector root `{}': {reason}", path.display())]
    BadRoot {
        /// The would-be root.
        path: PathBuf,
        /// Why not.
        reason: &'static str,
    },
}

/// The result of a store operation.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// Classify SOURCE, the system's answer when ACTION was attempted on PATH.
    pub fn io(action: &'static str, path: &Path, source: io::Error) -> Error {
        let path = path.to_path_buf();
        match source.raw_os_error() {
            Some(libc::ENOSPC | libc::EDQUOT) => Error::NoSpace { action, path },
            Some(libc::EROFS) => Error::Unwritable { action, path },
            _ => Error::Io { action, path, source },
        }
    }

    /// The kind of system error within, if it is one.
    pub fn io_kind(&self) -> Option<io::ErrorKind> {
        match self {
            Error::Io { source, .. } => Some(source.kind()),
            _ => None,
        }
    }
}

/// Attaches an action and a path to a system error.
pub(crate) trait IoContext<T> {
    /// Turn the error into [`Error::io`] for ACTION on PATH.
    fn at(self, action: &'static str, path: &Path) -> Result<T>;

    /// Like `at`, for operations that need write permission: a refusal is [`Error::Unwritable`].
    fn at_write(self, action: &'static str, path: &Path) -> Result<T>;
}

impl<T, E: Into<io::Error>> IoContext<T> for std::result::Result<T, E> {
    fn at(self, action: &'static str, path: &Path) -> Result<T> {
        self.map_err(|e| Error::io(action, path, e.into()))
    }

    fn at_write(self, action: &'static str, path: &Path) -> Result<T> {
        self.map_err(|e| {
            let e = e.into();
            match e.raw_os_error() {
                Some(libc::EACCES | libc::EPERM) => {
                    Error::Unwritable { action, path: path.to_path_buf() }
                }
                _ => Error::io(action, path, e),
            }
        })
    }
}

/// Facts that whoever asks a store may want to tell apart keep their shape; the rest goes along whole.
impl From<Error> for fruix_protocol::StoreError {
    fn from(error: Error) -> Self {
        fruix_protocol::StoreError::Store(Box::new(error))
    }
}
