// SPDX-License-Identifier: GPL-3.0-or-later
//! Natives of library modules: weak vectors, text in other encodings, comparison by locale, and the types and
//! pointers of `(system foreign)`. A pointer is a place in a bytevector; foreign procedures are not there.

use super::args::{expecting, index, list, optional, string, symbol, wanting};
use crate::engine::Engine;
use crate::heap::{Foreign, Tracer};
use crate::native;
use crate::native::{Native, Result};
use crate::ports::encoding::{decode, encode};
use crate::value::Value;

/// Procedures of `(fruix native)`.
pub static LIBRARY: &[Native] = &[
    native!("make-weak-vector", 1, 1, false, |e, args| {
        let n = index(e, "make-weak-vector", 1, args[0])?;
        let fill = optional(args, 1).unwrap_or(Value::UNSPECIFIED);
        Ok(e.heap.foreign(WeakVector(vec![fill; n])))
    }),
    native!("weak-vector", 0, 0, true, |e, args| Ok(e.heap.foreign(WeakVector(args.to_vec())))),
    native!("list->weak-vector", 1, |e, v| {
        let elements = list(e, "list->weak-vector", 1, v)?;
        Ok(e.heap.foreign(WeakVector(elements)))
    }),
    native!("weak-vector?", 1, |e, v| {
        Ok(Value::bool(e.heap.as_foreign::<WeakVector>(v).is_some()))
    }),
    native!("weak-vector-length", 1, |e, v| match e.heap.as_foreign::<WeakVector>(v) {
        Some(vector) => Ok(Value::fixnum(vector.0.len() as i64)),
        None => wanting(e, "weak-vector-length", 1, "weak vector", v),
    }),
    native!("weak-vector-ref", 2, |e, v, k| {
        let at = index(e, "weak-vector-ref", 2, k)?;
        match e.heap.as_foreign::<WeakVector>(v).map(|vector| vector.0.get(at).copied()) {
            Some(Some(value)) => Ok(value),
            Some(None) => e.out_of_range("weak-vector-ref", 2, k),
            None => wanting(e, "weak-vector-ref", 1, "weak vector", v),
        }
    }),
    native!("weak-vector-set!", 3, |e, v, k, x| {
        let at = index(e, "weak-vector-set!", 2, k)?;
        match e.heap.as_foreign_mut::<WeakVector>(v).map(|vector| vector.0.get_mut(at)) {
            Some(Some(slot)) => {
                *slot = x;
                Ok(Value::UNSPECIFIED)
            }
            Some(None) => e.out_of_range("weak-vector-set!", 2, k),
            None => wanting(e, "weak-vector-set!", 1, "weak vector", v),
        }
    }),
    native!("%string->encoding", 3, |e, text, name, strategy| {
        let text = string(e, "string->bytevector", 1, text)?;
        let name = string(e, "string->bytevector", 2, name)?;
        let strategy = symbol(e, "string->bytevector", 3, strategy)?;
        let conversion = super::port_objects::conversion(&strategy);
        match encode(&text, &name, conversion.unwrap_or(crate::ports::Conversion::Error)) {
            Ok(bytes) => Ok(e.heap.bytevector(bytes)),
            Err(c) => {
                let message = "cannot convert to output locale";
                e.error("encoding-error", "string->bytevector", message, &[Value::char(c)])
            }
        }
    }),
    native!("%encoding->string", 3, |e, bytes, name, strategy| {
        let data = super::bytevectors::bytes(e, "bytevector->string", 1, bytes)?.to_vec();
        let name = string(e, "bytevector->string", 2, name)?;
        let strategy = symbol(e, "bytevector->string", 3, strategy)?;
        let conversion = super::port_objects::conversion(&strategy);
        match decode(&data, &name, conversion.unwrap_or(crate::ports::Conversion::Error)) {
            Ok(text) => Ok(e.heap.string(&text)),
            Err(_) => {
                let message = "input locale conversion error";
                e.error("decoding-error", "bytevector->string", message, &[bytes])
            }
        }
    }),
    native!("string-locale<?", 2, |e, a, b| compare(e, "string-locale<?", a, b, false, |o| o
        .is_lt())),
    native!("string-locale>?", 2, |e, a, b| compare(e, "string-locale>?", a, b, false, |o| o
        .is_gt())),
    native!("string-locale-ci<?", 2, |e, a, b| {
        compare(e, "string-locale-ci<?", a, b, true, |o| o.is_lt())
    }),
    native!("string-locale-ci>?", 2, |e, a, b| {
        compare(e, "string-locale-ci>?", a, b, true, |o| o.is_gt())
    }),
    native!("string-locale-ci=?", 2, |e, a, b| {
        compare(e, "string-locale-ci=?", a, b, true, |o| o.is_eq())
    }),
    native!("uniform-array->bytevector", 1, |e, v| {
        let bytes = super::bytevectors::bytes(e, "uniform-array->bytevector", 1, v)?.to_vec();
        Ok(e.heap.bytevector(bytes))
    }),
    native!("sizeof", 1, |e, kind| {
        let (size, _) = layout(e, "sizeof", kind)?;
        Ok(Value::fixnum(size as i64))
    }),
    native!("alignof", 1, |e, kind| {
        let (_, alignment) = layout(e, "alignof", kind)?;
        Ok(Value::fixnum(alignment as i64))
    }),
    native!("make-pointer", 1, 1, false, |e, args| {
        let address = index(e, "make-pointer", 1, args[0])?;
        Ok(e.heap.foreign(Pointer { base: Value::FALSE, offset: address }))
    }),
    native!("pointer?", 1, |e, v| Ok(Value::bool(e.heap.as_foreign::<Pointer>(v).is_some()))),
    native!("pointer-address", 1, |e, v| match e.heap.as_foreign::<Pointer>(v) {
        Some(pointer) => Ok(Value::fixnum((pointer.base_address() + pointer.offset) as i64)),
        None => expecting(e, "pointer-address", 1, "pointer", v),
    }),
    native!("bytevector->pointer", 1, 1, false, |e, args| {
        super::bytevectors::bytes(e, "bytevector->pointer", 1, args[0])?;
        let offset = match optional(args, 1) {
            Some(offset) => index(e, "bytevector->pointer", 2, offset)?,
            None => 0,
        };
        Ok(e.heap.foreign(Pointer { base: args[0], offset }))
    }),
    native!("pointer->bytevector", 2, 2, false, |e, args| {
        let count = index(e, "pointer->bytevector", 2, args[1])?;
        let skip = match optional(args, 2) {
            Some(skip) => index(e, "pointer->bytevector", 3, skip)?,
            None => 0,
        };
        let bytes = pointed(e, "pointer->bytevector", args[0])?;
        match bytes.get(skip..skip.saturating_add(count)).map(<[u8]>::to_vec) {
            Some(bytes) => Ok(e.heap.bytevector(bytes)),
            None => e.out_of_range("pointer->bytevector", 2, args[1]),
        }
    }),
    native!("string->pointer", 1, 1, false, |e, args| {
        let mut bytes = string(e, "string->pointer", 1, args[0])?.into_bytes();
        bytes.push(0);
        let base = e.heap.bytevector(bytes);
        Ok(e.heap.foreign(Pointer { base, offset: 0 }))
    }),
    native!("pointer->string", 1, 2, false, |e, args| {
        let bytes = pointed(e, "pointer->string", args[0])?;
        let limit = optional(args, 1).and_then(Value::as_fixnum).filter(|&n| n >= 0);
        let bytes = match limit {
            Some(n) => bytes.get(..n as usize).unwrap_or(&bytes),
            None => bytes.split(|&b| b == 0).next().unwrap_or_default(),
        };
        let text = String::from_utf8_lossy(bytes).into_owned();
        Ok(e.heap.string(&text))
    }),
    native!("scm->pointer", 1, |e, v| Ok(e.heap.foreign(Pointer { base: v, offset: 0 }))),
    native!("pointer->scm", 1, |e, v| match e.heap.as_foreign::<Pointer>(v) {
        Some(pointer) => Ok(pointer.base),
        None => expecting(e, "pointer->scm", 1, "pointer", v),
    }),
    native!("dereference-pointer", 1, |e, _| missing(e, "dereference-pointer")),
    native!("pointer->procedure", 3, 0, true, |e, args| {
        // What `dynamic-func` finds is a native in a pointer's clothes.
        match e.heap.as_foreign::<Pointer>(args[1]).map(|pointer| pointer.base) {
            Some(base) if e.heap.as_native(base).is_some() => Ok(base),
            _ => missing(e, "pointer->procedure"),
        }
    }),
    native!("procedure->pointer", 3, 0, true, |e, _| missing(e, "procedure->pointer")),
    native!("set-pointer-finalizer!", 2, |_, _, _| Ok(Value::UNSPECIFIED)),
];

/// `(system foreign)`'s types: name, number, size.
const TYPES: &[(&str, i64, usize)] = &[
    ("void", 0, 0),
    ("float", 1, 4),
    ("double", 2, 8),
    ("complex-float", 3, 8),
    ("complex-double", 4, 16),
    ("uint8", 5, 1),
    ("int8", 6, 1),
    ("uint16", 7, 2),
    ("int16", 8, 2),
    ("uint32", 9, 4),
    ("int32", 10, 4),
    ("uint64", 11, 8),
    ("int64", 12, 8),
    ("unsigned-short", 7, 2),
    ("short", 8, 2),
    ("unsigned-int", 9, 4),
    ("int", 10, 4),
    ("unsigned-long", 11, 8),
    ("long", 12, 8),
    ("size_t", 11, 8),
    ("ssize_t", 12, 8),
    ("ptrdiff_t", 12, 8),
    ("uintptr_t", 11, 8),
    ("intptr_t", 12, 8),
];

/// Binds the types in `(fruix native)`.
pub(crate) fn install(engine: &mut Engine) -> Result<()> {
    let parts = [engine.heap.intern("fruix"), engine.heap.intern("native")];
    let name = engine.heap.list(&parts);
    let module = engine.resolve_module(name, false, true)?;
    for &(name, number, _) in TYPES {
        let name = engine.heap.intern(name);
        engine.module_define(module, name, Value::fixnum(number));
    }
    Ok(())
}

/// Size and alignment of a type: a number, `*`, or the list of a structure's types.
fn layout(engine: &mut Engine, subr: &str, kind: Value) -> Result<(usize, usize)> {
    if let Some(n) = kind.as_fixnum() {
        return match TYPES.iter().find(|&&(_, number, _)| number == n) {
            // The alignment of a complex number is its parts'.
            Some(&(_, 3 | 4, size)) => Ok((size, size / 2)),
            Some(&(_, _, size)) => Ok((size, size.max(1))),
            None => engine.wrong_type(subr, 1, kind),
        };
    }
    if engine.heap.symbol_name(kind) == Some("*") {
        return Ok((8, 8));
    }
    if !kind.is_pair() {
        return engine.wrong_type(subr, 1, kind);
    }
    let (mut size, mut alignment) = (0usize, 1usize);
    for part in list(engine, subr, 1, kind)? {
        let (part_size, part_alignment) = layout(engine, subr, part)?;
        size = size.next_multiple_of(part_alignment) + part_size;
        alignment = alignment.max(part_alignment);
    }
    Ok((size.next_multiple_of(alignment), alignment))
}

fn missing(engine: &mut Engine, subr: &str) -> Result {
    let error = std::io::Error::from_raw_os_error(libc::ENOSYS);
    crate::ports::io::system_error(engine, subr, &error, None)
}

fn compare(
    engine: &mut Engine,
    subr: &str,
    a: Value,
    b: Value,
    fold: bool,
    test: fn(std::cmp::Ordering) -> bool,
) -> Result {
    let (mut a, mut b) = (string(engine, subr, 1, a)?, string(engine, subr, 2, b)?);
    if fold {
        (a, b) = (a.to_lowercase(), b.to_lowercase());
    }
    Ok(Value::bool(test(a.cmp(&b))))
}

/// The bytes from a pointer up to the first zero.
pub(super) fn c_string(engine: &mut Engine, subr: &str, value: Value) -> Result<Vec<u8>> {
    let mut bytes = pointed(engine, subr, value)?;
    if let Some(end) = bytes.iter().position(|&b| b == 0) {
        bytes.truncate(end);
    }
    Ok(bytes)
}

/// The bytes from a pointer on.
fn pointed(engine: &mut Engine, subr: &str, value: Value) -> Result<Vec<u8>> {
    let Some(pointer) = engine.heap.as_foreign::<Pointer>(value) else {
        return expecting(engine, subr, 1, "pointer", value);
    };
    let bytes = engine.heap.as_bytes(pointer.base).and_then(|bytes| bytes.get(pointer.offset..));
    match bytes.map(<[u8]>::to_vec) {
        Some(bytes) => Ok(bytes),
        None => engine.error("null-pointer-error", subr, "null pointer dereference", &[]),
    }
}

struct Pointer {
    /// A bytevector, or what `scm->pointer` got; `#f` for a plain address.
    base: Value,
    offset: usize,
}

impl Pointer {
    fn base_address(&self) -> usize {
        if self.base.is_object() { self.base.bits() as usize } else { 0 }
    }
}

impl Foreign for Pointer {
    fn type_name(&self) -> &'static str {
        "pointer"
    }
    fn trace(&self, tracer: &mut Tracer) {
        tracer.visit(self.base);
    }
    fn describe(&self, _: &Engine, _: Value) -> Option<String> {
        Some(format!("#<pointer 0x{:x}>", self.base_address() + self.offset))
    }
}

struct WeakVector(Vec<Value>);

impl Foreign for WeakVector {
    fn type_name(&self) -> &'static str {
        "weak-vector"
    }
    fn trace(&self, _: &mut Tracer) {}
    fn is_weak(&self) -> bool {
        true
    }
    fn forget_dead(&mut self, is_live: &dyn Fn(Value) -> bool) {
        for slot in &mut self.0 {
            if !is_live(*slot) {
                *slot = Value::FALSE;
            }
        }
    }
}
