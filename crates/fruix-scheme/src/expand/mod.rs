// SPDX-License-Identifier: GPL-3.0-or-later
//! The expander: from syntax objects to the core tree.

use crate::heap::{Heap, Tracer};

/// What the expander keeps from one expansion to the next.
pub struct State {}

impl State {
    /// The state of a new engine.
    pub fn new(_heap: &mut Heap) -> State {
        State {}
    }

    /// Reports the state's values to the collector.
    pub fn trace(&self, _tracer: &mut Tracer) {}
}
