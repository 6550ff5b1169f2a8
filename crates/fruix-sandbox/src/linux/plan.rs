// SPDX-License-Identifier: GPL-3.0-or-later
//! From a request to the list of steps. Reads the host (which inputs are links, which devices there
//! are), changes nothing.
//!
//! How a root file system is made without privilege: a tmpfs is mounted over some directory and becomes
//! the root (`pivot_root`), with the host's root at `/old`; so nothing of the host is hidden by the
//! staging itself. The build's root is put together at `/new` from binds out of `/old`, and becomes
//! the root in its turn; then the rest is detached.

use std::collections::BTreeSet;
use std::ffi::CString;
use std::fs;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use super::ops::{Message, Op, Step};
use super::seccomp;
use crate::output::Descriptors;
use crate::request::Part;
use crate::unix::{Program, absolute, below, c_path, c_string, resolve};
use crate::{
    Access, BuildRequest, Error, GUEST_GID, GUEST_UID, Identity, Network, Result, SetuidBits, Stdio,
};

const NOSUID_NODEV: u64 = libc::MS_NOSUID | libc::MS_NODEV;
const PER_LINUX32: i32 = 8;
const DEVICES: [&str; 6] = ["full", "null", "random", "tty", "urandom", "zero"];
const DEVICE_LINKS: [(&str, &str); 5] = [
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
    ("ptmx", "pts/ptmx"),
];
/// What a program with the host's network needs to look up names.
const NETWORK_FILES: [&str; 4] =
    ["/etc/resolv.conf", "/etc/services", "/etc/hosts", "/etc/nsswitch.conf"];

/// Steps in the making.
#[derive(Default)]
pub(crate) struct Plan {
    pub steps: Vec<Step>,
    /// Directories that exist at `/new` already.
    made: BTreeSet<PathBuf>,
}

impl Plan {
    pub fn push(&mut self, what: impl Into<String>, op: Op) {
        self.steps.push(Step { what: what.into(), op });
    }

    pub fn mount(&mut self, fstype: &str, target: &str, flags: u64, data: &str) -> Result<()> {
        let op = Op::Mount {
            source: c_string(fstype)?,
            target: c_string(target)?,
            fstype: c_string(fstype)?,
            flags,
            data: c_string(data)?,
        };
        let inside = match target.strip_prefix("/new") {
            Some("") => "/",
            Some(inside) => inside,
            None => target,
        };
        self.push(format!("mounting {fstype} on {inside}"), op);
        Ok(())
    }

    /// Leave the host's root at `/old`, with an empty `/new` beside it. PROPAGATION is how mounts that the
    /// host makes later come in: `MS_PRIVATE` or `MS_SLAVE`.
    pub fn enter_staging(&mut self, propagation: u64) -> Result<()> {
        // Any directory will do, since it is uncovered again by the first pivot.
        let staging = ["/tmp", "/var/tmp", "/mnt", "/proc"]
            .into_iter()
            .find(|d| fs::symlink_metadata(d).is_ok_and(|m| m.is_dir()))
            .ok_or_else(|| Error::Request("the host has no directory to mount upon".into()))?;
        let empty = c_string("")?;
        self.push(
            "keeping mounts private",
            Op::Mount {
                source: c_string("none")?,
                target: c_string("/")?,
                fstype: empty.clone(),
                flags: libc::MS_REC | propagation,
                data: empty,
            },
        );
        self.mount("tmpfs", staging, NOSUID_NODEV, "mode=0755")?;
        for name in ["new", "old"] {
            let path = c_string(format!("{staging}/{name}"))?;
            self.push("creating a staging directory", Op::Mkdir { path, mode: 0o755 });
        }
        let (new, old) = (c_string(staging)?, c_string(format!("{staging}/old"))?);
        self.push("entering the staging directory", Op::PivotRoot { new, old });
        self.push("entering the staging directory", Op::Chdir { path: c_string("/")? });
        Ok(())
    }

    /// Make `/new` the root and forget everything else.
    pub fn leave_staging(&mut self) -> Result<()> {
        let dot = || c_string(".");
        self.push("entering the new root", Op::Chdir { path: c_string("/new")? });
        self.push("changing the root directory", Op::PivotRoot { new: dot()?, old: dot()? });
        self.push("detaching the host's file systems", Op::Detach { target: dot()? });
        self.push("entering the new root", Op::Chdir { path: c_string("/")? });
        Ok(())
    }

    /// Directory INSIDE and its parents, unless made before.
    pub fn directory(&mut self, inside: &Path) -> Result<()> {
        let missing: Vec<_> = inside
            .ancestors()
            .filter(|d| d.parent().is_some() && !self.made.contains(*d))
            .collect();
        for dir in missing.into_iter().rev() {
            let path = c_path(&below(Path::new("/new"), dir))?;
            self.push(format!("creating {}", dir.display()), Op::Mkdir { path, mode: 0o755 });
            self.made.insert(dir.to_owned());
        }
        Ok(())
    }

    fn parents(&mut self, inside: &Path) -> Result<()> {
        inside.parent().map_or(Ok(()), |parent| self.directory(parent))
    }

    pub fn chmod(&mut self, inside: &str, mode: u32) -> Result<()> {
        let path = c_string(format!("/new{inside}"))?;
        self.push(format!("setting permissions of {inside}"), Op::Chmod { path, mode });
        Ok(())
    }

    pub fn symlink(&mut self, contents: &Path, inside: &Path) -> Result<()> {
        self.parents(inside)?;
        let (contents, path) = (c_path(contents)?, c_path(&below(Path::new("/new"), inside))?);
        self.push(
            format!("creating the link {}", inside.display()),
            Op::Symlink { contents, path },
        );
        Ok(())
    }

    /// Show SOURCE of the host at INSIDE, with mount attributes SET added.
    pub fn bind(&mut self, source: &Path, inside: &Path, set: u64) -> Result<()> {
        let source = resolve(source)?;
        let fail = |e| Error::Source { path: source.clone(), source: e };
        let metadata = fs::symlink_metadata(&source).map_err(fail)?;
        if metadata.is_symlink() {
            // Mounting would follow it.
            return self.symlink(&fs::read_link(&source).map_err(fail)?, inside);
        }
        let target = c_path(&below(Path::new("/new"), inside))?;
        if metadata.is_dir() {
            self.directory(inside)?;
        } else {
            self.parents(inside)?;
            let path = target.clone();
            self.push(format!("creating {}", inside.display()), Op::Touch { path });
        }
        self.bind_over(
            c_path(&below(Path::new("/old"), &source))?,
            target,
            set,
            &inside.display().to_string(),
        )
    }

    /// Bind SOURCE to TARGET, which exist.
    pub fn bind_over(
        &mut self,
        source: CString,
        target: CString,
        set: u64,
        name: &str,
    ) -> Result<()> {
        let empty = c_string("")?;
        self.push(
            format!("binding {name}"),
            Op::Mount {
                source,
                target: target.clone(),
                fstype: empty.clone(),
                // With what is mounted below: a user namespace may not uncover what that hides.
                flags: libc::MS_BIND | libc::MS_REC,
                data: empty,
            },
        );
        if set != 0 {
            self.push(format!("restricting {name}"), Op::MountAttributes { target, set });
        }
        Ok(())
    }
}

/// The namespaces to create along with the process.
pub(crate) fn clone_flags(request: &BuildRequest) -> i32 {
    let mut flags = libc::CLONE_NEWNS;
    for (part, flag) in [
        (Part::Processes, libc::CLONE_NEWPID),
        (Part::Ipc, libc::CLONE_NEWIPC),
        (Part::Hostname, libc::CLONE_NEWUTS),
        (Part::NetworkNamespace, libc::CLONE_NEWNET),
    ] {
        let wanted = part != Part::NetworkNamespace || request.network == Network::Private;
        if wanted && request.has(part) {
            flags |= flag;
        }
    }
    if request.identity == Identity::Caller {
        flags |= libc::CLONE_NEWUSER;
    }
    flags
}

/// All steps for REQUEST, from the fresh child to the program. FDS are absent when the program keeps the
/// caller's.
pub(crate) fn build_plan(request: &BuildRequest, fds: Option<Descriptors>) -> Result<Plan> {
    let mut plan = Plan::default();
    if request.identity == Identity::Caller {
        plan.push("entering the user namespace", Op::Ask(Message::MapIds));
    }
    if request.has(Part::Signals) {
        plan.push("resetting signals", Op::ResetSignals);
    }
    plan.push("setting the file creation mask", Op::Umask { mask: 0 });
    if request.has(Part::Hostname) {
        let (name, domain) = (c_string(&*request.hostname)?, c_string(&*request.domainname)?);
        plan.push("setting the host name", Op::SetHostname { name });
        plan.push("setting the domain name", Op::SetDomainname { name: domain });
    }
    if request.network == Network::Private && request.has(Part::NetworkNamespace) {
        plan.push("starting the loopback interface", Op::LoopbackUp);
    }
    if request.has(Part::RootFileSystem) {
        root_file_system(&mut plan, request)?;
    }
    process_attributes(&mut plan, request, fds);
    privileges(&mut plan, request);
    let path = c_path(absolute(&request.cwd)?)?;
    plan.push(format!("entering {}", request.cwd.display()), Op::Chdir { path });
    if request.has(Part::DeathSignal) {
        plan.push("asking to die with the parent", Op::DeathSignal);
    }
    plan.push("waiting for the parent", Op::Ask(Message::Ready));
    plan.push("unblocking signals", Op::UnblockSignals);
    plan.push("executing the program", Op::Exec(Program::of(request)?));
    Ok(plan)
}

fn root_file_system(plan: &mut Plan, request: &BuildRequest) -> Result<()> {
    plan.enter_staging(libc::MS_PRIVATE)?;
    plan.mount("tmpfs", "/new", NOSUID_NODEV, "mode=0755")?;
    let own = |path: &str| !request.mounts.iter().any(|m| m.target == Path::new(path));

    if own("/tmp") {
        plan.directory(Path::new("/tmp"))?;
        plan.chmod("/tmp", 0o1777)?;
    }
    if own("/proc") {
        if request.has(Part::Proc) && request.has(Part::Processes) {
            plan.directory(Path::new("/proc"))?;
            plan.mount("proc", "/new/proc", NOSUID_NODEV | libc::MS_NOEXEC, "")?;
        } else {
            plan.bind(Path::new("/proc"), Path::new("/proc"), 0)?;
        }
    }
    if own("/proc") && request.has(Part::OomScore) {
        // When memory runs out, a build is to go rather than the daemon.
        let path = c_string("/new/proc/self/oom_score_adj")?;
        plan.push("volunteering for lack of memory", Op::Poke { path, contents: b"1000".into() });
    }
    if own("/dev") {
        devices(plan, request)?;
    }
    let mut mounts: Vec<_> = request.mounts.iter().collect();
    // Component-wise order puts parents first.
    mounts.sort_by(|a, b| a.target.cmp(&b.target));
    for mount in mounts {
        absolute(&mount.source)?;
        let mut set = libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NODEV;
        if mount.access == Access::ReadOnly && request.has(Part::ReadOnlyMounts) {
            set |= libc::MOUNT_ATTR_RDONLY;
        }
        plan.bind(&mount.source, absolute(&mount.target)?, set)?;
    }
    let mut hidden: &[&str] = &[];
    if request.network == Network::Host {
        hidden = &NETWORK_FILES;
        for file in NETWORK_FILES.into_iter().filter(|f| own(f)) {
            // resolv.conf is often a link to somewhere that does not exist inside.
            if let Ok(source) = fs::canonicalize(file) {
                let set =
                    libc::MOUNT_ATTR_RDONLY | libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NODEV;
                plan.bind(&source, Path::new(file), set)?;
            }
        }
    }
    for file in &request.files {
        absolute(&file.path)?;
        if hidden.iter().any(|h| file.path == Path::new(h) && Path::new(h).exists()) {
            continue;
        }
        plan.parents(&file.path)?;
        let path = c_path(&below(Path::new("/new"), &file.path))?;
        let op = Op::WriteFile { path, contents: file.contents.clone(), mode: 0o644 };
        plan.push(format!("writing {}", file.path.display()), op);
    }
    // Not a read-only mount: the answer to mkdir("/x") must be EACCES, as in guix-daemon's builds.
    plan.chmod("/", if request.has(Part::RootPermissions) { 0o555 } else { 0o777 })?;
    plan.leave_staging()
}

fn devices(plan: &mut Plan, request: &BuildRequest) -> Result<()> {
    if !request.has(Part::Devices) {
        return plan.bind(Path::new("/dev"), Path::new("/dev"), 0);
    }
    let set = libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NOEXEC;
    let usual = DEVICES.iter().map(|name| Path::new("/dev").join(name));
    for device in usual.chain(request.extra_devices.iter().cloned()) {
        let fail = |source| Error::Source { path: device.clone(), source };
        let kind = fs::metadata(absolute(&device)?).map_err(fail)?.file_type();
        if !kind.is_char_device() && !kind.is_block_device() {
            return Err(Error::Request(format!("`{}' is not a device", device.display())));
        }
        plan.bind(&device, &device, set)?;
    }
    plan.directory(Path::new("/dev/shm"))?;
    plan.mount("tmpfs", "/new/dev/shm", NOSUID_NODEV, "mode=1777")?;
    plan.directory(Path::new("/dev/pts"))?;
    let flags = libc::MS_NOSUID | libc::MS_NOEXEC;
    plan.mount("devpts", "/new/dev/pts", flags, "newinstance,mode=0620,ptmxmode=0666")?;
    for (name, contents) in DEVICE_LINKS {
        plan.symlink(Path::new(contents), &Path::new("/dev").join(name))?;
    }
    Ok(())
}

fn process_attributes(plan: &mut Plan, request: &BuildRequest, fds: Option<Descriptors>) {
    if !matches!(request.stdio, Stdio::Inherit) && request.has(Part::Session) {
        plan.push("creating a session", Op::NewSession);
    }
    if request.has(Part::Keyring) {
        plan.push("creating a session keyring", Op::NewKeyring);
    }
    if request.has(Part::Personality) {
        let linux32 = if request.personality.linux32 { PER_LINUX32 } else { 0 };
        let fixed = if request.personality.fixed_addresses { libc::ADDR_NO_RANDOMIZE } else { 0 };
        let persona = (linux32 | fixed) as u64;
        plan.push("setting the personality", Op::Personality { persona });
    }
    if request.has(Part::CoreLimit) {
        plan.push("disabling core dumps", Op::NoCoreDumps);
    }
    if request.has(Part::Umask) {
        plan.push("setting the file creation mask", Op::Umask { mask: 0o022 });
    }
    if let Some(Descriptors { stdin, output }) = fds {
        for (from, to) in [(stdin, 0), (output, 1), (output, 2)] {
            plan.push("redirecting input and output", Op::Duplicate { from, to });
        }
    }
    if request.has(Part::Descriptors) {
        plan.push("closing descriptors", Op::CloseOnExecFrom { first: 3 });
    }
}

/// From here on there is less and less that the process may do, so the order matters: a new user
/// namespace brings a full bounding set, dropping that needs a capability, filters need one or
/// no-new-privileges, and changing the user ID clears the death signal that is set later.
fn privileges(plan: &mut Plan, request: &BuildRequest) {
    let ids = request.has(Part::Ids);
    let (uid, gid, groups) = match &request.identity {
        Identity::BuildUser { uid, gid, groups } => (*uid, *gid, groups.clone()),
        _ => (GUEST_UID, GUEST_GID, Vec::new()),
    };
    if ids && matches!(request.identity, Identity::Unassigned { .. }) {
        let flags = libc::CLONE_NEWUSER;
        plan.push("creating a user namespace", Op::Unshare { flags });
        plan.push("entering the user namespace", Op::Ask(Message::MapIds));
    }
    if request.has(Part::Capabilities) {
        plan.push("bounding capabilities", Op::DropBoundingSet);
    }
    if request.setuid_bits == SetuidBits::Refuse && request.has(Part::SetuidFilter) {
        plan.push("filtering system calls", Op::Filter { program: seccomp::filter() });
    }
    if request.network == Network::Host && request.has(Part::AbstractSockets) {
        plan.push("shutting out abstract sockets", Op::ScopeAbstractSockets);
    }
    if ids && request.identity != Identity::Caller {
        plan.push("setting the groups", Op::SetGroups { groups });
        plan.push("setting the group ID", Op::SetGid { gid });
        plan.push("setting the user ID", Op::SetUid { uid });
    }
    if request.has(Part::Capabilities) {
        plan.push("dropping capabilities", Op::DropCapabilities);
    }
    if request.has(Part::NoNewPrivileges) {
        plan.push("ruling out new privileges", Op::NoNewPrivileges);
    }
}
