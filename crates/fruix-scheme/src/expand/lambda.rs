// SPDX-License-Identifier: GPL-3.0-or-later
//! Procedures: `lambda`, `lambda*`, `case-lambda`, `case-lambda*`.

use super::resolve::Env;
use super::syntax::id_symbol;
use super::{Ex, Form};
use crate::heap::Tag;
use crate::native::Result;
use crate::tree::{Body, Clause, Expr, Kind, Lambda, Local};
use crate::value::Value;

/// An argument list.
#[derive(Default)]
struct Formals {
    required: Vec<Value>,
    /// Name and default.
    optional: Vec<(Value, Option<Value>)>,
    rest: Option<Value>,
    /// Keyword, name and default.
    keywords: Vec<(Value, Value, Option<Value>)>,
    allow_other_keys: bool,
}

impl Formals {
    fn ids(&self) -> Vec<Value> {
        let mut ids = self.required.clone();
        ids.extend(self.optional.iter().map(|o| o.0));
        ids.extend(self.rest);
        ids.extend(self.keywords.iter().map(|k| k.1));
        ids
    }
}

/// Where in a `lambda*` argument list we are.
#[derive(PartialEq, Clone, Copy)]
enum Section {
    Required,
    Optional,
    Key,
}

impl Section {
    fn complaint(self) -> &'static str {
        match self {
            Section::Required => "invalid argument list",
            Section::Optional => "invalid optional argument list",
            Section::Key => "invalid keyword argument list",
        }
    }
}

impl Ex<'_> {
    fn simple_formals(&mut self, args: Value, f: Form) -> Result<Formals> {
        let (required, tail) = self.elements(args);
        let heap = &self.en.heap;
        let mut formals = Formals::default();
        let bad_tail = !self.is_null(tail) && id_symbol(heap, tail).is_none();
        let bad = required.iter().position(|&id| id_symbol(heap, id).is_none());
        if bad_tail || bad.is_some() {
            // The complaint is about what is left from there on.
            let mut rest = args;
            for _ in 0..bad.unwrap_or(required.len()) {
                rest = self.uncons(rest).map_or(rest, |(_, rest)| rest);
            }
            let form = f.with(args);
            return self.violation(Some("lambda"), "invalid argument list", form, Some(rest));
        }
        formals.rest = Some(tail).filter(|&t| !self.is_null(t));
        formals.required = required;
        self.check_formals("lambda", &formals, args, f)?;
        Ok(formals)
    }

    fn check_formals(&mut self, who: &str, formals: &Formals, args: Value, f: Form) -> Result<()> {
        if self.first_duplicate(&formals.ids()).is_some() {
            let form = f.with(args);
            return self.violation(Some(who), "duplicate identifier in argument list", form, None);
        }
        Ok(())
    }

    fn star_formals(&mut self, args: Value, f: Form) -> Result<Formals> {
        let mut formals = Formals::default();
        let mut section = Section::Required;
        let mut rest = args;
        loop {
            if self.is_null(rest) {
                break;
            }
            if id_symbol(&self.en.heap, rest).is_some() {
                formals.rest = Some(rest);
                break;
            }
            let Some((first, after)) = self.uncons(rest) else {
                return self.violation(
                    Some("lambda*"),
                    section.complaint(),
                    f.with(args),
                    Some(rest),
                );
            };
            let datum = self.strip(first);
            let marker = self.en.heap.keyword_symbol(datum);
            let marker = marker.and_then(|s| self.en.heap.symbol_name(s)).unwrap_or("").to_string();
            match marker.as_str() {
                "optional" if section == Section::Required => section = Section::Optional,
                "key" if section != Section::Key => section = Section::Key,
                "allow-other-keys" if section == Section::Key => formals.allow_other_keys = true,
                "rest" => {
                    let last = self.uncons(after).filter(|&(_, end)| self.is_null(end));
                    match last {
                        Some((id, _)) if id_symbol(&self.en.heap, id).is_some() => {
                            formals.rest = Some(id);
                            break;
                        }
                        Some(_) => {
                            return self.violation(
                                Some("lambda*"),
                                "invalid rest argument",
                                f.with(args),
                                Some(rest),
                            );
                        }
                        None => {
                            return self.violation(
                                Some("lambda*"),
                                section.complaint(),
                                f.with(args),
                                Some(rest),
                            );
                        }
                    }
                }
                _ => {
                    if !self.formal(&mut formals, section, first) {
                        return self.violation(
                            Some("lambda*"),
                            section.complaint(),
                            f.with(args),
                            Some(rest),
                        );
                    }
                }
            }
            rest = after;
        }
        self.check_formals("lambda*", &formals, args, f)?;
        Ok(formals)
    }

    /// Adds one argument; false if it is none.
    fn formal(&mut self, formals: &mut Formals, section: Section, x: Value) -> bool {
        let is_id = |ex: &Ex, x| id_symbol(&ex.en.heap, x).is_some();
        let (id, init, keyword) = if is_id(self, x) {
            (x, None, None)
        } else {
            match self.items(x).as_deref() {
                Some(&[id, init]) if is_id(self, id) => (id, Some(init), None),
                Some(&[id, init, k]) if is_id(self, id) && section == Section::Key => {
                    let keyword = self.strip(k);
                    if self.en.heap.keyword_symbol(keyword).is_none() {
                        return false;
                    }
                    (id, Some(init), Some(keyword))
                }
                _ => return false,
            }
        };
        match section {
            Section::Required if init.is_none() => formals.required.push(id),
            Section::Required => return false,
            Section::Optional => formals.optional.push((id, init)),
            Section::Key => {
                let keyword = keyword.unwrap_or_else(|| {
                    let symbol = id_symbol(&self.en.heap, id).unwrap_or(Value::FALSE);
                    let name = self.en.heap.symbol_name(symbol).unwrap_or_default().to_string();
                    self.en.heap.keyword(&name)
                });
                formals.keywords.push((keyword, id, init));
            }
        }
        true
    }

    /// Binds one more argument.
    fn bind_formal(&mut self, id: Value, env: &Env, w: Value) -> (Local, Value) {
        let (label, local) = self.lexical_label(env);
        (Local(local), self.binding_wrap(&[id], &[label], w))
    }

    fn formal_default(
        &mut self,
        init: Option<Value>,
        env: &Env,
        w: Value,
        m: Value,
    ) -> Result<Expr> {
        match init {
            Some(init) => self.expand(init, env, w, m),
            None => Ok(self.constant(Value::FALSE)),
        }
    }

    /// The parameters' names, in the order of [`Clause::names`].
    fn names_of(&self, formals: &Formals) -> Vec<Value> {
        let optional = formals.optional.iter().map(|o| o.0);
        let keywords = formals.keywords.iter().map(|k| k.1);
        let ids =
            formals.required.iter().copied().chain(optional).chain(formals.rest).chain(keywords);
        ids.map(|id| super::syntax::id_symbol(&self.en.heap, id).unwrap_or(Value::FALSE)).collect()
    }

    fn clause(
        &mut self,
        formals: Formals,
        body: &[Value],
        f: Form,
        env: &Env,
        properties: &mut Vec<Value>,
        late: bool,
    ) -> Result<Clause> {
        let bound: Vec<(Value, u32)> =
            formals.required.iter().map(|_| self.lexical_label(env)).collect();
        let labels: Vec<Value> = bound.iter().map(|b| b.0).collect();
        let mut w = self.binding_wrap(&formals.required, &labels, f.w);
        let mut clause = Clause {
            required: bound.iter().map(|b| Local(b.1)).collect(),
            optional: Vec::new(),
            rest: None,
            keywords: Vec::new(),
            allow_other_keys: formals.allow_other_keys,
            names: self.names_of(&formals),
            body: Body::Now(Box::new(self.void())),
        };
        for (id, init) in formals.optional {
            let init = self.formal_default(init, env, w, f.m)?;
            let (local, inner) = self.bind_formal(id, env, w);
            w = inner;
            clause.optional.push((local, init));
        }
        if let Some(id) = formals.rest {
            let (local, inner) = self.bind_formal(id, env, w);
            w = inner;
            clause.rest = Some(local);
        }
        for (keyword, id, init) in formals.keywords {
            let init = self.formal_default(init, env, w, f.m)?;
            let (local, inner) = self.bind_formal(id, env, w);
            w = inner;
            clause.keywords.push((keyword, local, init));
        }
        let body = self.take_properties(body, properties);
        clause.body = if late {
            Body::Late(self.late_body(&body, f, env, w))
        } else {
            Body::Now(Box::new(self.expand_body(&body, f, env, w)?))
        };
        Ok(clause)
    }

    /// Takes docstrings and `#((key . value) …)` off the front of a body.
    fn take_properties(&mut self, body: &[Value], properties: &mut Vec<Value>) -> Vec<Value> {
        let mut body = body;
        while let [first, rest @ ..] = body
            && !rest.is_empty()
        {
            let mut inner = *first;
            while let Some((e, ..)) = super::syntax::parts(&self.en.heap, inner) {
                inner = e;
            }
            if self.en.heap.is(inner, Tag::String) {
                let key = self.en.expander.syms.documentation;
                properties.push(self.en.heap.cons(key, inner));
            } else if self.en.heap.is(inner, Tag::Vector) {
                let datum = self.strip(inner);
                let elements = self.en.heap.slots(datum, Tag::Vector).unwrap_or_default().to_vec();
                if !elements.iter().all(|e| e.is_pair()) {
                    break;
                }
                properties.extend(elements);
            } else {
                break;
            }
            body = rest;
        }
        body.to_vec()
    }

    fn finish_lambda(&mut self, s: Value, properties: &[Value], clauses: Vec<Clause>) -> Expr {
        let name_key = self.en.heap.intern("name");
        let name = properties.iter().find_map(|&p| {
            self.en.heap.pair(p).filter(|&(key, _)| key == name_key).map(|(_, name)| name)
        });
        let properties = self.en.heap.list(properties);
        let lambda = Lambda { name: name.unwrap_or(Value::FALSE), properties, clauses };
        self.expr(s, Kind::Lambda(Box::new(lambda)))
    }
}

/// Gives a procedure without a name the name of the variable that it is bound to.
pub(super) fn name_value(expr: &mut Expr, name: Value) {
    if let Kind::Lambda(lambda) = &mut expr.kind
        && lambda.name == Value::FALSE
    {
        lambda.name = name;
    }
}

pub(super) fn lambda(ex: &mut Ex, f: Form, env: &Env) -> Result<Expr> {
    let late = ex.take_late();
    match ex.operands(f.e, 2) {
        Some(parts) => {
            let formals = ex.simple_formals(parts[0], f)?;
            let mut properties = Vec::new();
            let clause = ex.clause(formals, &parts[1..], f, env, &mut properties, late)?;
            Ok(ex.finish_lambda(f.s, &properties, vec![clause]))
        }
        None => ex.violation(Some("lambda"), "bad lambda", f, None),
    }
}

pub(super) fn lambda_star(ex: &mut Ex, f: Form, env: &Env) -> Result<Expr> {
    let late = ex.take_late();
    match ex.operands(f.e, 2) {
        Some(parts) => {
            let formals = ex.star_formals(parts[0], f)?;
            let mut properties = Vec::new();
            let clause = ex.clause(formals, &parts[1..], f, env, &mut properties, late)?;
            Ok(ex.finish_lambda(f.s, &properties, vec![clause]))
        }
        None => ex.violation(Some("lambda"), "bad lambda*", f, None),
    }
}

pub(super) fn case_lambda(ex: &mut Ex, f: Form, env: &Env) -> Result<Expr> {
    clauses(ex, f, env, false, "bad case-lambda")
}

pub(super) fn case_lambda_star(ex: &mut Ex, f: Form, env: &Env) -> Result<Expr> {
    clauses(ex, f, env, true, "bad case-lambda*")
}

fn clauses(ex: &mut Ex, f: Form, env: &Env, star: bool, complaint: &str) -> Result<Expr> {
    let late = ex.take_late();
    let Some(mut forms) = ex.operands(f.e, 0) else {
        return ex.violation(Some("case-lambda"), complaint, f, None);
    };
    let mut properties = Vec::new();
    if let Some(&first) = forms.first() {
        let datum = ex.strip(first);
        if ex.en.heap.is(datum, Tag::String) {
            let key = ex.en.expander.syms.documentation;
            properties.push(ex.en.heap.cons(key, datum));
            forms.remove(0);
        }
    }
    let mut clauses = Vec::with_capacity(forms.len());
    for form in forms {
        let Some(parts) = ex.items(form).filter(|parts| parts.len() >= 2) else {
            return ex.violation(Some("case-lambda"), complaint, f, None);
        };
        let formals =
            if star { ex.star_formals(parts[0], f)? } else { ex.simple_formals(parts[0], f)? };
        clauses.push(ex.clause(formals, &parts[1..], f, env, &mut properties, late)?);
    }
    Ok(ex.finish_lambda(f.s, &properties, clauses))
}
