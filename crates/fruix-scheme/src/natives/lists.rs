// SPDX-License-Identifier: GPL-3.0-or-later
//! Pairs and lists (R7RS section 6.4; Guile's manual, "Pairs" and "Lists").

use super::args::{expecting, index, optional, pair, wanting};
use crate::data::equality::{hash_equal, hash_eqv, is_equal, is_eqv};
use crate::engine::Engine;
use crate::native;
use crate::native::{Native, Result};
use crate::value::Value;
use rustc_hash::FxHashMap;

/// The procedures.
pub static NATIVES: &[Native] = &[
    native!("cons", 2, |e, a, b| Ok(e.heap.cons(a, b))),
    native!("car", 1, |e, p| pair(e, "car", 1, p).map(|(car, _)| car)),
    native!("cdr", 1, |e, p| pair(e, "cdr", 1, p).map(|(_, cdr)| cdr)),
    native!("set-car!", 2, |e, p, v| {
        pair(e, "set-car!", 1, p)?;
        e.heap.set_car(p, v);
        Ok(Value::UNSPECIFIED)
    }),
    native!("set-cdr!", 2, |e, p, v| {
        pair(e, "set-cdr!", 1, p)?;
        e.heap.set_cdr(p, v);
        Ok(Value::UNSPECIFIED)
    }),
    native!("pair?", 1, |_, v| Ok(Value::bool(v.is_pair()))),
    native!("null?", 1, |_, v| Ok(Value::bool(v.is_null()))),
    native!("nil?", 1, |_, v| Ok(Value::bool(v.is_null() || v == Value::FALSE))),
    native!("list?", 1, |e, v| Ok(Value::bool(length(e, v).is_some()))),
    native!("list", 0, 0, true, |e, args| Ok(e.heap.list(args))),
    native!("cons*", 1, 0, true, cons_star),
    native!("acons", 3, |e, k, v, rest| {
        let entry = e.heap.cons(k, v);
        Ok(e.heap.cons(entry, rest))
    }),
    native!("make-list", 1, 1, false, |e, args| {
        let n = index(e, "make-list", 1, args[0])?;
        let fill = optional(args, 1).unwrap_or(Value::NULL);
        Ok((0..n).fold(Value::NULL, |rest, _| e.heap.cons(fill, rest)))
    }),
    native!("length", 1, |e, v| match length(e, v) {
        Some(n) => Ok(Value::fixnum(n as i64)),
        None => expecting(e, "length", 1, "list", v),
    }),
    native!("append", 0, 0, true, append),
    native!("append!", 0, 0, true, append_in_place),
    native!("reverse", 1, |e, v| reverse_onto(e, "reverse", v, Value::NULL)),
    native!("reverse!", 1, 1, false, |e, args| {
        reverse_onto(e, "reverse!", args[0], optional(args, 1).unwrap_or(Value::NULL))
    }),
    native!("list-copy", 1, |e, v| {
        let (elements, tail) = split(e, v);
        Ok(e.heap.list_with_tail(&elements, tail))
    }),
    native!("list-ref", 2, |e, v, k| {
        let tail = tail_at(e, "list-ref", v, k)?;
        match e.heap.pair(tail) {
            Some((car, _)) => Ok(car),
            None => e.out_of_range("list-ref", 2, k),
        }
    }),
    native!("list-set!", 3, |e, v, k, x| {
        let tail = tail_at(e, "list-set!", v, k)?;
        if !tail.is_pair() {
            return e.out_of_range("list-set!", 2, k);
        }
        e.heap.set_car(tail, x);
        Ok(x)
    }),
    native!("list-cdr-ref", 2, list_tail),
    native!("list-cdr-set!", 3, |e, v, k, x| {
        let tail = tail_at(e, "list-cdr-set!", v, k)?;
        pair(e, "list-cdr-set!", 1, tail)?;
        e.heap.set_cdr(tail, x);
        Ok(x)
    }),
    native!("list-tail", 2, list_tail),
    native!("list-head", 2, |e, v, k| {
        let n = index(e, "list-head", 2, k)?;
        let mut rest = v;
        let mut elements = Vec::new();
        for _ in 0..n {
            let Some((car, cdr)) = e.heap.pair(rest) else {
                return wanting(e, "list-head", 1, "pair", rest);
            };
            elements.push(car);
            rest = cdr;
        }
        Ok(e.heap.list(&elements))
    }),
    native!("last-pair", 1, |e, v| {
        let mut last = v;
        while let Some((_, cdr)) = e.heap.pair(last).filter(|(_, cdr)| cdr.is_pair()) {
            last = cdr;
        }
        Ok(last)
    }),
    native!("%spine-length", 1, |e, v| {
        // How many pairs a list, proper or not, begins with.
        let (mut rest, mut n) = (v, 0);
        while let Some((_, cdr)) = e.heap.pair(rest) {
            (rest, n) = (cdr, n + 1);
        }
        Ok(Value::fixnum(n))
    }),
    native!("%delete-duplicates", 2, delete_duplicates),
    native!("memq", 2, |e, x, v| mem(e, "memq", v, |_, y| x == y)),
    native!("memv", 2, |e, x, v| mem(e, "memv", v, |e, y| is_eqv(&e.heap, x, y))),
    native!("member", 2, |e, x, v| mem(e, "member", v, |e, y| is_equal(&e.heap, x, y))),
    native!("assq", 2, |e, x, v| assoc(e, "assq", v, true, |_, y| x == y)),
    native!("assv", 2, |e, x, v| assoc(e, "assv", v, true, |e, y| is_eqv(&e.heap, x, y))),
    native!("assoc", 2, |e, x, v| assoc(e, "assoc", v, true, |e, y| is_equal(&e.heap, x, y))),
    native!("sloppy-assq", 2, |e, x, v| assoc(e, "sloppy-assq", v, false, |_, y| x == y)),
    native!("sloppy-assv", 2, |e, x, v| {
        assoc(e, "sloppy-assv", v, false, |e, y| is_eqv(&e.heap, x, y))
    }),
    native!("sloppy-assoc", 2, |e, x, v| {
        assoc(e, "sloppy-assoc", v, false, |e, y| is_equal(&e.heap, x, y))
    }),
    native!("assq-ref", 2, |e, v, x| assoc_ref(e, v, |_, y| x == y)),
    native!("assv-ref", 2, |e, v, x| assoc_ref(e, v, |e, y| is_eqv(&e.heap, x, y))),
    native!("assoc-ref", 2, |e, v, x| assoc_ref(e, v, |e, y| is_equal(&e.heap, x, y))),
    native!("assq-set!", 3, |e, v, k, x| assoc_set(e, v, k, x, |_, y| k == y)),
    native!("assv-set!", 3, |e, v, k, x| assoc_set(e, v, k, x, |e, y| is_eqv(&e.heap, k, y))),
    native!("assoc-set!", 3, |e, v, k, x| assoc_set(e, v, k, x, |e, y| is_equal(&e.heap, k, y))),
    native!("assq-remove!", 2, |e, v, k| assoc_remove(e, v, |_, y| k == y)),
    native!("assv-remove!", 2, |e, v, k| assoc_remove(e, v, |e, y| is_eqv(&e.heap, k, y))),
    native!("assoc-remove!", 2, |e, v, k| assoc_remove(e, v, |e, y| is_equal(&e.heap, k, y))),
    native!("delq", 2, |e, x, v| delete(e, v, usize::MAX, |_, y| x == y)),
    native!("delq!", 2, |e, x, v| delete(e, v, usize::MAX, |_, y| x == y)),
    native!("delv", 2, |e, x, v| delete(e, v, usize::MAX, |e, y| is_eqv(&e.heap, x, y))),
    native!("delv!", 2, |e, x, v| delete(e, v, usize::MAX, |e, y| is_eqv(&e.heap, x, y))),
    native!("delete", 2, |e, x, v| delete(e, v, usize::MAX, |e, y| is_equal(&e.heap, x, y))),
    native!("delete!", 2, |e, x, v| delete(e, v, usize::MAX, |e, y| is_equal(&e.heap, x, y))),
    native!("delq1!", 2, |e, x, v| delete(e, v, 1, |_, y| x == y)),
    native!("delv1!", 2, |e, x, v| delete(e, v, 1, |e, y| is_eqv(&e.heap, x, y))),
    native!("delete1!", 2, |e, x, v| delete(e, v, 1, |e, y| is_equal(&e.heap, x, y))),
    native!("caar", 1, |e, p| path(e, "caar", p, b"aa")),
    native!("cadr", 1, |e, p| path(e, "cadr", p, b"ad")),
    native!("cdar", 1, |e, p| path(e, "cdar", p, b"da")),
    native!("cddr", 1, |e, p| path(e, "cddr", p, b"dd")),
    native!("caaar", 1, |e, p| path(e, "caaar", p, b"aaa")),
    native!("caadr", 1, |e, p| path(e, "caadr", p, b"aad")),
    native!("cadar", 1, |e, p| path(e, "cadar", p, b"ada")),
    native!("caddr", 1, |e, p| path(e, "caddr", p, b"add")),
    native!("cdaar", 1, |e, p| path(e, "cdaar", p, b"daa")),
    native!("cdadr", 1, |e, p| path(e, "cdadr", p, b"dad")),
    native!("cddar", 1, |e, p| path(e, "cddar", p, b"dda")),
    native!("cdddr", 1, |e, p| path(e, "cdddr", p, b"ddd")),
    native!("caaaar", 1, |e, p| path(e, "caaaar", p, b"aaaa")),
    native!("caaadr", 1, |e, p| path(e, "caaadr", p, b"aaad")),
    native!("caadar", 1, |e, p| path(e, "caadar", p, b"aada")),
    native!("caaddr", 1, |e, p| path(e, "caaddr", p, b"aadd")),
    native!("cadaar", 1, |e, p| path(e, "cadaar", p, b"adaa")),
    native!("cadadr", 1, |e, p| path(e, "cadadr", p, b"adad")),
    native!("caddar", 1, |e, p| path(e, "caddar", p, b"adda")),
    native!("cadddr", 1, |e, p| path(e, "cadddr", p, b"addd")),
    native!("cdaaar", 1, |e, p| path(e, "cdaaar", p, b"daaa")),
    native!("cdaadr", 1, |e, p| path(e, "cdaadr", p, b"daad")),
    native!("cdadar", 1, |e, p| path(e, "cdadar", p, b"dada")),
    native!("cdaddr", 1, |e, p| path(e, "cdaddr", p, b"dadd")),
    native!("cddaar", 1, |e, p| path(e, "cddaar", p, b"ddaa")),
    native!("cddadr", 1, |e, p| path(e, "cddadr", p, b"ddad")),
    native!("cdddar", 1, |e, p| path(e, "cdddar", p, b"ddda")),
    native!("cddddr", 1, |e, p| path(e, "cddddr", p, b"dddd")),
];

/// The length of a proper list.
fn length(engine: &Engine, list: Value) -> Option<usize> {
    let (mut rest, mut slow, mut n) = (list, list, 0);
    while rest.is_pair() {
        rest = engine.heap.cdr(rest);
        n += 1;
        if n % 2 == 0 {
            slow = engine.heap.cdr(slow);
            if slow == rest && rest.is_pair() {
                return None;
            }
        }
    }
    rest.is_null().then_some(n)
}

/// A list's elements and what its last pair ends in.
fn split(engine: &Engine, list: Value) -> (Vec<Value>, Value) {
    let mut elements = Vec::new();
    let mut rest = list;
    while let Some((car, cdr)) = engine.heap.pair(rest) {
        elements.push(car);
        rest = cdr;
    }
    (elements, rest)
}

fn cons_star(engine: &mut Engine, args: &[Value]) -> Result {
    let (&last, front) = args.split_last().unwrap_or((&Value::NULL, &[]));
    Ok(engine.heap.list_with_tail(front, last))
}

fn append(engine: &mut Engine, args: &[Value]) -> Result {
    let Some((&last, front)) = args.split_last() else { return Ok(Value::NULL) };
    let mut result = last;
    for (i, &list) in front.iter().enumerate().rev() {
        match engine.heap.list_to_vec(list) {
            Some(elements) => result = engine.heap.list_with_tail(&elements, result),
            None => return expecting(engine, "append", i + 1, "list", list),
        }
    }
    Ok(result)
}

fn append_in_place(engine: &mut Engine, args: &[Value]) -> Result {
    let mut result = Value::NULL;
    let mut last = Value::NULL;
    for (i, &list) in args.iter().enumerate() {
        if last.is_pair() {
            engine.heap.set_cdr(last, list);
        } else {
            result = list;
        }
        let mut rest = list;
        while rest.is_pair() {
            last = rest;
            rest = engine.heap.cdr(rest);
        }
        if i + 1 < args.len() && !rest.is_null() {
            return expecting(engine, "append!", i + 1, "list", list);
        }
    }
    Ok(result)
}

fn reverse_onto(engine: &mut Engine, subr: &str, list: Value, tail: Value) -> Result {
    let (mut rest, mut result) = (list, tail);
    while let Some((car, cdr)) = engine.heap.pair(rest) {
        result = engine.heap.cons(car, result);
        rest = cdr;
    }
    if rest.is_null() { Ok(result) } else { engine.wrong_type(subr, 1, list) }
}

fn list_tail(engine: &mut Engine, list: Value, k: Value) -> Result {
    let mut rest = list;
    for _ in 0..index(engine, "list-tail", 2, k)? {
        match engine.heap.pair(rest) {
            Some((_, cdr)) => rest = cdr,
            None => return wanting(engine, "list-tail", 1, "pair", rest),
        }
    }
    Ok(rest)
}

fn tail_at(engine: &mut Engine, subr: &str, list: Value, k: Value) -> Result {
    let n = index(engine, subr, 2, k)?;
    let mut rest = list;
    for _ in 0..n {
        match engine.heap.pair(rest) {
            Some((_, cdr)) => rest = cdr,
            None => return engine.out_of_range(subr, 2, k),
        }
    }
    Ok(rest)
}

fn mem(
    engine: &mut Engine,
    subr: &str,
    list: Value,
    found: impl Fn(&Engine, Value) -> bool,
) -> Result {
    let mut rest = list;
    while let Some((car, cdr)) = engine.heap.pair(rest) {
        if found(engine, car) {
            return Ok(rest);
        }
        rest = cdr;
    }
    if rest.is_null() { Ok(Value::FALSE) } else { expecting(engine, subr, 2, "list", list) }
}

/// The first entry whose key is `found`; what is no pair is an error if `strict`, else passed over.
fn assoc(
    engine: &mut Engine,
    subr: &str,
    list: Value,
    strict: bool,
    found: impl Fn(&Engine, Value) -> bool,
) -> Result {
    let mut rest = list;
    while let Some((entry, cdr)) = engine.heap.pair(rest) {
        match engine.heap.pair(entry) {
            Some((key, _)) if found(engine, key) => return Ok(entry),
            None if strict => {
                return expecting(engine, subr, 2, "association list", list);
            }
            _ => {}
        }
        rest = cdr;
    }
    if strict && !rest.is_null() {
        return expecting(engine, subr, 2, "association list", list);
    }
    Ok(Value::FALSE)
}

fn assoc_ref(engine: &mut Engine, list: Value, found: impl Fn(&Engine, Value) -> bool) -> Result {
    let entry = assoc(engine, "assoc-ref", list, false, found)?;
    Ok(engine.heap.pair(entry).map_or(Value::FALSE, |(_, value)| value))
}

fn assoc_set(
    engine: &mut Engine,
    list: Value,
    key: Value,
    value: Value,
    found: impl Fn(&Engine, Value) -> bool,
) -> Result {
    let entry = assoc(engine, "assoc-set!", list, false, found)?;
    if entry.is_pair() {
        engine.heap.set_cdr(entry, value);
        return Ok(list);
    }
    let entry = engine.heap.cons(key, value);
    Ok(engine.heap.cons(entry, list))
}

/// Unlinks the first entry whose key is `found`.
fn assoc_remove(
    engine: &mut Engine,
    list: Value,
    found: impl Fn(&Engine, Value) -> bool,
) -> Result {
    let entry = assoc(engine, "assoc-remove!", list, false, found)?;
    if !entry.is_pair() {
        return Ok(list);
    }
    delete(engine, list, 1, |_, x| x == entry)
}

/// A list without the first `most` elements that are `found`, sharing the tail behind the last one. Done
/// in place as far as pairs are kept, which is what the `!` forms may do and the others must not: so
/// this copies.
fn delete(
    engine: &mut Engine,
    list: Value,
    most: usize,
    found: impl Fn(&Engine, Value) -> bool,
) -> Result {
    let (elements, tail) = split(engine, list);
    let mut left = most;
    let mut kept = Vec::with_capacity(elements.len());
    for &element in &elements {
        if left > 0 && found(engine, element) {
            left -= 1;
        } else {
            kept.push(element);
        }
    }
    if kept.len() == elements.len() {
        return Ok(list);
    }
    Ok(engine.heap.list_with_tail(&kept, tail))
}

/// Follows a `c[ad]+r` path, whose letters apply from the last to the first.
fn path(engine: &mut Engine, subr: &str, value: Value, letters: &[u8]) -> Result {
    let mut at = value;
    for letter in letters.iter().rev() {
        let Some((car, cdr)) = engine.heap.pair(at) else {
            return expecting(engine, subr, 1, "pair", value);
        };
        at = if *letter == b'a' { car } else { cdr };
    }
    Ok(at)
}

/// From this length on, the elements that were met are looked up by their hashes.
const HASHED: usize = 12;

/// `(%delete-duplicates LIST KIND)`: the list without the elements that equal earlier ones by `eq?`, `eqv?` or `equal?`
/// (KIND is 0, 1 or 2) or, if they are strings, by `string=?` (3); #f if an element is none.
fn delete_duplicates(engine: &mut Engine, list: Value, kind: Value) -> Result {
    let elements = super::args::list(engine, "delete-duplicates", 1, list)?;
    let heap = &engine.heap;
    let kind = kind.as_fixnum().unwrap_or(2);
    if kind == 3 && !elements.iter().all(|&x| heap.as_string(x).is_some()) {
        return Ok(Value::FALSE);
    }
    let same = |a: Value, b: Value| match kind {
        0 => a == b,
        1 => is_eqv(heap, a, b),
        _ => is_equal(heap, a, b),
    };
    let mut kept: Vec<Value> = Vec::new();
    if elements.len() < HASHED {
        for x in elements {
            if !kept.iter().any(|&y| same(y, x)) {
                kept.push(x);
            }
        }
    } else {
        let mut met: FxHashMap<u64, Vec<usize>> = FxHashMap::default();
        for x in elements {
            let hash = match kind {
                0 => x.bits(),
                1 => hash_eqv(heap, x),
                _ => hash_equal(heap, x),
            };
            let met = met.entry(hash).or_default();
            if !met.iter().any(|&at| same(kept[at], x)) {
                met.push(kept.len());
                kept.push(x);
            }
        }
    }
    Ok(engine.heap.list(&kept))
}
