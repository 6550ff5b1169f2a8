// SPDX-License-Identifier: GPL-3.0-or-later
//! Strings (R7RS section 6.7, SRFI-13 as far as it takes no procedure; Guile's manual, "Strings").

use super::args::{
    character, chars, check_string, expecting, fixnum, index, list, new_string, optional, range,
    string, symbol,
};
use crate::engine::Engine;
use crate::native;
use crate::native::{Native, Result};
use crate::string::SchemeString;
use crate::value::Value;
use unicode_normalization::UnicodeNormalization;

/// Constructing, taking apart, changing.
pub static NATIVES: &[Native] = &[
    native!("string-normalize-nfc", 1, |e, v| {
        let text = string(e, "string-normalize-nfc", 1, v)?;
        Ok(new_string(e, text.nfc()))
    }),
    native!("string-normalize-nfd", 1, |e, v| {
        let text = string(e, "string-normalize-nfd", 1, v)?;
        Ok(new_string(e, text.nfd()))
    }),
    native!("string-normalize-nfkc", 1, |e, v| {
        let text = string(e, "string-normalize-nfkc", 1, v)?;
        Ok(new_string(e, text.nfkc()))
    }),
    native!("string-normalize-nfkd", 1, |e, v| {
        let text = string(e, "string-normalize-nfkd", 1, v)?;
        Ok(new_string(e, text.nfkd()))
    }),
    native!("string?", 1, |e, v| Ok(Value::bool(e.heap.as_string(v).is_some()))),
    native!("string", 0, 0, true, |e, args| {
        let mut text = Vec::with_capacity(args.len());
        for (i, &arg) in args.iter().enumerate() {
            text.push(character(e, "string", i + 1, arg)?);
        }
        Ok(new_string(e, text))
    }),
    native!("make-string", 1, 1, false, |e, args| {
        let n = index(e, "make-string", 1, args[0])?;
        let fill = match optional(args, 1) {
            Some(c) => character(e, "make-string", 2, c)?,
            None => '\0',
        };
        Ok(new_string(e, std::iter::repeat_n(fill, n)))
    }),
    native!("list->string", 1, |e, v| from_list(e, "list->string", v, false)),
    native!("reverse-list->string", 1, |e, v| from_list(e, "reverse-list->string", v, true)),
    native!("string->list", 1, 2, false, |e, args| {
        let text = part(e, "string->list", args, 0, 1)?;
        let text: Vec<Value> = text.into_iter().map(Value::char).collect();
        Ok(e.heap.list(&text))
    }),
    native!("string-length", 1, |e, s| match e.heap.as_string(s) {
        Some(text) => Ok(Value::fixnum(text.len() as i64)),
        None => expecting(e, "string-length", 1, "string", s),
    }),
    native!("string-null?", 1, |e, s| match e.heap.as_string(s) {
        Some(text) => Ok(Value::bool(text.is_empty())),
        None => expecting(e, "string-null?", 1, "string", s),
    }),
    native!("string-ref", 2, |e, s, k| {
        check_string(e, "string-ref", 1, s)?;
        let at = index(e, "string-ref", 2, k)?;
        match e.heap.as_string(s).and_then(|text| text.get(at)) {
            Some(c) => Ok(Value::char(c)),
            None => e.out_of_range("string-ref", 2, k),
        }
    }),
    native!("string-set!", 3, |e, s, k, c| {
        check_string(e, "string-set!", 1, s)?;
        let at = index(e, "string-set!", 2, k)?;
        let c = character(e, "string-set!", 3, c)?;
        if e.heap.as_string(s).is_none_or(|text| at >= text.len()) {
            return e.out_of_range("string-set!", 2, k);
        }
        replace(e, s, at, &[c]);
        Ok(Value::UNSPECIFIED)
    }),
    native!("substring", 2, 1, false, |e, args| substring(e, "substring", args)),
    native!("substring/shared", 2, 1, false, |e, args| substring(e, "substring/shared", args)),
    native!("substring/copy", 2, 1, false, |e, args| substring(e, "substring/copy", args)),
    native!("substring/read-only", 2, 1, false, |e, args| {
        substring(e, "substring/read-only", args)
    }),
    native!("string-copy", 1, 2, false, |e, args| substring(e, "string-copy", args)),
    native!("string-append", 0, 0, true, |e, args| concatenate(e, "string-append", args)),
    native!("string-append/shared", 0, 0, true, |e, args| concatenate(e, "string-append", args)),
    native!("string-concatenate", 1, |e, v| {
        let parts = list(e, "string-concatenate", 1, v)?;
        concatenate(e, "string-concatenate", &parts)
    }),
    native!("string-concatenate/shared", 1, |e, v| {
        let parts = list(e, "string-concatenate/shared", 1, v)?;
        concatenate(e, "string-concatenate/shared", &parts)
    }),
    native!("string-concatenate-reverse", 1, 2, false, concatenate_reverse),
    native!("string-concatenate-reverse/shared", 1, 2, false, concatenate_reverse),
    native!("string-join", 1, 2, false, join),
    native!("string-copy!", 3, 2, false, |e, args| {
        let source = part(e, "string-copy!", args, 2, 3)?;
        write_at(e, "string-copy!", args[0], args[1], &source)
    }),
    native!("substring-move!", 5, 0, false, |e, args| {
        let source = part(e, "substring-move!", &args[..3], 0, 1)?;
        write_at(e, "substring-move!", args[3], args[4], &source)
    }),
    native!("string-fill!", 2, 2, false, |e, args| {
        let length = part(e, "string-fill!", &args[..1], 0, 1)?.len();
        let c = character(e, "string-fill!", 2, args[1])?;
        let (start, end) = range(e, "string-fill!", args, 2, length)?;
        replace(e, args[0], start, &vec![c; end - start]);
        Ok(Value::UNSPECIFIED)
    }),
    native!("substring-fill!", 4, 0, false, |e, args| {
        let length = part(e, "substring-fill!", &args[..1], 0, 1)?.len();
        let (start, end) = range(e, "substring-fill!", args, 1, length)?;
        let c = character(e, "substring-fill!", 4, args[3])?;
        replace(e, args[0], start, &vec![c; end - start]);
        Ok(Value::UNSPECIFIED)
    }),
    native!("string-replace", 2, 4, false, |e, args| {
        let mut target = chars(e, "string-replace", 1, args[0])?;
        let (start, end) = range(e, "string-replace", args, 2, target.len())?;
        let source = part(e, "string-replace", args, 1, 4)?;
        target.splice(start..end, source);
        Ok(new_string(e, target))
    }),
    native!("string-reverse", 1, 2, false, |e, args| reversed(e, "string-reverse", args, false)),
    native!("string-reverse!", 1, 2, false, |e, args| reversed(e, "string-reverse!", args, true)),
    native!("string-take", 2, |e, s, n| cut(e, "string-take", s, n, |text, n| &text[..n])),
    native!("string-drop", 2, |e, s, n| cut(e, "string-drop", s, n, |text, n| &text[n..])),
    native!("string-take-right", 2, |e, s, n| {
        cut(e, "string-take-right", s, n, |text, n| &text[text.len() - n..])
    }),
    native!("string-drop-right", 2, |e, s, n| {
        cut(e, "string-drop-right", s, n, |text, n| &text[..text.len() - n])
    }),
    native!("string-pad", 2, 3, false, |e, args| pad(e, "string-pad", args, true)),
    native!("string-pad-right", 2, 3, false, |e, args| pad(e, "string-pad-right", args, false)),
    native!("xsubstring", 2, 3, false, |e, args| {
        let text = part(e, "xsubstring", args, 0, 3)?;
        let from = fixnum(e, "xsubstring", 2, args[1])?;
        let to = match optional(args, 2) {
            Some(to) => fixnum(e, "xsubstring", 3, to)?,
            None => from + text.len() as i64,
        };
        if text.is_empty() && to > from {
            return e.out_of_range("xsubstring", 1, args[0]);
        }
        let length = text.len().max(1) as i64;
        Ok(new_string(e, (from..to).map(|i| text[i.rem_euclid(length) as usize])))
    }),
    native!("string-upcase", 1, 2, false, |e, args| {
        mapped(e, "string-upcase", args, false, |text| text.iter().map(|&c| upcase(c)).collect())
    }),
    native!("string-upcase!", 1, 2, false, |e, args| {
        mapped(e, "string-upcase!", args, true, |text| text.iter().map(|&c| upcase(c)).collect())
    }),
    native!("string-downcase", 1, 2, false, |e, args| {
        mapped(e, "string-downcase", args, false, |t| t.iter().map(|&c| downcase(c)).collect())
    }),
    native!("string-downcase!", 1, 2, false, |e, args| {
        mapped(e, "string-downcase!", args, true, |t| t.iter().map(|&c| downcase(c)).collect())
    }),
    native!("string-titlecase", 1, 2, false, |e, args| {
        mapped(e, "string-titlecase", args, false, titlecased)
    }),
    native!("string-titlecase!", 1, 2, false, |e, args| {
        mapped(e, "string-titlecase!", args, true, titlecased)
    }),
    native!("string-capitalize", 1, |e, s| {
        mapped(e, "string-capitalize", &[s], false, titlecased)
    }),
    native!("string-capitalize!", 1, |e, s| {
        mapped(e, "string-capitalize!", &[s], true, titlecased)
    }),
    native!("string->symbol", 1, |e, s| {
        let name = string(e, "string->symbol", 1, s)?;
        Ok(e.heap.intern(&name))
    }),
    native!("string-ci->symbol", 1, |e, s| {
        let name = string(e, "string-ci->symbol", 1, s)?;
        Ok(e.heap.intern(&name.to_lowercase()))
    }),
    native!("symbol->string", 1, |e, s| {
        let name = symbol(e, "symbol->string", 1, s)?;
        Ok(e.heap.string(&name))
    }),
];

/// `char-upcase`: only where the result is one character.
pub fn upcase(c: char) -> char {
    let mut upper = c.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(upper), None) => upper,
        _ => c,
    }
}

/// `char-downcase`.
pub fn downcase(c: char) -> char {
    let mut lower = c.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(lower), None) => lower,
        _ => c,
    }
}

fn titlecased(text: &[char]) -> Vec<char> {
    let mut inside = false;
    let change = |&c: &char| {
        let changed = if inside { downcase(c) } else { upcase(c) };
        inside = c.is_alphabetic();
        changed
    };
    text.iter().map(change).collect()
}

/// The characters of the string at `args[at]` within the range given at `args[bounds]` and behind.
pub fn part(
    engine: &mut Engine,
    subr: &str,
    args: &[Value],
    at: usize,
    bounds: usize,
) -> Result<Vec<char>> {
    let text = chars(engine, subr, at + 1, args[at])?;
    let (start, end) = range(engine, subr, args, bounds, text.len())?;
    if (start, end) == (0, text.len()) { Ok(text) } else { Ok(text[start..end].to_vec()) }
}

fn from_list(engine: &mut Engine, subr: &str, value: Value, reverse: bool) -> Result {
    let elements = list(engine, subr, 1, value)?;
    let mut text = Vec::with_capacity(elements.len());
    for &element in &elements {
        text.push(character(engine, subr, 1, element)?);
    }
    if reverse {
        text.reverse();
    }
    Ok(new_string(engine, text))
}

/// Overwrites characters of `string` from `at` on; they must be within it.
fn replace(engine: &mut Engine, string: Value, at: usize, with: &[char]) {
    let Some(text) = engine.heap.as_string_mut(string) else { return };
    if let SchemeString::Narrow(bytes) = text {
        if with.iter().all(|&c| (c as u32) < 0x100) {
            for (byte, &c) in bytes[at..].iter_mut().zip(with) {
                *byte = c as u8;
            }
            return;
        }
        *text = SchemeString::Wide(bytes.iter().map(|&b| b as char).collect());
    }
    if let SchemeString::Wide(chars) = text {
        chars[at..at + with.len()].copy_from_slice(with);
    }
}

/// Copies all of `from` into `to`, from character `at` on.
pub fn copy_into(engine: &mut Engine, subr: &str, to: Value, at: Value, from: Value) -> Result {
    let source = chars(engine, subr, 1, from)?;
    write_at(engine, subr, to, at, &source)
}

fn write_at(engine: &mut Engine, subr: &str, to: Value, at: Value, source: &[char]) -> Result {
    check_string(engine, subr, 1, to)?;
    let start = index(engine, subr, 2, at)?;
    let length = engine.heap.as_string(to).map_or(0, SchemeString::len);
    if start + source.len() > length {
        return engine.out_of_range(subr, 2, at);
    }
    replace(engine, to, start, source);
    Ok(Value::UNSPECIFIED)
}

fn substring(engine: &mut Engine, subr: &str, args: &[Value]) -> Result {
    let Some(text) = engine.heap.as_string(args[0]) else {
        return expecting(engine, subr, 1, "string", args[0]);
    };
    let length = text.len();
    let (start, end) = range(engine, subr, args, 1, length)?;
    let text = match engine.heap.as_string(args[0]) {
        Some(SchemeString::Narrow(bytes)) => SchemeString::Narrow(bytes[start..end].to_vec()),
        Some(SchemeString::Wide(chars)) => chars[start..end].iter().copied().collect(),
        None => SchemeString::Narrow(Vec::new()),
    };
    Ok(engine.heap.string_object(text))
}

fn concatenate(engine: &mut Engine, subr: &str, parts: &[Value]) -> Result {
    let mut bytes = Vec::new();
    let mut narrow = true;
    for (i, &part) in parts.iter().enumerate() {
        match engine.heap.as_string(part) {
            Some(SchemeString::Narrow(text)) if narrow => bytes.extend_from_slice(text),
            Some(_) => narrow = false,
            None => return expecting(engine, subr, i + 1, "string", part),
        }
    }
    if narrow {
        return Ok(engine.heap.string_object(SchemeString::Narrow(bytes)));
    }
    let heap = &engine.heap;
    let texts = parts.iter().filter_map(|&part| heap.as_string(part));
    let text: SchemeString = texts.flat_map(|text| text.chars()).collect();
    Ok(engine.heap.string_object(text))
}

fn concatenate_reverse(engine: &mut Engine, args: &[Value]) -> Result {
    let subr = "string-concatenate-reverse";
    let mut parts = list(engine, subr, 1, args[0])?;
    parts.reverse();
    if let Some(last) = optional(args, 1) {
        let last = match optional(args, 2) {
            Some(end) => substring(engine, subr, &[last, Value::fixnum(0), end])?,
            None => last,
        };
        parts.push(last);
    }
    concatenate(engine, subr, &parts)
}

fn join(engine: &mut Engine, args: &[Value]) -> Result {
    let strings = list(engine, "string-join", 1, args[0])?;
    let delimiter = match optional(args, 1) {
        Some(text) => chars(engine, "string-join", 2, text)?,
        None => vec![' '],
    };
    let grammar = match optional(args, 2) {
        Some(name) => symbol(engine, "string-join", 3, name)?,
        None => "infix".to_owned(),
    };
    if grammar == "strict-infix" && strings.is_empty() {
        let subr = "string-join";
        let message = "strict-infix grammar requires non-empty list";
        return engine.error("misc-error", subr, message, &[]);
    }
    let mut text = Vec::new();
    for (i, &part) in strings.iter().enumerate() {
        let part = chars(engine, "string-join", 1, part)?;
        match grammar.as_str() {
            "infix" | "strict-infix" if i > 0 => text.extend_from_slice(&delimiter),
            "prefix" => text.extend_from_slice(&delimiter),
            "infix" | "strict-infix" | "suffix" => {}
            _ => return engine.wrong_type("string-join", 3, args[2]),
        }
        text.extend(part);
        if grammar == "suffix" {
            text.extend_from_slice(&delimiter);
        }
    }
    Ok(new_string(engine, text))
}

fn reversed(engine: &mut Engine, subr: &str, args: &[Value], in_place: bool) -> Result {
    let reverse = |text: &[char]| text.iter().rev().copied().collect();
    mapped(engine, subr, args, in_place, reverse)
}

/// Applies `f` to the given range; returns a new string or changes the old one.
fn mapped(
    engine: &mut Engine,
    subr: &str,
    args: &[Value],
    in_place: bool,
    f: impl FnOnce(&[char]) -> Vec<char>,
) -> Result {
    let mut text = chars(engine, subr, 1, args[0])?;
    let (start, end) = range(engine, subr, args, 1, text.len())?;
    let changed = f(&text[start..end]);
    if in_place {
        replace(engine, args[0], start, &changed);
        return Ok(Value::UNSPECIFIED);
    }
    text[start..end].copy_from_slice(&changed);
    Ok(new_string(engine, text))
}

fn cut(
    engine: &mut Engine,
    subr: &str,
    s: Value,
    n: Value,
    f: fn(&[char], usize) -> &[char],
) -> Result {
    let text = chars(engine, subr, 1, s)?;
    let count = index(engine, subr, 2, n)?;
    if count > text.len() {
        return engine.out_of_range(subr, 2, n);
    }
    Ok(new_string(engine, f(&text, count).iter().copied()))
}

fn pad(engine: &mut Engine, subr: &str, args: &[Value], left: bool) -> Result {
    let n = index(engine, subr, 2, args[1])?;
    let fill = match optional(args, 2) {
        Some(c) => character(engine, subr, 3, c)?,
        None => ' ',
    };
    let text = part(engine, subr, args, 0, 3)?;
    let missing = n.saturating_sub(text.len());
    let filling = std::iter::repeat_n(fill, missing);
    if left {
        let kept = text[text.len().saturating_sub(n)..].to_vec();
        Ok(new_string(engine, filling.chain(kept)))
    } else {
        let kept = text[..text.len().min(n)].to_vec();
        Ok(new_string(engine, kept.into_iter().chain(filling)))
    }
}
