// SPDX-License-Identifier: GPL-3.0-or-later
//! What both backends do alike around fork and exec, and everything `unsafe` that they share.
//!
//! What runs in the child before exec only makes system calls on memory that was prepared before: no
//! allocation, no locks, no formatting, since other threads may have held the allocator's lock when the
//! child was made.

use std::ffi::{CStr, CString, OsString};
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};
use std::{fs, io, ptr};

use crate::request::Part;
use crate::{BuildRequest, Error, Result};

/// An error number.
pub(crate) type Errno = i32;

/// A C string; a file name or argument with a null byte is the requester's mistake.
pub(crate) fn c_string(bytes: impl Into<Vec<u8>>) -> Result<CString> {
    CString::new(bytes).map_err(|e| {
        let text = String::from_utf8_lossy(&e.into_vec()).replace('\0', "\\0");
        Error::Request(format!("`{text}' contains a null byte"))
    })
}

pub(crate) fn c_path(path: &Path) -> Result<CString> {
    c_string(path.as_os_str().as_bytes())
}

/// `/`-rooted PATH below BASE.
pub(crate) fn below(base: &Path, path: &Path) -> PathBuf {
    base.join(path.strip_prefix("/").unwrap_or(path))
}

/// Refuse file names that are relative or climb.
pub(crate) fn absolute(path: &Path) -> Result<&Path> {
    let plain = |c: Component| matches!(c, Component::RootDir | Component::Normal(_));
    if path.is_absolute() && path.components().all(plain) {
        Ok(path)
    } else {
        Err(Error::Request(format!("`{}' is not a plain absolute file name", path.display())))
    }
}

/// SOURCE with the links in its directory part resolved, itself not followed.
pub(crate) fn resolve(source: &Path) -> Result<PathBuf> {
    let fail = |e| Error::Source { path: source.to_owned(), source: e };
    match (source.parent(), source.file_name()) {
        (Some(parent), Some(name)) => Ok(fs::canonicalize(parent).map_err(fail)?.join(name)),
        _ => Ok(source.to_owned()),
    }
}

/// What is executed in the end.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Program {
    pub path: CString,
    pub args: Vec<CString>,
    pub env: Vec<CString>,
}

impl Program {
    /// PATH with ARGS and ENV.
    pub fn new(path: &Path, args: &[OsString], env: &[(OsString, OsString)]) -> Result<Self> {
        let env = env.iter().map(|(name, value)| {
            if name.is_empty() || name.as_bytes().contains(&b'=') {
                let name = name.to_string_lossy();
                return Err(Error::Request(format!(
                    "`{name}' cannot name an environment variable"
                )));
            }
            let mut entry = name.clone().into_vec();
            entry.push(b'=');
            entry.extend(value.as_bytes());
            c_string(entry)
        });
        Ok(Self {
            path: c_path(path)?,
            args: args.iter().map(|a| c_string(a.as_bytes())).collect::<Result<_>>()?,
            env: env.collect::<Result<_>>()?,
        })
    }

    /// What REQUEST runs.
    pub fn of(request: &BuildRequest) -> Result<Self> {
        let mut env = request.env.clone();
        if !request.has(Part::Environment) {
            env.extend(std::env::vars_os());
        }
        Self::new(absolute(&request.program)?, &request.args, &env)
    }
}

/// Null-terminated arrays of pointers into a [`Program`]'s strings, made before the fork: they cannot be
/// allocated in the child.
pub(crate) struct ExecVectors {
    args: Vec<*const libc::c_char>,
    env: Vec<*const libc::c_char>,
}

impl ExecVectors {
    /// The vectors of PROGRAM, which they must not outlive.
    pub fn of(program: Option<&Program>) -> Self {
        let pointers = |strings: &[CString]| {
            strings.iter().map(|s| s.as_ptr()).chain(std::iter::once(ptr::null())).collect()
        };
        let (args, env) = program.map_or((&[][..], &[][..]), |p| (&p.args, &p.env));
        Self { args: pointers(args), env: pointers(env) }
    }

    /// Become PROGRAM, whose vectors these are; returns why not.
    pub fn execute(&self, program: &Program) -> Errno {
        // SAFETY: the arrays end in null pointers and point to strings of PROGRAM.
        unsafe { libc::execve(program.path.as_ptr(), self.args.as_ptr(), self.env.as_ptr()) };
        errno()
    }
}

/// This thread's last error number.
pub(crate) fn errno() -> Errno {
    io::Error::last_os_error().raw_os_error().unwrap_or(0)
}

/// What a system call's RESULT says.
pub(crate) fn check(result: impl Into<i64>) -> std::result::Result<(), Errno> {
    if result.into() < 0 { Err(errno()) } else { Ok(()) }
}

/// RESULT, where something that exists already is as good.
pub(crate) fn unless_exists(
    result: std::result::Result<(), Errno>,
) -> std::result::Result<(), Errno> {
    if result == Err(libc::EEXIST) { Ok(()) } else { result }
}

/// The kind of a message that says "this step failed with that error number".
pub(crate) const FAILED: u32 = 0;

/// Send a message from child to parent: KIND, INDEX of a step, an error number.
pub(crate) fn send(
    socket: RawFd,
    kind: u32,
    index: u32,
    error: Errno,
) -> std::result::Result<(), Errno> {
    let words = [kind, index, error as u32];
    // SAFETY: the length is that of the array.
    let sent = unsafe { libc::send(socket, words.as_ptr().cast(), 12, libc::MSG_NOSIGNAL) };
    check(sent as i64)
}

/// Send the message KIND and wait for one byte; a parent that is gone counts as `ESRCH`.
pub(crate) fn ask(socket: RawFd, kind: u32) -> std::result::Result<(), Errno> {
    send(socket, kind, 0, 0)?;
    let mut answer = 0_u8;
    // SAFETY: one byte is read into one byte.
    match unsafe { libc::read(socket, (&raw mut answer).cast(), 1) } {
        1 => Ok(()),
        0 => Err(libc::ESRCH),
        _ => Err(errno()),
    }
}

/// Receive a message from the child: `None` when it has closed its end, by exec or by its death.
pub(crate) fn receive(socket: &OwnedFd) -> io::Result<Option<(u32, u32, Errno)>> {
    let mut words = [0_u32; 3];
    loop {
        // SAFETY: the length is that of the array.
        match unsafe { libc::recv(socket.as_raw_fd(), words.as_mut_ptr().cast(), 12, 0) } {
            12 => return Ok(Some((words[0], words[1], words[2] as i32))),
            n if n >= 0 => return Ok(None),
            _ if errno() == libc::EINTR => {}
            // What a peer that died with unread data leaves behind.
            _ if errno() == libc::ECONNRESET => return Ok(None),
            _ => return Err(io::Error::last_os_error()),
        }
    }
}

/// Open PATH with FLAGS and MODE, and write CONTENTS to it.
pub(crate) fn write_file(
    path: &CStr,
    flags: i32,
    mode: u32,
    contents: &[u8],
) -> std::result::Result<(), Errno> {
    let flags = flags | libc::O_WRONLY | libc::O_CLOEXEC | libc::O_NOFOLLOW;
    // SAFETY: PATH is a C string; the slice shrinks with what was written; FD is ours to close.
    unsafe {
        let fd = libc::open(path.as_ptr(), flags, mode);
        check(fd)?;
        let mut rest = contents;
        let mut result = Ok(());
        while !rest.is_empty() {
            let n = libc::write(fd, rest.as_ptr().cast(), rest.len());
            match usize::try_from(n) {
                Ok(n) => rest = rest.get(n..).unwrap_or(&[]),
                Err(_) => {
                    result = Err(errno());
                    break;
                }
            }
        }
        libc::close(fd);
        result
    }
}

/// Soft limit zero; the hard one stays, as in guix-daemon, for builds that test core dumps.
pub(crate) fn no_core_dumps() -> std::result::Result<(), Errno> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the structure is read and written within the calls.
    unsafe {
        check(libc::getrlimit(libc::RLIMIT_CORE, &raw mut limit))?;
        limit.rlim_cur = 0;
        check(libc::setrlimit(libc::RLIMIT_CORE, &raw const limit))
    }
}

/// Default actions for all signals: a Rust program ignores SIGPIPE, and ignored signals survive exec.
pub(crate) fn reset_signals() {
    // SAFETY: zeros are a valid `sigaction` that says SIG_DFL. Errors are for KILL, STOP and the C
    // library's own signals, which need no reset.
    unsafe {
        let default: libc::sigaction = MaybeUninit::zeroed().assume_init();
        for signal in 1..=64 {
            libc::sigaction(signal, &raw const default, ptr::null_mut());
        }
    }
}

/// No signal blocked.
pub(crate) fn unblock_signals() -> std::result::Result<(), Errno> {
    // SAFETY: the set is initialised by `sigemptyset`.
    unsafe {
        let mut none = MaybeUninit::<libc::sigset_t>::uninit();
        libc::sigemptyset(none.as_mut_ptr());
        check(libc::sigprocmask(libc::SIG_SETMASK, none.as_ptr(), ptr::null_mut()))
    }
}

/// All signals blocked in this thread, so that no handler of this program runs in a child before its
/// signals are reset; undone when dropped.
pub(crate) struct SignalsBlocked(libc::sigset_t);

impl SignalsBlocked {
    /// Block them.
    pub fn new() -> Self {
        // SAFETY: both sets are initialised by the calls before they are read.
        unsafe {
            let mut all = MaybeUninit::<libc::sigset_t>::uninit();
            let mut before = MaybeUninit::<libc::sigset_t>::zeroed();
            libc::sigfillset(all.as_mut_ptr());
            libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr());
            Self(before.assume_init())
        }
    }
}

impl Drop for SignalsBlocked {
    fn drop(&mut self) {
        // SAFETY: the set was filled in by `pthread_sigmask`.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.0, ptr::null_mut()) };
    }
}

/// Reap the child PID and return its raw status.
pub(crate) fn reap(pid: libc::pid_t) -> io::Result<i32> {
    let mut status = 0;
    loop {
        // SAFETY: STATUS outlives the call.
        if unsafe { libc::waitpid(pid, &raw mut status, 0) } >= 0 {
            return Ok(status);
        }
        if errno() != libc::EINTR {
            return Err(io::Error::last_os_error());
        }
    }
}
