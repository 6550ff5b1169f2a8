// SPDX-License-Identifier: GPL-3.0-or-later
//! Bundles of signed items, which move between stores (`exportPath` and `importPaths` in
//! `nix/libstore/local-store.cc`, `guix archive`).
//!
//! A bundle is a sequence of items, each after the number 1, with the number 0 at its end. An item is its
//! archive, a magic number, its path, its references, its deriver, and the numbers 1 and its signature or 0.
//! The signature is of the SHA-256 of all that comes before it. Numbers have 64 bits, little-endian; texts
//! come after their lengths and are padded with zeroes to a multiple of eight bytes.

use std::collections::BTreeSet;
use std::io::{self, BufRead, Read, Write};

use fruix_core::hash::{Hash, HashAlgorithm, Hasher};
use fruix_core::signature::{Acl, KeyPair};
use fruix_core::store_path::StorePath;
use fruix_protocol::PathInfo;

use crate::error::{Error, Result};
use crate::nar;
use crate::store::Store;

/// Comes after the archive of an item (`EXPORT_MAGIC`).
const MAGIC: u64 = 0x4558_494e;
/// Longer paths, in bytes, are none.
const LONGEST_PATH: u64 = 4096;
/// Longer signatures, in bytes, are none: those of guix have some hundred.
const LONGEST_SIGNATURE: u64 = 64 * 1024;
/// More references than that are refused.
const MOST_REFERENCES: u64 = 1 << 20;

impl Store {
    /// Write the item ITEM for a bundle to SINK, signed with KEY if there is one.
    ///
    /// # Errors
    /// [`Error::HashMismatch`] if its files are not what was registered: damage shall not spread.
    pub fn export_path(
        &self,
        item: &StorePath,
        key: Option<&KeyPair>,
        sink: impl Write,
    ) -> Result<()> {
        self.add_temp_root(item)?;
        let missing = || Error::NotValid { path: self.layout.display(item) };
        let info = self.query_path_info(item)?.ok_or_else(missing)?;
        let mut sink = Hashing { inner: sink, all: Hasher::new(HashAlgorithm::Sha256), nar: None };
        sink.nar = Some(Hasher::new(HashAlgorithm::Sha256));
        nar::dump(&self.physical(item), &mut sink)?;
        let got = sink.nar.take().map(Hasher::finish);
        let unknown = info.nar_hash.as_bytes().iter().all(|byte| *byte == 0);
        if let Some(got) = got.filter(|got| *got != info.nar_hash && !unknown) {
            let (expected, got) = (Box::new(info.nar_hash), Box::new(got));
            return Err(Error::HashMismatch { path: self.layout.display(item), expected, got });
        }
        let show = |item: &StorePath| self.layout.display(item);
        self.write_trailer(&mut sink, &info, show).map_err(|e| bundle_io(&e))?;
        let mut inner = sink.inner;
        let hash = sink.all.finish();
        let signed = match key {
            Some(key) => {
                let signature = key.sign(&digest(&hash)).map_err(Error::Signature)?;
                number(&mut inner, 1)
                    .and_then(|()| text(&mut inner, signature.to_string().as_bytes()))
            }
            None => number(&mut inner, 0),
        };
        signed.and_then(|()| inner.flush()).map_err(|e| bundle_io(&e))
    }

    fn write_trailer(
        &self,
        sink: &mut impl Write,
        info: &PathInfo,
        show: impl Fn(&StorePath) -> String,
    ) -> io::Result<()> {
        number(sink, MAGIC)?;
        text(sink, show(&info.path).as_bytes())?;
        number(sink, info.references.len() as u64)?;
        for reference in &info.references {
            text(sink, show(reference).as_bytes())?;
        }
        text(sink, info.deriver.as_ref().map(show).unwrap_or_default().as_bytes())
    }

    /// Write ITEMS, each after what it refers to, as a bundle to SINK, signed with KEY if there is one.
    pub fn export_paths(
        &self,
        items: &[StorePath],
        key: Option<&KeyPair>,
        mut sink: impl Write,
    ) -> Result<()> {
        let all = self.requisites_sorted(items)?;
        let wanted: BTreeSet<&StorePath> = items.iter().collect();
        for item in all.iter().filter(|item| wanted.contains(item)) {
            number(&mut sink, 1).map_err(|e| bundle_io(&e))?;
            self.export_path(item, key, &mut sink)?;
        }
        number(&mut sink, 0).and_then(|()| sink.flush()).map_err(|e| bundle_io(&e))
    }

    /// Add the items of the bundle that SOURCE yields, whose references must be valid or come before
    /// them. With ACL, each must be signed by one of its keys. The result are all of them, those that were
    /// valid already too.
    ///
    /// # Errors
    /// [`Error::Signature`], [`Error::Unsigned`] or [`Error::SignedOther`] if an item cannot be
    /// trusted; it has left nothing then. Those before it stay.
    pub fn import_paths(
        &self,
        source: &mut impl BufRead,
        acl: Option<&Acl>,
    ) -> Result<Vec<StorePath>> {
        let mut items = Vec::new();
        loop {
            match read_number(source)? {
                0 => return Ok(items),
                1 => items.push(self.import_path(source, acl)?),
                _ => return Err(bad("it does not begin an item with 1")),
            }
        }
    }

    fn import_path(&self, source: &mut impl BufRead, acl: Option<&Acl>) -> Result<StorePath> {
        let temp = self.fresh_temp()?;
        let mut all = Hasher::new(HashAlgorithm::Sha256);
        let mut archive = Hasher::new(HashAlgorithm::Sha256);
        nar::restore(&temp.0, source, |bytes| {
            all.update(bytes);
            archive.update(bytes);
        })?;
        let nar_size = archive.len();
        let mut source = Heard { inner: source, all };
        if read_number(&mut source)? != MAGIC {
            return Err(bad("there is no magic number after the archive"));
        }
        let path = self.read_path(&mut source)?.ok_or_else(|| bad("an item has no path"))?;
        let mut info = PathInfo::new(path.clone(), archive.finish(), nar_size);
        let count = read_number(&mut source)?;
        if count > MOST_REFERENCES {
            return Err(bad("there are too many references"));
        }
        for _ in 0..count {
            let reference =
                self.read_path(&mut source)?.ok_or_else(|| bad("an empty reference"))?;
            info.references.insert(reference);
        }
        info.deriver = self.read_path(&mut source)?;
        let Heard { inner: source, all } = source;
        let hash = all.finish();
        let signature = match read_number(source)? {
            0 => None,
            1 => Some(read_text(source, LONGEST_SIGNATURE)?),
            _ => return Err(bad("it is neither signed nor unsigned")),
        };
        if let Some(acl) = acl {
            let item = || self.layout.display(&path);
            let signature = signature.ok_or_else(|| Error::Unsigned { path: item() })?;
            if acl.verify(&signature).map_err(Error::Signature)? != digest(&hash) {
                return Err(Error::SignedOther { path: item() });
            }
        }
        self.install(temp, &info, false)?;
        Ok(path)
    }

    /// The path that comes next; `None` if it is empty.
    fn read_path(&self, source: &mut impl Read) -> Result<Option<StorePath>> {
        let text = read_text(source, LONGEST_PATH)?;
        if text.is_empty() {
            return Ok(None);
        }
        let text = String::from_utf8_lossy(&text);
        self.layout
            .parse(&text)
            .map(Some)
            .map_err(|e| Error::NotAStorePath { path: text.into_owned(), reason: e.to_string() })
    }
}

fn digest(hash: &Hash) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(hash.as_bytes());
    bytes
}

fn bad(reason: &str) -> Error {
    Error::BadBundle { reason: reason.to_owned() }
}

fn bundle_io(error: &io::Error) -> Error {
    Error::BadBundle { reason: error.to_string() }
}

fn number(sink: &mut impl Write, value: u64) -> io::Result<()> {
    sink.write_all(&value.to_le_bytes())
}

fn text(sink: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    number(sink, bytes.len() as u64)?;
    sink.write_all(bytes)?;
    sink.write_all(&[0; 7][..bytes.len().next_multiple_of(8) - bytes.len()])
}

fn read_number(source: &mut impl Read) -> Result<u64> {
    let mut bytes = [0; 8];
    source.read_exact(&mut bytes).map_err(|e| bundle_io(&e))?;
    Ok(u64::from_le_bytes(bytes))
}

fn read_text(source: &mut impl Read, longest: u64) -> Result<Vec<u8>> {
    let length = read_number(source)?;
    if length > longest {
        return Err(bad("a text is too long"));
    }
    let mut bytes = vec![0; length.next_multiple_of(8) as usize];
    source.read_exact(&mut bytes).map_err(|e| bundle_io(&e))?;
    if bytes.drain(length as usize..).any(|byte| byte != 0) {
        return Err(bad("a text is not padded with zeroes"));
    }
    Ok(bytes)
}

/// Hashes what is written: all of it, and the archive.
struct Hashing<W> {
    inner: W,
    all: Hasher,
    nar: Option<Hasher>,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(bytes)?;
        self.all.update(&bytes[..count]);
        if let Some(nar) = &mut self.nar {
            nar.update(&bytes[..count]);
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Hashes what is read.
struct Heard<'a, R> {
    inner: &'a mut R,
    all: Hasher,
}

impl<R: Read> Read for Heard<'_, R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(bytes)?;
        self.all.update(&bytes[..count]);
        Ok(count)
    }
}
