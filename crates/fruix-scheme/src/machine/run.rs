// SPDX-License-Identifier: GPL-3.0-or-later
//! The loop that executes instructions.
//!
//! What is rare or long is in functions of its own, called with the machine's `fp` and `pc`
//! stored; they leave in them where to go on, or give an `Err` with which the run ends.

use super::code::Code;
use super::op::{Op, RECEIVE_MANY, RECEIVE_NONE, RECEIVE_ONE, a, b, b_signed, c, c_signed};
use super::{Continuation, applicable, arguments, control, errors};
use crate::engine::Engine;
use crate::heap::{Header, Tag};
use crate::native::{Exit, Function, Native, Result};
use crate::value::Value;

/// An instruction's address as a value.
#[inline(always)]
pub(super) fn return_address(pc: *const u64) -> Value {
    Value::from_bits((pc as u64) << 2 | 1)
}

/// The inverse of [`return_address`].
#[inline(always)]
pub(super) fn decode_address(value: Value) -> *const u64 {
    std::ptr::with_exposed_provenance((value.bits() >> 2) as usize)
}

/// A frame's distance in bytes to its caller's and how results are received, as a value.
#[inline(always)]
pub(super) fn link(distance: usize, receive: u32) -> Value {
    Value::from_bits((distance as u64) << 2 | u64::from(receive) << 2 | 1)
}

/// The inverse of [`link`].
#[inline(always)]
pub(super) fn decode_link(value: Value) -> (usize, u32) {
    let bits = value.bits() >> 2;
    ((bits & !7) as usize, (bits & 7) as u32)
}

/// The first slot of an object.
///
/// # Safety
/// `object` is an object of a slots tag.
#[inline(always)]
unsafe fn slots(object: Value) -> *mut Value {
    std::ptr::with_exposed_provenance_mut::<Value>(object.address() + 8)
}

/// The code of a closure.
///
/// # Safety
/// `closure` is a closure.
#[inline(always)]
pub(super) unsafe fn code_of(closure: Value) -> *const Code {
    // SAFETY: a closure's first slot is its code object, whose body follows the header.
    unsafe { std::ptr::with_exposed_provenance::<Code>((*slots(closure)).address() + 8) }
}

/// Whether `value` is an object of kind `tag`.
///
/// # Safety
/// `value` is a live value.
#[inline(always)]
unsafe fn has_tag(value: Value, tag: Tag) -> bool {
    // SAFETY: live objects start with a header.
    value.is_object()
        && unsafe { (*std::ptr::with_exposed_provenance::<Header>(value.address())).tag() == tag }
}

/// The double in a flonum.
///
/// # Safety
/// `value` is a live value.
#[inline(always)]
unsafe fn flonum(value: Value) -> Option<f64> {
    // SAFETY: a flonum's body is its double.
    unsafe {
        if has_tag(value, Tag::Flonum) {
            Some(*std::ptr::with_exposed_provenance::<f64>(value.address() + 8))
        } else {
            None
        }
    }
}

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
                let value =
                    if has_tag(variable, Tag::Variable) { *slots(variable) } else { Value::UNBOUND };
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
                Op::BoxSet => *slots(r!(a(i))) = r!(b(i)),
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
                Op::ClosureSet => *slots(r!(a(i))).add(1 + c(i)) = r!(b(i)),
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
                        fail!(interrupt(engine));
                    }
                }
                Op::JumpFalse => jump_if!(i, !r!(a(i)).is_true()),
                Op::JumpTrue => jump_if!(i, r!(a(i)).is_true()),
                Op::JumpNull => jump_if!(i, r!(a(i)).is_null()),
                Op::JumpNotNull => jump_if!(i, !r!(a(i)).is_null()),
                Op::JumpPair => jump_if!(i, r!(a(i)).is_pair()),
                Op::JumpNotPair => jump_if!(i, !r!(a(i)).is_pair()),
                Op::JumpTag => jump_if!(i, engine.heap.tag(r!(a(i))).is_some_and(|t| t as usize == b(i))),
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
                    if x.is_fixnum() {
                        if let Some(bits) = (x.bits() as i64).checked_add(c_signed(i) << 2) {
                            r!(a(i)) = Value::from_bits(bits as u64);
                            continue;
                        }
                    }
                    r!(a(i)) = slow2!(Op::Add, x, Value::fixnum(c_signed(i)));
                }
                Op::SubImm => {
                    let x = r!(b(i));
                    if x.is_fixnum() {
                        if let Some(bits) = (x.bits() as i64).checked_sub(c_signed(i) << 2) {
                            r!(a(i)) = Value::from_bits(bits as u64);
                            continue;
                        }
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
                        *std::ptr::with_exposed_provenance_mut::<Value>(pair.address()) = value;
                    } else {
                        slow2!(Op::SetCar, pair, value);
                    }
                }
                Op::SetCdr => {
                    let (pair, value) = (r!(a(i)), r!(b(i)));
                    if pair.is_pair() {
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
                        Some(slot) => *slot = value,
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

#[inline(always)]
unsafe fn slot_count(object: Value) -> usize {
    // SAFETY: by contract a live slots object.
    unsafe { (*std::ptr::with_exposed_provenance::<Header>(object.address())).len as usize }
}

/// The vector's slot at `index`, if these are a vector and an index into it.
#[inline(always)]
unsafe fn vector_slot(vector: Value, index: Value) -> Option<*mut Value> {
    // SAFETY: the tag and the length are checked.
    unsafe {
        if !has_tag(vector, Tag::Vector) || !index.is_fixnum() {
            return None;
        }
        let index = index.bits() as i64 >> 2;
        if (index as u64) < slot_count(vector) as u64 {
            Some(slots(vector).add(index as usize))
        } else {
            None
        }
    }
}

#[inline(always)]
fn eqv(engine: &Engine, x: Value, y: Value) -> bool {
    x == y || (x.is_object() && y.is_object() && crate::data::equality::is_eqv(&engine.heap, x, y))
}

#[cold]
fn interrupt(engine: &mut Engine) -> Box<Exit> {
    engine.machine.interrupt.store(false, std::sync::atomic::Ordering::Relaxed);
    errors::plain(engine, "signal", None, "User interrupt", &[], false)
}

#[cold]
fn not_a_pair(engine: &mut Engine, who: &str, value: Value) -> Box<Exit> {
    let message = "Wrong type argument in position 1 (expecting pair): ~S";
    errors::plain(engine, "wrong-type-arg", Some(who), message, &[value], true)
}

/// Calls the native that the instruction stands for.
#[cold]
fn slow(engine: &mut Engine, op: Op, args: &[Value]) -> Result {
    if let (Op::VectorRef | Op::VectorSet | Op::VectorLength, &[vector, ..]) = (op, args) {
        return Err(vector_error(engine, op, vector, args.get(1).copied()));
    }
    let Some(native) = engine.machine.slow[op as usize] else {
        return Err(errors::plain(engine, "wrong-type-arg", None, "Wrong type argument: ~S", args, true));
    };
    call_function(engine, native, args)
}

/// What is wrong with the operands of a vector instruction, in the words of Guile's.
#[cold]
fn vector_error(engine: &mut Engine, op: Op, vector: Value, index: Option<Value>) -> Box<Exit> {
    let who = match op {
        Op::VectorRef => "vector-ref",
        Op::VectorSet => "vector-set!",
        _ => "vector-length",
    };
    let (key, message, culprit) = match index {
        Some(index) if engine.heap.is(vector, Tag::Vector) && index.is_fixnum() => {
            ("out-of-range", "Argument 2 out of range: ~S", index)
        }
        Some(index) if engine.heap.is(vector, Tag::Vector) => {
            let message = "Wrong type argument in position 2 (expecting small integer): ~S";
            ("wrong-type-arg", message, index)
        }
        _ => {
            let message = "Wrong type argument in position 1 (expecting vector): ~S";
            ("wrong-type-arg", message, vector)
        }
    };
    errors::plain(engine, key, Some(who), message, &[culprit], true)
}

/// Calls a native with arguments whose number fits.
#[inline(always)]
fn call_function(engine: &mut Engine, native: &'static Native, args: &[Value]) -> Result {
    match (native.function, args) {
        (Function::F1(f), &[x]) => f(engine, x),
        (Function::F2(f), &[x, y]) => f(engine, x, y),
        (Function::F3(f), &[x, y, z]) => f(engine, x, y, z),
        (Function::F0(f), &[]) => f(engine),
        (Function::Rest(f), args) => f(engine, args),
        _ => engine.error("misc-error", native.name, "wrong native table entry", &[]),
    }
}

/// Calls a native with the `n` arguments at `args`.
///
/// # Safety
/// `callee` is a native; the arguments are on the stack.
#[inline(always)]
unsafe fn call_native(engine: &mut Engine, callee: Value, args: *const Value, n: usize) -> Result {
    // SAFETY: a native's body is a reference to its description; the arguments lie
    // within the stack, below every frame that the native may cause to be made.
    let (native, args) = unsafe {
        let body = std::ptr::with_exposed_provenance::<&'static Native>(callee.address() + 8);
        (*body, std::slice::from_raw_parts(args, n))
    };
    let required = native.required as usize;
    if n == required || (n > required && (native.rest || n <= required + native.optional as usize)) {
        call_function(engine, native, args)
    } else {
        Err(errors::wrong_number_of_args(engine, callee))
    }
}

/// An instruction has failed.
#[cold]
fn instruction_exit(engine: &mut Engine, exit: Box<Exit>) -> Result<()> {
    match *exit {
        Exit::Error { .. } | Exit::Raise(_) => errors::throw(engine, exit),
        _ => {
            // A nested run (for an autoload, a late body) was left: go on above this frame.
            let top = engine.machine.current_top();
            let machine = &mut engine.machine;
            if !machine.reserve(top.wrapping_add(16)) {
                return Err(exit);
            }
            // SAFETY: `reserve` has made sure of the slots.
            unsafe {
                top.write(return_address(machine.pc));
                top.add(1).write(link(top as usize - machine.fp as usize, RECEIVE_NONE));
                top.add(2).write(machine.special.error);
            }
            machine.fp = top;
            control::go_on(engine, top)
        }
    }
}

/// The native in the window `w` has left without a value.
#[cold]
fn native_exit(engine: &mut Engine, w: *mut Value, n: usize, exit: Box<Exit>) -> Result<()> {
    engine.machine.fp = w;
    engine.machine.top = std::ptr::null_mut();
    match *exit {
        Exit::Values(values) => return_values(engine, w, values),
        Exit::TailCall(procedure, args) => {
            let count = args.len();
            if !engine.machine.reserve(w.wrapping_add(count + 16)) {
                let exit = errors::stack_overflow(engine);
                return errors::throw_above(engine, w.wrapping_add(3 + n), exit);
            }
            // SAFETY: `reserve` has made sure of the slots.
            unsafe {
                w.add(2).write(procedure);
                for (i, &value) in args.iter().enumerate() {
                    w.add(3 + i).write(value);
                }
            }
            enter(engine, w, count)
        }
        Exit::Error { .. } | Exit::Raise(_) => {
            engine.machine.pc = engine.machine.special.returned;
            errors::throw_above(engine, w.wrapping_add(3 + n), exit)
        }
        Exit::Unwind => control::go_on(engine, w),
    }
}

/// Enters the procedure in the window `w` (whose header is in place) with `n` arguments, whatever it is.
pub(super) fn enter(engine: &mut Engine, w: *mut Value, mut n: usize) -> Result<()> {
    // The frame below is no longer of interest to errors: it may be the one that is replaced.
    engine.machine.fp = w;
    loop {
        // SAFETY: the window is within the stack and its procedure and arguments are values.
        let callee = unsafe { *w.add(2) };
        match engine.heap.tag(callee) {
            // SAFETY: the tag says what the value is; `reserve` makes sure of the slots.
            Some(Tag::Closure) => unsafe {
                let code = code_of(callee);
                let end = w.wrapping_add((*code).frame_size as usize + n + 4);
                if !engine.machine.reserve(end) {
                    return overflow(engine, w, n);
                }
                if engine.machine.interrupted() {
                    let exit = interrupt(engine);
                    return fail_in(engine, w, n, exit);
                }
                let entry = if (*code).simple as usize == n {
                    (*code).entry
                } else {
                    match arguments::bind(engine, code, w, n) {
                        Ok(entry) => entry,
                        Err(exit) => return fail_in(engine, w, n, exit),
                    }
                };
                engine.machine.pc = entry;
                return Ok(());
            },
            Some(Tag::Native) => {
                engine.machine.top = w.wrapping_add(3 + n);
                if engine.heap.wants_collection() {
                    engine.collect();
                }
                engine.machine.pc = engine.machine.special.returned;
                // SAFETY: it is a native; its arguments are in the window.
                let result = unsafe { call_native(engine, callee, w.add(3), n) };
                engine.machine.top = std::ptr::null_mut();
                return match result {
                    Ok(value) => {
                        return_one(engine, w, value);
                        Ok(())
                    }
                    Err(exit) => native_exit(engine, w, n, exit),
                };
            }
            Some(Tag::Parameter) => {
                let Some(&[fluid, converter]) = engine.heap.slots(callee, Tag::Parameter) else {
                    return Ok(());
                };
                let value = engine.heap.slots(fluid, Tag::Fluid).map_or(Value::FALSE, |s| s[0]);
                if n > 1 {
                    let exit = errors::wrong_number_of_args(engine, callee);
                    return fail_in(engine, w, n, exit);
                }
                if n == 0 {
                    return_one(engine, w, value);
                    return Ok(());
                }
                // SAFETY: the argument is in the window, which `reserve` gives more room.
                unsafe {
                    let new = *w.add(3);
                    if converter.is_true() {
                        if !engine.machine.reserve(w.wrapping_add(16)) {
                            return overflow(engine, w, n);
                        }
                        w.add(2).write(engine.machine.special.set_parameter);
                        w.add(3).write(converter);
                        w.add(4).write(fluid);
                        w.add(5).write(new);
                        n = 3;
                        continue;
                    }
                    if let Some(slots) = engine.heap.slots_mut(fluid, Tag::Fluid) {
                        slots[0] = new;
                    }
                }
                return_one(engine, w, value);
                return Ok(());
            }
            Some(Tag::Struct) => match applicable(engine, callee) {
                // SAFETY: the window's register.
                Some(procedure) => unsafe { w.add(2).write(procedure) },
                None => return not_applicable(engine, w, n, callee),
            },
            Some(Tag::Foreign) if engine.heap.as_foreign::<Continuation>(callee).is_some() => {
                // SAFETY: the arguments are in the window.
                let values = unsafe { std::slice::from_raw_parts(w.add(3), n) }.to_vec();
                engine.machine.pc = engine.machine.special.returned;
                return control::resume(engine, w, callee, values);
            }
            _ => return not_applicable(engine, w, n, callee),
        }
        n += 0;
    }
}

#[cold]
fn not_applicable(engine: &mut Engine, w: *mut Value, n: usize, callee: Value) -> Result<()> {
    let message = "Wrong type to apply: ~S";
    let exit = errors::plain(engine, "wrong-type-arg", None, message, &[callee], true);
    fail_in(engine, w, n, exit)
}

#[cold]
fn overflow(engine: &mut Engine, w: *mut Value, n: usize) -> Result<()> {
    let exit = errors::stack_overflow(engine);
    fail_in(engine, w, n, exit)
}

/// An error on entering the procedure in the window `w`.
#[cold]
fn fail_in(engine: &mut Engine, w: *mut Value, n: usize, exit: Box<Exit>) -> Result<()> {
    engine.machine.pc = engine.machine.special.returned;
    errors::throw_above(engine, w.wrapping_add(3 + n), exit)
}

/// Returns `value` from the frame `w`.
fn return_one(engine: &mut Engine, w: *mut Value, value: Value) {
    // SAFETY: `w` has a header that leads to the caller's frame.
    unsafe {
        engine.machine.pc = decode_address(*w);
        engine.machine.fp = w.wrapping_byte_sub(decode_link(*w.add(1)).0);
        w.write(value);
    }
}

/// Returns any number of values from the frame `w`.
pub(super) fn return_values(engine: &mut Engine, w: *mut Value, values: Vec<Value>) -> Result<()> {
    engine.machine.values = values;
    return_many(engine, w)
}

/// Returns the machine's `values` from the frame `w`.
fn return_many(engine: &mut Engine, w: *mut Value) -> Result<()> {
    if let &[value] = &engine.machine.values[..] {
        return_one(engine, w, value);
        return Ok(());
    }
    // SAFETY: `w` has a header.
    let receive = unsafe { decode_link(*w.add(1)).1 };
    let first = engine.machine.values.first().copied();
    match receive {
        RECEIVE_MANY => {
            return_one(engine, w, Value::UNSPECIFIED);
            engine.machine.pc = engine.machine.pc.wrapping_add(1);
        }
        RECEIVE_NONE => return_one(engine, w, Value::UNSPECIFIED),
        _ => match first {
            Some(value) => return_one(engine, w, value),
            None => {
                return_one(engine, w, Value::UNSPECIFIED);
                let message = "Zero values returned to single-valued continuation";
                let exit = errors::plain(engine, "misc-error", None, message, &[], false);
                return errors::throw(engine, exit);
            }
        },
    }
    Ok(())
}

/// Makes the `count` values at `from` the machine's values.
///
/// # Safety
/// They are registers of the running frame.
unsafe fn put_values(engine: &mut Engine, from: *const Value, count: usize) {
    let values = &mut engine.machine.values;
    values.clear();
    // SAFETY: by contract.
    values.extend_from_slice(unsafe { std::slice::from_raw_parts(from, count) });
}

/// The `TakeValues` instruction.
///
/// # Safety
/// The registers are those of the running frame.
unsafe fn take_values(engine: &mut Engine, to: *mut Value, count: usize, rest: bool) -> Result<()> {
    let values = std::mem::take(&mut engine.machine.values);
    if values.len() < count || (!rest && values.len() > count) {
        let message = "Wrong number of values returned to continuation (expected ~a)";
        let key = "wrong-number-of-args";
        let expected = Value::fixnum(count as i64);
        return Err(errors::plain(engine, key, None, message, &[expected], false));
    }
    // SAFETY: by contract.
    unsafe {
        for (i, &value) in values[..count].iter().enumerate() {
            to.add(i).write(value);
        }
        if rest {
            let list = engine.heap.list(&values[count..]);
            to.add(count).write(list);
        }
    }
    engine.machine.values = values;
    engine.machine.values.clear();
    Ok(())
}

/// Calls the procedure in register 2 of the frame `w` with the machine's values.
fn call_with_received(engine: &mut Engine, w: *mut Value) -> Result<()> {
    let values = std::mem::take(&mut engine.machine.values);
    if !engine.machine.reserve(w.wrapping_add(values.len() + 16)) {
        return overflow(engine, w, 0);
    }
    for (i, &value) in values.iter().enumerate() {
        // SAFETY: `reserve` has made sure of the slots.
        unsafe { w.add(3 + i).write(value) };
    }
    enter(engine, w, values.len())
}

/// Calls the procedure in the window with `n` arguments the last of which is a list of further ones.
fn spread(engine: &mut Engine, w: *mut Value, n: usize) -> Result<()> {
    // SAFETY: the arguments are in the window, which is a frame's.
    let list = unsafe { *w.add(2 + n) };
    let mut count = n - 1;
    let mut rest = list;
    let mut steps = 0usize;
    while let Some((car, cdr)) = engine.heap.pair(rest) {
        if !engine.machine.reserve(w.wrapping_add(count + 16)) {
            engine.machine.fp = w;
            return overflow(engine, w, 0);
        }
        // SAFETY: `reserve` has made sure of the slot.
        unsafe { w.add(3 + count).write(car) };
        count += 1;
        steps += 1;
        rest = cdr;
        let _ = steps;
    }
    if !rest.is_null() {
        engine.machine.fp = w;
        let message = "Apply to non-list: ~S";
        let exit = errors::plain(engine, "wrong-type-arg", Some("apply"), message, &[list], true);
        return fail_in(engine, w, 0, exit);
    }
    enter(engine, w, count)
}

/// Calls the procedure in register 2 of the frame `w` with the list in 3, whose last element is a
/// list of further arguments.
fn apply_list(engine: &mut Engine, w: *mut Value) -> Result<()> {
    // SAFETY: registers of the frame.
    let mut rest = unsafe { *w.add(3) };
    let mut count = 0;
    while let Some((car, cdr)) = engine.heap.pair(rest) {
        if !engine.machine.reserve(w.wrapping_add(count + 16)) {
            return overflow(engine, w, 0);
        }
        // SAFETY: `reserve` has made sure of the slot.
        unsafe { w.add(3 + count).write(car) };
        count += 1;
        rest = cdr;
    }
    if count == 0 { enter(engine, w, 0) } else { spread(engine, w, count) }
}

/// The value of a global whose variable has not been looked up yet, or is unbound.
#[cold]
unsafe fn global_slow(engine: &mut Engine, constant: *mut Value) -> Result {
    // SAFETY: by contract a constant of the running code.
    let variable = unsafe { global_variable(engine, constant)? };
    match engine.heap.slots(variable, Tag::Variable) {
        Some(&[value, name, ..]) => {
            if value == Value::UNBOUND {
                return Err(errors::unbound(engine, name));
            }
            Ok(value)
        }
        _ => Ok(Value::UNSPECIFIED),
    }
}

/// The variable that constant stands for, looked up when first needed.
unsafe fn global_variable(engine: &mut Engine, constant: *mut Value) -> Result {
    // SAFETY: by contract a constant of the running code (which its frame keeps alive).
    let descriptor = unsafe { *constant };
    let Some(&[module, name, public]) = engine.heap.slots(descriptor, Tag::Internal) else {
        return Ok(descriptor);
    };
    match engine.lookup_global(module, name, public.is_true())? {
        Some(variable) => {
            // SAFETY: as above; constants that were replaced meanwhile are kept.
            unsafe { *constant = variable };
            Ok(variable)
        }
        None => Err(errors::unbound(engine, name)),
    }
}

#[cold]
unsafe fn global_set(engine: &mut Engine, constant: *mut Value, value: Value) -> Result<()> {
    // SAFETY: by contract a constant of the running code.
    let variable = unsafe { global_variable(engine, constant)? };
    match engine.heap.slots_mut(variable, Tag::Variable) {
        Some(slots) if slots[0] != Value::UNBOUND => slots[0] = value,
        Some(&mut [_, name, ..]) => return Err(errors::unbound(engine, name)),
        _ => {}
    }
    Ok(())
}

#[cold]
fn define(engine: &mut Engine, descriptor: Value, value: Value) -> Result<()> {
    let Some(&[module, name, _]) = engine.heap.slots(descriptor, Tag::Internal) else {
        return Ok(());
    };
    name_procedure(engine, name, value);
    engine.module_define(module, name, value);
    Ok(())
}

/// A procedure without a name takes that of its definition.
fn name_procedure(engine: &mut Engine, name: Value, value: Value) {
    if let Some(&code) = engine.heap.slots(value, Tag::Closure).and_then(|slots| slots.first())
        && let Some(code) = engine.heap.as_code_mut(code)
        && code.details.name == Value::FALSE
    {
        code.details.name = name;
    }
}

/// The `Late` instruction: compiles the body and goes on in it.
#[cold]
fn late(engine: &mut Engine, index: usize) -> Result<()> {
    let (fp, pc) = (engine.machine.fp, engine.machine.pc);
    // SAFETY: the running frame is that of a closure.
    let closure = unsafe { *fp.add(2) };
    match crate::compile::compile_late(engine, closure, index) {
        Ok(entry) => {
            let Some(code) = engine.heap.closure_code(closure) else { return Ok(()) };
            let end = fp.wrapping_add(code.frame_size as usize);
            let entry = code.at(entry);
            if !engine.machine.reserve(end) {
                let exit = errors::stack_overflow(engine);
                return errors::throw(engine, exit);
            }
            engine.machine.fp = fp;
            engine.machine.pc = entry;
            Ok(())
        }
        Err(exit) => {
            engine.machine.fp = fp;
            engine.machine.pc = pc;
            instruction_exit(engine, exit)
        }
    }
}
