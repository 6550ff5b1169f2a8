// SPDX-License-Identifier: GPL-3.0-or-later
//! Numbers as text: `string->number` and `number->string` (R7RS section 7.1.1, Guile's notation).

use super::Num;
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{Num as _, One, Signed, ToPrimitive, Zero};

/// Largest decimal exponent that is not an error, as in Guile (which refuses `1.5e400`
/// rather than to compute it).
const EXPONENT_MAX: i64 = 400;

/// Why a text is no number.
#[derive(Debug, PartialEq)]
pub enum NotANumber {
    /// It does not have the form of one.
    Form,
    /// Its exponent is beyond what Guile accepts.
    ExponentOutOfRange(i64),
}

#[derive(Clone, Copy, PartialEq)]
enum Exactness {
    Exact,
    Inexact,
    AsWritten,
}

/// Reads a number in `radix` (2 to 36) unless a prefix such as `#x` says otherwise.
pub fn parse(text: &str, radix: u32) -> Result<Num, NotANumber> {
    let mut radix = radix;
    let mut exactness = Exactness::AsWritten;
    let mut rest = text;
    while let Some(prefix) = rest.strip_prefix('#') {
        let letter = prefix.chars().next().ok_or(NotANumber::Form)?.to_ascii_lowercase();
        match letter {
            'x' => radix = 16,
            'd' => radix = 10,
            'o' => radix = 8,
            'b' => radix = 2,
            'e' => exactness = Exactness::Exact,
            'i' => exactness = Exactness::Inexact,
            _ => return Err(NotANumber::Form),
        }
        rest = &prefix[1..];
    }
    let number = complex(rest, radix, exactness)?;
    match exactness {
        Exactness::Exact => number.to_exact().ok_or(NotANumber::Form),
        Exactness::Inexact => Ok(number.to_inexact()),
        Exactness::AsWritten => Ok(number),
    }
}

fn complex(text: &str, radix: u32, exactness: Exactness) -> Result<Num, NotANumber> {
    if text.is_empty() {
        return Err(NotANumber::Form);
    }
    if let Some((magnitude, angle)) = text.split_once('@') {
        let m = real(magnitude, radix, exactness)?.to_f64();
        let a = real(angle, radix, exactness)?;
        if a == Num::from(0) {
            return real(magnitude, radix, exactness);
        }
        let a = a.to_f64();
        return Ok(Num::Complex(m * a.cos(), m * a.sin()));
    }
    if let Some(body) = text.strip_suffix('i').filter(|_| radix <= 18)
        && let Some(split) = body.rfind(['+', '-']).map(|at| back_over_exponent(body, at, radix))
    {
        let (re, im) = body.split_at(split);
        let im = match im {
            "+" => Num::from(1),
            "-" => Num::from(-1),
            _ if im.starts_with(['+', '-']) => real(im, radix, exactness)?,
            _ => return Err(NotANumber::Form),
        };
        let re = if re.is_empty() { Num::from(0) } else { real(re, radix, exactness)? };
        if im == Num::from(0) {
            return Ok(re);
        }
        return Ok(Num::Complex(re.to_f64(), im.to_f64()));
    }
    real(text, radix, exactness)
}

/// A sign right behind an exponent marker belongs to the exponent: then the imaginary part
/// starts at the sign before it.
fn back_over_exponent(text: &str, at: usize, radix: u32) -> usize {
    let before = text[..at].chars().next_back();
    if radix == 10 && matches!(before, Some('e' | 'E')) && at >= 2 {
        text[..at - 1].rfind(['+', '-']).unwrap_or(0)
    } else {
        at
    }
}

fn real(text: &str, radix: u32, exactness: Exactness) -> Result<Num, NotANumber> {
    let (negative, digits) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let signed = digits.len() != text.len();
    if signed && digits.eq_ignore_ascii_case("inf.0") {
        return Ok(Num::Flo(if negative { f64::NEG_INFINITY } else { f64::INFINITY }));
    }
    if signed && digits.eq_ignore_ascii_case("nan.0") {
        return Ok(Num::Flo(f64::NAN));
    }
    let number = if let Some((numerator, denominator)) = digits.split_once('/') {
        let denominator = natural(denominator, radix)?;
        if denominator.is_zero() {
            return Err(NotANumber::Form);
        }
        Num::from_ratio(BigRational::new(natural(numerator, radix)?, denominator))
    } else if radix == 10
        && digits.contains(['.', 'e', 'E', 's', 'S', 'f', 'F', 'd', 'D', 'l', 'L'])
    {
        decimal(digits, exactness)?
    } else {
        Num::from_big(natural(digits, radix)?)
    };
    Ok(match (negative, number) {
        (false, number) => number,
        (true, Num::Flo(x)) => Num::Flo(-x),
        (true, Num::Fix(n)) => Num::from_big(-BigInt::from(n)),
        (true, Num::Big(n)) => Num::from_big(-n),
        (true, Num::Ratio(q)) => Num::from_ratio(-q),
        (true, Num::Complex(re, im)) => Num::Complex(-re, -im),
    })
}

fn natural(text: &str, radix: u32) -> Result<BigInt, NotANumber> {
    if text.is_empty() || !text.chars().all(|c| c.is_digit(radix)) {
        return Err(NotANumber::Form);
    }
    if let (true, Ok(n)) = (text.len() <= 12, i64::from_str_radix(text, radix)) {
        return Ok(n.into());
    }
    BigInt::from_str_radix(text, radix).map_err(|_| NotANumber::Form)
}

/// A decimal without sign: digits with a point, an exponent, or both.
fn decimal(text: &str, exactness: Exactness) -> Result<Num, NotANumber> {
    let marker = |c: char| matches!(c.to_ascii_lowercase(), 'e' | 's' | 'f' | 'd' | 'l');
    let (mantissa, exponent) = match text.split_once(marker) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if whole.len() + fraction.len() == 0 || !all_digits(whole) || !all_digits(fraction) {
        return Err(NotANumber::Form);
    }
    let exponent = match exponent {
        None => 0,
        Some(digits) => {
            let bare = digits.strip_prefix(['+', '-']).unwrap_or(digits);
            if bare.is_empty() || !all_digits(bare) {
                return Err(NotANumber::Form);
            }
            digits.parse::<i64>().unwrap_or(i64::MAX)
        }
    };
    if exponent.checked_abs().is_none_or(|e| e >= EXPONENT_MAX) {
        return Err(NotANumber::ExponentOutOfRange(exponent));
    }
    if exactness == Exactness::Exact {
        let digits = natural(&format!("0{whole}{fraction}"), 10)?;
        let scale = exponent - fraction.len() as i64;
        let power = BigInt::from(10).pow(scale.unsigned_abs() as u32);
        let ratio = if scale < 0 {
            BigRational::new(digits, power)
        } else {
            BigRational::from(digits * power)
        };
        return Ok(Num::from_ratio(ratio));
    }
    format!("0{whole}.{fraction}0e{exponent}").parse().map(Num::Flo).map_err(|_| NotANumber::Form)
}

/// The number's external representation in `radix` (2 to 36).
pub fn to_text(number: &Num, radix: u32) -> String {
    match number {
        Num::Fix(n) if radix == 10 => n.to_string(),
        Num::Fix(n) => BigInt::from(*n).to_str_radix(radix),
        Num::Big(n) => n.to_str_radix(radix),
        Num::Ratio(q) => {
            format!("{}/{}", q.numer().to_str_radix(radix), q.denom().to_str_radix(radix))
        }
        Num::Flo(x) => flonum(*x, radix),
        Num::Complex(re, im) => {
            let sign =
                if im.is_sign_negative() || im.is_nan() || im.is_infinite() { "" } else { "+" };
            format!("{}{sign}{}i", flonum(*re, radix), flonum(*im, radix))
        }
    }
}

fn flonum(x: f64, radix: u32) -> String {
    if x.is_nan() {
        return "+nan.0".into();
    }
    if x.is_infinite() {
        return if x > 0.0 { "+inf.0" } else { "-inf.0" }.into();
    }
    if radix != 10 {
        return flonum_in_radix(x, radix);
    }
    if x == 0.0 {
        return if x.is_sign_negative() { "-0.0" } else { "0.0" }.into();
    }
    // Rust prints the shortest digits that read back as the same number: "-1.234e-5".
    let scientific = format!("{:e}", x.abs());
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let digits: String = mantissa.chars().filter(|&c| c != '.').collect();
    let sign = if x < 0.0 { "-" } else { "" };
    format!("{sign}{}", place_point(&digits, exponent))
}

/// Guile's choice between positional and scientific notation: positional from 0.001 up to below 10⁷, and
/// beyond as long as at most three zeros have to be put behind the digits.
fn place_point(digits: &str, exponent: i32) -> String {
    let count = digits.len() as i32;
    let zeros = exponent + 1 - count;
    if exponent < -3 || (exponent >= 7 && zeros > 3) {
        let (first, rest) = digits.split_at(1);
        let rest = if rest.is_empty() { "0" } else { rest };
        return format!("{first}.{rest}e{exponent}");
    }
    if exponent < 0 {
        return format!("0.{}{digits}", "0".repeat((-exponent - 1) as usize));
    }
    if zeros >= 0 {
        return format!("{digits}{}.0", "0".repeat(zeros as usize));
    }
    let (whole, fraction) = digits.split_at(exponent as usize + 1);
    format!("{whole}.{fraction}")
}

/// Every double is a fraction of a power of two, so its expansion in an even radix ends.
fn flonum_in_radix(x: f64, radix: u32) -> String {
    let Some(exact) = BigRational::from_float(x.abs()) else { return flonum(x, 10) };
    let whole = exact.to_integer();
    let mut fraction = exact - BigRational::from(whole.clone());
    let base = BigRational::from(BigInt::from(radix));
    let mut text = format!("{}{}.", if x < 0.0 { "-" } else { "" }, whole.to_str_radix(radix));
    for place in 0..1100 {
        if fraction.is_zero() && place > 0 {
            break;
        }
        fraction *= &base;
        let digit = fraction.to_integer();
        text.push(char::from_digit(digit.to_u32().unwrap_or(0), radix).unwrap_or('0'));
        fraction -= BigRational::from(digit);
    }
    if text.ends_with('.') {
        text.push('0');
    }
    debug_assert!(!fraction.is_negative() && fraction < BigRational::one());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(text: &str) -> String {
        parse(text, 10).map_or_else(|e| format!("{e:?}"), |n| to_text(&n, 10))
    }

    /// Pairs of what was written and what Guile 3.0.11 prints.
    #[test]
    fn reads_and_prints_as_guile_does() {
        for (written, printed) in [
            ("6/4", "3/2"),
            ("#e1.5", "3/2"),
            ("#i1/3", "0.3333333333333333"),
            ("1e10", "1.0e10"),
            (".5", "0.5"),
            ("1.", "1.0"),
            ("-1.5e-3", "-0.0015"),
            ("#xff", "255"),
            ("#b-101", "-5"),
            ("1@2", "-0.4161468365471424+0.9092974268256817i"),
            ("1+2i", "1.0+2.0i"),
            ("+i", "0.0+1.0i"),
            ("#e1.2e-2", "3/250"),
            ("#x1/f", "1/15"),
            ("123456789012345678901234567890", "123456789012345678901234567890"),
            ("1e6", "1000000.0"),
            ("1e7", "1.0e7"),
            ("12345e3", "12345000.0"),
            ("12345e4", "1.2345e8"),
            ("12345678901234567890.0", "12345678901234567000.0"),
            ("1.2345e-4", "1.2345e-4"),
            ("5e-324", "5.0e-324"),
            ("-0.0", "-0.0"),
        ] {
            assert_eq!(round(written), printed, "{written}");
        }
    }

    #[test]
    fn what_looks_like_a_number_but_is_none() {
        for text in
            ["", "+", "-", "...", "1+", "1-", "1e", "e1", "--1", "1/0", "1/2.5", "xAg", ".", "+-1"]
        {
            assert_eq!(parse(text, 10), Err(NotANumber::Form), "{text}");
        }
        assert_eq!(parse("1.5e400", 10), Err(NotANumber::ExponentOutOfRange(400)));
    }

    #[test]
    fn other_radixes() {
        assert_eq!(to_text(&Num::Flo(0.5), 2), "0.1");
        assert_eq!(to_text(&Num::Flo(1.25), 2), "1.01");
        assert_eq!(to_text(&parse("-3/4", 10).unwrap(), 2), "-11/100");
        assert_eq!(parse("zz", 36), Ok(Num::Fix(35 * 36 + 35)));
    }
}
