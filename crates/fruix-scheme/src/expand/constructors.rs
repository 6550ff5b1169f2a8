// SPDX-License-Identifier: GPL-3.0-or-later
//! Uses of the constructors that GNU Guix's `define-record-type*` (`guix/records.scm`) makes:
//! `(NAME (inherit ORIGINAL) (FIELD VALUE) …)`.
//!
//! The tree is the one that `make-syntactic-constructor`'s transformers arrive at: a `let*` of the given
//! fields, in their order, around a call of the constructor procedure with all fields.

use super::lambda::name_value;
use super::resolve::{Bind, Env, Unit};
use super::syntax::id_symbol;
use super::{Ex, Form, known};
use crate::engine::Engine;
use crate::heap::{Tag, Tracer};
use crate::native::Result;
use crate::tree::{Expr, Global, Kind, Local};
use crate::value::Value;
use std::rc::Rc;

/// How a field's value is wrapped.
#[derive(Clone, Copy, PartialEq)]
enum Wrapping {
    Plain,
    /// In a procedure of the record.
    Thunked,
    /// In a promise.
    Delayed,
}

struct Field {
    /// A symbol.
    name: Value,
    wrapping: Wrapping,
    /// Whether a copy does not take the value over.
    innate: bool,
    /// Syntax, as are the defaults.
    sanitizer: Option<Value>,
    default: Option<Value>,
}

/// A constructor, as its definition describes it.
pub(super) struct Constructor {
    fields: Vec<Field>,
    cookie: Value,
    /// The syntax parameter that stands for the record in thunks.
    this: Value,
    /// Identifiers and forms that expansions insert.
    procedure: Value,
    inherit: Value,
    struct_ref: Value,
    variable: Value,
    check: Value,
}

/// A field that a use gives.
struct Given {
    index: usize,
    id: Value,
    value: Value,
}

/// A use. All in it is under the form's wrap.
pub(super) struct Plan {
    original: Option<Value>,
    given: Vec<Given>,
}

impl Constructor {
    pub(super) fn trace(&self, tracer: &mut Tracer) {
        for field in &self.fields {
            tracer.visit(field.name);
            field.sanitizer.iter().chain(&field.default).for_each(|&v| tracer.visit(v));
        }
        tracer.visit_all(&[self.cookie, self.this, self.procedure, self.inherit]);
        tracer.visit_all(&[self.struct_ref, self.variable, self.check]);
    }

    /// What a form gives, if it is well-formed.
    pub(super) fn plan(&self, ex: &mut Ex, f: Form) -> Result<Option<Plan>> {
        let rest = ex.en.heap.cdr(f.e);
        let Some(items) = ex.items(rest) else { return Ok(None) };
        let mut plan = Plan { original: None, given: Vec::with_capacity(items.len()) };
        let inherit = id_symbol(&ex.en.heap, self.inherit);
        for (i, item) in items.into_iter().enumerate() {
            let Some(&[id, value]) = ex.items(item).as_deref() else { return Ok(None) };
            let Some(symbol) = id_symbol(&ex.en.heap, id) else { return Ok(None) };
            if i == 0 && Some(symbol) == inherit {
                let id = ex.wrap(id, f.w, f.m);
                if ex.same_free(id, self.inherit)? {
                    plan.original = Some(value);
                    continue;
                }
            }
            let index = self.fields.iter().position(|field| field.name == symbol);
            let Some(index) = index else { return Ok(None) };
            if plan.given.iter().any(|given| given.index == index) {
                return Ok(None);
            }
            plan.given.push(Given { index, id, value });
        }
        let missing = |(i, field): (usize, &Field)| {
            field.default.is_none() && !plan.given.iter().any(|given| given.index == i)
        };
        if plan.original.is_none() && self.fields.iter().enumerate().any(missing) {
            return Ok(None);
        }
        Ok(Some(plan))
    }

    /// The tree of a use.
    pub(super) fn expand(&self, ex: &mut Ex, plan: Plan, f: Form, env: &Env) -> Result<Expr> {
        let mark = ex.new_mark();
        let at = At { f, env, mark };
        let mut w = f.w;
        let mut bound = Vec::with_capacity(plan.given.len());
        for given in &plan.given {
            let field = &self.fields[given.index];
            let mut value = self.value(ex, field, given.value, w, &at)?;
            if field.wrapping == Wrapping::Thunked {
                name_value(&mut value, field.name);
            }
            let (locals, inner) = ex.bind_locals(&[given.id], env, w);
            w = inner;
            bound.push((locals[0], value));
        }
        let mut body = Vec::new();
        let empty = ex.en.expander.empty_wrap;
        if plan.original.is_some() {
            let check = at.inserted(ex, self.check)?;
            body.push(ex.expand(check, env, empty, f.m)?);
        }
        let procedure = at.inserted(ex, self.procedure)?;
        let procedure = ex.expand(procedure, env, empty, f.m)?;
        let args = self.arguments(ex, &plan, w, &at)?;
        body.push(ex.expr(f.s, Kind::Call(Box::new(procedure), args)));
        let mut result = ex.seq(f.s, body);
        for binding in bound.into_iter().rev() {
            result = ex.expr(f.s, Kind::Let(vec![binding], Box::new(result)));
        }
        Ok(result)
    }

    /// The constructor procedure's arguments; the given fields are variables under `w`.
    fn arguments(&self, ex: &mut Ex, plan: &Plan, w: Value, at: &At) -> Result<Vec<Expr>> {
        let mut args = Vec::with_capacity(self.fields.len() + 1);
        args.push(ex.constant(self.cookie));
        let mut getter: Option<Global> = None;
        for (index, field) in self.fields.iter().enumerate() {
            if let Some(given) = plan.given.iter().find(|given| given.index == index) {
                args.push(ex.expand(given.id, at.env, w, at.f.m)?);
                continue;
            }
            if let Some(original) = plan.original
                && !field.innate
            {
                let callee = match &getter {
                    Some(global) => Expr { location: None, kind: Kind::Global(global.clone()) },
                    None => {
                        let id = at.inserted(ex, self.struct_ref)?;
                        let empty = ex.en.expander.empty_wrap;
                        let callee = ex.expand(id, at.env, empty, at.f.m)?;
                        if let Kind::Global(global) = &callee.kind {
                            getter = Some(global.clone());
                        }
                        callee
                    }
                };
                // Once for each field, as Guix has it.
                let original = ex.expand(original, at.env, w, at.f.m)?;
                let index = ex.constant(Value::fixnum(index as i64));
                args.push(ex.expr(at.f.s, Kind::Call(Box::new(callee), vec![original, index])));
                continue;
            }
            let Some(default) = field.default else { return ex.no_match(at.f) };
            let default = at.inserted(ex, default)?;
            let empty = ex.en.expander.empty_wrap;
            args.push(self.value(ex, field, default, empty, at)?);
        }
        Ok(args)
    }

    /// A field's value, sanitized and wrapped.
    fn value(&self, ex: &mut Ex, field: &Field, value: Value, w: Value, at: &At) -> Result<Expr> {
        let empty = ex.en.expander.empty_wrap;
        let (f, env) = (at.f, at.env);
        let (value, w) = match field.sanitizer {
            None => (value, w),
            Some(sanitizer) => {
                let sanitizer = at.inserted(ex, sanitizer)?;
                let value = ex.wrap(value, w, f.m);
                let call = ex.en.heap.list(&[sanitizer, value]);
                (ex.decorate(call, f.s), empty)
            }
        };
        match field.wrapping {
            Wrapping::Plain => ex.expand(value, env, w, f.m),
            Wrapping::Delayed => {
                let delay = ex.core_id("delay");
                let value = ex.wrap(value, w, f.m);
                let form = ex.en.heap.list(&[delay, value]);
                let form = ex.decorate(form, f.s);
                ex.expand(form, env, empty, f.m)
            }
            Wrapping::Thunked => self.thunk(ex, value, w, at),
        }
    }

    /// `(lambda (x) VALUE)` where the record's name stands for `x`.
    fn thunk(&self, ex: &mut Ex, value: Value, w: Value, at: &At) -> Result<Expr> {
        let (f, env) = (at.f, at.env);
        let x = at.inserted(ex, self.variable)?;
        let (label, local) = ex.lexical_label(env);
        let empty = ex.en.expander.empty_wrap;
        let inner = ex.binding_wrap(&[x], &[label], empty);
        let name = id_symbol(&ex.en.heap, x).unwrap_or(Value::FALSE);
        let x = ex.wrap(x, inner, Value::FALSE);
        let transformer = ex.identifier_transformer(x)?;
        let inner = env.with_parameter(self.this, transformer);
        let body = ex.expand(value, &inner, w, f.m)?;
        let mut procedure = ex.procedure(Value::FALSE, vec![Local(local)], body);
        procedure.location = ex.en.sources.location(&ex.en.heap, f.s);
        if let Kind::Lambda(lambda) = &mut procedure.kind {
            lambda.clauses[0].names = vec![name];
        }
        Ok(procedure)
    }
}

/// Where a use is.
struct At<'e> {
    f: Form,
    env: &'e Env,
    mark: Value,
}

impl At<'_> {
    /// Syntax of the definition as the expansion inserts it.
    fn inserted(&self, ex: &mut Ex, x: Value) -> Result {
        ex.rebuild(x, self.mark, None, self.f)
    }
}

impl Ex<'_> {
    /// The transformer `(lambda (s) (syntax-case s () (id (identifier? #'id) #'X)))`.
    fn identifier_transformer(&mut self, x: Value) -> Result {
        let maker = match self.en.expander.identifier_maker {
            Value::FALSE => {
                let local = |n| Expr { location: None, kind: Kind::Local(Local(n)) };
                let args = vec![local(0), local(1)];
                let body = self.primitive(Value::FALSE, "%syntax-identifier", args)?;
                let inner = self.procedure(Value::FALSE, vec![Local(1)], body);
                let outer = self.procedure(Value::FALSE, vec![Local(0)], inner);
                let maker = self.run(outer)?;
                self.en.expander.identifier_maker = maker;
                maker
            }
            maker => maker,
        };
        self.apply(maker, &[x])
    }
}

/// `(%syntax-identifier X S)`: X if S is an identifier.
pub(crate) fn native_identifier(engine: &mut Engine, x: Value, s: Value) -> Result {
    if super::syntax::is_identifier(&engine.heap, s) {
        return Ok(x);
    }
    super::syntax_case::native_no_match(engine, s)
}

/// `(%register-constructor! TRANSFORMER FIELDS THUNKED DELAYED INNATE SANITIZERS DEFAULTS COOKIE PROCEDURE
/// THIS INHERIT STRUCT-REF X CHECK)`: says what the constructor with this transformer does. The first
/// lists are of symbols, the next two of pairs of a symbol and syntax, the rest but the cookie is syntax.
pub(crate) fn native_register(engine: &mut Engine, args: &[Value]) -> Result {
    let &[transformer, names, thunked, delayed, innate, sanitizers, defaults, cookie, ..] = args
    else {
        return Ok(Value::FALSE);
    };
    let &[.., procedure, this, inherit, struct_ref, variable, check] = args else {
        return Ok(Value::FALSE);
    };
    let list = |engine: &Engine, list| engine.heap.list_to_vec(list).unwrap_or_default();
    let (thunked, delayed) = (list(engine, thunked), list(engine, delayed));
    let innate = list(engine, innate);
    let (sanitizers, defaults) = (list(engine, sanitizers), list(engine, defaults));
    let find = |engine: &Engine, alist: &[Value], name| {
        alist.iter().find_map(|&entry| {
            engine.heap.pair(entry).filter(|&(key, _)| key == name).map(|(_, value)| value)
        })
    };
    let field = |name: Value| Field {
        name,
        wrapping: match name {
            name if thunked.contains(&name) => Wrapping::Thunked,
            name if delayed.contains(&name) => Wrapping::Delayed,
            _ => Wrapping::Plain,
        },
        innate: innate.contains(&name),
        sanitizer: find(engine, &sanitizers, name),
        default: find(engine, &defaults, name),
    };
    let fields = list(engine, names).into_iter().map(field).collect();
    let scope = engine.heap.open_scope();
    let key = parameter(engine, this);
    engine.heap.close_scope(scope);
    // Without a parameter of that name its uses are mistakes.
    if let Some(this) = key? {
        let constructor =
            Constructor { fields, cookie, this, procedure, inherit, struct_ref, variable, check };
        engine.expander.known.add(transformer, known::Known::Constructor(constructor));
    }
    Ok(Value::UNSPECIFIED)
}

/// The key of the syntax parameter that an identifier names.
fn parameter(engine: &mut Engine, id: Value) -> Result<Option<Value>> {
    if !engine.heap.is(id, Tag::Syntax) {
        return Ok(None);
    }
    let mut ex = Ex::new(engine);
    let env = Env { unit: Rc::new(Unit::new(0)), parameters: None };
    let empty = ex.en.expander.empty_wrap;
    Ok(match ex.resolve(id, empty, &env, Value::FALSE, false)?.0 {
        Bind::Parameter(key) => Some(key),
        _ => None,
    })
}
