// SPDX-License-Identifier: GPL-3.0-or-later
//! Character sets (SRFI-14 as far as it takes no procedure). Guile's cursors are lists of
//! what is left, so walking a set is linear.

use super::args::{character, chars, expecting, index, list, optional};
use crate::data::char_sets::CharSet;
use crate::engine::Engine;
use crate::native;
use crate::native::{Native, Result};
use crate::value::Value;

/// The procedures.
pub static NATIVES: &[Native] = &[
    native!("char-set?", 1, |e, v| Ok(Value::bool(e.heap.as_foreign::<CharSet>(v).is_some()))),
    native!("%standard-char-set", 1, |e, name| {
        let name = super::args::symbol(e, "%standard-char-set", 1, name)?;
        let name = crate::data::char_sets::STANDARD.iter().find(|known| **known == name);
        Ok(e.heap.foreign(CharSet::standard(name.copied().unwrap_or("empty"))))
    }),
    native!("char-set", 0, 0, true, |e, args| {
        let mut members = Vec::new();
        for (i, &arg) in args.iter().enumerate() {
            members.push(character(e, "char-set", i + 1, arg)?);
        }
        Ok(e.heap.foreign(CharSet::from_chars(members)))
    }),
    native!("string->char-set", 1, 1, false, |e, args| {
        let members = chars(e, "string->char-set", 1, args[0])?;
        extended(e, "string->char-set", args, CharSet::from_chars(members))
    }),
    native!("string->char-set!", 2, 0, false, |e, args| {
        let members = chars(e, "string->char-set!", 1, args[0])?;
        extended(e, "string->char-set!", args, CharSet::from_chars(members))
    }),
    native!("list->char-set", 1, 1, false, |e, args| {
        let mut members = Vec::new();
        for element in list(e, "list->char-set", 1, args[0])? {
            members.push(character(e, "list->char-set", 1, element)?);
        }
        extended(e, "list->char-set", args, CharSet::from_chars(members))
    }),
    native!("ucs-range->char-set", 2, 2, false, |e, args| {
        let from = index(e, "ucs-range->char-set", 1, args[0])?.min(0x11_0000) as u32;
        let to = index(e, "ucs-range->char-set", 2, args[1])?.min(0x11_0000) as u32;
        let set = CharSet::range(from, to);
        match optional(args, 3) {
            Some(base) => {
                let base = get(e, "ucs-range->char-set", 4, base)?;
                Ok(e.heap.foreign(base.union(&set)))
            }
            None => Ok(e.heap.foreign(set)),
        }
    }),
    native!("->char-set", 1, |e, v| {
        if let Some(c) = v.as_char() {
            return Ok(e.heap.foreign(CharSet::from_chars([c])));
        }
        if e.heap.as_string(v).is_some() {
            let members = chars(e, "->char-set", 1, v)?;
            return Ok(e.heap.foreign(CharSet::from_chars(members)));
        }
        get(e, "->char-set", 1, v)?;
        Ok(v)
    }),
    native!("char-set-copy", 1, |e, v| {
        let set = get(e, "char-set-copy", 1, v)?;
        Ok(e.heap.foreign(set))
    }),
    native!("char-set-contains?", 2, |e, set, c| {
        let c = character(e, "char-set-contains?", 2, c)?;
        match e.heap.as_foreign::<CharSet>(set) {
            Some(set) => Ok(Value::bool(set.contains(c))),
            None => expecting(e, "char-set-contains?", 1, "charset", set),
        }
    }),
    native!("char-set-size", 1, |e, v| {
        Ok(Value::fixnum(get(e, "char-set-size", 1, v)?.chars().count() as i64))
    }),
    native!("char-set->list", 1, |e, v| {
        let members: Vec<Value> =
            get(e, "char-set->list", 1, v)?.chars().map(Value::char).collect();
        Ok(e.heap.list(&members))
    }),
    native!("char-set->string", 1, |e, v| {
        let set = get(e, "char-set->string", 1, v)?;
        Ok(super::args::new_string(e, set.chars()))
    }),
    native!("char-set=", 0, 0, true, |e, args| {
        let sets = all(e, "char-set=", args)?;
        Ok(Value::bool(sets.windows(2).all(|pair| pair[0] == pair[1])))
    }),
    native!("char-set<=", 0, 0, true, |e, args| {
        let sets = all(e, "char-set<=", args)?;
        let within = |pair: &[CharSet]| pair[0].difference(&pair[1]).ranges().is_empty();
        Ok(Value::bool(sets.windows(2).all(within)))
    }),
    native!("char-set-hash", 1, 1, false, |e, args| {
        let set = get(e, "char-set-hash", 1, args[0])?;
        let sum = set.ranges().iter().fold(7u64, |h, &(a, b)| {
            (h.wrapping_mul(31) ^ u64::from(a)).wrapping_mul(31) ^ u64::from(b)
        });
        let bound = match optional(args, 1) {
            Some(bound) => index(e, "char-set-hash", 2, bound)?.max(1) as u64,
            None => 871,
        };
        Ok(Value::fixnum((sum % bound) as i64))
    }),
    native!("char-set-adjoin", 1, 0, true, |e, args| adjoin(e, "char-set-adjoin", args, true)),
    native!("char-set-adjoin!", 1, 0, true, |e, args| adjoin(e, "char-set-adjoin!", args, true)),
    native!("char-set-delete", 1, 0, true, |e, args| adjoin(e, "char-set-delete", args, false)),
    native!("char-set-delete!", 1, 0, true, |e, args| adjoin(e, "char-set-delete!", args, false)),
    native!("char-set-complement", 1, |e, v| {
        let set = get(e, "char-set-complement", 1, v)?;
        Ok(e.heap.foreign(set.complement()))
    }),
    native!("char-set-complement!", 1, |e, v| {
        let set = get(e, "char-set-complement!", 1, v)?;
        Ok(e.heap.foreign(set.complement()))
    }),
    native!("char-set-union", 0, 0, true, |e, args| fold(e, "char-set-union", args, union)),
    native!("char-set-union!", 0, 0, true, |e, args| fold(e, "char-set-union!", args, union)),
    native!("char-set-intersection", 0, 0, true, |e, args| {
        if args.is_empty() {
            return Ok(e.heap.foreign(CharSet::standard("full")));
        }
        fold(e, "char-set-intersection", args, CharSet::intersection)
    }),
    native!("char-set-intersection!", 1, 0, true, |e, args| {
        fold(e, "char-set-intersection!", args, CharSet::intersection)
    }),
    native!("char-set-difference", 1, 0, true, |e, args| {
        fold(e, "char-set-difference", args, CharSet::difference)
    }),
    native!("char-set-difference!", 1, 0, true, |e, args| {
        fold(e, "char-set-difference!", args, CharSet::difference)
    }),
    native!("char-set-xor", 0, 0, true, |e, args| fold(e, "char-set-xor", args, CharSet::xor)),
    native!("char-set-xor!", 0, 0, true, |e, args| fold(e, "char-set-xor!", args, CharSet::xor)),
];

fn union(a: &CharSet, b: &CharSet) -> CharSet {
    a.union(b)
}

fn get(engine: &mut Engine, subr: &str, position: usize, value: Value) -> Result<CharSet> {
    match engine.heap.as_foreign::<CharSet>(value) {
        Some(set) => Ok(set.clone()),
        None => expecting(engine, subr, position, "charset", value),
    }
}

fn all(engine: &mut Engine, subr: &str, args: &[Value]) -> Result<Vec<CharSet>> {
    args.iter().enumerate().map(|(i, &arg)| get(engine, subr, i + 1, arg)).collect()
}

fn fold(
    engine: &mut Engine,
    subr: &str,
    args: &[Value],
    f: fn(&CharSet, &CharSet) -> CharSet,
) -> Result {
    let sets = all(engine, subr, args)?;
    let result = sets.into_iter().reduce(|a, b| f(&a, &b)).unwrap_or_default();
    Ok(engine.heap.foreign(result))
}

/// `set`, with the members of the optional second argument added.
fn extended(engine: &mut Engine, subr: &str, args: &[Value], set: CharSet) -> Result {
    let set = match optional(args, 1) {
        Some(base) => get(engine, subr, 2, base)?.union(&set),
        None => set,
    };
    Ok(engine.heap.foreign(set))
}

fn adjoin(engine: &mut Engine, subr: &str, args: &[Value], add: bool) -> Result {
    let base = get(engine, subr, 1, args[0])?;
    let mut members = Vec::new();
    for (i, &arg) in args[1..].iter().enumerate() {
        members.push(character(engine, subr, i + 2, arg)?);
    }
    let members = CharSet::from_chars(members);
    let set = if add { base.union(&members) } else { base.difference(&members) };
    Ok(engine.heap.foreign(set))
}
