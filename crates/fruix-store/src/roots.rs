// SPDX-License-Identifier: GPL-3.0-or-later
//! Roots: what keeps items from being collected (nix/libstore/gc.cc, `(guix store roots)`).
//!
//! - links below `gcroots` and `profiles` that lead into the store;
//! - indirect roots: `gcroots/auto/…` links to a link somewhere else, which leads into the store;
//! - regular files there, whose *name* is that of an item;
//! - what running processes use;
//! - temporary roots, see `temproots`.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use fruix_core::hash::{Hash, HashAlgorithm};
use fruix_core::store_path::StorePath;

use crate::error::{Error, IoContext, Result};
use crate::fsutil::{lstat, replace_symlink};
use crate::locks::{FileLock, Mode};
use crate::store::Store;
use crate::sys;

impl Store {
    /// Register the link LINK, anywhere in the file system, as an indirect root: as long as it
    /// leads into the store, what it leads to is kept; once it is gone, so is the root.
    pub fn add_indirect_root(&self, link: &Path) -> Result<()> {
        let link = std::path::absolute(link).at("finding the absolute name of", link)?;
        let hash = Hash::of(HashAlgorithm::Sha1, link.as_os_str().as_bytes()).to_base32();
        replace_symlink(&link, &self.layout.gc_roots_dir().join("auto").join(hash))
    }

    /// Make LINK a link to ITEM and an indirect root (`addPermRoot`, as for `guix build -r`). What
    /// LINK names already is replaced only if it leads into the store.
    pub fn add_perm_root(&self, item: &StorePath, link: &Path) -> Result<()> {
        let link = std::path::absolute(link).at("finding the absolute name of", link)?;
        let refuse = |reason| Err(Error::BadRoot { path: link.clone(), reason });
        if self.layout.item_name_of(&link).is_some() {
            return refuse("it is in the store");
        }
        if let Some(meta) = lstat(&link)? {
            let ours = meta.is_symlink()
                && self
                    .layout
                    .item_name_of(&fs::read_link(&link).at("reading link", &link)?)
                    .is_some();
            if !ours {
                return refuse("there is a file of that name");
            }
        }
        replace_symlink(Path::new(&self.layout.display(item)), &link)?;
        self.add_indirect_root(&link)?;
        self.sync_with_gc()
    }

    /// Wait for a collection that is under way to have seen all roots that it will heed.
    pub fn sync_with_gc(&self) -> Result<()> {
        FileLock::acquire(&self.layout.gc_lock_file(), Mode::Shared).map(drop)
    }

    /// The permanent roots: each link or file that is one, and the valid item it keeps. Links of
    /// indirect roots that lead nowhere are deleted on the way.
    pub fn find_roots(&self) -> Result<BTreeMap<PathBuf, StorePath>> {
        let mut roots = BTreeMap::new();
        for dir in ["gcroots", "manifests", "profiles"] {
            self.find_roots_below(&self.layout.state_dir().join(dir), &mut roots)?;
        }
        Ok(roots)
    }

    fn find_roots_below(
        &self,
        path: &Path,
        roots: &mut BTreeMap<PathBuf, StorePath>,
    ) -> Result<()> {
        match self.find_roots_at(path, roots) {
            // Somebody else's business, or gone meanwhile.
            Err(Error::Io { source, .. })
                if matches!(
                    source.kind(),
                    ErrorKind::PermissionDenied | ErrorKind::NotFound | ErrorKind::NotADirectory
                ) =>
            {
                Ok(())
            }
            other => other,
        }
    }

    fn find_roots_at(&self, path: &Path, roots: &mut BTreeMap<PathBuf, StorePath>) -> Result<()> {
        let Some(meta) = lstat(path)? else { return Ok(()) };
        if meta.is_dir() {
            for entry in fs::read_dir(path).at("reading directory", path)? {
                let entry = entry.at("reading directory", path)?;
                self.find_roots_below(&entry.path(), roots)?;
            }
        } else if meta.is_symlink() {
            let target = fs::read_link(path).at("reading link", path)?;
            if let Some(name) = self.layout.item_name_of(&target) {
                return self.found_root(path, &name, roots);
            }
            let target = normal(&path.parent().unwrap_or(path).join(target));
            match lstat(&target)? {
                None if path.starts_with(self.layout.gc_roots_dir().join("auto")) => {
                    let _ = fs::remove_file(path);
                }
                Some(meta) if meta.is_symlink() => {
                    let second = fs::read_link(&target).at("reading link", &target)?;
                    if let Some(name) = self.layout.item_name_of(&second) {
                        return self.found_root(&target, &name, roots);
                    }
                }
                _ => {}
            }
        } else if meta.is_file()
            && let Some(name) = path.file_name().and_then(|name| name.to_str())
        {
            return self.found_root(path, name, roots);
        }
        Ok(())
    }

    fn found_root(
        &self,
        root: &Path,
        name: &str,
        roots: &mut BTreeMap<PathBuf, StorePath>,
    ) -> Result<()> {
        if let Ok(item) = StorePath::from_base_name(name)
            && self.is_valid_path(&item)?
        {
            roots.insert(root.to_path_buf(), item);
        }
        Ok(())
    }

    /// The valid items that running processes use, as far as this user may see.
    pub fn find_runtime_roots(&self) -> Result<HashSet<StorePath>> {
        let mut names = HashSet::new();
        let store = Path::new(self.layout.store_dir().as_str());
        let proc = Path::new("/proc");
        sys::each_runtime_path(store, &mut |path| names.extend(self.layout.item_name_of(path)))
            .at("looking at processes in", proc)?;
        let mut roots = HashSet::new();
        for item in names.iter().filter_map(|name| StorePath::from_base_name(name).ok()) {
            if self.is_valid_path(&item)? {
                roots.insert(item);
            }
        }
        Ok(roots)
    }
}

/// PATH without `.` and `..`, by its text alone, as guix-daemon's `canonPath` does.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            other => normal.push(other),
        }
    }
    normal
}
