// SPDX-License-Identifier: GPL-3.0-or-later
//! Where half-made items and garbage lie: `STORE/.fruix-tmp/PID-N`, one directory per open store.
//!
//! It is in the store directory because renaming works within one file system only. A file `lock`
//! in each, locked as long as its owner lives, tells a living owner from a dead one: [`recover`]
//! deletes what a killed process left. The directory as a whole is a temporary root of its users,
//! so that guix-daemon's collector leaves it alone too.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{IoContext, Result};
use crate::fsutil::create_dirs;
use crate::locks::{FileLock, Mode};
use crate::temproots::TempRoots;
use crate::walk::delete_tree;

/// The name, in the store directory, of the directory of temporary directories.
pub(crate) const TEMP_NAME: &str = ".fruix-tmp";

/// The temporary directory of one open store; deleted with it.
pub(crate) struct TempSpace {
    dir: PathBuf,
    next: AtomicU64,
    roots: Arc<TempRoots>,
    _lock: FileLock,
}

impl TempSpace {
    /// Make one in STORE.
    pub(crate) fn new(store: &Path, roots: &Arc<TempRoots>) -> Result<TempSpace> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        // First the root, then the directory: no collector can come between.
        roots.add([TEMP_NAME])?;
        let parent = store.join(TEMP_NAME);
        loop {
            create_dirs(&parent)?;
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let dir = parent.join(format!("{}-{number}", std::process::id()));
            match fs::create_dir(&dir) {
                Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => continue,
                other => other.at_write("creating directory", &dir)?,
            }
            match FileLock::acquire(&dir.join("lock"), Mode::Exclusive) {
                Ok(lock) => {
                    let (next, roots) = (AtomicU64::new(0), roots.clone());
                    return Ok(TempSpace { dir, next, roots, _lock: lock });
                }
                // Another process recovered the directory before we had locked it.
                Err(e) if e.io_kind() == Some(std::io::ErrorKind::NotFound) => {}
                Err(e) => return Err(e),
            }
        }
    }

    /// The name of a file that does not exist yet.
    pub(crate) fn fresh(&self) -> TempPath {
        TempPath(self.dir.join(self.next.fetch_add(1, Ordering::Relaxed).to_string()))
    }
}

impl Drop for TempSpace {
    fn drop(&mut self) {
        let _ = delete_tree(&self.dir);
        let _ = self.roots.release([TEMP_NAME]);
    }
}

/// A temporary file or tree, deleted when dropped unless it has been moved away.
pub(crate) struct TempPath(pub(crate) PathBuf);

impl Drop for TempPath {
    fn drop(&mut self) {
        let _ = delete_tree(&self.0);
    }
}

/// Delete the temporary directories in STORE whose owners are dead.
pub(crate) fn recover(store: &Path) -> Result<()> {
    let parent = store.join(TEMP_NAME);
    let entries = match fs::read_dir(&parent) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(e).at("reading directory", &parent),
    };
    for entry in entries {
        let dir = entry.at("reading directory", &parent)?.path();
        match FileLock::try_acquire(&dir.join("lock"), Mode::Exclusive) {
            Ok(Some(_lock)) => {
                delete_tree(&dir)?;
            }
            Ok(None) => {}
            // Its owner has just deleted it, or it is no directory of ours.
            Err(e)
                if matches!(
                    e.io_kind(),
                    Some(std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory)
                ) => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}
