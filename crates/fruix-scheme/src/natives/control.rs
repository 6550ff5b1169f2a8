// SPDX-License-Identifier: GPL-3.0-or-later
//! Procedures about procedures, fluids, dynamic states and the collector.

use crate::engine::Engine;
use crate::heap::Tag;
use crate::machine::{self, Continuation, DynamicState};
use crate::native;
use crate::native::{Exit, Native, Result};
use crate::natives::args::optional;
use crate::value::Value;

/// The procedures.
pub static NATIVES: &[Native] = &[
    native!("values", 0, 0, true, |_, args| match args {
        &[only] => Ok(only),
        _ => Err(Box::new(Exit::Values(args.to_vec()))),
    }),
    native!("procedure?", 1, |e, v| Ok(Value::bool(machine::is_procedure(e, v)))),
    native!("make-prompt-tag", 0, 1, false, |e, args| {
        let name = match optional(args, 0) {
            Some(name) => name,
            None => e.heap.string("prompt"),
        };
        Ok(e.heap.list(&[name]))
    }),
    native!("make-fluid", 0, 1, false, |e, args| {
        let default = optional(args, 0).unwrap_or(Value::FALSE);
        Ok(make_fluid(e, default))
    }),
    native!("make-thread-local-fluid", 0, 1, false, |e, args| {
        let default = optional(args, 0).unwrap_or(Value::FALSE);
        Ok(make_fluid(e, default))
    }),
    native!("make-unbound-fluid", 0, |e| Ok(make_fluid(e, Value::UNBOUND))),
    native!("fluid?", 1, |e, v| Ok(Value::bool(e.heap.is(v, Tag::Fluid)))),
    native!("fluid-ref", 1, |e, fluid| match fluid_value(e, "fluid-ref", fluid)? {
        Value::UNBOUND => e.error("misc-error", "fluid-ref", "unbound fluid: ~S", &[fluid]),
        value => Ok(value),
    }),
    native!("fluid-ref*", 2, |e, fluid, _| fluid_value(e, "fluid-ref*", fluid)),
    native!("fluid-set!", 2, |e, fluid, value| set_fluid(e, "fluid-set!", fluid, value)),
    native!("fluid-unset!", 1, |e, fluid| set_fluid(e, "fluid-unset!", fluid, Value::UNBOUND)),
    native!("fluid-bound?", 1, |e, fluid| {
        Ok(Value::bool(fluid_value(e, "fluid-bound?", fluid)? != Value::UNBOUND))
    }),
    native!("current-dynamic-state", 0, |e| Ok(machine::current_state(e))),
    native!("make-dynamic-state", 0, 1, false, |e, args| match optional(args, 0) {
        Some(state) => Ok(state),
        None => Ok(machine::current_state(e)),
    }),
    native!("set-current-dynamic-state", 1, |e, state| {
        let old = machine::current_state(e);
        machine::set_state(e, state);
        Ok(old)
    }),
    native!("dynamic-state?", 1, |e, v| {
        Ok(Value::bool(e.heap.as_foreign::<DynamicState>(v).is_some()))
    }),
    native!("continuation?", 1, |e, v| {
        Ok(Value::bool(e.heap.as_foreign::<Continuation>(v).is_some()))
    }),
    native!("suspendable-continuation?", 1, |e, tag| Ok(Value::bool(machine::has_prompt(e, tag)))),
    native!("%make-parameter", 2, |e, fluid, converter| {
        Ok(e.heap.slots_from(Tag::Parameter, &[fluid, converter]))
    }),
    native!("parameter?", 1, |e, v| Ok(Value::bool(e.heap.is(v, Tag::Parameter)))),
    native!("parameter-fluid", 1, |e, v| parameter_slot(e, "parameter-fluid", v, 0)),
    native!("parameter-converter", 1, |e, v| parameter_slot(e, "parameter-converter", v, 1)),
    native!("gc", 0, |_| Ok(Value::UNSPECIFIED)),
    native!("abort-to-prompt*", 2, |e, tag, list| match (
        e.heap.list_to_vec(list),
        e.guile_value("abort-to-prompt")
    ) {
        (Some(mut values), Some(abort)) => {
            values.insert(0, tag);
            Err(Box::new(Exit::TailCall(abort, values)))
        }
        _ => e.wrong_type("abort-to-prompt*", 2, list),
    }),
    native!("fluid-thread-local?", 1, |e, fluid| {
        fluid_value(e, "fluid-thread-local?", fluid).map(|_| Value::FALSE)
    }),
    native!("self-evaluating?", 1, |e, v| {
        Ok(Value::bool(!v.is_pair() && !v.is_null() && !e.heap.is(v, Tag::Symbol)))
    }),
    native!("object-address", 1, |_, v| Ok(Value::fixnum((v.bits() & ((1 << 60) - 1)) as i64))),
    // Objects are never given back: a guardian's users must not rely on finalisation.
    native!("make-guardian", 0, |e| {
        let guardian = e.guile_value("%guardian").unwrap_or(Value::FALSE);
        Ok(guardian)
    }),
    native!("%guardian", 0, 1, false, |_, args| {
        Ok(if args.is_empty() { Value::FALSE } else { Value::UNSPECIFIED })
    }),
    native!("gc-stats", 0, gc_stats),
    native!("gc-run-time", 0, |_| Ok(Value::fixnum(0))),
    native!("gc-dump", 0, |_| Ok(Value::UNSPECIFIED)),
    native!("debug-options", 0, 1, false, |_, _| Ok(Value::NULL)),
    native!("debug-enable", 0, 0, true, |_, _| Ok(Value::NULL)),
    native!("debug-disable", 0, 0, true, |_, _| Ok(Value::NULL)),
    native!("gc-disable", 0, |_| Ok(Value::UNSPECIFIED)),
    native!("gc-enable", 0, |_| Ok(Value::UNSPECIFIED)),
];

fn gc_stats(engine: &mut Engine) -> Result {
    let times = Value::fixnum(engine.heap.collections() as i64);
    let key = engine.heap.intern("gc-times");
    let entry = engine.heap.cons(key, times);
    Ok(engine.heap.list(&[entry]))
}

fn make_fluid(engine: &mut Engine, default: Value) -> Value {
    let fluid = engine.heap.slots_from(Tag::Fluid, &[default, default]);
    engine.machine.add_fluid(fluid);
    fluid
}

fn wrong<T>(engine: &mut Engine, subr: &str, expected: &str, value: Value) -> Result<T> {
    let heap = &mut engine.heap;
    let expected = heap.string(expected);
    let args = heap.list(&[Value::fixnum(1), expected, value]);
    let data = heap.list(&[value]);
    Err(Box::new(Exit::Error {
        key: heap.intern("wrong-type-arg"),
        subr: heap.string(subr),
        message: heap.string("Wrong type argument in position ~A (expecting ~A): ~S"),
        args,
        data,
    }))
}

fn fluid_value(engine: &mut Engine, subr: &str, fluid: Value) -> Result {
    match engine.heap.slots(fluid, Tag::Fluid) {
        Some(slots) => Ok(slots[0]),
        None => wrong(engine, subr, "fluid", fluid),
    }
}

fn set_fluid(engine: &mut Engine, subr: &str, fluid: Value, value: Value) -> Result {
    match engine.heap.slots_mut(fluid, Tag::Fluid) {
        Some(slots) => {
            slots[0] = value;
            Ok(Value::UNSPECIFIED)
        }
        None => wrong(engine, subr, "fluid", fluid),
    }
}

fn parameter_slot(engine: &mut Engine, subr: &str, value: Value, index: usize) -> Result {
    match engine.heap.slots(value, Tag::Parameter) {
        Some(slots) => Ok(slots[index]),
        None => wrong(engine, subr, "parameter", value),
    }
}

/// Defines the variables that hold no native.
pub fn install(engine: &mut Engine) {
    let name = engine.heap.string("prompt");
    let tag = engine.heap.list(&[name]);
    let fluid = make_fluid(engine, tag);
    let parameter = engine.heap.slots_from(Tag::Parameter, &[fluid, Value::FALSE]);
    let stacks = make_fluid(engine, Value::FALSE);
    let guile = engine.modules.guile;
    for (name, value) in [("default-prompt-tag", parameter), ("%stacks", stacks)] {
        let name = engine.heap.intern(name);
        engine.module_define(guile, name, value);
    }
}

impl Engine {
    /// The value of a parameter object.
    pub fn parameter_value(&self, parameter: Value) -> Option<Value> {
        let fluid = *self.heap.slots(parameter, Tag::Parameter)?.first()?;
        self.heap.slots(fluid, Tag::Fluid).map(|slots| slots[0])
    }

    /// What `write` shows of a closure.
    pub fn describe_procedure(&self, procedure: Value) -> String {
        let Some(code) = self.heap.closure_code(procedure) else { return String::new() };
        let details = code.details();
        let name = match self.heap.symbol_name(details.name) {
            Some(name) => name.to_owned(),
            None => match code.location(0) {
                Some(place) => format!(
                    "{:x} at {}:{}:{}",
                    procedure.bits(),
                    place.file.as_deref().unwrap_or("<unknown port>"),
                    place.line + 1,
                    place.column
                ),
                None => format!("{:x}", procedure.bits()),
            },
        };
        let clauses: Vec<String> = details.clauses.iter().map(|c| self.formals(c)).collect();
        format!("#<procedure {name} {}>", clauses.join(" | "))
    }

    /// The formal parameters of a clause, as `write` shows them.
    pub(crate) fn formals(&self, clause: &machine::ClauseInfo) -> String {
        let mut names = clause.names.iter().map(|&n| self.heap.symbol_name(n).unwrap_or("_"));
        let mut name = || names.next().unwrap_or("_").to_owned();
        let mut words: Vec<String> = (0..clause.required).map(|_| name()).collect();
        if clause.optional > 0 {
            words.push("#:optional".to_owned());
            words.extend((0..clause.optional).map(|_| name()));
        }
        let rest = clause.rest.then(&mut name);
        if clause.has_keywords {
            words.push("#:key".to_owned());
            words.extend(clause.keywords.iter().map(|_| name()));
            if clause.allow_other_keys {
                words.push("#:allow-other-keys".to_owned());
            }
        }
        match rest {
            Some(rest) if words.is_empty() => rest,
            Some(rest) => format!("({} . {rest})", words.join(" ")),
            None => format!("({})", words.join(" ")),
        }
    }
}
