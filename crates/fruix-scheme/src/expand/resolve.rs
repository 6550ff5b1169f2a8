// SPDX-License-Identifier: GPL-3.0-or-later
//! What identifiers denote: labels, environments, `free-identifier=?`.

use super::Ex;
use super::syntax::{LABEL, Name, id_symbol, parts};
use super::table::{self, Special};
use crate::heap::Tag;
use crate::modules::Seen;
use crate::native::Result;
use crate::value::Value;
use std::cell::Cell;
use std::rc::Rc;

/// Code that is compiled and run at one time. Variables of one unit do not exist in another (a
/// transformer's expression is a unit of its own inside of the code that the macro is used in).
pub(super) struct Unit {
    id: u32,
    next_local: Cell<u32>,
}

impl Unit {
    pub(super) fn new(id: u32) -> Unit {
        Unit { id, next_local: Cell::new(0) }
    }

    /// A variable of its own.
    pub(super) fn new_local(&self) -> u32 {
        let local = self.next_local.get();
        self.next_local.set(local + 1);
        local
    }
}

/// The dynamically scoped part of what is known at a place.
#[derive(Clone)]
pub(super) struct Env {
    pub unit: Rc<Unit>,
    /// `syntax-parameterize`d parameters, innermost first.
    pub parameters: Option<Rc<Parameterized>>,
}

/// One parameter's rebinding.
pub(super) struct Parameterized {
    /// The variable or label of the parameter.
    pub key: Value,
    pub transformer: Value,
    pub next: Option<Rc<Parameterized>>,
}

impl Env {
    pub(super) fn in_unit(&self, unit: Rc<Unit>) -> Env {
        Env { unit, parameters: self.parameters.clone() }
    }

    pub(super) fn with_parameter(&self, key: Value, transformer: Value) -> Env {
        let next = self.parameters.clone();
        let parameters = Some(Rc::new(Parameterized { key, transformer, next }));
        Env { unit: self.unit.clone(), parameters }
    }

    fn parameter(&self, key: Value) -> Option<Value> {
        let mut next = self.parameters.as_ref();
        while let Some(p) = next {
            if p.key == key {
                return Some(p.transformer);
            }
            next = p.next.as_ref();
        }
        None
    }
}

/// What an identifier is bound to.
#[derive(Clone, Copy)]
pub(super) enum Bind {
    Macro(Value),
    /// An unresolved syntax parameter; its key.
    Parameter(Value),
    Special(&'static Special),
    /// A pattern variable: the variable with its matches, and the depth of ellipses.
    PatternVariable(u32, u32),
    /// A module's variable, under this name.
    Global(Value),
    Lexical(u32),
    /// A custom ellipsis.
    Ellipsis(Value),
    /// Bound, but not here.
    Displaced,
}

// Kinds of labels, as fixnums in the first slot.
const PENDING: i64 = 0;
const LEXICAL: i64 = 1;
const MACRO: i64 = 2;
const PARAMETER: i64 = 3;
const PATTERN: i64 = 4;
const ELLIPSIS: i64 = 5;

impl Ex<'_> {
    fn label(&mut self, kind: i64, value: Value, unit: u32, level: u32) -> Value {
        let slots = [
            Value::fixnum(kind),
            value,
            Value::fixnum(i64::from(unit)),
            Value::fixnum(i64::from(level)),
        ];
        let label = self.en.heap.slots_from(Tag::Internal, &slots);
        self.en.heap.set_aux(label, LABEL);
        label
    }

    /// The label of a new lexical variable, and the variable.
    pub(super) fn lexical_label(&mut self, env: &Env) -> (Value, u32) {
        let local = env.unit.new_local();
        (self.label(LEXICAL, Value::fixnum(i64::from(local)), env.unit.id, 0), local)
    }

    /// The label of a new pattern variable that is held in `local`.
    pub(super) fn pattern_label(&mut self, env: &Env, local: u32, level: u32) -> Value {
        self.label(PATTERN, Value::fixnum(i64::from(local)), env.unit.id, level)
    }

    /// A label for a macro whose transformer is not known yet.
    pub(super) fn pending_label(&mut self) -> Value {
        self.label(PENDING, Value::FALSE, 0, 0)
    }

    /// Gives a pending label its macro (or syntax parameter's default).
    pub(super) fn settle_label(&mut self, label: Value, parameter: bool, transformer: Value) {
        if let Some(slots) = self.en.heap.slots_mut(label, Tag::Internal) {
            slots[0] = Value::fixnum(if parameter { PARAMETER } else { MACRO });
            slots[1] = transformer;
        }
    }

    pub(super) fn ellipsis_label(&mut self, id: Value) -> Value {
        self.label(ELLIPSIS, id, 0, 0)
    }

    fn label_binding(&self, label: Value, env: &Env, resolve_parameters: bool) -> Bind {
        let Some(&[kind, value, unit, level]) = self.en.heap.slots(label, Tag::Internal) else {
            return Bind::Displaced;
        };
        let number = |v: Value| v.as_fixnum().unwrap_or(0) as u32;
        let here = number(unit) == env.unit.id;
        match kind.as_fixnum() {
            Some(LEXICAL) if here => Bind::Lexical(number(value)),
            Some(PATTERN) if here => Bind::PatternVariable(number(value), number(level)),
            Some(MACRO) => Bind::Macro(value),
            Some(PARAMETER) if resolve_parameters => {
                Bind::Macro(env.parameter(label).unwrap_or(value))
            }
            Some(PARAMETER) => Bind::Parameter(label),
            Some(ELLIPSIS) => Bind::Ellipsis(value),
            _ => Bind::Displaced,
        }
    }

    /// psyntax's `resolve-identifier`: what `id` under `w` in module `m` denotes, and the module tag
    /// that goes with it.
    pub(super) fn resolve(
        &mut self,
        id: Value,
        w: Value,
        env: &Env,
        m: Value,
        resolve_parameters: bool,
    ) -> Result<(Bind, Value)> {
        let own = parts(&self.en.heap, id).map_or(Value::FALSE, |p| p.2);
        let m = if own == Value::FALSE { m } else { own };
        match self.id_name(id, w, m) {
            Name::Label(label) => Ok((self.label_binding(label, env, resolve_parameters), m)),
            Name::Free(symbol) => self.resolve_global(symbol, env, m, resolve_parameters),
            Name::Alias(alias) if alias != id => self.resolve(alias, w, env, m, resolve_parameters),
            Name::Alias(alias) => match parts(&self.en.heap, alias) {
                Some((e, w, m1, _)) => {
                    let m = if m1 == Value::FALSE { m } else { m1 };
                    self.resolve(e, w, env, m, resolve_parameters)
                }
                None => Ok((Bind::Displaced, m)),
            },
        }
    }

    fn resolve_global(
        &mut self,
        symbol: Value,
        env: &Env,
        m: Value,
        resolve_parameters: bool,
    ) -> Result<(Bind, Value)> {
        let module = self.en.module_of_tag(m)?;
        let variable = self.en.variable_for_expansion(module, symbol)?.variable();
        let value = variable.and_then(|v| self.syntax_value(v));
        let (Some(variable), Some(value)) = (variable, value) else {
            return Ok((Bind::Global(symbol), m));
        };
        let Some(&[_, kind, binding, ..]) = self.en.heap.slots(value, Tag::Macro) else {
            return Ok((Bind::Global(symbol), m));
        };
        let waits = self.en.heap.is(binding, Tag::Foreign);
        let binding = if waits { self.en.transformer(value)? } else { binding };
        let bind = if let Some(index) = binding.as_fixnum() {
            table::special(index).map_or(Bind::Global(symbol), Bind::Special)
        } else if kind == self.en.expander.syms.parameter_type {
            if resolve_parameters {
                Bind::Macro(env.parameter(variable).unwrap_or(binding))
            } else {
                Bind::Parameter(variable)
            }
        } else {
            Bind::Macro(binding)
        };
        Ok((bind, m))
    }

    /// `free-identifier=?`: whether two fully wrapped identifiers denote the same.
    pub(super) fn same_free(&mut self, a: Value, b: Value) -> Result<bool> {
        let empty = self.en.expander.empty_wrap;
        let module = |heap: &crate::heap::Heap, x| parts(heap, x).map_or(Value::FALSE, |p| p.2);
        let (ma, mb) = (module(&self.en.heap, a), module(&self.en.heap, b));
        let (na, nb) = (self.id_name(a, empty, ma), self.id_name(b, empty, mb));
        match (na, nb) {
            (Name::Alias(a1), _) => {
                if a1 == a {
                    Ok(nb == na)
                } else {
                    self.same_free(a1, b)
                }
            }
            (_, Name::Alias(b1)) => {
                if b1 == b {
                    Ok(false)
                } else {
                    self.same_free(a, b1)
                }
            }
            (Name::Label(x), Name::Label(y)) => Ok(x == y),
            (Name::Free(x), Name::Free(y)) => {
                if x == y && ma == mb {
                    return Ok(true);
                }
                let module_a = self.en.module_of_tag(ma)?;
                let module_b = self.en.module_of_tag(mb)?;
                let va = self.en.variable_for_expansion(module_a, x)?;
                let vb = self.en.variable_for_expansion(module_b, y)?;
                match (va, vb) {
                    (Seen::Deferred, Seen::Deferred) => {
                        let va = self.en.module_variable(module_a, x)?;
                        Ok(va == self.en.module_variable(module_b, y)?)
                    }
                    _ => Ok(va == vb && (va != Seen::Nothing || x == y)),
                }
            }
            _ => Ok(false),
        }
    }

    /// Whether `x` under `w` is an identifier that denotes the same as `name` of `(guile)`.
    pub(super) fn is_core(&mut self, x: Value, f: Form2, name: &'static str) -> Result<bool> {
        if id_symbol(&self.en.heap, x).is_none() {
            return Ok(false);
        }
        let id = self.wrap(x, f.0, f.1);
        let core = self.core_id(name);
        self.same_free(id, core)
    }
}

/// A wrap and a module tag.
pub(super) type Form2 = (Value, Value);
