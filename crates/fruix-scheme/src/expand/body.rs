// SPDX-License-Identifier: GPL-3.0-or-later
//! Bodies: internal definitions and expressions, in any order, become a `letrec*`.

use super::lambda::name_value;
use super::resolve::Env;
use super::syntax::id_symbol;
use super::table::Action;
use super::{Ex, Form, Type, forms};
use crate::native::Result;
use crate::tree::{Expr, Kind, Local};
use crate::value::Value;
use std::collections::VecDeque;

/// One step of a body, to be expanded when all definitions are known.
enum Item {
    /// Variable, its name, and the fully wrapped value.
    Definition(u32, Value, Value),
    /// A fully wrapped expression.
    Expression(Value),
}

impl Ex<'_> {
    /// Expands the body of `outer`, whose forms are under wrap `w`.
    pub(super) fn expand_body(
        &mut self,
        body: &[Value],
        outer: Form,
        env: &Env,
        w: Value,
    ) -> Result<Expr> {
        self.check_depth(outer)?;
        let (rib, w) = self.open_rib(w);
        let mut pending: VecDeque<(Value, Value, Value)> =
            body.iter().map(|&e| (e, w, outer.m)).collect();
        let mut items = Vec::new();
        let mut ids = Vec::new();
        while let Some((e, w, m)) = pending.pop_front() {
            let form = Form { e, w, s: self.source_or(e, Value::FALSE), m };
            let typed = self.syntax_type(form, env, Some(rib), false)?;
            let f = typed.form;
            match typed.t {
                Type::Define(id, value, w) => {
                    let (label, local) = self.lexical_label(env);
                    self.extend_rib(rib, id, label);
                    ids.push(id);
                    let value = self.source_wrap(value, w, f.s, f.m);
                    let name = id_symbol(&self.en.heap, id).unwrap_or(Value::FALSE);
                    items.push(Item::Definition(local, name, value));
                }
                Type::DefineSyntax(parameter, id, value) => {
                    let label = self.pending_label();
                    self.extend_rib(rib, id, label);
                    ids.push(id);
                    let transformer = self.eval_transformer(value, env, f.w, f.m)?;
                    self.settle_label(label, parameter, transformer);
                }
                Type::SpecialForm(special) => match special.action {
                    Action::Begin => {
                        let Some(forms) = self.operands(f.e, 0) else { return self.no_match(f) };
                        for &e in forms.iter().rev() {
                            pending.push_front((e, f.w, f.m));
                        }
                    }
                    Action::LocalSyntax(recursive) => {
                        let (forms, w) = forms::local_syntax(self, recursive, f, env)?;
                        for &e in forms.iter().rev() {
                            pending.push_front((e, w, f.m));
                        }
                    }
                    _ => items.push(Item::Expression(self.source_wrap(f.e, f.w, f.s, f.m))),
                },
                _ => items.push(Item::Expression(self.source_wrap(f.e, f.w, f.s, f.m))),
            }
        }
        if !matches!(items.last(), Some(Item::Expression(_))) {
            let message =
                if ids.is_empty() { "empty body" } else { "body should end with an expression" };
            return self.violation(None, message, outer, None);
        }
        if !self.valid_bound_ids(&ids) {
            const MESSAGE: &str = "invalid or duplicate identifier in definition";
            return self.violation(None, MESSAGE, outer, None);
        }
        self.finish_body(items, outer, env)
    }

    fn finish_body(&mut self, items: Vec<Item>, outer: Form, env: &Env) -> Result<Expr> {
        let empty = self.en.expander.empty_wrap;
        let is_definition = |item: &Item| matches!(item, Item::Definition(..));
        let definitions = items.iter().rposition(is_definition).map_or(0, |last| last + 1);
        let mut bound = Vec::with_capacity(definitions);
        let mut tail = Vec::new();
        for (i, item) in items.into_iter().enumerate() {
            match item {
                Item::Definition(local, name, value) => {
                    let mut value = self.expand(value, env, empty, outer.m)?;
                    name_value(&mut value, name);
                    bound.push((Local(local), value));
                }
                Item::Expression(e) => {
                    let expr = self.expand(e, env, empty, outer.m)?;
                    if i < definitions {
                        // An expression between definitions: a variable that nobody sees.
                        let exprs = vec![expr, self.void()];
                        bound.push((Local(env.unit.new_local()), self.seq(outer.s, exprs)));
                    } else {
                        tail.push(expr);
                    }
                }
            }
        }
        let tail = self.seq(outer.s, tail);
        if bound.is_empty() {
            return Ok(tail);
        }
        Ok(self.expr(outer.s, Kind::Letrec(true, bound, Box::new(tail))))
    }
}
