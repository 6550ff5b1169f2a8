// SPDX-License-Identifier: GPL-3.0-or-later
//! `write` and `display`: values as text, character for character as Guile 3.0 prints them.
//!
//! Structs whose vtable has a printer procedure cannot be printed here, since natives do not call
//! Scheme: printing then stops and says which they are; Scheme prints them to strings and starts anew
//! with these at hand (`scheme/ice-9/boot/print.scm`).

mod atoms;
mod objects;

pub use atoms::{character_name, write_string, write_symbol};

use crate::engine::Engine;
use crate::heap::Tag;
use crate::numbers::{Num, text};
use crate::string::SchemeString;
use crate::value::Value;
use std::collections::HashMap;

/// Deepest nesting; what lies deeper prints as `…`.
const DEPTH_MAX: u32 = 20_000;

/// Prints values into a string.
pub struct Printer<'a> {
    engine: &'a Engine,
    write: bool,
    ready: &'a HashMap<Value, String>,
    missing: Vec<Value>,
    out: String,
    depth: u32,
    /// Length in bytes at which printing stops.
    limit: usize,
}

/// Prints `value`, with quotes and escapes if `write`. Structs with a printer procedure are printed as `ready`
/// says.
///
/// # Errors
/// The structs with a printer procedure that are not in `ready`.
pub fn print(
    engine: &Engine,
    value: Value,
    write: bool,
    ready: &HashMap<Value, String>,
) -> Result<String, Vec<Value>> {
    print_some(engine, value, write, ready, usize::MAX)
}

/// As [`print`], but stops once the text has `limit` bytes: for messages, where a value may be huge or circular.
///
/// # Errors
/// As [`print`].
pub fn print_some(
    engine: &Engine,
    value: Value,
    write: bool,
    ready: &HashMap<Value, String>,
    limit: usize,
) -> Result<String, Vec<Value>> {
    let mut printer =
        Printer { engine, write, ready, missing: Vec::new(), out: String::new(), depth: 0, limit };
    printer.value(value);
    if printer.missing.is_empty() { Ok(printer.out) } else { Err(printer.missing) }
}

/// Prints `value` as `write` does, structs in their default form: for messages from Rust.
pub fn written(engine: &Engine, value: Value) -> String {
    let mut ready = HashMap::new();
    loop {
        match print(engine, value, true, &ready) {
            Ok(text) => return text,
            Err(structs) => {
                for object in structs {
                    let name = crate::data::structs::type_name(engine, object);
                    ready.insert(object, format!("#<{name} {:x}>", object.bits()));
                }
            }
        }
    }
}

impl Printer<'_> {
    fn push(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn value(&mut self, value: Value) {
        if self.out.len() >= self.limit {
            return;
        }
        if self.depth >= DEPTH_MAX {
            self.push("…");
            return;
        }
        self.depth += 1;
        if value.is_pair() {
            self.pair(value);
        } else if value.is_object() {
            self.object(value);
        } else {
            self.immediate(value);
        }
        self.depth -= 1;
    }

    fn immediate(&mut self, value: Value) {
        if let Some(n) = value.as_fixnum() {
            self.push(&n.to_string());
        } else if let Some(c) = value.as_char() {
            if self.write {
                self.push("#\\");
                self.push(&character_name(c));
            } else {
                self.out.push(c);
            }
        } else {
            self.push(match value {
                Value::FALSE => "#f",
                Value::TRUE => "#t",
                Value::NULL => "()",
                Value::NIL => "#nil",
                Value::EOF => "#<eof>",
                Value::UNSPECIFIED => "#<unspecified>",
                _ => "#<unbound>",
            });
        }
    }

    fn pair(&mut self, pair: Value) {
        let heap = &self.engine.heap;
        self.push("(");
        self.value(heap.car(pair));
        let mut rest = heap.cdr(pair);
        while let Some((car, cdr)) = heap.pair(rest) {
            if self.out.len() >= self.limit {
                return;
            }
            self.push(" ");
            self.value(car);
            rest = cdr;
        }
        if rest != Value::NULL {
            self.push(" . ");
            self.value(rest);
        }
        self.push(")");
    }

    fn object(&mut self, value: Value) {
        let heap = &self.engine.heap;
        let Some(tag) = heap.tag(value) else { return };
        match tag {
            Tag::Vector => {
                let elements = heap.slots(value, tag).unwrap_or_default();
                self.elements("#(", elements);
            }
            Tag::String => match heap.as_string(value) {
                Some(SchemeString::Narrow(bytes)) if self.write => {
                    atoms::write_narrow_string(&mut self.out, bytes);
                }
                Some(text) if self.write => write_string(&mut self.out, text.chars()),
                Some(text) => self.out.push_str(&text.to_string()),
                None => {}
            },
            Tag::Symbol => {
                let symbol = heap.as_symbol(value);
                match symbol {
                    Some(symbol) if !symbol.interned && self.write => {
                        self.out.push_str("#<uninterned-symbol ");
                        self.out.push_str(&symbol.name);
                        self.out.push_str(&format!(" {:x}>", value.bits()));
                    }
                    Some(symbol) if self.write => write_symbol(&mut self.out, &symbol.name),
                    Some(symbol) => self.out.push_str(&symbol.name),
                    None => {}
                }
            }
            Tag::Keyword => {
                let slots = heap.slots(value, tag).unwrap_or_default();
                self.push("#:");
                slots.iter().for_each(|&symbol| self.value(symbol));
            }
            Tag::Flonum | Tag::Number => {
                if let Some(number) = Num::from_value(heap, value) {
                    self.push(&text::to_text(&number, 10));
                }
            }
            Tag::Bytevector => {
                let text = crate::data::bytes::print(heap, value);
                self.push(&text);
            }
            Tag::Struct => self.structure(value),
            Tag::Syntax => self.syntax(value),
            _ => {
                let text = crate::printer::objects::describe(self.engine, value);
                self.push(&text);
            }
        }
    }

    fn elements(&mut self, open: &str, elements: &[Value]) {
        self.push(open);
        for (i, &element) in elements.iter().enumerate() {
            if self.out.len() >= self.limit {
                return;
            }
            if i > 0 {
                self.push(" ");
            }
            self.value(element);
        }
        self.push(")");
    }

    fn structure(&mut self, value: Value) {
        if let Some(text) = self.ready.get(&value) {
            self.out.push_str(text);
        } else if crate::data::structs::printer(self.engine, value).is_true() {
            self.missing.push(value);
        } else {
            let name = crate::data::structs::type_name(self.engine, value);
            self.push(&format!("#<{name}"));
            for (field, content) in crate::data::structs::fields(self.engine, value) {
                self.push(&format!(" {field}: "));
                self.value(content);
            }
            self.push(">");
        }
    }

    /// `#<syntax:file:line:column datum>`.
    fn syntax(&mut self, value: Value) {
        let Some(&[expression, _, _, place]) = self.engine.heap.slots(value, Tag::Syntax) else {
            return;
        };
        match self.engine.sources.location(&self.engine.heap, place) {
            Some(place) => {
                let name = place.file.as_deref().unwrap_or("unknown file");
                let (line, column) = (place.line + 1, place.column);
                self.out.push_str(&format!("#<syntax:{name}:{line}:{column} "));
            }
            None => self.push("#<syntax "),
        }
        self.value(expression);
        self.push(">");
    }
}
