// SPDX-License-Identifier: GPL-3.0-or-later
//! Reading and writing text and bytes through ports (Guile's manual, "Input and output").

use super::args::{character, index, optional, range, string, wanting};
use crate::engine::Engine;
use crate::heap::Tag;
use crate::native;
use crate::native::{Native, Result};
use crate::ports::Port;
use crate::ports::io::{
    Call, flush, port_argument, put_bytes, put_text, saw_end, want_all, want_byte, want_bytes,
};
use crate::reader::{Annotate, End, Reader};
use crate::value::Value;

/// Procedures of `(guile)`.
pub static NATIVES: &[Native] = &[
    native!("read-char", 0, 1, false, |e, args| next_char(e, "read-char", args, true)),
    native!("peek-char", 0, 1, false, |e, args| next_char(e, "peek-char", args, false)),
    native!("unread-char", 1, 1, false, |e, args| {
        let c = character(e, "unread-char", 1, args[0])?;
        unread(e, "unread-char", args, &[c])?;
        Ok(Value::char(c))
    }),
    native!("unread-string", 2, |e, text, port| {
        let chars = super::args::chars(e, "unread-string", 1, text)?;
        unread(e, "unread-string", &[text, port], &chars)?;
        Ok(text)
    }),
    native!("char-ready?", 0, 1, false, |e, args| {
        port_argument(e, Call { name: "char-ready?", args }, 1, true)?;
        Ok(Value::TRUE)
    }),
    native!("write-char", 1, 1, false, |e, args| {
        let c = character(e, "write-char", 1, args[0])?;
        put(e, "write-char", args, 2, c.encode_utf8(&mut [0; 4]))
    }),
    native!("newline", 0, 1, false, |e, args| put(e, "newline", args, 1, "\n")),
    native!("force-output", 0, 1, false, |e, args| {
        let call = Call { name: "force-output", args };
        let port = port_argument(e, call, 1, false)?;
        flush(e, port, call)?;
        Ok(Value::UNSPECIFIED)
    }),
    native!("read", 0, 1, false, |e, args| read(e, "read", args, Annotate::Nothing)),
    native!("read-syntax", 0, 1, false, read_syntax),
    native!("read-hash-extend", 2, |e, c, procedure| {
        let c = character(e, "read-hash-extend", 1, c)?;
        e.reader.set_hash_procedure(c, procedure);
        Ok(Value::UNSPECIFIED)
    }),
    native!("%print", 3, 1, false, print),
];

/// Procedures of `(fruix native)`.
pub static LIBRARY: &[Native] = &[
    native!("eof-object", 0, |_| Ok(Value::EOF)),
    native!("get-char", 1, |e, port| next_char(e, "get-char", &[port], true)),
    native!("lookahead-char", 1, |e, port| next_char(e, "lookahead-char", &[port], false)),
    native!("unget-char", 2, |e, port, c| {
        let c = character(e, "unget-char", 2, c)?;
        unread(e, "unget-char", &[Value::FALSE, port], &[c])
    }),
    native!("unget-string", 2, 2, false, |e, args| {
        let text = super::strings::part(e, "unget-string", args, 1, 2)?;
        unread(e, "unget-string", &[Value::FALSE, args[0]], &text)
    }),
    native!("put-char", 2, |e, port, c| {
        let text = character(e, "put-char", 2, c)?;
        put(e, "put-char", &[port, c], 1, text.encode_utf8(&mut [0; 4]))
    }),
    native!("put-string", 2, 2, false, |e, args| {
        let text = super::strings::part(e, "put-string", args, 1, 2)?;
        let text: String = text.into_iter().collect();
        put(e, "put-string", args, 1, &text)
    }),
    native!("get-line", 1, |e, port| {
        let line = line(e, "get-line", &[port])?;
        Ok(line.map_or(Value::EOF, |(text, _)| text))
    }),
    native!("%read-line", 0, 1, false, |e, args| {
        let (text, end) = line(e, "%read-line", args)?.unwrap_or((Value::EOF, Value::EOF));
        Ok(e.heap.cons(text, end))
    }),
    native!("get-string-all", 1, |e, port| rest_of_text(e, "get-string-all", &[port])),
    native!("get-string-n", 2, |e, port, n| {
        let args = [port, n];
        let wanted = index(e, "get-string-n", 2, n)?;
        let chars = some_chars(e, Call { name: "get-string-n", args: &args }, port, wanted)?;
        if chars.is_empty() && wanted > 0 {
            return Ok(Value::EOF);
        }
        Ok(super::args::new_string(e, chars))
    }),
    native!("get-string-n!", 4, 0, false, |e, args| {
        let wanted = index(e, "get-string-n!", 4, args[3])?;
        let call = Call { name: "get-string-n!", args };
        let chars = some_chars(e, call, args[0], wanted)?;
        if chars.is_empty() && wanted > 0 {
            return Ok(Value::EOF);
        }
        let text = super::args::new_string(e, chars.iter().copied());
        super::strings::copy_into(e, "get-string-n!", args[1], args[2], text)?;
        Ok(Value::fixnum(chars.len() as i64))
    }),
    native!("%read-delimited!", 3, 3, false, read_delimited),
    native!("get-u8", 1, |e, port| byte(e, "get-u8", port, true)),
    native!("lookahead-u8", 1, |e, port| byte(e, "lookahead-u8", port, false)),
    native!("get-bytevector-n", 2, |e, port, n| {
        let args = [port, n];
        let wanted = index(e, "get-bytevector-n", 2, n)?;
        let call = Call { name: "get-bytevector-n", args: &args };
        let port = port_argument(e, call, 1, true)?;
        want_bytes(e, port, wanted, call)?;
        take_bytes(e, port, wanted)
    }),
    native!("get-bytevector-n!", 4, 0, false, |e, args| {
        let wanted = index(e, "get-bytevector-n!", 4, args[3])?;
        let call = Call { name: "get-bytevector-n!", args };
        let port = port_argument(e, call, 1, true)?;
        want_bytes(e, port, wanted, call)?;
        store_bytes(e, "get-bytevector-n!", args, wanted)
    }),
    native!("get-bytevector-some", 1, |e, port| {
        let args = [port];
        let call = Call { name: "get-bytevector-some", args: &args };
        let port = port_argument(e, call, 1, true)?;
        want_byte(e, port, call)?;
        take_bytes(e, port, usize::MAX)
    }),
    native!("get-bytevector-some!", 4, 0, false, |e, args| {
        let wanted = index(e, "get-bytevector-some!", 4, args[3])?;
        let call = Call { name: "get-bytevector-some!", args };
        let port = port_argument(e, call, 1, true)?;
        want_byte(e, port, call)?;
        store_bytes(e, "get-bytevector-some!", args, wanted)
    }),
    native!("get-bytevector-all", 1, |e, port| {
        let args = [port];
        let call = Call { name: "get-bytevector-all", args: &args };
        let port = port_argument(e, call, 1, true)?;
        want_all(e, port, call)?;
        take_bytes(e, port, usize::MAX)
    }),
    native!("unget-bytevector", 2, 2, false, |e, args| {
        let call = Call { name: "unget-bytevector", args };
        let port = port_argument(e, call, 1, true)?;
        let all = super::bytevectors::bytes(e, "unget-bytevector", 2, args[1])?.to_vec();
        let (start, end) = counted(e, "unget-bytevector", args, all.len())?;
        if let Some(port) = e.heap.as_foreign_mut::<Port>(port) {
            port.input.unread_bytes(&all[start..end]);
        }
        Ok(Value::UNSPECIFIED)
    }),
    native!("put-u8", 2, |e, port, n| {
        let args = [port, n];
        let call = Call { name: "put-u8", args: &args };
        let port = port_argument(e, call, 1, false)?;
        let Some(byte) = n.as_fixnum().and_then(|n| u8::try_from(n).ok()) else {
            return e.wrong_type("put-u8", 2, n);
        };
        put_bytes(e, port, &[byte], call)?;
        Ok(Value::UNSPECIFIED)
    }),
    native!("put-bytevector", 2, 2, false, |e, args| {
        let call = Call { name: "put-bytevector", args };
        let port = port_argument(e, call, 1, false)?;
        let all = super::bytevectors::bytes(e, "put-bytevector", 2, args[1])?.to_vec();
        let (start, end) = counted(e, "put-bytevector", args, all.len())?;
        put_bytes(e, port, &all[start..end], call)?;
        Ok(Value::UNSPECIFIED)
    }),
];

/// The range that optional `start` and `count` arguments (third and fourth) mean.
fn counted(
    engine: &mut Engine,
    subr: &str,
    args: &[Value],
    length: usize,
) -> Result<(usize, usize)> {
    let start = match optional(args, 2) {
        Some(start) => index(engine, subr, 3, start)?,
        None => 0,
    };
    let count = match optional(args, 3) {
        Some(count) => index(engine, subr, 4, count)?,
        None => length.saturating_sub(start),
    };
    match start.checked_add(count).filter(|&end| end <= length) {
        Some(end) => Ok((start, end)),
        None => engine.out_of_range(subr, 3, optional(args, 2).unwrap_or(Value::fixnum(0))),
    }
}

fn put(
    engine: &mut Engine,
    name: &'static str,
    args: &[Value],
    position: usize,
    text: &str,
) -> Result {
    let call = Call { name, args };
    let port = port_argument(engine, call, position, false)?;
    put_text(engine, port, text, call)?;
    Ok(Value::UNSPECIFIED)
}

/// The next character with its size in bytes, none at the end.
fn peek(engine: &mut Engine, port: Value, call: Call) -> Result<Option<char>> {
    loop {
        let Some(body) = engine.heap.as_foreign::<Port>(port) else { return Ok(None) };
        match body.input.peek() {
            Ok(c) => return Ok(Some(c)),
            Err(End::Eof) => return Ok(None),
            Err(End::More) => {
                crate::ports::io::fill(engine, port, call)?;
            }
        }
    }
}

fn next_char(engine: &mut Engine, name: &'static str, args: &[Value], take: bool) -> Result {
    let call = Call { name, args };
    let port = port_argument(engine, call, 1, true)?;
    let Some(c) = peek(engine, port, call)? else {
        saw_end(engine, port);
        return Ok(Value::EOF);
    };
    if take && let Some(body) = engine.heap.as_foreign_mut::<Port>(port) {
        // It was just seen, so it is there.
        let _ = body.input.next_char();
    }
    Ok(Value::char(c))
}

fn unread(engine: &mut Engine, name: &'static str, args: &[Value], text: &[char]) -> Result {
    let port = port_argument(engine, Call { name, args }, 2, true)?;
    if let Some(body) = engine.heap.as_foreign_mut::<Port>(port) {
        text.iter().rev().for_each(|&c| body.input.unread_char(c));
    }
    Ok(Value::UNSPECIFIED)
}

/// Takes at most `limit` characters; waits for them or the end of input.
fn some_chars(engine: &mut Engine, call: Call, _: Value, limit: usize) -> Result<Vec<char>> {
    let port = port_argument(engine, call, 1, true)?;
    // Characters have at least one byte and at most four: ask until enough are there.
    let mut bytes = limit;
    loop {
        want_bytes(engine, port, bytes, call)?;
        let Some(body) = engine.heap.as_foreign_mut::<Port>(port) else { return Ok(Vec::new()) };
        let buffered = body.input.pending().len();
        let enough = body.input.complete
            || buffered >= limit.saturating_mul(4)
            || body.input.latin1
            || body.input.pending().iter().filter(|&&b| b & 0xc0 != 0x80).count() > limit;
        if enough {
            let mut text = Vec::new();
            while text.len() < limit
                && let Ok(c) = body.input.next_char()
            {
                text.push(c);
            }
            if text.is_empty() {
                saw_end(engine, port);
            }
            return Ok(text);
        }
        bytes = buffered + 1;
    }
}

/// Takes a line; its text and what ended it, none at the end of input.
fn line(engine: &mut Engine, name: &'static str, args: &[Value]) -> Result<Option<(Value, Value)>> {
    let call = Call { name, args };
    let port = port_argument(engine, call, 1, true)?;
    let mut searched = 0;
    let length = loop {
        let Some(body) = engine.heap.as_foreign::<Port>(port) else { return Ok(None) };
        let pending = body.input.pending();
        match pending[searched..].iter().position(|&b| b == b'\n') {
            Some(at) => break searched + at,
            None if body.input.complete => break pending.len(),
            None => {
                searched = pending.len();
                crate::ports::io::fill(engine, port, call)?;
            }
        }
    };
    let Some(body) = engine.heap.as_foreign_mut::<Port>(port) else { return Ok(None) };
    let ended = length < body.input.pending().len();
    if length == 0 && !ended {
        saw_end(engine, port);
        return Ok(None);
    }
    let bytes = body.input.pending()[..length].to_vec();
    let latin1 = body.input.latin1;
    body.input.skip_bytes(length);
    if ended {
        // The line end is ASCII and there.
        let _ = body.input.next_char();
    } else {
        body.input.column += bytes.len() as u32;
    }
    let text = text_of(engine, &bytes, latin1);
    Ok(Some((text, if ended { Value::char('\n') } else { Value::EOF })))
}

fn text_of(engine: &mut Engine, bytes: &[u8], latin1: bool) -> Value {
    if latin1 {
        super::args::new_string(engine, bytes.iter().map(|&b| b as char))
    } else {
        engine.heap.string(&String::from_utf8_lossy(bytes))
    }
}

fn rest_of_text(engine: &mut Engine, name: &'static str, args: &[Value]) -> Result {
    let call = Call { name, args };
    let port = port_argument(engine, call, 1, true)?;
    want_all(engine, port, call)?;
    let Some(body) = engine.heap.as_foreign_mut::<Port>(port) else { return Ok(Value::EOF) };
    let bytes = body.input.pending().to_vec();
    let latin1 = body.input.latin1;
    body.input.skip_bytes(bytes.len());
    body.input.line += bytes.iter().filter(|&&b| b == b'\n').count() as u32;
    saw_end(engine, port);
    Ok(text_of(engine, &bytes, latin1))
}

/// (%read-delimited! delims buf gobble? [port [start [end]]]): a pair of the delimiter (`#f` if the buffer was full
/// first) and the count.
fn read_delimited(engine: &mut Engine, args: &[Value]) -> Result {
    let name = "%read-delimited!";
    let delimiters = string(engine, name, 1, args[0])?;
    let length = super::args::chars(engine, name, 2, args[1])?.len();
    let gobble = args[2].is_true();
    let call = Call { name, args };
    let port = port_argument(engine, call, 4, true)?;
    let (start, end) = range(engine, name, args, 4, length)?;
    // Wait until the delimiter, enough characters, or the end is there; only then take anything.
    let mut wanted = 1;
    let (text, delimiter) = loop {
        want_bytes(engine, port, wanted, call)?;
        let Some(body) = engine.heap.as_foreign::<Port>(port) else { return Ok(Value::FALSE) };
        let pending = body.input.pending();
        let whole = match std::str::from_utf8(pending) {
            Ok(text) => text.to_owned(),
            Err(error) if !body.input.complete => {
                String::from_utf8_lossy(&pending[..error.valid_up_to()]).into_owned()
            }
            Err(_) => String::from_utf8_lossy(pending).into_owned(),
        };
        let text: Vec<char> =
            whole.chars().take(end - start).take_while(|&c| !delimiters.contains(c)).collect();
        let next = whole.chars().nth(text.len());
        let full = text.len() == end - start;
        match next {
            _ if full => break (text, Value::FALSE),
            Some(c) if delimiters.contains(c) => break (text, Value::char(c)),
            _ if body.input.complete => break (text, Value::EOF),
            _ => wanted = pending.len() + 1,
        }
    };
    if let Some(body) = engine.heap.as_foreign_mut::<Port>(port) {
        let taken = text.len() + usize::from(gobble && delimiter.as_char().is_some());
        for _ in 0..taken {
            // All of these were seen above.
            let _ = body.input.next_char();
        }
    }
    let count = text.len();
    let part = super::args::new_string(engine, text);
    super::strings::copy_into(engine, name, args[1], Value::fixnum(start as i64), part)?;
    Ok(engine.heap.cons(delimiter, Value::fixnum(count as i64)))
}

fn byte(engine: &mut Engine, name: &'static str, port: Value, take: bool) -> Result {
    let args = [port];
    let call = Call { name, args: &args };
    let port = port_argument(engine, call, 1, true)?;
    if !want_byte(engine, port, call)? {
        saw_end(engine, port);
        return Ok(Value::EOF);
    }
    let Some(body) = engine.heap.as_foreign_mut::<Port>(port) else { return Ok(Value::EOF) };
    let byte = body.input.pending().first().copied().unwrap_or(0);
    if take {
        body.input.skip_bytes(1);
    }
    Ok(Value::fixnum(byte.into()))
}

/// Takes at most `limit` buffered bytes as a bytevector; the end-of-file object if there are none.
fn take_bytes(engine: &mut Engine, port: Value, limit: usize) -> Result {
    let Some(body) = engine.heap.as_foreign_mut::<Port>(port) else { return Ok(Value::EOF) };
    let pending = body.input.pending();
    let bytes = pending[..pending.len().min(limit)].to_vec();
    if bytes.is_empty() && limit > 0 {
        saw_end(engine, port);
        return Ok(Value::EOF);
    }
    body.input.skip_bytes(bytes.len());
    Ok(engine.heap.bytevector(bytes))
}

/// Takes at most `limit` buffered bytes into the bytevector `args[1]` at `args[2]`; their number or the
/// end-of-file object.
fn store_bytes(engine: &mut Engine, subr: &str, args: &[Value], limit: usize) -> Result {
    let length = super::bytevectors::bytes(engine, subr, 2, args[1])?.len();
    let start = index(engine, subr, 3, args[2])?;
    if start.checked_add(limit).is_none_or(|end| end > length) {
        return engine.out_of_range(subr, 4, args[3]);
    }
    let taken = take_bytes(engine, args[0], limit)?;
    let Some(bytes) = engine.heap.as_bytes(taken).cloned() else { return Ok(taken) };
    if let Some(target) = engine.heap.as_bytes_mut(args[1]) {
        target[start..start + bytes.len()].copy_from_slice(&bytes);
    }
    Ok(Value::fixnum(bytes.len() as i64))
}

/// (read-syntax [port]): compound data and symbols as syntax objects, and the datum itself whatever it is.
fn read_syntax(engine: &mut Engine, args: &[Value]) -> Result {
    let datum = read(engine, "read-syntax", args, Annotate::Compound)?;
    if datum == Value::EOF || engine.heap.is(datum, Tag::Syntax) {
        return Ok(datum);
    }
    let wrap = engine.expander.empty_wrap();
    Ok(engine.heap.slots_from(Tag::Syntax, &[datum, wrap, Value::FALSE, Value::FALSE]))
}

/// (read [port])
fn read(engine: &mut Engine, name: &'static str, args: &[Value], annotate: Annotate) -> Result {
    // `read-hash-extend` procedures run Scheme while the data around them are half read.
    let scope = engine.heap.open_scope();
    let result = read_in_scope(engine, name, args, annotate);
    engine.heap.close_scope(scope);
    result
}

fn read_in_scope(
    engine: &mut Engine,
    name: &'static str,
    args: &[Value],
    annotate: Annotate,
) -> Result {
    let call = Call { name, args };
    let port = port_argument(engine, call, 1, true)?;
    loop {
        let (input, start, file) = reader_input(engine, port);
        let empty_wrap = engine.expander.empty_wrap();
        let mut reader = Reader::new(engine, input, port, file).annotate(annotate, empty_wrap);
        let result = reader.read();
        let starved = reader.wants_more();
        let mut input = reader.into_input();
        // A datum that ends with the buffer may go on behind it.
        if starved {
            if let Some((bytes, line, column)) = start {
                input = crate::reader::Input::from_bytes(bytes);
                (input.line, input.column, input.complete) = (line, column, false);
            }
            crate::ports::restore_input(engine, port, input);
            crate::ports::io::fill(engine, port, call)?;
            continue;
        }
        crate::ports::restore_input(engine, port, input);
        return result;
    }
}

/// What a datum's reading starts from: enough to start anew.
type Start = Option<(Vec<u8>, u32, u32)>;

/// Takes the port's input for a reader; a copy of an incomplete one, to go back to; the number of the file.
fn reader_input(engine: &mut Engine, port: Value) -> (crate::reader::Input, Start, u32) {
    let input = crate::ports::take_input(engine, port);
    let start = (!input.complete).then(|| (input.pending().to_vec(), input.line, input.column));
    let name = engine
        .heap
        .as_foreign::<Port>(port)
        .and_then(|body| engine.heap.as_string(body.filename))
        .map(ToString::to_string);
    let file = engine.sources.file(&mut engine.heap, name.as_deref());
    (input, start, file)
}

/// (%print obj port write? [alist]): see `scheme/ice-9/boot/README.md`.
fn print(engine: &mut Engine, args: &[Value]) -> Result {
    let call = Call { name: "write", args };
    let port = port_argument(engine, call, 2, false)?;
    let mut ready = std::collections::HashMap::new();
    let entries = optional(args, 3).unwrap_or(Value::NULL);
    for entry in engine.heap.list_to_vec(entries).unwrap_or_default() {
        if let Some((object, text)) = engine.heap.pair(entry) {
            let text = string(engine, "write", 4, text)?;
            ready.insert(object, text);
        }
    }
    match crate::printer::print(engine, args[0], args[2].is_true(), &ready) {
        Ok(text) => {
            put_text(engine, port, &text, call)?;
            Ok(Value::NULL)
        }
        Err(structs) => Ok(engine.heap.list(&structs)),
    }
}

/// The port among the arguments of a native that only looks at it.
pub fn any_port<'a>(
    engine: &'a mut Engine,
    subr: &str,
    position: usize,
    value: Value,
) -> Result<&'a mut Port> {
    if engine.heap.as_foreign::<Port>(value).is_none() {
        return wanting(engine, subr, position, "port", value);
    }
    match engine.heap.as_foreign_mut::<Port>(value) {
        Some(port) => Ok(port),
        None => unreachable!("checked above"),
    }
}
