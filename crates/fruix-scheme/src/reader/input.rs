// SPDX-License-Identifier: GPL-3.0-or-later
//! The text that the reader and the textual port operations take characters from.

use std::io;

/// Bytes read ahead, with the place of the next character.
///
/// An input is complete when no more bytes will follow the buffered ones; otherwise whoever needs
/// more gets [`End::More`] and the owner has to fill it and try again.
#[derive(Default, Debug)]
pub struct Input {
    bytes: Vec<u8>,
    position: usize,
    /// Line of the next character, from 0.
    pub line: u32,
    /// Column of the next character, from 0.
    pub column: u32,
    /// Whether the buffered bytes are the last ones.
    pub complete: bool,
    /// Whether bytes are Latin-1 characters rather than UTF-8.
    pub latin1: bool,
}

/// Why there is no next character.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// The text ends.
    Eof,
    /// The buffer is used up, but more may come.
    More,
}

impl Input {
    /// A complete input.
    pub fn from_bytes(bytes: Vec<u8>) -> Input {
        Input { bytes, complete: true, ..Input::default() }
    }

    /// The bytes not yet taken.
    pub fn pending(&self) -> &[u8] {
        &self.bytes[self.position..]
    }

    /// Takes `count` pending bytes without counting lines.
    pub fn skip_bytes(&mut self, count: usize) {
        self.position = (self.position + count).min(self.bytes.len());
    }

    /// All bytes that the buffer holds, taken ones included.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Takes `count` pending bytes, counting lines.
    pub fn advance(&mut self, count: usize) {
        let end = (self.position + count).min(self.bytes.len());
        let taken = &self.bytes[self.position..end];
        if let Some(last) = memchr::memrchr(b'\n', taken) {
            self.line += memchr::memchr_iter(b'\n', taken).count() as u32;
            self.column = 0;
            self.position += last + 1;
        }
        while self.position < end && self.next_char().is_ok() {}
    }

    /// Number of bytes taken of those that the buffer holds (of a complete input: of all).
    pub fn position(&self) -> usize {
        self.position
    }

    /// Goes to byte `position` of a complete input; its length and false if that is beyond.
    pub fn set_position(&mut self, position: usize) -> Result<(), usize> {
        if position > self.bytes.len() {
            return Err(self.bytes.len());
        }
        self.position = position;
        Ok(())
    }

    /// Number of bytes that the buffer holds, taken ones included.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Appends bytes, dropping those that were taken.
    pub fn supply(&mut self, bytes: &[u8]) {
        if self.position == self.bytes.len() {
            self.bytes.clear();
            self.position = 0;
        } else if self.position > bytes.len() + 4096 {
            self.bytes.drain(..self.position);
            self.position = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// Puts bytes before the next one.
    pub fn unread_bytes(&mut self, bytes: &[u8]) {
        if self.position >= bytes.len() {
            self.position -= bytes.len();
            self.bytes[self.position..self.position + bytes.len()].copy_from_slice(bytes);
        } else {
            self.bytes.splice(..self.position, bytes.iter().copied());
            self.position = 0;
        }
    }

    /// Reads once from `source` into the buffer; an empty read makes the input complete.
    pub fn fill_from(&mut self, source: &mut dyn io::Read) -> io::Result<usize> {
        let mut chunk = [0; 8192];
        let count = source.read(&mut chunk)?;
        self.complete = count == 0;
        self.supply(&chunk[..count]);
        Ok(count)
    }

    /// The next character, not taken, and how many bytes it has. Malformed UTF-8 reads as U+FFFD, a byte
    /// at a time.
    #[inline]
    pub fn peek_sized(&self) -> Result<(char, usize), End> {
        match self.bytes.get(self.position) {
            Some(&byte) if byte < 0x80 || self.latin1 => Ok((byte as char, 1)),
            Some(_) => self.peek_multibyte(),
            None if self.complete => Err(End::Eof),
            None => Err(End::More),
        }
    }

    #[cold]
    fn peek_multibyte(&self) -> Result<(char, usize), End> {
        let rest = self.pending();
        let window = &rest[..rest.len().min(4)];
        let valid = match std::str::from_utf8(window) {
            Ok(text) => text,
            Err(error) if error.valid_up_to() > 0 => {
                std::str::from_utf8(&window[..error.valid_up_to()]).unwrap_or_default()
            }
            Err(error) if error.error_len().is_none() && !self.complete => return Err(End::More),
            Err(_) => return Ok((char::REPLACEMENT_CHARACTER, 1)),
        };
        valid.chars().next().map(|c| (c, c.len_utf8())).ok_or(End::Eof)
    }

    /// The next character, not taken.
    #[inline]
    pub fn peek(&self) -> Result<char, End> {
        self.peek_sized().map(|(c, _)| c)
    }

    /// Takes the next character.
    #[inline]
    pub fn next_char(&mut self) -> Result<char, End> {
        let (c, size) = self.peek_sized()?;
        self.position += size;
        self.count(c);
        Ok(c)
    }

    /// Moves the place over `c`, as Guile's ports do.
    #[inline]
    fn count(&mut self, c: char) {
        match c {
            '\n' => {
                self.line += 1;
                self.column = 0;
            }
            '\t' => self.column = (self.column / 8 + 1) * 8,
            '\r' => self.column = 0,
            '\x08' => self.column = self.column.saturating_sub(1),
            '\x07' => {}
            _ => self.column = self.column.wrapping_add(1),
        }
    }

    /// Puts a character back before the next one.
    pub fn unread_char(&mut self, c: char) {
        let mut buffer = [0; 4];
        let bytes: &[u8] = if self.latin1 && (c as u32) < 256 {
            buffer[0] = c as u8;
            &buffer[..1]
        } else {
            c.encode_utf8(&mut buffer).as_bytes()
        };
        let bytes = bytes.to_vec();
        self.unread_bytes(&bytes);
        if c == '\n' {
            self.line = self.line.saturating_sub(1);
        } else {
            self.column = self.column.saturating_sub(1);
        }
    }
}
