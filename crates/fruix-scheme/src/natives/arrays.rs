// SPDX-License-Identifier: GPL-3.0-or-later
//! The array view of vectors, strings, bytevectors and bit vectors (Guile's manual, "Arrays"). Arrays of other
//! ranks than one do not exist here: what would make one is an error.

use super::args::{index, list, optional, wanting};
use super::port_objects::define;
use crate::data::bytes::{BitVector, Element};
use crate::engine::Engine;
use crate::heap::Tag;
use crate::native;
use crate::native::{Native, Result};
use crate::numbers::Num;
use crate::value::Value;

/// The procedures.
pub static NATIVES: &[Native] = &[
    native!("array?", 1, 1, false, |e, args| Ok(Value::bool(length(e, args[0]).is_some()))),
    native!("typed-array?", 2, |e, v, kind| {
        let same = length(e, v).is_some() && type_of(e, v) == kind;
        Ok(Value::bool(same))
    }),
    native!("array-rank", 1, |e, v| {
        checked(e, "array-rank", v)?;
        Ok(Value::fixnum(1))
    }),
    native!("array-length", 1, |e, v| {
        let n = checked(e, "array-length", v)?;
        Ok(Value::fixnum(n as i64))
    }),
    native!("array-dimensions", 1, |e, v| {
        let n = checked(e, "array-dimensions", v)?;
        Ok(e.heap.list(&[Value::fixnum(n as i64)]))
    }),
    native!("array-type", 1, |e, v| {
        checked(e, "array-type", v)?;
        Ok(type_of(e, v))
    }),
    native!("array-in-bounds?", 1, 0, true, |e, args| {
        let n = checked(e, "array-in-bounds?", args[0])?;
        let inside =
            matches!(args[1..], [k] if k.as_fixnum().is_some_and(|k| k >= 0 && (k as usize) < n));
        Ok(Value::bool(inside))
    }),
    native!("array-ref", 1, 0, true, |e, args| {
        let k = position(e, "array-ref", args[0], &args[1..])?;
        Ok(element(e, args[0], k))
    }),
    native!("array-cell-ref", 1, 0, true, |e, args| {
        let k = position(e, "array-cell-ref", args[0], &args[1..])?;
        Ok(element(e, args[0], k))
    }),
    native!("array-set!", 2, 0, true, |e, args| {
        let k = position(e, "array-set!", args[0], &args[2..])?;
        store(e, "array-set!", args[0], k, args[1])?;
        Ok(Value::UNSPECIFIED)
    }),
    native!("array-cell-set!", 2, 0, true, |e, args| {
        let k = position(e, "array-cell-set!", args[0], &args[2..])?;
        store(e, "array-cell-set!", args[0], k, args[1])?;
        Ok(args[0])
    }),
    native!("array-fill!", 2, |e, v, fill| {
        for k in 0..checked(e, "array-fill!", v)? {
            store(e, "array-fill!", v, k, fill)?;
        }
        Ok(Value::UNSPECIFIED)
    }),
    native!("array-copy!", 2, |e, from, to| {
        let n = checked(e, "array-copy!", from)?;
        if checked(e, "array-copy!", to)? < n {
            return e.error("misc-error", "array-copy!", "array shape mismatch", &[]);
        }
        for k in 0..n {
            let x = element(e, from, k);
            store(e, "array-copy!", to, k, x)?;
        }
        Ok(Value::UNSPECIFIED)
    }),
    native!("array->list", 1, |e, v| {
        let n = checked(e, "array->list", v)?;
        let elements: Vec<Value> = (0..n).map(|k| element(e, v, k)).collect();
        Ok(e.heap.list(&elements))
    }),
    native!("list->array", 2, |e, rank, elements| {
        let elements = list(e, "list->array", 2, elements)?;
        of_rank_one(e, "list->array", rank)?;
        Ok(e.heap.vector(&elements))
    }),
    native!("list->typed-array", 3, |e, kind, rank, elements| {
        let elements = list(e, "list->typed-array", 3, elements)?;
        of_rank_one(e, "list->typed-array", rank)?;
        typed(e, "list->typed-array", kind, &elements)
    }),
    native!("make-array", 1, 0, true, |e, args| {
        let n = dimension(e, "make-array", &args[1..])?;
        Ok(e.heap.vector(&vec![args[0]; n]))
    }),
    native!("make-typed-array", 2, 0, true, |e, args| {
        let n = dimension(e, "make-typed-array", &args[2..])?;
        let fill = if args[1] == Value::UNSPECIFIED && args[0] != Value::TRUE {
            Value::fixnum(0)
        } else {
            args[1]
        };
        typed(e, "make-typed-array", args[0], &vec![fill; n])
    }),
];

/// Number of elements of what can be taken for an array.
fn length(engine: &Engine, value: Value) -> Option<usize> {
    let heap = &engine.heap;
    if let Some(slots) = heap.slots(value, Tag::Vector) {
        return Some(slots.len());
    }
    if let Some(text) = heap.as_string(value) {
        return Some(text.len());
    }
    if let Some(bytes) = heap.as_bytes(value) {
        return Some(bytes.len() / Element::from_aux(heap.aux(value)).size());
    }
    heap.as_foreign::<BitVector>(value).map(|bits| bits.0.len())
}

fn checked(engine: &mut Engine, subr: &str, value: Value) -> Result<usize> {
    match length(engine, value) {
        Some(n) => Ok(n),
        None => wanting(engine, subr, 1, "array", value),
    }
}

fn type_of(engine: &mut Engine, value: Value) -> Value {
    let heap = &mut engine.heap;
    if heap.is(value, Tag::Vector) {
        return Value::TRUE;
    }
    if heap.is(value, Tag::String) {
        return heap.intern("a");
    }
    if heap.is(value, Tag::Bytevector) {
        return heap.intern(Element::from_aux(heap.aux(value)).tag());
    }
    heap.intern("b")
}

/// The index that the only argument of `indices` is.
fn position(engine: &mut Engine, subr: &str, array: Value, indices: &[Value]) -> Result<usize> {
    let n = checked(engine, subr, array)?;
    let [k] = indices else {
        let key = "wrong-number-of-args";
        return engine.error(key, subr, "Wrong number of indices", &[]);
    };
    let at = index(engine, subr, 2, *k)?;
    if at < n { Ok(at) } else { engine.out_of_range(subr, 2, *k) }
}

fn element(engine: &mut Engine, array: Value, k: usize) -> Value {
    let heap = &mut engine.heap;
    if let Some(slots) = heap.slots(array, Tag::Vector) {
        return slots[k];
    }
    if let Some(c) = heap.as_string(array).and_then(|text| text.get(k)) {
        return Value::char(c);
    }
    let kind = Element::from_aux(heap.aux(array));
    if let Some(bytes) = heap.as_bytes(array) {
        let number = kind.get(&bytes[k * kind.size()..(k + 1) * kind.size()]);
        return number.into_value(heap);
    }
    Value::bool(heap.as_foreign::<BitVector>(array).is_some_and(|bits| bits.0[k]))
}

fn store(engine: &mut Engine, subr: &str, array: Value, k: usize, x: Value) -> Result<()> {
    if let Some(slots) = engine.heap.slots_mut(array, Tag::Vector) {
        slots[k] = x;
        return Ok(());
    }
    if engine.heap.is(array, Tag::String) {
        let c = super::args::character(engine, subr, 2, x)?;
        let text = super::args::new_string(engine, [c]);
        let at = Value::fixnum(k as i64);
        return super::strings::copy_into(engine, subr, array, at, text).map(drop);
    }
    if engine.heap.is(array, Tag::Bytevector) {
        let kind = Element::from_aux(engine.heap.aux(array));
        let number = Num::from_value(&engine.heap, x);
        let stored = match (engine.heap.as_bytes_mut(array), number) {
            (Some(bytes), Some(number)) => {
                kind.set(&mut bytes[k * kind.size()..(k + 1) * kind.size()], &number)
            }
            _ => false,
        };
        return if stored { Ok(()) } else { engine.out_of_range(subr, 2, x) };
    }
    if let Some(bits) = engine.heap.as_foreign_mut::<BitVector>(array) {
        bits.0[k] = x.is_true();
    }
    Ok(())
}

fn of_rank_one(engine: &mut Engine, subr: &str, rank: Value) -> Result<()> {
    let one =
        rank == Value::fixnum(1) || engine.heap.pair(rank).is_some_and(|(_, rest)| rest.is_null());
    if one {
        return Ok(());
    }
    engine.error("misc-error", subr, "arrays have one dimension here, not ~S", &[rank])
}

fn dimension(engine: &mut Engine, subr: &str, bounds: &[Value]) -> Result<usize> {
    match bounds {
        [n] => index(engine, subr, 2, *n),
        _ => {
            let rank = Value::fixnum(bounds.len() as i64);
            engine.error("misc-error", subr, "arrays have one dimension here, not ~S", &[rank])
        }
    }
}

fn typed(engine: &mut Engine, subr: &str, kind: Value, elements: &[Value]) -> Result {
    if kind == Value::TRUE {
        return Ok(engine.heap.vector(elements));
    }
    let tag = super::args::symbol(engine, subr, 1, kind)?;
    if tag == "b" {
        let bits = elements.iter().map(|v| v.is_true()).collect();
        return Ok(engine.heap.foreign(BitVector(bits)));
    }
    if tag == "a" {
        let mut text = Vec::new();
        for &element in elements {
            text.push(super::args::character(engine, subr, 2, element)?);
        }
        return Ok(super::args::new_string(engine, text));
    }
    match crate::data::bytes::uniform_vector(engine, &tag, elements)? {
        Some(vector) => Ok(vector),
        None => wanting(engine, subr, 1, "array type", kind),
    }
}

/// Binds what is no procedure.
pub(crate) fn install(engine: &mut Engine) {
    define(engine, "*unspecified*", Value::UNSPECIFIED);
}

/// Random numbers and small things that fit nowhere else.
pub static OTHERS: &[Native] = &[
    native!("program-arguments", 0, |e| {
        Ok(e.guile_value("%program-arguments").unwrap_or(Value::NULL))
    }),
    native!("set-program-arguments", 1, |e, arguments| {
        list(e, "set-program-arguments", 1, arguments)?;
        define(e, "%program-arguments", arguments);
        Ok(Value::UNSPECIFIED)
    }),
    native!("%random-bits", 1, |e, state| {
        // xorshift64* over an eight-byte bytevector.
        let Some(bytes) = e.heap.as_bytes_mut(state).filter(|bytes| bytes.len() == 8) else {
            return wanting(e, "random", 2, "random state", state);
        };
        let mut word = [0; 8];
        word.copy_from_slice(bytes);
        let mut x = u64::from_le_bytes(word).max(1);
        x ^= x >> 12;
        x ^= x << 25;
        x ^= x >> 27;
        bytes.copy_from_slice(&x.to_le_bytes());
        Ok(Value::fixnum((x.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32) as i64))
    }),
    native!("%clock-seed", 0, |_| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        Ok(Value::fixnum((now.unwrap_or_default().as_nanos() as i64) & 0xffff_ffff_ffff))
    }),
    native!("self-evaluating?", 1, |e, v| {
        let evaluates = !v.is_pair() && !v.is_null() && !e.heap.is(v, Tag::Symbol);
        Ok(Value::bool(evaluates))
    }),
    native!("struct-layout", 1, |e, v| match e.heap.slots(v, Tag::Struct) {
        Some(slots) => Ok(slots.get(1).copied().unwrap_or(Value::FALSE)),
        None => wanting(e, "struct-layout", 1, "struct", v),
    }),
    native!("string-utf8-length", 1, |e, v| {
        let text = super::args::string(e, "string-utf8-length", 1, v)?;
        Ok(Value::fixnum(text.len() as i64))
    }),
    native!("system-file-name-convention", 0, |e| Ok(e.heap.intern("posix"))),
    native!("string-bytes-per-char", 1, |e, v| match e.heap.as_string(v) {
        Some(crate::string::SchemeString::Wide(_)) => Ok(Value::fixnum(4)),
        _ => Ok(Value::fixnum(1)),
    }),
    native!("get-print-state", 1, |_, _| Ok(Value::FALSE)),
    native!("port-with-print-state", 1, 1, false, |_, args| {
        let _ = optional(args, 1);
        Ok(args[0])
    }),
];
