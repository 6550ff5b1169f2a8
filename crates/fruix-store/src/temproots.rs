// SPDX-License-Identifier: GPL-3.0-or-later
//! Temporary roots: what a process is about to use, and the collector must leave alone.
//!
//! Format of nix/libstore/gc.cc: one file per process in `STATE/temproots`, named by its number,
//! holding full store paths that each end in a null byte. Its owner holds a shared record lock for
//! as long as it lives, made exclusive for each addition; the collector takes a shared lock too, so
//! that nothing can be added while it works, and deletes the files of the dead.
//!
//! Because the file belongs to the process and not to a [`crate::Store`], all stores of a process
//! that share a state directory share one [`TempRoots`]. The collector reads those of its own
//! process from memory: opening and closing the file would drop its lock.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, Weak};

use crate::error::{IoContext, Result};
use crate::layout::Layout;
use crate::locks::{FileLock, Mode, record_lock};

/// The temporary roots of this process below one state directory.
pub(crate) struct TempRoots {
    dir: PathBuf,
    gc_lock: PathBuf,
    prefix: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The process that made `file`; another after a `fork`.
    pid: u32,
    file: Option<(PathBuf, File)>,
    /// Each root, and how many holders it has.
    names: HashMap<String, usize>,
}

impl State {
    /// Let CHANGE write to the file while no collector reads it.
    fn change(&mut self, change: impl FnOnce(&mut File) -> std::io::Result<()>) -> Result<()> {
        let Some((path, file)) = self.file.as_mut() else { return Ok(()) };
        // Waits for a collector of another process, which holds a shared lock.
        record_lock(file, Some(Mode::Exclusive), true).at("locking", path)?;
        let written = change(file).at_write("writing", path);
        record_lock(file, Some(Mode::Shared), true).at("locking", path)?;
        written
    }
}

static ALL: LazyLock<Mutex<HashMap<PathBuf, Weak<TempRoots>>>> = LazyLock::new(Mutex::default);

impl TempRoots {
    /// Those of this process for LAYOUT's state directory, which exists.
    pub(crate) fn shared(layout: &Layout) -> Result<Arc<TempRoots>> {
        let dir = layout.temp_roots_dir();
        let key = fs::canonicalize(&dir).at("opening", &dir)?;
        let mut all = ALL.lock().unwrap_or_else(|e| e.into_inner());
        if let Some(known) = all.get(&key).and_then(Weak::upgrade) {
            return Ok(known);
        }
        all.retain(|_, roots| roots.strong_count() > 0);
        let roots = Arc::new(TempRoots {
            dir: key.clone(),
            gc_lock: layout.gc_lock_file(),
            prefix: format!("{}/", layout.store_dir().as_str()),
            state: Mutex::default(),
        });
        all.insert(key, Arc::downgrade(&roots));
        Ok(roots)
    }

    /// Protect the files called NAMES in the store from collection until each has been released
    /// as often as it was added, or this process ends. Waits while garbage is being collected.
    pub(crate) fn add<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Result<()> {
        let mut state = self.open()?;
        let mut text = Vec::new();
        let mut added = HashMap::new();
        for name in names {
            if !state.names.contains_key(name) && !added.contains_key(name) {
                self.print(name, &mut text);
            }
            *added.entry(name.to_owned()).or_insert(0) += 1;
        }
        if !text.is_empty() {
            state.change(|file| file.write_all(&text))?;
        }
        for (name, count) in added {
            *state.names.entry(name).or_insert(0) += count;
        }
        Ok(())
    }

    /// Undo one [`TempRoots::add`] of each of NAMES.
    pub(crate) fn release<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Result<()> {
        let mut state = self.lock();
        if state.pid != std::process::id() {
            return Ok(());
        }
        let mut gone = false;
        for name in names {
            if let Some(count) = state.names.get_mut(name) {
                *count -= 1;
                if *count == 0 {
                    state.names.remove(name);
                    gone = true;
                }
            }
        }
        if !gone {
            return Ok(());
        }
        let mut text = Vec::new();
        for name in state.names.keys() {
            self.print(name, &mut text);
        }
        state.change(|file| file.set_len(0).and_then(|()| file.write_all(&text)))
    }

    fn print(&self, name: &str, text: &mut Vec<u8>) {
        text.extend_from_slice(self.prefix.as_bytes());
        text.extend_from_slice(name.as_bytes());
        text.push(0);
    }

    /// The state with the file open and locked.
    fn open(&self) -> Result<MutexGuard<'_, State>> {
        let pid = std::process::id();
        {
            let state = self.lock();
            if state.file.is_some() && state.pid == pid {
                return Ok(state);
            }
        }
        // The order matters: the collector takes the global lock first, then our state.
        let _gc = FileLock::acquire(&self.gc_lock, Mode::Shared)?;
        let mut state = self.lock();
        if state.file.is_none() || state.pid != pid {
            *state = State { pid, file: Some(self.create(pid)?), names: HashMap::new() };
        }
        Ok(state)
    }

    /// Make our file. One of that name is left by a dead process with our number, unless it is
    /// locked: then a process of another PID namespace shares the state directory.
    fn create(&self, pid: u32) -> Result<(PathBuf, File)> {
        let mut attempt = 0u32;
        loop {
            let name = if attempt == 0 { pid.to_string() } else { format!("{pid}-{attempt}") };
            let path = self.dir.join(name);
            let file = OpenOptions::new()
                .read(true)
                .append(true)
                .create(true)
                .mode(0o600)
                .open(&path)
                .at_write("creating", &path)?;
            if !record_lock(&file, Some(Mode::Exclusive), false).at("locking", &path)? {
                attempt += 1;
                continue;
            }
            file.set_len(0).at_write("emptying", &path)?;
            record_lock(&file, Some(Mode::Shared), true).at("locking", &path)?;
            if file.metadata().at("examining", &path)?.nlink() > 0 {
                return Ok((path, file));
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// Read the temporary roots of all processes and keep them from growing while the result
    /// lives. The caller holds the global lock.
    pub(crate) fn freeze(&self) -> Result<Frozen<'_>> {
        let state = self.lock();
        let own = state.file.as_ref().filter(|_| state.pid == std::process::id());
        let own_path = own.map(|(path, _)| path.clone());
        let mut frozen = Frozen { names: HashSet::new(), _files: Vec::new(), _own: None };
        if own_path.is_some() {
            frozen.names.extend(state.names.keys().cloned());
        }
        for entry in fs::read_dir(&self.dir).at("reading directory", &self.dir)? {
            let path = entry.at("reading directory", &self.dir)?.path();
            if Some(&path) != own_path.as_ref()
                && let Some(file) = self.read_other(&path, &mut frozen.names)?
            {
                frozen._files.push(file);
            }
        }
        frozen._own = Some(state);
        Ok(frozen)
    }

    /// Add the roots in another process's file PATH to NAMES, and keep it locked; delete it if
    /// its owner is dead.
    fn read_other(&self, path: &Path, names: &mut HashSet<String>) -> Result<Option<File>> {
        let mut file = match OpenOptions::new().read(true).write(true).open(path) {
            Ok(file) => file,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(e).at_write("opening", path),
        };
        if record_lock(&file, Some(Mode::Exclusive), false).at("locking", path)? {
            let _ = fs::remove_file(path);
            // The mark tells an owner that is waiting for its lock that the file is gone.
            let _ = file.write_all(b"d");
            return Ok(None);
        }
        record_lock(&file, Some(Mode::Shared), true).at("locking", path)?;
        let mut text = Vec::new();
        file.read_to_end(&mut text).at("reading", path)?;
        for root in text.split(|b| *b == 0) {
            let name = std::str::from_utf8(root).ok().and_then(|r| r.strip_prefix(&self.prefix));
            if let Some(name) = name {
                names.insert(name.to_owned());
            }
        }
        Ok(Some(file))
    }
}

impl Drop for TempRoots {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(|e| e.into_inner());
        if let Some((path, _file)) = &state.file
            && state.pid == std::process::id()
        {
            let _ = fs::remove_file(path);
        }
    }
}

/// The temporary roots of all processes, which cannot grow while this lives.
pub(crate) struct Frozen<'a> {
    /// Base names of store items (and of other files in the store).
    pub(crate) names: HashSet<String>,
    _files: Vec<File>,
    _own: Option<MutexGuard<'a, State>>,
}
