// SPDX-License-Identifier: GPL-3.0-or-later
//! The seam between whoever schedules builds and the backend that isolates them: [`Sandbox`] starts,
//! [`Running`] follows, [`KillHandle`] ends from elsewhere.

use std::fmt;
use std::sync::Arc;

use crate::{BuildRequest, Result};

/// A way of isolating programs.
pub trait Sandbox: Send + Sync {
    /// Start the program that REQUEST describes. When this returns, the program has been executed:
    /// every failure before that point is an error here, and has left nothing behind.
    fn spawn(&self, request: BuildRequest) -> Result<Box<dyn Running>>;

    /// Parts of the isolation that this machine lacks for what REQUEST describes, each in a sentence:
    /// the program runs nevertheless, and people should know.
    fn shortcomings(&self, _request: &BuildRequest) -> Vec<&'static str> {
        Vec::new()
    }
}

/// A started program. Dropping it kills the program and everything that it started.
pub trait Running: Send {
    /// The process's number as the host sees it.
    fn pid(&self) -> u32;

    /// A handle to kill the program from any thread, at any time.
    fn kill_handle(&self) -> KillHandle;

    /// Wait for the end, passing output to LOG as it comes (for [`crate::Stdio::Log`]), in pieces of
    /// any size. When this returns, every process of the build is dead.
    fn wait(self: Box<Self>, log: &mut dyn FnMut(&[u8])) -> Result<Outcome>;
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It exited with this status, zero being success.
    Exited(i32),
    /// It was killed by this signal.
    Signaled(i32),
    /// It was killed because it ran longer than [`crate::Limits::timeout`].
    TimedOut,
    /// It was killed because it wrote nothing for [`crate::Limits::max_silent`].
    Silent,
    /// It was killed because it wrote more than [`crate::Limits::max_log_bytes`].
    LogTooLong,
    /// It was killed through its [`KillHandle`].
    Killed,
}

impl Outcome {
    /// What the raw STATUS of waitpid(2) says of a program; KILLED: its [`KillHandle`] was used.
    pub(crate) fn of(status: i32, killed: bool) -> Self {
        match libc::WIFSIGNALED(status) {
            true if killed => Outcome::Killed,
            true => Outcome::Signaled(libc::WTERMSIG(status)),
            false => Outcome::Exited(libc::WEXITSTATUS(status)),
        }
    }

    /// Whether the program ended by itself with status zero.
    pub fn success(self) -> bool {
        self == Outcome::Exited(0)
    }
}

/// Kills one build with everything that it started; harmless once the build has ended.
#[derive(Clone)]
pub struct KillHandle(pub(crate) Arc<dyn Fn() + Send + Sync>);

impl KillHandle {
    /// A handle that calls KILL, for other implementations of [`Running`].
    pub fn new(kill: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Arc::new(kill))
    }

    /// Kill the build now. Returns at once; [`Running::wait`] then answers [`Outcome::Killed`].
    pub fn kill(&self) {
        (self.0)();
    }
}

impl fmt::Debug for KillHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KillHandle")
    }
}
