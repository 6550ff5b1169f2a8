// SPDX-License-Identifier: GPL-3.0-or-later
//! Walking file trees by descriptor, without following symbolic links: a tree that changes while it is
//! walked cannot lead the walk elsewhere. Whoever changes or deletes all files of a tree is a
//! [`Visitor`].

use std::ffi::{CStr, CString};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

use crate::error::{Error, IoContext, Result};
use crate::fsutil::lstat;
use crate::sys;

/// How deep directories may be nested. The walk holds a descriptor per level.
const MAX_DEPTH: usize = 512;

/// A file that the walk has come to.
pub(crate) struct Entry<'a> {
    /// The directory that it is in.
    pub(crate) at: BorrowedFd<'a>,
    /// Its name there.
    pub(crate) name: &'a CStr,
    /// Its whole name, for messages.
    pub(crate) path: &'a Path,
    /// What was known of it when the walk came to it.
    pub(crate) stat: Stat,
}

impl Entry<'_> {
    /// Its type.
    pub(crate) fn kind(&self) -> FileType {
        FileType::from_raw_mode(self.stat.st_mode)
    }

    /// Device and inode.
    pub(crate) fn inode(&self) -> (u64, u64) {
        sys::Facts::of(&self.stat).inode
    }

    /// Open it, a directory or regular file.
    pub(crate) fn open(&self) -> Result<OwnedFd> {
        open(self.at, self.name, self.path, self.kind())
    }
}

/// What is done with the files of a tree.
pub(crate) trait Visitor {
    /// The walk has come to FILE. False: leave it and all below it alone.
    fn meet(&mut self, _file: &Entry<'_>) -> Result<bool> {
        Ok(true)
    }

    /// The walk is about to go into the directory DIR, opened as FD.
    fn enter(&mut self, _dir: &Entry<'_>, _fd: &OwnedFd) -> Result<()> {
        Ok(())
    }

    /// FILE is no directory, or one, opened as DIR, whose files have all been visited.
    fn leave(&mut self, file: &Entry<'_>, dir: Option<&OwnedFd>) -> Result<()>;

    /// The directory DIR is nested too deep to be walked.
    fn too_deep(&mut self, dir: &Entry<'_>) -> Result<()> {
        Err(Error::io("walking too deep a tree", dir.path, Errno::NAMETOOLONG.into()))
    }

    /// Whether files may vanish meanwhile.
    fn tolerates_vanishing(&self) -> bool {
        false
    }
}

/// Show all files of the tree PATH to VISITOR: a directory before its files, then again after them.
pub(crate) fn walk(path: &Path, visitor: &mut dyn Visitor) -> Result<()> {
    let name = c_string(path)?;
    visit(CWD, &name, path, visitor, 0)
}

fn visit(
    at: BorrowedFd<'_>,
    name: &CStr,
    path: &Path,
    visitor: &mut dyn Visitor,
    depth: usize,
) -> Result<()> {
    let stat = match rustix::fs::statat(at, name, AtFlags::SYMLINK_NOFOLLOW) {
        Err(Errno::NOENT) if visitor.tolerates_vanishing() => return Ok(()),
        other => other.at("examining", path)?,
    };
    let entry = Entry { at, name, path, stat };
    if !visitor.meet(&entry)? {
        return Ok(());
    }
    if entry.kind() != FileType::Directory {
        return visitor.leave(&entry, None);
    }
    if depth >= MAX_DEPTH {
        return visitor.too_deep(&entry);
    }
    let dir = entry.open()?;
    visitor.enter(&entry, &dir)?;
    for name in names_in(&dir, path)? {
        let path = path.join(std::ffi::OsStr::from_bytes(name.to_bytes()));
        visit(dir.as_fd(), &name, &path, visitor, depth + 1)?;
    }
    visitor.leave(&entry, Some(&dir))
}

/// PATH as the system wants it.
pub(crate) fn c_string(path: &Path) -> Result<CString> {
    CString::new(path.as_os_str().as_bytes()).at("opening", path)
}

/// Open the file NAME, which is of type KIND, in the directory AT. A directory or file of ours whose
/// mode forbids that is made accessible to its owner first.
pub(crate) fn open(
    at: BorrowedFd<'_>,
    name: &CStr,
    path: &Path,
    kind: FileType,
) -> Result<OwnedFd> {
    let mut flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    if kind == FileType::Directory {
        flags |= OFlags::DIRECTORY;
    }
    let fd = match rustix::fs::openat(at, name, flags, Mode::empty()) {
        Err(Errno::ACCESS) => {
            // Only the owner gets here (root opens everything), so nothing of anybody else's can
            // be reached through a link that replaces NAME right now.
            let stat =
                rustix::fs::statat(at, name, AtFlags::SYMLINK_NOFOLLOW).at("examining", path)?;
            let mode = Mode::from_raw_mode((stat.st_mode & 0o777) | 0o600);
            rustix::fs::chmodat(at, name, mode, AtFlags::empty()).at_write("opening", path)?;
            let fd = rustix::fs::openat(at, name, flags, Mode::empty()).at("opening", path)?;
            rustix::fs::fchmod(&fd, Mode::from_raw_mode(stat.st_mode & 0o7777))
                .at_write("opening", path)?;
            fd
        }
        other => other.at("opening", path)?,
    };
    if kind == FileType::Directory && !rustix::process::geteuid().is_root() {
        // To be opened is not enough: its files must be reachable through it.
        allow_owner(&fd, path, 0o500)?;
    }
    Ok(fd)
}

/// Let the owner of the file FD have the permissions WANTED, if that is us.
pub(crate) fn allow_owner(fd: &OwnedFd, path: &Path, wanted: u32) -> Result<()> {
    let stat = rustix::fs::fstat(fd).at("examining", path)?;
    let mode = sys::Facts::of(&stat).mode & 0o7777;
    let ours = stat.st_uid == rustix::process::geteuid().as_raw();
    if mode & wanted == wanted || !(ours || rustix::process::geteuid().is_root()) {
        return Ok(());
    }
    rustix::fs::fchmod(fd, Mode::from_raw_mode((mode | wanted) as _)).at_write("opening", path)
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

/// Give the tree at PATH to UID and, unless it is `None`, GID.
pub(crate) fn give(path: &Path, uid: u32, gid: Option<u32>) -> Result<()> {
    struct Give(rustix::fs::Uid, Option<rustix::fs::Gid>);
    impl Visitor for Give {
        fn leave(&mut self, file: &Entry<'_>, _: Option<&OwnedFd>) -> Result<()> {
            let flags = AtFlags::SYMLINK_NOFOLLOW;
            rustix::fs::chownat(file.at, file.name, Some(self.0), self.1, flags)
                .at_write("changing owner of", file.path)
        }
    }
    let gid = gid.map(rustix::fs::Gid::from_raw);
    walk(path, &mut Give(rustix::fs::Uid::from_raw(uid), gid))
}

/// Delete PATH and all below it; no file there is fine. The result is how many bytes of disk that
/// frees: files with further links free nothing.
///
/// Directories that forbid it are made writable, files that vanish meanwhile are no error, and no
/// nesting is too deep: otherwise a build could leave what nobody gets rid of.
pub(crate) fn delete_tree(path: &Path) -> Result<u64> {
    let mut freed = 0;
    if lstat(path)?.is_none() {
        return Ok(freed);
    }
    loop {
        let mut delete = Delete { top: None, freed: 0, raised: 0 };
        walk(path, &mut delete)?;
        freed += delete.freed;
        if delete.raised == 0 {
            return Ok(freed);
        }
    }
}

struct Delete {
    /// The tree's top, if that is a directory.
    top: Option<OwnedFd>,
    freed: u64,
    /// How many directories were moved to the top, for the next walk.
    raised: usize,
}

impl Visitor for Delete {
    fn enter(&mut self, dir: &Entry<'_>, fd: &OwnedFd) -> Result<()> {
        allow_owner(fd, dir.path, 0o700)?;
        if self.top.is_none() {
            self.top = Some(fd.try_clone().at("opening", dir.path)?);
        }
        Ok(())
    }

    fn leave(&mut self, file: &Entry<'_>, dir: Option<&OwnedFd>) -> Result<()> {
        let flags = if dir.is_some() { AtFlags::REMOVEDIR } else { AtFlags::empty() };
        match rustix::fs::unlinkat(file.at, file.name, flags) {
            Err(Errno::NOENT) => return Ok(()),
            // Its top holds what was too deep.
            Err(Errno::NOTEMPTY | Errno::EXIST) if self.raised > 0 => return Ok(()),
            other => other.at_write("deleting", file.path)?,
        }
        let facts = sys::Facts::of(&file.stat);
        if dir.is_some() || facts.links == 1 {
            self.freed += facts.disk_bytes;
        }
        Ok(())
    }

    fn too_deep(&mut self, dir: &Entry<'_>) -> Result<()> {
        let Some(top) = &self.top else { return Ok(()) };
        // Only a writable directory can be moved to another one.
        allow_owner(&dir.open()?, dir.path, 0o700)?;
        loop {
            self.raised += 1;
            let name = format!(".deep-{}-{}", std::process::id(), self.raised);
            match rustix::fs::renameat(dir.at, dir.name, top, name.as_str()) {
                Err(Errno::EXIST | Errno::NOTEMPTY) => {}
                other => return other.at_write("deleting", dir.path),
            }
        }
    }

    fn tolerates_vanishing(&self) -> bool {
        true
    }
}

/// Rename FROM to TO on the same file system, in the way of nothing, whatever the mode of FROM. Says
/// whether it is a directory, whose mode and date may be different afterwards.
pub(crate) fn move_file(from: &Path, to: &Path) -> Result<bool> {
    let stat = rustix::fs::lstat(from).at("examining", from)?;
    let directory = FileType::from_raw_mode(stat.st_mode) == FileType::Directory;
    if directory {
        // Only a writable directory can be moved to another one, except by root.
        allow_owner(&open(CWD, &c_string(from)?, from, FileType::Directory)?, from, 0o700)?;
    }
    rustix::fs::rename(from, to).at_write("renaming to", to)?;
    Ok(directory)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn deleting_read_only_trees() {
        let dir = tempfile::tempdir().unwrap();
        let top = dir.path().join("top");
        fs::create_dir_all(top.join("a/b")).unwrap();
        fs::write(top.join("a/b/c"), vec![1; 10_000]).unwrap();
        symlink(dir.path(), top.join("a/up")).unwrap();
        for d in ["a/b", "a", ""] {
            fs::set_permissions(top.join(d), fs::Permissions::from_mode(0o555)).unwrap();
        }
        assert!(delete_tree(&top).unwrap() >= 10_000);
        assert!(!top.exists() && dir.path().exists());
        assert_eq!(delete_tree(&top).unwrap(), 0);
    }

    #[test]
    fn no_tree_is_too_deep_to_be_deleted() {
        let dir = tempfile::tempdir().unwrap();
        let top = dir.path().join("top");
        fs::create_dir(&top).unwrap();
        let mut here = fs::File::open(&top).unwrap().into();
        for _ in 0..MAX_DEPTH * 3 {
            rustix::fs::mkdirat(&here, c"d", Mode::from_raw_mode(0o700)).unwrap();
            here = rustix::fs::openat(&here, c"d", OFlags::DIRECTORY, Mode::empty()).unwrap();
        }
        struct Nothing;
        impl Visitor for Nothing {
            fn leave(&mut self, _: &Entry<'_>, _: Option<&OwnedFd>) -> Result<()> {
                Ok(())
            }
        }
        assert!(walk(&top, &mut Nothing).is_err());
        delete_tree(&top).unwrap();
        assert!(!top.exists());
    }

    #[test]
    fn directories_without_permissions_are_moved_and_deleted() {
        let dir = tempfile::tempdir().unwrap();
        let (one, two) = (dir.path().join("one"), dir.path().join("two"));
        fs::create_dir_all(one.join("d")).unwrap();
        for d in [one.join("d"), one.clone()] {
            fs::set_permissions(d, fs::Permissions::from_mode(0o000)).unwrap();
        }
        assert!(move_file(&one, &two).unwrap());
        assert!(!one.exists());
        delete_tree(&two).unwrap();
        assert!(!two.exists());
    }
}
