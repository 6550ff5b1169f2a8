// SPDX-License-Identifier: GPL-3.0-or-later
//! Looking things up in the hash lists of `(ice-9 vlist)`, whose blocks and lists are records made in Scheme.

use super::args::expecting;
use super::hash_tables::observed;
use crate::data::equality::{is_equal, is_eqv};
use crate::data::hash_tables::Equivalence;
use crate::engine::Engine;
use crate::heap::{Heap, Tag};
use crate::native;
use crate::native::{Native, Result};
use crate::value::Value;

/// The procedures, visible to the library alone.
pub static LIBRARY: &[Native] = &[
    native!("%vhash-entry", 3, |e, key, vhash, kind| {
        check(e, "vhash-assoc", vhash)?;
        let mut entries = Entries::new(&e.heap, key, vhash, kind);
        Ok(entries.next().unwrap_or(Value::FALSE))
    }),
    native!("%vhash-entries", 3, |e, key, vhash, kind| {
        check(e, "vhash-fold*", vhash)?;
        let entries: Vec<Value> = Entries::new(&e.heap, key, vhash, kind).collect();
        Ok(e.heap.list(&entries))
    }),
];

/// Fields of a block and of a list, as `(ice-9 vlist)` defines them; a struct's first slot is its type.
const CONTENT: usize = 1;
const BASE: usize = 4;
const BASE_OFFSET: usize = 5;
const BUCKETS: usize = 6;
const CHAINS: usize = 7;
const LIST_BLOCK: usize = 1;
const LIST_OFFSET: usize = 2;

fn check(engine: &mut Engine, subr: &str, vhash: Value) -> Result<()> {
    match engine.heap.slots(vhash, Tag::Struct) {
        Some(&[_, block, offset])
            if engine.heap.is(block, Tag::Struct) && offset.as_fixnum().is_some() =>
        {
            Ok(())
        }
        _ => expecting(engine, subr, 2, "vlist", vhash),
    }
}

/// The pairs at a key, the latest first.
struct Entries<'a> {
    heap: &'a Heap,
    key: Value,
    how: Equivalence,
    hash: u64,
    block: Value,
    /// Entries of the block behind this one are not the list's.
    offset: i64,
    /// The next one to look at; `None` if the block has still to be entered.
    index: Option<Value>,
}

impl Entries<'_> {
    /// By `eq?`, `eqv?` or `equal?`: KIND is 0, 1 or 2.
    fn new(heap: &Heap, key: Value, vhash: Value, kind: Value) -> Entries<'_> {
        let how = match kind.as_fixnum() {
            Some(0) => Equivalence::Eq,
            Some(1) => Equivalence::Eqv,
            _ => Equivalence::Equal,
        };
        let hash = observed(heap, how, key);
        let slots = heap.slots(vhash, Tag::Struct).unwrap_or_default();
        let (block, offset) = (slots[LIST_BLOCK], slots[LIST_OFFSET].as_fixnum().unwrap_or(0));
        Entries { heap, key, how, hash, block, offset, index: None }
    }

    fn same(&self, key: Value) -> bool {
        match self.how {
            Equivalence::Eq => key == self.key,
            Equivalence::Eqv => is_eqv(self.heap, key, self.key),
            Equivalence::Equal => is_equal(self.heap, key, self.key),
        }
    }

    fn element(&self, vector: Value, index: i64) -> Option<Value> {
        let slots = self.heap.slots(vector, Tag::Vector)?;
        slots.get(usize::try_from(index).ok()?).copied()
    }
}

impl Iterator for Entries<'_> {
    type Item = Value;

    fn next(&mut self) -> Option<Value> {
        loop {
            let block = self.heap.slots(self.block, Tag::Struct)?;
            if block.len() <= CHAINS || !block[BASE].is_true() {
                return None;
            }
            let index = match self.index {
                Some(index) => index,
                None => {
                    let buckets = block[BUCKETS];
                    let size = self.heap.slots(buckets, Tag::Vector).map_or(0, <[Value]>::len);
                    // As `hash` and its kin bound their results.
                    let bucket = self.hash.checked_rem(size as u64).unwrap_or(0);
                    self.element(buckets, bucket as i64).unwrap_or(Value::FALSE)
                }
            };
            let Some(at) = index.as_fixnum() else {
                // The chain has ended.
                self.offset = block[BASE_OFFSET].as_fixnum()?;
                self.block = block[BASE];
                self.index = None;
                continue;
            };
            self.index = Some(self.element(block[CHAINS], at)?);
            let entry = self.element(block[CONTENT], at)?;
            if at <= self.offset && self.heap.pair(entry).is_some_and(|(key, _)| self.same(key)) {
                return Some(entry);
            }
        }
    }
}
