// SPDX-License-Identifier: GPL-3.0-or-later
//! Bytevectors (R6RS libraries, chapter 2; Guile's manual, "Bytevectors") and SRFI-4's uniform vectors.

use super::args::{expecting, fixnum, index, list, new_string, optional, range, string};
use super::numbers::number;
use crate::data::bytes::{Element, get_integer, set_integer, uniform_vector};
use crate::engine::Engine;
use crate::heap::Tag;
use crate::native;
use crate::native::{Native, Result};
use crate::numbers::Num;
use crate::value::Value;

/// Natives that read and write elements of one type in the machine's byte order or a given one.
macro_rules! elements {
    ($ref:literal, $set:literal, $native_ref:literal, $native_set:literal, $element:expr) => {
        [
            native!($ref, 3, |e, b, k, order| get(e, $ref, b, k, $element, Some(order))),
            native!($set, 4, 0, false, |e, a| {
                set(e, $set, a[0], a[1], a[2], $element, Some(a[3]))
            }),
            native!($native_ref, 2, |e, b, k| get(e, $native_ref, b, k, $element, None)),
            native!($native_set, 3, |e, b, k, x| set(e, $native_set, b, k, x, $element, None)),
        ]
    };
}

/// Procedures on 16-bit elements, unsigned.
pub static U16: &[Native] = &elements!(
    "bytevector-u16-ref",
    "bytevector-u16-set!",
    "bytevector-u16-native-ref",
    "bytevector-u16-native-set!",
    Element::U16
);
/// Procedures on 16-bit elements, signed.
pub static S16: &[Native] = &elements!(
    "bytevector-s16-ref",
    "bytevector-s16-set!",
    "bytevector-s16-native-ref",
    "bytevector-s16-native-set!",
    Element::S16
);
/// Procedures on 32-bit elements, unsigned.
pub static U32: &[Native] = &elements!(
    "bytevector-u32-ref",
    "bytevector-u32-set!",
    "bytevector-u32-native-ref",
    "bytevector-u32-native-set!",
    Element::U32
);
/// Procedures on 32-bit elements, signed.
pub static S32: &[Native] = &elements!(
    "bytevector-s32-ref",
    "bytevector-s32-set!",
    "bytevector-s32-native-ref",
    "bytevector-s32-native-set!",
    Element::S32
);
/// Procedures on 64-bit elements, unsigned.
pub static U64: &[Native] = &elements!(
    "bytevector-u64-ref",
    "bytevector-u64-set!",
    "bytevector-u64-native-ref",
    "bytevector-u64-native-set!",
    Element::U64
);
/// Procedures on 64-bit elements, signed.
pub static S64: &[Native] = &elements!(
    "bytevector-s64-ref",
    "bytevector-s64-set!",
    "bytevector-s64-native-ref",
    "bytevector-s64-native-set!",
    Element::S64
);
/// Procedures on single floats.
pub static F32: &[Native] = &elements!(
    "bytevector-ieee-single-ref",
    "bytevector-ieee-single-set!",
    "bytevector-ieee-single-native-ref",
    "bytevector-ieee-single-native-set!",
    Element::F32
);
/// Procedures on doubles.
pub static F64: &[Native] = &elements!(
    "bytevector-ieee-double-ref",
    "bytevector-ieee-double-set!",
    "bytevector-ieee-double-native-ref",
    "bytevector-ieee-double-native-set!",
    Element::F64
);

/// The other procedures.
pub static NATIVES: &[Native] = &[
    native!("bytevector?", 1, |e, v| Ok(Value::bool(e.heap.is(v, Tag::Bytevector)))),
    native!("make-bytevector", 1, 1, false, |e, args| {
        let n = index(e, "make-bytevector", 1, args[0])?;
        let fill = match optional(args, 1) {
            Some(value) => byte(e, "make-bytevector", 2, value)?,
            None => 0,
        };
        Ok(e.heap.bytevector(vec![fill; n]))
    }),
    native!("bytevector", 0, 0, true, |e, args| {
        let mut bytes = Vec::with_capacity(args.len());
        for (i, &arg) in args.iter().enumerate() {
            bytes.push(byte(e, "bytevector", i + 1, arg)?);
        }
        Ok(e.heap.bytevector(bytes))
    }),
    native!("bytevector-length", 1, |e, v| {
        let length = bytes(e, "bytevector-length", 1, v)?.len();
        Ok(Value::fixnum(length as i64))
    }),
    native!("bytevector=?", 2, |e, a, b| {
        let first = bytes(e, "bytevector=?", 1, a)?.to_vec();
        Ok(Value::bool(bytes(e, "bytevector=?", 2, b)? == first))
    }),
    native!("bytevector-fill!", 2, 2, false, |e, args| {
        let length = bytes(e, "bytevector-fill!", 1, args[0])?.len();
        let fill = byte(e, "bytevector-fill!", 2, args[1])?;
        let (start, end) = range(e, "bytevector-fill!", args, 2, length)?;
        if let Some(bytes) = e.heap.as_bytes_mut(args[0]) {
            bytes[start..end].fill(fill);
        }
        Ok(Value::UNSPECIFIED)
    }),
    native!("bytevector-copy", 1, 2, false, |e, args| {
        let all = bytes(e, "bytevector-copy", 1, args[0])?.to_vec();
        let (start, end) = range(e, "bytevector-copy", args, 1, all.len())?;
        Ok(e.heap.bytevector(all[start..end].to_vec()))
    }),
    // A slice shares its bytes in Guile; nothing that is loaded relies on that.
    native!("bytevector-slice", 2, 1, false, |e, args| {
        let all = bytes(e, "bytevector-slice", 1, args[0])?.to_vec();
        let start = index(e, "bytevector-slice", 2, args[1])?;
        let size = match optional(args, 2) {
            Some(size) => index(e, "bytevector-slice", 3, size)?,
            None => all.len().saturating_sub(start),
        };
        match all.get(start..start + size) {
            Some(slice) => Ok(e.heap.bytevector(slice.to_vec())),
            None => e.out_of_range("bytevector-slice", 2, args[1]),
        }
    }),
    // (bytevector-copy! from start to at n)
    native!("bytevector-copy!", 5, 0, false, |e, args| {
        let subr = "bytevector-copy!";
        let source = bytes(e, subr, 1, args[0])?.to_vec();
        let start = index(e, subr, 2, args[1])?;
        let target = bytes(e, subr, 3, args[2])?.len();
        let at = index(e, subr, 4, args[3])?;
        let n = index(e, subr, 5, args[4])?;
        if start + n > source.len() {
            return e.out_of_range(subr, 2, args[1]);
        }
        if at + n > target {
            return e.out_of_range(subr, 4, args[3]);
        }
        if let Some(bytes) = e.heap.as_bytes_mut(args[2]) {
            bytes[at..at + n].copy_from_slice(&source[start..start + n]);
        }
        Ok(Value::UNSPECIFIED)
    }),
    native!("bytevector-append", 0, 0, true, |e, args| {
        let mut all = Vec::new();
        for (i, &arg) in args.iter().enumerate() {
            all.extend_from_slice(bytes(e, "bytevector-append", i + 1, arg)?);
        }
        Ok(e.heap.bytevector(all))
    }),
    native!("bytevector-u8-ref", 2, |e, b, k| {
        get(e, "bytevector-u8-ref", b, k, Element::U8, None)
    }),
    native!("bytevector-u8-set!", 3, |e, b, k, x| {
        set(e, "bytevector-u8-set!", b, k, x, Element::U8, None)
    }),
    native!("bytevector-s8-ref", 2, |e, b, k| {
        get(e, "bytevector-s8-ref", b, k, Element::S8, None)
    }),
    native!("bytevector-s8-set!", 3, |e, b, k, x| {
        set(e, "bytevector-s8-set!", b, k, x, Element::S8, None)
    }),
    native!("bytevector-uint-ref", 4, 0, false, |e, a| sized(e, "bytevector-uint-ref", a, false)),
    native!("bytevector-sint-ref", 4, 0, false, |e, a| sized(e, "bytevector-sint-ref", a, true)),
    native!("bytevector-uint-set!", 5, 0, false, |e, a| {
        set_sized(e, "bytevector-uint-set!", a, false)
    }),
    native!("bytevector-sint-set!", 5, 0, false, |e, a| {
        set_sized(e, "bytevector-sint-set!", a, true)
    }),
    native!("bytevector->u8-list", 1, |e, b| {
        let numbers: Vec<Value> = bytes(e, "bytevector->u8-list", 1, b)?
            .iter()
            .map(|&byte| Value::fixnum(byte.into()))
            .collect();
        Ok(e.heap.list(&numbers))
    }),
    native!("u8-list->bytevector", 1, |e, v| {
        let mut all = Vec::new();
        for element in list(e, "u8-list->bytevector", 1, v)? {
            all.push(byte(e, "u8-list->bytevector", 1, element)?);
        }
        Ok(e.heap.bytevector(all))
    }),
    native!("bytevector->uint-list", 3, |e, b, order, size| {
        to_list(e, "bytevector->uint-list", b, order, size, false)
    }),
    native!("bytevector->sint-list", 3, |e, b, order, size| {
        to_list(e, "bytevector->sint-list", b, order, size, true)
    }),
    native!("uint-list->bytevector", 3, |e, v, order, size| {
        from_list(e, "uint-list->bytevector", v, order, size, false)
    }),
    native!("sint-list->bytevector", 3, |e, v, order, size| {
        from_list(e, "sint-list->bytevector", v, order, size, true)
    }),
    native!("native-endianness", 0, |e| {
        Ok(e.heap.intern(if cfg!(target_endian = "little") { "little" } else { "big" }))
    }),
    native!("string->utf8", 1, 2, false, |e, args| {
        let text = super::strings::part(e, "string->utf8", args, 0, 1)?;
        let text: String = text.into_iter().collect();
        Ok(e.heap.bytevector(text.into_bytes()))
    }),
    native!("utf8->string", 1, 2, false, |e, args| {
        let all = bytes(e, "utf8->string", 1, args[0])?.to_vec();
        let (start, end) = range(e, "utf8->string", args, 1, all.len())?;
        match std::str::from_utf8(&all[start..end]) {
            Ok(text) => Ok(e.heap.string(text)),
            Err(_) => e.error(
                "decoding-error",
                "utf8->string",
                "input locale conversion error",
                &[args[0]],
            ),
        }
    }),
    native!("utf8-length", 1, |e, s| {
        Ok(Value::fixnum(string(e, "utf8-length", 1, s)?.len() as i64))
    }),
    native!("string->utf16", 1, 1, false, |e, args| {
        let text = string(e, "string->utf16", 1, args[0])?;
        let little = is_little(e, "string->utf16", 2, optional(args, 1), false)?;
        let units = text.encode_utf16();
        let all = units.flat_map(|u| if little { u.to_le_bytes() } else { u.to_be_bytes() });
        let all = all.collect();
        Ok(e.heap.bytevector(all))
    }),
    native!("string->utf32", 1, 1, false, |e, args| {
        let text = string(e, "string->utf32", 1, args[0])?;
        let little = is_little(e, "string->utf32", 2, optional(args, 1), false)?;
        let codes = text.chars().map(|c| c as u32);
        let all = codes.flat_map(|u| if little { u.to_le_bytes() } else { u.to_be_bytes() });
        let all = all.collect();
        Ok(e.heap.bytevector(all))
    }),
    native!("utf16->string", 1, 1, false, |e, args| {
        let all = bytes(e, "utf16->string", 1, args[0])?.to_vec();
        let little = is_little(e, "utf16->string", 2, optional(args, 1), false)?;
        let units = all.chunks_exact(2).map(|pair| {
            let pair = [pair[0], pair[1]];
            if little { u16::from_le_bytes(pair) } else { u16::from_be_bytes(pair) }
        });
        let text: Vec<char> =
            char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
        Ok(new_string(e, text))
    }),
    native!("utf32->string", 1, 1, false, |e, args| {
        let all = bytes(e, "utf32->string", 1, args[0])?.to_vec();
        let little = is_little(e, "utf32->string", 2, optional(args, 1), false)?;
        let codes = all.chunks_exact(4).map(|quad| {
            let quad = [quad[0], quad[1], quad[2], quad[3]];
            if little { u32::from_le_bytes(quad) } else { u32::from_be_bytes(quad) }
        });
        let text: Vec<char> =
            codes.map(|c| char::from_u32(c).unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
        Ok(new_string(e, text))
    }),
    // SRFI-4 in general form: (%make-uniform tag length fill), (%uniform tag list), …
    native!("%list->uniform", 2, |e, tag, v| {
        let tag = super::args::symbol(e, "list->uniform-vector", 1, tag)?;
        let elements = list(e, "list->uniform-vector", 2, v)?;
        Ok(uniform_vector(e, &tag, &elements)?.unwrap_or(Value::FALSE))
    }),
    native!("%uniform?", 2, |e, tag, v| {
        let tag = super::args::symbol(e, "uniform-vector?", 1, tag)?;
        let element = Element::from_aux(e.heap.aux(v));
        Ok(Value::bool(e.heap.is(v, Tag::Bytevector) && element.tag() == tag))
    }),
    native!("%uniform-tag", 1, |e, v| {
        bytes(e, "array-type", 1, v)?;
        let tag = Element::from_aux(e.heap.aux(v)).tag();
        Ok(e.heap.intern(tag))
    }),
    native!("%uniform-length", 1, |e, v| {
        let size = Element::from_aux(e.heap.aux(v)).size();
        let length = bytes(e, "uniform-vector-length", 1, v)?.len() / size;
        Ok(Value::fixnum(length as i64))
    }),
    native!("%uniform-ref", 2, |e, v, k| {
        let element = Element::from_aux(e.heap.aux(v));
        let at = index(e, "uniform-vector-ref", 2, k)? * element.size();
        let at = Value::fixnum(at as i64);
        get(e, "uniform-vector-ref", v, at, element, None)
    }),
    native!("%uniform-set!", 3, |e, v, k, x| {
        let element = Element::from_aux(e.heap.aux(v));
        let at = index(e, "uniform-vector-set!", 2, k)? * element.size();
        let at = Value::fixnum(at as i64);
        set(e, "uniform-vector-set!", v, at, x, element, None)
    }),
];

/// The bytes of a bytevector argument.
pub fn bytes<'a>(
    engine: &'a mut Engine,
    subr: &str,
    position: usize,
    value: Value,
) -> Result<&'a [u8]> {
    if !engine.heap.is(value, Tag::Bytevector) {
        return expecting(engine, subr, position, "bytevector", value);
    }
    Ok(engine.heap.as_bytes(value).map_or(&[], |b| b))
}

fn byte(engine: &mut Engine, subr: &str, position: usize, value: Value) -> Result<u8> {
    match fixnum(engine, subr, position, value)? {
        n @ -128..=255 => Ok(n as u8),
        _ => engine.out_of_range(subr, position, value),
    }
}

/// Whether an endianness argument, a symbol, says little; `default` if it is not given.
fn is_little(
    engine: &mut Engine,
    subr: &str,
    position: usize,
    order: Option<Value>,
    default: bool,
) -> Result<bool> {
    let Some(order) = order else { return Ok(default) };
    match engine.heap.symbol_name(order) {
        Some("little") => Ok(true),
        Some("big") => Ok(false),
        _ => engine.wrong_type(subr, position, order),
    }
}

/// The range of bytes of the element at byte `k`.
fn cell(
    engine: &mut Engine,
    subr: &str,
    bytevector: Value,
    k: Value,
    size: usize,
) -> Result<std::ops::Range<usize>> {
    let length = bytes(engine, subr, 1, bytevector)?.len();
    let at = index(engine, subr, 2, k)?;
    if size > length || at > length - size {
        return engine.out_of_range(subr, 2, k);
    }
    Ok(at..at + size)
}

fn get(
    engine: &mut Engine,
    subr: &str,
    bytevector: Value,
    k: Value,
    element: Element,
    order: Option<Value>,
) -> Result {
    let cell = cell(engine, subr, bytevector, k, element.size())?;
    let little = is_little(engine, subr, 3, order, cfg!(target_endian = "little"))?;
    let mut raw = engine.heap.as_bytes(bytevector).map_or(vec![], |b| b[cell].to_vec());
    if little != cfg!(target_endian = "little") {
        raw.reverse();
    }
    Ok(element.get(&raw).into_value(&mut engine.heap))
}

fn set(
    engine: &mut Engine,
    subr: &str,
    bytevector: Value,
    k: Value,
    x: Value,
    element: Element,
    order: Option<Value>,
) -> Result {
    let cell = cell(engine, subr, bytevector, k, element.size())?;
    let little = is_little(engine, subr, 4, order, cfg!(target_endian = "little"))?;
    let n = number(engine, subr, 3, x)?;
    let mut raw = vec![0; element.size()];
    if !element.set(&mut raw, &n) {
        return engine.out_of_range(subr, 3, x);
    }
    if little != cfg!(target_endian = "little") {
        raw.reverse();
    }
    if let Some(bytes) = engine.heap.as_bytes_mut(bytevector) {
        bytes[cell].copy_from_slice(&raw);
    }
    Ok(Value::UNSPECIFIED)
}

/// (bytevector-uint-ref bv k endianness size)
fn sized(engine: &mut Engine, subr: &str, args: &[Value], signed: bool) -> Result {
    let size = index(engine, subr, 4, args[3])?;
    let cell = cell(engine, subr, args[0], args[1], size)?;
    let little = is_little(engine, subr, 3, Some(args[2]), true)?;
    let n = match engine.heap.as_bytes(args[0]) {
        Some(bytes) => get_integer(&bytes[cell], signed, little),
        None => Num::Fix(0),
    };
    Ok(n.into_value(&mut engine.heap))
}

/// (bytevector-uint-set! bv k n endianness size)
fn set_sized(engine: &mut Engine, subr: &str, args: &[Value], signed: bool) -> Result {
    let size = index(engine, subr, 5, args[4])?;
    let cell = cell(engine, subr, args[0], args[1], size)?;
    let little = is_little(engine, subr, 4, Some(args[3]), true)?;
    let n = number(engine, subr, 3, args[2])?;
    let mut raw = vec![0; size];
    if !set_integer(&mut raw, &n, signed, little) {
        return engine.out_of_range(subr, 3, args[2]);
    }
    if let Some(bytes) = engine.heap.as_bytes_mut(args[0]) {
        bytes[cell].copy_from_slice(&raw);
    }
    Ok(Value::UNSPECIFIED)
}

fn to_list(
    engine: &mut Engine,
    subr: &str,
    bytevector: Value,
    order: Value,
    size: Value,
    signed: bool,
) -> Result {
    let little = is_little(engine, subr, 2, Some(order), true)?;
    let width = index(engine, subr, 3, size)?.max(1);
    let all = bytes(engine, subr, 1, bytevector)?.to_vec();
    let numbers: Vec<Value> = all
        .chunks_exact(width)
        .map(|cell| get_integer(cell, signed, little).into_value(&mut engine.heap))
        .collect();
    Ok(engine.heap.list(&numbers))
}

fn from_list(
    engine: &mut Engine,
    subr: &str,
    numbers: Value,
    order: Value,
    size: Value,
    signed: bool,
) -> Result {
    let little = is_little(engine, subr, 2, Some(order), true)?;
    let width = index(engine, subr, 3, size)?.max(1);
    let numbers = list(engine, subr, 1, numbers)?;
    let mut all = vec![0; numbers.len() * width];
    for (cell, &value) in all.chunks_exact_mut(width).zip(&numbers) {
        let n = number(engine, subr, 1, value)?;
        if !set_integer(cell, &n, signed, little) {
            return engine.out_of_range(subr, 1, value);
        }
    }
    Ok(engine.heap.bytevector(all))
}
