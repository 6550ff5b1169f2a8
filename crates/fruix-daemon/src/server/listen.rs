// SPDX-License-Identifier: GPL-3.0-or-later
//! Sockets (`nix/nix-daemon/guix-daemon.cc`): their names on the command line, binding them, and taking them over
//! from a service manager.

use std::fmt::{Display, Formatter};
use std::io;
use std::net::{TcpListener, TcpStream, ToSocketAddrs};
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::net::AddressFamily;

use super::stream::Stream;

/// The port of a daemon for which none is named.
pub const DEFAULT_PORT: u16 = 44146;

/// Where a service manager passes the first socket.
const FIRST_PASSED: RawFd = 3;

/// Where a daemon listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A socket in the file system.
    File(PathBuf),
    /// A host's name or address, and a port.
    Network(String, u16),
}

impl Place {
    /// What `--listen=TEXT` means: a file's name, `HOST` or `HOST:PORT`.
    pub fn parse(text: &str) -> Option<Place> {
        if text.starts_with('/') {
            return Some(Place::File(text.into()));
        }
        // The address itself may have colons: then it stands in brackets.
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()?),
            _ => (text, DEFAULT_PORT),
        };
        let host = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
        (!host.is_empty()).then(|| Place::Network(host.to_owned(), port))
    }
}

impl Display for Place {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        match self {
            Place::File(path) => write!(f, "{}", path.display()),
            Place::Network(host, port) => write!(f, "{host}:{port}"),
        }
    }
}

/// Why a socket cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListenError {
    /// The system's answer.
    #[error("cannot listen on `{place}': {source}")]
    Bind {
        /// Where.
        place: Place,
        /// Why not.
        source: io::Error,
    },
    /// Another daemon listens there.
    #[error("another daemon listens on `{place}' already")]
    Taken {
        /// Where.
        place: Place,
    },
    /// A passed descriptor is no such socket.
    #[error("the descriptor {descriptor} that was passed is no socket to listen on: {source}")]
    Passed {
        /// The descriptor.
        descriptor: RawFd,
        /// The system's answer.
        source: io::Error,
    },
}

/// A socket that is listened on.
#[derive(Debug)]
pub enum Listener {
    /// A local one.
    Unix(UnixListener),
    /// One of the network.
    Tcp(TcpListener),
}

impl Listener {
    /// Listen at PLACE. A local socket can be connected to by everybody who may enter its directory.
    ///
    /// # Errors
    /// [`ListenError`].
    pub fn bind(place: &Place) -> Result<Listener, ListenError> {
        let failed = |source| ListenError::Bind { place: place.clone(), source };
        match place {
            Place::File(path) => {
                if UnixStream::connect(path).is_ok() {
                    return Err(ListenError::Taken { place: place.clone() });
                }
                bind_file(path, 0o666).map(Listener::Unix).map_err(failed)
            }
            Place::Network(host, port) => {
                let addresses = (host.as_str(), *port).to_socket_addrs().map_err(failed)?;
                let addresses: Vec<_> = addresses.collect();
                TcpListener::bind(&addresses[..]).map(Listener::Tcp).map_err(failed)
            }
        }
    }

    /// A local socket at PATH that nobody but this user can connect to.
    ///
    /// # Errors
    /// The system's answer.
    pub fn bind_private(path: &Path) -> io::Result<UnixListener> {
        bind_file(path, 0o600)
    }

    /// The sockets that a service manager has opened for this process, as `sd_listen_fds` finds them.
    /// To be called once, before anything else opens files.
    ///
    /// # Errors
    /// [`ListenError::Passed`].
    pub fn passed() -> Result<Vec<Listener>, ListenError> {
        let number = |name: &str| std::env::var(name).ok()?.parse::<u32>().ok();
        if number("LISTEN_PID") != Some(std::process::id()) {
            return Ok(Vec::new());
        }
        let count = number("LISTEN_FDS").and_then(|n| RawFd::try_from(n).ok()).unwrap_or(0);
        (FIRST_PASSED..FIRST_PASSED.saturating_add(count.min(64))).map(take_over).collect()
    }

    /// The next client.
    pub(crate) fn accept(&self) -> io::Result<Stream> {
        Ok(match self {
            Listener::Unix(listener) => {
                let (stream, _) = listener.accept()?;
                stream.set_nonblocking(false)?;
                Stream::Unix(Arc::new(stream))
            }
            Listener::Tcp(listener) => {
                let (stream, _): (TcpStream, _) = listener.accept()?;
                stream.set_nonblocking(false)?;
                stream.set_nodelay(true)?;
                // So that a machine that vanished is noticed.
                rustix::net::sockopt::set_socket_keepalive(&stream, true)?;
                Stream::Tcp(Arc::new(stream))
            }
        })
    }

    pub(crate) fn set_nonblocking(&self) -> io::Result<()> {
        match self {
            Listener::Unix(listener) => listener.set_nonblocking(true),
            Listener::Tcp(listener) => listener.set_nonblocking(true),
        }
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Listener::Unix(listener) => listener.as_fd(),
            Listener::Tcp(listener) => listener.as_fd(),
        }
    }
}

fn bind_file(path: &Path, mode: u32) -> io::Result<UnixListener> {
    if let Some(dir) = path.parent() {
        std::fs::create_dir_all(dir)?;
    }
    // What a daemon that was killed left.
    match std::fs::symlink_metadata(path) {
        Ok(meta) if std::os::unix::fs::FileTypeExt::is_socket(&meta.file_type()) => {
            std::fs::remove_file(path)?;
        }
        _ => {}
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))?;
    Ok(listener)
}

fn take_over(descriptor: RawFd) -> Result<Listener, ListenError> {
    let failed = |source: io::Error| ListenError::Passed { descriptor, source };
    // SAFETY: only asks whether the number is an open descriptor.
    if unsafe { libc::fcntl(descriptor, libc::F_SETFD, libc::FD_CLOEXEC) } == -1 {
        return Err(failed(io::Error::last_os_error()));
    }
    // SAFETY: it is open, and by the service manager's convention nobody else's.
    let fd = unsafe { OwnedFd::from_raw_fd(descriptor) };
    let address = rustix::net::getsockname(&fd).map_err(|e| failed(e.into()))?;
    match address.address_family() {
        AddressFamily::UNIX => Ok(Listener::Unix(fd.into())),
        _ => Ok(Listener::Tcp(fd.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        let network = |host: &str, port| Some(Place::Network(host.into(), port));
        assert_eq!(Place::parse("/a/b"), Some(Place::File("/a/b".into())));
        assert_eq!(Place::parse("localhost"), network("localhost", DEFAULT_PORT));
        assert_eq!(Place::parse("localhost:12"), network("localhost", 12));
        assert_eq!(Place::parse("[::1]:12"), network("::1", 12));
        assert_eq!(Place::parse("[::1]"), network("::1", DEFAULT_PORT));
        assert_eq!(Place::parse("localhost:x"), None);
        assert_eq!(Place::parse(":12"), None);
    }

    #[test]
    fn a_stale_socket_is_replaced_and_a_live_one_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let place = Place::File(dir.path().join("a/socket"));
        let first = Listener::bind(&place).unwrap();
        assert!(matches!(Listener::bind(&place), Err(ListenError::Taken { .. })));
        drop(first);
        Listener::bind(&place).unwrap();
    }
}
