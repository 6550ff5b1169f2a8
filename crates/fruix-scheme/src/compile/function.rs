// SPDX-License-Identifier: GPL-3.0-or-later
//! The code of one procedure while it is being made: instructions, constants, labels, registers.

use crate::machine::op::{Op, word, word_signed};
use crate::machine::{LateBody, Line, Parts};
use crate::tree::{Local, Location};
use crate::value::Value;
use rustc_hash::FxHashMap;
use std::rc::Rc;

/// Where a variable is.
#[derive(Clone, Copy, PartialEq)]
pub enum Place {
    /// In a register (which holds a box if the variable is assigned).
    Register(usize),
    /// In the closure.
    Free(usize),
    /// It is the running closure.
    Own,
    /// It is a constant.
    Constant(Value),
    /// It is a procedure to be jumped to: index into the function's blocks.
    Block(usize),
}

/// A place in the code that is jumped to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Label(usize);

/// A procedure that is jumped to.
#[derive(Clone)]
pub struct Block {
    /// Where.
    pub label: Label,
    /// The parameters' registers.
    pub registers: Vec<usize>,
    /// Which of them are boxed.
    pub boxed: Vec<bool>,
}

/// First register that is not part of a frame's header.
pub const FIRST: usize = 3;

/// The code of one procedure.
#[derive(Default)]
pub struct Function {
    pub instructions: Vec<u64>,
    pub constants: Vec<Value>,
    constant_index: FxHashMap<Value, usize>,
    global_index: FxHashMap<(Value, Value, bool), usize>,
    /// The next free register.
    pub next: usize,
    /// How many registers are in use at most.
    max: usize,
    pub places: FxHashMap<Local, Place>,
    pub blocks: Vec<Block>,
    labels: Vec<Option<usize>>,
    fixups: Vec<(usize, Label)>,
    last_label: usize,
    lines: Vec<Line>,
    files: Vec<Rc<str>>,
    pub late: Vec<LateBody>,
    /// The plain arity, if it has only one clause.
    pub arity: Option<usize>,
}

impl Function {
    pub fn new() -> Function {
        Function { next: FIRST, max: FIRST, last_label: usize::MAX, ..Function::default() }
    }

    /// Goes on where `parts` ends.
    pub fn resume(parts: Parts, next: usize) -> Function {
        Function {
            instructions: parts.instructions,
            constants: parts.constants,
            lines: parts.lines,
            files: parts.files,
            next,
            max: (parts.frame_size as usize).max(next),
            last_label: usize::MAX,
            ..Function::default()
        }
    }

    /// A new register.
    pub fn allocate(&mut self) -> usize {
        let register = self.next;
        self.next += 1;
        self.max = self.max.max(self.next);
        register
    }

    /// Notes that registers below `end` are used.
    pub fn need(&mut self, end: usize) {
        self.max = self.max.max(end);
    }

    /// How many registers the frame has; more than instructions can name is an error of the caller's.
    pub fn frame_size(&self) -> usize {
        self.max + 2
    }

    pub fn push(&mut self, word: u64) {
        self.instructions.push(word);
    }

    /// Adds an instruction with registers.
    pub fn emit(&mut self, op: Op, a: usize, b: usize, c: usize) {
        self.instructions.push(word(op, a as u16, b as u16, c as u32 & 0xff_ffff));
    }

    /// Adds an instruction whose c is signed.
    pub fn emit_signed(&mut self, op: Op, a: usize, b: usize, c: i32) {
        self.instructions.push(word_signed(op, a as u16, b as u16, c));
    }

    /// The index of a constant.
    pub fn constant(&mut self, value: Value) -> usize {
        let constants = &mut self.constants;
        *self.constant_index.entry(value).or_insert_with(|| {
            constants.push(value);
            constants.len() - 1
        })
    }

    /// The index of the constant for a global that `describe` makes.
    pub fn global(&mut self, key: (Value, Value, bool), describe: impl FnOnce() -> Value) -> usize {
        let constants = &mut self.constants;
        *self.global_index.entry(key).or_insert_with(|| {
            constants.push(describe());
            constants.len() - 1
        })
    }

    /// Loads a constant.
    pub fn load(&mut self, register: usize, value: Value) {
        let bits = value.bits() as i64;
        if (value.is_fixnum() || value.is_immediate()) && bits << 24 >> 24 == bits {
            self.push(Op::Imm as u64 | (register as u64) << 8 | (bits as u64) << 24);
        } else {
            let k = self.constant(value);
            self.emit(Op::Const, register, 0, k);
        }
    }

    pub fn new_label(&mut self) -> Label {
        self.labels.push(None);
        Label(self.labels.len() - 1)
    }

    /// Adds a jump (conditional or not) to `label`.
    pub fn jump(&mut self, op: Op, a: usize, b: usize, label: Label) {
        self.fixups.push((self.instructions.len(), label));
        self.emit(op, a, b, 0);
    }

    /// Says that `label` is here.
    pub fn place(&mut self, label: Label) {
        let here = self.instructions.len();
        // A jump to the next instruction is none.
        if self.last_label != here
            && let Some(&(at, to)) = self.fixups.last()
            && at + 1 == here
            && to == label
            && self.instructions[at] as u8 == Op::Jump as u8
        {
            self.fixups.pop();
            self.instructions.pop();
        }
        self.last_label = self.instructions.len();
        self.labels[label.0] = Some(self.last_label);
    }

    /// Fills in the jumps.
    pub fn patch(&mut self) {
        for (at, label) in std::mem::take(&mut self.fixups) {
            let Some(target) = self.labels[label.0] else { continue };
            let distance = target as i64 - (at as i64 + 1);
            let mut bits = self.instructions[at] & 0xff_ffff_ffff;
            if distance < 0 && bits as u8 == Op::Jump as u8 {
                bits = bits & !0xff | Op::JumpBack as u64;
            }
            self.instructions[at] = bits | (distance as u64 & 0xff_ffff) << 40;
        }
    }

    /// Whether the last instruction is a jump to `label`, and nothing else comes to this point.
    pub fn last_jump_is_to(&self, label: Label) -> bool {
        self.last_label != self.instructions.len()
            && self
                .fixups
                .last()
                .is_some_and(|&(at, to)| to == label && at + 1 == self.instructions.len())
            && self.instructions.last().is_some_and(|&w| w as u8 == Op::Jump as u8)
    }

    /// Whether the instruction before this point never goes on here.
    pub fn ended(&self) -> bool {
        let here = self.instructions.len();
        let last = self.instructions.last().map_or(0, |&w| w as u8);
        let ends = [
            Op::Jump,
            Op::Return,
            Op::ReturnValues,
            Op::TailCall,
            Op::TailCallGlobal,
            Op::TailSpread,
        ]
        .map(|op| op as u8);
        self.last_label != here && ends.contains(&last)
    }

    /// Notes the place in the source of the next instruction.
    pub fn mark(&mut self, location: &Option<Location>) {
        let Some(location) = location else { return };
        let file = match &location.file {
            None => u16::MAX,
            Some(name) => match self.files.iter().position(|f| Rc::ptr_eq(f, name) || f == name) {
                Some(index) => index as u16,
                None => {
                    self.files.push(name.clone());
                    (self.files.len() - 1) as u16
                }
            },
        };
        let line = Line {
            pc: self.instructions.len() as u32,
            file,
            column: location.column.min(u32::from(u16::MAX)) as u16,
            line: location.line,
        };
        if let Some(last) = self.lines.last_mut()
            && last.pc == line.pc
        {
            *last = line;
            return;
        }
        self.lines.push(line);
    }

    /// The finished parts; the clauses are the caller's.
    pub fn finish(mut self) -> Parts {
        self.patch();
        Parts {
            frame_size: self.frame_size() as u32,
            instructions: self.instructions,
            constants: self.constants,
            clauses: Vec::new(),
            lines: self.lines,
            files: self.files,
            late: self.late,
        }
    }
}
