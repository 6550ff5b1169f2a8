// SPDX-License-Identifier: GPL-3.0-or-later
//! Looking at the stack: backtraces.

use super::{Machine, words};
use crate::engine::Engine;
use crate::heap::Tag;
use crate::tree::Location;
use crate::value::Value;

/// A procedure that is being run.
#[derive(Debug, Clone)]
pub struct FrameInfo {
    /// The procedure.
    pub procedure: Value,
    /// The procedure's name, a symbol or `#f`.
    pub name: Value,
    /// The place of the call or expression that is being evaluated.
    pub location: Option<Location>,
    /// How deep in the stack the frame starts, to compare with [`Machine::depth`].
    pub depth: usize,
}

impl Machine {
    /// How many slots of the stack are in use.
    pub(crate) fn depth(&self) -> usize {
        self.index(self.current_top())
    }
}

/// Most frames that a backtrace has.
const MAX_FRAMES: usize = 10_000;

/// The procedures that are being run, innermost first; frames of the machine's own are left out.
pub fn backtrace(engine: &Engine) -> Vec<FrameInfo> {
    let machine = &engine.machine;
    let mut frames = Vec::new();
    let (mut fp, mut pc) = (machine.fp, machine.pc);
    while !machine.runs.is_empty() && fp > machine.stack && frames.len() < MAX_FRAMES {
        // SAFETY: `fp` is a frame of the stack; each frame's header leads to another below it, down to the
        // base of the outermost run, whose link leads to the stack's start.
        unsafe {
            let procedure = *fp.add(2);
            if !machine.special.is_hidden(procedure) {
                frames.push(describe(engine, procedure, pc, machine.index(fp)));
            }
            pc = words::decode_address(*fp);
            let distance = words::decode_link(*fp.add(1)).0;
            if distance == 0 {
                break;
            }
            fp = fp.wrapping_byte_sub(distance);
        }
    }
    frames
}

fn describe(engine: &Engine, procedure: Value, pc: *const u64, depth: usize) -> FrameInfo {
    let heap = &engine.heap;
    let code = heap.closure_code(procedure);
    let name = match (code, heap.as_native(procedure)) {
        (Some(code), _) => code.details.name,
        (_, Some(native)) => heap.find_symbol(native.name).unwrap_or(Value::FALSE),
        _ => Value::FALSE,
    };
    debug_assert!(code.is_none() || heap.is(procedure, Tag::Closure));
    // The address is that of the next instruction.
    let location = code.and_then(|code| code.location(code.index_of(pc)?.checked_sub(1)?));
    FrameInfo { procedure, name, location, depth }
}
