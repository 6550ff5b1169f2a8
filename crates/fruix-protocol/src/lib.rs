// SPDX-License-Identifier: GPL-3.0-or-later
//! What one can ask of a store, wherever it is: one in this process, one in memory, or a daemon's.
//!
//! [`Store`] has the operations of the daemon's protocol (`(guix store)`, `nix/libstore/worker-protocol.hh`),
//! as far as they are needed so far, in such a way that each is one request: so a connection to a daemon
//! can implement it too. [`Batch`] in front of any of them collects small files and adds them at once.
//! [`wire`] is that protocol as bytes.

mod batch;
mod error;
mod goal;
mod info;
mod store;
pub mod wire;

pub use batch::Batch;
pub use error::{Result, StoreError};
pub use goal::{BuildMode, Goal};
pub use info::{PathInfo, Text};
pub use store::{Filter, Store};
