// SPDX-License-Identifier: GPL-3.0-or-later
//! Arithmetic over the tower, with Guile's contagion: an inexact operand makes the result inexact, but for
//! an exact zero times anything.

use super::Num;
use num_bigint::BigInt;
use num_integer::Integer;
use num_rational::BigRational;
use num_traits::{Signed, ToPrimitive, Zero};
use std::cmp::Ordering;

/// Two operands of the same kind.
enum Same {
    Int(BigInt, BigInt),
    Ratio(BigRational, BigRational),
    Flo(f64, f64),
    Complex((f64, f64), (f64, f64)),
}

fn align(a: &Num, b: &Num) -> Same {
    match (a, b) {
        (Num::Complex(..), _) | (_, Num::Complex(..)) => Same::Complex(a.parts(), b.parts()),
        (Num::Flo(_), _) | (_, Num::Flo(_)) => Same::Flo(a.to_f64(), b.to_f64()),
        (Num::Ratio(_), _) | (_, Num::Ratio(_)) => Same::Ratio(a.to_ratio(), b.to_ratio()),
        _ => Same::Int(a.to_big(), b.to_big()),
    }
}

fn complex(re: f64, im: f64) -> Num {
    if im == 0.0 { Num::Flo(re) } else { Num::Complex(re, im) }
}

impl Num {
    fn parts(&self) -> (f64, f64) {
        match self {
            Num::Complex(re, im) => (*re, *im),
            _ => (self.to_f64(), 0.0),
        }
    }

    /// An exact integer's value; zero for what is none.
    pub fn to_big(&self) -> BigInt {
        match self {
            Num::Fix(n) => BigInt::from(*n),
            Num::Big(n) => n.clone(),
            _ => BigInt::zero(),
        }
    }

    fn to_ratio(&self) -> BigRational {
        match self {
            Num::Ratio(q) => q.clone(),
            _ => BigRational::from(self.to_big()),
        }
    }

    /// Whether this is an integer, exact or not.
    pub fn is_integer(&self) -> bool {
        match self {
            Num::Fix(_) | Num::Big(_) => true,
            Num::Flo(x) => x.is_finite() && x.fract() == 0.0,
            _ => false,
        }
    }

    /// Whether this is an exact integer.
    pub fn is_exact_integer(&self) -> bool {
        matches!(self, Num::Fix(_) | Num::Big(_))
    }

    /// Whether this is a real number.
    pub fn is_real(&self) -> bool {
        !matches!(self, Num::Complex(..))
    }

    /// Whether this is zero.
    pub fn is_zero(&self) -> bool {
        matches!(self, Num::Fix(0)) || matches!(self, Num::Flo(x) if *x == 0.0)
    }

    /// The sign of a real number: -1, 0 or 1 (0 for NaN).
    pub fn sign(&self) -> i32 {
        let ordering = match self {
            Num::Fix(n) => n.cmp(&0),
            Num::Big(n) => n.cmp(&BigInt::zero()),
            Num::Ratio(q) => q.cmp(&BigRational::zero()),
            Num::Flo(x) | Num::Complex(x, _) => x.partial_cmp(&0.0).unwrap_or(Ordering::Equal),
        };
        ordering as i32
    }

    /// `a + b`.
    pub fn add(&self, other: &Num) -> Num {
        if let (Num::Fix(a), Num::Fix(b)) = (self, other) {
            return Num::from(a + b);
        }
        match align(self, other) {
            Same::Int(a, b) => Num::from_big(a + b),
            Same::Ratio(a, b) => Num::from_ratio(a + b),
            Same::Flo(a, b) => Num::Flo(a + b),
            Same::Complex((a, b), (c, d)) => complex(a + c, b + d),
        }
    }

    /// `a - b`.
    pub fn sub(&self, other: &Num) -> Num {
        if let (Num::Fix(a), Num::Fix(b)) = (self, other) {
            return Num::from(a - b);
        }
        match align(self, other) {
            Same::Int(a, b) => Num::from_big(a - b),
            Same::Ratio(a, b) => Num::from_ratio(a - b),
            Same::Flo(a, b) => Num::Flo(a - b),
            Same::Complex((a, b), (c, d)) => complex(a - c, b - d),
        }
    }

    /// `a × b`.
    pub fn mul(&self, other: &Num) -> Num {
        if let (Num::Fix(a), Num::Fix(b)) = (self, other)
            && let Some(n) = a.checked_mul(*b)
        {
            return Num::from(n);
        }
        if *self == Num::Fix(0) || *other == Num::Fix(0) {
            return Num::Fix(0);
        }
        match align(self, other) {
            Same::Int(a, b) => Num::from_big(a * b),
            Same::Ratio(a, b) => Num::from_ratio(a * b),
            Same::Flo(a, b) => Num::Flo(a * b),
            Same::Complex((a, b), (c, d)) => complex(a * c - b * d, a * d + b * c),
        }
    }

    /// `a / b`; none for division by an exact zero.
    pub fn div(&self, other: &Num) -> Option<Num> {
        if *other == Num::Fix(0) {
            return None;
        }
        Some(match align(self, other) {
            Same::Int(a, b) => Num::from_ratio(BigRational::new(a, b)),
            Same::Ratio(a, b) => Num::from_ratio(a / b),
            Same::Flo(a, b) => Num::Flo(a / b),
            Same::Complex((a, b), (c, d)) => {
                let norm = c * c + d * d;
                complex((a * c + b * d) / norm, (b * c - a * d) / norm)
            }
        })
    }

    /// `-a`.
    pub fn negate(&self) -> Num {
        match self {
            Num::Flo(x) => Num::Flo(-x),
            Num::Complex(re, im) => Num::Complex(-re, -im),
            _ => Num::Fix(0).sub(self),
        }
    }

    /// The order of two real numbers; none if one is NaN. Exact with inexact is compared exactly.
    pub fn compare(&self, other: &Num) -> Option<Ordering> {
        if let (Num::Fix(a), Num::Fix(b)) = (self, other) {
            return Some(a.cmp(b));
        }
        match (self, other) {
            (Num::Flo(a), Num::Flo(b)) => a.partial_cmp(b),
            (Num::Flo(a), exact) => compare_mixed(exact, *a).map(Ordering::reverse),
            (exact, Num::Flo(b)) => compare_mixed(exact, *b),
            _ => match align(self, other) {
                Same::Int(a, b) => Some(a.cmp(&b)),
                Same::Ratio(a, b) => Some(a.cmp(&b)),
                Same::Flo(a, b) => a.partial_cmp(&b),
                Same::Complex(a, b) => (a == b).then_some(Ordering::Equal),
            },
        }
    }

    /// Quotient and remainder of integers by `how`; none for a zero divisor or operands that are not
    /// integers.
    pub fn divide(&self, other: &Num, how: Division) -> Option<(Num, Num)> {
        if !self.is_integer() || !other.is_integer() || other.is_zero() {
            return None;
        }
        if let (Num::Flo(_), _) | (_, Num::Flo(_)) = (self, other) {
            let (q, r) = self.to_exact()?.divide(&other.to_exact()?, how)?;
            return Some((q.to_inexact(), r.to_inexact()));
        }
        if let (Num::Fix(a), Num::Fix(b)) = (self, other)
            && matches!(how, Division::Truncate | Division::Floor)
        {
            let (q, r) = (a / b, a % b);
            let down = how == Division::Floor && r != 0 && (r < 0) != (*b < 0);
            return Some(if down {
                (Num::from(q - 1), Num::from(r + b))
            } else {
                (Num::from(q), Num::from(r))
            });
        }
        let (a, b) = (self.to_big(), other.to_big());
        let (q, r) = match how {
            Division::Truncate => a.div_rem(&b),
            Division::Floor => a.div_mod_floor(&b),
            Division::Euclidean => {
                let (q, r) = a.div_rem(&b);
                match (r.is_negative(), b.is_negative()) {
                    (true, false) => (q - 1, r + b),
                    (true, true) => (q + 1, r - b),
                    _ => (q, r),
                }
            }
            Division::Ceiling => {
                let (q, r) = a.div_mod_floor(&b);
                if r.is_zero() { (q, r) } else { (q + 1, r - b) }
            }
            Division::Centered => {
                let (twice, width): (BigInt, BigInt) = (&a * 2 + b.abs(), b.abs() * 2);
                let half: BigInt = Integer::div_floor(&twice, &width);
                let q = if b.is_negative() { -half } else { half };
                let r = &a - &q * &b;
                (q, r)
            }
            Division::Round => {
                let q = round_half_even(&BigRational::new(a.clone(), b.clone()));
                let r = &a - &q * &b;
                (q, r)
            }
        };
        Some((Num::from_big(q), Num::from_big(r)))
    }

    /// Greatest common divisor of integers.
    pub fn gcd(&self, other: &Num) -> Option<Num> {
        if !self.is_integer() || !other.is_integer() {
            return None;
        }
        let inexact = !self.is_exact() || !other.is_exact();
        let gcd = Num::from_big(self.to_exact()?.to_big().gcd(&other.to_exact()?.to_big()));
        Some(if inexact { gcd.to_inexact() } else { gcd })
    }

    /// Rounds a real number to an integer of the same exactness.
    pub fn round(&self, how: Rounding) -> Option<Num> {
        Some(match self {
            Num::Fix(_) | Num::Big(_) => self.clone(),
            Num::Flo(x) => Num::Flo(match how {
                Rounding::Floor => x.floor(),
                Rounding::Ceiling => x.ceil(),
                Rounding::Truncate => x.trunc(),
                Rounding::Nearest => x.round_ties_even(),
            }),
            Num::Ratio(q) => Num::from_big(match how {
                Rounding::Floor => q.floor().to_integer(),
                Rounding::Ceiling => q.ceil().to_integer(),
                Rounding::Truncate => q.to_integer(),
                Rounding::Nearest => round_half_even(q),
            }),
            Num::Complex(..) => return None,
        })
    }

    /// `a` to the power `b`.
    pub fn expt(&self, exponent: &Num) -> Option<Num> {
        match (self, exponent) {
            (_, Num::Fix(0)) => Some(Num::Fix(1)),
            (Num::Fix(_) | Num::Big(_) | Num::Ratio(_), Num::Fix(n)) => {
                let power = u32::try_from(n.unsigned_abs()).ok()?;
                let base = self.to_ratio();
                let (numer, denom) = (base.numer().pow(power), base.denom().pow(power));
                if *n >= 0 {
                    return Some(Num::from_ratio(BigRational::new(numer, denom)));
                }
                (!numer.is_zero()).then(|| Num::from_ratio(BigRational::new(denom, numer)))
            }
            (Num::Flo(x), Num::Fix(n)) => Some(Num::Flo(x.powi(i32::try_from(*n).ok()?))),
            (Num::Complex(..), Num::Fix(n)) => {
                let power = (0..n.unsigned_abs()).fold(Num::Fix(1), |acc, _| acc.mul(self));
                if *n >= 0 { Some(power) } else { Num::Fix(1).div(&power) }
            }
            _ => {
                let ((a, b), (c, d)) = (self.parts(), exponent.parts());
                if b == 0.0 && d == 0.0 && (a >= 0.0 || c.fract() == 0.0) {
                    return Some(Num::Flo(a.powf(c)));
                }
                let (log_norm, angle) = (a.hypot(b).ln(), b.atan2(a));
                let (re, im) = (c * log_norm - d * angle, c * angle + d * log_norm);
                Some(complex(re.exp() * im.cos(), re.exp() * im.sin()))
            }
        }
    }

    /// The square root, exact where it is.
    pub fn sqrt(&self) -> Num {
        if let Num::Complex(re, im) = self {
            let (norm, half) = (re.hypot(*im).sqrt(), im.atan2(*re) / 2.0);
            return complex(norm * half.cos(), norm * half.sin());
        }
        let negative = self.sign() < 0;
        let magnitude = if negative { self.negate() } else { self.clone() };
        let root = match &magnitude {
            Num::Flo(x) => Num::Flo(x.sqrt()),
            exact => {
                let q = exact.to_ratio();
                let (n, d) = (q.numer().sqrt(), q.denom().sqrt());
                if &(&n * &n) == q.numer() && &(&d * &d) == q.denom() {
                    Num::from_ratio(BigRational::new(n, d))
                } else {
                    Num::Flo(exact.to_f64().sqrt())
                }
            }
        };
        if negative { Num::Complex(0.0, root.to_f64()) } else { root }
    }

    /// Shifts an exact integer left by `count` bits, right (towards minus infinity) if negative.
    pub fn shift(&self, count: i64) -> Option<Num> {
        if !self.is_exact_integer() {
            return None;
        }
        if count <= 0 {
            if let Num::Fix(n) = self {
                return Some(Num::Fix(n >> count.unsigned_abs().min(63)));
            }
            return Some(Num::from_big(self.to_big() >> count.unsigned_abs()));
        }
        if self.is_zero() {
            return Some(Num::Fix(0));
        }
        // A shift by more than this could only exhaust memory.
        (count < 1 << 32).then(|| Num::from_big(self.to_big() << count as u64))
    }

    /// The value of an exact integer that fits.
    pub fn to_i64(&self) -> Option<i64> {
        match self {
            Num::Fix(n) => Some(*n),
            Num::Big(n) => n.to_i64(),
            _ => None,
        }
    }
}

/// Orders an exact number against a double.
fn compare_mixed(exact: &Num, x: f64) -> Option<Ordering> {
    if x.is_nan() {
        return None;
    }
    match Num::Flo(x).to_exact() {
        Some(y) => exact.compare(&y),
        None => Some(if x > 0.0 { Ordering::Less } else { Ordering::Greater }),
    }
}

fn round_half_even(q: &BigRational) -> BigInt {
    let floor = q.floor().to_integer();
    let twice = (q - BigRational::from(floor.clone())) * BigRational::from(BigInt::from(2));
    match twice.cmp(&BigRational::from(BigInt::from(1))) {
        Ordering::Less => floor,
        Ordering::Greater => floor + 1,
        Ordering::Equal if floor.is_even() => floor,
        Ordering::Equal => floor + 1,
    }
}

/// How a quotient is rounded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Division {
    /// Towards zero: `quotient`.
    Truncate,
    /// Towards minus infinity: `modulo`.
    Floor,
    /// Towards plus infinity.
    Ceiling,
    /// So that the remainder is not negative: R6RS `div`.
    Euclidean,
    /// So that the remainder is smallest: R6RS `div0`.
    Centered,
    /// To the nearest, ties to even.
    Round,
}

/// How a number is rounded to an integer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rounding {
    /// Towards minus infinity.
    Floor,
    /// Towards plus infinity.
    Ceiling,
    /// Towards zero.
    Truncate,
    /// To the nearest, ties to even.
    Nearest,
}
