// SPDX-License-Identifier: GPL-3.0-or-later
//! Who is connected and what they do: how many may be, and what `fruix processes` shows.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::peer::Peer;

/// Where, in STATE_DIR, a daemon tells who is connected: who connects there gets the records, in the format of
/// `guix processes`.
pub fn status_socket(state_dir: &Path) -> PathBuf {
    state_dir.join("daemon-socket/status")
}

/// The clients of a daemon.
#[derive(Default)]
pub(crate) struct Registry(Arc<Mutex<Clients>>);

#[derive(Default)]
struct Clients {
    next: u64,
    known: BTreeMap<u64, Client>,
}

struct Client {
    peer: Peer,
    operation: Option<&'static str>,
    /// What is built for it: outputs that are locked, and the builder's process.
    builds: BTreeMap<String, (Vec<String>, Option<u32>)>,
}

/// A client's place; it is free when this is dropped.
pub(crate) struct Entry {
    registry: Arc<Mutex<Clients>>,
    number: u64,
}

fn lock(clients: &Mutex<Clients>) -> MutexGuard<'_, Clients> {
    clients.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Registry {
    /// A place for PEER, unless as many as LIMITS allow are there, altogether and of the same user.
    pub(crate) fn enter(&self, peer: &Peer, limits: (usize, usize)) -> Option<Entry> {
        let mut clients = lock(&self.0);
        // Root can always come in, to see what is going on.
        if !peer.is_trusted() {
            let known = clients.known.values();
            let same = known.filter(|other| other.peer.owner() == peer.owner()).count();
            if clients.known.len() >= limits.0 || same >= limits.1 {
                return None;
            }
        }
        let number = clients.next;
        clients.next += 1;
        let client = Client { peer: *peer, operation: None, builds: BTreeMap::new() };
        clients.known.insert(number, client);
        Some(Entry { registry: self.0.clone(), number })
    }

    /// The clients as records (`guix processes`).
    pub(crate) fn records(&self) -> String {
        let clients = lock(&self.0);
        let mut text = String::new();
        for (number, client) in &clients.known {
            let _ = client.record(*number, &mut text);
        }
        text
    }
}

impl Client {
    fn record(&self, number: u64, text: &mut String) -> std::fmt::Result {
        writeln!(text, "SessionPID: {}", std::process::id())?;
        writeln!(text, "Session: {number}")?;
        match self.peer.pid() {
            Some(pid) => writeln!(text, "ClientPID: {pid}")?,
            None => writeln!(text, "Client: {}", self.peer)?,
        }
        if let Some(command) = self.peer.command() {
            writeln!(text, "ClientCommand: {command}")?;
        }
        if let Some(operation) = self.operation {
            writeln!(text, "Operation: {operation}")?;
        }
        for (outputs, _) in self.builds.values() {
            outputs.iter().try_for_each(|output| writeln!(text, "LockHeld: {output}.lock"))?;
        }
        for (drv, (_, pid)) in &self.builds {
            if let Some(pid) = pid {
                writeln!(text, "ChildPID: {pid}")?;
            }
            writeln!(text, "ChildCommand: {drv}")?;
        }
        writeln!(text)
    }
}

impl Entry {
    fn change(&self, change: impl FnOnce(&mut Client)) {
        if let Some(client) = lock(&self.registry).known.get_mut(&self.number) {
            change(client);
        }
    }

    /// The client waits for OPERATION, or for nothing.
    pub(crate) fn set_operation(&self, operation: Option<&'static str>) {
        self.change(|client| client.operation = operation);
    }

    /// DRV, which makes OUTPUTS, is being built for it, by process PID once that is known.
    pub(crate) fn building(&self, drv: &str, outputs: Option<Vec<String>>, pid: Option<u32>) {
        self.change(|client| {
            let build = client.builds.entry(drv.to_owned()).or_default();
            build.0 = outputs.unwrap_or(std::mem::take(&mut build.0));
            build.1 = pid.or(build.1);
        });
    }

    /// DRV is not being built for it any more.
    pub(crate) fn built(&self, drv: &str) {
        self.change(|client| drop(client.builds.remove(drv)));
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        lock(&self.registry).known.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::super::peer::Credentials;
    use super::*;

    #[test]
    fn one_user_cannot_take_all_places() {
        let registry = Registry::default();
        let user = |uid| Peer::Local(Credentials { pid: None, uid, gid: uid });
        let first = registry.enter(&user(1), (3, 1));
        assert!(first.is_some() && registry.enter(&user(1), (3, 1)).is_none());
        let others: Vec<_> = [2, 3, 4].map(|uid| registry.enter(&user(uid), (3, 1))).into();
        assert!(others[1].is_some() && others[2].is_none());
        assert!(registry.enter(&user(0), (3, 1)).is_some());
        drop(first);
        assert!(registry.enter(&user(1), (3, 1)).is_some());
        drop(others);
        assert_eq!(registry.records(), "");
    }
}
