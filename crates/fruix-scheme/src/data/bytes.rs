// SPDX-License-Identifier: GPL-3.0-or-later
//! Bytevectors, the uniform vectors of SRFI-4 that share their representation, and bit vectors.

use crate::engine::Engine;
use crate::heap::{Foreign, Heap, Tracer};
use crate::native::Result;
use crate::numbers::{Num, text};
use crate::value::Value;
use num_bigint::BigInt;

/// What a bytevector's bytes are taken for, in the object's aux bits. A plain bytevector is an `U8` one
/// that prints as `#vu8`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u16)]
pub enum Element {
    /// A bytevector of no further type.
    Vu8 = 0,
    /// Unsigned bytes.
    U8,
    /// Signed bytes.
    S8,
    /// Unsigned 16-bit integers.
    U16,
    /// Signed 16-bit integers.
    S16,
    /// Unsigned 32-bit integers.
    U32,
    /// Signed 32-bit integers.
    S32,
    /// Unsigned 64-bit integers.
    U64,
    /// Signed 64-bit integers.
    S64,
    /// Single floats.
    F32,
    /// Doubles.
    F64,
}

impl Element {
    /// All types with the tag that follows `#`.
    pub const ALL: [(Element, &str); 11] = [
        (Element::Vu8, "vu8"),
        (Element::U8, "u8"),
        (Element::S8, "s8"),
        (Element::U16, "u16"),
        (Element::S16, "s16"),
        (Element::U32, "u32"),
        (Element::S32, "s32"),
        (Element::U64, "u64"),
        (Element::S64, "s64"),
        (Element::F32, "f32"),
        (Element::F64, "f64"),
    ];

    /// The type of this tag.
    pub fn from_tag(tag: &str) -> Option<Element> {
        Element::ALL.iter().find(|(_, t)| *t == tag).map(|&(e, _)| e)
    }

    /// The type of a bytevector object with these aux bits.
    pub fn from_aux(aux: u16) -> Element {
        Element::ALL.get(usize::from(aux)).map_or(Element::Vu8, |&(e, _)| e)
    }

    /// The tag that follows `#`.
    pub fn tag(self) -> &'static str {
        Element::ALL[self as usize].1
    }

    /// Bytes of an element.
    pub fn size(self) -> usize {
        match self {
            Element::Vu8 | Element::U8 | Element::S8 => 1,
            Element::U16 | Element::S16 => 2,
            Element::U32 | Element::S32 | Element::F32 => 4,
            Element::U64 | Element::S64 | Element::F64 => 8,
        }
    }

    /// Whether integers of this type are signed.
    pub fn is_signed(self) -> bool {
        matches!(self, Element::S8 | Element::S16 | Element::S32 | Element::S64)
    }

    /// The number in these bytes, in the machine's byte order.
    pub fn get(self, bytes: &[u8]) -> Num {
        match self {
            Element::F32 => Num::Flo(f32::from_ne_bytes(array(bytes)).into()),
            Element::F64 => Num::Flo(f64::from_ne_bytes(array(bytes))),
            _ => get_integer(bytes, self.is_signed(), cfg!(target_endian = "little")),
        }
    }

    /// Stores a number in these bytes; false if it does not fit or is of the wrong kind.
    pub fn set(self, bytes: &mut [u8], number: &Num) -> bool {
        match (self, number) {
            (_, Num::Complex(..)) => false,
            (Element::F32, _) => {
                bytes.copy_from_slice(&(number.to_f64() as f32).to_ne_bytes());
                true
            }
            (Element::F64, _) => {
                bytes.copy_from_slice(&number.to_f64().to_ne_bytes());
                true
            }
            _ => set_integer(bytes, number, self.is_signed(), cfg!(target_endian = "little")),
        }
    }
}

fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut array = [0; N];
    array.copy_from_slice(&bytes[..N]);
    array
}

/// The integer in `bytes`.
pub fn get_integer(bytes: &[u8], signed: bool, little: bool) -> Num {
    if bytes.len() <= 8 {
        let fold = |n: u64, &b: &u8| n << 8 | u64::from(b);
        let n = if little { bytes.iter().rev().fold(0, fold) } else { bytes.iter().fold(0, fold) };
        let unused = 64 - 8 * bytes.len() as u32;
        if signed && unused < 64 {
            return Num::from(((n << unused) as i64) >> unused);
        }
        return i64::try_from(n).map_or_else(|_| Num::from_big(n.into()), Num::from);
    }
    Num::from_big(match (signed, little) {
        (true, true) => BigInt::from_signed_bytes_le(bytes),
        (true, false) => BigInt::from_signed_bytes_be(bytes),
        (false, true) => BigInt::from_bytes_le(num_bigint::Sign::Plus, bytes),
        (false, false) => BigInt::from_bytes_be(num_bigint::Sign::Plus, bytes),
    })
}

/// Stores an integer in `bytes`; false if it does not fit or is none.
pub fn set_integer(bytes: &mut [u8], number: &Num, signed: bool, little: bool) -> bool {
    let n = match number {
        Num::Fix(n) => BigInt::from(*n),
        Num::Big(n) => n.clone(),
        _ => return false,
    };
    let bits = 8 * bytes.len() as u64;
    let fits = if signed {
        let limit = BigInt::from(1) << (bits.max(1) - 1);
        n >= -&limit && n < limit
    } else {
        n.sign() != num_bigint::Sign::Minus && n.bits() <= bits
    };
    if !fits {
        return false;
    }
    let fill = if n.sign() == num_bigint::Sign::Minus { 0xff } else { 0 };
    let mut digits = n.to_signed_bytes_le();
    digits.resize(bytes.len().max(digits.len()), fill);
    bytes.copy_from_slice(&digits[..bytes.len()]);
    if !little {
        bytes.reverse();
    }
    true
}

/// A new uniform vector of the type that `tag` names, if there is one.
pub fn uniform_vector(engine: &mut Engine, tag: &str, elements: &[Value]) -> Result<Option<Value>> {
    let Some(element) = Element::from_tag(tag) else { return Ok(None) };
    let size = element.size();
    let mut bytes = vec![0; elements.len() * size];
    for (cell, &value) in bytes.chunks_exact_mut(size).zip(elements) {
        let stored = match Num::from_value(&engine.heap, value) {
            Some(number) => element.set(cell, &number),
            None => false,
        };
        if !stored {
            let subr = format!("{tag}vector-set!");
            return engine.out_of_range(&subr, 3, value);
        }
    }
    let vector = engine.heap.bytevector(bytes);
    engine.heap.set_aux(vector, element as u16);
    Ok(Some(vector))
}

/// A bytevector's external representation.
pub fn print(heap: &Heap, value: Value) -> String {
    let element = Element::from_aux(heap.aux(value));
    let bytes = heap.as_bytes(value).map_or(&[][..], |b| b);
    let elements: Vec<String> = bytes
        .chunks_exact(element.size())
        .map(|cell| text::to_text(&element.get(cell), 10))
        .collect();
    format!("#{}({})", element.tag(), elements.join(" "))
}

/// A vector of bits.
pub struct BitVector(pub Vec<bool>);

impl Foreign for BitVector {
    fn type_name(&self) -> &'static str {
        "bitvector"
    }
    fn trace(&self, _: &mut Tracer) {}
}
