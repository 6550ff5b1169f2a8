// SPDX-License-Identifier: GPL-3.0-or-later
//! One Scheme world: the heap, the machine's state, the modules.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::heap::Heap;
use crate::machine::Machine;
use crate::native::{Exit, Result};
use crate::tree::Expr;
use crate::value::Value;

/// A Scheme engine. Engines are independent of each other and stay on one thread.
pub struct Engine {
    /// All objects.
    pub heap: Heap,
    /// The machine's stack, dynamic state and run records.
    pub(crate) machine: Machine,
    /// The files that syntax objects' sources point into.
    pub(crate) sources: crate::source::Sources,
    /// What the expander keeps. (`State::new(&mut heap)`; a root: `trace`.)
    pub(crate) expander: crate::expand::State,
    /// The modules. (`Modules::new(&mut heap)`; a root: `trace`.)
    pub(crate) modules: crate::modules::Modules,
    /// What the reader keeps between reads.
    pub(crate) reader: crate::reader::ReaderState,
    /// The vtables that the engine itself makes.
    pub(crate) vtables: crate::data::structs::StandardVtables,
    /// Definitions whose evaluation is put off.
    pub(crate) defer: crate::defer::State,
    /// What is known of the places of errors.
    pub(crate) report: crate::report::State,
    /// Compiled modules that are kept.
    pub(crate) cache: crate::cache::State,
    /// The state of natives of other crates, by its type. It holds no [`Value`]s.
    pub extensions: HashMap<TypeId, Box<dyn Any>>,
}

impl Default for Engine {
    fn default() -> Engine {
        Engine::new()
    }
}

impl Engine {
    /// An engine whose module `(guile)` holds the native procedures and the machine's own.
    pub fn new() -> Engine {
        let mut heap = Heap::new();
        let machine = Machine::new(&mut heap);
        let expander = crate::expand::State::new(&mut heap);
        let modules = crate::modules::Modules::new(&mut heap);
        let sources = Default::default();
        let reader = Default::default();
        let vtables = crate::data::structs::StandardVtables::new(&mut heap);
        let report = Default::default();
        let defer = crate::defer::State::new();
        let cache = Default::default();
        let extensions = HashMap::new();
        let mut engine = Engine {
            heap,
            machine,
            sources,
            expander,
            modules,
            reader,
            vtables,
            defer,
            report,
            cache,
            extensions,
        };
        crate::natives::install(&mut engine);
        engine
    }

    /// Collects garbage now. Only for safe points: values in Rust variables that are in no open
    /// scope do not survive.
    pub(crate) fn collect(&mut self) -> usize {
        let Engine {
            heap,
            machine,
            sources,
            expander,
            modules,
            reader,
            vtables,
            defer,
            report,
            cache,
            extensions: _,
        } = self;
        machine.before_collection();
        let whole = heap.wants_whole_collection();
        heap.mark(whole, |tracer| {
            machine.trace(tracer);
            sources.trace(tracer);
            expander.trace(tracer);
            modules.trace(tracer);
            reader.trace(tracer);
            vtables.trace(tracer);
            defer.trace(tracer);
            report.trace(tracer);
            cache.trace(tracer);
        });
        machine.after_marking();
        heap.sweep()
    }

    /// A flag that stops what is being evaluated, at its next call or loop, with an `interrupt`
    /// error once set (by a signal handler, by another thread).
    pub fn interrupt_flag(&self) -> Arc<AtomicBool> {
        self.machine.interrupt_flag()
    }

    /// The current module: where `eval` looks names up unless told otherwise.
    pub fn current_module(&self) -> Value {
        self.modules.current
    }

    /// Compiles `tree`; gives a procedure of no arguments that evaluates it.
    pub fn compile(&mut self, tree: Expr) -> Result<Value> {
        crate::compile::compile(self, tree)
    }

    /// Calls `procedure` in a nested run of the machine; gives its first value (unspecified if it
    /// returns none).
    ///
    /// What comes out as `Err` is to be returned by the native that called this, as it is:
    /// [`Exit::Unwind`] when Scheme code in the run left for a prompt or a continuation outside of
    /// it. If there is no outer run, an error that nobody handled comes as [`Exit::Error`] or
    /// [`Exit::Raise`].
    pub fn apply(&mut self, procedure: Value, args: &[Value]) -> Result<Value> {
        let values = self.apply_values(procedure, args)?;
        Ok(values.first().copied().unwrap_or(Value::UNSPECIFIED))
    }

    /// As [`Engine::apply`]; gives all values.
    pub fn apply_values(&mut self, procedure: Value, args: &[Value]) -> Result<Vec<Value>> {
        crate::machine::nested_run(self, procedure, args)
    }

    /// What an error looks like to an instruction, which cannot call Scheme in its place: a call that
    /// raises one is made now.
    pub(crate) fn raised(&mut self, exit: Box<Exit>) -> Box<Exit> {
        match *exit {
            Exit::TailCall(procedure, args) => match self.apply(procedure, &args) {
                Err(exit) => exit,
                Ok(value) => Box::new(Exit::Raise(value)),
            },
            _ => exit,
        }
    }

    /// The procedures that are being run, innermost first.
    pub fn backtrace(&self) -> Vec<crate::machine::FrameInfo> {
        crate::machine::backtrace(self)
    }

    /// An error in the form of Guile's `scm-error`, to be returned by a native.
    pub fn error<T>(&mut self, key: &str, subr: &str, message: &str, args: &[Value]) -> Result<T> {
        let key = self.heap.intern(key);
        let subr = self.heap.string(subr);
        let message = self.heap.string(message);
        let args = self.heap.list(args);
        Err(Box::new(Exit::Error { key, subr, message, args, data: Value::FALSE }))
    }

    /// `wrong-type-arg` at argument `position` (from 1), worded as Guile words it.
    pub fn wrong_type<T>(&mut self, subr: &str, position: usize, value: Value) -> Result<T> {
        let key = self.heap.intern("wrong-type-arg");
        let subr = self.heap.string(subr);
        let message = self.heap.string("Wrong type argument in position ~A: ~S");
        let args = self.heap.list(&[Value::fixnum(position as i64), value]);
        let data = self.heap.list(&[value]);
        Err(Box::new(Exit::Error { key, subr, message, args, data }))
    }

    /// `out-of-range` at argument `position` (from 1), worded as Guile words it.
    pub fn out_of_range<T>(&mut self, subr: &str, position: usize, value: Value) -> Result<T> {
        let key = self.heap.intern("out-of-range");
        let subr = self.heap.string(subr);
        let message = self.heap.string("Argument ~A out of range: ~S");
        let args = self.heap.list(&[Value::fixnum(position as i64), value]);
        let data = self.heap.list(&[value]);
        Err(Box::new(Exit::Error { key, subr, message, args, data }))
    }
}
