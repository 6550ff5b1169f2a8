// SPDX-License-Identifier: GPL-3.0-or-later
//! Where a store lies: the names that its items bear, and the directories that really hold them.
//!
//! For root the two are the same (`/gnu/store`). An ordinary user's embedded store lies below their
//! data folder, but its items are still *named* `/gnu/store/…`, and a build or shell sees them there
//! through a mount; otherwise no store path of theirs would be the one that everybody else computes.

use std::path::{Path, PathBuf};

use fruix_core::store_path::{StoreDir, StorePath};

use crate::error::{Error, Result};

/// The directories of one store. All are absolute.
#[derive(Clone, Debug)]
pub struct Layout {
    store_dir: StoreDir,
    physical: PathBuf,
    state_dir: PathBuf,
    log_dir: PathBuf,
}

impl Layout {
    /// A store whose items are named below STORE_DIR and lie in PHYSICAL, with its database, roots
    /// and locks in STATE_DIR and its build logs in LOG_DIR.
    pub fn new(
        store_dir: StoreDir,
        physical: impl Into<PathBuf>,
        state_dir: impl Into<PathBuf>,
        log_dir: impl Into<PathBuf>,
    ) -> Layout {
        Layout {
            store_dir,
            physical: physical.into(),
            state_dir: state_dir.into(),
            log_dir: log_dir.into(),
        }
    }

    /// The system's store: `/gnu/store`, `/var/guix` and `/var/log/guix`.
    pub fn system() -> Layout {
        let store_dir = StoreDir::default();
        let physical = PathBuf::from(store_dir.as_str());
        Layout::new(store_dir, physical, "/var/guix", "/var/log/guix")
    }

    /// A store whose every directory lies below FOLDER, with items named as in the system's store:
    /// what an ordinary user gets (say below `~/.local/share/fruix`).
    pub fn embedded(folder: &Path) -> Layout {
        Layout::new(
            StoreDir::default(),
            folder.join("gnu/store"),
            folder.join("var/guix"),
            folder.join("var/log/guix"),
        )
    }

    /// The directory that item names begin with.
    pub fn store_dir(&self) -> &StoreDir {
        &self.store_dir
    }

    /// The directory that holds the items.
    pub fn physical_store(&self) -> &Path {
        &self.physical
    }

    /// Database, roots, profiles and locks: Guix's `localstatedir/guix`.
    pub fn state_dir(&self) -> &Path {
        &self.state_dir
    }

    /// Build logs (`drvs/XX/…` below it).
    pub fn log_dir(&self) -> &Path {
        &self.log_dir
    }

    /// Whether items lie elsewhere than their names say.
    pub fn is_embedded(&self) -> bool {
        self.physical != Path::new(self.store_dir.as_str())
    }

    /// The directory of the database.
    pub fn db_dir(&self) -> PathBuf {
        self.state_dir.join("db")
    }

    /// The database file.
    pub fn db_file(&self) -> PathBuf {
        self.state_dir.join("db/db.sqlite")
    }

    /// The directory of garbage collector roots.
    pub fn gc_roots_dir(&self) -> PathBuf {
        self.state_dir.join("gcroots")
    }

    /// The directory of profiles, whose links are roots too.
    pub fn profiles_dir(&self) -> PathBuf {
        self.state_dir.join("profiles")
    }

    /// The directory of the processes' temporary roots.
    pub fn temp_roots_dir(&self) -> PathBuf {
        self.state_dir.join("temproots")
    }

    /// The lock that keeps roots from appearing while garbage is collected.
    pub fn gc_lock_file(&self) -> PathBuf {
        self.state_dir.join("gc.lock")
    }

    /// The directory of hard links by content.
    pub fn links_dir(&self) -> PathBuf {
        self.physical.join(".links")
    }

    /// The full name of ITEM, as it is written in files and in the database.
    pub fn display(&self, item: &StorePath) -> String {
        self.store_dir.print(item)
    }

    /// Where ITEM really lies.
    pub fn physical(&self, item: &StorePath) -> PathBuf {
        self.physical.join(item.as_str())
    }

    /// The item that PATH names: exactly `STORE_DIR/HASH-NAME`.
    pub fn parse(&self, path: &str) -> Result<StorePath> {
        self.store_dir
            .parse(path)
            .map_err(|e| Error::NotAStorePath { path: path.to_owned(), reason: e.to_string() })
    }

    /// The base name of the store item that the file PATH belongs to, when PATH lies in the store
    /// under its logical or its physical name.
    pub(crate) fn item_name_of(&self, path: &Path) -> Option<String> {
        let rest = path
            .strip_prefix(self.store_dir.as_str())
            .or_else(|_| path.strip_prefix(&self.physical))
            .ok()?;
        let first = rest.components().next()?;
        first.as_os_str().to_str().map(str::to_owned)
    }
}
