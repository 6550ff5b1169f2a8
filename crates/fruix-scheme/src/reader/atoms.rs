// SPDX-License-Identifier: GPL-3.0-or-later
//! Symbols, numbers, strings and characters.

use super::Reader;
use crate::native::{Exit, Result};
use crate::numbers::text::{NotANumber, parse};
use crate::string::SchemeString;
use crate::value::Value;

/// Whether `c` ends a symbol, a number or a character's name.
fn is_delimiter(c: char) -> bool {
    c.is_whitespace() || matches!(c, '(' | ')' | '[' | ']' | '"' | ';')
}

/// Names of characters and what they name; of those with several, any will do for reading.
pub const CHARACTER_NAMES: &[(&str, char)] = &[
    ("nul", '\0'),
    ("null", '\0'),
    ("alarm", '\x07'),
    ("backspace", '\x08'),
    ("tab", '\t'),
    ("newline", '\n'),
    ("linefeed", '\n'),
    ("nl", '\n'),
    ("vtab", '\x0b'),
    ("page", '\x0c'),
    ("return", '\r'),
    ("esc", '\x1b'),
    ("escape", '\x1b'),
    ("space", ' '),
    ("sp", ' '),
    ("delete", '\x7f'),
    ("del", '\x7f'),
    ("soh", '\x01'),
    ("stx", '\x02'),
    ("etx", '\x03'),
    ("eot", '\x04'),
    ("enq", '\x05'),
    ("ack", '\x06'),
    ("bel", '\x07'),
    ("bs", '\x08'),
    ("ht", '\t'),
    ("lf", '\n'),
    ("vt", '\x0b'),
    ("ff", '\x0c'),
    ("np", '\x0c'),
    ("cr", '\r'),
    ("so", '\x0e'),
    ("si", '\x0f'),
    ("dle", '\x10'),
    ("dc1", '\x11'),
    ("dc2", '\x12'),
    ("dc3", '\x13'),
    ("dc4", '\x14'),
    ("nak", '\x15'),
    ("syn", '\x16'),
    ("etb", '\x17'),
    ("can", '\x18'),
    ("em", '\x19'),
    ("sub", '\x1a'),
    ("fs", '\x1c'),
    ("gs", '\x1d'),
    ("rs", '\x1e'),
    ("us", '\x1f'),
];

impl Reader<'_> {
    /// Whether the next character goes on the current token.
    pub(super) fn at_token(&self) -> bool {
        self.peek().is_some_and(|c| !is_delimiter(c))
    }

    /// The rest of a token that starts with `text`.
    pub(super) fn token(&mut self, mut text: String) -> String {
        while let Some(c) = self.peek().filter(|&c| !is_delimiter(c)) {
            text.push(c);
            self.next();
        }
        text
    }

    pub(super) fn number_or_symbol(&mut self, first: char) -> Result {
        let token = self.token(String::from(first));
        if first.is_ascii_digit() || matches!(first, '+' | '-' | '.') {
            match self.number(&token)? {
                Some(number) => return Ok(number),
                None => return Ok(self.symbol(&token)),
            }
        }
        Ok(self.symbol(&token))
    }

    /// The number that `token` reads as.
    pub(super) fn number(&mut self, token: &str) -> Result<Option<Value>> {
        match parse(token, 10) {
            Ok(number) => Ok(Some(number.into_value(&mut self.engine.heap))),
            Err(NotANumber::Form) => Ok(None),
            Err(NotANumber::ExponentOutOfRange(exponent)) => {
                let heap = &mut self.engine.heap;
                let exponent = crate::numbers::Num::from(exponent).into_value(heap);
                let args = heap.list(&[exponent]);
                Err(Box::new(Exit::Error {
                    key: heap.intern("out-of-range"),
                    subr: heap.string("string->number"),
                    message: heap.string("Value out of range: ~S"),
                    args,
                    data: args,
                }))
            }
        }
    }

    pub(super) fn symbol(&mut self, name: &str) -> Value {
        if self.fold_case {
            return self.engine.heap.intern(&name.to_lowercase());
        }
        self.engine.heap.intern(name)
    }

    /// `#{name}#`; `#{` is taken already.
    pub(super) fn extended_symbol(&mut self) -> Result {
        let mut name = String::new();
        loop {
            match self.next() {
                None => return self.fail("unexpected end of input while reading symbol", &[]),
                Some('}') if self.peek() == Some('#') => {
                    self.next();
                    return Ok(self.engine.heap.intern(&name));
                }
                Some('\\') => match self.next() {
                    Some('x') => {
                        let c = self.semicolon_escape()?;
                        name.push(c);
                    }
                    Some(c) => {
                        name.push('\\');
                        name.push(c);
                    }
                    None => {}
                },
                Some(c) => name.push(c),
            }
        }
    }

    /// The character of an `\xHEX;` escape, behind the `x`.
    fn semicolon_escape(&mut self) -> Result<char> {
        let mut code = 0u32;
        loop {
            match self.next() {
                Some(';') => break,
                Some(c) if c.is_ascii_hexdigit() => {
                    code = code.saturating_mul(16).saturating_add(c.to_digit(16).unwrap_or(0));
                }
                other => return self.bad_escape(other),
            }
        }
        char::from_u32(code).map_or_else(|| self.bad_escape(None), Ok)
    }

    fn bad_escape<T>(&mut self, c: Option<char>) -> Result<T> {
        let c = c.map_or(Value::EOF, Value::char);
        self.fail("invalid character in escape sequence: ~S", &[c])
    }

    /// A string; the opening quote is taken already.
    pub(super) fn string(&mut self) -> Result {
        let mut text: Vec<char> = Vec::new();
        loop {
            match self.next() {
                None => {
                    return self.fail("unexpected end of input while reading string", &[]);
                }
                Some('"') => break,
                Some('\\') => {
                    if let Some(c) = self.string_escape()? {
                        text.push(c);
                    }
                }
                Some(c) => text.push(c),
            }
        }
        let text: SchemeString = text.into_iter().collect();
        Ok(self.engine.heap.string_object(text))
    }

    /// What an escape stands for; an escaped line end stands for nothing.
    fn string_escape(&mut self) -> Result<Option<char>> {
        let Some(c) = self.next() else {
            return self.fail("unexpected end of input while reading string", &[]);
        };
        let plain = match c {
            '\\' | '"' | '|' | '(' | ')' => c,
            '0' => '\0',
            'a' => '\x07',
            'b' => '\x08',
            'f' => '\x0c',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\x0b',
            'x' => return self.hex_escape(2).map(Some),
            'u' => return self.hex_escape(4).map(Some),
            'U' => return self.hex_escape(6).map(Some),
            '\n' => return Ok(None),
            other => return self.bad_escape(Some(other)),
        };
        Ok(Some(plain))
    }

    /// A character by exactly `digits` hexadecimal digits.
    fn hex_escape(&mut self, digits: usize) -> Result<char> {
        let mut code = 0;
        for _ in 0..digits {
            match self.next() {
                Some(c) if c.is_ascii_hexdigit() => {
                    code = code * 16 + c.to_digit(16).unwrap_or(0);
                }
                other => return self.bad_escape(other),
            }
        }
        char::from_u32(code).map_or_else(|| self.bad_escape(None), Ok)
    }

    /// `#\c`; `#\` is taken already.
    pub(super) fn character(&mut self) -> Result {
        let Some(first) = self.next() else {
            return self.fail("unexpected end of input while reading character", &[]);
        };
        if is_delimiter(first) || !self.at_token() {
            return Ok(Value::char(first));
        }
        let token = self.token(String::from(first));
        match self.named_character(first, &token)? {
            Some(c) => Ok(Value::char(c)),
            None => {
                let name = self.engine.heap.string(&token);
                self.fail("unknown character name ~a", &[name])
            }
        }
    }

    fn named_character(&mut self, first: char, token: &str) -> Result<Option<char>> {
        // A combining character is written behind a dotted circle.
        let mut chars = token.chars();
        if let (Some('\u{25cc}'), Some(mark), None) = (chars.next(), chars.next(), chars.next()) {
            return Ok(Some(mark));
        }
        if ('0'..='7').contains(&first) {
            return Ok(u32::from_str_radix(token, 8).ok().and_then(char::from_u32));
        }
        if first == 'x'
            && let Ok(code) = u32::from_str_radix(&token[1..], 16)
        {
            return match char::from_u32(code) {
                Some(c) => Ok(Some(c)),
                None => {
                    let code = Value::fixnum(i64::from(code));
                    self.engine.out_of_range("integer->char", 1, code)
                }
            };
        }
        let name = token.to_lowercase();
        Ok(CHARACTER_NAMES.iter().find(|(known, _)| *known == name).map(|&(_, c)| c))
    }
}
