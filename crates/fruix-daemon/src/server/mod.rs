// SPDX-License-Identifier: GPL-3.0-or-later
//! The daemon: serves the worker protocol to any number of clients (`nix/nix-daemon/nix-daemon.cc`).
//!
//! Each client has a thread, a session of the store with temporary roots of its own, and a socket that the
//! thread reads and writes; there is nothing else per client, so an idle one costs some kilobytes. Requests
//! are read with bounds on everything that could be long. What a client sends is never trusted further than its
//! user is: only root, through a local socket, may have damage repaired.
//!
//! | module | its job |
//! | --- | --- |
//! | `listen` | sockets: names of them, binding, taking them over from a service manager |
//! | `stream` | a client's connection, local or not |
//! | `peer` | who is at its other end |
//! | `registry` | who is connected, for `fruix processes`, and how many at most |
//! | `connection` | greeting, requests one after the other, errors as clients get them |
//! | `operations` | what the store answers |
//! | `building` | `build-things`: build traces and logs, cancellation when the client goes |
//! | `transfer` | archives within the protocol |
//! | `words` | errors as guix-daemon puts them |

mod building;
mod connection;
mod listen;
mod operations;
mod peer;
mod registry;
mod stream;
mod transfer;
mod words;

use std::io::{self, Write};
use std::os::unix::net::UnixListener;
use std::sync::Arc;
use std::time::Duration;

use fruix_store::Store;

use crate::error::Result;
use crate::options::{BuildOptions, Settings};
use crate::scheduler::Scheduler;

pub use listen::{DEFAULT_PORT, ListenError, Listener, Place};
pub use registry::status_socket;

use connection::Connection;
use peer::Peer;
use registry::Registry;
use stream::Stream;

/// Stack of a client's thread, in bytes. Only what is used takes memory; archives may be 500 levels deep.
const STACK: usize = 4 << 20;

/// How a daemon serves.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// What builds are like when a client does not say.
    pub build: BuildOptions,
    /// What clients are told when they ask where substitutes come from.
    pub substitute_urls: Vec<String>,
    /// How many clients may be connected at the same time.
    pub max_clients: usize,
    /// How many of them may belong to one user other than root, or come through the network.
    pub max_clients_per_user: usize,
    /// How long a client may take to greet.
    pub greeting_timeout: Duration,
    /// Told of each connection, in one line.
    pub log: fn(&str),
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            build: BuildOptions::default(),
            substitute_urls: Vec::new(),
            max_clients: 2048,
            max_clients_per_user: 1024,
            greeting_timeout: Duration::from_secs(30),
            log: |_| {},
        }
    }
}

/// A daemon.
pub struct Server {
    store: Arc<Store>,
    /// Shared by all clients: what several of them want is built once.
    scheduler: Scheduler,
    options: ServerOptions,
    registry: Registry,
}

impl Server {
    /// A daemon for STORE that builds as SETTINGS say.
    ///
    /// # Errors
    /// When builds could not be made, for example because there is no group of build users.
    pub fn new(store: Arc<Store>, settings: Settings, options: ServerOptions) -> Result<Arc<Self>> {
        let scheduler = Scheduler::new(store.clone(), settings)?;
        let registry = Registry::default();
        Ok(Arc::new(Self { store, scheduler, options, registry }))
    }

    /// Serve the clients of LISTENERS, for ever. Whoever connects to STATUS is told who they are.
    ///
    /// # Errors
    /// When it is not possible to wait for clients.
    pub fn serve(
        self: &Arc<Self>,
        listeners: &[Listener],
        status: Option<UnixListener>,
    ) -> io::Result<()> {
        use rustix::event::{PollFd, PollFlags, poll};
        listeners.iter().try_for_each(Listener::set_nonblocking)?;
        if let Some(status) = status {
            let server = self.clone();
            std::thread::spawn(move || server.tell_status(&status));
        }
        loop {
            let mut waiting: Vec<PollFd<'_>> =
                listeners.iter().map(|listener| PollFd::new(listener, PollFlags::IN)).collect();
            match poll(&mut waiting, None) {
                Err(rustix::io::Errno::INTR) => continue,
                other => other?,
            };
            let ready: Vec<bool> = waiting.iter().map(|fd| !fd.revents().is_empty()).collect();
            for (listener, _) in listeners.iter().zip(ready).filter(|(_, ready)| *ready) {
                self.accept_from(listener);
            }
        }
    }

    fn tell_status(&self, status: &UnixListener) {
        for mut client in status.incoming().flatten() {
            let _ = client.set_write_timeout(Some(Duration::from_secs(1)));
            let _ = client.write_all(self.registry.records().as_bytes());
        }
    }

    fn accept_from(self: &Arc<Self>, listener: &Listener) {
        match listener.accept() {
            Ok(stream) => self.serve_client(stream),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => {
                (self.options.log)(&format!("error accepting a connection: {error}"));
                // Out of descriptors, for example: do not spin.
                std::thread::sleep(Duration::from_millis(100));
            }
        }
    }

    /// Serve the client at the other end of STREAM, in a thread of its own.
    fn serve_client(self: &Arc<Self>, stream: Stream) {
        let server = self.clone();
        let thread = std::thread::Builder::new().name("client".into()).stack_size(STACK);
        let spawned = thread.spawn(move || {
            let peer = Peer::of(&stream);
            (server.options.log)(&format!("accepted connection from {peer}"));
            let limits = (server.options.max_clients, server.options.max_clients_per_user);
            let entry = server.registry.enter(&peer, limits);
            Connection::serve(&server, stream, &peer, entry);
        });
        if let Err(error) = spawned {
            (self.options.log)(&format!("cannot start a thread for a client: {error}"));
        }
    }
}
