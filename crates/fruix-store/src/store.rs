// SPDX-License-Identifier: GPL-3.0-or-later
//! An open store: its directories, database, locks and options (`LocalStore`'s constructor).

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use fruix_core::derivation::ModuloCache;
use fruix_core::store_path::StorePath;

use crate::db::{Db, SCHEMA_VERSION};
use crate::error::{Error, IoContext, Result};
use crate::fsutil::{create_dirs, lstat, replace_file, sync_file};
use crate::layout::Layout;
use crate::locks::{FileLock, Mode, PathLocks};
use crate::temproots::TempRoots;
use crate::tempspace::{self, TempPath, TempSpace};

/// Bytes set aside so that SQLite can still write, and thus the collector run, on a full disk.
const RESERVED: u64 = 8 * 1024 * 1024;

/// How a store behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// Bring files to the disk before their registration, and the registration before returning,
    /// so that nothing registered is lost or incomplete after power loss. Without, the same holds
    /// after the death of the process only.
    pub durable: bool,
    /// Share equal files through hard links as they are added.
    pub deduplicate: bool,
    /// The collector keeps the outputs of live derivations.
    pub keep_outputs: bool,
    /// The collector keeps the derivations of live items.
    pub keep_derivations: bool,
    /// The group of the build users, which then may write to the store directory (mode 1775).
    /// Heeded for root only.
    pub build_group: Option<u32>,
}

/// As guix-daemon behaves, and durable.
impl Default for Options {
    fn default() -> Options {
        Options {
            durable: true,
            deduplicate: true,
            keep_outputs: false,
            keep_derivations: true,
            build_group: None,
        }
    }
}

/// An open store. It can be shared by threads; any number of processes, guix-daemon among them,
/// may have the same store open.
///
/// It holds temporary roots for what it adds, until it is dropped. A server makes a
/// [`Store::session`] per client, so that what one client used can be collected once it has left.
pub struct Store {
    pub(crate) layout: Layout,
    pub(crate) options: Options,
    pub(crate) db: Arc<Db>,
    pub(crate) temp_roots: Arc<TempRoots>,
    pub(crate) modulo: Arc<Mutex<ModuloCache>>,
    temp_space: Arc<Mutex<Option<TempSpace>>>,
    /// The temporary roots of this session.
    session_roots: Mutex<HashSet<StorePath>>,
    /// Held shared while the store is open: nobody upgrades the schema meanwhile.
    big_lock: Arc<FileLock>,
}

impl Store {
    /// Open the store at LAYOUT, making it if it is not there, and clear away what processes that
    /// were killed have left.
    pub fn open(layout: Layout, options: Options) -> Result<Store> {
        if !layout.is_embedded() {
            refuse_symlinks(layout.physical_store())?;
        }
        create_directories(&layout)?;
        if let Some(group) = options.build_group
            && rustix::process::geteuid().is_root()
        {
            admit_build_group(layout.physical_store(), group)?;
        }
        set_space_aside(&layout);
        let big_lock = FileLock::acquire(&layout.db_dir().join("big-lock"), Mode::Shared)?;
        let db = open_database(&layout, options.durable)?;
        tempspace::recover(layout.physical_store())?;
        let temp_roots = TempRoots::shared(&layout)?;
        Ok(Store {
            layout,
            options,
            db: Arc::new(db),
            temp_roots,
            modulo: Arc::default(),
            temp_space: Arc::default(),
            session_roots: Mutex::default(),
            big_lock: Arc::new(big_lock),
        })
    }

    /// The same open store with temporary roots of its own.
    pub fn session(&self) -> Store {
        Store {
            layout: self.layout.clone(),
            options: self.options.clone(),
            db: self.db.clone(),
            temp_roots: self.temp_roots.clone(),
            modulo: self.modulo.clone(),
            temp_space: self.temp_space.clone(),
            session_roots: Mutex::default(),
            big_lock: self.big_lock.clone(),
        }
    }

    /// Its directories.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Its options.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The hashes of derivations that are known, for whoever computes output paths in this process.
    pub fn modulo(&self) -> &Mutex<ModuloCache> {
        &self.modulo
    }

    /// Where ITEM really lies.
    pub fn physical(&self, item: &StorePath) -> PathBuf {
        self.layout.physical(item)
    }

    /// Keep ITEM, valid or about to be made, from being collected as long as this session lives.
    /// Waits while garbage is being collected.
    pub fn add_temp_root(&self, item: &StorePath) -> Result<()> {
        self.add_temp_roots([item])
    }

    /// [`Store::add_temp_root`] for many items at once.
    pub fn add_temp_roots<'a>(&self, items: impl IntoIterator<Item = &'a StorePath>) -> Result<()> {
        let mut held = self.session_roots.lock().unwrap_or_else(|e| e.into_inner());
        let new: HashSet<&StorePath> =
            items.into_iter().filter(|item| !held.contains(*item)).collect();
        if new.is_empty() {
            return Ok(());
        }
        self.temp_roots.add(new.iter().map(|item| item.as_str()))?;
        held.extend(new.into_iter().cloned());
        Ok(())
    }

    /// Lock ITEMS for making them, waiting for others who make them.
    pub fn lock_paths<'a>(
        &self,
        items: impl IntoIterator<Item = &'a StorePath>,
    ) -> Result<PathLocks> {
        PathLocks::acquire(items.into_iter().map(|item| self.physical(item)))
    }

    /// Lock ITEMS for making them; `None` if somebody else has one of them locked.
    pub fn try_lock_paths<'a>(
        &self,
        items: impl IntoIterator<Item = &'a StorePath>,
    ) -> Result<Option<PathLocks>> {
        PathLocks::try_acquire(items.into_iter().map(|item| self.physical(item)))
    }

    /// The name of a new temporary file on the store's file system.
    pub(crate) fn fresh_temp(&self) -> Result<TempPath> {
        let mut space = self.temp_space.lock().unwrap_or_else(|e| e.into_inner());
        if let Some(space) = &*space {
            return Ok(space.fresh());
        }
        let new = TempSpace::new(self.layout.physical_store(), &self.temp_roots)?;
        Ok(space.insert(new).fresh())
    }

    /// Free the space that was set aside, for the time of a collection.
    pub(crate) fn release_reserve(&self) {
        let _ = fs::remove_file(self.layout.db_dir().join("reserved"));
    }

    /// Set the space aside again.
    pub(crate) fn restore_reserve(&self) {
        set_space_aside(&self.layout);
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        let held = self.session_roots.get_mut().unwrap_or_else(|e| e.into_inner());
        let _ = self.temp_roots.release(held.iter().map(StorePath::as_str));
    }
}

/// Neither the store nor a parent may be a link: file names in builds would be ambiguous. (Where an
/// embedded store lies is never seen by builds, and `/home` is a link on some systems.)
fn refuse_symlinks(store: &Path) -> Result<()> {
    for dir in store.ancestors() {
        if lstat(dir)?.is_some_and(|meta| meta.is_symlink()) {
            return Err(Error::StoreIsSymlink { path: dir.to_path_buf() });
        }
    }
    Ok(())
}

fn create_directories(layout: &Layout) -> Result<()> {
    create_dirs(layout.physical_store())?;
    create_dirs(&layout.links_dir())?;
    create_dirs(&layout.profiles_dir())?;
    create_dirs(&layout.temp_roots_dir())?;
    create_dirs(&layout.db_dir())?;
    create_dirs(layout.log_dir())?;
    let roots = layout.gc_roots_dir();
    create_dirs(&roots.join("auto"))?;
    let link = roots.join("profiles");
    match symlink(layout.profiles_dir(), &link) {
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        other => other.at_write("creating link", &link),
    }
}

fn admit_build_group(store: &Path, group: u32) -> Result<()> {
    let meta = fs::metadata(store).at("examining", store)?;
    if meta.uid() != 0 || meta.gid() != group {
        std::os::unix::fs::chown(store, Some(0), Some(group))
            .at_write("changing owner of", store)?;
    }
    if meta.mode() & 0o7777 != 0o1775 {
        let mode = fs::Permissions::from_mode(0o1775);
        fs::set_permissions(store, mode).at_write("changing mode of", store)?;
    }
    Ok(())
}

/// Make `db/reserved`. Failure means that the disk is full already, which is no reason to stop.
fn set_space_aside(layout: &Layout) {
    let path = layout.db_dir().join("reserved");
    if fs::metadata(&path).is_ok_and(|meta| meta.len() == RESERVED) {
        return;
    }
    // guix-daemon, too, writes the bytes where the file system cannot allocate without.
    if fs::write(&path, vec![b'X'; RESERVED as usize]).is_err() {
        let _ = fs::remove_file(&path);
    }
}

/// Open the database, making it if `db/schema` says that there is none.
///
/// Making it is idempotent, so two processes may do it at the same time; the version is written
/// last, so that one who is killed in between has made nothing.
fn open_database(layout: &Layout, durable: bool) -> Result<Db> {
    let schema = layout.db_dir().join("schema");
    match fs::read_to_string(&schema) {
        Ok(text) if text.trim() == SCHEMA_VERSION.to_string() => {
            Db::open(&layout.db_file(), false, durable)
        }
        Ok(text) => Err(Error::Schema { got: text.trim().to_owned(), supported: SCHEMA_VERSION }),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            let db = Db::open(&layout.db_file(), true, durable)?;
            replace_file(&schema, &SCHEMA_VERSION.to_string())?;
            sync_file(&layout.db_dir())?;
            Ok(db)
        }
        Err(e) => Err(Error::io("reading", &schema, e)),
    }
}
