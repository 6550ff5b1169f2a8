// SPDX-License-Identifier: GPL-3.0-or-later
//! The machine: runs bytecode on its own stack.

use crate::engine::Engine;
use crate::heap::{Heap, Tracer};
use crate::native::Result;
use crate::tree::Location;
use crate::value::Value;

/// The machine's state.
pub struct Machine {}

/// A procedure that is being run.
#[derive(Debug)]
pub struct FrameInfo {
    /// The procedure's name, a symbol or `#f`.
    pub name: Value,
    /// The place of the call or expression that is being evaluated.
    pub location: Option<Location>,
}

impl Machine {
    /// The state of a new engine.
    pub fn new(_heap: &mut Heap) -> Machine {
        Machine {}
    }

    /// Reports the state's values to the collector.
    pub fn trace(&self, _tracer: &mut Tracer) {}

    pub(crate) fn before_collection(&mut self) {}
}

pub(crate) fn nested_run(engine: &mut Engine, _proc: Value, _args: &[Value]) -> Result<Vec<Value>> {
    engine.error("misc-error", "apply", "not yet", &[])
}

pub(crate) fn backtrace(_engine: &Engine) -> Vec<FrameInfo> {
    Vec::new()
}
