// SPDX-License-Identifier: GPL-3.0-or-later
//! Between file trees and archives: dumping a tree to a writer, restoring one from a stream.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, symlink};
use std::path::{Path, PathBuf};

use fruix_core::hash::{Hash, HashAlgorithm, Hasher};
use fruix_core::nar::{NarEvent, NarLimits, NarParseError, NarParser, NarWriteError, NarWriter};
use fruix_protocol::Filter;

use crate::error::{Error, IoContext, Result};

/// Bytes that are read or written at a time.
const BLOCK: usize = 64 * 1024;

/// How deep directories may be nested: each level costs a descriptor in later walks.
const MAX_DEPTH: usize = 500;

/// Write the archive of the tree at PATH to SINK.
pub fn dump(path: &Path, sink: impl Write) -> Result<()> {
    dump_filtered(path, sink, &mut |_, _| true)
}

/// Write the archive of the tree at PATH to SINK, without the files that FILTER refuses (the
/// tree's top is not asked about).
pub fn dump_filtered(path: &Path, sink: impl Write, filter: &mut Filter<'_>) -> Result<()> {
    let sink = io::BufWriter::with_capacity(BLOCK, sink);
    let mut writer = NarWriter::new(sink).map_err(|e| write_error(path, e))?;
    let meta = fs::symlink_metadata(path).at("examining", path)?;
    dump_node(path, &meta, &mut writer, filter, 0)?;
    let mut sink = writer.finish().map_err(|e| write_error(path, e))?;
    sink.flush().at("dumping", path)
}

fn write_error(path: &Path, error: NarWriteError) -> Error {
    match error {
        NarWriteError::Io(e) => Error::io("dumping", path, e),
        other => Error::BadArchive { path: path.to_path_buf(), reason: other.to_string() },
    }
}

fn dump_node<W: Write>(
    path: &Path,
    meta: &fs::Metadata,
    writer: &mut NarWriter<W>,
    filter: &mut Filter<'_>,
    depth: usize,
) -> Result<()> {
    let wrong = |e| write_error(path, e);
    let kind = meta.file_type();
    if kind.is_symlink() {
        let target = fs::read_link(path).at("reading link", path)?;
        return writer.symlink(target.as_os_str().as_bytes()).map_err(wrong);
    }
    if kind.is_file() {
        return dump_file(path, writer);
    }
    if !kind.is_dir() {
        return Err(Error::UnsupportedType { path: path.to_path_buf() });
    }
    if depth >= MAX_DEPTH {
        let source = io::Error::from_raw_os_error(libc::ENAMETOOLONG);
        return Err(Error::io("walking too deep a tree", path, source));
    }
    let mut names = Vec::new();
    for entry in fs::read_dir(path).at("reading directory", path)? {
        names.push(entry.at("reading directory", path)?.file_name().into_vec());
    }
    names.sort_unstable();
    writer.directory().map_err(wrong)?;
    for name in names {
        let child = path.join(std::ffi::OsStr::from_bytes(&name));
        let meta = fs::symlink_metadata(&child).at("examining", &child)?;
        if filter(&child, &meta) {
            writer.entry(&name).map_err(wrong)?;
            dump_node(&child, &meta, writer, filter, depth + 1)?;
        }
    }
    writer.end_directory().map_err(wrong)
}

fn dump_file<W: Write>(path: &Path, writer: &mut NarWriter<W>) -> Result<()> {
    let wrong = |e| write_error(path, e);
    let mut file = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
        .open(path)
        .at("opening", path)?;
    let meta = file.metadata().at("examining", path)?;
    if !meta.is_file() {
        return Err(Error::UnsupportedType { path: path.to_path_buf() });
    }
    writer.regular(meta.mode() & 0o100 != 0, meta.len()).map_err(wrong)?;
    let mut left = meta.len();
    let mut block = vec![0; BLOCK.min(usize::try_from(left).unwrap_or(BLOCK))];
    while left > 0 {
        let most = block.len().min(usize::try_from(left).unwrap_or(BLOCK));
        let count = match file.read(&mut block[..most]) {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            other => other.at("reading", path)?,
        };
        if count == 0 {
            let short = io::Error::new(io::ErrorKind::UnexpectedEof, "the file shrank meanwhile");
            return Err(Error::io("reading", path, short));
        }
        writer.chunk(&block[..count]).map_err(wrong)?;
        left -= count as u64;
    }
    Ok(())
}

/// SHA-256 and length in bytes of the archive of the tree at PATH (`hashPath`).
pub fn hash_path(path: &Path) -> Result<(Hash, u64)> {
    let mut hasher = Hasher::new(HashAlgorithm::Sha256);
    dump(path, &mut hasher)?;
    let size = hasher.len();
    Ok((hasher.finish(), size))
}

/// Make the tree TARGET, which must not exist, from the archive that SOURCE yields, and stop right
/// after its end: what follows stays in SOURCE. Each byte of the archive is shown to SEEN.
///
/// Metadata are not canonical yet. On error, part of the tree may have been made.
pub(crate) fn restore(
    target: &Path,
    source: &mut impl io::BufRead,
    mut seen: impl FnMut(&[u8]),
) -> Result<()> {
    let mut restorer = Restorer::new(target);
    while !restorer.parser.is_finished() {
        let block = match source.fill_buf() {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            other => other.at("reading the archive of", target)?,
        };
        if block.is_empty() {
            break;
        }
        let taken = restorer.feed(block)?;
        seen(&block[..taken]);
        source.consume(taken);
    }
    restorer.finish()
}

/// Makes a file tree from an archive that comes in pieces.
pub(crate) struct Restorer {
    parser: NarParser,
    builder: Builder,
}

/// Where in the tree the parser is. Names of a directory are checked by the parser, each occurs
/// once, and the tree is new and ours: so no path can lead through a symbolic link.
struct Builder {
    top: PathBuf,
    path: PathBuf,
    /// The regular file being written, and how many bytes it lacks.
    file: Option<(File, u64)>,
}

impl Restorer {
    pub(crate) fn new(target: &Path) -> Restorer {
        let limits = NarLimits { depth: MAX_DEPTH, ..NarLimits::default() };
        let (top, path) = (target.to_path_buf(), target.to_path_buf());
        let builder = Builder { top, path, file: None };
        Restorer { parser: NarParser::with_limits(limits), builder }
    }

    /// Take the next BYTES; the result is how many of them belong to the archive.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Result<usize> {
        let Restorer { parser, builder } = self;
        parser.feed(bytes, |event| builder.event(event)).map_err(|e| builder.error(e))
    }

    /// Whether the archive is complete.
    pub(crate) fn is_finished(&self) -> bool {
        self.parser.is_finished()
    }

    /// Check that the archive is complete.
    pub(crate) fn finish(&self) -> Result<()> {
        self.parser.finish().map_err(|e| self.builder.error(e))
    }
}

impl Builder {
    fn error(&self, error: NarParseError<Error>) -> Error {
        match error {
            NarParseError::Receiver(error) => error,
            other => Error::BadArchive { path: self.top.clone(), reason: other.to_string() },
        }
    }

    fn event(&mut self, event: NarEvent<'_>) -> Result<()> {
        match event {
            NarEvent::Entry { name } => self.path.push(std::ffi::OsStr::from_bytes(name)),
            NarEvent::Directory => fs::create_dir(&self.path).at_write("creating", &self.path)?,
            NarEvent::EndDirectory => self.leave(),
            NarEvent::Symlink { target } => {
                let target = std::ffi::OsStr::from_bytes(target);
                symlink(target, &self.path).at_write("creating", &self.path)?;
                self.leave();
            }
            NarEvent::Regular { executable, size } => {
                let file = OpenOptions::new()
                    .write(true)
                    .create_new(true)
                    .mode(if executable { 0o700 } else { 0o600 })
                    .open(&self.path)
                    .at_write("creating", &self.path)?;
                self.file = Some((file, size));
                self.close_if_full();
            }
            NarEvent::Chunk(bytes) => {
                if let Some((file, left)) = &mut self.file {
                    file.write_all(bytes).at_write("writing", &self.path)?;
                    *left = left.saturating_sub(bytes.len() as u64);
                }
                self.close_if_full();
            }
        }
        Ok(())
    }

    fn close_if_full(&mut self) {
        if self.file.as_ref().is_some_and(|(_, left)| *left == 0) {
            self.file = None;
            self.leave();
        }
    }

    /// Back to the directory; the end of the top leads nowhere that is used.
    fn leave(&mut self) {
        self.path.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip_leaves_what_follows() {
        let dir = tempfile::tempdir().unwrap();
        let (one, two) = (dir.path().join("one"), dir.path().join("two"));
        fs::create_dir_all(one.join("d/e")).unwrap();
        fs::write(one.join("d/big"), vec![7; 200_001]).unwrap();
        fs::write(one.join("d/empty"), "").unwrap();
        symlink("../x", one.join("d/e/l")).unwrap();
        let mut nar = Vec::new();
        dump(&one, &mut nar).unwrap();
        let length = nar.len();
        nar.extend_from_slice(b"after");
        let mut source = io::BufReader::with_capacity(1000, nar.as_slice());
        let mut seen = 0;
        restore(&two, &mut source, |bytes| seen += bytes.len()).unwrap();
        let mut rest = Vec::new();
        source.read_to_end(&mut rest).unwrap();
        assert_eq!((rest.as_slice(), seen), (b"after".as_slice(), length));
        let mut again = Vec::new();
        dump(&two, &mut again).unwrap();
        assert_eq!(again, nar[..length]);
        let cut = restore(&dir.path().join("3"), &mut &nar[..length - 9], |_| ());
        assert!(matches!(cut, Err(Error::BadArchive { .. })));
    }
}
