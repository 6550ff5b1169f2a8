// SPDX-License-Identifier: GPL-3.0-or-later
//! From the compiler's tree to instructions.
//!
//! Registers are handed out like a stack: a variable or temporary takes the next one, and scopes give
//! theirs back. A variable that is assigned holds a box.

use super::convert::Variables;
use super::free::Free;
use super::function::{Block, Function, Place};
use super::ir::{Ex, Lam, LamBody, LamClause, Node};
use super::primitives::Prim;
use crate::engine::Engine;
use crate::heap::Tag;
use crate::machine::op::Op;
use crate::machine::{ClauseInfo, Code, LateBody};
use crate::native::Result;
use crate::tree::{Global, Local};
use crate::value::Value;
use rustc_hash::{FxHashMap, FxHashSet};

/// What happens to an expression's value.
#[derive(Clone, Copy, PartialEq)]
pub enum Dest {
    /// It goes to a register.
    To(usize),
    /// It is dropped.
    Effect,
    /// It is returned.
    Tail,
    /// It, or the values, become the machine's received values.
    Many,
}

/// Makes code objects of one tree.
pub struct Emitter<'a> {
    pub engine: &'a mut Engine,
    pub variables: &'a Variables,
    pub free: &'a Free,
    /// Closures that are constants.
    pub closures: FxHashMap<Local, Value>,
    pub f: Function,
}

impl Emitter<'_> {
    pub(super) fn is_assigned(&self, local: Local) -> bool {
        self.variables.assigned.contains(&local)
    }

    pub(super) fn place_of(&self, local: Local) -> Option<Place> {
        if let Some(&closure) = self.closures.get(&local) {
            return Some(Place::Constant(closure));
        }
        self.f.places.get(&local).copied()
    }

    /// The value is in `register`: brings it to its destination.
    pub(super) fn deliver(&mut self, register: usize, dest: Dest) {
        match dest {
            Dest::To(to) if to == register => {}
            Dest::To(to) => self.f.emit(Op::Mov, to, register, 0),
            Dest::Effect => {}
            Dest::Tail => self.f.emit(Op::Return, register, 0, 0),
            Dest::Many => self.f.emit(Op::PutValues, register, 1, 0),
        }
    }

    /// A register to make a value in that goes to `dest`.
    pub(super) fn target(&mut self, dest: Dest) -> usize {
        match dest {
            Dest::To(register) => register,
            _ => {
                self.f.need(self.f.next + 1);
                self.f.next
            }
        }
    }

    pub(super) fn deliver_constant(&mut self, value: Value, dest: Dest) {
        if dest != Dest::Effect {
            let register = self.target(dest);
            self.f.load(register, value);
            self.deliver(register, dest);
        }
    }

    /// Code for `e`.
    pub fn expression(&mut self, e: &Ex, dest: Dest) -> Result<()> {
        let saved = self.f.next;
        self.node(e, dest)?;
        self.f.next = saved;
        Ok(())
    }

    fn node(&mut self, e: &Ex, dest: Dest) -> Result<()> {
        match &e.node {
            Node::Const(value) => self.deliver_constant(*value, dest),
            Node::Local(local) => {
                if dest != Dest::Effect || self.variables.unbound.contains(local) {
                    self.f.mark(&e.location);
                    let target = self.target(dest);
                    let register = self.local(*local, target);
                    self.deliver(register, dest);
                }
            }
            Node::SetLocal(local, value) => {
                let value = self.operand(value)?;
                let holder = self.holder(*local);
                self.f.emit(Op::BoxSet, holder, value, 0);
                self.deliver_constant(Value::UNSPECIFIED, dest);
            }
            Node::Global(global) => {
                self.f.mark(&e.location);
                let k = self.global(global);
                let register = self.target(dest);
                self.f.emit(Op::GlobalRef, register, 0, k);
                self.deliver(register, dest);
            }
            Node::SetGlobal(global, value) => {
                let value = self.operand(value)?;
                self.f.mark(&e.location);
                let k = self.global(global);
                self.f.emit(Op::GlobalSet, value, 0, k);
                self.deliver_constant(Value::UNSPECIFIED, dest);
            }
            Node::Define { module, name, value } => {
                let value = self.operand(value)?;
                self.f.mark(&e.location);
                let descriptor =
                    self.engine.heap.slots_from(Tag::Internal, &[*module, *name, Value::FALSE]);
                let k = self.f.constant(descriptor);
                self.f.emit(Op::Define, value, 0, k);
                self.deliver_constant(Value::UNSPECIFIED, dest);
            }
            Node::If(test, then, otherwise) => {
                let (other, end) = (self.f.new_label(), self.f.new_label());
                self.branch(test, false, other)?;
                self.expression(then, dest)?;
                if !self.f.ended() {
                    self.f.jump(Op::Jump, 0, 0, end);
                }
                self.f.place(other);
                self.expression(otherwise, dest)?;
                self.f.place(end);
            }
            Node::Seq(all) => {
                if let Some((last, before)) = all.split_last() {
                    for e in before {
                        self.expression(e, Dest::Effect)?;
                    }
                    self.expression(last, dest)?;
                }
            }
            Node::Lambda(lam) => {
                if dest != Dest::Effect {
                    let register = match dest {
                        Dest::To(register) => register,
                        _ => self.f.allocate(),
                    };
                    self.closure(lam, None, register, &FxHashSet::default())?;
                    self.deliver(register, dest);
                }
            }
            Node::Let(bindings, body) => {
                self.bind(bindings)?;
                self.expression(body, dest)?;
            }
            Node::Fix(procedures, body) => {
                self.fix(procedures)?;
                self.expression(body, dest)?;
            }
            Node::Labels(procedures, body) => self.blocks(procedures, body, dest)?,
            Node::Receive { producer, required, rest, body } => {
                self.receive(e, producer, required, *rest)?;
                self.expression(body, dest)?;
            }
            Node::Call(callee, args) => self.call(e, callee, args, dest)?,
            Node::Prim(prim, args) => self.primitive(e, *prim, args, dest)?,
        }
        Ok(())
    }

    /// The value of a variable in a register: its own, or `target`.
    fn local(&mut self, local: Local, target: usize) -> usize {
        let checked = self.variables.unbound.contains(&local);
        if self.is_assigned(local) {
            let holder = match self.place_of(local) {
                Some(Place::Register(register)) => register,
                Some(Place::Free(index)) if !checked => {
                    self.f.emit(Op::FreeBox, target, 0, index);
                    return target;
                }
                Some(Place::Free(index)) => {
                    self.f.emit(Op::Free, target, 0, index);
                    target
                }
                _ => {
                    self.f.load(target, Value::UNSPECIFIED);
                    return target;
                }
            };
            if checked {
                let name = self.engine.heap.intern("letrec variable");
                let k = self.f.constant(name);
                self.f.emit(Op::BoxRefChecked, target, holder, k);
            } else {
                self.f.emit(Op::BoxRef, target, holder, 0);
            }
            return target;
        }
        match self.place_of(local) {
            Some(Place::Register(register)) => register,
            Some(Place::Free(index)) => {
                self.f.emit(Op::Free, target, 0, index);
                target
            }
            Some(Place::Own) => 2,
            Some(Place::Constant(value)) => {
                self.f.load(target, value);
                target
            }
            Some(Place::Block(_)) | None => {
                debug_assert!(false, "a variable without a place: {local:?}");
                self.f.load(target, Value::UNSPECIFIED);
                target
            }
        }
    }

    /// A register with the box (or value) of a variable.
    fn holder(&mut self, local: Local) -> usize {
        match self.place_of(local) {
            Some(Place::Register(register)) => register,
            Some(Place::Free(index)) => {
                let register = self.f.allocate();
                self.f.emit(Op::Free, register, 0, index);
                register
            }
            Some(Place::Own) => 2,
            Some(Place::Constant(value)) => {
                let register = self.f.allocate();
                self.f.load(register, value);
                register
            }
            _ => {
                debug_assert!(false, "a variable without a place: {local:?}");
                2
            }
        }
    }

    /// The value of `e` in some register, which stays as it is while `next` is not given back.
    pub(super) fn operand(&mut self, e: &Ex) -> Result<usize> {
        if let Node::Local(local) = e.node
            && !self.is_assigned(local)
        {
            match self.place_of(local) {
                Some(Place::Register(register)) => return Ok(register),
                Some(Place::Own) => return Ok(2),
                _ => {}
            }
        }
        let register = self.f.allocate();
        self.expression(e, Dest::To(register))?;
        Ok(register)
    }

    pub(super) fn global(&mut self, global: &Global) -> usize {
        let heap = &mut self.engine.heap;
        let key = (global.module, global.name, global.public);
        self.f.global(key, || heap.slots_from(Tag::Internal, &[key.0, key.1, Value::bool(key.2)]))
    }

    pub(super) fn bind(&mut self, bindings: &[(Local, Ex)]) -> Result<()> {
        for (local, value) in bindings {
            let assigned = self.is_assigned(*local);
            if !assigned {
                match &value.node {
                    Node::Const(value) => {
                        self.f.places.insert(*local, Place::Constant(*value));
                        continue;
                    }
                    Node::Local(other) if !self.is_assigned(*other) => {
                        if let Some(place) = self.place_of(*other) {
                            self.f.places.insert(*local, place);
                            continue;
                        }
                    }
                    _ => {}
                }
            }
            let register = self.f.allocate();
            self.expression(value, Dest::To(register))?;
            if assigned {
                self.f.emit(Op::MakeBox, register, register, 0);
            }
            self.f.places.insert(*local, Place::Register(register));
        }
        Ok(())
    }

    fn fix(&mut self, procedures: &[(Local, Lam)]) -> Result<()> {
        let constant = procedures.iter().all(|p| self.free.constant.contains(&p.0));
        if constant {
            // The closures first, so that the code of each can hold the others.
            for (local, _) in procedures {
                let closure = self.engine.heap.slots_from(Tag::Closure, &[Value::FALSE]);
                self.closures.insert(*local, closure);
            }
            for (local, lam) in procedures {
                let code = self.code(lam, None)?;
                let closure = self.closures[local];
                if let Some(slots) = self.engine.heap.slots_mut(closure, Tag::Closure) {
                    slots[0] = code;
                }
            }
            return Ok(());
        }
        let mut pending: FxHashSet<Local> = procedures.iter().map(|p| p.0).collect();
        for (local, _) in procedures {
            let register = self.f.allocate();
            self.f.places.insert(*local, Place::Register(register));
        }
        for (local, lam) in procedures {
            if let Some(Place::Register(register)) = self.place_of(*local) {
                self.closure(lam, Some(*local), register, &pending)?;
                pending.remove(local);
            }
        }
        // What was not there yet is filled in.
        let mut made: FxHashSet<Local> = FxHashSet::default();
        for (local, lam) in procedures {
            made.insert(*local);
            for (index, free) in lam.free.iter().enumerate() {
                let later = procedures.iter().any(|p| p.0 == *free) && !made.contains(free);
                if later
                    && let (Some(Place::Register(to)), Some(Place::Register(from))) =
                        (self.place_of(*local), self.place_of(*free))
                {
                    self.f.emit(Op::ClosureSet, to, from, index);
                }
            }
        }
        Ok(())
    }

    /// A closure in `register`; `pending` are variables whose closures do not exist yet.
    fn closure(
        &mut self,
        lam: &Lam,
        own: Option<Local>,
        register: usize,
        pending: &FxHashSet<Local>,
    ) -> Result<()> {
        let code = self.code(lam, own)?;
        if lam.free.is_empty() {
            let closure = self.engine.heap.slots_from(Tag::Closure, &[code]);
            let k = self.f.constant(closure);
            self.f.emit(Op::Const, register, 0, k);
            return Ok(());
        }
        let saved = self.f.next;
        let mut sources = Vec::new();
        for &local in &lam.free {
            sources.push(match self.place_of(local) {
                _ if pending.contains(&local) => 0,
                Some(Place::Free(index)) => 0x8000 | index as u64,
                _ => self.holder(local) as u64,
            });
        }
        let k = self.f.constant(code);
        self.f.emit(Op::MakeClosure, register, sources.len(), k);
        for four in sources.chunks(4) {
            let packed = four.iter().rev().fold(0, |packed, &source| packed << 16 | source);
            self.f.push(packed);
        }
        self.f.next = saved;
        Ok(())
    }

    /// The code object of a procedure.
    pub fn code(&mut self, lam: &Lam, own: Option<Local>) -> Result<Value> {
        let outer = std::mem::replace(&mut self.f, Function::new());
        for (index, &local) in lam.free.iter().enumerate() {
            self.f.places.insert(local, Place::Free(index));
        }
        if let Some(own) = own {
            self.f.places.insert(own, Place::Own);
            self.f.arity = lam.plain().map(|(arity, _)| arity);
        }
        self.f.mark(&lam.location);
        let mut clauses = Vec::new();
        for clause in &lam.clauses {
            match self.clause(clause) {
                Ok(info) => clauses.push(info),
                Err(exit) => {
                    self.f = outer;
                    return Err(exit);
                }
            }
        }
        let function = std::mem::replace(&mut self.f, outer);
        let frame_size = function.frame_size();
        let mut parts = function.finish();
        parts.clauses = clauses;
        if frame_size > usize::from(u16::MAX) / 2 {
            return self.engine.error("misc-error", "compile", "procedure too large", &[]);
        }
        Ok(self.engine.heap.code(Code::new(parts, lam.name, lam.properties)))
    }

    fn clause(&mut self, clause: &LamClause) -> Result<ClauseInfo> {
        let entry = self.f.instructions.len();
        self.f.next = super::function::FIRST;
        let parameters: Vec<Local> = clause.parameters().collect();
        let registers: Vec<usize> = parameters.iter().map(|_| self.f.allocate()).collect();
        for (&local, &register) in parameters.iter().zip(&registers) {
            self.f.places.insert(local, Place::Register(register));
        }
        let required = clause.required.len();
        let optional = clause.optional.len();
        for (i, (&local, &register)) in parameters.iter().zip(&registers).enumerate() {
            let default = if (required..required + optional).contains(&i) {
                Some(&clause.optional[i - required].1)
            } else {
                let first = required + optional + usize::from(clause.rest.is_some());
                i.checked_sub(first).map(|i| &clause.keywords[i].2)
            };
            if let Some(default) = default {
                let given = self.f.new_label();
                self.f.jump(Op::JumpGiven, register, 0, given);
                self.expression(default, Dest::To(register))?;
                self.f.place(given);
            }
            if self.is_assigned(local) {
                self.f.emit(Op::MakeBox, register, register, 0);
            }
        }
        let first = clause.required.first();
        let mut ignores_first = false;
        match &clause.body {
            LamBody::Now(body) => {
                ignores_first = first.is_some_and(|l| {
                    !self.variables.references.contains_key(l) && !self.is_assigned(*l)
                });
                self.expression(body, Dest::Tail)?;
            }
            LamBody::Late(form) => {
                let index = self.f.late.len();
                // Boxes are all or none: see `Variables::scan`.
                let boxed = parameters.first().is_some_and(|&local| self.is_assigned(local));
                let parameters =
                    parameters.iter().zip(&registers).map(|(&l, &r)| (l, r as u16)).collect();
                let pc = self.f.instructions.len();
                self.f.late.push(LateBody { form: *form, pc, parameters, boxed });
                self.f.emit(Op::Late, 0, 0, index);
            }
        }
        Ok(ClauseInfo {
            required: required as u32,
            optional: optional as u32,
            rest: clause.rest.is_some(),
            keywords: clause.keywords.iter().map(|k| k.0).collect(),
            has_keywords: clause.has_keywords,
            allow_other_keys: clause.allow_other_keys,
            entry,
            ignores_first,
            names: clause.names.clone(),
        })
    }

    /// Procedures that are jumped to.
    fn blocks(&mut self, procedures: &[(Local, Lam)], body: &Ex, dest: Dest) -> Result<()> {
        let end = self.f.new_label();
        let mut indices = Vec::new();
        for (local, lam) in procedures {
            let required = lam.clauses.first().map_or(&[][..], |c| &c.required);
            let mut registers = Vec::new();
            let mut boxed = Vec::new();
            for &parameter in required {
                let register = self.f.allocate();
                self.f.places.insert(parameter, Place::Register(register));
                registers.push(register);
                boxed.push(self.is_assigned(parameter));
            }
            let label = self.f.new_label();
            indices.push(self.f.blocks.len());
            self.f.places.insert(*local, Place::Block(self.f.blocks.len()));
            self.f.blocks.push(Block { label, registers, boxed });
        }
        self.expression(body, dest)?;
        for ((_, lam), index) in procedures.iter().zip(indices) {
            // What came before ends in a jump over this, or in one to here.
            let label = self.f.blocks[index].label;
            let falls_in = self.f.last_jump_is_to(label);
            if !falls_in && !self.f.ended() {
                self.f.jump(Op::Jump, 0, 0, end);
            }
            self.f.place(label);
            if let Some((_, body)) = lam.plain() {
                self.expression(body, dest)?;
            }
        }
        self.f.place(end);
        Ok(())
    }

    /// Whether `e` looks at `register` through one of the variables.
    fn looks_at(&self, e: &Ex, register: usize) -> bool {
        if let Node::Local(local) | Node::SetLocal(local, _) = &e.node
            && self.place_of(*local) == Some(Place::Register(register))
        {
            return true;
        }
        let mut found = false;
        e.each(&mut |child| found = found || self.looks_at(child, register));
        found
    }

    pub(super) fn jump_to_block(&mut self, index: usize, args: &[Ex]) -> Result<()> {
        let block = self.f.blocks[index].clone();
        let mut moves = Vec::new();
        for (i, arg) in args.iter().enumerate() {
            let (register, boxed) = (block.registers[i], block.boxed[i]);
            if let Node::Local(local) = arg.node
                && !boxed
                && !self.is_assigned(local)
                && self.place_of(local) == Some(Place::Register(register))
            {
                continue;
            }
            let needed = args[i + 1..].iter().any(|later| self.looks_at(later, register));
            if needed || (boxed && i + 1 < args.len()) {
                let temporary = self.f.allocate();
                self.expression(arg, Dest::To(temporary))?;
                moves.push((register, temporary, boxed));
            } else {
                // Earlier arguments that wait in temporaries were evaluated already.
                if self.waits(&moves, register) {
                    return self.engine.error("misc-error", "compile", "internal error", &[]);
                }
                self.expression(arg, Dest::To(register))?;
                if boxed {
                    self.f.emit(Op::MakeBox, register, register, 0);
                }
            }
        }
        for (register, temporary, boxed) in moves {
            let op = if boxed { Op::MakeBox } else { Op::Mov };
            self.f.emit(op, register, temporary, 0);
        }
        self.f.jump(Op::Jump, 0, 0, block.label);
        Ok(())
    }

    fn waits(&self, moves: &[(usize, usize, bool)], register: usize) -> bool {
        moves.iter().any(|m| m.1 == register)
    }

    fn receive(
        &mut self,
        e: &Ex,
        producer: &Ex,
        required: &[Local],
        rest: Option<Local>,
    ) -> Result<()> {
        self.expression(producer, Dest::Many)?;
        let first = self.f.next;
        let all: Vec<Local> = required.iter().copied().chain(rest).collect();
        for &local in &all {
            let register = self.f.allocate();
            self.f.places.insert(local, Place::Register(register));
        }
        self.f.mark(&e.location);
        self.f.emit(Op::TakeValues, first, required.len(), usize::from(rest.is_some()));
        for (i, &local) in all.iter().enumerate() {
            if self.is_assigned(local) {
                self.f.emit(Op::MakeBox, first + i, first + i, 0);
            }
        }
        Ok(())
    }

    fn primitive(&mut self, e: &Ex, prim: Prim, args: &[Ex], dest: Dest) -> Result<()> {
        match prim {
            Prim::Apply => return self.apply(e, args, dest),
            Prim::Values => return self.values(args, dest),
            Prim::Test1(..)
            | Prim::TagTest(_)
            | Prim::Test2(..)
            | Prim::Test2Swapped(..)
            | Prim::Not => return self.truth(e, dest),
            _ => {}
        }
        let mut registers = [0; 3];
        let small = match (prim, args) {
            (Prim::Binary(Op::Add | Op::Sub), [_, Ex { node: Node::Const(n), .. }]) => {
                n.as_fixnum().filter(|n| (-(1 << 22)..1 << 22).contains(n))
            }
            _ => None,
        };
        let operands = if small.is_some() { &args[..1] } else { args };
        for (register, arg) in registers.iter_mut().zip(operands) {
            *register = self.operand(arg)?;
        }
        self.f.mark(&e.location);
        let [x, y, z] = registers;
        match prim {
            Prim::Effect(op) => {
                self.f.emit(op, x, y, z);
                self.deliver_constant(Value::UNSPECIFIED, dest);
                return Ok(());
            }
            Prim::Binary(op) => {
                let target = self.target(dest);
                match small {
                    Some(n) => {
                        let op = if op == Op::Add { Op::AddImm } else { Op::SubImm };
                        self.f.emit_signed(op, target, x, n as i32);
                    }
                    None => self.f.emit(op, target, x, y),
                }
                self.deliver(target, dest);
            }
            Prim::Unary(op) => {
                let target = self.target(dest);
                self.f.emit(op, target, x, 0);
                self.deliver(target, dest);
            }
            Prim::Indexed(op, index) => {
                let target = self.target(dest);
                self.f.emit(op, target, x, usize::from(index));
                self.deliver(target, dest);
            }
            _ => {}
        }
        Ok(())
    }

    /// The value of a test.
    fn truth(&mut self, e: &Ex, dest: Dest) -> Result<()> {
        let (no, end) = (self.f.new_label(), self.f.new_label());
        self.branch(e, false, no)?;
        self.deliver_constant(Value::TRUE, dest);
        if dest != Dest::Tail {
            self.f.jump(Op::Jump, 0, 0, end);
        }
        self.f.place(no);
        self.deliver_constant(Value::FALSE, dest);
        self.f.place(end);
        Ok(())
    }
}
