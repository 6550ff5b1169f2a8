// SPDX-License-Identifier: GPL-3.0-or-later
//! What is known about procedures (Guile's manual, "Procedure Properties" and "Procedures with
//! Setters"), and stacks and frames for backtraces.

use crate::data::structs;
use crate::engine::Engine;
use crate::heap::{Foreign, Tag, Tracer};
use crate::machine::{FrameInfo, is_procedure};
use crate::native;
use crate::native::{Exit, Native, Result};
use crate::natives::args::expecting;
use crate::tree::Location;
use crate::value::Value;

/// The procedures.
pub static NATIVES: &[Native] = &[
    native!("procedure-name", 1, |e, p| {
        want(e, "procedure-name", p)?;
        Ok(property(e, p, "name"))
    }),
    native!("procedure-documentation", 1, |e, p| {
        want(e, "procedure-documentation", p)?;
        Ok(property(e, p, "documentation"))
    }),
    native!("procedure-property", 2, |e, p, key| {
        want(e, "procedure-property", p)?;
        let list = properties(e, p);
        Ok(assq(e, list, key).map_or(Value::FALSE, |entry| e.heap.cdr(entry)))
    }),
    native!("procedure-properties", 1, |e, p| {
        want(e, "procedure-properties", p)?;
        Ok(properties(e, p))
    }),
    native!("set-procedure-property!", 3, |e, p, key, value| {
        want(e, "set-procedure-property!", p)?;
        let list = properties(e, p);
        let mut entries = e.heap.list_to_vec(list).unwrap_or_default();
        entries.retain(|&entry| e.heap.pair(entry).is_none_or(|(k, _)| k != key));
        entries.insert(0, e.heap.cons(key, value));
        let list = e.heap.list(&entries);
        e.machine.properties.insert(p, list);
        Ok(Value::UNSPECIFIED)
    }),
    native!("set-procedure-properties!", 2, |e, p, list| {
        want(e, "set-procedure-properties!", p)?;
        e.machine.properties.insert(p, list);
        Ok(Value::UNSPECIFIED)
    }),
    native!("procedure-source", 1, |e, p| {
        want(e, "procedure-source", p)?;
        Ok(Value::FALSE)
    }),
    native!("procedure-minimum-arity", 1, |e, p| {
        want(e, "procedure-minimum-arity", p)?;
        Ok(minimum_arity(e, p))
    }),
    native!("make-procedure-with-setter", 2, |e, procedure, setter| {
        want(e, "make-procedure-with-setter", procedure)?;
        let vtable = e.vtables.with_setter;
        Ok(e.heap.slots_from(Tag::Struct, &[vtable, procedure, setter]))
    }),
    native!("procedure-with-setter?", 1, |e, v| {
        let vtable = e.vtables.with_setter;
        Ok(Value::bool(e.heap.slots(v, Tag::Struct).is_some_and(|slots| slots[0] == vtable)))
    }),
    native!("procedure", 1, |e, v| match structs::procedure(&e.heap, v) {
        Some(procedure) => Ok(procedure),
        None => expecting(e, "procedure", 1, "procedure-with-setter", v),
    }),
    native!("setter", 1, |e, v| {
        let vtable = e.vtables.with_setter;
        match e.heap.slots(v, Tag::Struct) {
            Some(&[t, _, setter, ..]) if t == vtable => Ok(setter),
            _ => e.wrong_type("setter", 1, v),
        }
    }),
    native!("make-stack", 1, 0, true, make_stack),
    native!("stack?", 1, |e, v| Ok(Value::bool(e.heap.as_foreign::<Stack>(v).is_some()))),
    native!("stack-length", 1, |e, v| match e.heap.as_foreign::<Stack>(v) {
        Some(stack) => Ok(Value::fixnum(stack.frames.len() as i64)),
        None => expecting(e, "stack-length", 1, "stack", v),
    }),
    native!("stack-ref", 2, |e, v, index| {
        let frames = e.heap.as_foreign::<Stack>(v).map(|stack| &stack.frames);
        let n = index.as_fixnum().and_then(|n| usize::try_from(n).ok());
        match (frames, n) {
            (Some(frames), Some(n)) if n < frames.len() => {
                let frame = Frame { stack: v, index: n };
                Ok(e.heap.foreign(frame))
            }
            (None, _) => expecting(e, "stack-ref", 1, "stack", v),
            _ => e.out_of_range("stack-ref", 2, index),
        }
    }),
    native!("stack-id", 1, |_, _| Ok(Value::TRUE)),
    native!("frame?", 1, |e, v| Ok(Value::bool(e.heap.as_foreign::<Frame>(v).is_some()))),
    native!("frame-procedure-name", 1, |e, v| { Ok(frame(e, "frame-procedure-name", v)?.name) }),
    native!("frame-procedure", 1, |e, v| Ok(frame(e, "frame-procedure", v)?.procedure)),
    native!("frame-arguments", 1, |e, v| frame(e, "frame-arguments", v).map(|_| Value::NULL)),
    native!("frame-source", 1, |e, v| {
        let location = frame(e, "frame-source", v)?.location;
        Ok(location.map_or(Value::FALSE, |location| source(e, &location)))
    }),
    native!("frame-previous", 1, |e, v| {
        frame(e, "frame-previous", v)?;
        let Some(&Frame { stack, index }) = e.heap.as_foreign::<Frame>(v) else {
            return Ok(Value::FALSE);
        };
        let length = e.heap.as_foreign::<Stack>(stack).map_or(0, |stack| stack.frames.len());
        if index + 1 >= length {
            return Ok(Value::FALSE);
        }
        Ok(e.heap.foreign(Frame { stack, index: index + 1 }))
    }),
];

/// The frames of a moment.
struct Stack {
    frames: Vec<FrameInfo>,
}

impl Foreign for Stack {
    fn type_name(&self) -> &'static str {
        "stack"
    }
    fn trace(&self, tracer: &mut Tracer) {
        self.frames.iter().for_each(|frame| tracer.visit_all(&[frame.name, frame.procedure]));
    }
}

/// A frame of a stack.
struct Frame {
    stack: Value,
    index: usize,
}

impl Foreign for Frame {
    fn type_name(&self) -> &'static str {
        "frame"
    }
    fn trace(&self, tracer: &mut Tracer) {
        tracer.visit(self.stack);
    }
}

fn make_stack(engine: &mut Engine, _args: &[Value]) -> Result {
    let frames = engine.backtrace();
    Ok(engine.heap.foreign(Stack { frames }))
}

fn frame(engine: &mut Engine, subr: &str, value: Value) -> Result<FrameInfo> {
    let info = engine.heap.as_foreign::<Frame>(value).and_then(|frame| {
        engine.heap.as_foreign::<Stack>(frame.stack)?.frames.get(frame.index).cloned()
    });
    match info {
        Some(info) => Ok(info),
        None => expecting(engine, subr, 1, "frame", value),
    }
}

/// A place as an association list, as `frame-source` and source properties give it.
fn source(engine: &mut Engine, location: &Location) -> Value {
    let heap = &mut engine.heap;
    let mut entries = Vec::new();
    if let Some(file) = &location.file {
        let (key, value) = (heap.intern("filename"), heap.string(file));
        entries.push(heap.cons(key, value));
    }
    for (key, n) in [("line", location.line), ("column", location.column)] {
        let key = heap.intern(key);
        entries.push(heap.cons(key, Value::fixnum(i64::from(n))));
    }
    heap.list(&entries)
}

fn want(engine: &mut Engine, subr: &str, value: Value) -> Result<()> {
    if is_procedure(engine, value) {
        return Ok(());
    }
    let heap = &mut engine.heap;
    let expected = heap.string("procedure");
    let args = heap.list(&[Value::fixnum(1), expected, value]);
    Err(Box::new(Exit::Error {
        key: heap.intern("wrong-type-arg"),
        subr: heap.string(subr),
        message: heap.string("Wrong type argument in position ~A (expecting ~A): ~S"),
        args,
        data: heap.list(&[value]),
    }))
}

fn assq(engine: &Engine, mut list: Value, key: Value) -> Option<Value> {
    while let Some((entry, rest)) = engine.heap.pair(list) {
        if engine.heap.pair(entry).is_some_and(|(k, _)| k == key) {
            return Some(entry);
        }
        list = rest;
    }
    None
}

fn property(engine: &mut Engine, procedure: Value, key: &str) -> Value {
    let key = engine.heap.intern(key);
    let list = properties(engine, procedure);
    assq(engine, list, key).map_or(Value::FALSE, |entry| engine.heap.cdr(entry))
}

/// The properties: those that were set, else what the code says.
fn properties(engine: &mut Engine, procedure: Value) -> Value {
    if let Some(&list) = engine.machine.properties.get(&procedure) {
        return list;
    }
    if let Some(inner) = structs::procedure(&engine.heap, procedure) {
        return properties(engine, inner);
    }
    let (name, rest) = match (engine.heap.closure_code(procedure), engine.heap.as_native(procedure))
    {
        (Some(code), _) => (code.details().name, code.details().properties),
        (_, Some(native)) => (engine.heap.intern(native.name), Value::NULL),
        _ => (Value::FALSE, Value::NULL),
    };
    if name == Value::FALSE {
        return rest;
    }
    let key = engine.heap.intern("name");
    let entry = engine.heap.cons(key, name);
    engine.heap.cons(entry, rest)
}

/// Required, optional, and whether there is a rest, of the first clause.
fn minimum_arity(engine: &mut Engine, procedure: Value) -> Value {
    if let Some(inner) = structs::procedure(&engine.heap, procedure) {
        return minimum_arity(engine, inner);
    }
    let (required, optional, rest) = match (
        engine.heap.closure_code(procedure).and_then(|code| code.details().clauses.first()),
        engine.heap.as_native(procedure),
    ) {
        (Some(clause), _) => (clause.required, clause.optional, clause.rest),
        (_, Some(native)) => (u32::from(native.required), u32::from(native.optional), native.rest),
        _ if engine.heap.is(procedure, Tag::Parameter) => (0, 1, false),
        _ => (0, 0, true),
    };
    engine.heap.list(&[
        Value::fixnum(i64::from(required)),
        Value::fixnum(i64::from(optional)),
        Value::bool(rest),
    ])
}
