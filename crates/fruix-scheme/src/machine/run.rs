// SPDX-License-Identifier: GPL-3.0-or-later
//! The loop that executes instructions.
//!
//! What is rare or long is in functions of its own, called with the machine's `fp` and `pc`
//! stored; they leave in them where to go on, or give an `Err` with which the run ends.

use super::calls::*;
use super::op::{Op, RECEIVE_NONE, RECEIVE_ONE, a, b, b_signed, c, c_signed};
use super::slow::*;
use super::words::*;
use super::{control, errors};
use crate::engine::Engine;
use crate::heap::Tag;
use crate::native::Result;
use crate::value::Value;

/// Runs from the machine's `pc` in its frame `fp` until the run's end; its results are then the
/// machine's `values`.
pub(super) fn run(engine: &mut Engine) -> Result<()> {
    // SAFETY: the compiler makes instructions whose registers lie within the frame, whose
    // constants and jumps lie within the code and which end in a return or a jump. Every frame was
    // checked to lie within the stack when it was entered. The values in registers are alive
    // (see the module's documentation), so their tags say what they point to.
    unsafe {
        let mut pc = engine.machine.pc;
        let mut fp = engine.machine.fp;
        let mut constants = (*code_of(*fp.add(2))).constants;

        macro_rules! r {
            ($i:expr) => {
                *fp.add($i)
            };
        }
        // Calls a rare path, which says where to go on.
        macro_rules! go {
            ($call:expr) => {{
                engine.machine.pc = pc;
                engine.machine.fp = fp;
                $call?;
                pc = engine.machine.pc;
                fp = engine.machine.fp;
                constants = (*code_of(*fp.add(2))).constants;
                continue;
            }};
        }
        // Evaluates a result with the machine's state stored; an error goes to Scheme's handlers.
        macro_rules! attempt {
            ($call:expr) => {{
                engine.machine.pc = pc;
                engine.machine.fp = fp;
                match $call {
                    Ok(value) => value,
                    Err(exit) => go!(instruction_exit(engine, exit)),
                }
            }};
        }
        macro_rules! fail {
            ($exit:expr) => {{
                let exit = $exit;
                go!(errors::throw(engine, exit))
            }};
        }
        macro_rules! safe_point {
            () => {
                if engine.heap.wants_collection() {
                    engine.machine.pc = pc;
                    engine.machine.fp = fp;
                    engine.collect();
                }
            };
        }
        macro_rules! jump_if {
            ($i:expr, $condition:expr) => {
                if $condition {
                    pc = pc.offset(c_signed($i) as isize);
                }
            };
        }
        macro_rules! slow2 {
            ($op:expr, $x:expr, $y:expr) => {{
                let (x, y) = ($x, $y);
                safe_point!();
                attempt!(slow(engine, $op, &[x, y]))
            }};
        }
        // A comparison of numbers: `$fix` on fixnum words, `$flo` on doubles.
        macro_rules! compare {
            ($op:expr, $x:expr, $y:expr, $cmp:tt) => {{
                let (x, y): (Value, Value) = ($x, $y);
                if x.is_fixnum() && y.is_fixnum() {
                    (x.bits() as i64) $cmp (y.bits() as i64)
                } else if let (Some(x), Some(y)) = (flonum(x), flonum(y)) {
                    x $cmp y
                } else {
                    slow2!($op, x, y).is_true()
                }
            }};
        }
        macro_rules! compare_imm {
            ($op:expr, $i:expr, $cmp:tt) => {{
                let x: Value = r!(a($i));
                let n = b_signed($i);
                if x.is_fixnum() {
                    (x.bits() as i64 >> 2) $cmp n
                } else if let Some(x) = flonum(x) {
                    x $cmp n as f64
                } else {
                    // x > n is n < x, also for what errors say.
                    if $op == Op::JumpGtImm {
                        slow2!(Op::JumpLt, Value::fixnum(n), x).is_true()
                    } else {
                        slow2!($op, x, Value::fixnum(n)).is_true()
                    }
                }
            }};
        }
        macro_rules! integer_op {
            ($op:expr, $i:expr, |$x:ident, $y:ident| $result:expr) => {{
                let (x, y): (Value, Value) = (r!(b($i)), r!(c($i)));
                let fast = match (x.as_fixnum(), y.as_fixnum()) {
                    (Some($x), Some($y)) => $result,
                    _ => None,
                };
                r!(a($i)) = match fast {
                    Some(value) => value,
                    None => slow2!($op, x, y),
                };
            }};
        }
        // Calls the procedure in the window `$w` with `$n` arguments.
        macro_rules! call {
            ($w:expr, $n:expr, $receive:expr) => {{
                let w: *mut Value = $w;
                let n: usize = $n;
                let callee = *w.add(2);
                if has_tag(callee, Tag::Closure) {
                    let code = code_of(callee);
                    if (*code).simple as usize == n
                        && w.add((*code).frame_size as usize) <= engine.machine.limit
                    {
                        *w = return_address(pc);
                        *w.add(1) = link(w as usize - fp as usize, $receive);
                        fp = w;
                        pc = (*code).entry;
                        constants = (*code).constants;
                        continue;
                    }
                } else if has_tag(callee, Tag::Native) {
                    safe_point!();
                    engine.machine.pc = pc;
                    engine.machine.fp = fp;
                    match call_native(engine, callee, w.add(3), n) {
                        Ok(value) => {
                            *w = value;
                            continue;
                        }
                        Err(exit) => {
                            *w = return_address(pc);
                            *w.add(1) = link(w as usize - fp as usize, $receive);
                            go!(native_exit(engine, w, n, exit));
                        }
                    }
                }
                *w = return_address(pc);
                *w.add(1) = link(w as usize - fp as usize, $receive);
                go!(enter(engine, w, n));
            }};
        }
        macro_rules! tail_call {
            ($w:expr, $n:expr) => {{
                let w: *mut Value = $w;
                let n: usize = $n;
                let callee = *w.add(2);
                for i in 0..n + 1 {
                    *fp.add(2 + i) = *w.add(2 + i);
                }
                if has_tag(callee, Tag::Closure) {
                    let code = code_of(callee);
                    if (*code).simple as usize == n
                        && fp.add((*code).frame_size as usize) <= engine.machine.limit
                        && !engine.machine.interrupted()
                    {
                        pc = (*code).entry;
                        constants = (*code).constants;
                        continue;
                    }
                }
                go!(enter(engine, fp, n));
            }};
        }
        // The value of global `$k`.
        macro_rules! global {
            ($k:expr) => {{
                let variable = *constants.add($k);
                let value = if has_tag(variable, Tag::Variable) {
                    *slots(variable)
                } else {
                    Value::UNBOUND
                };
                if value == Value::UNBOUND {
                    attempt!(global_slow(engine, constants.add($k)))
                } else {
                    value
                }
            }};
        }

        loop {
            let i = *pc;
            pc = pc.add(1);
            match Op::of(i) {
                Op::Mov => r!(a(i)) = r!(b(i)),
                Op::Const => r!(a(i)) = *constants.add(c(i)),
                Op::Imm => r!(a(i)) = Value::from_bits((i as i64 >> 24) as u64),
                Op::Free => r!(a(i)) = *slots(r!(2)).add(1 + c(i)),
                Op::FreeBox => r!(a(i)) = *slots(*slots(r!(2)).add(1 + c(i))),
                Op::MakeBox => {
                    safe_point!();
                    let value = r!(b(i));
                    r!(a(i)) = engine.heap.make_slots(Tag::Box, 1, value);
                }
                Op::BoxRef => r!(a(i)) = *slots(r!(b(i))),
                Op::BoxRefChecked => {
                    let value = *slots(r!(b(i)));
                    if value == Value::UNBOUND {
                        let name = *constants.add(c(i));
                        fail!(errors::unbound(engine, name));
                    }
                    r!(a(i)) = value;
                }
                Op::BoxSet => {
                    let (place, value) = (r!(a(i)), r!(b(i)));
                    engine.heap.touch_for(place, value);
                    *slots(place) = value;
                }
                Op::MakeClosure => {
                    safe_point!();
                    let count = b(i);
                    let closure = engine.heap.make_slots(Tag::Closure, 1 + count, Value::FALSE);
                    let to = slots(closure);
                    *to = *constants.add(c(i));
                    let own = slots(r!(2));
                    let mut sources = 0;
                    for n in 0..count {
                        if n % 4 == 0 {
                            sources = *pc;
                            pc = pc.add(1);
                        }
                        let source = sources as u16 as usize;
                        sources >>= 16;
                        if source & 0x8000 != 0 {
                            *to.add(1 + n) = *own.add(1 + (source & 0x7fff));
                        } else if source != 0 {
                            *to.add(1 + n) = r!(source);
                        }
                    }
                    r!(a(i)) = closure;
                }
                Op::ClosureSet => {
                    let (closure, value) = (r!(a(i)), r!(b(i)));
                    engine.heap.touch_for(closure, value);
                    *slots(closure).add(1 + c(i)) = value;
                }
                Op::GlobalRef => r!(a(i)) = global!(c(i)),
                Op::GlobalSet => {
                    let value = r!(a(i));
                    attempt!(global_set(engine, constants.add(c(i)), value));
                }
                Op::Define => {
                    let value = r!(a(i));
                    attempt!(define(engine, *constants.add(c(i)), value));
                }
                Op::Jump => pc = pc.offset(c_signed(i) as isize),
                Op::JumpBack => {
                    pc = pc.offset(c_signed(i) as isize);
                    if engine.machine.interrupted() {
                        go!(interrupted(engine));
                    }
                }
                Op::JumpFalse => jump_if!(i, !r!(a(i)).is_true()),
                Op::JumpTrue => jump_if!(i, r!(a(i)).is_true()),
                Op::JumpNull => jump_if!(i, r!(a(i)).is_null()),
                Op::JumpNotNull => jump_if!(i, !r!(a(i)).is_null()),
                Op::JumpPair => jump_if!(i, r!(a(i)).is_pair()),
                Op::JumpNotPair => jump_if!(i, !r!(a(i)).is_pair()),
                Op::JumpTag => {
                    jump_if!(i, engine.heap.tag(r!(a(i))).is_some_and(|t| t as usize == b(i)))
                }
                Op::JumpNotTag => {
                    jump_if!(i, engine.heap.tag(r!(a(i))).is_none_or(|t| t as usize != b(i)))
                }
                Op::JumpEq => jump_if!(i, r!(a(i)) == r!(b(i))),
                Op::JumpNotEq => jump_if!(i, r!(a(i)) != r!(b(i))),
                Op::JumpEqConst => jump_if!(i, r!(a(i)) == *constants.add(b(i))),
                Op::JumpNotEqConst => jump_if!(i, r!(a(i)) != *constants.add(b(i))),
                Op::JumpEqv => jump_if!(i, eqv(engine, r!(a(i)), r!(b(i)))),
                Op::JumpNotEqv => jump_if!(i, !eqv(engine, r!(a(i)), r!(b(i)))),
                Op::JumpNumEq => jump_if!(i, compare!(Op::JumpNumEq, r!(a(i)), r!(b(i)), ==)),
                Op::JumpNotNumEq => jump_if!(i, !compare!(Op::JumpNumEq, r!(a(i)), r!(b(i)), ==)),
                Op::JumpLt => jump_if!(i, compare!(Op::JumpLt, r!(a(i)), r!(b(i)), <)),
                Op::JumpNotLt => jump_if!(i, !compare!(Op::JumpLt, r!(a(i)), r!(b(i)), <)),
                Op::JumpLe => jump_if!(i, compare!(Op::JumpLe, r!(a(i)), r!(b(i)), <=)),
                Op::JumpNotLe => jump_if!(i, !compare!(Op::JumpLe, r!(a(i)), r!(b(i)), <=)),
                Op::JumpNumEqImm => jump_if!(i, compare_imm!(Op::JumpNumEq, i, ==)),
                Op::JumpNotNumEqImm => jump_if!(i, !compare_imm!(Op::JumpNumEq, i, ==)),
                Op::JumpLtImm => jump_if!(i, compare_imm!(Op::JumpLt, i, <)),
                Op::JumpNotLtImm => jump_if!(i, !compare_imm!(Op::JumpLt, i, <)),
                Op::JumpGtImm => jump_if!(i, compare_imm!(Op::JumpGtImm, i, >)),
                Op::JumpNotGtImm => jump_if!(i, !compare_imm!(Op::JumpGtImm, i, >)),
                Op::JumpChar => jump_if!(i, r!(a(i)).as_char().is_some()),
                Op::JumpNotChar => jump_if!(i, r!(a(i)).as_char().is_none()),
                Op::JumpGiven => jump_if!(i, r!(a(i)) != Value::MISSING),
                Op::Add => {
                    let (x, y) = (r!(b(i)), r!(c(i)));
                    // Words of fixnums: 4n+1. The sum of 4m+1 and 4n is 4(m+n)+1.
                    if x.is_fixnum() && y.is_fixnum() {
                        let sum = (x.bits() as i64).checked_add(y.bits() as i64 - 1);
                        if let Some(bits) = sum {
                            r!(a(i)) = Value::from_bits(bits as u64);
                            continue;
                        }
                    } else if let (Some(x), Some(y)) = (flonum(x), flonum(y)) {
                        safe_point!();
                        r!(a(i)) = engine.heap.flonum(x + y);
                        continue;
                    }
                    r!(a(i)) = slow2!(Op::Add, x, y);
                }
                Op::Sub => {
                    let (x, y) = (r!(b(i)), r!(c(i)));
                    if x.is_fixnum() && y.is_fixnum() {
                        let difference = (x.bits() as i64).checked_sub(y.bits() as i64 - 1);
                        if let Some(bits) = difference {
                            r!(a(i)) = Value::from_bits(bits as u64);
                            continue;
                        }
                    } else if let (Some(x), Some(y)) = (flonum(x), flonum(y)) {
                        safe_point!();
                        r!(a(i)) = engine.heap.flonum(x - y);
                        continue;
                    }
                    r!(a(i)) = slow2!(Op::Sub, x, y);
                }
                Op::Mul => {
                    let (x, y) = (r!(b(i)), r!(c(i)));
                    if let (Some(m), Some(n)) = (x.as_fixnum(), y.as_fixnum()) {
                        if let Some(value) = m.checked_mul(n).and_then(Value::try_fixnum) {
                            r!(a(i)) = value;
                            continue;
                        }
                    } else if let (Some(x), Some(y)) = (flonum(x), flonum(y)) {
                        safe_point!();
                        r!(a(i)) = engine.heap.flonum(x * y);
                        continue;
                    }
                    r!(a(i)) = slow2!(Op::Mul, x, y);
                }
                Op::AddImm => {
                    let x = r!(b(i));
                    if x.is_fixnum()
                        && let Some(bits) = (x.bits() as i64).checked_add(c_signed(i) << 2)
                    {
                        r!(a(i)) = Value::from_bits(bits as u64);
                        continue;
                    }
                    r!(a(i)) = slow2!(Op::Add, x, Value::fixnum(c_signed(i)));
                }
                Op::SubImm => {
                    let x = r!(b(i));
                    if x.is_fixnum()
                        && let Some(bits) = (x.bits() as i64).checked_sub(c_signed(i) << 2)
                    {
                        r!(a(i)) = Value::from_bits(bits as u64);
                        continue;
                    }
                    r!(a(i)) = slow2!(Op::Sub, x, Value::fixnum(c_signed(i)));
                }
                Op::Quotient => integer_op!(Op::Quotient, i, |x, y| {
                    if y != 0 { Value::try_fixnum(x / y) } else { None }
                }),
                Op::Remainder => integer_op!(Op::Remainder, i, |x, y| {
                    if y != 0 { Some(Value::fixnum(x % y)) } else { None }
                }),
                Op::Modulo => integer_op!(Op::Modulo, i, |x, y| {
                    if y != 0 { Some(Value::fixnum((x % y + y) % y)) } else { None }
                }),
                Op::LogAnd => integer_op!(Op::LogAnd, i, |x, y| Some(Value::fixnum(x & y))),
                Op::LogIor => integer_op!(Op::LogIor, i, |x, y| Some(Value::fixnum(x | y))),
                Op::LogXor => integer_op!(Op::LogXor, i, |x, y| Some(Value::fixnum(x ^ y))),
                Op::Ash => integer_op!(Op::Ash, i, |x, y| shifted(x, y)),
                Op::ByteRef => {
                    let (bytes, index) = (r!(b(i)), r!(c(i)));
                    let fast = match (engine.heap.as_bytes(bytes), index.as_fixnum()) {
                        (Some(bytes), Some(n)) if n >= 0 => bytes.get(n as usize),
                        _ => None,
                    };
                    r!(a(i)) = match fast {
                        Some(&byte) => Value::fixnum(i64::from(byte)),
                        None => slow2!(Op::ByteRef, bytes, index),
                    };
                }
                Op::ByteLength => {
                    let bytes = r!(b(i));
                    r!(a(i)) = match engine.heap.as_bytes(bytes) {
                        Some(bytes) => Value::fixnum(bytes.len() as i64),
                        None => attempt!(slow(engine, Op::ByteLength, &[bytes])),
                    };
                }
                Op::Car => {
                    let pair = r!(b(i));
                    if !pair.is_pair() {
                        fail!(not_a_pair(engine, "car", pair));
                    }
                    r!(a(i)) = *std::ptr::with_exposed_provenance::<Value>(pair.address());
                }
                Op::Cdr => {
                    let pair = r!(b(i));
                    if !pair.is_pair() {
                        fail!(not_a_pair(engine, "cdr", pair));
                    }
                    r!(a(i)) = *std::ptr::with_exposed_provenance::<Value>(pair.address()).add(1);
                }
                Op::SetCar => {
                    let (pair, value) = (r!(a(i)), r!(b(i)));
                    if pair.is_pair() {
                        engine.heap.touch_for(pair, value);
                        *std::ptr::with_exposed_provenance_mut::<Value>(pair.address()) = value;
                    } else {
                        slow2!(Op::SetCar, pair, value);
                    }
                }
                Op::SetCdr => {
                    let (pair, value) = (r!(a(i)), r!(b(i)));
                    if pair.is_pair() {
                        engine.heap.touch_for(pair, value);
                        *std::ptr::with_exposed_provenance_mut::<Value>(pair.address()).add(1) =
                            value;
                    } else {
                        slow2!(Op::SetCdr, pair, value);
                    }
                }
                Op::Cons => {
                    safe_point!();
                    let (car, cdr) = (r!(b(i)), r!(c(i)));
                    r!(a(i)) = engine.heap.cons(car, cdr);
                }
                Op::VectorRef => {
                    let (vector, index) = (r!(b(i)), r!(c(i)));
                    r!(a(i)) = match vector_slot(vector, index) {
                        Some(slot) => *slot,
                        None => slow2!(Op::VectorRef, vector, index),
                    };
                }
                Op::VectorRefImm => {
                    let (vector, index) = (r!(b(i)), Value::fixnum(c(i) as i64));
                    r!(a(i)) = match vector_slot(vector, index) {
                        Some(slot) => *slot,
                        None => slow2!(Op::VectorRef, vector, index),
                    };
                }
                Op::VectorSet => {
                    let (vector, index, value) = (r!(a(i)), r!(b(i)), r!(c(i)));
                    match vector_slot(vector, index) {
                        Some(slot) => {
                            engine.heap.touch_for(vector, value);
                            *slot = value;
                        }
                        None => {
                            attempt!(slow(engine, Op::VectorSet, &[vector, index, value]));
                        }
                    }
                }
                Op::VectorLength => {
                    let vector = r!(b(i));
                    r!(a(i)) = if has_tag(vector, Tag::Vector) {
                        Value::fixnum(slot_count(vector) as i64)
                    } else {
                        attempt!(slow(engine, Op::VectorLength, &[vector]))
                    };
                }
                Op::StructRefImm => {
                    let (record, index) = (r!(b(i)), c(i));
                    r!(a(i)) = if has_tag(record, Tag::Struct) && index + 1 < slot_count(record) {
                        *slots(record).add(1 + index)
                    } else {
                        slow2!(Op::StructRefImm, record, Value::fixnum(index as i64))
                    };
                }
                Op::StructVtable => {
                    let record = r!(b(i));
                    r!(a(i)) = if has_tag(record, Tag::Struct) {
                        *slots(record)
                    } else {
                        attempt!(slow(engine, Op::StructVtable, &[record]))
                    };
                }
                Op::StringRef => {
                    let (string, index) = (r!(b(i)), r!(c(i)));
                    let fast = match (engine.heap.as_string(string), index.as_fixnum()) {
                        (Some(string), Some(n)) if n >= 0 => string.get(n as usize),
                        _ => None,
                    };
                    r!(a(i)) = match fast {
                        Some(char) => Value::char(char),
                        None => slow2!(Op::StringRef, string, index),
                    };
                }
                Op::FluidRef => {
                    let fluid = r!(b(i));
                    let value =
                        if has_tag(fluid, Tag::Fluid) { *slots(fluid) } else { Value::UNBOUND };
                    r!(a(i)) = if value == Value::UNBOUND {
                        attempt!(slow(engine, Op::FluidRef, &[fluid]))
                    } else {
                        value
                    };
                }
                Op::VariableRef => {
                    let variable = r!(b(i));
                    let value = if has_tag(variable, Tag::Variable) {
                        *slots(variable)
                    } else {
                        Value::UNBOUND
                    };
                    r!(a(i)) = if value == Value::UNBOUND {
                        attempt!(slow(engine, Op::VariableRef, &[variable]))
                    } else {
                        value
                    };
                }
                Op::Call => call!(fp.add(a(i)), b(i), c(i) as u32),
                Op::CallGlobal => {
                    let w = fp.add(a(i));
                    *w.add(2) = global!(c(i));
                    call!(w, b(i), RECEIVE_ONE);
                }
                Op::CallGlobalEffect => {
                    let w = fp.add(a(i));
                    *w.add(2) = global!(c(i));
                    call!(w, b(i), RECEIVE_NONE);
                }
                Op::CallSelf => {
                    let w = fp.add(a(i));
                    *w.add(2) = r!(2);
                    call!(w, b(i), c(i) as u32);
                }
                Op::TailCall => tail_call!(fp.add(a(i)), b(i)),
                Op::TailCallGlobal => {
                    let w = fp.add(a(i));
                    *w.add(2) = global!(c(i));
                    tail_call!(w, b(i));
                }
                Op::Spread => {
                    let w = fp.add(a(i));
                    *w = return_address(pc);
                    *w.add(1) = link(w as usize - fp as usize, c(i) as u32);
                    go!(spread(engine, w, b(i)));
                }
                Op::TailSpread => {
                    let w = fp.add(a(i));
                    for n in 0..b(i) + 1 {
                        *fp.add(2 + n) = *w.add(2 + n);
                    }
                    go!(spread(engine, fp, b(i)));
                }
                Op::ApplyList => {
                    r!(2) = r!(3);
                    r!(3) = r!(4);
                    go!(apply_list(engine, fp));
                }
                Op::Return => {
                    let value = r!(a(i));
                    pc = decode_address(*fp);
                    let distance = decode_link(*fp.add(1)).0;
                    *fp = value;
                    fp = fp.byte_sub(distance);
                    constants = (*code_of(*fp.add(2))).constants;
                }
                Op::ReturnValues => {
                    put_values(engine, fp.add(a(i)), b(i));
                    go!(return_many(engine, fp));
                }
                Op::ReturnMany => go!(return_many(engine, fp)),
                Op::PutValues => put_values(engine, fp.add(a(i)), b(i)),
                Op::TakeValues => {
                    attempt!(take_values(engine, fp.add(a(i)), b(i), c(i) == 1));
                }
                Op::TailCallMany => {
                    r!(2) = r!(a(i));
                    go!(call_with_received(engine, fp));
                }
                Op::SaveValues => {
                    let values = std::mem::take(&mut engine.machine.values);
                    r!(a(i)) = engine.heap.vector(&values);
                }
                Op::RestoreValues => {
                    let vector = r!(a(i));
                    let values = engine.heap.slots(vector, Tag::Vector).unwrap_or_default();
                    engine.machine.values = values.to_vec();
                }
                Op::Late => go!(late(engine, c(i))),
                Op::PromptPush => control::push_prompt(engine, fp, r!(a(i))),
                Op::DynPop => {
                    control::pop(engine);
                }
                Op::WindPush => control::push_wind(engine, r!(a(i)), r!(b(i))),
                Op::FluidPush => {
                    let fluid = r!(a(i));
                    if !has_tag(fluid, Tag::Fluid) {
                        fail!(errors::plain(
                            engine,
                            "wrong-type-arg",
                            Some("with-fluids"),
                            "Wrong type (expecting fluid): ~S",
                            &[fluid],
                            true
                        ));
                    }
                    control::push_fluid(engine, fluid, r!(b(i)));
                }
                Op::StatePush => control::push_state(engine, r!(a(i))),
                Op::Abort => {
                    let tag = r!(a(i));
                    let values = engine.heap.list_to_vec(r!(b(i))).unwrap_or_default();
                    go!(control::abort(engine, fp, tag, values, true));
                }
                Op::CallCc => {
                    let procedure = r!(a(i));
                    safe_point!();
                    let continuation = control::capture_full(engine, fp);
                    r!(2) = procedure;
                    r!(3) = continuation;
                    go!(enter(engine, fp, 1));
                }
                Op::Step => go!(control::step(engine, fp)),
                Op::Halt => return Ok(()),
                Op::Returned => {
                    let exit = errors::plain(
                        engine,
                        "misc-error",
                        None,
                        "the handler of an error returned",
                        &[],
                        false,
                    );
                    return Err(exit);
                }
            }
        }
    }
}
