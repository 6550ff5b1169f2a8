// SPDX-License-Identifier: GPL-3.0-or-later
//! Quotations with escapes: uses of the macro `gexp` of GNU Guix's `guix/gexp.scm`.
//!
//! The tree is what its transformer arrives at, a call of the constructor with the escaped expressions
//! and a procedure that puts their values into the quoted text; but what holds no escape is one constant.

use super::resolve::Env;
use super::syntax::{id_symbol, strip};
use super::{Ex, Form};
use crate::engine::Engine;
use crate::heap::{Heap, Tag, Tracer};
use crate::native::Result;
use crate::tree::{Expr, Global, Kind, Local};
use crate::value::Value;

/// What the expander has to know: identifiers in the macro's module, in the order of the registration.
pub(super) struct Escapes {
    /// `ungexp`, `ungexp-splicing`, `ungexp-native`, `ungexp-native-splicing`, `output`.
    keywords: [Value; 5],
    /// `gexp-output`, `%gexp-input`, `make-gexp`, `list`, `cons`, `append`.
    procedures: [Value; 6],
    /// `current-imported-modules` and `current-imported-extensions`.
    parameters: [Value; 2],
    /// The name of the default output, a string.
    out: Value,
}

const OUTPUT: usize = 4;

/// The kinds of escapes, as numbers of keywords.
#[derive(Clone, Copy, PartialEq)]
enum Escape {
    Value,
    Splicing,
    Native,
    NativeSplicing,
}

const KINDS: [Escape; 4] =
    [Escape::Value, Escape::Splicing, Escape::Native, Escape::NativeSplicing];

impl Escape {
    fn splices(self) -> bool {
        matches!(self, Escape::Splicing | Escape::NativeSplicing)
    }
}

/// The quoted text, as code that makes it.
enum Part {
    Const(Value),
    /// The value of an escape.
    Escape(usize),
    Pair(Box<Part>, Box<Part>),
    /// A list put before the rest.
    Append(usize, Box<Part>),
}

/// An escape: its form under the use's wrap, and what it refers to.
struct Found {
    form: Value,
    reference: Reference,
}

enum Reference {
    Output(Option<Value>),
    Input { thing: Value, output: Option<Value>, native: bool },
}

/// A use.
pub(super) struct Plan {
    escapes: Vec<Found>,
    /// The escapes in the order in which the transformer finds them.
    order: Vec<usize>,
    part: Part,
}

/// The look at a use.
struct Look<'a> {
    known: &'a Escapes,
    f: Form,
    symbols: [Value; 5],
    plan: (Vec<Found>, Vec<usize>),
}

impl Escapes {
    pub(super) fn trace(&self, tracer: &mut Tracer) {
        tracer.visit_all(&self.keywords);
        tracer.visit_all(&self.procedures);
        tracer.visit_all(&self.parameters);
        tracer.visit(self.out);
    }

    /// What is in a form, if it is well-formed and has no escape in an odd place.
    pub(super) fn plan(&self, ex: &mut Ex, f: Form) -> Result<Option<Plan>> {
        let rest = ex.en.heap.cdr(f.e);
        let Some(&[text]) = ex.items(rest).as_deref() else { return Ok(None) };
        let symbols = self.keywords.map(|id| id_symbol(&ex.en.heap, id).unwrap_or(Value::FALSE));
        let mut look = Look { known: self, f, symbols, plan: (Vec::new(), Vec::new()) };
        let part = look.part(ex, text)?;
        let (escapes, order) = look.plan;
        Ok(part.map(|part| Plan { escapes, order, part }))
    }

    /// The tree of a use.
    pub(super) fn expand(&self, ex: &mut Ex, plan: Plan, f: Form, env: &Env) -> Result<Expr> {
        let mark = ex.new_mark();
        let mut names = Vec::with_capacity(8);
        for id in self.procedures.iter().chain(&self.parameters) {
            names.push(ex.rebuild(*id, mark, None, f)?);
        }
        let empty = ex.en.expander.empty_wrap;
        let mut globals = Vec::with_capacity(6);
        for &id in &names[..6] {
            globals.push(match ex.expand(id, env, empty, f.m)?.kind {
                Kind::Global(global) => global,
                _ => return ex.no_match(f),
            });
        }
        let mut references = Vec::with_capacity(plan.order.len());
        for &i in plan.order.iter().rev() {
            references.push(self.reference(ex, &plan.escapes[i].reference, &globals, f, env)?);
        }
        let references = call(ex, f, &globals[3], references);
        let modules = ex.expand(names[6], env, empty, f.m)?;
        let extensions = ex.expand(names[7], env, empty, f.m)?;
        let locals: Vec<Local> = plan.escapes.iter().map(|_| Local(env.unit.new_local())).collect();
        let body = text(ex, f, &plan.part, &locals, &globals);
        let formals = plan.order.iter().rev().map(|&i| locals[i]).collect();
        let mut procedure = ex.procedure(Value::FALSE, formals, body);
        procedure.location = ex.en.sources.location(&ex.en.heap, f.s);
        let place = super::error::source_alist(ex.en, f.s);
        let place = ex.constant(place);
        let args = vec![references, modules, extensions, procedure, place];
        Ok(call(ex, f, &globals[2], args))
    }

    fn reference(
        &self,
        ex: &mut Ex,
        reference: &Reference,
        globals: &[Global],
        f: Form,
        env: &Env,
    ) -> Result<Expr> {
        let name = |ex: &mut Ex, output: Option<Value>| match output {
            Some(output) => ex.expand(output, env, f.w, f.m),
            None => Ok(ex.constant(self.out)),
        };
        match *reference {
            Reference::Output(output) => {
                let output = name(ex, output)?;
                Ok(call(ex, f, &globals[0], vec![output]))
            }
            Reference::Input { thing, output, native } => {
                let thing = ex.expand(thing, env, f.w, f.m)?;
                let output = name(ex, output)?;
                let native = ex.constant(Value::bool(native));
                Ok(call(ex, f, &globals[1], vec![thing, output, native]))
            }
        }
    }
}

fn call(ex: &Ex, f: Form, callee: &Global, args: Vec<Expr>) -> Expr {
    let callee = ex.expr(f.s, Kind::Global(callee.clone()));
    ex.expr(f.s, Kind::Call(Box::new(callee), args))
}

/// Code that makes the text.
fn text(ex: &Ex, f: Form, part: &Part, locals: &[Local], globals: &[Global]) -> Expr {
    match part {
        Part::Const(value) => ex.expr(f.s, Kind::Const(*value)),
        Part::Escape(i) => ex.expr(f.s, Kind::Local(locals[*i])),
        Part::Pair(head, tail) => {
            let args = vec![text(ex, f, head, locals, globals), text(ex, f, tail, locals, globals)];
            call(ex, f, &globals[4], args)
        }
        Part::Append(i, tail) => {
            let list = ex.expr(f.s, Kind::Local(locals[*i]));
            let args = vec![list, text(ex, f, tail, locals, globals)];
            call(ex, f, &globals[5], args)
        }
    }
}

fn pair(heap: &mut Heap, head: Part, tail: Part) -> Part {
    match (&head, &tail) {
        (Part::Const(head), Part::Const(tail)) => Part::Const(heap.cons(*head, *tail)),
        _ => Part::Pair(Box::new(head), Box::new(tail)),
    }
}

impl Look<'_> {
    /// The kind of escape that an identifier starts.
    fn keyword(&self, ex: &mut Ex, x: Value) -> Result<Option<Escape>> {
        for (i, kind) in KINDS.into_iter().enumerate() {
            if self.is_keyword(ex, x, i)? {
                return Ok(Some(kind));
            }
        }
        Ok(None)
    }

    fn is_keyword(&self, ex: &mut Ex, x: Value, i: usize) -> Result<bool> {
        let Some(symbol) = id_symbol(&ex.en.heap, x) else { return Ok(false) };
        if symbol != self.symbols[i] {
            // An import may have got another name: by a prefix, in practice.
            let name = |symbol| ex.en.heap.symbol_name(symbol).unwrap_or_default();
            if !name(symbol).ends_with(name(self.symbols[i])) {
                return Ok(false);
            }
        }
        let id = ex.wrap(x, self.f.w, self.f.m);
        ex.same_free(id, self.known.keywords[i])
    }

    /// What `x` is made of; `None` if the transformer has to look at it.
    fn part(&mut self, ex: &mut Ex, x: Value) -> Result<Option<Part>> {
        ex.check_depth(self.f)?;
        let Some((first, _)) = ex.uncons(x) else {
            return Ok(Some(Part::Const(strip(&mut ex.en.heap, x))));
        };
        if let Some(kind) = self.keyword(ex, first)? {
            return self.escape(ex, x, kind).map(|found| match found {
                Some(i) if !kind.splices() => Some(Part::Escape(i)),
                _ => None,
            });
        }
        // A list, whose rest may be an escape, too: `(a . #$b)`.
        let mut heads = Vec::new();
        let mut rest = x;
        let tail = loop {
            let Some((head, after)) = ex.uncons(rest) else {
                break Part::Const(strip(&mut ex.en.heap, rest));
            };
            if !heads.is_empty() && self.keyword(ex, head)?.is_some() {
                match self.part(ex, rest)? {
                    Some(tail) => break tail,
                    None => return Ok(None),
                }
            }
            let splice = match ex.uncons(head) {
                Some((keyword, _)) => self.keyword(ex, keyword)?.filter(|kind| kind.splices()),
                None => None,
            };
            let head = match splice {
                Some(kind) => match (self.escape(ex, head, kind)?, ex.items(after)) {
                    (Some(i), Some(_)) => Head::Splice(i),
                    _ => return Ok(None),
                },
                None => match self.part(ex, head)? {
                    Some(part) => Head::Part(part),
                    None => return Ok(None),
                },
            };
            heads.push(head);
            rest = after;
        };
        let fold = |tail, head| match head {
            Head::Part(head) => pair(&mut ex.en.heap, head, tail),
            Head::Splice(i) => Part::Append(i, Box::new(tail)),
        };
        Ok(Some(heads.into_iter().rev().fold(tail, fold)))
    }

    /// Notes an escape; gives its number. `None` if it is not well-formed.
    fn escape(&mut self, ex: &mut Ex, form: Value, kind: Escape) -> Result<Option<usize>> {
        let Some((_, rest)) = ex.uncons(form) else { return Ok(None) };
        let Some(operands) = ex.items(rest) else { return Ok(None) };
        let reference = match (kind, operands.as_slice()) {
            (Escape::Value, &[thing]) if self.is_keyword(ex, thing, OUTPUT)? => {
                Reference::Output(None)
            }
            (Escape::Value, &[thing, name]) if self.is_keyword(ex, thing, OUTPUT)? => {
                Reference::Output(Some(name))
            }
            (_, &[thing]) => {
                let native = matches!(kind, Escape::Native | Escape::NativeSplicing);
                Reference::Input { thing, output: None, native }
            }
            (Escape::Value | Escape::Native, &[thing, output]) => {
                Reference::Input { thing, output: Some(output), native: kind == Escape::Native }
            }
            _ => return Ok(None),
        };
        let form = ex.wrap(form, self.f.w, self.f.m);
        let (escapes, order) = &mut self.plan;
        // Equal escapes are one, which stands where the last one of them was found.
        if let Some(i) = escapes.iter().position(|known| ex.en.equal(known.form, form)) {
            order.retain(|&other| other != i);
            order.push(i);
            escapes[i] = Found { form, reference };
            return Ok(Some(i));
        }
        escapes.push(Found { form, reference });
        order.push(escapes.len() - 1);
        Ok(Some(escapes.len() - 1))
    }
}

enum Head {
    Part(Part),
    Splice(usize),
}

/// `(%register-escapes! TRANSFORMER UNGEXP UNGEXP-SPLICING UNGEXP-NATIVE UNGEXP-NATIVE-SPLICING OUTPUT
/// GEXP-OUTPUT %GEXP-INPUT MAKE-GEXP LIST CONS APPEND MODULES EXTENSIONS OUT)`: says that the macro with
/// this transformer quotes with escapes; all but the first and the last are identifiers.
pub(crate) fn native_register(engine: &mut Engine, args: &[Value]) -> Result {
    if let &[transformer, a, b, c, d, e, p, q, r, s, t, u, modules, extensions, out] = args
        && args[1..14].iter().all(|&id| engine.heap.is(id, Tag::Syntax))
    {
        let escapes = Escapes {
            keywords: [a, b, c, d, e],
            procedures: [p, q, r, s, t, u],
            parameters: [modules, extensions],
            out,
        };
        engine.expander.known.add(transformer, super::known::Known::Escapes(escapes));
    }
    Ok(Value::UNSPECIFIED)
}
