// SPDX-License-Identifier: GPL-3.0-or-later
//! Code and constants as bytes.
//!
//! What has an identity gets a number when it is first met, so that sharing and cycles survive. A value that
//! means nothing in another process (a port, a record, a closure with free variables) makes the
//! whole section unstorable, which is no error: its source text is used instead.

use super::bytes::Writer;
use crate::data::bytes::Element;
use crate::engine::Engine;
use crate::expand::stored::{self, LABEL, RIB_FIXED, RIB_OPEN};
use crate::heap::Tag;
use crate::machine::Parts;
use crate::machine::op::{self, Op};
use crate::numbers::{Num, text};
use crate::source::Sources;
use crate::value::Value;
use rustc_hash::FxHashMap;

/// The kinds of values.
pub(crate) mod kind {
    pub const FIXNUM: u8 = 0;
    pub const CHAR: u8 = 1;
    pub const CONSTANT: u8 = 2;
    pub const REF: u8 = 3;
    pub const SYMBOL: u8 = 4;
    pub const KEYWORD: u8 = 5;
    pub const STRING: u8 = 6;
    pub const LIST: u8 = 7;
    pub const VECTOR: u8 = 8;
    pub const BYTES: u8 = 9;
    pub const FLONUM: u8 = 10;
    pub const NUMBER: u8 = 11;
    pub const SYNTAX: u8 = 12;
    pub const RIB: u8 = 13;
    pub const LABEL: u8 = 14;
    pub const MODULE: u8 = 15;
    pub const CORE: u8 = 16;
    pub const CLOSURE: u8 = 17;
    pub const PATTERN: u8 = 18;
    pub const TEMPLATE: u8 = 19;
    pub const RULES: u8 = 20;
    pub const RULES_MAKER: u8 = 21;
    pub const CODE: u8 = 22;
    pub const ALIAS: u8 = 23;
}

/// What a constant of a code object is used for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Use {
    Value,
    Global,
    Define,
    Code,
}

/// Depth of nesting beyond which nothing is stored.
pub(super) const DEPTH: usize = 400;

/// The constants that a character code stands for in [`kind::CONSTANT`].
pub(super) const CONSTANTS: [Value; 8] = [
    Value::FALSE,
    Value::TRUE,
    Value::NULL,
    Value::NIL,
    Value::EOF,
    Value::UNSPECIFIED,
    Value::UNBOUND,
    Value::MISSING,
];

/// What the sections of one entry share.
#[derive(Default)]
pub(crate) struct Tables {
    /// Names of symbols and of files.
    pub names: Vec<Box<str>>,
    index: FxHashMap<Box<str>, u32>,
    /// How many marks the entry knows.
    pub marks: u32,
    /// The first of the marks of this process that stand for those that the entry had when it was read, and
    /// their number.
    pub base: (i64, u32),
    /// Marks that were met since.
    met: FxHashMap<i64, u32>,
}

impl Tables {
    /// Tables with these names.
    pub fn new(names: Vec<Box<str>>, marks: u32, base: i64) -> Tables {
        let index = names.iter().cloned().zip(0..).collect();
        Tables { names, index, marks, base: (base, marks), met: FxHashMap::default() }
    }

    /// The number of a name.
    pub fn name(&mut self, name: &str) -> u32 {
        if let Some(&n) = self.index.get(name) {
            return n;
        }
        let n = self.names.len() as u32;
        self.names.push(name.into());
        self.index.insert(name.into(), n);
        n
    }

    fn mark(&mut self, mark: i64) -> u32 {
        let (base, count) = self.base;
        if mark > base && mark <= base + i64::from(count) {
            return (mark - base - 1) as u32;
        }
        let marks = &mut self.marks;
        *self.met.entry(mark).or_insert_with(|| {
            *marks += 1;
            *marks - 1
        })
    }
}

/// A body that is compiled late, which the section refers to.
pub(super) struct Late {
    /// The expander's record.
    pub record: Value,
    /// The parameters, by their numbers in the record's tree.
    pub parameters: Vec<u32>,
}

/// A section being written.
pub(crate) struct Encoder<'a> {
    pub(crate) engine: &'a Engine,
    tables: &'a mut Tables,
    /// The names of `(guile)`'s procedures.
    core: &'a FxHashMap<Value, Value>,
    /// The module that was current when the file's loading began.
    initial: Value,
    /// What has been written.
    pub(crate) out: Writer,
    seen: FxHashMap<Value, u32>,
    depth: usize,
    /// Late bodies met, numbered from `first_late`.
    pub(super) late: Vec<Late>,
    pub(super) first_late: usize,
}

impl<'a> Encoder<'a> {
    pub(super) fn new(
        engine: &'a Engine,
        tables: &'a mut Tables,
        core: &'a FxHashMap<Value, Value>,
        initial: Value,
        first_late: usize,
    ) -> Encoder<'a> {
        let (out, seen, late) = (Writer::default(), FxHashMap::default(), Vec::new());
        Encoder { engine, tables, core, initial, out, seen, depth: 0, late, first_late }
    }

    /// A name's number.
    pub(crate) fn name(&mut self, name: &str) {
        let n = self.tables.name(name);
        self.out.number(u64::from(n));
    }

    /// Any value.
    pub(crate) fn value(&mut self, v: Value) -> Option<()> {
        if let Some(n) = v.as_fixnum() {
            self.out.u8(kind::FIXNUM);
            self.out.signed(n);
            return Some(());
        }
        if let Some(c) = v.as_char() {
            self.out.u8(kind::CHAR);
            self.out.number(u64::from(u32::from(c)));
            return Some(());
        }
        if v.is_immediate() {
            let n = CONSTANTS.iter().position(|&c| c == v)?;
            self.out.u8(kind::CONSTANT);
            self.out.u8(n as u8);
            return Some(());
        }
        if self.seen_before(v) {
            return Some(());
        }
        self.depth += 1;
        if self.depth > DEPTH {
            return None;
        }
        if v.is_pair() { self.list(v) } else { self.object(v) }?;
        self.depth -= 1;
        Some(())
    }

    fn seen_before(&mut self, v: Value) -> bool {
        match self.seen.get(&v) {
            Some(&n) => {
                self.out.u8(kind::REF);
                self.out.number(u64::from(n));
                true
            }
            None => false,
        }
    }

    /// Gives what is about to be written its number.
    fn number(&mut self, v: Value, kind: u8) {
        self.seen.insert(v, self.seen.len() as u32);
        self.out.u8(kind);
    }

    fn list(&mut self, list: Value) -> Option<()> {
        self.number(list, kind::LIST);
        let (mut elements, mut rest) = (Vec::new(), list);
        while let Some((head, tail)) = self.engine.heap.pair(rest) {
            elements.push(head);
            rest = tail;
            // A tail that is shared or circular is a list of its own.
            if elements.len() > 1 << 20 {
                return None;
            }
        }
        self.out.size(elements.len());
        elements.into_iter().try_for_each(|element| self.value(element))?;
        self.value(rest)
    }

    fn object(&mut self, v: Value) -> Option<()> {
        let heap = &self.engine.heap;
        match heap.tag(v)? {
            Tag::Symbol => {
                let symbol = heap.as_symbol(v).filter(|symbol| symbol.interned)?;
                self.out.u8(kind::SYMBOL);
                self.name(&symbol.name);
            }
            Tag::Keyword => {
                let symbol = heap.keyword_symbol(v)?;
                self.out.u8(kind::KEYWORD);
                self.name(heap.symbol_name(symbol)?);
            }
            Tag::String => {
                let text = heap.as_string(v)?.to_string();
                self.number(v, kind::STRING);
                self.out.text(&text);
            }
            Tag::Vector => {
                let elements = heap.slots(v, Tag::Vector)?;
                self.number(v, kind::VECTOR);
                self.out.size(elements.len());
                elements.iter().try_for_each(|&element| self.value(element))?;
            }
            Tag::Bytevector => {
                let aux = heap.aux(v);
                // Of types that are known.
                let _ = Element::from_aux(aux);
                self.number(v, kind::BYTES);
                self.out.number(u64::from(aux));
                self.out.blob(heap.as_bytes(v)?);
            }
            Tag::Flonum => {
                self.number(v, kind::FLONUM);
                self.out.word(heap.as_flonum(v)?.to_bits());
            }
            Tag::Number => {
                let number = Num::from_value(heap, v)?;
                if matches!(number, Num::Complex(..)) {
                    return None;
                }
                self.number(v, kind::NUMBER);
                self.out.text(&text::to_text(&number, 16));
            }
            Tag::Syntax => {
                let &[e, w, m, s] = heap.slots(v, Tag::Syntax)? else { return None };
                self.number(v, kind::SYNTAX);
                self.value(e)?;
                self.wrap(w)?;
                self.tag(m)?;
                self.source(s)?;
            }
            Tag::Internal => self.internal(v)?,
            Tag::Closure => self.closure(v)?,
            Tag::Native => self.core(v)?,
            Tag::Foreign if self.engine.module(v).is_some() => {
                self.out.u8(kind::MODULE);
                self.module(v)?;
            }
            Tag::Foreign => {
                let kind = stored::kind_of(self.engine, v)?;
                self.number(v, kind);
                stored::write(self, v)?;
            }
            _ => self.core(v)?,
        }
        Some(())
    }

    /// A value of a variable of `(guile)`.
    fn core(&mut self, v: Value) -> Option<()> {
        let heap = &self.engine.heap;
        let name = *self.core.get(&v)?;
        let variable = self.engine.own_variable(self.engine.modules.guile, name)?;
        if self.engine.variable_value(variable) != Some(v) {
            return None;
        }
        self.out.u8(kind::CORE);
        self.name(heap.symbol_name(name)?);
        Some(())
    }

    /// A procedure without free variables.
    fn closure(&mut self, v: Value) -> Option<()> {
        if self.core.contains_key(&v) {
            return self.core(v);
        }
        if stored::is_rules_maker(self.engine, v) {
            self.out.u8(kind::RULES_MAKER);
            return Some(());
        }
        let &[code] = self.engine.heap.slots(v, Tag::Closure)? else { return None };
        self.number(v, kind::CLOSURE);
        self.code(code)
    }

    /// A module: the one that the file began in, or one with a name.
    pub(crate) fn module(&mut self, module: Value) -> Option<()> {
        if module == self.initial {
            self.out.u8(0);
            return Some(());
        }
        let engine = self.engine;
        let name = match engine.module(module) {
            Some(body) if engine.find_module(body.name) == Some(module) => body.name,
            // Not the module but, as yet, its name.
            None if module.is_pair() => module,
            _ => return None,
        };
        self.out.u8(1);
        self.module_name(name)
    }

    fn module_name(&mut self, name: Value) -> Option<()> {
        let parts = self.engine.heap.list_to_vec(name)?;
        self.out.size(parts.len());
        for part in parts {
            let part = self.engine.heap.as_symbol(part).filter(|part| part.interned)?;
            // Made up for a module that has no name.
            if part.name.starts_with(' ') {
                return None;
            }
            self.name(&part.name);
        }
        Some(())
    }

    // ----- syntax

    /// A wrap: marks and substitutions.
    fn wrap(&mut self, w: Value) -> Option<()> {
        let (marks, subst) = self.engine.heap.pair(w)?;
        self.marks(marks)?;
        let substs = self.engine.heap.list_to_vec(subst)?;
        self.out.size(substs.len());
        for subst in substs {
            if self.engine.heap.symbol_name(subst) == Some("shift") {
                self.out.u8(0);
            } else {
                self.out.u8(1);
                self.value(subst)?;
            }
        }
        Some(())
    }

    /// A list of marks.
    fn marks(&mut self, marks: Value) -> Option<()> {
        let marks = self.engine.heap.list_to_vec(marks)?;
        self.out.size(marks.len());
        for mark in marks {
            match mark.as_fixnum() {
                Some(n) => {
                    let n = self.tables.mark(n);
                    self.out.number(u64::from(n) + 2);
                }
                None if mark == Value::FALSE => self.out.number(0),
                None if self.engine.heap.symbol_name(mark) == Some("top") => self.out.number(1),
                None => return None,
            }
        }
        Some(())
    }

    /// The tag of a module.
    fn tag(&mut self, m: Value) -> Option<()> {
        let Some((kind, name)) = self.engine.heap.pair(m) else {
            self.out.u8(0);
            return (m == Value::FALSE).then_some(());
        };
        let initial = self.engine.module(self.initial)?;
        if initial.tag == m {
            self.out.u8(2);
            return Some(());
        }
        self.out.u8(1);
        self.name(self.engine.heap.symbol_name(kind)?);
        self.module_name(name)
    }

    /// A place in a file.
    fn source(&mut self, s: Value) -> Option<()> {
        if s == Value::FALSE {
            self.out.u8(0);
            return Some(());
        }
        if s.as_fixnum().is_none() {
            self.out.u8(2);
            return self.value(s);
        }
        let (file, line, column) = self.engine.sources.unpack(&self.engine.heap, s)?;
        match self.engine.heap.as_string(file).map(ToString::to_string) {
            Some(file) => {
                self.out.u8(1);
                self.name(&file);
            }
            None => self.out.u8(3),
        }
        self.out.signed(line.as_fixnum()?);
        self.out.signed(column.as_fixnum()?);
        Some(())
    }

    /// Ribcages and labels.
    fn internal(&mut self, v: Value) -> Option<()> {
        let heap = &self.engine.heap;
        let slots = heap.slots(v, Tag::Internal)?;
        match heap.aux(v) {
            RIB_FIXED => {
                self.number(v, kind::RIB);
                self.out.u8(1);
                self.out.size(slots.len() / 3);
                for entry in slots.chunks_exact(3) {
                    self.rib_entry(entry[0], entry[1], entry[2])?;
                }
            }
            RIB_OPEN => {
                let entries = heap.list_to_vec(slots[0])?;
                self.number(v, kind::RIB);
                self.out.u8(0);
                self.out.size(entries.len());
                for entry in entries {
                    let &[name, marks, label] = heap.slots(entry, Tag::Vector)? else {
                        return None;
                    };
                    self.rib_entry(name, marks, label)?;
                }
            }
            LABEL => {
                let &[kind, value, _, level] = slots else { return None };
                self.number(v, kind::LABEL);
                self.out.number(kind.as_fixnum()? as u64);
                self.out.number(level.as_fixnum()? as u64);
                // A variable's number means nothing outside of its expansion.
                let value = if value.is_fixnum() { Value::FALSE } else { value };
                self.value(value)?;
            }
            _ => return None,
        }
        Some(())
    }

    fn rib_entry(&mut self, name: Value, marks: Value, label: Value) -> Option<()> {
        self.value(name)?;
        self.marks(marks)?;
        match self.engine.heap.pair(label) {
            Some((tag, id)) => {
                self.out.u8(kind::ALIAS);
                self.tag(tag)?;
                self.value(id)
            }
            None => self.value(label),
        }
    }

    // ----- code

    /// A code object.
    fn code(&mut self, v: Value) -> Option<()> {
        if self.seen_before(v) {
            return Some(());
        }
        let code = self.engine.heap.as_code(v)?;
        let parts = code.parts();
        let details = code.details();
        self.number(v, kind::CODE);
        self.depth += 1;
        if self.depth > DEPTH {
            return None;
        }
        self.out.size(parts.frame_size as usize);
        self.value(details.name)?;
        self.value(details.properties)?;
        self.out.size(details.clauses.len());
        for clause in &details.clauses {
            self.out.number(u64::from(clause.required));
            self.out.number(u64::from(clause.optional));
            let flags =
                [clause.rest, clause.has_keywords, clause.allow_other_keys, clause.ignores_first];
            self.out.u8(flags.iter().rev().fold(0, |bits, &flag| bits << 1 | u8::from(flag)));
            self.out.size(clause.entry);
            for list in [&clause.keywords, &clause.names] {
                self.out.size(list.len());
                list.iter().try_for_each(|&v| self.value(v))?;
            }
        }
        self.out.size(details.late.len());
        for late in &details.late {
            if late.boxed || super::is_stored_body(self.engine, late.form) {
                return None;
            }
            self.out.size(late.pc);
            self.out.size(late.parameters.len());
            late.parameters.iter().for_each(|p| self.out.number(u64::from(p.1)));
            self.out.size(self.first_late + self.late.len());
            let parameters = late.parameters.iter().map(|p| p.0.0).collect();
            self.late.push(Late { record: late.form, parameters });
        }
        self.lines(&parts);
        self.out.size(parts.instructions.len());
        parts.instructions.iter().for_each(|&word| self.out.word(word));
        let uses = uses(&parts.instructions, parts.constants.len())?;
        self.out.size(uses.len());
        for (constant, used) in parts.constants.into_iter().zip(uses) {
            self.out.u8(used as u8);
            match used {
                Use::Value => self.value(constant)?,
                Use::Code => self.code(constant)?,
                Use::Global => self.global(constant)?,
                Use::Define => {
                    let &[module, name, _] = self.engine.heap.slots(constant, Tag::Internal)?
                    else {
                        return None;
                    };
                    self.module(module)?;
                    self.value(name)?;
                }
            }
        }
        self.depth -= 1;
        Some(())
    }

    fn global(&mut self, constant: Value) -> Option<()> {
        let engine = self.engine;
        let heap = &engine.heap;
        if let Some(&[module, name, public]) = heap.slots(constant, Tag::Internal) {
            self.module(module)?;
            self.value(name)?;
            self.out.u8(u8::from(public.is_true()));
            return Some(());
        }
        // Looked up already: a variable of a module that the current one sees.
        let &[_, name, ..] = heap.slots(constant, Tag::Variable)? else { return None };
        let module = [engine.modules.current, engine.modules.guile]
            .into_iter()
            .find(|&module| engine.own_variable(module, name) == Some(constant))?;
        self.module(module)?;
        self.value(name)?;
        self.out.u8(0);
        Some(())
    }

    fn lines(&mut self, parts: &Parts) {
        self.out.size(parts.files.len());
        for file in &parts.files {
            self.name(file);
        }
        self.out.size(parts.lines.len());
        let (mut pc, mut number) = (0, 0);
        for line in &parts.lines {
            self.out.signed(i64::from(line.pc) - pc);
            self.out.signed(i64::from(line.line) - number);
            self.out.number(u64::from(line.column));
            self.out.number(u64::from(line.file.wrapping_add(1)));
            (pc, number) = (i64::from(line.pc), i64::from(line.line));
        }
    }
}

/// The number of data words behind an instruction.
pub(super) fn data_words(word: u64) -> usize {
    if word as u8 == Op::MakeClosure as u8 { op::b(word).div_ceil(4) } else { 0 }
}

/// What each constant is used for; none if one is used in two ways.
pub(super) fn uses(instructions: &[u64], constants: usize) -> Option<Vec<Use>> {
    let mut uses: Vec<Option<Use>> = vec![None; constants];
    let mut at = 0;
    while let Some(&word) = instructions.get(at) {
        at += 1 + data_words(word);
        let operation = *Op::ALL.get(usize::from(word as u8))?;
        let (index, used) = match operation {
            Op::Const | Op::BoxRefChecked => (op::c(word), Use::Value),
            Op::JumpEqConst | Op::JumpNotEqConst => (op::b(word), Use::Value),
            Op::GlobalRef
            | Op::GlobalSet
            | Op::CallGlobal
            | Op::CallGlobalEffect
            | Op::TailCallGlobal => (op::c(word), Use::Global),
            Op::Define => (op::c(word), Use::Define),
            Op::MakeClosure => (op::c(word), Use::Code),
            _ => continue,
        };
        let slot = uses.get_mut(index)?;
        if slot.is_some_and(|other| other != used) {
            return None;
        }
        *slot = Some(used);
    }
    Some(uses.into_iter().map(|used| used.unwrap_or(Use::Value)).collect())
}

/// The source of a place in file `file`.
pub(super) fn packed(file: u32, line: i64, column: i64) -> Option<Value> {
    Some(Sources::pack(file, u32::try_from(line).ok()?, u32::try_from(column).ok()?))
}
