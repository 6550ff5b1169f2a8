// SPDX-License-Identifier: GPL-3.0-or-later
//! One Scheme world: the heap, the machine's state, the modules.

use crate::heap::Heap;
use crate::native::{Exit, Result};
use crate::value::Value;

/// A Scheme engine. Engines are independent of each other and stay on one thread.
pub struct Engine {
    /// All objects.
    pub heap: Heap,
    /// The files that syntax objects' sources point into.
    pub sources: crate::source::Sources,
    /// What the expander keeps. (`State::new(&mut heap)`; a root: `trace`.)
    pub expander: crate::expand::State,
    /// The modules. (`Modules::new(&mut heap)`; a root: `trace`.)
    pub modules: crate::modules::Modules,
}

impl Engine {
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
