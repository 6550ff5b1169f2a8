// SPDX-License-Identifier: GPL-3.0-or-later
//! The store on disk, compatible with guix-daemon's.

mod canonical;
mod db;
mod error;
mod fsutil;
mod info;
mod layout;
mod locks;
pub mod nar;
mod queries;
mod register;
mod store;
mod sys;
mod tempspace;
mod temproots;

pub use canonical::{STORE_MTIME, canonicalise};
pub use error::{Error, Result};
pub use info::PathInfo;
pub use layout::Layout;
pub use locks::{FileLock, Mode, PathLocks};
pub use store::{Options, Store};
