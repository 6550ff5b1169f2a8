// SPDX-License-Identifier: GPL-3.0-or-later
//! What is known of all packages of a tree without evaluating them: what `guix pull` keeps as its package cache, kept in
//! a file of ours as soon as all packages have been looked at once.
//!
//! The file names what it was made from: every module that was loaded, and the folders that they lie in, with sizes,
//! times and inode numbers. If anything of that differs, or if the file is not whole, it is ignored and made anew. It is
//! only used where no other folder than the tree's holds packages.

mod natives;
mod record;

pub use natives::{MODULE, NATIVES};

use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use fruix_core::hash::Hash;
use record::{Reader, Writer};

/// The first bytes; the number grows when the form changes.
const MAGIC: &[u8] = b"fruix packages 1\n";
/// Length of the hash behind them.
const HASH_LENGTH: usize = 32;
/// Larger files are none of ours.
const MOST: u64 = 256 << 20;

/// What is known of a package.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The module that has it, its parts with spaces between them.
    pub module: String,
    /// The variable.
    pub symbol: String,
    /// Its outputs.
    pub outputs: Vec<String>,
    /// Whether it can be built on this system.
    pub supported: bool,
    /// Whether another package takes its place.
    pub superseded: bool,
    /// Where it is defined: file, line from 1, column from 0.
    pub location: Option<(String, u32, u32)>,
    /// Its name outside of Guix.
    pub upstream_name: String,
    /// One line, in Texinfo.
    pub synopsis: Option<String>,
    /// More, in Texinfo.
    pub description: Option<String>,
}

/// A file or folder as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Origin {
    path: String,
    size: u64,
    inode: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Origin {
    fn of(path: &Path) -> io::Result<Origin> {
        let meta = std::fs::metadata(path)?;
        Ok(Origin {
            path: path.to_string_lossy().into_owned(),
            size: meta.size(),
            inode: meta.ino(),
            modified: (meta.mtime(), meta.mtime_nsec()),
            changed: (meta.ctime(), meta.ctime_nsec()),
        })
    }

    fn is_as_it_was(&self) -> bool {
        Origin::of(Path::new(&self.path)).is_ok_and(|now| now == *self)
    }
}

/// All packages of a tree, in the order in which they are found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Index {
    /// The packages.
    pub entries: Vec<Entry>,
    origins: Vec<Origin>,
}

impl Index {
    /// An index of ENTRIES, which come from the modules in FILES and from this program.
    ///
    /// # Errors
    /// When one of the files is not there.
    pub fn new(entries: Vec<Entry>, files: &[PathBuf]) -> io::Result<Index> {
        let folders = files.iter().filter_map(|file| file.parent().map(Path::to_path_buf));
        let program = std::env::current_exe()?;
        let mut all: Vec<PathBuf> = files.iter().cloned().chain(folders).collect();
        all.push(program);
        all.sort();
        all.dedup();
        let origins = all.iter().map(|path| Origin::of(path)).collect::<io::Result<_>>()?;
        Ok(Index { entries, origins })
    }

    /// The file in FOLDER of the packages found along LOAD_PATH for SYSTEM.
    pub fn file(folder: &Path, load_path: &[String], system: &str) -> PathBuf {
        let mut key = Writer::default();
        key.texts(load_path);
        key.text(system);
        folder.join("packages").join(Hash::sha256(&key.bytes).to_base32())
    }

    /// What FILE holds, if it is whole, nobody else can have written it, and all that it was made from is as it was.
    pub fn read(file: &Path) -> Option<Index> {
        let meta = std::fs::symlink_metadata(file).ok()?;
        let own = meta.uid() == rustix::process::geteuid().as_raw();
        if !meta.is_file() || !own || meta.mode() & 0o022 != 0 || meta.len() > MOST {
            return None;
        }
        let bytes = std::fs::read(file).ok()?;
        let index = Index::parse(&bytes)?;
        index.origins.iter().all(Origin::is_as_it_was).then_some(index)
    }

    /// Writes the index to FILE, at once or not at all.
    ///
    /// # Errors
    /// When that is not possible.
    pub fn write(&self, file: &Path) -> io::Result<()> {
        let folder = file.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        let new = folder.join(format!(".new-{}", std::process::id()));
        let written = (|| {
            let mut out = std::fs::File::create(&new)?;
            out.write_all(&self.to_bytes())?;
            std::fs::rename(&new, file)
        })();
        if written.is_err() {
            let _ = std::fs::remove_file(&new);
        }
        written
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut body = Writer::default();
        body.number(self.origins.len() as u64);
        for origin in &self.origins {
            body.text(&origin.path);
            body.number(origin.size);
            body.number(origin.inode);
            for (seconds, nanoseconds) in [origin.modified, origin.changed] {
                body.number(seconds as u64);
                body.number(nanoseconds as u64);
            }
        }
        body.number(self.entries.len() as u64);
        for entry in &self.entries {
            entry.write(&mut body);
        }
        let hash = Hash::sha256(&body.bytes);
        [MAGIC, hash.as_bytes(), &body.bytes].concat()
    }

    fn parse(bytes: &[u8]) -> Option<Index> {
        let rest = bytes.strip_prefix(MAGIC)?;
        let (hash, body) = rest.split_at_checked(HASH_LENGTH)?;
        if Hash::sha256(body).as_bytes() != hash {
            return None;
        }
        let mut body = Reader { bytes: body };
        let mut index = Index::default();
        for _ in 0..body.number()? {
            let path = body.text()?;
            let (size, inode) = (body.number()?, body.number()?);
            let mut time = || Some((body.number()? as i64, body.number()? as i64));
            let (modified, changed) = (time()?, time()?);
            index.origins.push(Origin { path, size, inode, modified, changed });
        }
        for _ in 0..body.number()? {
            index.entries.push(Entry::read(&mut body)?);
        }
        body.bytes.is_empty().then_some(index)
    }
}

impl Entry {
    fn write(&self, out: &mut Writer) {
        for text in [&self.name, &self.version, &self.module, &self.symbol, &self.upstream_name] {
            out.text(text);
        }
        out.texts(&self.outputs);
        out.flag(self.supported);
        out.flag(self.superseded);
        out.flag(self.location.is_some());
        if let Some((file, line, column)) = &self.location {
            out.text(file);
            out.number((*line).into());
            out.number((*column).into());
        }
        for text in [&self.synopsis, &self.description] {
            out.flag(text.is_some());
            out.text(text.as_deref().unwrap_or_default());
        }
    }

    fn read(input: &mut Reader) -> Option<Entry> {
        let mut entry = Entry {
            name: input.text()?,
            version: input.text()?,
            module: input.text()?,
            symbol: input.text()?,
            upstream_name: input.text()?,
            outputs: input.texts()?,
            supported: input.flag()?,
            superseded: input.flag()?,
            ..Entry::default()
        };
        if input.flag()? {
            let file = input.text()?;
            let line = u32::try_from(input.number()?).ok()?;
            entry.location = Some((file, line, u32::try_from(input.number()?).ok()?));
        }
        let mut text = || Some((input.flag()?, input.text()?));
        let (synopsis, description) = (text()?, text()?);
        entry.synopsis = synopsis.0.then_some(synopsis.1);
        entry.description = description.0.then_some(description.1);
        Some(entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn index(file: &Path) -> Index {
        let entry = Entry {
            name: "hello".to_owned(),
            outputs: vec!["out".to_owned(), "doc".to_owned()],
            location: Some(("base.scm".to_owned(), 3, 4)),
            synopsis: Some("Ünicode".to_owned()),
            ..Entry::default()
        };
        Index::new(vec![entry, Entry::default()], &[file.to_path_buf()]).expect("an index")
    }

    #[test]
    fn what_was_written_is_read_as_long_as_its_origins_are_the_same() {
        let dir = tempfile::tempdir().expect("a folder");
        let elsewhere = tempfile::tempdir().expect("a folder");
        let (module, file) = (dir.path().join("m.scm"), elsewhere.path().join("x/index"));
        std::fs::write(&module, "one").expect("room");
        let written = index(&module);
        written.write(&file).expect("room");
        assert_eq!(Index::read(&file), Some(written));
        let open = |mode| {
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).expect("ours");
        };
        open(0o666);
        assert_eq!(Index::read(&file), None, "anybody can have written it");
        open(0o644);
        assert!(Index::read(&file).is_some());
        std::fs::write(&module, "three").expect("room");
        assert_eq!(Index::read(&file), None, "a module has changed");
        index(&module).write(&file).expect("room");
        std::fs::write(dir.path().join("new.scm"), "").expect("room");
        assert_eq!(Index::read(&file), None, "there may be another module");
    }

    #[test]
    fn what_is_not_whole_is_ignored() {
        let dir = tempfile::tempdir().expect("a folder");
        let bytes = index(dir.path()).to_bytes();
        assert!(Index::parse(&bytes).is_some());
        for end in 0..bytes.len() {
            assert_eq!(Index::parse(&bytes[..end]), None);
        }
        for at in 0..bytes.len() {
            let mut other = bytes.clone();
            other[at] ^= 0x10;
            assert_eq!(Index::parse(&other), None);
        }
        // A hash alone makes no index of what is none.
        let body = [0xff; 100];
        let wrong = [MAGIC, Hash::sha256(&body).as_bytes(), &body].concat();
        assert_eq!(Index::parse(&wrong), None);
    }
}
