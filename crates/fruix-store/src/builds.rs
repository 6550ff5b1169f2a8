// SPDX-License-Identifier: GPL-3.0-or-later
//! From what a build left behind to valid store items (`registerOutputs` in `nix/libstore/build.cc`).
//!
//! A build works in a [`BuildDir`], which hands out the places where it may write. When it is over,
//! [`Store::take_outputs`] takes what it made out of its reach, into a directory that nobody else can
//! enter, and makes metadata canonical, hashes and scans there. Whoever schedules builds judges the
//! result, [`Outputs`], and hands it to [`Store::register_outputs`]; nothing else moves files into the
//! store directory for a build.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, BufReader, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use fruix_core::derivation::{Derivation, OutputContents};
use fruix_core::hash::{Hash, HashAlgorithm, Hasher};
use fruix_core::references::Scanner;
use fruix_core::store_path::{HashMethod, StorePath};
use fruix_protocol::PathInfo;

use crate::canonical::canonicalise;
use crate::error::{Error, IoContext, Result};
use crate::fsutil::lstat;
use crate::nar;
use crate::store::Store;
use crate::tempspace::TempPath;
use crate::walk::{delete_tree, give, move_file};

/// Who makes the outputs of a build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Maker {
    /// An isolated process, whose files belong to this user and group on the host.
    Process {
        /// The user ID.
        uid: u32,
        /// The group ID.
        gid: u32,
    },
    /// This process itself: nobody else has had the files in hand.
    Here,
}

/// The directories of one build, deleted when dropped:
///
/// - what the build sees as the store directory, its inputs bound below it, where it makes its
///   outputs. It lies on the store's file system in a directory that only the store's owner can enter;
/// - the build directory `guix-build-NAME-N`, which only the store's owner can enter either, so that
///   nobody reaches what a build leaves there; the build has `top` below it.
pub struct BuildDir {
    scratch: TempPath,
    build: Option<PathBuf>,
    maker: Maker,
}

impl BuildDir {
    /// Who makes the outputs.
    pub fn maker(&self) -> Maker {
        self.maker
    }

    /// What the build sees as the store directory.
    pub fn store_view(&self) -> PathBuf {
        self.scratch.0.join("store")
    }

    /// Where the build makes the output ITEM, as seen from here.
    pub fn place_of(&self, item: &StorePath) -> PathBuf {
        self.store_view().join(item.as_str())
    }

    /// The build's own directory.
    pub fn top(&self) -> PathBuf {
        self.build.as_ref().unwrap_or(&self.scratch.0).join("top")
    }

    /// Keep the build directory for people to look at, and give it to OWNER. The result is its name;
    /// what this process made has none.
    pub fn keep(&mut self, owner: Option<(u32, u32)>) -> Result<Option<PathBuf>> {
        let Some(dir) = self.build.take() else { return Ok(None) };
        // Root's files stay root's: a build may have made links to files of others.
        let top = dir.join("top");
        if let Some((uid, gid)) = owner.filter(|(uid, _)| *uid != 0) {
            give(&top, uid, (gid != 0).then_some(gid))?;
        }
        fs::set_permissions(&top, fs::Permissions::from_mode(0o755))
            .at_write("changing mode of", &top)?;
        // `top` takes the place of its parent.
        let mut pivot = dir.clone().into_os_string();
        pivot.push(".pivot");
        let pivot = PathBuf::from(pivot);
        let rename = |from: &Path, to: &Path| fs::rename(from, to).at_write("renaming", from);
        rename(&dir, &pivot)?;
        rename(&pivot.join("top"), &dir)?;
        fs::remove_dir(&pivot).at_write("deleting", &pivot)?;
        Ok(Some(dir))
    }
}

impl Drop for BuildDir {
    fn drop(&mut self) {
        if let Some(dir) = self.build.take() {
            let _ = delete_tree(&dir);
        }
    }
}

/// What is to be taken over from a build.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The derivation that was built.
    pub drv: &'a StorePath,
    /// Its contents.
    pub derivation: &'a Derivation,
    /// The outputs that count; others are ignored.
    pub outputs: &'a BTreeSet<StorePath>,
    /// The closure of the inputs, which outputs may refer to.
    pub inputs: &'a BTreeSet<StorePath>,
}

/// Outputs of a build: out of its reach, canonical, hashed and scanned, but not yet in the store.
pub struct Outputs {
    dir: TempPath,
    infos: Vec<PathInfo>,
}

impl Outputs {
    /// What they will be registered as, in the order of the derivation's outputs.
    pub fn infos(&self) -> &[PathInfo] {
        &self.infos
    }

    /// Delete the files: what is known of them is all that is still wanted.
    pub fn forget_files(&self) -> Result<()> {
        delete_tree(&self.dir.0).map(drop)
    }

    fn place_of(&self, item: &StorePath) -> PathBuf {
        self.dir.0.join(item.as_str())
    }
}

impl Store {
    /// Make the directories for a build of the derivation file called NAME by MAKER, an isolated
    /// process's build directory in ROOT.
    pub fn build_dir(&self, maker: Maker, root: &Path, name: &str) -> Result<BuildDir> {
        let scratch = self.private_temp()?;
        let mut dir = BuildDir { scratch, build: None, maker };
        let view = dir.store_view();
        make_private(&view)?;
        match maker {
            Maker::Here => make_private(&dir.top())?,
            Maker::Process { uid, gid } => {
                fs::set_permissions(&view, fs::Permissions::from_mode(0o1775))
                    .at_write("changing mode of", &view)?;
                chown(&view, None, Some(gid)).at_write("changing owner of", &view)?;
                dir.build = Some(make_build_directory(root, name)?);
                let top = dir.top();
                make_private(&top)?;
                chown(&top, Some(uid), Some(gid)).at_write("changing owner of", &top)?;
            }
        }
        Ok(dir)
    }

    /// Take what WANTED names out of the reach of the build in DIR, whose processes are all dead; make
    /// its metadata canonical, compare fixed outputs with their hashes, and find the references.
    ///
    /// # Errors
    /// [`Error::MissingOutput`], [`Error::SuspiciousOutput`], [`Error::InvalidOwner`],
    /// [`Error::UnsupportedType`], [`Error::NotAFile`] and [`Error::HashMismatch`] are the build's
    /// fault.
    pub fn take_outputs(&self, dir: &BuildDir, wanted: &Wanted<'_>) -> Result<Outputs> {
        let taken = self.private_temp()?;
        let foreign = match dir.maker {
            Maker::Process { uid, .. } if uid != rustix::process::geteuid().as_raw() => Some(uid),
            _ => None,
        };
        // A fixed output's builder had a network, through which it may have handed out a descriptor
        // of one of its files: other files take their place.
        let copied = dir.maker != Maker::Here && wanted.derivation.fixed_output().is_some();
        let mut places = Vec::new();
        for item in wanted.outputs {
            let (from, to) = (dir.place_of(item), taken.0.join(item.as_str()));
            let Some(meta) = lstat(&from)? else {
                let (drv, output) = (self.layout.display(wanted.drv), self.layout.display(item));
                return Err(Error::MissingOutput { drv, output });
            };
            let open = !meta.is_symlink() && meta.mode() & 0o022 != 0;
            // Nobody else could reach what this process has made, whatever the umask.
            let suspicious =
                (open && dir.maker != Maker::Here) || foreign.is_some_and(|uid| meta.uid() != uid);
            if suspicious {
                return Err(Error::SuspiciousOutput { output: self.layout.display(item) });
            }
            if copied {
                copy(&from, &to)?;
            } else {
                move_file(&from, &to)?;
            }
            places.push(to);
        }
        // In one walk, so that hard links between outputs are known for what they are.
        canonicalise(&places, foreign.filter(|_| !copied))?;
        let mut outputs = Outputs { dir: taken, infos: Vec::new() };
        for output in wanted.derivation.outputs.values() {
            if let Some(item) = output.path.as_ref().filter(|i| wanted.outputs.contains(*i)) {
                let file = outputs.place_of(item);
                outputs.infos.push(self.describe(&file, item, &output.contents, wanted)?);
            }
        }
        Ok(outputs)
    }

    fn describe(
        &self,
        file: &Path,
        item: &StorePath,
        known: &OutputContents,
        wanted: &Wanted<'_>,
    ) -> Result<PathInfo> {
        let outputs = wanted.derivation.outputs.values().flat_map(|output| &output.path);
        let mut info = scan(file, item, wanted.inputs.iter().chain(outputs))?;
        info.deriver = Some(wanted.drv.clone());
        let OutputContents::Fixed(method, expected) = known else { return Ok(info) };
        let got = match method {
            HashMethod::Flat => self.hash_flat(file, item, expected.algorithm())?,
            HashMethod::Recursive if expected.algorithm() == HashAlgorithm::Sha256 => info.nar_hash,
            HashMethod::Recursive => {
                let mut hasher = Hasher::new(expected.algorithm());
                nar::dump(file, &mut hasher)?;
                hasher.finish()
            }
        };
        if got != *expected {
            let (expected, got) = (Box::new(*expected), Box::new(got));
            return Err(Error::HashMismatch { path: self.layout.display(item), expected, got });
        }
        Ok(info)
    }

    fn hash_flat(&self, file: &Path, item: &StorePath, algorithm: HashAlgorithm) -> Result<Hash> {
        let meta = fs::symlink_metadata(file).at("examining", file)?;
        if !meta.is_file() || meta.mode() & 0o100 != 0 {
            return Err(Error::NotAFile { output: self.layout.display(item) });
        }
        let mut opened = File::open(file).at("opening", file)?;
        let mut hasher = Hasher::new(algorithm);
        io::copy(&mut opened, &mut hasher).at("reading", file)?;
        Ok(hasher.finish())
    }

    /// Move OUTPUTS to their places, instead of any leftovers there, and make them valid, all or none.
    /// The caller holds their locks and temporary roots.
    pub fn register_outputs(&self, outputs: &Outputs) -> Result<()> {
        let placed = outputs.infos.iter().try_for_each(|info| {
            self.place(&outputs.place_of(&info.path), &self.physical(&info.path))?;
            if self.options.deduplicate {
                self.optimise_item(&info.path)?;
            }
            Ok(())
        });
        let registered = placed.and_then(|()| self.register_valid_paths(&outputs.infos));
        if registered.is_err() {
            for info in &outputs.infos {
                // What stays is garbage, which the collector deletes.
                let _ = self.move_away(&self.physical(&info.path));
            }
        }
        registered
    }

    /// Put ITEM of OUTPUTS, which differs from the valid item, beside that as `ITEM-check`, for people
    /// to compare; the collector deletes it. The result is its name.
    pub fn keep_for_comparison(&self, outputs: &Outputs, item: &StorePath) -> Result<PathBuf> {
        let target = self.layout.physical_store().join(format!("{item}-check"));
        self.place(&outputs.place_of(item), &target)?;
        Ok(target)
    }

    /// A temporary directory that nobody but the store's owner can enter.
    fn private_temp(&self) -> Result<TempPath> {
        let temp = self.fresh_temp()?;
        make_private(&temp.0)?;
        Ok(temp)
    }
}

/// Hash the file of ITEM at PATH and find which CANDIDATES it refers to, reading it once
/// (`scanForReferences`).
fn scan<'a>(
    path: &Path,
    item: &StorePath,
    candidates: impl IntoIterator<Item = &'a StorePath>,
) -> Result<PathInfo> {
    struct Sink {
        hasher: Hasher,
        scanner: Scanner,
    }
    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.hasher.update(bytes);
            self.scanner.feed(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let by_hash: BTreeMap<_, _> =
        candidates.into_iter().map(|item| (item.hash_part(), item)).collect();
    let scanner = Scanner::new(by_hash.keys().copied());
    let mut sink = Sink { hasher: Hasher::new(HashAlgorithm::Sha256), scanner };
    nar::dump(path, &mut sink)?;
    let found = sink.scanner.found();
    let references = found.iter().filter_map(|part| by_hash.get(part)).map(|item| (*item).clone());
    let references = references.collect();
    let nar_size = sink.hasher.len();
    let info = PathInfo::new(item.clone(), sink.hasher.finish(), nar_size);
    Ok(PathInfo { references, ..info })
}

/// Copy the tree FROM to TO, which does not exist.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let (reader, writer) = io::pipe().at("copying", from)?;
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
    })
}

fn make_private(dir: &Path) -> Result<()> {
    fs::DirBuilder::new().mode(0o700).create(dir).at_write("creating directory", dir)
}

/// Make `guix-build-NAME-N` in ROOT, with the first N that is free.
fn make_build_directory(root: &Path, name: &str) -> Result<PathBuf> {
    let mut number = 0_u32;
    loop {
        let dir = root.join(format!("guix-build-{name}-{number}"));
        match make_private(&dir) {
            Err(e) if e.io_kind() == Some(io::ErrorKind::AlreadyExists) => number += 1,
            other => return other.map(|()| dir),
        }
    }
}
