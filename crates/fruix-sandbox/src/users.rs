// SPDX-License-Identifier: GPL-3.0-or-later
//! Build users: the members of a group, each lent to one build at a time.
//!
//! The lock of the user with ID N is a file N in a directory that the caller names, `userpool` in
//! Guix's state directory, locked as guix-daemon does (`UserLock` in `nix/libstore/build.cc`), so that
//! both daemons can share the users. Locks of that kind belong to processes and not to descriptors;
//! therefore a table keeps this process from taking a user twice.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::{Error, Identity, Result};

static TAKEN: Mutex<Option<HashSet<PathBuf>>> = Mutex::new(None);

/// One build user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildUser {
    /// The account's name.
    pub name: String,
    /// The account's user ID.
    pub uid: u32,
    /// The group ID of the build users' group.
    pub gid: u32,
    /// Other groups that it is a member of.
    pub groups: Vec<u32>,
}

impl BuildUser {
    /// The identity of builds that run as this user.
    pub fn identity(&self) -> Identity {
        Identity::BuildUser { uid: self.uid, gid: self.gid, groups: self.groups.clone() }
    }
}

/// The users of one group.
#[derive(Debug, Clone)]
pub struct BuildUserPool {
    users: Vec<BuildUser>,
    locks: PathBuf,
}

impl BuildUserPool {
    /// The members of GROUP according to this machine's `/etc/group` and `/etc/passwd`, locked in the
    /// directory LOCKS; `None` when there is no such group. Members that are root or have no account are an error.
    pub fn of_group(group: &str, locks: impl Into<PathBuf>) -> Result<Option<Self>> {
        let read = |path: &str| {
            fs::read_to_string(path).map_err(|source| Error::Source { path: path.into(), source })
        };
        Self::parse(group, &read("/etc/group")?, &read("/etc/passwd")?, locks)
    }

    /// Like [`Self::of_group`], given the two files' contents.
    pub fn parse(
        group: &str,
        groups: &str,
        passwd: &str,
        locks: impl Into<PathBuf>,
    ) -> Result<Option<Self>> {
        let Some((gid, members)) =
            group_entries(groups).find_map(|(n, g, m)| (n == group).then_some((g, m)))
        else {
            return Ok(None);
        };
        let mut users = Vec::new();
        for name in members.split(',').filter(|m| !m.is_empty()) {
            let uid = passwd
                .lines()
                .map(|line| line.split(':').collect::<Vec<_>>())
                .find(|f| f.len() > 3 && f[0] == name)
                .and_then(|f| f[2].parse::<u32>().ok())
                .ok_or_else(|| {
                    Error::Request(format!("the member `{name}' of group `{group}' has no account"))
                })?;
            if uid == 0 {
                return Err(Error::Request(format!(
                    "the member `{name}' of group `{group}' is root, which may not build"
                )));
            }
            let others = group_entries(groups)
                .filter(|(_, g, m)| *g != gid && m.split(',').any(|m| m == name))
                .map(|(_, g, _)| g)
                .collect();
            users.push(BuildUser { name: name.into(), uid, gid, groups: others });
        }
        if users.is_empty() {
            return Err(Error::Request(format!("the build users' group `{group}' has no members")));
        }
        Ok(Some(Self { users, locks: locks.into() }))
    }

    /// The users.
    pub fn users(&self) -> &[BuildUser] {
        &self.users
    }

    /// Take a user that no build of this or another process has; `None` when all are taken.
    pub fn acquire(&self) -> Result<Option<BuildUserLock>> {
        for user in &self.users {
            let path = self.locks.join(user.uid.to_string());
            match take(&path) {
                Ok(Some(file)) => {
                    return Ok(Some(BuildUserLock { user: user.clone(), path, file: Some(file) }));
                }
                Ok(None) => {}
                Err(source) => return Err(Error::Source { path, source }),
            }
        }
        Ok(None)
    }
}

fn group_entries(groups: &str) -> impl Iterator<Item = (&str, u32, &str)> {
    groups.lines().filter_map(|line| {
        let mut fields = line.split(':');
        let (name, _, gid) = (fields.next()?, fields.next()?, fields.next()?.parse().ok()?);
        Some((name, gid, fields.next().unwrap_or("")))
    })
}

fn taken() -> std::sync::MutexGuard<'static, Option<HashSet<PathBuf>>> {
    TAKEN.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Lock PATH without waiting. The table is consulted before the file is opened, since closing any
/// descriptor of a locked file would drop this process's lock.
fn take(path: &Path) -> io::Result<Option<fs::File>> {
    let mut taken = taken();
    let table = taken.get_or_insert_default();
    if table.contains(path) {
        return Ok(None);
    }
    let file = fs::File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)?;
    match rustix::fs::fcntl_lock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {
            table.insert(path.to_owned());
            Ok(Some(file))
        }
        Err(rustix::io::Errno::AGAIN | rustix::io::Errno::ACCESS) => Ok(None),
        Err(e) => Err(e.into()),
    }
}

/// A build user, held until this is dropped.
#[derive(Debug)]
pub struct BuildUserLock {
    user: BuildUser,
    path: PathBuf,
    file: Option<fs::File>,
}

impl BuildUserLock {
    /// The user.
    pub fn user(&self) -> &BuildUser {
        &self.user
    }
}

impl Drop for BuildUserLock {
    fn drop(&mut self) {
        let mut taken = taken();
        // Closing it is what unlocks it, and must not happen after the table forgot the path.
        self.file = None;
        if let Some(table) = taken.as_mut() {
            table.remove(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROUP: &str =
        "root:x:0:\nkvm:x:105:b2,someone\nguixbuild:x:999:b1,b2\nempty:x:7:\nbad:x:8:root\n";
    const PASSWD: &str = "root:x:0:0::/:/bin/sh\nb1:x:901:999::/:/\nb2:x:902:999::/:/\n";

    #[test]
    fn members_and_other_groups_are_found() -> Result<()> {
        let pool = BuildUserPool::parse("guixbuild", GROUP, PASSWD, "/none")?;
        let users = pool.map(|p| p.users().to_vec()).unwrap_or_default();
        assert_eq!(users.len(), 2);
        assert_eq!(
            (users[1].uid, users[1].gid, users[1].groups.as_slice()),
            (902, 999, &[105][..])
        );
        assert!(BuildUserPool::parse("nogroup", GROUP, PASSWD, "/none")?.is_none());
        assert!(BuildUserPool::parse("empty", GROUP, PASSWD, "/none").is_err());
        assert!(BuildUserPool::parse("bad", GROUP, PASSWD, "/none").is_err());
        Ok(())
    }

    #[test]
    fn a_user_is_lent_once() -> std::result::Result<(), Box<dyn std::error::Error>> {
        let dir = tempfile::tempdir()?;
        let pool =
            BuildUserPool::parse("guixbuild", GROUP, PASSWD, dir.path())?.ok_or("no pool")?;
        let first = pool.acquire()?.ok_or("first")?;
        let second = pool.acquire()?.ok_or("second")?;
        assert_ne!(first.user().uid, second.user().uid);
        assert!(pool.acquire()?.is_none());
        drop(first);
        assert_eq!(pool.acquire()?.ok_or("third")?.user().uid, 901);
        Ok(())
    }
}
