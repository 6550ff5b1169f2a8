// SPDX-License-Identifier: GPL-3.0-or-later
//! What is to be built, and what for.

use std::collections::BTreeSet;

use fruix_core::store_path::StorePath;

/// Something to be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Goal {
    /// Outputs of a derivation; all of them if none is named.
    Derivation {
        /// The derivation.
        drv: StorePath,
        /// The names of the outputs.
        outputs: BTreeSet<String>,
    },
    /// A store item: valid already, or the output of a derivation that is in the store.
    Item(StorePath),
}

impl Goal {
    /// What PATH stands for: all outputs if it is a derivation, else itself.
    pub fn new(path: StorePath) -> Self {
        if path.is_derivation() {
            Goal::Derivation { drv: path, outputs: BTreeSet::new() }
        } else {
            Goal::Item(path)
        }
    }
}

/// What a build is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BuildMode {
    /// Making outputs that are not valid.
    #[default]
    Normal,
    /// Building goals whose outputs are valid once more, to see whether they come out the same
    /// (`--check`).
    Check,
}
