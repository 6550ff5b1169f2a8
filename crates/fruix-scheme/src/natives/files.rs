// SPDX-License-Identifier: GPL-3.0-or-later
//! The file system (Guile's manual, "File System").

use super::args::{beyond, fixnum, optional, string};
use super::descriptors::{c_string, done};
use crate::engine::Engine;
use crate::heap::{Foreign, Tracer};
use crate::native;
use crate::native::{Exit, Native, Result};
use crate::ports::Port;
use crate::ports::io::system_error;
use crate::sys;
use crate::value::Value;
use rustix::fs::{AtFlags, CWD, Mode, Timespec, Timestamps};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};

/// The procedures.
pub static NATIVES: &[Native] = &[
    native!("stat", 1, 1, false, |e, args| {
        let follow = |path: &str| std::fs::metadata(path);
        status(e, "stat", args, follow)
    }),
    native!("lstat", 1, 1, false, |e, args| {
        let keep = |path: &str| std::fs::symlink_metadata(path);
        status(e, "lstat", args, keep)
    }),
    native!("chmod", 2, |e, file, mode| {
        let mode = fixnum(e, "chmod", 2, mode)? as u32;
        let permissions = std::fs::Permissions::from_mode(mode & 0o7777);
        let result = match number_or_path(e, "chmod", file)? {
            Target::Path(path) => std::fs::set_permissions(path, permissions),
            Target::Fd(fd) => sys::with_file(fd, |file| file.set_permissions(permissions)),
        };
        done(e, "chmod", result)
    }),
    native!("chown", 3, |e, file, owner, group| {
        let id = |n: i64| if n < 0 { None } else { Some(n as u32) };
        let owner = id(fixnum(e, "chown", 2, owner)?);
        let group = id(fixnum(e, "chown", 3, group)?);
        let result = match number_or_path(e, "chown", file)? {
            Target::Path(path) => std::os::unix::fs::chown(path, owner, group),
            Target::Fd(fd) => {
                sys::with_file(fd, |file| std::os::unix::fs::fchown(file, owner, group))
            }
        };
        done(e, "chown", result)
    }),
    native!("utime", 1, 5, false, utime),
    native!("rename-file", 2, |e, from, to| {
        let from = string(e, "rename-file", 1, from)?;
        let to = string(e, "rename-file", 2, to)?;
        done(e, "rename-file", std::fs::rename(from, to))
    }),
    native!("delete-file", 1, |e, file| {
        let path = c_string(e, "delete-file", 1, file)?;
        let result = rustix::fs::unlink(path.as_c_str());
        done(e, "delete-file", result.map_err(Into::into))
    }),
    native!("mkdir", 1, 1, false, |e, args| {
        let path = string(e, "mkdir", 1, args[0])?;
        let mode = match optional(args, 1) {
            Some(mode) => fixnum(e, "mkdir", 2, mode)? as u32,
            None => 0o777,
        };
        done(e, "mkdir", std::fs::DirBuilder::new().mode(mode).create(path))
    }),
    native!("rmdir", 1, |e, path| {
        let path = string(e, "rmdir", 1, path)?;
        done(e, "rmdir", std::fs::remove_dir(path))
    }),
    native!("symlink", 2, |e, target, path| {
        let target = string(e, "symlink", 1, target)?;
        let path = string(e, "symlink", 2, path)?;
        done(e, "symlink", std::os::unix::fs::symlink(target, path))
    }),
    native!("link", 2, |e, old, new| {
        let old = string(e, "link", 1, old)?;
        let new = string(e, "link", 2, new)?;
        done(e, "link", std::fs::hard_link(old, new))
    }),
    native!("readlink", 1, |e, path| {
        let name = string(e, "readlink", 1, path)?;
        match std::fs::read_link(&name) {
            Ok(target) => Ok(e.heap.string(&target.to_string_lossy())),
            Err(error) => system_error(e, "readlink", &error, None),
        }
    }),
    native!("access?", 2, |e, path, how| {
        let path = string(e, "access?", 1, path)?;
        let how = fixnum(e, "access?", 2, how)?;
        let how = rustix::fs::Access::from_bits_retain(how as _);
        Ok(Value::bool(rustix::fs::access(path, how).is_ok()))
    }),
    native!("opendir", 1, |e, path| {
        let path = string(e, "opendir", 1, path)?;
        match Directory::open(&path) {
            Ok(directory) => Ok(e.heap.foreign(directory)),
            Err(error) => system_error(e, "opendir", &error, None),
        }
    }),
    native!("readdir", 1, |e, stream| {
        let Some(directory) = e.heap.as_foreign_mut::<Directory>(stream) else {
            return super::args::wanting(e, "readdir", 1, "directory", stream);
        };
        if !directory.open {
            let message = "Directory ~S is not open.";
            return e.error("misc-error", "readdir", message, &[stream]);
        }
        directory.next += 1;
        match directory.names.get(directory.next - 1).cloned() {
            Some(name) => Ok(e.heap.string(&name)),
            None => Ok(Value::EOF),
        }
    }),
    native!("rewinddir", 1, |e, stream| match e.heap.as_foreign_mut::<Directory>(stream) {
        Some(directory) => {
            directory.next = 0;
            Ok(Value::UNSPECIFIED)
        }
        None => super::args::wanting(e, "rewinddir", 1, "directory", stream),
    }),
    native!("closedir", 1, |e, stream| match e.heap.as_foreign_mut::<Directory>(stream) {
        Some(directory) => {
            directory.open = false;
            directory.names = Vec::new();
            Ok(Value::UNSPECIFIED)
        }
        None => super::args::wanting(e, "closedir", 1, "directory", stream),
    }),
    native!("directory-stream?", 1, |e, v| {
        Ok(Value::bool(e.heap.as_foreign::<Directory>(v).is_some()))
    }),
    native!("getcwd", 0, |e| match std::env::current_dir() {
        Ok(path) => Ok(e.heap.string(&path.to_string_lossy())),
        Err(error) => system_error(e, "getcwd", &error, None),
    }),
    native!("chdir", 1, |e, path| {
        let result = match number_or_path(e, "chdir", path)? {
            Target::Path(path) => std::env::set_current_dir(path),
            Target::Fd(fd) => sys::with_fd(fd, |fd| rustix::process::fchdir(fd)),
        };
        done(e, "chdir", result)
    }),
    native!("chroot", 1, |e, path| {
        let path = string(e, "chroot", 1, path)?;
        done(e, "chroot", std::os::unix::fs::chroot(path))
    }),
    native!("umask", 0, 1, false, |e, args| {
        let mask = match optional(args, 0) {
            Some(mask) => fixnum(e, "umask", 1, mask)? as u32,
            None => {
                // The mask can only be read by setting it.
                let mask = rustix::process::umask(Mode::empty());
                rustix::process::umask(mask);
                return Ok(Value::fixnum(mask.as_raw_mode() as i64));
            }
        };
        let old = rustix::process::umask(Mode::from_raw_mode(mask as _));
        Ok(Value::fixnum(old.as_raw_mode() as i64))
    }),
    native!("copy-file", 2, 0, true, |e, args| {
        let from = string(e, "copy-file", 1, args[0])?;
        let to = string(e, "copy-file", 2, args[1])?;
        done(e, "copy-file", copy_file(&from, &to))
    }),
    native!("sendfile", 3, 1, false, sendfile),
    native!("mknod", 4, 0, false, |e, args| {
        use rustix::fs::FileType;
        let path = string(e, "mknod", 1, args[0])?;
        let kind = match e.heap.symbol_name(args[1]) {
            Some("regular") => FileType::RegularFile,
            Some("fifo") => FileType::Fifo,
            Some("socket") => FileType::Socket,
            Some("block-special") => FileType::BlockDevice,
            Some("char-special") => FileType::CharacterDevice,
            _ => return e.out_of_range("mknod", 2, args[1]),
        };
        let mode = Mode::from_raw_mode(fixnum(e, "mknod", 3, args[2])? as _);
        let device = fixnum(e, "mknod", 4, args[3])?;
        let result = rustix::fs::mknodat(CWD, path, kind, mode, device as _);
        done(e, "mknod", result.map_err(Into::into))
    }),
    native!("sync", 0, |_| {
        rustix::fs::sync();
        Ok(Value::UNSPECIFIED)
    }),
    native!("basename", 1, 1, false, |e, args| {
        let name = string(e, "basename", 1, args[0])?;
        let suffix = match optional(args, 1) {
            Some(suffix) => string(e, "basename", 2, suffix)?,
            None => String::new(),
        };
        Ok(e.heap.string(basename(&name, &suffix)))
    }),
    native!("dirname", 1, |e, name| {
        let name = string(e, "dirname", 1, name)?;
        Ok(e.heap.string(dirname(&name)))
    }),
    native!("canonicalize-path", 1, |e, path| {
        let path = string(e, "canonicalize-path", 1, path)?;
        match std::fs::canonicalize(&path) {
            Ok(path) => Ok(e.heap.string(&path.to_string_lossy())),
            Err(error) => system_error(e, "canonicalize-path", &error, None),
        }
    }),
];

/// What procedures on files take: a name, or a descriptor or port.
enum Target {
    Path(String),
    Fd(i32),
}

fn number_or_path(engine: &mut Engine, subr: &str, value: Value) -> Result<Target> {
    if value.is_fixnum() || engine.heap.as_foreign::<Port>(value).is_some() {
        return Ok(Target::Fd(super::port_objects::descriptor(engine, subr, 1, value)?));
    }
    Ok(Target::Path(string(engine, subr, 1, value)?))
}

/// (stat object [exception-on-error?])
fn status(
    engine: &mut Engine,
    subr: &str,
    args: &[Value],
    of_path: fn(&str) -> std::io::Result<std::fs::Metadata>,
) -> Result {
    let result = match number_or_path(engine, subr, args[0])? {
        Target::Path(path) => of_path(&path),
        Target::Fd(fd) => sys::with_file(fd, std::fs::File::metadata),
    };
    let metadata = match result {
        Ok(metadata) => metadata,
        Err(_) if optional(args, 1) == Some(Value::FALSE) => return Ok(Value::FALSE),
        Err(error) => {
            let errno = error.raw_os_error().unwrap_or(libc::EIO);
            let heap = &mut engine.heap;
            let text = heap.string(&sys::error_text(errno));
            return Err(Box::new(Exit::Error {
                key: heap.intern("system-error"),
                subr: heap.string(subr),
                message: heap.string("~A: ~S"),
                args: heap.list(&[text, args[0]]),
                data: heap.list(&[Value::fixnum(errno.into())]),
            }));
        }
    };
    Ok(status_vector(engine, &metadata))
}

/// Guile's vector: `scheme/ice-9/boot/posix.scm` names its elements.
fn status_vector(engine: &mut Engine, file: &std::fs::Metadata) -> Value {
    let kind = file.file_type();
    let name = if kind.is_file() {
        "regular"
    } else if kind.is_dir() {
        "directory"
    } else if kind.is_symlink() {
        "symlink"
    } else if kind.is_block_device() {
        "block-special"
    } else if kind.is_char_device() {
        "char-special"
    } else if kind.is_fifo() {
        "fifo"
    } else if kind.is_socket() {
        "socket"
    } else {
        "unknown"
    };
    let kind = engine.heap.intern(name);
    let mut numbers = |n: u64| match i64::try_from(n).ok().and_then(Value::try_fixnum) {
        Some(value) => value,
        None => crate::numbers::Num::from_big(n.into()).into_value(&mut engine.heap),
    };
    let (device, inode, special) = (numbers(file.dev()), numbers(file.ino()), numbers(file.rdev()));
    let size = numbers(file.size());
    let elements = [
        device,
        inode,
        Value::fixnum(file.mode().into()),
        Value::fixnum(file.nlink() as i64),
        Value::fixnum(file.uid().into()),
        Value::fixnum(file.gid().into()),
        special,
        size,
        Value::fixnum(file.atime()),
        Value::fixnum(file.mtime()),
        Value::fixnum(file.ctime()),
        Value::fixnum(file.blksize() as i64),
        Value::fixnum(file.blocks() as i64),
        kind,
        Value::fixnum((file.mode() & 0o7777).into()),
        Value::fixnum(file.atime_nsec()),
        Value::fixnum(file.mtime_nsec()),
        Value::fixnum(file.ctime_nsec()),
    ];
    engine.heap.vector(&elements)
}

/// (utime object [actime [modtime [actimens [modtimens [flags]]]]])
fn utime(engine: &mut Engine, args: &[Value]) -> Result {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = now.unwrap_or_default();
    let mut times = [Timespec { tv_sec: 0, tv_nsec: 0 }; 2];
    for (i, time) in times.iter_mut().enumerate() {
        let seconds = match optional(args, 1 + i) {
            Some(seconds) => fixnum(engine, "utime", 2 + i, seconds)?,
            None => now.as_secs() as i64,
        };
        let nanoseconds = match optional(args, 3 + i) {
            Some(nanoseconds) => fixnum(engine, "utime", 4 + i, nanoseconds)?,
            None if optional(args, 1 + i).is_none() => i64::from(now.subsec_nanos()),
            None => 0,
        };
        *time = Timespec { tv_sec: seconds, tv_nsec: nanoseconds as _ };
    }
    let flags = match optional(args, 5) {
        Some(flags) => fixnum(engine, "utime", 6, flags)?,
        None => 0,
    };
    let [last_access, last_modification] = times;
    let times = Timestamps { last_access, last_modification };
    let result = match number_or_path(engine, "utime", args[0])? {
        Target::Path(path) => {
            let flags = AtFlags::from_bits_retain(flags as _);
            rustix::fs::utimensat(CWD, path, &times, flags).map_err(Into::into)
        }
        Target::Fd(fd) => sys::with_fd(fd, |fd| rustix::fs::futimens(fd, &times)),
    };
    done(engine, "utime", result)
}

/// As Guile's: the copy is made with the original's mode, as the file mode mask allows.
fn copy_file(from: &str, to: &str) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut source = std::fs::File::open(from)?;
    let mode = source.metadata()?.mode() & 0o7777;
    let mut options = std::fs::OpenOptions::new();
    let mut target = options.write(true).create(true).truncate(true).mode(mode).open(to)?;
    std::io::copy(&mut source, &mut target).map(drop)
}

/// (sendfile out in count [offset])
fn sendfile(engine: &mut Engine, args: &[Value]) -> Result {
    use std::os::unix::fs::FileExt;
    let subr = "sendfile";
    for &port in &args[..2] {
        if engine.heap.as_foreign::<Port>(port).is_some_and(|port| port.writable) {
            let call = crate::ports::io::Call { name: subr, args };
            crate::ports::io::flush(engine, port, call)?;
        }
    }
    let out = super::port_objects::descriptor(engine, subr, 1, args[0])?;
    let input = super::port_objects::descriptor(engine, subr, 2, args[1])?;
    let count = fixnum(engine, subr, 3, args[2])?;
    if count < 0 {
        return beyond(engine, subr, args[2]);
    }
    let mut offset = match optional(args, 3) {
        Some(offset) => Some(fixnum(engine, subr, 4, offset)?.max(0) as u64),
        None => None,
    };
    let mut left = count as u64;
    let mut buffer = vec![0; 1 << 16];
    let result: std::io::Result<()> = (|| {
        while left > 0 {
            let size = buffer.len().min(left as usize);
            let chunk = &mut buffer[..size];
            let read = sys::with_file(input, |mut file| match offset {
                Some(offset) => file.read_at(chunk, offset),
                None => std::io::Read::read(&mut file, chunk),
            })?;
            if read == 0 {
                break;
            }
            sys::with_file(out, |mut file| std::io::Write::write_all(&mut file, &chunk[..read]))?;
            left -= read as u64;
            offset = offset.map(|offset| offset + read as u64);
        }
        Ok(())
    })();
    match result {
        Ok(()) => Ok(Value::fixnum(count - left as i64)),
        Err(error) => system_error(engine, subr, &error, None),
    }
}

/// Guile's `basename`: what follows the last slash that something follows. Trailing slashes stay.
fn basename<'a>(name: &'a str, suffix: &str) -> &'a str {
    let stem = name.trim_end_matches('/');
    if stem.is_empty() {
        return if name.is_empty() { "" } else { "/" };
    }
    let start = stem.rfind('/').map_or(0, |at| at + 1);
    let base = &name[start..];
    match base.strip_suffix(suffix) {
        Some(shorter) if !shorter.is_empty() => shorter,
        _ => base,
    }
}

/// Guile's `dirname`.
fn dirname(name: &str) -> &str {
    let stem = name.trim_end_matches('/');
    match stem.rfind('/') {
        Some(at) => {
            let directory = stem[..at].trim_end_matches('/');
            if directory.is_empty() { "/" } else { directory }
        }
        None if stem.is_empty() && !name.is_empty() => "/",
        None => ".",
    }
}

/// A directory being read. Its names are read at once, so that programs may change it meanwhile.
struct Directory {
    names: Vec<String>,
    next: usize,
    open: bool,
}

impl Directory {
    fn open(path: &str) -> std::io::Result<Directory> {
        let mut names = vec![".".to_owned(), "..".to_owned()];
        for entry in std::fs::read_dir(path)? {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        Ok(Directory { names, next: 0, open: true })
    }
}

impl Foreign for Directory {
    fn type_name(&self) -> &'static str {
        "directory stream"
    }
    fn trace(&self, _: &mut Tracer) {}
    fn describe(&self, _: &Engine, value: Value) -> Option<String> {
        let closed = if self.open { "" } else { "closed: " };
        Some(format!("#<{closed}directory stream {:x}>", value.bits()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart_as_guile_does() {
        let bases = [("/a/b.c", "b.c"), ("/", "/"), ("", ""), ("a/", "a/"), ("a//b//", "b//")];
        for (name, base) in bases {
            assert_eq!(basename(name, ""), base, "{name}");
        }
        assert_eq!(basename("/a/b.c", ".c"), "b");
        assert_eq!(basename(".c", ".c"), ".c");
        let directories = [
            ("/a/b", "/a"),
            ("/a", "/"),
            ("a", "."),
            ("a/", "."),
            ("/", "/"),
            ("", "."),
            ("a//b//", "a"),
        ];
        for (name, directory) in directories {
            assert_eq!(dirname(name), directory, "{name}");
        }
    }
}
