// SPDX-License-Identifier: GPL-3.0-or-later
//! Entries as files: their layout, reading them with suspicion, replacing them at once.
//!
//! A file is a header, an index, and sections. The index has a checksum and is read whole; sections
//! have checksums of their own and are read when they are wanted, so that a file that was damaged, cut
//! short or replaced meanwhile is like one that lacks a section. Nothing is mapped into memory.

use super::bytes::{Digest, Reader, Writer, checksum};
use rustix::process::geteuid;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::SystemTime;

const MAGIC: &[u8; 8] = b"fruixmod";
/// Magic, fingerprint, lengths of index and of the sections that are read with it, checksum.
const HEADER: usize = 8 + 16 + 4 + 4 + 8;
/// What is read at first: enough for most files.
const FIRST: usize = 32 << 10;
/// Largest index or section in bytes.
const MAX: usize = 256 << 20;
/// Bytes that all entries together may take.
const TOTAL: u64 = 1 << 30;
/// How an entry's name ends.
const SUFFIX: &str = ".module";

/// What tells whether a file was changed, without reading it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Stamp([i64; 7]);

impl Stamp {
    /// That of a file.
    pub fn of(file: &fs::Metadata) -> Stamp {
        let size = file.size() as i64;
        let (m, c) = ((file.mtime(), file.mtime_nsec()), (file.ctime(), file.ctime_nsec()));
        Stamp([file.dev() as i64, file.ino() as i64, size, m.0, m.1, c.0, c.1])
    }

    /// Whether the file had been left alone for a while at `now`: a later change will show.
    pub fn is_settled(&self, now: SystemTime) -> bool {
        let seconds = now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |d| d.as_secs() as i64);
        self.0[3] + 2 < seconds && self.0[5] + 2 < seconds
    }

    fn write(&self, to: &mut Writer) {
        self.0.iter().for_each(|&n| to.signed(n));
    }

    fn read(from: &mut Reader) -> Option<Stamp> {
        let mut stamp = [0; 7];
        for n in &mut stamp {
            *n = from.signed()?;
        }
        Some(Stamp(stamp))
    }
}

/// A file, and what it held.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Source {
    pub path: String,
    /// None if the file was changed so recently that another change might not show.
    pub stamp: Option<Stamp>,
    pub digest: Digest,
}

impl Source {
    fn write(&self, to: &mut Writer) {
        to.text(&self.path);
        to.word(self.digest.0);
        to.word(self.digest.1);
        to.u8(u8::from(self.stamp.is_some()));
        if let Some(stamp) = &self.stamp {
            stamp.write(to);
        }
    }

    fn read(from: &mut Reader) -> Option<Source> {
        let path = from.text()?.to_owned();
        let digest = Digest(from.word()?, from.word()?);
        let stamp = if from.u8()? == 1 { Some(Stamp::read(from)?) } else { None };
        Some(Source { path, stamp, digest })
    }
}

/// The definition waits until its variable is asked for.
pub(super) const DEFERRED: u8 = 1;
/// And is exported.
pub(super) const PUBLIC: u8 = 2;
/// And is evaluated under the dynamic state of load time.
pub(super) const STATE: u8 = 4;

/// A top-level form.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Form {
    /// Its bytes in the source.
    pub start: u32,
    pub end: u32,
    /// Line and column of `start`.
    pub line: u32,
    pub column: u32,
    /// Line and column of the form itself, if it has a place.
    pub place: Option<(u32, u32)>,
    pub flags: u8,
    /// What a deferred definition defines: number of the name.
    pub name: u32,
    /// The literal text of its field `name`: number of that.
    pub field: Option<u32>,
    /// What evaluating it does.
    pub section: Option<u32>,
    /// The sections of its late bodies: the first, and how many.
    pub late: (u32, u32),
}

impl Form {
    fn write(&self, to: &mut Writer) {
        to.u8(self.flags);
        for n in [self.start, self.end - self.start, self.line, self.column, self.name] {
            to.number(u64::from(n));
        }
        let option = |to: &mut Writer, n: Option<u32>| to.number(n.map_or(0, |n| u64::from(n) + 1));
        option(to, self.field);
        option(to, self.section);
        option(to, self.place.map(|p| p.0));
        to.number(u64::from(self.place.map_or(0, |p| p.1)));
        to.number(u64::from(self.late.0));
        to.number(u64::from(self.late.1));
    }

    fn read(from: &mut Reader) -> Option<Form> {
        let flags = from.u8()?;
        let mut n = [0; 5];
        for n in &mut n {
            *n = from.u32()?;
        }
        let [start, length, line, column, name] = n;
        let option = |n: u32| n.checked_sub(1);
        let (field, section) = (option(from.u32()?), option(from.u32()?));
        let place = option(from.u32()?);
        let place_column = from.u32()?;
        let late = (from.u32()?, from.u32()?);
        let place = place.map(|line| (line, place_column));
        let end = start.checked_add(length)?;
        Some(Form { start, end, line, column, place, flags, name, field, section, late })
    }
}

/// Where a section is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Extent {
    /// From the end of the index.
    pub offset: u64,
    /// None at all if zero.
    pub length: u32,
    pub sum: u64,
}

/// The names that sections refer to, all in one text.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Names {
    text: Box<str>,
    /// Where each ends.
    ends: Vec<u32>,
}

impl Names {
    /// These names.
    pub fn new(names: &[Box<str>]) -> Option<Names> {
        let (mut text, mut ends) = (String::new(), Vec::with_capacity(names.len()));
        for name in names {
            text.push_str(name);
            ends.push(u32::try_from(text.len()).ok()?);
        }
        Some(Names { text: text.into(), ends })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// A name by its number.
    pub fn get(&self, number: usize) -> Option<&str> {
        let end = *self.ends.get(number)? as usize;
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        self.text.get(start..end)
    }

    /// All of them, in order.
    pub fn all(&self) -> Vec<Box<str>> {
        (0..self.len()).filter_map(|n| self.get(n)).map(Box::from).collect()
    }

    fn write(&self, to: &mut Writer) {
        to.text(&self.text);
        to.size(self.len());
        let mut start = 0;
        for &end in &self.ends {
            to.number(u64::from(end - start));
            start = end;
        }
    }

    fn read(from: &mut Reader) -> Option<Names> {
        let text: Box<str> = from.text()?.into();
        let count = from.count()?;
        let mut ends = Vec::with_capacity(count);
        let mut end = 0u32;
        for _ in 0..count {
            end = end.checked_add(from.u32()?)?;
            if !text.is_char_boundary(end as usize) {
                return None;
            }
            ends.push(end);
        }
        Some(Names { text, ends })
    }
}

/// Files whose contents matter, as bytes.
pub(super) fn write_sources(sources: &[Source]) -> Vec<u8> {
    let mut to = Writer::default();
    sources.iter().for_each(|source| source.write(&mut to));
    to.bytes
}

/// The inverse of [`write_sources`].
pub(super) fn read_sources(bytes: &[u8]) -> Option<Vec<Source>> {
    let from = &mut Reader::new(bytes);
    let mut sources = Vec::new();
    while !from.is_empty() {
        sources.push(Source::read(from)?);
    }
    Some(sources)
}

/// What an entry says of itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Index {
    pub source: Source,
    pub marks: u32,
    /// What the module's interface has that changes how others are expanded.
    pub fact: u64,
    /// The same of the modules that it uses, with their names.
    pub facts: Vec<(String, u64)>,
    /// Files whose contents matter: [`write_sources`].
    pub needs: Vec<u8>,
    pub names: Names,
    pub sections: Vec<Extent>,
    pub forms: Vec<Form>,
}

impl Index {
    /// As bytes.
    pub fn write(&self) -> Vec<u8> {
        let mut to = Writer::default();
        self.source.write(&mut to);
        to.number(u64::from(self.marks));
        to.word(self.fact);
        to.size(self.facts.len());
        for (name, fact) in &self.facts {
            to.text(name);
            to.word(*fact);
        }
        to.blob(&self.needs);
        self.names.write(&mut to);
        to.size(self.sections.len());
        for section in &self.sections {
            to.number(section.offset);
            to.number(u64::from(section.length));
            to.word(section.sum);
        }
        to.size(self.forms.len());
        self.forms.iter().for_each(|form| form.write(&mut to));
        to.bytes
    }

    /// Out of bytes, consistent in itself.
    pub fn read(bytes: &[u8]) -> Option<Index> {
        let from = &mut Reader::new(bytes);
        let source = Source::read(from)?;
        let marks = from.u32()?;
        let fact = from.word()?;
        let facts = (0..from.count()?)
            .map(|_| Some((from.text()?.to_owned(), from.word()?)))
            .collect::<Option<_>>()?;
        let needs = from.blob()?.to_vec();
        let names = Names::read(from)?;
        let sections: Vec<Extent> = (0..from.count()?)
            .map(|_| {
                let (offset, length) = (from.number()?, from.u32()?);
                Some(Extent { offset, length, sum: from.word()? })
            })
            .collect::<Option<_>>()?;
        let forms: Vec<Form> =
            (0..from.count()?).map(|_| Form::read(from)).collect::<Option<_>>()?;
        let count = sections.len() as u64;
        let sound = |form: &Form| {
            (form.name as usize) < names.len().max(1)
                && form.field.is_none_or(|n| (n as usize) < names.len())
                && form.section.is_none_or(|n| u64::from(n) < count)
                && u64::from(form.late.0) + u64::from(form.late.1) <= count
        };
        let sound = forms.iter().all(sound)
            && forms.is_sorted_by(|a, b| a.end <= b.start)
            && from.is_empty();
        sound.then_some(Index { source, marks, fact, facts, needs, names, sections, forms })
    }
}

/// Reads `length` bytes at `offset`.
fn read_at(file: &File, offset: u64, length: usize) -> Option<Vec<u8>> {
    if length > MAX {
        return None;
    }
    let mut bytes = vec![0; length];
    file.read_exact_at(&mut bytes, offset).ok()?;
    Some(bytes)
}

/// Opens a file that belongs to us and that nobody else can write to.
fn open(path: &Path) -> Option<File> {
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_CLOEXEC;
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path).ok()?;
    let metadata = file.metadata().ok()?;
    let ours =
        metadata.is_file() && metadata.uid() == geteuid().as_raw() && metadata.mode() & 0o022 == 0;
    ours.then_some(file)
}

/// An index, with the sections that were read along with it.
pub(super) struct Loaded {
    pub index: Index,
    pub early: Vec<u8>,
    /// Where sections start in the file.
    pub base: u64,
}

/// The entry at `path`, written by an engine of this fingerprint.
pub(super) fn load(path: &Path, fingerprint: Digest) -> Option<Loaded> {
    let file = open(path)?;
    let mut bytes = vec![0; FIRST];
    let mut filled = 0;
    while filled < FIRST {
        match file.read_at(&mut bytes[filled..], filled as u64) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
    bytes.truncate(filled);
    parse(bytes, fingerprint, |offset, length| read_at(&file, offset, length))
}

/// What [`load`] makes of the first bytes of a file; `more` reads further ones.
pub(super) fn parse(
    mut bytes: Vec<u8>,
    fingerprint: Digest,
    more: impl FnOnce(u64, usize) -> Option<Vec<u8>>,
) -> Option<Loaded> {
    let mut header = Reader::new(bytes.get(..HEADER)?);
    let magic = header.take(8)? == MAGIC;
    let written_by = Digest(header.word()?, header.word()?);
    let lengths = header.word()?;
    let (index, early) = ((lengths & 0xffff_ffff) as usize, (lengths >> 32) as usize);
    let sum = header.word()?;
    if !magic || written_by != fingerprint || index > MAX || early > MAX {
        return None;
    }
    let end = HEADER + index + early;
    if bytes.len() < end {
        let start = bytes.len();
        bytes.extend(more(start as u64, end - start)?);
    }
    if checksum(bytes.get(HEADER..HEADER + index)?) != sum {
        return None;
    }
    let index_read = Index::read(bytes.get(HEADER..HEADER + index)?)?;
    bytes.truncate(end);
    let early = bytes.split_off(HEADER + index);
    Some(Loaded { index: index_read, early, base: (HEADER + index) as u64 })
}

/// A section of the entry at `path`, if it is still as its index says.
pub(super) fn section(path: &Path, base: u64, extent: Extent) -> Option<Vec<u8>> {
    let file = open(path)?;
    let offset = base.checked_add(extent.offset)?;
    let bytes = read_at(&file, offset, extent.length as usize)?;
    (checksum(&bytes) == extent.sum).then_some(bytes)
}

/// The bytes of an entry: `sections` in the order of the index's, the first of which, `early` bytes, are
/// read along with it.
pub(super) fn bytes(index: &Index, early: usize, sections: &[u8], fingerprint: Digest) -> Vec<u8> {
    let written = index.write();
    let mut to = Writer::default();
    to.bytes.extend_from_slice(MAGIC);
    to.word(fingerprint.0);
    to.word(fingerprint.1);
    to.word(written.len() as u64 | (early as u64) << 32);
    to.word(checksum(&written));
    to.bytes.extend_from_slice(&written);
    to.bytes.extend_from_slice(sections);
    to.bytes
}

/// Makes `bytes` the file at `path`, at once.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let temporary = path.with_extension(format!("{}-{count}", std::process::id()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
    let written = file.write_all(bytes).and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// The folder, made if need be; none if others could put files there.
pub(super) fn folder(path: &Path) -> Option<PathBuf> {
    if !path.is_dir() {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(path).ok()?;
    }
    let metadata = fs::symlink_metadata(path).ok()?;
    let ours =
        metadata.is_dir() && metadata.uid() == geteuid().as_raw() && metadata.mode() & 0o022 == 0;
    ours.then(|| path.to_owned())
}

/// The path of the entry with this key.
pub(super) fn path(folder: &Path, key: Digest) -> PathBuf {
    folder.join(format!("{:016x}{:016x}{SUFFIX}", key.0, key.1))
}

/// Removes the oldest entries until the others take no more than they may.
pub(super) fn prune(folder: &Path) {
    prune_to(folder, TOTAL);
}

fn prune_to(folder: &Path, total: u64) {
    let Ok(files) = fs::read_dir(folder) else { return };
    let mut entries: Vec<(SystemTime, u64, PathBuf)> = files
        .flatten()
        .filter_map(|file| {
            let metadata = file.metadata().ok().filter(fs::Metadata::is_file)?;
            Some((metadata.modified().ok()?, metadata.len(), file.path()))
        })
        .collect();
    let mut size: u64 = entries.iter().map(|entry| entry.1).sum();
    if size <= total {
        return;
    }
    entries.sort();
    for (_, length, path) in entries {
        if size <= total {
            break;
        }
        if fs::remove_file(path).is_ok() {
            size -= length;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index() -> Index {
        let source =
            Source { path: "/a.scm".into(), stamp: Some(Stamp([1; 7])), digest: Digest(1, 2) };
        let form = Form {
            start: 3,
            end: 9,
            line: 1,
            column: 2,
            place: Some((1, 0)),
            flags: DEFERRED,
            name: 1,
            field: Some(0),
            section: Some(0),
            late: (0, 1),
        };
        Index {
            source: source.clone(),
            marks: 4,
            fact: 5,
            facts: vec![("(a b)".into(), 6)],
            needs: write_sources(&[Source { stamp: None, ..source }]),
            names: Names::new(&["x".into(), "y".into()]).unwrap(),
            sections: vec![Extent { offset: 0, length: 3, sum: checksum(b"abc") }],
            forms: vec![form],
        }
    }

    #[test]
    fn entries_come_back_and_damaged_ones_do_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.module");
        let whole = bytes(&index(), 0, b"abc", Digest(7, 7));
        replace(&path, &whole).unwrap();
        let loaded = load(&path, Digest(7, 7)).unwrap();
        assert_eq!(loaded.index, index());
        let extent = index().sections[0];
        assert_eq!(section(&path, loaded.base, extent).as_deref(), Some(&b"abc"[..]));
        assert!(load(&path, Digest(7, 8)).is_none());
        for n in 0..whole.len() {
            let mut other = whole.clone();
            other[n] ^= 0x10;
            fs::write(&path, &other).unwrap();
            let loaded = load(&path, Digest(7, 7));
            assert!(loaded.is_none_or(|l| section(&path, l.base, extent).is_none()), "{n}");
            fs::write(&path, &whole[..n]).unwrap();
            let loaded = load(&path, Digest(7, 7));
            assert!(loaded.is_none_or(|l| section(&path, l.base, extent).is_none()), "{n}");
        }
    }

    #[test]
    fn files_that_others_can_write_are_ignored() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.module");
        replace(&path, &bytes(&index(), 0, b"abc", Digest(7, 7))).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o620)).unwrap();
        assert!(load(&path, Digest(7, 7)).is_none());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let link = folder.path().join("y.module");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(load(&link, Digest(7, 7)).is_none());
        assert!(load(&path, Digest(7, 7)).is_some());
    }

    #[test]
    fn the_oldest_entries_go_first() {
        let folder = tempfile::tempdir().unwrap();
        for (n, name) in ["a", "b", "c"].iter().enumerate() {
            let path = folder.path().join(name);
            fs::write(&path, [0; 100]).unwrap();
            let time = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(n as u64);
            File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
        }
        prune_to(folder.path(), 200);
        let left: Vec<bool> =
            ["a", "b", "c"].iter().map(|name| folder.path().join(name).exists()).collect();
        assert_eq!(left, [false, true, true]);
    }
}
