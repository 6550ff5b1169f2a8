// SPDX-License-Identifier: GPL-3.0-or-later
//! What the daemon says between a request and its result (`process-stderr` of `(guix store)`).

use std::io::{BufRead, Write};

use super::handshake::Version;
use super::primitives::{Reader, WireError, Writer};

const NEXT: u64 = 0x6f6c_6d67;
const READ: u64 = 0x6461_7461;
const WRITE: u64 = 0x6461_7416;
const LAST: u64 = 0x616c_7473;
const ERROR: u64 = 0x6378_7470;

/// Bytes of a message, at most.
const LONGEST: usize = 16 << 20;

/// What the daemon says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// A piece of a log.
    Log(Vec<u8>),
    /// It wants so many bytes, or fewer, of what the client is sending.
    Read(u32),
    /// A piece of what the client gets.
    Write(Vec<u8>),
    /// It is done; the result follows.
    Last,
    /// It failed; nothing follows.
    Error(Remote),
}

/// What the daemon says of a failure.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Remote {
    /// In words.
    pub message: String,
    /// A status, for programs: 1, or for builds what guix-daemon would exit with.
    pub status: u32,
}

impl Message {
    /// Read what a daemon says to a client, where the lesser of their versions is VERSION.
    pub fn read(reader: &mut Reader<impl BufRead>, version: Version) -> Result<Message, WireError> {
        match reader.u64()? {
            NEXT => Ok(Message::Log(reader.bytes("a message", LONGEST)?)),
            READ => Ok(Message::Read(reader.int()?)),
            WRITE => Ok(Message::Write(reader.bytes("a piece of data", LONGEST)?)),
            LAST => Ok(Message::Last),
            ERROR => {
                let message = reader.lossy_string(LONGEST)?;
                // Errors of a daemon that cannot begin have no status.
                let status =
                    if version.minor() >= 8 { reader.u64_or_end()?.unwrap_or(1) } else { 1 };
                let status = u32::try_from(status).map_err(|_| WireError::TooLarge(status))?;
                Ok(Message::Error(Remote { message, status }))
            }
            other => Err(WireError::Message(other)),
        }
    }

    /// Write it for a client of VERSION.
    pub fn write(
        &self,
        writer: &mut Writer<impl Write>,
        version: Version,
    ) -> Result<(), WireError> {
        match self {
            Message::Log(bytes) => {
                writer.u64(NEXT)?;
                writer.bytes(bytes)
            }
            Message::Read(length) => {
                writer.u64(READ)?;
                writer.u64((*length).into())
            }
            Message::Write(bytes) => Message::write_data(writer, bytes),
            Message::Last => writer.u64(LAST),
            Message::Error(Remote { message, status }) => {
                writer.u64(ERROR)?;
                writer.string(message)?;
                if version.minor() >= 8 { writer.u64((*status).into()) } else { Ok(()) }
            }
        }
    }

    /// [`Message::Write`] of BYTES.
    pub fn write_data(writer: &mut Writer<impl Write>, bytes: &[u8]) -> Result<(), WireError> {
        writer.u64(WRITE)?;
        writer.bytes(bytes)
    }

    /// [`Message::Log`] of BYTES.
    pub fn write_log(writer: &mut Writer<impl Write>, bytes: &[u8]) -> Result<(), WireError> {
        writer.u64(NEXT)?;
        writer.bytes(bytes)
    }
}
