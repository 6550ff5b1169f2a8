// SPDX-License-Identifier: GPL-3.0-or-later
//! Sharing equal files: `STORE/.links/HASH` holds a hard link to each file, named by the SHA-256 of
//! its archive in base32; files that turn out equal become links to it (nix/libstore/optimise-store.cc).
//! The archive covers the executable bit, so files that differ in it are never shared.

use std::collections::HashSet;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{DirEntryExt, MetadataExt, PermissionsExt};
use std::path::Path;

use fruix_core::store_path::StorePath;

use crate::canonical::{STORE_MTIME, canonicalise_top};
use crate::error::{IoContext, Result};
use crate::fsutil::lstat;
use crate::nar::hash_path;
use crate::store::Store;

/// Files below so many bytes are not shared: guix-daemon's bound, which keeps `.links` small.
pub const MINIMUM_SIZE: u64 = 8192;

/// What sharing has saved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OptimiseStats {
    /// Files that became links to others.
    pub files_linked: u64,
    /// Their sizes added up, in bytes.
    pub bytes_freed: u64,
}

impl Store {
    /// Share the files of all valid items (`optimiseStore`).
    pub fn optimise(&self) -> Result<OptimiseStats> {
        let mut linked = self.linked_inodes()?;
        let mut stats = OptimiseStats::default();
        let mut items = Vec::new();
        self.for_each_valid_path(|item| {
            items.push(item);
            Ok(())
        })?;
        for item in items {
            self.add_temp_root(&item)?;
            // It may have been collected before it became a root.
            if self.is_valid_path(&item)? {
                self.optimise_tree(&self.physical(&item), true, &mut linked, &mut stats)?;
            }
        }
        Ok(stats)
    }

    /// Share the files of ITEM.
    pub(crate) fn optimise_item(&self, item: &StorePath) -> Result<OptimiseStats> {
        let mut stats = OptimiseStats::default();
        self.optimise_tree(&self.physical(item), true, &mut HashSet::new(), &mut stats)?;
        Ok(stats)
    }

    /// The inodes that have a name in `.links`, so that they need not be hashed again.
    fn linked_inodes(&self) -> Result<HashSet<u64>> {
        let dir = self.layout.links_dir();
        fs::read_dir(&dir)
            .at("reading directory", &dir)?
            .map(|entry| Ok(entry.at("reading directory", &dir)?.ino()))
            .collect()
    }

    fn optimise_tree(
        &self,
        path: &Path,
        top: bool,
        linked: &mut HashSet<u64>,
        stats: &mut OptimiseStats,
    ) -> Result<()> {
        let Some(meta) = lstat(path)? else { return Ok(()) };
        if meta.is_dir() {
            for entry in fs::read_dir(path).at("reading directory", path)? {
                let entry = entry.at("reading directory", path)?;
                if !linked.contains(&entry.ino()) {
                    self.optimise_tree(&entry.path(), false, linked, stats)?;
                }
            }
            return Ok(());
        }
        // A writable file was tampered with; it must not spread.
        let eligible = meta.is_file()
            && meta.len() >= MINIMUM_SIZE
            && meta.mode() & 0o200 == 0
            && !linked.contains(&meta.ino());
        if eligible { self.share_file(path, top, &meta, linked, stats) } else { Ok(()) }
    }

    fn share_file(
        &self,
        path: &Path,
        top: bool,
        meta: &fs::Metadata,
        linked: &mut HashSet<u64>,
        stats: &mut OptimiseStats,
    ) -> Result<()> {
        let (hash, _) = hash_path(path)?;
        let link = self.layout.links_dir().join(hash.to_base32());
        // Others may add and remove the link at any time; who loses the race tries again.
        for _ in 0..16 {
            let Some(known) = lstat(&link)? else {
                match fs::hard_link(path, &link) {
                    Ok(()) => {
                        linked.insert(meta.ino());
                        return Ok(());
                    }
                    Err(e) if e.kind() == ErrorKind::AlreadyExists => continue,
                    Err(e) if cannot_link_more(&e) => return Ok(()),
                    Err(e) => return Err(e).at_write("creating link", &link),
                }
            };
            if known.ino() == meta.ino() {
                linked.insert(meta.ino());
                return Ok(());
            }
            if !is_sound(&known, meta) {
                let _ = fs::remove_file(&link);
                continue;
            }
            match self.replace_by_link(path, top, &link) {
                Ok(true) => {
                    stats.files_linked += 1;
                    stats.bytes_freed += meta.len();
                    return Ok(());
                }
                Ok(false) => return Ok(()),
                Err(e) if e.io_kind() == Some(ErrorKind::NotFound) => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    /// Atomically make PATH a further name of LINK. False: LINK cannot have more names.
    fn replace_by_link(&self, path: &Path, top: bool, link: &Path) -> Result<bool> {
        let temp = self.fresh_temp()?;
        match fs::hard_link(link, &temp.0) {
            Err(e) if cannot_link_more(&e) => return Ok(false),
            other => other.at_write("linking", link)?,
        }
        // The store directory itself is left as it is.
        let dir = path.parent().filter(|_| !top);
        if let Some(dir) = dir {
            let mode = fs::Permissions::from_mode(0o755);
            fs::set_permissions(dir, mode).at_write("changing mode of", dir)?;
        }
        let renamed = fs::rename(&temp.0, path);
        if let Some(dir) = dir {
            canonicalise_top(dir)?;
        }
        match renamed {
            Err(e) if cannot_link_more(&e) => Ok(false),
            other => other.at_write("linking", path).map(|()| true),
        }
    }

    /// Delete the links that nothing else shares any more; the result is how many bytes of disk
    /// that freed.
    pub(crate) fn remove_unused_links(&self) -> Result<u64> {
        let dir = self.layout.links_dir();
        let mut freed = 0;
        for entry in fs::read_dir(&dir).at("reading directory", &dir)? {
            let path = entry.at("reading directory", &dir)?.path();
            let Some(meta) = lstat(&path)? else { continue };
            if meta.nlink() == 1 && meta.is_file() {
                match fs::remove_file(&path) {
                    Err(e) if e.kind() == ErrorKind::NotFound => {}
                    other => {
                        other.at_write("deleting", &path)?;
                        freed += meta.blocks() * 512;
                    }
                }
            }
        }
        Ok(freed)
    }
}

/// Whether the link KNOWN looks as a file equal to WANTED in the store must.
fn is_sound(known: &fs::Metadata, wanted: &fs::Metadata) -> bool {
    known.len() == wanted.len()
        && known.mode() == wanted.mode()
        && known.uid() == wanted.uid()
        && known.mtime() == STORE_MTIME
}

/// No more names for the file, or (on ext4) no more entries in the directory: then the file is
/// simply not shared.
fn cannot_link_more(error: &std::io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EMLINK | libc::ENOSPC))
}
