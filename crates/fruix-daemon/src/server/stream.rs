// SPDX-License-Identifier: GPL-3.0-or-later
//! A client's connection, local or not. Clones are the same connection.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::RecvFlags;

/// A connection.
#[derive(Debug, Clone)]
pub(crate) enum Stream {
    /// From this machine.
    Unix(Arc<UnixStream>),
    /// Through the network.
    Tcp(Arc<TcpStream>),
}

impl Stream {
    /// How long a read may take.
    pub(crate) fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        match self {
            Stream::Unix(stream) => stream.set_read_timeout(timeout),
            Stream::Tcp(stream) => stream.set_read_timeout(timeout),
        }
    }

    /// End both directions.
    pub(crate) fn shut_down(&self) {
        let _ = match self {
            Stream::Unix(stream) => stream.shutdown(Shutdown::Both),
            Stream::Tcp(stream) => stream.shutdown(Shutdown::Both),
        };
    }

    /// Whether the other side has gone, looked at for so many milliseconds. Not to be called when
    /// something of the other side's is due.
    pub(crate) fn is_abandoned(&self, milliseconds: u32) -> bool {
        let pause = Timespec {
            tv_sec: i64::from(milliseconds / 1000),
            tv_nsec: i64::from(milliseconds % 1000) * 1_000_000,
        };
        let mut fds = [PollFd::new(self, PollFlags::IN)];
        if !matches!(poll(&mut fds, Some(&pause)), Ok(1)) {
            return false;
        }
        let events = fds[0].revents();
        if events.intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) {
            return true;
        }
        let mut byte = [0];
        let peeked = rustix::net::recv(self, &mut byte, RecvFlags::PEEK | RecvFlags::DONTWAIT);
        match peeked {
            Ok((_, 0)) => true,
            // The next request came early. The end behind it cannot be seen, but a hangup can.
            Ok(_) => {
                std::thread::sleep(Duration::from_millis(milliseconds.into()));
                false
            }
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => false,
            Err(_) => true,
        }
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Stream::Unix(stream) => stream.as_fd(),
            Stream::Tcp(stream) => stream.as_fd(),
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Unix(stream) => (&mut stream.as_ref()).read(buffer),
            Stream::Tcp(stream) => (&mut stream.as_ref()).read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Unix(stream) => (&mut stream.as_ref()).write(bytes),
            Stream::Tcp(stream) => (&mut stream.as_ref()).write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
