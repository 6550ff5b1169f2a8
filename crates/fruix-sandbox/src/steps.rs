// SPDX-License-Identifier: GPL-3.0-or-later
//! What both backends are made of: a list of [`Step`]s, each one system call (or one small fixed sequence) of the
//! backend's own `Op` with its arguments ready; a [`Syscalls`] that carries them out, the real kernel or a
//! recorder in tests; and the line on which a child that does so talks to its parent.

use std::io;
use std::os::fd::OwnedFd;

use rustix::io::fcntl_dupfd_cloexec;
use rustix::net::{AddressFamily, SendFlags, SocketFlags, SocketType};

use crate::unix::{self, Errno};
use crate::{Error, Result};

/// One step and what to call it when it fails.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Step<Op> {
    /// What is being done, such as "mounting /proc".
    pub what: String,
    pub op: Op,
}

/// Carries out steps.
pub(crate) trait Syscalls<Op> {
    /// Do OP; in a child the real implementation must not allocate.
    fn perform(&mut self, op: &Op) -> std::result::Result<(), Errno>;
}

/// Carry out STEPS in turn up to the first that fails, whose index is returned with its error.
/// After a successful `Exec` nothing returns, but with a recorder.
pub(crate) fn run<Op>(
    steps: &[Step<Op>],
    syscalls: &mut dyn Syscalls<Op>,
) -> std::result::Result<(), (usize, Errno)> {
    for (index, step) in steps.iter().enumerate() {
        syscalls.perform(&step.op).map_err(|errno| (index, errno))?;
    }
    Ok(())
}

/// The two ends of the line between parent and child; the child's is above its standard descriptors.
pub(crate) fn line() -> Result<(OwnedFd, OwnedFd)> {
    let ends = || -> io::Result<_> {
        let (ours, theirs) = rustix::net::socketpair(
            AddressFamily::UNIX,
            SocketType::SEQPACKET,
            SocketFlags::CLOEXEC,
            None,
        )?;
        Ok((ours, fcntl_dupfd_cloexec(theirs, 3)?))
    };
    ends().map_err(|source| Error::Io { what: "making a socket pair", source })
}

/// Answer the child's messages until it has become the program, which the message READY comes before. ANSWER does
/// what a message of another kind asks for, FAILED words the failure of the step with that index.
pub(crate) fn converse(
    socket: &OwnedFd,
    ready: u32,
    mut answer: impl FnMut(u32) -> Result<()>,
    failed: impl FnOnce(usize, Errno) -> Error,
) -> Result<()> {
    let io = |source| Error::Io { what: "talking to the build process", source };
    let mut is_ready = false;
    while let Some((kind, index, errno)) = unix::receive(socket).map_err(io)? {
        if kind == unix::FAILED {
            return Err(failed(index as usize, errno));
        }
        answer(kind)?;
        is_ready = kind == ready;
        // A child that has died meanwhile is noticed by the next receive.
        let _ = rustix::net::send(socket, b"!", SendFlags::NOSIGNAL);
    }
    if is_ready {
        Ok(())
    } else {
        Err(io(io::Error::new(io::ErrorKind::UnexpectedEof, "it died while being set up")))
    }
}
