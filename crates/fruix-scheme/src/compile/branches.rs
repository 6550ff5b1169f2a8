// SPDX-License-Identifier: GPL-3.0-or-later
//! Tests: expressions whose truth decides where to go on.

use super::emit::{Dest, Emitter};
use super::function::Label;
use super::ir::{Ex, Node};
use super::primitives::Prim;
use crate::machine::op::Op;
use crate::native::Result;
use crate::value::Value;

impl Emitter<'_> {
    /// Jumps to `label` if the truth of `e` is `sense`.
    pub(super) fn branch(&mut self, e: &Ex, sense: bool, label: Label) -> Result<()> {
        let saved = self.f.next;
        self.test(e, sense, label)?;
        self.f.next = saved;
        Ok(())
    }

    fn test(&mut self, e: &Ex, sense: bool, label: Label) -> Result<()> {
        match &e.node {
            Node::Const(value) => {
                if value.is_true() == sense {
                    self.f.jump(Op::Jump, 0, 0, label);
                }
            }
            Node::Seq(all) => {
                if let Some((last, before)) = all.split_last() {
                    for e in before {
                        self.expression(e, Dest::Effect)?;
                    }
                    self.test(last, sense, label)?;
                }
            }
            Node::If(test, then, otherwise) => {
                let (other, end) = (self.f.new_label(), self.f.new_label());
                self.branch(test, false, other)?;
                match same_local(test, then) {
                    true if sense => self.f.jump(Op::Jump, 0, 0, label),
                    true => {}
                    false => self.branch(then, sense, label)?,
                }
                self.f.jump(Op::Jump, 0, 0, end);
                self.f.place(other);
                self.branch(otherwise, sense, label)?;
                self.f.place(end);
            }
            Node::Let(bindings, body) => {
                self.bind(bindings)?;
                self.branch(body, sense, label)?;
            }
            Node::Prim(Prim::Not, args) => self.test(&args[0], !sense, label)?,
            Node::Prim(Prim::Test1(yes, no), args) => {
                let x = self.operand(&args[0])?;
                self.f.mark(&e.location);
                self.f.jump(if sense { *yes } else { *no }, x, 0, label);
            }
            Node::Prim(Prim::TagTest(tag), args) => {
                let x = self.operand(&args[0])?;
                let op = if sense { Op::JumpTag } else { Op::JumpNotTag };
                self.f.jump(op, x, *tag as usize, label);
            }
            Node::Prim(Prim::Test2(yes, no), args) => {
                self.test2(e, (*yes, *no), &args[0], &args[1], sense, label)?;
            }
            Node::Prim(Prim::Test2Swapped(yes, no), args) => {
                self.test2_swapped(e, (*yes, *no), &args[0], &args[1], sense, label)?;
            }
            _ => {
                let x = self.operand(e)?;
                self.f.jump(if sense { Op::JumpTrue } else { Op::JumpFalse }, x, 0, label);
            }
        }
        Ok(())
    }

    fn test2(
        &mut self,
        e: &Ex,
        ops: (Op, Op),
        x: &Ex,
        y: &Ex,
        sense: bool,
        label: Label,
    ) -> Result<()> {
        let pick = |yes, no| if sense { yes } else { no };
        match (ops.0, constant(x), constant(y)) {
            (Op::JumpEq | Op::JumpEqv, _, Some(value))
                if identity(value) || ops.0 == Op::JumpEq =>
            {
                return self.test_constant(e, x, value, sense, label);
            }
            (Op::JumpEq | Op::JumpEqv, Some(value), _)
                if identity(value) || ops.0 == Op::JumpEq =>
            {
                return self.test_constant(e, y, value, sense, label);
            }
            (Op::JumpNumEq, _, Some(value)) if small(value).is_some() => {
                let op = pick(Op::JumpNumEqImm, Op::JumpNotNumEqImm);
                return self.test_small(e, op, x, value, label);
            }
            (Op::JumpNumEq, Some(value), _) if small(value).is_some() => {
                let op = pick(Op::JumpNumEqImm, Op::JumpNotNumEqImm);
                return self.test_small(e, op, y, value, label);
            }
            (Op::JumpLt, _, Some(value)) if small(value).is_some() => {
                return self.test_small(e, pick(Op::JumpLtImm, Op::JumpNotLtImm), x, value, label);
            }
            (Op::JumpLt, Some(value), _) if small(value).is_some() => {
                return self.test_small(e, pick(Op::JumpGtImm, Op::JumpNotGtImm), y, value, label);
            }
            _ => {}
        }
        let x = self.operand(x)?;
        let y = self.operand(y)?;
        self.f.mark(&e.location);
        self.f.jump(pick(ops.0, ops.1), x, y, label);
        Ok(())
    }

    fn test2_swapped(
        &mut self,
        e: &Ex,
        ops: (Op, Op),
        x: &Ex,
        y: &Ex,
        sense: bool,
        label: Label,
    ) -> Result<()> {
        if let (Op::JumpLt, Some(value)) = (ops.0, constant(y))
            && small(value).is_some()
        {
            let op = if sense { Op::JumpGtImm } else { Op::JumpNotGtImm };
            return self.test_small(e, op, x, value, label);
        }
        if let (Op::JumpLt, Some(value)) = (ops.0, constant(x))
            && small(value).is_some()
        {
            let op = if sense { Op::JumpLtImm } else { Op::JumpNotLtImm };
            return self.test_small(e, op, y, value, label);
        }
        let x = self.operand(x)?;
        let y = self.operand(y)?;
        self.f.mark(&e.location);
        self.f.jump(if sense { ops.0 } else { ops.1 }, y, x, label);
        Ok(())
    }

    fn test_small(&mut self, e: &Ex, op: Op, x: &Ex, value: Value, label: Label) -> Result<()> {
        let x = self.operand(x)?;
        let n = small(value).unwrap_or(0) as u16 as usize;
        self.f.mark(&e.location);
        self.f.jump(op, x, n, label);
        Ok(())
    }

    fn test_constant(
        &mut self,
        e: &Ex,
        x: &Ex,
        value: Value,
        sense: bool,
        label: Label,
    ) -> Result<()> {
        let x = self.operand(x)?;
        self.f.mark(&e.location);
        let k = self.f.constant(value);
        if k > usize::from(u16::MAX) {
            let y = self.f.allocate();
            self.f.load(y, value);
            self.f.jump(if sense { Op::JumpEq } else { Op::JumpNotEq }, x, y, label);
        } else {
            let op = if sense { Op::JumpEqConst } else { Op::JumpNotEqConst };
            self.f.jump(op, x, k, label);
        }
        Ok(())
    }
}

fn constant(e: &Ex) -> Option<Value> {
    if let Node::Const(value) = e.node { Some(value) } else { None }
}

fn small(value: Value) -> Option<i16> {
    value.as_fixnum().and_then(|n| i16::try_from(n).ok())
}

/// Whether `eqv?` to this constant is `eq?`.
fn identity(value: Value) -> bool {
    value.is_fixnum() || value.is_immediate()
}

fn same_local(a: &Ex, b: &Ex) -> bool {
    matches!((&a.node, &b.node), (Node::Local(a), Node::Local(b)) if a == b)
}
