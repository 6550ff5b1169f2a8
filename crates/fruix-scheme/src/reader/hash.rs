// SPDX-License-Identifier: GPL-3.0-or-later
//! What starts with `#`.

use super::Reader;
use crate::native::Result;
use crate::value::Value;

impl Reader<'_> {
    /// The datum behind a `#`, which stood at this place.
    pub(super) fn hash(&mut self, line: u32, column: u32) -> Result {
        let Some(c) = self.next() else {
            return self.fail("unexpected end of input after #", &[]);
        };
        if let Some(&procedure) = self.engine.reader.hash_procedures.get(&c) {
            let datum = self.extended(procedure, c)?;
            return Ok(self.annotated(datum, line, column));
        }
        let value = match c {
            '(' => self.nested(|r| r.vector())?,
            '\\' => self.character()?,
            ':' => self.keyword()?,
            '{' => self.extended_symbol()?,
            '\'' => self.quotation("syntax")?,
            '`' => self.quotation("quasisyntax")?,
            ',' if self.peek() == Some('@') => {
                self.next();
                self.quotation("unsyntax-splicing")?
            }
            ',' => self.quotation("unsyntax")?,
            't' | 'f' => self.boolean_or_vector(c)?,
            'n' => self.nil()?,
            'v' | 'u' | 's' | 'c' => self.uniform_vector(c)?,
            '*' => self.bits()?,
            '@' | '0'..='9' => self.array(c)?,
            'x' | 'X' | 'd' | 'D' | 'o' | 'O' | 'b' | 'B' | 'e' | 'E' | 'i' | 'I' => {
                let token = self.token(format!("#{c}"));
                match self.number(&token)? {
                    Some(number) => number,
                    None => {
                        let token = self.engine.heap.string(&token);
                        return self.fail("unknown # object: ~S", &[token]);
                    }
                }
            }
            c => return self.unknown(c),
        };
        Ok(self.annotated(value, line, column))
    }

    fn unknown(&mut self, c: char) -> Result {
        let text = self.engine.heap.string(&format!("#{c}"));
        self.fail("Unknown # object: ~S", &[text])
    }

    fn vector(&mut self) -> Result {
        let list = self.list(')')?;
        let elements = self.engine.heap.list_to_vec(list).unwrap_or_default();
        Ok(self.engine.heap.vector(&elements))
    }

    /// `#:name`, with a symbol as `#{…}#` too.
    fn keyword(&mut self) -> Result {
        let message = "unexpected end of input while reading keyword";
        let Some(c) = self.skip_blanks()? else { return self.fail(message, &[]) };
        let symbol = if c == '#' && self.peek() == Some('{') {
            self.next();
            self.extended_symbol()?
        } else {
            let token = self.token(String::from(c));
            self.symbol(&token)
        };
        let name = self.engine.heap.symbol_name(symbol).unwrap_or_default().to_owned();
        Ok(self.engine.heap.keyword(&name))
    }

    /// `#t`, `#true`, `#f`, `#false`; anything may follow, as in Guile; `#f32(` and `#f64(`.
    fn boolean_or_vector(&mut self, c: char) -> Result {
        if c == 'f' && matches!(self.peek(), Some('3' | '6')) {
            return self.uniform_vector(c);
        }
        let (rest, value) = if c == 't' { ("rue", Value::TRUE) } else { ("alse", Value::FALSE) };
        let pending = self.input.pending();
        if pending.starts_with(rest.as_bytes()) {
            for _ in rest.chars() {
                self.next();
            }
        }
        Ok(value)
    }

    fn nil(&mut self) -> Result {
        match self.token(String::from('n')).as_str() {
            "nil" => Ok(Value::NIL),
            _ => self.unknown('n'),
        }
    }

    /// `#vu8(1 2)`, `#u8(1 2)` and the other uniform vectors.
    fn uniform_vector(&mut self, c: char) -> Result {
        let tag = self.token(String::from(c));
        if self.next() != Some('(') {
            return self.unknown(c);
        }
        // Elements are plain data, whatever is asked for around them.
        let annotate = std::mem::replace(&mut self.annotate, super::Annotate::Nothing);
        let elements = self.nested(|r| r.list(')'));
        self.annotate = annotate;
        let elements = elements?;
        let elements = self.engine.heap.list_to_vec(elements).unwrap_or_default();
        match crate::data::bytes::uniform_vector(self.engine, &tag, &elements)? {
            Some(vector) => Ok(vector),
            None => self.unknown(c),
        }
    }

    /// `#*1010`, a bit vector.
    fn bits(&mut self) -> Result {
        let token = self.token(String::new());
        if token.bytes().any(|b| b != b'0' && b != b'1') {
            return self.unknown('*');
        }
        let bits = token.bytes().map(|b| b == b'1').collect();
        Ok(self.engine.heap.foreign(crate::data::bytes::BitVector(bits)))
    }

    /// `#2((1 2) (3 4))`, an array: rank, element type, `@` with the lowest index or `:` with the length of each
    /// dimension, then nested lists.
    fn array(&mut self, c: char) -> Result {
        let prefix = self.token(String::from(c));
        let digits = prefix.chars().take_while(char::is_ascii_digit).count();
        let rank = prefix[..digits].parse::<usize>().unwrap_or(1);
        let rest = &prefix[digits..];
        let (tag, bounds) = rest.split_at(rest.find(['@', ':']).unwrap_or(rest.len()));
        if self.peek() != Some('(') || rank > 64 {
            return self.fail("arrays of this shape are not supported", &[]);
        }
        let lows: Vec<i64> = bounds
            .split('@')
            .skip(1)
            .filter_map(|bound| bound.split(':').next()?.parse().ok())
            .collect();
        self.next();
        let annotate = std::mem::replace(&mut self.annotate, super::Annotate::Nothing);
        let elements = self.nested(|r| r.list(')'));
        self.annotate = annotate;
        let elements = elements?;
        let heap = &mut self.engine.heap;
        let kind = if tag.is_empty() { Value::TRUE } else { heap.intern(tag) };
        // A rank of 0 has its one element in parentheses.
        let (shape, elements) = match rank {
            0 => (Value::NULL, heap.pair(elements).map_or(Value::FALSE, |(first, _)| first)),
            _ => {
                let low = |i: usize| Value::fixnum(lows.get(i).copied().unwrap_or(0));
                let lows: Vec<Value> = (0..rank).map(low).collect();
                (heap.list(&lows), elements)
            }
        };
        crate::natives::arrays::of_list(self.engine, "read", kind, shape, elements)
    }
}
