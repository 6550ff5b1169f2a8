// SPDX-License-Identifier: GPL-3.0-or-later
//! FreeBSD's backend: jails. Only the seam is here for now; every entry point says so.

use crate::{BuildRequest, Error, Result, Running, Sandbox, StoreView};

/// The jail backend.
#[derive(Debug, Clone, Copy)]
pub struct Native;

impl Sandbox for Native {
    fn spawn(&self, _request: BuildRequest) -> Result<Box<dyn Running>> {
        Err(Error::NotYet("FreeBSD"))
    }
}

pub(crate) fn exec_in_view(_view: &StoreView) -> Error {
    // Ordinary users of FreeBSD have no user namespaces: they are clients of the daemon.
    Error::NotYet("FreeBSD")
}

pub(crate) fn kill_processes_of(_uid: u32) -> Result<()> {
    Err(Error::NotYet("FreeBSD"))
}
