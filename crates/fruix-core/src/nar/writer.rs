// SPDX-License-Identifier: GPL-3.0-or-later
//! Writes archives, event by event.

use std::io::{self, Write};

use super::{EntryNameError, MAGIC, NarEvent, check_entry_name, padding};

/// Why an archive cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum NarWriteError {
    /// The sink failed.
    #[error("cannot write the archive: {0}")]
    Io(#[from] io::Error),
    /// The events are not those of a file tree: our own fault.
    #[error("{got} cannot come here in an archive: {expected} was expected")]
    OutOfPlace {
        /// What came.
        got: &'static str,
        /// What can come.
        expected: &'static str,
    },
    /// The name of an entry is not allowed.
    #[error("an archive cannot have an entry called `{name}': {error}")]
    Name {
        /// The name, in a printable form.
        name: String,
        /// What is wrong with it.
        error: EntryNameError,
    },
    /// The entries are not in ascending order.
    #[error("entry `{name}' comes after `{previous}' in the archive")]
    Unsorted {
        /// The name, in a printable form.
        name: String,
        /// The name before.
        previous: String,
    },
    /// More bytes came than the file was said to have.
    #[error("a file of {size} bytes turned out to have at least {got}")]
    TooMuch {
        /// The size that was announced, in bytes.
        size: u64,
        /// The bytes that came.
        got: u64,
    },
    /// The target of a symbolic link is empty, too long, or contains a NUL byte.
    #[error("a symbolic link cannot point to `{target}'")]
    Target {
        /// The target, in a printable form.
        target: String,
    },
}

/// Where the writer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// A node must come.
    Node,
    /// Within a regular file.
    Contents { size: u64, left: u64 },
    /// An entry or the end of the directory must come.
    Directory,
    /// The tree is complete.
    Done,
}

/// Writes an archive to W, which can be a `Vec<u8>`, a [`crate::hash::Hasher`] or a file. Many
/// small writes are made; give it a buffer where they cost.
#[derive(Debug)]
pub struct NarWriter<W> {
    sink: W,
    state: State,
    /// For each open directory, the name of its last entry.
    open: Vec<Vec<u8>>,
}

impl<W: Write> NarWriter<W> {
    /// Starts an archive; one node must follow.
    ///
    /// # Errors
    /// [`NarWriteError::Io`].
    pub fn new(sink: W) -> Result<Self, NarWriteError> {
        let mut writer = Self { sink, state: State::Node, open: Vec::new() };
        writer.words(&[MAGIC])?;
        Ok(writer)
    }

    /// Writes EVENT.
    ///
    /// # Errors
    /// [`NarWriteError`] when the sink fails or EVENT cannot come here.
    pub fn event(&mut self, event: NarEvent<'_>) -> Result<(), NarWriteError> {
        match event {
            NarEvent::Regular { executable, size } => self.regular(executable, size),
            NarEvent::Chunk(bytes) => self.chunk(bytes),
            NarEvent::Symlink { target } => self.symlink(target),
            NarEvent::Directory => self.directory(),
            NarEvent::Entry { name } => self.entry(name),
            NarEvent::EndDirectory => self.end_directory(),
        }
    }

    /// Starts a regular file of SIZE bytes, which must follow in chunks.
    ///
    /// # Errors
    /// As [`NarWriter::event`].
    pub fn regular(&mut self, executable: bool, size: u64) -> Result<(), NarWriteError> {
        self.expect(State::Node, "a regular file")?;
        self.words(&[b"(", b"type", b"regular"])?;
        if executable {
            self.words(&[b"executable", b""])?;
        }
        self.words(&[b"contents"])?;
        self.sink.write_all(&size.to_le_bytes())?;
        self.state = State::Contents { size, left: size };
        self.end_contents()
    }

    /// Writes the next BYTES of the regular file.
    ///
    /// # Errors
    /// As [`NarWriter::event`].
    pub fn chunk(&mut self, bytes: &[u8]) -> Result<(), NarWriteError> {
        if bytes.is_empty() {
            return Ok(());
        }
        let State::Contents { size, left } = self.state else {
            return Err(self.out_of_place("the contents of a file"));
        };
        let length = bytes.len() as u64;
        let Some(left) = left.checked_sub(length) else {
            return Err(NarWriteError::TooMuch { size, got: size - left + length });
        };
        self.sink.write_all(bytes)?;
        self.state = State::Contents { size, left };
        self.end_contents()
    }

    /// Writes a symbolic link to TARGET.
    ///
    /// # Errors
    /// As [`NarWriter::event`].
    pub fn symlink(&mut self, target: &[u8]) -> Result<(), NarWriteError> {
        self.expect(State::Node, "a symbolic link")?;
        if !super::valid_target(target) {
            return Err(NarWriteError::Target {
                target: String::from_utf8_lossy(target).into_owned(),
            });
        }
        self.words(&[b"(", b"type", b"symlink", b"target", target])?;
        self.end_node()
    }

    /// Starts a directory.
    ///
    /// # Errors
    /// As [`NarWriter::event`].
    pub fn directory(&mut self) -> Result<(), NarWriteError> {
        self.expect(State::Node, "a directory")?;
        self.words(&[b"(", b"type", b"directory"])?;
        self.open.push(Vec::new());
        self.state = State::Directory;
        Ok(())
    }

    /// Starts the entry NAME of the directory; its node must follow.
    ///
    /// # Errors
    /// As [`NarWriter::event`].
    pub fn entry(&mut self, name: &[u8]) -> Result<(), NarWriteError> {
        self.expect(State::Directory, "an entry of a directory")?;
        let printable = |name: &[u8]| String::from_utf8_lossy(name).into_owned();
        check_entry_name(name)
            .map_err(|error| NarWriteError::Name { name: printable(name), error })?;
        if let Some(previous) = self.open.last_mut() {
            // No name is empty, so the first one is greater than the initial value.
            if name <= previous.as_slice() {
                return Err(NarWriteError::Unsorted {
                    name: printable(name),
                    previous: printable(previous),
                });
            }
            previous.clear();
            previous.extend_from_slice(name);
        }
        self.words(&[b"entry", b"(", b"name", name, b"node"])?;
        self.state = State::Node;
        Ok(())
    }

    /// Ends the directory.
    ///
    /// # Errors
    /// As [`NarWriter::event`].
    pub fn end_directory(&mut self) -> Result<(), NarWriteError> {
        self.expect(State::Directory, "the end of a directory")?;
        self.open.pop();
        self.end_node()
    }

    /// Gives the sink back.
    ///
    /// # Errors
    /// [`NarWriteError::OutOfPlace`] when the tree is not complete.
    pub fn finish(self) -> Result<W, NarWriteError> {
        self.expect(State::Done, "the end of the archive")?;
        Ok(self.sink)
    }

    fn end_contents(&mut self) -> Result<(), NarWriteError> {
        if let State::Contents { size, left: 0 } = self.state {
            self.sink.write_all(&[0; 8][..padding(size)])?;
            self.end_node()?;
        }
        Ok(())
    }

    /// Closes the node, and the entry that it belongs to.
    fn end_node(&mut self) -> Result<(), NarWriteError> {
        if self.open.is_empty() {
            self.state = State::Done;
            self.words(&[b")"])
        } else {
            self.state = State::Directory;
            self.words(&[b")", b")"])
        }
    }

    fn words(&mut self, words: &[&[u8]]) -> Result<(), NarWriteError> {
        for word in words {
            let length = word.len() as u64;
            self.sink.write_all(&length.to_le_bytes())?;
            self.sink.write_all(word)?;
            self.sink.write_all(&[0; 8][..padding(length)])?;
        }
        Ok(())
    }

    fn expect(&self, state: State, got: &'static str) -> Result<(), NarWriteError> {
        if self.state == state { Ok(()) } else { Err(self.out_of_place(got)) }
    }

    fn out_of_place(&self, got: &'static str) -> NarWriteError {
        let expected = match self.state {
            State::Node => "a node",
            State::Contents { .. } => "more of a file's contents",
            State::Directory => "an entry or the end of the directory",
            State::Done => "the end of the archive",
        };
        NarWriteError::OutOfPlace { got, expected }
    }
}
