// SPDX-License-Identifier: GPL-3.0-or-later
//! The reader: text to data, or to data annotated with their places (syntax objects).
//!
//! The syntax is Guile 3.0's default one (`(ice-9 read)`): keywords as `#:key`, both bracket shapes,
//! block comments, uniform vectors, `#{odd symbols}#`, and whatever `read-hash-extend` adds.

mod atoms;
mod hash;
mod input;

pub use atoms::CHARACTER_NAMES;
pub use input::{End, Input};

use crate::engine::Engine;
use crate::heap::Tag;
use crate::native::{Exit, Result};
use crate::source::Sources;
use crate::value::Value;
use std::collections::HashMap;

/// Deepest nesting of lists, so that a hostile text cannot exhaust Rust's stack.
const DEPTH_MAX: u32 = 20_000;

/// What Guile says first where a text ends within a datum, and where it closes what is not open.
pub(crate) const ENDED: &str = "unexpected end of input";
pub(crate) const CLOSING: &str = "unexpected \"";

/// What the reader keeps between reads: the `read-hash-extend` procedures.
#[derive(Default)]
pub struct ReaderState {
    hash_procedures: HashMap<char, Value>,
    /// Where the list starts that the text ended in, or that was closed by the wrong bracket: a source.
    pub(crate) unclosed: Option<Value>,
}

impl ReaderState {
    /// Sets or removes (`#f`) the procedure that reads what follows `#c`.
    pub fn set_hash_procedure(&mut self, c: char, procedure: Value) {
        if procedure.is_true() {
            self.hash_procedures.insert(c, procedure);
        } else {
            self.hash_procedures.remove(&c);
        }
    }

    /// Reports the values that must stay alive.
    pub fn trace(&self, tracer: &mut crate::heap::Tracer) {
        self.hash_procedures.values().for_each(|&v| tracer.visit(v));
    }
}

/// Which data become syntax objects.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Annotate {
    /// None: `read`.
    Nothing,
    /// Pairs, vectors and symbols: what the expander can make use of, and what `read-syntax` gives.
    Compound,
}

/// Reads data from one input.
pub struct Reader<'a> {
    engine: &'a mut Engine,
    input: Input,
    /// The port that `input` was taken from, for `read-hash-extend` procedures.
    port: Value,
    file: u32,
    annotate: Annotate,
    empty_wrap: Value,
    fold_case: bool,
    depth: u32,
}

impl<'a> Reader<'a> {
    /// A reader of `input` (taken out of `port`, or `#f`), whose places name `file`, a number of
    /// [`Sources::file`].
    pub fn new(engine: &'a mut Engine, input: Input, port: Value, file: u32) -> Reader<'a> {
        Reader {
            engine,
            input,
            port,
            file,
            annotate: Annotate::Nothing,
            empty_wrap: Value::NULL,
            fold_case: false,
            depth: 0,
        }
    }

    /// Makes the reader produce syntax objects with this wrap and no module.
    pub fn annotate(mut self, annotate: Annotate, empty_wrap: Value) -> Reader<'a> {
        self.annotate = annotate;
        self.empty_wrap = empty_wrap;
        self
    }

    /// Gives the rest of the input back.
    pub fn into_input(self) -> Input {
        self.input
    }

    /// Whether reading stopped because an incomplete input ran dry: then fill it and read again from where
    /// the datum started.
    pub fn wants_more(&self) -> bool {
        !self.input.complete && self.input.pending().is_empty()
    }

    /// The next datum, or the end-of-file object.
    pub fn read(&mut self) -> Result {
        match self.skip_blanks()? {
            None => Ok(Value::EOF),
            Some(c) => self.datum(c),
        }
    }

    // ----- characters

    fn peek(&self) -> Option<char> {
        self.input.peek().ok()
    }

    fn next(&mut self) -> Option<char> {
        self.input.next_char().ok()
    }

    /// An error at the current place; `message` may hold a `~A` or `~S` for `args`.
    fn fail<T>(&mut self, message: &str, args: &[Value]) -> Result<T> {
        let place = Sources::pack(self.file, 0, 0);
        let location = self.engine.sources.location(&self.engine.heap, place);
        let name = location.and_then(|place| place.file);
        let name = name.as_deref().unwrap_or("#<unknown port>");
        let place = format!("{name}:{}:{}: ", self.input.line + 1, self.input.column + 1);
        // A file name may hold a tilde, which `format` must not take for a directive.
        let text = format!("{}{message}", place.replace('~', "~~"));
        let key = self.engine.heap.intern("read-error");
        let message = self.engine.heap.string(&text);
        let args = self.engine.heap.list(args);
        let (subr, data) = (Value::FALSE, Value::FALSE);
        Err(Box::new(Exit::Error { key, subr, message, args, data }))
    }

    /// Skips white space and comments; takes and returns the first character of what follows.
    fn skip_blanks(&mut self) -> Result<Option<char>> {
        loop {
            let Some(c) = self.next() else { return Ok(None) };
            match c {
                ';' => self.skip_line(),
                '#' => match self.peek() {
                    Some('|') => self.skip_block_comment()?,
                    Some(';') if !self.engine.reader.hash_procedures.contains_key(&';') => {
                        self.next();
                        self.skip_datum()?;
                    }
                    Some('!') => self.skip_directive()?,
                    _ => return Ok(Some('#')),
                },
                c if c.is_whitespace() => {}
                c => return Ok(Some(c)),
            }
        }
    }

    fn skip_line(&mut self) {
        while self.next().is_some_and(|c| c != '\n') {}
    }

    /// `#| … |#`, which nests; the `#` is taken already.
    fn skip_block_comment(&mut self) -> Result<()> {
        self.next();
        let mut level = 1;
        while level > 0 {
            match self.next() {
                None => return self.fail("unterminated `#| ... |#' comment", &[]),
                Some('|') if self.peek() == Some('#') => {
                    self.next();
                    level -= 1;
                }
                Some('#') if self.peek() == Some('|') => {
                    self.next();
                    level += 1;
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// `#;` and the datum behind it.
    fn skip_datum(&mut self) -> Result<()> {
        match self.skip_blanks()? {
            None => self.fail("unexpected end of input while reading #; comment", &[]),
            Some(c) => self.datum(c).map(drop),
        }
    }

    /// `#!fold-case` and its kin, or a `#! … !#` comment; the `#` is taken already.
    fn skip_directive(&mut self) -> Result<()> {
        self.next();
        let mut word = String::new();
        while let Some(c) = self.peek().filter(|c| c.is_ascii_lowercase() || "-6".contains(*c)) {
            word.push(c);
            self.next();
        }
        match word.as_str() {
            "fold-case" => self.fold_case = true,
            "no-fold-case" => self.fold_case = false,
            "r6rs" | "curly-infix" | "curly-infix-and-bracket-lists" => {}
            _ => loop {
                match self.next() {
                    None => return self.fail("unterminated `#! ... !#' comment", &[]),
                    Some('!') if self.peek() == Some('#') => {
                        self.next();
                        break;
                    }
                    Some(_) => {}
                }
            },
        }
        Ok(())
    }

    // ----- data

    /// The datum that starts with `first`, which is taken already.
    fn datum(&mut self, first: char) -> Result {
        let (line, column) = (self.input.line, self.input.column.saturating_sub(1));
        let value = match first {
            '(' => self.nested(|r| r.list(')'))?,
            '[' => self.nested(|r| r.list(']'))?,
            ')' | ']' => {
                let message = format!("{CLOSING}{first}\"");
                return self.fail(&message, &[]);
            }
            '"' => self.string()?,
            '\'' => self.quotation("quote")?,
            '`' => self.quotation("quasiquote")?,
            ',' if self.peek() == Some('@') => {
                self.next();
                self.quotation("unquote-splicing")?
            }
            ',' => self.quotation("unquote")?,
            '#' => return self.hash(line, column),
            c => self.number_or_symbol(c)?,
        };
        Ok(self.annotated(value, line, column))
    }

    /// Runs `f` one level deeper.
    fn nested<T>(&mut self, f: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth >= DEPTH_MAX {
            return self.fail("data nested too deeply", &[]);
        }
        self.depth += 1;
        let result = f(self);
        self.depth -= 1;
        result
    }

    /// `value` as a syntax object, where annotation asks for it.
    fn annotated(&mut self, value: Value, line: u32, column: u32) -> Value {
        let heap = &mut self.engine.heap;
        let wanted = match self.annotate {
            Annotate::Nothing => false,
            Annotate::Compound => {
                value.is_pair() || matches!(heap.tag(value), Some(Tag::Symbol | Tag::Vector))
            }
        };
        if !wanted {
            return value;
        }
        let place = Sources::pack(self.file, line, column);
        heap.slots_from(Tag::Syntax, &[value, self.empty_wrap, Value::FALSE, place])
    }

    /// A list's elements up to `close`; the opening bracket is taken already.
    fn list(&mut self, close: char) -> Result {
        let start = Sources::pack(self.file, self.input.line, self.input.column.saturating_sub(1));
        let mut elements = Vec::new();
        loop {
            let c = match self.list_blanks(close) {
                Ok(c) => c,
                Err(error) => {
                    self.engine.reader.unclosed.get_or_insert(start);
                    return Err(error);
                }
            };
            if c == close {
                return Ok(self.engine.heap.list(&elements));
            }
            if c == ')' || c == ']' {
                self.engine.reader.unclosed = Some(start);
                return self.fail("mismatched close paren: ~A", &[Value::char(c)]);
            }
            if c == '.' && !self.at_token() {
                return self.dotted_tail(close, &elements);
            }
            let element = self.datum(c)?;
            elements.push(element);
        }
    }

    /// The first character of a list's next element, or its end.
    fn list_blanks(&mut self, close: char) -> Result<char> {
        match self.skip_blanks()? {
            Some(c) => Ok(c),
            None => {
                self.fail("unexpected end of input while searching for: ~A", &[Value::char(close)])
            }
        }
    }

    fn dotted_tail(&mut self, close: char, elements: &[Value]) -> Result {
        let c = self.list_blanks(close)?;
        let tail = self.datum(c)?;
        match self.list_blanks(close)? {
            c if c == close => Ok(self.engine.heap.list_with_tail(elements, tail)),
            c => self.fail("missing close paren: ~A", &[Value::char(c)]),
        }
    }

    /// `(NAME DATUM)` for an abbreviation such as `'DATUM`.
    fn quotation(&mut self, name: &str) -> Result {
        let (line, column) = (self.input.line, self.input.column.saturating_sub(1));
        let Some(c) = self.skip_blanks()? else {
            let message = format!("{ENDED} while reading {name}d expression");
            return self.fail(&message, &[]);
        };
        let datum = self.nested(|r| r.datum(c))?;
        let symbol = self.engine.heap.intern(name);
        let symbol = self.annotated(symbol, line, column);
        Ok(self.engine.heap.list(&[symbol, datum]))
    }

    /// Hands what follows `#c` to a `read-hash-extend` procedure, which takes characters from the port.
    fn extended(&mut self, procedure: Value, c: char) -> Result {
        if self.port.is_true() {
            crate::ports::restore_input(self.engine, self.port, std::mem::take(&mut self.input));
        }
        let scope = self.engine.heap.open_scope();
        let result = self.engine.apply(procedure, &[Value::char(c), self.port]);
        self.engine.heap.close_scope(scope);
        if self.port.is_true() {
            self.input = crate::ports::take_input(self.engine, self.port);
        }
        result.map(|value| self.engine.heap.keep(value))
    }
}
