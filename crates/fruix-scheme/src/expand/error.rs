// SPDX-License-Identifier: GPL-3.0-or-later
//! Complaints about syntax: Guile's `syntax-violation`.

use super::{Ex, Form, syntax};
use crate::engine::Engine;
use crate::native::{Exit, Result};
use crate::value::Value;

impl Ex<'_> {
    /// Raises `syntax-error` about `form`.
    pub(super) fn violation<T>(
        &mut self,
        who: Option<&str>,
        message: &str,
        form: Form,
        subform: Option<Value>,
    ) -> Result<T> {
        let whole = self.source_wrap(form.e, form.w, form.s, form.m);
        let who = who.map_or(Value::FALSE, |who| self.en.heap.intern(who));
        syntax_violation(self.en, who, message, whole, subform.unwrap_or(Value::FALSE))
    }

    /// The error for a form that is not what its keyword wants.
    pub(super) fn no_match<T>(&mut self, form: Form) -> Result<T> {
        self.violation(None, "source expression failed to match any pattern", form, None)
    }
}

/// `(throw 'syntax-error WHO MESSAGE SOURCE FORM SUBFORM)`.
pub(crate) fn syntax_violation<T>(
    engine: &mut Engine,
    who: Value,
    message: &str,
    form: Value,
    subform: Value,
) -> Result<T> {
    let source_of = |engine: &Engine, x| syntax::parts(&engine.heap, x).map(|p| p.3);
    let place = source_of(engine, subform)
        .filter(|&s| s != Value::FALSE)
        .or_else(|| source_of(engine, form))
        .unwrap_or(Value::FALSE);
    let place = source_alist(engine, place);
    let key = engine.heap.intern("syntax-error");
    let message = engine.heap.string(message);
    let form = syntax::strip(&mut engine.heap, form);
    let subform = syntax::strip(&mut engine.heap, subform);
    if engine.modules.booting {
        // There is nothing yet in Scheme that could handle it.
        let args = engine.heap.list(&[form, subform, place]);
        let data = Value::FALSE;
        return Err(Box::new(Exit::Error { key, subr: who, message, args, data }));
    }
    match engine.guile_value("throw") {
        Some(throw) => {
            let args = vec![key, who, message, place, form, subform];
            Err(Box::new(Exit::TailCall(throw, args)))
        }
        // While booting.
        None => {
            let args = engine.heap.list(&[form, subform, place]);
            let data = Value::FALSE;
            Err(Box::new(Exit::Error { key, subr: who, message, args, data }))
        }
    }
}

/// A source as Guile's association list, `((filename . F) (line . L) (column . C))`, or `#f`.
pub(crate) fn source_alist(engine: &mut Engine, source: Value) -> Value {
    let Some((file, line, column)) = engine.sources.unpack(&engine.heap, source) else {
        return Value::FALSE;
    };
    let heap = &mut engine.heap;
    let mut alist = Value::NULL;
    for (name, value) in [("column", column), ("line", line), ("filename", file)] {
        if name == "filename" && value == Value::FALSE {
            continue;
        }
        let name = heap.intern(name);
        let entry = heap.cons(name, value);
        alist = heap.cons(entry, alist);
    }
    alist
}
