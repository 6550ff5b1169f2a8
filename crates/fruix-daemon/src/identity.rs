// SPDX-License-Identifier: GPL-3.0-or-later
//! Which user a build runs as: a build user, IDs that no account has, or whoever calls.

use std::path::{Path, PathBuf};

use fruix_sandbox::{BuildUserLock, BuildUserPool, Identity};
use fruix_store::{FileLock, Mode};

use crate::error::{Error, Result};

/// How many builds of a machine may run at the same time under unassigned IDs.
const SLOTS: u16 = 1024;

/// Lends identities to builds.
#[derive(Debug)]
pub(crate) struct Identities {
    root: bool,
    pool: Option<BuildUserPool>,
    /// `userpool` in the state directory, where guix-daemon locks its build users.
    locks: PathBuf,
}

/// An identity that no other build of this machine has, until it is dropped.
#[derive(Debug)]
pub(crate) struct Lent {
    pub(crate) identity: Identity,
    _user: Option<BuildUserLock>,
    _slot: Option<FileLock>,
}

impl Identities {
    /// The build users in GROUP, locked in a directory below STATE_DIR.
    pub(crate) fn new(group: &str, state_dir: &Path) -> Result<Self> {
        let locks = state_dir.join("userpool");
        let root = rustix::process::geteuid().is_root();
        let mut pool = None;
        if root {
            std::fs::create_dir_all(&locks).map_err(Error::io("creating directory", &locks))?;
            pool = BuildUserPool::of_group(group, &locks)?;
        }
        Ok(Self { root, pool, locks })
    }

    /// An identity for a build. When all build users are at work, unassigned IDs take their place.
    pub(crate) fn lend(&self) -> Result<Lent> {
        if !self.root {
            return Ok(Lent { identity: Identity::Caller, _user: None, _slot: None });
        }
        if let Some(user) = self.pool.as_ref().map(BuildUserPool::acquire).transpose()?.flatten() {
            let identity = user.user().identity();
            return Ok(Lent { identity, _user: Some(user), _slot: None });
        }
        for slot in 0..SLOTS {
            let identity = Identity::unassigned(slot);
            let (uid, _) = identity.outside((0, 0));
            let lock = FileLock::try_acquire(&self.locks.join(uid.to_string()), Mode::Exclusive)?;
            if lock.is_some() {
                return Ok(Lent { identity, _user: None, _slot: lock });
            }
        }
        let busy = std::io::ErrorKind::WouldBlock.into();
        Err(Error::io("finding a free build user in", &self.locks)(busy))
    }
}
