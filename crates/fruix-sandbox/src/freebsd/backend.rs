// SPDX-License-Identifier: GPL-3.0-or-later
//! Making jails, following what runs in them, and clearing away.
//!
//! Each jail has a root directory below [`JAILS`], which only root can enter. A process that makes jails holds
//! a lock there; so the next one to start sees which jails nobody looks after any more, and removes
//! them, with their mounts, and nothing else.

use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use rustix::fs::{FlockOperation, flock};

use super::ops::{Op, READY, Step};
use super::plan::{self, Place};
use super::real;
use crate::output::{Channels, Output};
use crate::request::Part;
use crate::steps;
use crate::unix::{self, Errno};
use crate::{
    BuildRequest, Error, Identity, KillHandle, Network, Outcome, Result, Running, Sandbox,
    StoreView,
};

/// Where the jails' root directories are.
const JAILS: &str = "/var/run/fruix-jails";
/// The first of our 256 rulesets of devfs; those of devfs.rules(5) are far below.
const DEVICE_RULES: u16 = 0x4600;

/// The jail backend.
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
        let machine = real::machine();
        let mut found = Vec::new();
        if request.network == Network::Private && !machine.vimage {
            found.push(
                "this kernel lacks VIMAGE, so the build has no network at all, not even a loopback \
                 interface of its own; use a kernel with `options VIMAGE' (GENERIC has it)",
            );
        }
        if !machine.racct {
            found.push(
                "resources are not limited: set kern.racct.enable=1 in /boot/loader.conf and reboot",
            );
        }
        found
    }
}

/// Refuse what contradicts this process's privileges, before anything is done.
fn check(request: &BuildRequest) -> Result<()> {
    let wrong = |text: &str| Err(Error::Request(text.into()));
    if !rustix::process::geteuid().is_root() {
        return wrong("only root can make jails; ask the daemon for the build");
    }
    if matches!(
        request.identity,
        Identity::BuildUser { uid: 0, .. } | Identity::BuildUser { gid: 0, .. }
    ) {
        return wrong("the build user may be neither root nor in root's group");
    }
    if request.personality.linux32 {
        return wrong("there are no 32-bit Linux builds on FreeBSD");
    }
    request.check_limits()
}

pub(crate) fn exec_in_view(_view: &StoreView) -> Error {
    Error::Request(
        "an ordinary user of FreeBSD cannot be shown a store of their own; use the daemon's".into(),
    )
}

pub(crate) fn kill_processes_of(uid: u32) -> Result<()> {
    if uid == 0 {
        return Err(Error::Request("refusing to kill all processes of root".into()));
    }
    real::kill_all_of(uid)
        .map_err(|source| Error::Io { what: "killing the build user's processes", source })
}

/// What this process's jails are called, once those of processes that are gone are cleared away.
fn family() -> Result<&'static str> {
    static FAMILY: OnceLock<(String, OwnedFd)> = OnceLock::new();
    if let Some((name, _)) = FAMILY.get() {
        return Ok(name);
    }
    let fail = |source| Error::Source { path: JAILS.into(), source };
    if let Err(error) = fs::DirBuilder::new().mode(0o700).create(JAILS)
        && error.kind() != io::ErrorKind::AlreadyExists
    {
        return Err(fail(error));
    }
    clear_away().map_err(fail)?;
    let name = format!("fruix{}", std::process::id());
    let lock = fs::File::create(Path::new(JAILS).join(format!("{name}.lock"))).map_err(fail)?;
    flock(&lock, FlockOperation::LockExclusive).map_err(|e| fail(e.into()))?;
    Ok(&FAMILY.get_or_init(|| (name, lock.into())).0)
}

/// Remove the jails of processes that are gone.
fn clear_away() -> io::Result<()> {
    for entry in fs::read_dir(JAILS)? {
        let path = entry?.path();
        let Some(family) = path.file_name().and_then(|n| n.to_str()?.strip_suffix(".lock")) else {
            continue;
        };
        let lock = fs::File::open(&path)?;
        if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
            continue;
        }
        for root in fs::read_dir(JAILS)? {
            let root = root?.path();
            let name = root.file_name().and_then(|n| n.to_str()).unwrap_or_default();
            if name.strip_prefix(family).is_some_and(|rest| rest.starts_with('-')) {
                if let Some(jail) = real::find_jail(name)? {
                    real::remove_jail(jail)?;
                }
                dismantle(&root)?;
            }
        }
        fs::remove_file(&path)?;
    }
    Ok(())
}

/// Unmount all that is mounted at ROOT and below, and remove it.
fn dismantle(root: &Path) -> io::Result<()> {
    real::unmount_below(root)?;
    fs::remove_dir(root)
}

fn new_place() -> Result<Place> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    static RULES: AtomicU16 = AtomicU16::new(0);
    let name = format!("{}-{}", family()?, NUMBER.fetch_add(1, Ordering::Relaxed));
    let root = Path::new(JAILS).join(&name);
    fs::DirBuilder::new()
        .mode(0o755)
        .create(&root)
        .map_err(|source| Error::Source { path: root.clone(), source })?;
    let device_rules = DEVICE_RULES + (RULES.fetch_add(1, Ordering::Relaxed) & 0xff);
    Ok(Place { name, root, device_rules })
}

/// A jail and its root directory, cleared away when dropped.
struct Jail {
    root: PathBuf,
    /// Its number as long as it exists.
    number: Arc<Mutex<Option<i32>>>,
}

/// Remove the jail and with it all its processes; harmless if it is gone.
fn remove(number: &Mutex<Option<i32>>) {
    let mut number = number.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(jail) = number.take() {
        // One that does not exist any more is as good as removed.
        let _ = real::remove_jail(jail);
    }
}

impl Jail {
    fn end(&self) -> io::Result<()> {
        remove(&self.number);
        if self.root.exists() { dismantle(&self.root) } else { Ok(()) }
    }
}

impl Drop for Jail {
    fn drop(&mut self) {
        // There is nobody to tell; the next process to start tries again.
        let _ = self.end();
    }
}

fn start(request: BuildRequest) -> Result<Process> {
    let io = |what| move |source: io::Error| Error::Io { what, source };
    let place = new_place()?;
    let jail = Jail { root: place.root.clone(), number: Arc::default() };
    let channels = Channels::open(&request.stdio).map_err(io("opening the build's output"))?;
    let plan = plan::plan(&request, &real::machine(), &place, channels.descriptors())?;
    let number = real::make_jail(&plan.parent, &jail.number)
        .map_err(|failure| step_error(&plan.parent, failure, &request.program))?;
    let (ours, theirs) = steps::line()?;
    let child =
        real::spawn(number, &plan.child, &theirs).map_err(io("starting the build process"))?;
    drop(theirs);
    let process = Process {
        pid: child.pid,
        ended: child.ended,
        output: Output {
            log: channels.into_log(),
            limits: request.limits,
            started: Instant::now(),
        },
        build_user: match request.identity {
            Identity::BuildUser { uid, .. } if request.has(Part::Ids) => Some(uid),
            _ => None,
        },
        jail,
        killed: Arc::new(AtomicBool::new(false)),
        reaped: false,
    };
    let failed = |index, errno| step_error(&plan.child, (index, errno, None), &request.program);
    steps::converse(&ours, READY, |_| Ok(()), failed)?;
    Ok(process)
}

/// What the failure of a step is called: its index, the error number, what the kernel says of it.
fn step_error(
    steps: &[Step],
    (index, errno, message): (usize, Errno, Option<String>),
    program: &Path,
) -> Error {
    let mut source = io::Error::from_raw_os_error(errno);
    let Some(step) = steps.get(index) else {
        return Error::Io { what: "setting up the build process", source };
    };
    let missing = match (&step.op, errno) {
        (Op::Exec(_), _) => return Error::Exec { program: program.to_owned(), source },
        (Op::Mount { .. }, libc::ENODEV) => {
            Some("the kernel lacks this file system; load it with `kldload nullfs tmpfs'")
        }
        (Op::Mount { .. }, libc::ENOTDIR) => Some("FreeBSD 14 or later is needed to show a file"),
        (Op::CreateJail { .. }, libc::EPERM) => Some(
            "this looks like a jail that may not have jails; set children.max and allow.mount.* there",
        ),
        (Op::CloseOnExecFrom { .. } | Op::NoNewPrivileges, libc::ENOSYS | libc::EINVAL) => {
            Some("FreeBSD 14 or later is needed")
        }
        _ => None,
    };
    if let Some(message) = message {
        source = io::Error::new(source.kind(), format!("{message} ({source})"));
    }
    Error::Step { step: step.what.clone(), source, missing }
}

/// A started build.
struct Process {
    pid: libc::pid_t,
    /// Becomes readable when the process ends.
    ended: OwnedFd,
    output: Output,
    build_user: Option<u32>,
    jail: Jail,
    killed: Arc<AtomicBool>,
    reaped: bool,
}

impl Running for Process {
    fn pid(&self) -> u32 {
        self.pid.unsigned_abs()
    }

    fn kill_handle(&self) -> KillHandle {
        let (jail, killed) = (Arc::clone(&self.jail.number), Arc::clone(&self.killed));
        KillHandle::new(move || {
            killed.store(true, Ordering::SeqCst);
            remove(&jail);
        })
    }

    fn wait(mut self: Box<Self>, log: &mut dyn FnMut(&[u8])) -> Result<Outcome> {
        let forced = self
            .output
            .follow(self.ended.as_fd(), log)
            .map_err(|source| Error::Io { what: "reading the build's output", source })?;
        let status = self.finish()?;
        Ok(forced.unwrap_or_else(|| Outcome::of(status, self.killed.load(Ordering::SeqCst))))
    }
}

impl Process {
    /// Kill all that is left, reap the program, clear away.
    fn finish(&mut self) -> Result<i32> {
        remove(&self.jail.number);
        let status = unix::reap(self.pid)
            .map_err(|source| Error::Io { what: "waiting for the build process", source })?;
        self.reaped = true;
        if let Some(uid) = self.build_user {
            kill_processes_of(uid)?;
        }
        self.jail
            .end()
            .map_err(|source| Error::Io { what: "clearing the build's jail away", source })?;
        Ok(status)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !self.reaped {
            // There is nobody to tell.
            let _ = self.finish();
        }
    }
}
