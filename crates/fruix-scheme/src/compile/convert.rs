// SPDX-License-Identifier: GPL-3.0-or-later
//! From the core tree to the compiler's own: primitives and direct applications recognised.

use super::ir::{Ex, Lam, LamBody, LamClause, Node};
use super::primitives::{self, Prim};
use super::{letrec, loops};
use crate::engine::Engine;
use crate::heap::Tag;
use crate::machine::op::Op;
use crate::tree::{Body, Clause, Expr, Global, Kind, Lambda, Local, Location};
use crate::value::Value;
use rustc_hash::{FxHashMap, FxHashSet};

/// What is known about the variables of a tree.
#[derive(Default)]
pub struct Variables {
    /// Those that are assigned, and so live in boxes.
    pub assigned: FxHashSet<Local>,
    /// Those of `letrec`s that may be seen before they have a value.
    pub unbound: FxHashSet<Local>,
    /// How often each is referred to.
    pub references: FxHashMap<Local, u32>,
    /// A number no variable has.
    pub next: u32,
}

impl Variables {
    /// Counts what is in `e`.
    pub fn scan(&mut self, e: &Expr) {
        match &e.kind {
            Kind::Const(_) | Kind::Global(_) => {}
            Kind::Local(local) => {
                *self.references.entry(*local).or_default() += 1;
                self.see(*local);
            }
            Kind::SetLocal(local, value) => {
                self.assigned.insert(*local);
                self.see(*local);
                self.scan(value);
            }
            Kind::SetGlobal(_, value) | Kind::Define { value, .. } => self.scan(value),
            Kind::If(a, b, c) => [a, b, c].iter().for_each(|e| self.scan(e)),
            Kind::Seq(all) => all.iter().for_each(|e| self.scan(e)),
            Kind::Lambda(lambda) => self.scan_lambda(lambda),
            Kind::Let(bindings, body) | Kind::Letrec(_, bindings, body) => {
                for (local, value) in bindings {
                    self.see(*local);
                    self.scan(value);
                }
                self.scan(body);
            }
            Kind::Call(callee, args) => {
                self.scan(callee);
                args.iter().for_each(|e| self.scan(e));
            }
            Kind::WithFluids(bindings, body) => {
                for (fluid, value) in bindings {
                    self.scan(fluid);
                    self.scan(value);
                }
                self.scan(body);
            }
        }
    }

    fn see(&mut self, local: Local) {
        self.next = self.next.max(local.0 + 1);
    }

    fn scan_lambda(&mut self, lambda: &Lambda) {
        for clause in &lambda.clauses {
            for &local in clause.required.iter().chain(&clause.rest) {
                self.see(local);
            }
            for (local, default) in &clause.optional {
                self.see(*local);
                self.scan(default);
            }
            for (_, local, default) in &clause.keywords {
                self.see(*local);
                self.scan(default);
            }
            match &clause.body {
                Body::Now(body) => self.scan(body),
                // A body that is not known yet may assign what a default's closure holds.
                Body::Late(_) => {
                    let defaults = clause.optional.iter().map(|o| &o.1);
                    let mut defaults = defaults.chain(clause.keywords.iter().map(|k| &k.2));
                    if defaults.any(|e| !matches!(e.kind, Kind::Const(_) | Kind::Global(_))) {
                        let optional = clause.optional.iter().map(|o| o.0);
                        let keywords = clause.keywords.iter().map(|k| k.1);
                        let required = clause.required.iter().copied().chain(clause.rest);
                        self.assigned.extend(required.chain(optional).chain(keywords));
                    }
                }
            }
        }
    }

    /// A new variable.
    pub fn fresh(&mut self) -> Local {
        let local = Local(self.next);
        self.next += 1;
        // Its uses are not counted: assume several.
        self.references.insert(local, 2);
        local
    }
}

/// The conversion of one tree.
pub struct Converter<'a> {
    pub engine: &'a mut Engine,
    pub variables: Variables,
}

impl Converter<'_> {
    fn boxed(&mut self, e: Expr) -> Box<Ex> {
        Box::new(self.convert(e))
    }

    fn all(&mut self, all: Vec<Expr>) -> Vec<Ex> {
        all.into_iter().map(|e| self.convert(e)).collect()
    }

    pub fn convert(&mut self, e: Expr) -> Ex {
        let location = e.location;
        let node = match e.kind {
            Kind::Const(value) => Node::Const(value),
            Kind::Local(local) => Node::Local(local),
            Kind::SetLocal(local, value) => Node::SetLocal(local, self.boxed(*value)),
            Kind::Global(global) => Node::Global(global),
            Kind::SetGlobal(global, value) => Node::SetGlobal(global, self.boxed(*value)),
            Kind::Define { module, name, value } => {
                Node::Define { module, name, value: self.boxed(*value) }
            }
            Kind::If(test, then, otherwise) => {
                let test = self.boxed(*test);
                if let Node::Const(value) = test.node {
                    return self.convert(*if value.is_true() { then } else { otherwise });
                }
                Node::If(test, self.boxed(*then), self.boxed(*otherwise))
            }
            Kind::Seq(mut all) if all.len() == 1 => match all.pop() {
                Some(only) => return self.convert(only),
                None => Node::Const(Value::UNSPECIFIED),
            },
            Kind::Seq(all) => Node::Seq(self.all(all)),
            Kind::Lambda(lambda) => {
                let lam = self.lambda(*lambda, location.clone());
                Node::Lambda(Box::new(lam))
            }
            Kind::Let(bindings, body) => {
                let bindings = bindings.into_iter().map(|(l, e)| (l, self.convert(e))).collect();
                let body = self.convert(*body);
                return self.bind(location, bindings, body);
            }
            Kind::Letrec(ordered, bindings, body) => {
                let bindings = bindings.into_iter().map(|(l, e)| (l, self.convert(e))).collect();
                let body = self.convert(*body);
                return letrec::fix(&mut self.variables, location, ordered, bindings, body);
            }
            Kind::Call(callee, args) => return self.call(location, *callee, args),
            Kind::WithFluids(bindings, body) => return self.with_fluids(location, bindings, *body),
        };
        Ex { location, node }
    }

    fn lambda(&mut self, lambda: Lambda, location: Option<Location>) -> Lam {
        let clauses = lambda.clauses.into_iter().map(|clause| self.clause(clause)).collect();
        Lam {
            name: lambda.name,
            properties: lambda.properties,
            clauses,
            location,
            free: Vec::new(),
        }
    }

    fn clause(&mut self, clause: Clause) -> LamClause {
        LamClause {
            required: clause.required,
            optional: clause.optional.into_iter().map(|(l, e)| (l, self.convert(e))).collect(),
            rest: clause.rest,
            has_keywords: !clause.keywords.is_empty() || clause.allow_other_keys,
            keywords: clause
                .keywords
                .into_iter()
                .map(|(k, l, e)| (k, l, self.convert(e)))
                .collect(),
            allow_other_keys: clause.allow_other_keys,
            names: clause.names,
            body: match clause.body {
                Body::Now(body) => LamBody::Now(self.convert(*body)),
                Body::Late(form) => LamBody::Late(form),
            },
        }
    }

    /// `let`: procedures that are never assigned become `Fix`, so that calls of them can become jumps.
    fn bind(&mut self, location: Option<Location>, bindings: Vec<(Local, Ex)>, body: Ex) -> Ex {
        let mut plain = Vec::new();
        let mut result = body;
        for (local, value) in bindings {
            match value.node {
                Node::Lambda(lam) if !self.variables.assigned.contains(&local) => {
                    result =
                        loops::fix(&self.variables, location.clone(), vec![(local, *lam)], result);
                }
                node => plain.push((local, Ex { location: value.location, node })),
            }
        }
        if plain.is_empty() {
            return result;
        }
        Ex::new(location, Node::Let(plain, Box::new(result)))
    }

    fn with_fluids(
        &mut self,
        location: Option<Location>,
        bindings: Vec<(Expr, Expr)>,
        body: Expr,
    ) -> Ex {
        let mut result = self.convert(body);
        let Some(&with_fluid) = self.engine.machine.primitives.get("with-fluid*") else {
            return result;
        };
        // The fluids and values are evaluated first, then bound.
        let mut lets = Vec::new();
        for (fluid, value) in bindings.into_iter().rev() {
            let (f, v) = (self.variables.fresh(), self.variables.fresh());
            let clause = LamClause {
                required: Vec::new(),
                optional: Vec::new(),
                rest: None,
                keywords: Vec::new(),
                has_keywords: false,
                allow_other_keys: false,
                names: Vec::new(),
                body: LamBody::Now(result),
            };
            let lam = Lam {
                name: Value::FALSE,
                properties: Value::NULL,
                clauses: vec![clause],
                location: None,
                free: Vec::new(),
            };
            let args = vec![
                Ex::new(None, Node::Local(f)),
                Ex::new(None, Node::Local(v)),
                Ex::new(None, Node::Lambda(Box::new(lam))),
            ];
            let callee = Box::new(Ex::new(None, Node::Const(with_fluid)));
            result = Ex::new(location.clone(), Node::Call(callee, args));
            lets.push((v, self.convert(value)));
            lets.push((f, self.convert(fluid)));
        }
        lets.reverse();
        Ex::new(location, Node::Let(lets, Box::new(result)))
    }

    fn call(&mut self, location: Option<Location>, callee: Expr, args: Vec<Expr>) -> Ex {
        match callee.kind {
            Kind::Lambda(lambda) if applies_directly(&lambda, args.len()) => {
                self.apply_lambda(location, *lambda, args)
            }
            Kind::Letrec(ordered, bindings, body) if matches!(body.kind, Kind::Local(_)) => {
                // ((letrec ((loop …)) loop) arg …): call it inside.
                let call = Expr { location: location.clone(), kind: Kind::Call(body, args) };
                let kind = Kind::Letrec(ordered, bindings, Box::new(call));
                self.convert(Expr { location, kind })
            }
            Kind::Global(global) => match self.primitive(&global) {
                Some(name) => self.primitive_call(location, callee.location, global, name, args),
                None => {
                    let mut args = self.all(args);
                    let known = self.constant_error(&location, &global, &mut args);
                    let callee = Ex::new(callee.location, Node::Global(known.unwrap_or(global)));
                    Ex::new(location, Node::Call(Box::new(callee), args))
                }
            },
            kind => {
                let callee = self.convert(Expr { location: callee.location, kind });
                let args = self.all(args);
                Ex::new(location, Node::Call(Box::new(callee), args))
            }
        }
    }

    fn apply_lambda(&mut self, location: Option<Location>, lambda: Lambda, args: Vec<Expr>) -> Ex {
        let Some(clause) = lambda.clauses.into_iter().next() else {
            return Ex::new(location, Node::Const(Value::UNSPECIFIED));
        };
        let Body::Now(body) = clause.body else {
            return Ex::new(location, Node::Const(Value::UNSPECIFIED));
        };
        let count = clause.required.len();
        let mut values = self.all(args);
        let rest = values.split_off(count);
        let mut bindings: Vec<(Local, Ex)> = clause.required.into_iter().zip(values).collect();
        let body = self.convert(*body);
        let Some(rest_local) = clause.rest else {
            return self.bind(location, bindings, body);
        };
        // The rest is a list made of temporaries, so that the order of evaluation stays.
        let locals: Vec<Local> = rest.iter().map(|_| self.variables.fresh()).collect();
        let list = locals.iter().rev().fold(Ex::new(None, Node::Const(Value::NULL)), |tail, &l| {
            let head = Ex::new(None, Node::Local(l));
            Ex::new(None, Node::Prim(Prim::Binary(Op::Cons), vec![head, tail]))
        });
        bindings.extend(locals.into_iter().zip(rest));
        let inner = self.bind(location.clone(), vec![(rest_local, list)], body);
        self.bind(location, bindings, inner)
    }

    /// The name of the boot procedure that a global stands for, if the compiler knows it.
    fn primitive(&mut self, global: &Global) -> Option<&'static str> {
        let engine = &mut *self.engine;
        let name = engine.heap.symbol_name(global.name)?;
        let (&known, &value) = engine.machine.primitives.get_key_value(name)?;
        let module = match engine.module(global.module) {
            Some(_) => global.module,
            None => engine.find_module(global.module)?,
        };
        let variable = engine.module_variable(module, global.name).ok()??;
        let slots = engine.heap.slots(variable, Tag::Variable)?;
        (slots[0] == value).then_some(known)
    }

    /// What Guile's compiler makes of `(error "constant" ARG …)`: a call of `scm-error` with the message in the
    /// format, where the procedure `error` has it among the arguments. Gives `scm-error`; the arguments are replaced.
    fn constant_error(
        &mut self,
        location: &Option<Location>,
        global: &Global,
        args: &mut Vec<Ex>,
    ) -> Option<Global> {
        let engine = &mut *self.engine;
        let Node::Const(message) = args.first()?.node else { return None };
        let message = engine.heap.as_string(message)?.to_string();
        if engine.heap.symbol_name(global.name) != Some("error") {
            return None;
        }
        let guile = engine.modules.guile;
        let module = match engine.module(global.module) {
            Some(_) => global.module,
            None => engine.find_module(global.module)?,
        };
        let variable = engine.module_variable(module, global.name).ok()??;
        if engine.own_variable(guile, global.name) != Some(variable) {
            return None;
        }
        let rest = args.split_off(1);
        let format = message.replace('~', "~~") + &" ~S".repeat(rest.len());
        let heap = &mut engine.heap;
        let mut known = |name| Global { module: guile, name: heap.intern(name), public: false };
        let (scm_error, list) = (known("scm-error"), known("list"));
        let constant = |value| Ex::new(None, Node::Const(value));
        let list = Box::new(Ex::new(None, Node::Global(list)));
        let list = Ex::new(location.clone(), Node::Call(list, rest));
        let (key, format) = (heap.intern("misc-error"), heap.string(&format));
        let nothing = || constant(Value::FALSE);
        *args = vec![constant(key), nothing(), constant(format), list, nothing()];
        Some(scm_error)
    }

    fn primitive_call(
        &mut self,
        location: Option<Location>,
        callee_location: Option<Location>,
        global: Global,
        name: &'static str,
        args: Vec<Expr>,
    ) -> Ex {
        let mut args = self.all(args);
        let prim = |prim, args| Ex::new(location.clone(), Node::Prim(prim, args));
        let constant = |n| Ex::new(None, Node::Const(Value::fixnum(n)));
        if name == "call-with-values"
            && let Some(node) = receive(&mut args, &location)
        {
            return Ex::new(location, node);
        }
        if let ("1+" | "1-" | "zero?", 1) = (name, args.len()) {
            let (op, n) = match name {
                "1+" => (Prim::Binary(Op::Add), 1),
                "1-" => (Prim::Binary(Op::Sub), 1),
                _ => (Prim::Test2(Op::JumpNumEq, Op::JumpNotNumEq), 0),
            };
            args.push(constant(n));
            return prim(op, args);
        }
        if let ("+" | "*", 0) = (name, args.len()) {
            return Ex::new(location, Node::Const(Value::fixnum(i64::from(name == "*"))));
        }
        if let ("+" | "-" | "*", 3..) = (name, args.len())
            && let Some(op) = primitives::lookup(name, 2)
        {
            let folded = args.into_iter().reduce(|sum, next| prim(op, vec![sum, next]));
            return folded.unwrap_or_else(|| constant(0));
        }
        if let Some(path) = primitives::cxr(name)
            && args.len() == 1
            && let Some(arg) = args.pop()
        {
            return path.fold(arg, |value, op| prim(Prim::Unary(op), vec![value]));
        }
        if let ("struct-ref" | "vector-ref", [_, Ex { node: Node::Const(index), .. }]) =
            (name, &args[..])
            && let Some(n) = index.as_fixnum().and_then(|n| u16::try_from(n).ok())
        {
            args.pop();
            let op = if name == "struct-ref" { Op::StructRefImm } else { Op::VectorRefImm };
            return prim(Prim::Indexed(op, n), args);
        }
        match primitives::lookup(name, args.len()) {
            Some(Prim::Values) if args.len() == 1 => prim(Prim::Values, args),
            Some(known) => prim(known, args),
            None => {
                let callee = Ex::new(callee_location, Node::Global(global));
                Ex::new(location, Node::Call(Box::new(callee), args))
            }
        }
    }
}

fn applies_directly(lambda: &Lambda, count: usize) -> bool {
    let [clause] = &lambda.clauses[..] else { return false };
    let required = clause.required.len();
    clause.optional.is_empty()
        && clause.keywords.is_empty()
        && !clause.allow_other_keys
        && matches!(clause.body, Body::Now(_))
        && (count == required || (clause.rest.is_some() && count > required))
}

/// `(call-with-values PRODUCER (lambda FORMALS BODY))` without closures.
fn receive(args: &mut [Ex], location: &Option<Location>) -> Option<Node> {
    let [producer, consumer] = args else { return None };
    let Node::Lambda(lam) = &mut consumer.node else { return None };
    let [clause] = &mut lam.clauses[..] else { return None };
    if !clause.optional.is_empty() || clause.has_keywords {
        return None;
    }
    let LamBody::Now(body) = &mut clause.body else { return None };
    let nothing = || Ex::new(None, Node::Const(Value::UNSPECIFIED));
    let body = Box::new(std::mem::replace(body, nothing()));
    let (required, rest) = (std::mem::take(&mut clause.required), clause.rest);
    let mut inline = None;
    if let Node::Lambda(lam) = &mut producer.node
        && let [clause] = &mut lam.clauses[..]
        && clause.required.is_empty()
        && clause.plain_body().is_some()
        && let LamBody::Now(body) = &mut clause.body
    {
        inline = Some(std::mem::replace(body, nothing()));
    }
    let producer = match inline {
        Some(body) => body,
        None => {
            let callee = Box::new(std::mem::replace(producer, nothing()));
            Ex::new(location.clone(), Node::Call(callee, Vec::new()))
        }
    };
    Some(Node::Receive { producer: Box::new(producer), required, rest, body })
}
