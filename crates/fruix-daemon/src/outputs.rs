// SPDX-License-Identifier: GPL-3.0-or-later
//! From what a build left behind to valid store items (`registerOutputs` in `nix/libstore/build.cc`).
//!
//! All is done in a directory that nobody else can enter, on files that the build cannot reach any
//! more; only what was found good is moved to the store.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, BufReader};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use fruix_core::derivation::{Derivation, OutputContents};
use fruix_core::hash::{Hash, HashAlgorithm, Hasher};
use fruix_core::store_path::{HashMethod, StorePath};
use fruix_store::{PathInfo, Store, canonicalise, nar, scan};

use crate::environment::words;
use crate::error::{Error, ReferenceRule, Result};
use crate::workspace::Workspace;

/// What a build made.
pub(crate) struct Made<'a> {
    pub(crate) store: &'a Store,
    pub(crate) drv: &'a StorePath,
    pub(crate) derivation: &'a Derivation,
    /// The outputs that count; others are ignored.
    pub(crate) wanted: &'a BTreeSet<StorePath>,
    /// The closure of the inputs.
    pub(crate) inputs: &'a BTreeSet<StorePath>,
}

impl Made<'_> {
    fn show(&self, item: &StorePath) -> String {
        self.store.layout().display(item)
    }

    /// Take the outputs out of WORKSPACE's reach, make their metadata canonical, and check and
    /// describe them. They then lie in the workspace's `outputs`.
    pub(crate) fn examine(&self, workspace: &Workspace) -> Result<Vec<PathInfo>> {
        let (uid, _) = workspace.ids();
        let foreign = (uid != rustix::process::geteuid().as_raw()).then_some(uid);
        for item in self.wanted {
            self.take(workspace, item, foreign)?;
        }
        // In one walk, so that hard links between outputs are known for what they are.
        let dir = workspace.outputs();
        canonicalise(&dir, foreign)?;
        let writable = fs::Permissions::from_mode(0o700);
        fs::set_permissions(&dir, writable).map_err(Error::io("changing mode of", &dir))?;
        let mut infos = Vec::new();
        for output in self.derivation.outputs.values() {
            if let Some(item) = output.path.as_ref().filter(|item| self.wanted.contains(*item)) {
                infos.push(self.describe(&dir.join(item.as_str()), item, &output.contents)?);
            }
        }
        self.check_references(&infos)?;
        Ok(infos)
    }

    fn take(&self, workspace: &Workspace, item: &StorePath, foreign: Option<u32>) -> Result<()> {
        let from = workspace.store().join(item.as_str());
        let to = workspace.outputs().join(item.as_str());
        let meta = match fs::symlink_metadata(&from) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                let (drv, output) = (self.show(self.drv), self.show(item));
                return Err(Error::MissingOutput { drv, output });
            }
            other => other.map_err(Error::io("examining", &from))?,
        };
        let open = !meta.is_symlink() && meta.mode() & 0o022 != 0;
        if open || foreign.is_some_and(|uid| meta.uid() != uid) {
            return Err(Error::SuspiciousOutput { output: self.show(item) });
        }
        if self.derivation.fixed_output().is_some() {
            // Such a build had a network, through which it may have handed out a descriptor of one
            // of its files: other files take their place.
            return copy(&from, &to, foreign);
        }
        if meta.is_dir() {
            // Only a writable directory can be moved to another one.
            let mode = fs::Permissions::from_mode(meta.mode() & 0o777 | 0o700);
            fs::set_permissions(&from, mode).map_err(Error::io("changing mode of", &from))?;
        }
        fs::rename(&from, &to).map_err(Error::io("renaming", &from))
    }

    fn describe(&self, file: &Path, item: &StorePath, known: &OutputContents) -> Result<PathInfo> {
        let candidates =
            self.inputs.iter().chain(self.derivation.outputs.values().flat_map(|o| &o.path));
        let scanned = scan(file, candidates)?;
        if let OutputContents::Fixed(method, expected) = known {
            let actual = match method {
                HashMethod::Flat => self.hash_flat(file, item, expected.algorithm())?,
                HashMethod::Recursive if expected.algorithm() == HashAlgorithm::Sha256 => {
                    scanned.nar_hash
                }
                HashMethod::Recursive => {
                    let mut hasher = Hasher::new(expected.algorithm());
                    nar::dump(file, &mut hasher)?;
                    hasher.finish()
                }
            };
            if actual != *expected {
                let (expected, actual) = (Box::new(*expected), Box::new(actual));
                let output = self.show(item);
                return Err(Error::HashMismatch { output, expected, actual });
            }
        }
        let mut info = PathInfo::new(item.clone(), scanned.nar_hash, scanned.nar_size);
        info.references = scanned.references;
        info.deriver = Some(self.drv.clone());
        Ok(info)
    }

    fn hash_flat(&self, file: &Path, item: &StorePath, algorithm: HashAlgorithm) -> Result<Hash> {
        let meta = fs::symlink_metadata(file).map_err(Error::io("examining", file))?;
        if !meta.is_file() || meta.mode() & 0o100 != 0 {
            return Err(Error::NotAFile { output: self.show(item) });
        }
        let mut opened = File::open(file).map_err(Error::io("opening", file))?;
        let mut hasher = Hasher::new(algorithm);
        io::copy(&mut opened, &mut hasher).map_err(Error::io("reading", file))?;
        Ok(hasher.finish())
    }

    /// Enforce `allowedReferences` and its kin.
    fn check_references(&self, infos: &[PathInfo]) -> Result<()> {
        let made: BTreeMap<&StorePath, &PathInfo> =
            infos.iter().map(|info| (&info.path, info)).collect();
        for rule in ReferenceRule::ALL {
            if !self.derivation.env.contains_key(rule.attribute()) {
                continue;
            }
            let listed = self.reference_list(rule)?;
            for info in infos {
                let used = if rule.is_transitive() {
                    self.requisites(info, &made)?
                } else {
                    info.references.clone()
                };
                let wrong = used.iter().find(|i| listed.contains(*i) != rule.is_allowed_list());
                if let Some(reference) = wrong {
                    return Err(Error::ForbiddenReference {
                        output: self.show(&info.path),
                        reference: self.show(reference),
                        rule,
                    });
                }
            }
        }
        Ok(())
    }

    /// The items that an attribute lists by their paths or as names of outputs.
    fn reference_list(&self, rule: ReferenceRule) -> Result<BTreeSet<StorePath>> {
        let attribute = rule.attribute();
        words(self.derivation, attribute)
            .map(|word| {
                let output = self.derivation.outputs.get(word).and_then(|o| o.path.clone());
                output.or_else(|| self.store.layout().parse(word).ok()).ok_or_else(|| {
                    Error::Attribute {
                        drv: self.show(self.drv),
                        attribute,
                        reason: format!("`{word}' is neither a store path nor an output"),
                    }
                })
            })
            .collect()
    }

    /// What INFO's references need, those that are made just now included.
    fn requisites(
        &self,
        info: &PathInfo,
        made: &BTreeMap<&StorePath, &PathInfo>,
    ) -> Result<BTreeSet<StorePath>> {
        let mut used = BTreeSet::new();
        let mut seen = BTreeSet::from([&info.path]);
        let mut todo = vec![info];
        let mut valid = BTreeSet::new();
        while let Some(info) = todo.pop() {
            for reference in info.references.iter().filter(|r| seen.insert(r)) {
                used.insert(reference.clone());
                match made.get(reference) {
                    Some(info) => todo.push(info),
                    None => {
                        valid.insert(reference);
                    }
                }
            }
        }
        used.extend(self.store.requisites(valid)?);
        Ok(used)
    }

    /// Move the examined outputs to the store and register them, all or none.
    pub(crate) fn register(&self, workspace: &Workspace, infos: &[PathInfo]) -> Result<()> {
        for info in infos {
            self.store.place_output(&self.examined(workspace, &info.path), &info.path)?;
        }
        let registered = self.store.register_valid_paths(infos);
        if registered.is_err() {
            for info in infos {
                let _ = self.store.discard(&info.path);
            }
        }
        Ok(registered?)
    }

    /// Where the examined output ITEM lies.
    pub(crate) fn examined(&self, workspace: &Workspace, item: &StorePath) -> PathBuf {
        workspace.outputs().join(item.as_str())
    }
}

/// Copy the tree FROM to TO, which does not exist; the copy belongs to UID.
fn copy(from: &Path, to: &Path, uid: Option<u32>) -> Result<()> {
    let (reader, writer) = io::pipe().map_err(Error::io("copying", from))?;
    std::thread::scope(|scope| {
        let dump = scope.spawn(move || nar::dump(from, io::BufWriter::new(writer)));
        let mut source = BufReader::with_capacity(64 * 1024, reader);
        let restored = nar::restore(to, &mut source, |_| ());
        // Let the writer see its reader go, should the restoration have failed.
        drop(source);
        match dump.join() {
            // A failed restoration makes the dump fail as well; the cause is the former.
            Ok(dumped) => restored.and(dumped),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })?;
    let mut todo = vec![to.to_path_buf()];
    while let (Some(path), Some(uid)) = (todo.pop(), uid) {
        let meta = fs::symlink_metadata(&path).map_err(Error::io("examining", &path))?;
        std::os::unix::fs::lchown(&path, Some(uid), None)
            .map_err(Error::io("changing owner of", &path))?;
        if meta.is_dir() {
            for entry in fs::read_dir(&path).map_err(Error::io("reading directory", &path))? {
                todo.push(entry.map_err(Error::io("reading directory", &path))?.path());
            }
        }
    }
    Ok(())
}
