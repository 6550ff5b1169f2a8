// SPDX-License-Identifier: GPL-3.0-or-later
//! Structs, vtables and records, laid out as Guile lays them out (its manual, "Structures").
//!
//! A struct's first slot is its vtable, which is a struct itself, with these fields: layout, flags,
//! finalizer, printer, name, size, two reserved ones, and from [`VTABLE_USER`] on whatever its own vtable
//! adds. A record type is a vtable whose user fields are those of [`record`].

use crate::engine::Engine;
use crate::heap::{Heap, Tag};
use crate::value::Value;

/// Field of a vtable: the layout, a symbol with two letters for each field.
pub const VTABLE_LAYOUT: usize = 0;
/// Field of a vtable: flags, a fixnum.
pub const VTABLE_FLAGS: usize = 1;
/// Field of a vtable: the printer procedure or `#f`.
pub const VTABLE_PRINTER: usize = 3;
/// Field of a vtable: its name.
pub const VTABLE_NAME: usize = 4;
/// First field of a vtable that is not the engine's.
pub const VTABLE_USER: usize = 8;

/// The layout of a vtable's own fields, as Guile's `standard-vtable-fields` says it: `h` marks fields that
/// constructors do not take.
pub const STANDARD_LAYOUT: &str = "pwuhuhpwphuhuhuh";

/// Flag: instances are vtables.
pub const FLAG_VTABLE: i64 = 1;
/// Flag: instances can be called; their first field is the procedure.
pub const FLAG_APPLICABLE: i64 = 4;
/// Flag: instances can be called and have a setter as second field.
pub const FLAG_SETTER: i64 = 8;

/// Fields of a record type, beyond those of any vtable.
pub mod record {
    /// The fields' names, a list of symbols.
    pub const FIELDS: usize = 9;
    /// Number of fields that a record type has as a struct.
    pub const SIZE: usize = 14;
}

/// The vtables that the engine itself makes.
pub struct StandardVtables {
    /// `<standard-vtable>`: the vtable of vtables, its own vtable.
    pub standard: Value,
    /// The vtable of applicable structs' vtables.
    pub applicable: Value,
    /// The vtable of applicable structs with setter: what `make-procedure-with-setter` makes.
    pub with_setter: Value,
}

impl StandardVtables {
    /// Makes them.
    pub fn new(heap: &mut Heap) -> StandardVtables {
        let layout = heap.intern(STANDARD_LAYOUT);
        let standard = heap.make_slots(Tag::Struct, 1 + VTABLE_USER, Value::FALSE);
        let name = heap.intern("<standard-vtable>");
        set_vtable(heap, standard, standard, layout, FLAG_VTABLE, name);
        let applicable = heap.make_slots(Tag::Struct, 1 + VTABLE_USER, Value::FALSE);
        let name = heap.intern("<applicable-struct-vtable>");
        let flags = FLAG_VTABLE | FLAG_APPLICABLE << 8;
        set_vtable(heap, applicable, standard, layout, flags, name);
        let with_setter = heap.make_slots(Tag::Struct, 1 + VTABLE_USER, Value::FALSE);
        let layout = heap.intern("pwpw");
        let name = heap.intern("<applicable-struct-with-setter>");
        let flags = FLAG_APPLICABLE | FLAG_SETTER;
        set_vtable(heap, with_setter, applicable, layout, flags, name);
        StandardVtables { standard, applicable, with_setter }
    }

    /// Reports the values that must stay alive.
    pub fn trace(&self, tracer: &mut crate::heap::Tracer) {
        tracer.visit_all(&[self.standard, self.applicable, self.with_setter]);
    }
}

fn set_vtable(heap: &mut Heap, of: Value, vtable: Value, layout: Value, flags: i64, name: Value) {
    if let Some(slots) = heap.slots_mut(of, Tag::Struct) {
        slots[0] = vtable;
        slots[1 + VTABLE_LAYOUT] = layout;
        slots[1 + VTABLE_FLAGS] = Value::fixnum(flags);
        slots[1 + VTABLE_NAME] = name;
    }
}

/// The struct's vtable.
pub fn vtable(heap: &Heap, value: Value) -> Option<Value> {
    heap.slots(value, Tag::Struct).map(|slots| slots[0])
}

/// The struct's fields.
pub fn fields_of(heap: &Heap, value: Value) -> Option<&[Value]> {
    heap.slots(value, Tag::Struct).map(|slots| &slots[1..])
}

/// The flags of a vtable; 0 for what is none.
pub fn flags(heap: &Heap, vtable: Value) -> i64 {
    let fields = fields_of(heap, vtable);
    fields.and_then(|f| f.get(VTABLE_FLAGS)?.as_fixnum()).unwrap_or(0)
}

/// Whether the struct is a vtable: its own vtable's flags say so.
pub fn is_vtable(heap: &Heap, value: Value) -> bool {
    vtable(heap, value).is_some_and(|vtable| flags(heap, vtable) & FLAG_VTABLE != 0)
}

/// The procedure that an applicable struct stands for.
pub fn procedure(heap: &Heap, value: Value) -> Option<Value> {
    let slots = heap.slots(value, Tag::Struct)?;
    if flags(heap, slots[0]) & FLAG_APPLICABLE == 0 {
        return None;
    }
    slots.get(1).copied()
}

/// The printer procedure of a struct's vtable, or `#f`.
pub fn printer(engine: &Engine, value: Value) -> Value {
    let heap = &engine.heap;
    let printer = vtable(heap, value)
        .and_then(|vtable| fields_of(heap, vtable))
        .and_then(|fields| fields.get(VTABLE_PRINTER).copied());
    printer.unwrap_or(Value::FALSE)
}

/// The name of a struct's vtable, as `write` shows it.
pub fn type_name(engine: &Engine, value: Value) -> String {
    let heap = &engine.heap;
    let name = vtable(heap, value)
        .and_then(|vtable| fields_of(heap, vtable))
        .and_then(|fields| fields.get(VTABLE_NAME).copied())
        .and_then(|name| heap.symbol_name(name));
    match name {
        Some(name) => name.to_owned(),
        None => "struct".to_owned(),
    }
}

/// Whether the vtable is a record type.
pub fn is_record_type(heap: &Heap, vtable: Value) -> bool {
    heap.slots(vtable, Tag::Struct).is_some_and(|slots| {
        slots.len() > record::SIZE
            && (slots[1 + record::FIELDS].is_pair() || slots[1 + record::FIELDS].is_null())
    })
}

/// A record's fields with their names; none for other structs.
pub fn fields(engine: &Engine, value: Value) -> Vec<(String, Value)> {
    let heap = &engine.heap;
    let Some(slots) = heap.slots(value, Tag::Struct) else { return Vec::new() };
    if !is_record_type(heap, slots[0]) {
        return Vec::new();
    }
    let names = fields_of(heap, slots[0]).map_or(Value::NULL, |fields| fields[record::FIELDS]);
    let names = heap.list_to_vec(names).unwrap_or_default();
    let names = names.iter().map(|&n| heap.symbol_name(n).unwrap_or_default().to_owned());
    names.zip(slots[1..].iter().copied()).collect()
}
