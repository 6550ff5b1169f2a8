// SPDX-License-Identifier: GPL-3.0-or-later
//! Cuts the text of a derivation into tokens as the bytes come.

use super::{ParseError, ParseLimits};

/// A token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// `Derive(`
    Derive,
    /// `(`
    Open,
    /// `)`
    Close,
    /// `[`
    OpenList,
    /// `]`
    CloseList,
    /// `,`
    Comma,
    /// A string, without quotes and escapes.
    String(String),
}

impl Token {
    /// The token for a message.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Derive => "'Derive('".into(),
            Self::Open => "'('".into(),
            Self::Close => "')'".into(),
            Self::OpenList => "'['".into(),
            Self::CloseList => "']'".into(),
            Self::Comma => "','".into(),
            Self::String(text) if text.chars().count() > 60 => {
                format!("the string {:?}...", text.chars().take(60).collect::<String>())
            }
            Self::String(text) => format!("the string {text:?}"),
        }
    }
}

const HEAD: &[u8] = b"Derive(";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// That many bytes of [`HEAD`] have been seen.
    Head(usize),
    Between,
    InString,
    Escape,
}

/// Cuts bytes into tokens.
#[derive(Debug)]
pub(super) struct Lexer {
    limits: ParseLimits,
    state: State,
    offset: u64,
    /// The string that is open.
    text: Vec<u8>,
}

/// Receives each token with the offset of its end.
type Sink<'a> = &'a mut dyn FnMut(u64, Token) -> Result<(), ParseError>;

impl Lexer {
    pub(super) fn new(limits: ParseLimits) -> Self {
        Self { limits, state: State::Head(0), offset: 0, text: Vec::new() }
    }

    /// How many bytes it has seen.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    pub(super) fn feed(&mut self, mut bytes: &[u8], sink: Sink<'_>) -> Result<(), ParseError> {
        while let Some((&byte, rest)) = bytes.split_first() {
            if self.state == State::InString {
                bytes = self.string(bytes, sink)?;
                continue;
            }
            self.advance(1)?;
            match self.state {
                State::Head(seen) => self.head(seen, byte, sink)?,
                State::Escape => self.escape(byte)?,
                State::Between | State::InString => self.between(byte, sink)?,
            }
            bytes = rest;
        }
        Ok(())
    }

    /// Checks that the text does not end within a token.
    pub(super) fn finish(&self) -> Result<(), ParseError> {
        let expected = match self.state {
            State::Between => return Ok(()),
            State::Head(_) => "'Derive('",
            State::InString | State::Escape => "the end of a string",
        };
        Err(ParseError::Truncated { offset: self.offset, expected })
    }

    fn head(&mut self, seen: usize, byte: u8, sink: Sink<'_>) -> Result<(), ParseError> {
        if HEAD[seen] != byte {
            return Err(self.unexpected("'Derive('", byte));
        }
        if seen + 1 < HEAD.len() {
            self.state = State::Head(seen + 1);
            return Ok(());
        }
        self.state = State::Between;
        sink(self.offset, Token::Derive)
    }

    fn between(&mut self, byte: u8, sink: Sink<'_>) -> Result<(), ParseError> {
        let token = match byte {
            b'"' => {
                self.state = State::InString;
                return Ok(());
            }
            b'(' => Token::Open,
            b')' => Token::Close,
            b'[' => Token::OpenList,
            b']' => Token::CloseList,
            b',' => Token::Comma,
            _ => return Err(self.unexpected("one of `\"()[],'", byte)),
        };
        sink(self.offset, token)
    }

    /// Takes what BYTES has of the string that is open; returns the rest.
    fn string<'b>(&mut self, bytes: &'b [u8], sink: Sink<'_>) -> Result<&'b [u8], ParseError> {
        let end = memchr::memchr2(b'"', b'\\', bytes);
        let (text, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
        // These are always written as escapes: a text that has them raw is not canonical.
        if let Some(at) = memchr::memchr3(b'\n', b'\r', b'\t', text) {
            self.advance(at + 1)?;
            return Err(self.unexpected("an escape such as '\\n'", text[at]));
        }
        self.advance(text.len())?;
        self.text.extend_from_slice(text);
        self.check_string()?;
        let Some((&byte, rest)) = rest.split_first() else {
            return Ok(rest);
        };
        self.advance(1)?;
        if byte == b'\\' {
            self.state = State::Escape;
            return Ok(rest);
        }
        self.state = State::Between;
        let text = String::from_utf8(std::mem::take(&mut self.text))
            .map_err(|_| ParseError::NotUtf8 { offset: self.offset })?;
        sink(self.offset, Token::String(text))?;
        Ok(rest)
    }

    fn escape(&mut self, byte: u8) -> Result<(), ParseError> {
        self.text.push(match byte {
            b'"' | b'\\' => byte,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            _ => return Err(self.unexpected("one of `\"\\nrt' after `\\'", byte)),
        });
        // How long the string is now, the next step checks: at least a quotation mark follows.
        self.state = State::InString;
        Ok(())
    }

    fn check_string(&self) -> Result<(), ParseError> {
        if self.text.len() > self.limits.string {
            return Err(ParseError::TooLong {
                offset: self.offset,
                limit: self.limits.string as u64,
            });
        }
        Ok(())
    }

    fn advance(&mut self, count: usize) -> Result<(), ParseError> {
        self.offset += count as u64;
        if self.offset > self.limits.total {
            return Err(ParseError::TooLong { offset: self.offset, limit: self.limits.total });
        }
        Ok(())
    }

    fn unexpected(&self, expected: &'static str, byte: u8) -> ParseError {
        ParseError::Unexpected {
            offset: self.offset - 1,
            expected,
            got: format!("`{}'", byte.escape_ascii()),
        }
    }
}
