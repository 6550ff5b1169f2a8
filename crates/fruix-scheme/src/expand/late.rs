// SPDX-License-Identifier: GPL-3.0-or-later
//! Bodies of top-level procedures that are expanded when the procedure is first called.
//!
//! Most procedures of a module are never called by the program that loads it. A body is put off with
//! what it could see: its wrap, the module with the interfaces that it used then, and the time,
//! which counts the definitions of macros. Expanded later on, it sees what it would have seen
//! then: a macro that was defined afterwards is the macro it replaced, or the variable. So nothing but
//! the moment of a syntax error changes; programs and what is typed in are expanded at once.

use super::resolve::Env;
use super::{Ex, Form};
use crate::engine::Engine;
use crate::heap::{Foreign, Tag, Tracer};
use crate::modules::Seen;
use crate::native::Result;
use crate::tree::Expr;
use crate::value::Value;

/// Slots of a [`Tag::Macro`] object behind the first four: when it was defined, and the macro that the
/// name stood for until then.
const DEFINED: usize = 4;
const BEFORE: usize = 5;

/// Stands for the macro before one whose name had denoted nothing at all. A late body that was noted before
/// has the macro all the same, as in a program that was compiled ahead, with its modules loaded: modules that
/// need each other rely on it.
const NOTHING: Value = Value::UNSPECIFIED;

/// What the expander keeps for late bodies.
#[derive(Default)]
pub(super) struct Late {
    /// Whether the module that is being loaded has its bodies expanded late.
    pub enabled: bool,
    /// Whether the procedure that is expanded next is one at top level.
    pub next: bool,
    /// Counts the definitions of macros.
    clock: i64,
    /// The time that names are resolved for, if it is not now.
    as_of: Option<i64>,
    /// Variables that stood for a macro until this time.
    replaced: Vec<(Value, i64, Value)>,
}

impl Late {
    pub(super) fn trace(&self, tracer: &mut Tracer) {
        for &(variable, _, before) in &self.replaced {
            tracer.visit_all(&[variable, before]);
        }
    }
}

/// What the expander saw at some time.
#[derive(Clone, Copy)]
pub(crate) struct Then {
    /// How many interfaces the module used.
    uses: usize,
    time: i64,
}

/// A body, or a value, that waits.
struct Body {
    forms: Vec<Value>,
    form: Form,
    w: Value,
    env: Env,
    module: Value,
    then: Then,
}

impl Foreign for Body {
    fn type_name(&self) -> &'static str {
        "late-body"
    }
    fn trace(&self, tracer: &mut Tracer) {
        tracer.visit_all(&self.forms);
        let Form { e, w, s, m } = self.form;
        tracer.visit_all(&[e, w, s, m, self.w, self.module]);
        let mut parameter = self.env.parameters.as_ref();
        while let Some(p) = parameter {
            tracer.visit_all(&[p.key, p.transformer]);
            parameter = p.next.as_ref();
        }
    }
}

impl Ex<'_> {
    /// The record of a body that is expanded later.
    pub(super) fn late_body(&mut self, body: &[Value], form: Form, env: &Env, w: Value) -> Value {
        let module = self.en.modules.current;
        let then = self.en.expansion_now(module);
        let (forms, env) = (body.to_vec(), env.clone());
        self.en.heap.foreign(Body { forms, form, w, env, module, then })
    }

    /// Whether the procedure that is being expanded is one at top level whose bodies may wait. Those
    /// inside of it are not.
    pub(super) fn take_late(&mut self) -> bool {
        std::mem::take(&mut self.en.expander.late.next)
    }

    /// Says that the next procedure may be expanded late.
    pub(super) fn allow_late(&mut self) {
        self.en.expander.late.next = self.en.expander.late.enabled;
    }

    /// A macro's keyword, defined now in place of what `name` denotes in `module`.
    pub(super) fn new_keyword(
        &mut self,
        name: Value,
        kind: Value,
        transformer: Value,
        module: Value,
    ) -> Result {
        let seen = self.en.variable_for_expansion(module, name)?;
        let before = match seen.variable() {
            Some(variable) if self.en.variable_value(variable).is_none() => {
                if self.en.defer.has(variable) { Value::FALSE } else { NOTHING }
            }
            None if seen == Seen::Nothing => NOTHING,
            _ => self.macro_of(module, name)?,
        };
        let time = self.tick();
        let slots = [name, kind, transformer, module, Value::fixnum(time), before];
        Ok(self.en.heap.slots_from(Tag::Macro, &slots))
    }

    /// Notes that `name`, which denotes a macro, is about to become a variable.
    pub(super) fn note_replaced(&mut self, module: Value, name: Value) -> Result<()> {
        let before = self.macro_of(module, name)?;
        let variable = self.en.ensure_local_variable(module, name)?;
        let time = self.tick();
        self.en.expander.late.replaced.push((variable, time, before));
        Ok(())
    }

    fn macro_of(&mut self, module: Value, name: Value) -> Result {
        let variable = self.en.variable_for_expansion(module, name)?.variable();
        let value = variable.and_then(|v| self.en.variable_value(v));
        Ok(value.filter(|&v| self.en.heap.is(v, Tag::Macro)).unwrap_or(Value::FALSE))
    }

    fn tick(&mut self) -> i64 {
        self.en.expander.late.clock += 1;
        self.en.expander.late.clock
    }

    /// The variable's value as the expander sees it: now, or at the time of a late body.
    pub(super) fn syntax_value(&self, variable: Value) -> Option<Value> {
        let mut value = self.en.variable_value(variable);
        let Some(time) = self.en.expander.late.as_of else { return value };
        for &(replaced, until, before) in &self.en.expander.late.replaced {
            if replaced == variable && until > time {
                value = Some(before);
                break;
            }
        }
        while let Some(keyword) = value
            && let Some(slots) = self.en.heap.slots(keyword, Tag::Macro)
            && let (Some(defined), Some(&before)) =
                (slots.get(DEFINED).and_then(|time| time.as_fixnum()), slots.get(BEFORE))
            && defined > time
            && before != NOTHING
        {
            value = Some(before);
        }
        value
    }
}

/// Expands the body of a procedure whose expansion was put off ([`crate::tree::Body::Late`]).
pub(crate) fn expand_late(engine: &mut Engine, record: Value) -> Result<Expr> {
    expand_record(engine, record, |ex, forms, form, env, w| ex.expand_body(forms, form, env, w))
}

/// Expands a definition's value that was put off.
pub(crate) fn expand_late_value(engine: &mut Engine, record: Value) -> Result<Expr> {
    expand_record(engine, record, |ex, forms, form, env, w| {
        let name = forms.get(1).copied().unwrap_or(Value::FALSE);
        let mut value = ex.expand(forms[0], env, w, form.m)?;
        super::lambda::name_value(&mut value, name);
        Ok(value)
    })
}

fn expand_record(
    engine: &mut Engine,
    record: Value,
    expand: impl FnOnce(&mut Ex, &[Value], Form, &Env, Value) -> Result<Expr>,
) -> Result<Expr> {
    let Some(body) = engine.heap.as_foreign::<Body>(record) else {
        return engine.misc_error("not a delayed body", &[record]);
    };
    let (forms, form, w, env) = (body.forms.clone(), body.form, body.w, body.env.clone());
    let (module, then) = (body.module, body.then);
    let place = engine.sources.location(&engine.heap, form.s);
    let outer = std::mem::replace(&mut engine.modules.current, module);
    let result = engine.loading_late(place, |engine| {
        engine.in_past(then, module, |engine| {
            Ex::new(engine).guarded(|ex| expand(ex, &forms, form, &env, w))
        })
    });
    engine.modules.current = outer;
    result
}

impl Engine {
    /// Whether bodies of the top-level procedures of what is read from now on are expanded late; gives
    /// the former setting.
    pub(crate) fn set_late_bodies(&mut self, enabled: bool) -> bool {
        std::mem::replace(&mut self.expander.late.enabled, enabled && !self.defer.eager)
    }

    /// Whether bodies of top-level procedures are expanded late now.
    pub(crate) fn late_bodies(&self) -> bool {
        self.expander.late.enabled
    }

    /// Whether the expander sees what it saw at another time.
    pub(crate) fn in_the_past(&self) -> bool {
        self.expander.late.as_of.is_some()
    }

    /// What the expander sees now, in `module`.
    pub(crate) fn expansion_now(&self, module: Value) -> Then {
        let late = &self.expander.late;
        let uses = self.module(module).map_or(0, |m| m.uses.len());
        Then { uses, time: late.as_of.unwrap_or(late.clock) }
    }

    /// Runs `f` with an expander that sees what it saw then, in `module`.
    pub(crate) fn in_past<T>(
        &mut self,
        then: Then,
        module: Value,
        f: impl FnOnce(&mut Engine) -> T,
    ) -> T {
        let late = &mut self.expander.late;
        let outer = (
            late.as_of.replace(then.time),
            std::mem::replace(&mut late.enabled, false),
            std::mem::replace(&mut late.next, false),
        );
        let hidden = self.hide_uses(module, then.uses);
        let result = f(self);
        self.show_uses(module, hidden);
        let late = &mut self.expander.late;
        (late.as_of, late.enabled, late.next) = outer;
        result
    }

    /// Makes the module use its first `count` interfaces alone; gives the others.
    fn hide_uses(&mut self, module: Value, count: usize) -> Vec<Value> {
        // Not to be changed for nothing: what was looked for in vain is remembered until a module changes.
        if self.module(module).is_none_or(|body| body.uses.len() <= count) {
            return Vec::new();
        }
        let Some(body) = self.module_mut(module) else { return Vec::new() };
        body.imports.clear();
        let hidden = body.uses.split_off(count);
        for &interface in &hidden {
            self.heap.keep(interface);
        }
        hidden
    }

    fn show_uses(&mut self, module: Value, hidden: Vec<Value>) {
        if hidden.is_empty() {
            return;
        }
        if let Some(body) = self.module_mut(module) {
            body.imports.clear();
            body.uses.extend(hidden);
        }
    }
}
