// SPDX-License-Identifier: GPL-3.0-or-later
//! Regular expressions (Guile's manual, "Regexp Functions").

use super::args::{chars, check_string, fixnum, index, optional, string, wanting};
use crate::data::regexps::{Options, Regexp, SearchOptions};
use crate::engine::Engine;
use crate::native;
use crate::native::{Exit, Native, Result};
use crate::value::Value;

/// `regexp/basic`, `regexp/extended`, `regexp/icase`, `regexp/newline` are 0, 1, 2, 4; of a search,
/// `regexp/notbol` is 1 and `regexp/noteol` 2.
const BASIC: i64 = 0;
const EXTENDED: i64 = 1;
const IGNORE_CASE: i64 = 2;
const NEWLINE: i64 = 4;

/// The procedures.
pub static NATIVES: &[Native] = &[
    native!("make-regexp", 1, 0, true, make),
    native!("regexp-exec", 2, 2, false, exec),
    native!("regexp?", 1, |e, v| Ok(Value::bool(e.heap.as_foreign::<Regexp>(v).is_some()))),
];

/// (make-regexp pattern flag ...)
fn make(engine: &mut Engine, args: &[Value]) -> Result {
    let subr = "make-regexp";
    if check_string(engine, subr, 1, args[0]).is_err() {
        return wanting(engine, subr, 1, "string", args[0]);
    }
    let pattern = string(engine, subr, 1, args[0])?;
    let mut options = Options { extended: true, ..Options::default() };
    for (i, &flag) in args[1..].iter().enumerate() {
        match fixnum(engine, subr, i + 2, flag)? {
            BASIC => options.extended = false,
            flags => {
                options.ignore_case |= flags & IGNORE_CASE != 0;
                options.newline |= flags & NEWLINE != 0;
                options.extended |= flags & EXTENDED != 0;
            }
        }
    }
    match Regexp::new(&pattern, options) {
        Ok(regexp) => Ok(engine.heap.foreign(regexp)),
        Err(message) => {
            let heap = &mut engine.heap;
            Err(Box::new(Exit::Error {
                key: heap.intern("regular-expression-syntax"),
                subr: heap.string(subr),
                message: heap.string(message),
                args: Value::FALSE,
                data: heap.list(&[args[0]]),
            }))
        }
    }
}

/// (regexp-exec regexp string [start [flags]]): a match, `#((string) (start . end) …)`, or `#f`.
fn exec(engine: &mut Engine, args: &[Value]) -> Result {
    let subr = "regexp-exec";
    if engine.heap.as_foreign::<Regexp>(args[0]).is_none() {
        return wanting(engine, subr, 1, "regexp", args[0]);
    }
    let text = chars(engine, subr, 2, args[1])?;
    let start = match optional(args, 2) {
        Some(start) => index(engine, subr, 3, start)?,
        None => 0,
    };
    if start > text.len() {
        let heap = &mut engine.heap;
        let given = args[2];
        let limits = [Value::fixnum(0), Value::fixnum(text.len() as i64), given];
        return Err(Box::new(Exit::Error {
            key: heap.intern("out-of-range"),
            subr: Value::FALSE,
            message: heap.string("Value out of range ~S to< ~S: ~S"),
            args: heap.list(&limits),
            data: heap.list(&[given]),
        }));
    }
    let flags = match optional(args, 3) {
        Some(flags) => fixnum(engine, subr, 4, flags)?,
        None => 0,
    };
    let options = SearchOptions { not_line_start: flags & 1 != 0, not_line_end: flags & 2 != 0 };
    let regexp = engine.heap.as_foreign::<Regexp>(args[0]);
    let Some(groups) = regexp.and_then(|regexp| regexp.search(&text, start, options)) else {
        return Ok(Value::FALSE);
    };
    let mut elements = vec![args[1]];
    for group in groups {
        let (from, to) = group.map_or((-1, -1), |(from, to)| (from as i64, to as i64));
        elements.push(engine.heap.cons(Value::fixnum(from), Value::fixnum(to)));
    }
    Ok(engine.heap.vector(&elements))
}
