// SPDX-License-Identifier: GPL-3.0-or-later
//! The compiler: from the core tree to bytecode.

use crate::engine::Engine;
use crate::native::Result;
use crate::tree::Expr;
use crate::value::Value;

/// Compiles `tree`; gives a procedure of no arguments that evaluates it.
pub fn compile(engine: &mut Engine, tree: Expr) -> Result<Value> {
    let _ = tree;
    engine.error("misc-error", "compile", "not yet", &[])
}
