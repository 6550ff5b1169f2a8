// SPDX-License-Identifier: GPL-3.0-or-later
//! The tagged 64-bit word that every Scheme value is.
//!
//! | low bits | meaning                                                          |
//! |----------|------------------------------------------------------------------|
//! | `..01`   | fixnum, 62 bits signed, as Guile's (`most-positive-fixnum` is 2⁶¹−1) |
//! | `.000`   | pointer to a heap object that starts with a [`Header`](crate::heap::Header) |
//! | `.100`   | pointer to a pair: two words and no header                       |
//! | `.010`   | immediate: a character or one of the constants below             |
//! | `.110`   | unused; reserved for constants of mapped code that are not yet built |
//!
//! Objects never move, so a pointer's address is its identity (`eq?`, weak tables).

use std::fmt;

/// A Scheme value. `==` on it is `eq?`.
///
/// A `Value` that points into the heap is only good until the next safe point of the machine
/// unless it is reachable from a root; see [`crate::heap`].
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct Value(u64);

const TAG_MASK: u64 = 0b111;
const TAG_OBJECT: u64 = 0b000;
const TAG_PAIR: u64 = 0b100;
const TAG_IMMEDIATE: u64 = 0b010;
const KIND_CHAR: u64 = 0x0a;
const KIND_CONSTANT: u64 = 0x02;

const fn constant(n: u64) -> Value {
    Value(n << 8 | KIND_CONSTANT)
}

impl Value {
    /// `#f`.
    pub const FALSE: Value = constant(0);
    /// `#t`.
    pub const TRUE: Value = constant(1);
    /// `()`.
    pub const NULL: Value = constant(2);
    /// `#nil`, Elisp's: false and empty at once.
    pub const NIL: Value = constant(3);
    /// The end-of-file object.
    pub const EOF: Value = constant(4);
    /// `*unspecified*`.
    pub const UNSPECIFIED: Value = constant(5);
    /// What an unbound variable holds; never seen by programs.
    pub const UNBOUND: Value = constant(6);
    /// The marker of an optional argument that was not given; never seen by programs.
    pub const MISSING: Value = constant(7);

    /// Largest fixnum, 2⁶¹−1.
    pub const FIXNUM_MAX: i64 = (1 << 61) - 1;
    /// Smallest fixnum, −2⁶¹.
    pub const FIXNUM_MIN: i64 = -(1 << 61);

    /// The raw word, for the machine's fast paths and for hashing by identity.
    #[inline(always)]
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// The inverse of [`Value::bits`]. Only the machine and the heap have a use for it.
    #[inline(always)]
    pub(crate) const fn from_bits(bits: u64) -> Value {
        Value(bits)
    }

    #[inline(always)]
    pub(crate) fn from_object(address: usize) -> Value {
        debug_assert!(address as u64 & 0xf == 0);
        Value(address as u64 | TAG_OBJECT)
    }

    #[inline(always)]
    pub(crate) fn from_pair(address: usize) -> Value {
        debug_assert!(address as u64 & 0xf == 0);
        Value(address as u64 | TAG_PAIR)
    }

    /// The address that a pointer value points to.
    #[inline(always)]
    pub(crate) fn address(self) -> usize {
        (self.0 & !TAG_MASK) as usize
    }

    /// A fixnum known to be in range.
    #[inline(always)]
    pub const fn fixnum(n: i64) -> Value {
        debug_assert!(n >= Value::FIXNUM_MIN && n <= Value::FIXNUM_MAX);
        Value((n << 2) as u64 | 1)
    }

    /// A fixnum if `n` fits into 62 bits.
    #[inline]
    pub const fn try_fixnum(n: i64) -> Option<Value> {
        if n >= Value::FIXNUM_MIN && n <= Value::FIXNUM_MAX { Some(Value::fixnum(n)) } else { None }
    }

    /// The number in a fixnum.
    #[inline(always)]
    pub const fn as_fixnum(self) -> Option<i64> {
        if self.is_fixnum() { Some(self.0 as i64 >> 2) } else { None }
    }

    /// Whether this is a fixnum.
    #[inline(always)]
    pub const fn is_fixnum(self) -> bool {
        self.0 & 0b11 == 0b01
    }

    /// A character.
    #[inline]
    pub const fn char(c: char) -> Value {
        Value((c as u64) << 8 | KIND_CHAR)
    }

    /// The character in a character value.
    #[inline]
    pub fn as_char(self) -> Option<char> {
        if self.0 & 0xff == KIND_CHAR { char::from_u32((self.0 >> 8) as u32) } else { None }
    }

    /// `#t` or `#f`.
    #[inline]
    pub const fn bool(b: bool) -> Value {
        if b { Value::TRUE } else { Value::FALSE }
    }

    /// Whether `if` takes its first branch: everything but `#f` and `#nil`.
    #[inline(always)]
    pub const fn is_true(self) -> bool {
        self.0 != Value::FALSE.0 && self.0 != Value::NIL.0
    }

    /// `null?`: `()` or `#nil`.
    #[inline(always)]
    pub const fn is_null(self) -> bool {
        self.0 == Value::NULL.0 || self.0 == Value::NIL.0
    }

    /// Whether this points to a pair.
    #[inline(always)]
    pub const fn is_pair(self) -> bool {
        self.0 & TAG_MASK == TAG_PAIR
    }

    /// Whether this points to a heap object other than a pair.
    #[inline(always)]
    pub const fn is_object(self) -> bool {
        self.0 & TAG_MASK == TAG_OBJECT
    }

    /// Whether this is a character or one of the constants.
    #[inline]
    pub const fn is_immediate(self) -> bool {
        self.0 & TAG_MASK == TAG_IMMEDIATE
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(n) = self.as_fixnum() {
            return write!(f, "{n}");
        }
        if let Some(c) = self.as_char() {
            return write!(f, "#\\{c}");
        }
        match *self {
            Value::FALSE => f.write_str("#f"),
            Value::TRUE => f.write_str("#t"),
            Value::NULL => f.write_str("()"),
            Value::NIL => f.write_str("#nil"),
            Value::EOF => f.write_str("#<eof>"),
            Value::UNSPECIFIED => f.write_str("#<unspecified>"),
            Value::UNBOUND => f.write_str("#<unbound>"),
            Value::MISSING => f.write_str("#<missing>"),
            v if v.is_pair() => write!(f, "#<pair {:#x}>", v.address()),
            v => write!(f, "#<object {:#x}>", v.address()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixnums_keep_their_value_at_the_edges() {
        for n in [0, 1, -1, Value::FIXNUM_MAX, Value::FIXNUM_MIN] {
            assert_eq!(Value::fixnum(n).as_fixnum(), Some(n));
        }
        assert_eq!(Value::try_fixnum(Value::FIXNUM_MAX + 1), None);
        assert_eq!(Value::try_fixnum(Value::FIXNUM_MIN - 1), None);
    }

    #[test]
    fn only_false_and_nil_are_false() {
        assert!(!Value::FALSE.is_true() && !Value::NIL.is_true());
        assert!(Value::NULL.is_true() && Value::fixnum(0).is_true() && Value::char('a').is_true());
    }
}
