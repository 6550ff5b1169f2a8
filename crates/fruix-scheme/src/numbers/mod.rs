// SPDX-License-Identifier: GPL-3.0-or-later
//! The numeric tower: fixnums, big integers, fractions, flonums and inexact complex numbers.
//!
//! [`Num`] is a number out of the heap, on which arithmetic is done; values go in by
//! [`Num::from_value`] and come back normalised by [`Num::into_value`].

pub mod arith;
pub mod object;
pub mod text;

use crate::heap::Heap;
use crate::value::Value;
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, ToPrimitive, Zero};
use object::Number;

/// A number. Normalised: what fits a fixnum is one, what is whole is no fraction.
#[derive(Clone, Debug, PartialEq)]
pub enum Num {
    /// An integer of 62 bits.
    Fix(i64),
    /// An integer beyond that.
    Big(BigInt),
    /// A fraction.
    Ratio(BigRational),
    /// A double.
    Flo(f64),
    /// Real and imaginary part; the latter is not an exact zero.
    Complex(f64, f64),
}

impl From<i64> for Num {
    fn from(n: i64) -> Num {
        if Value::try_fixnum(n).is_some() { Num::Fix(n) } else { Num::Big(n.into()) }
    }
}

impl Num {
    /// The number that `value` is, if it is one.
    pub fn from_value(heap: &Heap, value: Value) -> Option<Num> {
        if let Some(n) = value.as_fixnum() {
            return Some(Num::Fix(n));
        }
        if let Some(x) = heap.as_flonum(value) {
            return Some(Num::Flo(x));
        }
        Some(match heap.as_number_object(value)? {
            Number::Big(n) => Num::Big(n.clone()),
            Number::Ratio(q) => Num::Ratio(q.clone()),
            &Number::Complex(re, im) => Num::Complex(re, im),
        })
    }

    /// The number as a value.
    pub fn into_value(self, heap: &mut Heap) -> Value {
        match self {
            Num::Fix(n) => Value::fixnum(n),
            Num::Flo(x) => heap.flonum(x),
            Num::Big(n) => heap.number_object(Number::Big(n)),
            Num::Ratio(q) => heap.number_object(Number::Ratio(q)),
            Num::Complex(re, im) => heap.number_object(Number::Complex(re, im)),
        }
    }

    /// An integer, normalised.
    pub fn from_big(n: BigInt) -> Num {
        match n.to_i64().filter(|&n| Value::try_fixnum(n).is_some()) {
            Some(n) => Num::Fix(n),
            None => Num::Big(n),
        }
    }

    /// A fraction, normalised.
    pub fn from_ratio(q: BigRational) -> Num {
        if q.denom().is_one() { Num::from_big(q.to_integer()) } else { Num::Ratio(q) }
    }

    /// The nearest double; a complex number's real part.
    pub fn to_f64(&self) -> f64 {
        match self {
            Num::Fix(n) => *n as f64,
            Num::Big(n) => n.to_f64().unwrap_or(f64::NAN),
            Num::Ratio(q) => ratio_to_f64(q),
            Num::Flo(x) => *x,
            Num::Complex(re, _) => *re,
        }
    }

    /// `exact->inexact`.
    pub fn to_inexact(&self) -> Num {
        match self {
            Num::Complex(re, im) => Num::Complex(*re, *im),
            _ => Num::Flo(self.to_f64()),
        }
    }

    /// `inexact->exact`; none for infinities, NaN and complex numbers.
    pub fn to_exact(&self) -> Option<Num> {
        match self {
            Num::Flo(x) => BigRational::from_float(*x).map(Num::from_ratio),
            Num::Complex(..) => None,
            _ => Some(self.clone()),
        }
    }

    /// Whether it is an exact number.
    pub fn is_exact(&self) -> bool {
        !matches!(self, Num::Flo(_) | Num::Complex(..))
    }
}

/// The double nearest to `q`, rounded once: numerator and denominator are scaled so that
/// their quotient has 64 significant bits and a sticky one.
fn ratio_to_f64(q: &BigRational) -> f64 {
    if q.numer().is_zero() {
        return 0.0;
    }
    let shift = 66 - (q.numer().bits() as i64 - q.denom().bits() as i64);
    let (numer, denom) = if shift >= 0 {
        (q.numer() << shift as u64, q.denom().clone())
    } else {
        (q.numer().clone(), q.denom() << (-shift) as u64)
    };
    let quotient = &numer / &denom;
    let sticky = if (&quotient * &denom) == numer { BigInt::zero() } else { BigInt::one() };
    let scaled = ((quotient << 1u32) | sticky).to_f64().unwrap_or(f64::NAN);
    let exponent = -(shift + 1);
    if exponent > -1000 && exponent < 1000 {
        scaled * 2f64.powi(exponent as i32)
    } else {
        scaled * 2f64.powi((exponent / 2) as i32) * 2f64.powi((exponent - exponent / 2) as i32)
    }
}
