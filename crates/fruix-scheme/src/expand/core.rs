// SPDX-License-Identifier: GPL-3.0-or-later
//! The core forms but procedures: `quote`, `if`, `set!`, the `let` family, `with-ellipsis`,
//! `syntax-parameterize`.

use super::lambda::name_value;
use super::resolve::{Bind, Env};
use super::syntax::{id_symbol, parts};
use super::{Ex, Form, Type};
use crate::native::Result;
use crate::tree::{Body, Clause, Expr, Kind, Lambda, Local};
use crate::value::Value;

pub(super) fn quote(ex: &mut Ex, f: Form, _env: &Env) -> Result<Expr> {
    match ex.operands(f.e, 1).as_deref() {
        Some(&[datum]) => {
            let datum = ex.strip(datum);
            Ok(ex.expr(f.s, Kind::Const(datum)))
        }
        _ => ex.violation(Some("quote"), "bad syntax", f, None),
    }
}

pub(super) fn quote_syntax(ex: &mut Ex, f: Form, _env: &Env) -> Result<Expr> {
    match ex.operands(f.e, 1).as_deref() {
        Some(&[datum]) => {
            let datum = ex.wrap(datum, f.w, f.m);
            Ok(ex.expr(f.s, Kind::Const(datum)))
        }
        _ => ex.violation(Some("quote"), "bad syntax", f, None),
    }
}

pub(super) fn if_(ex: &mut Ex, f: Form, env: &Env) -> Result<Expr> {
    let Some(parts) = ex.operands(f.e, 2).filter(|p| p.len() <= 3) else { return ex.no_match(f) };
    let test = ex.expand(parts[0], env, f.w, f.m)?;
    let then = ex.expand(parts[1], env, f.w, f.m)?;
    let other = match parts.get(2) {
        Some(&other) => ex.expand(other, env, f.w, f.m)?,
        None => ex.void(),
    };
    Ok(ex.expr(f.s, Kind::If(Box::new(test), Box::new(then), Box::new(other))))
}

pub(super) fn set(ex: &mut Ex, f: Form, env: &Env) -> Result<Expr> {
    let Some(&[target, value]) = ex.operands(f.e, 2).as_deref() else {
        return ex.violation(Some("set!"), "bad set!", f, None);
    };
    if id_symbol(&ex.en.heap, target).is_some() {
        return set_variable(ex, f, env, target, value);
    }
    let Some(items) = ex.items(target).filter(|items| !items.is_empty()) else {
        return ex.violation(Some("set!"), "bad set!", f, None);
    };
    let head = Form { e: items[0], w: f.w, s: Value::FALSE, m: f.m };
    let typed = ex.syntax_type(head, env, None, true)?;
    if let Type::Special(special) = typed.t
        && matches!(special.name, "@" | "@@")
    {
        let value = ex.expand(value, env, f.w, f.m)?;
        let inner = Form { e: ex.en.heap.list(&items), ..f };
        let target = match special.name {
            "@" => super::forms::public_ref(ex, inner)?,
            _ => super::forms::private_ref(ex, inner)?,
        };
        let Some(symbol) = id_symbol(&ex.en.heap, target.e) else {
            return ex.violation(Some("set!"), "bad set!", f, None);
        };
        let global = ex.global(symbol, target.m);
        return Ok(ex.expr(f.s, Kind::SetGlobal(global, Box::new(value))));
    }
    // (set! (getter object …) value) calls the getter's setter.
    let setter = ex.core_id("setter");
    let getter = ex.wrap(items[0], f.w, f.m);
    let call = ex.en.heap.list(&[setter, getter]);
    let empty = ex.en.expander.empty_wrap;
    let callee = ex.expand(call, env, empty, f.m)?;
    let mut args = ex.expand_all(&items[1..], env, f.w, f.m)?;
    args.push(ex.expand(value, env, f.w, f.m)?);
    Ok(ex.expr(f.s, Kind::Call(Box::new(callee), args)))
}

fn set_variable(ex: &mut Ex, f: Form, env: &Env, target: Value, value: Value) -> Result<Expr> {
    let (bind, m) = ex.resolve(target, f.w, env, f.m, true)?;
    match bind {
        Bind::Lexical(local) => {
            let mut value = ex.expand(value, env, f.w, f.m)?;
            if let Some(name) = id_symbol(&ex.en.heap, target) {
                name_value(&mut value, name);
            }
            Ok(ex.expr(f.s, Kind::SetLocal(Local(local), Box::new(value))))
        }
        Bind::Global(name) => {
            let mut value = ex.expand(value, env, f.w, f.m)?;
            name_value(&mut value, name);
            let global = ex.global(name, m);
            Ok(ex.expr(f.s, Kind::SetGlobal(global, Box::new(value))))
        }
        Bind::Macro(p) => {
            if !ex.en.is_variable_transformer(p) {
                let id = ex.wrap(target, f.w, m);
                return ex.violation(Some("set!"), "not a variable transformer", f, Some(id));
            }
            let e = ex.expand_macro(p, f, env, None)?;
            let empty = ex.en.expander.empty_wrap;
            ex.expand(e, env, empty, f.m)
        }
        Bind::Displaced => {
            let id = ex.wrap(target, f.w, f.m);
            ex.violation(Some("set!"), "identifier out of context", f.with(id), None)
        }
        _ => ex.violation(Some("set!"), "bad set!", f, None),
    }
}

/// The names and values of `((NAME VALUE) …)`.
fn bindings(ex: &mut Ex, list: Value) -> Option<(Vec<Value>, Vec<Value>)> {
    let (mut ids, mut values) = (Vec::new(), Vec::new());
    for binding in ex.items(list)? {
        let &[id, value] = ex.items(binding)?.as_slice() else { return None };
        id_symbol(&ex.en.heap, id)?;
        ids.push(id);
        values.push(value);
    }
    Some((ids, values))
}

pub(super) fn let_(ex: &mut Ex, f: Form, env: &Env) -> Result<Expr> {
    let Some(operands) = ex.operands(f.e, 2) else {
        return ex.violation(Some("let"), "bad let", f, None);
    };
    if id_symbol(&ex.en.heap, operands[0]).is_some() {
        return named_let(ex, f, env, &operands);
    }
    let Some((ids, values)) = bindings(ex, operands[0]) else {
        return ex.violation(Some("let"), "bad let", f, None);
    };
    if !ex.valid_bound_ids(&ids) {
        return ex.violation(Some("let"), "duplicate bound variable", f, None);
    }
    let values = ex.expand_all(&values, env, f.w, f.m)?;
    let (locals, w) = ex.bind_locals(&ids, env, f.w);
    let body = ex.expand_body(&operands[1..], f, env, w)?;
    if ids.is_empty() {
        return Ok(body);
    }
    let bound = ex.named(&ids, locals, values);
    Ok(ex.expr(f.s, Kind::Let(bound, Box::new(body))))
}

impl Ex<'_> {
    /// New variables for `ids`, and `w` with them.
    pub(super) fn bind_locals(
        &mut self,
        ids: &[Value],
        env: &Env,
        w: Value,
    ) -> (Vec<Local>, Value) {
        let bound: Vec<(Value, u32)> = ids.iter().map(|_| self.lexical_label(env)).collect();
        let labels: Vec<Value> = bound.iter().map(|b| b.0).collect();
        let w = self.binding_wrap(ids, &labels, w);
        (bound.into_iter().map(|b| Local(b.1)).collect(), w)
    }

    /// Pairs variables with their values, which get the variables' names.
    pub(super) fn named(
        &self,
        ids: &[Value],
        locals: Vec<Local>,
        values: Vec<Expr>,
    ) -> Vec<(Local, Expr)> {
        let heap = &self.en.heap;
        let named = ids.iter().zip(values).map(|(&id, mut value)| {
            name_value(&mut value, id_symbol(heap, id).unwrap_or(Value::FALSE));
            value
        });
        locals.into_iter().zip(named).collect()
    }

    /// A procedure of required arguments only.
    pub(super) fn procedure(&self, name: Value, required: Vec<Local>, body: Expr) -> Expr {
        let clause = Clause {
            required,
            optional: Vec::new(),
            rest: None,
            keywords: Vec::new(),
            allow_other_keys: false,
            names: Vec::new(),
            body: Body::Now(Box::new(body)),
        };
        let lambda = Lambda { name, properties: Value::NULL, clauses: vec![clause] };
        Expr { location: None, kind: Kind::Lambda(Box::new(lambda)) }
    }
}

fn named_let(ex: &mut Ex, f: Form, env: &Env, operands: &[Value]) -> Result<Expr> {
    let bound = operands.get(1).and_then(|&list| bindings(ex, list));
    let Some((ids, values)) = bound.filter(|_| operands.len() >= 3) else {
        return ex.violation(Some("let"), "bad let", f, None);
    };
    let mut all = vec![operands[0]];
    all.extend_from_slice(&ids);
    if !ex.valid_bound_ids(&all) {
        return ex.violation(Some("let"), "duplicate bound variable", f, None);
    }
    let mut values = ex.expand_all(&values, env, f.w, f.m)?;
    for (value, &id) in values.iter_mut().zip(&ids) {
        name_value(value, id_symbol(&ex.en.heap, id).unwrap_or(Value::FALSE));
    }
    let (mut locals, w) = ex.bind_locals(&all, env, f.w);
    let body = ex.expand_body(&operands[2..], f, env, w)?;
    let own = locals.remove(0);
    let name = id_symbol(&ex.en.heap, operands[0]).unwrap_or(Value::FALSE);
    let mut procedure = ex.procedure(name, locals, body);
    procedure.location = ex.en.sources.location(&ex.en.heap, f.s);
    let callee = ex.expr(f.s, Kind::Local(own));
    let call = ex.expr(f.s, Kind::Call(Box::new(callee), values));
    Ok(ex.expr(f.s, Kind::Letrec(false, vec![(own, procedure)], Box::new(call))))
}

pub(super) fn let_star(ex: &mut Ex, f: Form, env: &Env) -> Result<Expr> {
    let operands = ex.operands(f.e, 2);
    let bound = operands.as_ref().and_then(|o| bindings(ex, o[0]));
    let (Some(operands), Some((ids, values))) = (operands, bound) else { return ex.no_match(f) };
    let mut w = f.w;
    let mut bound = Vec::with_capacity(ids.len());
    for (&id, value) in ids.iter().zip(values) {
        let value = ex.expand(value, env, w, f.m)?;
        let (locals, inner) = ex.bind_locals(&[id], env, w);
        w = inner;
        bound.extend(ex.named(&[id], locals, vec![value]));
    }
    let mut result = ex.expand_body(&operands[1..], f, env, w)?;
    for binding in bound.into_iter().rev() {
        result = ex.expr(f.s, Kind::Let(vec![binding], Box::new(result)));
    }
    Ok(result)
}

pub(super) fn letrec(ex: &mut Ex, f: Form, env: &Env) -> Result<Expr> {
    recursive_let(ex, f, env, false, "letrec")
}

pub(super) fn letrec_star(ex: &mut Ex, f: Form, env: &Env) -> Result<Expr> {
    recursive_let(ex, f, env, true, "letrec*")
}

fn recursive_let(ex: &mut Ex, f: Form, env: &Env, ordered: bool, who: &str) -> Result<Expr> {
    let operands = ex.operands(f.e, 2);
    let bound = operands.as_ref().and_then(|o| bindings(ex, o[0]));
    let (Some(operands), Some((ids, values))) = (operands, bound) else {
        return ex.violation(Some(who), &format!("bad {who}"), f, None);
    };
    if !ex.valid_bound_ids(&ids) {
        return ex.violation(Some(who), "duplicate bound variable", f, None);
    }
    let (locals, w) = ex.bind_locals(&ids, env, f.w);
    let values = ex.expand_all(&values, env, w, f.m)?;
    let body = ex.expand_body(&operands[1..], f, env, w)?;
    if ids.is_empty() {
        return Ok(body);
    }
    let bound = ex.named(&ids, locals, values);
    Ok(ex.expr(f.s, Kind::Letrec(ordered, bound, Box::new(body))))
}

/// `(with-ellipsis DOTS BODY …)`: a special identifier's binding says what the ellipsis is.
pub(super) fn with_ellipsis(ex: &mut Ex, f: Form, env: &Env) -> Result<Expr> {
    let Some(operands) = ex.operands(f.e, 2).filter(|o| id_symbol(&ex.en.heap, o[0]).is_some())
    else {
        return ex.violation(Some("with-ellipsis"), "bad syntax", f, None);
    };
    let w = ex.ellipsis_wrap(operands[0], f);
    ex.expand_body(&operands[1..], f, env, w)
}

impl Ex<'_> {
    /// The wrap of code whose ellipsis is `dots`.
    pub(super) fn ellipsis_wrap(&mut self, dots: Value, f: Form) -> Value {
        let special = self.en.expander.syms.ellipsis;
        let id = match parts(&self.en.heap, dots) {
            Some((_, w, m, s)) => self.make_syntax(special, w, m, s),
            None => special,
        };
        let dots = self.source_wrap(dots, f.w, f.s, f.m);
        let label = self.ellipsis_label(dots);
        self.binding_wrap(&[id], &[label], f.w)
    }
}

pub(super) fn syntax_parameterize(ex: &mut Ex, f: Form, env: &Env) -> Result<Expr> {
    const WHO: Option<&str> = Some("syntax-parameterize");
    let operands = ex.operands(f.e, 2);
    let bound = operands.as_ref().and_then(|o| bindings(ex, o[0]));
    let (Some(operands), Some((ids, values))) = (operands, bound) else {
        return ex.violation(WHO, "bad syntax", f, None);
    };
    if !ex.valid_bound_ids(&ids) {
        return ex.violation(WHO, "bad syntax", f, None);
    }
    let mut inner = env.clone();
    for (&id, &value) in ids.iter().zip(&values) {
        let (bind, _) = ex.resolve(id, f.w, env, f.m, false)?;
        let key = match bind {
            Bind::Parameter(key) => key,
            _ => {
                let subform = ex.source_wrap(id, f.w, f.s, f.m);
                let message = match bind {
                    Bind::Displaced => "identifier out of context",
                    _ => "invalid syntax parameter",
                };
                return ex.violation(WHO, message, f, Some(subform));
            }
        };
        let transformer = ex.eval_transformer(value, env, f.w, f.m)?;
        inner = inner.with_parameter(key, transformer);
    }
    ex.expand_body(&operands[1..], f, &inner, f.w)
}
