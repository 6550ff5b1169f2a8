// SPDX-License-Identifier: GPL-3.0-or-later
//! `syntax-case`, `with-syntax` and `syntax-rules`.

use super::pattern::{Pat, Pattern, Variable};
use super::resolve::Env;
use super::syntax::id_symbol;
use super::template::{Compiler, Filler, Part, fill};
use super::{Ex, Form};
use crate::engine::Engine;
use crate::heap::{Foreign, Tag, Tracer};
use crate::native::Result;
use crate::tree::{Expr, Kind, Local};
use crate::value::Value;
use std::rc::Rc;

/// What a clause makes.
enum Right {
    Expression(Value),
    Body(Vec<Value>),
    /// A template of `syntax-rules`.
    Template(Value),
}

/// A clause; everything fully wrapped.
struct Clause {
    pattern: Value,
    fender: Option<Value>,
    right: Right,
}

/// The clauses of a `syntax-rules` whose templates have no pattern variables of code around it.
pub struct Rules {
    pub(super) clauses: Vec<Rule>,
}

pub(super) struct Rule {
    pub(super) pat: Rc<Pat>,
    pub(super) variables: usize,
    pub(super) part: Rc<Part>,
    /// For each slot of the template, the number of its variable in the pattern.
    pub(super) order: Vec<usize>,
}

impl Foreign for Rules {
    fn type_name(&self) -> &'static str {
        "syntax-rules"
    }
    fn trace(&self, tracer: &mut Tracer) {
        for rule in &self.clauses {
            rule.pat.trace(tracer);
            rule.part.trace(tracer);
        }
    }
}

pub(super) fn syntax_case(ex: &mut Ex, f: Form, env: &Env) -> Result<Expr> {
    let Some(operands) = ex.operands(f.e, 2) else { return ex.no_match(f) };
    let operands: Vec<Value> = operands.into_iter().map(|x| ex.wrap(x, f.w, f.m)).collect();
    let keys = literals(ex, f, env, operands[1])?;
    let mut clauses = Vec::with_capacity(operands.len() - 2);
    for &clause in &operands[2..] {
        clauses.push(match ex.items(clause).as_deref() {
            Some(&[pattern, e]) => Clause { pattern, fender: None, right: Right::Expression(e) },
            Some(&[pattern, fender, e]) => {
                Clause { pattern, fender: Some(fender), right: Right::Expression(e) }
            }
            _ => return ex.violation(Some("syntax-case"), "invalid clause", f.with(clause), None),
        });
    }
    let empty = ex.en.expander.empty_wrap;
    let value = ex.expand(operands[0], env, empty, f.m)?;
    let x = env.unit.new_local();
    let body = ex.gen_clauses(x, &keys, &clauses, f, env)?;
    Ok(ex.expr(f.s, Kind::Let(vec![(Local(x), value)], Box::new(body))))
}

fn literals(ex: &mut Ex, f: Form, env: &Env, list: Value) -> Result<Vec<Value>> {
    let keys = ex.items(list);
    let Some(keys) = keys else { return ex.no_match(f) };
    for &key in &keys {
        if id_symbol(&ex.en.heap, key).is_none() || ex.is_ellipsis(key, env, f.m)? {
            return ex.violation(Some("syntax-case"), "invalid literals list", f, None);
        }
    }
    Ok(keys)
}

/// `(with-syntax ((PATTERN VALUE) …) BODY …)`.
pub(super) fn with_syntax(ex: &mut Ex, f: Form, env: &Env) -> Result<Expr> {
    let Some(operands) = ex.operands(f.e, 2) else { return ex.no_match(f) };
    let operands: Vec<Value> = operands.into_iter().map(|x| ex.wrap(x, f.w, f.m)).collect();
    let Some(specs) = ex.items(operands[0]) else { return ex.no_match(f) };
    let empty = ex.en.expander.empty_wrap;
    let (mut patterns, mut values) = (Vec::new(), Vec::new());
    for spec in specs {
        let Some(&[pattern, value]) = ex.items(spec).as_deref() else { return ex.no_match(f) };
        patterns.push(pattern);
        values.push(ex.expand(value, env, empty, f.m)?);
    }
    let inner = Form { w: empty, ..f };
    if patterns.is_empty() {
        return ex.expand_body(&operands[1..], inner, env, empty);
    }
    let (pattern, value) = if patterns.len() == 1 {
        (patterns[0], values.remove(0))
    } else {
        (ex.en.heap.list(&patterns), ex.primitive(f.s, "list", values)?)
    };
    let x = env.unit.new_local();
    let right = Right::Body(operands[1..].to_vec());
    let clauses = [Clause { pattern, fender: None, right }];
    let body = ex.gen_clauses(x, &[], &clauses, f, env)?;
    Ok(ex.expr(f.s, Kind::Let(vec![(Local(x), value)], Box::new(body))))
}

impl Ex<'_> {
    fn gen_clauses(
        &mut self,
        x: u32,
        keys: &[Value],
        clauses: &[Clause],
        f: Form,
        env: &Env,
    ) -> Result<Expr> {
        // From the last clause; but expansion goes in order, as macros may have effects.
        let mut made = Vec::with_capacity(clauses.len());
        for clause in clauses {
            let step = self.gen_clause(x, keys, clause, f, env)?;
            let always = matches!(step, Step::Always(_));
            made.push(step);
            if always {
                break;
            }
        }
        let x_value = Expr { location: None, kind: Kind::Local(Local(x)) };
        let mut result = match made.last() {
            Some(Step::Always(_)) => self.void(),
            _ => self.primitive(f.s, "%syntax-no-match", vec![x_value])?,
        };
        for step in made.into_iter().rev() {
            result = match step {
                Step::Always(expr) => expr,
                Step::If { y, matching, test, then } => {
                    let choice = Kind::If(Box::new(test), Box::new(then), Box::new(result));
                    let choice = Expr { location: None, kind: choice };
                    Expr {
                        location: None,
                        kind: Kind::Let(vec![(Local(y), matching)], Box::new(choice)),
                    }
                }
            };
        }
        Ok(result)
    }

    fn gen_clause(
        &mut self,
        x: u32,
        keys: &[Value],
        clause: &Clause,
        f: Form,
        env: &Env,
    ) -> Result<Step> {
        let x_value = Expr { location: None, kind: Kind::Local(Local(x)) };
        let (pattern, variables) = self.checked_pattern(clause.pattern, keys, f, env)?;
        if clause.fender.is_none() {
            match *pattern.pat {
                Pat::Wildcard => {
                    return Ok(Step::Always(self.right(&clause.right, &[], f, env)?.0));
                }
                Pat::Any => {
                    let (body, locals) = self.right(&clause.right, &variables, f, env)?;
                    let bound = vec![(Local(locals[0]), x_value)];
                    let kind = Kind::Let(bound, Box::new(body));
                    return Ok(Step::Always(Expr { location: None, kind }));
                }
                _ => {}
            }
        }
        let y = env.unit.new_local();
        let y_value = || Expr { location: None, kind: Kind::Local(Local(y)) };
        let pattern = self.en.heap.foreign(pattern);
        let pattern = self.constant(pattern);
        let matching = self.primitive(f.s, "%syntax-match", vec![pattern, x_value])?;
        let test = match clause.fender {
            None => y_value(),
            Some(fender) => {
                let fender = self.bound_right(&Right::Expression(fender), y, &variables, f, env)?;
                let otherwise = self.constant(Value::FALSE);
                let kind = Kind::If(Box::new(y_value()), Box::new(fender), Box::new(otherwise));
                Expr { location: None, kind }
            }
        };
        let then = self.bound_right(&clause.right, y, &variables, f, env)?;
        Ok(Step::If { y, matching, test, then })
    }

    fn checked_pattern(
        &mut self,
        pattern: Value,
        keys: &[Value],
        f: Form,
        env: &Env,
    ) -> Result<(Pattern, Vec<Variable>)> {
        const WHO: Option<&str> = Some("syntax-case");
        let (compiled, variables) = self.compile_pattern(pattern, keys, env, f.m)?;
        for &(id, _) in &variables {
            if self.is_ellipsis(id, env, f.m)? {
                return self.violation(WHO, "misplaced ellipsis", f.with(pattern), None);
            }
        }
        let ids: Vec<Value> = variables.iter().map(|v| v.0).collect();
        if self.first_duplicate(&ids).is_some() {
            return self.violation(WHO, "duplicate pattern variable", f.with(pattern), None);
        }
        Ok((compiled, variables))
    }

    /// The right-hand side with the pattern's variables taken out of the vector in `y`.
    fn bound_right(
        &mut self,
        right: &Right,
        y: u32,
        variables: &[Variable],
        f: Form,
        env: &Env,
    ) -> Result<Expr> {
        let (body, locals) = self.right(right, variables, f, env)?;
        if locals.is_empty() {
            return Ok(body);
        }
        let mut bound = Vec::with_capacity(locals.len());
        for (i, local) in locals.into_iter().enumerate() {
            let vector = Expr { location: None, kind: Kind::Local(Local(y)) };
            let index = self.constant(Value::fixnum(i as i64));
            let value = self.primitive(Value::FALSE, "vector-ref", vec![vector, index])?;
            bound.push((Local(local), value));
        }
        Ok(Expr { location: None, kind: Kind::Let(bound, Box::new(body)) })
    }

    /// The wrap that binds pattern variables, and the locals that hold them.
    fn pattern_wrap(&mut self, variables: &[Variable], env: &Env) -> (Value, Vec<u32>) {
        let ids: Vec<Value> = variables.iter().map(|v| v.0).collect();
        let locals: Vec<u32> = ids.iter().map(|_| env.unit.new_local()).collect();
        let labels: Vec<Value> = variables
            .iter()
            .zip(&locals)
            .map(|(&(_, level), &local)| self.pattern_label(env, local, level))
            .collect();
        let empty = self.en.expander.empty_wrap;
        (self.binding_wrap(&ids, &labels, empty), locals)
    }

    fn right(
        &mut self,
        right: &Right,
        variables: &[Variable],
        f: Form,
        env: &Env,
    ) -> Result<(Expr, Vec<u32>)> {
        let (w, locals) = self.pattern_wrap(variables, env);
        let expr = match right {
            Right::Expression(e) => self.expand(*e, env, w, f.m)?,
            Right::Body(forms) => self.expand_body(forms, Form { w, ..f }, env, w)?,
            Right::Template(template) => {
                let syntax = self.core_id("syntax");
                let template = self.wrap(*template, w, f.m);
                let form = self.en.heap.list(&[syntax, template]);
                let empty = self.en.expander.empty_wrap;
                self.expand(form, env, empty, f.m)?
            }
        };
        Ok((expr, locals))
    }
}

enum Step {
    /// Matches whatever comes.
    Always(Expr),
    If {
        y: u32,
        matching: Expr,
        test: Expr,
        then: Expr,
    },
}

// ----- syntax-rules

struct ParsedRules {
    keys: Vec<Value>,
    clauses: Vec<Clause>,
    f: Form,
}

fn parse_rules(ex: &mut Ex, f: Form, env: &Env) -> Result<ParsedRules> {
    let Some(mut operands) = ex.operands(f.e, 1) else { return ex.no_match(f) };
    let mut f = f;
    if id_symbol(&ex.en.heap, operands[0]).is_some() {
        if operands.len() < 2 {
            return ex.no_match(f);
        }
        f.w = ex.ellipsis_wrap(operands[0], f);
        operands.remove(0);
    }
    let operands: Vec<Value> = operands.into_iter().map(|x| ex.wrap(x, f.w, f.m)).collect();
    let keys = literals(ex, f, env, operands[0])?;
    let mut forms = &operands[1..];
    if let Some((&first, rest)) = forms.split_first() {
        let datum = ex.strip(first);
        if ex.en.heap.is(datum, Tag::String) {
            forms = rest;
        }
    }
    let mut clauses = Vec::with_capacity(forms.len());
    for &form in forms {
        let Some(&[pattern, template]) = ex.items(form).as_deref() else { return ex.no_match(f) };
        let Some((_, rest)) = ex.uncons(pattern) else { return ex.no_match(f) };
        clauses.push(rule_clause(ex, f, rest, template)?);
    }
    Ok(ParsedRules { keys, clauses, f })
}

fn rule_clause(ex: &mut Ex, f: Form, pattern: Value, template: Value) -> Result<Clause> {
    let empty = ex.en.expander.empty_wrap;
    if let Some((head, rest)) = ex.uncons(template)
        && ex.is_core(head, (empty, f.m), "syntax-error")?
        && let Some((message, _)) = ex.uncons(rest)
    {
        let datum = ex.strip(message);
        if ex.en.heap.is(datum, Tag::String) {
            // The extended form that carries the use of the macro, for a better message.
            let symbol = ex.en.heap.intern("dummy");
            let mark = ex.new_mark();
            let heap = &mut ex.en.heap;
            let marks = heap.list(&[mark]);
            let w = heap.cons(marks, Value::NULL);
            let dummy = ex.make_syntax(symbol, w, f.m, Value::FALSE);
            let pattern = ex.en.heap.cons(dummy, pattern);
            let rest = ex.en.heap.cons(pattern, rest);
            let template = ex.en.heap.cons(head, rest);
            return Ok(Clause { pattern, fender: None, right: Right::Template(template) });
        }
    }
    let wildcard = ex.marked_wildcard();
    let pattern = ex.en.heap.cons(wildcard, pattern);
    Ok(Clause { pattern, fender: None, right: Right::Template(template) })
}

impl Ex<'_> {
    /// A `_` that is the same identifier as no other, so that it is a wildcard even where `_` is among the
    /// literals.
    fn marked_wildcard(&mut self) -> Value {
        if let Some(&id) = self.en.expander.ids.get(" _") {
            return id;
        }
        let plain = self.core_id("_");
        let mark = self.new_mark();
        let heap = &mut self.en.heap;
        let marks = heap.list(&[mark]);
        let w = heap.cons(marks, Value::NULL);
        let symbol = id_symbol(heap, plain).unwrap_or(Value::FALSE);
        let guile = self.en.modules.guile;
        let tag = self.en.module_tag(guile);
        let id = self.make_syntax(symbol, w, tag, Value::FALSE);
        self.en.expander.ids.insert(" _", id);
        id
    }
}

/// `(syntax-rules …)` as an expression.
pub(super) fn syntax_rules(ex: &mut Ex, f: Form, env: &Env) -> Result<Expr> {
    let parsed = parse_rules(ex, f, env)?;
    if let Some(rules) = compile_rules(ex, &parsed, env)? {
        let maker = rules_maker(ex)?;
        let rules = ex.en.heap.foreign(rules);
        let callee = Box::new(ex.constant(maker));
        let args = vec![ex.constant(rules)];
        return Ok(ex.expr(f.s, Kind::Call(callee, args)));
    }
    let x = env.unit.new_local();
    let body = ex.gen_clauses(x, &parsed.keys, &parsed.clauses, parsed.f, env)?;
    Ok(ex.procedure(Value::FALSE, vec![Local(x)], body))
}

/// The transformer that a `syntax-rules` form makes, unless its templates refer to variables of code
/// around it.
pub(super) fn rules_transformer(ex: &mut Ex, f: Form, env: &Env) -> Result<Option<Value>> {
    let parsed = parse_rules(ex, f, env)?;
    let Some(rules) = compile_rules(ex, &parsed, env)? else { return Ok(None) };
    let maker = rules_maker(ex)?;
    let rules = ex.en.heap.foreign(rules);
    ex.en.note_rules(rules);
    ex.apply(maker, &[rules]).map(Some)
}

fn compile_rules(ex: &mut Ex, parsed: &ParsedRules, env: &Env) -> Result<Option<Rules>> {
    let mut clauses = Vec::with_capacity(parsed.clauses.len());
    for clause in &parsed.clauses {
        let Right::Template(template) = clause.right else { return Ok(None) };
        let (pattern, variables) =
            ex.checked_pattern(clause.pattern, &parsed.keys, parsed.f, env)?;
        let (w, locals) = ex.pattern_wrap(&variables, env);
        let template = ex.wrap(template, w, parsed.f.m);
        let mut compiler = Compiler::new(env, parsed.f.with(template));
        let part = compiler.part(ex, template)?;
        let mut order = Vec::new();
        for filler in compiler.slot_fillers() {
            let Filler::Local(local) = &compiler.fillers[filler] else { return Ok(None) };
            match locals.iter().position(|l| l == local) {
                Some(i) => order.push(i),
                None => return Ok(None),
            }
        }
        clauses.push(Rule {
            pat: pattern.pat,
            variables: pattern.variables,
            part: Rc::new(part),
            order,
        });
    }
    Ok(Some(Rules { clauses }))
}

/// `(lambda (rules) (lambda (x) (%apply-rules rules x)))`, compiled once.
pub(super) fn rules_maker(ex: &mut Ex) -> Result {
    let maker = ex.en.expander.rules_maker;
    if maker.is_true() {
        return Ok(maker);
    }
    let local = |n| Expr { location: None, kind: Kind::Local(Local(n)) };
    let body = ex.primitive(Value::FALSE, "%apply-rules", vec![local(0), local(1)])?;
    let mut inner = ex.procedure(Value::FALSE, vec![Local(1)], body);
    if let Kind::Lambda(lambda) = &mut inner.kind {
        let heap = &mut ex.en.heap;
        let (key, value) = (heap.intern("macro-type"), heap.intern("syntax-rules"));
        let property = heap.cons(key, value);
        lambda.properties = heap.list(&[property]);
    }
    let outer = ex.procedure(Value::FALSE, vec![Local(0)], inner);
    let maker = ex.run(outer)?;
    ex.en.expander.rules_maker = maker;
    Ok(maker)
}

/// The rules behind a transformer that was made of a `syntax-rules` form.
pub(super) fn rules_of(engine: &Engine, transformer: Value) -> Option<Value> {
    match engine.heap.slots(transformer, Tag::Closure)? {
        &[_, rules] if engine.heap.as_foreign::<Rules>(rules).is_some() => Some(rules),
        _ => None,
    }
}

/// What the first matching rule makes of `x`.
pub(super) fn apply_rules(ex: &mut Ex, rules: Value, x: Value) -> Result {
    let mut i = 0;
    loop {
        let rule = ex.en.heap.as_foreign::<Rules>(rules).and_then(|r| r.clauses.get(i));
        let Some(rule) = rule else { return no_match(ex.en, x) };
        let pattern = Pattern { pat: rule.pat.clone(), variables: rule.variables };
        if let Some(values) = ex.match_pattern(&pattern, x)? {
            let rule = ex.en.heap.as_foreign::<Rules>(rules).and_then(|r| r.clauses.get(i));
            let Some(rule) = rule else { return no_match(ex.en, x) };
            let part = rule.part.clone();
            let mut values: Vec<Value> = rule.order.iter().map(|&i| values[i]).collect();
            return fill(ex, &part, &mut values);
        }
        i += 1;
    }
}

fn no_match<T>(engine: &mut Engine, x: Value) -> Result<T> {
    const MESSAGE: &str = "source expression failed to match any pattern";
    super::error::syntax_violation(engine, Value::FALSE, MESSAGE, x, Value::FALSE)
}

/// `(%apply-rules RULES X)`.
pub(crate) fn native_apply_rules(engine: &mut Engine, rules: Value, x: Value) -> Result {
    let scope = engine.heap.open_scope();
    let result = apply_rules(&mut Ex::new(engine), rules, x);
    engine.heap.close_scope(scope);
    result
}

/// `(%syntax-match PATTERN X)`: a vector of the variables' values, or `#f`.
pub(crate) fn native_match(engine: &mut Engine, pattern: Value, x: Value) -> Result {
    let Some(compiled) = engine.heap.as_foreign::<Pattern>(pattern) else {
        return engine.wrong_type("%syntax-match", 1, pattern);
    };
    let compiled = Pattern { pat: compiled.pat.clone(), variables: compiled.variables };
    let scope = engine.heap.open_scope();
    let matched = Ex::new(engine).match_pattern(&compiled, x);
    engine.heap.close_scope(scope);
    Ok(match matched? {
        Some(values) => engine.heap.vector(&values),
        None => Value::FALSE,
    })
}

/// `(%syntax-no-match X)`.
pub(crate) fn native_no_match(engine: &mut Engine, x: Value) -> Result {
    no_match(engine, x)
}
