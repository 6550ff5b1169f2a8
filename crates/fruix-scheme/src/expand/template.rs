// SPDX-License-Identifier: GPL-3.0-or-later
//! Templates: `syntax` and `quasisyntax`, compiled once, filled natively.

use super::resolve::{Bind, Env};
use super::syntax::id_symbol;
use super::{Ex, Form};
use crate::engine::Engine;
use crate::heap::{Foreign, Tag, Tracer};
use crate::native::Result;
use crate::tree::{Expr, Kind, Local};
use crate::value::Value;
use std::rc::Rc;

/// A part of a template. Variables are numbers of slots; a pattern variable has several if ellipses
/// at different depths walk it (as in `((a b ...) ...)` where `a` and `b` are the same).
pub(super) enum Part {
    /// A constant, pairs and vectors bare as in Guile's results.
    Const(Value),
    Variable(usize),
    Pair(Box<Part>, Box<Part>),
    /// `x ... ... . tail`: for each ellipsis, outermost first, the variables that it walks.
    Each(Box<Part>, Vec<Vec<usize>>, Box<Part>),
    Vector(Box<Part>),
}

impl Part {
    pub(super) fn trace(&self, tracer: &mut Tracer) {
        match self {
            Part::Const(v) => tracer.visit(*v),
            Part::Variable(_) => {}
            Part::Pair(a, b) | Part::Each(a, _, b) => {
                a.trace(tracer);
                b.trace(tracer);
            }
            Part::Vector(p) => p.trace(tracer),
        }
    }
}

/// A compiled template.
pub struct Template {
    pub(super) part: Rc<Part>,
    /// For each slot the number of the value that it starts with.
    pub(super) slots: Vec<usize>,
}

impl Foreign for Template {
    fn type_name(&self) -> &'static str {
        "syntax-template"
    }
    fn trace(&self, tracer: &mut Tracer) {
        self.part.trace(tracer);
    }
}

/// What a variable of a template is filled with.
pub(super) enum Filler {
    /// The pattern variable held in this local.
    Local(u32),
    /// The value of an `unsyntax`ed expression.
    Expr(Expr),
}

/// A template being compiled.
pub(super) struct Compiler<'e> {
    pub env: &'e Env,
    pub form: Form,
    pub fillers: Vec<Filler>,
    /// For each slot the number of its filler, and the depth of the outermost ellipsis that walks it.
    slots: Vec<(usize, usize)>,
    /// For each ellipsis that we are under, the variables that it walks.
    frames: Vec<Vec<usize>>,
    ellipses: bool,
    /// Level of nested `quasisyntax`, if this is one.
    quasi: Option<u32>,
}

impl<'e> Compiler<'e> {
    pub(super) fn new(env: &'e Env, form: Form) -> Compiler<'e> {
        Compiler {
            env,
            form,
            fillers: Vec::new(),
            slots: Vec::new(),
            frames: Vec::new(),
            ellipses: true,
            quasi: None,
        }
    }

    fn local(&mut self, local: u32) -> usize {
        let same = |f: &Filler| matches!(f, Filler::Local(l) if *l == local);
        if let Some(i) = self.fillers.iter().position(same) {
            return i;
        }
        self.fillers.push(Filler::Local(local));
        self.fillers.len() - 1
    }

    /// Notes that a variable of this level occurs here.
    fn occurs(&mut self, ex: &mut Ex, variable: usize, level: u32) -> Result<Part> {
        let level = level as usize;
        let Some(outer) = self.frames.len().checked_sub(level) else {
            return ex.violation(Some("syntax"), "missing ellipsis", self.form, None);
        };
        // What no ellipsis walks is the same at any depth.
        let slot = self.slot(variable, if level == 0 { usize::MAX } else { outer });
        for frame in &mut self.frames[outer..] {
            if !frame.contains(&slot) {
                frame.push(slot);
            }
        }
        Ok(Part::Variable(slot))
    }

    fn slot(&mut self, filler: usize, outer: usize) -> usize {
        let key = (filler, outer);
        if let Some(slot) = self.slots.iter().position(|&s| s == key) {
            return slot;
        }
        self.slots.push(key);
        self.slots.len() - 1
    }

    /// For each slot the number of its filler.
    pub(super) fn slot_fillers(&self) -> Vec<usize> {
        self.slots.iter().map(|s| s.0).collect()
    }

    fn dots(&self, ex: &mut Ex, x: Value) -> Result<bool> {
        Ok(self.ellipses && ex.is_ellipsis(x, self.env, self.form.m)?)
    }

    pub(super) fn part(&mut self, ex: &mut Ex, e: Value) -> Result<Part> {
        if id_symbol(&ex.en.heap, e).is_some() {
            let empty = ex.en.expander.empty_wrap;
            let (bind, _) = ex.resolve(e, empty, self.env, self.form.m, false)?;
            if let Bind::PatternVariable(local, level) = bind {
                let variable = self.local(local);
                return self.occurs(ex, variable, level);
            }
            if self.dots(ex, e)? {
                return ex.violation(Some("syntax"), "misplaced ellipsis", self.form, None);
            }
            return Ok(Part::Const(e));
        }
        if let Some((head, rest)) = ex.uncons(e) {
            return self.pair(ex, e, head, rest);
        }
        if let Some(list) = ex.vector_items(e) {
            return Ok(match self.part(ex, list)? {
                Part::Const(list) => {
                    let elements = ex.en.heap.list_to_vec(list).unwrap_or_default();
                    Part::Const(ex.en.heap.vector(&elements))
                }
                part => Part::Vector(Box::new(part)),
            });
        }
        Ok(Part::Const(if ex.is_null(e) { Value::NULL } else { e }))
    }

    fn pair(&mut self, ex: &mut Ex, e: Value, head: Value, rest: Value) -> Result<Part> {
        ex.check_depth(self.form)?;
        if let Some(level) = self.quasi
            && let Some(part) = self.quasi_pair(ex, e, head, rest, level)?
        {
            return Ok(part);
        }
        if let Some(&[inner]) = ex.items(rest).as_deref()
            && self.dots(ex, head)?
        {
            let outer = std::mem::replace(&mut self.ellipses, false);
            let part = self.part(ex, inner);
            self.ellipses = outer;
            return part;
        }
        if let Some((dots, after)) = ex.uncons(rest)
            && self.dots(ex, dots)?
        {
            let mut depth = 1;
            let mut tail = after;
            while let Some((dots, after)) = ex.uncons(tail) {
                if !self.dots(ex, dots)? {
                    break;
                }
                depth += 1;
                tail = after;
            }
            return self.each(ex, head, depth, tail);
        }
        let head = self.part(ex, head)?;
        let tail = self.part(ex, rest)?;
        Ok(pair(ex.en, head, tail))
    }

    fn each(&mut self, ex: &mut Ex, x: Value, depth: usize, tail: Value) -> Result<Part> {
        let outer = self.frames.len();
        self.frames.resize_with(outer + depth, Vec::new);
        let x = self.part(ex, x);
        let frames = self.frames.split_off(outer);
        let x = x?;
        if frames.iter().any(Vec::is_empty) {
            return ex.violation(Some("syntax"), "extra ellipsis", self.form, None);
        }
        let tail = self.part(ex, tail)?;
        Ok(Part::Each(Box::new(x), frames, Box::new(tail)))
    }

    /// The quasisyntax side of a pair, if it has one.
    fn quasi_pair(
        &mut self,
        ex: &mut Ex,
        e: Value,
        head: Value,
        rest: Value,
        level: u32,
    ) -> Result<Option<Part>> {
        let _ = e;
        let empty = ex.en.expander.empty_wrap;
        let at = (empty, self.form.m);
        let operands = ex.items(rest);
        if let Some(operands) = &operands
            && ex.is_core(head, at, "quasisyntax")?
            && operands.len() == 1
        {
            self.quasi = Some(level + 1);
            let rest = self.part(ex, rest);
            self.quasi = Some(level);
            return Ok(Some(pair(ex.en, Part::Const(head), rest?)));
        }
        let unsyntax = ex.is_core(head, at, "unsyntax")?;
        if let Some(&[operand]) = operands.as_deref()
            && unsyntax
            && level == 0
        {
            return Ok(Some(self.unsyntax(ex, operand, 0)?));
        }
        if level > 0 && (unsyntax || ex.is_core(head, at, "unsyntax-splicing")?) {
            self.quasi = Some(level - 1);
            let rest = self.part(ex, rest);
            self.quasi = Some(level);
            return Ok(Some(pair(ex.en, Part::Const(head), rest?)));
        }
        if level > 0 {
            return Ok(None);
        }
        let Some((keyword, inner)) = ex.uncons(head) else { return Ok(None) };
        let splicing = ex.is_core(keyword, at, "unsyntax-splicing")?;
        if !splicing && !ex.is_core(keyword, at, "unsyntax")? {
            return Ok(None);
        }
        let Some(operands) = ex.items(inner) else { return Ok(None) };
        if !splicing && operands.len() == 1 {
            // A single element: maybe an ellipsis follows it; the general case sees to it.
            return Ok(None);
        }
        let mut parts = Vec::with_capacity(operands.len());
        for operand in operands {
            parts.push(self.unsyntax(ex, operand, u32::from(splicing))?);
        }
        let mut result = self.part(ex, rest)?;
        for part in parts.into_iter().rev() {
            result = match part {
                Part::Variable(variable) if splicing => {
                    Part::Each(Box::new(part), vec![vec![variable]], Box::new(result))
                }
                part => pair(ex.en, part, result),
            };
        }
        Ok(Some(result))
    }

    /// A variable filled with an expression's value.
    fn unsyntax(&mut self, ex: &mut Ex, operand: Value, level: u32) -> Result<Part> {
        let empty = ex.en.expander.empty_wrap;
        let expr = ex.expand(operand, self.env, empty, self.form.m)?;
        self.fillers.push(Filler::Expr(expr));
        // A spliced list is walked by an ellipsis of its own.
        let outer = if level == 0 { usize::MAX } else { self.frames.len() };
        Ok(Part::Variable(self.slot(self.fillers.len() - 1, outer)))
    }
}

fn pair(engine: &mut Engine, head: Part, tail: Part) -> Part {
    if let (Part::Const(head), Part::Const(tail)) = (&head, &tail) {
        return Part::Const(engine.heap.cons(*head, *tail));
    }
    Part::Pair(Box::new(head), Box::new(tail))
}

/// `(syntax TEMPLATE)`.
pub(super) fn syntax(ex: &mut Ex, f: Form, env: &Env) -> Result<Expr> {
    let Some(&[template]) = ex.operands(f.e, 1).as_deref() else {
        return ex.violation(Some("syntax"), "bad `syntax' form", f, None);
    };
    let template = ex.wrap(template, f.w, f.m);
    let mut compiler = Compiler::new(env, f);
    let part = compiler.part(ex, template)?;
    let slots = compiler.slot_fillers();
    finish(ex, f, part, compiler.fillers, slots)
}

/// `(quasisyntax TEMPLATE)`.
pub(super) fn quasisyntax(ex: &mut Ex, f: Form, env: &Env) -> Result<Expr> {
    let Some(&[template]) = ex.operands(f.e, 1).as_deref() else { return ex.no_match(f) };
    let template = ex.wrap(template, f.w, f.m);
    let mut compiler = Compiler::new(env, f);
    compiler.quasi = Some(0);
    let part = compiler.part(ex, template)?;
    let slots = compiler.slot_fillers();
    finish(ex, f, part, compiler.fillers, slots)
}

fn finish(
    ex: &mut Ex,
    f: Form,
    part: Part,
    fillers: Vec<Filler>,
    slots: Vec<usize>,
) -> Result<Expr> {
    match part {
        Part::Const(value) => Ok(ex.expr(f.s, Kind::Const(value))),
        Part::Variable(_) if fillers.len() == 1 => {
            let mut fillers = fillers;
            Ok(filler_expr(fillers.remove(0)))
        }
        part => {
            let template = ex.en.heap.foreign(Template { part: Rc::new(part), slots });
            let mut args = vec![ex.constant(template)];
            args.extend(fillers.into_iter().map(filler_expr));
            ex.primitive(f.s, "%syntax-fill", args)
        }
    }
}

fn filler_expr(filler: Filler) -> Expr {
    match filler {
        Filler::Local(local) => Expr { location: None, kind: Kind::Local(Local(local)) },
        Filler::Expr(expr) => expr,
    }
}

/// Fills a template. `values` is changed while ellipses walk, and restored.
pub(super) fn fill(ex: &mut Ex, part: &Part, values: &mut [Value]) -> Result {
    match part {
        Part::Const(value) => Ok(*value),
        Part::Variable(i) => Ok(values[*i]),
        Part::Pair(..) | Part::Each(..) => fill_list(ex, part, values),
        Part::Vector(p) => {
            let list = fill(ex, p, values)?;
            let (elements, _) = ex.elements(list);
            Ok(ex.en.heap.vector(&elements))
        }
    }
}

fn fill_list(ex: &mut Ex, part: &Part, values: &mut [Value]) -> Result {
    let mut elements = Vec::new();
    let mut rest = part;
    let tail = loop {
        match rest {
            Part::Pair(head, tail) => {
                elements.push(fill(ex, head, values)?);
                rest = tail;
            }
            Part::Each(x, frames, tail) => {
                fill_each(ex, x, frames, values, &mut elements)?;
                rest = tail;
            }
            other => break fill(ex, other, values)?,
        }
    };
    Ok(ex.en.heap.list_with_tail(&elements, tail))
}

fn fill_each(
    ex: &mut Ex,
    x: &Part,
    frames: &[Vec<usize>],
    values: &mut [Value],
    out: &mut Vec<Value>,
) -> Result<()> {
    let Some((frame, inner)) = frames.split_first() else {
        out.push(fill(ex, x, values)?);
        return Ok(());
    };
    let saved: Vec<Value> = frame.iter().map(|&i| values[i]).collect();
    if inner.is_empty()
        && let (Part::Variable(i), [only]) = (x, frame.as_slice())
        && i == only
    {
        let (elements, _) = ex.elements(saved[0]);
        out.extend(elements);
        return Ok(());
    }
    let mut lists = saved.clone();
    'rows: loop {
        for (list, &i) in lists.iter_mut().zip(frame) {
            let Some((head, tail)) = ex.uncons(*list) else { break 'rows };
            values[i] = head;
            *list = tail;
        }
        fill_each(ex, x, inner, values, out)?;
    }
    for (&i, &value) in frame.iter().zip(&saved) {
        values[i] = value;
    }
    Ok(())
}

/// `(%syntax-fill TEMPLATE VALUE …)`.
pub(crate) fn native_fill(engine: &mut Engine, args: &[Value]) -> Result {
    let Some((&template, values)) = args.split_first() else { return Ok(Value::FALSE) };
    if !engine.heap.is(template, Tag::Foreign) {
        return engine.wrong_type("%syntax-fill", 1, template);
    }
    let Some(compiled) = engine.heap.as_foreign::<Template>(template) else {
        return engine.wrong_type("%syntax-fill", 1, template);
    };
    let part = compiled.part.clone();
    let given = |&i: &usize| values.get(i).copied().unwrap_or(Value::FALSE);
    let mut values: Vec<Value> = compiled.slots.iter().map(given).collect();
    fill(&mut Ex::new(engine), &part, &mut values)
}
