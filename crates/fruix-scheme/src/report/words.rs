// SPDX-License-Identifier: GPL-3.0-or-later
//! Faults as one sentence each. What to do about them is for the command line to say.

use super::{Fault, Report};
use std::fmt::{Display, Formatter, Result};

impl Display for Fault {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Fault::Quit(status) => write!(f, "the program ended with status {status}"),
            Fault::Interrupt => f.write_str("interrupted"),
            Fault::Read { problem, .. } => f.write_str(problem),
            Fault::Unbound { name, .. } => write!(f, "unbound variable: {name}"),
            Fault::Arity { procedure, accepts } => {
                write!(f, "wrong number of arguments to {procedure}")?;
                match &accepts[..] {
                    [] => Ok(()),
                    all => write!(f, ", which takes {}", all.join(" or ")),
                }
            }
            Fault::Type { procedure, position, expected, value } => {
                if let Some(procedure) = procedure {
                    write!(f, "{procedure}: ")?;
                }
                f.write_str("wrong type of argument")?;
                if let Some(position) = position {
                    write!(f, " {position}")?;
                }
                if let Some(expected) = expected {
                    write!(f, " (expected {expected})")?;
                }
                write!(f, ": {value}")
            }
            Fault::NotAProcedure { value } => write!(f, "this is not a procedure: {value}"),
            Fault::Range { procedure, position, value } => {
                if let Some(procedure) = procedure {
                    write!(f, "{procedure}: ")?;
                }
                match position {
                    Some(position) => write!(f, "argument {position} is out of range: {value}"),
                    None => write!(f, "value out of range: {value}"),
                }
            }
            Fault::Syntax { who, problem, form, subform, .. } => {
                if let Some(who) = who {
                    write!(f, "{who}: ")?;
                }
                f.write_str(problem)?;
                match (subform, form) {
                    (Some(subform), Some(form)) => write!(f, " in subform {subform} of {form}"),
                    (None, Some(form)) => write!(f, " in form {form}"),
                    _ => Ok(()),
                }
            }
            Fault::NoModule { name, .. } => write!(f, "no code for module {name}"),
            Fault::NoExport { name, module } => write!(f, "module {module} does not export {name}"),
            Fault::Match { value } => write!(f, "no pattern of `match' takes {value}"),
            Fault::System { procedure: Some(procedure), message } => {
                write!(f, "{procedure}: {message}")
            }
            Fault::System { procedure: None, message } => f.write_str(message),
            Fault::Host(error) => write!(f, "{error}"),
            Fault::StackOverflow => f.write_str("stack overflow"),
            Fault::Error { message } => f.write_str(message),
            Fault::Thrown { key, args } => write!(f, "uncaught throw to `{key}' with {args}"),
            Fault::Raised { value } => write!(f, "uncaught object raised: {value}"),
        }
    }
}

impl Display for Report {
    /// `FILE:LINE:COLUMN: SENTENCE`.
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match &self.place {
            Some(place) => write!(f, "{place}: {}", self.fault),
            None => write!(f, "{}", self.fault),
        }
    }
}
