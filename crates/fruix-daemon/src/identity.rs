// SPDX-License-Identifier: GPL-3.0-or-later
//! Which user a build runs as: a build user, IDs that no account has, or whoever calls.

use std::path::{Path, PathBuf};

use fruix_sandbox::{BuildUser, Identity};
use fruix_store::{FileLock, Mode};

use crate::error::{Error, Result};

/// How many builds of a machine may run at the same time under unassigned IDs.
const SLOTS: u16 = 1024;

/// Lends identities to builds.
#[derive(Debug)]
pub(crate) struct Identities {
    root: bool,
    users: Vec<BuildUser>,
    /// `userpool` in the state directory. The lock of the user with ID N is a file N there, as in
    /// guix-daemon (`UserLock`), so that both daemons can share the users.
    locks: PathBuf,
}

/// An identity that no other build of this machine has, until it is dropped.
#[derive(Debug)]
pub(crate) struct Lent {
    pub(crate) identity: Identity,
    _lock: Option<FileLock>,
}

impl Identities {
    /// The build users in GROUP, locked in a directory below STATE_DIR.
    pub(crate) fn new(group: &str, state_dir: &Path) -> Result<Self> {
        let locks = state_dir.join("userpool");
        let root = rustix::process::geteuid().is_root();
        let mut users = Vec::new();
        if root {
            std::fs::create_dir_all(&locks).map_err(Error::io("creating directory", &locks))?;
            users = BuildUser::of_group(group)?.unwrap_or_default();
        }
        Ok(Self { root, users, locks })
    }

    /// An identity for a build. When all build users are at work, unassigned IDs take their place.
    pub(crate) fn lend(&self) -> Result<Lent> {
        if !self.root {
            return Ok(Lent { identity: Identity::Caller, _lock: None });
        }
        let users = self.users.iter().map(BuildUser::identity);
        for identity in users.chain((0..SLOTS).map(Identity::unassigned)) {
            let (uid, _) = identity.outside((0, 0));
            let lock = FileLock::try_acquire(&self.locks.join(uid.to_string()), Mode::Exclusive)?;
            if lock.is_some() {
                return Ok(Lent { identity, _lock: lock });
            }
        }
        let busy = std::io::ErrorKind::WouldBlock.into();
        Err(Error::io("finding a free build user in", &self.locks)(busy))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_lent_once() {
        let dir = tempfile::tempdir().unwrap();
        let user = |uid| BuildUser { name: format!("b{uid}"), uid, gid: 999, groups: Vec::new() };
        let users = vec![user(901), user(902)];
        let pool = Identities { root: true, users, locks: dir.path().to_path_buf() };
        let uid = |lent: &Lent| lent.identity.outside((0, 0)).0;
        let (first, second) = (pool.lend().unwrap(), pool.lend().unwrap());
        assert_eq!((uid(&first), uid(&second)), (901, 902));
        assert_eq!(pool.lend().unwrap().identity, Identity::unassigned(0));
        drop(first);
        assert_eq!(uid(&pool.lend().unwrap()), 901);
    }
}
