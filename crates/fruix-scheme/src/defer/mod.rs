// SPDX-License-Identifier: GPL-3.0-or-later
//! Definitions whose evaluation is put off until their variable is first referred to.
//!
//! Deriving one package needs some hundred of the 28,000 that its modules define, and few of their
//! procedures. A definition such as `(define-public NAME (package …))` calls a known pure constructor:
//! when it is evaluated cannot be observed, provided that it is evaluated once, in its module,
//! with the macros of the time when the module was loaded, and under that time's dynamic state
//! (`%current-system`, …). The same holds for procedures. So the loader finds such a definition's end
//! without reading it, and its variable stays unbound until the machine or a native asks for its value.
//!
//! What differs: a mistake in the definition shows when its value is asked for, at its place.

mod scan;

use crate::cache::Extents;
use crate::engine::Engine;
use crate::expand::Then;
use crate::heap::{Tag, Tracer};
use crate::native::Result;
use crate::ports::Port;
use crate::tree::{Expr, Kind};
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
    ("guix build-system cargo", "crate-source"),
    ("guix build-system gnu", "static-package"),
    ("guix packages", "deprecated-package"),
    ("gnu packages aspell", "aspell-dictionary"),
    ("gnu packages commencement", "make-gcc-toolchain"),
    ("gnu packages emacs", "emacs->emacs-next"),
    ("gnu packages linux", "make-linux-libre*"),
    ("gnu packages llvm", "clang-from-llvm"),
    ("gnu packages llvm", "clang-runtime-from-llvm"),
    ("gnu packages llvm", "make-clang-toolchain"),
    ("gnu packages rust", "rust-bootstrapped-package"),
    ("gnu packages tree-sitter", "tree-sitter-grammar"),
];

/// Procedures of the boot files that natives look up by their names; so may those whose names start with
/// a percent sign, which never wait.
pub(crate) const NEEDED: &[&str] = &["object->string", "raise-exception", "throw"];

/// A definition that waits.
struct Deferred {
    source: Source,
    module: Value,
    /// The dynamic state of load time; `#f` if it does not matter.
    state: Value,
    /// Its place in the cache of compiled modules: entry and form.
    home: Option<(u32, u32)>,
}

enum Source {
    /// A piece of a file.
    Text {
        /// The file's text, unless its entry in the cache has it.
        text: Option<Rc<[u8]>>,
        start: usize,
        end: usize,
        line: u32,
        column: u32,
        /// Number of the file in the table of sources.
        file: u32,
        /// What the expander saw.
        then: Then,
    },
    /// A value that the expander has put off, and its name.
    Form(Value, Value),
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
            if let Source::Form(record, name) = deferred.source {
                tracer.visit_all(&[record, name]);
            }
        }
    }
}

/// What one file's definitions have in common.
pub(crate) struct Loading {
    /// The entry in the cache of compiled modules that is being made.
    pub entry: Option<u32>,
    text: Option<Rc<[u8]>>,
    /// What was found out of the keywords in the current module: whether they are the ones we know.
    known: HashMap<(Value, Box<str>), (), rustc_hash::FxBuildHasher>,
}

impl Loading {
    /// Nothing is known yet.
    pub fn new(entry: Option<u32>) -> Loading {
        Loading { entry, text: None, known: HashMap::default() }
    }
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
        let around: Vec<String> = found.around.into_iter().map(str::to_owned).collect();
        let module = self.modules.current;
        let value = found.value;
        let (head, procedure) = match value {
            scan::Defined::Procedure => (None, true),
            scan::Defined::Call(head) => (Some((head.to_owned(), Known::Pure)), false),
            scan::Defined::Alias(name) => (Some((name.to_owned(), Known::Waiting)), false),
        };
        let (public, star) = (keyword == "define-public", keyword == "define*");
        if !(public || star && procedure || keyword == "define")
            || procedure && !self.late_bodies()
            || self.modules.booting && name.starts_with('%')
            || !self.knows(loading, module, &keyword, Known::Keyword)?
        {
            return Ok(false);
        }
        if let Some((head, known)) = head
            && !self.knows(loading, module, &head, known)?
        {
            return Ok(false);
        }
        for keyword in &around {
            if !self.knows(loading, module, keyword, Known::Keyword)? {
                return Ok(false);
            }
        }
        let symbol = self.heap.intern(&name);
        let Some(variable) = self.deferrable(module, symbol)? else { return Ok(false) };
        if public {
            self.module_export(module, &[symbol], false)?;
        }
        let state = if procedure { Value::FALSE } else { self.load_state() };
        let then = self.expansion_now(module);
        let Some(port) = self.heap.as_foreign_mut::<Port>(port) else { return Ok(false) };
        let text = loading.text.get_or_insert_with(|| Rc::from(port.input.bytes())).clone();
        port.input.advance(start);
        let (line, column) = (port.input.line, port.input.column);
        port.input.advance(end - start);
        let (start, end) = (position + start, position + end);
        let home = loading.entry.and_then(|entry| {
            let extents = Extents { start, end, line, column };
            let field = scan::literal_field(&text[start..end], "name");
            let form = self.note_deferred(entry, extents, &name, (public, !procedure), field)?;
            Some((entry, form))
        });
        let text = Some(text);
        let source = Source::Text { text, start, end, line, column, file, then };
        self.defer.waiting.insert(variable, Deferred { source, module, state, home });
        Ok(true)
    }

    /// Notes a definition of `name` in the current module that waits, as [`Engine::defer_next`] found it
    /// when form `home` of the cache was made; says whether it can wait.
    pub(crate) fn defer_stored(
        &mut self,
        name: Value,
        (public, state): (bool, bool),
        extents: Extents,
        file: u32,
        home: (u32, u32),
    ) -> Result<bool> {
        let module = self.modules.current;
        let variable = match self.own_variable(module, name) {
            Some(variable) if self.variable_value(variable).is_some() => return Ok(false),
            Some(variable) => variable,
            None => self.ensure_local_variable(module, name)?,
        };
        if public {
            self.module_export(module, &[name], false)?;
        }
        let state = if state { self.load_state() } else { Value::FALSE };
        let then = self.expansion_now(module);
        let Extents { start, end, line, column } = extents;
        let source = Source::Text { text: None, start, end, line, column, file, then };
        let deferred = Deferred { source, module, state, home: Some(home) };
        self.defer.waiting.insert(variable, deferred);
        Ok(true)
    }

    /// The variable that a definition of `name` in `module` would set, if the definition can wait:
    /// neither is it bound, nor does the name denote a macro.
    fn deferrable(&mut self, module: Value, name: Value) -> Result<Option<Value>> {
        let known = self.variable_for_expansion(module, name)?;
        if let Some(variable) = known.variable()
            && let Some(value) = self.variable_value(variable)
            && (self.heap.is(value, Tag::Macro)
                || self.own_variable(module, name) == Some(variable))
        {
            return Ok(None);
        }
        match self.own_variable(module, name) {
            Some(variable) => Ok(Some(variable)),
            None => self.ensure_local_variable(module, name).map(Some),
        }
    }

    /// The dynamic state that the file being loaded is evaluated under.
    fn load_state(&mut self) -> Value {
        match self.defer.states.last_mut() {
            Some(state) if state.is_true() => *state,
            _ => {
                let state = crate::machine::current_state(self);
                if let Some(last) = self.defer.states.last_mut() {
                    *last = state;
                }
                state
            }
        }
    }

    /// Whether a call of `name`, which is `variable`, is one of a known pure constructor.
    pub(crate) fn is_pure(&self, variable: Value, name: Value) -> bool {
        if self.defer.eager {
            return false;
        }
        let text = self.heap.symbol_name(name).unwrap_or_default();
        PURE.iter().filter(|(_, known)| *known == text).any(|(home, _)| {
            let parts: Option<Vec<Value>> =
                home.split(' ').map(|part| self.heap.find_symbol(part)).collect();
            parts.is_some_and(|parts| self.is_from(&parts, name, variable))
        })
    }

    /// Puts off the definition of `name` in `module`, whose value is the expander's to make of `record`;
    /// says whether that is possible.
    pub(crate) fn defer_form(
        &mut self,
        module: Value,
        name: Value,
        record: impl FnOnce(&mut Engine) -> Value,
    ) -> Result<bool> {
        let Some(variable) = self.deferrable(module, name)? else { return Ok(false) };
        let source = Source::Form(record(self), name);
        let state = self.load_state();
        self.defer.waiting.insert(variable, Deferred { source, module, state, home: None });
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
        let variable = self.variable_for_expansion(module, symbol)?.variable();
        let mut known = false;
        if let Some(variable) = variable {
            known = match what {
                Known::Keyword => self.is_keyword(variable, name),
                Known::Pure => self.is_pure(variable, symbol),
                Known::Waiting => return Ok(self.defer.has(variable)),
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
        match &deferred.source {
            Source::Text { text: Some(text), start, end, .. } => {
                scan::literal_field(&text[*start..*end], field)
            }
            Source::Text { text: None, .. } if field == "name" => self.stored_field(deferred.home?),
            _ => None,
        }
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
        if let Source::Form(record, name) = deferred.source {
            self.heap.keep(record);
            self.heap.keep(name);
        }
        self.modules.current = deferred.module;
        let result = self.evaluate_source(&deferred).map_err(|exit| self.raised(exit));
        self.modules.current = outer;
        self.heap.close_scope(scope);
        if let Err(error) = result {
            self.defer.waiting.insert(variable, deferred);
            return Err(error);
        }
        Ok(self.variable_value(variable))
    }

    fn evaluate_source(&mut self, deferred: &Deferred) -> Result<()> {
        self.loading_late(None, |engine| engine.evaluate_now(deferred))
    }

    fn compile_deferred(&mut self, deferred: &Deferred, then: Then) -> Result<Option<Value>> {
        let Source::Text { text, start, end, line, column, file, .. } = &deferred.source else {
            return Ok(None);
        };
        let module = deferred.module;
        let (text, home) = match (text, deferred.home) {
            (Some(text), home) => (text.clone(), home),
            (None, Some(home)) => return self.compile_form_of(home, Some((then, module))),
            (None, None) => return Ok(None),
        };
        let mut port = Port::from_bytes(text[*start..*end].to_vec());
        (port.input.line, port.input.column) = (*line, *column);
        port.filename = self.sources.file_value(*file);
        let port = self.heap.foreign(port);
        let depth = self.begin_form(home.map(|home| home.0));
        let thunk = self.in_past(then, module, |en| en.next_thunk(port, *file));
        if let (Ok(Some(thunk)), Some(home)) = (&thunk, home) {
            self.record_thunk(*thunk);
            self.refill_form(home.1);
        }
        self.end_form(depth);
        thunk
    }

    fn evaluate_now(&mut self, deferred: &Deferred) -> Result<()> {
        let thunk = match &deferred.source {
            Source::Text { then, .. } => {
                let kept = match deferred.home {
                    Some(home) => self.replay_form(home)?,
                    None => None,
                };
                let thunk = match kept {
                    Some(thunk) => thunk,
                    None => self.compile_deferred(deferred, *then)?,
                };
                let Some(thunk) = thunk else { return Ok(()) };
                thunk
            }
            Source::Form(record, name) => {
                let value = Box::new(crate::expand::expand_late_value(self, *record)?);
                let kind = Kind::Define { module: deferred.module, name: *name, value };
                self.compile(Expr { location: None, kind })?
            }
        };
        self.heap.keep(thunk);
        // Errors go to the handlers of now.
        let with_state = self.guile_value("with-dynamic-state");
        let (Some(with_state), true) = (with_state, deferred.state.is_true()) else {
            return self.apply(thunk, &[]).map(drop);
        };
        let mut state = deferred.state;
        if let Some(handlers) = self.guile_value("%exception-handlers") {
            state = crate::machine::state_with_current(self, state, handlers);
        }
        self.apply(with_state, &[state, thunk]).map(drop)
    }
}

/// What a name is taken for.
#[derive(Clone, Copy)]
enum Known {
    /// A pure constructor.
    Pure,
    /// A variable whose definition waits.
    Waiting,
    /// A special form.
    Keyword,
}
