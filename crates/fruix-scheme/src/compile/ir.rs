// SPDX-License-Identifier: GPL-3.0-or-later
//! The compiler's own tree: the core language with `letrec` sorted out, primitives recognised, local
//! loops found.

use super::primitives::Prim;
use crate::tree::{Global, Local, Location};
use crate::value::Value;
use rustc_hash::FxHashSet;

/// An expression with its place.
pub struct Ex {
    pub location: Option<Location>,
    pub node: Node,
}

/// The forms.
pub enum Node {
    Const(Value),
    Local(Local),
    SetLocal(Local, Box<Ex>),
    Global(Global),
    SetGlobal(Global, Box<Ex>),
    Define {
        module: Value,
        name: Value,
        value: Box<Ex>,
    },
    If(Box<Ex>, Box<Ex>, Box<Ex>),
    Seq(Vec<Ex>),
    Lambda(Box<Lam>),
    Let(Vec<(Local, Ex)>, Box<Ex>),
    /// Procedures that see each other; never assigned.
    Fix(Vec<(Local, Lam)>, Box<Ex>),
    /// Procedures that are only called in tail position of the body or of each other: jumps.
    Labels(Vec<(Local, Lam)>, Box<Ex>),
    /// Values of an expression bound to variables (the last one, if any, to a list of the rest).
    Receive {
        producer: Box<Ex>,
        required: Vec<Local>,
        rest: Option<Local>,
        body: Box<Ex>,
    },
    Call(Box<Ex>, Vec<Ex>),
    Prim(Prim, Vec<Ex>),
}

/// A procedure.
pub struct Lam {
    pub name: Value,
    pub properties: Value,
    pub clauses: Vec<LamClause>,
    pub location: Option<Location>,
    /// The variables that the closure holds, found by `free::annotate`.
    pub free: Vec<Local>,
}

/// A clause of a procedure.
pub struct LamClause {
    pub required: Vec<Local>,
    pub optional: Vec<(Local, Ex)>,
    pub rest: Option<Local>,
    pub keywords: Vec<(Value, Local, Ex)>,
    pub has_keywords: bool,
    pub allow_other_keys: bool,
    pub names: Vec<Value>,
    pub body: LamBody,
}

/// A clause's body.
pub enum LamBody {
    Now(Ex),
    Late(Value),
}

impl LamClause {
    /// All parameters in the order of their registers.
    pub fn parameters(&self) -> impl Iterator<Item = Local> + '_ {
        let required = self.required.iter().copied();
        let optional = self.optional.iter().map(|o| o.0);
        required.chain(optional).chain(self.rest).chain(self.keywords.iter().map(|k| k.1))
    }

    /// The body if the clause takes a fixed number of arguments and nothing else.
    pub fn plain_body(&self) -> Option<&Ex> {
        let plain = self.optional.is_empty() && self.rest.is_none() && !self.has_keywords;
        match &self.body {
            LamBody::Now(body) if plain => Some(body),
            _ => None,
        }
    }

    /// Calls `f` on the expressions in the clause.
    pub fn each<'a>(&'a self, f: &mut dyn FnMut(&'a Ex)) {
        self.optional.iter().for_each(|o| f(&o.1));
        self.keywords.iter().for_each(|k| f(&k.2));
        if let LamBody::Now(body) = &self.body {
            f(body);
        }
    }

    /// As [`LamClause::each`], to change them.
    pub fn each_mut(&mut self, f: &mut dyn FnMut(&mut Ex)) {
        self.optional.iter_mut().for_each(|o| f(&mut o.1));
        self.keywords.iter_mut().for_each(|k| f(&mut k.2));
        if let LamBody::Now(body) = &mut self.body {
            f(body);
        }
    }
}

impl Lam {
    /// The number of arguments and the body of a procedure that takes a fixed number.
    pub fn plain(&self) -> Option<(usize, &Ex)> {
        match &self.clauses[..] {
            [only] => Some((only.required.len(), only.plain_body()?)),
            _ => None,
        }
    }
}

impl Ex {
    pub fn new(location: Option<Location>, node: Node) -> Ex {
        Ex { location, node }
    }

    /// Calls `f` on the expressions directly inside, those in procedures included.
    pub fn each<'a>(&'a self, f: &mut dyn FnMut(&'a Ex)) {
        match &self.node {
            Node::Const(_) | Node::Local(_) | Node::Global(_) => {}
            Node::SetLocal(_, e) | Node::SetGlobal(_, e) | Node::Define { value: e, .. } => f(e),
            Node::If(a, b, c) => {
                f(a);
                f(b);
                f(c);
            }
            Node::Seq(all) | Node::Prim(_, all) => all.iter().for_each(f),
            Node::Lambda(lam) => lam.clauses.iter().for_each(|c| c.each(f)),
            Node::Let(bindings, body) => {
                bindings.iter().for_each(|b| f(&b.1));
                f(body);
            }
            Node::Fix(bindings, body) | Node::Labels(bindings, body) => {
                bindings.iter().flat_map(|b| &b.1.clauses).for_each(|c| c.each(f));
                f(body);
            }
            Node::Receive { producer, body, .. } => {
                f(producer);
                f(body);
            }
            Node::Call(callee, args) => {
                f(callee);
                args.iter().for_each(f);
            }
        }
    }

    /// As [`Ex::each`], to change them.
    pub fn each_mut(&mut self, f: &mut dyn FnMut(&mut Ex)) {
        match &mut self.node {
            Node::Const(_) | Node::Local(_) | Node::Global(_) => {}
            Node::SetLocal(_, e) | Node::SetGlobal(_, e) | Node::Define { value: e, .. } => f(e),
            Node::If(a, b, c) => {
                f(a);
                f(b);
                f(c);
            }
            Node::Seq(all) | Node::Prim(_, all) => all.iter_mut().for_each(f),
            Node::Lambda(lam) => lam.clauses.iter_mut().for_each(|c| c.each_mut(f)),
            Node::Let(bindings, body) => {
                bindings.iter_mut().for_each(|b| f(&mut b.1));
                f(body);
            }
            Node::Fix(bindings, body) | Node::Labels(bindings, body) => {
                bindings.iter_mut().flat_map(|b| &mut b.1.clauses).for_each(|c| c.each_mut(f));
                f(body);
            }
            Node::Receive { producer, body, .. } => {
                f(producer);
                f(body);
            }
            Node::Call(callee, args) => {
                f(callee);
                args.iter_mut().for_each(f);
            }
        }
    }

    /// The variables of `of` that occur.
    pub fn mentions(&self, of: &FxHashSet<Local>, found: &mut FxHashSet<Local>) {
        match &self.node {
            Node::Local(local) | Node::SetLocal(local, _) if of.contains(local) => {
                found.insert(*local);
            }
            _ => {}
        }
        self.each(&mut |e| e.mentions(of, found));
    }
}
