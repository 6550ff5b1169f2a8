// SPDX-License-Identifier: GPL-3.0-or-later
//! The real [`Syscalls`], and the fork in front of those of the child.
//!
//! Everything `unsafe` that is FreeBSD's own is here; what `unix.rs` says of children holds.

use std::ffi::{CStr, CString};
use std::io;
use std::mem::MaybeUninit;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr;
use std::sync::{Mutex, PoisonError};

use super::ops::{Op, Step, Value};
use super::plan::Machine;
use crate::steps::{Syscalls, run};
use crate::unix::{self, Errno, ExecVectors, Program, check, errno, unless_exists, write_file};

unsafe extern "C" {
    fn rctl_add_rule(
        rule: *const libc::c_char,
        length: libc::size_t,
        out: *mut libc::c_char,
        out_length: libc::size_t,
    ) -> libc::c_int;
}

/// Names and values for nmount(2) and jail_set(2), and a place for what the kernel has to say.
struct Options {
    bytes: Vec<(CString, Option<Vec<u8>>)>,
    message: [u8; 256],
}

impl Options {
    fn new() -> Self {
        Self { bytes: Vec::new(), message: [0; 256] }
    }

    /// NAME with VALUE; one without a value is a flag.
    fn push(&mut self, name: &str, value: Option<Vec<u8>>) {
        if let Ok(name) = CString::new(name) {
            self.bytes.push((name, value));
        }
    }

    fn text(&mut self, name: &str, value: &CStr) {
        self.push(name, Some(value.to_bytes_with_nul().to_vec()));
    }

    /// Give them to CALL, and what it says of a failure.
    fn pass(
        &mut self,
        call: impl FnOnce(*mut libc::iovec, libc::c_uint) -> libc::c_int,
    ) -> Result<libc::c_int, (Errno, Option<String>)> {
        let slice = |bytes: &[u8]| libc::iovec {
            iov_base: bytes.as_ptr().cast_mut().cast(),
            iov_len: bytes.len(),
        };
        let none = libc::iovec { iov_base: ptr::null_mut(), iov_len: 0 };
        let mut vectors = Vec::with_capacity(self.bytes.len() * 2 + 2);
        for (name, value) in &self.bytes {
            vectors.push(slice(name.to_bytes_with_nul()));
            vectors.push(value.as_deref().map_or(none, slice));
        }
        vectors.push(slice(b"errmsg\0"));
        vectors.push(libc::iovec {
            iov_base: self.message.as_mut_ptr().cast(),
            iov_len: self.message.len(),
        });
        let result = call(vectors.as_mut_ptr(), vectors.len() as libc::c_uint);
        if result >= 0 {
            return Ok(result);
        }
        let errno = errno();
        let said = CStr::from_bytes_until_nul(&self.message).unwrap_or_default();
        let said = said.to_string_lossy().into_owned();
        Err((errno, (!said.is_empty()).then_some(said)))
    }
}

/// The kernel of this machine, in the parent: makes a jail.
#[derive(Default)]
struct Maker {
    jail: Option<i32>,
    /// What the kernel said of the last failure.
    message: Option<String>,
}

impl Maker {
    fn keep<T>(&mut self, result: Result<T, (Errno, Option<String>)>) -> Result<T, Errno> {
        result.map_err(|(errno, message)| {
            self.message = message;
            errno
        })
    }
}

impl Syscalls<Op> for Maker {
    fn perform(&mut self, op: &Op) -> Result<(), Errno> {
        // SAFETY: every pointer passed below comes from a CString or a slice that lives in OP.
        unsafe {
            match op {
                Op::Mount { options, read_only } => {
                    let mut passed = Options::new();
                    options.iter().for_each(|(name, value)| passed.text(name, value));
                    let read_only = if *read_only { libc::MNT_RDONLY } else { 0 };
                    let flags = read_only | libc::MNT_NOSUID;
                    self.keep(passed.pass(|v, n| libc::nmount(v, n, flags as libc::c_int)))?;
                    Ok(())
                }
                Op::DeviceRules { number, patterns } => device_rules(*number, patterns),
                Op::Mkdir { path, mode } => {
                    unless_exists(check(libc::mkdir(path.as_ptr(), *mode as libc::mode_t)))
                }
                Op::Touch { path } => {
                    unless_exists(write_file(path, libc::O_CREAT | libc::O_EXCL, 0o444, b""))
                }
                Op::Symlink { contents, path } => {
                    check(libc::symlink(contents.as_ptr(), path.as_ptr()))
                }
                Op::Chmod { path, mode } => {
                    check(libc::chmod(path.as_ptr(), *mode as libc::mode_t))
                }
                Op::WriteFile { path, contents, mode } => {
                    write_file(path, libc::O_CREAT | libc::O_EXCL, *mode, contents)
                }
                Op::PasswordDatabase { folder } => {
                    let made = password_database(folder);
                    self.keep(made)
                }
                Op::CreateJail { parameters } => {
                    let made = create_jail(parameters);
                    self.jail = Some(self.keep(made)?);
                    Ok(())
                }
                Op::Limit { rule } => check(rctl_add_rule(
                    rule.as_ptr(),
                    rule.to_bytes_with_nul().len(),
                    ptr::null_mut(),
                    0,
                )),
                _ => Err(libc::EINVAL),
            }
        }
    }
}

fn create_jail(parameters: &[(&'static str, Value)]) -> Result<i32, (Errno, Option<String>)> {
    let mut passed = Options::new();
    for (name, value) in parameters {
        match value {
            Value::Flag => passed.push(name, None),
            Value::Number(number) => passed.push(name, Some(number.to_ne_bytes().to_vec())),
            Value::Text(text) => passed.text(name, text),
            Value::Addresses(addresses) => {
                let bytes = addresses.iter().flat_map(|address| match address {
                    IpAddr::V4(v4) => v4.octets().to_vec(),
                    IpAddr::V6(v6) => v6.octets().to_vec(),
                });
                passed.push(name, Some(bytes.collect()));
            }
        }
    }
    // SAFETY: the vectors point to what PASSED holds, and are as many as is said.
    passed.pass(|v, n| unsafe { libc::jail_set(v, n, libc::JAIL_CREATE) })
}

/// The base system knows its databases' format best.
fn password_database(folder: &CStr) -> Result<(), (Errno, Option<String>)> {
    let folder = Path::new(std::ffi::OsStr::from_bytes(folder.to_bytes()));
    let output = std::process::Command::new("/usr/sbin/pwd_mkdb")
        .args(["-p", "-d"])
        .arg(folder)
        .arg(folder.join("master.passwd"))
        .output()
        .map_err(|error| {
            let errno = error.raw_os_error().unwrap_or(libc::EIO);
            (errno, Some("cannot run /usr/sbin/pwd_mkdb of the base system".to_owned()))
        })?;
    if output.status.success() {
        return Ok(());
    }
    Err((libc::EIO, Some(String::from_utf8_lossy(&output.stderr).trim().to_owned())))
}

/// `struct devfs_rule` (sys/fs/devfs/devfs.h).
#[repr(C)]
struct DeviceRule {
    magic: u32,
    id: u32,
    conditions: i32,
    switch_flags: i32,
    pattern: [u8; 200],
    actions: i32,
    visibility: i32,
    uid: u32,
    gid: u32,
    mode: u16,
    included: u16,
}

/// An ioctl's number (sys/ioccom.h): direction, group, number and size of its argument.
const fn ioctl_number(direction: u64, group: u8, number: u8, size: usize) -> u64 {
    direction | ((size as u64 & 0x1fff) << 16) | ((group as u64) << 8) | number as u64
}

const IOC_IN: u64 = 0x8000_0000;
const IOC_OUT: u64 = 0x4000_0000;
const ADD_RULE: u64 = ioctl_number(IOC_IN | IOC_OUT, b'D', 0, size_of::<DeviceRule>());
const DELETE_RULE: u64 = ioctl_number(IOC_IN, b'D', 1, size_of::<u32>());

fn device_rules(number: u16, patterns: &[CString]) -> Result<(), Errno> {
    const MAGIC: u32 = 0xdb0a_087a;
    const BY_PATTERN: i32 = 2;
    const VISIBILITY: i32 = 1;
    const HIDE: i32 = 1;
    const UNHIDE: i32 = 2;
    /// More than one of our rulesets has ever had.
    const MOST: u32 = 64;
    let dev = std::fs::File::open("/dev").map_err(|e| e.raw_os_error().unwrap_or(libc::EIO))?;
    let id = |rule: u32| (u32::from(number) << 16) | rule;
    // SAFETY: the arguments have the sizes that the requests' numbers name.
    let ioctl = |request: u64, argument: *mut libc::c_void| unsafe {
        check(libc::ioctl(dev.as_raw_fd(), request as libc::c_ulong, argument))
    };
    for rule in 1..=MOST {
        let mut id = id(rule);
        // Most are not there.
        let _ = ioctl(DELETE_RULE, (&raw mut id).cast());
    }
    let hide = std::iter::once((None, HIDE));
    let rules = hide.chain(patterns.iter().map(|pattern| (Some(pattern), UNHIDE)));
    for (index, (pattern, visibility)) in (1..).zip(rules) {
        let mut rule = DeviceRule {
            magic: MAGIC,
            id: id(index),
            conditions: if pattern.is_some() { BY_PATTERN } else { 0 },
            switch_flags: 0,
            pattern: [0; 200],
            actions: VISIBILITY,
            visibility,
            uid: 0,
            gid: 0,
            mode: 0,
            included: 0,
        };
        let text = pattern.map_or(&b""[..], |p| p.as_bytes());
        rule.pattern.get_mut(..text.len()).ok_or(libc::ENAMETOOLONG)?.copy_from_slice(text);
        if rule.pattern.last() != Some(&0) || index > MOST {
            return Err(libc::ENAMETOOLONG);
        }
        ioctl(ADD_RULE, (&raw mut rule).cast())?;
    }
    Ok(())
}

/// Carry out the parent's STEPS; gives the jail's number, which is kept in JAIL as well. A failure has the index of
/// the step, the error number, and what the kernel says.
pub(crate) fn make_jail(
    steps: &[Step],
    jail: &Mutex<Option<i32>>,
) -> Result<i32, (usize, Errno, Option<String>)> {
    let mut maker = Maker::default();
    let result = run(steps, &mut maker);
    *jail.lock().unwrap_or_else(PoisonError::into_inner) = maker.jail;
    result.map_err(|(index, errno)| (index, errno, maker.message))?;
    maker.jail.ok_or((steps.len(), libc::EINVAL, None))
}

/// The kernel of this machine, in the child: enters jail JAIL. SOCKET is this child's end of the line to its parent.
struct Inmate<'a> {
    socket: RawFd,
    jail: i32,
    vectors: &'a ExecVectors,
}

impl Syscalls<Op> for Inmate<'_> {
    fn perform(&mut self, op: &Op) -> Result<(), Errno> {
        // SAFETY: every pointer passed below comes from a CString or a slice that lives in OP, and lengths are
        // those of the slices.
        unsafe {
            match op {
                Op::Attach => check(libc::jail_attach(self.jail)),
                Op::LoopbackUp => loopback_up(),
                Op::NewSession => check(libc::setsid()),
                Op::FixedAddresses => control(libc::PROC_ASLR_CTL, libc::PROC_ASLR_FORCE_DISABLE),
                Op::NoCoreDumps => unix::no_core_dumps(),
                Op::Umask { mask } => {
                    libc::umask(*mask as libc::mode_t);
                    Ok(())
                }
                Op::ResetSignals => {
                    unix::reset_signals();
                    Ok(())
                }
                Op::UnblockSignals => unix::unblock_signals(),
                Op::SetGroups { groups } => {
                    check(libc::setgroups(groups.len() as libc::c_int, groups.as_ptr()))
                }
                Op::SetGid { gid } => check(libc::setresgid(*gid, *gid, *gid)),
                Op::SetUid { uid } => check(libc::setresuid(*uid, *uid, *uid)),
                Op::NoNewPrivileges => {
                    control(libc::PROC_NO_NEW_PRIVS_CTL, libc::PROC_NO_NEW_PRIVS_ENABLE)
                }
                Op::Chdir { path } => check(libc::chdir(path.as_ptr())),
                Op::DeathSignal => control(libc::PROC_PDEATHSIG_CTL, libc::SIGKILL),
                Op::Duplicate { from, to } => check(libc::dup2(*from, *to)),
                Op::CloseOnExecFrom { first } => check(libc::close_range(
                    *first as libc::c_uint,
                    libc::c_uint::MAX,
                    libc::CLOSE_RANGE_CLOEXEC as libc::c_int,
                )),
                Op::Ask(kind) => unix::ask(self.socket, *kind),
                Op::Exec(program) => Err(self.vectors.execute(program)),
                _ => Err(libc::EINVAL),
            }
        }
    }
}

/// procctl(2) of COMMAND with VALUE on this process.
fn control(command: libc::c_int, mut value: libc::c_int) -> Result<(), Errno> {
    // SAFETY: these commands read one integer.
    check(unsafe {
        libc::procctl(
            libc::P_PID,
            libc::id_t::from(libc::getpid()),
            command,
            (&raw mut value).cast(),
        )
    })
}

/// Give `lo0` of an own network stack 127.0.0.1, which brings it up; ::1 it then takes by itself.
fn loopback_up() -> Result<(), Errno> {
    /// `struct ifaliasreq` (net/if.h).
    #[repr(C)]
    struct Alias {
        name: [u8; 16],
        address: libc::sockaddr_in,
        broadcast: libc::sockaddr_in,
        mask: libc::sockaddr_in,
        host: libc::c_int,
    }
    const ADD_ADDRESS: u64 = ioctl_number(IOC_IN, b'i', 43, size_of::<Alias>());
    let address = |octets: [u8; 4]| libc::sockaddr_in {
        sin_len: size_of::<libc::sockaddr_in>() as u8,
        sin_family: libc::AF_INET as libc::sa_family_t,
        sin_port: 0,
        sin_addr: libc::in_addr { s_addr: u32::from_ne_bytes(octets) },
        sin_zero: [0; 8],
    };
    // SAFETY: zeros are a valid address; the descriptor is ours; the request's number names the size.
    unsafe {
        let mut alias = Alias {
            name: *b"lo0\0\0\0\0\0\0\0\0\0\0\0\0\0",
            address: address([127, 0, 0, 1]),
            broadcast: MaybeUninit::zeroed().assume_init(),
            mask: address([255, 0, 0, 0]),
            host: 0,
        };
        let fd = libc::socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0);
        check(fd)?;
        let result = check(libc::ioctl(fd, ADD_ADDRESS as libc::c_ulong, &raw mut alias));
        libc::close(fd);
        result
    }
}

/// A child made by [`spawn`]: its number, and a queue of events that says when it has ended.
pub(crate) struct Child {
    pub pid: libc::pid_t,
    pub ended: OwnedFd,
}

/// The program that STEPS end with.
fn program(steps: &[Step]) -> Option<&Program> {
    steps.iter().find_map(|step| match &step.op {
        Op::Exec(program) => Some(program),
        _ => None,
    })
}

/// Make a child that carries out STEPS, which enter JAIL and end with an exec. SOCKET is the child's end of the line.
pub(crate) fn spawn(jail: i32, steps: &[Step], socket: &OwnedFd) -> io::Result<Child> {
    let vectors = ExecVectors::of(program(steps));
    let socket = socket.as_raw_fd();
    // SAFETY: the queue is ours.
    let queue = unsafe {
        let queue = libc::kqueue();
        if queue < 0 {
            return Err(io::Error::last_os_error());
        }
        OwnedFd::from_raw_fd(queue)
    };
    let blocked = unix::SignalsBlocked::new();
    // SAFETY: the child calls nothing but `run` with `Inmate`, which allocates nothing and takes no lock,
    // and leaves by exec or `_exit`.
    let pid = unsafe {
        let pid = libc::fork();
        if pid == 0 {
            let mut inmate = Inmate { socket, jail, vectors: &vectors };
            if let Err((index, errno)) = run(steps, &mut inmate) {
                let _ = unix::send(socket, unix::FAILED, index as u32, errno);
            }
            libc::_exit(127);
        }
        pid
    };
    let error = io::Error::last_os_error();
    drop(blocked);
    if pid < 0 {
        return Err(error);
    }
    // SAFETY: zeros are a valid event; one event is read, none written.
    let added = unsafe {
        let mut event: libc::kevent = MaybeUninit::zeroed().assume_init();
        event.ident = pid as libc::uintptr_t;
        event.filter = libc::EVFILT_PROC;
        event.flags = libc::EV_ADD;
        event.fflags = libc::NOTE_EXIT;
        libc::kevent(queue.as_raw_fd(), &raw const event, 1, ptr::null_mut(), 0, ptr::null())
    };
    if added < 0 {
        let error = io::Error::last_os_error();
        // SAFETY: the child is ours and has not been reaped.
        unsafe { libc::kill(pid, libc::SIGKILL) };
        unix::reap(pid)?;
        return Err(error);
    }
    Ok(Child { pid, ended: queue })
}

/// The number of the jail called NAME, if there is one.
pub(crate) fn find_jail(name: &str) -> io::Result<Option<i32>> {
    let mut passed = Options::new();
    let name = CString::new(name)?;
    passed.text("name", &name);
    // SAFETY: the vectors point to what PASSED holds, and are as many as is said.
    match passed.pass(|v, n| unsafe { libc::jail_get(v, n, 0) }) {
        Ok(number) => Ok(Some(number)),
        Err((libc::ENOENT, _)) => Ok(None),
        Err((errno, _)) => Err(io::Error::from_raw_os_error(errno)),
    }
}

/// Remove a jail, which kills all its processes.
pub(crate) fn remove_jail(jail: i32) -> io::Result<()> {
    // SAFETY: an integer argument only.
    if unsafe { libc::jail_remove(jail) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Unmount all that is mounted at ROOT and below, what was mounted last first.
pub(crate) fn unmount_below(root: &Path) -> io::Result<()> {
    for place in mounted()?.into_iter().rev() {
        if Path::new(std::ffi::OsStr::from_bytes(place.to_bytes())).starts_with(root) {
            // SAFETY: the path is a C string.
            if unsafe { libc::unmount(place.as_ptr(), libc::MNT_FORCE) } < 0 {
                return Err(io::Error::last_os_error());
            }
        }
    }
    Ok(())
}

/// Where file systems are mounted, in the order of mounting.
fn mounted() -> io::Result<Vec<CString>> {
    // SAFETY: zeros are a valid `statfs`; the buffer's size in bytes is passed, and as many entries are
    // looked at as the kernel says it filled.
    unsafe {
        let count = libc::getfsstat(ptr::null_mut(), 0, libc::MNT_NOWAIT);
        // Some more, since others may be mounting.
        let room = usize::try_from(count).map_err(|_| io::Error::last_os_error())? + 64;
        let mut buffer: Vec<libc::statfs> = Vec::with_capacity(room);
        let size = (room * size_of::<libc::statfs>()) as libc::c_long;
        let count = libc::getfsstat(buffer.as_mut_ptr(), size, libc::MNT_NOWAIT);
        buffer.set_len(usize::try_from(count).map_err(|_| io::Error::last_os_error())?.min(room));
        let name = |entry: &libc::statfs| CStr::from_ptr(entry.f_mntonname.as_ptr()).to_owned();
        Ok(buffer.iter().map(name).collect())
    }
}

/// Kill all processes of UID from a child that takes its ID, so that the kernel decides who is hit.
pub(crate) fn kill_all_of(uid: u32) -> io::Result<()> {
    // SAFETY: as in `spawn`: the child makes three system calls and exits. kill(-1) spares the caller.
    let pid = unsafe {
        let pid = libc::fork();
        if pid == 0 {
            if libc::setresuid(uid, uid, uid) != 0 {
                libc::_exit(errno());
            }
            if libc::kill(-1, libc::SIGKILL) != 0 && errno() != libc::ESRCH {
                libc::_exit(errno());
            }
            libc::_exit(0);
        }
        pid
    };
    if pid < 0 {
        return Err(io::Error::last_os_error());
    }
    match libc::WEXITSTATUS(unix::reap(pid)?) {
        0 => Ok(()),
        code => Err(io::Error::from_raw_os_error(code)),
    }
}

/// What this machine has.
pub(crate) fn machine() -> Machine {
    let number = |name: &CStr| sysctl(name).unwrap_or(0);
    Machine {
        vimage: number(c"kern.features.vimage") != 0,
        racct: number(c"kern.racct.enable") != 0,
        processes: number(c"kern.maxprocperuid"),
        addresses: addresses(),
    }
}

/// The number of this name in the kernel's state, if there is one.
fn sysctl(name: &CStr) -> Option<u32> {
    let mut value = [0_u8; 4];
    let mut size = value.len();
    // SAFETY: the buffer's size is passed; nothing is set.
    let result = unsafe {
        libc::sysctlbyname(name.as_ptr(), value.as_mut_ptr().cast(), &raw mut size, ptr::null(), 0)
    };
    // A boolean is one byte; the machine is little-endian.
    (result == 0).then_some(u32::from_le_bytes(value))
}

/// The machine's addresses, but for those of loopback interfaces and those that hold on one link alone.
fn addresses() -> Vec<IpAddr> {
    let mut found = Vec::new();
    // SAFETY: the list is the kernel's and is freed once, after the last look at it; each address has the size of
    // its family.
    unsafe {
        let mut list = ptr::null_mut();
        if libc::getifaddrs(&raw mut list) != 0 {
            return found;
        }
        let mut next: *const libc::ifaddrs = list;
        while let Some(entry) = next.as_ref() {
            next = entry.ifa_next;
            if entry.ifa_addr.is_null() || entry.ifa_flags & libc::IFF_LOOPBACK as u32 != 0 {
                continue;
            }
            match libc::c_int::from((*entry.ifa_addr).sa_family) {
                libc::AF_INET => {
                    let address = &*entry.ifa_addr.cast::<libc::sockaddr_in>();
                    let octets = address.sin_addr.s_addr.to_ne_bytes();
                    found.push(IpAddr::V4(Ipv4Addr::from(octets)));
                }
                libc::AF_INET6 => {
                    let address = &*entry.ifa_addr.cast::<libc::sockaddr_in6>();
                    let address = Ipv6Addr::from(address.sin6_addr.s6_addr);
                    if !address.is_unicast_link_local() {
                        found.push(IpAddr::V6(address));
                    }
                }
                _ => {}
            }
        }
        libc::freeifaddrs(list);
    }
    found
}
