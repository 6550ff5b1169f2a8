// SPDX-License-Identifier: GPL-3.0-or-later
//! How objects print that have no syntax to be read by: `#<procedure …>` and its kin.

use crate::data::bytes::BitVector;
use crate::data::char_sets::CharSet;
use crate::data::hash_tables::{HashTable, Weakness};
use crate::engine::Engine;
use crate::heap::Tag;
use crate::printer::written;
use crate::value::Value;

/// The `#<…>` form of an object.
pub fn describe(engine: &Engine, value: Value) -> String {
    let heap = &engine.heap;
    let address = value.bits();
    match heap.tag(value) {
        Some(Tag::Closure) => engine.describe_procedure(value),
        Some(Tag::Native) => match heap.as_native(value) {
            Some(native) => {
                let required = (0..native.required).map(|_| "_");
                let optional = std::iter::once("#:optional")
                    .filter(|_| native.optional > 0)
                    .chain((0..native.optional).map(|_| "_"));
                let mut words: Vec<&str> = required.chain(optional).collect();
                if native.rest {
                    words.extend([".", "_"]);
                }
                format!("#<procedure {} ({})>", native.name, words.join(" "))
            }
            None => String::new(),
        },
        Some(tag @ Tag::Variable) => {
            let content = heap.slots(value, tag).map_or(Value::UNBOUND, |slots| slots[0]);
            if content == Value::UNBOUND {
                format!("#<variable {address:x} unbound>")
            } else {
                format!("#<variable {address:x} value: {}>", written(engine, content))
            }
        }
        Some(Tag::Fluid) => format!("#<fluid {address:x}>"),
        Some(Tag::Parameter) => format!("#<parameter {address:x}>"),
        Some(tag @ Tag::Macro) => {
            let name = heap.slots(value, tag).map_or(Value::FALSE, |slots| slots[0]);
            format!("#<syntax-transformer {}>", written(engine, name))
        }
        Some(Tag::Promise) => format!("#<promise {address:x}>"),
        Some(Tag::Foreign) => foreign(engine, value),
        Some(tag) => format!("#<{} {address:x}>", format!("{tag:?}").to_lowercase()),
        None => String::new(),
    }
}

fn foreign(engine: &Engine, value: Value) -> String {
    let heap = &engine.heap;
    let address = value.bits();
    if let Some(bits) = heap.as_foreign::<BitVector>(value) {
        let digits: String = bits.0.iter().map(|&bit| if bit { '1' } else { '0' }).collect();
        return format!("#*{digits}");
    }
    if let Some(table) = heap.as_foreign::<HashTable>(value) {
        let kind = table.weakness() == Weakness::default();
        let name = if kind { "hash-table" } else { "weak-table" };
        let (used, size) = (table.len(), (table.len() * 2).next_power_of_two().max(31));
        return format!("#<{name} {address:x} {used}/{size}>");
    }
    if let Some(set) = heap.as_foreign::<CharSet>(value) {
        let members: String = set
            .ranges()
            .iter()
            .map(|(from, to)| format!(" U+{from:04x}-U+{:04x}", to - 1))
            .collect();
        return format!("#<charset{members}>");
    }
    match heap.any_foreign(value) {
        Some(object) => match object.describe(engine, value) {
            Some(text) => text,
            None => format!("#<{} {address:x}>", object.type_name()),
        },
        None => String::new(),
    }
}
