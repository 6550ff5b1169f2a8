// SPDX-License-Identifier: GPL-3.0-or-later
//! The compiler: from the core tree to bytecode.
//!
//! [`convert`] recognises primitives and direct applications and, through [`letrec`] and [`loops`],
//! turns local procedures into code in place or jumps where it can; [`free`] finds what the other
//! closures hold; [`emit`] hands out registers and writes the instructions.

mod branches;
mod calls;
mod convert;
mod emit;
mod free;
mod function;
mod ir;
mod letrec;
mod loops;
pub(crate) mod primitives;

use crate::cache::LateCode;
use crate::engine::Engine;
use crate::heap::Tag;
use crate::machine::op::{Op, word};
use crate::native::Result;
use crate::tree::{Expr, Local};
use crate::value::Value;
use convert::{Converter, Variables};
use emit::{Dest, Emitter};
use free::Free;
use function::{Function, Place};
use ir::{Ex, Lam, LamBody, LamClause};
use rustc_hash::FxHashMap;

fn convert(engine: &mut Engine, mut variables: Variables, tree: Expr) -> (Ex, Variables) {
    variables.scan(&tree);
    let mut converter = Converter { engine, variables };
    let body = converter.convert(tree);
    (body, converter.variables)
}

/// Compiles `tree`; gives a procedure of no arguments that evaluates it.
pub fn compile(engine: &mut Engine, tree: Expr) -> Result<Value> {
    let (mut body, variables) = convert(engine, Variables::default(), tree);
    let free = Free::annotate(&mut body, std::iter::empty());
    let clause = LamClause {
        required: Vec::new(),
        optional: Vec::new(),
        rest: None,
        keywords: Vec::new(),
        has_keywords: false,
        allow_other_keys: false,
        names: Vec::new(),
        body: LamBody::Now(body),
    };
    let lam = Lam {
        name: Value::FALSE,
        properties: Value::NULL,
        clauses: vec![clause],
        location: None,
        free: Vec::new(),
    };
    let mut emitter = Emitter {
        engine,
        variables: &variables,
        free: &free,
        closures: FxHashMap::default(),
        f: Function::new(),
    };
    let code = emitter.code(&lam, None)?;
    Ok(engine.heap.slots_from(Tag::Closure, &[code]))
}

/// Expands and compiles late body `index` of a closure's code; gives the index of its first
/// instruction.
pub(crate) fn compile_late(engine: &mut Engine, closure: Value, index: usize) -> Result<usize> {
    let code_value =
        engine.heap.slots(closure, Tag::Closure).map_or(Value::FALSE, |slots| slots[0]);
    let late = |engine: &Engine| {
        let late = engine.heap.as_code(code_value)?.details().late.get(index)?;
        Some((late.form, late.pc, late.parameters.clone(), late.boxed))
    };
    let Some((form, pc, parameters, boxed)) = late(engine) else {
        return engine.error("misc-error", "compile", "no such late body", &[]);
    };
    let scope = engine.heap.open_scope();
    engine.heap.keep(form);
    let entry = match engine.stored_body(form) {
        None => compile_body(engine, code_value, (form, pc, parameters, boxed)),
        Some(stored) => stored.and_then(|stored| match stored {
            LateCode::Procedure(body) => jump_to(engine, code_value, body, pc, &parameters),
            LateCode::Record(form, locals) => {
                let registers = parameters.iter().map(|p| p.1);
                let parameters = locals.into_iter().map(Local).zip(registers).collect();
                compile_body(engine, code_value, (form, pc, parameters, boxed))
            }
        }),
    };
    let entry = entry.map_err(|exit| engine.raised(exit));
    engine.heap.close_scope(scope);
    entry
}

/// Makes a late body a call of the procedure `body` with the parameters.
fn jump_to(
    engine: &mut Engine,
    code_value: Value,
    body: Value,
    pc: usize,
    parameters: &[(Local, u16)],
) -> Result<usize> {
    let Some(parts) = engine.heap.as_code(code_value).map(|code| code.parts()) else {
        return engine.error("misc-error", "compile", "no such late body", &[]);
    };
    let entry = parts.instructions.len();
    let next = parameters.last().map_or(function::FIRST, |p| usize::from(p.1) + 1);
    let mut f = Function::resume(parts, next);
    f.need(next + 3 + parameters.len());
    let k = f.constants.len();
    f.constants.push(body);
    f.emit(Op::Const, next + 2, 0, k);
    for (n, &(_, register)) in parameters.iter().enumerate() {
        f.emit(Op::Mov, next + 3 + n, usize::from(register), 0);
    }
    f.emit(Op::TailCall, next, parameters.len(), 0);
    let mut parts = f.finish();
    parts.instructions[pc] = word(Op::Jump, 0, 0, (entry - (pc + 1)) as u32);
    if let Some(code) = engine.heap.as_code_mut(code_value) {
        code.extend(parts);
    }
    Ok(entry)
}

fn compile_body(
    engine: &mut Engine,
    code_value: Value,
    (form, pc, parameters, boxed): (Value, usize, Vec<(Local, u16)>, bool),
) -> Result<usize> {
    let tree = crate::expand::expand_late(engine, form)?;
    // The expansion may have run and compiled this very body.
    let next = parameters.iter().map(|p| p.0.0 + 1).max().unwrap_or(0);
    let variables = Variables { next, ..Variables::default() };
    let (mut body, mut variables) = convert(engine, variables, tree);
    if boxed {
        variables.assigned.extend(parameters.iter().map(|p| p.0));
    }
    let free = Free::annotate(&mut body, parameters.iter().map(|p| p.0));
    let Some(parts) = engine.heap.as_code(code_value).map(|code| code.parts()) else {
        return engine.error("misc-error", "compile", "no such late body", &[]);
    };
    let entry = parts.instructions.len();
    let next = parameters.last().map_or(function::FIRST, |p| usize::from(p.1) + 1);
    let mut f = Function::resume(parts, next);
    for &(local, register) in &parameters {
        let register = usize::from(register);
        f.places.insert(local, Place::Register(register));
        if !boxed && variables.assigned.contains(&local) {
            f.emit(Op::MakeBox, register, register, 0);
        }
    }
    let mut emitter =
        Emitter { engine, variables: &variables, free: &free, closures: FxHashMap::default(), f };
    emitter.expression(&body, Dest::Tail)?;
    let mut parts = emitter.f.finish();
    parts.instructions[pc] = word(Op::Jump, 0, 0, (entry - (pc + 1)) as u32);
    if let Some(code) = engine.heap.as_code_mut(code_value) {
        code.extend(parts);
    }
    Ok(entry)
}
