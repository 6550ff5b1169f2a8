// SPDX-License-Identifier: GPL-3.0-or-later
//! Calls of what is no plain closure, arguments from lists, and returns of several values.

use super::op::{RECEIVE_MANY, RECEIVE_NONE};
use super::slow::interrupted;
use super::words::{code_of, decode_address, decode_link, link, return_address};
use super::{Continuation, applicable, arguments, control, errors};
use crate::engine::Engine;
use crate::heap::Tag;
use crate::native::{Exit, Function, Native, Result};
use crate::value::Value;

/// Calls a native with arguments whose number fits.
#[inline(always)]
pub(super) fn call_function(
    engine: &mut Engine,
    native: &'static Native,
    args: &[Value],
) -> Result {
    match (native.function, args) {
        (Function::F1(f), &[x]) => f(engine, x),
        (Function::F2(f), &[x, y]) => f(engine, x, y),
        (Function::F3(f), &[x, y, z]) => f(engine, x, y, z),
        (Function::F0(f), &[]) => f(engine),
        (Function::Rest(f), args) => f(engine, args),
        _ => engine.error("misc-error", native.name, "wrong native table entry", &[]),
    }
}

/// Calls a native with the `n` arguments at `args`.
///
/// # Safety
/// `callee` is a native; the arguments are on the stack.
#[inline(always)]
pub(super) unsafe fn call_native(
    engine: &mut Engine,
    callee: Value,
    args: *const Value,
    n: usize,
) -> Result {
    // SAFETY: a native's body is a reference to its description; the arguments lie
    // within the stack, below every frame that the native may cause to be made.
    let (native, args) = unsafe {
        let body = std::ptr::with_exposed_provenance::<&'static Native>(callee.address() + 8);
        (*body, std::slice::from_raw_parts(args, n))
    };
    let required = native.required as usize;
    if n == required || (n > required && (native.rest || n <= required + native.optional as usize))
    {
        call_function(engine, native, args)
    } else {
        Err(errors::wrong_number_of_args(engine, callee))
    }
}

/// An instruction has failed.
#[cold]
pub(super) fn instruction_exit(engine: &mut Engine, exit: Box<Exit>) -> Result<()> {
    match *exit {
        Exit::Error { .. } | Exit::Raise(_) => errors::throw(engine, exit),
        _ => {
            // A nested run (for an autoload, a late body) was left: go on above this frame.
            let top = engine.machine.current_top();
            let machine = &mut engine.machine;
            if !machine.reserve(top.wrapping_add(16)) {
                return Err(exit);
            }
            // SAFETY: `reserve` has made sure of the slots.
            unsafe {
                top.write(return_address(machine.pc));
                top.add(1).write(link(top as usize - machine.fp as usize, RECEIVE_NONE));
                top.add(2).write(machine.special.error);
            }
            machine.fp = top;
            control::go_on(engine, top)
        }
    }
}

/// The native in the window `w` has left without a value.
#[cold]
pub(super) fn native_exit(
    engine: &mut Engine,
    w: *mut Value,
    n: usize,
    exit: Box<Exit>,
) -> Result<()> {
    engine.machine.fp = w;
    engine.machine.top = std::ptr::null_mut();
    match *exit {
        Exit::Values(values) => return_values(engine, w, values),
        Exit::TailCall(procedure, args) => {
            let count = args.len();
            if !engine.machine.reserve(w.wrapping_add(count + 16)) {
                let exit = errors::stack_overflow(engine);
                return errors::throw_above(engine, w.wrapping_add(3 + n), exit);
            }
            // SAFETY: `reserve` has made sure of the slots.
            unsafe {
                w.add(2).write(procedure);
                for (i, &value) in args.iter().enumerate() {
                    w.add(3 + i).write(value);
                }
            }
            enter(engine, w, count)
        }
        Exit::Error { .. } | Exit::Raise(_) => {
            engine.machine.pc = engine.machine.special.returned;
            errors::throw_above(engine, w.wrapping_add(3 + n), exit)
        }
        Exit::Unwind => control::go_on(engine, w),
    }
}

/// Enters the procedure in the window `w` (whose header is in place) with `n` arguments, whatever it is.
pub(super) fn enter(engine: &mut Engine, w: *mut Value, mut n: usize) -> Result<()> {
    // The frame below is no longer of interest to errors: it may be the one that is replaced.
    engine.machine.fp = w;
    loop {
        // SAFETY: the window is within the stack and its procedure and arguments are values.
        let callee = unsafe { *w.add(2) };
        match engine.heap.tag(callee) {
            // SAFETY: the tag says what the value is; `reserve` makes sure of the slots.
            Some(Tag::Closure) => unsafe {
                let code = code_of(callee);
                let end = w.wrapping_add((*code).frame_size as usize + n + 4);
                if !engine.machine.reserve(end) {
                    return overflow(engine, w, n);
                }
                let entry = if (*code).simple as usize == n {
                    (*code).entry
                } else {
                    match arguments::bind(engine, code, w, n) {
                        Ok(entry) => entry,
                        Err(exit) => return fail_in(engine, w, n, exit),
                    }
                };
                engine.machine.pc = entry;
                return match engine.machine.interrupted() {
                    true => interrupted(engine),
                    false => Ok(()),
                };
            },
            Some(Tag::Native) => {
                engine.machine.top = w.wrapping_add(3 + n);
                if engine.heap.wants_collection() {
                    engine.collect();
                }
                engine.machine.pc = engine.machine.special.returned;
                // SAFETY: it is a native; its arguments are in the window.
                let result = unsafe { call_native(engine, callee, w.add(3), n) };
                engine.machine.top = std::ptr::null_mut();
                return match result {
                    Ok(value) => {
                        return_one(engine, w, value);
                        Ok(())
                    }
                    Err(exit) => native_exit(engine, w, n, exit),
                };
            }
            Some(Tag::Parameter) => {
                let Some(&[fluid, converter]) = engine.heap.slots(callee, Tag::Parameter) else {
                    return Ok(());
                };
                let value = engine.heap.slots(fluid, Tag::Fluid).map_or(Value::FALSE, |s| s[0]);
                if n > 1 {
                    let exit = errors::wrong_number_of_args(engine, callee);
                    return fail_in(engine, w, n, exit);
                }
                if n == 0 {
                    return_one(engine, w, value);
                    return Ok(());
                }
                // SAFETY: the argument is in the window, which `reserve` gives more room.
                unsafe {
                    let new = *w.add(3);
                    if converter.is_true() {
                        if !engine.machine.reserve(w.wrapping_add(16)) {
                            return overflow(engine, w, n);
                        }
                        w.add(2).write(engine.machine.special.set_parameter);
                        w.add(3).write(converter);
                        w.add(4).write(fluid);
                        w.add(5).write(new);
                        n = 3;
                        continue;
                    }
                    if let Some(slots) = engine.heap.slots_mut(fluid, Tag::Fluid) {
                        slots[0] = new;
                    }
                }
                return_one(engine, w, value);
                return Ok(());
            }
            Some(Tag::Struct) => match applicable(engine, callee) {
                // SAFETY: the window's register.
                Some(procedure) => unsafe { w.add(2).write(procedure) },
                None => return not_applicable(engine, w, n, callee),
            },
            // A name that became an inlined procedure after this call was compiled.
            Some(Tag::Macro) => match engine.procedure_behind_macro(callee) {
                // SAFETY: the window's register.
                Some(procedure) => unsafe { w.add(2).write(procedure) },
                None => return not_applicable(engine, w, n, callee),
            },
            Some(Tag::Foreign) if engine.heap.as_foreign::<Continuation>(callee).is_some() => {
                // SAFETY: the arguments are in the window.
                let values = unsafe { std::slice::from_raw_parts(w.add(3), n) }.to_vec();
                engine.machine.pc = engine.machine.special.returned;
                return control::resume(engine, w, callee, values);
            }
            _ => return not_applicable(engine, w, n, callee),
        }
        n += 0;
    }
}

#[cold]
pub(super) fn not_applicable(
    engine: &mut Engine,
    w: *mut Value,
    n: usize,
    callee: Value,
) -> Result<()> {
    let message = "Wrong type to apply: ~S";
    let exit = errors::plain(engine, "wrong-type-arg", None, message, &[callee], true);
    fail_in(engine, w, n, exit)
}

#[cold]
pub(super) fn overflow(engine: &mut Engine, w: *mut Value, n: usize) -> Result<()> {
    let exit = errors::stack_overflow(engine);
    fail_in(engine, w, n, exit)
}

/// An error on entering the procedure in the window `w`.
#[cold]
pub(super) fn fail_in(engine: &mut Engine, w: *mut Value, n: usize, exit: Box<Exit>) -> Result<()> {
    engine.machine.pc = engine.machine.special.returned;
    errors::throw_above(engine, w.wrapping_add(3 + n), exit)
}

/// Returns `value` from the frame `w`.
pub(super) fn return_one(engine: &mut Engine, w: *mut Value, value: Value) {
    // SAFETY: `w` has a header that leads to the caller's frame.
    unsafe {
        engine.machine.pc = decode_address(*w);
        engine.machine.fp = w.wrapping_byte_sub(decode_link(*w.add(1)).0);
        w.write(value);
    }
}

/// Returns any number of values from the frame `w`.
pub(super) fn return_values(engine: &mut Engine, w: *mut Value, values: Vec<Value>) -> Result<()> {
    engine.machine.values = values;
    return_many(engine, w)
}

/// Returns the machine's `values` from the frame `w`.
pub(super) fn return_many(engine: &mut Engine, w: *mut Value) -> Result<()> {
    if let &[value] = &engine.machine.values[..] {
        return_one(engine, w, value);
        return Ok(());
    }
    // SAFETY: `w` has a header.
    let receive = unsafe { decode_link(*w.add(1)).1 };
    let first = engine.machine.values.first().copied();
    match receive {
        RECEIVE_MANY => {
            return_one(engine, w, Value::UNSPECIFIED);
            engine.machine.pc = engine.machine.pc.wrapping_add(1);
        }
        RECEIVE_NONE => return_one(engine, w, Value::UNSPECIFIED),
        _ => match first {
            Some(value) => return_one(engine, w, value),
            None => {
                return_one(engine, w, Value::UNSPECIFIED);
                let message = "Zero values returned to single-valued continuation";
                let exit = errors::plain(engine, "misc-error", None, message, &[], false);
                return errors::throw(engine, exit);
            }
        },
    }
    Ok(())
}

/// Makes the `count` values at `from` the machine's values.
///
/// # Safety
/// They are registers of the running frame.
pub(super) unsafe fn put_values(engine: &mut Engine, from: *const Value, count: usize) {
    let values = &mut engine.machine.values;
    values.clear();
    // SAFETY: by contract.
    values.extend_from_slice(unsafe { std::slice::from_raw_parts(from, count) });
}

/// The `TakeValues` instruction.
///
/// # Safety
/// The registers are those of the running frame.
pub(super) unsafe fn take_values(
    engine: &mut Engine,
    to: *mut Value,
    count: usize,
    rest: bool,
) -> Result<()> {
    let values = std::mem::take(&mut engine.machine.values);
    if values.len() < count || (!rest && values.len() > count) {
        let message = "Wrong number of values returned to continuation (expected ~a)";
        let key = "wrong-number-of-args";
        let expected = Value::fixnum(count as i64);
        return Err(errors::plain(engine, key, None, message, &[expected], false));
    }
    // SAFETY: by contract.
    unsafe {
        for (i, &value) in values[..count].iter().enumerate() {
            to.add(i).write(value);
        }
        if rest {
            let list = engine.heap.list(&values[count..]);
            to.add(count).write(list);
        }
    }
    engine.machine.values = values;
    engine.machine.values.clear();
    Ok(())
}

/// Calls the procedure in register 2 of the frame `w` with the machine's values.
pub(super) fn call_with_received(engine: &mut Engine, w: *mut Value) -> Result<()> {
    let values = std::mem::take(&mut engine.machine.values);
    if !engine.machine.reserve(w.wrapping_add(values.len() + 16)) {
        return overflow(engine, w, 0);
    }
    for (i, &value) in values.iter().enumerate() {
        // SAFETY: `reserve` has made sure of the slots.
        unsafe { w.add(3 + i).write(value) };
    }
    enter(engine, w, values.len())
}

/// Calls the procedure in the window with `n` arguments the last of which is a list of further ones.
pub(super) fn spread(engine: &mut Engine, w: *mut Value, n: usize) -> Result<()> {
    // SAFETY: the arguments are in the window, which is a frame's.
    let list = unsafe { *w.add(2 + n) };
    let mut count = n - 1;
    let mut rest = list;
    let mut steps = 0usize;
    while let Some((car, cdr)) = engine.heap.pair(rest) {
        if !engine.machine.reserve(w.wrapping_add(count + 16)) {
            engine.machine.fp = w;
            return overflow(engine, w, 0);
        }
        // SAFETY: `reserve` has made sure of the slot.
        unsafe { w.add(3 + count).write(car) };
        count += 1;
        steps += 1;
        rest = cdr;
        let _ = steps;
    }
    if !rest.is_null() {
        engine.machine.fp = w;
        let message = "Apply to non-list: ~S";
        let exit = errors::plain(engine, "wrong-type-arg", Some("apply"), message, &[list], true);
        return fail_in(engine, w, 0, exit);
    }
    enter(engine, w, count)
}

/// Calls the procedure in register 2 of the frame `w` with the list in 3, whose last element is a
/// list of further arguments.
pub(super) fn apply_list(engine: &mut Engine, w: *mut Value) -> Result<()> {
    // SAFETY: registers of the frame.
    let mut rest = unsafe { *w.add(3) };
    let mut count = 0;
    while let Some((car, cdr)) = engine.heap.pair(rest) {
        if !engine.machine.reserve(w.wrapping_add(count + 16)) {
            return overflow(engine, w, 0);
        }
        // SAFETY: `reserve` has made sure of the slot.
        unsafe { w.add(3 + count).write(car) };
        count += 1;
        rest = cdr;
    }
    if count == 0 { enter(engine, w, 0) } else { spread(engine, w, count) }
}
