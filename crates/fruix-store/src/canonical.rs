// SPDX-License-Identifier: GPL-3.0-or-later
//! Canonical metadata of store items: `canonicalisePathMetaData` of nix/libstore/local-store.cc.
//!
//! Every file of an item belongs to whoever owns the store, is dated one second after the epoch, is
//! readable by all and writable by nobody, executable or not; nothing else (set-uid bits, attributes,
//! access lists, file flags) is left of what its maker wanted. Directories are always searchable
//! (0555), where guix-daemon would leave an unsearchable one at 0444.
//!
//! Directories are walked by descriptor and symbolic links are never followed, so that a tree that
//! changes while it is walked cannot lead the walk elsewhere.

use std::collections::HashMap;
use std::ffi::{CStr, CString};
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{
    AtFlags, CWD, Dir, FileType, Mode, OFlags, Stat, Timespec, Timestamps, UTIME_OMIT,
};
use rustix::io::Errno;

use crate::error::{Error, IoContext, Result};
use crate::sys;

/// The date of every file in the store, in seconds since the epoch.
pub const STORE_MTIME: i64 = 1;

/// How deep directories may be nested in an item. The walk holds a descriptor per level.
const MAX_DEPTH: usize = 512;

/// Give the tree at PATH canonical metadata.
///
/// With FROM_UID (the build user), a file that belongs to somebody else is refused: a builder may
/// have hard-linked `/etc/shadow` into its output. Without, or when build and store user are the
/// same, a file with links outside of the tree is replaced by a copy before it is changed, unless it
/// is canonical already, as files shared through `.links` are.
pub fn canonicalise(path: &Path, from_uid: Option<u32>) -> Result<()> {
    let mut walk = Walk {
        from_uid,
        owner: rustix::process::geteuid().as_raw(),
        group: rustix::process::getegid().as_raw(),
        seen: HashMap::new(),
        links: HashMap::new(),
    };
    let name = c_string(path)?;
    walk.count_links(CWD, &name, path, 0)?;
    walk.visit(CWD, &name, path)
}

/// Give the directory or file PATH itself, and nothing below it, canonical mode and date.
pub(crate) fn canonicalise_top(path: &Path) -> Result<()> {
    let name = c_string(path)?;
    let stat = stat_at(CWD, &name, path)?;
    let kind = FileType::from_raw_mode(stat.st_mode);
    if kind == FileType::Symlink {
        return set_mtime_of_link(CWD, &name, path);
    }
    let file = open_entry(CWD, &name, path, kind)?;
    set_mode(&file, &stat, path)?;
    set_mtime(&file, path)
}

struct Walk {
    from_uid: Option<u32>,
    owner: u32,
    group: u32,
    /// Files that this walk changed, by device and inode.
    seen: HashMap<(u64, u64), ()>,
    /// How many names the files with several links have in this tree.
    links: HashMap<(u64, u64), u64>,
}

impl Walk {
    fn count_links(
        &mut self,
        at: BorrowedFd<'_>,
        name: &CStr,
        path: &Path,
        depth: usize,
    ) -> Result<()> {
        let stat = stat_at(at, name, path)?;
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory => {
                check_depth(depth, path)?;
                let dir = open_entry(at, name, path, FileType::Directory)?;
                for entry in names_in(&dir, path)? {
                    self.count_links(dir.as_fd(), &entry, &join(path, &entry), depth + 1)?;
                }
            }
            FileType::RegularFile if stat.st_nlink > 1 => {
                *self.links.entry(inode(&stat)).or_default() += 1;
            }
            _ => {}
        }
        Ok(())
    }

    fn visit(&mut self, at: BorrowedFd<'_>, name: &CStr, path: &Path) -> Result<()> {
        let stat = stat_at(at, name, path)?;
        let kind = FileType::from_raw_mode(stat.st_mode);
        if !matches!(kind, FileType::RegularFile | FileType::Directory | FileType::Symlink) {
            return Err(Error::UnsupportedType { path: path.to_path_buf() });
        }
        if let Some(expected) = self.from_uid
            && stat.st_uid != expected
        {
            // A second name of a file that this walk has already taken over is fine.
            return if self.seen.contains_key(&inode(&stat)) {
                Ok(())
            } else {
                Err(Error::InvalidOwner { path: path.to_path_buf(), expected, got: stat.st_uid })
            };
        }
        if kind == FileType::Symlink {
            self.seen.insert(inode(&stat), ());
            if stat.st_uid != self.owner {
                rustix::fs::chownat(at, name, self.uid(), self.gid(), AtFlags::SYMLINK_NOFOLLOW)
                    .at_write("changing owner of", path)?;
            }
            return set_mtime_of_link(at, name, path);
        }
        if kind == FileType::RegularFile && self.is_shared_outside(&stat) {
            unshare(at, name, path)?;
            return self.visit(at, name, path);
        }
        let file = open_entry(at, name, path, kind)?;
        let stat = rustix::fs::fstat(&file).at("examining", path)?;
        self.seen.insert(inode(&stat), ());
        if stat.st_uid != self.owner {
            rustix::fs::fchown(&file, self.uid(), self.gid())
                .at_write("changing owner of", path)?;
        }
        if kind == FileType::Directory {
            for entry in names_in(&file, path)? {
                self.visit(file.as_fd(), &entry, &join(path, &entry))?;
            }
        }
        let file = File::from(file);
        sys::clear_attributes(&file).at_write("removing attributes of", path)?;
        set_mode(&file, &stat, path)?;
        set_mtime(&file, path)
    }

    fn is_shared_outside(&self, stat: &Stat) -> bool {
        let inside = self.links.get(&inode(stat)).copied().unwrap_or(1);
        let facts = sys::Facts::of(stat);
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

fn check_depth(depth: usize, path: &Path) -> Result<()> {
    if depth >= MAX_DEPTH {
        return Err(Error::Io {
            action: "walking too deep a tree",
            path: path.to_path_buf(),
            source: Errno::NAMETOOLONG.into(),
        });
    }
    Ok(())
}

/// Replace the file NAME by a copy of itself that has no other links.
fn unshare(at: BorrowedFd<'_>, name: &CStr, path: &Path) -> Result<()> {
    let mut source = File::from(open_entry(at, name, path, FileType::RegularFile)?);
    let mode = rustix::fs::fstat(&source).at("examining", path)?.st_mode;
    let mut temp = b".fruix-copy-".to_vec();
    temp.extend_from_slice(std::process::id().to_string().as_bytes());
    let temp = CString::new(temp).unwrap_or_default();
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    // The copy is made beside the file: in the same directory descriptor unless NAME is a whole path.
    let beside = match path.parent() {
        Some(parent) if name.to_bytes().contains(&b'/') => {
            CString::new(parent.join(temp.to_string_lossy().as_ref()).into_os_string().as_bytes())
                .unwrap_or_default()
        }
        _ => temp,
    };
    let target = rustix::fs::openat(at, &beside, flags, Mode::from_raw_mode(0o600))
        .at_write("copying", path)?;
    let mut target = File::from(target);
    std::io::copy(&mut source, &mut target).at("copying", path)?;
    rustix::fs::fchmod(&target, Mode::from_raw_mode(mode & 0o755)).at("copying", path)?;
    rustix::fs::renameat(at, &beside, at, name).at_write("replacing", path)
}

fn inode(stat: &Stat) -> (u64, u64) {
    sys::Facts::of(stat).inode
}

fn join(path: &Path, name: &CStr) -> PathBuf {
    path.join(std::ffi::OsStr::from_bytes(name.to_bytes()))
}

fn c_string(path: &Path) -> Result<CString> {
    CString::new(path.as_os_str().as_bytes()).at("opening", path)
}

fn stat_at(at: BorrowedFd<'_>, name: &CStr, path: &Path) -> Result<Stat> {
    rustix::fs::statat(at, name, AtFlags::SYMLINK_NOFOLLOW).at("examining", path)
}

/// Open a directory or regular file without following links; if its own mode forbids that, give
/// the owner access first.
fn open_entry(at: BorrowedFd<'_>, name: &CStr, path: &Path, kind: FileType) -> Result<OwnedFd> {
    let mut flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    if kind == FileType::Directory {
        flags |= OFlags::DIRECTORY;
    }
    match rustix::fs::openat(at, name, flags, Mode::empty()) {
        Err(Errno::ACCESS) => {
            // Only the owner gets here (root opens everything), so nothing of anybody else's can
            // be reached through a link that replaces NAME right now.
            let stat = stat_at(at, name, path)?;
            let mode = Mode::from_raw_mode((stat.st_mode & 0o777) | 0o600);
            rustix::fs::chmodat(at, name, mode, AtFlags::empty()).at_write("opening", path)?;
            let fd = rustix::fs::openat(at, name, flags, Mode::empty()).at("opening", path)?;
            rustix::fs::fchmod(&fd, Mode::from_raw_mode(stat.st_mode & 0o7777))
                .at_write("opening", path)?;
            Ok(fd)
        }
        other => other.at("opening", path),
    }
}

fn names_in(dir: &OwnedFd, path: &Path) -> Result<Vec<CString>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(dir).at("reading directory", path)? {
        let entry = entry.at("reading directory", path)?;
        let name = entry.file_name();
        if name != c"." && name != c".." {
            names.push(name.to_owned());
        }
    }
    Ok(names)
}

fn set_mode(file: impl AsFd, stat: &Stat, path: &Path) -> Result<()> {
    let directory = FileType::from_raw_mode(stat.st_mode) == FileType::Directory;
    let mode = if directory || stat.st_mode & 0o100 != 0 { 0o555 } else { 0o444 };
    if sys::Facts::of(stat).mode & 0o7777 != mode {
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

fn set_mtime_of_link(at: BorrowedFd<'_>, name: &CStr, path: &Path) -> Result<()> {
    rustix::fs::utimensat(at, name, &store_times(), AtFlags::SYMLINK_NOFOLLOW)
        .at_write("changing modification time of", path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

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
            canonicalise(&top, None).unwrap();
            let meta = fs::metadata(&file).unwrap();
            assert_eq!((meta.mode() & 0o7777, meta.mtime(), meta.mtime_nsec()), (want, 1, 0));
            fs::set_permissions(&top, fs::Permissions::from_mode(0o755)).unwrap();
        }
        symlink("nowhere", top.join("l")).unwrap();
        canonicalise(&top, None).unwrap();
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
        canonicalise(&top, None).unwrap();
        assert_eq!(fs::metadata(&outside).unwrap().mode() & 0o777, 0o640);
        assert_eq!(fs::read(top.join("in")).unwrap(), b"mine");
        assert_eq!(fs::metadata(top.join("in")).unwrap().nlink(), 1);
        assert_eq!(fs::metadata(top.join("x")).unwrap().nlink(), 2);
    }

    #[test]
    fn other_owners_are_refused() {
        let (_keep, top) = tree();
        let me = rustix::process::geteuid().as_raw();
        match canonicalise(&top, Some(me + 1)) {
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
        assert!(matches!(canonicalise(&top, None), Err(Error::UnsupportedType { .. })));
    }
}
