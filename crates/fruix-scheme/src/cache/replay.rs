// SPDX-License-Identifier: GPL-3.0-or-later
//! Loading a module from its entry: doing what the loader and the expander did when it was written.

use super::bytes::Reader;
use super::decode::Decoder;
use super::record::Extents;
use super::{Entry, Names, StoredBody, file};
use crate::engine::Engine;
use crate::expand::{self, Then};
use crate::heap::{Foreign, Tag, Tracer};
use crate::modules::Found;
use crate::native::Result;
use crate::ports::Port;
use crate::value::Value;
use std::rc::Rc;

/// The things that a form does.
pub(crate) mod step {
    /// `define-module`.
    pub const DEFINE: u8 = 1;
    /// `use-modules`.
    pub const USE: u8 = 2;
    /// `export`.
    pub const EXPORT: u8 = 3;
    /// `export!`.
    pub const REPLACE: u8 = 4;
    /// `re-export`.
    pub const RE_EXPORT: u8 = 5;
    /// `define-syntax`.
    pub const MACRO: u8 = 6;
    /// A name that was a macro becomes a variable.
    pub const REPLACED: u8 = 7;
    /// Code is run.
    pub const RUN: u8 = 8;

    /// A transformer is made of rules.
    pub const RULES: u8 = 1;
    /// By a thunk that does nothing else.
    pub const PROCEDURE: u8 = 2;
    /// By a thunk that has to run when the macro is defined.
    pub const EXPRESSION: u8 = 3;
}

/// What a macro has in place of a transformer until it is first used.
pub(crate) struct PendingMacro {
    entry: u32,
    kind: u8,
    bytes: Rc<[u8]>,
}

impl PendingMacro {
    /// Whether the transformer is made of rules.
    pub(super) fn is_rules(&self) -> bool {
        self.kind == step::RULES
    }
}

impl Foreign for PendingMacro {
    fn type_name(&self) -> &'static str {
        "stored-transformer"
    }
    fn trace(&self, _tracer: &mut Tracer) {}
}

impl Engine {
    /// Reads what `f` reads out of the bytes of an entry's section. Needs an open scope.
    pub(super) fn decoded<T>(
        &mut self,
        entry: u32,
        bytes: &[u8],
        f: impl FnOnce(&mut Decoder) -> Option<T>,
    ) -> Option<T> {
        let known = self.entry(entry)?;
        let (names, initial): (Rc<Names>, Value) = (known.names.clone(), known.initial);
        let mut decoder = Decoder::new(self, bytes, &names, initial, entry);
        let read = f(&mut decoder)?;
        if !decoder.input.is_empty() {
            return None;
        }
        decoder.finish()?;
        Some(read)
    }

    fn decoded_thunk(&mut self, entry: u32, bytes: &[u8]) -> Option<Value> {
        let thunk = self.decoded(entry, bytes, |from| from.value())?;
        self.heap.is(thunk, Tag::Closure).then_some(thunk)
    }

    /// Loads a module's file by way of the cache.
    pub(crate) fn load_stored(&mut self, found: &Found, module: &str, late: bool) -> Result {
        let outer = self.set_late_bodies(late);
        let result = self.load_stored_in_mode(found, module, late);
        self.set_late_bodies(outer);
        result
    }

    fn load_stored_in_mode(&mut self, found: &Found, module: &str, late: bool) -> Result {
        if !self.cache.is_on() || self.defer.eager {
            return self.load_file_in_mode(&found.path, &found.relative);
        }
        if let Some(entry) = self.open_entry(found, late) {
            self.cache.homes.insert(module.to_owned(), Some(entry));
            return self.load_entry(entry, |engine| engine.replay_from(entry));
        }
        self.cache.homes.insert(module.to_owned(), None);
        let Some((source, bytes)) = super::read_source(&found.path) else {
            return self.load_file_in_mode(&found.path, &found.relative);
        };
        let Some(entry) = self.new_entry(found, late, source) else {
            return self.load_file_in_mode(&found.path, &found.relative);
        };
        let port = self.port_on(entry, bytes, None);
        self.load_entry(entry, |engine| engine.load_recorded(entry, port))
    }

    fn load_entry(&mut self, entry: u32, f: impl FnOnce(&mut Engine) -> Result) -> Result {
        let result = self.loading(f);
        if result.is_err() {
            self.give_up_entry(entry);
        }
        result
    }

    /// A port on text of an entry's file; if it is a part of it, from there on.
    fn port_on(&mut self, entry: u32, bytes: Vec<u8>, at: Option<(usize, u32, u32)>) -> Value {
        let mut port = Port::from_bytes(bytes);
        if let Some((start, line, column)) = at {
            let _ = port.input.set_position(start);
            (port.input.line, port.input.column) = (line, column);
        }
        let file = self.entry(entry).map_or(0, |entry| entry.file);
        port.filename = self.sources.file_value(file);
        self.heap.foreign(port)
    }

    fn load_recorded(&mut self, entry: u32, port: Value) -> Result {
        let scope = self.heap.open_scope();
        self.heap.keep(port);
        let file = self.entry(entry).map_or(0, |entry| entry.file);
        let depth = self.begin_form(None);
        let result = self.load_each(port, file, Some(entry));
        self.end_form(depth);
        self.heap.close_scope(scope);
        result
    }

    fn replay_from(&mut self, entry: u32) -> Result {
        let depth = self.begin_form(None);
        let result = self.replay_each(entry);
        self.end_form(depth);
        result
    }

    fn replay_each(&mut self, entry: u32) -> Result {
        let mut last = Value::UNSPECIFIED;
        let mut number = 0;
        while let Some(known) = self.entry(entry)
            && let Some(form) = known.forms.get(number as usize)
        {
            let (flags, place, late, file) = (form.flags, form.place, form.late.1, known.file);
            if !self.uses_hold(entry) {
                return self.load_rest(entry, number);
            }
            let module = self.modules.current;
            if let Some(known) = self.entry_mut(entry)
                && known.modules.last() != Some(&module)
            {
                known.modules.push(module);
            }
            if flags & file::DEFERRED != 0 && self.defer_form_of(entry, number)? {
                number += 1;
                continue;
            }
            if late > 0 {
                let then = self.expansion_now(module);
                self.entry_mut(entry).map(|known| known.thens.insert(number, then));
            }
            let place = place.and_then(|(line, column)| {
                let source = crate::source::Sources::pack(file, line, column);
                self.sources.location(&self.heap, source)
            });
            self.report.at_form(place);
            let scope = self.heap.open_scope();
            let thunk = self.thunk_of(entry, number);
            self.heap.close_scope(scope);
            if let Some(thunk) = thunk? {
                last = self.apply(thunk, &[])?;
            }
            number += 1;
        }
        Ok(last)
    }

    /// Does what a form does before its code runs; gives its code.
    fn thunk_of(&mut self, entry: u32, number: u32) -> Result<Option<Value>> {
        match self.replay_form((entry, number))? {
            Some(thunk) => Ok(thunk),
            None => self.compile_form_of((entry, number), None),
        }
    }

    /// Notes that a definition waits; says whether it can.
    fn defer_form_of(&mut self, entry: u32, number: u32) -> Result<bool> {
        let Some(known) = self.entry(entry) else { return Ok(false) };
        let Some(form) = known.forms.get(number as usize) else { return Ok(false) };
        let (extents, flags, file) = (extents(form), form.flags, known.file);
        let (name, names) = (form.name as usize, known.names.clone());
        let Some(name) = names.names.get(name) else { return Ok(false) };
        let name = self.heap.intern(name);
        let flags = (flags & file::PUBLIC != 0, flags & file::STATE != 0);
        self.defer_stored(name, flags, extents, file, (entry, number))
    }

    /// The effects of a form's section; gives the code that it runs at the end. `None` if there is no
    /// section.
    pub(crate) fn replay_form(
        &mut self,
        (entry, number): (u32, u32),
    ) -> Result<Option<Option<Value>>> {
        let section = self.entry(entry).and_then(|e| e.forms.get(number as usize)?.section);
        let Some(bytes) = section.and_then(|section| self.section(entry, section)) else {
            return Ok(None);
        };
        let mut from = Reader::new(&bytes);
        let mut thunk: Option<Value> = None;
        while !from.is_empty() {
            let (Some(what), Some(payload)) = (from.u8(), from.blob()) else { return Ok(None) };
            if let Some(thunk) = thunk.take() {
                self.heap.keep(thunk);
                self.apply(thunk, &[])?;
            }
            if what == step::RUN {
                thunk = self.decoded_thunk(entry, payload);
                if thunk.is_none() {
                    return Ok(None);
                }
            } else if !self.replay_step(entry, what, payload)? {
                return Ok(None);
            }
        }
        Ok(Some(thunk))
    }

    fn replay_step(&mut self, entry: u32, what: u8, payload: &[u8]) -> Result<bool> {
        match what {
            step::MACRO => {
                let read = self.decoded(entry, payload, |from| {
                    let (name, module) = (from.symbol_value()?, from.module()?);
                    let (parameter, kind) = (from.input.u8()? != 0, from.input.u8()?);
                    Some((name, module, parameter, kind, from.input.blob()?.to_vec()))
                });
                let Some((name, module, parameter, kind, bytes)) = read else { return Ok(false) };
                let pending = PendingMacro { entry, kind, bytes: bytes.into() };
                let transformer = if kind == step::EXPRESSION {
                    self.transformer_of(&pending)?
                } else {
                    self.heap.foreign(pending)
                };
                expand::replay_macro(self, name, module, parameter, transformer)?;
            }
            step::REPLACED => {
                let read = self
                    .decoded(entry, payload, |from| Some((from.symbol_value()?, from.module()?)));
                let Some((name, module)) = read else { return Ok(false) };
                expand::replay_replaced(self, name, module)?;
            }
            _ => {
                let read = self.decoded(entry, payload, |from| {
                    let count = from.input.count()?;
                    (0..count).map(|_| from.value()).collect::<Option<Vec<Value>>>()
                });
                let Some(args) = read else { return Ok(false) };
                return expand::replay_module_form(self, what, &args);
            }
        }
        Ok(true)
    }

    /// The transformer behind a macro's binding, made when it is first asked for.
    pub(crate) fn transformer(&mut self, keyword: Value) -> Result {
        let Some(&[_, _, binding, ..]) = self.heap.slots(keyword, Tag::Macro) else {
            return Ok(Value::FALSE);
        };
        let Some(pending) = self.heap.as_foreign::<PendingMacro>(binding) else {
            return Ok(binding);
        };
        let (entry, kind, bytes) = (pending.entry, pending.kind, pending.bytes.clone());
        let made = self.transformer_of(&PendingMacro { entry, kind, bytes })?;
        if let Some(slots) = self.heap.slots_mut(keyword, Tag::Macro) {
            slots[2] = made;
        }
        Ok(made)
    }

    fn transformer_of(&mut self, pending: &PendingMacro) -> Result {
        let scope = self.heap.open_scope();
        let read = self.decoded(pending.entry, &pending.bytes, |from| from.value());
        let made = match read {
            Some(rules) if pending.is_rules() => expand::transformer_of_rules(self, rules),
            Some(thunk) => self.apply(thunk, &[]),
            // The checksum was right: somebody wrote this on purpose.
            None => {
                let path = self.entry(pending.entry).map(|entry| entry.path.clone());
                let path = path.map(|path| path.display().to_string()).unwrap_or_default();
                let path = self.heap.string(&path);
                self.error("misc-error", "", "a file of the module cache is not sound: ~A", &[path])
            }
        };
        self.heap.close_scope(scope);
        made.map(|made| self.heap.keep(made))
    }

    /// Expands and compiles a form from its text, noting what it does. If it is a definition that has
    /// waited, `then` is what the expander saw.
    pub(crate) fn compile_form_of(
        &mut self,
        (entry, number): (u32, u32),
        then: Option<(Then, Value)>,
    ) -> Result<Option<Value>> {
        let Some((port, file)) = self.form_port(entry, number) else {
            return self.lost_text(entry);
        };
        let depth = self.begin_form(Some(entry));
        let thunk = match then {
            Some((then, module)) => self.in_past(then, module, |en| en.next_thunk(port, file)),
            None => self.next_thunk(port, file),
        };
        if let Ok(Some(thunk)) = thunk {
            self.record_thunk(thunk);
            self.refill_form(number);
        }
        self.end_form(depth);
        thunk
    }

    fn form_port(&mut self, entry: u32, number: u32) -> Option<(Value, u32)> {
        let text = self.entry_text(entry)?;
        let known = self.entry(entry)?;
        let (extents, file) = (extents(known.forms.get(number as usize)?), known.file);
        let bytes = text.get(extents.start..extents.end)?.to_vec();
        let port = self.port_on(entry, bytes, Some((0, extents.line, extents.column)));
        Some((port, file))
    }

    fn lost_text<T>(&mut self, entry: u32) -> Result<T> {
        let path = self.entry(entry).map(|entry| entry.source.path.clone()).unwrap_or_default();
        let path = self.heap.string(&path);
        self.error("misc-error", "", "file changed while it was in use: ~A", &[path])
    }

    /// Goes on with the text from form `number` on: what the module imports has changed.
    fn load_rest(&mut self, entry: u32, number: u32) -> Result {
        let Some(text) = self.entry_text(entry) else { return self.lost_text(entry) };
        let Some(old) = self.entry_mut(entry) else { return Ok(Value::UNSPECIFIED) };
        old.dead = true;
        let Some(form) = old.forms.get(number as usize) else { return Ok(Value::UNSPECIFIED) };
        let at = (form.start as usize, form.line, form.column);
        let new = Entry {
            path: old.path.clone(),
            source: old.source.clone(),
            relative: old.relative.clone(),
            file: old.file,
            names: Rc::default(),
            symbols: Vec::new(),
            tables: Some(std::mem::take(old.tables())),
            initial: old.initial,
            sections: old.sections.clone(),
            forms: old.forms[..number as usize].to_vec(),
            thens: std::mem::take(&mut old.thens),
            fact: 0,
            facts: Vec::new(),
            needs: Vec::new(),
            checked: 0,
            included: Vec::new(),
            modules: old.modules.clone(),
            early: old.early.clone(),
            base: old.base,
            text: Some(text.clone()),
            unmade: Vec::new(),
            fresh: true,
            dirty: true,
            dead: false,
        };
        self.cache.entries.push(new);
        let entry = self.cache.entries.len() as u32 - 1;
        let port = self.port_on(entry, text.to_vec(), Some(at));
        self.load_recorded(entry, port)
    }

    /// The procedure that is a late body's code, or, if there is none, the expander's record of the body.
    pub(crate) fn stored_body(&mut self, form: Value) -> Option<Result<LateCode>> {
        let body = self.heap.as_foreign::<StoredBody>(form)?;
        let (entry, number) = (body.entry, body.number);
        let section = self.section(entry, number);
        let thunk = section.and_then(|bytes| self.decoded_thunk(entry, &bytes));
        Some(match thunk {
            Some(thunk) => {
                self.heap.keep(thunk);
                self.apply(thunk, &[]).map(LateCode::Procedure)
            }
            None => self
                .late_record(entry, number)
                .map(|(record, parameters)| LateCode::Record(record, parameters)),
        })
    }

    /// The expander's record of a late body, by expanding its form again.
    fn late_record(&mut self, entry: u32, number: u32) -> Result<(Value, Vec<u32>)> {
        let found = self.entry(entry).and_then(|known| {
            let holds =
                |form: &&file::Form| (form.late.0..form.late.0 + form.late.1).contains(&number);
            let form = known.forms.iter().position(|form| holds(&form))?;
            let first = known.forms[form].late.0;
            Some((form as u32, number - first, *known.thens.get(&(form as u32))?))
        });
        let module = self.entry(entry).and_then(|known| known.modules.last().copied());
        let (Some((form, index, then)), Some(module)) = (found, module) else {
            return self.lost_text(entry);
        };
        let Some((port, file)) = self.form_port(entry, form) else {
            return self.lost_text(entry);
        };
        let outer = std::mem::replace(&mut self.modules.current, module);
        let depth = self.begin_form(Some(entry));
        let thunk = self.in_past(then, module, |engine| {
            engine.set_late_bodies(true);
            engine.next_thunk(port, file)
        });
        self.modules.current = outer;
        if let Ok(Some(thunk)) = thunk {
            self.record_thunk(thunk);
        }
        let found = self.recorded_late(index);
        self.end_form(depth);
        thunk?;
        match found {
            Some(found) => Ok(found),
            None => self.lost_text(entry),
        }
    }
}

/// What there is of a late body.
pub(crate) enum LateCode {
    /// A procedure of its parameters.
    Procedure(Value),
    /// The expander's record, and the numbers of the parameters in it.
    Record(Value, Vec<u32>),
}

fn extents(form: &file::Form) -> Extents {
    Extents {
        start: form.start as usize,
        end: form.end as usize,
        line: form.line,
        column: form.column,
    }
}
