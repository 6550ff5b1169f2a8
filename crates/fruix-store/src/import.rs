// SPDX-License-Identifier: GPL-3.0-or-later
//! Adding items: texts, file trees and archives.
//!
//! Every way in takes the same steps: the contents go to a temporary place while they are hashed;
//! the item's name becomes a temporary root; its `.lock` is taken; leftovers of a killed process are
//! moved away; the files get canonical metadata and are renamed to their place; and one transaction
//! registers them. Killed before the last step, they are garbage; after it, they are complete.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, BufRead, Read, Write};
use std::path::Path;

use fruix_core::hash::{Hash, HashAlgorithm, Hasher};
use fruix_core::nar::NarWriter;
use fruix_core::store_path::{HashMethod, StorePath, StorePathError};
use fruix_protocol::{Filter, PathInfo, Text};

use crate::canonical::{canonicalise, canonicalise_top};
use crate::error::{Error, IoContext, Result};
use crate::fsutil::lstat;
use crate::nar::{self, Restorer};
use crate::register::Known;
use crate::store::Store;
use crate::tempspace::TempPath;
use crate::walk::move_file;

impl Store {
    /// Add a text file NAME that refers to REFERENCES (`addTextToStore`).
    pub fn add_text_to_store(
        &self,
        name: &str,
        contents: &[u8],
        references: &BTreeSet<StorePath>,
    ) -> Result<StorePath> {
        let text = Text::new(name, contents, references.clone());
        let path = self.text_path(&text)?;
        self.add_texts_at(std::slice::from_ref(&path), &[text])?;
        Ok(path)
    }

    /// Add TEXTS, which may refer to each other, with one sync and one registration for all of
    /// them. The result has their paths in the same order.
    pub fn add_texts_to_store(&self, texts: &[Text]) -> Result<Vec<StorePath>> {
        let paths: Vec<StorePath> =
            texts.iter().map(|text| self.text_path(text)).collect::<Result<_>>()?;
        self.add_texts_at(&paths, texts)?;
        Ok(paths)
    }

    fn text_path(&self, text: &Text) -> Result<StorePath> {
        let hash = Hash::sha256(&text.contents);
        let path = self.layout.store_dir().text_path(&text.name, &hash, &text.references);
        path.map_err(|e| bad_name(&text.name, &e))
    }

    fn add_texts_at(&self, paths: &[StorePath], texts: &[Text]) -> Result<()> {
        self.add_temp_roots(paths)?;
        let all: BTreeMap<&StorePath, &Text> = paths.iter().zip(texts).collect();
        let mut missing = self.invalid_among(all.keys().copied())?;
        if missing.is_empty() {
            return Ok(());
        }
        let mut lock = self.lock_paths(&missing)?;
        missing = self.invalid_among(&missing)?;
        let mut infos = Vec::with_capacity(missing.len());
        let mut derivations = BTreeMap::new();
        for path in &missing {
            let Some(text) = all.get(path) else { continue };
            infos.push(self.write_text(path, text)?);
            if path.is_derivation() {
                let known = match &text.derivation {
                    Some(derivation) => Known::Trusted(derivation.clone()),
                    None => Known::Parsed(self.parse_derivation(path, &text.contents)?),
                };
                derivations.insert(path, known);
            }
        }
        self.register(&infos, &derivations)?;
        lock.delete_on_release(true);
        Ok(())
    }

    fn write_text(&self, path: &StorePath, text: &Text) -> Result<PathInfo> {
        let temp = self.fresh_temp()?;
        fs::write(&temp.0, &text.contents).at_write("writing", &temp.0)?;
        // The archive is made in memory, as the contents are there anyway.
        let mut hasher = Hasher::new(HashAlgorithm::Sha256);
        let archive = |sink: &mut Hasher| {
            let mut writer = NarWriter::new(sink)?;
            writer.regular(false, text.contents.len() as u64)?;
            writer.chunk(&text.contents)?;
            writer.finish().map(|_| ())
        };
        archive(&mut hasher)
            .map_err(|e| Error::BadArchive { path: self.physical(path), reason: e.to_string() })?;
        self.move_into_place(temp, path, false)?;
        let size = hasher.len();
        let mut info = PathInfo::new(path.clone(), hasher.finish(), size);
        info.references.clone_from(&text.references);
        Ok(info)
    }

    /// Add the file or tree at SOURCE under NAME, known by its contents (`addToStore`): for
    /// [`HashMethod::Recursive`] by the hash of its archive under ALGORITHM, for
    /// [`HashMethod::Flat`] by that of the bytes of the file. FILTER says which files below SOURCE
    /// belong to it.
    pub fn add_to_store(
        &self,
        name: &str,
        source: &Path,
        method: HashMethod,
        algorithm: HashAlgorithm,
        filter: &mut Filter<'_>,
    ) -> Result<StorePath> {
        let temp = self.fresh_temp()?;
        let mut intake = Intake::new(&temp.0, method, algorithm)?;
        match method {
            HashMethod::Recursive => nar::dump_filtered(source, &mut intake, filter)
                .map_err(|e| intake.failure.take().unwrap_or(e))?,
            HashMethod::Flat => {
                let mut file = fs::File::open(source).at("opening", source)?;
                copy(&mut file, &mut intake, source)?;
            }
        }
        self.take_in(temp, intake, name)
    }

    /// As [`Store::add_to_store`], from a stream: an archive for [`HashMethod::Recursive`], the
    /// bytes of a file up to the end of SOURCE for [`HashMethod::Flat`].
    pub fn add_to_store_from_dump(
        &self,
        name: &str,
        source: &mut impl BufRead,
        method: HashMethod,
        algorithm: HashAlgorithm,
    ) -> Result<StorePath> {
        let temp = self.fresh_temp()?;
        let mut intake = Intake::new(&temp.0, method, algorithm)?;
        match method {
            HashMethod::Recursive => {
                while !intake.is_finished() {
                    let block = source.fill_buf().at("reading the archive of", &temp.0)?;
                    let taken = if block.is_empty() { break } else { intake.feed(block)? };
                    source.consume(taken);
                }
            }
            HashMethod::Flat => copy(source, &mut intake, &temp.0)?,
        }
        self.take_in(temp, intake, name)
    }

    fn take_in(&self, temp: TempPath, intake: Intake, name: &str) -> Result<StorePath> {
        let TakenIn { method, content, nar } = intake.finish()?;
        let path = self
            .layout
            .store_dir()
            .fixed_output_path(name, method, &content)
            .map_err(|e| bad_name(name, &e))?;
        let (nar_hash, nar_size) = match nar {
            Some(nar) => nar,
            None => nar::hash_path(&temp.0)?,
        };
        self.install(temp, &PathInfo::new(path.clone(), nar_hash, nar_size), false)?;
        Ok(path)
    }

    /// Add the item that INFO describes from the archive that SOURCE yields, whose hash and size
    /// must be INFO's. With REPAIR, an item that is valid already is replaced.
    pub fn import_nar(
        &self,
        info: &PathInfo,
        source: &mut impl BufRead,
        repair: bool,
    ) -> Result<()> {
        let temp = self.fresh_temp()?;
        let mut hasher = Hasher::new(HashAlgorithm::Sha256);
        nar::restore(&temp.0, source, |bytes| hasher.update(bytes))?;
        let size = hasher.len();
        let got = hasher.finish();
        let path = || self.layout.display(&info.path);
        if info.nar_size != 0 && info.nar_size != size {
            return Err(Error::SizeMismatch { path: path(), expected: info.nar_size, got: size });
        }
        if got != info.nar_hash {
            let (expected, got) = (Box::new(info.nar_hash), Box::new(got));
            return Err(Error::HashMismatch { path: path(), expected, got });
        }
        self.install(temp, &PathInfo { nar_size: size, ..info.clone() }, repair)
    }

    /// Make TEMP the item that INFO describes and register it, unless it is valid already.
    pub(crate) fn install(&self, temp: TempPath, info: &PathInfo, repair: bool) -> Result<()> {
        self.add_temp_root(&info.path)?;
        if !repair && self.is_valid_path(&info.path)? {
            return Ok(());
        }
        let mut lock = self.lock_paths([&info.path])?;
        if repair || !self.is_valid_path(&info.path)? {
            self.move_into_place(temp, &info.path, true)?;
            self.register_valid_paths(std::slice::from_ref(info))?;
        }
        lock.delete_on_release(true);
        Ok(())
    }

    /// Give TEMP canonical metadata, rename it to PATH in place of any leftover, and share its
    /// files if that is wanted and SHARE.
    fn move_into_place(&self, temp: TempPath, path: &StorePath, share: bool) -> Result<()> {
        canonicalise(&[&temp.0], None)?;
        self.place(&temp.0, &self.physical(path))?;
        if share && self.options.deduplicate {
            self.optimise_item(path)?;
        }
        Ok(())
    }

    /// Rename FROM, which has canonical metadata, to TARGET in the store directory, in place of any
    /// leftover.
    pub(crate) fn place(&self, from: &Path, target: &Path) -> Result<()> {
        self.move_away(target)?;
        if move_file(from, target)? {
            canonicalise_top(target)?;
        }
        Ok(())
    }

    /// Move the file at TARGET, if there is one, to the temporary space and delete it there.
    pub(crate) fn move_away(&self, target: &Path) -> Result<()> {
        if lstat(target)?.is_some() {
            move_file(target, &self.fresh_temp()?.0)?;
        }
        Ok(())
    }

    /// Write the archive of the valid item ITEM to SINK.
    pub fn dump_item(&self, item: &StorePath, sink: impl Write) -> Result<()> {
        if !self.is_valid_path(item)? {
            return Err(Error::NotValid { path: self.layout.display(item) });
        }
        nar::dump(&self.physical(item), sink)
    }

    fn invalid_among<'a>(
        &self,
        items: impl IntoIterator<Item = &'a StorePath>,
    ) -> Result<BTreeSet<StorePath>> {
        self.db.read(|q| {
            let mut invalid = BTreeSet::new();
            for item in items {
                if q.id(&self.layout.display(item))?.is_none() {
                    invalid.insert(item.clone());
                }
            }
            Ok(invalid)
        })
    }
}

fn bad_name(name: &str, error: &StorePathError) -> Error {
    Error::NotAStorePath { path: name.to_owned(), reason: error.to_string() }
}

/// Copy SOURCE to INTAKE; PATH names it in errors of reading.
fn copy(source: &mut (impl Read + ?Sized), intake: &mut Intake, path: &Path) -> Result<()> {
    io::copy(source, intake)
        .map(|_| ())
        .map_err(|e| intake.failure.take().unwrap_or_else(|| Error::io("reading", path, e)))
}

/// Unpacks or writes what comes in, and hashes it by the wanted algorithm and by SHA-256 at once.
struct Intake {
    method: HashMethod,
    target: Target,
    content: Hasher,
    /// The SHA-256 of the archive, where `content` is another algorithm.
    nar: Option<Hasher>,
    /// Why a `write` failed.
    failure: Option<Error>,
}

/// What came in.
struct TakenIn {
    method: HashMethod,
    /// Hash of the contents by the wanted method and algorithm.
    content: Hash,
    /// SHA-256 and size of the archive, where that came in.
    nar: Option<(Hash, u64)>,
}

enum Target {
    Tree(Box<Restorer>),
    File(fs::File, std::path::PathBuf),
}

impl Intake {
    fn new(target: &Path, method: HashMethod, algorithm: HashAlgorithm) -> Result<Intake> {
        let recursive = method == HashMethod::Recursive;
        let target = if recursive {
            Target::Tree(Box::new(Restorer::new(target)))
        } else {
            let file = fs::File::create_new(target).at_write("creating", target)?;
            Target::File(file, target.to_path_buf())
        };
        let other = recursive && algorithm != HashAlgorithm::Sha256;
        Ok(Intake {
            method,
            target,
            content: Hasher::new(algorithm),
            nar: other.then(|| Hasher::new(HashAlgorithm::Sha256)),
            failure: None,
        })
    }

    fn is_finished(&self) -> bool {
        match &self.target {
            Target::Tree(restorer) => restorer.is_finished(),
            Target::File(..) => false,
        }
    }

    fn feed(&mut self, bytes: &[u8]) -> Result<usize> {
        let taken = match &mut self.target {
            Target::Tree(restorer) => restorer.feed(bytes)?,
            Target::File(file, path) => {
                file.write_all(bytes).at_write("writing", path)?;
                bytes.len()
            }
        };
        self.content.update(&bytes[..taken]);
        if let Some(nar) = &mut self.nar {
            nar.update(&bytes[..taken]);
        }
        Ok(taken)
    }

    fn finish(self) -> Result<TakenIn> {
        let recursive = match self.target {
            Target::Tree(restorer) => {
                restorer.finish()?;
                true
            }
            Target::File(..) => false,
        };
        let size = self.content.len();
        let content = self.content.finish();
        let nar = match self.nar {
            Some(nar) => Some((nar.finish(), size)),
            None => recursive.then_some((content, size)),
        };
        Ok(TakenIn { method: self.method, content, nar })
    }
}

impl Write for Intake {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.feed(bytes) {
            Ok(taken) => Ok(taken),
            Err(e) => {
                let summary = io::Error::other(e.to_string());
                self.failure = Some(e);
                Err(summary)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
