// SPDX-License-Identifier: GPL-3.0-or-later
//! Arrays (Guile's manual, "Arrays"): vectors, strings, bytevectors and bit vectors are arrays of one dimension;
//! those of others, or with other bounds, are a view ([`Array`]) of one of these.

use super::args::{fixnum, list, optional, wanting};
use super::port_objects::define;
use crate::data::arrays::{Array, Dimension};
use crate::data::bytes::{BitVector, Element};
use crate::engine::Engine;
use crate::heap::Tag;
use crate::native;
use crate::native::{Native, Result};
use crate::numbers::Num;
use crate::value::Value;

/// The procedures.
pub static NATIVES: &[Native] = &[
    native!("array?", 1, 1, false, |e, args| Ok(Value::bool(
        Array::of(&e.heap, args[0]).is_some()
    ))),
    native!("typed-array?", 2, |e, v, kind| {
        let Some(array) = Array::of(&e.heap, v) else { return Ok(Value::FALSE) };
        Ok(Value::bool(type_of(e, array.root) == kind))
    }),
    native!("array-rank", 1, |e, v| {
        let array = checked(e, "array-rank", v)?;
        Ok(Value::fixnum(array.dimensions.len() as i64))
    }),
    native!("array-length", 1, |e, v| {
        let array = checked(e, "array-length", v)?;
        match array.dimensions.first() {
            Some(dimension) => Ok(Value::fixnum(dimension.length() as i64)),
            None => e.wrong_type("array-length", 1, v),
        }
    }),
    native!("array-dimensions", 1, |e, v| {
        let array = checked(e, "array-dimensions", v)?;
        let mut bounds = Vec::new();
        for dimension in &array.dimensions {
            bounds.push(if dimension.low == 0 {
                Value::fixnum(dimension.high + 1)
            } else {
                e.heap.list(&[Value::fixnum(dimension.low), Value::fixnum(dimension.high)])
            });
        }
        Ok(e.heap.list(&bounds))
    }),
    native!("array-type", 1, |e, v| {
        let root = checked(e, "array-type", v)?.root;
        Ok(type_of(e, root))
    }),
    native!("array-in-bounds?", 1, 0, true, |e, args| {
        let array = checked(e, "array-in-bounds?", args[0])?;
        let inside = |(dimension, index): (&Dimension, &Value)| {
            index.as_fixnum().is_some_and(|k| dimension.low <= k && k <= dimension.high)
        };
        let all = array.dimensions.len() + 1 == args.len()
            && array.dimensions.iter().zip(&args[1..]).all(inside);
        Ok(Value::bool(all))
    }),
    native!("array-ref", 1, 0, true, |e, args| {
        let (root, k) = position(e, args[0], &args[1..])?;
        Ok(element(e, root, k))
    }),
    native!("array-set!", 2, 0, true, |e, args| {
        let (root, k) = position(e, args[0], &args[2..])?;
        store(e, "array-set!", root, k, args[1])?;
        Ok(Value::UNSPECIFIED)
    }),
    native!("array-cell-ref", 1, 0, true, |e, args| {
        let cell = slice(e, args[0], &args[1..])?;
        if cell.dimensions.is_empty() {
            return Ok(element(e, cell.root, cell.base as usize));
        }
        Ok(e.heap.foreign(cell))
    }),
    native!("array-slice", 1, 0, true, |e, args| {
        let cell = slice(e, args[0], &args[1..])?;
        Ok(e.heap.foreign(cell))
    }),
    native!("array-cell-set!", 2, 0, true, |e, args| {
        let cell = slice(e, args[0], &args[2..])?;
        if cell.dimensions.is_empty() {
            store(e, "array-cell-set!", cell.root, cell.base as usize, args[1])?;
        } else {
            let from = checked(e, "array-cell-set!", args[1])?;
            copy(e, "array-cell-set!", &from, &cell)?;
        }
        Ok(args[0])
    }),
    native!("array-fill!", 2, |e, v, fill| {
        let array = checked(e, "array-fill!", v)?;
        for k in array.positions() {
            store(e, "array-fill!", array.root, k, fill)?;
        }
        Ok(Value::UNSPECIFIED)
    }),
    native!("array-copy!", 2, |e, from, to| {
        let from = checked(e, "array-copy!", from)?;
        let to = checked(e, "array-copy!", to)?;
        copy(e, "array-copy!", &from, &to)?;
        Ok(Value::UNSPECIFIED)
    }),
    native!("array->list", 1, |e, v| {
        let array = checked(e, "array->list", v)?;
        Ok(nested(e, &array, 0, array.base))
    }),
    native!("list->array", 2, |e, shape, elements| {
        of_list(e, "list->array", Value::TRUE, shape, elements)
    }),
    native!("list->typed-array", 3, |e, kind, shape, elements| {
        of_list(e, "list->typed-array", kind, shape, elements)
    }),
    native!("make-array", 1, 0, true, |e, args| {
        let dimensions = dimensions_of(e, "make-array", &args[1..])?;
        make(e, "make-array", Value::TRUE, args[0], dimensions)
    }),
    native!("make-typed-array", 2, 0, true, |e, args| {
        let dimensions = dimensions_of(e, "make-typed-array", &args[2..])?;
        let fill = if args[1] == Value::UNSPECIFIED && args[0] != Value::TRUE {
            Value::fixnum(0)
        } else {
            args[1]
        };
        make(e, "make-typed-array", args[0], fill, dimensions)
    }),
    // `(%array-view ARRAY OFFSET STEPS BOUND …)`: what `make-shared-array` gives once it knows how indices move.
    native!("%array-view", 3, 0, true, |e, args| {
        let root = checked(e, "make-shared-array", args[0])?.root;
        let base = fixnum(e, "make-shared-array", 2, args[1])?;
        let steps = list(e, "make-shared-array", 2, args[2])?;
        let mut dimensions = dimensions_of(e, "make-shared-array", &args[3..])?;
        for (dimension, step) in dimensions.iter_mut().zip(steps) {
            dimension.step = fixnum(e, "make-shared-array", 2, step)?;
        }
        let view = Array { root, base, dimensions };
        let size = Array::of(&e.heap, root).map_or(0, |whole| whole.size());
        if view.positions().any(|k| k >= size) {
            let message = "mapping out of range";
            return e.error("misc-error", "make-shared-array", message, &[]);
        }
        Ok(e.heap.foreign(view))
    }),
    // The position in the root of the element with these indices.
    native!("%array-position", 1, 0, true, |e, args| {
        let (_, k) = position(e, args[0], &args[1..])?;
        Ok(Value::fixnum(k as i64))
    }),
    native!("shared-array-root", 1, |e, v| Ok(checked(e, "shared-array-root", v)?.root)),
    native!("shared-array-offset", 1, |e, v| {
        Ok(Value::fixnum(checked(e, "shared-array-offset", v)?.base))
    }),
    native!("shared-array-increments", 1, |e, v| {
        let array = checked(e, "shared-array-increments", v)?;
        let steps: Vec<Value> = array.dimensions.iter().map(|d| Value::fixnum(d.step)).collect();
        Ok(e.heap.list(&steps))
    }),
    native!("transpose-array", 1, 0, true, |e, args| {
        let array = checked(e, "transpose-array", args[0])?;
        if args.len() != array.dimensions.len() + 1 {
            return e.error("misc-error", "transpose-array", "wrong number of arguments", &[]);
        }
        let mut dimensions: Vec<Option<Dimension>> = vec![None; array.dimensions.len()];
        for (i, (&to, from)) in args[1..].iter().zip(&array.dimensions).enumerate() {
            let axis = super::args::index(e, "transpose-array", i + 2, to)?;
            let Some(place) = dimensions.get_mut(axis) else {
                return e.out_of_range("transpose-array", i + 2, to);
            };
            // Two axes that become one run along the diagonal.
            *place = Some(match place.take() {
                None => from.clone(),
                Some(other) => Dimension {
                    low: other.low.max(from.low),
                    high: other.high.min(from.high),
                    step: other.step + from.step,
                },
            });
        }
        let dimensions = dimensions.into_iter().flatten().collect();
        Ok(e.heap.foreign(Array { root: array.root, base: array.base, dimensions }))
    }),
    native!("array-contents", 1, 1, false, |e, args| {
        let array = checked(e, "array-contents", args[0])?;
        if !array.is_contiguous() {
            return Ok(Value::FALSE);
        }
        let whole = Array::of(&e.heap, array.root).map_or(0, |whole| whole.size());
        if array.base == 0 && array.size() == whole {
            return Ok(array.root);
        }
        let all = Dimension { low: 0, high: array.size() as i64 - 1, step: 1 };
        Ok(e.heap.foreign(Array { root: array.root, base: array.base, dimensions: vec![all] }))
    }),
];

fn checked(engine: &mut Engine, subr: &str, value: Value) -> Result<Array> {
    match Array::of(&engine.heap, value) {
        Some(array) => Ok(array),
        None => wanting(engine, subr, 1, "array", value),
    }
}

fn type_of(engine: &mut Engine, root: Value) -> Value {
    let heap = &mut engine.heap;
    if heap.is(root, Tag::Vector) {
        return Value::TRUE;
    }
    if heap.is(root, Tag::String) {
        return heap.intern("a");
    }
    if heap.is(root, Tag::Bytevector) {
        return heap.intern(Element::from_aux(heap.aux(root)).tag());
    }
    heap.intern("b")
}

/// What is left when the first dimensions have these indices.
fn slice(engine: &mut Engine, array: Value, indices: &[Value]) -> Result<Array> {
    let mut array = checked(engine, "array-ref", array)?;
    if indices.len() > array.dimensions.len() {
        return wrong_count(engine, array.dimensions.len());
    }
    let rest = array.dimensions.split_off(indices.len());
    for (dimension, &index) in array.dimensions.iter().zip(indices) {
        let k = fixnum(engine, "array-ref", 2, index)?;
        if k < dimension.low || k > dimension.high {
            let bounds = [Value::fixnum(dimension.low), Value::fixnum(dimension.high), index];
            let heap = &mut engine.heap;
            let (args, data) = (heap.list(&bounds), heap.list(&[index]));
            return Err(Box::new(crate::native::Exit::Error {
                key: heap.intern("out-of-range"),
                subr: Value::FALSE,
                message: heap.string("Value out of range ~S to ~S: ~S"),
                args,
                data,
            }));
        }
        array.base += (k - dimension.low) * dimension.step;
    }
    array.dimensions = rest;
    Ok(array)
}

fn wrong_count<T>(engine: &mut Engine, expected: usize) -> Result<T> {
    let heap = &mut engine.heap;
    let args = heap.list(&[Value::fixnum(expected as i64)]);
    Err(Box::new(crate::native::Exit::Error {
        key: heap.intern("misc-error"),
        subr: Value::FALSE,
        message: heap.string("wrong number of indices, expecting ~A"),
        args,
        data: Value::FALSE,
    }))
}

/// Root and position of the element with these indices.
fn position(engine: &mut Engine, array: Value, indices: &[Value]) -> Result<(Value, usize)> {
    let cell = slice(engine, array, indices)?;
    if !cell.dimensions.is_empty() {
        return wrong_count(engine, cell.dimensions.len() + indices.len());
    }
    Ok((cell.root, cell.base as usize))
}

fn copy(engine: &mut Engine, subr: &str, from: &Array, to: &Array) -> Result<()> {
    let fits = from.dimensions.len() == to.dimensions.len()
        && from.dimensions.iter().zip(&to.dimensions).all(|(a, b)| a.length() <= b.length());
    if !fits {
        return engine.error("misc-error", subr, "array shape mismatch", &[]);
    }
    let mut part = to.clone();
    for (dimension, shape) in part.dimensions.iter_mut().zip(&from.dimensions) {
        dimension.high = dimension.low + shape.length() as i64 - 1;
    }
    for (k, to_k) in from.positions().zip(part.positions()) {
        let x = element(engine, from.root, k);
        store(engine, subr, to.root, to_k, x)?;
    }
    Ok(())
}

/// The elements below this dimension as lists of lists.
fn nested(engine: &mut Engine, array: &Array, axis: usize, base: i64) -> Value {
    let Some(dimension) = array.dimensions.get(axis) else {
        return element(engine, array.root, base as usize);
    };
    let places = (0..dimension.length() as i64).map(|i| base + i * dimension.step);
    let parts: Vec<Value> = places.map(|base| nested(engine, array, axis + 1, base)).collect();
    engine.heap.list(&parts)
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

/// The dimensions that bounds say: a length, or a list of the lowest and the highest index.
fn dimensions_of(engine: &mut Engine, subr: &str, bounds: &[Value]) -> Result<Vec<Dimension>> {
    let mut ranges = Vec::with_capacity(bounds.len());
    for &bound in bounds {
        let ends = engine.heap.list_to_vec(bound).unwrap_or_default();
        ranges.push(match ends[..] {
            [low, high] if low.is_fixnum() && high.is_fixnum() => {
                (fixnum(engine, subr, 2, low)?, fixnum(engine, subr, 2, high)?)
            }
            _ => (0, super::args::index(engine, subr, 2, bound)? as i64 - 1),
        });
    }
    Ok(Array::row_major(&ranges))
}

fn make(
    engine: &mut Engine,
    subr: &str,
    kind: Value,
    fill: Value,
    dimensions: Vec<Dimension>,
) -> Result {
    let size = dimensions.iter().map(Dimension::length).product();
    let root = typed(engine, subr, kind, &vec![fill; size])?;
    Ok(engine.array(root, dimensions))
}

impl Engine {
    /// The array of these dimensions over all of `root`; `root` itself where it is the same.
    pub(crate) fn array(&mut self, root: Value, dimensions: Vec<Dimension>) -> Value {
        match dimensions[..] {
            [Dimension { low: 0, step: 1, .. }] => root,
            _ => self.heap.foreign(Array { root, base: 0, dimensions }),
        }
    }
}

/// An array out of nested lists. `shape` is the rank, or a list of lowest indices and bounds.
pub(crate) fn of_list(
    engine: &mut Engine,
    subr: &str,
    kind: Value,
    shape: Value,
    elements: Value,
) -> Result {
    let shapes = match shape.as_fixnum() {
        Some(rank) => vec![Value::FALSE; rank.clamp(0, 64) as usize],
        None => list(engine, subr, 1, shape)?,
    };
    let mut ranges = Vec::new();
    let mut level = elements;
    for shape in shapes {
        let length = list(engine, subr, 2, level)?.len() as i64;
        let ends = engine.heap.list_to_vec(shape).unwrap_or_default();
        let low = ends.first().copied().unwrap_or(shape).as_fixnum().unwrap_or(0);
        let high = ends.get(1).and_then(|high| high.as_fixnum()).unwrap_or(low + length - 1);
        ranges.push((low, high));
        level = engine.heap.pair(level).map_or(Value::NULL, |(first, _)| first);
    }
    let dimensions = Array::row_major(&ranges);
    let mut flat = Vec::new();
    flatten(engine, elements, &dimensions, 0, &mut flat)?;
    let root = typed(engine, subr, kind, &flat)?;
    Ok(engine.array(root, dimensions))
}

fn flatten(
    engine: &mut Engine,
    part: Value,
    dimensions: &[Dimension],
    axis: usize,
    flat: &mut Vec<Value>,
) -> Result<()> {
    let Some(dimension) = dimensions.get(axis) else {
        flat.push(part);
        return Ok(());
    };
    let parts = engine.heap.list_to_vec(part).unwrap_or_default();
    if parts.len() != dimension.length() {
        let few = parts.len() < dimension.length();
        let message = if few {
            "too few elements for array dimension ~a, need ~a"
        } else {
            "too many elements for array dimension ~a, want ~a"
        };
        let args = [Value::fixnum(axis as i64), Value::fixnum(dimension.length() as i64)];
        let heap = &mut engine.heap;
        let args = heap.list(&args);
        return Err(Box::new(crate::native::Exit::Error {
            key: heap.intern("misc-error"),
            subr: Value::FALSE,
            message: heap.string(message),
            args,
            data: Value::FALSE,
        }));
    }
    for part in parts {
        flatten(engine, part, dimensions, axis + 1, flat)?;
    }
    Ok(())
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
