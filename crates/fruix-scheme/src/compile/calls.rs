// SPDX-License-Identifier: GPL-3.0-or-later
//! Calls and multiple values.

use super::emit::{Dest, Emitter};
use super::function::Place;
use super::ir::{Ex, Node};
use crate::machine::op::{Op, RECEIVE_MANY, RECEIVE_NONE, RECEIVE_ONE};
use crate::native::Result;
use crate::value::Value;

/// The largest number of arguments of a call in the source.
const MAX_ARGS: usize = 60_000;

impl Emitter<'_> {
    /// Where the window of a call starts whose value goes to `dest`.
    pub(super) fn window(&mut self, dest: Dest) -> usize {
        match dest {
            Dest::To(register) if register + 1 == self.f.next => register,
            _ => self.f.next,
        }
    }

    pub(super) fn arguments(&mut self, base: usize, args: &[Ex]) -> Result<()> {
        if args.len() > MAX_ARGS {
            return self.engine.error("misc-error", "compile", "too many arguments", &[]);
        }
        for (i, arg) in args.iter().enumerate() {
            self.f.next = base + 4 + i;
            self.f.need(base + 4 + i);
            self.expression(arg, Dest::To(base + 3 + i))?;
        }
        self.f.next = base + 3 + args.len();
        self.f.need(base + 4 + args.len());
        Ok(())
    }

    pub(super) fn call(&mut self, e: &Ex, callee: &Ex, args: &[Ex], dest: Dest) -> Result<()> {
        let place = match callee.node {
            Node::Local(local) if !self.is_assigned(local) => self.place_of(local),
            _ => None,
        };
        if let Some(Place::Block(index)) = place {
            return self.jump_to_block(index, args);
        }
        let base = self.window(dest);
        let count = args.len();
        self.f.need(base + 4);
        let receive = match dest {
            Dest::Effect => RECEIVE_NONE,
            Dest::Many => RECEIVE_MANY,
            _ => RECEIVE_ONE,
        };
        if let Node::Global(global) = &callee.node {
            self.arguments(base, args)?;
            self.f.mark(&e.location);
            let k = self.global(global);
            match dest {
                Dest::Tail => self.f.emit(Op::TailCallGlobal, base, count, k),
                Dest::To(_) => self.f.emit(Op::CallGlobal, base, count, k),
                Dest::Effect => self.f.emit(Op::CallGlobalEffect, base, count, k),
                Dest::Many => {
                    self.f.emit(Op::GlobalRef, base + 2, 0, k);
                    self.f.emit(Op::Call, base, count, receive as usize);
                }
            }
        } else if place == Some(Place::Own) && self.f.arity == Some(count) && dest != Dest::Tail {
            self.arguments(base, args)?;
            self.f.mark(&e.location);
            self.f.emit(Op::CallSelf, base, count, receive as usize);
        } else {
            self.f.next = base + 3;
            self.expression(callee, Dest::To(base + 2))?;
            self.arguments(base, args)?;
            self.f.mark(&e.location);
            match dest {
                Dest::Tail => self.f.emit(Op::TailCall, base, count, 0),
                _ => self.f.emit(Op::Call, base, count, receive as usize),
            }
        }
        self.called(base, dest);
        Ok(())
    }

    /// The value of a call is in the window's first register.
    pub(super) fn called(&mut self, base: usize, dest: Dest) {
        match dest {
            Dest::To(register) if register != base => self.f.emit(Op::Mov, register, base, 0),
            Dest::Many => self.f.emit(Op::PutValues, base, 1, 0),
            _ => {}
        }
    }

    pub(super) fn apply(&mut self, e: &Ex, args: &[Ex], dest: Dest) -> Result<()> {
        let Some((callee, args)) = args.split_first() else { return Ok(()) };
        let base = self.window(dest);
        self.f.need(base + 4);
        self.f.next = base + 3;
        self.expression(callee, Dest::To(base + 2))?;
        self.arguments(base, args)?;
        self.f.mark(&e.location);
        let receive = match dest {
            Dest::Tail => {
                self.f.emit(Op::TailSpread, base, args.len(), 0);
                return Ok(());
            }
            Dest::Effect => RECEIVE_NONE,
            Dest::Many => RECEIVE_MANY,
            Dest::To(_) => RECEIVE_ONE,
        };
        self.f.emit(Op::Spread, base, args.len(), receive as usize);
        self.called(base, dest);
        Ok(())
    }

    pub(super) fn values(&mut self, args: &[Ex], dest: Dest) -> Result<()> {
        match (args, dest) {
            ([only], _) => {
                // More values of an operand are cut down to the first.
                let register = self.operand(only)?;
                self.deliver(register, dest);
            }
            (_, Dest::Tail | Dest::Many) => {
                let first = self.f.next;
                for arg in args {
                    let register = self.f.allocate();
                    self.expression(arg, Dest::To(register))?;
                }
                let op = if dest == Dest::Tail { Op::ReturnValues } else { Op::PutValues };
                self.f.emit(op, first, args.len(), 0);
            }
            ([first, others @ ..], _) => {
                let register = self.operand(first)?;
                for other in others {
                    self.expression(other, Dest::Effect)?;
                }
                self.deliver(register, dest);
            }
            ([], Dest::Effect) => {}
            ([], _) => {
                // No value where one is wanted: the machine complains.
                let values = self.engine.machine.primitives.get("values").copied();
                let callee = Ex::new(None, Node::Const(values.unwrap_or(Value::FALSE)));
                self.call(&Ex::new(None, Node::Const(Value::FALSE)), &callee, &[], dest)?;
            }
        }
        Ok(())
    }
}
