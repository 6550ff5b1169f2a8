// SPDX-License-Identifier: GPL-3.0-or-later
//! Ports on files and file descriptors (Guile's manual, "Ports and File Descriptors").

use super::args::{beyond, fixnum, index, optional, string, wanting};
use super::port_objects::{close_port, descriptor, directions, file_port, open_options, whence};
use super::text_ports::any_port;
use crate::engine::Engine;
use crate::heap::Tag;
use crate::native;
use crate::native::{Exit, Native, Result};
use crate::ports::io::{Call, current, flush, system_error};
use crate::ports::{Device, Port};
use crate::sys::{self, Descriptor};
use crate::value::Value;
use std::ffi::CString;
use std::io::Read;

/// The procedures.
pub static NATIVES: &[Native] = &[
    native!("open-file", 2, 0, true, open_file),
    native!("open", 2, 1, false, |e, args| {
        let fd = open(e, args)?;
        let flags = args[1].as_fixnum().unwrap_or(0) as i32;
        let mode = match flags & libc::O_ACCMODE {
            libc::O_RDONLY => "r",
            libc::O_WRONLY => "w",
            _ => "r+",
        };
        let name = string(e, "open", 1, args[0])?;
        Ok(file_port(e, Descriptor::owned(fd), mode, &name))
    }),
    native!("open-fdes", 2, 1, false, |e, args| { Ok(Value::fixnum(open(e, args)?.into())) }),
    native!("close", 1, |e, v| match v.as_fixnum() {
        Some(fd) => close_fdes(e, "close", fd as i32),
        None => close_port(e, "close", v),
    }),
    native!("close-fdes", 1, |e, fd| {
        let fd = fixnum(e, "close-fdes", 1, fd)?;
        close_fdes(e, "close-fdes", fd as i32)
    }),
    native!("fdopen", 2, 0, false, |e, args| {
        let fd = fixnum(e, "fdopen", 1, args[0])?;
        let mode = string(e, "fdopen", 2, args[1])?;
        if let Err(error) = sys::with_fd(fd as i32, |fd| rustix::fs::fcntl_getfl(fd)) {
            return system_error(e, "scm_fdes_to_port", &error, None);
        }
        Ok(file_port(e, Descriptor::owned(fd as i32), &mode, "file"))
    }),
    native!("fileno", 1, |e, v| {
        if v.is_fixnum() {
            return wanting(e, "fileno", 1, "open file port", v);
        }
        let fd = descriptor(e, "fileno", 1, v)?;
        Ok(Value::fixnum(fd.into()))
    }),
    native!("isatty?", 1, |e, v| {
        if v.is_fixnum() || any_port(e, "isatty?", 1, v).is_ok() {
            let terminal = match descriptor(e, "isatty?", 1, v) {
                Ok(fd) => sys::with_file(fd, |file| Ok(std::io::IsTerminal::is_terminal(file))),
                Err(_) => Ok(false),
            };
            return Ok(Value::bool(terminal.unwrap_or(false)));
        }
        Ok(Value::FALSE)
    }),
    native!("port-revealed", 1, |e, v| {
        Ok(Value::fixnum(any_port(e, "port-revealed", 1, v)?.revealed.into()))
    }),
    native!("set-port-revealed!", 2, |e, v, n| {
        let n = index(e, "set-port-revealed!", 2, n)?;
        set_revealed(e, v, n as u32)
    }),
    native!("adjust-port-revealed!", 2, |e, v, n| {
        let n = fixnum(e, "adjust-port-revealed!", 2, n)?;
        let old = any_port(e, "adjust-port-revealed!", 1, v)?.revealed;
        let new = (i64::from(old) + n).max(0) as u32;
        set_revealed(e, v, new)?;
        Ok(Value::fixnum(new.into()))
    }),
    native!("seek", 3, seek),
    native!("ftell", 1, |e, port| seek(e, port, Value::fixnum(0), Value::fixnum(1))),
    native!("truncate-file", 1, 1, false, truncate),
    native!("pipe", 0, 1, false, |e, args| {
        let flags = optional(args, 0).and_then(Value::as_fixnum).unwrap_or(0);
        let flags = rustix::pipe::PipeFlags::from_bits_retain(flags as _);
        match rustix::pipe::pipe_with(flags) {
            Ok((read, write)) => {
                let read = file_port(e, read.into(), "r", "read pipe");
                let write = file_port(e, write.into(), "w", "write pipe");
                Ok(e.heap.cons(read, write))
            }
            Err(error) => system_error(e, "pipe", &error.into(), None),
        }
    }),
    native!("%dup", 1, |e, v| {
        let fd = descriptor(e, "dup->fdes", 1, v)?;
        number(e, "dup->fdes", sys::dup(fd))
    }),
    native!("dup2", 2, |e, old, new| {
        let old = fixnum(e, "dup2", 1, old)?;
        let new = fixnum(e, "dup2", 2, new)?;
        number(e, "dup2", sys::dup2(old as i32, new as i32))?;
        Ok(Value::UNSPECIFIED)
    }),
    native!("redirect-port", 2, |e, old, new| {
        let args = [old, new];
        let call = Call { name: "redirect-port", args: &args };
        let from = descriptor(e, "redirect-port", 1, old)?;
        let to = descriptor(e, "redirect-port", 2, new)?;
        if from != to {
            flush(e, old, call)?;
            flush(e, new, call)?;
            drop_read_ahead(e, new)?;
            number(e, "redirect-port", sys::dup2(from, to))?;
        }
        Ok(Value::UNSPECIFIED)
    }),
    native!("primitive-move->fdes", 2, |e, port, fd| {
        let old = descriptor(e, "primitive-move->fdes", 1, port)?;
        let new = fixnum(e, "primitive-move->fdes", 2, fd)? as i32;
        if old == new {
            return Ok(Value::FALSE);
        }
        number(e, "primitive-move->fdes", sys::dup2(old, new))?;
        let closed = sys::close(old);
        if let Device::File(file) = &mut any_port(e, "primitive-move->fdes", 1, port)?.device {
            file.set_fd(new);
        }
        match closed {
            Ok(()) => Ok(Value::TRUE),
            Err(error) => system_error(e, "primitive-move->fdes", &error, None),
        }
    }),
    native!("mkstemp!", 1, 1, false, |e, args| {
        let (port, name) = temporary(e, "mkstemp!", args)?;
        let name = e.heap.string(&name);
        super::strings::copy_into(e, "mkstemp!", args[0], Value::fixnum(0), name)?;
        Ok(port)
    }),
    native!("mkstemp", 1, 1, false, |e, args| Ok(temporary(e, "mkstemp", args)?.0)),
    native!("mkdtemp", 1, |e, template| {
        let template = string(e, "mkdtemp", 1, template)?;
        let make = |name: &str| {
            use std::os::unix::fs::DirBuilderExt;
            std::fs::DirBuilder::new().mode(0o700).create(name)
        };
        let ((), name) = with_unused_name(e, &template, make)?;
        Ok(e.heap.string(&name))
    }),
    native!("tmpfile", 0, |e| {
        let template = std::env::temp_dir().join("fruix-XXXXXX").to_string_lossy().into_owned();
        let (fd, name) = with_unused_name(e, &template, create)?;
        // The file lives on without a name.
        let _ = std::fs::remove_file(&name);
        Ok(file_port(e, Descriptor::owned(fd), "w+", "tmpfile"))
    }),
    native!("fsync", 1, |e, v| {
        let fd = synced(e, "fsync", v)?;
        let result = sys::with_file(fd, |file| file.sync_all());
        done(e, "fsync", result)
    }),
    native!("fcntl", 2, 1, false, |e, args| {
        let fd = descriptor(e, "fcntl", 1, args[0])?;
        let command = fixnum(e, "fcntl", 2, args[1])? as i32;
        let value = match optional(args, 2) {
            Some(value) => fixnum(e, "fcntl", 3, value)? as i32,
            None => 0,
        };
        let known = [
            libc::F_DUPFD,
            libc::F_GETFD,
            libc::F_SETFD,
            libc::F_GETFL,
            libc::F_SETFL,
            libc::F_GETOWN,
            libc::F_SETOWN,
        ];
        if !known.contains(&command) {
            return e.out_of_range("fcntl", 2, args[1]);
        }
        number(e, "fcntl", sys::fcntl(fd, command, value))
    }),
    native!("flock", 2, |e, v, operation| {
        use rustix::fs::FlockOperation as Op;
        let fd = descriptor(e, "flock", 1, v)?;
        let operation = match fixnum(e, "flock", 2, operation)? as i32 {
            libc::LOCK_SH => Op::LockShared,
            libc::LOCK_EX => Op::LockExclusive,
            libc::LOCK_UN => Op::Unlock,
            n if n == libc::LOCK_SH | libc::LOCK_NB => Op::NonBlockingLockShared,
            n if n == libc::LOCK_EX | libc::LOCK_NB => Op::NonBlockingLockExclusive,
            n if n == libc::LOCK_UN | libc::LOCK_NB => Op::NonBlockingUnlock,
            _ => return e.out_of_range("flock", 2, operation),
        };
        let result = sys::with_fd(fd, |fd| rustix::fs::flock(fd, operation));
        done(e, "flock", result)
    }),
    native!("select", 3, 2, false, select),
];

/// The result of a call that gives nothing.
pub fn done(engine: &mut Engine, subr: &str, result: std::io::Result<()>) -> Result {
    match result {
        Ok(()) => Ok(Value::UNSPECIFIED),
        Err(error) => system_error(engine, subr, &error, None),
    }
}

/// The result of a call that gives a number.
pub fn number(engine: &mut Engine, subr: &str, result: std::io::Result<i32>) -> Result {
    match result {
        Ok(n) => Ok(Value::fixnum(n.into())),
        Err(error) => system_error(engine, subr, &error, None),
    }
}

/// A string for the system; one with a null character in it is an error as in Guile.
pub fn c_string(engine: &mut Engine, subr: &str, position: usize, value: Value) -> Result<CString> {
    let text = string(engine, subr, position, value)?;
    match CString::new(text) {
        Ok(text) => Ok(text),
        Err(_) => {
            let message = "string contains #\\nul character: ~S";
            engine.error("misc-error", subr, message, &[value])
        }
    }
}

fn open(engine: &mut Engine, args: &[Value]) -> Result<i32> {
    let subr = "open-fdes";
    let path = c_string(engine, subr, 1, args[0])?;
    let flags = fixnum(engine, subr, 2, args[1])?;
    let mode = match optional(args, 2) {
        Some(mode) => fixnum(engine, subr, 3, mode)?,
        None => 0o666,
    };
    match sys::open(&path, flags as i32, mode as u32) {
        Ok(fd) => Ok(fd),
        Err(error) => system_error(engine, subr, &error, None),
    }
}

fn close_fdes(engine: &mut Engine, subr: &str, fd: i32) -> Result {
    done(engine, subr, sys::close(fd))
}

/// (open-file name mode #:encoding name #:guess-encoding bool)
fn open_file(engine: &mut Engine, args: &[Value]) -> Result {
    let subr = "open-file";
    let path = c_string(engine, subr, 1, args[0])?;
    let mode = string(engine, subr, 2, args[1])?;
    let (encoding, guess) = open_options(engine, subr, &args[2..])?;
    let (readable, writable) = directions(&mode);
    let mut flags = match (readable, writable) {
        (true, true) => libc::O_RDWR,
        (true, false) => libc::O_RDONLY,
        _ => libc::O_WRONLY,
    };
    flags |= match mode.chars().next() {
        Some('r') => 0,
        Some('w') => libc::O_CREAT | libc::O_TRUNC,
        Some('a') => libc::O_CREAT | libc::O_APPEND,
        _ => return beyond(engine, subr, args[1]),
    };
    if mode.contains('e') {
        flags |= libc::O_CLOEXEC;
    }
    let fd = loop {
        match sys::open(&path, flags, 0o666) {
            Ok(fd) => break fd,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return system_error(engine, subr, &error, path.to_str().ok()),
        }
    };
    let name = string(engine, subr, 1, args[0])?;
    let port = file_port(engine, Descriptor::owned(fd), &mode, &name);
    let guessed = if guess && readable { guess_encoding(fd) } else { None };
    if let Some(encoding) = guessed.or(encoding)
        && let Some(body) = engine.heap.as_foreign_mut::<Port>(port)
    {
        body.set_encoding(&encoding);
    }
    Ok(port)
}

/// The encoding that a `coding:` comment at the file's start declares.
fn guess_encoding(fd: i32) -> Option<String> {
    let mut start = [0; 500];
    let read = sys::with_file(fd, |mut file| {
        let n = file.read(&mut start)?;
        std::io::Seek::rewind(&mut file)?;
        Ok(n)
    });
    let text = String::from_utf8_lossy(&start[..read.ok()?]).into_owned();
    text.lines().take(2).find_map(|line| {
        let (before, after) = line.split_once("coding")?;
        if !before.trim_start().starts_with(';') {
            return None;
        }
        let after = after.strip_prefix([':', '='])?.trim_start();
        let name: String =
            after.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c)).collect();
        (!name.is_empty()).then_some(name)
    })
}

/// Sets how many hold the descriptor's number: a port whose number is known is not closed when it is forgotten.
fn set_revealed(engine: &mut Engine, port: Value, count: u32) -> Result {
    let body = any_port(engine, "set-port-revealed!", 1, port)?;
    body.revealed = count;
    if let Device::File(file) = &mut body.device
        && file.fd() > 2
    {
        file.set_owned(count == 0);
    }
    Ok(Value::UNSPECIFIED)
}

/// Forgets what was read ahead, going back in the file as far.
fn drop_read_ahead(engine: &mut Engine, port: Value) -> Result<()> {
    let body = any_port(engine, "seek", 1, port)?;
    let pending = body.input.pending().len();
    if pending == 0 {
        return Ok(());
    }
    body.input.skip_bytes(pending);
    if let Device::File(file) = &body.device {
        // What cannot be sought has nothing to go back to.
        let back = std::io::SeekFrom::Current(-(pending as i64));
        let _ = sys::with_file(file.fd(), |mut file| std::io::Seek::seek(&mut file, back));
    }
    Ok(())
}

fn seek(engine: &mut Engine, port: Value, offset: Value, from: Value) -> Result {
    let subr = "seek";
    let args = [port, offset, from];
    let from = whence(engine, subr, from)?;
    let amount = fixnum(engine, subr, 2, offset)?;
    if let Some(fd) = port.as_fixnum() {
        return seek_file(engine, fd as i32, amount, from);
    }
    let body = any_port(engine, subr, 1, port)?;
    if !body.open {
        return wanting(engine, subr, 1, "open port", port);
    }
    let size = match &body.device {
        Device::Custom(_) => {
            let Some(seek) = engine.guile_value("%custom-port-seek") else {
                return Ok(Value::FALSE);
            };
            return Err(Box::new(Exit::TailCall(seek, args.to_vec())));
        }
        Device::File(_) => {
            flush(engine, port, Call { name: "seek", args: &args })?;
            if (amount, from) == (0, libc::SEEK_CUR) {
                let pending = any_port(engine, subr, 1, port)?.input.pending().len();
                let fd = descriptor(engine, subr, 1, port)?;
                let at = seek_file(engine, fd, 0, from)?.as_fixnum().unwrap_or(0);
                return Ok(Value::fixnum(at - pending as i64));
            }
            drop_read_ahead(engine, port)?;
            any_port(engine, subr, 1, port)?.input.complete = false;
            let fd = descriptor(engine, subr, 1, port)?;
            return seek_file(engine, fd, amount, from);
        }
        _ if body.readable => body.input.size(),
        _ => body.output.len(),
    };
    let here = if body.readable { body.input.position() } else { size };
    let base = match from {
        libc::SEEK_SET => 0,
        libc::SEEK_CUR => here,
        _ => size,
    };
    let target = base as i64 + amount;
    let fits = usize::try_from(target).is_ok_and(|target| {
        if body.readable { body.input.set_position(target).is_ok() } else { target == size }
    });
    if fits { Ok(Value::fixnum(target)) } else { beyond(engine, "string_port_seek", offset) }
}

fn seek_file(engine: &mut Engine, fd: i32, offset: i64, from: i32) -> Result {
    use std::io::SeekFrom;
    let target = match from {
        libc::SEEK_SET => SeekFrom::Start(offset.max(0) as u64),
        libc::SEEK_CUR => SeekFrom::Current(offset),
        _ => SeekFrom::End(offset),
    };
    match sys::with_file(fd, |mut file| std::io::Seek::seek(&mut file, target)) {
        Ok(at) => Ok(Value::fixnum(at as i64)),
        Err(error) => system_error(engine, "seek", &error, None),
    }
}

fn truncate(engine: &mut Engine, args: &[Value]) -> Result {
    let subr = "truncate-file";
    let length = match optional(args, 1) {
        Some(length) => index(engine, subr, 2, length)? as u64,
        None if engine.heap.is(args[0], Tag::String) => {
            let message = "must supply length if OBJECT is a filename";
            return engine.error("misc-error", subr, message, &[]);
        }
        None => seek(engine, args[0], Value::fixnum(0), Value::fixnum(1))?
            .as_fixnum()
            .map_or(0, |n| n.max(0) as u64),
    };
    let result = if engine.heap.is(args[0], Tag::String) {
        let path = string(engine, subr, 1, args[0])?;
        let file = std::fs::OpenOptions::new().write(true).open(path);
        file.and_then(|file| file.set_len(length))
    } else {
        if !args[0].is_fixnum() {
            flush(engine, args[0], Call { name: subr, args })?;
        }
        let fd = descriptor(engine, subr, 1, args[0])?;
        sys::with_file(fd, |file| file.set_len(length))
    };
    done(engine, subr, result)
}

fn synced(engine: &mut Engine, subr: &'static str, value: Value) -> Result<i32> {
    if !value.is_fixnum() {
        flush(engine, value, Call { name: subr, args: &[value] })?;
    }
    descriptor(engine, subr, 1, value)
}

fn create(name: &str) -> std::io::Result<i32> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = std::fs::OpenOptions::new();
    let file = options.read(true).write(true).create_new(true).mode(0o600).open(name)?;
    let fd = sys::into_number(file);
    // Rust opens files such that programs do not inherit them; C's mkstemp does not.
    sys::fcntl(fd, libc::F_SETFD, 0)?;
    Ok(fd)
}

/// A new file of a name that `template`, which ends in `XXXXXX`, is filled to.
fn temporary(engine: &mut Engine, subr: &'static str, args: &[Value]) -> Result<(Value, String)> {
    let template = string(engine, subr, 1, args[0])?;
    let mode = match optional(args, 1) {
        Some(mode) => string(engine, subr, 2, mode)?,
        None => "w+".to_owned(),
    };
    let (fd, name) = with_unused_name(engine, &template, create)?;
    let port = file_port(engine, Descriptor::owned(fd), &mode, &name);
    Ok((port, name))
}

fn with_unused_name<T>(
    engine: &mut Engine,
    template: &str,
    make: impl Fn(&str) -> std::io::Result<T>,
) -> Result<(T, String)> {
    const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let Some(stem) = template.strip_suffix("XXXXXX") else {
        let error = std::io::Error::from_raw_os_error(libc::EINVAL);
        return system_error(engine, "mkstemp", &error, None);
    };
    let clock = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let mut seed = clock.map_or(0, |d| d.as_nanos() as u64) ^ u64::from(std::process::id()) << 40;
    for _ in 0..1000 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let mut name = stem.to_owned();
        let mut bits = seed >> 16;
        for _ in 0..6 {
            name.push(char::from(LETTERS[(bits % 62) as usize]));
            bits /= 62;
        }
        match make(&name) {
            Ok(made) => return Ok((made, name)),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return system_error(engine, "mkstemp", &error, None),
        }
    }
    let error = std::io::Error::from_raw_os_error(libc::EEXIST);
    system_error(engine, "mkstemp", &error, None)
}

/// (select reads writes excepts [secs [usecs]]): lists or vectors of ports and descriptors.
fn select(engine: &mut Engine, args: &[Value]) -> Result {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let wanted = [PollFlags::IN, PollFlags::OUT, PollFlags::PRI];
    let mut sets: Vec<Vec<Value>> = Vec::new();
    let mut entries = Vec::new();
    let mut buffered = Vec::new();
    for (i, &set) in args[..3].iter().enumerate() {
        let elements = match engine.heap.slots(set, Tag::Vector) {
            Some(elements) => elements.to_vec(),
            None => super::args::list(engine, "select", i + 1, set)?,
        };
        for &element in &elements {
            let fd = descriptor(engine, "select", i + 1, element)?;
            entries.push((i, element, fd));
            let port = engine.heap.as_foreign::<Port>(element);
            if i == 0 && port.is_some_and(|port| !port.input.pending().is_empty()) {
                buffered.push(element);
            }
        }
        sets.push(Vec::new());
    }
    let timeout = match optional(args, 3).filter(|&v| v != Value::FALSE) {
        None => None,
        Some(seconds) => {
            let seconds = crate::numbers::Num::from_value(&engine.heap, seconds);
            let micros = optional(args, 4).and_then(Value::as_fixnum).unwrap_or(0);
            let total = seconds.map_or(0.0, |n| n.to_f64()).max(0.0) + micros as f64 / 1e6;
            let nanos = ((total.fract()) * 1e9) as i64;
            Some(Timespec { tv_sec: total as i64, tv_nsec: nanos as _ })
        }
    };
    let none = Timespec { tv_sec: 0, tv_nsec: 0 };
    let timeout = if buffered.is_empty() { timeout } else { Some(none) };
    let files: Vec<Descriptor> = entries.iter().map(|e| Descriptor::borrowed(e.2)).collect();
    let ready = sys::with_descriptors(&files, |borrowed| {
        let pairs = borrowed.iter().zip(&entries);
        let mut polled: Vec<PollFd> =
            pairs.map(|(fd, entry)| PollFd::from_borrowed_fd(*fd, wanted[entry.0])).collect();
        poll(&mut polled, timeout.as_ref())?;
        Ok(polled.iter().map(|p| !p.revents().is_empty()).collect::<Vec<bool>>())
    });
    let ready = match ready {
        Ok(ready) => ready,
        Err(error) => return system_error(engine, "select", &error, None),
    };
    for ((set, element, _), ready) in entries.into_iter().zip(ready) {
        if ready || (set == 0 && buffered.contains(&element)) {
            sets[set].push(element);
        }
    }
    let mut results = Vec::new();
    for (set, &given) in sets.iter().zip(&args[..3]) {
        let vector = engine.heap.is(given, Tag::Vector);
        results.push(if vector { engine.heap.vector(set) } else { engine.heap.list(set) });
    }
    Ok(engine.heap.list(&results))
}

/// The current input or output port's descriptor, for programs that are run.
pub fn standard(engine: &Engine, parameter: &str, default: i32) -> i32 {
    match engine.heap.as_foreign::<Port>(current(engine, parameter)) {
        Some(Port { device: Device::File(file), open: true, .. }) => file.fd(),
        _ => default,
    }
}
