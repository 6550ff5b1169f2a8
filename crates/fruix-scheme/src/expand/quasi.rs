// SPDX-License-Identifier: GPL-3.0-or-later
//! `quasiquote`, with R6RS's `unquote` of several operands.

use super::resolve::Env;
use super::syntax::{id_symbol, parts};
use super::{Ex, Form};
use crate::heap::Tag;
use crate::native::Result;
use crate::tree::{Expr, Kind};
use crate::value::Value;

/// A piece of the result.
enum Quasi {
    /// A constant datum.
    Quote(Value),
    /// A computed value.
    Value(Expr),
}

pub(super) fn quasiquote(ex: &mut Ex, f: Form, env: &Env) -> Result<Expr> {
    let Some(&[template]) = ex.operands(f.e, 1).as_deref() else { return ex.no_match(f) };
    let template = ex.wrap(template, f.w, f.m);
    let quasi = Worker { f, env }.quasi(ex, template, 0)?;
    Ok(value(ex, f.s, quasi))
}

fn value(ex: &Ex, s: Value, quasi: Quasi) -> Expr {
    match quasi {
        Quasi::Quote(datum) => ex.expr(s, Kind::Const(datum)),
        Quasi::Value(expr) => expr,
    }
}

struct Worker<'e> {
    f: Form,
    env: &'e Env,
}

/// Which of the keywords an identifier is.
#[derive(PartialEq, Clone, Copy)]
enum Keyword {
    Unquote,
    Splicing,
    Quasiquote,
}

impl Worker<'_> {
    fn keyword(&self, ex: &mut Ex, x: Value) -> Result<Option<Keyword>> {
        if id_symbol(&ex.en.heap, x).is_none() {
            return Ok(None);
        }
        let at = (ex.en.expander.empty_wrap, self.f.m);
        for (name, keyword) in [
            ("unquote", Keyword::Unquote),
            ("unquote-splicing", Keyword::Splicing),
            ("quasiquote", Keyword::Quasiquote),
        ] {
            if ex.is_core(x, at, name)? {
                return Ok(Some(keyword));
            }
        }
        Ok(None)
    }

    fn expand(&self, ex: &mut Ex, x: Value) -> Result<Expr> {
        let empty = ex.en.expander.empty_wrap;
        ex.expand(x, self.env, empty, self.f.m)
    }

    fn quasi(&self, ex: &mut Ex, p: Value, level: u32) -> Result<Quasi> {
        let Some((head, rest)) = ex.uncons(p) else { return self.atom(ex, p, level) };
        ex.check_depth(self.f)?;
        if let Some(keyword) = self.keyword(ex, head)?
            && keyword != Keyword::Splicing
            && let Some(&[operand]) = ex.items(rest).as_deref()
        {
            let symbol = ex.strip(head);
            return match keyword {
                Keyword::Unquote if level == 0 => Ok(Quasi::Value(self.expand(ex, operand)?)),
                Keyword::Unquote => {
                    let rest = self.quasi(ex, rest, level - 1)?;
                    self.cons(ex, Quasi::Quote(symbol), rest)
                }
                _ => {
                    let rest = self.quasi(ex, rest, level + 1)?;
                    self.cons(ex, Quasi::Quote(symbol), rest)
                }
            };
        }
        self.list(ex, p, level)
    }

    /// A list whose head is no keyword: elements from the front, iteratively.
    fn list(&self, ex: &mut Ex, p: Value, level: u32) -> Result<Quasi> {
        enum Part {
            One(Quasi),
            Values(Vec<Expr>),
            Lists(Vec<Expr>),
        }
        let mut done = Vec::new();
        let mut rest = p;
        let mut first = true;
        let tail = loop {
            let Some((head, after)) = ex.uncons(rest) else { break self.atom(ex, rest, level)? };
            // `(a . ,b)` reads as `(a unquote b)`: a keyword further on starts the tail.
            if !first && self.keyword(ex, head)?.is_some_and(|k| k != Keyword::Splicing) {
                break self.quasi(ex, rest, level)?;
            }
            first = false;
            rest = after;
            let inner = match ex.uncons(head) {
                Some((keyword, operands)) => {
                    self.keyword(ex, keyword)?.zip(Some((keyword, operands)))
                }
                None => None,
            };
            let part = match inner {
                Some((keyword @ (Keyword::Unquote | Keyword::Splicing), (id, operands)))
                    if ex.items(operands).is_some() =>
                {
                    if level == 0 {
                        let operands = ex.items(operands).unwrap_or_default();
                        let exprs: Result<Vec<Expr>> =
                            operands.into_iter().map(|x| self.expand(ex, x)).collect();
                        match keyword {
                            Keyword::Unquote => Part::Values(exprs?),
                            _ => Part::Lists(exprs?),
                        }
                    } else {
                        let symbol = ex.strip(id);
                        let operands = self.quasi_operands(ex, operands, level - 1)?;
                        Part::One(self.cons(ex, Quasi::Quote(symbol), operands)?)
                    }
                }
                _ => Part::One(self.quasi(ex, head, level)?),
            };
            done.push(part);
        };
        let mut result = tail;
        for part in done.into_iter().rev() {
            result = match part {
                Part::One(x) => self.cons(ex, x, result)?,
                Part::Values(exprs) => {
                    let mut result = result;
                    for expr in exprs.into_iter().rev() {
                        result = self.cons(ex, Quasi::Value(expr), result)?;
                    }
                    result
                }
                Part::Lists(exprs) => self.append(ex, exprs, result)?,
            };
        }
        Ok(result)
    }

    /// Operands of a nested unquote: a list, even if it starts with a keyword.
    fn quasi_operands(&self, ex: &mut Ex, operands: Value, level: u32) -> Result<Quasi> {
        match ex.uncons(operands) {
            Some(_) => self.list(ex, operands, level),
            None => self.atom(ex, operands, level),
        }
    }

    fn atom(&self, ex: &mut Ex, p: Value, level: u32) -> Result<Quasi> {
        let mut inner = p;
        let mut under = None;
        while let Some((e, w, m, _)) = parts(&ex.en.heap, inner) {
            under = Some((w, m));
            inner = e;
        }
        let Some(elements) = ex.en.heap.slots(inner, Tag::Vector).map(<[Value]>::to_vec) else {
            return Ok(Quasi::Quote(ex.strip(p)));
        };
        let list = ex.en.heap.list(&elements);
        let list = match under {
            Some((w, m)) => ex.wrap(list, w, m),
            None => list,
        };
        match self.quasi_operands(ex, list, level)? {
            Quasi::Quote(list) => {
                let elements = ex.en.heap.list_to_vec(list).unwrap_or_default();
                Ok(Quasi::Quote(ex.en.heap.vector(&elements)))
            }
            Quasi::Value(list) => {
                Ok(Quasi::Value(ex.primitive(self.f.s, "list->vector", vec![list])?))
            }
        }
    }

    fn cons(&self, ex: &mut Ex, head: Quasi, tail: Quasi) -> Result<Quasi> {
        if let (Quasi::Quote(head), Quasi::Quote(tail)) = (&head, &tail) {
            return Ok(Quasi::Quote(ex.en.heap.cons(*head, *tail)));
        }
        let args = vec![value(ex, self.f.s, head), value(ex, self.f.s, tail)];
        Ok(Quasi::Value(ex.primitive(self.f.s, "cons", args)?))
    }

    fn append(&self, ex: &mut Ex, mut lists: Vec<Expr>, tail: Quasi) -> Result<Quasi> {
        match tail {
            Quasi::Quote(Value::NULL) if lists.is_empty() => return Ok(Quasi::Quote(Value::NULL)),
            Quasi::Quote(Value::NULL) if lists.len() == 1 => {
                return Ok(Quasi::Value(lists.remove(0)));
            }
            Quasi::Quote(Value::NULL) => {}
            tail if lists.is_empty() => return Ok(tail),
            tail => lists.push(value(ex, self.f.s, tail)),
        }
        Ok(Quasi::Value(ex.primitive(self.f.s, "append", lists)?))
    }
}
