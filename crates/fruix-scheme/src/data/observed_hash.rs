// SPDX-License-Identifier: GPL-3.0-or-later
//! Hashes that programs see: `string-hash`, `symbol-hash` and `hash` are functions in Guile, the same in each run,
//! and some programs show what they give (GNU Guix's graphs have colours by them). Text is hashed with Bob Jenkins's
//! lookup3 over its characters, immediate values with Thomas Wang's mixing, pairs by both halves, as in libguile's
//! `hash.c`. What Guile hashes by address has no such value.

use super::equality::hash_equal;
use crate::heap::Heap;
use crate::numbers::Num;
use crate::value::Value;
use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::ToPrimitive;

/// How deep pairs count.
const DEPTH: usize = 10;
/// What numbers are reduced by before they are hashed: the largest immediate one.
const MOST: i64 = Value::FIXNUM_MAX;

/// The hash of a text, of 62 bits.
pub fn of_text(text: impl ExactSizeIterator<Item = char>) -> u64 {
    let start = 0xdead_beef_u32.wrapping_add((text.len() as u32) << 2).wrapping_add(47);
    let (mut a, mut b, mut c) = (start, start, start);
    let mut text = text.map(|c| c as u32);
    while text.len() > 3 {
        let mut next = || text.next().unwrap_or_default();
        a = a.wrapping_add(next());
        b = b.wrapping_add(next());
        c = c.wrapping_add(next());
        a = (a.wrapping_sub(c)) ^ c.rotate_left(4);
        c = c.wrapping_add(b);
        b = (b.wrapping_sub(a)) ^ a.rotate_left(6);
        a = a.wrapping_add(c);
        c = (c.wrapping_sub(b)) ^ b.rotate_left(8);
        b = b.wrapping_add(a);
        a = (a.wrapping_sub(c)) ^ c.rotate_left(16);
        c = c.wrapping_add(b);
        b = (b.wrapping_sub(a)) ^ a.rotate_left(19);
        a = a.wrapping_add(c);
        c = (c.wrapping_sub(b)) ^ b.rotate_left(4);
        b = b.wrapping_add(a);
    }
    if text.len() > 0 {
        for part in [&mut a, &mut b, &mut c] {
            *part = part.wrapping_add(text.next().unwrap_or_default());
        }
        c = (c ^ b).wrapping_sub(b.rotate_left(14));
        a = (a ^ c).wrapping_sub(c.rotate_left(11));
        b = (b ^ a).wrapping_sub(a.rotate_left(25));
        c = (c ^ b).wrapping_sub(b.rotate_left(16));
        a = (a ^ c).wrapping_sub(c.rotate_left(4));
        b = (b ^ a).wrapping_sub(a.rotate_left(14));
        c = (c ^ b).wrapping_sub(b.rotate_left(24));
    }
    (u64::from(c) << 32 | u64::from(b)) >> 2
}

/// The hash of a string that is in memory as UTF-8.
pub fn of_str(text: &str) -> u64 {
    of_text(text.chars().collect::<Vec<char>>().into_iter())
}

/// The hash of a word.
fn of_word(word: u64) -> u64 {
    let mut key = (!word).wrapping_add(word << 21);
    key ^= key >> 24;
    key = key.wrapping_add(key << 3).wrapping_add(key << 8);
    key ^= key >> 14;
    key = key.wrapping_add(key << 2).wrapping_add(key << 4);
    key ^= key >> 28;
    key = key.wrapping_add(key << 31);
    key >> 2
}

/// The word that Guile represents an immediate value by.
fn word_of(value: Value) -> Option<u64> {
    if let Some(number) = value.as_fixnum() {
        return Some((number << 2 | 2) as u64);
    }
    if let Some(c) = value.as_char() {
        return Some(u64::from(c as u32) << 8 | 0xc);
    }
    match value {
        Value::FALSE => Some(0x4),
        Value::NULL => Some(0x304),
        Value::TRUE => Some(0x404),
        Value::UNSPECIFIED => Some(0x804),
        _ => None,
    }
}

fn of_integer(number: &BigInt) -> u64 {
    of_word(number.mod_floor(&BigInt::from(MOST)).to_u64().unwrap_or_default())
}

/// What `(hash VALUE SIZE)` reduces by SIZE.
pub fn of_value(heap: &Heap, value: Value) -> u64 {
    at_depth(heap, value, DEPTH)
}

fn at_depth(heap: &Heap, value: Value, depth: usize) -> u64 {
    /// What all pairs are that lie too deep: a tag.
    const PAIR: u64 = 0;
    if let Some(word) = word_of(value) {
        return of_word(word);
    }
    if let Some((car, cdr)) = heap.pair(value) {
        return match depth {
            0 => of_word(PAIR),
            _ => at_depth(heap, car, depth / 2) ^ at_depth(heap, cdr, depth / 2),
        };
    }
    if let Some(text) = heap.as_string(value) {
        return of_text(text.chars().collect::<Vec<char>>().into_iter());
    }
    if let Some(name) = heap.symbol_name(value) {
        return of_str(name);
    }
    match Num::from_value(heap, value) {
        Some(Num::Big(number)) => of_integer(&number),
        Some(Num::Flo(number)) if number.fract() == 0.0 => {
            of_integer(&num_traits::FromPrimitive::from_f64(number).unwrap_or_default())
        }
        Some(number) => of_str(&crate::numbers::text::to_text(&number, 10)),
        None => hash_equal(heap, value) >> 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_guile() {
        // `symbol-hash', and `hash' with this size, in Guile 3.0.11.
        const SIZE: u64 = 1_000_000_007;
        assert_eq!(of_str("a"), 1_500_627_027_394_928_394);
        assert_eq!(of_str("hello"), 4_058_602_828_206_040_624);
        for (text, hash) in [
            ("", 594_240_119),
            ("abcd", 531_138_340),
            ("hello world", 364_725_597),
            ("λx", 248_384_968),
        ] {
            assert_eq!(of_str(text) % SIZE, hash, "{text}");
        }
        let mut heap = Heap::new();
        let (a, b) = (heap.intern("a"), heap.intern("b"));
        let list = heap.list(&[a, b]);
        let numbers = heap.list(&[Value::fixnum(1), Value::fixnum(2)]);
        let (whole, half) = (heap.flonum(2.0), heap.flonum(1.5));
        for (value, hash) in [
            (Value::NULL, 851_277_871),
            (Value::TRUE, 940_308_863),
            (Value::FALSE, 249_181_048),
            (Value::fixnum(-1), 90_374_749),
            (Value::char('a'), 975_229_659),
            (list, 533_744_229),
            (numbers, 764_723_660),
            (whole, 713_541_864),
            (half, 602_083_904),
        ] {
            assert_eq!(of_value(&heap, value) % SIZE, hash);
        }
    }
}
