// SPDX-License-Identifier: GPL-3.0-or-later
//! The real [`Syscalls`], and the clone in front of it.
//!
//! Everything `unsafe` that is Linux's own is here; what `unix.rs` says of children holds.

use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;

use super::ops::{Op, Step, program};
use crate::steps::{Syscalls, run};
use crate::unix::{self, Errno, ExecVectors, check, errno, unless_exists, write_file};

/// The kernel of this machine; SOCKET is this child's end of the line to its parent.
pub(crate) struct Kernel<'a> {
    socket: RawFd,
    /// The argument and environment vectors of `Exec`.
    vectors: &'a ExecVectors,
}

impl Syscalls<Op> for Kernel<'_> {
    fn perform(&mut self, op: &Op) -> Result<(), Errno> {
        // SAFETY: every pointer passed below comes from a CString or a slice that lives in OP (or in
        // VECTORS, whose strings live in the same list of steps), and lengths are those of the slices.
        unsafe {
            match op {
                Op::Ask(message) => unix::ask(self.socket, *message as u32),
                Op::Mount { source, target, fstype, flags, data } => check(libc::mount(
                    source.as_ptr(),
                    target.as_ptr(),
                    fstype.as_ptr(),
                    *flags as libc::c_ulong,
                    data.as_ptr().cast(),
                )),
                Op::MountAttributes { target, set } => mount_attributes(target, *set),
                Op::PivotRoot { new, old } => {
                    check(libc::syscall(libc::SYS_pivot_root, new.as_ptr(), old.as_ptr()))
                }
                Op::Detach { target } => check(libc::umount2(target.as_ptr(), libc::MNT_DETACH)),
                Op::Chdir { path } => check(libc::chdir(path.as_ptr())),
                Op::Mkdir { path, mode } => unless_exists(check(libc::mkdir(path.as_ptr(), *mode))),
                Op::Touch { path } => {
                    unless_exists(check(libc::mknod(path.as_ptr(), libc::S_IFREG | 0o444, 0)))
                }
                Op::Symlink { contents, path } => {
                    check(libc::symlink(contents.as_ptr(), path.as_ptr()))
                }
                Op::Chmod { path, mode } => check(libc::chmod(path.as_ptr(), *mode)),
                Op::WriteFile { path, contents, mode } => {
                    write_file(path, libc::O_CREAT | libc::O_EXCL, *mode, contents)
                }
                Op::Poke { path, contents } => write_file(path, 0, 0, contents),
                Op::LoopbackUp => loopback_up(),
                Op::SetHostname { name } => {
                    check(libc::sethostname(name.as_ptr(), name.as_bytes().len()))
                }
                Op::SetDomainname { name } => {
                    check(libc::setdomainname(name.as_ptr(), name.as_bytes().len()))
                }
                Op::NewSession => check(libc::setsid()),
                Op::NewKeyring => new_keyring(),
                Op::Personality { persona } => check(libc::personality(*persona as libc::c_ulong)),
                Op::Umask { mask } => {
                    libc::umask(*mask);
                    Ok(())
                }
                Op::NoCoreDumps => unix::no_core_dumps(),
                Op::ResetSignals => {
                    unix::reset_signals();
                    Ok(())
                }
                Op::DefaultSigpipe => {
                    libc::signal(libc::SIGPIPE, libc::SIG_DFL);
                    Ok(())
                }
                Op::UnblockSignals => unix::unblock_signals(),
                Op::Unshare { flags } => check(libc::unshare(*flags)),
                // The raw calls: the C library's act on all threads of the parent's memory image.
                Op::SetGroups { groups } => {
                    check(libc::syscall(libc::SYS_setgroups, groups.len(), groups.as_ptr()))
                }
                Op::SetGid { gid } => check(libc::syscall(libc::SYS_setresgid, *gid, *gid, *gid)),
                Op::SetUid { uid } => check(libc::syscall(libc::SYS_setresuid, *uid, *uid, *uid)),
                Op::DropBoundingSet => drop_bounding_set(),
                Op::DropCapabilities => drop_capabilities(),
                Op::NoNewPrivileges => check(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)),
                Op::Filter { program } => {
                    let filter = libc::sock_fprog {
                        len: program.len() as u16,
                        // `Instruction` has the layout of `sock_filter`.
                        filter: program.as_ptr().cast_mut().cast(),
                    };
                    let install = libc::SECCOMP_SET_MODE_FILTER;
                    check(libc::syscall(libc::SYS_seccomp, install, 0, &raw const filter))
                }
                Op::ScopeAbstractSockets => scope_abstract_sockets(),
                Op::DeathSignal => {
                    check(libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL, 0, 0, 0))
                }
                Op::Duplicate { from, to } => check(libc::dup2(*from, *to)),
                Op::CloseOnExecFrom { first } => check(libc::syscall(
                    libc::SYS_close_range,
                    *first,
                    u32::MAX,
                    libc::CLOSE_RANGE_CLOEXEC,
                )),
                Op::Exec(program) => Err(self.vectors.execute(program)),
            }
        }
    }
}

fn mount_attributes(target: &CStr, set: u64) -> Result<(), Errno> {
    let attributes = libc::mount_attr { attr_set: set, attr_clr: 0, propagation: 0, userns_fd: 0 };
    // SAFETY: the structure lives until the call returns, and its size is passed.
    check(unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            libc::AT_FDCWD,
            target.as_ptr(),
            libc::AT_RECURSIVE,
            &raw const attributes,
            size_of::<libc::mount_attr>(),
        )
    })
}

/// Bring up `lo`, which gives a new network namespace 127.0.0.1 and ::1.
fn loopback_up() -> Result<(), Errno> {
    // SAFETY: `ifreq` is plain data for which zeros are valid; the descriptor is ours.
    unsafe {
        let fd = libc::socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0);
        check(fd)?;
        let mut request: libc::ifreq = MaybeUninit::zeroed().assume_init();
        request.ifr_name[0] = b'l' as libc::c_char;
        request.ifr_name[1] = b'o' as libc::c_char;
        request.ifr_ifru.ifru_flags =
            (libc::IFF_UP | libc::IFF_LOOPBACK | libc::IFF_RUNNING) as i16;
        let result = check(libc::ioctl(fd, libc::SIOCSIFFLAGS as _, &raw mut request));
        libc::close(fd);
        result
    }
}

/// A kernel without keys has none to hide.
fn new_keyring() -> Result<(), Errno> {
    const JOIN_SESSION_KEYRING: i32 = 1;
    // SAFETY: a null name asks for an anonymous keyring.
    let joined = unsafe {
        libc::syscall(libc::SYS_keyctl, JOIN_SESSION_KEYRING, ptr::null::<libc::c_char>())
    };
    match check(joined) {
        Err(libc::ENOSYS) => Ok(()),
        result => result,
    }
}

fn drop_bounding_set() -> Result<(), Errno> {
    for capability in 0..64 {
        // SAFETY: integer arguments only.
        match check(unsafe { libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0) }) {
            Err(libc::EINVAL) => break,
            other => other?,
        }
    }
    Ok(())
}

/// Empty the ambient, inheritable, permitted and effective sets.
fn drop_capabilities() -> Result<(), Errno> {
    #[repr(C)]
    struct Header {
        version: u32,
        pid: i32,
    }
    let header = Header { version: 0x2008_0522, pid: 0 };
    let none = [0_u32; 6];
    let clear = libc::PR_CAP_AMBIENT_CLEAR_ALL;
    // SAFETY: version 3 of the interface reads two structures of three words each.
    unsafe {
        check(libc::prctl(libc::PR_CAP_AMBIENT, clear, 0, 0, 0))?;
        check(libc::syscall(libc::SYS_capset, &raw const header, none.as_ptr()))
    }
}

/// Cut off abstract Unix sockets that were made outside this build, as far as the kernel can (Linux
/// 6.12): only of use where the network namespace is the host's, whose abstract sockets are otherwise
/// reachable. An older kernel makes no difference here, which [`can_scope_abstract_sockets`] tells.
fn scope_abstract_sockets() -> Result<(), Errno> {
    #[repr(C)]
    struct Ruleset {
        access_fs: u64,
        access_net: u64,
        scoped: u64,
    }
    const ABSTRACT_UNIX_SOCKET: u64 = 1;
    let rules = Ruleset { access_fs: 0, access_net: 0, scoped: ABSTRACT_UNIX_SOCKET };
    // SAFETY: the structure's size is passed; the descriptor is ours.
    unsafe {
        let size = size_of::<Ruleset>();
        let fd = libc::syscall(libc::SYS_landlock_create_ruleset, &raw const rules, size, 0);
        if fd < 0 {
            return match errno() {
                libc::ENOSYS | libc::EOPNOTSUPP | libc::E2BIG | libc::EINVAL => Ok(()),
                other => Err(other),
            };
        }
        let result = check(libc::syscall(libc::SYS_landlock_restrict_self, fd, 0));
        libc::close(fd as i32);
        result
    }
}

/// Whether [`scope_abstract_sockets`] makes a difference: the sixth version of Landlock, Linux 6.12.
pub(crate) fn can_scope_abstract_sockets() -> bool {
    const SCOPES: libc::c_long = 6;
    const VERSION: u32 = 1;
    let none = ptr::null::<libc::c_void>();
    // SAFETY: asked for its version, the call looks at no memory.
    unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, none, 0_usize, VERSION) >= SCOPES }
}

/// A child made by [`spawn`]: its number, and a descriptor that stands for it even once the number has been reused.
pub(crate) struct Child {
    pub pid: libc::pid_t,
    pub pidfd: OwnedFd,
}

/// Make a child in new namespaces (FLAGS) that carries out STEPS, the last of which is an exec.
/// SOCKET is the child's end of the line.
pub(crate) fn spawn(flags: i32, steps: &[Step], socket: &OwnedFd) -> std::io::Result<Child> {
    let vectors = ExecVectors::of(program(steps));
    let socket = socket.as_raw_fd();
    let mut pidfd: libc::c_int = -1;
    let flags = (flags | libc::CLONE_PIDFD | libc::SIGCHLD) as libc::c_ulong;
    let blocked = unix::SignalsBlocked::new();
    // SAFETY: without CLONE_VM this is fork(2): the child has a copy of all memory and its own stack.
    // It calls nothing but `run` with `Kernel`, which allocates nothing and takes no lock, and leaves
    // by exec or `_exit`. The kernel stores the descriptor at the third argument, in the parent.
    let pid = unsafe {
        let pid = libc::syscall(libc::SYS_clone, flags, 0_usize, &raw mut pidfd, 0_usize, 0_usize);
        if pid == 0 {
            let mut kernel = Kernel { socket, vectors: &vectors };
            if let Err((index, errno)) = run(steps, &mut kernel) {
                let _ = unix::send(socket, unix::FAILED, index as u32, errno);
            }
            libc::_exit(127);
        }
        pid
    };
    let error = std::io::Error::last_os_error();
    drop(blocked);
    if pid < 0 {
        return Err(error);
    }
    // SAFETY: the kernel made this descriptor for us.
    let pidfd = unsafe { OwnedFd::from_raw_fd(pidfd) };
    Ok(Child { pid: pid as libc::pid_t, pidfd })
}

/// Carry out STEPS in this very process; returns what failed, or `None` when they are all done.
pub(crate) fn run_here(steps: &[Step]) -> Option<(usize, Errno)> {
    let vectors = ExecVectors::of(program(steps));
    run(steps, &mut Kernel { socket: -1, vectors: &vectors }).err()
}

/// Kill all processes of UID from a child that takes its ID, so that the kernel decides who is hit.
pub(crate) fn kill_all_of(uid: u32) -> std::io::Result<()> {
    // SAFETY: as in `spawn`: the child makes three system calls and exits. kill(-1) spares the caller.
    let pid = unsafe {
        let pid = libc::syscall(
            libc::SYS_clone,
            libc::SIGCHLD as usize,
            0_usize,
            0_usize,
            0_usize,
            0_usize,
        );
        if pid == 0 {
            if libc::syscall(libc::SYS_setresuid, uid, uid, uid) != 0 {
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
        return Err(std::io::Error::last_os_error());
    }
    let status = unix::reap(pid as libc::pid_t)?;
    match libc::WEXITSTATUS(status) {
        0 => Ok(()),
        code => Err(std::io::Error::from_raw_os_error(code)),
    }
}

/// SIGKILL for the process behind PIDFD; one that has ended already is fine.
pub(crate) fn kill(pidfd: &OwnedFd) {
    // SAFETY: no pointers but a null one.
    unsafe {
        libc::syscall(
            libc::SYS_pidfd_send_signal,
            pidfd.as_raw_fd(),
            libc::SIGKILL,
            ptr::null::<libc::c_void>(),
            0,
        )
    };
}
