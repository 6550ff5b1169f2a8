// SPDX-License-Identifier: GPL-3.0-or-later
//! Procedures that the machine itself provides: written in bytecode, because they call other
//! procedures.

use super::code::{ClauseInfo, Code, Parts};
use super::op::{Op, RECEIVE_MANY, RECEIVE_NONE, RECEIVE_ONE, word, word_signed};
use crate::heap::{Heap, Tag, Tracer};
use crate::value::Value;

/// One of them, as `(guile)` shows it.
pub(crate) struct SpecialProcedure {
    /// Its names.
    pub names: &'static [&'static str],
    required: u32,
    rest: bool,
    frame_size: u32,
    body: fn() -> Vec<u64>,
}

fn w(op: Op, a: u16, b: u16, c: u32) -> u64 {
    word(op, a, b, c)
}

/// Calls the thunk in register `thunk` with window 6, between instructions that begin and end something.
fn around(begin: Vec<u64>, thunk: u16) -> Vec<u64> {
    let mut code = begin;
    code.extend([
        w(Op::Mov, 8, thunk, 0),
        w(Op::Call, 6, 0, RECEIVE_MANY),
        word_signed(Op::Jump, 0, 0, 2), // one value
        w(Op::DynPop, 0, 0, 0),
        w(Op::ReturnMany, 0, 0, 0),
        w(Op::DynPop, 0, 0, 0),
        w(Op::Return, 6, 0, 0),
    ]);
    code
}

fn dynamic_wind() -> Vec<u64> {
    vec![
        w(Op::Mov, 8, 3, 0),
        w(Op::Call, 6, 0, RECEIVE_NONE),
        w(Op::WindPush, 3, 5, 0),
        w(Op::Mov, 8, 4, 0),
        w(Op::Call, 6, 0, RECEIVE_MANY),
        word_signed(Op::Jump, 0, 0, 6), // one value
        w(Op::SaveValues, 6, 0, 0),
        w(Op::DynPop, 0, 0, 0),
        w(Op::Mov, 9, 5, 0),
        w(Op::Call, 7, 0, RECEIVE_NONE),
        w(Op::RestoreValues, 6, 0, 0),
        w(Op::ReturnMany, 0, 0, 0),
        w(Op::DynPop, 0, 0, 0),
        w(Op::Mov, 9, 5, 0),
        w(Op::Call, 7, 0, RECEIVE_NONE),
        w(Op::Return, 6, 0, 0),
    ]
}

fn call_with_values() -> Vec<u64> {
    vec![
        w(Op::Mov, 7, 3, 0),
        w(Op::Call, 5, 0, RECEIVE_MANY),
        word_signed(Op::Jump, 0, 0, 1), // one value
        w(Op::TailCallMany, 4, 0, 0),
        w(Op::Mov, 8, 5, 0),
        w(Op::Mov, 7, 4, 0),
        w(Op::TailCall, 5, 1, 0),
    ]
}

fn prompt() -> Vec<u64> {
    around(vec![w(Op::PromptPush, 3, 0, 0)], 4)
}

fn with_fluid() -> Vec<u64> {
    around(vec![w(Op::FluidPush, 3, 4, 0)], 5)
}

fn with_state() -> Vec<u64> {
    around(vec![w(Op::StatePush, 3, 0, 0)], 4)
}

/// The procedures.
pub(crate) static SPECIALS: &[SpecialProcedure] = &[
    SpecialProcedure {
        names: &["apply"],
        required: 1,
        rest: true,
        frame_size: 8,
        body: || vec![w(Op::ApplyList, 3, 4, 0)],
    },
    SpecialProcedure {
        names: &["call-with-values"],
        required: 2,
        rest: false,
        frame_size: 12,
        body: call_with_values,
    },
    SpecialProcedure {
        names: &["call-with-prompt"],
        required: 3,
        rest: false,
        frame_size: 12,
        body: prompt,
    },
    SpecialProcedure {
        names: &["abort-to-prompt"],
        required: 1,
        rest: true,
        frame_size: 8,
        body: || vec![w(Op::Abort, 3, 4, 0)],
    },
    SpecialProcedure {
        names: &["call-with-current-continuation", "call/cc"],
        required: 1,
        rest: false,
        frame_size: 8,
        body: || vec![w(Op::CallCc, 3, 0, 0)],
    },
    SpecialProcedure {
        names: &["dynamic-wind"],
        required: 3,
        rest: false,
        frame_size: 14,
        body: dynamic_wind,
    },
    SpecialProcedure {
        names: &["with-fluid*"],
        required: 3,
        rest: false,
        frame_size: 12,
        body: with_fluid,
    },
    SpecialProcedure {
        names: &["with-dynamic-state"],
        required: 2,
        rest: false,
        frame_size: 12,
        body: with_state,
    },
];

impl SpecialProcedure {
    /// The procedure as a closure.
    pub(crate) fn make(&self, heap: &mut Heap) -> Value {
        make(heap, self.names[0], self.required, self.rest, self.frame_size, (self.body)())
    }
}

fn make(
    heap: &mut Heap,
    name: &str,
    required: u32,
    rest: bool,
    frame_size: u32,
    body: Vec<u64>,
) -> Value {
    let clause = ClauseInfo { required, rest, ..ClauseInfo::default() };
    let parts = Parts { instructions: body, frame_size, clauses: vec![clause], ..Parts::default() };
    let name = heap.intern(name);
    let code = heap.code(Code::new(parts, name, Value::NULL));
    heap.slots_from(Tag::Closure, &[code])
}

/// What the machine itself needs.
pub(super) struct Special {
    /// Starts a run: calls the procedure in register 3 with the list in 4.
    pub halt: Value,
    /// Calls an error handler likewise; it must not return.
    pub error: Value,
    /// Follows a plan.
    pub step: Value,
    /// Sets a parameter: converter, fluid, value.
    pub set_parameter: Value,
    /// An instruction for return addresses that are never used.
    pub returned: *const u64,
}

impl Special {
    pub fn new(heap: &mut Heap) -> Special {
        let call = [
            w(Op::Mov, 7, 3, 0),
            w(Op::Mov, 8, 4, 0),
            w(Op::Spread, 5, 1, RECEIVE_MANY),
            w(Op::PutValues, 5, 1, 0),
        ];
        let ending = |last| call.iter().copied().chain([w(last, 0, 0, 0)]).collect();
        let halt = make(heap, "%halt", 0, false, 12, ending(Op::Halt));
        let error = make(heap, "%error", 0, false, 12, ending(Op::Returned));
        let step = make(heap, "%step", 0, false, 8, vec![w(Op::Step, 3, 0, 0)]);
        let returned = heap.closure_code(error).map_or(std::ptr::null(), |code| code.at(4));
        let set = vec![
            w(Op::Mov, 8, 3, 0),
            w(Op::Mov, 9, 5, 0),
            w(Op::Call, 6, 1, RECEIVE_ONE),
            w(Op::FluidRef, 7, 4, 0),
            w(Op::BoxSet, 4, 6, 0), // a fluid's first slot is its value
            w(Op::Return, 7, 0, 0),
        ];
        let set_parameter = make(heap, "%set-parameter", 3, false, 12, set);
        Special { halt, error, step, set_parameter, returned }
    }

    pub fn trace(&self, tracer: &mut Tracer) {
        tracer.visit_all(&[self.halt, self.error, self.step, self.set_parameter]);
    }

    /// Whether backtraces leave the procedure out.
    pub fn is_hidden(&self, procedure: Value) -> bool {
        procedure == self.halt || procedure == self.error || procedure == self.step
    }
}
