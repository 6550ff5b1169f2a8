// SPDX-License-Identifier: GPL-3.0-or-later
//! Numbers (R7RS section 6.2; Guile's manual, "Numerical data types").

use super::args::{expecting, fixnum, optional, string};
use crate::engine::Engine;
use crate::native;
use crate::native::{Exit, Native, Result};
use crate::numbers::arith::{Division, Rounding};
use crate::numbers::{Num, text};
use crate::value::Value;
use num_traits::{Signed, ToPrimitive};
use std::cmp::Ordering;

/// The procedures.
pub static NATIVES: &[Native] = &[
    native!("+", 0, 0, true, |e, args| fold(e, "+", args, Num::Fix(0), Num::add)),
    native!("*", 0, 0, true, |e, args| fold(e, "*", args, Num::Fix(1), Num::mul)),
    native!("-", 1, 0, true, subtract),
    native!("/", 1, 0, true, divide),
    native!("=", 0, 0, true, |e, args| compare(e, "=", args, |o| o == Some(Ordering::Equal))),
    native!("<", 0, 0, true, |e, args| compare(e, "<", args, |o| o == Some(Ordering::Less))),
    native!(">", 0, 0, true, |e, args| compare(e, ">", args, |o| o == Some(Ordering::Greater))),
    native!("<=", 0, 0, true, |e, args| {
        compare(e, "<=", args, |o| o.is_some_and(Ordering::is_le))
    }),
    native!(">=", 0, 0, true, |e, args| {
        compare(e, ">=", args, |o| o.is_some_and(Ordering::is_ge))
    }),
    native!("1+", 1, |e, a| unary(e, "1+", a, |n| n.add(&Num::Fix(1)))),
    native!("1-", 1, |e, a| unary(e, "1-", a, |n| n.sub(&Num::Fix(1)))),
    native!("max", 1, 0, true, |e, args| extreme(e, "max", args, Ordering::Greater)),
    native!("min", 1, 0, true, |e, args| extreme(e, "min", args, Ordering::Less)),
    native!("abs", 1, |e, a| unary(e, "abs", a, |n| match n {
        Num::Flo(x) => Num::Flo(x.abs()),
        n if n.sign() < 0 => n.negate(),
        n => n,
    })),
    native!("magnitude", 1, |e, a| unary(e, "magnitude", a, |n| match n {
        Num::Complex(re, im) => Num::Flo(re.hypot(im)),
        Num::Flo(x) => Num::Flo(x.abs()),
        n if n.sign() < 0 => n.negate(),
        n => n,
    })),
    native!("angle", 1, |e, a| unary(e, "angle", a, |n| match n {
        Num::Complex(re, im) => Num::Flo(im.atan2(re)),
        n if n.sign() < 0 => Num::Flo(std::f64::consts::PI),
        Num::Flo(_) => Num::Flo(0.0),
        _ => Num::Fix(0),
    })),
    native!("real-part", 1, |e, a| unary(e, "real-part", a, |n| match n {
        Num::Complex(re, _) => Num::Flo(re),
        n => n,
    })),
    native!("imag-part", 1, |e, a| unary(e, "imag-part", a, |n| match n {
        Num::Complex(_, im) => Num::Flo(im),
        _ => Num::Fix(0),
    })),
    native!("make-rectangular", 2, |e, a, b| {
        let (a, b) = (number(e, "make-rectangular", 1, a)?, number(e, "make-rectangular", 2, b)?);
        let result = if b == Num::Fix(0) { a } else { Num::Complex(a.to_f64(), b.to_f64()) };
        Ok(result.into_value(&mut e.heap))
    }),
    native!("make-polar", 2, |e, a, b| {
        let (a, b) = (number(e, "make-polar", 1, a)?, number(e, "make-polar", 2, b)?);
        if b == Num::Fix(0) {
            return Ok(a.into_value(&mut e.heap));
        }
        let (m, t) = (a.to_f64(), b.to_f64());
        Ok(Num::Complex(m * t.cos(), m * t.sin()).into_value(&mut e.heap))
    }),
    native!("quotient", 2, |e, a, b| quotient(e, "quotient", a, b, Division::Truncate)),
    native!("remainder", 2, |e, a, b| remainder(e, "remainder", a, b, Division::Truncate)),
    native!("modulo", 2, |e, a, b| remainder(e, "modulo", a, b, Division::Floor)),
    native!("truncate-quotient", 2, |e, a, b| {
        quotient(e, "truncate-quotient", a, b, Division::Truncate)
    }),
    native!("truncate-remainder", 2, |e, a, b| {
        remainder(e, "truncate-remainder", a, b, Division::Truncate)
    }),
    native!("truncate/", 2, |e, a, b| both(e, "truncate/", a, b, Division::Truncate)),
    native!("floor-quotient", 2, |e, a, b| quotient(e, "floor-quotient", a, b, Division::Floor)),
    native!("floor-remainder", 2, |e, a, b| {
        remainder(e, "floor-remainder", a, b, Division::Floor)
    }),
    native!("floor/", 2, |e, a, b| both(e, "floor/", a, b, Division::Floor)),
    native!("ceiling-quotient", 2, |e, a, b| {
        quotient(e, "ceiling-quotient", a, b, Division::Ceiling)
    }),
    native!("ceiling-remainder", 2, |e, a, b| {
        remainder(e, "ceiling-remainder", a, b, Division::Ceiling)
    }),
    native!("ceiling/", 2, |e, a, b| both(e, "ceiling/", a, b, Division::Ceiling)),
    native!("round-quotient", 2, |e, a, b| quotient(e, "round-quotient", a, b, Division::Round)),
    native!("round-remainder", 2, |e, a, b| {
        remainder(e, "round-remainder", a, b, Division::Round)
    }),
    native!("round/", 2, |e, a, b| both(e, "round/", a, b, Division::Round)),
    native!("euclidean-quotient", 2, |e, a, b| {
        quotient(e, "euclidean-quotient", a, b, Division::Euclidean)
    }),
    native!("euclidean-remainder", 2, |e, a, b| {
        remainder(e, "euclidean-remainder", a, b, Division::Euclidean)
    }),
    native!("euclidean/", 2, |e, a, b| both(e, "euclidean/", a, b, Division::Euclidean)),
    native!("centered-quotient", 2, |e, a, b| {
        quotient(e, "centered-quotient", a, b, Division::Centered)
    }),
    native!("centered-remainder", 2, |e, a, b| {
        remainder(e, "centered-remainder", a, b, Division::Centered)
    }),
    native!("centered/", 2, |e, a, b| both(e, "centered/", a, b, Division::Centered)),
    native!("gcd", 0, 0, true, |e, args| {
        let mut result = Num::Fix(0);
        for (i, &arg) in args.iter().enumerate() {
            let n = number(e, "gcd", i + 1, arg)?;
            match result.gcd(&n) {
                Some(gcd) => result = gcd,
                None => return e.wrong_type("gcd", i + 1, arg),
            }
        }
        Ok(result.into_value(&mut e.heap))
    }),
    native!("lcm", 0, 0, true, lcm),
    native!("floor", 1, |e, a| round(e, "floor", a, Rounding::Floor)),
    native!("ceiling", 1, |e, a| round(e, "ceiling", a, Rounding::Ceiling)),
    native!("truncate", 1, |e, a| round(e, "truncate", a, Rounding::Truncate)),
    native!("round", 1, |e, a| round(e, "round", a, Rounding::Nearest)),
    native!("number?", 1, |e, a| Ok(Value::bool(Num::from_value(&e.heap, a).is_some()))),
    native!("complex?", 1, |e, a| Ok(Value::bool(Num::from_value(&e.heap, a).is_some()))),
    native!("real?", 1, |e, a| test(e, a, |n| n.is_real())),
    native!("rational?", 1, |e, a| test(e, a, |n| match n {
        Num::Flo(x) => x.is_finite(),
        n => n.is_real(),
    })),
    native!("integer?", 1, |e, a| test(e, a, Num::is_integer)),
    native!("exact-integer?", 1, |e, a| test(e, a, Num::is_exact_integer)),
    native!("exact?", 1, |e, a| Ok(Value::bool(number(e, "exact?", 1, a)?.is_exact()))),
    native!("inexact?", 1, |e, a| Ok(Value::bool(!number(e, "inexact?", 1, a)?.is_exact()))),
    native!("zero?", 1, |e, a| Ok(Value::bool(number(e, "zero?", 1, a)?.is_zero()))),
    native!("positive?", 1, |e, a| Ok(Value::bool(real(e, "positive?", 1, a)?.sign() > 0))),
    native!("negative?", 1, |e, a| Ok(Value::bool(real(e, "negative?", 1, a)?.sign() < 0))),
    native!("odd?", 1, |e, a| parity(e, "odd?", a).map(Value::bool)),
    native!("even?", 1, |e, a| parity(e, "even?", a).map(|odd| Value::bool(!odd))),
    native!("nan?", 1, |e, a| Ok(Value::bool(real(e, "nan?", 1, a)?.to_f64().is_nan()))),
    native!("inf?", 1, |e, a| Ok(Value::bool(real(e, "inf?", 1, a)?.to_f64().is_infinite()))),
    native!("finite?", 1, |e, a| {
        let n = real(e, "finite?", 1, a)?;
        Ok(Value::bool(n.is_exact() || n.to_f64().is_finite()))
    }),
    native!("inf", 0, |e| Ok(e.heap.flonum(f64::INFINITY))),
    native!("nan", 0, |e| Ok(e.heap.flonum(f64::NAN))),
    native!("numerator", 1, |e, a| part(e, "numerator", a, true)),
    native!("denominator", 1, |e, a| part(e, "denominator", a, false)),
    native!("exact->inexact", 1, |e, a| unary(e, "exact->inexact", a, |n| n.to_inexact())),
    native!("inexact->exact", 1, |e, a| exact(e, "inexact->exact", a)),
    native!("exact-integer-sqrt", 1, |e, a| {
        let n = number(e, "exact-integer-sqrt", 1, a)?;
        if !n.is_exact_integer() || n.sign() < 0 {
            return expecting(e, "exact-integer-sqrt", 1, "exact non-negative integer", a);
        }
        let n = n.to_big();
        let root = n.sqrt();
        let rest = n - &root * &root;
        let root = Num::from_big(root).into_value(&mut e.heap);
        let rest = Num::from_big(rest).into_value(&mut e.heap);
        Err(Box::new(Exit::Values(vec![root, rest])))
    }),
    native!("sqrt", 1, |e, a| unary(e, "sqrt", a, |n| n.sqrt())),
    native!("exp", 1, |e, a| real_function(e, "exp", a, f64::exp)),
    native!("sin", 1, |e, a| real_function(e, "sin", a, f64::sin)),
    native!("cos", 1, |e, a| real_function(e, "cos", a, f64::cos)),
    native!("tan", 1, |e, a| real_function(e, "tan", a, f64::tan)),
    native!("asin", 1, |e, a| real_function(e, "asin", a, f64::asin)),
    native!("acos", 1, |e, a| real_function(e, "acos", a, f64::acos)),
    native!("sinh", 1, |e, a| real_function(e, "sinh", a, f64::sinh)),
    native!("cosh", 1, |e, a| real_function(e, "cosh", a, f64::cosh)),
    native!("tanh", 1, |e, a| real_function(e, "tanh", a, f64::tanh)),
    native!("log10", 1, |e, a| real_function(e, "log10", a, f64::log10)),
    native!("log", 1, |e, a| {
        let n = number(e, "log", 1, a)?;
        Ok(match n {
            Num::Complex(re, im) => Num::Complex(re.hypot(im).ln(), im.atan2(re)),
            n if n.sign() < 0 => Num::Complex((-n.to_f64()).ln(), std::f64::consts::PI),
            Num::Big(n) => Num::Flo(big_log(&n)),
            n => Num::Flo(n.to_f64().ln()),
        }
        .into_value(&mut e.heap))
    }),
    native!("atan", 1, 1, false, |e, args| {
        let y = real(e, "atan", 1, args[0])?;
        match optional(args, 1) {
            None if y == Num::Fix(0) => Ok(Value::fixnum(0)),
            None => Ok(e.heap.flonum(y.to_f64().atan())),
            Some(x) => {
                let x = real(e, "atan", 2, x)?;
                if y == Num::Fix(0) && x.is_exact() && x.sign() > 0 {
                    return Ok(Value::fixnum(0));
                }
                Ok(e.heap.flonum(y.to_f64().atan2(x.to_f64())))
            }
        }
    }),
    native!("expt", 2, |e, a, b| {
        let (base, exponent) = (number(e, "expt", 1, a)?, number(e, "expt", 2, b)?);
        match base.expt(&exponent) {
            Some(result) => Ok(result.into_value(&mut e.heap)),
            None => overflow(e, "expt"),
        }
    }),
    native!("number->string", 1, 1, false, |e, args| {
        let n = number(e, "number->string", 1, args[0])?;
        let radix = radix(e, "number->string", args)?;
        Ok(e.heap.string(&text::to_text(&n, radix)))
    }),
    native!("string->number", 1, 1, false, |e, args| {
        let digits = string(e, "string->number", 1, args[0])?;
        let radix = radix(e, "string->number", args)?;
        match text::parse(&digits, radix) {
            Ok(n) => Ok(n.into_value(&mut e.heap)),
            Err(_) => Ok(Value::FALSE),
        }
    }),
    native!("logand", 0, 0, true, |e, args| bitwise(e, "logand", args, -1, |a, b| a & b)),
    native!("logior", 0, 0, true, |e, args| bitwise(e, "logior", args, 0, |a, b| a | b)),
    native!("logxor", 0, 0, true, |e, args| bitwise(e, "logxor", args, 0, |a, b| a ^ b)),
    native!("lognot", 1, |e, a| {
        let n = integer(e, "lognot", 1, a)?;
        Ok(Num::from_big(!n).into_value(&mut e.heap))
    }),
    native!("logtest", 2, |e, a, b| {
        let (a, b) = (integer(e, "logtest", 1, a)?, integer(e, "logtest", 2, b)?);
        Ok(Value::bool((a & b) != 0.into()))
    }),
    native!("logbit?", 2, |e, k, a| {
        let k = super::args::index(e, "logbit?", 1, k)?;
        let n = integer(e, "logbit?", 2, a)?;
        Ok(Value::bool(n.bit(k as u64)))
    }),
    native!("logcount", 1, |e, a| {
        let n = integer(e, "logcount", 1, a)?;
        let n = if n.is_negative() { !n } else { n };
        let count: u32 = n.magnitude().iter_u64_digits().map(u64::count_ones).sum();
        Ok(Value::fixnum(count.into()))
    }),
    native!("integer-length", 1, |e, a| {
        let n = integer(e, "integer-length", 1, a)?;
        let n = if n.is_negative() { !n } else { n };
        Ok(Value::fixnum(n.bits() as i64))
    }),
    native!("ash", 2, |e, a, k| shift(e, "ash", a, k)),
    native!("round-ash", 2, |e, a, k| {
        let count = fixnum(e, "round-ash", 2, k)?;
        if count >= 0 {
            return shift(e, "round-ash", a, k);
        }
        let n = integer(e, "round-ash", 1, a)?;
        let divisor = Num::Fix(1).shift(-count).unwrap_or(Num::Fix(1));
        match Num::from_big(n).divide(&divisor, Division::Round) {
            Some((q, _)) => Ok(q.into_value(&mut e.heap)),
            None => overflow(e, "round-ash"),
        }
    }),
    native!("bit-extract", 3, |e, a, start, end| {
        let n = integer(e, "bit-extract", 1, a)?;
        let start = super::args::index(e, "bit-extract", 2, start)?;
        let end = super::args::index(e, "bit-extract", 3, end)?.max(start);
        let mask = (num_bigint::BigInt::from(1) << (end - start)) - 1;
        Ok(Num::from_big((n >> start) & mask).into_value(&mut e.heap))
    }),
    native!("modulo-expt", 3, |e, a, b, m| {
        let base = integer(e, "modulo-expt", 1, a)?;
        let exponent = integer(e, "modulo-expt", 2, b)?;
        let modulus = integer(e, "modulo-expt", 3, m)?;
        if modulus == 0.into() || exponent.is_negative() {
            return overflow(e, "modulo-expt");
        }
        Ok(Num::from_big(base.modpow(&exponent, &modulus)).into_value(&mut e.heap))
    }),
];

/// The number that `value` is.
pub fn number(engine: &mut Engine, subr: &str, position: usize, value: Value) -> Result<Num> {
    match Num::from_value(&engine.heap, value) {
        Some(number) => Ok(number),
        None => engine.wrong_type(subr, position, value),
    }
}

fn real(engine: &mut Engine, subr: &str, position: usize, value: Value) -> Result<Num> {
    match number(engine, subr, position, value)? {
        Num::Complex(..) => engine.wrong_type(subr, position, value),
        n => Ok(n),
    }
}

/// The exact integer that `value` is.
pub fn integer(
    engine: &mut Engine,
    subr: &str,
    position: usize,
    value: Value,
) -> Result<num_bigint::BigInt> {
    let n = number(engine, subr, position, value)?;
    if n.is_exact_integer() { Ok(n.to_big()) } else { engine.wrong_type(subr, position, value) }
}

fn overflow<T>(engine: &mut Engine, subr: &str) -> Result<T> {
    engine.error("numerical-overflow", subr, "Numerical overflow", &[])
}

fn unary(engine: &mut Engine, subr: &str, a: Value, f: fn(Num) -> Num) -> Result {
    let n = number(engine, subr, 1, a)?;
    Ok(f(n).into_value(&mut engine.heap))
}

fn test(engine: &mut Engine, a: Value, f: fn(&Num) -> bool) -> Result {
    Ok(Value::bool(Num::from_value(&engine.heap, a).is_some_and(|n| f(&n))))
}

fn real_function(engine: &mut Engine, subr: &str, a: Value, f: fn(f64) -> f64) -> Result {
    let n = real(engine, subr, 1, a)?;
    let result = f(n.to_f64());
    // As Guile: exact 0 gives an exact result where that is right.
    if n == Num::Fix(0) && result == result.trunc() {
        return Ok(Value::fixnum(result as i64));
    }
    Ok(engine.heap.flonum(result))
}

fn big_log(n: &num_bigint::BigInt) -> f64 {
    let shift = n.bits().saturating_sub(1000);
    (n >> shift).to_f64().unwrap_or(f64::INFINITY).ln() + shift as f64 * std::f64::consts::LN_2
}

fn fold(
    engine: &mut Engine,
    subr: &str,
    args: &[Value],
    unit: Num,
    f: fn(&Num, &Num) -> Num,
) -> Result {
    let mut result = unit;
    for (i, &arg) in args.iter().enumerate() {
        // Guile's binary operations complain about the first or second operand.
        let n = number(engine, subr, if i == 0 { 1 } else { 2 }, arg)?;
        result = if i == 0 { n } else { f(&result, &n) };
    }
    Ok(result.into_value(&mut engine.heap))
}

fn subtract(engine: &mut Engine, args: &[Value]) -> Result {
    let first = number(engine, "-", 1, args[0])?;
    if args.len() == 1 {
        return Ok(first.negate().into_value(&mut engine.heap));
    }
    let mut result = first;
    for &arg in &args[1..] {
        result = result.sub(&number(engine, "-", 2, arg)?);
    }
    Ok(result.into_value(&mut engine.heap))
}

fn divide(engine: &mut Engine, args: &[Value]) -> Result {
    let first = number(engine, "/", 1, args[0])?;
    let (mut result, rest) =
        if args.len() == 1 { (Num::Fix(1), args) } else { (first, &args[1..]) };
    for &arg in rest {
        match result.div(&number(engine, "/", 2, arg)?) {
            Some(quotient) => result = quotient,
            None => return overflow(engine, "/"),
        }
    }
    Ok(result.into_value(&mut engine.heap))
}

fn compare(
    engine: &mut Engine,
    subr: &str,
    args: &[Value],
    holds: fn(Option<Ordering>) -> bool,
) -> Result {
    let mut result = true;
    let mut before: Option<Num> = None;
    for (i, &arg) in args.iter().enumerate() {
        let n = number(engine, subr, if i == 0 { 1 } else { 2 }, arg)?;
        if let Some(before) = &before {
            result &= holds(before.compare(&n));
        }
        before = Some(n);
    }
    Ok(Value::bool(result))
}

fn extreme(engine: &mut Engine, subr: &str, args: &[Value], wanted: Ordering) -> Result {
    let mut result = real(engine, subr, 1, args[0])?;
    let mut inexact = !result.is_exact();
    for &arg in &args[1..] {
        let n = real(engine, subr, 2, arg)?;
        inexact |= !n.is_exact();
        if n.compare(&result) == Some(wanted) || n.to_f64().is_nan() {
            result = n;
        }
    }
    let result = if inexact { result.to_inexact() } else { result };
    Ok(result.into_value(&mut engine.heap))
}

fn divided(
    engine: &mut Engine,
    subr: &str,
    a: Value,
    b: Value,
    how: Division,
) -> Result<(Num, Num)> {
    let (x, y) = (number(engine, subr, 1, a)?, number(engine, subr, 2, b)?);
    match x.divide(&y, how) {
        Some(result) => Ok(result),
        None if !x.is_integer() => engine.wrong_type(subr, 1, a),
        None if !y.is_integer() => engine.wrong_type(subr, 2, b),
        None => overflow(engine, subr),
    }
}

fn quotient(engine: &mut Engine, subr: &str, a: Value, b: Value, how: Division) -> Result {
    let (q, _) = divided(engine, subr, a, b, how)?;
    Ok(q.into_value(&mut engine.heap))
}

fn remainder(engine: &mut Engine, subr: &str, a: Value, b: Value, how: Division) -> Result {
    let (_, r) = divided(engine, subr, a, b, how)?;
    Ok(r.into_value(&mut engine.heap))
}

fn both(engine: &mut Engine, subr: &str, a: Value, b: Value, how: Division) -> Result {
    let (q, r) = divided(engine, subr, a, b, how)?;
    let values = vec![q.into_value(&mut engine.heap), r.into_value(&mut engine.heap)];
    Err(Box::new(Exit::Values(values)))
}

fn lcm(engine: &mut Engine, args: &[Value]) -> Result {
    let mut result = Num::Fix(1);
    for (i, &arg) in args.iter().enumerate() {
        let n = number(engine, "lcm", i + 1, arg)?;
        let Some(gcd) = result.gcd(&n) else { return engine.wrong_type("lcm", i + 1, arg) };
        if n.is_zero() {
            return Ok(Value::fixnum(0));
        }
        let product = result.mul(&n);
        result = product.divide(&gcd, Division::Truncate).map_or(Num::Fix(0), |(q, _)| q);
        if result.sign() < 0 {
            result = result.negate();
        }
    }
    Ok(result.into_value(&mut engine.heap))
}

fn round(engine: &mut Engine, subr: &str, a: Value, how: Rounding) -> Result {
    match number(engine, subr, 1, a)?.round(how) {
        Some(n) => Ok(n.into_value(&mut engine.heap)),
        None => engine.wrong_type(subr, 1, a),
    }
}

fn parity(engine: &mut Engine, subr: &str, a: Value) -> Result<bool> {
    let n = number(engine, subr, 1, a)?;
    match n.divide(&Num::Fix(2), Division::Floor) {
        Some((_, r)) => Ok(!r.is_zero()),
        None => engine.wrong_type(subr, 1, a),
    }
}

fn part(engine: &mut Engine, subr: &str, a: Value, numerator: bool) -> Result {
    let n = real(engine, subr, 1, a)?;
    let Some(exact) = n.to_exact() else { return engine.wrong_type(subr, 1, a) };
    let part = match &exact {
        Num::Ratio(q) if numerator => Num::from_big(q.numer().clone()),
        Num::Ratio(q) => Num::from_big(q.denom().clone()),
        _ if numerator => exact,
        _ => Num::Fix(1),
    };
    let part = if n.is_exact() { part } else { part.to_inexact() };
    Ok(part.into_value(&mut engine.heap))
}

fn exact(engine: &mut Engine, subr: &str, a: Value) -> Result {
    match number(engine, subr, 1, a)?.to_exact() {
        Some(n) => Ok(n.into_value(&mut engine.heap)),
        None => engine.wrong_type(subr, 1, a),
    }
}

fn radix(engine: &mut Engine, subr: &str, args: &[Value]) -> Result<u32> {
    match optional(args, 1) {
        None => Ok(10),
        Some(value) => match fixnum(engine, subr, 2, value)? {
            radix @ 2..=36 => Ok(radix as u32),
            _ => engine.out_of_range(subr, 2, value),
        },
    }
}

fn bitwise(
    engine: &mut Engine,
    subr: &str,
    args: &[Value],
    unit: i64,
    f: fn(num_bigint::BigInt, num_bigint::BigInt) -> num_bigint::BigInt,
) -> Result {
    let mut result = num_bigint::BigInt::from(unit);
    for (i, &arg) in args.iter().enumerate() {
        result = f(result, integer(engine, subr, i + 1, arg)?);
    }
    Ok(Num::from_big(result).into_value(&mut engine.heap))
}

fn shift(engine: &mut Engine, subr: &str, a: Value, k: Value) -> Result {
    let count = fixnum(engine, subr, 2, k)?;
    let n = number(engine, subr, 1, a)?;
    match n.shift(count) {
        Some(n) => Ok(n.into_value(&mut engine.heap)),
        None if n.is_exact_integer() => overflow(engine, subr),
        None => engine.wrong_type(subr, 1, a),
    }
}
