// SPDX-License-Identifier: GPL-3.0-or-later
//! Canonical metadata of store items: `canonicalisePathMetaData` of nix/libstore/local-store.cc.
//!
//! Every file of an item belongs to whoever owns the store, is dated one second after the epoch, is
//! readable by all and writable by nobody, executable or not; nothing else (set-uid bits, attributes,
//! access lists, file flags) is left of what its maker wanted. Directories are always searchable
//! (0555), where guix-daemon would leave an unsearchable one at 0444.
//!
//! The files are reached by descriptor ([`crate::walk`]).

use std::collections::{HashMap, HashSet};
use std::ffi::CString;
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, Stat, Timespec, Timestamps, UTIME_OMIT};

use crate::error::{Error, IoContext, Result};
use crate::sys;
use crate::walk::{self, Entry, Visitor, walk};

/// The date of every file in the store, in seconds since the epoch.
pub const STORE_MTIME: i64 = 1;

/// Device and inode of a file.
type Inode = (u64, u64);

/// Give the trees at PATHS canonical metadata.
///
/// With FROM_UID (the build user), a file that belongs to somebody else is refused: a builder may
/// have hard-linked `/etc/shadow` into its output. A file with links outside of the trees is replaced
/// by a copy before it is changed, unless it is canonical already, as files shared through `.links`
/// are.
pub(crate) fn canonicalise<P: AsRef<Path>>(paths: &[P], from_uid: Option<u32>) -> Result<()> {
    let mut links = Links(HashMap::new());
    for path in paths {
        walk(path.as_ref(), &mut links)?;
    }
    let mut canonical = Canonical {
        from_uid,
        owner: rustix::process::geteuid().as_raw(),
        group: rustix::process::getegid().as_raw(),
        seen: HashSet::new(),
        links: links.0,
    };
    paths.iter().try_for_each(|path| walk(path.as_ref(), &mut canonical))
}

/// Give the directory or file PATH itself, and nothing below it, canonical mode and date.
pub(crate) fn canonicalise_top(path: &Path) -> Result<()> {
    let name = walk::c_string(path)?;
    let stat = rustix::fs::lstat(path).at("examining", path)?;
    let top = Entry { at: CWD, name: &name, path, stat };
    if top.kind() == FileType::Symlink {
        return set_mtime_of_link(&top);
    }
    let file = top.open()?;
    set_mode(&file, &top.stat, path)?;
    set_mtime(&file, path)
}

/// How many names the files with several links have in the trees.
struct Links(HashMap<Inode, u64>);

impl Visitor for Links {
    fn leave(&mut self, file: &Entry<'_>, _: Option<&OwnedFd>) -> Result<()> {
        if file.kind() == FileType::RegularFile && file.stat.st_nlink > 1 {
            *self.0.entry(file.inode()).or_default() += 1;
        }
        Ok(())
    }
}

struct Canonical {
    from_uid: Option<u32>,
    owner: u32,
    group: u32,
    /// Files that this walk changed.
    seen: HashSet<Inode>,
    links: HashMap<Inode, u64>,
}

impl Visitor for Canonical {
    fn meet(&mut self, file: &Entry<'_>) -> Result<bool> {
        let kind = file.kind();
        if !matches!(kind, FileType::RegularFile | FileType::Directory | FileType::Symlink) {
            return Err(Error::UnsupportedType { path: file.path.to_path_buf() });
        }
        match self.from_uid {
            Some(expected) if file.stat.st_uid != expected => {
                // A second name of a file that this walk has already taken over is fine.
                if self.seen.contains(&file.inode()) {
                    return Ok(false);
                }
                let (path, got) = (file.path.to_path_buf(), file.stat.st_uid);
                Err(Error::InvalidOwner { path, expected, got })
            }
            _ => Ok(true),
        }
    }

    fn enter(&mut self, dir: &Entry<'_>, fd: &OwnedFd) -> Result<()> {
        self.take_over(fd, dir.path).map(drop)
    }

    fn leave(&mut self, file: &Entry<'_>, dir: Option<&OwnedFd>) -> Result<()> {
        if let Some(dir) = dir {
            return finish(dir, &file.stat, file.path);
        }
        if file.kind() == FileType::Symlink {
            self.seen.insert(file.inode());
            if file.stat.st_uid != self.owner {
                let flags = AtFlags::SYMLINK_NOFOLLOW;
                rustix::fs::chownat(file.at, file.name, self.uid(), self.gid(), flags)
                    .at_write("changing owner of", file.path)?;
            }
            return set_mtime_of_link(file);
        }
        if self.is_shared_outside(&file.stat) {
            unshare(file)?;
        }
        let opened = file.open()?;
        let stat = self.take_over(&opened, file.path)?;
        finish(&opened, &stat, file.path)
    }
}

impl Canonical {
    /// Make the file FD ours. The result is what it was before.
    fn take_over(&mut self, fd: &OwnedFd, path: &Path) -> Result<Stat> {
        let stat = rustix::fs::fstat(fd).at("examining", path)?;
        self.seen.insert(sys::Facts::of(&stat).inode);
        if stat.st_uid != self.owner {
            rustix::fs::fchown(fd, self.uid(), self.gid()).at_write("changing owner of", path)?;
        }
        Ok(stat)
    }

    fn is_shared_outside(&self, stat: &Stat) -> bool {
        let facts = sys::Facts::of(stat);
        let inside = self.links.get(&facts.inode).copied().unwrap_or(1);
        let canonical = matches!(facts.mode & 0o7777, 0o444 | 0o555)
            && facts.mtime == STORE_MTIME
            && stat.st_uid == self.owner;
        facts.links > inside && !canonical
    }

    fn uid(&self) -> Option<rustix::fs::Uid> {
        Some(rustix::fs::Uid::from_raw(self.owner))
    }

    fn gid(&self) -> Option<rustix::fs::Gid> {
        Some(rustix::fs::Gid::from_raw(self.group))
    }
}

/// Give the file FD, which was STAT, the metadata that everything in the store has.
fn finish(fd: &OwnedFd, stat: &Stat, path: &Path) -> Result<()> {
    let file = File::from(fd.try_clone().at("opening", path)?);
    sys::clear_attributes(&file).at_write("removing attributes of", path)?;
    set_mode(&file, stat, path)?;
    set_mtime(&file, path)
}

/// Replace FILE by a copy of itself that has no other links.
fn unshare(file: &Entry<'_>) -> Result<()> {
    let path = file.path;
    let mut source = File::from(file.open()?);
    let mode = rustix::fs::fstat(&source).at("examining", path)?.st_mode;
    let mut temp = b".fruix-copy-".to_vec();
    temp.extend_from_slice(std::process::id().to_string().as_bytes());
    let temp = CString::new(temp).unwrap_or_default();
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    // The copy is made beside the file: in the same directory descriptor unless it is the top.
    let beside = match path.parent() {
        Some(parent) if file.name.to_bytes().contains(&b'/') => {
            CString::new(parent.join(temp.to_string_lossy().as_ref()).into_os_string().as_bytes())
                .unwrap_or_default()
        }
        _ => temp,
    };
    let at: BorrowedFd<'_> = file.at;
    let target = rustix::fs::openat(at, &beside, flags, Mode::from_raw_mode(0o600))
        .at_write("copying", path)?;
    let mut target = File::from(target);
    std::io::copy(&mut source, &mut target).at("copying", path)?;
    rustix::fs::fchmod(&target, Mode::from_raw_mode(mode & 0o755)).at("copying", path)?;
    rustix::fs::renameat(at, &beside, at, file.name).at_write("replacing", path)
}

fn set_mode(file: impl AsFd, stat: &Stat, path: &Path) -> Result<()> {
    let directory = FileType::from_raw_mode(stat.st_mode) == FileType::Directory;
    let mode = if directory || stat.st_mode & 0o100 != 0 { 0o555 } else { 0o444 };
    let now = rustix::fs::fstat(&file).at("examining", path)?;
    if sys::Facts::of(&now).mode & 0o7777 != mode {
        let mode = Mode::from_raw_mode(mode as _);
        rustix::fs::fchmod(file, mode).at_write("changing mode of", path)?;
    }
    Ok(())
}

fn store_times() -> Timestamps {
    Timestamps {
        last_access: Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT as _ },
        last_modification: Timespec { tv_sec: STORE_MTIME as _, tv_nsec: 0 },
    }
}

fn set_mtime(file: impl AsFd, path: &Path) -> Result<()> {
    rustix::fs::futimens(file, &store_times()).at_write("changing modification time of", path)
}

fn set_mtime_of_link(link: &Entry<'_>) -> Result<()> {
    rustix::fs::utimensat(link.at, link.name, &store_times(), AtFlags::SYMLINK_NOFOLLOW)
        .at_write("changing modification time of", link.path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
    use std::path::PathBuf;

    fn tree() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let top = dir.path().join("top");
        fs::create_dir(&top).unwrap();
        (dir, top)
    }

    #[test]
    fn modes_and_dates() {
        let (_keep, top) = tree();
        for (name, mode, want) in
            [("a", 0o600, 0o444), ("b", 0o4711, 0o555), ("c", 0o000, 0o444), ("d", 0o066, 0o444)]
        {
            let file = top.join(name);
            fs::write(&file, name).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
            canonicalise(&[&top], None).unwrap();
            let meta = fs::metadata(&file).unwrap();
            assert_eq!((meta.mode() & 0o7777, meta.mtime(), meta.mtime_nsec()), (want, 1, 0));
            fs::set_permissions(&top, fs::Permissions::from_mode(0o755)).unwrap();
        }
        symlink("nowhere", top.join("l")).unwrap();
        canonicalise(&[&top], None).unwrap();
        assert_eq!(fs::symlink_metadata(top.join("l")).unwrap().mtime(), 1);
        let meta = fs::metadata(&top).unwrap();
        assert_eq!((meta.mode() & 0o7777, meta.mtime()), (0o555, 1));
    }

    #[test]
    fn links_to_the_outside_are_cut() {
        let (keep, top) = tree();
        let outside = keep.path().join("outside");
        fs::write(&outside, "mine").unwrap();
        fs::set_permissions(&outside, fs::Permissions::from_mode(0o640)).unwrap();
        fs::hard_link(&outside, top.join("in")).unwrap();
        fs::write(top.join("x"), "x").unwrap();
        fs::hard_link(top.join("x"), top.join("y")).unwrap();
        canonicalise(&[&top], None).unwrap();
        assert_eq!(fs::metadata(&outside).unwrap().mode() & 0o777, 0o640);
        assert_eq!(fs::read(top.join("in")).unwrap(), b"mine");
        assert_eq!(fs::metadata(top.join("in")).unwrap().nlink(), 1);
        assert_eq!(fs::metadata(top.join("x")).unwrap().nlink(), 2);
    }

    #[test]
    fn other_owners_are_refused() {
        let (_keep, top) = tree();
        let me = rustix::process::geteuid().as_raw();
        match canonicalise(&[&top], Some(me + 1)) {
            Err(Error::InvalidOwner { expected, got, .. }) => {
                assert_eq!((expected, got), (me + 1, me))
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn sockets_are_refused() {
        let (_keep, top) = tree();
        let _socket = std::os::unix::net::UnixListener::bind(top.join("s")).unwrap();
        assert!(matches!(canonicalise(&[&top], None), Err(Error::UnsupportedType { .. })));
    }
}
