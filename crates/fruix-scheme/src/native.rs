// SPDX-License-Identifier: GPL-3.0-or-later
//! Procedures written in Rust.
//!
//! A native never calls back into Scheme: what needs to (`map`, `sort`, `catch`) is written in
//! Scheme (`scheme/ice-9/boot`). One that has to go on with a call returns [`Exit::TailCall`].
//! The one exception is the expander (and `load`, `eval`), which runs macro transformers in a
//! nested run of the machine with a scope open (see [`crate::heap`]).

use crate::engine::Engine;
use crate::value::Value;

/// What a native returns: one value, or how it leaves otherwise.
pub type Result<T = Value> = std::result::Result<T, Box<Exit>>;

/// How a native leaves when it does not return.
#[derive(Debug)]
pub enum Exit {
    /// An error, as Guile's `scm-error`: the machine calls Scheme's `%native-error` with it.
    Error {
        /// The key, a symbol such as `wrong-type-arg`.
        key: Value,
        /// Who complains: a string, a symbol or `#f`.
        subr: Value,
        /// The message, a string with `~A` and `~S` in it.
        message: Value,
        /// The message's arguments, a list.
        args: Value,
        /// Further data, a list or `#f`.
        data: Value,
    },
    /// `(raise-exception OBJECT)`.
    Raise(Value),
    /// Call this procedure with these arguments in tail position of the native's caller.
    TailCall(Value, Vec<Value>),
    /// Return these values (any number but one) to the native's continuation.
    Values(Vec<Value>),
    /// The machine is unwinding a nested run to a prompt outside of it; natives pass it on as it is.
    Unwind,
}

/// The Rust function of a native, by how it takes its arguments.
#[derive(Clone, Copy)]
pub enum Function {
    /// No arguments.
    F0(fn(&mut Engine) -> Result),
    /// One argument.
    F1(fn(&mut Engine, Value) -> Result),
    /// Two arguments.
    F2(fn(&mut Engine, Value, Value) -> Result),
    /// Three arguments.
    F3(fn(&mut Engine, Value, Value, Value) -> Result),
    /// All arguments as they were given, their number within the arity's bounds.
    Rest(fn(&mut Engine, &[Value]) -> Result),
}

/// A native procedure's description. They are statics, gathered in tables by area.
pub struct Native {
    /// The name in module `(guile)` (or the module of the table).
    pub name: &'static str,
    /// Least number of arguments.
    pub required: u8,
    /// How many more are allowed.
    pub optional: u8,
    /// Whether any number more is allowed.
    pub rest: bool,
    /// The function. `F1`..`F3` want `required` = 1..3 and no more; others use `Rest`.
    pub function: Function,
}

/// Describes a native with a fixed number of arguments up to three.
#[macro_export]
macro_rules! native {
    ($name:literal, 0, $f:expr) => {
        $crate::native::Native {
            name: $name,
            required: 0,
            optional: 0,
            rest: false,
            function: $crate::native::Function::F0($f),
        }
    };
    ($name:literal, 1, $f:expr) => {
        $crate::native::Native {
            name: $name,
            required: 1,
            optional: 0,
            rest: false,
            function: $crate::native::Function::F1($f),
        }
    };
    ($name:literal, 2, $f:expr) => {
        $crate::native::Native {
            name: $name,
            required: 2,
            optional: 0,
            rest: false,
            function: $crate::native::Function::F2($f),
        }
    };
    ($name:literal, 3, $f:expr) => {
        $crate::native::Native {
            name: $name,
            required: 3,
            optional: 0,
            rest: false,
            function: $crate::native::Function::F3($f),
        }
    };
    // `required, optional, rest` for the others.
    ($name:literal, $required:literal, $optional:literal, $rest:literal, $f:expr) => {
        $crate::native::Native {
            name: $name,
            required: $required,
            optional: $optional,
            rest: $rest,
            function: $crate::native::Function::Rest($f),
        }
    };
}
