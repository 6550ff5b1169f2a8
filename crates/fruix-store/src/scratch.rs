// SPDX-License-Identifier: GPL-3.0-or-later
//! Scratch directories for builds: on the store's file system, so that outputs can be renamed from
//! them into the store, but not yet part of it. One that its process left behind when it was killed is
//! deleted when the store is next opened.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use fruix_core::store_path::StorePath;

use crate::error::{Error, IoContext, Result};
use crate::fsutil::{delete_tree, lstat};
use crate::store::Store;
use crate::tempspace::TempPath;

/// A directory that nobody but the store's owner can enter, deleted with all below it when dropped.
pub struct Scratch(TempPath);

impl Scratch {
    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0.0
    }
}

impl Store {
    /// Make a scratch directory.
    pub fn scratch(&self) -> Result<Scratch> {
        let temp = self.fresh_temp()?;
        fs::create_dir(&temp.0).at_write("creating directory", &temp.0)?;
        let private = fs::Permissions::from_mode(0o700);
        fs::set_permissions(&temp.0, private).at_write("changing mode of", &temp.0)?;
        Ok(Scratch(temp))
    }

    /// Make FROM, a build output in a [`Scratch`] directory with canonical metadata, the file of
    /// ITEM, in place of any leftover, and share its files if that is wanted. The caller holds
    /// ITEM's lock and a temporary root, and registers it next.
    pub fn place_output(&self, from: &Path, item: &StorePath) -> Result<()> {
        self.move_into_place(TempPath(from.to_path_buf()), item, true)
    }

    /// Move what lies at ITEM's place away and delete it. Refused if ITEM is valid; the caller holds
    /// its lock.
    pub fn discard(&self, item: &StorePath) -> Result<()> {
        if self.is_valid_path(item)? {
            return Err(Error::Alive { path: self.layout.display(item) });
        }
        self.move_away(&self.physical(item))
    }

    /// Make FROM, a tree with canonical metadata on the store's file system, a file of the store
    /// directory called ITEM's name with SUFFIX: not an item but something to look at, which the
    /// collector deletes. The result is its name.
    pub fn place_beside(
        &self,
        from: &Path,
        item: &StorePath,
        suffix: &str,
    ) -> Result<std::path::PathBuf> {
        let target = self.layout.physical_store().join(format!("{item}{suffix}"));
        if lstat(&target)?.is_some() {
            self.move_away(&target)?;
        }
        if lstat(from)?.is_some_and(|meta| meta.is_dir()) {
            let mode = fs::Permissions::from_mode(0o755);
            fs::set_permissions(from, mode).at_write("changing mode of", from)?;
        }
        fs::rename(from, &target).at_write("renaming to", &target)?;
        crate::canonical::canonicalise_top(&target)?;
        Ok(target)
    }
}

/// Delete the tree at PATH, whatever the modes of its directories; links are not followed, and no
/// file there is fine.
pub fn delete(path: &Path) -> Result<()> {
    delete_tree(path).map(drop)
}
