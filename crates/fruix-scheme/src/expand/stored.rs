// SPDX-License-Identifier: GPL-3.0-or-later
//! Compiled patterns and templates in the cache of compiled modules.

pub(crate) use super::syntax::{LABEL, RIB_FIXED, RIB_OPEN};

use super::Ex;
use super::pattern::{Pat, Pattern};
use super::syntax_case::{Rule, Rules, rules_maker};
use super::template::{Part, Template};
use crate::cache::{Decoder, Encoder, kind};
use crate::engine::Engine;
use crate::native::Result;
use crate::value::Value;
use std::rc::Rc;

/// Nesting of a pattern or template beyond which it is not stored.
const DEPTH: usize = 300;

/// The unit of variables whose expansion is over: no expansion has this number.
pub(crate) const NO_UNIT: i64 = u32::MAX as i64;

/// The kind of a stored form of the value, if it has one.
pub(crate) fn kind_of(engine: &Engine, v: Value) -> Option<u8> {
    let heap = &engine.heap;
    if heap.as_foreign::<Pattern>(v).is_some() {
        Some(kind::PATTERN)
    } else if heap.as_foreign::<Template>(v).is_some() {
        Some(kind::TEMPLATE)
    } else if heap.as_foreign::<Rules>(v).is_some() {
        Some(kind::RULES)
    } else {
        None
    }
}

/// Whether this is the procedure that makes transformers out of rules.
pub(crate) fn is_rules_maker(engine: &Engine, v: Value) -> bool {
    v == engine.expander.rules_maker
}

/// The procedure that makes transformers out of rules.
pub(crate) fn the_rules_maker(engine: &mut Engine) -> Result {
    rules_maker(&mut Ex::new(engine))
}

/// The marks of this process for those of an entry that has `count` of them: the first but one.
pub(crate) fn reserve_marks(engine: &mut Engine, count: u32) -> i64 {
    let base = engine.expander.next_mark;
    engine.expander.next_mark += i64::from(count);
    base
}

/// The rules of a transformer that was made of a `syntax-rules` form.
pub(crate) fn rules_of(engine: &Engine, transformer: Value) -> Option<Value> {
    super::syntax_case::rules_of(engine, transformer)
}

/// Writes what [`kind_of`] has a kind for.
pub(crate) fn write(to: &mut Encoder, v: Value) -> Option<()> {
    let engine = to.engine;
    if let Some(pattern) = engine.heap.as_foreign::<Pattern>(v) {
        to.out.size(pattern.variables);
        return write_pat(to, &pattern.pat, 0);
    }
    if let Some(template) = engine.heap.as_foreign::<Template>(v) {
        write_sizes(to, &template.slots);
        return write_part(to, &template.part, 0);
    }
    let rules = engine.heap.as_foreign::<Rules>(v)?;
    to.out.size(rules.clauses.len());
    for rule in &rules.clauses {
        to.out.size(rule.variables);
        write_sizes(to, &rule.order);
        write_pat(to, &rule.pat, 0)?;
        write_part(to, &rule.part, 0)?;
    }
    Some(())
}

fn write_sizes(to: &mut Encoder, sizes: &[usize]) {
    to.out.size(sizes.len());
    sizes.iter().for_each(|&n| to.out.size(n));
}

fn write_pat(to: &mut Encoder, pat: &Pat, depth: usize) -> Option<()> {
    if depth > DEPTH {
        return None;
    }
    match pat {
        Pat::Any => to.out.u8(0),
        Pat::Wildcard => to.out.u8(1),
        Pat::Null => to.out.u8(2),
        Pat::Pair(a, b) => {
            to.out.u8(3);
            write_pat(to, a, depth + 1)?;
            write_pat(to, b, depth + 1)?;
        }
        Pat::Each(x, first, count) => {
            to.out.u8(4);
            to.out.size(*first);
            to.out.size(*count);
            write_pat(to, x, depth + 1)?;
        }
        Pat::EachThen(x, first, count, then, tail) => {
            to.out.u8(5);
            to.out.size(*first);
            to.out.size(*count);
            write_pat(to, x, depth + 1)?;
            to.out.size(then.len());
            then.iter().try_for_each(|pat| write_pat(to, pat, depth + 1))?;
            write_pat(to, tail, depth + 1)?;
        }
        Pat::Literal(v) => {
            to.out.u8(6);
            to.value(*v)?;
        }
        Pat::Vector(x) => {
            to.out.u8(7);
            write_pat(to, x, depth + 1)?;
        }
        Pat::Atom(v) => {
            to.out.u8(8);
            to.value(*v)?;
        }
    }
    Some(())
}

fn write_part(to: &mut Encoder, part: &Part, depth: usize) -> Option<()> {
    if depth > DEPTH {
        return None;
    }
    match part {
        Part::Const(v) => {
            to.out.u8(0);
            to.value(*v)?;
        }
        Part::Variable(n) => {
            to.out.u8(1);
            to.out.size(*n);
        }
        Part::Pair(a, b) => {
            to.out.u8(2);
            write_part(to, a, depth + 1)?;
            write_part(to, b, depth + 1)?;
        }
        Part::Each(x, frames, tail) => {
            to.out.u8(3);
            to.out.size(frames.len());
            frames.iter().for_each(|frame| write_sizes(to, frame));
            write_part(to, x, depth + 1)?;
            write_part(to, tail, depth + 1)?;
        }
        Part::Vector(x) => {
            to.out.u8(4);
            write_part(to, x, depth + 1)?;
        }
    }
    Some(())
}

/// Reads what [`write`] wrote.
pub(crate) fn read(from: &mut Decoder, what: u8) -> Option<Value> {
    match what {
        kind::PATTERN => {
            let variables = from.input.size()?;
            let pat = read_pat(from, &mut Variables { next: 0, count: variables }, 0)?;
            Some(from.engine.heap.foreign(Pattern { pat: Rc::new(pat), variables }))
        }
        kind::TEMPLATE => {
            let slots = read_sizes(from, usize::MAX)?;
            let part = read_part(from, slots.len(), 0)?;
            Some(from.engine.heap.foreign(Template { part: Rc::new(part), slots }))
        }
        kind::RULES => {
            let count = from.input.count()?;
            let mut clauses = Vec::with_capacity(count);
            for _ in 0..count {
                let variables = from.input.size()?;
                let order = read_sizes(from, variables)?;
                let pat = read_pat(from, &mut Variables { next: 0, count: variables }, 0)?;
                let part = Rc::new(read_part(from, order.len(), 0)?);
                clauses.push(Rule { pat: Rc::new(pat), variables, part, order });
            }
            Some(from.engine.heap.foreign(Rules { clauses }))
        }
        _ => None,
    }
}

/// Numbers below `limit`.
fn read_sizes(from: &mut Decoder, limit: usize) -> Option<Vec<usize>> {
    let count = from.input.count()?;
    (0..count).map(|_| from.input.size().filter(|&n| n < limit)).collect()
}

/// The variables of a pattern in their order: the matcher counts on it.
struct Variables {
    next: usize,
    count: usize,
}

impl Variables {
    fn take(&mut self) -> Option<()> {
        self.next += 1;
        (self.next <= self.count).then_some(())
    }
}

fn read_pat(from: &mut Decoder, variables: &mut Variables, depth: usize) -> Option<Pat> {
    if depth > DEPTH {
        return None;
    }
    Some(match from.input.u8()? {
        0 => {
            variables.take()?;
            Pat::Any
        }
        1 => Pat::Wildcard,
        2 => Pat::Null,
        3 => {
            let a = read_pat(from, variables, depth + 1)?;
            let b = read_pat(from, variables, depth + 1)?;
            Pat::Pair(Box::new(a), Box::new(b))
        }
        each @ (4 | 5) => {
            let (first, count) = (from.input.size()?, from.input.size()?);
            let start = variables.next;
            let x = Box::new(read_pat(from, variables, depth + 1)?);
            if first != start || count != variables.next - start {
                return None;
            }
            if each == 4 {
                return Some(Pat::Each(x, first, count));
            }
            let items = from.input.count()?;
            let then: Option<Vec<Pat>> =
                (0..items).map(|_| read_pat(from, variables, depth + 1)).collect();
            let tail = read_pat(from, variables, depth + 1)?;
            Pat::EachThen(x, first, count, then?, Box::new(tail))
        }
        6 => Pat::Literal(from.value()?),
        7 => Pat::Vector(Box::new(read_pat(from, variables, depth + 1)?)),
        8 => Pat::Atom(from.value()?),
        _ => return None,
    })
}

fn read_part(from: &mut Decoder, slots: usize, depth: usize) -> Option<Part> {
    if depth > DEPTH {
        return None;
    }
    Some(match from.input.u8()? {
        0 => Part::Const(from.value()?),
        1 => Part::Variable(from.input.size().filter(|&n| n < slots)?),
        2 => {
            let a = read_part(from, slots, depth + 1)?;
            let b = read_part(from, slots, depth + 1)?;
            Part::Pair(Box::new(a), Box::new(b))
        }
        3 => {
            let count = from.input.count()?;
            let frames: Option<Vec<Vec<usize>>> =
                (0..count).map(|_| read_sizes(from, slots).filter(|f| !f.is_empty())).collect();
            let frames = frames?;
            let x = read_part(from, slots, depth + 1)?;
            let tail = read_part(from, slots, depth + 1)?;
            Part::Each(Box::new(x), frames, Box::new(tail))
        }
        4 => Part::Vector(Box::new(read_part(from, slots, depth + 1)?)),
        _ => return None,
    })
}
