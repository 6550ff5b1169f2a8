// SPDX-License-Identifier: GPL-3.0-or-later
//! The verifier: says of code from outside that it cannot harm the machine.
//!
//! The machine trusts its code: registers lie within the frame, constants and jumps within the code, boxes are
//! boxes, a closure has as many free variables as its code asks for, and no code ends without a return.
//! All of that is checked here, by following each way through the code once for each state that
//! matters: which registers hold boxes or closures that were made in the same code.

use super::decode::{Constant, Raw};
use super::encode::data_words;
use crate::machine::ClauseInfo;
use crate::machine::op::{self, Op, RECEIVE_MANY};
use crate::value::Value;

/// What is known of a register or free variable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Known {
    Any,
    Box,
    /// A closure of this code that was made here, with its free variables.
    Closure(usize),
}

/// First register that is not part of a frame's header.
const FIRST: usize = 3;

/// Whether all of the code is sound; `roots` is the code of procedures without free variables.
pub(super) fn all(raws: &[Raw], roots: &[usize]) -> bool {
    let mut free: Vec<Option<Vec<Known>>> = vec![None; raws.len()];
    for &root in roots {
        match free.get_mut(root) {
            Some(known) => *known = Some(Vec::new()),
            None => return false,
        }
    }
    // What makes a closure of a code object comes behind it.
    (0..raws.len()).rev().all(|n| match free[n].take() {
        Some(own) => Checker { raw: &raws[n], number: n, own, free: &mut free }.check().is_some(),
        // Nothing ever makes a closure of it.
        None => true,
    })
}

struct Checker<'a> {
    raw: &'a Raw,
    number: usize,
    /// What is known of the free variables.
    own: Vec<Known>,
    /// What is known of those of other code.
    free: &'a mut [Option<Vec<Known>>],
}

/// What is known of the registers of a frame; most are anything.
#[derive(Clone, PartialEq)]
struct State {
    frame: usize,
    known: Vec<(usize, Known)>,
}

impl State {
    fn get(&self, register: usize) -> Known {
        self.known.iter().find(|k| k.0 == register).map_or(Known::Any, |k| k.1)
    }

    fn set(&mut self, register: usize, known: Known) {
        if !self.known.is_empty() {
            self.known.retain(|k| k.0 != register);
        }
        if known != Known::Any {
            self.known.push((register, known));
        }
    }

    /// Nothing is known from register `start` on, for `count` registers.
    fn forget(&mut self, start: usize, count: usize) {
        if !self.known.is_empty() {
            self.known.retain(|k| k.0 < start || k.0 - start >= count);
        }
    }

    /// Forgets what is not known in `other`; says whether there was anything.
    fn join(&mut self, other: &State) -> bool {
        let before = self.known.len();
        self.known.retain(|k| other.get(k.0) == k.1);
        self.known.len() != before
    }
}

impl Checker<'_> {
    fn check(&mut self) -> Option<()> {
        let parts = &self.raw.parts;
        let (code, frame) = (&parts.instructions, parts.frame_size as usize);
        if code.is_empty() || frame > usize::from(u16::MAX) / 2 || frame < FIRST {
            return None;
        }
        // Data words are no instructions.
        let mut starts = vec![false; code.len()];
        let mut at = 0;
        while at < code.len() {
            starts[at] = true;
            at += 1 + data_words(code[at]);
        }
        let mut states: Vec<Option<State>> = vec![None; code.len()];
        let mut work = Vec::new();
        let joins = joins(code, &starts);
        if parts.clauses.is_empty() {
            return None;
        }
        for clause in &parts.clauses {
            if parameters(clause)? + FIRST > frame {
                return None;
            }
            let state = State { frame, known: Vec::new() };
            flow(&mut states, &mut work, &starts, clause.entry, &state)?;
        }
        for late in &parts.late {
            let word = *code.get(late.pc)?;
            let registers = late.parameters.iter().map(|p| usize::from(p.1));
            if word as u8 != Op::Late as u8
                || !starts[late.pc]
                || registers.clone().any(|register| register < FIRST || register >= frame)
            {
                return None;
            }
        }
        while let Some(start) = work.pop() {
            let mut at = start;
            let mut state = states[at].clone()?;
            loop {
                let next = self.step(at, &mut state)?;
                if let Some(target) = next.jump {
                    let target = usize::try_from(target).ok()?;
                    flow(&mut states, &mut work, &starts, target, &state)?;
                }
                if !next.goes_on {
                    break;
                }
                at += 1 + data_words(code[at]);
                // Others come here, too: their states have to be joined.
                if *joins.get(at)? {
                    flow(&mut states, &mut work, &starts, at, &state)?;
                    break;
                }
            }
        }
        Some(())
    }

    fn step(&mut self, at: usize, state: &mut State) -> Option<Next> {
        let word = *self.raw.parts.instructions.get(at)?;
        let (a, b, c) = (op::a(word), op::b(word), op::c(word));
        let frame = state.frame;
        // Registers that are written are not those of the header.
        let to = |register: usize| (FIRST..frame).contains(&register).then_some(register);
        let from = |register: usize| (2..frame).contains(&register).then_some(register);
        let c16 = c & 0xffff;
        let jump = |offset: i64| Some(at as i64 + 1 + offset);
        let mut next = Next { jump: None, goes_on: true };
        let operation = *Op::ALL.get(usize::from(word as u8))?;
        match operation {
            Op::Mov => {
                let known = state.get(from(b)?);
                state.set(to(a)?, known);
            }
            Op::Const => {
                self.constant(c)?;
                state.set(to(a)?, Known::Any);
            }
            Op::Imm => {
                let value = Value::from_bits((word as i64 >> 24) as u64);
                let sound = value.is_fixnum() || value.is_immediate();
                sound.then_some(())?;
                state.set(to(a)?, Known::Any);
            }
            Op::Free => {
                let known = *self.own.get(c)?;
                state.set(to(a)?, known);
            }
            Op::FreeBox => {
                (*self.own.get(c)? == Known::Box).then_some(())?;
                state.set(to(a)?, Known::Any);
            }
            Op::MakeBox => {
                from(b)?;
                state.set(to(a)?, Known::Box);
            }
            Op::BoxRef | Op::BoxRefChecked => {
                (state.get(from(b)?) == Known::Box).then_some(())?;
                if operation == Op::BoxRefChecked {
                    self.constant(c)?;
                }
                state.set(to(a)?, Known::Any);
            }
            Op::BoxSet => {
                (state.get(from(a)?) == Known::Box).then_some(())?;
                from(b)?;
            }
            Op::MakeClosure => {
                let made = self.closure(at, b, c, state)?;
                state.set(to(a)?, made);
            }
            Op::ClosureSet => {
                let Known::Closure(code) = state.get(from(a)?) else { return None };
                let slot = *self.free.get(code)?.as_ref()?.get(c)?;
                (slot == Known::Any).then_some(())?;
                from(b)?;
            }
            Op::GlobalRef => {
                self.constant(c)?;
                state.set(to(a)?, Known::Any);
            }
            Op::GlobalSet | Op::Define => {
                self.constant(c)?;
                from(a)?;
            }
            Op::Jump | Op::JumpBack => {
                next = Next { jump: jump(op::c_signed(word)), goes_on: false };
            }
            Op::JumpFalse
            | Op::JumpTrue
            | Op::JumpNull
            | Op::JumpNotNull
            | Op::JumpPair
            | Op::JumpNotPair
            | Op::JumpTag
            | Op::JumpNotTag
            | Op::JumpNumEqImm
            | Op::JumpNotNumEqImm
            | Op::JumpLtImm
            | Op::JumpNotLtImm
            | Op::JumpGtImm
            | Op::JumpNotGtImm
            | Op::JumpChar
            | Op::JumpNotChar
            | Op::JumpGiven => {
                from(a)?;
                next.jump = jump(op::c_signed(word));
            }
            Op::JumpEqConst | Op::JumpNotEqConst => {
                from(a)?;
                self.constant(b)?;
                next.jump = jump(op::c_signed(word));
            }
            Op::JumpEq
            | Op::JumpNotEq
            | Op::JumpEqv
            | Op::JumpNotEqv
            | Op::JumpNumEq
            | Op::JumpNotNumEq
            | Op::JumpLt
            | Op::JumpNotLt
            | Op::JumpLe
            | Op::JumpNotLe => {
                from(a)?;
                from(b)?;
                next.jump = jump(op::c_signed(word));
            }
            Op::Add
            | Op::Sub
            | Op::Mul
            | Op::Quotient
            | Op::Remainder
            | Op::Modulo
            | Op::LogAnd
            | Op::LogIor
            | Op::LogXor
            | Op::Ash
            | Op::ByteRef
            | Op::Cons
            | Op::VectorRef
            | Op::StringRef => {
                from(b)?;
                (c == c16).then_some(())?;
                from(c)?;
                state.set(to(a)?, Known::Any);
            }
            Op::AddImm
            | Op::SubImm
            | Op::ByteLength
            | Op::Car
            | Op::Cdr
            | Op::VectorRefImm
            | Op::VectorLength
            | Op::StructRefImm
            | Op::StructVtable
            | Op::FluidRef
            | Op::VariableRef => {
                from(b)?;
                state.set(to(a)?, Known::Any);
            }
            Op::SetCar | Op::SetCdr => {
                from(a)?;
                from(b)?;
            }
            Op::VectorSet => {
                from(a)?;
                from(b)?;
                (c == c16).then_some(())?;
                from(c)?;
            }
            Op::Call | Op::CallSelf | Op::Spread => {
                let least = usize::from(operation == Op::Spread);
                (c <= RECEIVE_MANY as usize && b >= least).then_some(())?;
                window(state, a, b)?;
                if c == RECEIVE_MANY as usize {
                    next.jump = jump(1);
                }
            }
            Op::CallGlobal | Op::CallGlobalEffect => {
                self.constant(c)?;
                window(state, a, b)?;
            }
            Op::TailCall | Op::TailCallGlobal | Op::TailSpread => {
                if operation == Op::TailCallGlobal {
                    self.constant(c)?;
                }
                (operation != Op::TailSpread || b >= 1).then_some(())?;
                window(state, a, b)?;
                next.goes_on = false;
            }
            Op::Return => {
                from(a)?;
                next.goes_on = false;
            }
            Op::ReturnValues => {
                (a >= FIRST && a + b <= frame).then_some(())?;
                next.goes_on = false;
            }
            Op::PutValues => {
                (a >= FIRST && a + b <= frame).then_some(())?;
            }
            Op::TakeValues => {
                (a >= FIRST && c <= 1 && a + b + c <= frame).then_some(())?;
                state.forget(a, b + c);
            }
            Op::Late => {
                let late = self.raw.parts.late.get(c)?;
                (late.pc == at).then_some(())?;
                next.goes_on = false;
            }
            // The machine's own procedures alone have these.
            Op::ReturnMany
            | Op::TailCallMany
            | Op::SaveValues
            | Op::RestoreValues
            | Op::PromptPush
            | Op::DynPop
            | Op::WindPush
            | Op::FluidPush
            | Op::StatePush
            | Op::Abort
            | Op::CallCc
            | Op::Step
            | Op::ApplyList
            | Op::Halt
            | Op::Returned => return None,
        }
        Some(next)
    }

    fn constant(&self, index: usize) -> Option<()> {
        match self.raw.constants.get(index)? {
            Constant::Value(_) => Some(()),
            Constant::Code(_) => None,
        }
    }

    /// A closure of code constant `c` with `count` free variables.
    fn closure(&mut self, at: usize, count: usize, c: usize, state: &State) -> Option<Known> {
        let &Constant::Code(code) = self.raw.constants.get(c)? else { return None };
        // Parts of a code object come before it, so that this always ends.
        if code >= self.number {
            return None;
        }
        let words = &self.raw.parts.instructions;
        let mut given = Vec::with_capacity(count.min(1 << 12));
        for n in 0..count {
            let source = (*words.get(at + 1 + n / 4)? >> (16 * (n % 4))) as u16 as usize;
            given.push(if source & 0x8000 != 0 {
                *self.own.get(source & 0x7fff)?
            } else if source == 0 {
                Known::Any
            } else {
                (2..state.frame).contains(&source).then(|| state.get(source))?
            });
        }
        for known in &mut given {
            if let Known::Closure(_) = known {
                *known = Known::Any;
            }
        }
        match self.free.get_mut(code)? {
            slot @ None => *slot = Some(given),
            Some(known) if *known == given => {}
            Some(_) => return None,
        }
        Some(Known::Closure(code))
    }
}

/// Where an instruction may go.
struct Next {
    jump: Option<i64>,
    goes_on: bool,
}

/// Where jumps go.
fn joins(code: &[u64], starts: &[bool]) -> Vec<bool> {
    let mut joins = vec![false; code.len()];
    for (at, &word) in code.iter().enumerate().filter(|(at, _)| starts[*at]) {
        let many = matches!(
            Op::ALL.get(usize::from(word as u8)),
            Some(Op::Call | Op::CallSelf | Op::Spread)
        );
        // An offset of what is no jump does no harm.
        let offset = if many { 1 } else { op::c_signed(word) };
        let target = at as i64 + 1 + offset;
        if let Some(join) = usize::try_from(target).ok().and_then(|at| joins.get_mut(at)) {
            *join = true;
        }
    }
    joins
}

/// The number of registers that a clause's parameters take.
fn parameters(clause: &ClauseInfo) -> Option<usize> {
    let positional = (clause.required as usize).checked_add(clause.optional as usize)?;
    positional.checked_add(usize::from(clause.rest))?.checked_add(clause.keywords.len())
}

/// Whether the window at `a` with `b` arguments lies within the frame; what is in it and above is lost.
fn window(state: &mut State, a: usize, b: usize) -> Option<()> {
    if a < FIRST || a + 3 + b > state.frame {
        return None;
    }
    state.forget(a, usize::MAX);
    Some(())
}

/// Control comes to `at` in this state, too.
fn flow(
    states: &mut [Option<State>],
    work: &mut Vec<usize>,
    starts: &[bool],
    at: usize,
    state: &State,
) -> Option<()> {
    if !*starts.get(at)? {
        return None;
    }
    match &mut states[at] {
        slot @ None => {
            *slot = Some(state.clone());
            work.push(at);
        }
        Some(known) => {
            if known.join(state) {
                work.push(at);
            }
        }
    }
    Some(())
}
