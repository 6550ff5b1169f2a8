// SPDX-License-Identifier: GPL-3.0-or-later
//! Vectors and bit vectors (R7RS section 6.8; Guile's manual, "Vectors", "Bit vectors").

use super::args::{expecting, index, list, optional, range};
use crate::data::bytes::BitVector;
use crate::engine::Engine;
use crate::heap::Tag;
use crate::native;
use crate::native::{Native, Result};
use crate::value::Value;

/// The procedures.
pub static NATIVES: &[Native] = &[
    native!("vector?", 1, |e, v| Ok(Value::bool(e.heap.is(v, Tag::Vector)))),
    native!("vector", 0, 0, true, |e, args| Ok(e.heap.vector(args))),
    native!("make-vector", 1, 1, false, |e, args| {
        let n = index(e, "make-vector", 1, args[0])?;
        if n > u32::MAX as usize {
            return e.out_of_range("make-vector", 1, args[0]);
        }
        let fill = optional(args, 1).unwrap_or(Value::UNSPECIFIED);
        Ok(e.heap.make_slots(Tag::Vector, n, fill))
    }),
    native!("vector-length", 1, |e, v| {
        let n = elements(e, "vector-length", 1, v)?.len();
        Ok(Value::fixnum(n as i64))
    }),
    native!("vector-ref", 2, |e, v, k| {
        elements(e, "vector-ref", 1, v)?;
        let at = index(e, "vector-ref", 2, k)?;
        match e.heap.slots(v, Tag::Vector).and_then(|slots| slots.get(at)) {
            Some(&element) => Ok(element),
            None => e.out_of_range("vector-ref", 2, k),
        }
    }),
    native!("vector-set!", 3, |e, v, k, x| {
        elements(e, "vector-set!", 1, v)?;
        let at = index(e, "vector-set!", 2, k)?;
        match e.heap.slots_mut(v, Tag::Vector).and_then(|slots| slots.get_mut(at)) {
            Some(slot) => *slot = x,
            None => return e.out_of_range("vector-set!", 2, k),
        }
        Ok(Value::UNSPECIFIED)
    }),
    native!("vector->list", 1, 2, false, |e, args| {
        let part = part(e, "vector->list", args, 0, 1)?;
        Ok(e.heap.list(&part))
    }),
    native!("list->vector", 1, |e, v| {
        let elements = list(e, "list->vector", 1, v)?;
        Ok(e.heap.vector(&elements))
    }),
    native!("vector-copy", 1, 2, false, |e, args| {
        let part = part(e, "vector-copy", args, 0, 1)?;
        Ok(e.heap.vector(&part))
    }),
    native!("vector-fill!", 2, 2, false, |e, args| {
        let length = elements(e, "vector-fill!", 1, args[0])?.len();
        let (start, end) = range(e, "vector-fill!", args, 2, length)?;
        if let Some(slots) = e.heap.slots_mut(args[0], Tag::Vector) {
            slots[start..end].fill(args[1]);
        }
        Ok(Value::UNSPECIFIED)
    }),
    native!("vector-append", 0, 0, true, |e, args| {
        let mut all = Vec::new();
        for (i, &arg) in args.iter().enumerate() {
            all.extend_from_slice(elements(e, "vector-append", i + 1, arg)?);
        }
        Ok(e.heap.vector(&all))
    }),
    // (vector-copy! to at from [start [end]])
    native!("vector-copy!", 3, 2, false, |e, args| {
        let source = part(e, "vector-copy!", args, 2, 3)?;
        store(e, "vector-copy!", args[0], args[1], 2, &source)
    }),
    // (vector-move-left! from start end to at)
    native!("vector-move-left!", 5, 0, false, |e, args| {
        let source = part(e, "vector-move-left!", &args[..3], 0, 1)?;
        store(e, "vector-move-left!", args[3], args[4], 5, &source)
    }),
    native!("vector-move-right!", 5, 0, false, |e, args| {
        let source = part(e, "vector-move-right!", &args[..3], 0, 1)?;
        store(e, "vector-move-right!", args[3], args[4], 5, &source)
    }),
    native!("bitvector?", 1, |e, v| Ok(Value::bool(e.heap.as_foreign::<BitVector>(v).is_some()))),
    native!("make-bitvector", 1, 1, false, |e, args| {
        let n = index(e, "make-bitvector", 1, args[0])?;
        let fill = optional(args, 1).is_some_and(Value::is_true);
        Ok(e.heap.foreign(BitVector(vec![fill; n])))
    }),
    native!("bitvector", 0, 0, true, |e, args| {
        Ok(e.heap.foreign(BitVector(args.iter().map(|v| v.is_true()).collect())))
    }),
    native!("bitvector-length", 1, |e, v| {
        Ok(Value::fixnum(bits(e, "bitvector-length", v)?.len() as i64))
    }),
    native!("bitvector-count", 1, |e, v| {
        let count = bits(e, "bitvector-count", v)?.iter().filter(|&&bit| bit).count();
        Ok(Value::fixnum(count as i64))
    }),
    native!("bitvector-bit-set?", 2, |e, v, k| Ok(Value::bool(bit(e, v, k)?))),
    native!("bitvector-ref", 2, |e, v, k| Ok(Value::bool(bit(e, v, k)?))),
    native!("bitvector-bit-clear?", 2, |e, v, k| Ok(Value::bool(!bit(e, v, k)?))),
    native!("bitvector-set-bit!", 2, |e, v, k| set_bit(e, v, k, true)),
    native!("bitvector-clear-bit!", 2, |e, v, k| set_bit(e, v, k, false)),
    native!("bitvector-set!", 3, |e, v, k, x| set_bit(e, v, k, x.is_true())),
    native!("bitvector-set-all-bits!", 1, |e, v| change(e, v, |_| true)),
    native!("bitvector-clear-all-bits!", 1, |e, v| change(e, v, |_| false)),
    native!("bitvector-flip-all-bits!", 1, |e, v| change(e, v, |bit| !bit)),
    native!("bitvector->list", 1, |e, v| {
        let bits: Vec<Value> =
            bits(e, "bitvector->list", v)?.iter().map(|&bit| Value::bool(bit)).collect();
        Ok(e.heap.list(&bits))
    }),
    native!("list->bitvector", 1, |e, v| {
        let elements = list(e, "list->bitvector", 1, v)?;
        Ok(e.heap.foreign(BitVector(elements.iter().map(|v| v.is_true()).collect())))
    }),
    native!("bitvector-position", 2, 1, false, |e, args| {
        let start = match optional(args, 2) {
            Some(start) => index(e, "bitvector-position", 3, start)?,
            None => 0,
        };
        let wanted = args[1].is_true();
        let bits = bits(e, "bitvector-position", args[0])?;
        let found = (start..bits.len()).find(|&at| bits[at] == wanted);
        Ok(found.map_or(Value::FALSE, |at| Value::fixnum(at as i64)))
    }),
];

fn elements<'a>(
    engine: &'a mut Engine,
    subr: &str,
    position: usize,
    value: Value,
) -> Result<&'a [Value]> {
    if !engine.heap.is(value, Tag::Vector) {
        return expecting(engine, subr, position, "vector", value);
    }
    Ok(engine.heap.slots(value, Tag::Vector).unwrap_or_default())
}

/// The elements of the vector at `args[at]` within the range given at `args[bounds]` and behind.
fn part(
    engine: &mut Engine,
    subr: &str,
    args: &[Value],
    at: usize,
    bounds: usize,
) -> Result<Vec<Value>> {
    let all = elements(engine, subr, at + 1, args[at])?.to_vec();
    let (start, end) = range(engine, subr, args, bounds, all.len())?;
    Ok(all[start..end].to_vec())
}

fn store(
    engine: &mut Engine,
    subr: &str,
    to: Value,
    at: Value,
    position: usize,
    source: &[Value],
) -> Result {
    let length = elements(engine, subr, position - 1, to)?.len();
    let start = index(engine, subr, position, at)?;
    if start + source.len() > length {
        return engine.out_of_range(subr, position, at);
    }
    if let Some(slots) = engine.heap.slots_mut(to, Tag::Vector) {
        slots[start..start + source.len()].copy_from_slice(source);
    }
    Ok(Value::UNSPECIFIED)
}

fn bits<'a>(engine: &'a mut Engine, subr: &str, value: Value) -> Result<&'a [bool]> {
    if engine.heap.as_foreign::<BitVector>(value).is_none() {
        return expecting(engine, subr, 1, "bitvector", value);
    }
    Ok(engine.heap.as_foreign::<BitVector>(value).map_or(&[], |bits| &bits.0))
}

fn bit(engine: &mut Engine, value: Value, k: Value) -> Result<bool> {
    let at = index(engine, "bitvector-ref", 2, k)?;
    match bits(engine, "bitvector-ref", value)?.get(at) {
        Some(&bit) => Ok(bit),
        None => engine.out_of_range("bitvector-ref", 2, k),
    }
}

fn set_bit(engine: &mut Engine, value: Value, k: Value, to: bool) -> Result {
    bit(engine, value, k)?;
    let at = index(engine, "bitvector-set!", 2, k)?;
    if let Some(bits) = engine.heap.as_foreign_mut::<BitVector>(value) {
        bits.0[at] = to;
    }
    Ok(Value::UNSPECIFIED)
}

fn change(engine: &mut Engine, value: Value, f: fn(bool) -> bool) -> Result {
    bits(engine, "bitvector-set-bits!", value)?;
    if let Some(bits) = engine.heap.as_foreign_mut::<BitVector>(value) {
        bits.0.iter_mut().for_each(|bit| *bit = f(*bit));
    }
    Ok(Value::UNSPECIFIED)
}
