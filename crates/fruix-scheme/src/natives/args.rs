// SPDX-License-Identifier: GPL-3.0-or-later
//! How natives take their arguments apart: each function gives the Rust value, or the error that Guile
//! raises for an argument of another type.

use crate::engine::Engine;
use crate::heap::Tag;
use crate::native::{Exit, Result};
use crate::string::SchemeString;
use crate::value::Value;

/// The argument at `index`, if it was given. `#:optional` arguments of natives may also be given as the
/// marker for a missing one.
#[inline]
pub fn optional(args: &[Value], index: usize) -> Option<Value> {
    args.get(index).copied().filter(|&v| v != Value::MISSING)
}

/// `wrong-type-arg` that names the expected type.
pub fn expecting<T>(
    engine: &mut Engine,
    subr: &str,
    position: usize,
    expected: &str,
    value: Value,
) -> Result<T> {
    let heap = &mut engine.heap;
    let message = format!("Wrong type argument in position ~A (expecting {expected}): ~S");
    let args = heap.list(&[Value::fixnum(position as i64), value]);
    Err(Box::new(Exit::Error {
        key: heap.intern("wrong-type-arg"),
        subr: heap.string(subr),
        message: heap.string(&message),
        args,
        data: heap.list(&[value]),
    }))
}

/// `wrong-type-arg` that gives the expected type as an argument of the message.
pub fn wanting<T>(
    engine: &mut Engine,
    subr: &str,
    position: usize,
    expected: &str,
    value: Value,
) -> Result<T> {
    let heap = &mut engine.heap;
    let expected = heap.string(expected);
    let args = heap.list(&[Value::fixnum(position as i64), expected, value]);
    Err(Box::new(Exit::Error {
        key: heap.intern("wrong-type-arg"),
        subr: heap.string(subr),
        message: heap.string("Wrong type argument in position ~A (expecting ~A): ~S"),
        args,
        data: heap.list(&[value]),
    }))
}

/// `out-of-range` that does not say which argument it was.
pub fn beyond<T>(engine: &mut Engine, subr: &str, value: Value) -> Result<T> {
    let heap = &mut engine.heap;
    let args = heap.list(&[value]);
    Err(Box::new(Exit::Error {
        key: heap.intern("out-of-range"),
        subr: heap.string(subr),
        message: heap.string("Value out of range: ~S"),
        args,
        data: args,
    }))
}

/// A size or index.
pub fn index(engine: &mut Engine, subr: &str, position: usize, value: Value) -> Result<usize> {
    match value.as_fixnum() {
        Some(n) if n >= 0 => Ok(n as usize),
        Some(_) => engine.out_of_range(subr, position, value),
        None => engine.wrong_type(subr, position, value),
    }
}

/// A fixnum.
pub fn fixnum(engine: &mut Engine, subr: &str, position: usize, value: Value) -> Result<i64> {
    match value.as_fixnum() {
        Some(n) => Ok(n),
        None => engine.wrong_type(subr, position, value),
    }
}

/// A character.
pub fn character(engine: &mut Engine, subr: &str, position: usize, value: Value) -> Result<char> {
    match value.as_char() {
        Some(c) => Ok(c),
        None => expecting(engine, subr, position, "character", value),
    }
}

/// A string's content, copied out.
pub fn string(engine: &mut Engine, subr: &str, position: usize, value: Value) -> Result<String> {
    match engine.heap.as_string(value) {
        Some(text) => Ok(text.to_string()),
        None => expecting(engine, subr, position, "string", value),
    }
}

/// Makes sure that `value` is a string.
pub fn check_string(engine: &mut Engine, subr: &str, position: usize, value: Value) -> Result<()> {
    if engine.heap.is(value, Tag::String) {
        Ok(())
    } else {
        expecting(engine, subr, position, "string", value)
    }
}

/// A string's characters, copied out.
pub fn chars(engine: &mut Engine, subr: &str, position: usize, value: Value) -> Result<Vec<char>> {
    check_string(engine, subr, position, value)?;
    Ok(engine.heap.as_string(value).map(|s| s.chars().collect()).unwrap_or_default())
}

/// A symbol's name, copied out.
pub fn symbol(engine: &mut Engine, subr: &str, position: usize, value: Value) -> Result<String> {
    match engine.heap.symbol_name(value) {
        Some(name) => Ok(name.to_owned()),
        None => expecting(engine, subr, position, "symbol", value),
    }
}

/// A proper list's elements.
pub fn list(engine: &mut Engine, subr: &str, position: usize, value: Value) -> Result<Vec<Value>> {
    match engine.heap.list_to_vec(value) {
        Some(elements) => Ok(elements),
        None => expecting(engine, subr, position, "list", value),
    }
}

/// Makes sure that `value` is a pair.
pub fn pair(
    engine: &mut Engine,
    subr: &str,
    position: usize,
    value: Value,
) -> Result<(Value, Value)> {
    match engine.heap.pair(value) {
        Some(halves) => Ok(halves),
        None => expecting(engine, subr, position, "pair", value),
    }
}

/// Start and end from the optional arguments at `at` and `at + 1`, within `0..=length`.
pub fn range(
    engine: &mut Engine,
    subr: &str,
    args: &[Value],
    at: usize,
    length: usize,
) -> Result<(usize, usize)> {
    let mut bound = |position: usize, low: usize, default: usize| -> Result<usize> {
        match optional(args, position).filter(|&v| v != Value::FALSE) {
            None => Ok(default),
            Some(value) => {
                let n = index(engine, subr, position + 1, value)?;
                if n < low || n > length {
                    return engine.out_of_range(subr, position + 1, value);
                }
                Ok(n)
            }
        }
    };
    let end = bound(at + 1, 0, length)?;
    let start = bound(at, 0, 0)?;
    if start > end {
        return engine.out_of_range(subr, at + 1, args[at]);
    }
    Ok((start, end))
}

/// A new string of these characters.
pub fn new_string(engine: &mut Engine, chars: impl IntoIterator<Item = char>) -> Value {
    let text: SchemeString = chars.into_iter().collect();
    engine.heap.string_object(text)
}
