// SPDX-License-Identifier: GPL-3.0-or-later
//! What the package client of a Debian-like host offers: [`mirrors`] from its configuration, binary packages with
//! their hashes ([`Apt`]), and files of sources by their SHA-256 ([`SourceIndex`]).
//!
//! No mirror and no suite is named here: everything comes from the host's configuration and its verified indices.
//! On a host without such a client there is nothing, which is no error until something is asked for. This crate
//! opens no connection of its own, except through the client.

mod client;
mod config;
pub mod deb822;
mod error;
mod replace;
mod sources;

pub use client::{Apt, BinaryPackage, Listing};
pub use config::mirrors;
pub use error::{Error, Result};
pub use replace::Replacement;
pub use sources::{Place, SourceFile, SourceIndex, search, source_indices};
