// SPDX-License-Identifier: GPL-3.0-or-later
//! The store on disk, compatible with guix-daemon's: either can take over a store from the other,
//! and both can have the same one open at the same time.
//!
//! [`Store`] is everything that callers see; it is put together from rooms with one job each:
//!
//! | module | its job |
//! | --- | --- |
//! | `layout` | which directories a store consists of; item names and where the items really lie |
//! | `store` | opening a store, its options, and recovery after a crash |
//! | `db` | the SQLite database and every statement on it |
//! | `queries` | questions that change nothing |
//! | `import` | adding texts, trees and archives |
//! | `bundle` | exporting and importing signed items |
//! | `keys` | the files of keys, and of who may sign |
//! | `builds` | the directories of builds, and the way of their outputs into the store |
//! | `register` | the moment at which items become valid; the policy for power loss |
//! | `canonical` | modes, dates and owners of an item's files |
//! | `nar` | dumping trees to archives and restoring them |
//! | `optimise` | sharing equal files |
//! | `roots`, `temproots` | what must not be collected |
//! | `gc` | the garbage collector |
//! | `verify` | comparing files with the database |
//! | `locks` | locks between processes and between threads |
//! | `walk` | walking trees by descriptor: changing owners, deleting, moving |
//! | `tempspace` | half-made items and garbage, by owner |
//! | `memory` | a store that keeps nothing but texts, for names alone |
//! | `sys` | what differs between operating systems |

mod builds;
mod bundle;
mod canonical;
mod db;
mod error;
mod fsutil;
mod gc;
mod import;
mod keys;
mod layout;
mod locks;
mod memory;
pub mod nar;
mod optimise;
mod queries;
mod register;
mod roots;
mod store;
mod sys;
mod temproots;
mod tempspace;
mod verify;
mod walk;

pub use fruix_protocol::{PathInfo, Text};

pub use builds::{BuildDir, Maker, Outputs, Wanted};
pub use canonical::STORE_MTIME;
pub use error::{Error, Result};
pub use gc::{GcAction, GcOptions, GcResults};
pub use keys::KeyFiles;
pub use layout::Layout;
pub use locks::{FileLock, Mode, PathLocks};
pub use memory::MemoryStore;
pub use optimise::{MINIMUM_SIZE, OptimiseStats};
pub use store::{Options, Store};
pub use verify::{Problem, Repair, VerifyReport};
