// SPDX-License-Identifier: GPL-3.0-or-later
//! Who is at the other end of a connection.

#[cfg(target_os = "freebsd")]
mod freebsd;
#[cfg(target_os = "linux")]
mod linux;

#[cfg(target_os = "freebsd")]
use freebsd as sys;
#[cfg(target_os = "linux")]
use linux as sys;

use std::fmt::{Display, Formatter};
use std::net::IpAddr;

use super::stream::Stream;

/// A local client's process, as the system vouches for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Credentials {
    /// The process, where the system tells.
    pub(crate) pid: Option<u32>,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

/// A client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peer {
    /// A process of this machine.
    Local(Credentials),
    /// Somebody in the network.
    Remote(IpAddr),
    /// The system does not tell.
    Unknown,
}

impl Peer {
    /// Who is at the other end of STREAM.
    pub(crate) fn of(stream: &Stream) -> Peer {
        match stream {
            Stream::Unix(stream) => sys::credentials(stream).map_or(Peer::Unknown, Peer::Local),
            Stream::Tcp(stream) => {
                stream.peer_addr().map_or(Peer::Unknown, |address| Peer::Remote(address.ip()))
            }
        }
    }

    /// Whether it may do what is root's: only root may, and only from here.
    pub(crate) fn is_trusted(&self) -> bool {
        matches!(self, Peer::Local(Credentials { uid: 0, .. }))
    }

    /// Its process, if the system tells.
    pub(crate) fn pid(&self) -> Option<u32> {
        match self {
            Peer::Local(credentials) => credentials.pid,
            _ => None,
        }
    }

    /// The command line of its process, where the system tells.
    pub(crate) fn command(&self) -> Option<String> {
        self.pid().and_then(sys::command)
    }

    /// User and group, of a local client.
    pub(crate) fn owner(&self) -> Option<(u32, u32)> {
        match self {
            Peer::Local(credentials) => Some((credentials.uid, credentials.gid)),
            _ => None,
        }
    }
}

impl Display for Peer {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        match self {
            Peer::Local(Credentials { pid: Some(pid), uid, .. }) => {
                write!(f, "pid {pid}, user {uid}")
            }
            Peer::Local(Credentials { uid, .. }) => write!(f, "user {uid}"),
            Peer::Remote(address) => write!(f, "{address}"),
            Peer::Unknown => f.write_str("an unknown client"),
        }
    }
}
