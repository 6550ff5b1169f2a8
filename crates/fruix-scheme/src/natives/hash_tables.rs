// SPDX-License-Identifier: GPL-3.0-or-later
//! Hash tables (Guile's manual, "Hash tables"), and the equivalences they are made of.

use super::args::{expecting, index, optional};
use crate::data::equality::{hash_eqv, is_equal, is_eqv};
use crate::data::hash_tables::{self as tables, Equivalence, HashTable, Weakness};
use crate::data::observed_hash;
use crate::engine::Engine;
use crate::heap::Heap;
use crate::native;
use crate::native::{Native, Result};
use crate::value::Value;

const STRONG: Weakness = Weakness { key: false, value: false };
const KEYS: Weakness = Weakness { key: true, value: false };
const VALUES: Weakness = Weakness { key: false, value: true };
const BOTH: Weakness = Weakness { key: true, value: true };

/// The procedures.
pub static NATIVES: &[Native] = &[
    native!("eq?", 0, 0, true, |_, args| Ok(chain(args, |a, b| a == b))),
    native!("eqv?", 0, 0, true, |e, args| Ok(chain(args, |a, b| is_eqv(&e.heap, a, b)))),
    native!("equal?", 0, 0, true, |e, args| Ok(chain(args, |a, b| is_equal(&e.heap, a, b)))),
    native!("make-hash-table", 0, 1, false, |e, _| Ok(new(e, STRONG))),
    native!("make-weak-key-hash-table", 0, 1, false, |e, _| Ok(new(e, KEYS))),
    native!("make-weak-value-hash-table", 0, 1, false, |e, _| Ok(new(e, VALUES))),
    native!("make-doubly-weak-hash-table", 0, 1, false, |e, _| Ok(new(e, BOTH))),
    native!("hash-table?", 1, |e, t| Ok(Value::bool(weakness(e, t).is_some()))),
    native!("weak-key-hash-table?", 1, |e, t| Ok(Value::bool(weakness(e, t) == Some(KEYS)))),
    native!("weak-value-hash-table?", 1, |e, t| Ok(Value::bool(weakness(e, t) == Some(VALUES)))),
    native!("doubly-weak-hash-table?", 1, |e, t| Ok(Value::bool(weakness(e, t) == Some(BOTH)))),
    native!("hash-clear!", 1, |e, t| {
        check(e, "hash-clear!", t)?;
        if let Some(table) = e.heap.as_foreign_mut::<HashTable>(t) {
            table.clear();
        }
        Ok(Value::UNSPECIFIED)
    }),
    native!("hashq-ref", 2, 1, false, |e, args| get(e, "hashq-ref", args, Equivalence::Eq)),
    native!("hashv-ref", 2, 1, false, |e, args| get(e, "hashv-ref", args, Equivalence::Eqv)),
    native!("hash-ref", 2, 1, false, |e, args| get(e, "hash-ref", args, Equivalence::Equal)),
    native!("hashq-set!", 3, |e, t, k, v| set(e, "hashq-set!", t, k, v, Equivalence::Eq)),
    native!("hashv-set!", 3, |e, t, k, v| set(e, "hashv-set!", t, k, v, Equivalence::Eqv)),
    native!("hash-set!", 3, |e, t, k, v| set(e, "hash-set!", t, k, v, Equivalence::Equal)),
    native!("hashq-remove!", 2, |e, t, k| remove(e, "hashq-remove!", t, k, Equivalence::Eq)),
    native!("hashv-remove!", 2, |e, t, k| remove(e, "hashv-remove!", t, k, Equivalence::Eqv)),
    native!("hash-remove!", 2, |e, t, k| remove(e, "hash-remove!", t, k, Equivalence::Equal)),
    native!("hashq-get-handle", 2, |e, t, k| handle(e, "hashq-get-handle", t, k, Equivalence::Eq)),
    native!("hashv-get-handle", 2, |e, t, k| {
        handle(e, "hashv-get-handle", t, k, Equivalence::Eqv)
    }),
    native!("hash-get-handle", 2, |e, t, k| {
        handle(e, "hash-get-handle", t, k, Equivalence::Equal)
    }),
    native!("hashq-create-handle!", 3, |e, t, k, v| {
        create(e, "hashq-create-handle!", t, k, v, Equivalence::Eq)
    }),
    native!("hashv-create-handle!", 3, |e, t, k, v| {
        create(e, "hashv-create-handle!", t, k, v, Equivalence::Eqv)
    }),
    native!("hash-create-handle!", 3, |e, t, k, v| {
        create(e, "hash-create-handle!", t, k, v, Equivalence::Equal)
    }),
    native!("%hash-handles", 1, |e, t| {
        check(e, "hash-fold", t)?;
        // Guile's hash-fold conses the last visited entry first; programs see its result reversed.
        let handles = tables::handles(&mut e.heap, t);
        Ok(e.heap.list(&handles))
    }),
    native!("%hash-count", 1, |e, t| {
        check(e, "hash-count", t)?;
        let count = e.heap.as_foreign::<HashTable>(t).map_or(0, HashTable::len);
        Ok(Value::fixnum(count as i64))
    }),
    native!("hashq", 2, |e, key, size| {
        let hash = observed(&e.heap, Equivalence::Eq, key);
        bounded(e, "hashq", hash, size)
    }),
    native!("hashv", 2, |e, key, size| {
        let hash = observed(&e.heap, Equivalence::Eqv, key);
        bounded(e, "hashv", hash, size)
    }),
    native!("hash", 2, |e, key, size| {
        let hash = observed(&e.heap, Equivalence::Equal, key);
        bounded(e, "hash", hash, size)
    }),
];

/// What `hashq`, `hashv` or `hash` of a key reduce to their second argument.
pub(super) fn observed(heap: &Heap, how: Equivalence, key: Value) -> u64 {
    match how {
        Equivalence::Eq => key.bits() >> 6,
        Equivalence::Eqv => hash_eqv(heap, key) >> 3,
        Equivalence::Equal => observed_hash::of_value(heap, key),
    }
}

fn chain(args: &[Value], same: impl Fn(Value, Value) -> bool) -> Value {
    Value::bool(args.windows(2).all(|pair| same(pair[0], pair[1])))
}

fn new(engine: &mut Engine, weakness: Weakness) -> Value {
    engine.heap.foreign(HashTable::new(weakness))
}

fn weakness(engine: &Engine, table: Value) -> Option<Weakness> {
    engine.heap.as_foreign::<HashTable>(table).map(HashTable::weakness)
}

fn check(engine: &mut Engine, subr: &str, table: Value) -> Result<()> {
    if weakness(engine, table).is_some() {
        return Ok(());
    }
    expecting(engine, subr, 1, "hash-table", table)
}

fn get(engine: &mut Engine, subr: &str, args: &[Value], how: Equivalence) -> Result {
    check(engine, subr, args[0])?;
    let default = optional(args, 2).unwrap_or(Value::FALSE);
    Ok(tables::get(&engine.heap, args[0], how, args[1]).unwrap_or(default))
}

fn set(
    engine: &mut Engine,
    subr: &str,
    table: Value,
    key: Value,
    value: Value,
    how: Equivalence,
) -> Result {
    check(engine, subr, table)?;
    tables::set(&mut engine.heap, table, how, key, value);
    Ok(value)
}

fn remove(engine: &mut Engine, subr: &str, table: Value, key: Value, how: Equivalence) -> Result {
    check(engine, subr, table)?;
    Ok(tables::remove(&mut engine.heap, table, how, key).unwrap_or(Value::FALSE))
}

fn handle(engine: &mut Engine, subr: &str, table: Value, key: Value, how: Equivalence) -> Result {
    check(engine, subr, table)?;
    Ok(tables::handle(&mut engine.heap, table, how, key).unwrap_or(Value::FALSE))
}

fn create(
    engine: &mut Engine,
    subr: &str,
    table: Value,
    key: Value,
    value: Value,
    how: Equivalence,
) -> Result {
    check(engine, subr, table)?;
    if tables::get(&engine.heap, table, how, key).is_none() {
        tables::set(&mut engine.heap, table, how, key, value);
    }
    handle(engine, subr, table, key, how)
}

fn bounded(engine: &mut Engine, subr: &str, hash: u64, size: Value) -> Result {
    match index(engine, subr, 2, size)? {
        0 => engine.out_of_range(subr, 2, size),
        size => Ok(Value::fixnum((hash % size as u64) as i64)),
    }
}
