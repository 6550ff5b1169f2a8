// SPDX-License-Identifier: GPL-3.0-or-later
//! What the program brings along: the programs that run builds, and the lock of the seed.

use std::cell::OnceCell;

use fruix_core::store_path::{HashMethod, StorePath};
use fruix_protocol::Store;
use fruix_seed::lock::Lock;
use fruix_seed::universe::{self, SeedItem, TOOLS, UniverseError};

use crate::items::ItemError;
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

/// Gives the items of the seed when they are asked for first; or says why there are none.
type Find = Box<dyn Fn() -> Result<Vec<SeedItem>, String>>;

/// The first tools, and what makes them.
pub struct Seed {
    /// The items, once they are known.
    items: OnceCell<Vec<SeedItem>>,
    /// Where they come from; there are none without it.
    find: Option<Find>,
    /// The programs; none if they were left out when this program was built.
    programs: Option<EmbeddedPrograms>,
}

impl Default for Seed {
    /// No items, and empty programs: for names alone.
    fn default() -> Self {
        Self { items: OnceCell::new(), find: None, programs: Some(EmbeddedPrograms::default()) }
    }
}

impl Seed {
    /// The seed of LOCK.
    ///
    /// # Errors
    /// [`UniverseError`] when the lock lacks something.
    pub fn new(lock: &Lock, programs: EmbeddedPrograms) -> Result<Self, UniverseError> {
        let items = OnceCell::from(universe::universe(lock)?);
        Ok(Self { items, find: None, programs: Some(programs) })
    }

    /// The seed whose items FIND gives, each after those it needs. It is called when the first of them is
    /// wanted, since a lock may have to be made for it.
    pub fn later(
        programs: Option<EmbeddedPrograms>,
        find: impl Fn() -> Result<Vec<SeedItem>, String> + 'static,
    ) -> Self {
        Self { items: OnceCell::new(), find: Some(Box::new(find)), programs }
    }

    /// The items, each after those it needs.
    ///
    /// # Errors
    /// [`ItemError::NoSeed`].
    pub fn items(&self) -> Result<&[SeedItem], ItemError> {
        if let Some(items) = self.items.get() {
            return Ok(items);
        }
        let found = self.find.as_ref().map_or(Ok(Vec::new()), |find| find());
        let found = found.map_err(|reason| ItemError::NoSeed { reason })?;
        Ok(self.items.get_or_init(|| found))
    }

    /// Adds the item whose `bin/guile` runs builders.
    ///
    /// # Errors
    /// [`ItemError`].
    pub fn add_builder(&self, store: &dyn Store) -> Result<StorePath, ItemError> {
        add_programs(store, "fruix-builder", &[("bin/guile", &self.programs()?.builder)])
    }

    /// Adds the item that holds the programs of the seed.
    ///
    /// # Errors
    /// [`ItemError`].
    pub fn add_tools(&self, store: &dyn Store) -> Result<StorePath, ItemError> {
        let programs = self.programs()?;
        let files: [(&str, &[u8]); 2] = [
            ("bin/fruix-relocate", &programs.relocator),
            ("bin/fruix-ld-wrapper", &programs.ld_wrapper),
        ];
        add_programs(store, TOOLS, &files)
    }

    fn programs(&self) -> Result<&EmbeddedPrograms, ItemError> {
        self.programs.as_ref().ok_or(ItemError::NoPrograms)
    }
}

fn add_programs(
    store: &dyn Store,
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
    Ok(store.add_bytes(name, &archive, HashMethod::Recursive)?)
}
