// SPDX-License-Identifier: GPL-3.0-or-later
//! Numbers, strings and lists.

use std::io::{self, BufRead, Read, Write};

/// What may come at most. Whoever sends more has lost the thread, or means harm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a string: a name, a path, an option.
    pub string: usize,
    /// Bytes of a text that is to become a file.
    pub text: usize,
    /// Elements of a list.
    pub elements: usize,
    /// Bytes of all strings of a list.
    pub list: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { string: 64 << 10, text: 1 << 30, elements: 4 << 20, list: 512 << 20 }
    }
}

/// Why bytes are no part of the protocol, or did not come or go.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WireError {
    /// The other side has closed the connection in the midst of something.
    #[error("unexpected end-of-file")]
    Closed,
    /// The system's answer.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A number is greater than 32 bits, where the protocol has only 32.
    #[error("the number {0} has more than 32 bits")]
    TooLarge(u64),
    /// A string or list is longer than is allowed.
    #[error("{what} of length {got} is longer than {allowed}")]
    TooLong {
        /// What.
        what: &'static str,
        /// Its length.
        got: u64,
        /// The greatest length.
        allowed: usize,
    },
    /// Padding has other bytes than zeroes.
    #[error("the padding of a string is not zero")]
    Padding,
    /// A string is not text.
    #[error("a string is not UTF-8")]
    NotText,
    /// The other side does not speak this protocol.
    #[error("protocol mismatch")]
    Magic {
        /// What it said instead of the right number.
        got: u64,
    },
    /// The other side speaks another major version.
    #[error("the other side speaks version {got:#x} of the protocol")]
    Version {
        /// Its version.
        got: u64,
    },
    /// There is no such operation.
    #[error("invalid operation {0}")]
    Operation(u64),
    /// The daemon sent something that no message begins with.
    #[error("invalid message {0:#x}")]
    Message(u64),
    /// A number stands for nothing.
    #[error("invalid {what} {got}")]
    Value {
        /// What it should be.
        what: &'static str,
        /// The number.
        got: u64,
    },
}

impl WireError {
    /// Whether the other side is gone: nobody is there to be told.
    pub fn is_disconnection(&self) -> bool {
        use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
        match self {
            WireError::Closed => true,
            WireError::Io(error) => {
                matches!(
                    error.kind(),
                    BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof
                )
            }
            _ => false,
        }
    }
}

type Result<T> = std::result::Result<T, WireError>;

/// Reads the protocol's values from a stream.
#[derive(Debug)]
pub struct Reader<R> {
    source: R,
    limits: Limits,
}

impl<R: BufRead> Reader<R> {
    /// Reads from SOURCE.
    pub fn new(source: R, limits: Limits) -> Reader<R> {
        Reader { source, limits }
    }

    /// The bounds.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The stream itself, for data that is not made of the protocol's values: archives.
    pub fn stream(&mut self) -> &mut R {
        &mut self.source
    }

    /// Fill BUFFER.
    pub fn exact(&mut self, buffer: &mut [u8]) -> Result<()> {
        self.source.read_exact(buffer).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => WireError::Closed,
            _ => error.into(),
        })
    }

    /// A 64-bit number.
    pub fn u64(&mut self) -> Result<u64> {
        let mut bytes = [0; 8];
        self.exact(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    /// A 64-bit number, or `None` at the end of the stream.
    pub fn u64_or_end(&mut self) -> Result<Option<u64>> {
        loop {
            match self.source.fill_buf() {
                Ok([]) => return Ok(None),
                Ok(_) => return self.u64().map(Some),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// A number of the protocol's usual size (`readInt`).
    pub fn int(&mut self) -> Result<u32> {
        let number = self.u64()?;
        u32::try_from(number).map_err(|_| WireError::TooLarge(number))
    }

    /// A truth value.
    pub fn boolean(&mut self) -> Result<bool> {
        Ok(self.int()? != 0)
    }

    /// Bytes with their length before them, at most LIMIT.
    pub fn bytes(&mut self, what: &'static str, limit: usize) -> Result<Vec<u8>> {
        let length = self.length(what, limit)?;
        // Memory for what has come, not for what was announced.
        let mut bytes = Vec::with_capacity(length.min(64 << 10));
        let got = (&mut self.source).take(length as u64).read_to_end(&mut bytes)?;
        if got < length {
            return Err(WireError::Closed);
        }
        self.padding(length)?;
        Ok(bytes)
    }

    /// A length of at most LIMIT.
    pub fn length(&mut self, what: &'static str, limit: usize) -> Result<usize> {
        let length = self.u64()?;
        match usize::try_from(length) {
            Ok(size) if size <= limit => Ok(size),
            _ => Err(WireError::TooLong { what, got: length, allowed: limit }),
        }
    }

    /// What follows LENGTH bytes up to a multiple of eight.
    pub fn padding(&mut self, length: usize) -> Result<()> {
        let mut zeroes = [0; 8];
        let padding = &mut zeroes[..length.wrapping_neg() % 8];
        self.exact(padding)?;
        if padding.iter().all(|byte| *byte == 0) { Ok(()) } else { Err(WireError::Padding) }
    }

    /// A text to be stored.
    pub fn text(&mut self) -> Result<Vec<u8>> {
        self.bytes("a text", self.limits.text)
    }

    /// A string.
    pub fn string(&mut self) -> Result<String> {
        let bytes = self.bytes("a string", self.limits.string)?;
        String::from_utf8(bytes).map_err(|_| WireError::NotText)
    }

    /// A string that may hold any bytes, such as an error message with a file's name in it.
    pub fn lossy_string(&mut self, limit: usize) -> Result<String> {
        let bytes = self.bytes("a message", limit)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// A list of what ELEMENT reads.
    pub fn list<T>(
        &mut self,
        mut element: impl FnMut(&mut Self, &mut usize) -> Result<T>,
    ) -> Result<Vec<T>> {
        let count = self.length("a list", self.limits.elements)?;
        let mut elements = Vec::with_capacity(count.min(1024));
        let mut room = self.limits.list;
        for _ in 0..count {
            elements.push(element(self, &mut room)?);
        }
        Ok(elements)
    }

    /// A string that takes its length from ROOM.
    pub fn string_of(&mut self, room: &mut usize) -> Result<String> {
        let string = self.string()?;
        let left = room.checked_sub(string.len());
        *room = left.ok_or(WireError::TooLong {
            what: "a list's text",
            got: self.limits.list as u64 + 1,
            allowed: self.limits.list,
        })?;
        Ok(string)
    }

    /// A list of strings.
    pub fn strings(&mut self) -> Result<Vec<String>> {
        self.list(|reader, room| reader.string_of(room))
    }

    /// A list of pairs of strings.
    pub fn pairs(&mut self) -> Result<Vec<(String, String)>> {
        self.list(|reader, room| Ok((reader.string_of(room)?, reader.string_of(room)?)))
    }
}

/// Writes the protocol's values to a stream.
#[derive(Debug)]
pub struct Writer<W> {
    sink: W,
}

impl<W: Write> Writer<W> {
    /// Writes to SINK.
    pub fn new(sink: W) -> Writer<W> {
        Writer { sink }
    }

    /// The stream itself, for archives.
    pub fn stream(&mut self) -> &mut W {
        &mut self.sink
    }

    /// The stream, at the end.
    pub fn into_inner(self) -> W {
        self.sink
    }

    /// A 64-bit number.
    pub fn u64(&mut self, number: u64) -> Result<()> {
        Ok(self.sink.write_all(&number.to_le_bytes())?)
    }

    /// A truth value.
    pub fn boolean(&mut self, value: bool) -> Result<()> {
        self.u64(value.into())
    }

    /// Bytes with their length before them.
    pub fn bytes(&mut self, bytes: &[u8]) -> Result<()> {
        self.u64(bytes.len() as u64)?;
        self.sink.write_all(bytes)?;
        Ok(self.sink.write_all(&[0; 8][..bytes.len().wrapping_neg() % 8])?)
    }

    /// A string.
    pub fn string(&mut self, string: &str) -> Result<()> {
        self.bytes(string.as_bytes())
    }

    /// A list of strings.
    pub fn strings<S: AsRef<str>>(&mut self, strings: &[S]) -> Result<()> {
        self.u64(strings.len() as u64)?;
        strings.iter().try_for_each(|string| self.string(string.as_ref()))
    }

    /// A list of pairs of strings.
    pub fn pairs(&mut self, pairs: &[(String, String)]) -> Result<()> {
        self.u64(pairs.len() as u64)?;
        pairs.iter().try_for_each(|(one, two)| {
            self.string(one)?;
            self.string(two)
        })
    }

    /// Bring it on its way.
    pub fn flush(&mut self) -> Result<()> {
        Ok(self.sink.flush()?)
    }
}
