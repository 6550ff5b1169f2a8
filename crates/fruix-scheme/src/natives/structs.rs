// SPDX-License-Identifier: GPL-3.0-or-later
//! Structs and vtables (Guile's manual, "Structures"). Records are built on them in Scheme
//! (`scheme/ice-9/boot/records.scm`).

use super::args::{expecting, index, optional, string, symbol, wanting};
use crate::data::structs::{
    self, FLAG_APPLICABLE, FLAG_VTABLE, VTABLE_FLAGS, VTABLE_LAYOUT, VTABLE_NAME, VTABLE_PRINTER,
    VTABLE_USER,
};
use crate::engine::Engine;
use crate::heap::Tag;
use crate::native;
use crate::native::{Exit, Native, Result};
use crate::value::Value;

/// The procedures.
pub static NATIVES: &[Native] = &[
    native!("struct?", 1, |e, v| Ok(Value::bool(e.heap.is(v, Tag::Struct)))),
    native!("struct-vtable?", 1, |e, v| Ok(Value::bool(structs::is_vtable(&e.heap, v)))),
    native!("struct-vtable", 1, |e, v| match structs::vtable(&e.heap, v) {
        Some(vtable) => Ok(vtable),
        None => {
            let message = "Wrong type argument in position 1 (expecting struct): ~S";
            wrong(e, "struct-vtable", message, &[v], v)
        }
    }),
    native!("make-struct/no-tail", 1, 0, true, |e, args| make(e, "make-struct/no-tail", args)),
    native!("make-struct/simple", 1, 0, true, |e, args| make(e, "make-struct/simple", args)),
    native!("%allocate-struct", 2, |e, vtable, n| {
        check_vtable(e, "allocate-struct", vtable)?;
        let n = index(e, "allocate-struct", 2, n)?;
        let object = e.heap.make_slots(Tag::Struct, n + 1, Value::FALSE);
        if let Some(slots) = e.heap.slots_mut(object, Tag::Struct) {
            slots[0] = vtable;
        }
        Ok(object)
    }),
    native!("struct-ref", 2, |e, v, k| {
        let at = field(e, "struct-ref", v, k)?;
        Ok(e.heap.slots(v, Tag::Struct).map_or(Value::FALSE, |slots| slots[at]))
    }),
    native!("struct-ref/unboxed", 2, |e, v, k| {
        let at = field(e, "struct-ref/unboxed", v, k)?;
        Ok(e.heap.slots(v, Tag::Struct).map_or(Value::FALSE, |slots| slots[at]))
    }),
    native!("struct-set!", 3, |e, v, k, x| {
        let at = field(e, "struct-set!", v, k)?;
        if let Some(slots) = e.heap.slots_mut(v, Tag::Struct) {
            slots[at] = x;
        }
        Ok(x)
    }),
    native!("struct-set!/unboxed", 3, |e, v, k, x| {
        let at = field(e, "struct-set!/unboxed", v, k)?;
        if let Some(slots) = e.heap.slots_mut(v, Tag::Struct) {
            slots[at] = x;
        }
        Ok(x)
    }),
    native!("%struct-length", 1, |e, v| match structs::fields_of(&e.heap, v) {
        Some(fields) => Ok(Value::fixnum(fields.len() as i64)),
        None => expecting(e, "struct-length", 1, "struct", v),
    }),
    native!("make-struct-layout", 1, |e, v| {
        let layout = string(e, "make-struct-layout", 1, v)?;
        if !layout.len().is_multiple_of(2) || !layout.is_ascii() {
            let message = "odd length field specification: ~S";
            return e.error("misc-error", "make-struct-layout", message, &[v]);
        }
        Ok(e.heap.intern(&layout))
    }),
    native!("make-vtable", 1, 1, false, |e, args| {
        let layout = layout(e, "make-vtable", args[0])?;
        let vtable = e.vtables.standard;
        let flags = vtable_flag(e, layout);
        let object = e.heap.make_slots(Tag::Struct, 1 + VTABLE_USER, Value::FALSE);
        if let Some(slots) = e.heap.slots_mut(object, Tag::Struct) {
            slots[0] = vtable;
            slots[1 + VTABLE_LAYOUT] = layout;
            slots[1 + VTABLE_FLAGS] = Value::fixnum(flags);
            slots[1 + VTABLE_PRINTER] = optional(args, 1).unwrap_or(Value::FALSE);
        }
        Ok(object)
    }),
    native!("struct-vtable-name", 1, |e, v| {
        check_vtable(e, "struct-vtable-name", v)?;
        Ok(e.heap.slots(v, Tag::Struct).map_or(Value::FALSE, |slots| slots[1 + VTABLE_NAME]))
    }),
    native!("set-struct-vtable-name!", 2, |e, v, name| {
        check_vtable(e, "set-struct-vtable-name!", v)?;
        symbol(e, "set-struct-vtable-name!", 2, name)?;
        if let Some(slots) = e.heap.slots_mut(v, Tag::Struct) {
            slots[1 + VTABLE_NAME] = name;
        }
        Ok(Value::UNSPECIFIED)
    }),
    native!("%vtable-printer", 1, |e, v| {
        check_vtable(e, "%vtable-printer", v)?;
        Ok(e.heap.slots(v, Tag::Struct).map_or(Value::FALSE, |slots| slots[1 + VTABLE_PRINTER]))
    }),
];

fn wrong<T>(engine: &mut Engine, subr: &str, text: &str, args: &[Value], v: Value) -> Result<T> {
    let heap = &mut engine.heap;
    Err(Box::new(Exit::Error {
        key: heap.intern("wrong-type-arg"),
        subr: heap.string(subr),
        message: heap.string(text),
        args: heap.list(args),
        data: heap.list(&[v]),
    }))
}

/// A vtable's layout as a symbol, from a string or a symbol.
fn layout(engine: &mut Engine, subr: &str, value: Value) -> Result {
    if engine.heap.is(value, Tag::Symbol) {
        return Ok(value);
    }
    let layout = string(engine, subr, 1, value)?;
    Ok(engine.heap.intern(&layout))
}

/// The flag that a vtable has whose instances have a vtable's fields.
fn vtable_flag(engine: &Engine, layout: Value) -> i64 {
    let layout = engine.heap.symbol_name(layout);
    let starts = layout.is_some_and(|layout| layout.starts_with(structs::STANDARD_LAYOUT));
    if starts { FLAG_VTABLE } else { 0 }
}

fn check_vtable(engine: &mut Engine, subr: &str, value: Value) -> Result<()> {
    if structs::is_vtable(&engine.heap, value) {
        return Ok(());
    }
    expecting(engine, subr, 1, "vtable", value)
}

/// A new struct. What is missing of the fields that the vtable's layout asks for is `#f`. A new vtable gets its
/// flags: it inherits whether its instances can be called.
fn make(engine: &mut Engine, subr: &str, args: &[Value]) -> Result {
    let vtable = args[0];
    check_vtable(engine, subr, vtable)?;
    let layout = engine.heap.slots(vtable, Tag::Struct).map_or(Value::FALSE, |s| s[1]);
    let layout = engine.heap.symbol_name(layout).unwrap_or_default();
    // Hidden fields take no argument.
    let open: Vec<usize> =
        (0..layout.len() / 2).filter(|i| layout.as_bytes()[2 * i + 1] != b'h').collect();
    let count = layout.len() / 2;
    let object = engine.heap.make_slots(Tag::Struct, count + 1, Value::FALSE);
    if let Some(slots) = engine.heap.slots_mut(object, Tag::Struct) {
        slots[0] = vtable;
        for (field, &value) in open.into_iter().zip(&args[1..]) {
            slots[1 + field] = value;
        }
    }
    let flags = structs::flags(&engine.heap, vtable);
    if flags & FLAG_VTABLE != 0
        && let Some(slots) = engine.heap.slots_mut(object, Tag::Struct)
    {
        let own = slots[1 + VTABLE_FLAGS].as_fixnum().unwrap_or(0);
        let inherited = (flags >> 8) & FLAG_APPLICABLE;
        slots[1 + VTABLE_FLAGS] = Value::fixnum(own | inherited);
        let layout = slots[1 + VTABLE_LAYOUT];
        let own = own | inherited | vtable_flag(engine, layout);
        if let Some(slots) = engine.heap.slots_mut(object, Tag::Struct) {
            slots[1 + VTABLE_FLAGS] = Value::fixnum(own);
        }
    }
    Ok(object)
}

/// The slot of field `k`.
fn field(engine: &mut Engine, subr: &str, value: Value, k: Value) -> Result<usize> {
    let Some(fields) = structs::fields_of(&engine.heap, value) else {
        return wanting(engine, subr, 1, "struct", value);
    };
    let count = fields.len();
    let at = index(engine, subr, 2, k)?;
    if at >= count {
        return engine.out_of_range(subr, 2, k);
    }
    Ok(at + 1)
}
