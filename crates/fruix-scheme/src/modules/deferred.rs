// SPDX-License-Identifier: GPL-3.0-or-later
//! Not loading what `#:autoload` names before it is used.
//!
//! The expander asks of every name whether it is a macro. Guile answers for an autoloaded name by
//! loading the module, yet programs that were compiled ahead only load it when the code runs; that is
//! what such programs are written for. So a name that its file defines as a procedure, as a look at
//! the file tells, is taken for a variable without loading anything.

use super::{Autoload, EMBEDDED_ROOT};
use crate::engine::Engine;
use crate::library;
use crate::native::Result;
use crate::value::Value;
use std::collections::HashSet;

/// What the expander finds under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// This variable.
    Variable(Value),
    /// Nothing.
    Nothing,
    /// A procedure of a module that is not loaded yet.
    Deferred,
}

impl Seen {
    /// The variable, if there is one already.
    pub fn variable(self) -> Option<Value> {
        match self {
            Self::Variable(variable) => Some(variable),
            Self::Nothing | Self::Deferred => None,
        }
    }
}

impl Engine {
    /// As [`Engine::module_variable`], for the expander: does not load modules for procedures.
    pub fn variable_for_expansion(&mut self, module: Value, name: Value) -> Result<Seen> {
        let known = self
            .own_variable(module, name)
            .or_else(|| self.module(module)?.imports.get(&name).copied());
        if let Some(variable) = known {
            return Ok(Seen::Variable(variable));
        }
        if self.is_missed(module, name) {
            return Ok(Seen::Nothing);
        }
        if let Some(autoload) = self.autoload_of(module, name)
            && self.is_procedure_of(&autoload, name)
        {
            return Ok(Seen::Deferred);
        }
        Ok(self.module_variable(module, name)?.map_or(Seen::Nothing, Seen::Variable))
    }

    /// The autoload among the module's uses that stands for `name`.
    fn autoload_of(&self, module: Value, name: Value) -> Option<Autoload> {
        let uses = &self.module(module)?.uses;
        let mut autoloads = uses.iter().filter_map(|&m| self.module(m)?.autoload.as_ref());
        autoloads.find(|autoload| autoload.bindings.contains(&name)).cloned()
    }

    /// Whether a module that is loaded, or being loaded, exports a name that has a variable already.
    fn has_public(&mut self, module: Value, name: Value) -> bool {
        let Some(module) = self.find_module(module) else { return false };
        let interface = self.module(module).map_or(Value::FALSE, |m| m.public);
        self.own_variable(interface, name).is_some()
    }

    /// Whether the file of an autoload's module defines `name` as a variable.
    fn is_procedure_of(&mut self, autoload: &Autoload, name: Value) -> bool {
        let Some(parts) = self.heap.list_to_vec(autoload.name) else { return false };
        let parts: Vec<&str> = parts.iter().filter_map(|&s| self.heap.symbol_name(s)).collect();
        let file = parts.join("/");
        if self.has_public(autoload.name, name) {
            return false;
        }
        if !self.modules.procedures.contains_key(&file) {
            let found = self.search_module(&file);
            let text = found.and_then(|found| {
                match library::text(&found.path).filter(|_| found.path.starts_with(EMBEDDED_ROOT)) {
                    Some(text) => Some(text.to_owned()),
                    None => std::fs::read_to_string(&found.path).ok(),
                }
            });
            let names = text.map(|text| defined_variables(&text)).unwrap_or_default();
            self.modules.procedures.insert(file.clone(), names);
        }
        let name = self.heap.symbol_name(name);
        let names = self.modules.procedures.get(&file);
        names.zip(name).is_some_and(|(names, name)| names.contains(name))
    }
}

/// The names that top-level definitions at the start of a line make.
fn defined_variables(text: &str) -> HashSet<Box<str>> {
    let definitions = ["(define ", "(define* ", "(define-public "];
    let name = |line: &str| {
        let rest = definitions.iter().find_map(|start| line.strip_prefix(start))?;
        let rest = rest.trim_start().trim_start_matches('(');
        let end = rest.find(|c: char| c.is_whitespace() || "();\"".contains(c));
        Some(rest[..end.unwrap_or(rest.len())].into())
    };
    text.lines().filter_map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_of_variables_are_seen_and_those_of_macros_are_not() {
        let names = defined_variables(
            "(define (f x)\n  (define (inner) 1))\n(define* (g #:key k) 1)\n(define h 2)\n\
             (define-syntax m 1)\n(define-syntax-rule (n) 1)\n(define\n  split 1)\n(define-public (p) 1)\n(define ((c a) b) 1)\n",
        );
        let mut names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
        names.sort_unstable();
        assert_eq!(names, ["c", "f", "g", "h", "p"]);
    }
}
