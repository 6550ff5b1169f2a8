// SPDX-License-Identifier: GPL-3.0-or-later
//! `SO_PEERCRED`, and `/proc`.

use std::io;
use std::os::unix::net::UnixStream;

use super::Credentials;

/// Who has connected STREAM.
pub(super) fn credentials(stream: &UnixStream) -> io::Result<Credentials> {
    let cred = rustix::net::sockopt::socket_peercred(stream)?;
    Ok(Credentials {
        pid: u32::try_from(cred.pid.as_raw_nonzero().get()).ok(),
        uid: cred.uid.as_raw(),
        gid: cred.gid.as_raw(),
    })
}

/// The command line of process PID, on one line.
pub(super) fn command(pid: u32) -> Option<String> {
    let bytes = std::fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let line = text.trim_end_matches('\0').replace(|c: char| c.is_control(), " ");
    (!line.is_empty()).then_some(line)
}
