// SPDX-License-Identifier: GPL-3.0-or-later
//! The seam to the kernel: a jail is made by a list of [`Step`]s, each one system call (or one small fixed
//! sequence) with its arguments ready, and a [`steps::Syscalls`] carries them out: the real kernel, or a
//! recorder in tests, which run on Linux as well.
//!
//! No constant of the kernel appears here, so that the plan is the same wherever it is looked at.

use std::ffi::CString;
use std::net::IpAddr;

use crate::steps;
use crate::unix::Program;

/// A step of this backend.
pub(crate) type Step = steps::Step<Op>;

/// The kind of the message "all but exec is done": the answer shows that the parent lives.
pub(crate) const READY: u32 = 1;

/// A jail's parameter, as jail(8) writes it in `PARAMETER=VALUE`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// No value: `persist`, `allow.nochflags`.
    Flag,
    /// An integer, or the number of one of `disable`, `new` and `inherit`.
    Number(i32),
    /// A string.
    Text(CString),
    /// `ip4.addr` or `ip6.addr`.
    Addresses(Vec<IpAddr>),
}

/// `disable`, for parameters that choose between the host's, an own and no instance of something.
pub(crate) const DISABLE: Value = Value::Number(0);
/// `new`, likewise.
pub(crate) const NEW: Value = Value::Number(1);

/// A system call with its arguments.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Op {
    // In the parent, before the jail exists.
    /// Mount a file system with these options of nmount(2); nothing on it is set-user-ID.
    Mount {
        options: Vec<(&'static str, CString)>,
        read_only: bool,
    },
    /// Define the ruleset NUMBER of devfs, in place of an earlier one: everything is hidden but what matches
    /// one of PATTERNS.
    DeviceRules {
        number: u16,
        patterns: Vec<CString>,
    },
    /// An existing directory is fine.
    Mkdir {
        path: CString,
        mode: u32,
    },
    /// An empty regular file; an existing one is fine.
    Touch {
        path: CString,
    },
    Symlink {
        contents: CString,
        path: CString,
    },
    Chmod {
        path: CString,
        mode: u32,
    },
    WriteFile {
        path: CString,
        contents: Vec<u8>,
        mode: u32,
    },
    /// Make the databases that `getpwnam` reads (`pwd.db`, `spwd.db`) beside the `master.passwd` of this folder.
    PasswordDatabase {
        folder: CString,
    },
    /// Make the jail.
    CreateJail {
        parameters: Vec<(&'static str, Value)>,
    },
    /// A rule of rctl(8).
    Limit {
        rule: CString,
    },

    // In the child.
    /// Enter the jail that was made.
    Attach,
    /// Give `lo0` of an own network stack 127.0.0.1 and ::1.
    LoopbackUp,
    NewSession,
    FixedAddresses,
    NoCoreDumps,
    Umask {
        mask: u32,
    },
    /// Every signal's default action, none blocked.
    ResetSignals,
    UnblockSignals,
    SetGroups {
        groups: Vec<u32>,
    },
    SetGid {
        gid: u32,
    },
    SetUid {
        uid: u32,
    },
    NoNewPrivileges,
    Chdir {
        path: CString,
    },
    DeathSignal,
    /// Descriptor FROM becomes TO.
    Duplicate {
        from: i32,
        to: i32,
    },
    /// Close all descriptors from this one on upon exec.
    CloseOnExecFrom {
        first: i32,
    },
    /// Send the message, then wait for the parent's answer.
    Ask(u32),
    Exec(Program),
}
