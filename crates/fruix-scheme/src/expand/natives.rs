// SPDX-License-Identifier: GPL-3.0-or-later
//! The procedures on syntax objects that need the expander.

use super::resolve::Bind;
use super::syntax::{bound_names, is_identifier as is_id, parts, wrap_parts};
use super::{Ex, constructors, error, escapes, strip, syntax_case, template};
use crate::engine::Engine;
use crate::heap::Tag;
use crate::native::{Exit, Result};
use crate::tree::{Expr, Kind, Local};
use crate::value::Value;

pub(crate) use constructors::native_identifier as identifier;
pub(crate) use constructors::native_register as register_constructor;
pub(crate) use escapes::native_register as register_escapes;
pub(crate) use syntax_case::native_apply_rules as apply_rules;
pub(crate) use syntax_case::native_match as syntax_match;
pub(crate) use syntax_case::native_no_match as no_match;
pub(crate) use template::native_fill as fill;

pub(crate) fn syntax_to_datum(engine: &mut Engine, x: Value) -> Result {
    Ok(strip(&mut engine.heap, x))
}

/// A source given as an association list, a vector or a syntax object.
fn source_arg(engine: &mut Engine, source: Value) -> Value {
    if let Some((_, _, _, s)) = parts(&engine.heap, source) {
        return s;
    }
    if engine.heap.is(source, Tag::Vector) || source == Value::FALSE {
        return source;
    }
    let Some(entries) = engine.heap.list_to_vec(source).filter(|e| !e.is_empty()) else {
        return Value::FALSE;
    };
    let mut place = [Value::FALSE; 3];
    for entry in entries {
        let Some((key, value)) = engine.heap.pair(entry) else { continue };
        match engine.heap.symbol_name(key) {
            Some("filename") => place[0] = value,
            Some("line") => place[1] = value,
            Some("column") => place[2] = value,
            _ => {}
        }
    }
    engine.heap.vector(&place)
}

pub(crate) fn datum_to_syntax(engine: &mut Engine, args: &[Value]) -> Result {
    let (id, datum) = (args[0], args[1]);
    let source = match args.get(2..4) {
        Some(&[_, source]) => source_arg(engine, source),
        _ => Value::FALSE,
    };
    let (w, m) = match parts(&engine.heap, id) {
        Some((_, w, m, _)) => (w, m),
        None if id == Value::FALSE => (engine.expander.empty_wrap, Value::FALSE),
        None => return engine.wrong_type("datum->syntax", 1, id),
    };
    Ok(engine.heap.slots_from(Tag::Syntax, &[datum, w, m, source]))
}

pub(crate) fn is_identifier(engine: &mut Engine, x: Value) -> Result {
    Ok(Value::bool(is_id(&engine.heap, x)))
}

fn check_id(engine: &mut Engine, who: &str, x: Value) -> Result<()> {
    if is_id(&engine.heap, x) {
        return Ok(());
    }
    let who = engine.heap.intern(who);
    error::syntax_violation(engine, who, "invalid argument", x, Value::FALSE)
}

pub(crate) fn generate_temporaries(engine: &mut Engine, list: Value) -> Result {
    let mut ex = Ex::new(engine);
    let Some(items) = ex.items(list) else {
        let who = engine.heap.intern("generate-temporaries");
        return error::syntax_violation(engine, who, "invalid argument", list, Value::FALSE);
    };
    let module = engine.modules.current;
    let tag = engine.module_tag(module);
    let name = engine.module_name(module);
    let hash = engine.datum_hash(name);
    let top = engine.expander.top_wrap;
    let mut temporaries = Vec::with_capacity(items.len());
    for _ in items {
        let number = engine.heap.next_gensym();
        let symbol = engine.heap.intern(&format!("t-{hash:x}-{number:x}"));
        temporaries.push(engine.heap.slots_from(Tag::Syntax, &[symbol, top, tag, Value::FALSE]));
    }
    Ok(engine.heap.list(&temporaries))
}

pub(crate) fn free_identifier(engine: &mut Engine, a: Value, b: Value) -> Result {
    check_id(engine, "free-identifier=?", a)?;
    check_id(engine, "free-identifier=?", b)?;
    Ok(Value::bool(Ex::new(engine).same_free(a, b)?))
}

pub(crate) fn bound_identifier(engine: &mut Engine, a: Value, b: Value) -> Result {
    check_id(engine, "bound-identifier=?", a)?;
    check_id(engine, "bound-identifier=?", b)?;
    Ok(Value::bool(Ex::new(engine).same_bound(a, b)))
}

pub(crate) fn syntax_violation(engine: &mut Engine, args: &[Value]) -> Result {
    let Some(message) = engine.heap.as_string(args[1]).map(ToString::to_string) else {
        let who = engine.heap.intern("syntax-violation");
        return error::syntax_violation(engine, who, "invalid argument", args[1], Value::FALSE);
    };
    let subform = args.get(3).copied().unwrap_or(Value::FALSE);
    error::syntax_violation(engine, args[0], &message, args[2], subform)
}

pub(crate) fn syntax_source(engine: &mut Engine, x: Value) -> Result {
    let source = parts(&engine.heap, x).map_or(Value::FALSE, |p| p.3);
    Ok(error::source_alist(engine, source))
}

pub(crate) fn syntax_sourcev(engine: &mut Engine, x: Value) -> Result {
    let source = parts(&engine.heap, x).map_or(Value::FALSE, |p| p.3);
    match engine.sources.unpack(&engine.heap, source) {
        Some((file, line, column)) => Ok(engine.heap.vector(&[file, line, column])),
        None => Ok(Value::FALSE),
    }
}

/// The name of the module of an identifier.
pub(crate) fn id_module(engine: &mut Engine, id: Value) -> Result {
    check_id(engine, "syntax-module", id)?;
    let tag = parts(&engine.heap, id).map_or(Value::FALSE, |p| p.2);
    Ok(engine.heap.pair(tag).map_or(Value::FALSE, |(_, name)| name))
}

/// `(syntax-local-binding ID [#:resolve-syntax-parameters? BOOL])`: a type and a value.
pub(crate) fn local_binding(engine: &mut Engine, args: &[Value]) -> Result {
    let id = args[0];
    check_id(engine, "syntax-local-binding", id)?;
    let resolve_parameters = args.get(2).is_none_or(|v| v.is_true());
    let Some(running) = engine.expander.transformers.last() else {
        return engine.misc_error("called outside the dynamic extent of a syntax transformer", &[]);
    };
    let (env, rib, m) = (running.env.clone(), running.rib, running.m);
    let Some((symbol, w, own, _)) = parts(&engine.heap, id) else { return Ok(Value::FALSE) };
    let heap = &mut engine.heap;
    let (marks, subst) = wrap_parts(heap, w);
    let (marks, mut subst) = match heap.pair(marks) {
        Some((Value::FALSE, rest)) => {
            (rest, heap.pair(subst).map_or(Value::NULL, |(_, rest)| rest))
        }
        _ => (marks, subst),
    };
    if let Some(rib) = rib {
        subst = heap.cons(rib, subst);
    }
    let w = heap.cons(marks, subst);
    let m = if own == Value::FALSE { m } else { own };
    let (bind, m) = Ex::new(engine).resolve(symbol, w, &env, m, resolve_parameters)?;
    let heap = &mut engine.heap;
    let (kind, value) = match bind {
        Bind::Lexical(n) => ("lexical", Value::fixnum(i64::from(n))),
        Bind::Macro(p) => ("macro", p),
        Bind::Parameter(key) => ("syntax-parameter", key),
        Bind::PatternVariable(n, level) => {
            let pair = heap.cons(Value::fixnum(i64::from(n)), Value::fixnum(i64::from(level)));
            ("pattern-variable", pair)
        }
        Bind::Displaced => ("displaced-lexical", Value::FALSE),
        Bind::Global(name) => {
            let module = heap.pair(m).map_or(Value::FALSE, |(_, name)| name);
            ("global", heap.cons(name, module))
        }
        Bind::Ellipsis(dots) => ("ellipsis", dots),
        Bind::Special(_) => ("other", Value::FALSE),
    };
    let kind = engine.heap.intern(kind);
    Err(Box::new(Exit::Values(vec![kind, value])))
}

pub(crate) fn locally_bound_identifiers(engine: &mut Engine, id: Value) -> Result {
    check_id(engine, "syntax-locally-bound-identifiers", id)?;
    let Some((_, w, m, _)) = parts(&engine.heap, id) else { return Ok(Value::NULL) };
    let mut ids = Vec::new();
    for (name, marks, subst) in bound_names(&engine.heap, w) {
        let mut ex = Ex::new(engine);
        let inner = ex.en.heap.cons(marks, subst);
        let inner = ex.anti_mark(inner);
        ids.push(ex.wrap(name, inner, m));
    }
    ids.reverse();
    Ok(engine.heap.list(&ids))
}

/// Makes `(lambda (x) (proc x))` out of PROC, which `set!` forms may use too.
pub(crate) fn make_variable_transformer(engine: &mut Engine, proc: Value) -> Result {
    let scope = engine.heap.open_scope();
    engine.heap.keep(proc);
    let made = variable_transformer(&mut Ex::new(engine), proc);
    engine.heap.close_scope(scope);
    made
}

fn variable_transformer(ex: &mut Ex, proc: Value) -> Result {
    if !ex.is_procedure(proc) {
        return ex.en.misc_error("variable transformer not a procedure", &[proc]);
    }
    let mut maker = ex.en.expander.variable_maker;
    if maker == Value::FALSE {
        let local = |n| Expr { location: None, kind: Kind::Local(Local(n)) };
        let call = Kind::Call(Box::new(local(0)), vec![local(1)]);
        let body = Expr { location: None, kind: call };
        let mut inner = ex.procedure(Value::FALSE, vec![Local(1)], body);
        if let Kind::Lambda(lambda) = &mut inner.kind {
            let heap = &mut ex.en.heap;
            let kind = heap.intern("variable-transformer");
            let key = heap.intern("macro-type");
            let properties = [heap.cons(key, kind), heap.cons(kind, Value::TRUE)];
            lambda.properties = heap.list(&properties);
        }
        let outer = ex.procedure(Value::FALSE, vec![Local(0)], inner);
        maker = ex.run(outer)?;
        ex.en.expander.variable_maker = maker;
    }
    let made = ex.apply(maker, &[proc])?;
    if let Some(&code) = ex.en.heap.slots(made, Tag::Closure).and_then(|s| s.first()) {
        ex.en.expander.variable_code = code;
    }
    Ok(made)
}

impl Engine {
    /// Whether `make-variable-transformer` made this transformer.
    pub(crate) fn is_variable_transformer(&self, p: Value) -> bool {
        let code = self.heap.slots(p, Tag::Closure).and_then(|s| s.first());
        code.is_some_and(|&code| code == self.expander.variable_code)
    }

    /// The procedure that a macro inlines (`define-inlinable`, SRFI-9's accessors): `%NAME-procedure` or
    /// its like in the macro's module.
    ///
    /// Guix refers to some of them in procedures that stand before the definition. Its own compilation gets
    /// by because the modules are loaded before they are compiled.
    pub(crate) fn procedure_behind_macro(&self, keyword: Value) -> Option<Value> {
        let &[name, _, _, module, ..] = self.heap.slots(keyword, Tag::Macro)? else { return None };
        let name = self.heap.symbol_name(name)?;
        [format!("%{name}-procedure"), format!("% {name}-procedure"), format!("{name}-procedure")]
            .iter()
            .filter_map(|name| self.heap.find_symbol(name))
            .filter_map(|name| self.variable_value(self.own_variable(module, name)?))
            .find(|&value| self.heap.is(value, Tag::Closure))
    }
}
