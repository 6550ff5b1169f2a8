// SPDX-License-Identifier: GPL-3.0-or-later
//! Definitions whose evaluation is put off until their variable is first referred to.
//!
//! Deriving one package needs some hundred of the 28,000 that its modules define. A definition such as
//! `(define-public NAME (package …))` calls a known pure constructor: when it is evaluated cannot
//! be observed, provided that it is evaluated once, in its module, and under the dynamic state
//! (`%current-system`, …) that the module was loaded under. So the loader finds such a definition's
//! end without reading it, and its variable stays unbound until the machine or a native asks for its value.
//!
//! What differs: a mistake in the definition shows when its value is asked for, at its place.

mod scan;

use crate::engine::Engine;
use crate::heap::{Tag, Tracer};
use crate::native::Result;
use crate::ports::Port;
use crate::value::Value;
use std::collections::HashMap;
use std::rc::Rc;

/// Macros and procedures that construct packages without other effects: module and name.
const PURE: &[(&str, &str)] = &[
    ("guix packages", "package"),
    ("guix packages", "package/inherit"),
    ("guix packages", "hidden-package"),
    ("guix packages", "origin"),
    ("guix build-system asdf", "sbcl-package->cl-source-package"),
    ("guix build-system asdf", "sbcl-package->ecl-package"),
    ("guix build-system asdf", "sbcl-package->clasp-package"),
];

/// A definition that waits.
struct Deferred {
    /// The file that it is in.
    text: Rc<[u8]>,
    start: usize,
    end: usize,
    line: u32,
    column: u32,
    /// Number of the file in the table of sources.
    file: u32,
    module: Value,
    /// The dynamic state of load time.
    state: Value,
}

/// The definitions that wait.
#[derive(Default)]
pub struct State {
    waiting: HashMap<Value, Deferred, rustc_hash::FxBuildHasher>,
    /// The dynamic states of the files being loaded, `#f` for those without a deferred definition.
    states: Vec<Value>,
    /// Whether nothing is put off (`FRUIX_EAGER`), neither evaluation nor expansion.
    pub eager: bool,
}

impl State {
    /// The state of a new engine.
    pub fn new() -> State {
        let eager = std::env::var_os("FRUIX_EAGER").is_some_and(|value| !value.is_empty());
        State { waiting: HashMap::default(), states: Vec::new(), eager }
    }

    /// Notes that a file is about to be loaded; gives what [`State::leave`] wants.
    pub(crate) fn enter(&mut self) -> usize {
        self.states.push(Value::FALSE);
        self.states.len() - 1
    }

    /// Notes that a file has been loaded.
    pub(crate) fn leave(&mut self, outer: usize) {
        self.states.truncate(outer);
    }

    /// Whether the variable's definition waits.
    #[inline]
    pub fn has(&self, variable: Value) -> bool {
        !self.waiting.is_empty() && self.waiting.contains_key(&variable)
    }

    /// Forgets the variable's definition: it has a value now.
    #[inline]
    pub(crate) fn forget(&mut self, variable: Value) {
        if !self.waiting.is_empty() {
            self.waiting.remove(&variable);
        }
    }

    /// Reports the values to the collector.
    pub fn trace(&self, tracer: &mut Tracer) {
        tracer.visit_all(&self.states);
        for (&variable, deferred) in &self.waiting {
            tracer.visit_all(&[variable, deferred.module, deferred.state]);
        }
    }
}

/// What one file's definitions have in common.
#[derive(Default)]
pub(crate) struct Loading {
    text: Option<Rc<[u8]>>,
    /// What was found out of the keywords in the current module: whether they are the ones we know.
    known: HashMap<(Value, Box<str>), (), rustc_hash::FxBuildHasher>,
}

impl Engine {
    /// Sets whether definitions are evaluated, and bodies of procedures expanded, as soon as they are
    /// loaded.
    pub fn set_eager(&mut self, eager: bool) {
        self.defer.eager = eager;
    }

    /// How many definitions wait to be evaluated.
    pub fn deferred(&self) -> usize {
        self.defer.waiting.len()
    }

    /// Puts off the definition that comes next in `port`, if it is one that can be; says whether.
    pub(crate) fn defer_next(
        &mut self,
        port: Value,
        file: u32,
        loading: &mut Loading,
    ) -> Result<bool> {
        if self.defer.eager {
            return Ok(false);
        }
        let Some(input) = self.heap.as_foreign::<Port>(port).map(|port| &port.input) else {
            return Ok(false);
        };
        let position = input.position();
        let Some(found) = scan::definition(input.pending()) else { return Ok(false) };
        let (start, end) = (found.start, found.end);
        let keyword = found.keyword.to_owned();
        let name = found.name.to_owned();
        let head = found.head.to_owned();
        let around: Vec<String> = found.around.into_iter().map(str::to_owned).collect();
        let module = self.modules.current;
        let public = keyword == "define-public";
        if !(public || keyword == "define")
            || !self.knows(loading, module, &head, Known::Pure)?
            || !self.knows(loading, module, &keyword, Known::Keyword)?
        {
            return Ok(false);
        }
        for keyword in &around {
            if !self.knows(loading, module, keyword, Known::Keyword)? {
                return Ok(false);
            }
        }
        let name = self.heap.intern(&name);
        // A definition of what is bound already, or is a macro, takes the usual way.
        if let Some(variable) = self.module_variable(module, name)?
            && (self.own_variable(module, name) != Some(variable)
                || self.variable_value(variable).is_some())
        {
            return Ok(false);
        }
        let variable = self.ensure_local_variable(module, name)?;
        if public {
            self.module_export(module, &[name], false)?;
        }
        let state = match self.defer.states.last() {
            Some(&state) if state.is_true() => state,
            _ => {
                let state = crate::machine::current_state(self);
                self.defer.states.pop();
                self.defer.states.push(state);
                state
            }
        };
        let Some(port) = self.heap.as_foreign_mut::<Port>(port) else { return Ok(false) };
        let text = loading.text.get_or_insert_with(|| Rc::from(port.input.bytes())).clone();
        port.input.advance(start);
        let (line, column) = (port.input.line, port.input.column);
        port.input.advance(end - start);
        let (start, end) = (position + start, position + end);
        let deferred = Deferred { text, start, end, line, column, file, module, state };
        self.defer.waiting.insert(variable, deferred);
        Ok(true)
    }

    /// Whether `name` denotes in `module` what we take it for.
    fn knows(
        &mut self,
        loading: &mut Loading,
        module: Value,
        name: &str,
        what: Known,
    ) -> Result<bool> {
        let key = (module, Box::from(name));
        if loading.known.contains_key(&key) {
            return Ok(true);
        }
        let symbol = self.heap.intern(name);
        let variable = self.module_variable(module, symbol)?;
        let mut known = false;
        if let Some(variable) = variable {
            known = match what {
                Known::Keyword => self.is_keyword(variable, name),
                Known::Pure => PURE.iter().filter(|(_, n)| *n == name).any(|(home, _)| {
                    let parts: Option<Vec<Value>> =
                        home.split(' ').map(|part| self.heap.find_symbol(part)).collect();
                    parts.is_some_and(|parts| self.is_from(&parts, symbol, variable))
                }),
            };
        }
        // What is unknown now may be imported or defined later on.
        if known {
            loading.known.insert(key, ());
        }
        Ok(known)
    }

    /// Whether the variable holds the special form of this name, or Guix's variant of `define-public`.
    fn is_keyword(&self, variable: Value, name: &str) -> bool {
        let Some(value) = self.variable_value(variable) else { return false };
        let Some(&[own, _, binding, module, ..]) = self.heap.slots(value, Tag::Macro) else {
            return false;
        };
        let own = self.heap.symbol_name(own).unwrap_or_default();
        if binding.is_fixnum() {
            return own == name;
        }
        let home = self.module(module).map_or(Value::NULL, |m| m.name);
        name == "define-public"
            && own == "define-public*"
            && self.name_text(home) == "(guix packages)"
    }

    /// Whether `variable` is that of `name` in the module whose name has these parts.
    fn is_from(&self, parts: &[Value], name: Value, variable: Value) -> bool {
        let mut module = self.modules.root;
        for part in parts {
            match self.module(module).and_then(|m| m.submodules.get(part)) {
                Some(&inner) => module = inner,
                None => return false,
            }
        }
        self.own_variable(module, name) == Some(variable)
    }

    /// The variable's value, evaluated now if its definition was put off; `None` if it is unbound.
    ///
    /// # Errors
    /// What the evaluation raised; the definition stays put off then.
    pub fn value_of(&mut self, variable: Value) -> Result<Option<Value>> {
        if let Some(value) = self.variable_value(variable) {
            return Ok(Some(value));
        }
        match self.defer.waiting.remove(&variable) {
            Some(deferred) => self.evaluate_deferred(variable, deferred),
            None => Ok(None),
        }
    }

    /// The text that the field of this name has in a definition that waits, if the definition says so
    /// by a literal string; for those who look for one package among thousands.
    pub fn deferred_field(&self, variable: Value, field: &str) -> Option<&str> {
        let deferred = self.defer.waiting.get(&variable)?;
        scan::literal_field(&deferred.text[deferred.start..deferred.end], field)
    }

    /// Whether the variable is bound or will be when its value is asked for.
    pub fn is_bound(&self, variable: Value) -> bool {
        self.variable_value(variable).is_some() || self.defer.has(variable)
    }

    fn evaluate_deferred(&mut self, variable: Value, deferred: Deferred) -> Result<Option<Value>> {
        let outer = self.modules.current;
        let scope = self.heap.open_scope();
        self.heap.keep(variable);
        self.heap.keep(outer);
        self.heap.keep(deferred.module);
        self.heap.keep(deferred.state);
        self.modules.current = deferred.module;
        let result = self.evaluate_text(&deferred).map_err(|exit| self.raised(exit));
        self.modules.current = outer;
        self.heap.close_scope(scope);
        if let Err(error) = result {
            self.defer.waiting.insert(variable, deferred);
            return Err(error);
        }
        Ok(self.variable_value(variable))
    }

    fn evaluate_text(&mut self, deferred: &Deferred) -> Result<()> {
        let mut port = Port::from_bytes(deferred.text[deferred.start..deferred.end].to_vec());
        (port.input.line, port.input.column) = (deferred.line, deferred.column);
        port.filename = self.sources.file_value(deferred.file);
        let port = self.heap.foreign(port);
        let outer = self.report.enter(self.machine.depth());
        let result = self.evaluate_port(port, deferred);
        let failed = matches!(&result, Err(exit) if !matches!(**exit, crate::native::Exit::Unwind));
        self.report.leave(outer, failed);
        result
    }

    fn evaluate_port(&mut self, port: Value, deferred: &Deferred) -> Result<()> {
        let Some(thunk) = self.next_thunk(port, deferred.file)? else { return Ok(()) };
        self.heap.keep(thunk);
        // Errors go to the handlers of now.
        let mut state = deferred.state;
        if let Some(handlers) = self.guile_value("%exception-handlers") {
            state = crate::machine::state_with_current(self, state, handlers);
        }
        match self.guile_value("with-dynamic-state") {
            Some(with_state) => self.apply(with_state, &[state, thunk]).map(drop),
            None => self.apply(thunk, &[]).map(drop),
        }
    }
}

/// What a name is taken for.
#[derive(Clone, Copy)]
enum Known {
    Pure,
    Keyword,
}
