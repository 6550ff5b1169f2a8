// SPDX-License-Identifier: GPL-3.0-or-later
//! Running macro transformers.

use super::resolve::Env;
use super::syntax::{parts, wrap_parts};
use super::{Ex, Form, Type, syntax_case};
use crate::heap::{Tag, Tracer};
use crate::native::Result;
use crate::value::Value;

/// The environment of a transformer that is running, for `syntax-local-binding` and its like.
pub(crate) struct Running {
    pub(super) env: Env,
    pub(super) rib: Option<Value>,
    pub(super) m: Value,
}

impl Running {
    pub(super) fn trace(&self, tracer: &mut Tracer) {
        if let Some(rib) = self.rib {
            tracer.visit(rib);
        }
        tracer.visit(self.m);
    }
}

impl Ex<'_> {
    /// The output of transformer `p` for a form.
    pub(super) fn expand_macro(
        &mut self,
        p: Value,
        f: Form,
        env: &Env,
        rib: Option<Value>,
    ) -> Result {
        self.check_depth(f)?;
        let w = self.anti_mark(f.w);
        let input = self.source_wrap(f.e, w, f.s, f.m);
        let output = match syntax_case::rules_of(self.en, p) {
            Some(rules) => syntax_case::apply_rules(self, rules, input)?,
            None => {
                self.en.expander.transformers.push(Running { env: env.clone(), rib, m: f.m });
                let output = self.apply(p, &[input]);
                self.en.expander.transformers.pop();
                output?
            }
        };
        let mark = self.new_mark();
        self.rebuild(output, mark, rib, f)
    }

    /// psyntax's `rebuild-macro-output`: cancels the anti-mark of what came from the input and marks
    /// the rest.
    pub(super) fn rebuild(&mut self, x: Value, mark: Value, rib: Option<Value>, f: Form) -> Result {
        if let Some((e, w, m, s)) = parts(&self.en.heap, x) {
            let shift = self.en.expander.syms.shift;
            let heap = &mut self.en.heap;
            let (marks, subst) = wrap_parts(heap, w);
            let (marks, mut subst) = match heap.pair(marks) {
                Some((Value::FALSE, rest)) => {
                    (rest, heap.pair(subst).map_or(Value::NULL, |(_, rest)| rest))
                }
                _ => (heap.cons(mark, marks), heap.cons(shift, subst)),
            };
            if let Some(rib) = rib {
                subst = heap.cons(rib, subst);
            }
            let w = heap.cons(marks, subst);
            return Ok(self.make_syntax(e, w, if m == Value::FALSE { f.m } else { m }, s));
        }
        if x.is_pair() {
            self.check_depth(f)?;
            let mut elements = Vec::new();
            let mut rest = x;
            while let Some((head, tail)) = self.en.heap.pair(rest) {
                elements.push(self.rebuild(head, mark, rib, f)?);
                rest = tail;
            }
            let tail = if rest == Value::NULL { rest } else { self.rebuild(rest, mark, rib, f)? };
            let list = self.en.heap.list_with_tail(&elements, tail);
            return Ok(self.decorate(list, f.s));
        }
        if let Some(elements) = self.en.heap.slots(x, Tag::Vector).map(<[Value]>::to_vec) {
            let elements: Result<Vec<Value>> =
                elements.into_iter().map(|e| self.rebuild(e, mark, rib, f)).collect();
            let vector = self.en.heap.vector(&elements?);
            return Ok(self.decorate(vector, f.s));
        }
        if self.en.heap.is(x, Tag::Symbol) {
            return self.violation(None, "encountered raw symbol in macro output", f, Some(x));
        }
        Ok(x)
    }

    pub(super) fn decorate(&mut self, x: Value, s: Value) -> Value {
        if s == Value::FALSE {
            return x;
        }
        let empty = self.en.expander.empty_wrap;
        self.make_syntax(x, empty, Value::FALSE, s)
    }

    /// The value of a transformer expression.
    pub(super) fn eval_transformer(&mut self, e: Value, env: &Env, w: Value, m: Value) -> Result {
        let unit = self.new_unit();
        let inner = env.in_unit(unit);
        let form = Form { e, w, s: self.source_or(e, Value::FALSE), m };
        let wanted = self.en.suspend_transformer();
        let typed = self.syntax_type(form, &inner, None, false)?;
        let simply = matches!(&typed.t, Type::SpecialForm(special) if special.makes_procedure());
        self.en.resume_transformer(wanted);
        if let Type::SpecialForm(special) = &typed.t
            && special.name == "syntax-rules"
            && let Some(transformer) = syntax_case::rules_transformer(self, typed.form, &inner)?
        {
            return Ok(transformer);
        }
        let wanted = self.en.suspend_transformer();
        let expr = self.expand_typed(typed, &inner)?;
        self.en.resume_transformer(wanted);
        let thunk = self.en.compile(expr)?;
        self.en.heap.keep(thunk);
        self.en.note_transformer(thunk, simply);
        let transformer = self.apply(thunk, &[])?;
        if self.is_procedure(transformer) {
            return Ok(transformer);
        }
        let subject = Form {
            e: transformer,
            w: self.en.expander.empty_wrap,
            s: Value::FALSE,
            m: Value::FALSE,
        };
        self.violation(None, "nonprocedure transformer", subject, None)
    }

    pub(super) fn is_procedure(&self, x: Value) -> bool {
        match self.en.heap.tag(x) {
            Some(Tag::Closure | Tag::Native | Tag::Parameter | Tag::Struct) => true,
            Some(Tag::Foreign) => {
                self.en.heap.any_foreign(x).is_some_and(|f| f.type_name() == "continuation")
            }
            _ => false,
        }
    }
}
