// SPDX-License-Identifier: GPL-3.0-or-later
//! Questions to the store that change nothing.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use fruix_core::hash::Hash;
use fruix_core::store_path::{HashPart, StorePath};
use fruix_protocol::PathInfo;

use crate::db::Queries;
use crate::error::{Error, Result};
use crate::store::Store;

impl Store {
    /// Whether ITEM is registered.
    pub fn is_valid_path(&self, item: &StorePath) -> Result<bool> {
        let path = self.layout.display(item);
        self.db.read(|q| Ok(q.id(&path)?.is_some()))
    }

    /// Those of ITEMS that are registered.
    pub fn query_valid_paths<'a>(
        &self,
        items: impl IntoIterator<Item = &'a StorePath>,
    ) -> Result<BTreeSet<StorePath>> {
        self.db.read(|q| {
            let mut valid = BTreeSet::new();
            for item in items {
                if q.id(&self.layout.display(item))?.is_some() {
                    valid.insert(item.clone());
                }
            }
            Ok(valid)
        })
    }

    /// Call FOUND with every registered item, in no particular order, without holding all of them
    /// in memory.
    pub fn for_each_valid_path(
        &self,
        mut found: impl FnMut(StorePath) -> Result<()>,
    ) -> Result<()> {
        self.db.read(|q| q.each_path(|_, path| found(self.item(&path)?)))
    }

    /// What is known of ITEM; `None` if it is not registered.
    pub fn query_path_info(&self, item: &StorePath) -> Result<Option<PathInfo>> {
        self.db.read(|q| self.path_info(q, item))
    }

    pub(crate) fn path_info(&self, q: &Queries<'_>, item: &StorePath) -> Result<Option<PathInfo>> {
        let path = self.layout.display(item);
        let Some(row) = q.row(&path)? else { return Ok(None) };
        let nar_hash: Hash = row
            .hash
            .parse()
            .map_err(|e| self.db.corrupt(format!("hash `{}' of `{path}': {e}", row.hash)))?;
        let deriver = row.deriver.filter(|d| !d.is_empty());
        Ok(Some(PathInfo {
            path: item.clone(),
            nar_hash,
            nar_size: row.nar_size.map_or(0, i64::unsigned_abs),
            references: self.items(q.references(row.id)?)?,
            deriver: deriver.map(|d| self.item(&d)).transpose()?,
            registration_time: row.registration_time,
        }))
    }

    /// What ITEM refers to.
    pub fn references(&self, item: &StorePath) -> Result<BTreeSet<StorePath>> {
        self.db.read(|q| self.items(q.references(self.valid_id(q, item)?)?))
    }

    /// The valid items that refer to ITEM, which need not be valid itself.
    pub fn referrers(&self, item: &StorePath) -> Result<BTreeSet<StorePath>> {
        let path = self.layout.display(item);
        self.db.read(|q| self.items(q.referrers(&path)?))
    }

    /// ITEMS and all that they refer to, directly or not.
    pub fn requisites<'a>(
        &self,
        items: impl IntoIterator<Item = &'a StorePath>,
    ) -> Result<BTreeSet<StorePath>> {
        self.db.read(|q| {
            let mut todo = Vec::new();
            for item in items {
                todo.push(self.valid_id(q, item)?);
            }
            let mut seen: HashSet<i64> = todo.iter().copied().collect();
            let mut closure = BTreeSet::new();
            while let Some(id) = todo.pop() {
                // A row may go while we look; then nothing referred to it any more.
                if let Some(path) = q.path(id)? {
                    closure.insert(self.item(&path)?);
                }
                todo.extend(q.reference_ids(id)?.into_iter().filter(|id| seen.insert(*id)));
            }
            Ok(closure)
        })
    }

    /// ITEMS with all that they refer to, each after everything it refers to.
    pub fn requisites_sorted<'a>(
        &self,
        items: impl IntoIterator<Item = &'a StorePath>,
    ) -> Result<Vec<StorePath>> {
        enum Step {
            Enter(i64),
            Leave(i64),
        }
        self.db.read(|q| {
            let mut steps = Vec::new();
            for item in items {
                steps.push(Step::Enter(self.valid_id(q, item)?));
            }
            steps.reverse();
            let (mut seen, mut sorted) = (HashSet::new(), Vec::new());
            while let Some(step) = steps.pop() {
                match step {
                    Step::Enter(id) if seen.insert(id) => {
                        steps.push(Step::Leave(id));
                        let next = q.reference_ids(id)?;
                        steps.extend(
                            next.into_iter().filter(|n| !seen.contains(n)).map(Step::Enter),
                        );
                    }
                    Step::Enter(_) => {}
                    Step::Leave(id) => {
                        if let Some(path) = q.path(id)? {
                            sorted.push(self.item(&path)?);
                        }
                    }
                }
            }
            Ok(sorted)
        })
    }

    /// The derivation that made ITEM, if that is known; it need not be valid.
    pub fn query_deriver(&self, item: &StorePath) -> Result<Option<StorePath>> {
        let path = self.layout.display(item);
        let row = self.db.read(|q| q.row(&path))?.ok_or(Error::NotValid { path })?;
        row.deriver.filter(|d| !d.is_empty()).map(|d| self.item(&d)).transpose()
    }

    /// The valid derivations among whose outputs ITEM is.
    pub fn query_valid_derivers(&self, item: &StorePath) -> Result<BTreeSet<StorePath>> {
        let path = self.layout.display(item);
        self.db.read(|q| self.items(q.derivers(&path)?.into_iter().map(|(_, path)| path)))
    }

    /// The outputs of the valid derivation DRV, by name. They need not be valid.
    pub fn query_derivation_outputs(&self, drv: &StorePath) -> Result<BTreeMap<String, StorePath>> {
        self.db.read(|q| {
            let outputs = q.outputs(self.valid_id(q, drv)?)?;
            outputs.into_iter().map(|(name, path)| Ok((name, self.item(&path)?))).collect()
        })
    }

    /// The valid item whose name begins with HASH_PART.
    pub fn query_path_from_hash_part(&self, hash_part: &HashPart) -> Result<Option<StorePath>> {
        let prefix = format!("{}/{hash_part}", self.layout.store_dir().as_str());
        let first = self.db.read(|q| q.first_from(&prefix))?;
        first.filter(|path| path.starts_with(&prefix)).map(|path| self.item(&path)).transpose()
    }

    /// Remember that ITEM could not be built.
    pub fn register_failed_path(&self, item: &StorePath) -> Result<()> {
        let path = self.layout.display(item);
        self.db.write(|q| q.insert_failed(&path, crate::register::now()))
    }

    /// Whether ITEM could not be built before.
    pub fn has_path_failed(&self, item: &StorePath) -> Result<bool> {
        let path = self.layout.display(item);
        self.db.read(|q| q.has_failed(&path))
    }

    /// Everything that could not be built.
    pub fn query_failed_paths(&self) -> Result<BTreeSet<StorePath>> {
        self.db.read(|q| self.items(q.failed()?))
    }

    /// Forget that ITEMS, or the outputs of those that are derivations, could not be built.
    pub fn clear_failed_paths<'a>(
        &self,
        items: impl IntoIterator<Item = &'a StorePath>,
    ) -> Result<()> {
        self.db.write(|q| {
            items.into_iter().try_for_each(|item| q.delete_failed(&self.layout.display(item)))
        })
    }

    /// Forget all failures.
    pub fn clear_all_failed_paths(&self) -> Result<()> {
        self.db.write(|q| q.delete_failed("*"))
    }

    pub(crate) fn valid_id(&self, q: &Queries<'_>, item: &StorePath) -> Result<i64> {
        let path = self.layout.display(item);
        q.id(&path)?.ok_or(Error::NotValid { path })
    }

    /// The item that the database calls PATH.
    pub(crate) fn item(&self, path: &str) -> Result<StorePath> {
        self.layout
            .store_dir()
            .parse(path)
            .map_err(|e| self.db.corrupt(format!("it names `{path}': {e}")))
    }

    fn items(&self, paths: impl IntoIterator<Item = String>) -> Result<BTreeSet<StorePath>> {
        paths.into_iter().map(|path| self.item(&path)).collect()
    }
}
