// SPDX-License-Identifier: GPL-3.0-or-later
//! Procedures on syntax objects and macros.

use crate::engine::Engine;
use crate::expand::natives as expand;
use crate::heap::Tag;
use crate::native;
use crate::native::{Native, Result};
use crate::value::Value;

/// The procedures of `(guile)`.
pub static NATIVES: &[Native] = &[
    native!("%syntax-match", 2, expand::syntax_match),
    native!("%syntax-no-match", 1, expand::no_match),
    native!("%syntax-fill", 1, 0, true, expand::fill),
    native!("%apply-rules", 2, expand::apply_rules),
    native!("%syntax-identifier", 2, expand::identifier),
    native!("syntax->datum", 1, expand::syntax_to_datum),
    native!("datum->syntax", 2, 2, false, expand::datum_to_syntax),
    native!("identifier?", 1, expand::is_identifier),
    native!("generate-temporaries", 1, expand::generate_temporaries),
    native!("free-identifier=?", 2, expand::free_identifier),
    native!("bound-identifier=?", 2, expand::bound_identifier),
    native!("syntax-violation", 3, 1, false, expand::syntax_violation),
    native!("syntax-source", 1, expand::syntax_source),
    native!("make-variable-transformer", 1, expand::make_variable_transformer),
    native!("make-syntax-transformer", 3, make_syntax_transformer),
    native!("macro?", 1, is_macro),
    native!("macro-type", 1, macro_type),
    native!("macro-name", 1, macro_name),
    native!("macro-binding", 1, macro_binding),
    native!("macro-transformer", 1, macro_transformer),
];

/// The procedures of `(system syntax internal)`, in `(fruix native)`.
pub static INTERNAL: &[Native] = &[
    native!("%register-constructor!", 14, 0, false, expand::register_constructor),
    native!("%register-escapes!", 15, 0, false, expand::register_escapes),
    native!("syntax?", 1, is_syntax),
    native!("make-syntax", 3, 1, false, make_syntax),
    native!("syntax-expression", 1, syntax_expression),
    native!("syntax-wrap", 1, syntax_wrap),
    native!("syntax-module", 1, syntax_module),
    native!("syntax-sourcev", 1, expand::syntax_sourcev),
    native!("syntax-session-id", 0, session_id),
    native!("%syntax-module", 1, expand::id_module),
    native!("syntax-local-binding", 1, 2, false, expand::local_binding),
    native!("syntax-locally-bound-identifiers", 1, expand::locally_bound_identifiers),
];

fn is_syntax(engine: &mut Engine, value: Value) -> Result {
    Ok(Value::bool(engine.heap.is(value, Tag::Syntax)))
}

fn make_syntax(engine: &mut Engine, args: &[Value]) -> Result {
    let source = args.get(3).copied().unwrap_or(Value::FALSE);
    Ok(engine.heap.slots_from(Tag::Syntax, &[args[0], args[1], args[2], source]))
}

fn slot(engine: &mut Engine, who: &str, tag: Tag, value: Value, index: usize) -> Result {
    match engine.heap.slots(value, tag).and_then(|slots| slots.get(index)) {
        Some(&slot) => Ok(slot),
        None => engine.wrong_type(who, 1, value),
    }
}

fn syntax_expression(engine: &mut Engine, value: Value) -> Result {
    slot(engine, "syntax-expression", Tag::Syntax, value, 0)
}

fn syntax_wrap(engine: &mut Engine, value: Value) -> Result {
    slot(engine, "syntax-wrap", Tag::Syntax, value, 1)
}

fn syntax_module(engine: &mut Engine, value: Value) -> Result {
    slot(engine, "syntax-module", Tag::Syntax, value, 2)
}

fn session_id(engine: &mut Engine) -> Result {
    Ok(engine.heap.string("fruix"))
}

fn make_syntax_transformer(
    engine: &mut Engine,
    name: Value,
    kind: Value,
    binding: Value,
) -> Result {
    let module = engine.modules.current;
    Ok(engine.heap.slots_from(Tag::Macro, &[name, kind, binding, module]))
}

fn is_macro(engine: &mut Engine, value: Value) -> Result {
    Ok(Value::bool(engine.heap.is(value, Tag::Macro)))
}

fn macro_name(engine: &mut Engine, value: Value) -> Result {
    slot(engine, "macro-name", Tag::Macro, value, 0)
}

fn macro_type(engine: &mut Engine, value: Value) -> Result {
    slot(engine, "macro-type", Tag::Macro, value, 1)
}

fn macro_binding(engine: &mut Engine, value: Value) -> Result {
    slot(engine, "macro-binding", Tag::Macro, value, 2)?;
    engine.transformer(value)
}

fn macro_transformer(engine: &mut Engine, value: Value) -> Result {
    slot(engine, "macro-transformer", Tag::Macro, value, 2)?;
    let binding = engine.transformer(value)?;
    // A special form's number is no transformer.
    Ok(if binding.is_fixnum() { Value::FALSE } else { binding })
}
