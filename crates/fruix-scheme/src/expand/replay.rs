// SPDX-License-Identifier: GPL-3.0-or-later
//! What top-level forms do to modules as they are expanded, done again for [`crate::cache`].

use super::module_forms::Action;
use super::{Ex, stored, syntax_case};
use crate::engine::Engine;
use crate::native::Result;
use crate::value::Value;

/// Defines a macro in `module`.
pub(crate) fn replay_macro(
    engine: &mut Engine,
    name: Value,
    module: Value,
    parameter: bool,
    transformer: Value,
) -> Result<()> {
    Ex::new(engine).install_in(name, module, parameter, transformer)
}

/// Makes a name that was a macro a variable.
pub(crate) fn replay_replaced(engine: &mut Engine, name: Value, module: Value) -> Result<()> {
    Ex::new(engine).note_replaced(module, name)?;
    engine.module_define(module, name, Value::UNSPECIFIED);
    Ok(())
}

/// `define-module`, `use-modules`, … with these arguments; says whether there is such a step.
pub(crate) fn replay_module_form(engine: &mut Engine, step: u8, args: &[Value]) -> Result<bool> {
    let Some(action) = Action::of_step(step) else { return Ok(false) };
    let scope = engine.heap.open_scope();
    args.iter().for_each(|&arg| {
        engine.heap.keep(arg);
    });
    let done = action.apply(&mut Ex::new(engine), args);
    engine.heap.close_scope(scope);
    done.map(|_| true)
}

/// The transformer that `rules` are the rules of.
pub(crate) fn transformer_of_rules(engine: &mut Engine, rules: Value) -> Result {
    if stored::kind_of(engine, rules) != Some(crate::cache::kind::RULES) {
        return engine.wrong_type("syntax-rules", 1, rules);
    }
    let ex = &mut Ex::new(engine);
    let maker = syntax_case::rules_maker(ex)?;
    ex.apply(maker, &[rules])
}
