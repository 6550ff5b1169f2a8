// SPDX-License-Identifier: GPL-3.0-or-later
//! What instructions do when the fast way is not open: natives, globals met for the first time, bodies that
//! are compiled late.

use super::calls::{call_function, enter, instruction_exit};
use super::errors;
use super::op::{Op, RECEIVE_NONE};
use super::words::{link, return_address};
use crate::engine::Engine;
use crate::heap::Tag;
use crate::native::{Exit, Result};
use crate::sys;
use crate::value::Value;

#[inline(always)]
pub(super) fn eqv(engine: &Engine, x: Value, y: Value) -> bool {
    x == y || (x.is_object() && y.is_object() && crate::data::equality::is_eqv(&engine.heap, x, y))
}

/// The machine's flag was found set. The handlers of signals that have arrived are called above the running
/// frame, which goes on afterwards; if it was no signal, somebody wants the evaluation to end.
#[cold]
pub(super) fn interrupted(engine: &mut Engine) -> Result<()> {
    engine.machine.interrupt.store(false, std::sync::atomic::Ordering::Relaxed);
    engine.machine.top = std::ptr::null_mut();
    if !sys::was_woken() {
        let exit = errors::plain(engine, "signal", None, "User interrupt", &[], false);
        return errors::throw(engine, exit);
    }
    let handlers = engine.guile_value("%run-signal-handlers");
    let Some(handlers) = handlers.filter(|_| sys::signals_wait()) else { return Ok(()) };
    let top = engine.machine.current_top();
    let machine = &mut engine.machine;
    if !machine.reserve(top.wrapping_add(16)) {
        let exit = errors::stack_overflow(engine);
        return errors::throw(engine, exit);
    }
    // SAFETY: `reserve` has made sure of the slots, which are above all frames in use.
    unsafe {
        top.write(return_address(machine.pc));
        top.add(1).write(link(top as usize - machine.fp as usize, RECEIVE_NONE));
        top.add(2).write(handlers);
    }
    enter(engine, top, 0)
}

#[cold]
pub(super) fn not_a_pair(engine: &mut Engine, who: &str, value: Value) -> Box<Exit> {
    let message = "Wrong type argument in position 1 (expecting pair): ~S";
    errors::plain(engine, "wrong-type-arg", Some(who), message, &[value], true)
}

/// `(ash x y)` if the result is a fixnum.
#[inline(always)]
pub(super) fn shifted(x: i64, y: i64) -> Option<Value> {
    if y < 0 {
        return Some(Value::fixnum(x >> (-y).min(63)));
    }
    let result = if y < 62 { x << y } else { return None };
    if result >> y == x { Value::try_fixnum(result) } else { None }
}

/// Calls the native that the instruction stands for.
#[cold]
pub(super) fn slow(engine: &mut Engine, op: Op, args: &[Value]) -> Result {
    if let (Op::VectorRef | Op::VectorSet | Op::VectorLength, &[vector, ..]) = (op, args) {
        return Err(vector_error(engine, op, vector, args.get(1).copied()));
    }
    let Some(native) = engine.machine.slow[op as usize] else {
        return Err(errors::plain(
            engine,
            "wrong-type-arg",
            None,
            "Wrong type argument: ~S",
            args,
            true,
        ));
    };
    call_function(engine, native, args)
}

/// What is wrong with the operands of a vector instruction, in the words of Guile's.
#[cold]
pub(super) fn vector_error(
    engine: &mut Engine,
    op: Op,
    vector: Value,
    index: Option<Value>,
) -> Box<Exit> {
    let who = match op {
        Op::VectorRef => "vector-ref",
        Op::VectorSet => "vector-set!",
        _ => "vector-length",
    };
    let (key, message, culprit) = match index {
        Some(index) if engine.heap.is(vector, Tag::Vector) && index.is_fixnum() => {
            ("out-of-range", "Argument 2 out of range: ~S", index)
        }
        Some(index) if engine.heap.is(vector, Tag::Vector) => {
            let message = "Wrong type argument in position 2 (expecting small integer): ~S";
            ("wrong-type-arg", message, index)
        }
        _ => {
            let message = "Wrong type argument in position 1 (expecting vector): ~S";
            ("wrong-type-arg", message, vector)
        }
    };
    errors::plain(engine, key, Some(who), message, &[culprit], true)
}

/// The value of a global whose variable has not been looked up yet, or is unbound.
#[cold]
pub(super) unsafe fn global_slow(engine: &mut Engine, constant: *mut Value) -> Result {
    // SAFETY: by contract a constant of the running code.
    let variable = unsafe { global_variable(engine, constant)? };
    match engine.heap.slots(variable, Tag::Variable) {
        Some(&[value, name, ..]) => {
            if value == Value::UNBOUND {
                let value = engine.value_of(variable)?;
                return value.ok_or_else(|| errors::unbound(engine, name));
            }
            Ok(value)
        }
        _ => Ok(Value::UNSPECIFIED),
    }
}

/// The variable that constant stands for, looked up when first needed.
pub(super) unsafe fn global_variable(engine: &mut Engine, constant: *mut Value) -> Result {
    // SAFETY: by contract a constant of the running code (which its frame keeps alive).
    let descriptor = unsafe { *constant };
    let Some(&[module, name, public]) = engine.heap.slots(descriptor, Tag::Internal) else {
        return Ok(descriptor);
    };
    match engine.lookup_global(module, name, public.is_true())? {
        Some(variable) => {
            // SAFETY: as above; constants that were replaced meanwhile are kept. They belong to the code of
            // the running frame, a closure's.
            unsafe {
                let closure = *engine.machine.fp.add(2);
                engine.heap.touch(*super::words::slots(closure));
                *constant = variable;
            }
            Ok(variable)
        }
        None => Err(errors::unbound(engine, name)),
    }
}

#[cold]
pub(super) unsafe fn global_set(
    engine: &mut Engine,
    constant: *mut Value,
    value: Value,
) -> Result<()> {
    // SAFETY: by contract a constant of the running code.
    let variable = unsafe { global_variable(engine, constant)? };
    let deferred = engine.defer.has(variable);
    match engine.heap.slots_mut(variable, Tag::Variable) {
        Some(slots) if slots[0] != Value::UNBOUND || deferred => {
            slots[0] = value;
            engine.defer.forget(variable);
        }
        Some(&mut [_, name, ..]) => return Err(errors::unbound(engine, name)),
        _ => {}
    }
    Ok(())
}

#[cold]
pub(super) fn define(engine: &mut Engine, descriptor: Value, value: Value) -> Result<()> {
    let Some(&[module, name, _]) = engine.heap.slots(descriptor, Tag::Internal) else {
        return Ok(());
    };
    name_procedure(engine, name, value);
    engine.module_define(module, name, value);
    Ok(())
}

/// A procedure without a name takes that of its definition.
pub(super) fn name_procedure(engine: &mut Engine, name: Value, value: Value) {
    if let Some(&code) = engine.heap.slots(value, Tag::Closure).and_then(|slots| slots.first())
        && let Some(code) = engine.heap.as_code_mut(code)
        && code.details.name == Value::FALSE
    {
        code.details.name = name;
    }
}

/// The `Late` instruction: compiles the body and goes on in it.
#[cold]
pub(super) fn late(engine: &mut Engine, index: usize) -> Result<()> {
    let (fp, pc) = (engine.machine.fp, engine.machine.pc);
    // SAFETY: the running frame is that of a closure.
    let closure = unsafe { *fp.add(2) };
    match crate::compile::compile_late(engine, closure, index) {
        Ok(entry) => {
            let Some(code) = engine.heap.closure_code(closure) else { return Ok(()) };
            let end = fp.wrapping_add(code.frame_size as usize);
            let entry = code.at(entry);
            if !engine.machine.reserve(end) {
                let exit = errors::stack_overflow(engine);
                return errors::throw(engine, exit);
            }
            engine.machine.fp = fp;
            engine.machine.pc = entry;
            Ok(())
        }
        Err(exit) => {
            engine.machine.fp = fp;
            engine.machine.pc = pc;
            instruction_exit(engine, exit)
        }
    }
}
