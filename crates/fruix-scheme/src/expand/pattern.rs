// SPDX-License-Identifier: GPL-3.0-or-later
//! Patterns of `syntax-case` and `syntax-rules`: compiled once, matched natively.

use super::resolve::{Bind, Env};
use super::syntax::{id_symbol, join_wraps, parts};
use super::{Ex, Form};
use crate::heap::{Foreign, Tag, Tracer};
use crate::native::Result;
use crate::value::Value;
use std::rc::Rc;

/// A part of a pattern. Variables are numbered in the order of their occurrence.
pub(super) enum Pat {
    /// A variable.
    Any,
    /// `_`.
    Wildcard,
    Null,
    Pair(Box<Pat>, Box<Pat>),
    /// `x ...` at the end of a list: its first variable's number.
    Each(Box<Pat>, usize, usize),
    /// `x ... y z . tail`: first variable and number of variables of `x`, the `y z`, the tail.
    EachThen(Box<Pat>, usize, usize, Vec<Pat>, Box<Pat>),
    /// A literal.
    Literal(Value),
    Vector(Box<Pat>),
    /// A datum.
    Atom(Value),
}

/// A compiled pattern.
pub struct Pattern {
    pub(super) pat: Rc<Pat>,
    pub(super) variables: usize,
}

impl Foreign for Pattern {
    fn type_name(&self) -> &'static str {
        "syntax-pattern"
    }
    fn trace(&self, tracer: &mut Tracer) {
        self.pat.trace(tracer);
    }
}

impl Pat {
    pub(super) fn trace(&self, tracer: &mut Tracer) {
        match self {
            Pat::Pair(a, b) => {
                a.trace(tracer);
                b.trace(tracer);
            }
            Pat::Each(p, ..) | Pat::Vector(p) => p.trace(tracer),
            Pat::EachThen(p, _, _, after, tail) => {
                p.trace(tracer);
                after.iter().for_each(|p| p.trace(tracer));
                tail.trace(tracer);
            }
            Pat::Literal(v) | Pat::Atom(v) => tracer.visit(*v),
            Pat::Any | Pat::Wildcard | Pat::Null => {}
        }
    }
}

/// A pattern variable: its identifier and how many ellipses it is under.
pub(super) type Variable = (Value, u32);

impl Ex<'_> {
    /// Whether `e` is the ellipsis here.
    pub(super) fn is_ellipsis(&mut self, e: Value, env: &Env, m: Value) -> Result<bool> {
        let Some((symbol, w, own, _)) = parts(&self.en.heap, e) else { return Ok(false) };
        if !self.en.heap.is(symbol, Tag::Symbol) {
            return Ok(false);
        }
        let m = if own == Value::FALSE { m } else { own };
        let special = self.en.expander.syms.ellipsis;
        let special = self.make_syntax(special, w, m, Value::FALSE);
        let empty = self.en.expander.empty_wrap;
        if let (Bind::Ellipsis(dots), _) = self.resolve(special, empty, env, m, false)? {
            return Ok(self.same_bound(e, dots));
        }
        if self.en.heap.symbol_name(symbol) != Some("...") && !self.maybe_renamed(symbol, m)? {
            return Ok(false);
        }
        let dots = self.core_id("...");
        self.same_free(e, dots)
    }

    /// Whether a free identifier could be an import of a keyword of `(guile)` under another name.
    fn maybe_renamed(&mut self, symbol: Value, m: Value) -> Result<bool> {
        let module = self.en.module_of_tag(m)?;
        let variable = self.en.variable_for_expansion(module, symbol)?.variable();
        let value = variable.and_then(|v| self.syntax_value(v));
        Ok(value.is_some_and(|v| {
            self.en.heap.slots(v, Tag::Macro).is_some_and(|slots| slots[2].is_fixnum())
        }))
    }

    /// Compiles a fully wrapped pattern.
    pub(super) fn compile_pattern(
        &mut self,
        pattern: Value,
        keys: &[Value],
        env: &Env,
        m: Value,
    ) -> Result<(Pattern, Vec<Variable>)> {
        let mut variables = Vec::new();
        let pat = self.pattern(pattern, keys, env, m, 0, &mut variables)?;
        Ok((Pattern { pat: Rc::new(pat), variables: variables.len() }, variables))
    }

    fn pattern(
        &mut self,
        p: Value,
        keys: &[Value],
        env: &Env,
        m: Value,
        level: u32,
        vars: &mut Vec<Variable>,
    ) -> Result<Pat> {
        if id_symbol(&self.en.heap, p).is_some() {
            if keys.iter().any(|&key| self.same_bound(p, key)) {
                return Ok(Pat::Literal(p));
            }
            let wildcard = self.core_id("_");
            if self.same_free(p, wildcard)? {
                return Ok(Pat::Wildcard);
            }
            vars.push((p, level));
            return Ok(Pat::Any);
        }
        let Some((head, rest)) = self.uncons(p) else {
            return self.atom_pattern(p, keys, env, m, level, vars);
        };
        let form = Form { e: p, w: self.en.expander.empty_wrap, s: Value::FALSE, m };
        self.check_depth(form)?;
        if let Some((dots, after)) = self.uncons(rest)
            && self.is_ellipsis(dots, env, m)?
        {
            let first = vars.len();
            let x = self.pattern(head, keys, env, m, level + 1, vars)?;
            let count = vars.len() - first;
            let (items, tail) = self.elements(after);
            if items.is_empty() && self.is_null(tail) {
                return Ok(Pat::Each(Box::new(x), first, count));
            }
            let mut then = Vec::with_capacity(items.len());
            for item in items {
                then.push(self.pattern(item, keys, env, m, level, vars)?);
            }
            let tail = self.pattern(tail, keys, env, m, level, vars)?;
            return Ok(Pat::EachThen(Box::new(x), first, count, then, Box::new(tail)));
        }
        let x = self.pattern(head, keys, env, m, level, vars)?;
        let y = self.pattern(rest, keys, env, m, level, vars)?;
        Ok(Pat::Pair(Box::new(x), Box::new(y)))
    }

    fn atom_pattern(
        &mut self,
        p: Value,
        keys: &[Value],
        env: &Env,
        m: Value,
        level: u32,
        vars: &mut Vec<Variable>,
    ) -> Result<Pat> {
        if self.is_null(p) {
            return Ok(Pat::Null);
        }
        if let Some(list) = self.vector_items(p) {
            return Ok(Pat::Vector(Box::new(self.pattern(list, keys, env, m, level, vars)?)));
        }
        Ok(Pat::Atom(self.strip(p)))
    }

    /// The elements of a vector in a syntax object, as a list under its wrap.
    pub(super) fn vector_items(&mut self, p: Value) -> Option<Value> {
        let (inner, w, m) = match parts(&self.en.heap, p) {
            Some((e, w, m, _)) => (e, w, m),
            None => (p, self.en.expander.empty_wrap, Value::FALSE),
        };
        let elements = self.en.heap.slots(inner, Tag::Vector)?.to_vec();
        let list = self.en.heap.list(&elements);
        Some(self.wrap(list, w, m))
    }

    /// Matches `e`; gives the variables' values in order.
    pub(crate) fn match_pattern(
        &mut self,
        pattern: &Pattern,
        e: Value,
    ) -> Result<Option<Vec<Value>>> {
        let mut out = vec![Value::NULL; pattern.variables];
        let empty = self.en.expander.empty_wrap;
        let mut next = 0;
        let matched = self.matches(&pattern.pat, e, empty, Value::FALSE, &mut out, &mut next)?;
        Ok(if matched { Some(out) } else { None })
    }

    fn matches(
        &mut self,
        pat: &Pat,
        e: Value,
        w: Value,
        m: Value,
        out: &mut [Value],
        next: &mut usize,
    ) -> Result<bool> {
        match pat {
            Pat::Wildcard => return Ok(true),
            Pat::Any => {
                out[*next] = self.wrap(e, w, m);
                *next += 1;
                return Ok(true);
            }
            _ => {}
        }
        let (mut e, mut w, mut m) = (e, w, m);
        let mut id = e;
        let (mut id_w, mut id_m) = (w, m);
        while let Some((inner, w1, m1, _)) = parts(&self.en.heap, e) {
            (id, id_w, id_m) = (e, w, m);
            w = join_wraps(&mut self.en.heap, w, w1);
            m = if m1 == Value::FALSE { m } else { m1 };
            e = inner;
        }
        match pat {
            Pat::Null => Ok(e == Value::NULL),
            Pat::Pair(a, b) => {
                let (mut a, mut b) = (a, b);
                // Along the spine without recursion.
                loop {
                    let Some((head, rest)) = self.en.heap.pair(e) else { return Ok(false) };
                    if !self.matches(a, head, w, m, out, next)? {
                        return Ok(false);
                    }
                    match &**b {
                        Pat::Pair(a1, b1) if rest.is_pair() => {
                            (a, b) = (a1, b1);
                            e = rest;
                        }
                        b => return self.matches(b, rest, w, m, out, next),
                    }
                }
            }
            Pat::Each(x, first, count) => {
                let mut rows = Vec::new();
                loop {
                    if let Some((head, rest)) = self.en.heap.pair(e) {
                        rows.push((head, w, m));
                        e = rest;
                    } else if let Some((inner, w1, m1, _)) = parts(&self.en.heap, e) {
                        w = join_wraps(&mut self.en.heap, w, w1);
                        m = if m1 == Value::FALSE { m } else { m1 };
                        e = inner;
                    } else {
                        break;
                    }
                }
                *next = first + count;
                Ok(e == Value::NULL && self.match_rows(x, &rows, *first, *count, out)?)
            }
            Pat::EachThen(x, first, count, then, tail) => {
                let mut rows = Vec::new();
                loop {
                    if let Some((head, rest)) = self.en.heap.pair(e) {
                        rows.push((head, w, m));
                        e = rest;
                    } else if let Some((inner, w1, m1, _)) = parts(&self.en.heap, e)
                        && (inner.is_pair() || self.en.heap.is(inner, Tag::Syntax))
                    {
                        w = join_wraps(&mut self.en.heap, w, w1);
                        m = if m1 == Value::FALSE { m } else { m1 };
                        e = inner;
                    } else {
                        break;
                    }
                }
                let Some(repeated) = rows.len().checked_sub(then.len()) else { return Ok(false) };
                if !self.match_rows(x, &rows[..repeated], *first, *count, out)? {
                    return Ok(false);
                }
                *next = first + count;
                for (pat, &(e, w, m)) in then.iter().zip(&rows[repeated..]) {
                    if !self.matches(pat, e, w, m, out, next)? {
                        return Ok(false);
                    }
                }
                self.matches(tail, e, w, m, out, next)
            }
            Pat::Literal(key) => {
                if !self.en.heap.is(e, Tag::Symbol) {
                    return Ok(false);
                }
                let id = self.wrap(id, id_w, id_m);
                self.same_free(id, *key)
            }
            Pat::Vector(p) => {
                let Some(elements) = self.en.heap.slots(e, Tag::Vector).map(<[Value]>::to_vec)
                else {
                    return Ok(false);
                };
                let list = self.en.heap.list(&elements);
                self.matches(p, list, w, m, out, next)
            }
            Pat::Atom(datum) => {
                let e = self.strip(e);
                Ok(self.en.equal(e, *datum))
            }
            Pat::Any | Pat::Wildcard => Ok(true),
        }
    }

    fn match_rows(
        &mut self,
        x: &Pat,
        rows: &[(Value, Value, Value)],
        first: usize,
        count: usize,
        out: &mut [Value],
    ) -> Result<bool> {
        if let Pat::Any = x {
            let items: Vec<Value> = rows.iter().map(|&(e, w, m)| self.wrap(e, w, m)).collect();
            out[first] = self.en.heap.list(&items);
            return Ok(true);
        }
        let mut columns: Vec<Vec<Value>> = vec![Vec::with_capacity(rows.len()); count];
        for &(e, w, m) in rows {
            let mut next = first;
            if !self.matches(x, e, w, m, out, &mut next)? {
                return Ok(false);
            }
            for (i, column) in columns.iter_mut().enumerate() {
                column.push(out[first + i]);
            }
        }
        for (i, column) in columns.into_iter().enumerate() {
            out[first + i] = self.en.heap.list(&column);
        }
        Ok(true)
    }
}
