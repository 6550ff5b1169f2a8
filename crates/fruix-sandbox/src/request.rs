// SPDX-License-Identifier: GPL-3.0-or-later
//! The plain description of one isolated run. Everything is a value: what is not in the request does
//! not reach the program.

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::time::Duration;

use crate::{Error, Result};

/// The user that a build sees itself as when IDs are mapped (`guestUID` in guix-daemon).
pub const GUEST_UID: u32 = 30001;
/// The group that a build sees itself as when IDs are mapped (`guestGID` in guix-daemon).
pub const GUEST_GID: u32 = 30000;

/// One command, and all that it may see and use.
#[derive(Debug)]
pub struct BuildRequest {
    /// Absolute file name of the program, as seen inside.
    pub program: PathBuf,
    /// The argument vector; the program's own name first.
    pub args: Vec<OsString>,
    /// The whole environment.
    pub env: Vec<(OsString, OsString)>,
    /// Working directory, as seen inside.
    pub cwd: PathBuf,
    /// Files and directories of the host that appear inside, parents before children whatever their
    /// order here.
    ///
    /// To let a build create store items, bind an empty directory of the host read-write where the
    /// store is, and the inputs read-only below it: mount points are made in that directory, so that
    /// outputs can be renamed from there into the store. Nobody but the caller and the build should
    /// be able to enter the directory's parent.
    pub mounts: Vec<Mount>,
    /// Files that exist inside alone.
    pub files: Vec<MadeUpFile>,
    /// Devices of the host to show besides the usual ones, such as `/dev/kvm`.
    pub extra_devices: Vec<PathBuf>,
    /// Which network there is.
    pub network: Network,
    /// Which user the program runs as.
    pub identity: Identity,
    /// How the kernel presents itself.
    pub personality: Personality,
    /// Name of the machine; `localhost` in guix-daemon.
    pub hostname: String,
    /// NIS domain of the machine; `(none)` in guix-daemon.
    pub domainname: String,
    /// Where standard input, output and error are.
    pub stdio: Stdio,
    /// When to end it by force.
    pub limits: Limits,
    /// Whether files may get the set-user-ID and set-group-ID bits.
    pub setuid_bits: SetuidBits,
    pub(crate) without: Vec<Part>,
}

impl BuildRequest {
    /// A request for PROGRAM with ARGS (its own name is put before them) under IDENTITY, with nothing
    /// visible but devices, `/proc`, `/tmp` and the made-up files of [`MadeUpFile::standard`].
    pub fn new(program: impl Into<PathBuf>, args: Vec<OsString>, identity: Identity) -> Self {
        let program = program.into();
        let name = program.file_name().unwrap_or(program.as_os_str()).to_owned();
        Self {
            args: std::iter::once(name).chain(args).collect(),
            program,
            env: Vec::new(),
            cwd: PathBuf::from("/"),
            mounts: Vec::new(),
            files: MadeUpFile::standard(&identity),
            extra_devices: Vec::new(),
            network: Network::Private,
            identity,
            personality: Personality::default(),
            hostname: "localhost".into(),
            domainname: "(none)".into(),
            stdio: Stdio::Log,
            limits: Limits::default(),
            setuid_bits: SetuidBits::Refuse,
            without: Vec::new(),
        }
    }

    /// Show SOURCE of the host at the same place inside, read-only.
    pub fn input(&mut self, source: impl Into<PathBuf>) -> &mut Self {
        let source = source.into();
        self.mounts.push(Mount { target: source.clone(), source, access: Access::ReadOnly });
        self
    }

    /// Leave PART of the isolation out, for tests that show what it is good for.
    #[cfg(any(test, feature = "test-knobs"))]
    #[doc(hidden)]
    pub fn without(&mut self, part: Part) -> &mut Self {
        self.without.push(part);
        self
    }

    /// Refuse limits on output that goes elsewhere.
    pub(crate) fn check_limits(&self) -> Result<()> {
        let limits = &self.limits;
        let watching = limits.max_silent.is_some() || limits.max_log_bytes.is_some();
        if watching && !matches!(self.stdio, Stdio::Log) {
            return Err(Error::Request("limits on output need the log to be read here".into()));
        }
        Ok(())
    }

    pub(crate) fn has(&self, part: Part) -> bool {
        !self.without.contains(&part)
    }
}

/// A file or directory of the host and where it appears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// Absolute file name on the host. A symbolic link is shown as the link that it is, not followed.
    pub source: PathBuf,
    /// Absolute file name inside.
    pub target: PathBuf,
    /// Whether it can be written to, as far as file permissions allow.
    pub access: Access,
}

/// What may be done with something that is mounted. Set-user-ID programs and device nodes never work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Reading and executing.
    ReadOnly,
    /// Writing as well.
    ReadWrite,
}

/// A file that exists inside alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MadeUpFile {
    /// Absolute file name inside.
    pub path: PathBuf,
    /// All of it.
    pub contents: Vec<u8>,
}

impl MadeUpFile {
    /// `/etc/passwd`, `/etc/group` and `/etc/hosts` as guix-daemon writes them for a build that runs
    /// as IDENTITY. (With [`Network::Host`], the host's `/etc/hosts` takes the place of the last.)
    pub fn standard(identity: &Identity) -> Vec<MadeUpFile> {
        let (uid, gid) = identity.inside();
        let file = |path: &str, contents: String| MadeUpFile {
            path: path.into(),
            contents: contents.into_bytes(),
        };
        vec![
            file(
                "/etc/passwd",
                format!(
                    "nixbld:x:{uid}:{gid}:Nix build user:/:/noshell\n\
                     nobody:x:65534:65534:Nobody:/:/noshell\n"
                ),
            ),
            file("/etc/group", format!("nixbld:!:{gid}:\n")),
            file("/etc/hosts", "127.0.0.1 localhost\n::1 localhost\n".into()),
        ]
    }
}

/// Which network a program has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// A loopback interface of its own and nothing else.
    Private,
    /// The host's, with the host's `resolv.conf`, `services`, `hosts` and `nsswitch.conf`, for
    /// derivations whose output's hash is fixed.
    Host,
}

/// Which user a program runs as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// An ordinary user's build: a user namespace where the caller's own IDs are [`GUEST_UID`] and
    /// [`GUEST_GID`], and no other exists. Needs no privilege.
    Caller,
    /// A build user that is this build's alone (see [`crate::BuildUser`]); the caller is root.
    /// Inside, the IDs are the same as outside, as in guix-daemon. All the user's processes are killed
    /// before and after the build.
    BuildUser {
        /// Its user ID, not zero.
        uid: u32,
        /// The group ID of the build users' group.
        gid: u32,
        /// Its other groups, such as `kvm`.
        groups: Vec<u32>,
    },
    /// IDs that no account of the host has, seen inside as [`GUEST_UID`] and [`GUEST_GID`] by means
    /// of a user namespace; the caller is root. For machines without build users.
    Unassigned {
        /// The user ID outside, not zero.
        host_uid: u32,
        /// The group ID outside, not zero.
        host_gid: u32,
    },
}

impl Identity {
    /// IDs for the SLOTth of the builds that run at the same time, far above those of accounts: from
    /// 872415232 on, as Nix's `auto-allocate-uids` does, a range that no distribution assigns.
    pub fn unassigned(slot: u16) -> Self {
        let id = 0x3400_0000 + u32::from(slot);
        Identity::Unassigned { host_uid: id, host_gid: id }
    }

    /// The user and group IDs that the program itself sees.
    pub fn inside(&self) -> (u32, u32) {
        match self {
            Identity::BuildUser { uid, gid, .. } => (*uid, *gid),
            Identity::Caller | Identity::Unassigned { .. } => (GUEST_UID, GUEST_GID),
        }
    }

    /// The user and group IDs that files created by the program have on the host, to which writable
    /// directories must belong. CALLER are the effective IDs of this process.
    pub fn outside(&self, caller: (u32, u32)) -> (u32, u32) {
        match self {
            Identity::Caller => caller,
            Identity::BuildUser { uid, gid, .. } => (*uid, *gid),
            Identity::Unassigned { host_uid, host_gid } => (*host_uid, *host_gid),
        }
    }
}

/// How the kernel presents itself to a program (personality(2)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Personality {
    /// Whether `uname` says that this is a 32-bit machine: for `i686-linux` on `x86_64` and
    /// `armhf-linux` on `aarch64`.
    pub linux32: bool,
    /// Whether addresses are the same in each run, for the sake of reproducibility.
    pub fixed_addresses: bool,
}

impl Default for Personality {
    fn default() -> Self {
        Self { linux32: false, fixed_addresses: true }
    }
}

/// Where standard input, output and error are.
#[derive(Debug)]
pub enum Stdio {
    /// No input; output and errors go through one pipe to [`crate::Running::wait`]'s `log`.
    Log,
    /// No input; output and errors go to this descriptor.
    Descriptor(OwnedFd),
    /// The caller's own three, and the caller's session with its terminal, for interactive use. A
    /// program that shares a terminal with others can write into its input queue (`TIOCSTI`) where the
    /// kernel still allows that: not for programs that are not trusted.
    Inherit,
}

/// When to end a program by force. `None` means never.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// How long it may run.
    pub timeout: Option<Duration>,
    /// How long it may write nothing (only with [`Stdio::Log`]).
    pub max_silent: Option<Duration>,
    /// How many bytes it may write (only with [`Stdio::Log`]).
    pub max_log_bytes: Option<u64>,
}

/// What happens when a program gives a file the set-user-ID or set-group-ID bit.
///
/// Inside, these bits never have an effect upon execution (no-new-privileges, `nosuid`). They matter
/// outside, to whoever could reach the file before the daemon clears them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetuidBits {
    /// It fails: `EPERM`, by a system call filter. What cannot be filtered by its arguments
    /// (`openat2`, io_uring) answers `ENOSYS`.
    Refuse,
    /// It succeeds, as in guix-daemon's builds; for packages whose tests rely on it.
    Allow,
}

/// A part of the isolation that a test can leave out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[doc(hidden)]
#[allow(missing_docs, dead_code)] // Private but for tests; each names the row of docs/isolation.md.
pub enum Part {
    RootFileSystem,
    RootPermissions,
    ReadOnlyMounts,
    Proc,
    Devices,
    Processes,
    NetworkNamespace,
    Ipc,
    Hostname,
    Ids,
    Capabilities,
    NoNewPrivileges,
    SetuidFilter,
    Personality,
    Umask,
    CoreLimit,
    Descriptors,
    Session,
    Keyring,
    OomScore,
    Environment,
    Signals,
    DeathSignal,
    AbstractSockets,
}
