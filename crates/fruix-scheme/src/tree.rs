// SPDX-License-Identifier: GPL-3.0-or-later
//! The core language: what the expander makes and the compiler takes.
//!
//! A tree is plain Rust data; the values in it (constants, names) are kept alive by the scope of
//! the expansion that made it.

use crate::value::Value;
use std::rc::Rc;

/// A place in a source file. Lines and columns count from zero, as Guile's do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// The file as `%load-path` look-up named it, or none for a string or a terminal.
    pub file: Option<Rc<str>>,
    /// Line, from 0.
    pub line: u32,
    /// Column in characters, from 0.
    pub column: u32,
}

/// A lexical variable; each has a number of its own within one tree.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Local(pub u32);

/// An expression with its place.
#[derive(Debug)]
pub struct Expr {
    /// Where it stands in the source, if known.
    pub location: Option<Location>,
    /// What it is.
    pub kind: Kind,
}

/// The core forms.
#[derive(Debug)]
pub enum Kind {
    /// A constant. (A literal from the source is shared, never copied.)
    Const(Value),
    /// A reference to a lexical variable.
    Local(Local),
    /// `(set! LOCAL VALUE)`.
    SetLocal(Local, Box<Expr>),
    /// A reference to a module's variable, looked up once when first executed.
    Global(Global),
    /// `(set! GLOBAL VALUE)`.
    SetGlobal(Global, Box<Expr>),
    /// `(define NAME VALUE)` at the top level of `module`.
    Define {
        /// The module, a module object.
        module: Value,
        /// The variable's name, a symbol.
        name: Value,
        /// Its value.
        value: Box<Expr>,
    },
    /// `(if TEST THEN ELSE)`.
    If(Box<Expr>, Box<Expr>, Box<Expr>),
    /// Expressions in order; the last one's values are the result. Never empty.
    Seq(Vec<Expr>),
    /// A procedure.
    Lambda(Box<Lambda>),
    /// `let`: the values are evaluated in the scope outside.
    Let(Vec<(Local, Expr)>, Box<Expr>),
    /// `letrec` (false) or `letrec*` (true).
    Letrec(bool, Vec<(Local, Expr)>, Box<Expr>),
    /// A call.
    Call(Box<Expr>, Vec<Expr>),
    /// `(with-fluids ((FLUID VALUE) …) BODY)`-like core forms that need the machine.
    WithFluids(Vec<(Expr, Expr)>, Box<Expr>),
}

/// A module's variable.
#[derive(Debug, Clone)]
pub struct Global {
    /// The module that the identifier was seen in: a module object, or a module name (list) for
    /// `@` and `@@` and for identifiers that macros of other modules inserted.
    pub module: Value,
    /// The name, a symbol.
    pub name: Value,
    /// Whether only the public interface is looked at (`@`).
    pub public: bool,
}

/// A procedure: one clause, or several (`case-lambda`), tried in order.
#[derive(Debug)]
pub struct Lambda {
    /// Its name for `write` and backtraces, a symbol or `#f`.
    pub name: Value,
    /// Properties (docstring and others), an association list.
    pub properties: Value,
    /// The clauses; at least one.
    pub clauses: Vec<Clause>,
}

/// One argument list and body.
#[derive(Debug)]
pub struct Clause {
    /// Required parameters.
    pub required: Vec<Local>,
    /// Optional parameters with the expression that gives a missing one's value, in whose scope the
    /// parameters before it are.
    pub optional: Vec<(Local, Expr)>,
    /// The rest parameter.
    pub rest: Option<Local>,
    /// Keyword parameters: the keyword, the variable, the default.
    pub keywords: Vec<(Value, Local, Expr)>,
    /// Whether unknown keywords are tolerated.
    pub allow_other_keys: bool,
    /// The parameters' names for `write`, symbols: required, optional, rest, keywords. May be empty.
    pub names: Vec<Value>,
    /// The body.
    pub body: Body,
}

/// A procedure's body.
#[derive(Debug)]
pub enum Body {
    /// Expanded.
    Now(Box<Expr>),
    /// To be expanded when the procedure is first called. Only procedures at top level whose free
    /// lexical variables are none are delayed; the value is the expander's own record (form, environment).
    Late(Value),
}
