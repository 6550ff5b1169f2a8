// SPDX-License-Identifier: GPL-3.0-or-later
//! `eqv?` and `equal?`, and the hashes that go with them.

use super::arrays::Array;
use super::bytes::{BitVector, Element};
use super::structs;
use crate::heap::{Heap, Tag};
use crate::numbers::Num;
use crate::value::Value;
use std::hash::{Hash, Hasher};

/// `eqv?`: `eq?`, or numbers of the same exactness and value.
#[inline]
pub fn is_eqv(heap: &Heap, a: Value, b: Value) -> bool {
    a == b || (a.is_object() && b.is_object() && numbers_eqv(heap, a, b))
}

fn numbers_eqv(heap: &Heap, a: Value, b: Value) -> bool {
    match (heap.as_flonum(a), heap.as_flonum(b)) {
        (Some(x), Some(y)) => x.to_bits() == y.to_bits(),
        (None, None) => match (heap.as_number_object(a), heap.as_number_object(b)) {
            (Some(x), Some(y)) => x == y,
            _ => false,
        },
        _ => false,
    }
}

/// `equal?`. Pairs and vectors are compared from a work list, so depth costs no stack.
pub fn is_equal(heap: &Heap, a: Value, b: Value) -> bool {
    if is_eqv(heap, a, b) {
        return true;
    }
    let mut work = vec![(a, b)];
    while let Some((a, b)) = work.pop() {
        if is_eqv(heap, a, b) {
            continue;
        }
        if let (Some((car_a, cdr_a)), Some((car_b, cdr_b))) = (heap.pair(a), heap.pair(b)) {
            work.push((cdr_a, cdr_b));
            work.push((car_a, car_b));
            continue;
        }
        let (Some(tag), Some(tag_b)) = (heap.tag(a), heap.tag(b)) else { return false };
        if tag != tag_b || !objects_equal(heap, tag, a, b, &mut work) {
            return false;
        }
    }
    true
}

fn objects_equal(
    heap: &Heap,
    tag: Tag,
    a: Value,
    b: Value,
    work: &mut Vec<(Value, Value)>,
) -> bool {
    match tag {
        Tag::String => heap.as_string(a) == heap.as_string(b),
        Tag::Bytevector => heap.aux(a) == heap.aux(b) && heap.as_bytes(a) == heap.as_bytes(b),
        Tag::Vector | Tag::Syntax | Tag::Struct => {
            let (Some(x), Some(y)) = (heap.slots(a, tag), heap.slots(b, tag)) else { return false };
            // A record type is only equal to itself; a syntax object's place does not count.
            if x.len() != y.len() || (tag == Tag::Struct && structs::is_vtable(heap, a)) {
                return false;
            }
            let count = if tag == Tag::Syntax { 3 } else { x.len() };
            work.extend(x[..count].iter().copied().zip(y[..count].iter().copied()).rev());
            true
        }
        Tag::Foreign => match (heap.as_foreign::<BitVector>(a), heap.as_foreign::<BitVector>(b)) {
            (Some(a), Some(b)) => a.0 == b.0,
            _ => crate::data::char_sets::equal(heap, a, b) || arrays_equal(heap, a, b, work),
        },
        _ => false,
    }
}

fn arrays_equal(heap: &Heap, a: Value, b: Value, work: &mut Vec<(Value, Value)>) -> bool {
    let (Some(a), Some(b)) = (heap.as_foreign::<Array>(a), heap.as_foreign::<Array>(b)) else {
        return false;
    };
    let mut pairs = a.positions().zip(b.positions());
    if !a.same_shape(b) || heap.tag(a.root) != heap.tag(b.root) {
        return false;
    }
    if let (Some(x), Some(y)) = (heap.slots(a.root, Tag::Vector), heap.slots(b.root, Tag::Vector)) {
        work.extend(pairs.map(|(i, j)| (x[i], y[j])));
        return true;
    }
    if let (Some(x), Some(y)) = (heap.as_string(a.root), heap.as_string(b.root)) {
        return pairs.all(|(i, j)| x.get(i) == y.get(j));
    }
    if let (Some(x), Some(y)) = (heap.as_bytes(a.root), heap.as_bytes(b.root)) {
        let kind = heap.aux(a.root);
        let size = Element::from_aux(kind).size();
        let cell = |k: usize| k * size..(k + 1) * size;
        return kind == heap.aux(b.root) && pairs.all(|(i, j)| x[cell(i)] == y[cell(j)]);
    }
    let bits = |root| heap.as_foreign::<BitVector>(root);
    match (bits(a.root), bits(b.root)) {
        (Some(x), Some(y)) => pairs.all(|(i, j)| x.0[i] == y.0[j]),
        _ => false,
    }
}

/// How many nodes of a structure [`hash_equal`] looks at: enough to tell keys apart, and bounded so that
/// circular ones end.
const HASH_NODES: usize = 64;

/// A hash that is the same for `equal?` values.
pub fn hash_equal(heap: &Heap, value: Value) -> u64 {
    hash_tree(heap, value, |_| None)
}

/// As [`hash_equal`], the same in every process: symbols and keywords by their names.
pub fn hash_datum(heap: &Heap, value: Value) -> u64 {
    hash_tree(heap, value, |value| {
        let symbol = heap.keyword_symbol(value).unwrap_or(value);
        heap.as_symbol(symbol).map(|symbol| symbol.hash)
    })
}

/// The hash of a tree; `known` has those of some of its parts.
fn hash_tree(heap: &Heap, value: Value, known: impl Fn(Value) -> Option<u64>) -> u64 {
    let mut hasher = rustc_hash::FxHasher::default();
    let mut work = vec![value];
    let mut nodes = 0;
    while let Some(value) = work.pop() {
        nodes += 1;
        if nodes > HASH_NODES {
            break;
        }
        if let Some((car, cdr)) = heap.pair(value) {
            hasher.write_u8(1);
            work.push(cdr);
            work.push(car);
            continue;
        }
        if let Some(hash) = known(value) {
            hasher.write_u64(hash);
            continue;
        }
        match heap.tag(value) {
            Some(Tag::String) => {
                if let Some(text) = heap.as_string(value) {
                    text.hash(&mut hasher);
                }
            }
            Some(Tag::Bytevector) => heap.as_bytes(value).hash(&mut hasher),
            Some(tag @ (Tag::Vector | Tag::Struct)) if !structs::is_vtable(heap, value) => {
                let slots = heap.slots(value, tag).unwrap_or_default();
                hasher.write_usize(slots.len());
                work.extend(slots.iter().rev().take(HASH_NODES));
            }
            Some(Tag::Syntax) => {
                let slots = heap.slots(value, Tag::Syntax).unwrap_or_default();
                work.extend(slots.first());
            }
            Some(Tag::Foreign) => hasher.write_u8(2),
            _ => hasher.write_u64(hash_eqv(heap, value)),
        }
    }
    hasher.finish()
}

/// A hash that is the same for `eqv?` values.
pub fn hash_eqv(heap: &Heap, value: Value) -> u64 {
    let mut hasher = rustc_hash::FxHasher::default();
    match heap.tag(value) {
        Some(Tag::Flonum) => heap.as_flonum(value).map(f64::to_bits).hash(&mut hasher),
        Some(Tag::Number) => match Num::from_value(heap, value) {
            Some(Num::Big(n)) => n.hash(&mut hasher),
            Some(Num::Ratio(q)) => q.hash(&mut hasher),
            Some(Num::Complex(re, im)) => (re.to_bits(), im.to_bits()).hash(&mut hasher),
            _ => {}
        },
        _ => hasher.write_u64(value.bits()),
    }
    hasher.finish()
}
