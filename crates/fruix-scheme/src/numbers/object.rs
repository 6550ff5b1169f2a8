// SPDX-License-Identifier: GPL-3.0-or-later
//! Numbers that are neither fixnum nor flonum.

use num_bigint::BigInt;
use num_rational::BigRational;

/// The body of a number object. Always normalised: a `Big` is outside of the fixnum range, a
/// `Ratio` has a denominator above one, a `Complex` has an imaginary part that is not exact zero.
#[derive(Clone, Debug, PartialEq)]
pub enum Number {
    /// An exact integer beyond 62 bits.
    Big(BigInt),
    /// An exact fraction.
    Ratio(BigRational),
    /// An inexact complex number: real part, imaginary part.
    Complex(f64, f64),
}
