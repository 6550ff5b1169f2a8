// SPDX-License-Identifier: GPL-3.0-or-later
//! What the store knows of an item.

use std::collections::BTreeSet;

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
