// SPDX-License-Identifier: GPL-3.0-or-later
//! Noting what forms do as they are expanded, and making entries of it.
//!
//! Each form that is loaded has a recorder, `None` if its file has no entry; what the expander does to modules
//! at top level is told to the innermost one. Code is encoded before it runs, because running links it.

use super::bytes::{Digest, Writer, checksum};
use super::encode::{Encoder, Tables};
use super::file::{self, Extent, Form, Index};
use super::replay::{PendingMacro, step};
use super::{Entry, Stored, Unmade};
use crate::engine::Engine;
use crate::expand::stored;
use crate::heap::{Tag, Tracer};
use crate::machine::op::Op;
use crate::native::Result;
use crate::tree::{Body, Clause, Expr, Kind, Lambda, Local};
use crate::value::Value;
use std::rc::Rc;

/// What one form did.
pub(super) struct Recorder {
    entry: u32,
    steps: Writer,
    late: Vec<Unmade>,
    /// Whether something could not be stored.
    failed: bool,
}

impl Recorder {
    pub(super) fn trace(&self, tracer: &mut Tracer) {
        self.late.iter().for_each(|late| tracer.visit(late.record));
    }
}

/// The transformer of a macro that is being defined at top level.
#[derive(Default)]
pub(super) enum Transformer {
    /// Nobody wants it.
    #[default]
    Unwanted,
    /// It is to be encoded.
    Wanted,
    /// How it is made ([`step::RULES`] or another), encoded.
    Made(u8, Vec<u8>),
    /// It cannot be stored.
    Failed,
}

/// Where a form stands in its file.
#[derive(Clone, Copy)]
pub(crate) struct Extents {
    /// Its first byte, and the one behind it.
    pub start: usize,
    pub end: usize,
    /// Line and column of the first byte, from 0.
    pub line: u32,
    pub column: u32,
}

impl Engine {
    /// Starts to record a form of an entry's file, or of none.
    pub(crate) fn begin_form(&mut self, entry: Option<u32>) -> usize {
        let depth = self.cache.recorders.len();
        let recorder = entry.map(|entry| Recorder {
            entry,
            steps: Writer::default(),
            late: Vec::new(),
            failed: false,
        });
        self.cache.recorders.push(recorder);
        depth
    }

    /// Forgets the recorders above `depth`.
    pub(crate) fn end_form(&mut self, depth: usize) {
        self.cache.recorders.truncate(depth);
    }

    fn is_recording(&self) -> bool {
        matches!(self.cache.recorders.last(), Some(Some(recorder)) if !recorder.failed)
    }

    /// Makes sure that the procedures of `(guile)` are known by name.
    fn know_core(&mut self) {
        let count = self.bindings(self.modules.guile).len();
        if count == self.cache.core_count {
            return;
        }
        self.cache.core_count = count;
        self.cache.core.clear();
        for (name, variable) in self.bindings(self.modules.guile) {
            if let Some(value) = self.variable_value(variable)
                && !value.is_fixnum()
                && !value.is_immediate()
                && !self.heap.is(value, Tag::Symbol)
            {
                self.cache.core.insert(value, name);
            }
        }
    }

    /// Encodes something for the innermost recorder.
    pub(super) fn encoded(
        &mut self,
        f: impl FnOnce(&mut Encoder) -> Option<()>,
    ) -> Option<(Vec<u8>, Vec<super::encode::Late>)> {
        self.know_core();
        let recorder = self.cache.recorders.last()?.as_ref()?;
        let number = recorder.entry;
        let entry = self.entry_mut(number)?;
        let (initial, first_late) = (entry.initial, entry.sections.len());
        let mut tables = std::mem::take(entry.tables());
        let core = std::mem::take(&mut self.cache.core);
        let mut encoder = Encoder::new(self, &mut tables, &core, initial, first_late);
        let done = f(&mut encoder);
        let (bytes, late) = (encoder.out.bytes, encoder.late);
        self.cache.core = core;
        self.entry_mut(number)?.tables = Some(tables);
        done.map(|()| (bytes, late))
    }

    /// Notes something that the form does, as `f` writes it.
    pub(crate) fn record(&mut self, what: u8, f: impl FnOnce(&mut Encoder) -> Option<()>) {
        if !self.is_recording() {
            return;
        }
        let made = self.encoded(f);
        let Some(Some(recorder)) = self.cache.recorders.last_mut() else { return };
        let Some((bytes, late)) = made else {
            recorder.failed = true;
            return;
        };
        recorder.steps.u8(what);
        recorder.steps.blob(&bytes);
        let entry = recorder.entry as usize;
        for late in late {
            let sections = &mut self.cache.entries[entry].sections;
            sections.push(Stored::Missing);
            let section = sections.len() as u32 - 1;
            recorder.late.push(Unmade {
                section,
                record: late.record,
                parameters: late.parameters,
            });
        }
    }

    /// Says that what the form does cannot be stored.
    pub(crate) fn record_failure(&mut self) {
        if let Some(Some(recorder)) = self.cache.recorders.last_mut() {
            recorder.failed = true;
        }
    }

    /// Notes that the form runs this thunk.
    pub(crate) fn record_thunk(&mut self, thunk: Value) {
        if self.is_recording() && !self.does_nothing(thunk) {
            self.record(step::RUN, |to| to.value(thunk));
        }
    }

    fn does_nothing(&self, thunk: Value) -> bool {
        let code = self.heap.closure_code(thunk).map(|code| code.instructions());
        let Some([first, second]) = code.as_deref() else { return false };
        *first as u8 == Op::Imm as u8 && *second as u8 == Op::Return as u8
    }

    /// Asks for the transformer that is going to be made.
    pub(crate) fn want_transformer(&mut self) {
        if self.is_recording() {
            self.cache.transformer = Transformer::Wanted;
        }
    }

    /// The transformer is made by this thunk; `simply` if running it does nothing else.
    pub(crate) fn note_transformer(&mut self, thunk: Value, simply: bool) {
        let kind = if simply { step::PROCEDURE } else { step::EXPRESSION };
        self.transformer_is(kind, thunk);
    }

    /// The transformer is made of these rules.
    pub(crate) fn note_rules(&mut self, rules: Value) {
        self.transformer_is(step::RULES, rules);
    }

    fn transformer_is(&mut self, kind: u8, value: Value) {
        if !matches!(self.cache.transformer, Transformer::Wanted) {
            return;
        }
        let made = self.encoded(|to| to.value(value)).filter(|made| made.1.is_empty());
        self.cache.transformer = match made {
            Some((bytes, _)) => Transformer::Made(kind, bytes),
            None => Transformer::Failed,
        };
    }

    /// Nobody asks for transformers while another one is being made.
    pub(crate) fn suspend_transformer(&mut self) -> bool {
        let wanted = matches!(self.cache.transformer, Transformer::Wanted);
        if wanted {
            self.cache.transformer = Transformer::Unwanted;
        }
        wanted
    }

    /// Undoes [`Engine::suspend_transformer`].
    pub(crate) fn resume_transformer(&mut self, wanted: bool) {
        if wanted {
            self.cache.transformer = Transformer::Wanted;
        }
    }

    /// Notes the definition of a macro, whose transformer was asked for.
    pub(crate) fn record_macro(&mut self, name: Value, module: Value, parameter: bool) {
        if !self.is_recording() {
            return;
        }
        match std::mem::take(&mut self.cache.transformer) {
            Transformer::Made(kind, bytes) => self.record(step::MACRO, |to| {
                to.value(name)?;
                to.module(module)?;
                to.out.u8(u8::from(parameter));
                to.out.u8(kind);
                to.out.blob(&bytes);
                Some(())
            }),
            _ => self.record_failure(),
        }
    }

    /// Notes that the module being loaded autoloads another one, whose text tells what its names are.
    pub(crate) fn record_autoload(&mut self, name: Value) {
        let parts = self.heap.list_to_vec(name).unwrap_or_default();
        let parts: Vec<&str> = parts.iter().filter_map(|&s| self.heap.symbol_name(s)).collect();
        let file = parts.join("/");
        if self.is_recording()
            && let Some(found) = self.search_module(&file)
            && !super::is_embedded(&found.path)
        {
            self.record_file(&found.path);
        }
    }

    /// Notes that a file's content is part of the one being loaded.
    pub(crate) fn record_file(&mut self, path: &str) {
        let entry = match self.cache.recorders.last() {
            Some(Some(recorder)) => recorder.entry,
            _ => return,
        };
        let source = super::read_source(path).map(|(source, _)| source);
        let Some(entry) = self.entry_mut(entry) else { return };
        match source {
            Some(source) => entry.included.push(source),
            None => entry.dead = true,
        }
    }

    /// Adds a form that was expanded to its entry.
    pub(crate) fn finish_form(&mut self, extents: Extents, place: Option<(u32, u32)>) {
        let Some(Some(recorder)) = self.cache.recorders.pop() else { return };
        let module = self.modules.current;
        let Some(entry) = self.entry_mut(recorder.entry) else { return };
        let Some(mut form) = new_form(extents) else {
            entry.dead = true;
            return;
        };
        form.place = place;
        let number = entry.forms.len() as u32;
        entry.forms.push(form);
        if entry.modules.last() != Some(&module) {
            entry.modules.push(module);
        }
        self.fill_form(recorder, number);
    }

    /// Gives form `number` what its expansion was found to do.
    fn fill_form(&mut self, recorder: Recorder, number: u32) {
        let Some(entry) = self.entry_mut(recorder.entry) else { return };
        if recorder.failed {
            return;
        }
        let late = recorder.late.first().map_or(0, |late| late.section);
        let count = recorder.late.len() as u32;
        // Late bodies have their sections in one row.
        if recorder.late.iter().zip(late..).any(|(unmade, number)| unmade.section != number) {
            return;
        }
        entry.unmade.extend(recorder.late);
        let section = entry.sections.len() as u32;
        entry.sections.push(Stored::New(Rc::from(recorder.steps.bytes)));
        let Some(form) = entry.forms.get_mut(number as usize) else { return };
        form.section = Some(section);
        form.late = (late, count);
        entry.dirty = true;
    }

    /// Gives form `number` of the innermost recorder's entry what it was found to do.
    pub(crate) fn refill_form(&mut self, number: u32) {
        if let Some(Some(recorder)) = self.cache.recorders.pop() {
            self.fill_form(recorder, number);
        }
    }

    /// The record of a late body of the form being recorded, and its parameters.
    pub(super) fn recorded_late(&mut self, index: u32) -> Option<(Value, Vec<u32>)> {
        let recorder = self.cache.recorders.last()?.as_ref()?;
        let late = recorder.late.get(index as usize)?;
        Some((late.record, late.parameters.clone()))
    }

    /// Adds a definition that waits to an entry; gives its number there.
    pub(crate) fn note_deferred(
        &mut self,
        entry: u32,
        extents: Extents,
        name: &str,
        (public, state): (bool, bool),
        field: Option<&str>,
    ) -> Option<u32> {
        let module = self.modules.current;
        let entry = self.entry_mut(entry)?;
        let Some(mut form) = new_form(extents) else {
            entry.dead = true;
            return None;
        };
        form.flags = file::DEFERRED
            | if public { file::PUBLIC } else { 0 }
            | if state { file::STATE } else { 0 };
        form.name = entry.tables().name(name);
        form.field = field.map(|field| entry.tables().name(field));
        entry.forms.push(form);
        if entry.modules.last() != Some(&module) {
            entry.modules.push(module);
        }
        Some(entry.forms.len() as u32 - 1)
    }

    /// Says that nothing of an entry is to be written.
    pub(crate) fn give_up_entry(&mut self, entry: u32) {
        if let Some(entry) = self.entry_mut(entry) {
            entry.dead = true;
        }
    }

    /// Makes the sections of late bodies.
    pub(super) fn make_late_sections(&mut self) {
        for number in 0..self.cache.entries.len() as u32 {
            let Some(entry) = self.entry_mut(number).filter(|entry| !entry.dead) else { continue };
            for unmade in std::mem::take(&mut entry.unmade) {
                let depth = self.begin_form(Some(number));
                let made = self.late_section(&unmade);
                self.end_form(depth);
                if let (Ok(Some(bytes)), Some(entry)) = (made, self.entry_mut(number))
                    && let Some(section) = entry.sections.get_mut(unmade.section as usize)
                {
                    *section = Stored::New(Rc::from(bytes));
                    entry.dirty = true;
                }
            }
        }
    }

    /// The code of a late body, as a procedure of its parameters.
    fn late_section(&mut self, unmade: &Unmade) -> Result<Option<Vec<u8>>> {
        self.heap.keep(unmade.record);
        let body = crate::expand::expand_late(self, unmade.record)?;
        let clause = Clause {
            required: unmade.parameters.iter().map(|&n| Local(n)).collect(),
            optional: Vec::new(),
            rest: None,
            keywords: Vec::new(),
            allow_other_keys: false,
            names: Vec::new(),
            body: Body::Now(Box::new(body)),
        };
        let lambda = Lambda { name: Value::FALSE, properties: Value::NULL, clauses: vec![clause] };
        let tree = Expr { location: None, kind: Kind::Lambda(Box::new(lambda)) };
        let thunk = self.compile(tree)?;
        let made = self.encoded(|to| to.value(thunk)).filter(|made| made.1.is_empty());
        Ok(made.map(|made| made.0))
    }

    /// Whether the macro's transformer is made of rules alone, so that no code runs when it is used.
    pub(super) fn is_plain_macro(&self, keyword: Value) -> bool {
        let Some(&[_, _, binding, ..]) = self.heap.slots(keyword, Tag::Macro) else { return true };
        match self.heap.as_foreign::<PendingMacro>(binding) {
            Some(pending) => pending.is_rules(),
            None => binding.is_fixnum() || stored::rules_of(self, binding).is_some(),
        }
    }
}

fn new_form(extents: Extents) -> Option<Form> {
    Some(Form {
        start: u32::try_from(extents.start).ok()?,
        end: u32::try_from(extents.end).ok()?,
        line: extents.line,
        column: extents.column,
        ..Form::default()
    })
}

/// An entry as bytes: first what loading the module needs at once.
pub(super) fn entry_bytes(entry: &mut Entry, fingerprint: Digest) -> Option<Vec<u8>> {
    let count = entry.sections.len();
    let mut wanted: Vec<(u32, bool)> = Vec::with_capacity(count);
    for form in &entry.forms {
        wanted.extend(form.section.map(|n| (n, form.flags & file::DEFERRED == 0)));
        wanted.extend((form.late.0..form.late.0 + form.late.1).map(|n| (n, false)));
    }
    wanted.sort_by_key(|&(_, early)| !early);
    let mut extents = vec![Extent::default(); count];
    let (mut all, mut early) = (Vec::new(), 0);
    for (number, is_early) in wanted {
        let bytes = match entry.sections.get(number as usize)? {
            Stored::Missing => continue,
            Stored::New(bytes) => bytes.clone(),
            &Stored::Extent(extent) => {
                let start = extent.offset as usize;
                match entry.early.get(start..start.checked_add(extent.length as usize)?) {
                    Some(bytes) => Rc::from(bytes),
                    None => match file::section(&entry.path, entry.base, extent) {
                        Some(bytes) => Rc::from(bytes),
                        None => continue,
                    },
                }
            }
        };
        extents[number as usize] = Extent {
            offset: all.len() as u64,
            length: u32::try_from(bytes.len()).ok()?,
            sum: checksum(&bytes),
        };
        all.extend_from_slice(&bytes);
        if is_early {
            early = all.len();
        }
    }
    let Tables { names, marks, .. } = entry.tables();
    let (names, marks) = (file::Names::new(names)?, *marks);
    let index = Index {
        source: entry.source.clone(),
        marks,
        fact: entry.fact,
        facts: entry.facts.clone(),
        needs: entry.needs.clone(),
        names,
        sections: extents,
        forms: entry.forms.clone(),
    };
    Some(file::bytes(&index, early, &all, fingerprint))
}
