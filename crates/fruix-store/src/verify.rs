// SPDX-License-Identifier: GPL-3.0-or-later
//! Checking the store against its database (`verifyStore`).

use std::collections::{HashMap, HashSet};
use std::fs;

use fruix_core::hash::{Hash, HashAlgorithm};
use fruix_core::store_path::StorePath;

use crate::db::Queries;
use crate::error::{IoContext, Result};
use crate::fsutil::lstat;
use crate::locks::{FileLock, Mode};
use crate::nar::hash_path;
use crate::store::Store;

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// SQLite finds its file damaged; in its words.
    Database(String),
    /// The database names something that is no store path of this store.
    NotInStore(String),
    /// A registered item without a file and without valid referrers. It is always unregistered.
    Disappeared(StorePath),
    /// A registered item without a file, to which valid items refer.
    Missing(StorePath),
    /// An item whose contents differ from what was registered.
    Modified {
        /// The item.
        path: StorePath,
        /// Registered SHA-256 of its archive.
        expected: Hash,
        /// What it is now.
        got: Hash,
    },
    /// An item that cannot be read.
    Unreadable {
        /// The item.
        path: StorePath,
        /// Why.
        reason: String,
    },
    /// A file of `.links` whose contents do not have the hash that it is named by.
    BadLink(String),
}

/// What a check has found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VerifyReport {
    /// Items looked at.
    pub checked: u64,
    /// What was put right.
    pub repaired: Vec<Problem>,
    /// What remains wrong.
    pub remaining: Vec<Problem>,
}

impl VerifyReport {
    /// Whether nothing remains wrong.
    pub fn is_clean(&self) -> bool {
        self.remaining.is_empty()
    }
}

/// Makes an item anew from elsewhere; false if it cannot.
pub type Repair<'a> = dyn FnMut(&StorePath) -> Result<bool> + 'a;

impl Store {
    /// Repack the database, so that it takes less space (`guix gc --vacuum-database`).
    pub fn vacuum_database(&self) -> Result<()> {
        self.db.vacuum()
    }

    /// Check that all registered items exist and, with CHECK_CONTENTS, that their contents and
    /// those of `.links` are what was registered.
    ///
    /// Rows of items that have disappeared and that nothing needs are deleted, as guix-daemon does.
    /// With REPAIR, the rest of the damage is put right where that is possible: bad links and
    /// foreign rows are deleted, unknown sizes are filled in, and REPAIR is called for lost and
    /// modified items.
    pub fn verify(
        &self,
        check_contents: bool,
        mut repair: Option<&mut Repair<'_>>,
    ) -> Result<VerifyReport> {
        let mut report = VerifyReport::default();
        let problems = self.db.read(|q| q.integrity_problems())?;
        report.remaining.extend(problems.into_iter().map(Problem::Database));

        let gc_lock = FileLock::acquire(&self.layout.gc_lock_file(), Mode::Exclusive)?;
        let missing = self.check_existence(repair.is_some(), &mut report)?;
        drop(gc_lock);

        for item in missing {
            mend(Problem::Missing(item.clone()), &item, &mut repair, &mut report)?;
        }
        if check_contents {
            self.check_all_contents(&mut repair, &mut report)?;
            self.check_links(repair.is_some(), &mut report)?;
        }
        Ok(report)
    }

    /// Compare rows with files, and delete the rows that can go. The result is the items that are
    /// missing although others need them.
    fn check_existence(&self, repair: bool, report: &mut VerifyReport) -> Result<Vec<StorePath>> {
        let store = self.layout.physical_store();
        let mut files = HashSet::new();
        for entry in fs::read_dir(store).at("reading directory", store)? {
            files.extend(entry.at("reading directory", store)?.file_name().into_string());
        }
        self.db.write(|q| {
            let mut absent: HashMap<i64, StorePath> = HashMap::new();
            let mut foreign = Vec::new();
            q.each_path(|id, path| {
                report.checked += 1;
                match self.layout.parse(&path) {
                    Ok(item) if files.contains(item.as_str()) => {}
                    Ok(item) => {
                        absent.insert(id, item);
                    }
                    Err(_) => foreign.push((id, path)),
                }
                Ok(())
            })?;
            for (id, path) in foreign {
                let free = q.referrer_ids(id)?.iter().all(|referrer| *referrer == id);
                if repair && free {
                    q.delete(id)?;
                    report.repaired.push(Problem::NotInStore(path));
                } else {
                    report.remaining.push(Problem::NotInStore(path));
                }
            }
            let needed = needed_among(q, &absent)?;
            delete_unneeded(q, &absent, &needed)?;
            let (lost, gone): (Vec<_>, Vec<_>) =
                absent.into_iter().partition(|(id, _)| needed.contains(id));
            report.repaired.extend(gone.into_iter().map(|(_, item)| Problem::Disappeared(item)));
            Ok(lost.into_iter().map(|(_, item)| item).collect())
        })
    }

    fn check_all_contents(
        &self,
        repair: &mut Option<&mut Repair<'_>>,
        report: &mut VerifyReport,
    ) -> Result<()> {
        let mut items = Vec::new();
        self.for_each_valid_path(|item| {
            items.push(item);
            Ok(())
        })?;
        for item in items {
            if lstat(&self.physical(&item))?.is_none() {
                continue; // missing: reported already
            }
            // It may have been collected meanwhile.
            let Some(info) = self.query_path_info(&item)? else { continue };
            match hash_path(&self.physical(&item)) {
                Ok((got, size)) if got == info.nar_hash || is_unknown(&info.nar_hash) => {
                    if repair.is_some() && (info.nar_size == 0 || is_unknown(&info.nar_hash)) {
                        let size = i64::try_from(size).ok();
                        let hash = got.to_prefixed_base16();
                        self.db.write(|q| q.update(self.valid_id(q, &item)?, &hash, size))?;
                    }
                }
                Ok((got, _)) => {
                    let expected = info.nar_hash;
                    let problem = Problem::Modified { path: item.clone(), expected, got };
                    mend(problem, &item, repair, report)?;
                }
                Err(_) if !self.is_valid_path(&item)? => {}
                Err(e) => {
                    let problem = Problem::Unreadable { path: item.clone(), reason: e.to_string() };
                    mend(problem, &item, repair, report)?;
                }
            }
        }
        Ok(())
    }

    /// A bad link would spread its contents to the next file of that hash.
    fn check_links(&self, repair: bool, report: &mut VerifyReport) -> Result<()> {
        let dir = self.layout.links_dir();
        for entry in fs::read_dir(&dir).at("reading directory", &dir)? {
            let path = entry.at("reading directory", &dir)?.path();
            if lstat(&path)?.is_none_or(|meta| !meta.is_file()) {
                continue;
            }
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if hash_path(&path).is_ok_and(|(hash, _)| hash.to_base32() == name) {
                continue;
            }
            if repair && fs::remove_file(&path).is_ok() {
                report.repaired.push(Problem::BadLink(name));
            } else {
                report.remaining.push(Problem::BadLink(name));
            }
        }
        Ok(())
    }
}

/// Old databases hold all zeroes for a hash that was never computed.
fn is_unknown(hash: &Hash) -> bool {
    hash.algorithm() == HashAlgorithm::Sha256 && hash.as_bytes().iter().all(|byte| *byte == 0)
}

fn mend(
    problem: Problem,
    item: &StorePath,
    repair: &mut Option<&mut Repair<'_>>,
    report: &mut VerifyReport,
) -> Result<()> {
    let mended = match repair {
        Some(repair) => repair(item)?,
        None => false,
    };
    let list = if mended { &mut report.repaired } else { &mut report.remaining };
    list.push(problem);
    Ok(())
}

/// Those of ABSENT that items with files need, directly or through others that are absent.
fn needed_among(q: &Queries<'_>, absent: &HashMap<i64, StorePath>) -> Result<HashSet<i64>> {
    let mut needed = HashSet::new();
    let mut todo = Vec::new();
    for id in absent.keys() {
        if q.referrer_ids(*id)?.iter().any(|referrer| !absent.contains_key(referrer))
            && needed.insert(*id)
        {
            todo.push(*id);
        }
    }
    while let Some(id) = todo.pop() {
        for reference in q.reference_ids(id)? {
            if absent.contains_key(&reference) && needed.insert(reference) {
                todo.push(reference);
            }
        }
    }
    Ok(needed)
}

/// Delete the rows of those ABSENT that are not NEEDED, referrers first.
fn delete_unneeded(
    q: &Queries<'_>,
    absent: &HashMap<i64, StorePath>,
    needed: &HashSet<i64>,
) -> Result<()> {
    let mut seen = HashSet::new();
    for start in absent.keys().filter(|id| !needed.contains(id)) {
        let mut stack = vec![(*start, false)];
        while let Some((id, done)) = stack.pop() {
            if done {
                q.delete(id)?;
            } else if seen.insert(id) {
                stack.push((id, true));
                let referrers = q.referrer_ids(id)?;
                stack.extend(
                    referrers.into_iter().filter(|r| !seen.contains(r)).map(|r| (r, false)),
                );
            }
        }
    }
    Ok(())
}
