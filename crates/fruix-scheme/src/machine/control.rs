// SPDX-License-Identifier: GPL-3.0-or-later
//! The dynamic stack (prompts, winds, fluid bindings), and leaving and entering continuations.
//!
//! Going from one place of the dynamic stack to another may have to call the thunks of `dynamic-wind`.
//! So such a way is a [`Plan`], taken step by step by the `Step` instruction of a frame of its own,
//! and never by recursion in Rust.

use super::calls::{enter, return_values};
use super::op;
use super::words::{code_of, decode_link, link, return_address};
use super::{Machine, errors};
use crate::engine::Engine;
use crate::heap::{Foreign, Tag, Tracer};
use crate::native::{Exit, Result};
use crate::value::Value;

/// What the dynamic stack is made of.
#[derive(Clone, Debug)]
pub(super) enum Entry {
    /// A prompt and the stack index of the frame that set it.
    Prompt { tag: Value, base: usize },
    /// A `dynamic-wind` that has been entered.
    Wind { before: Value, after: Value },
    /// A fluid's binding; `other` is the value outside while it is on the stack, the
    /// value inside when it is part of a continuation.
    Fluid { fluid: Value, other: Value },
    /// A `with-dynamic-state`; `other` likewise.
    State { other: Value },
}

/// An entry with its identity.
#[derive(Clone, Debug)]
pub(super) struct DynEntry {
    id: u64,
    entry: Entry,
}

impl DynEntry {
    pub(super) fn trace(&self, tracer: &mut Tracer) {
        match self.entry {
            Entry::Prompt { tag, .. } => tracer.visit(tag),
            Entry::Wind { before, after } => tracer.visit_all(&[before, after]),
            Entry::Fluid { fluid, other } => tracer.visit_all(&[fluid, other]),
            Entry::State { other } => tracer.visit(other),
        }
    }
}

/// What a run that was left for the sake of an outer one is left for.
pub(super) enum Pending {
    Abort { tag: Value, values: Vec<Value> },
    Continue { continuation: Value, values: Vec<Value> },
}

impl Pending {
    pub(super) fn trace(&self, tracer: &mut Tracer) {
        let (Pending::Abort { tag: value, values }
        | Pending::Continue { continuation: value, values }) = self;
        tracer.visit(*value);
        tracer.visit_all(values);
    }
}

/// A captured continuation: a slice of the stack that begins with a frame and ends with the header of
/// the frame that returns into it.
pub struct Continuation {
    slots: Box<[Value]>,
    /// The entries of the dynamic stack within; prompts' bases are relative to the slice.
    dynamic: Vec<DynEntry>,
    /// Whether it is put on top of its caller's continuation instead of replacing it.
    pub(crate) partial: bool,
    resumable: bool,
    run: u64,
}

impl Foreign for Continuation {
    fn type_name(&self) -> &'static str {
        if self.partial { "partial-continuation" } else { "continuation" }
    }
    fn trace(&self, tracer: &mut Tracer) {
        tracer.visit_stack(&self.slots);
        self.dynamic.iter().for_each(|entry| entry.trace(tracer));
    }
}

/// The values of all fluids.
pub struct DynamicState(Vec<(Value, Value)>);

impl Foreign for DynamicState {
    fn type_name(&self) -> &'static str {
        "dynamic-state"
    }
    fn trace(&self, tracer: &mut Tracer) {
        self.0.iter().for_each(|&(fluid, value)| tracer.visit_all(&[fluid, value]));
    }
}

/// Where a way through the dynamic stack ends.
enum Then {
    /// In the handler of the prompt that is at the target; with the continuation.
    Handler { continuation: Value, values: Vec<Value> },
    /// In a continuation. For a partial one the stack index of the frame that it replaces.
    Continue { continuation: Value, values: Vec<Value>, base: usize },
    /// Outside of this run.
    Leave(Pending),
}

/// A way through the dynamic stack.
pub(super) struct Plan {
    /// Length of the dynamic stack to go down to.
    target: usize,
    /// What to enter then, last one first.
    enter: Vec<DynEntry>,
    /// The wind whose thunk has been called.
    entering: Option<DynEntry>,
    then: Then,
}

impl Foreign for Option<Plan> {
    fn type_name(&self) -> &'static str {
        "plan"
    }
    fn trace(&self, tracer: &mut Tracer) {
        let Some(plan) = self else { return };
        plan.enter.iter().chain(&plan.entering).for_each(|entry| entry.trace(tracer));
        match &plan.then {
            Then::Handler { continuation, values }
            | Then::Continue { continuation, values, .. } => {
                tracer.visit(*continuation);
                tracer.visit_all(values);
            }
            Then::Leave(pending) => pending.trace(tracer),
        }
    }
}

/// The current value of a fluid.
fn swap_fluid(engine: &mut Engine, fluid: Value, value: Value) -> Value {
    match engine.heap.slots_mut(fluid, Tag::Fluid) {
        Some(slots) => std::mem::replace(&mut slots[0], value),
        None => value,
    }
}

/// The values of all fluids now, as an object.
pub(crate) fn current_state(engine: &mut Engine) -> Value {
    let heap = &engine.heap;
    let value = |fluid| heap.slots(fluid, Tag::Fluid).map_or(Value::UNBOUND, |slots| slots[0]);
    let state = engine.machine.fluids.iter().map(|&fluid| (fluid, value(fluid))).collect();
    engine.heap.foreign(DynamicState(state))
}

/// A dynamic state that is `state` but for one fluid, which has the value that it has now.
pub(crate) fn state_with_current(engine: &mut Engine, state: Value, fluid: Value) -> Value {
    let value = engine.heap.slots(fluid, Tag::Fluid).map_or(Value::UNBOUND, |slots| slots[0]);
    let Some(known) = engine.heap.as_foreign::<DynamicState>(state) else { return state };
    let mut values: Vec<_> = known.0.iter().copied().filter(|&(f, _)| f != fluid).collect();
    values.push((fluid, value));
    engine.heap.foreign(DynamicState(values))
}

/// Gives all fluids the values they have in `state`; gives the values that they had.
fn swap_state(engine: &mut Engine, state: Value) -> Value {
    let old = current_state(engine);
    set_state(engine, state);
    old
}

/// Gives all fluids the values they have in `state`; those that it does not know, their defaults.
pub(crate) fn set_state(engine: &mut Engine, state: Value) {
    let Some(state) = engine.heap.as_foreign::<DynamicState>(state) else { return };
    let values = state.0.clone();
    for i in 0..engine.machine.fluids.len() {
        let fluid = engine.machine.fluids[i];
        if let Some(slots) = engine.heap.slots_mut(fluid, Tag::Fluid) {
            slots[0] = slots[1];
        }
    }
    for (fluid, value) in values {
        swap_fluid(engine, fluid, value);
    }
}

impl Machine {
    fn push(&mut self, entry: Entry) {
        self.next_entry += 1;
        self.dynamic.push(DynEntry { id: self.next_entry, entry });
    }
}

/// The `PromptPush` instruction, in the frame `fp`.
pub(super) fn push_prompt(engine: &mut Engine, fp: *mut Value, tag: Value) {
    let base = engine.machine.index(fp);
    engine.machine.push(Entry::Prompt { tag, base });
}

/// The `WindPush` instruction.
pub(super) fn push_wind(engine: &mut Engine, before: Value, after: Value) {
    engine.machine.push(Entry::Wind { before, after });
}

/// The `FluidPush` instruction.
pub(super) fn push_fluid(engine: &mut Engine, fluid: Value, value: Value) {
    let other = swap_fluid(engine, fluid, value);
    engine.machine.push(Entry::Fluid { fluid, other });
}

/// The `StatePush` instruction.
pub(super) fn push_state(engine: &mut Engine, state: Value) {
    let other = swap_state(engine, state);
    engine.machine.push(Entry::State { other });
}

/// The `DynPop` instruction: ends the innermost entry without calling thunks.
pub(super) fn pop(engine: &mut Engine) -> Option<DynEntry> {
    let entry = engine.machine.dynamic.pop()?;
    match entry.entry {
        Entry::Fluid { fluid, other } => {
            swap_fluid(engine, fluid, other);
        }
        Entry::State { other } => set_state(engine, other),
        Entry::Prompt { .. } | Entry::Wind { .. } => {}
    }
    Some(entry)
}

/// Ends all entries above `target`, without calling thunks: for runs that died.
pub(super) fn drop_dynamic(engine: &mut Engine, target: usize) {
    while engine.machine.dynamic.len() > target {
        pop(engine);
    }
}

/// Copies the dynamic stack from entry `start`: each binding with the value inside.
fn capture_dynamic(engine: &mut Engine, start: usize, base: usize) -> Vec<DynEntry> {
    // Going down, undo each binding to see what is inside; then redo them.
    let mut captured = Vec::new();
    let original: Vec<DynEntry> = engine.machine.dynamic[start..].to_vec();
    for entry in original.iter().rev() {
        let inside = match entry.entry {
            Entry::Fluid { fluid, other } => {
                Entry::Fluid { fluid, other: swap_fluid(engine, fluid, other) }
            }
            Entry::State { other } => Entry::State { other: swap_state(engine, other) },
            Entry::Prompt { tag, base: at } => Entry::Prompt { tag, base: at - base },
            Entry::Wind { before, after } => Entry::Wind { before, after },
        };
        captured.push(DynEntry { id: entry.id, entry: inside });
    }
    for entry in captured.iter().rev() {
        match entry.entry {
            Entry::Fluid { fluid, other } => {
                swap_fluid(engine, fluid, other);
            }
            Entry::State { other } => set_state(engine, other),
            _ => {}
        }
    }
    captured.reverse();
    captured
}

/// Captures the stack from index `base` to the header of the frame `w`.
fn capture(
    engine: &mut Engine,
    base: usize,
    w: *mut Value,
    dynamic: usize,
    partial: bool,
    resumable: bool,
) -> Value {
    let entries = capture_dynamic(engine, dynamic, base);
    let machine = &engine.machine;
    let len = machine.index(w) + 2 - base;
    // SAFETY: the slots are below the top of the stack.
    let slots: Box<[Value]> = unsafe { std::slice::from_raw_parts(machine.slot(base), len) }.into();
    let run = machine.run_id();
    engine.heap.note_external(len * 8);
    engine.heap.foreign(Continuation { slots, dynamic: entries, partial, resumable, run })
}

/// The current continuation of the frame `w`, for `call/cc`.
pub(super) fn capture_full(engine: &mut Engine, w: *mut Value) -> Value {
    let run = engine.machine.runs.last().map_or((0, 0), |run| (run.base, run.dynamic));
    capture(engine, run.0, w, run.1, false, true)
}

/// Distance from a prompt's frame to the frame of its thunk (see `special`).
pub(super) const PROMPT_THUNK: usize = 6;

/// Aborts from the frame `w` (whose header is what is returned to when the continuation is
/// called) to the innermost prompt with this tag.
pub(super) fn abort(
    engine: &mut Engine,
    w: *mut Value,
    tag: Value,
    values: Vec<Value>,
    resumable: bool,
) -> Result<()> {
    let found = engine
        .machine
        .dynamic
        .iter()
        .rposition(|e| matches!(e.entry, Entry::Prompt { tag: t, .. } if t == tag));
    let Some(position) = found else {
        let exit = errors::plain(
            engine,
            "misc-error",
            Some("abort"),
            "Abort to unknown prompt",
            &[tag],
            false,
        );
        return errors::throw_above(engine, w.wrapping_add(6), exit);
    };
    let barrier = engine.machine.runs.last().map_or(0, |run| run.dynamic);
    if position < barrier {
        let then = Then::Leave(Pending::Abort { tag, values });
        let plan = Plan { target: barrier, enter: Vec::new(), entering: None, then };
        return follow(engine, w.wrapping_add(6), plan, true);
    }
    let Entry::Prompt { base, .. } = engine.machine.dynamic[position].entry else {
        return Ok(());
    };
    // A handler that ignores the continuation needs none: so `catch` costs no copy.
    // SAFETY: the prompt's frame is alive and holds its handler in register 5.
    let handler = unsafe { *engine.machine.slot(base).add(5) };
    let continuation = if ignores_continuation(engine, handler) {
        Value::FALSE
    } else {
        capture(engine, base + PROMPT_THUNK, w, position + 1, true, resumable)
    };
    let then = Then::Handler { continuation, values };
    let plan = Plan { target: position + 1, enter: Vec::new(), entering: None, then };
    follow(engine, w.wrapping_add(6), plan, true)
}

fn ignores_continuation(engine: &Engine, handler: Value) -> bool {
    let code = engine.heap.closure_code(handler);
    code.is_some_and(|code| matches!(&code.details.clauses[..], [only] if only.ignores_first))
}

/// Calls the continuation with these values, in the place of the frame `w`.
pub(super) fn resume(
    engine: &mut Engine,
    w: *mut Value,
    value: Value,
    values: Vec<Value>,
) -> Result<()> {
    let top = w.wrapping_add(6);
    let Some(k) = engine.heap.as_foreign::<Continuation>(value) else { return Ok(()) };
    let (partial, resumable, run) = (k.partial, k.resumable, k.run);
    let entries = k.dynamic.clone();
    if !resumable {
        let message = "Wrong type (expecting ~A): ~S";
        let expected = engine.heap.string("resumable continuation");
        let exit = errors::plain(engine, "wrong-type-arg", None, message, &[expected, value], true);
        return errors::throw_above(engine, top, exit);
    }
    let machine = &engine.machine;
    if partial {
        let base = machine.index(w);
        let target = machine.dynamic.len();
        let enter = entries.into_iter().rev().collect();
        let then = Then::Continue { continuation: value, values, base };
        return follow(engine, top, Plan { target, enter, entering: None, then }, true);
    }
    let (base, barrier) = machine.runs.last().map_or((0, 0), |run| (run.base, run.dynamic));
    if run != machine.run_id() && machine.runs.iter().any(|r| r.id == run) {
        let then = Then::Leave(Pending::Continue { continuation: value, values });
        let plan = Plan { target: barrier, enter: Vec::new(), entering: None, then };
        return follow(engine, top, plan, true);
    }
    let common =
        machine.dynamic[barrier..].iter().zip(&entries).take_while(|(a, b)| a.id == b.id).count();
    let then = Then::Continue { continuation: value, values, base };
    let enter = entries.into_iter().skip(common).rev().collect();
    follow(engine, top, Plan { target: barrier + common, enter, entering: None, then }, true)
}

/// Goes on where a nested run left for: from the frame `w` of the native that had started it.
pub(super) fn go_on(engine: &mut Engine, w: *mut Value) -> Result<()> {
    match engine.machine.pending.take() {
        Some(Pending::Abort { tag, values }) => abort(engine, w, tag, values, false),
        Some(Pending::Continue { continuation, values }) => resume(engine, w, continuation, values),
        None => Err(Box::new(Exit::Unwind)),
    }
}

/// The `Step` instruction in the frame `fp`.
pub(super) fn step(engine: &mut Engine, fp: *mut Value) -> Result<()> {
    // SAFETY: a plan's frame holds it in register 3.
    let plan = unsafe { *fp.add(3) };
    match engine.heap.as_foreign_mut::<Option<Plan>>(plan).and_then(Option::take) {
        Some(plan) => follow(engine, fp, plan, false),
        None => Ok(()),
    }
}

/// Follows the plan to its end or to the next thunk, which is called from a frame at `frame`
/// (`fresh`: still to be made, above the running frame).
fn follow(engine: &mut Engine, frame: *mut Value, mut plan: Plan, fresh: bool) -> Result<()> {
    if let Some(entry) = plan.entering.take() {
        engine.machine.dynamic.push(entry);
        plan.target = engine.machine.dynamic.len();
    }
    loop {
        if engine.machine.dynamic.len() > plan.target {
            if let Some(DynEntry { entry: Entry::Wind { after, .. }, .. }) = pop(engine) {
                return call_thunk(engine, frame, after, plan, fresh);
            }
            continue;
        }
        let Some(mut entry) = plan.enter.pop() else { break };
        match &mut entry.entry {
            Entry::Fluid { fluid, other } => *other = swap_fluid(engine, *fluid, *other),
            Entry::State { other } => *other = swap_state(engine, *other),
            Entry::Prompt { base, .. } => {
                if let Then::Continue { base: bottom, .. } = plan.then {
                    *base += bottom;
                }
            }
            &mut Entry::Wind { before, .. } => {
                plan.entering = Some(entry);
                return call_thunk(engine, frame, before, plan, fresh);
            }
        }
        engine.machine.dynamic.push(entry);
        plan.target = engine.machine.dynamic.len();
    }
    arrive(engine, frame, plan)
}

/// Calls a wind's thunk from the plan's frame.
fn call_thunk(
    engine: &mut Engine,
    frame: *mut Value,
    thunk: Value,
    plan: Plan,
    fresh: bool,
) -> Result<()> {
    if !engine.machine.reserve(frame.wrapping_add(16)) {
        let exit = errors::stack_overflow(engine);
        return errors::throw_above(engine, frame, exit);
    }
    let step = engine.machine.special.step;
    let plan = engine.heap.foreign(Some(plan));
    let machine = &mut engine.machine;
    // SAFETY: `reserve` has made sure of the slots; the special closure has a code object.
    unsafe {
        if fresh {
            let below = machine.fp;
            frame.write(return_address(machine.pc));
            frame.add(1).write(link(frame as usize - below as usize, op::RECEIVE_NONE));
            frame.add(2).write(step);
        }
        frame.add(3).write(plan);
        let window = frame.add(4);
        window.write(return_address((*code_of(step)).entry));
        window.add(1).write(link(window as usize - frame as usize, op::RECEIVE_NONE));
        window.add(2).write(thunk);
        machine.fp = frame;
        enter(engine, window, 0)
    }
}

/// The end of the way.
fn arrive(engine: &mut Engine, frame: *mut Value, plan: Plan) -> Result<()> {
    match plan.then {
        Then::Leave(pending) => {
            engine.machine.pending = Some(pending);
            Err(Box::new(Exit::Unwind))
        }
        Then::Handler { continuation, values } => {
            let Some(DynEntry { entry: Entry::Prompt { base, .. }, .. }) = pop(engine) else {
                return Ok(());
            };
            engine.machine.recover(base);
            let fp = engine.machine.slot(base);
            if !engine.machine.reserve(fp.wrapping_add(values.len() + 16)) {
                let exit = errors::stack_overflow(engine);
                return errors::throw_above(engine, frame, exit);
            }
            // SAFETY: the prompt's frame is alive (register 5 is its handler) and `reserve` has
            // made sure of room for the values.
            unsafe {
                fp.add(2).write(*fp.add(5));
                fp.add(3).write(continuation);
                for (i, &value) in values.iter().enumerate() {
                    fp.add(4 + i).write(value);
                }
                enter(engine, fp, values.len() + 1)
            }
        }
        Then::Continue { continuation, values, base } => {
            reinstate(engine, frame, continuation, values, base)
        }
    }
}

/// Copies the continuation's frames to stack index `base` and returns the values to it.
fn reinstate(
    engine: &mut Engine,
    frame: *mut Value,
    continuation: Value,
    values: Vec<Value>,
    base: usize,
) -> Result<()> {
    let Engine { heap, machine, .. } = engine;
    let Some(k) = heap.as_foreign::<Continuation>(continuation) else { return Ok(()) };
    machine.recover(base + k.slots.len());
    let bottom = machine.slot(base);
    if !machine.reserve(bottom.wrapping_add(k.slots.len() + 16)) {
        let exit = errors::stack_overflow(engine);
        return errors::throw_above(engine, frame, exit);
    }
    // SAFETY: `reserve` has made sure of the slots; the slice ends with a frame's header. The
    // bottom frame keeps the header that it had: its caller is the one that is there now.
    unsafe {
        let header = (*bottom, *bottom.add(1));
        bottom.copy_from_nonoverlapping(k.slots.as_ptr(), k.slots.len());
        bottom.write(header.0);
        bottom.add(1).write(header.1);
        let w = bottom.add(k.slots.len() - 2);
        debug_assert!(w == bottom || decode_link(*w.add(1)).0 <= (w as usize - bottom as usize));
        return_values(engine, w, values)
    }
}

/// Whether a prompt with this tag is in the current run, so that its continuation can be resumed.
pub(crate) fn has_prompt(engine: &Engine, tag: Value) -> bool {
    let barrier = engine.machine.runs.last().map_or(0, |run| run.dynamic);
    let entries = &engine.machine.dynamic[barrier..];
    entries.iter().any(|e| matches!(e.entry, Entry::Prompt { tag: t, .. } if t == tag))
}
