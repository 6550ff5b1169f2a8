// SPDX-License-Identifier: GPL-3.0-or-later
//! How errors of instructions and natives become calls of Scheme's handlers.

use super::op;
use super::words::{code_of, link, return_address};
use crate::engine::Engine;
use crate::native::{Exit, Result};
use crate::value::Value;

/// The error of a stack that is full.
pub(super) fn stack_overflow(engine: &mut Engine) -> Box<Exit> {
    let heap = &mut engine.heap;
    Box::new(Exit::Error {
        key: heap.intern("stack-overflow"),
        subr: Value::FALSE,
        message: heap.string("Stack overflow"),
        args: Value::NULL,
        data: Value::FALSE,
    })
}

/// `wrong-number-of-args`.
pub(super) fn wrong_number_of_args(engine: &mut Engine, procedure: Value) -> Box<Exit> {
    let heap = &mut engine.heap;
    Box::new(Exit::Error {
        key: heap.intern("wrong-number-of-args"),
        subr: Value::FALSE,
        message: heap.string("Wrong number of arguments to ~A"),
        args: heap.list(&[procedure]),
        data: Value::FALSE,
    })
}

/// An error without a procedure's name, whose data are its arguments.
pub(super) fn plain(
    engine: &mut Engine,
    key: &str,
    subr: Option<&str>,
    message: &str,
    args: &[Value],
    data: bool,
) -> Box<Exit> {
    let heap = &mut engine.heap;
    let args = heap.list(args);
    Box::new(Exit::Error {
        key: heap.intern(key),
        subr: subr.map_or(Value::FALSE, |subr| heap.string(subr)),
        message: heap.string(message),
        args,
        data: if data { args } else { Value::FALSE },
    })
}

/// `unbound-variable`.
pub(super) fn unbound(engine: &mut Engine, name: Value) -> Box<Exit> {
    plain(engine, "unbound-variable", None, "Unbound variable: ~S", &[name], false)
}

/// `keyword-argument-error`.
pub(super) fn keyword(
    engine: &mut Engine,
    procedure: Value,
    message: &str,
    culprit: Value,
) -> Box<Exit> {
    let heap = &mut engine.heap;
    Box::new(Exit::Error {
        key: heap.intern("keyword-argument-error"),
        subr: procedure,
        message: heap.string(message),
        args: Value::NULL,
        data: heap.list(&[culprit]),
    })
}

/// Lets Scheme handle an error of the running instruction: its handler is called in a frame above
/// the running one.
pub(super) fn throw(engine: &mut Engine, exit: Box<Exit>) -> Result<()> {
    let top = engine.machine.current_top();
    throw_above(engine, top, exit)
}

/// Lets Scheme handle an error; the handler's frames start at `top`, above the frame `machine.fp`.
pub(super) fn throw_above(engine: &mut Engine, top: *mut Value, exit: Box<Exit>) -> Result<()> {
    let (handler, args) = match &*exit {
        Exit::Error { key, subr, message, args, data } => {
            let Some(handler) = engine.guile_value("%native-error") else { return Err(exit) };
            (handler, engine.heap.list(&[*key, *subr, *message, *args, *data]))
        }
        Exit::Raise(object) => {
            let Some(handler) = engine.guile_value("raise-exception") else { return Err(exit) };
            (handler, engine.heap.list(&[*object]))
        }
        _ => return Err(exit),
    };
    let machine = &mut engine.machine;
    let error = machine.special.error;
    // SAFETY: the special closure has a code object.
    let code = unsafe { &*code_of(error) };
    if !machine.reserve(top.wrapping_add(code.frame_size as usize + 64))
        && machine.index(top) + code.frame_size as usize + 64 > machine.size
    {
        return Err(exit);
    }
    // SAFETY: the slots from `top` are within the stack and above all frames in use.
    unsafe {
        top.write(return_address(machine.pc));
        top.add(1).write(link(top as usize - machine.fp as usize, op::RECEIVE_MANY));
        top.add(2).write(error);
        top.add(3).write(handler);
        top.add(4).write(args);
    }
    machine.fp = top;
    machine.top = std::ptr::null_mut();
    machine.pc = code.entry;
    Ok(())
}
