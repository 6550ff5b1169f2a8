// SPDX-License-Identifier: GPL-3.0-or-later
//! From a request to the list of steps. Reads the host (which inputs are links), changes nothing.
//!
//! The parent puts a root directory together, on a `tmpfs` of its own, from read-only `nullfs` mounts of the
//! inputs, a `devfs` under a ruleset and made-up files, and makes a jail of it; the child enters the jail
//! and gives up root. Nobody but root can enter the directory that the roots are in.

use std::collections::BTreeSet;
use std::ffi::CString;
use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use super::ops::{DISABLE, NEW, Op, READY, Step, Value};
use crate::output::Descriptors;
use crate::request::Part;
use crate::unix::{Program, absolute, below, c_path, c_string, resolve};
use crate::{Access, BuildRequest, Error, Identity, Network, Result, Stdio};

/// What a build sees in `/dev`.
const DEVICES: [&str; 13] = [
    "full", "null", "random", "urandom", "zero", "fd", "fd/*", "stdin", "stdout", "stderr", "tty",
    "ptmx", "pts",
];
/// What a program with the host's network needs to look up names.
const NETWORK_FILES: [&str; 4] =
    ["/etc/resolv.conf", "/etc/services", "/etc/hosts", "/etc/nsswitch.conf"];

/// What the machine has, as far as the plan depends on it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Machine {
    /// Whether jails can have network stacks of their own (`kern.features.vimage`).
    pub vimage: bool,
    /// Whether resources can be limited (`kern.racct.enable`).
    pub racct: bool,
    /// How many processes one user may have (`kern.maxprocperuid`).
    pub processes: u32,
    /// The machine's addresses, those of loopback interfaces left out.
    pub addresses: Vec<IpAddr>,
}

/// The steps of both sides.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub parent: Vec<Step>,
    pub child: Vec<Step>,
    root: PathBuf,
    /// Directories that exist in the root already.
    made: BTreeSet<PathBuf>,
}

/// What the build's jail is made of.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// The jail's name, which no other jail has.
    pub name: String,
    /// Its root directory, empty.
    pub root: PathBuf,
    /// The number of a ruleset of devfs that no other build uses.
    pub device_rules: u16,
}

/// All steps for REQUEST, in a jail at PLACE. DESCRIPTORS are absent when the program keeps the caller's.
pub(crate) fn plan(
    request: &BuildRequest,
    machine: &Machine,
    place: &Place,
    descriptors: Option<Descriptors>,
) -> Result<Plan> {
    let Identity::BuildUser { uid, gid, groups } = &request.identity else {
        return Err(Error::Request(
            "on FreeBSD builds run as build users: make some with `pw groupadd guixbuild' and \
             `pw useradd guixbuilder1 -g guixbuild -G guixbuild -s /usr/sbin/nologin'"
                .into(),
        ));
    };
    let mut plan = Plan { root: place.root.clone(), ..Plan::default() };
    plan.root_file_system(request, place.device_rules)?;
    let parameters = parameters(request, machine, place)?;
    plan.parent("making the jail", Op::CreateJail { parameters });
    if machine.racct {
        // Half of what the user may have, so that one build cannot keep the daemon from ending it.
        let rule = format!("jail:{}:maxproc:deny={}", place.name, (machine.processes / 2).max(1));
        plan.parent("limiting the number of processes", Op::Limit { rule: c_string(rule)? });
    }
    plan.process(request, machine, descriptors);
    if request.has(Part::Ids) {
        // The group is the first of the groups: BSD's effective group ID.
        let groups = std::iter::once(*gid).chain(groups.iter().copied()).collect();
        plan.child("setting the groups", Op::SetGroups { groups });
        plan.child("setting the group ID", Op::SetGid { gid: *gid });
        plan.child("setting the user ID", Op::SetUid { uid: *uid });
    }
    if request.has(Part::NoNewPrivileges) {
        plan.child("ruling out new privileges", Op::NoNewPrivileges);
    }
    let path = c_path(absolute(&request.cwd)?)?;
    plan.child(format!("entering {}", request.cwd.display()), Op::Chdir { path });
    if request.has(Part::DeathSignal) {
        plan.child("asking to die with the parent", Op::DeathSignal);
    }
    plan.child("waiting for the parent", Op::Ask(READY));
    plan.child("unblocking signals", Op::UnblockSignals);
    plan.child("executing the program", Op::Exec(Program::of(request)?));
    Ok(plan)
}

/// The jail's parameters (jail(8)). What a jail may do is written out, since the defaults are the administrator's.
fn parameters(
    request: &BuildRequest,
    machine: &Machine,
    place: &Place,
) -> Result<Vec<(&'static str, Value)>> {
    let own = request.has(Part::RootFileSystem);
    let mut parameters = vec![
        ("name", Value::Text(c_string(&*place.name)?)),
        ("path", Value::Text(c_path(if own { &place.root } else { Path::new("/") })?)),
        // It exists from here until it is removed, whatever processes it has.
        ("persist", Value::Flag),
        ("children.max", Value::Number(0)),
        // Mounts outside of the jail's root are not even seen.
        ("enforce_statfs", Value::Number(2)),
        ("allow.noset_hostname", Value::Flag),
        ("allow.noraw_sockets", Value::Flag),
        ("allow.nochflags", Value::Flag),
        ("allow.nomount", Value::Flag),
        ("allow.noquotas", Value::Flag),
        ("allow.nosocket_af", Value::Flag),
        ("allow.nomlock", Value::Flag),
        ("allow.noread_msgbuf", Value::Flag),
        ("allow.noreserved_ports", Value::Flag),
    ];
    if request.has(Part::Hostname) {
        parameters.push(("host.hostname", Value::Text(c_string(&*request.hostname)?)));
        parameters.push(("host.domainname", Value::Text(c_string(&*request.domainname)?)));
    }
    if request.has(Part::Ipc) {
        parameters.extend([("sysvmsg", NEW), ("sysvsem", NEW), ("sysvshm", NEW)]);
    }
    parameters.extend(network(request, machine));
    Ok(parameters)
}

/// Which network the jail has. With the host's, its addresses but those of loopback interfaces: 127.0.0.1 is
/// then another name of the first of them, so that what listens on the host's loopback alone is out of reach.
fn network(request: &BuildRequest, machine: &Machine) -> Vec<(&'static str, Value)> {
    let inherit = || Value::Number(2);
    if !request.has(Part::NetworkNamespace) {
        return vec![("ip4", inherit()), ("ip6", inherit())];
    }
    match request.network {
        Network::Private if machine.vimage => vec![("vnet", NEW)],
        Network::Private => vec![("ip4", DISABLE), ("ip6", DISABLE)],
        Network::Host => {
            let (v4, v6): (Vec<IpAddr>, Vec<IpAddr>) =
                machine.addresses.iter().copied().partition(IpAddr::is_ipv4);
            let of = |some: Vec<IpAddr>, named, none| match some.is_empty() {
                true => (none, DISABLE),
                false => (named, Value::Addresses(some)),
            };
            vec![of(v4, "ip4.addr", "ip4"), of(v6, "ip6.addr", "ip6")]
        }
    }
}

impl Plan {
    fn parent(&mut self, what: impl Into<String>, op: Op) {
        self.parent.push(Step { what: what.into(), op });
    }

    fn child(&mut self, what: impl Into<String>, op: Op) {
        self.child.push(Step { what: what.into(), op });
    }

    /// The C string of INSIDE's place on the host.
    fn place(&self, inside: &Path) -> Result<CString> {
        c_path(&below(&self.root, inside))
    }

    fn mount(&mut self, fstype: &str, inside: &Path, more: &[(&'static str, &str)]) -> Result<()> {
        let mut options = vec![
            ("fstype", c_string(fstype)?),
            ("fspath", self.place(inside)?),
            ("from", c_string(fstype)?),
        ];
        for (name, value) in more {
            options.push((name, c_string(*value)?));
        }
        let what = format!("mounting {fstype} on {}", inside.display());
        self.parent(what, Op::Mount { options, read_only: false });
        Ok(())
    }

    /// Directory INSIDE and its parents, unless made before.
    fn directory(&mut self, inside: &Path) -> Result<()> {
        let missing: Vec<PathBuf> = inside
            .ancestors()
            .filter(|d| d.parent().is_some() && !self.made.contains(*d))
            .map(Path::to_owned)
            .collect();
        for dir in missing.into_iter().rev() {
            let path = self.place(&dir)?;
            self.parent(format!("creating {}", dir.display()), Op::Mkdir { path, mode: 0o755 });
            self.made.insert(dir);
        }
        Ok(())
    }

    fn parents(&mut self, inside: &Path) -> Result<()> {
        inside.parent().map_or(Ok(()), |parent| self.directory(parent))
    }

    fn write(&mut self, inside: &Path, contents: &[u8], mode: u32) -> Result<()> {
        self.parents(inside)?;
        let path = self.place(inside)?;
        let op = Op::WriteFile { path, contents: contents.to_vec(), mode };
        self.parent(format!("writing {}", inside.display()), op);
        Ok(())
    }

    /// Show SOURCE of the host at INSIDE.
    fn bind(&mut self, source: &Path, inside: &Path, read_only: bool) -> Result<()> {
        let source = resolve(source)?;
        let fail = |e| Error::Source { path: source.clone(), source: e };
        let metadata = fs::symlink_metadata(&source).map_err(fail)?;
        if metadata.is_symlink() {
            // Mounting would follow it.
            self.parents(inside)?;
            let contents = c_path(&fs::read_link(&source).map_err(fail)?)?;
            let path = self.place(inside)?;
            let what = format!("creating the link {}", inside.display());
            self.parent(what, Op::Symlink { contents, path });
            return Ok(());
        }
        let path = self.place(inside)?;
        if metadata.is_dir() {
            self.directory(inside)?;
        } else {
            // nullfs shows single files from FreeBSD 14 on.
            self.parents(inside)?;
            let path = path.clone();
            self.parent(format!("creating {}", inside.display()), Op::Touch { path });
        }
        let options =
            vec![("fstype", c_string("nullfs")?), ("fspath", path), ("from", c_path(&source)?)];
        self.parent(format!("binding {}", inside.display()), Op::Mount { options, read_only });
        Ok(())
    }

    fn root_file_system(&mut self, request: &BuildRequest, device_rules: u16) -> Result<()> {
        let own = |path: &str| !request.mounts.iter().any(|m| m.target == Path::new(path));
        self.mount("tmpfs", Path::new("/"), &[("mode", "0755")])?;
        if own("/tmp") {
            self.directory(Path::new("/tmp"))?;
            let path = self.place(Path::new("/tmp"))?;
            self.parent("setting permissions of /tmp", Op::Chmod { path, mode: 0o1777 });
        }
        if own("/dev") {
            self.devices(request, device_rules)?;
        }
        let mut mounts: Vec<_> = request.mounts.iter().collect();
        // Component-wise order puts parents first.
        mounts.sort_by(|a, b| a.target.cmp(&b.target));
        for mount in mounts {
            absolute(&mount.source)?;
            let read_only = mount.access == Access::ReadOnly && request.has(Part::ReadOnlyMounts);
            self.bind(&mount.source, absolute(&mount.target)?, read_only)?;
        }
        self.files(request, own)?;
        // Not a read-only mount: the answer to mkdir("/x") must be EACCES, as in guix-daemon's builds.
        let mode = if request.has(Part::RootPermissions) { 0o555 } else { 0o777 };
        let path = c_path(&self.root)?;
        self.parent("setting permissions of /", Op::Chmod { path, mode });
        Ok(())
    }

    fn devices(&mut self, request: &BuildRequest, number: u16) -> Result<()> {
        let dev = Path::new("/dev");
        self.directory(dev)?;
        if !request.has(Part::Devices) {
            return self.mount("devfs", dev, &[]);
        }
        let extra = request.extra_devices.iter().map(|device| {
            let name = absolute(device)?
                .strip_prefix("/dev")
                .map_err(|_| Error::Request(format!("`{}' is not in /dev", device.display())))?;
            c_path(name)
        });
        let usual = DEVICES.iter().map(|name| c_string(*name));
        let patterns = usual.chain(extra).collect::<Result<_>>()?;
        let op = Op::DeviceRules { number, patterns };
        self.parent("defining which devices a build sees", op);
        self.mount("devfs", dev, &[("ruleset", &number.to_string())])
    }

    fn files(&mut self, request: &BuildRequest, own: impl Fn(&str) -> bool) -> Result<()> {
        let mut hidden: &[&str] = &[];
        if request.network == Network::Host {
            hidden = &NETWORK_FILES;
            for file in NETWORK_FILES.into_iter().filter(|f| own(f)) {
                if let Ok(source) = fs::canonicalize(file) {
                    self.bind(&source, Path::new(file), true)?;
                }
            }
        }
        for file in &request.files {
            absolute(&file.path)?;
            if hidden.iter().any(|h| file.path == Path::new(h) && Path::new(h).exists()) {
                continue;
            }
            if file.path == Path::new("/etc/passwd") {
                self.passwords(&file.contents)?;
            } else {
                self.write(&file.path, &file.contents, 0o644)?;
            }
        }
        Ok(())
    }

    /// The accounts of PASSWD, a passwd(5) file. The C library reads databases made of `master.passwd`, which
    /// has three fields more.
    fn passwords(&mut self, passwd: &[u8]) -> Result<()> {
        let mut master = String::new();
        for line in String::from_utf8_lossy(passwd).lines() {
            let [name, _, uid, gid, gecos, home, shell] = line.split(':').collect::<Vec<_>>()[..]
            else {
                return Err(Error::Request(format!("`{line}' is no line of /etc/passwd")));
            };
            master.push_str(&format!("{name}:*:{uid}:{gid}::0:0:{gecos}:{home}:{shell}\n"));
        }
        self.write(Path::new("/etc/master.passwd"), master.as_bytes(), 0o600)?;
        let folder = self.place(Path::new("/etc"))?;
        self.parent("making the password database", Op::PasswordDatabase { folder });
        Ok(())
    }

    fn process(
        &mut self,
        request: &BuildRequest,
        machine: &Machine,
        descriptors: Option<Descriptors>,
    ) {
        if request.has(Part::Signals) {
            self.child("resetting signals", Op::ResetSignals);
        }
        self.child("entering the jail", Op::Attach);
        let own_stack = machine.vimage && request.has(Part::NetworkNamespace);
        if own_stack && request.network == Network::Private {
            self.child("starting the loopback interface", Op::LoopbackUp);
        }
        if !matches!(request.stdio, Stdio::Inherit) && request.has(Part::Session) {
            self.child("creating a session", Op::NewSession);
        }
        if request.has(Part::Personality) && request.personality.fixed_addresses {
            self.child("fixing addresses", Op::FixedAddresses);
        }
        if request.has(Part::CoreLimit) {
            self.child("disabling core dumps", Op::NoCoreDumps);
        }
        let mask = if request.has(Part::Umask) { 0o022 } else { 0 };
        self.child("setting the file creation mask", Op::Umask { mask });
        if let Some(Descriptors { stdin, output }) = descriptors {
            for (from, to) in [(stdin, 0), (output, 1), (output, 2)] {
                self.child("redirecting input and output", Op::Duplicate { from, to });
            }
        }
        if request.has(Part::Descriptors) {
            self.child("closing descriptors", Op::CloseOnExecFrom { first: 3 });
        }
    }
}
