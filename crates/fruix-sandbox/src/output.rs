// SPDX-License-Identifier: GPL-3.0-or-later
//! What a build writes: the descriptors that it gets, and following it to its end within limits.

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::time::{Duration, Instant};
use std::{fs, io};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::fcntl_dupfd_cloexec;

use crate::{Limits, Outcome, Stdio};

/// The descriptors that the program gets, all above 2.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Descriptors {
    pub stdin: RawFd,
    pub output: RawFd,
}

/// What the child's standard descriptors are made of, kept open until the child exists.
pub(crate) struct Channels {
    log: Option<OwnedFd>,
    child: Option<(OwnedFd, OwnedFd)>,
}

impl Channels {
    /// Open what STDIO asks for.
    pub fn open(stdio: &Stdio) -> io::Result<Self> {
        if matches!(stdio, Stdio::Inherit) {
            return Ok(Self { log: None, child: None });
        }
        // Above 2, so that moving them into place never meets itself.
        let null = fcntl_dupfd_cloexec(fs::File::open("/dev/null")?, 3)?;
        let (log, output) = match stdio {
            Stdio::Descriptor(fd) => (None, fcntl_dupfd_cloexec(fd, 3)?),
            _ => {
                let (read, write) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
                (Some(read), fcntl_dupfd_cloexec(write, 3)?)
            }
        };
        Ok(Self { log, child: Some((null, output)) })
    }

    /// What the child gets; `None` if it keeps the caller's.
    pub fn descriptors(&self) -> Option<Descriptors> {
        let (stdin, output) = self.child.as_ref()?;
        Some(Descriptors { stdin: stdin.as_raw_fd(), output: output.as_raw_fd() })
    }

    /// Close the child's ends; gives ours, the one that output is read from.
    pub fn into_log(self) -> Option<OwnedFd> {
        self.log
    }
}

/// A build's output and its limits.
pub(crate) struct Output {
    pub log: Option<OwnedFd>,
    pub limits: Limits,
    pub started: Instant,
}

impl Output {
    /// Pass on output to SINK until ENDED becomes readable, which says that the program has ended (`None`), or
    /// until it breaks a limit, which is then the answer.
    pub fn follow(
        &mut self,
        ended: BorrowedFd<'_>,
        sink: &mut dyn FnMut(&[u8]),
    ) -> io::Result<Option<Outcome>> {
        let started = self.started;
        let mut heard = started;
        let mut written = 0_u64;
        let mut buffer = vec![0_u8; 64 * 1024];
        loop {
            let overall = self.limits.timeout.map(|t| (started + t, Outcome::TimedOut));
            let silent = self.limits.max_silent.map(|t| (heard + t, Outcome::Silent));
            let next = [overall, silent].into_iter().flatten().min_by_key(|(at, _)| *at);
            let left = next.map(|(at, _)| at.saturating_duration_since(Instant::now()));
            if let (Some((_, outcome)), Some(Duration::ZERO)) = (next, left) {
                return Ok(Some(outcome));
            }
            let (over, readable) = self.poll(ended, left)?;
            if readable && let Some(log) = &self.log {
                let n = rustix::io::read(log, &mut buffer)?;
                if n == 0 {
                    // Everybody has closed it; the program itself may go on.
                    self.log = None;
                    continue;
                }
                sink(&buffer[..n]);
                heard = Instant::now();
                written += n as u64;
                if self.limits.max_log_bytes.is_some_and(|max| written > max) {
                    return Ok(Some(Outcome::LogTooLong));
                }
            } else if over {
                // The first process is dead, and what it wrote has been read.
                return Ok(None);
            }
        }
    }

    /// Whether the program has ended, and whether there is output to read (or none ever).
    fn poll(&self, ended: BorrowedFd<'_>, timeout: Option<Duration>) -> io::Result<(bool, bool)> {
        let timeout = timeout.and_then(|t| Timespec::try_from(t).ok());
        let mut fds = vec![PollFd::from_borrowed_fd(ended, PollFlags::IN)];
        fds.extend(self.log.iter().map(|log| PollFd::from_borrowed_fd(log.as_fd(), PollFlags::IN)));
        match poll(&mut fds, timeout.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(e) => return Err(e.into()),
        }
        let some = |fd: Option<&PollFd>| fd.is_some_and(|fd| !fd.revents().is_empty());
        Ok((some(fds.first()), some(fds.get(1))))
    }
}
