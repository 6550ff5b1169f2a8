// SPDX-License-Identifier: GPL-3.0-or-later
//! Functions of the C library that programs look up by name (`dynamic-func`), as natives that take and
//! return what `pointer->procedure` would convert.

use crate::engine::Engine;
use crate::native;
use crate::native::{Native, Result};
use crate::value::Value;
use std::cmp::Ordering;

/// The functions.
static FUNCTIONS: &[Native] = &[native!("strverscmp", 2, strverscmp)];

/// Procedures of `(fruix native)`.
pub static LIBRARY: &[Native] = &[native!("%c-function", 1, c_function)];

/// `(%c-function NAME)`: the function as a procedure, or `#f`.
fn c_function(engine: &mut Engine, name: Value) -> Result {
    let name = super::args::string(engine, "dynamic-func", 1, name)?;
    match FUNCTIONS.iter().find(|function| function.name == name) {
        Some(function) => Ok(engine.heap.native(function)),
        None => Ok(Value::FALSE),
    }
}

fn strverscmp(engine: &mut Engine, a: Value, b: Value) -> Result {
    let a = super::foreign::c_string(engine, "strverscmp", a)?;
    let b = super::foreign::c_string(engine, "strverscmp", b)?;
    Ok(Value::fixnum(match compare_versions(&a, &b) {
        Ordering::Less => -1,
        Ordering::Equal => 0,
        Ordering::Greater => 1,
    }))
}

/// glibc's `strverscmp`: runs of digits compare as numbers, or as fractions if they start with zeros.
fn compare_versions(a: &[u8], b: &[u8]) -> Ordering {
    let Some(differ) = (0..a.len().max(b.len())).find(|&i| a.get(i) != b.get(i)) else {
        return Ordering::Equal;
    };
    let digit = |s: &[u8], i: usize| s.get(i).is_some_and(u8::is_ascii_digit);
    let start = a[..differ].iter().rposition(|c| !c.is_ascii_digit()).map_or(0, |i| i + 1);
    let in_number = start < differ;
    let fraction = if in_number {
        a[start] == b'0'
    } else {
        a.get(differ) == Some(&b'0') || b.get(differ) == Some(&b'0')
    };
    let bytewise = || a.get(differ).cmp(&b.get(differ));
    if !fraction {
        // Outside of a number two digits start one; within, one digit goes on with it.
        let (x, y) = (digit(a, differ), digit(b, differ));
        let numeric = if in_number { x || y } else { x && y };
        if !numeric {
            return bytewise();
        }
        let length = |s: &[u8]| s[differ..].iter().take_while(|c| c.is_ascii_digit()).count();
        return length(a).cmp(&length(b)).then_with(bytewise);
    }
    // Fractions: the one that goes on with digits after common zeros is the lesser.
    let zeros_only = a[start..differ].iter().all(|&c| c == b'0');
    if zeros_only && in_number {
        match (digit(a, differ), digit(b, differ)) {
            (true, false) => return Ordering::Less,
            (false, true) => return Ordering::Greater,
            _ => {}
        }
    }
    bytewise()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_as_glibc_compares_them() {
        use Ordering::{Equal, Greater, Less};
        // The examples of strverscmp(3) and some of glibc's own tests.
        for (a, b, order) in [
            ("no digit", "no digit", Equal),
            ("item#99", "item#100", Less),
            ("alpha1", "alpha001", Greater),
            ("part1_f012", "part1_f01", Greater),
            ("foo.009", "foo.0", Less),
            ("000", "00", Less),
            ("00", "000", Greater),
            ("a0", "a", Greater),
            ("00", "01", Less),
            ("01", "010", Less),
            ("010", "09", Less),
            ("09", "0", Less),
            ("9", "10", Less),
            ("0a", "0", Greater),
            ("1.10", "1.9", Greater),
            ("2.12.2", "2.12.10", Less),
        ] {
            assert_eq!(compare_versions(a.as_bytes(), b.as_bytes()), order, "{a} {b}");
        }
    }
}
