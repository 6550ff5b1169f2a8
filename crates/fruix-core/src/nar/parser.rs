// SPDX-License-Identifier: GPL-3.0-or-later
//! Reads archives as the bytes come, and takes only what the writer would have written.

use super::{
    EntryNameError, MAGIC, MAX_ENTRY_NAME, MAX_SYMLINK_TARGET, NarEvent, check_entry_name, padding,
    valid_target,
};

/// How much an archive may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NarLimits {
    /// The deepest nesting of directories.
    pub depth: usize,
    /// The largest archive, in bytes.
    pub total: u64,
}

/// 2,048 levels, which is what a path of `PATH_MAX` bytes can have, and no bound on the size.
impl Default for NarLimits {
    fn default() -> Self {
        Self { depth: 2048, total: u64::MAX }
    }
}

/// What is wrong with an archive, and at which offset in bytes. E is what the receiver of events
/// fails with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NarParseError<E> {
    /// Another word was expected.
    #[error("at offset {offset} of the archive: expected {expected}, got `{got}'")]
    Unexpected {
        /// Offset in bytes.
        offset: u64,
        /// What was expected.
        expected: &'static str,
        /// The word found, in a printable form.
        got: String,
    },
    /// A word is longer than any that could stand here.
    #[error("at offset {offset} of the archive: a word of {length} bytes in place of {expected}")]
    TooLong {
        /// Offset in bytes.
        offset: u64,
        /// What was expected.
        expected: &'static str,
        /// The length, in bytes.
        length: u64,
    },
    /// Padding that is not zero.
    #[error("at offset {offset} of the archive: padding that is not zero")]
    Padding {
        /// Offset in bytes.
        offset: u64,
    },
    /// The name of an entry is not allowed.
    #[error("at offset {offset} of the archive: an entry cannot be called `{name}': {error}")]
    Name {
        /// Offset in bytes.
        offset: u64,
        /// The name, in a printable form.
        name: String,
        /// What is wrong with it.
        error: EntryNameError,
    },
    /// An entry is not greater than the one before.
    #[error("at offset {offset} of the archive: `{name}' comes after `{previous}'")]
    Unsorted {
        /// Offset in bytes.
        offset: u64,
        /// The name, in a printable form.
        name: String,
        /// The name before.
        previous: String,
    },
    /// The target of a symbolic link is empty or contains a NUL byte.
    #[error("at offset {offset} of the archive: a symbolic link cannot point to `{target}'")]
    Target {
        /// Offset in bytes.
        offset: u64,
        /// The target, in a printable form.
        target: String,
    },
    /// Directories are nested too deeply.
    #[error("at offset {offset} of the archive: more than {limit} levels of directories")]
    TooDeep {
        /// Offset in bytes.
        offset: u64,
        /// The limit.
        limit: usize,
    },
    /// The archive is larger than allowed.
    #[error("the archive is larger than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: u64,
    },
    /// The archive ends too early.
    #[error("the archive ends at offset {offset}, where {expected} was expected")]
    Truncated {
        /// Offset in bytes.
        offset: u64,
        /// What was expected.
        expected: &'static str,
    },
    /// Something follows the archive.
    #[error("{count} bytes follow the archive, which ends at offset {offset}")]
    Trailing {
        /// Offset in bytes.
        offset: u64,
        /// How many bytes follow in what was given.
        count: usize,
    },
    /// The receiver of events failed.
    #[error("{0}")]
    Receiver(E),
}

/// Longest word with a meaning of its own, with some room so that a message can show another.
const MAX_KEYWORD: u64 = 32;

/// Which word must come next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expect {
    Magic,
    NodeOpen,
    Type,
    Kind,
    /// `executable` or `contents`.
    ExecutableOrContents,
    /// The empty word after `executable`.
    ExecutableMark,
    /// `contents`.
    Contents,
    /// The length of the contents.
    ContentsLength {
        executable: bool,
    },
    TargetKey,
    Target,
    /// `entry`, or the parenthesis that ends the directory.
    EntryOrClose,
    EntryOpen,
    NameKey,
    Name,
    NodeKey,
    NodeClose,
    EntryClose,
    End,
}

impl Expect {
    const fn describe(self) -> &'static str {
        match self {
            Self::Magic => "`nix-archive-1'",
            Self::NodeOpen | Self::EntryOpen => "`('",
            Self::Type => "`type'",
            Self::Kind => "`regular', `symlink' or `directory'",
            Self::ExecutableOrContents => "`executable' or `contents'",
            Self::ExecutableMark => "an empty word",
            Self::Contents => "`contents'",
            Self::ContentsLength { .. } => "the contents of a file",
            Self::TargetKey => "`target'",
            Self::Target => "the target of a symbolic link",
            Self::EntryOrClose => "`entry' or `)'",
            Self::NameKey => "`name'",
            Self::Name => "the name of an entry",
            Self::NodeKey => "`node'",
            Self::NodeClose | Self::EntryClose => "`)'",
            Self::End => "the end",
        }
    }

    /// The longest word worth reading, in bytes.
    const fn longest(self) -> u64 {
        match self {
            Self::Target => MAX_SYMLINK_TARGET as u64,
            Self::Name => MAX_ENTRY_NAME as u64,
            _ => MAX_KEYWORD,
        }
    }
}

/// Where in a word the parser is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lexical {
    /// In the eight bytes of the length; `buffer` has those seen.
    Length,
    /// In the word and its padding; `buffer` has what was seen.
    Word { length: usize },
    /// In the contents of a file, which are passed on and not kept.
    Contents { size: u64, left: u64 },
    /// In the padding after them.
    ContentsPadding { left: usize },
}

/// Takes an archive in pieces and tells what is in it. Its memory grows with the depth of the
/// tree alone.
#[derive(Debug)]
pub struct NarParser {
    limits: NarLimits,
    offset: u64,
    lexical: Lexical,
    expect: Expect,
    buffer: Vec<u8>,
    /// For each open directory, the name of its last entry.
    open: Vec<Vec<u8>>,
}

impl Default for NarParser {
    fn default() -> Self {
        Self::new()
    }
}

impl NarParser {
    /// A parser with the default limits.
    #[must_use]
    pub fn new() -> Self {
        Self::with_limits(NarLimits::default())
    }

    /// A parser with LIMITS.
    #[must_use]
    pub fn with_limits(limits: NarLimits) -> Self {
        Self {
            limits,
            offset: 0,
            lexical: Lexical::Length,
            expect: Expect::Magic,
            buffer: Vec::new(),
            open: Vec::new(),
        }
    }

    /// Takes the next BYTES, calls RECEIVER for each event that they complete, and returns how
    /// many bytes belong to the archive: all, unless it ends among them. What follows an archive
    /// in a stream is thus the caller's; where nothing may follow, use [`NarParser::feed_all`].
    ///
    /// # Errors
    /// [`NarParseError`]; the parser is then of no more use.
    pub fn feed<E>(
        &mut self,
        bytes: &[u8],
        mut receiver: impl FnMut(NarEvent<'_>) -> Result<(), E>,
    ) -> Result<usize, NarParseError<E>> {
        let mut emit = |event: NarEvent<'_>| receiver(event).map_err(NarParseError::Receiver);
        let mut rest = bytes;
        while !rest.is_empty() && !self.is_finished() {
            let taken = match self.lexical {
                Lexical::Length => self.length(rest, &mut emit)?,
                Lexical::Word { length } => self.word(rest, length, &mut emit)?,
                Lexical::Contents { size, left } => self.contents(rest, size, left, &mut emit)?,
                Lexical::ContentsPadding { left } => self.contents_padding(rest, left)?,
            };
            rest = &rest[taken..];
        }
        Ok(bytes.len() - rest.len())
    }

    /// As [`NarParser::feed`], but nothing may follow the archive.
    ///
    /// # Errors
    /// As [`NarParser::feed`], and [`NarParseError::Trailing`].
    pub fn feed_all<E>(
        &mut self,
        bytes: &[u8],
        receiver: impl FnMut(NarEvent<'_>) -> Result<(), E>,
    ) -> Result<(), NarParseError<E>> {
        match bytes.len() - self.feed(bytes, receiver)? {
            0 => Ok(()),
            count => Err(NarParseError::Trailing { offset: self.offset, count }),
        }
    }

    /// Whether the archive is complete.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.expect == Expect::End
    }

    /// How many bytes of the archive have been taken.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Checks that the archive is complete.
    ///
    /// # Errors
    /// [`NarParseError::Truncated`] when it is not.
    pub fn finish<E>(&self) -> Result<(), NarParseError<E>> {
        if self.is_finished() {
            return Ok(());
        }
        Err(NarParseError::Truncated { offset: self.offset, expected: self.expect.describe() })
    }

    fn advance<E>(&mut self, count: usize) -> Result<(), NarParseError<E>> {
        self.offset = self.offset.saturating_add(count as u64);
        if self.offset > self.limits.total {
            return Err(NarParseError::TooLarge { limit: self.limits.total });
        }
        Ok(())
    }

    /// Moves bytes to the buffer until it has WANTED; returns how many.
    fn fill<E>(&mut self, bytes: &[u8], wanted: usize) -> Result<usize, NarParseError<E>> {
        let count = bytes.len().min(wanted - self.buffer.len());
        self.buffer.extend_from_slice(&bytes[..count]);
        self.advance(count)?;
        Ok(count)
    }

    fn length<E>(
        &mut self,
        bytes: &[u8],
        emit: &mut impl FnMut(NarEvent<'_>) -> Result<(), NarParseError<E>>,
    ) -> Result<usize, NarParseError<E>> {
        let count = self.fill(bytes, 8)?;
        let Some(field) = self.buffer.first_chunk::<8>() else {
            return Ok(count);
        };
        let length = u64::from_le_bytes(*field);
        self.buffer.clear();
        if let Expect::ContentsLength { executable } = self.expect {
            self.expect = Expect::NodeClose;
            if length > 0 {
                self.lexical = Lexical::Contents { size: length, left: length };
            }
            emit(NarEvent::Regular { executable, size: length })?;
            return Ok(count);
        }
        if length > self.expect.longest() {
            return Err(NarParseError::TooLong {
                offset: self.offset - 8,
                expected: self.expect.describe(),
                length,
            });
        }
        if length == 0 {
            self.accept(&[], emit)?;
        } else {
            // It fits: no word worth reading is longer than a few thousand bytes.
            self.lexical = Lexical::Word { length: length as usize };
        }
        Ok(count)
    }

    fn word<E>(
        &mut self,
        bytes: &[u8],
        length: usize,
        emit: &mut impl FnMut(NarEvent<'_>) -> Result<(), NarParseError<E>>,
    ) -> Result<usize, NarParseError<E>> {
        let padded = length + padding(length as u64);
        let count = self.fill(bytes, padded)?;
        if self.buffer.len() < padded {
            return Ok(count);
        }
        let mut buffer = std::mem::take(&mut self.buffer);
        self.check_padding(&buffer[length..], self.offset - (padded - length) as u64)?;
        self.lexical = Lexical::Length;
        self.accept(&buffer[..length], emit)?;
        buffer.clear();
        self.buffer = buffer;
        Ok(count)
    }

    fn contents<E>(
        &mut self,
        bytes: &[u8],
        size: u64,
        left: u64,
        emit: &mut impl FnMut(NarEvent<'_>) -> Result<(), NarParseError<E>>,
    ) -> Result<usize, NarParseError<E>> {
        let count = usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
        self.advance(count)?;
        let left = left - count as u64;
        self.lexical = match (left, padding(size)) {
            (0, 0) => Lexical::Length,
            (0, left) => Lexical::ContentsPadding { left },
            _ => Lexical::Contents { size, left },
        };
        emit(NarEvent::Chunk(&bytes[..count]))?;
        Ok(count)
    }

    fn contents_padding<E>(
        &mut self,
        bytes: &[u8],
        left: usize,
    ) -> Result<usize, NarParseError<E>> {
        let count = left.min(bytes.len());
        self.check_padding(&bytes[..count], self.offset)?;
        self.advance(count)?;
        self.lexical = match left - count {
            0 => Lexical::Length,
            left => Lexical::ContentsPadding { left },
        };
        Ok(count)
    }

    fn check_padding<E>(&self, bytes: &[u8], offset: u64) -> Result<(), NarParseError<E>> {
        match bytes.iter().position(|b| *b != 0) {
            None => Ok(()),
            Some(at) => Err(NarParseError::Padding { offset: offset + at as u64 }),
        }
    }

    /// Takes a whole word.
    fn accept<E>(
        &mut self,
        word: &[u8],
        emit: &mut impl FnMut(NarEvent<'_>) -> Result<(), NarParseError<E>>,
    ) -> Result<(), NarParseError<E>> {
        self.expect = match (self.expect, word) {
            (Expect::Magic, MAGIC) => Expect::NodeOpen,
            (Expect::NodeOpen, b"(") => Expect::Type,
            (Expect::Type, b"type") => Expect::Kind,
            (Expect::Kind, b"regular") => Expect::ExecutableOrContents,
            (Expect::Kind, b"symlink") => Expect::TargetKey,
            (Expect::Kind, b"directory") => {
                self.open_directory()?;
                emit(NarEvent::Directory)?;
                Expect::EntryOrClose
            }
            (Expect::ExecutableOrContents, b"executable") => Expect::ExecutableMark,
            (Expect::ExecutableMark, b"") => Expect::Contents,
            (Expect::Contents, b"contents") => Expect::ContentsLength { executable: true },
            (Expect::ExecutableOrContents, b"contents") => {
                Expect::ContentsLength { executable: false }
            }
            (Expect::TargetKey, b"target") => Expect::Target,
            (Expect::Target, target) => {
                self.check_target(target)?;
                emit(NarEvent::Symlink { target })?;
                Expect::NodeClose
            }
            (Expect::EntryOrClose, b"entry") => Expect::EntryOpen,
            (Expect::EntryOrClose, b")") => {
                self.open.pop();
                emit(NarEvent::EndDirectory)?;
                self.after_node()
            }
            (Expect::EntryOpen, b"(") => Expect::NameKey,
            (Expect::NameKey, b"name") => Expect::Name,
            (Expect::Name, name) => {
                self.check_name(name)?;
                emit(NarEvent::Entry { name })?;
                Expect::NodeKey
            }
            (Expect::NodeKey, b"node") => Expect::NodeOpen,
            (Expect::NodeClose, b")") => self.after_node(),
            (Expect::EntryClose, b")") => Expect::EntryOrClose,
            (expect, word) => {
                return Err(NarParseError::Unexpected {
                    offset: self.offset,
                    expected: expect.describe(),
                    got: word.escape_ascii().to_string(),
                });
            }
        };
        Ok(())
    }

    fn after_node(&self) -> Expect {
        if self.open.is_empty() { Expect::End } else { Expect::EntryClose }
    }

    fn open_directory<E>(&mut self) -> Result<(), NarParseError<E>> {
        if self.open.len() >= self.limits.depth {
            return Err(NarParseError::TooDeep { offset: self.offset, limit: self.limits.depth });
        }
        self.open.push(Vec::new());
        Ok(())
    }

    fn check_target<E>(&self, target: &[u8]) -> Result<(), NarParseError<E>> {
        if valid_target(target) {
            return Ok(());
        }
        Err(NarParseError::Target {
            offset: self.offset,
            target: target.escape_ascii().to_string(),
        })
    }

    fn check_name<E>(&mut self, name: &[u8]) -> Result<(), NarParseError<E>> {
        let offset = self.offset;
        let printable = |name: &[u8]| name.escape_ascii().to_string();
        check_entry_name(name).map_err(|error| NarParseError::Name {
            offset,
            name: printable(name),
            error,
        })?;
        if let Some(previous) = self.open.last_mut() {
            // No name is empty, so the first one is greater than the initial value.
            if name <= previous.as_slice() {
                return Err(NarParseError::Unsorted {
                    offset,
                    name: printable(name),
                    previous: printable(previous),
                });
            }
            previous.clear();
            previous.extend_from_slice(name);
        }
        Ok(())
    }
}
