// SPDX-License-Identifier: GPL-3.0-or-later
//! The everyday macros of `(guile)`, natively: they make core trees with variables of their own, so
//! hygiene takes care of itself.

use super::resolve::Env;
use super::syntax::id_symbol;
use super::{Ex, Form};
use crate::native::Result;
use crate::tree::{Body, Clause, Expr, Kind, Lambda, Local};
use crate::value::Value;

fn if_expr(ex: &Ex, s: Value, test: Expr, then: Expr, other: Expr) -> Expr {
    ex.expr(s, Kind::If(Box::new(test), Box::new(then), Box::new(other)))
}

fn local(n: u32) -> Expr {
    Expr { location: None, kind: Kind::Local(Local(n)) }
}

pub(super) fn and(ex: &mut Ex, f: Form, env: &Env) -> Result<Expr> {
    let Some(operands) = ex.operands(f.e, 0) else { return ex.no_match(f) };
    let mut exprs = ex.expand_all(&operands, env, f.w, f.m)?;
    let Some(mut result) = exprs.pop() else { return Ok(ex.constant(Value::TRUE)) };
    for test in exprs.into_iter().rev() {
        let other = ex.constant(Value::FALSE);
        result = if_expr(ex, f.s, test, result, other);
    }
    Ok(result)
}

pub(super) fn or(ex: &mut Ex, f: Form, env: &Env) -> Result<Expr> {
    let Some(operands) = ex.operands(f.e, 0) else { return ex.no_match(f) };
    let mut exprs = ex.expand_all(&operands, env, f.w, f.m)?;
    let Some(mut result) = exprs.pop() else { return Ok(ex.constant(Value::FALSE)) };
    for test in exprs.into_iter().rev() {
        let t = env.unit.new_local();
        let choice = if_expr(ex, f.s, local(t), local(t), result);
        result = ex.expr(f.s, Kind::Let(vec![(Local(t), test)], Box::new(choice)));
    }
    Ok(result)
}

pub(super) fn when(ex: &mut Ex, f: Form, env: &Env) -> Result<Expr> {
    conditional_body(ex, f, env, false)
}

pub(super) fn unless(ex: &mut Ex, f: Form, env: &Env) -> Result<Expr> {
    conditional_body(ex, f, env, true)
}

fn conditional_body(ex: &mut Ex, f: Form, env: &Env, negate: bool) -> Result<Expr> {
    let Some(operands) = ex.operands(f.e, 2) else { return ex.no_match(f) };
    let test = ex.expand(operands[0], env, f.w, f.m)?;
    let body = ex.expand_body(&operands[1..], f, env, f.w)?;
    let void = ex.void();
    let (then, other) = if negate { (void, body) } else { (body, void) };
    Ok(if_expr(ex, f.s, test, then, other))
}

/// How far a chain of clauses is: made inside out, from the last clause.
pub(super) fn cond(ex: &mut Ex, f: Form, env: &Env) -> Result<Expr> {
    let Some(clauses) = ex.operands(f.e, 1) else { return ex.no_match(f) };
    // In source order, so that errors come in Guile's order of expansion of bodies.
    let mut steps = Vec::with_capacity(clauses.len());
    for (i, &clause) in clauses.iter().enumerate() {
        steps.push(cond_clause(ex, f, env, clause, i + 1 == clauses.len())?);
    }
    let mut result = ex.void();
    for step in steps.into_iter().rev() {
        result = match step {
            Step::Else(body) => body,
            Step::If(test, body) => if_expr(ex, f.s, test, body, result),
            Step::Bind(t, test, then) => {
                let choice = if_expr(ex, f.s, local(t), then, result);
                ex.expr(f.s, Kind::Let(vec![(Local(t), test)], Box::new(choice)))
            }
            Step::Values(vars, generator, guard, receiver) => {
                let test = ex.primitive(f.s, "apply", vec![guard, local(vars)])?;
                let then = ex.primitive(f.s, "apply", vec![receiver, local(vars)])?;
                let body = if_expr(ex, f.s, test, then, result);
                let receiver = rest_procedure(vars, body);
                let producer = ex.procedure(Value::FALSE, Vec::new(), generator);
                ex.primitive(f.s, "call-with-values", vec![producer, receiver])?
            }
        };
    }
    Ok(result)
}

/// `(lambda REST BODY)`.
fn rest_procedure(rest: u32, body: Expr) -> Expr {
    let clause = Clause {
        required: Vec::new(),
        optional: Vec::new(),
        rest: Some(Local(rest)),
        keywords: Vec::new(),
        allow_other_keys: false,
        names: Vec::new(),
        body: Body::Now(Box::new(body)),
    };
    let lambda = Lambda { name: Value::FALSE, properties: Value::NULL, clauses: vec![clause] };
    Expr { location: None, kind: Kind::Lambda(Box::new(lambda)) }
}

enum Step {
    Else(Expr),
    If(Expr, Expr),
    /// Variable, its value, what to do if it is true.
    Bind(u32, Expr, Expr),
    /// SRFI 61: variable for the values, generator, guard, receiver.
    Values(u32, Expr, Expr, Expr),
}

fn cond_clause(ex: &mut Ex, f: Form, env: &Env, clause: Value, last: bool) -> Result<Step> {
    const WHO: Option<&str> = Some("cond");
    let subform = |ex: &mut Ex| Some(ex.wrap(clause, f.w, f.m));
    let Some(parts) = ex.items(clause).filter(|p| !p.is_empty()) else {
        let sub = subform(ex);
        return ex.violation(WHO, "invalid clause", f, sub);
    };
    let at = (f.w, f.m);
    if ex.is_core(parts[0], at, "else")? {
        if parts.len() == 1 || !last {
            let sub = subform(ex);
            let message =
                if parts.len() == 1 { "invalid clause" } else { "else must be the last clause" };
            return ex.violation(WHO, message, f, sub);
        }
        return Ok(Step::Else(ex.expand_body(&parts[1..], f, env, f.w)?));
    }
    for arrow in [1, 2] {
        if parts.len() > arrow && ex.is_core(parts[arrow], at, "=>")? {
            if parts.len() != arrow + 2 {
                let sub = subform(ex);
                return ex.violation(WHO, "wrong number of receiver expressions", f, sub);
            }
            let test = ex.expand(parts[0], env, f.w, f.m)?;
            if arrow == 1 {
                let t = env.unit.new_local();
                let receiver = ex.expand(parts[2], env, f.w, f.m)?;
                let call = Kind::Call(Box::new(receiver), vec![local(t)]);
                return Ok(Step::Bind(t, test, ex.expr(f.s, call)));
            }
            let guard = ex.expand(parts[1], env, f.w, f.m)?;
            let receiver = ex.expand(parts[3], env, f.w, f.m)?;
            return Ok(Step::Values(env.unit.new_local(), test, guard, receiver));
        }
    }
    let test = ex.expand(parts[0], env, f.w, f.m)?;
    if parts.len() == 1 {
        let t = env.unit.new_local();
        return Ok(Step::Bind(t, test, local(t)));
    }
    Ok(Step::If(test, ex.expand_body(&parts[1..], f, env, f.w)?))
}

pub(super) fn case(ex: &mut Ex, f: Form, env: &Env) -> Result<Expr> {
    const WHO: Option<&str> = Some("case");
    let Some(operands) = ex.operands(f.e, 2) else { return ex.no_match(f) };
    let value = ex.expand(operands[0], env, f.w, f.m)?;
    let key = env.unit.new_local();
    let at = (f.w, f.m);
    let mut steps = Vec::new();
    for (i, &clause) in operands[1..].iter().enumerate() {
        let sub = Some(ex.wrap(clause, f.w, f.m));
        let Some(parts) = ex.items(clause).filter(|p| p.len() >= 2) else {
            return ex.violation(WHO, "invalid clause", f, sub);
        };
        let body = if ex.is_core(parts[1], at, "=>")? {
            if parts.len() != 3 {
                return ex.violation(WHO, "wrong number of receiver expressions", f, sub);
            }
            let receiver = ex.expand(parts[2], env, f.w, f.m)?;
            ex.expr(f.s, Kind::Call(Box::new(receiver), vec![local(key)]))
        } else {
            ex.expand_body(&parts[1..], f, env, f.w)?
        };
        if ex.is_core(parts[0], at, "else")? {
            if i + 2 != operands.len() {
                return ex.violation(WHO, "else must be the last clause", f, sub);
            }
            steps.push((None, body));
        } else if let Some(datums) = ex.items(parts[0]) {
            let datums: Vec<Value> = datums.into_iter().map(|d| ex.strip(d)).collect();
            let test = case_test(ex, f.s, key, &datums)?;
            steps.push((Some(test), body));
        } else {
            return ex.violation(WHO, "invalid clause", f, sub);
        }
    }
    let mut result = ex.void();
    for (test, body) in steps.into_iter().rev() {
        result = match test {
            Some(test) => if_expr(ex, f.s, test, body, result),
            None => body,
        };
    }
    Ok(ex.expr(f.s, Kind::Let(vec![(Local(key), value)], Box::new(result))))
}

fn case_test(ex: &mut Ex, s: Value, key: u32, datums: &[Value]) -> Result<Expr> {
    if let &[datum] = datums {
        let datum = ex.constant(datum);
        return ex.primitive(s, "eqv?", vec![local(key), datum]);
    }
    let list = ex.en.heap.list(datums);
    let list = ex.constant(list);
    ex.primitive(s, "memv", vec![local(key), list])
}

pub(super) fn do_(ex: &mut Ex, f: Form, env: &Env) -> Result<Expr> {
    let Some(operands) = ex.operands(f.e, 2) else { return ex.no_match(f) };
    let (Some(specs), Some(end)) = (ex.items(operands[0]), ex.items(operands[1])) else {
        return ex.no_match(f);
    };
    if end.is_empty() {
        return ex.no_match(f);
    }
    let (mut ids, mut inits, mut steps) = (Vec::new(), Vec::new(), Vec::new());
    for spec in specs {
        let Some(parts) = ex.items(spec).filter(|p| p.len() >= 2) else {
            return ex.no_match(f);
        };
        if parts.len() > 3 {
            return bad_step(ex, f, &parts);
        }
        ids.push(parts[0]);
        inits.push(parts[1]);
        steps.push(parts.get(2).copied());
    }
    if !ids.iter().all(|&id| id_symbol(&ex.en.heap, id).is_some()) {
        return ex.no_match(f);
    }
    if ex.first_duplicate(&ids).is_some() {
        const MESSAGE: &str = "duplicate identifier in argument list";
        return ex.violation(Some("lambda"), MESSAGE, f, None);
    }
    let inits = ex.expand_all(&inits, env, f.w, f.m)?;
    let (locals, w) = ex.bind_locals(&ids, env, f.w);
    let loop_ = env.unit.new_local();
    let test = ex.expand(end[0], env, w, f.m)?;
    let result = match &end[1..] {
        [] => ex.void(),
        exprs => {
            let exprs = ex.expand_all(exprs, env, w, f.m)?;
            ex.seq(f.s, exprs)
        }
    };
    let mut body = ex.expand_all(&operands[2..], env, w, f.m)?;
    let mut next = Vec::with_capacity(steps.len());
    for (step, &variable) in steps.into_iter().zip(&locals) {
        next.push(match step {
            Some(step) => ex.expand(step, env, w, f.m)?,
            None => local(variable.0),
        });
    }
    body.push(ex.expr(f.s, Kind::Call(Box::new(local(loop_)), next)));
    let body = ex.seq(f.s, body);
    let body = if_expr(ex, f.s, test, result, body);
    let name = ex.en.heap.intern("loop");
    let procedure = ex.procedure(name, locals, body);
    let call = ex.expr(f.s, Kind::Call(Box::new(local(loop_)), inits));
    Ok(ex.expr(f.s, Kind::Letrec(false, vec![(Local(loop_), procedure)], Box::new(call))))
}

/// The complaint that Guile's `do` makes by way of an auxiliary form.
fn bad_step<T>(ex: &mut Ex, f: Form, parts: &[Value]) -> Result<T> {
    let keyword = ex.core_id("do");
    let step = ex.en.heap.string("step");
    let mut form = vec![keyword, step, parts[0]];
    form.extend_from_slice(&parts[2..]);
    let form = ex.en.heap.list(&form);
    ex.no_match(f.with(form))
}

/// `(delay EXPRESSION)`.
pub(super) fn delay(ex: &mut Ex, f: Form, env: &Env) -> Result<Expr> {
    let Some(&[e]) = ex.operands(f.e, 1).as_deref() else { return ex.no_match(f) };
    let value = ex.expand(e, env, f.w, f.m)?;
    let mut thunk = ex.procedure(Value::FALSE, Vec::new(), value);
    thunk.location = ex.en.sources.location(&ex.en.heap, f.s);
    ex.primitive(f.s, "make-promise", vec![thunk])
}

/// `(with-fluids ((FLUID VALUE) …) BODY …)`.
pub(super) fn with_fluids(ex: &mut Ex, f: Form, env: &Env) -> Result<Expr> {
    let Some(operands) = ex.operands(f.e, 2) else { return ex.no_match(f) };
    let Some(specs) = ex.items(operands[0]) else { return ex.no_match(f) };
    let mut bound = Vec::with_capacity(specs.len());
    for spec in specs {
        let Some(&[fluid, value]) = ex.items(spec).as_deref() else { return ex.no_match(f) };
        let fluid = ex.expand(fluid, env, f.w, f.m)?;
        bound.push((fluid, ex.expand(value, env, f.w, f.m)?));
    }
    let body = ex.expand_body(&operands[1..], f, env, f.w)?;
    if bound.is_empty() {
        return Ok(body);
    }
    Ok(ex.expr(f.s, Kind::WithFluids(bound, Box::new(body))))
}

/// `(current-source-location)`.
pub(super) fn current_source_location(ex: &mut Ex, f: Form, _env: &Env) -> Result<Expr> {
    let alist = super::error::source_alist(ex.en, f.s);
    Ok(ex.constant(alist))
}

/// `(current-filename)`: the file that the form is in, absolute, or `#f`.
pub(super) fn current_filename(ex: &mut Ex, f: Form, _env: &Env) -> Result<Expr> {
    let file = ex.en.sources.location(&ex.en.heap, f.s).and_then(|place| place.file);
    let path = file.and_then(|file| std::fs::canonicalize(&*file).ok());
    let value = match path {
        Some(path) => ex.en.heap.string(&path.to_string_lossy()),
        None => Value::FALSE,
    };
    Ok(ex.constant(value))
}
