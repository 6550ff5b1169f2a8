// SPDX-License-Identifier: GPL-3.0-or-later
//! The module system.

use crate::heap::{Heap, Tracer};

/// All modules of an engine.
pub struct Modules {}

impl Modules {
    /// The modules of a new engine: `(guile)` and `(guile-user)`, empty.
    pub fn new(_heap: &mut Heap) -> Modules {
        Modules {}
    }

    /// Reports the modules to the collector.
    pub fn trace(&self, _tracer: &mut Tracer) {}
}
