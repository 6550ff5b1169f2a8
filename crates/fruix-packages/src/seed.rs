// SPDX-License-Identifier: GPL-3.0-or-later
//! What the program brings along: the programs that run builds, and the lock of the seed.

use fruix_core::store_path::{HashMethod, StorePath};
use fruix_seed::lock::Lock;
use fruix_seed::universe::{self, SeedItem, TOOLS, UniverseError};

use crate::items::{ItemError, Items};
use crate::tree::Tree;

/// The static programs that become store items, as bytes.
#[derive(Debug, Clone, Default)]
pub struct EmbeddedPrograms {
    /// Runs builders: `bin/guile` of the default universe.
    pub builder: Vec<u8>,
    /// Relocates the packages of a distribution.
    pub relocator: Vec<u8>,
    /// The linker wrapper that is part of the seed.
    pub ld_wrapper: Vec<u8>,
}

/// The first tools, and what makes them.
#[derive(Debug, Clone, Default)]
pub struct Seed {
    /// The items, each after those it needs; none if there is no lock.
    pub items: Vec<SeedItem>,
    /// The programs.
    pub programs: EmbeddedPrograms,
}

impl Seed {
    /// The seed of LOCK.
    ///
    /// # Errors
    /// [`UniverseError`] when the lock lacks something.
    pub fn new(lock: &Lock, programs: EmbeddedPrograms) -> Result<Self, UniverseError> {
        Ok(Self { items: universe::universe(lock)?, programs })
    }

    /// Adds the item whose `bin/guile` runs builders.
    ///
    /// # Errors
    /// [`ItemError`].
    pub fn add_builder(&self, items: &mut dyn Items) -> Result<StorePath, ItemError> {
        add_programs(items, "fruix-builder", &[("bin/guile", &self.programs.builder)])
    }

    /// Adds the item that holds the programs of the seed.
    ///
    /// # Errors
    /// [`ItemError`].
    pub fn add_tools(&self, items: &mut dyn Items) -> Result<StorePath, ItemError> {
        let programs = &self.programs;
        let files: [(&str, &[u8]); 2] = [
            ("bin/fruix-relocate", &programs.relocator),
            ("bin/fruix-ld-wrapper", &programs.ld_wrapper),
        ];
        add_programs(items, TOOLS, &files)
    }
}

fn add_programs(
    items: &mut dyn Items,
    name: &str,
    files: &[(&str, &[u8])],
) -> Result<StorePath, ItemError> {
    let mut tree = Tree::new();
    let wrong = |error: crate::tree::TreeError| ItemError::Tree {
        name: name.to_owned(),
        reason: error.to_string(),
    };
    for (file, bytes) in files {
        tree.insert(file, bytes.to_vec(), true).map_err(wrong)?;
    }
    let archive = tree.archive().map_err(wrong)?;
    items.add_bytes(name, HashMethod::Recursive, &archive)
}
