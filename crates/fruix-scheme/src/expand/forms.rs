// SPDX-License-Identifier: GPL-3.0-or-later
//! Definitions and what else is more than an expression: `begin`, `define`, `let-syntax`,
//! `eval-when`, `@`, `include`, and the keywords that stand for other forms.

use super::resolve::Env;
use super::syntax::{id_symbol, is_identifier, parts};
use super::{Ex, Form, Type, Typed};
use crate::heap::Tag;
use crate::native::Result;
use crate::tree::Expr;
use crate::value::Value;

pub(super) fn begin(ex: &mut Ex, f: Form, env: &Env) -> Result<Expr> {
    match ex.operands(f.e, 0) {
        Some(forms) if forms.is_empty() => {
            ex.violation(None, "sequence of zero expressions", f, None)
        }
        Some(forms) => {
            let exprs = ex.expand_all(&forms, env, f.w, f.m)?;
            Ok(ex.seq(f.s, exprs))
        }
        None => ex.no_match(f),
    }
}

/// The type of a `define` form.
pub(super) fn define(ex: &mut Ex, f: Form) -> Result<Typed> {
    let Some((_, rest)) = ex.uncons(f.e) else { return ex.no_match(f) };
    let Some((target, rest)) = ex.uncons(rest) else { return ex.no_match(f) };
    let empty = ex.en.expander.empty_wrap;
    if id_symbol(&ex.en.heap, target).is_some() {
        let id = ex.wrap(target, f.w, f.m);
        return match ex.items(rest).as_deref() {
            Some([]) => {
                let quote = ex.core_id("quote");
                let void = ex.en.heap.list(&[quote, Value::UNSPECIFIED]);
                Ok(Typed { t: Type::Define(id, void, empty), form: f })
            }
            Some(&[value]) => Ok(Typed { t: Type::Define(id, value, f.w), form: f }),
            _ => ex.no_match(f),
        };
    }
    let Some((name, formals)) = ex.uncons(target) else { return ex.no_match(f) };
    let is_id = id_symbol(&ex.en.heap, name).is_some();
    if !is_id || ex.items(rest).is_none_or(|body| body.is_empty()) {
        return ex.no_match(f);
    }
    let id = ex.wrap(name, f.w, f.m);
    let lambda = ex.core_id("lambda");
    let tail = ex.en.heap.cons(formals, rest);
    let tail = ex.wrap(tail, f.w, f.m);
    let value = ex.en.heap.cons(lambda, tail);
    let value = ex.source_wrap(value, empty, f.s, Value::FALSE);
    Ok(Typed { t: Type::Define(id, value, empty), form: f })
}

/// The type of a `define-syntax` or `define-syntax-parameter` form.
pub(super) fn define_syntax(ex: &mut Ex, f: Form, parameter: bool) -> Result<Type> {
    match ex.operands(f.e, 2).as_deref() {
        Some(&[name, value]) if id_symbol(&ex.en.heap, name).is_some() => {
            let id = ex.wrap(name, f.w, f.m);
            Ok(Type::DefineSyntax(parameter, id, value))
        }
        _ => ex.no_match(f),
    }
}

/// The body forms of `let-syntax` or `letrec-syntax` and the wrap that they are under.
pub(super) fn local_syntax(
    ex: &mut Ex,
    recursive: bool,
    f: Form,
    env: &Env,
) -> Result<(Vec<Value>, Value)> {
    const BAD: &str = "bad local syntax definition";
    let Some(parts) = ex.operands(f.e, 2) else { return ex.violation(None, BAD, f, None) };
    let Some(bindings) = ex.items(parts[0]) else { return ex.violation(None, BAD, f, None) };
    let (mut ids, mut values) = (Vec::new(), Vec::new());
    for binding in bindings {
        match ex.items(binding).as_deref() {
            Some(&[id, value]) => {
                ids.push(id);
                values.push(value);
            }
            _ => return ex.violation(None, BAD, f, None),
        }
    }
    if !ex.valid_bound_ids(&ids) {
        return ex.violation(None, "duplicate bound keyword", f, None);
    }
    let labels: Vec<Value> = ids.iter().map(|_| ex.pending_label()).collect();
    let w = ex.binding_wrap(&ids, &labels, f.w);
    let value_wrap = if recursive { w } else { f.w };
    for (&label, &value) in labels.iter().zip(&values) {
        let transformer = ex.eval_transformer(value, env, value_wrap, f.m)?;
        ex.settle_label(label, false, transformer);
    }
    Ok((parts[1..].to_vec(), w))
}

/// The situations of an `eval-when` form and its body.
pub(super) fn when_list(ex: &mut Ex, f: Form) -> Result<(Vec<String>, Vec<Value>)> {
    let Some(parts) = ex.operands(f.e, 2) else { return ex.no_match(f) };
    let Some(situations) = ex.items(parts[0]) else { return ex.no_match(f) };
    let mut names = Vec::with_capacity(situations.len());
    for situation in situations {
        let datum = ex.strip(situation);
        match ex.en.heap.symbol_name(datum) {
            Some(name @ ("compile" | "load" | "eval" | "expand")) => names.push(name.to_string()),
            _ => {
                return ex.violation(Some("eval-when"), "invalid situation", f, Some(situation));
            }
        }
    }
    Ok((names, parts[1..].to_vec()))
}

/// `eval-when` where an expression is wanted.
pub(super) fn eval_when(ex: &mut Ex, f: Form, env: &Env) -> Result<Expr> {
    let (names, body) = when_list(ex, f)?;
    if names.iter().any(|n| n == "eval") {
        let exprs = ex.expand_all(&body, env, f.w, f.m)?;
        Ok(ex.seq(f.s, exprs))
    } else {
        Ok(ex.void())
    }
}

fn module_tag_of(ex: &mut Ex, kind: Value, name: Value) -> Option<Value> {
    let names = ex.items(name)?;
    let mut symbols = Vec::with_capacity(names.len());
    for name in names {
        symbols.push(id_symbol(&ex.en.heap, name)?);
    }
    let name = ex.en.heap.list(&symbols);
    Some(ex.en.heap.cons(kind, name))
}

/// `(@ MODULE NAME)`.
pub(super) fn public_ref(ex: &mut Ex, f: Form) -> Result<Form> {
    let kind = ex.en.expander.syms.public;
    simple_ref(ex, f, kind)
}

fn simple_ref(ex: &mut Ex, f: Form, kind: Value) -> Result<Form> {
    if let Some(&[module, name]) = ex.operands(f.e, 2).as_deref()
        && let Some(symbol) = id_symbol(&ex.en.heap, name)
        && let Some(m) = module_tag_of(ex, kind, module)
    {
        // The top wrap alone: no lexical variable captures the name.
        return Ok(Form { e: symbol, w: ex.en.expander.top_wrap, s: f.s, m });
    }
    ex.no_match(f)
}

/// `(@@ MODULE NAME)`, or `(@@ @@ MODULE EXPRESSION)`: the expression as seen from that module.
pub(super) fn private_ref(ex: &mut Ex, f: Form) -> Result<Form> {
    let kind = ex.en.expander.syms.private;
    let operands = ex.operands(f.e, 2).unwrap_or_default();
    if let &[head, module, expression] = operands.as_slice()
        && ex.is_core(head, (f.w, f.m), "@@")?
        && let Some(m) = module_tag_of(ex, kind, module)
    {
        let e = remodulate(ex, expression, m);
        return Ok(Form { e, w: f.w, s: ex.source_or(expression, f.s), m });
    }
    simple_ref(ex, f, kind)
}

fn remodulate(ex: &mut Ex, x: Value, m: Value) -> Value {
    if let Some((e, w, _, s)) = parts(&ex.en.heap, x) {
        let e = remodulate(ex, e, m);
        return ex.make_syntax(e, w, m, s);
    }
    if x.is_pair() {
        let mut elements = Vec::new();
        let mut rest = x;
        while let Some((head, tail)) = ex.en.heap.pair(rest) {
            elements.push(remodulate(ex, head, m));
            rest = tail;
        }
        let tail = remodulate(ex, rest, m);
        return ex.en.heap.list_with_tail(&elements, tail);
    }
    if let Some(elements) = ex.en.heap.slots(x, Tag::Vector).map(<[Value]>::to_vec) {
        let elements: Vec<Value> = elements.into_iter().map(|e| remodulate(ex, e, m)).collect();
        return ex.en.heap.vector(&elements);
    }
    x
}

// ----- keywords that stand for other forms

/// Parts of a definition's form under their own wrap: `(KEYWORD target . rest)`.
fn definition(ex: &mut Ex, f: Form) -> Result<(Value, Value)> {
    let Some((_, rest)) = ex.uncons(f.e) else { return ex.no_match(f) };
    let Some((target, rest)) = ex.uncons(rest) else { return ex.no_match(f) };
    Ok((ex.wrap(target, f.w, f.m), ex.wrap(rest, f.w, f.m)))
}

fn list_form(ex: &mut Ex, keyword: &'static str, rest: &[Value]) -> Value {
    let rest = ex.en.heap.list(rest);
    let keyword = ex.core_id(keyword);
    ex.en.heap.cons(keyword, rest)
}

/// `(define* (NAME . FORMALS) BODY …)`.
pub(super) fn define_star(ex: &mut Ex, f: Form, _env: &Env) -> Result {
    let (target, rest) = definition(ex, f)?;
    if is_identifier(&ex.en.heap, target) {
        let form = ex.en.heap.cons(target, rest);
        let define = ex.core_id("define");
        return Ok(ex.en.heap.cons(define, form));
    }
    let Some((name, formals)) = ex.uncons(target) else { return ex.no_match(f) };
    let rest = ex.en.heap.cons(formals, rest);
    let keyword = ex.core_id("lambda*");
    let lambda = ex.en.heap.cons(keyword, rest);
    let empty = ex.en.expander.empty_wrap;
    let lambda = ex.source_wrap(lambda, empty, f.s, Value::FALSE);
    Ok(list_form(ex, "define", &[name, lambda]))
}

/// `(define-public NAME …)`: a definition and an export. Curried forms are `(ice-9
/// curried-definitions)`'s affair.
pub(super) fn define_public(ex: &mut Ex, f: Form, _env: &Env) -> Result {
    let (target, rest) = definition(ex, f)?;
    let name = match ex.uncons(target) {
        Some((name, _)) => name,
        None => target,
    };
    if !is_identifier(&ex.en.heap, name) {
        return ex.no_match(f);
    }
    let form = ex.en.heap.cons(target, rest);
    let define = ex.core_id("define");
    let form = ex.en.heap.cons(define, form);
    let empty = ex.en.expander.empty_wrap;
    let form = ex.source_wrap(form, empty, f.s, Value::FALSE);
    let export = list_form(ex, "export", &[name]);
    Ok(list_form(ex, "begin", &[form, export]))
}

/// `(define-once NAME VALUE)`.
pub(super) fn define_once(ex: &mut Ex, f: Form, _env: &Env) -> Result {
    let (name, rest) = definition(ex, f)?;
    let Some(&[value]) = ex.items(rest).as_deref() else { return ex.no_match(f) };
    let quoted = list_form(ex, "quote", &[name]);
    let current = list_form(ex, "current-module", &[]);
    let test = list_form(ex, "module-locally-bound?", &[current, quoted]);
    let value = list_form(ex, "if", &[test, name, value]);
    Ok(list_form(ex, "define", &[name, value]))
}

/// `(define-syntax-rule (NAME . PATTERN) [DOCSTRING] TEMPLATE)`.
pub(super) fn define_syntax_rule(ex: &mut Ex, f: Form, _env: &Env) -> Result {
    let (target, rest) = definition(ex, f)?;
    let Some((name, pattern)) = ex.uncons(target) else { return ex.no_match(f) };
    let Some(&template) =
        ex.items(rest).filter(|r| matches!(r.len(), 1 | 2)).as_deref().and_then(<[_]>::last)
    else {
        return ex.no_match(f);
    };
    let wildcard = ex.core_id("_");
    let pattern = ex.en.heap.cons(wildcard, pattern);
    let clause = ex.en.heap.list(&[pattern, template]);
    let rules = list_form(ex, "syntax-rules", &[Value::NULL, clause]);
    Ok(list_form(ex, "define-syntax", &[name, rules]))
}

/// `(identifier-syntax TEMPLATE)` or `(identifier-syntax (id get) ((set! var value) put))`.
pub(super) fn identifier_syntax(ex: &mut Ex, f: Form, _env: &Env) -> Result {
    let Some(operands) = ex.operands(f.e, 1) else { return ex.no_match(f) };
    let operands: Vec<Value> = operands.into_iter().map(|x| ex.wrap(x, f.w, f.m)).collect();
    // Variables of our own: their mark keeps them apart from the templates' identifiers.
    let fresh = |ex: &mut Ex, name: &str| {
        let symbol = ex.en.heap.intern(name);
        let mark = ex.new_mark();
        let heap = &mut ex.en.heap;
        let top = super::syntax::wrap_parts(heap, ex.en.expander.top_wrap).0;
        let marks = heap.cons(mark, top);
        let w = heap.cons(marks, Value::NULL);
        let guile = ex.en.modules.guile;
        let tag = ex.en.module_tag(guile);
        ex.make_syntax(symbol, w, tag, Value::FALSE)
    };
    let (x, rest) = (fresh(ex, "x"), fresh(ex, "rest"));
    let dots = ex.core_id("...");
    let wildcard = ex.core_id("_");
    let set = ex.core_id("set!");
    let call_pattern = ex.en.heap.list(&[wildcard, rest, dots]);
    let id_clause = |ex: &mut Ex, id: Value, template: Value| {
        let quoted = list_form(ex, "syntax", &[id]);
        let test = list_form(ex, "identifier?", &[quoted]);
        let template = list_form(ex, "syntax", &[template]);
        ex.en.heap.list(&[id, test, template])
    };
    let call_clause = |ex: &mut Ex, pattern: Value, template: Value| {
        let call = ex.en.heap.list(&[template, rest, dots]);
        let call = list_form(ex, "syntax", &[call]);
        ex.en.heap.list(&[pattern, call])
    };
    match *operands.as_slice() {
        [template] => {
            let id = fresh(ex, "id");
            let first = id_clause(ex, id, template);
            let second = call_clause(ex, call_pattern, template);
            let body = list_form(ex, "syntax-case", &[x, Value::NULL, first, second]);
            let formals = ex.en.heap.list(&[x]);
            Ok(list_form(ex, "lambda", &[formals, body]))
        }
        [getter, setter] => {
            let Some(&[id, get]) = ex.items(getter).as_deref() else { return ex.no_match(f) };
            let Some(&[pattern, put]) = ex.items(setter).as_deref() else { return ex.no_match(f) };
            let put = list_form(ex, "syntax", &[put]);
            let set_clause = ex.en.heap.list(&[pattern, put]);
            let call = ex.en.heap.list(&[id, rest, dots]);
            let call = call_clause(ex, call, get);
            let alone = id_clause(ex, id, get);
            let keys = ex.en.heap.list(&[set]);
            let body = list_form(ex, "syntax-case", &[x, keys, set_clause, call, alone]);
            let formals = ex.en.heap.list(&[x]);
            let lambda = list_form(ex, "lambda", &[formals, body]);
            Ok(list_form(ex, "make-variable-transformer", &[lambda]))
        }
        _ => ex.no_match(f),
    }
}

/// `(include FILE)`: the forms of a file that is named relative to this one.
pub(super) fn include(ex: &mut Ex, f: Form, _env: &Env) -> Result {
    let Some(&[name]) = ex.operands(f.e, 1).as_deref() else { return ex.no_match(f) };
    let wrapped = ex.wrap(name, f.w, f.m);
    let datum = ex.strip(name);
    let Some(file) = ex.en.heap.as_string(datum).map(ToString::to_string) else {
        return ex.no_match(f);
    };
    let s = ex.source_or(name, f.s);
    let place = ex.en.sources.location(&ex.en.heap, s).and_then(|l| l.file);
    let forms = ex.en.read_included(&file, place.as_deref())?;
    let (w, m) = match parts(&ex.en.heap, wrapped) {
        Some((_, w, m, _)) => (w, m),
        None => (f.w, f.m),
    };
    let forms: Vec<Value> = forms.into_iter().map(|x| ex.wrap(x, w, m)).collect();
    Ok(list_form(ex, "begin", &forms))
}

/// `(include-from-path FILE)`.
pub(super) fn include_from_path(ex: &mut Ex, f: Form, _env: &Env) -> Result {
    let Some(&[name]) = ex.operands(f.e, 1).as_deref() else { return ex.no_match(f) };
    let datum = ex.strip(name);
    let Some(file) = ex.en.heap.as_string(datum).map(ToString::to_string) else {
        return ex.no_match(f);
    };
    let Some(found) = ex.en.search_load_path(&file) else {
        return ex.violation(Some("include-from-path"), "file not found in path", f, Some(name));
    };
    let forms = ex.en.read_all(&found)?;
    let forms: Vec<Value> = forms.into_iter().map(|x| ex.wrap(x, f.w, f.m)).collect();
    Ok(list_form(ex, "begin", &forms))
}

/// `(syntax-error MESSAGE FORM …)`, and psyntax's `(syntax-error (KEYWORD . OPERANDS) MESSAGE …)`.
pub(super) fn syntax_error(ex: &mut Ex, f: Form, _env: &Env) -> Result {
    let Some(operands) = ex.operands(f.e, 1) else { return ex.no_match(f) };
    let text = |ex: &mut Ex, x: Value| {
        let datum = ex.strip(x);
        ex.en.heap.as_string(datum).map(ToString::to_string)
    };
    let (original, rest) = match text(ex, operands[0]) {
        Some(_) => (None, &operands[..]),
        None => (Some(operands[0]), &operands[1..]),
    };
    let Some((&message, irritants)) = rest.split_first() else { return ex.no_match(f) };
    let Some(mut message) = text(ex, message) else { return ex.no_match(f) };
    for &irritant in irritants {
        let datum = ex.strip(irritant);
        message.push(' ');
        message.push_str(&ex.en.datum_text(datum));
    }
    let (mut who, mut form) = (Value::FALSE, Value::FALSE);
    if let Some((keyword, _)) = original.and_then(|original| ex.uncons(original)) {
        who = ex.strip(keyword);
        form = original.filter(|_| who.is_true()).unwrap_or(Value::FALSE);
        form = ex.wrap(form, f.w, f.m);
    }
    super::error::syntax_violation(ex.en, who, &message, form, Value::FALSE)
}
