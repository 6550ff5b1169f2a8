// SPDX-License-Identifier: GPL-3.0-or-later
//! Runs one command in isolation, from a plain description; knows nothing of derivations or of the
//! store's database.
//!
//! There are two ways in:
//!
//! - [`Sandbox::spawn`] takes a [`BuildRequest`] and starts a build that sees only what the request
//!   names: what guix-daemon does around a builder (`startBuilder` in `nix/libstore/build.cc`).
//! - [`StoreView::exec`] replaces the calling process by a program that sees the host as it is, except
//!   that a directory of the user's appears as the store. That is how `fruix shell` runs programs from
//!   an embedded store without any privilege.
//!
//! `docs/isolation.md` says, row by row, what a build can and cannot see, and names the step that is
//! responsible. The `isolation` test asserts every row, and asserts as well that it fails once its
//! step is left out.
//!
//! Everything that differs between systems is behind `platform`: `linux/` (namespaces) and `freebsd/`
//! (jails), whose sequences of system calls are tested on any system.

mod error;
mod output;
mod request;
mod running;
mod steps;
mod unix;
mod users;

#[cfg(any(target_os = "freebsd", test))]
mod freebsd;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "freebsd")]
use freebsd as platform;
#[cfg(target_os = "linux")]
use linux as platform;

pub use error::{Error, Result};
#[cfg(any(test, feature = "test-knobs"))]
#[doc(hidden)]
pub use request::Part;
pub use request::{
    Access, BuildRequest, GUEST_GID, GUEST_UID, Identity, Limits, MadeUpFile, Mount, Network,
    Personality, SetuidBits, Stdio,
};
pub use running::{KillHandle, Outcome, Running, Sandbox};
pub use users::{BUILD_USERS_GROUP, BuildUser, group_id};

/// The isolation backend of the system this program was compiled for.
pub fn native() -> Box<dyn Sandbox> {
    Box::new(platform::Native)
}

/// Kill every process of a build user.
///
/// Called before and after a build that runs under a user of its own, as guix-daemon's `killUser` does.
/// Refuses UID 0.
pub fn kill_processes_of(uid: u32) -> Result<()> {
    platform::kill_processes_of(uid)
}

/// A program run on the host as it is, except that some directories appear elsewhere.
///
/// On Linux this needs no privilege but a user namespace. Terminal, environment, user and groups,
/// working directory and processes stay those of the caller.
#[derive(Debug, Clone)]
pub struct StoreView {
    /// What appears where, typically one entry: the embedded store, seen as `/gnu/store`. Sources must
    /// exist; the places where they appear need not.
    pub mounts: Vec<Mount>,
    /// Absolute file name of the program, as seen inside.
    pub program: std::path::PathBuf,
    /// The argument vector, the program's own name first.
    pub args: Vec<std::ffi::OsString>,
    /// The whole environment.
    pub env: Vec<(std::ffi::OsString, std::ffi::OsString)>,
}

impl StoreView {
    /// Replace the calling process by the program; returns only upon failure.
    ///
    /// The process must have one thread alone, because Linux gives a user namespace to no other: call
    /// it at the end of `main`, once helper threads are joined. After a failure the caller should say
    /// why and exit: its mount namespace may have been changed already.
    pub fn exec(&self) -> Error {
        platform::exec_in_view(self)
    }
}
