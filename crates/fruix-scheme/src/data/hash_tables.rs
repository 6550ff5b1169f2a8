// SPDX-License-Identifier: GPL-3.0-or-later
//! Hash tables, strong and weak.
//!
//! Entries stand in a vector in the order of their insertion (so that walking a table is
//! the same in every run), indexed by an open-addressing table of their positions.

use super::equality::{hash_equal, hash_eqv, is_equal, is_eqv};
use crate::heap::{Foreign, Heap, Tracer};
use crate::value::Value;
use std::hash::Hasher;

/// How keys are compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Equivalence {
    /// `eq?`.
    Eq,
    /// `eqv?`.
    Eqv,
    /// `equal?`.
    Equal,
}

impl Equivalence {
    fn hash(self, heap: &Heap, key: Value) -> u64 {
        match self {
            Equivalence::Eq => {
                let mut hasher = rustc_hash::FxHasher::default();
                hasher.write_u64(key.bits());
                hasher.finish()
            }
            Equivalence::Eqv => hash_eqv(heap, key),
            Equivalence::Equal => hash_equal(heap, key),
        }
    }

    fn same(self, heap: &Heap, a: Value, b: Value) -> bool {
        match self {
            Equivalence::Eq => a == b,
            Equivalence::Eqv => is_eqv(heap, a, b),
            Equivalence::Equal => is_equal(heap, a, b),
        }
    }
}

/// Which halves of its entries a table holds weakly.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Weakness {
    /// An entry goes when its key is dead.
    pub key: bool,
    /// An entry goes when its value is dead.
    pub value: bool,
}

#[derive(Clone, Copy)]
struct Entry {
    /// `UNBOUND` if the entry was removed.
    key: Value,
    value: Value,
    hash: u64,
    /// The pair that `hash-get-handle` gave out, if it did; it then holds key and value.
    handle: Value,
}

const EMPTY: u32 = u32::MAX;

/// A hash table.
///
/// As in Guile, one table works with every family (`hashq-ref`, `hash-ref`, …), but only with one at a
/// time: the first one used decides.
#[derive(Default)]
pub struct HashTable {
    entries: Vec<Entry>,
    index: Vec<u32>,
    live: usize,
    /// Set by the first insertion.
    equivalence: Option<Equivalence>,
    weakness: Weakness,
}

impl HashTable {
    /// An empty table.
    pub fn new(weakness: Weakness) -> HashTable {
        HashTable { weakness, ..HashTable::default() }
    }

    /// What the table holds weakly.
    pub fn weakness(&self) -> Weakness {
        self.weakness
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.live
    }

    /// Removes all entries.
    pub fn clear(&mut self) {
        *self = HashTable::new(self.weakness);
    }
}

impl Entry {
    fn current(&self, heap: &Heap) -> Value {
        if self.handle.is_pair() { heap.cdr(self.handle) } else { self.value }
    }
}

/// Position of `key`'s entry.
fn find(heap: &Heap, table: &HashTable, how: Equivalence, key: Value, hash: u64) -> Option<usize> {
    if table.index.is_empty() {
        return None;
    }
    let mask = table.index.len() - 1;
    let mut slot = hash as usize & mask;
    loop {
        let position = table.index[slot];
        if position == EMPTY {
            return None;
        }
        let entry = &table.entries[position as usize];
        if entry.hash == hash && entry.key != Value::UNBOUND && how.same(heap, entry.key, key) {
            return Some(position as usize);
        }
        slot = (slot + 1) & mask;
    }
}

impl HashTable {
    fn insert_index(&mut self, position: u32, hash: u64) {
        let mask = self.index.len() - 1;
        let mut slot = hash as usize & mask;
        while self.index[slot] != EMPTY {
            slot = (slot + 1) & mask;
        }
        self.index[slot] = position;
    }

    /// Drops removed entries and makes the index fit.
    fn rebuild(&mut self) {
        self.entries.retain(|e| e.key != Value::UNBOUND);
        let size = (self.entries.len() * 2 + 8).next_power_of_two();
        self.index.clear();
        self.index.resize(size, EMPTY);
        for position in 0..self.entries.len() {
            self.insert_index(position as u32, self.entries[position].hash);
        }
    }

    fn push(&mut self, key: Value, value: Value, hash: u64) -> usize {
        if (self.entries.len() + 1) * 4 > self.index.len() * 3 {
            self.rebuild();
        }
        let position = self.entries.len();
        self.entries.push(Entry { key, value, hash, handle: Value::FALSE });
        self.insert_index(position as u32, hash);
        self.live += 1;
        position
    }
}

/// Spreads a hash's upper bits, since the index takes the lower ones.
fn mixed(hash: u64) -> u64 {
    let hash = hash ^ (hash >> 32);
    hash.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23)
}

/// The value at `key`. `table` is a hash table object.
pub fn get(heap: &Heap, table: Value, how: Equivalence, key: Value) -> Option<Value> {
    let body = heap.as_foreign::<HashTable>(table)?;
    if body.live == 0 {
        return None;
    }
    let hash = mixed(how.hash(heap, key));
    let position = find(heap, body, how, key, hash)?;
    Some(body.entries[position].current(heap))
}

/// Sets the value at `key`.
pub fn set(heap: &mut Heap, table: Value, how: Equivalence, key: Value, value: Value) {
    let hash = mixed(how.hash(heap, key));
    let Some(body) = heap.as_foreign::<HashTable>(table) else { return };
    if let Some(position) = find(heap, body, how, key, hash) {
        let handle = body.entries[position].handle;
        if handle.is_pair() {
            heap.set_cdr(handle, value);
        }
        if let Some(body) = heap.as_foreign_mut::<HashTable>(table) {
            body.entries[position].value = value;
        }
        return;
    }
    heap.note_external(48);
    if let Some(body) = heap.as_foreign_mut::<HashTable>(table) {
        body.equivalence.get_or_insert(how);
        body.push(key, value, hash);
    }
}

/// Removes the entry at `key` and gives its handle, a pair.
pub fn remove(heap: &mut Heap, table: Value, how: Equivalence, key: Value) -> Option<Value> {
    let handle = handle(heap, table, how, key)?;
    let hash = mixed(how.hash(heap, key));
    let position = find(heap, heap.as_foreign(table)?, how, key, hash)?;
    let body = heap.as_foreign_mut::<HashTable>(table)?;
    body.entries[position].key = Value::UNBOUND;
    body.entries[position].value = Value::FALSE;
    body.entries[position].handle = Value::FALSE;
    body.live -= 1;
    if body.live * 4 < body.entries.len() && body.entries.len() > 16 {
        body.rebuild();
    }
    Some(handle)
}

/// The pair of key and value at `key`; changing its second half changes the table.
pub fn handle(heap: &mut Heap, table: Value, how: Equivalence, key: Value) -> Option<Value> {
    let hash = mixed(how.hash(heap, key));
    let body = heap.as_foreign::<HashTable>(table)?;
    let position = find(heap, body, how, key, hash)?;
    Some(handle_at(heap, table, position))
}

fn handle_at(heap: &mut Heap, table: Value, position: usize) -> Value {
    let Some(&entry) =
        heap.as_foreign::<HashTable>(table).and_then(|body| body.entries.get(position))
    else {
        return Value::FALSE;
    };
    if entry.handle.is_pair() {
        return entry.handle;
    }
    let handle = heap.cons(entry.key, entry.value);
    if let Some(body) = heap.as_foreign_mut::<HashTable>(table)
        // A weak table's handles are copies: they would keep what they hold alive.
        && body.weakness == Weakness::default()
    {
        body.entries[position].handle = handle;
    }
    handle
}

/// The handles of all entries, in the order of insertion.
pub fn handles(heap: &mut Heap, table: Value) -> Vec<Value> {
    let Some(body) = heap.as_foreign::<HashTable>(table) else { return Vec::new() };
    let live: Vec<usize> =
        (0..body.entries.len()).filter(|&i| body.entries[i].key != Value::UNBOUND).collect();
    live.into_iter().map(|position| handle_at(heap, table, position)).collect()
}

impl Foreign for HashTable {
    fn type_name(&self) -> &'static str {
        match (self.weakness.key, self.weakness.value) {
            (false, false) => "hash-table",
            _ => "weak-table",
        }
    }

    fn trace(&self, tracer: &mut Tracer) {
        for entry in self.entries.iter().filter(|e| e.key != Value::UNBOUND) {
            if !self.weakness.key {
                tracer.visit(entry.key);
            }
            if !self.weakness.value {
                tracer.visit(entry.value);
            }
            tracer.visit(entry.handle);
        }
    }

    fn is_weak(&self) -> bool {
        self.weakness != Weakness::default()
    }

    fn forget_dead(&mut self, is_live: &dyn Fn(Value) -> bool) {
        for entry in &mut self.entries {
            if entry.key != Value::UNBOUND && !(is_live(entry.key) && is_live(entry.value)) {
                entry.key = Value::UNBOUND;
                entry.value = Value::FALSE;
                self.live -= 1;
            }
        }
        if self.live * 2 < self.entries.len() {
            self.rebuild();
        }
    }
}
