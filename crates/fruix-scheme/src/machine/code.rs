// SPDX-License-Identifier: GPL-3.0-or-later
//! Code objects: what closures have in common.

use crate::heap::Tracer;
use crate::tree::{Local, Location};
use crate::value::Value;
use std::rc::Rc;

/// The arity of one clause and where its body starts.
#[derive(Debug, Clone, Default)]
pub struct ClauseInfo {
    /// Number of required parameters; they are in registers 3, 4, ….
    pub required: u32,
    /// Number of optional parameters, in the registers that follow.
    pub optional: u32,
    /// Whether the register that follows takes the rest.
    pub rest: bool,
    /// The keywords; their registers come last.
    pub keywords: Vec<Value>,
    /// Whether there is a keyword section at all.
    pub has_keywords: bool,
    /// Whether unknown keywords are tolerated.
    pub allow_other_keys: bool,
    /// Index of the first instruction.
    pub entry: usize,
    /// Whether the first required parameter is never used (a prompt's handler needs no continuation).
    pub ignores_first: bool,
    /// The parameters' names, for `write`; symbols.
    pub names: Vec<Value>,
}

/// A place in the source for the instructions from `pc` on.
#[derive(Debug, Clone, Copy)]
pub struct Line {
    /// Index of the first instruction.
    pub pc: u32,
    /// Index into the code's files, `u16::MAX` for none.
    pub file: u16,
    /// Column from 0.
    pub column: u16,
    /// Line from 0.
    pub line: u32,
}

/// A clause whose body has not been compiled yet.
#[derive(Debug)]
pub struct LateBody {
    /// The expander's record.
    pub form: Value,
    /// Index of the `Late` instruction.
    pub pc: usize,
    /// The parameters and their registers.
    pub parameters: Vec<(Local, u16)>,
    /// Whether the registers hold boxes already.
    pub boxed: bool,
}

/// The parts of a code object as the compiler makes them.
#[derive(Default)]
pub struct Parts {
    /// The instructions.
    pub instructions: Vec<u64>,
    /// The constants.
    pub constants: Vec<Value>,
    /// Registers of a frame.
    pub frame_size: u32,
    /// The clauses, at least one.
    pub clauses: Vec<ClauseInfo>,
    /// Places, in the order of their instructions.
    pub lines: Vec<Line>,
    /// The files that lines point to.
    pub files: Vec<Rc<str>>,
    /// Bodies to be compiled later.
    pub late: Vec<LateBody>,
}

/// A code object's body. The machine reads the first fields through raw pointers.
#[repr(C)]
pub struct Code {
    /// Where to start when there are `simple` arguments.
    pub(super) entry: *const u64,
    pub(super) constants: *mut Value,
    /// The number of arguments that need no further binding; `u32::MAX` for none.
    pub(super) simple: u32,
    pub(super) frame_size: u32,
    pub(super) instructions: *mut u64,
    instruction_count: usize,
    constant_count: usize,
    pub(super) details: Box<Details>,
}

/// What is not needed for a plain call.
pub struct Details {
    /// The procedure's name, a symbol or `#f`.
    pub name: Value,
    /// Properties, an association list.
    pub properties: Value,
    /// The clauses.
    pub clauses: Vec<ClauseInfo>,
    /// Bodies to be compiled later.
    pub late: Vec<LateBody>,
    lines: Vec<Line>,
    files: Vec<Rc<str>>,
    /// Earlier versions of instructions and constants, which frames may still use.
    retired: Vec<(*mut u64, usize, *mut Value, usize)>,
}

fn leak<T>(items: Vec<T>) -> (*mut T, usize) {
    let len = items.len();
    (Box::into_raw(items.into_boxed_slice()).cast(), len)
}

/// # Safety
/// The pointer and length came from `leak` and are not used afterwards.
unsafe fn unleak<T>(items: *mut T, len: usize) {
    // SAFETY: by contract this is the box that `leak` dissolved.
    drop(unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(items, len)) });
}

impl Code {
    /// A code object of these parts.
    pub fn new(parts: Parts, name: Value, properties: Value) -> Code {
        let (instructions, instruction_count) = leak(parts.instructions);
        let (constants, constant_count) = leak(parts.constants);
        let mut code = Code {
            entry: instructions,
            constants,
            simple: u32::MAX,
            frame_size: parts.frame_size,
            instructions,
            instruction_count,
            constant_count,
            details: Box::new(Details {
                name,
                properties,
                clauses: parts.clauses,
                late: parts.late,
                lines: parts.lines,
                files: parts.files,
                retired: Vec::new(),
            }),
        };
        code.set_entry();
        code
    }

    fn set_entry(&mut self) {
        if let Some(first) = self.details.clauses.first() {
            if first.optional == 0 && !first.rest && !first.has_keywords {
                self.simple = first.required;
            }
            self.entry = self.at(first.entry);
        }
    }

    pub(super) fn at(&self, index: usize) -> *const u64 {
        debug_assert!(index < self.instruction_count);
        self.instructions.wrapping_add(index)
    }

    /// Number of instructions.
    pub fn len(&self) -> usize {
        self.instruction_count
    }

    /// Whether there are no instructions (there always are).
    pub fn is_empty(&self) -> bool {
        self.instruction_count == 0
    }

    /// The instructions.
    pub fn instructions(&self) -> Vec<u64> {
        // SAFETY: the vector leaked in `new` or `extend`; nothing writes to it meanwhile.
        unsafe { std::slice::from_raw_parts(self.instructions, self.instruction_count) }.to_vec()
    }

    /// The constants.
    pub fn constants(&self) -> Vec<Value> {
        // SAFETY: as in `instructions`.
        unsafe { std::slice::from_raw_parts(self.constants, self.constant_count) }.to_vec()
    }

    /// Name, properties, clauses.
    pub fn details(&self) -> &Details {
        &self.details
    }

    /// Takes late body `index` out, with what the compiler needs to go on: instructions, constants,
    /// lines, files so far.
    pub fn parts(&self) -> Parts {
        Parts {
            instructions: self.instructions(),
            constants: self.constants(),
            frame_size: self.frame_size,
            clauses: Vec::new(),
            lines: self.details.lines.clone(),
            files: self.details.files.clone(),
            late: Vec::new(),
        }
    }

    /// Replaces instructions, constants and lines by longer versions that begin with the old ones,
    /// which are kept for the frames that use them.
    pub fn extend(&mut self, parts: Parts) {
        let old = (self.instructions, self.instruction_count, self.constants, self.constant_count);
        self.details.retired.push(old);
        (self.instructions, self.instruction_count) = leak(parts.instructions);
        (self.constants, self.constant_count) = leak(parts.constants);
        self.frame_size = self.frame_size.max(parts.frame_size);
        self.details.lines = parts.lines;
        self.details.files = parts.files;
        self.set_entry();
    }

    /// The index of the instruction at `pc`, in this or an earlier version.
    pub(super) fn index_of(&self, pc: *const u64) -> Option<usize> {
        let versions = self.details.retired.iter().map(|&(i, n, ..)| (i.cast_const(), n));
        std::iter::once((self.instructions.cast_const(), self.instruction_count))
            .chain(versions)
            .find_map(|(start, count)| {
                let index = (pc as usize).checked_sub(start as usize)? / 8;
                (index <= count).then_some(index)
            })
    }

    /// The place of instruction `index`.
    pub fn location(&self, index: usize) -> Option<Location> {
        let lines = &self.details.lines;
        let after = lines.partition_point(|line| line.pc as usize <= index);
        let line = lines.get(after.checked_sub(1)?)?;
        Some(Location {
            file: self.details.files.get(line.file as usize).cloned(),
            line: line.line,
            column: u32::from(line.column),
        })
    }

    pub(crate) fn trace(&self, tracer: &mut Tracer) {
        let details = &self.details;
        tracer.visit(details.name);
        tracer.visit(details.properties);
        // SAFETY: the constants leaked in `new` or `extend`, `constant_count` of them.
        tracer
            .visit_all(unsafe { std::slice::from_raw_parts(self.constants, self.constant_count) });
        for clause in &details.clauses {
            tracer.visit_all(&clause.keywords);
            tracer.visit_all(&clause.names);
        }
        for late in &details.late {
            tracer.visit(late.form);
        }
        for &(_, _, constants, count) in &details.retired {
            // SAFETY: these leaked, too; code that is being run may still store variables in them.
            tracer.visit_all(unsafe { std::slice::from_raw_parts(constants, count) });
        }
    }
}

impl Drop for Code {
    fn drop(&mut self) {
        // SAFETY: each vector leaked in `new` or `extend` and is freed once.
        unsafe {
            unleak(self.instructions, self.instruction_count);
            unleak(self.constants, self.constant_count);
            for &(i, n, c, m) in &self.details.retired {
                unleak(i, n);
                unleak(c, m);
            }
        }
    }
}
