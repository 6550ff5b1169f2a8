// SPDX-License-Identifier: GPL-3.0-or-later
//! What goes into a store, and what it knows of an item.

use std::collections::BTreeSet;
use std::sync::Arc;

use fruix_core::derivation::Derivation;
use fruix_core::hash::Hash;
use fruix_core::store_path::StorePath;

/// The registration of one valid item (`ValidPathInfo`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathInfo {
    /// The item.
    pub path: StorePath,
    /// SHA-256 of its archive.
    pub nar_hash: Hash,
    /// Length of its archive in bytes; 0 when unknown (old databases).
    pub nar_size: u64,
    /// What it refers to, itself included where so.
    pub references: BTreeSet<StorePath>,
    /// The derivation that made it, which need not be valid any more.
    pub deriver: Option<StorePath>,
    /// When it was registered, in seconds since the epoch; 0 in a request stands for now.
    pub registration_time: i64,
}

impl PathInfo {
    /// An item without references and deriver, to be registered now.
    pub fn new(path: StorePath, nar_hash: Hash, nar_size: u64) -> PathInfo {
        PathInfo {
            path,
            nar_hash,
            nar_size,
            references: BTreeSet::new(),
            deriver: None,
            registration_time: 0,
        }
    }
}

/// A text file to be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// Name of the item, without hash part.
    pub name: String,
    /// Its contents.
    pub contents: Arc<[u8]>,
    /// The items that it refers to; they are part of its hash.
    pub references: BTreeSet<StorePath>,
    /// The derivation that the contents are, from whoever has just computed its output paths and put
    /// its hash into [`crate::Store::modulo`]. A store in the same process takes their word for it;
    /// without, and anywhere else, contents are parsed and checked.
    pub derivation: Option<Arc<Derivation>>,
}

impl Text {
    /// A text called NAME that refers to REFERENCES.
    pub fn new(
        name: impl Into<String>,
        contents: impl Into<Arc<[u8]>>,
        references: BTreeSet<StorePath>,
    ) -> Text {
        let (name, contents) = (name.into(), contents.into());
        Text { name, contents, references, derivation: None }
    }
}
