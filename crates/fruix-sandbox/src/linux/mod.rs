// SPDX-License-Identifier: GPL-3.0-or-later
//! Linux's backend: namespaces.
//!
//! `plan` turns a request into steps, `ops` is the seam to the kernel, `real` carries the steps out in
//! a fresh child, this file plays the parent's part: it writes the ID maps, learns of failures and
//! follows the program to its end.

mod ops;
mod plan;
mod real;
mod seccomp;
#[cfg(test)]
mod tests;
mod view;

use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Instant;

use ops::{Message, Op, Step};

use crate::output::{Channels, Output};
use crate::request::Part;
use crate::steps;
use crate::unix::{self, Errno};
use crate::{
    BuildRequest, Error, GUEST_GID, GUEST_UID, Identity, KillHandle, Network, Outcome, Result,
    Running, Sandbox,
};

pub(crate) use view::exec_in_view;

/// The namespaces backend.
#[derive(Debug, Clone, Copy)]
pub struct Native;

impl Sandbox for Native {
    fn spawn(&self, request: BuildRequest) -> Result<Box<dyn Running>> {
        check(&request)?;
        if let Identity::BuildUser { uid, .. } = request.identity {
            kill_processes_of(uid)?;
        }
        Ok(Box::new(start(request)?))
    }

    fn shortcomings(&self, request: &BuildRequest) -> Vec<&'static str> {
        let mut found = Vec::new();
        if request.network == Network::Host && !real::can_scope_abstract_sockets() {
            found.push(
                "this kernel is older than Linux 6.12 or lacks Landlock, so the build, which uses the \
                 host's network, can reach abstract Unix sockets of the host",
            );
        }
        found
    }
}

pub(crate) fn kill_processes_of(uid: u32) -> Result<()> {
    if uid == 0 {
        return Err(Error::Request("refusing to kill all processes of root".into()));
    }
    real::kill_all_of(uid)
        .map_err(|source| Error::Io { what: "killing the build user's processes", source })
}

/// Refuse what contradicts this process's privileges, before anything is done.
fn check(request: &BuildRequest) -> Result<()> {
    let root = rustix::process::geteuid().is_root();
    let wrong = |text: &str| Err(Error::Request(text.into()));
    match &request.identity {
        Identity::Caller if root => wrong("a build may not run as root; name a build user"),
        Identity::BuildUser { uid: 0, .. } | Identity::BuildUser { gid: 0, .. } => {
            wrong("the build user may be neither root nor in root's group")
        }
        Identity::Unassigned { host_uid: 0, .. } | Identity::Unassigned { host_gid: 0, .. } => {
            wrong("unassigned IDs may not be root's")
        }
        Identity::BuildUser { .. } | Identity::Unassigned { .. } if !root => {
            wrong("only root can run builds as another user")
        }
        _ => request.check_limits(),
    }
}

type Job = Box<dyn FnOnce() + Send>;

/// Run WORK in the thread that makes all children. "Die with the parent" means the *thread* that made
/// the child, so it must be one that lives as long as the process, whatever thread pool calls us.
fn on_spawner<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    static SPAWNER: OnceLock<Mutex<Sender<Job>>> = OnceLock::new();
    let jobs = SPAWNER.get_or_init(|| {
        let (sender, receiver) = channel::<Job>();
        // Should the thread not start, the receiver is gone and `send` below says so.
        let _ = std::thread::Builder::new()
            .name("spawner".into())
            .spawn(move || receiver.into_iter().for_each(|job| job()));
        Mutex::new(sender)
    });
    let (sender, answer) = channel();
    let job: Job = Box::new(move || drop(sender.send(work())));
    let gone = || Error::Io {
        what: "starting the thread that starts builds",
        source: io::ErrorKind::BrokenPipe.into(),
    };
    jobs.lock().unwrap_or_else(std::sync::PoisonError::into_inner).send(job).map_err(|_| gone())?;
    answer.recv().map_err(|_| gone())
}

fn start(request: BuildRequest) -> Result<Process> {
    let io = |what| move |source: io::Error| Error::Io { what, source };
    let channels = Channels::open(&request.stdio).map_err(io("opening the build's output"))?;
    let plan = Arc::new(plan::build_plan(&request, channels.descriptors())?.steps);
    let (ours, theirs) = steps::line()?;
    let (flags, shared) = (plan::clone_flags(&request), Arc::clone(&plan));
    let child = on_spawner(move || real::spawn(flags, &shared, &theirs))?.map_err(|source| {
        let missing = missing_namespaces(&request.identity, &source);
        Error::Step { step: "creating namespaces".into(), source, missing }
    })?;
    let log = channels.into_log();
    // From here on the child is killed and reaped when this value is dropped.
    let process = Process {
        pid: child.pid,
        pidfd: Arc::new(child.pidfd),
        output: Output { log, limits: request.limits, started: Instant::now() },
        build_user: match request.identity {
            Identity::BuildUser { uid, .. } if request.has(Part::Ids) => Some(uid),
            _ => None,
        },
        killed: Arc::new(AtomicBool::new(false)),
        reaped: false,
    };
    let answer = |kind| {
        if kind != Message::MapIds as u32 {
            return Ok(());
        }
        map_ids(process.pid, &request).map_err(|source| Error::Step {
            step: "mapping user and group IDs".into(),
            missing: None,
            source,
        })
    };
    let failed = |index, errno| step_error(&plan, index, errno, &request.program);
    steps::converse(&ours, Message::Ready as u32, answer, failed)?;
    Ok(process)
}

fn map_ids(pid: libc::pid_t, request: &BuildRequest) -> io::Result<()> {
    let caller = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    let (uid, gid) = request.identity.outside(caller);
    let (guest_uid, guest_gid) =
        if request.has(Part::Ids) { (GUEST_UID, GUEST_GID) } else { (uid, gid) };
    fs::write(format!("/proc/{pid}/uid_map"), format!("{guest_uid} {uid} 1"))?;
    if request.identity == Identity::Caller {
        // The kernel's condition for letting an ordinary user map a group.
        fs::write(format!("/proc/{pid}/setgroups"), "deny")?;
    }
    fs::write(format!("/proc/{pid}/gid_map"), format!("{guest_gid} {gid} 1"))
}

fn missing_namespaces(identity: &Identity, error: &io::Error) -> Option<&'static str> {
    match (error.raw_os_error()?, identity) {
        (libc::ENOSPC | libc::EUSERS, _) => {
            Some("the limits in /proc/sys/user/max_*_namespaces forbid it; raise them with sysctl")
        }
        (libc::EPERM, Identity::Caller) => Some(
            "unprivileged user namespaces are disabled; enable them with `sysctl \
             kernel.unprivileged_userns_clone=1' or ask for builds by a daemon that runs as root",
        ),
        (libc::EPERM, _) => {
            Some("this looks like a container without the right to mount; give it CAP_SYS_ADMIN")
        }
        (libc::EINVAL, _) => Some("the kernel lacks one of the namespaces"),
        _ => None,
    }
}

/// What the failure of step INDEX is called.
fn step_error(steps: &[Step], index: usize, errno: Errno, program: &Path) -> Error {
    let source = io::Error::from_raw_os_error(errno);
    let Some(step) = steps.get(index) else {
        return Error::Io { what: "setting up the build process", source };
    };
    let missing = match (&step.op, errno) {
        (Op::Exec(_), _) => return Error::Exec { program: program.to_owned(), source },
        (Op::Mount { fstype, .. }, libc::EPERM | libc::EACCES) if fstype.to_bytes() == b"proc" => {
            Some("parts of the host's /proc are hidden, as in a container; uncover them there")
        }
        (Op::Mount { .. } | Op::PivotRoot { .. }, libc::EPERM | libc::EACCES) => Some(
            "this looks like a container without the right to mount, or a security module forbids it",
        ),
        (Op::Unshare { .. }, libc::EPERM | libc::ENOSPC | libc::EUSERS) => Some(
            "user namespaces are disabled; see /proc/sys/user/max_user_namespaces and \
             /proc/sys/kernel/unprivileged_userns_clone",
        ),
        (Op::MountAttributes { .. }, libc::ENOSYS) => Some("Linux 5.12 or later is needed"),
        (Op::CloseOnExecFrom { .. }, libc::ENOSYS | libc::EINVAL) => {
            Some("Linux 5.11 or later is needed")
        }
        (Op::Filter { .. }, libc::ENOSYS | libc::EINVAL) => {
            Some("the kernel was built without seccomp filters")
        }
        _ => None,
    };
    Error::Step { step: step.what.clone(), source, missing }
}

/// A started build.
struct Process {
    pid: libc::pid_t,
    pidfd: Arc<OwnedFd>,
    output: Output,
    build_user: Option<u32>,
    killed: Arc<AtomicBool>,
    reaped: bool,
}

impl Running for Process {
    fn pid(&self) -> u32 {
        self.pid.unsigned_abs()
    }

    fn kill_handle(&self) -> KillHandle {
        let (pidfd, killed) = (Arc::clone(&self.pidfd), Arc::clone(&self.killed));
        KillHandle::new(move || {
            killed.store(true, Ordering::SeqCst);
            real::kill(&pidfd);
        })
    }

    fn wait(mut self: Box<Self>, log: &mut dyn FnMut(&[u8])) -> Result<Outcome> {
        let forced = self
            .output
            .follow(self.pidfd.as_fd(), log)
            .map_err(|source| Error::Io { what: "reading the build's output", source })?;
        if forced.is_some() {
            real::kill(&self.pidfd);
        }
        let status = self.reap()?;
        Ok(forced.unwrap_or_else(|| Outcome::of(status, self.killed.load(Ordering::SeqCst))))
    }
}

impl Process {
    fn reap(&mut self) -> Result<i32> {
        let status = unix::reap(self.pid)
            .map_err(|source| Error::Io { what: "waiting for the build process", source })?;
        self.reaped = true;
        if let Some(uid) = self.build_user {
            kill_processes_of(uid)?;
        }
        Ok(status)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !self.reaped {
            real::kill(&self.pidfd);
            // There is nobody to tell; the kernel kills the namespace in any case.
            let _ = self.reap();
        }
    }
}
