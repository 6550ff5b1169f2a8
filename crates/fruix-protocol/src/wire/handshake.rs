// SPDX-License-Identifier: GPL-3.0-or-later
//! Greeting each other (`open-connection` of `(guix store)`, `processConnection` of guix-daemon).

use std::io::{BufRead, Write};

use super::primitives::{Reader, WireError, Writer};

/// What a client says first.
const CLIENT: u64 = 0x6e69_7863;
/// What a daemon answers.
const DAEMON: u64 = 0x6478_696f;

/// A version of the protocol: the major one in the second byte, the minor one in the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(u64);

impl Version {
    /// The one that Guix 1.5 and we speak.
    pub const OURS: Version = Version(0x164);

    /// The version written as NUMBER, if it is one that this program understands.
    pub fn new(number: u64) -> Result<Version, WireError> {
        match number {
            _ if number >> 8 == 1 => Ok(Version(number)),
            _ => Err(WireError::Version { got: number }),
        }
    }

    /// The minor version.
    pub fn minor(self) -> u8 {
        (self.0 & 0xff) as u8
    }

    /// As a number.
    pub fn number(self) -> u64 {
        self.0
    }
}

/// What a client says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Greeting {
    /// The version that it speaks.
    pub version: Version,
    /// The processor on which it wants to be served.
    pub cpu_affinity: Option<u32>,
    /// Whether the daemon shall set space aside for the collector.
    pub reserve_space: bool,
}

impl Greeting {
    /// What a client of today says when it wants nothing special.
    pub fn new() -> Greeting {
        Greeting { version: Version::OURS, cpu_affinity: None, reserve_space: true }
    }
}

impl Default for Greeting {
    fn default() -> Greeting {
        Greeting::new()
    }
}

/// The daemon's side up to the client's version: the number that it sent, whether we understand it or not.
pub fn accept(
    reader: &mut Reader<impl BufRead>,
    writer: &mut Writer<impl Write>,
) -> Result<u64, WireError> {
    let magic = reader.u64()?;
    if magic != CLIENT {
        return Err(WireError::Magic { got: magic });
    }
    writer.u64(DAEMON)?;
    writer.u64(Version::OURS.number())?;
    writer.flush()?;
    Ok(reader.int()?.into())
}

/// What a client of version NUMBER says after it. guix-daemon heeds the lower byte alone.
pub fn accept_rest(reader: &mut Reader<impl BufRead>, number: u64) -> Result<Greeting, WireError> {
    let version = Version(0x100 | (number & 0xff));
    let mut greeting = Greeting { version, cpu_affinity: None, reserve_space: true };
    if version.minor() >= 14 && reader.boolean()? {
        greeting.cpu_affinity = Some(reader.int()?);
    }
    if version.minor() >= 11 {
        greeting.reserve_space = reader.boolean()?;
    }
    Ok(greeting)
}

/// The client's side: send GREETING; the result is the daemon's version. The daemon then says that it
/// is ready, as it does after each request.
pub fn greet(
    reader: &mut Reader<impl BufRead>,
    writer: &mut Writer<impl Write>,
    greeting: Greeting,
) -> Result<Version, WireError> {
    writer.u64(CLIENT)?;
    writer.flush()?;
    let magic = reader.u64()?;
    if magic != DAEMON {
        return Err(WireError::Magic { got: magic });
    }
    let version = Version::new(reader.u64()?)?;
    writer.u64(greeting.version.number())?;
    if version.minor() >= 14 {
        writer.boolean(greeting.cpu_affinity.is_some())?;
        if let Some(cpu) = greeting.cpu_affinity {
            writer.u64(cpu.into())?;
        }
    }
    if version.minor() >= 11 {
        writer.boolean(greeting.reserve_space)?;
    }
    writer.flush()?;
    Ok(version)
}
