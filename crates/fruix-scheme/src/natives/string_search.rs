// SPDX-License-Identifier: GPL-3.0-or-later
//! Comparing strings and looking for things in them (SRFI-13 as far as it takes no procedure).

use super::args::{chars, expecting, index, new_string, optional, range};
use super::strings::{downcase, part, upcase};
use crate::data::char_sets::CharSet;
use crate::data::observed_hash;
use crate::engine::Engine;
use crate::heap::Tag;
use crate::native;
use crate::native::{Native, Result};
use crate::string::SchemeString;
use crate::value::Value;
use std::cmp::Ordering;

/// The procedures.
pub static NATIVES: &[Native] = &[
    native!("string=?", 0, 0, true, |e, args| match *args {
        [a, b] => match (e.heap.as_string(a), e.heap.as_string(b)) {
            (Some(a), Some(b)) => Ok(Value::bool(a == b)),
            _ => chain(e, "string=?", args, false, Ordering::is_eq),
        },
        _ => chain(e, "string=?", args, false, Ordering::is_eq),
    }),
    native!("string<?", 0, 0, true, |e, args| chain(e, "string<?", args, false, Ordering::is_lt)),
    native!("string>?", 0, 0, true, |e, args| chain(e, "string>?", args, false, Ordering::is_gt)),
    native!("string<=?", 0, 0, true, |e, args| chain(e, "string<=?", args, false, Ordering::is_le)),
    native!("string>=?", 0, 0, true, |e, args| chain(e, "string>=?", args, false, Ordering::is_ge)),
    native!("string-ci=?", 0, 0, true, |e, a| chain(e, "string-ci=?", a, true, Ordering::is_eq)),
    native!("string-ci<?", 0, 0, true, |e, a| chain(e, "string-ci<?", a, true, Ordering::is_lt)),
    native!("string-ci>?", 0, 0, true, |e, a| chain(e, "string-ci>?", a, true, Ordering::is_gt)),
    native!("string-ci<=?", 0, 0, true, |e, a| chain(e, "string-ci<=?", a, true, Ordering::is_le)),
    native!("string-ci>=?", 0, 0, true, |e, a| chain(e, "string-ci>=?", a, true, Ordering::is_ge)),
    native!("string=", 2, 4, false, |e, a| ranged(e, "string=", a, false, Ordering::is_eq)),
    native!("string<>", 2, 4, false, |e, a| ranged(e, "string<>", a, false, Ordering::is_ne)),
    native!("string<", 2, 4, false, |e, a| ranged(e, "string<", a, false, Ordering::is_lt)),
    native!("string>", 2, 4, false, |e, a| ranged(e, "string>", a, false, Ordering::is_gt)),
    native!("string<=", 2, 4, false, |e, a| ranged(e, "string<=", a, false, Ordering::is_le)),
    native!("string>=", 2, 4, false, |e, a| ranged(e, "string>=", a, false, Ordering::is_ge)),
    native!("string-ci=", 2, 4, false, |e, a| ranged(e, "string-ci=", a, true, Ordering::is_eq)),
    native!("string-ci<>", 2, 4, false, |e, a| ranged(e, "string-ci<>", a, true, Ordering::is_ne)),
    native!("string-ci<", 2, 4, false, |e, a| ranged(e, "string-ci<", a, true, Ordering::is_lt)),
    native!("string-ci>", 2, 4, false, |e, a| ranged(e, "string-ci>", a, true, Ordering::is_gt)),
    native!("string-ci<=", 2, 4, false, |e, a| ranged(e, "string-ci<=", a, true, Ordering::is_le)),
    native!("string-ci>=", 2, 4, false, |e, a| ranged(e, "string-ci>=", a, true, Ordering::is_ge)),
    native!("string-prefix?", 2, 4, false, |e, a| {
        affix(e, "string-prefix?", a, false, <[char]>::starts_with)
    }),
    native!("string-suffix?", 2, 4, false, |e, a| {
        affix(e, "string-suffix?", a, false, <[char]>::ends_with)
    }),
    native!("string-prefix-ci?", 2, 4, false, |e, a| {
        affix(e, "string-prefix-ci?", a, true, <[char]>::starts_with)
    }),
    native!("string-suffix-ci?", 2, 4, false, |e, a| {
        affix(e, "string-suffix-ci?", a, true, <[char]>::ends_with)
    }),
    native!("string-prefix-length", 2, 4, false, |e, a| {
        common(e, "string-prefix-length", a, false, false)
    }),
    native!("string-prefix-length-ci", 2, 4, false, |e, a| {
        common(e, "string-prefix-length-ci", a, true, false)
    }),
    native!("string-suffix-length", 2, 4, false, |e, a| {
        common(e, "string-suffix-length", a, false, true)
    }),
    native!("string-suffix-length-ci", 2, 4, false, |e, a| {
        common(e, "string-suffix-length-ci", a, true, true)
    }),
    native!("string-contains", 2, 4, false, |e, a| contains(e, "string-contains", a, false)),
    native!("string-contains-ci", 2, 4, false, |e, a| contains(e, "string-contains-ci", a, true)),
    native!("string-tokenize", 1, 3, false, |e, args| {
        // The token set comes first among the optional arguments.
        let (set, bounds) = match optional(args, 1) {
            Some(set) if matcher(e, set).is_some() => (Some(set), 2),
            _ => (None, 1),
        };
        let text = part(e, "string-tokenize", args, 0, bounds)?;
        let wanted: Matcher = match set.and_then(|set| matcher(e, set)) {
            Some(matcher) => matcher,
            None => Box::new(|c: char| !c.is_whitespace() && !c.is_control()),
        };
        let tokens: Vec<&[char]> =
            text.split(|&c| !wanted(c)).filter(|token| !token.is_empty()).collect();
        strings(e, &tokens)
    }),
    native!("%string-split", 2, |e, s, by| {
        let text = chars(e, "string-split", 1, s)?;
        let Some(matches) = matcher(e, by) else {
            return expecting(e, "string-split", 2, "char_pred", by);
        };
        let parts: Vec<&[char]> = text.split(|&c| matches(c)).collect();
        strings(e, &parts)
    }),
    native!("%string-index", 2, 2, false, |e, args| {
        search(e, "string-index", args, |text, m| text.iter().position(|&c| m(c)))
    }),
    native!("%string-rindex", 2, 2, false, |e, args| {
        search(e, "string-rindex", args, |text, m| text.iter().rposition(|&c| m(c)))
    }),
    native!("%string-skip", 2, 2, false, |e, args| {
        search(e, "string-skip", args, |text, m| text.iter().position(|&c| !m(c)))
    }),
    native!("%string-skip-right", 2, 2, false, |e, args| {
        search(e, "string-skip-right", args, |text, m| text.iter().rposition(|&c| !m(c)))
    }),
    native!("%string-count", 2, 2, false, |e, args| {
        let (text, _, m) = searched(e, "string-count", args)?;
        Ok(Value::fixnum(text.iter().filter(|&&c| m(c)).count() as i64))
    }),
    native!("%string-filter", 2, 2, false, |e, args| {
        let (text, _, m) = searched(e, "string-filter", args)?;
        Ok(new_string(e, text.into_iter().filter(|&c| m(c))))
    }),
    native!("%string-delete", 2, 2, false, |e, args| {
        let (text, _, m) = searched(e, "string-delete", args)?;
        Ok(new_string(e, text.into_iter().filter(|&c| !m(c))))
    }),
    native!("%string-trim", 1, 3, false, |e, args| trim(e, "string-trim", args, true, false)),
    native!("%string-trim-right", 1, 3, false, |e, args| {
        trim(e, "string-trim-right", args, false, true)
    }),
    native!("%string-trim-both", 1, 3, false, |e, args| {
        trim(e, "string-trim-both", args, true, true)
    }),
    native!("string-hash", 1, 3, false, |e, args| {
        let (text, bound) = hashed(e, "string-hash", args)?;
        Ok(Value::fixnum((observed_hash::of_text(text.into_iter()) % bound) as i64))
    }),
    native!("string-hash-ci", 1, 3, false, |e, args| {
        let (text, bound) = hashed(e, "string-hash-ci", args)?;
        Ok(Value::fixnum((observed_hash::of_text(text.into_iter().map(fold)) % bound) as i64))
    }),
];

type Matcher = Box<dyn Fn(char) -> bool>;

/// What a character or character set matches.
fn matcher(engine: &Engine, value: Value) -> Option<Matcher> {
    if let Some(wanted) = value.as_char() {
        return Some(Box::new(move |c| c == wanted));
    }
    let set = engine.heap.as_foreign::<CharSet>(value)?;
    // Before copying: a standard set is computed when first looked into, and that should be once.
    set.contains('\0');
    let set = set.clone();
    Some(Box::new(move |c| set.contains(c)))
}

fn fold(c: char) -> char {
    downcase(upcase(c))
}

fn folded(text: Vec<char>, ci: bool) -> Vec<char> {
    if ci { text.into_iter().map(fold).collect() } else { text }
}

fn chain(
    engine: &mut Engine,
    subr: &str,
    args: &[Value],
    ci: bool,
    holds: fn(Ordering) -> bool,
) -> Result {
    let mut result = true;
    for (i, &arg) in args.iter().enumerate() {
        if !engine.heap.is(arg, Tag::String) {
            return expecting(engine, subr, i + 1, "string", arg);
        }
    }
    for pair in args.windows(2) {
        if let (Some(a), Some(b)) = (engine.heap.as_string(pair[0]), engine.heap.as_string(pair[1]))
        {
            result &= holds(match (a, b) {
                (SchemeString::Narrow(a), SchemeString::Narrow(b)) if !ci => a.cmp(b),
                _ if ci => a.chars().map(fold).cmp(b.chars().map(fold)),
                _ => a.chars().cmp(b.chars()),
            });
        }
    }
    Ok(Value::bool(result))
}

/// Both strings with their ranges: `s1 s2 [start1 end1 start2 end2]`.
fn two(
    engine: &mut Engine,
    subr: &str,
    args: &[Value],
    ci: bool,
) -> Result<(Vec<char>, Vec<char>)> {
    let a = part(engine, subr, args, 0, 2)?;
    let b = part(engine, subr, args, 1, 4)?;
    Ok((folded(a, ci), folded(b, ci)))
}

/// `string=` and its kin: the place where the strings differ, or `#f`.
fn ranged(
    engine: &mut Engine,
    subr: &str,
    args: &[Value],
    ci: bool,
    holds: fn(Ordering) -> bool,
) -> Result {
    let (a, b) = two(engine, subr, args, ci)?;
    if !holds(a.cmp(&b)) {
        return Ok(Value::FALSE);
    }
    let start = optional(args, 2).and_then(Value::as_fixnum).unwrap_or(0);
    let same = a.iter().zip(&b).take_while(|(a, b)| a == b).count() as i64;
    Ok(Value::fixnum(start + same))
}

fn affix(
    engine: &mut Engine,
    subr: &str,
    args: &[Value],
    ci: bool,
    f: fn(&[char], &[char]) -> bool,
) -> Result {
    let (affix, text) = two(engine, subr, args, ci)?;
    Ok(Value::bool(f(&text, &affix)))
}

fn common(engine: &mut Engine, subr: &str, args: &[Value], ci: bool, end: bool) -> Result {
    let (mut a, mut b) = two(engine, subr, args, ci)?;
    if end {
        a.reverse();
        b.reverse();
    }
    let same = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
    Ok(Value::fixnum(same as i64))
}

fn contains(engine: &mut Engine, subr: &str, args: &[Value], ci: bool) -> Result {
    let (text, wanted) = two(engine, subr, args, ci)?;
    let start = optional(args, 2).and_then(Value::as_fixnum).unwrap_or(0);
    if wanted.is_empty() {
        return Ok(Value::fixnum(start));
    }
    let found = find(&text, &wanted).map(|at| Value::fixnum(start + at as i64));
    Ok(found.unwrap_or(Value::FALSE))
}

/// The first place of `wanted` in `text`, in linear time: over UTF-8 the standard search does it.
fn find(text: &[char], wanted: &[char]) -> Option<usize> {
    let haystack: String = text.iter().collect();
    let needle: String = wanted.iter().collect();
    let at = haystack.find(&needle)?;
    Some(haystack[..at].chars().count())
}

fn strings(engine: &mut Engine, parts: &[&[char]]) -> Result {
    let parts: Vec<Value> =
        parts.iter().map(|part| new_string(engine, part.iter().copied())).collect();
    Ok(engine.heap.list(&parts))
}

/// The text within the range at `args[2]` and behind, where it starts, and what to look for.
fn searched(
    engine: &mut Engine,
    subr: &str,
    args: &[Value],
) -> Result<(Vec<char>, usize, Matcher)> {
    let text = chars(engine, subr, 1, args[0])?;
    let Some(matches) = matcher(engine, args[1]) else {
        return expecting(engine, subr, 2, "char_pred", args[1]);
    };
    let (start, end) = range(engine, subr, args, 2, text.len())?;
    Ok((text[start..end].to_vec(), start, matches))
}

fn search(
    engine: &mut Engine,
    subr: &str,
    args: &[Value],
    f: fn(&[char], &Matcher) -> Option<usize>,
) -> Result {
    let (text, start, matches) = searched(engine, subr, args)?;
    let found = f(&text, &matches).map(|at| Value::fixnum((start + at) as i64));
    Ok(found.unwrap_or(Value::FALSE))
}

fn trim(engine: &mut Engine, subr: &str, args: &[Value], left: bool, right: bool) -> Result {
    let text = part(engine, subr, args, 0, 2)?;
    let matches: Matcher = match optional(args, 1) {
        None => Box::new(char::is_whitespace),
        Some(set) => match matcher(engine, set) {
            Some(matches) => matches,
            None => return expecting(engine, subr, 2, "char_pred", set),
        },
    };
    let mut rest = &text[..];
    while let Some((_, tail)) = rest.split_first().filter(|(c, _)| left && matches(**c)) {
        rest = tail;
    }
    while let Some((_, head)) = rest.split_last().filter(|(c, _)| right && matches(**c)) {
        rest = head;
    }
    Ok(new_string(engine, rest.iter().copied()))
}

/// The text to hash (`s [bound [start end]]`) and the bound.
fn hashed(engine: &mut Engine, subr: &str, args: &[Value]) -> Result<(Vec<char>, u64)> {
    let text = part(engine, subr, args, 0, 2)?;
    let bound = match optional(args, 1) {
        Some(bound) => index(engine, subr, 2, bound)?.max(1) as u64,
        None => Value::FIXNUM_MAX as u64,
    };
    Ok((text, bound))
}
