// SPDX-License-Identifier: GPL-3.0-or-later
//! From package definitions to derivations.
//!
//! Packages, bags, gexps and build systems are Scheme (`scheme/guix`, `scheme/fruix`); what they
//! come down to is here: derivations ([`lower`]) and file trees ([`tree`]), and the store that both go
//! to, which the engine sees as the module `(fruix core)` ([`natives`]). A [`Session`]
//! is what the command line works with: an engine, a store, and the packages found.

mod library {
    include!(concat!(env!("OUT_DIR"), "/library.rs"));
}

pub mod index;
pub mod items;
pub mod lower;
pub mod natives;
pub mod queries;
pub mod seed;
pub mod session;
pub mod tree;

pub use items::ItemError;
pub use lower::{DerivationRequest, LowerError, derive};
pub use seed::{EmbeddedPrograms, Seed};
pub use session::{
    LoweredTarget, Package, PackagePaths, SearchPath, Session, SessionError, Target,
};
