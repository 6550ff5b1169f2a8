// SPDX-License-Identifier: GPL-3.0-or-later
//! Internet addresses as text and as numbers (Guile's manual, "Network Address Conversion").

use super::args::{expecting, string};
use crate::engine::Engine;
use crate::native;
use crate::native::{Native, Result};
use crate::numbers::Num;
use crate::value::Value;
use num_bigint::BigInt;
use num_traits::ToPrimitive;
use std::net::{Ipv4Addr, Ipv6Addr};

/// The procedures.
pub static NATIVES: &[Native] =
    &[native!("inet-pton", 2, from_text), native!("inet-ntop", 2, to_text)];

/// `(inet-pton FAMILY TEXT)`.
fn from_text(engine: &mut Engine, family: Value, text: Value) -> Result {
    const SUBR: &str = "inet-pton";
    let family = family_of(engine, SUBR, family)?;
    let text = string(engine, SUBR, 2, text)?;
    let number = match family {
        Family::V4 => text.parse::<Ipv4Addr>().ok().map(|a| BigInt::from(a.to_bits())),
        Family::V6 => text.parse::<Ipv6Addr>().ok().map(|a| BigInt::from(a.to_bits())),
    };
    match number {
        Some(number) => Ok(Num::from_big(number).into_value(&mut engine.heap)),
        None => engine.error("misc-error", SUBR, "Bad address", &[]),
    }
}

/// `(inet-ntop FAMILY NUMBER)`.
fn to_text(engine: &mut Engine, family: Value, number: Value) -> Result {
    const SUBR: &str = "inet-ntop";
    let family = family_of(engine, SUBR, family)?;
    let address = match Num::from_value(&engine.heap, number) {
        Some(Num::Fix(n)) => Some(BigInt::from(n)),
        Some(Num::Big(n)) => Some(n),
        _ => None,
    };
    let Some(address) = address else {
        return expecting(engine, SUBR, 2, "integer", number);
    };
    let text = match family {
        Family::V4 => address.to_u32().map(|bits| Ipv4Addr::from_bits(bits).to_string()),
        Family::V6 => address.to_u128().map(|bits| Ipv6Addr::from_bits(bits).to_string()),
    };
    match text {
        Some(text) => Ok(engine.heap.string(&text)),
        None => engine.out_of_range(SUBR, 2, number),
    }
}

#[derive(Clone, Copy)]
enum Family {
    V4,
    V6,
}

fn family_of(engine: &mut Engine, subr: &str, family: Value) -> Result<Family> {
    match family.as_fixnum().and_then(|number| i32::try_from(number).ok()) {
        Some(libc::AF_INET) => Ok(Family::V4),
        Some(libc::AF_INET6) => Ok(Family::V6),
        _ => engine.out_of_range(subr, 1, family),
    }
}
