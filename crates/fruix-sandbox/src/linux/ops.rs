// SPDX-License-Identifier: GPL-3.0-or-later
//! The seam to the kernel: isolation is a list of [`Step`]s, each one system call (or one small fixed
//! sequence) with its arguments ready, and a [`steps::Syscalls`] carries them out: the real kernel in a
//! fresh child, or a recorder in tests.
//!
//! A step holds everything that it needs, because between clone and exec in a program with several
//! threads nothing may be allocated.

use std::ffi::CString;

use crate::steps;
use crate::unix::Program;

/// A step of this backend.
pub(crate) type Step = steps::Step<Op>;

/// Why the child talks to its parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Message {
    /// "I am in a new user namespace, write its maps."
    MapIds = 1,
    /// "All but exec is done": the answer shows that the parent lives, after the death signal was set.
    Ready = 2,
}

/// A system call with its arguments.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Op {
    /// Send the message, then wait for the parent's answer.
    Ask(Message),
    Mount {
        source: CString,
        target: CString,
        fstype: CString,
        flags: u64,
        data: CString,
    },
    /// Add mount attributes to a mount and all below it.
    MountAttributes {
        target: CString,
        set: u64,
    },
    PivotRoot {
        new: CString,
        old: CString,
    },
    Detach {
        target: CString,
    },
    Chdir {
        path: CString,
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
    /// Write to a file that exists, such as one of /proc.
    Poke {
        path: CString,
        contents: Vec<u8>,
    },
    LoopbackUp,
    SetHostname {
        name: CString,
    },
    SetDomainname {
        name: CString,
    },
    NewSession,
    /// An empty session keyring in place of the caller's.
    NewKeyring,
    Personality {
        persona: u64,
    },
    Umask {
        mask: u32,
    },
    NoCoreDumps,
    /// Every signal's default action, none blocked.
    ResetSignals,
    UnblockSignals,
    /// The default action for SIGPIPE alone.
    DefaultSigpipe,
    Unshare {
        flags: i32,
    },
    SetGroups {
        groups: Vec<u32>,
    },
    SetGid {
        gid: u32,
    },
    SetUid {
        uid: u32,
    },
    DropBoundingSet,
    DropCapabilities,
    NoNewPrivileges,
    /// The program of the filter, already assembled.
    Filter {
        program: Vec<Instruction>,
    },
    ScopeAbstractSockets,
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
    Exec(Program),
}

/// An instruction of the kernel's classic packet filter machine (struct sock_filter).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub(crate) struct Instruction {
    pub code: u16,
    pub on_true: u8,
    pub on_false: u8,
    pub value: u32,
}

/// The program that STEPS end with.
pub(crate) fn program(steps: &[Step]) -> Option<&Program> {
    steps.iter().find_map(|step| match &step.op {
        Op::Exec(program) => Some(program),
        _ => None,
    })
}
