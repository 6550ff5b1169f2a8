// SPDX-License-Identifier: GPL-3.0-or-later
//! Advisory locks on files, which hold between processes *and* between threads.
//!
//! guix-daemon uses `fcntl` record locks (nix/libstore/pathlocks.cc), and so must we, or the two
//! could not share a store. Such a lock belongs to the process: a second request from the same
//! process always succeeds, and closing *any* descriptor of the file drops it. So this room keeps a
//! table of the files locked by this process. The first holder of a file opens it and takes the
//! `fcntl` lock; further holders are admitted or made to wait by the table alone; the last holder
//! closes the file. No other part of the program may open a file that is locked here.
//!
//! Semantics:
//!
//! - many [`Mode::Shared`] holders, or one [`Mode::Exclusive`] holder, over all threads and processes;
//! - no upgrades: whoever wants another mode releases first;
//! - a thread that asks for what it already holds waits for itself for ever, so nobody nests;
//! - a lock file that is deleted on release gets a one-byte mark first (guix-daemon's convention):
//!   who finds the mark after acquiring it holds a file without a name, and begins anew;
//! - record locks are not inherited by `fork`; a forked child must not use its parent's guards.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Condvar, LazyLock, Mutex, MutexGuard};

use crate::error::{IoContext, Result};

/// How a lock is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Together with other shared holders.
    Shared,
    /// Alone.
    Exclusive,
}

/// What the table knows of one locked file.
enum Entry {
    /// A thread is about to lock or unlock the file.
    Changing,
    /// Held by so many shared holders.
    Shared(usize, File),
    /// Held by one.
    Exclusive(File),
}

#[derive(Default)]
struct Table {
    entries: Mutex<HashMap<PathBuf, Entry>>,
    changed: Condvar,
}

static TABLE: LazyLock<Table> = LazyLock::new(Table::default);

impl Table {
    /// The map; a thread that panicked with it in hand leaves it consistent (no step can fail
    /// halfway), so poison is ignored.
    fn lock(&self) -> MutexGuard<'_, HashMap<PathBuf, Entry>> {
        self.entries.lock().unwrap_or_else(|e| e.into_inner())
    }

    fn set(&self, path: &Path, entry: Option<Entry>) {
        let mut entries = self.lock();
        match entry {
            Some(entry) => entries.insert(path.to_path_buf(), entry),
            None => entries.remove(path),
        };
        drop(entries);
        self.changed.notify_all();
    }
}

/// A held lock; dropping it releases it.
#[derive(Debug)]
pub struct FileLock {
    path: PathBuf,
    mode: Mode,
    delete: bool,
}

impl FileLock {
    /// Lock PATH, creating it if needed, and wait as long as others hold it.
    pub fn acquire(path: &Path, mode: Mode) -> Result<FileLock> {
        loop {
            if let Some(lock) = FileLock::attempt(path, mode, true)? {
                return Ok(lock);
            }
        }
    }

    /// Lock PATH if nobody is in the way; `None` if somebody is.
    pub fn try_acquire(path: &Path, mode: Mode) -> Result<Option<FileLock>> {
        FileLock::attempt(path, mode, false)
    }

    /// Delete the file when the lock is released (exclusive locks only).
    pub fn delete_on_release(&mut self, delete: bool) {
        self.delete = delete && self.mode == Mode::Exclusive;
    }

    /// The file that is locked.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn attempt(path: &Path, mode: Mode, wait: bool) -> Result<Option<FileLock>> {
        let key = absolute(path)?;
        let mut entries = TABLE.lock();
        loop {
            match entries.get_mut(&key) {
                None => break,
                Some(Entry::Shared(holders, _)) if mode == Mode::Shared => {
                    *holders += 1;
                    return Ok(Some(FileLock { path: key, mode, delete: false }));
                }
                Some(_) if !wait => return Ok(None),
                Some(_) => {
                    entries = TABLE.changed.wait(entries).unwrap_or_else(|e| e.into_inner());
                }
            }
        }
        entries.insert(key.clone(), Entry::Changing);
        drop(entries);
        // From here on this thread owns the entry, and must settle it on every way out.
        match lock_between_processes(&key, mode, wait) {
            Ok(Some(file)) => {
                let entry = match mode {
                    Mode::Shared => Entry::Shared(1, file),
                    Mode::Exclusive => Entry::Exclusive(file),
                };
                TABLE.set(&key, Some(entry));
                Ok(Some(FileLock { path: key, mode, delete: false }))
            }
            Ok(None) => {
                TABLE.set(&key, None);
                Ok(None)
            }
            Err(e) => {
                TABLE.set(&key, None);
                Err(e)
            }
        }
    }
}

impl Drop for FileLock {
    fn drop(&mut self) {
        let mut entries = TABLE.lock();
        if let Some(Entry::Shared(holders, _)) = entries.get_mut(&self.path)
            && *holders > 1
        {
            *holders -= 1;
            return;
        }
        let old = entries.insert(self.path.clone(), Entry::Changing);
        drop(entries);
        if let Some(Entry::Shared(_, mut file) | Entry::Exclusive(mut file)) = old {
            if self.delete {
                // Errors are of no consequence: the deletion is tidiness, not a necessity.
                let _ = std::fs::remove_file(&self.path);
                let _ = file.write_all(b"d");
            }
            drop(file);
        }
        TABLE.set(&self.path, None);
    }
}

/// PATH without relative beginnings, so that one file has one key.
fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).at("finding the absolute name of", path)
}

/// Open PATH and take the record lock; `None` if it is held elsewhere and WAIT is false.
fn lock_between_processes(path: &Path, mode: Mode, wait: bool) -> Result<Option<File>> {
    loop {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .at_write("opening lock file", path)?;
        if !record_lock(&file, Some(mode), wait).at("locking", path)? {
            return Ok(None);
        }
        let meta = file.metadata().at("examining lock file", path)?;
        if meta.size() == 0 && meta.nlink() > 0 {
            return Ok(Some(file));
        }
        // The previous holder deleted it while we waited. A marked file that still has its name
        // was left by a process killed between mark and deletion, or never ours to judge: only
        // the nameless are retried, the others are taken over by emptying them.
        if meta.nlink() > 0 && same_file(path, &meta) {
            file.set_len(0).at("emptying lock file", path)?;
            return Ok(Some(file));
        }
    }
}

fn same_file(path: &Path, meta: &std::fs::Metadata) -> bool {
    std::fs::symlink_metadata(path)
        .is_ok_and(|now| now.ino() == meta.ino() && now.dev() == meta.dev())
}

/// Set (or with `None` clear) the record lock on the whole of FILE. False: held elsewhere and not
/// WAIT.
pub(crate) fn record_lock(file: &File, mode: Option<Mode>, wait: bool) -> io::Result<bool> {
    let kind = match mode {
        Some(Mode::Shared) => libc::F_RDLCK,
        Some(Mode::Exclusive) => libc::F_WRLCK,
        None => libc::F_UNLCK,
    };
    // SAFETY: `flock` is a plain structure for which all zeroes is a valid value.
    let mut lock: libc::flock = unsafe { std::mem::zeroed() };
    lock.l_type = kind as _;
    lock.l_whence = libc::SEEK_SET as _;
    let command = if wait { libc::F_SETLKW } else { libc::F_SETLK };
    loop {
        // SAFETY: the descriptor is open as long as FILE lives, and LOCK outlives the call.
        if unsafe { libc::fcntl(file.as_raw_fd(), command, &lock) } == 0 {
            return Ok(true);
        }
        let error = io::Error::last_os_error();
        match error.raw_os_error() {
            Some(libc::EINTR) => {}
            Some(libc::EACCES | libc::EAGAIN) if !wait => return Ok(false),
            _ => return Err(error),
        }
    }
}

/// Locks on a set of store items: guix-daemon's `PATH.lock` files (`PathLocks`).
///
/// Held while an item is being made; always taken in the order of their names, so that two
/// processes that want several cannot block each other.
#[derive(Debug, Default)]
pub struct PathLocks {
    locks: Vec<FileLock>,
}

impl PathLocks {
    /// Lock PATHS (physical file names of store items), waiting for others.
    pub fn acquire<P: AsRef<Path>>(paths: impl IntoIterator<Item = P>) -> Result<PathLocks> {
        let mut locks = PathLocks::default();
        for path in lock_files(paths) {
            locks.locks.push(FileLock::acquire(&path, Mode::Exclusive)?);
        }
        Ok(locks)
    }

    /// Lock PATHS, all or none; `None` if any is held elsewhere.
    pub fn try_acquire<P: AsRef<Path>>(
        paths: impl IntoIterator<Item = P>,
    ) -> Result<Option<PathLocks>> {
        let mut locks = PathLocks::default();
        for path in lock_files(paths) {
            match FileLock::try_acquire(&path, Mode::Exclusive)? {
                Some(lock) => locks.locks.push(lock),
                None => return Ok(None),
            }
        }
        Ok(Some(locks))
    }

    /// Say whether the lock files are deleted on release: right once the items are valid, and
    /// nobody needs to wait for them any more.
    pub fn delete_on_release(&mut self, delete: bool) {
        for lock in &mut self.locks {
            lock.delete_on_release(delete);
        }
    }
}

/// The lock files of PATHS, sorted, each once.
fn lock_files<P: AsRef<Path>>(paths: impl IntoIterator<Item = P>) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = paths
        .into_iter()
        .map(|path| {
            let mut name = path.as_ref().as_os_str().to_owned();
            name.push(".lock");
            PathBuf::from(name)
        })
        .collect();
    files.sort();
    files.dedup();
    files
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn exclusive_excludes_threads_of_the_same_process() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("l");
        let inside = Arc::new(AtomicUsize::new(0));
        let threads: Vec<_> = (0..8)
            .map(|_| {
                let (path, inside) = (path.clone(), inside.clone());
                std::thread::spawn(move || {
                    for _ in 0..50 {
                        let mut lock = FileLock::acquire(&path, Mode::Exclusive).unwrap();
                        lock.delete_on_release(true);
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                        inside.fetch_sub(1, Ordering::SeqCst);
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        assert!(!path.exists());
    }

    #[test]
    fn shared_holders_keep_the_lock_until_the_last_leaves() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("l");
        let one = FileLock::acquire(&path, Mode::Shared).unwrap();
        let two = FileLock::acquire(&path, Mode::Shared).unwrap();
        drop(one);
        assert!(FileLock::try_acquire(&path, Mode::Exclusive).unwrap().is_none());
        drop(two);
        assert!(FileLock::try_acquire(&path, Mode::Exclusive).unwrap().is_some());
    }

    #[test]
    fn path_locks_are_all_or_none() {
        let dir = tempfile::tempdir().unwrap();
        let (a, b) = (dir.path().join("a"), dir.path().join("b"));
        let held = PathLocks::acquire([&b]).unwrap();
        assert!(PathLocks::try_acquire([&a, &b]).unwrap().is_none());
        assert!(PathLocks::try_acquire([&a]).unwrap().is_some());
        drop(held);
        assert!(PathLocks::try_acquire([&b, &a, &b]).unwrap().is_some());
    }
}
