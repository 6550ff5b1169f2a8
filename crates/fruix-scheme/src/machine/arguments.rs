// SPDX-License-Identifier: GPL-3.0-or-later
//! Binding arguments to the parameters of clauses that are not plain: optional, rest, keywords,
//! several clauses.

use super::code::{ClauseInfo, Code};
use super::errors;
use crate::engine::Engine;
use crate::heap::Tag;
use crate::native::Result;
use crate::value::Value;

/// Whether a clause accepts `count` arguments, keywords aside.
fn accepts(clause: &ClauseInfo, count: usize) -> bool {
    let required = clause.required as usize;
    count >= required
        && (clause.rest || clause.has_keywords || count <= required + clause.optional as usize)
}

/// Arranges the `count` arguments from register 3 of the window `w` for the closure in its register 2; gives
/// the address where its code starts.
///
/// # Safety
/// `w` is a window of the stack with room for the code's frame and for the arguments; `code` is the
/// closure's.
pub(super) unsafe fn bind(
    engine: &mut Engine,
    code: *const Code,
    w: *mut Value,
    count: usize,
) -> Result<*const u64> {
    // SAFETY: the closure in the window keeps its code alive.
    let code = unsafe { &*code };
    // SAFETY: by contract the window has room.
    let (procedure, registers) = unsafe { (*w.add(2), w.add(3)) };
    let clauses = &code.details.clauses;
    let last = clauses.len() - 1;
    let fits = |(i, clause): &(usize, &ClauseInfo)| {
        let required = clause.required as usize;
        // Of several clauses, one with keywords wants no other positional arguments.
        let positional = required + clause.optional as usize;
        accepts(clause, count)
            && (*i == last || !clause.has_keywords || clause.rest || count <= positional
                // SAFETY: by contract the arguments are in the window.
                || (required..=positional).any(|n| engine.heap.is(unsafe { *registers.add(n) }, Tag::Keyword)))
    };
    let Some((_, clause)) = clauses.iter().enumerate().find(fits) else {
        return Err(errors::wrong_number_of_args(engine, procedure));
    };
    let required = clause.required as usize;
    let positional = required + clause.optional as usize;
    // SAFETY: by contract the arguments and the code's frame are within the stack.
    unsafe {
        if !clause.has_keywords {
            if clause.rest {
                let mut rest = Value::NULL;
                for i in (positional..count).rev() {
                    rest = engine.heap.cons(*registers.add(i), rest);
                }
                for i in count..positional {
                    registers.add(i).write(Value::MISSING);
                }
                registers.add(positional).write(rest);
            } else {
                for i in count..positional {
                    registers.add(i).write(Value::MISSING);
                }
            }
            return Ok(code.at(clause.entry));
        }
        let is_keyword = |engine: &Engine, v| engine.heap.is(v, Tag::Keyword);
        let mut given = required;
        while given < positional.min(count) && !is_keyword(engine, *registers.add(given)) {
            given += 1;
        }
        let mut few = [Value::FALSE; 16];
        let mut many = Vec::new();
        let others = if count - given <= few.len() {
            &mut few[..count - given]
        } else {
            many.resize(count - given, Value::FALSE);
            &mut many[..]
        };
        for (i, other) in others.iter_mut().enumerate() {
            *other = *registers.add(given + i);
        }
        for i in given..positional {
            registers.add(i).write(Value::MISSING);
        }
        let mut next = positional;
        if clause.rest {
            let rest = engine.heap.list(others);
            registers.add(next).write(rest);
            next += 1;
        }
        for i in 0..clause.keywords.len() {
            registers.add(next + i).write(Value::MISSING);
        }
        let mut i = 0;
        while i < others.len() {
            let key = others[i];
            if !is_keyword(engine, key) {
                if !clause.rest {
                    return Err(errors::keyword(engine, procedure, "Invalid keyword", key));
                }
                i += 1;
                continue;
            }
            let position = clause.keywords.iter().position(|&k| k == key);
            if position.is_none() && !clause.allow_other_keys {
                return Err(errors::keyword(engine, procedure, "Unrecognized keyword", key));
            }
            let Some(&value) = others.get(i + 1) else {
                if clause.rest && position.is_none() {
                    break;
                }
                let message = "Keyword argument has no value";
                return Err(errors::keyword(engine, procedure, message, key));
            };
            if let Some(position) = position {
                registers.add(next + position).write(value);
            }
            i += 2;
        }
        Ok(code.at(clause.entry))
    }
}
