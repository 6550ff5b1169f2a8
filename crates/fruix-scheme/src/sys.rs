// SPDX-License-Identifier: GPL-3.0-or-later
//! The system calls for which there is no safe wrapper: raw file descriptors as Scheme programs use
//! them, `fork`, `exec`, signals, the environment, the C library's calendar.
//!
//! All of `posix` natives' `unsafe` is here. Everything is POSIX and the same on Linux and FreeBSD.

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[path = "sys/linux.rs"]
mod linux;

use std::ffi::{CStr, CString, c_char, c_int};
use std::fs::File;
use std::io::{self, Read, Write};
use std::mem::ManuallyDrop;
use std::os::fd::{BorrowedFd, FromRawFd, IntoRawFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering};

fn check(result: c_int) -> io::Result<c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// A file descriptor that a port reads from and writes to. Scheme programs may close it, duplicate onto it or
/// hand it to another port behind the port's back, so that it is a number and not an [`OwnedFd`].
#[derive(Debug)]
pub struct Descriptor {
    fd: c_int,
    owned: bool,
}

impl Descriptor {
    /// A descriptor that is closed when the value is dropped.
    pub fn owned(fd: c_int) -> Descriptor {
        Descriptor { fd, owned: true }
    }

    /// A descriptor that stays open when the value is dropped.
    pub fn borrowed(fd: c_int) -> Descriptor {
        Descriptor { fd, owned: false }
    }

    /// The number.
    pub fn fd(&self) -> c_int {
        self.fd
    }

    /// Whether it is closed when the value is dropped.
    pub fn set_owned(&mut self, owned: bool) {
        self.owned = owned;
    }

    /// Another number for the same port; the old one is left as it is.
    pub fn set_fd(&mut self, fd: c_int) {
        self.fd = fd;
    }

    /// Closes it now.
    pub fn close(&mut self) -> io::Result<()> {
        self.owned = false;
        close(self.fd)
    }
}

impl From<File> for Descriptor {
    fn from(file: File) -> Descriptor {
        Descriptor::owned(file.into_raw_fd())
    }
}

impl From<OwnedFd> for Descriptor {
    fn from(fd: OwnedFd) -> Descriptor {
        Descriptor::owned(fd.into_raw_fd())
    }
}

impl Drop for Descriptor {
    fn drop(&mut self) {
        if self.owned {
            // A port that is forgotten cannot tell anybody that closing failed.
            let _ = close(self.fd);
        }
    }
}

impl Read for Descriptor {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        with_file(self.fd, |mut file| file.read(buffer))
    }
}

impl Write for Descriptor {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        with_file(self.fd, |mut file| file.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Calls `f` with the descriptor as a file, which stays open. A number that is no open descriptor gives the
/// system's `EBADF`.
pub fn with_file<T>(fd: c_int, f: impl FnOnce(&File) -> io::Result<T>) -> io::Result<T> {
    if fd < 0 {
        return Err(io::Error::from_raw_os_error(libc::EBADF));
    }
    // SAFETY: the file is not dropped, so that the descriptor is only borrowed; whether it is open, the system
    // says at each call.
    let file = ManuallyDrop::new(unsafe { File::from_raw_fd(fd) });
    f(&file)
}

/// Calls `f` with the descriptor borrowed.
pub fn with_fd<T>(fd: c_int, f: impl FnOnce(BorrowedFd) -> rustix::io::Result<T>) -> io::Result<T> {
    if fd < 0 {
        return Err(io::Error::from_raw_os_error(libc::EBADF));
    }
    // SAFETY: borrowed only for this call; whether it is open, the system says.
    f(unsafe { BorrowedFd::borrow_raw(fd) }).map_err(io::Error::from)
}

/// Closes a descriptor.
pub fn close(fd: c_int) -> io::Result<()> {
    // SAFETY: takes an integer. Who else uses the number is the Scheme program's affair.
    check(unsafe { libc::close(fd) }).map(drop)
}

/// A duplicate of the descriptor.
pub fn dup(fd: c_int) -> io::Result<c_int> {
    // SAFETY: takes an integer.
    check(unsafe { libc::dup(fd) })
}

/// Makes `new` a duplicate of `old`.
pub fn dup2(old: c_int, new: c_int) -> io::Result<c_int> {
    // SAFETY: takes integers.
    check(unsafe { libc::dup2(old, new) })
}

/// `fcntl` with an integer argument.
pub fn fcntl(fd: c_int, command: c_int, value: c_int) -> io::Result<c_int> {
    // SAFETY: the commands that take a pointer are refused by the caller; others take an integer or nothing.
    check(unsafe { libc::fcntl(fd, command, value) })
}

/// Opens a file; the descriptor is inherited by programs unless `flags` say otherwise.
pub fn open(path: &CStr, flags: c_int, mode: u32) -> io::Result<c_int> {
    // SAFETY: the path is a C string.
    check(unsafe { libc::open(path.as_ptr(), flags, mode as libc::c_uint) })
}

/// A new process: 0 in it, its number in the old one.
pub fn fork() -> io::Result<libc::pid_t> {
    // SAFETY: the engine's thread is the only one that runs Scheme; the child goes on with it alone and
    // uses no lock that another thread may hold but the allocator's, which the C libraries reset.
    let pid = unsafe { libc::fork() };
    if pid < 0 { Err(io::Error::last_os_error()) } else { Ok(pid) }
}

/// Becomes another program; returns only if that fails.
pub fn exec(path: &CStr, args: &[CString], environment: &[CString]) -> io::Error {
    let pointers = |strings: &[CString]| -> Vec<*const c_char> {
        strings.iter().map(|s| s.as_ptr()).chain([std::ptr::null()]).collect()
    };
    let (args, environment) = (pointers(args), pointers(environment));
    // Ignoring SIGPIPE is Rust's start-up's doing; a program expects the default. SAFETY: as in `default_signal`.
    let old = unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
    // SAFETY: C strings and arrays of them that end in null, alive during the call.
    unsafe { libc::execve(path.as_ptr(), args.as_ptr(), environment.as_ptr()) };
    let error = io::Error::last_os_error();
    // SAFETY: restores what was there.
    unsafe { libc::signal(libc::SIGPIPE, old) };
    error
}

/// Leaves the process at once.
pub fn exit_now(status: c_int) -> ! {
    // SAFETY: does not return.
    unsafe { libc::_exit(status) }
}

/// `waitpid`: the process and its raw status; process 0 when `WNOHANG` found nothing.
pub fn waitpid(pid: libc::pid_t, options: c_int) -> io::Result<(libc::pid_t, c_int)> {
    let mut status = 0;
    // SAFETY: the status is written to a local variable.
    let pid = unsafe { libc::waitpid(pid, &raw mut status, options) };
    if pid < 0 { Err(io::Error::last_os_error()) } else { Ok((pid, status)) }
}

/// `kill`.
pub fn kill(pid: libc::pid_t, signal: c_int) -> io::Result<()> {
    // SAFETY: takes integers.
    check(unsafe { libc::kill(pid, signal) }).map(drop)
}

/// Signals that have arrived and were not yet taken, a bit for each number.
static ARRIVED: AtomicU64 = AtomicU64::new(0);

/// Set with [`WAKE`] by a signal; see [`was_woken`].
static WOKEN: AtomicBool = AtomicBool::new(false);

/// The flag that a signal sets so that its handler is called soon; null or never freed.
static WAKE: AtomicPtr<AtomicBool> = AtomicPtr::new(std::ptr::null_mut());

extern "C" fn note_signal(signal: c_int) {
    ARRIVED.fetch_or(1 << (signal as u64 & 63), Ordering::Relaxed);
    // SAFETY: `wake_by_signals` stores flags that nobody frees.
    if let Some(flag) = unsafe { WAKE.load(Ordering::Acquire).as_ref() } {
        WOKEN.store(true, Ordering::Relaxed);
        flag.store(true, Ordering::Release);
    }
}

/// From now on signals that are noted set this flag: that of the machine whose program has handlers.
pub fn wake_by_signals(flag: Arc<AtomicBool>) {
    if WAKE.load(Ordering::Relaxed).cast_const() != Arc::as_ptr(&flag) {
        // The flag has to outlive its machine, for a signal that comes late.
        WAKE.store(Arc::into_raw(flag).cast_mut(), Ordering::Release);
    }
}

/// Whether it was a signal that has set the flag since the last call, and not somebody else.
pub fn was_woken() -> bool {
    WOKEN.swap(false, Ordering::Acquire)
}

/// What a signal does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Disposition {
    /// What the system does by default.
    Default,
    /// Nothing.
    Ignore,
    /// It is noted for [`take_signals`].
    Note,
}

/// Sets what a signal does; `flags` are those of `sigaction`.
pub fn set_signal(signal: c_int, disposition: Disposition, flags: c_int) -> io::Result<()> {
    // SAFETY: `sigaction` is a plain C structure for which zeroes are valid; the handler only sets an atomic.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = match disposition {
            Disposition::Default => libc::SIG_DFL,
            Disposition::Ignore => libc::SIG_IGN,
            Disposition::Note => note_signal as extern "C" fn(c_int) as libc::sighandler_t,
        };
        action.sa_flags = flags;
        libc::sigemptyset(&raw mut action.sa_mask);
        check(libc::sigaction(signal, &raw const action, std::ptr::null_mut())).map(drop)
    }
}

/// The signals that arrived since the last call.
pub fn take_signals() -> Vec<c_int> {
    if ARRIVED.load(Ordering::Relaxed) == 0 {
        return Vec::new();
    }
    let bits = ARRIVED.swap(0, Ordering::Relaxed);
    (1..64).filter(|n| bits & 1 << n != 0).collect()
}

/// `alarm`: the seconds that were left of the one before.
pub fn alarm(seconds: u32) -> u32 {
    // SAFETY: takes an integer.
    unsafe { libc::alarm(seconds) }
}

/// Sets or removes an environment variable.
pub fn set_environment(name: &str, value: Option<&str>) {
    // SAFETY: Scheme runs on one thread, and no other thread of this program reads the environment.
    unsafe {
        match value {
            Some(value) => std::env::set_var(name, value),
            None => std::env::remove_var(name),
        }
    }
}

/// The CPU time used: user, system, children's user, children's system; in clock ticks, with the ticks of
/// a second.
pub fn times() -> ([i64; 4], i64) {
    // SAFETY: `tms` is a plain C structure for which zeroes are valid.
    unsafe {
        let mut tms: libc::tms = std::mem::zeroed();
        libc::times(&raw mut tms);
        #[allow(clippy::useless_conversion, clippy::unnecessary_cast)]
        let ticks =
            [tms.tms_utime, tms.tms_stime, tms.tms_cutime, tms.tms_cstime].map(|n| n as i64);
        #[allow(clippy::useless_conversion, clippy::unnecessary_cast)]
        (ticks, libc::sysconf(libc::_SC_CLK_TCK) as i64)
    }
}

/// A limit on resources: soft and hard, none for no limit.
pub fn get_limit(resource: c_int) -> io::Result<(Option<u64>, Option<u64>)> {
    // SAFETY: `rlimit` is a plain C structure for which zeroes are valid.
    unsafe {
        let mut limit: libc::rlimit = std::mem::zeroed();
        check(libc::getrlimit(resource as _, &raw mut limit))?;
        #[allow(clippy::unnecessary_cast)]
        let read = |n| if n == libc::RLIM_INFINITY { None } else { Some(n as u64) };
        Ok((read(limit.rlim_cur), read(limit.rlim_max)))
    }
}

/// Sets a limit on resources.
pub fn set_limit(resource: c_int, soft: Option<u64>, hard: Option<u64>) -> io::Result<()> {
    let value = |n: Option<u64>| n.map_or(libc::RLIM_INFINITY, |n| n as libc::rlim_t);
    let limit = libc::rlimit { rlim_cur: value(soft), rlim_max: value(hard) };
    // SAFETY: the structure is alive during the call.
    check(unsafe { libc::setrlimit(resource as _, &raw const limit) }).map(drop)
}

/// A broken-down time, as Guile's vectors have it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calendar {
    /// Second, minute, hour, day of the month, month from 0, year from 1900, day of the week from Sunday, day of
    /// the year from 0, daylight saving (1, 0, or −1 for unknown).
    pub fields: [i32; 9],
    /// Seconds west of Greenwich.
    pub west: i64,
    /// The time zone's abbreviation.
    pub zone: String,
}

fn calendar(tm: &libc::tm) -> Calendar {
    let zone = if tm.tm_zone.is_null() {
        String::new()
    } else {
        // SAFETY: the C library's own string, which it keeps.
        unsafe { CStr::from_ptr(tm.tm_zone) }.to_string_lossy().into_owned()
    };
    Calendar {
        fields: [
            tm.tm_sec,
            tm.tm_min,
            tm.tm_hour,
            tm.tm_mday,
            tm.tm_mon,
            tm.tm_year,
            tm.tm_wday,
            tm.tm_yday,
            tm.tm_isdst,
        ],
        #[allow(clippy::unnecessary_cast)]
        west: -(tm.tm_gmtoff as i64),
        zone,
    }
}

fn broken_down(calendar: &Calendar) -> libc::tm {
    // SAFETY: `tm` is a plain C structure for which zeroes are valid.
    let mut tm: libc::tm = unsafe { std::mem::zeroed() };
    [
        tm.tm_sec,
        tm.tm_min,
        tm.tm_hour,
        tm.tm_mday,
        tm.tm_mon,
        tm.tm_year,
        tm.tm_wday,
        tm.tm_yday,
        tm.tm_isdst,
    ] = calendar.fields;
    tm.tm_gmtoff = -calendar.west as _;
    tm
}

/// Rereads the environment's time zone.
pub fn tzset() {
    unsafe extern "C" {
        fn tzset();
    }
    // SAFETY: POSIX's, without arguments; see `set_environment` for the environment.
    unsafe { tzset() }
}

/// The broken-down time of seconds since 1970, in the local time zone or in UTC.
pub fn break_down(time: i64, local: bool) -> io::Result<Calendar> {
    let time = time as libc::time_t;
    // SAFETY: reads and writes local variables.
    unsafe {
        let mut tm: libc::tm = std::mem::zeroed();
        let result = if local {
            libc::localtime_r(&raw const time, &raw mut tm)
        } else {
            libc::gmtime_r(&raw const time, &raw mut tm)
        };
        if result.is_null() { Err(io::Error::last_os_error()) } else { Ok(calendar(&tm)) }
    }
}

/// The seconds since 1970 of a local time, and that time normalised.
pub fn make_time(time: &Calendar) -> io::Result<(i64, Calendar)> {
    let mut tm = broken_down(time);
    // SAFETY: reads and writes a local variable.
    let seconds = unsafe { libc::mktime(&raw mut tm) };
    if seconds == -1 && tm.tm_year != 69 {
        return Err(io::Error::from_raw_os_error(libc::EINVAL));
    }
    #[allow(clippy::unnecessary_cast)]
    Ok((seconds as i64, calendar(&tm)))
}

/// `strftime`.
pub fn format_time(format: &str, time: &Calendar) -> String {
    // A leading character tells an empty result from a buffer that was too small.
    let Ok(format) = CString::new(format!("!{format}")) else { return String::new() };
    let Ok(zone) = CString::new(time.zone.as_str()) else { return String::new() };
    let mut tm = broken_down(time);
    tm.tm_zone = zone.as_ptr().cast_mut();
    let mut buffer = vec![0u8; 256];
    loop {
        // SAFETY: the buffer has the size given; the strings are alive during the call.
        let length = unsafe {
            libc::strftime(buffer.as_mut_ptr().cast(), buffer.len(), format.as_ptr(), &raw const tm)
        };
        if length > 0 || buffer.len() > 1 << 20 {
            let text = String::from_utf8_lossy(&buffer[..length]);
            return text.get(1..).unwrap_or_default().to_owned();
        }
        buffer.resize(buffer.len() * 2, 0);
    }
}

unsafe extern "C" {
    /// POSIX's; the `libc` crate declares it for Linux only.
    fn strptime(
        text: *const libc::c_char,
        format: *const libc::c_char,
        tm: *mut libc::tm,
    ) -> *mut libc::c_char;
}

/// `strptime`: the time, and how many bytes were read; none if the text does not fit.
pub fn parse_time(format: &str, text: &str) -> Option<(Calendar, usize)> {
    let (format, text) = (CString::new(format).ok()?, CString::new(text).ok()?);
    let mut tm = broken_down(&Calendar::default());
    tm.tm_isdst = -1;
    // SAFETY: the strings are alive during the call; the result points into `text` or is null.
    let read = unsafe {
        let end = strptime(text.as_ptr(), format.as_ptr(), &raw mut tm);
        if end.is_null() {
            return None;
        }
        end.offset_from(text.as_ptr())
    };
    Some((calendar(&tm), read.unsigned_abs()))
}

/// The C library's description of an error number.
pub fn error_text(errno: i32) -> String {
    let text = io::Error::from_raw_os_error(errno).to_string();
    match text.find(" (os error") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

/// The descriptor of an owned file, given up.
pub fn into_number(file: impl IntoRawFd) -> c_int {
    file.into_raw_fd()
}

/// Calls `f` with the descriptors borrowed.
pub fn with_descriptors<T>(
    files: &[Descriptor],
    f: impl FnOnce(&[BorrowedFd]) -> rustix::io::Result<T>,
) -> io::Result<T> {
    if files.iter().any(|file| file.fd < 0) {
        return Err(io::Error::from_raw_os_error(libc::EBADF));
    }
    // SAFETY: as in `with_fd`.
    let borrowed: Vec<BorrowedFd> =
        files.iter().map(|file| unsafe { BorrowedFd::borrow_raw(file.fd) }).collect();
    f(&borrowed).map_err(io::Error::from)
}

/// Whether a signal has arrived that [`take_signals`] would give.
pub fn signals_wait() -> bool {
    ARRIVED.load(Ordering::Relaxed) != 0
}

/// `setuid`.
pub fn set_user(id: u32) -> io::Result<()> {
    // SAFETY: takes an integer.
    check(unsafe { libc::setuid(id) }).map(drop)
}

/// `setgid`.
pub fn set_group(id: u32) -> io::Result<()> {
    // SAFETY: takes an integer.
    check(unsafe { libc::setgid(id) }).map(drop)
}

/// Starts a program whose standard descriptors are `files`; no other descriptor of ours is handed on. A
/// program that cannot be run is a child that says so and ends with status 127, as in Guile.
pub fn spawn(
    path: &CStr,
    name: &CStr,
    args: &[CString],
    environment: &[CString],
    files: [c_int; 3],
) -> io::Result<libc::pid_t> {
    let pid = fork()?;
    if pid != 0 {
        return Ok(pid);
    }
    // Out of the way of 0, 1 and 2 first, so that none is overwritten before it is used.
    let mut saved = [0; 3];
    for (saved, &fd) in saved.iter_mut().zip(&files) {
        *saved = fcntl(fd, libc::F_DUPFD, 3).unwrap_or(-1);
    }
    for (target, &fd) in saved.iter().enumerate() {
        if fd < 0 || dup2(fd, target as c_int).is_err() {
            // The program sees a closed descriptor, as the port's owner does.
            let _ = close(target as c_int);
        }
    }
    // SAFETY: takes an integer.
    let last = unsafe { libc::sysconf(libc::_SC_OPEN_MAX) };
    for fd in 3..last.clamp(256, 4096) as c_int {
        let _ = close(fd);
    }
    let error = exec(path, args, environment);
    let text = error_text(error.raw_os_error().unwrap_or(0));
    let message = format!("In execvp of {}: {text}\n", name.to_string_lossy());
    let _ = Descriptor::borrowed(2).write_all(message.as_bytes());
    exit_now(127)
}

/// Prepares the process's memory for an engine, before there are threads. Nothing depends on it.
pub fn tune_allocator() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    linux::tune_allocator();
}
