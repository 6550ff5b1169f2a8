// SPDX-License-Identifier: GPL-3.0-or-later
//! Values and code out of bytes, which may be anything: what does not make sense gives nothing.
//!
//! Code objects are made once all of a section has been read and its code has been verified
//! ([`super::verify`]).

use super::bytes::Reader;
use super::encode::{CONSTANTS, DEPTH, Use, kind, packed, uses};
use super::verify;
use super::{Names, StoredBody};
use crate::engine::Engine;
use crate::expand::stored::{self, LABEL, NO_UNIT, RIB_FIXED, RIB_OPEN};
use crate::heap::Tag;
use crate::machine::{ClauseInfo, Code, LateBody, Line, Parts};
use crate::numbers::text;
use crate::tree::Local;
use crate::value::Value;
use rustc_hash::FxHashMap;
use std::rc::Rc;

/// What a numbered object is.
#[derive(Clone, Copy)]
enum Slot {
    Value(Value),
    Code(usize),
    /// It is being read.
    Open,
}

/// A constant of code that is not made yet.
pub(super) enum Constant {
    Value(Value),
    /// The number of a code object.
    Code(usize),
}

/// A code object that is not made yet.
pub(super) struct Raw {
    pub parts: Parts,
    pub name: Value,
    pub properties: Value,
    pub constants: Vec<Constant>,
}

/// A section being read. An open scope keeps alive what it makes.
pub(crate) struct Decoder<'a> {
    pub(crate) engine: &'a mut Engine,
    pub(crate) input: Reader<'a>,
    names: &'a Names,
    initial: Value,
    entry: u32,
    slots: Vec<Slot>,
    raws: Vec<Raw>,
    /// Procedures, and the code that they get.
    closures: Vec<(Value, usize)>,
    tags: FxHashMap<(Value, Vec<Value>), Value>,
    depth: usize,
}

impl<'a> Decoder<'a> {
    pub(super) fn new(
        engine: &'a mut Engine,
        bytes: &'a [u8],
        names: &'a Names,
        initial: Value,
        entry: u32,
    ) -> Decoder<'a> {
        if let Some(entry) = engine.entry_mut(entry) {
            entry.symbols.resize(names.names.len(), Value::FALSE);
        }
        Decoder {
            engine,
            input: Reader::new(bytes),
            names,
            initial,
            entry,
            slots: Vec::new(),
            raws: Vec::new(),
            closures: Vec::new(),
            tags: FxHashMap::default(),
            depth: 0,
        }
    }

    /// Makes the code of what was read. Nothing of it may be used before.
    pub(super) fn finish(self) -> Option<()> {
        let roots: Vec<usize> = self.closures.iter().map(|c| c.1).collect();
        if !verify::all(&self.raws, &roots) {
            return None;
        }
        let heap = &mut self.engine.heap;
        let mut made: Vec<Value> = Vec::with_capacity(self.raws.len());
        for raw in self.raws {
            let mut parts = raw.parts;
            parts.constants = raw
                .constants
                .into_iter()
                .map(|constant| match constant {
                    Constant::Value(value) => Some(value),
                    // A code object's own parts come before it.
                    Constant::Code(n) => made.get(n).copied(),
                })
                .collect::<Option<_>>()?;
            made.push(heap.code(Code::new(parts, raw.name, raw.properties)));
        }
        for (closure, code) in self.closures {
            let code = *made.get(code)?;
            *heap.slots_mut(closure, Tag::Closure)?.first_mut()? = code;
        }
        Some(())
    }

    /// The symbol of a name.
    fn symbol(&mut self) -> Option<Value> {
        let n = self.input.size()?;
        let name = self.names.names.get(n)?;
        let symbol = *self.engine.entry(self.entry)?.symbols.get(n)?;
        if symbol != Value::FALSE {
            return Some(symbol);
        }
        let symbol = self.engine.heap.intern(name);
        *self.engine.entry_mut(self.entry)?.symbols.get_mut(n)? = symbol;
        Some(symbol)
    }

    /// A value that is a symbol.
    pub(super) fn symbol_value(&mut self) -> Option<Value> {
        self.value().filter(|&value| self.engine.heap.is(value, Tag::Symbol))
    }

    fn name(&mut self) -> Option<&'a str> {
        let n = self.input.size()?;
        self.names.names.get(n)
    }

    fn open(&mut self) -> usize {
        self.slots.push(Slot::Open);
        self.slots.len() - 1
    }

    fn close(&mut self, slot: usize, value: Value) -> Option<Value> {
        self.slots[slot] = Slot::Value(value);
        Some(value)
    }

    /// Any value.
    pub(crate) fn value(&mut self) -> Option<Value> {
        self.depth += 1;
        if self.depth > 2 * DEPTH {
            return None;
        }
        let value = self.kind();
        self.depth -= 1;
        value
    }

    fn kind(&mut self) -> Option<Value> {
        match self.input.u8()? {
            kind::FIXNUM => Value::try_fixnum(self.input.signed()?),
            kind::CHAR => char::from_u32(self.input.u32()?).map(Value::char),
            kind::CONSTANT => CONSTANTS.get(usize::from(self.input.u8()?)).copied(),
            kind::REF => match *self.slots.get(self.input.size()?)? {
                Slot::Value(value) => Some(value),
                _ => None,
            },
            kind::SYMBOL => self.symbol(),
            kind::KEYWORD => {
                let name = self.name()?;
                Some(self.engine.heap.keyword(name))
            }
            kind::STRING => {
                let slot = self.open();
                let string = self.engine.heap.string(self.input.text()?);
                self.close(slot, string)
            }
            kind::LIST => {
                let slot = self.open();
                let count = self.input.count()?;
                let elements = (0..count).map(|_| self.value()).collect::<Option<Vec<_>>>()?;
                let tail = self.value()?;
                let list = self.engine.heap.list_with_tail(&elements, tail);
                self.close(slot, list)
            }
            kind::VECTOR => {
                let slot = self.open();
                let count = self.input.count()?;
                let elements = (0..count).map(|_| self.value()).collect::<Option<Vec<_>>>()?;
                let vector = self.engine.heap.vector(&elements);
                self.close(slot, vector)
            }
            kind::BYTES => {
                let slot = self.open();
                let aux = u16::try_from(self.input.number()?).ok()?;
                let bytes = self.input.blob()?.to_vec();
                let size = crate::data::bytes::Element::from_aux(aux).size();
                if bytes.len() % size != 0 {
                    return None;
                }
                let vector = self.engine.heap.bytevector(bytes);
                self.engine.heap.set_aux(vector, aux);
                self.close(slot, vector)
            }
            kind::FLONUM => {
                let slot = self.open();
                let number = self.engine.heap.flonum(f64::from_bits(self.input.word()?));
                self.close(slot, number)
            }
            kind::NUMBER => {
                let slot = self.open();
                let number = text::parse(self.input.text()?, 16).ok()?;
                let number = number.into_value(&mut self.engine.heap);
                self.close(slot, number)
            }
            kind::SYNTAX => {
                let slot = self.open();
                let (e, w, m) = (self.value()?, self.wrap()?, self.tag()?);
                let s = self.source()?;
                let syntax = self.engine.heap.slots_from(Tag::Syntax, &[e, w, m, s]);
                self.close(slot, syntax)
            }
            kind::RIB => self.rib(),
            kind::LABEL => {
                let slot = self.open();
                let number = |n: u64| u32::try_from(n).ok().map(|n| Value::fixnum(i64::from(n)));
                let kind = number(self.input.number()?)?;
                let level = number(self.input.number()?)?;
                let slots = [kind, Value::FALSE, Value::fixnum(NO_UNIT), level];
                let label = self.engine.heap.slots_from(Tag::Internal, &slots);
                self.engine.heap.set_aux(label, LABEL);
                self.close(slot, label)?;
                let value = self.value()?;
                self.engine.heap.slots_mut(label, Tag::Internal)?[1] = value;
                Some(label)
            }
            kind::MODULE => {
                let module = self.module()?;
                self.engine.module(module).is_some().then_some(module)
            }
            kind::CORE => {
                let name = self.symbol()?;
                let variable = self.engine.own_variable(self.engine.modules.guile, name)?;
                self.engine.value_of(variable).ok()?
            }
            kind::CLOSURE => {
                let slot = self.open();
                let closure = self.engine.heap.slots_from(Tag::Closure, &[Value::FALSE]);
                self.close(slot, closure)?;
                let code = self.code()?;
                self.closures.push((closure, code));
                Some(closure)
            }
            kind::RULES_MAKER => stored::the_rules_maker(self.engine).ok(),
            what @ (kind::PATTERN | kind::TEMPLATE | kind::RULES) => {
                let slot = self.open();
                let value = stored::read(self, what)?;
                self.close(slot, value)
            }
            _ => None,
        }
    }

    /// A module, or the name of one that is not there yet.
    pub(crate) fn module(&mut self) -> Option<Value> {
        if self.input.u8()? == 0 {
            return Some(self.initial);
        }
        let parts = self.module_name()?;
        let name = self.engine.heap.list(&parts);
        Some(self.engine.find_module(name).unwrap_or(name))
    }

    fn module_name(&mut self) -> Option<Vec<Value>> {
        let count = self.input.count().filter(|&n| n > 0)?;
        (0..count).map(|_| self.symbol()).collect()
    }

    // ----- syntax

    fn wrap(&mut self) -> Option<Value> {
        let marks = self.marks()?;
        let count = self.input.count()?;
        let mut substs = Vec::with_capacity(count);
        for _ in 0..count {
            substs.push(match self.input.u8()? {
                0 => self.engine.heap.intern("shift"),
                _ => {
                    let rib = self.value()?;
                    let aux = self.engine.heap.aux(rib);
                    if !self.engine.heap.is(rib, Tag::Internal)
                        || !matches!(aux, RIB_FIXED | RIB_OPEN)
                    {
                        return None;
                    }
                    rib
                }
            });
        }
        let substs = self.engine.heap.list(&substs);
        Some(self.engine.heap.cons(marks, substs))
    }

    fn marks(&mut self) -> Option<Value> {
        let count = self.input.count()?;
        let mut marks = Vec::with_capacity(count);
        for _ in 0..count {
            marks.push(match self.input.number()? {
                0 => Value::FALSE,
                1 => self.engine.heap.intern("top"),
                n => {
                    let n = i64::try_from(n).ok()? - 2;
                    // Marks beyond those of the table would be taken for others of this process.
                    if n >= i64::from(self.names.marks.1) {
                        return None;
                    }
                    Value::fixnum(self.names.marks.0 + 1 + n)
                }
            });
        }
        Some(self.engine.heap.list(&marks))
    }

    fn tag(&mut self) -> Option<Value> {
        match self.input.u8()? {
            0 => return Some(Value::FALSE),
            2 => return Some(self.engine.module_tag(self.initial)),
            _ => {}
        }
        let kind = self.symbol()?;
        let parts = self.module_name()?;
        let key = (kind, parts);
        if let Some(&tag) = self.tags.get(&key) {
            return Some(tag);
        }
        let name = self.engine.heap.list(&key.1);
        let hygiene = self.engine.heap.symbol_name(kind) == Some("hygiene");
        let tag = match self.engine.find_module(name) {
            Some(module) if hygiene => self.engine.module_tag(module),
            _ => self.engine.heap.cons(kind, name),
        };
        self.tags.insert(key, tag);
        Some(tag)
    }

    fn source(&mut self) -> Option<Value> {
        let file = match self.input.u8()? {
            0 => return Some(Value::FALSE),
            1 => Some(self.name()?),
            2 => return self.value(),
            _ => None,
        };
        let file = self.engine.sources.file(&mut self.engine.heap, file);
        let (line, column) = (self.input.signed()?, self.input.signed()?);
        packed(file, line, column)
    }

    fn rib(&mut self) -> Option<Value> {
        let slot = self.open();
        let fixed = self.input.u8()? == 1;
        let count = self.input.count()?;
        let fill = if fixed { Value::FALSE } else { Value::NULL };
        let length = if fixed { count * 3 } else { 1 };
        let rib = self.engine.heap.make_slots(Tag::Internal, length, fill);
        self.engine.heap.set_aux(rib, if fixed { RIB_FIXED } else { RIB_OPEN });
        self.engine.heap.keep(rib);
        self.close(slot, rib)?;
        let mut entries = Vec::with_capacity(count);
        for n in 0..count {
            let (name, marks) = (self.value()?, self.marks()?);
            let label = self.label()?;
            if fixed {
                let slots = self.engine.heap.slots_mut(rib, Tag::Internal)?;
                slots.get_mut(n * 3..n * 3 + 3)?.copy_from_slice(&[name, marks, label]);
            } else {
                entries.push(self.engine.heap.vector(&[name, marks, label]));
            }
        }
        if !fixed {
            let entries = self.engine.heap.list(&entries);
            self.engine.heap.slots_mut(rib, Tag::Internal)?[0] = entries;
        }
        Some(rib)
    }

    fn label(&mut self) -> Option<Value> {
        if self.input.clone().u8()? == kind::ALIAS {
            self.input.u8()?;
            let (tag, id) = (self.tag()?, self.value()?);
            if !self.engine.heap.is(id, Tag::Syntax) {
                return None;
            }
            return Some(self.engine.heap.cons(tag, id));
        }
        let label = self.value()?;
        let heap = &self.engine.heap;
        (heap.is(label, Tag::Internal) && heap.aux(label) == LABEL).then_some(label)
    }

    // ----- code

    /// The number of a code object.
    fn code(&mut self) -> Option<usize> {
        match self.input.u8()? {
            kind::REF => match *self.slots.get(self.input.size()?)? {
                Slot::Code(n) => Some(n),
                _ => None,
            },
            kind::CODE => {
                let slot = self.open();
                self.depth += 1;
                if self.depth > 2 * DEPTH {
                    return None;
                }
                let raw = self.raw()?;
                self.depth -= 1;
                self.raws.push(raw);
                self.slots[slot] = Slot::Code(self.raws.len() - 1);
                Some(self.raws.len() - 1)
            }
            _ => None,
        }
    }

    fn raw(&mut self) -> Option<Raw> {
        let frame_size = self.input.u32()?;
        let (name, properties) = (self.value()?, self.value()?);
        let count = self.input.count()?;
        let mut clauses = Vec::with_capacity(count);
        for _ in 0..count {
            let (required, optional) = (self.input.u32()?, self.input.u32()?);
            let flags = self.input.u8()?;
            let entry = self.input.size()?;
            let (keywords, names) = (self.values()?, self.values()?);
            clauses.push(ClauseInfo {
                required,
                optional,
                rest: flags & 1 != 0,
                has_keywords: flags & 2 != 0,
                allow_other_keys: flags & 4 != 0,
                ignores_first: flags & 8 != 0,
                keywords,
                names,
                entry,
            });
        }
        let late = self.late()?;
        let (files, lines) = self.lines()?;
        let count = self.input.count()?;
        let words = self.input.take(count.checked_mul(8)?)?;
        let instructions: Vec<u64> =
            words.as_chunks::<8>().0.iter().map(|&word| u64::from_le_bytes(word)).collect();
        let constants = self.constants(&instructions)?;
        let parts =
            Parts { instructions, constants: Vec::new(), frame_size, clauses, lines, files, late };
        Some(Raw { parts, name, properties, constants })
    }

    fn values(&mut self) -> Option<Vec<Value>> {
        let count = self.input.count()?;
        (0..count).map(|_| self.value()).collect()
    }

    fn late(&mut self) -> Option<Vec<LateBody>> {
        let count = self.input.count()?;
        let mut bodies = Vec::with_capacity(count);
        for _ in 0..count {
            let pc = self.input.size()?;
            let parameters = self.input.count()?;
            let parameters = (0..parameters)
                .map(|n| Some((Local(n as u32), u16::try_from(self.input.number()?).ok()?)))
                .collect::<Option<_>>()?;
            let number = self.input.u32()?;
            let form = self.engine.heap.foreign(StoredBody { entry: self.entry, number });
            bodies.push(LateBody { form, pc, parameters, boxed: false });
        }
        Some(bodies)
    }

    fn lines(&mut self) -> Option<(Vec<Rc<str>>, Vec<Line>)> {
        let count = self.input.count()?;
        let mut files = Vec::with_capacity(count);
        for _ in 0..count {
            let name = self.name()?;
            files.push(self.engine.sources.shared_name(&mut self.engine.heap, name));
        }
        let count = self.input.count()?;
        let mut lines = Vec::with_capacity(count);
        let (mut pc, mut number) = (0i64, 0i64);
        for _ in 0..count {
            pc = pc.checked_add(self.input.signed()?)?;
            number = number.checked_add(self.input.signed()?)?;
            let column = u16::try_from(self.input.number()?).ok()?;
            let file = u16::try_from(self.input.number()?).ok()?.wrapping_sub(1);
            let (pc, line) = (u32::try_from(pc).ok()?, u32::try_from(number).ok()?);
            lines.push(Line { pc, file, column, line });
        }
        Some((files, lines))
    }

    fn constants(&mut self, instructions: &[u64]) -> Option<Vec<Constant>> {
        let count = self.input.count()?;
        let uses = uses(instructions, count)?;
        let mut constants = Vec::with_capacity(count);
        for used in uses {
            if self.input.u8()? != used as u8 {
                return None;
            }
            constants.push(match used {
                Use::Value => Constant::Value(self.value()?),
                Use::Code => Constant::Code(self.code()?),
                Use::Global | Use::Define => {
                    let (module, name) = (self.module()?, self.value()?);
                    let public = used == Use::Global && self.input.u8()? == 1;
                    let heap = &mut self.engine.heap;
                    heap.symbol_name(name)?;
                    let slots = [module, name, Value::bool(public)];
                    Constant::Value(heap.slots_from(Tag::Internal, &slots))
                }
            });
        }
        Some(constants)
    }
}
