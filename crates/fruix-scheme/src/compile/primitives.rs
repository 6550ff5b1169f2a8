// SPDX-License-Identifier: GPL-3.0-or-later
//! The procedures that have instructions of their own.

use crate::heap::Tag;
use crate::machine::op::Op;

/// What a primitive compiles to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Prim {
    /// An instruction with a result and one operand.
    Unary(Op),
    /// An instruction with a result and two operands.
    Binary(Op),
    /// `struct-ref` and `vector-ref` with a constant index.
    Indexed(Op, u16),
    /// An instruction without result and two or three operands in a, b, c.
    Effect(Op),
    /// A test of one operand: the jump if it holds, and if not.
    Test1(Op, Op),
    /// A test of the operand's tag.
    TagTest(Tag),
    /// A test of two operands: the jump if it holds, and if not.
    Test2(Op, Op),
    /// The same with the operands exchanged.
    Test2Swapped(Op, Op),
    /// `not`.
    Not,
    /// `values`.
    Values,
    /// `apply`.
    Apply,
}

/// The names of all procedures that [`lookup`], or the compiler otherwise, knows.
pub static NAMES: &[&str] = &[
    "+",
    "-",
    "*",
    "1+",
    "1-",
    "<",
    ">",
    "<=",
    ">=",
    "=",
    "zero?",
    "eq?",
    "eqv?",
    "not",
    "null?",
    "pair?",
    "char?",
    "symbol?",
    "string?",
    "vector?",
    "car",
    "cdr",
    "caar",
    "cadr",
    "cdar",
    "cddr",
    "caddr",
    "cdddr",
    "cadddr",
    "set-car!",
    "set-cdr!",
    "cons",
    "vector-ref",
    "vector-set!",
    "vector-length",
    "struct-ref",
    "struct-vtable",
    "string-ref",
    "fluid-ref",
    "variable-ref",
    "quotient",
    "remainder",
    "modulo",
    "logand",
    "logior",
    "logxor",
    "ash",
    "bytevector-u8-ref",
    "bytevector-length",
    "values",
    "apply",
    "call-with-values",
    "with-fluid*",
    "char=?",
    "keyword?",
];

/// What instructions fall back on when their operands are not the usual ones.
pub static FALLBACKS: &[(Op, &str)] = &[
    (Op::Add, "+"),
    (Op::Sub, "-"),
    (Op::Mul, "*"),
    (Op::Quotient, "quotient"),
    (Op::Remainder, "remainder"),
    (Op::Modulo, "modulo"),
    (Op::LogAnd, "logand"),
    (Op::LogIor, "logior"),
    (Op::LogXor, "logxor"),
    (Op::Ash, "ash"),
    (Op::ByteRef, "bytevector-u8-ref"),
    (Op::ByteLength, "bytevector-length"),
    (Op::JumpNumEq, "="),
    (Op::JumpLt, "<"),
    (Op::JumpLe, "<="),
    (Op::SetCar, "set-car!"),
    (Op::SetCdr, "set-cdr!"),
    (Op::StructRefImm, "struct-ref"),
    (Op::StructVtable, "struct-vtable"),
    (Op::StringRef, "string-ref"),
    (Op::FluidRef, "fluid-ref"),
    (Op::VariableRef, "variable-ref"),
];

/// The primitive for a call of `name` with `count` arguments.
pub fn lookup(name: &str, count: usize) -> Option<Prim> {
    Some(match (name, count) {
        ("+", 2) => Prim::Binary(Op::Add),
        ("-", 2) => Prim::Binary(Op::Sub),
        ("*", 2) => Prim::Binary(Op::Mul),
        ("quotient", 2) => Prim::Binary(Op::Quotient),
        ("remainder", 2) => Prim::Binary(Op::Remainder),
        ("modulo", 2) => Prim::Binary(Op::Modulo),
        ("logand", 2) => Prim::Binary(Op::LogAnd),
        ("logior", 2) => Prim::Binary(Op::LogIor),
        ("logxor", 2) => Prim::Binary(Op::LogXor),
        ("ash", 2) => Prim::Binary(Op::Ash),
        ("bytevector-u8-ref", 2) => Prim::Binary(Op::ByteRef),
        ("bytevector-length", 1) => Prim::Unary(Op::ByteLength),
        ("cons", 2) => Prim::Binary(Op::Cons),
        ("vector-ref", 2) => Prim::Binary(Op::VectorRef),
        ("string-ref", 2) => Prim::Binary(Op::StringRef),
        ("car", 1) => Prim::Unary(Op::Car),
        ("cdr", 1) => Prim::Unary(Op::Cdr),
        ("vector-length", 1) => Prim::Unary(Op::VectorLength),
        ("struct-vtable", 1) => Prim::Unary(Op::StructVtable),
        ("fluid-ref", 1) => Prim::Unary(Op::FluidRef),
        ("variable-ref", 1) => Prim::Unary(Op::VariableRef),
        ("set-car!", 2) => Prim::Effect(Op::SetCar),
        ("set-cdr!", 2) => Prim::Effect(Op::SetCdr),
        ("vector-set!", 3) => Prim::Effect(Op::VectorSet),
        ("<", 2) => Prim::Test2(Op::JumpLt, Op::JumpNotLt),
        (">", 2) => Prim::Test2Swapped(Op::JumpLt, Op::JumpNotLt),
        ("<=", 2) => Prim::Test2(Op::JumpLe, Op::JumpNotLe),
        (">=", 2) => Prim::Test2Swapped(Op::JumpLe, Op::JumpNotLe),
        ("=", 2) => Prim::Test2(Op::JumpNumEq, Op::JumpNotNumEq),
        ("eq?", 2) => Prim::Test2(Op::JumpEq, Op::JumpNotEq),
        ("eqv?", 2) => Prim::Test2(Op::JumpEqv, Op::JumpNotEqv),
        ("null?", 1) => Prim::Test1(Op::JumpNull, Op::JumpNotNull),
        ("pair?", 1) => Prim::Test1(Op::JumpPair, Op::JumpNotPair),
        ("char?", 1) => Prim::Test1(Op::JumpChar, Op::JumpNotChar),
        ("symbol?", 1) => Prim::TagTest(Tag::Symbol),
        ("string?", 1) => Prim::TagTest(Tag::String),
        ("vector?", 1) => Prim::TagTest(Tag::Vector),
        ("keyword?", 1) => Prim::TagTest(Tag::Keyword),
        ("not", 1) => Prim::Not,
        ("values", _) => Prim::Values,
        ("apply", 2..) => Prim::Apply,
        _ => return None,
    })
}

/// The `car`s and `cdr`s that `c…r` is made of, the first applied first.
pub fn cxr(name: &str) -> Option<impl Iterator<Item = Op>> {
    let path = name.strip_prefix('c')?.strip_suffix('r')?;
    if !(2..=4).contains(&path.len()) || !path.bytes().all(|b| b == b'a' || b == b'd') {
        return None;
    }
    Some(path.bytes().rev().map(|b| if b == b'a' { Op::Car } else { Op::Cdr }))
}
