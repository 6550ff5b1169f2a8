// SPDX-License-Identifier: GPL-3.0-or-later
//! The machine: runs bytecode on its own stack.
//!
//! A frame is a row of registers on one contiguous stack that never moves:
//!
//! | register | content                                                              |
//! |----------|----------------------------------------------------------------------|
//! | 0        | where the caller goes on (an address, dressed as a fixnum)             |
//! | 1        | distance to the caller's frame, and how it receives results (a fixnum) |
//! | 2        | the procedure that is running                                          |
//! | 3 …      | arguments, then local variables and temporaries                       |
//!
//! A caller builds the callee's frame in its own topmost registers (a *window*); a single result
//! comes back in the window's register 0. Frames hold no absolute stack addresses, so a
//! slice of the stack is a continuation, good at any place.
//!
//! The collector scans the stack from its base to the top of the running frame, all of it; and it clears what has
//! been used above. So whatever a register holds, even one that was never written in this
//! activation, was alive at the last collection or made since: stale, but never dangling.

mod arguments;
mod calls;
mod code;
mod control;
mod errors;
mod frames;
pub mod op;
mod run;
mod slow;
mod special;
#[cfg(test)]
mod tests;
mod words;

pub use code::{ClauseInfo, Code, LateBody, Line, Parts};
pub use control::{Continuation, DynamicState};
pub(crate) use control::{current_state, has_prompt, set_state, state_with_current};
pub use frames::{FrameInfo, backtrace};
use special::SPECIALS;

use crate::compile::primitives;
use crate::engine::Engine;
use crate::heap::{Heap, Tag, Tracer};
use crate::native::{Exit, Native, Result};
use crate::value::Value;
use control::{DynEntry, Pending};
use rustc_hash::FxHashMap;
use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Values that the stack has room for: 1 GiB of address space, taken as it is used.
const STACK_SIZE: usize = 1 << 27;
/// Kept for the handlers of a stack overflow.
const RESERVE: usize = 1 << 16;
/// How far the soft limit moves at once; bounds what a collection clears.
const CHUNK: usize = 1 << 14;

/// A run of the machine: the outermost one or one that a native started.
struct Run {
    /// First stack slot.
    base: usize,
    /// Length of the dynamic stack when it started.
    dynamic: usize,
    id: u64,
}

/// The machine's state.
pub struct Machine {
    stack: *mut Value,
    size: usize,
    /// Calls check that their frame ends below this; moves up by and by.
    limit: *mut Value,
    /// Whether the reserve is in use because the stack overflowed.
    overflowed: bool,
    /// The running frame, as far as natives and the collector are concerned.
    fp: *mut Value,
    /// The next instruction, likewise.
    pc: *const u64,
    /// The end of what is in use, or null if the frame's code tells.
    top: *mut Value,
    /// Values received or about to be returned, if not exactly one.
    pub(crate) values: Vec<Value>,
    dynamic: Vec<DynEntry>,
    next_entry: u64,
    runs: Vec<Run>,
    next_run: u64,
    pending: Option<Pending>,
    interrupt: Arc<AtomicBool>,
    /// Natives that instructions fall back on, by operation.
    slow: Vec<Option<&'static Native>>,
    special: special::Special,
    /// Every fluid there is (weakly), for dynamic states.
    fluids: Vec<Value>,
    /// Changed properties of procedures (keys weakly held).
    pub(crate) properties: FxHashMap<Value, Value>,
    /// Whether compiled code may contain instructions for primitives.
    pub(crate) primitives: FxHashMap<&'static str, Value>,
}

impl Machine {
    /// The state of a new engine.
    pub fn new(heap: &mut Heap) -> Machine {
        Machine::with_stack(heap, if cfg!(miri) { 1 << 18 } else { STACK_SIZE })
    }

    /// The state of a new engine with room for `size` values on the stack.
    pub fn with_stack(heap: &mut Heap, size: usize) -> Machine {
        let layout = stack_layout(size);
        // SAFETY: the size is not zero. Zeroed memory is taken from the system as it is touched.
        let stack: *mut Value = unsafe { alloc_zeroed(layout) }.cast();
        if stack.is_null() {
            handle_alloc_error(layout);
        }
        let mut machine = Machine {
            stack,
            size,
            limit: stack.wrapping_add(CHUNK.min(size - RESERVE)),
            overflowed: false,
            fp: stack,
            pc: std::ptr::null(),
            top: stack,
            values: Vec::new(),
            dynamic: Vec::new(),
            next_entry: 0,
            runs: Vec::new(),
            next_run: 0,
            pending: None,
            interrupt: Arc::default(),
            slow: vec![None; op::Op::ALL.len()],
            special: special::Special::new(heap),
            fluids: Vec::new(),
            properties: FxHashMap::default(),
            primitives: FxHashMap::default(),
        };
        machine.pc = machine.special.returned;
        machine
    }

    /// See [`Engine::interrupt_flag`].
    pub fn interrupt_flag(&self) -> Arc<AtomicBool> {
        self.interrupt.clone()
    }

    /// Reports the state's values to the collector.
    pub fn trace(&self, tracer: &mut Tracer) {
        let used = self.index(self.current_top());
        // SAFETY: the stack has at least `used` initialised (written or zeroed) slots.
        tracer.visit_stack(unsafe { std::slice::from_raw_parts(self.stack, used) });
        tracer.visit_all(&self.values);
        self.dynamic.iter().for_each(|entry| entry.trace(tracer));
        if let Some(pending) = &self.pending {
            pending.trace(tracer);
        }
        self.special.trace(tracer);
        self.primitives.values().for_each(|&v| tracer.visit(v));
        self.properties.values().for_each(|&v| tracer.visit(v));
    }

    /// Clears what was used above the top of the stack, and starts to watch its use anew.
    pub(crate) fn before_collection(&mut self) {
        let top = self.current_top();
        let count = self.index(self.limit).saturating_sub(self.index(top));
        // SAFETY: the slots lie within the stack, above all frames in use.
        unsafe { top.write_bytes(0, count) };
        let hard = if self.overflowed { self.size } else { self.size - RESERVE };
        self.limit = self.slot((self.index(top) + CHUNK).min(hard));
    }

    /// Forgets what did not survive a collection.
    pub(crate) fn after_marking(&mut self) {
        self.fluids.retain(|&fluid| Heap::is_live(fluid));
        self.properties.retain(|&procedure, _| Heap::is_live(procedure));
    }

    fn index(&self, slot: *const Value) -> usize {
        (slot as usize - self.stack as usize) / size_of::<Value>()
    }

    fn slot(&self, index: usize) -> *mut Value {
        debug_assert!(index <= self.size);
        self.stack.wrapping_add(index)
    }

    /// The end of the running frame.
    fn current_top(&self) -> *mut Value {
        if !self.top.is_null() {
            return self.top;
        }
        // SAFETY: `fp` is the frame of a closure whenever `top` is null.
        unsafe { self.fp.wrapping_add((*words::code_of(*self.fp.add(2))).frame_size as usize) }
    }

    /// Makes sure that slots up to `end` can be used; if they cannot, the stack has overflowed.
    fn reserve(&mut self, end: *mut Value) -> bool {
        if end <= self.limit {
            return true;
        }
        let hard = if self.overflowed { self.size } else { self.size - RESERVE };
        let index = self.index(end);
        if index > hard {
            if self.overflowed {
                return false;
            }
            self.overflowed = true;
            self.limit = self.slot(self.size);
            return false;
        }
        self.limit = self.slot((index + CHUNK).min(hard));
        true
    }

    /// The stack will end at `index`: after an overflow, the reserve may be free again.
    fn recover(&mut self, index: usize) {
        let hard = self.size - RESERVE;
        if self.overflowed && index + RESERVE < hard {
            self.overflowed = false;
            self.limit = self.slot(hard);
            // SAFETY: the reserve lies within the stack, above all frames in use.
            unsafe { self.limit.write_bytes(0, RESERVE) };
        }
    }

    fn interrupted(&self) -> bool {
        self.interrupt.load(Ordering::Relaxed)
    }

    fn run_id(&self) -> u64 {
        self.runs.last().map_or(0, |run| run.id)
    }

    /// Notes a new fluid.
    pub(crate) fn add_fluid(&mut self, fluid: Value) {
        self.fluids.push(fluid);
    }
}

fn stack_layout(size: usize) -> Layout {
    Layout::array::<Value>(size).expect("the stack's size is a small constant")
}

impl Drop for Machine {
    fn drop(&mut self) {
        // SAFETY: allocated in `with_stack` with this layout.
        unsafe { dealloc(self.stack.cast(), stack_layout(self.size)) };
    }
}

/// Calls `procedure` in a run of its own above all frames in use.
pub(crate) fn nested_run(
    engine: &mut Engine,
    procedure: Value,
    args: &[Value],
) -> Result<Vec<Value>> {
    let recording = engine.heap.pause_recording();
    let arguments = engine.heap.list(args);
    let machine = &mut engine.machine;
    let outer = (machine.pc, machine.fp, machine.top);
    let base = machine.current_top();
    let depth = machine.runs.len();
    let halt = machine.special.halt;
    let id = machine.next_run;
    machine.next_run += 1;
    let dynamic = machine.dynamic.len();
    machine.runs.push(Run { base: machine.index(base), dynamic, id });
    let result = if machine.reserve(base.wrapping_add(64)) {
        // SAFETY: `reserve` has made sure that the slots are ours.
        unsafe {
            base.write(words::return_address(outer.0));
            base.add(1).write(words::link(base as usize - outer.1 as usize, op::RECEIVE_MANY));
            base.add(2).write(halt);
            base.add(3).write(procedure);
            base.add(4).write(arguments);
        }
        machine.fp = base;
        machine.top = std::ptr::null_mut();
        // SAFETY: the special closure has a code object.
        machine.pc = unsafe { (*words::code_of(halt)).entry };
        run::run(engine)
    } else {
        Err(errors::stack_overflow(engine))
    };
    let machine = &mut engine.machine;
    machine.runs.truncate(depth);
    if result.is_err() && !matches!(result.as_ref().map_err(|e| &**e), Err(Exit::Unwind)) {
        control::drop_dynamic(engine, dynamic);
    }
    let machine = &mut engine.machine;
    (machine.pc, machine.fp, machine.top) = outer;
    let values = std::mem::take(&mut machine.values);
    engine.heap.resume_recording(recording);
    result?;
    for &value in &values {
        engine.heap.keep(value);
    }
    Ok(values)
}

/// Tells the machine which natives its instructions stand for, and binds its own procedures in
/// `(guile)`.
pub(crate) fn install(engine: &mut Engine) {
    let guile = engine.modules.guile;
    for special in SPECIALS {
        let procedure = special.make(&mut engine.heap);
        for name in special.names {
            let name = engine.heap.intern(name);
            engine.module_define(guile, name, procedure);
        }
    }
    for name in primitives::NAMES {
        if let Some(value) = native_value(engine, name) {
            engine.machine.primitives.insert(name, value);
        }
    }
    for &(op, name) in primitives::FALLBACKS {
        let native = native_value(engine, name).and_then(|value| engine.heap.as_native(value));
        engine.machine.slow[op as usize] = native;
    }
}

/// The procedure of this name in `(guile)`, or among those that other modules show.
fn native_value(engine: &mut Engine, name: &str) -> Option<Value> {
    if let Some(value) = engine.guile_value(name) {
        return Some(value);
    }
    let parts = ["fruix", "native"].map(|part| engine.heap.intern(part));
    let module = engine.heap.list(&parts);
    let module = engine.find_module(module)?;
    let name = engine.heap.find_symbol(name)?;
    engine.variable_value(engine.own_variable(module, name)?)
}

/// Whether `value` can be called.
pub(crate) fn is_procedure(engine: &Engine, value: Value) -> bool {
    match engine.heap.tag(value) {
        Some(Tag::Closure | Tag::Native | Tag::Parameter) => true,
        Some(Tag::Struct) => applicable(engine, value).is_some(),
        Some(Tag::Foreign) => engine.heap.as_foreign::<Continuation>(value).is_some(),
        _ => false,
    }
}

/// The procedure that an applicable struct stands for.
fn applicable(engine: &Engine, value: Value) -> Option<Value> {
    crate::data::structs::procedure(&engine.heap, value)
}
