// SPDX-License-Identifier: GPL-3.0-or-later
//! The expander: from syntax objects to the core tree.
//!
//! The algorithm is psyntax's (see [`syntax`]), with two differences that cannot be observed: a
//! label is an object that holds its binding, so that environments shrink to what is dynamically
//! scoped (syntax parameters and the *unit*, which tells apart variables of different phases); and
//! the common macros of `(guile)` are native, patterns and templates being compiled once.
//!
//! All entry points need an open heap scope: what the expander allocates is not rooted otherwise.

mod body;
mod constructors;
mod core;
mod derived;
mod error;
mod escapes;
mod forms;
mod known;
mod lambda;
mod late;
mod macros;
mod module_forms;
pub(crate) mod natives;
mod pattern;
mod quasi;
mod replay;
mod resolve;
pub(crate) mod stored;
pub(crate) mod syntax;
mod syntax_case;
mod table;
mod template;
mod top;

pub(crate) use late::{Then, expand_late, expand_late_value};
pub(crate) use replay::{replay_macro, replay_module_form, replay_replaced, transformer_of_rules};
pub use syntax::strip;
pub use table::install;

use crate::engine::Engine;
use crate::heap::{Heap, Tag, Tracer};
use crate::native::Result;
use crate::tree::{Expr, Kind, Local};
use crate::value::Value;
use resolve::{Bind, Env, Unit};
use std::rc::Rc;
use table::Special;

/// Rust stack that nested forms may take before they are refused.
const DEFAULT_STACK: usize = 160 << 20;

/// Symbols that the expander compares with.
struct Symbols {
    shift: Value,
    macro_type: Value,
    parameter_type: Value,
    ellipsis: Value,
    documentation: Value,
    public: Value,
    private: Value,
}

/// What the expander keeps from one expansion to the next.
pub struct State {
    syms: Symbols,
    empty_wrap: Value,
    top_wrap: Value,
    next_mark: i64,
    next_unit: u32,
    /// Identifiers in `(guile)`: `else`, `...`, ….
    ids: std::collections::HashMap<&'static str, Value>,
    /// The environments of the transformers that are running.
    transformers: Vec<macros::Running>,
    /// The procedure that makes a transformer out of [`Rules`].
    rules_maker: Value,
    /// The procedure that makes variable transformers, and their code.
    variable_maker: Value,
    variable_code: Value,
    /// The procedure that makes transformers of names that stand for an identifier.
    identifier_maker: Value,
    known: known::Registry,
    late: late::Late,
    /// Bytes of Rust's stack that an expansion may use from its outermost entry on.
    pub stack_limit: usize,
    stack_base: usize,
}

impl State {
    /// The state of a new engine.
    pub fn new(heap: &mut Heap) -> State {
        let syms = Symbols {
            shift: heap.intern("shift"),
            macro_type: heap.intern("macro"),
            parameter_type: heap.intern("syntax-parameter"),
            ellipsis: heap.intern(" $sc-ellipsis "),
            documentation: heap.intern("documentation"),
            public: heap.intern("public"),
            private: heap.intern("private"),
        };
        let top = heap.intern("top");
        let marks = heap.list(&[top]);
        State {
            syms,
            empty_wrap: heap.cons(Value::NULL, Value::NULL),
            top_wrap: heap.cons(marks, Value::NULL),
            next_mark: 0,
            next_unit: 0,
            ids: std::collections::HashMap::new(),
            transformers: Vec::new(),
            rules_maker: Value::FALSE,
            variable_maker: Value::FALSE,
            variable_code: Value::FALSE,
            identifier_maker: Value::FALSE,
            known: known::Registry::default(),
            late: late::Late::default(),
            stack_limit: DEFAULT_STACK,
            stack_base: 0,
        }
    }

    /// The wrap of syntax objects that were just read.
    pub fn empty_wrap(&self) -> Value {
        self.empty_wrap
    }

    /// Reports the state's values to the collector.
    pub fn trace(&self, tracer: &mut Tracer) {
        tracer.visit_all(&[self.empty_wrap, self.top_wrap, self.rules_maker]);
        tracer.visit_all(&[self.variable_maker, self.variable_code, self.identifier_maker]);
        self.known.trace(tracer);
        self.ids.values().for_each(|&id| tracer.visit(id));
        self.late.trace(tracer);
        self.transformers.iter().for_each(|running| running.trace(tracer));
    }
}

/// One expansion at work.
pub(crate) struct Ex<'a> {
    /// The engine.
    pub en: &'a mut Engine,
}

/// An expression that is being looked at: `e` under wrap `w`, at source `s`, in the module of tag `m`.
#[derive(Clone, Copy)]
struct Form {
    e: Value,
    w: Value,
    s: Value,
    m: Value,
}

impl Form {
    fn with(self, e: Value) -> Form {
        Form { e, ..self }
    }
}

/// What a form turned out to be; the form itself after macro expansion is in [`Typed::form`].
enum Type {
    Lexical(u32),
    Global(Value, Value),
    /// A special form's keyword alone.
    Special(&'static Special),
    SpecialForm(&'static Special),
    PatternVariable,
    Displaced,
    LexicalCall(u32),
    GlobalCall(Value, Value),
    Call,
    Constant,
    /// `(define ID RHS)`; the right-hand side under its own wrap.
    Define(Value, Value, Value),
    /// `(define-syntax ID RHS)`, or (true) `define-syntax-parameter`.
    DefineSyntax(bool, Value, Value),
    /// A macro's keyword in operator position.
    Macro(Value),
    /// A use of a macro that need not be run.
    Known(Box<known::Use>),
    Other,
}

/// See [`Type`].
struct Typed {
    t: Type,
    form: Form,
}

impl<'a> Ex<'a> {
    /// An expansion in `engine`.
    pub(crate) fn new(engine: &'a mut Engine) -> Ex<'a> {
        Ex { en: engine }
    }

    /// A new unit: code that is compiled and run at one time, whose variables other units cannot see.
    fn new_unit(&mut self) -> Rc<Unit> {
        self.en.expander.next_unit += 1;
        Rc::new(Unit::new(self.en.expander.next_unit))
    }

    /// Runs `f` with the stack's depth measured from here, unless an outer expansion is running.
    fn guarded<T>(&mut self, f: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let here = stack_position();
        let outermost = self.en.expander.stack_base == 0;
        if outermost {
            self.en.expander.stack_base = here;
        }
        let result = f(self);
        if outermost {
            self.en.expander.stack_base = 0;
        }
        result
    }

    fn check_depth(&mut self, form: Form) -> Result<()> {
        let used = self.en.expander.stack_base.abs_diff(stack_position());
        if self.en.expander.stack_base != 0 && used > self.en.expander.stack_limit {
            return self.violation(None, "expression nested too deeply", form, None);
        }
        Ok(())
    }

    fn expr(&self, s: Value, kind: Kind) -> Expr {
        Expr { location: self.en.sources.location(&self.en.heap, s), kind }
    }

    fn constant(&self, value: Value) -> Expr {
        Expr { location: None, kind: Kind::Const(value) }
    }

    fn void(&self) -> Expr {
        self.constant(Value::UNSPECIFIED)
    }

    /// A sequence of at least one expression.
    fn seq(&self, s: Value, mut exprs: Vec<Expr>) -> Expr {
        match exprs.len() {
            0 => self.void(),
            1 => exprs.remove(0),
            _ => self.expr(s, Kind::Seq(exprs)),
        }
    }

    /// A call of a procedure of `(guile)` that is bound at start-up.
    fn primitive(&mut self, s: Value, name: &str, args: Vec<Expr>) -> Result<Expr> {
        let callee = match self.en.guile_value(name) {
            Some(procedure) => self.constant(procedure),
            None => {
                let name = self.en.heap.intern(name);
                let module = self.en.modules.guile;
                let global = crate::tree::Global { module, name, public: false };
                Expr { location: None, kind: Kind::Global(global) }
            }
        };
        Ok(self.expr(s, Kind::Call(Box::new(callee), args)))
    }

    /// The identifier `name` of `(guile)`.
    fn core_id(&mut self, name: &'static str) -> Value {
        if let Some(&id) = self.en.expander.ids.get(name) {
            return id;
        }
        let symbol = self.en.heap.intern(name);
        let guile = self.en.modules.guile;
        let tag = self.en.module_tag(guile);
        let top = self.en.expander.top_wrap;
        let id = self.make_syntax(symbol, top, tag, Value::FALSE);
        self.en.expander.ids.insert(name, id);
        id
    }

    /// Car and cdr of a pair, through a syntax object whose wrap is pushed in.
    fn uncons(&mut self, x: Value) -> Option<(Value, Value)> {
        if let Some(pair) = self.en.heap.pair(x) {
            return Some(pair);
        }
        let (e, w, m, _) = syntax::parts(&self.en.heap, x)?;
        if let Some((car, cdr)) = self.en.heap.pair(e) {
            return Some((self.wrap(car, w, m), self.wrap(cdr, w, m)));
        }
        if self.en.heap.is(e, Tag::Syntax) {
            let inner = self.wrap(e, w, m);
            return self.uncons(inner);
        }
        None
    }

    /// Whether `x` is the empty list, maybe inside a syntax object.
    fn is_null(&self, x: Value) -> bool {
        let mut x = x;
        while let Some(slots) = self.en.heap.slots(x, Tag::Syntax) {
            x = slots[syntax::EXPRESSION];
        }
        x == Value::NULL
    }

    /// The elements of a list and what follows the last pair.
    fn elements(&mut self, x: Value) -> (Vec<Value>, Value) {
        let (mut elements, mut rest) = (Vec::new(), x);
        while let Some((car, cdr)) = self.uncons(rest) {
            elements.push(car);
            rest = cdr;
        }
        (elements, rest)
    }

    /// The elements of a proper list.
    fn items(&mut self, x: Value) -> Option<Vec<Value>> {
        let (elements, tail) = self.elements(x);
        if self.is_null(tail) { Some(elements) } else { None }
    }

    /// The elements after the first one of a proper list of at least `least` more.
    fn operands(&mut self, e: Value, least: usize) -> Option<Vec<Value>> {
        let (_, rest) = self.uncons(e)?;
        self.items(rest).filter(|items| items.len() >= least)
    }

    /// The source of `x`, else `default`.
    fn source_or(&self, x: Value, default: Value) -> Value {
        match syntax::parts(&self.en.heap, x) {
            Some((_, _, _, s)) if s != Value::FALSE => s,
            _ => default,
        }
    }

    /// Expands an expression.
    fn expand(&mut self, e: Value, env: &Env, w: Value, m: Value) -> Result<Expr> {
        let s = self.source_or(e, Value::FALSE);
        let form = Form { e, w, s, m };
        self.check_depth(form)?;
        let typed = self.syntax_type(form, env, None, false)?;
        self.expand_typed(typed, env)
    }

    fn expand_all(&mut self, list: &[Value], env: &Env, w: Value, m: Value) -> Result<Vec<Expr>> {
        list.iter().map(|&e| self.expand(e, env, w, m)).collect()
    }

    /// Finds out what a form is, expanding macros in its head. `rib` is the ribcage of the body that
    /// the form is part of.
    fn syntax_type(
        &mut self,
        form: Form,
        env: &Env,
        rib: Option<Value>,
        for_car: bool,
    ) -> Result<Typed> {
        let mut f = form;
        loop {
            let heap = &self.en.heap;
            if f.e.is_pair() {
                match self.pair_type(f, env, rib)? {
                    Step::Done(typed) => return Ok(typed),
                    Step::Again(next) => f = next,
                }
            } else if let Some((e, w, m, s)) = syntax::parts(heap, f.e) {
                f = Form {
                    e,
                    w: syntax::join_wraps(&mut self.en.heap, f.w, w),
                    s: if s == Value::FALSE { f.s } else { s },
                    m: if m == Value::FALSE { f.m } else { m },
                };
            } else if heap.is(f.e, Tag::Symbol) {
                let (bind, m) = self.resolve(f.e, f.w, env, f.m, true)?;
                let t = match bind {
                    Bind::Macro(p) if for_car => Type::Macro(p),
                    Bind::Macro(p) => {
                        let e = self.expand_macro(p, f, env, rib)?;
                        f = Form { e, w: self.en.expander.empty_wrap, ..f };
                        continue;
                    }
                    Bind::Special(special) if !for_car => match special.alone(self, f)? {
                        Some(e) => {
                            f = Form { e, w: self.en.expander.empty_wrap, ..f };
                            continue;
                        }
                        None => Type::Special(special),
                    },
                    Bind::Special(special) => Type::Special(special),
                    Bind::Global(name) => Type::Global(name, m),
                    Bind::Lexical(n) => Type::Lexical(n),
                    Bind::PatternVariable(..) => Type::PatternVariable,
                    Bind::Displaced => Type::Displaced,
                    Bind::Ellipsis(_) | Bind::Parameter(_) => Type::Other,
                };
                return Ok(Typed { t, form: f });
            } else {
                let t = if self.self_evaluating(f.e) { Type::Constant } else { Type::Other };
                return Ok(Typed { t, form: f });
            }
        }
    }

    fn self_evaluating(&self, e: Value) -> bool {
        let heap = &self.en.heap;
        let constant = e == Value::TRUE || e == Value::FALSE || e == Value::NIL;
        e.is_fixnum()
            || e.as_char().is_some()
            || constant
            || e == Value::UNSPECIFIED
            || e == Value::EOF
            || matches!(
                heap.tag(e),
                Some(
                    Tag::Flonum
                        | Tag::Number
                        | Tag::String
                        | Tag::Keyword
                        | Tag::Bytevector
                        | Tag::Vector
                )
            )
            || heap.any_foreign(e).is_some_and(|f| matches!(f.type_name(), "array" | "bitvector"))
    }

    fn pair_type(&mut self, f: Form, env: &Env, rib: Option<Value>) -> Result<Step> {
        let first = self.en.heap.car(f.e);
        let head = Form { e: first, s: self.source_or(first, f.s), ..f };
        let typed = self.syntax_type(head, env, rib, true)?;
        let t = match typed.t {
            Type::Lexical(n) => Type::LexicalCall(n),
            Type::Global(name, m) => Type::GlobalCall(name, m),
            Type::Macro(p) => {
                if let Some(found) = self.known_use(p, f)? {
                    return Ok(Step::Done(Typed { t: Type::Known(found), form: f }));
                }
                let e = self.expand_macro(p, f, env, rib)?;
                return Ok(Step::Again(Form { e, w: self.en.expander.empty_wrap, ..f }));
            }
            Type::Special(special) => return special.step(self, f, env, rib),
            _ => Type::Call,
        };
        Ok(Step::Done(Typed { t, form: f }))
    }

    /// Expands a form whose type is known.
    fn expand_typed(&mut self, typed: Typed, env: &Env) -> Result<Expr> {
        let f = typed.form;
        match typed.t {
            Type::Lexical(n) => Ok(self.expr(f.s, Kind::Local(Local(n)))),
            Type::Global(name, m) => self.global_reference(f.s, name, m),
            Type::Constant => {
                let datum = self.strip(f.e);
                Ok(self.expr(f.s, Kind::Const(datum)))
            }
            Type::LexicalCall(n) => {
                let s = self.source_or(self.en.heap.car(f.e), f.s);
                let callee = self.expr(s, Kind::Local(Local(n)));
                self.expand_call(callee, f, env)
            }
            Type::GlobalCall(name, m) => {
                let s = self.source_or(self.en.heap.car(f.e), f.s);
                let callee = self.global_reference(s, name, m)?;
                self.expand_call(callee, f, env)
            }
            Type::Call => {
                let callee = self.expand(self.en.heap.car(f.e), env, f.w, f.m)?;
                self.expand_call(callee, f, env)
            }
            Type::Special(special) | Type::SpecialForm(special) => special.expand(self, f, env),
            Type::Known(found) => self.expand_known(*found, f, env),
            Type::Define(..) | Type::DefineSyntax(..) => self.violation(
                None,
                "definition in expression context, where definitions are not allowed,",
                f,
                None,
            ),
            Type::PatternVariable => {
                self.violation(None, "reference to pattern variable outside syntax form", f, None)
            }
            Type::Displaced => {
                self.violation(None, "reference to identifier outside its scope", f, None)
            }
            Type::Macro(_) | Type::Other => self.violation(None, "unexpected syntax", f, None),
        }
    }

    fn expand_call(&mut self, callee: Expr, f: Form, env: &Env) -> Result<Expr> {
        let rest = self.en.heap.cdr(f.e);
        let Some(args) = self.items(rest) else {
            return self.no_match(f);
        };
        let args = self.expand_all(&args, env, f.w, f.m)?;
        Ok(self.expr(f.s, Kind::Call(Box::new(callee), args)))
    }

    /// A reference to a variable of the module of a tag.
    fn global_reference(&mut self, s: Value, name: Value, m: Value) -> Result<Expr> {
        let global = self.global(name, m);
        Ok(self.expr(s, Kind::Global(global)))
    }

    /// The variable `name` of the module of tag `m`.
    fn global(&mut self, name: Value, m: Value) -> crate::tree::Global {
        let (kind, module_name) = self.en.heap.pair(m).unwrap_or((Value::FALSE, Value::FALSE));
        let public = kind == self.en.expander.syms.public;
        // A module that exists is referred to directly.
        let module = match self.en.find_module(module_name) {
            Some(module) if module_name.is_pair() => module,
            _ if module_name.is_pair() => module_name,
            _ => self.en.modules.current,
        };
        crate::tree::Global { module, name, public }
    }

    /// Compiles and runs a tree now.
    fn run(&mut self, expr: Expr) -> Result {
        let thunk = self.en.compile(expr)?;
        self.en.heap.keep(thunk);
        self.apply(thunk, &[])
    }

    /// Calls a procedure and keeps what it returns until the scope ends.
    fn apply(&mut self, procedure: Value, args: &[Value]) -> Result {
        let value = self.en.apply(procedure, args)?;
        Ok(self.en.heap.keep(value))
    }
}

/// What looking at a pair gave.
enum Step {
    Done(Typed),
    /// Look at this instead.
    Again(Form),
}

/// Expands a form in the current module. Needs an open heap scope.
pub(crate) fn expand_form(engine: &mut Engine, form: Value) -> Result<Expr> {
    let outer = engine.set_late_bodies(false);
    let result = top::expand_top(&mut Ex::new(engine), form);
    engine.expander.late.enabled = outer;
    result
}

/// As [`expand_form`], for a form of a module's file: bodies of its procedures may be expanded late.
pub(crate) fn expand_module_form(engine: &mut Engine, form: Value) -> Result<Expr> {
    top::expand_top(&mut Ex::new(engine), form)
}

fn stack_position() -> usize {
    let here = 0u8;
    std::ptr::from_ref(&here).addr()
}
