// SPDX-License-Identifier: GPL-3.0-or-later
//! The garbage collector (nix/libstore/gc.cc).
//!
//! It holds the global lock `gc.lock` and every process's temporary roots, so that no root can
//! appear, marks what the roots reach in one snapshot of the database, and deletes the rest:
//! referrers before what they refer to, first the rows in batches of transactions, then, once these
//! are on the disk, the files, by renaming them to this store's temporary space. After that, others
//! go on while the trash is emptied. Killed at any point, it leaves unregistered files at worst,
//! which are garbage for the next run.
//!
//! A process may register an item during the collection if it had made it a temporary root
//! before. Such an item is in no list of ours, and what it refers to is let live: each row's
//! referrers are looked at again in the transaction that deletes it.

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use fruix_core::store_path::StorePath;

use crate::db::Queries;
use crate::error::{Error, IoContext, Result};
use crate::fsutil::{disk_usage, lstat};
use crate::locks::{FileLock, Mode};
use crate::store::Store;
use crate::tempspace::TEMP_NAME;
use crate::walk::{delete_tree, move_file};

/// How many rows are deleted in one transaction.
const BATCH: usize = 256;

/// What the collector is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GcAction {
    /// List the items that roots reach.
    ReturnLive,
    /// List what would be deleted.
    ReturnDead,
    /// Delete what no root reaches.
    DeleteDead,
    /// Delete these and all that refer to them, if no root reaches them.
    DeleteSpecific(BTreeSet<StorePath>),
}

/// What the collector is to do, and how far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GcOptions {
    /// The action.
    pub action: GcAction,
    /// Stop after having freed more than this many bytes.
    pub max_freed: u64,
    /// Heed temporary roots alone.
    pub ignore_liveness: bool,
}

impl GcOptions {
    /// ACTION without a limit.
    pub fn new(action: GcAction) -> GcOptions {
        GcOptions { action, max_freed: u64::MAX, ignore_liveness: false }
    }
}

/// What the collector did or found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GcResults {
    /// Full names of the live, dead or deleted items, leftovers that were never valid included.
    pub paths: Vec<String>,
    /// Bytes of disk freed.
    pub bytes_freed: u64,
}

impl Store {
    /// Everything that roots reach.
    pub fn list_live(&self) -> Result<Vec<String>> {
        Ok(self.collect_garbage(&GcOptions::new(GcAction::ReturnLive))?.paths)
    }

    /// Everything that a collection would delete.
    pub fn list_dead(&self) -> Result<Vec<String>> {
        Ok(self.collect_garbage(&GcOptions::new(GcAction::ReturnDead))?.paths)
    }

    /// Delete ITEMS and all that refer to them; refused if a root reaches one of them.
    pub fn delete_paths(&self, items: BTreeSet<StorePath>) -> Result<GcResults> {
        self.collect_garbage(&GcOptions::new(GcAction::DeleteSpecific(items)))
    }

    /// Run the garbage collector.
    pub fn collect_garbage(&self, options: &GcOptions) -> Result<GcResults> {
        let specific = matches!(options.action, GcAction::DeleteSpecific(_));
        let deletes = specific || options.action == GcAction::DeleteDead;
        if deletes {
            self.release_reserve();
        }
        let result = self.collect(options, specific, deletes);
        if deletes {
            self.restore_reserve();
        }
        result
    }

    fn collect(&self, options: &GcOptions, specific: bool, deletes: bool) -> Result<GcResults> {
        // Temporary roots cannot be added later on, so the temporary space is made now.
        let trash = self.fresh_temp()?;
        fs::create_dir(&trash.0).at_write("creating directory", &trash.0)?;
        let lock = FileLock::acquire(&self.layout.gc_lock_file(), Mode::Exclusive)?;
        let mut roots = HashSet::new();
        if !options.ignore_liveness {
            roots.extend(self.find_roots()?.into_values());
            roots.extend(self.find_runtime_roots()?);
        }
        let temporary = self.temp_roots.freeze()?;
        let items = temporary.names.iter().filter_map(|name| StorePath::from_base_name(name).ok());
        roots.extend(items);

        let keep = !(specific && options.ignore_liveness);
        let marks = self.db.snapshot(|q| self.mark(q, &roots, keep))?;
        let mut run = Run {
            store: self,
            temporary: &temporary.names,
            marks: &marks,
            trash: &trash.0,
            max_freed: options.max_freed,
            estimate: 0,
            results: GcResults::default(),
        };
        match &options.action {
            GcAction::ReturnLive => run.list_live()?,
            GcAction::ReturnDead => run.list_dead()?,
            GcAction::DeleteDead => run.delete_dead()?,
            GcAction::DeleteSpecific(items) => run.delete_specific(items)?,
        }
        let mut results = run.results;
        drop(temporary);
        drop(lock);
        if deletes {
            results.bytes_freed += delete_tree(&trash.0)?;
            results.bytes_freed += self.remove_unused_links()?;
        }
        results.paths.sort_unstable();
        Ok(results)
    }

    /// Find what ROOTS reach, and the valid items that they do not; KEEP says to heed the options
    /// about derivations and outputs.
    fn mark(&self, q: &Queries<'_>, roots: &HashSet<StorePath>, keep: bool) -> Result<Marks> {
        let mut todo = Vec::new();
        let mut alive = HashSet::new();
        for root in roots {
            if let Some(id) = q.id(&self.layout.display(root))?
                && alive.insert(id)
            {
                todo.push(id);
            }
        }
        while let Some(id) = todo.pop() {
            let mut next = q.reference_ids(id)?;
            if keep {
                self.kept_with(q, id, &mut next)?;
            }
            todo.extend(next.into_iter().filter(|id| alive.insert(*id)));
        }
        let mut dead = Vec::new();
        q.each_path(|id, _| {
            if !alive.contains(&id) {
                dead.push(id);
            }
            Ok(())
        })?;
        Ok(Marks { alive, dead })
    }

    /// Add to NEXT what the options keep because item ID is alive.
    fn kept_with(&self, q: &Queries<'_>, id: i64, next: &mut Vec<i64>) -> Result<()> {
        let Some((path, deriver, _)) = q.row_of_id(id)? else { return Ok(()) };
        if self.options.keep_derivations
            && let Some(drv) = deriver.as_deref().map(|d| q.id(d)).transpose()?.flatten()
            && q.outputs(drv)?.iter().any(|(_, output)| *output == path)
        {
            next.push(drv);
        }
        if self.options.keep_outputs && path.ends_with(".drv") {
            for (_, output) in q.outputs(id)? {
                next.extend(q.id(&output)?);
            }
        }
        Ok(())
    }
}

/// Which valid items are alive, and which are not, by number in the database.
struct Marks {
    alive: HashSet<i64>,
    /// In ascending order: the longest registered first.
    dead: Vec<i64>,
}

/// One run of the collector, with everything locked.
struct Run<'a> {
    store: &'a Store,
    /// Names of temporary roots.
    temporary: &'a HashSet<String>,
    marks: &'a Marks,
    trash: &'a Path,
    max_freed: u64,
    /// Sum of the archive sizes of what was deleted, as a stand-in for its space on the disk.
    estimate: u64,
    results: GcResults,
}

impl Run<'_> {
    fn list_live(&mut self) -> Result<()> {
        let layout = &self.store.layout;
        let paths = &mut self.results.paths;
        self.store.db.read(|q| {
            // What is being made counts as alive as soon as there is a file.
            for name in self.temporary.iter().filter(|name| *name != TEMP_NAME) {
                let path = format!("{}/{name}", layout.store_dir().as_str());
                if q.id(&path)?.is_none() && lstat(&layout.physical_store().join(name))?.is_some() {
                    paths.push(path);
                }
            }
            for id in &self.marks.alive {
                paths.extend(q.path(*id)?);
            }
            Ok(())
        })
    }

    fn list_dead(&mut self) -> Result<()> {
        let prefix = self.store.layout.store_dir().as_str();
        let leftovers = self.leftovers()?;
        let paths = &mut self.results.paths;
        paths.extend(leftovers.iter().map(|name| format!("{prefix}/{name}")));
        self.store.db.read(|q| {
            for id in &self.marks.dead {
                paths.extend(q.path(*id)?);
            }
            Ok(())
        })
    }

    fn delete_dead(&mut self) -> Result<()> {
        if self.max_freed == 0 {
            return Ok(());
        }
        for name in self.leftovers()? {
            self.delete_leftover(&name)?;
            if self.is_enough() {
                return Ok(());
            }
        }
        self.delete_rows(&self.marks.dead)
    }

    fn delete_specific(&mut self, items: &BTreeSet<StorePath>) -> Result<()> {
        let mut ids = Vec::new();
        let mut leftovers = Vec::new();
        for item in items {
            let path = self.store.layout.display(item);
            match self.store.db.read(|q| q.id(&path))? {
                Some(id) if self.marks.alive.contains(&id) => return Err(Error::Alive { path }),
                Some(id) => ids.push(id),
                None if self.temporary.contains(item.as_str()) => {
                    return Err(Error::Alive { path });
                }
                None => leftovers.push(item.as_str()),
            }
        }
        self.delete_rows(&ids)?;
        leftovers.into_iter().try_for_each(|name| self.delete_leftover(name))
    }

    /// The files in the store directory that belong to no valid item and that nobody is making.
    fn leftovers(&self) -> Result<Vec<String>> {
        let dir = self.store.layout.physical_store();
        let mut names = Vec::new();
        self.store.db.read(|q| {
            for entry in fs::read_dir(dir).at("reading directory", dir)? {
                let entry = entry.at("reading directory", dir)?;
                let name = entry.file_name();
                // No item of ours can have a name that is no text; leave it to its maker.
                let Some(name) = name.to_str() else { continue };
                if name == ".links" || name == TEMP_NAME || self.is_in_use(name) {
                    continue;
                }
                if name == "trash" && !is_old(&entry.path()) {
                    // guix-daemon may be emptying it right now.
                    continue;
                }
                let valid = match StorePath::from_base_name(name) {
                    Ok(item) => q.id(&self.store.layout.display(&item))?.is_some(),
                    Err(_) => false,
                };
                if !valid {
                    names.push(name.to_owned());
                }
            }
            Ok(())
        })?;
        Ok(names)
    }

    /// Whether NAME is a temporary root, or a lock or build root that belongs to one.
    fn is_in_use(&self, name: &str) -> bool {
        let of = |suffix| name.strip_suffix(suffix).is_some_and(|n| self.temporary.contains(n));
        self.temporary.contains(name) || of(".lock") || of(".chroot")
    }

    fn delete_leftover(&mut self, name: &str) -> Result<()> {
        let file = self.store.layout.physical_store().join(name);
        let size = disk_usage(&file).unwrap_or(0);
        if self.throw_away(name)? {
            self.estimate = self.estimate.saturating_add(size);
            self.results.paths.push(format!("{}/{name}", self.store.layout.store_dir().as_str()));
        }
        Ok(())
    }

    fn is_enough(&self) -> bool {
        self.estimate > self.max_freed
    }

    /// Delete the dead items IDS and all their referrers, referrers first, until it is enough.
    fn delete_rows(&mut self, ids: &[i64]) -> Result<()> {
        let mut seen = HashSet::new();
        let mut batch = Vec::new();
        for id in ids {
            // Post-order over referrers; each frame is an item and whether its referrers are done.
            let mut stack = vec![(*id, false)];
            while let Some((id, done)) = stack.pop() {
                if done {
                    batch.push(id);
                    if batch.len() >= BATCH {
                        self.delete_batch(&std::mem::take(&mut batch))?;
                        if self.is_enough() {
                            return Ok(());
                        }
                    }
                } else if seen.insert(id) {
                    stack.push((id, true));
                    let referrers = self.store.db.read(|q| q.referrer_ids(id))?;
                    let others = referrers.into_iter().filter(|r| *r != id && !seen.contains(r));
                    stack.extend(others.map(|r| (r, false)));
                }
            }
        }
        self.delete_batch(&batch)
    }

    /// Delete the rows IDS, in this order, in one transaction, and then their files.
    fn delete_batch(&mut self, ids: &[i64]) -> Result<()> {
        let (max_freed, mut estimate) = (self.max_freed, self.estimate);
        let alive = &self.marks.alive;
        let paths = self.store.db.write(|q| {
            let mut paths = Vec::new();
            for id in ids {
                // What was registered since, and what is alive, stays, and so does what it uses.
                let used = q.referrer_ids(*id)?.into_iter().any(|referrer| referrer != *id);
                let Some((path, _, size)) = q.row_of_id(*id)? else { continue };
                if used || alive.contains(id) || self.is_newly_in_use(&path) {
                    continue;
                }
                q.delete(*id)?;
                paths.push(path);
                estimate = estimate.saturating_add(size);
                if estimate > max_freed {
                    break;
                }
            }
            Ok(paths)
        })?;
        self.estimate = estimate;
        for path in paths {
            // A path that is not in the store has no file that is ours to delete.
            if let Ok(item) = self.store.layout.parse(&path) {
                self.throw_away(item.as_str())?;
            }
            self.results.paths.push(path);
        }
        Ok(())
    }

    fn is_newly_in_use(&self, path: &str) -> bool {
        path.rsplit('/').next().is_some_and(|name| self.temporary.contains(name))
    }

    /// Move the file NAME of the store directory to the trash; false: it is not there.
    fn throw_away(&self, name: &str) -> Result<bool> {
        let file = self.store.layout.physical_store().join(name);
        if lstat(&file)?.is_none() {
            return Ok(false);
        }
        move_file(&file, &self.trash.join(name))?;
        Ok(true)
    }
}

fn is_old(path: &Path) -> bool {
    let age = fs::symlink_metadata(path).and_then(|meta| meta.modified()).ok();
    let age = age.and_then(|modified| SystemTime::now().duration_since(modified).ok());
    age.is_some_and(|age| age > Duration::from_secs(24 * 60 * 60))
}
