// SPDX-License-Identifier: GPL-3.0-or-later
//! What lies behind an object pointer: a one-word header, then a body that the header's tag names.
//!
//! Bodies are of two kinds: a row of values (`Tag::is_slots`), whose length is in the header, or one
//! Rust value, dropped when the object dies.

use super::Tracer;
use crate::engine::Engine;
use crate::machine::Code;
use crate::numbers::object::Number;
use crate::string::SchemeString;
use crate::value::Value;
use std::any::Any;

/// What kind of object a header starts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Tag {
    /// A cell on a free list.
    Free = 0,
    /// Slots: the elements.
    Vector,
    /// Slots: the code object, then the values of the free variables.
    Closure,
    /// Slots: the value of an assigned local variable.
    Box,
    /// Slots: value (or `UNBOUND`), name. A module's variable.
    Variable,
    /// Slots: vtable, then the fields. Guile's structs, of which records are one use.
    Struct,
    /// Slots: expression, wrap, module, source. A syntax object.
    Syntax,
    /// Slots: the symbol.
    Keyword,
    /// Slots: current value, default.
    Fluid,
    /// Slots: as `(ice-9 boot promises)` lays them out.
    Promise,
    /// Slots: name, type (a symbol), binding (transformer or core form's name), module. A syntax
    /// transformer as a first-class value (`make-syntax-transformer`).
    Macro,
    /// Slots: the fluid, the converter.
    Parameter,
    /// Slots: free for the machine's own bookkeeping objects; aux tells them apart.
    Internal,
    /// Body: `f64`.
    Flonum,
    /// Body: [`Number`]: what is neither fixnum nor flonum.
    Number,
    /// Body: [`SchemeString`].
    String,
    /// Body: [`Symbol`].
    Symbol,
    /// Body: `Vec<u8>`; aux is the element type of a uniform vector (0: plain bytevector).
    Bytevector,
    /// Body: [`crate::native::Native`].
    Native,
    /// Body: `Box<dyn Foreign>`: hash tables, ports, modules, continuations, ….
    Foreign,
    /// Body: [`Code`]: what closures share.
    Code,
}

impl Tag {
    /// Whether the body is a row of values.
    #[inline(always)]
    pub const fn is_slots(self) -> bool {
        (self as u8) >= Tag::Vector as u8 && (self as u8) <= Tag::Internal as u8
    }

    /// Whether the body has to be dropped when the object dies.
    #[inline(always)]
    pub(super) const fn drops(self) -> bool {
        !self.is_slots() && !matches!(self, Tag::Free | Tag::Flonum | Tag::Native)
    }
}

/// The first word of every object.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
pub struct Header {
    tag: Tag,
    /// Whether it has an allocation of its own; with its mark in the next bit, and then whether it is remembered.
    large: u8,
    /// What the tag makes of it: flags, an element type.
    pub(crate) aux: u16,
    /// Number of slots, for bodies that are slots.
    pub(crate) len: u32,
}

impl Header {
    #[inline(always)]
    pub(super) const fn new(tag: Tag, len: u32) -> Header {
        Header { tag, large: 0, aux: 0, len }
    }

    #[inline(always)]
    pub(super) const fn with_large(mut self, large: bool) -> Header {
        self.large = large as u8;
        self
    }

    /// The object's kind.
    #[inline(always)]
    pub fn tag(&self) -> Tag {
        self.tag
    }

    #[inline(always)]
    pub(super) fn is_large(&self) -> bool {
        self.large != 0
    }

    /// Sets the mark of a large object; says whether it was unset.
    #[inline(always)]
    pub(super) fn set_mark(&mut self) -> bool {
        let unset = self.large & 2 == 0;
        self.large |= 2;
        unset
    }

    #[inline(always)]
    pub(super) fn unset_mark(&mut self) {
        self.large &= !2;
    }

    /// If a large object is marked, notes that it is remembered; says whether that is new.
    #[inline(always)]
    pub(super) fn set_dirty(&mut self) -> bool {
        let first = self.large & 6 == 2;
        self.large |= (first as u8) << 2;
        first
    }

    #[inline(always)]
    pub(super) fn unset_dirty(&mut self) {
        self.large &= !4;
    }

    #[inline(always)]
    pub(super) fn is_marked(&self) -> bool {
        self.large & 2 != 0
    }
}

/// A header and its body.
#[repr(C)]
pub(super) struct Object<T> {
    pub(super) header: Header,
    pub(super) body: T,
}

/// A Rust value that lives in the heap: hash table, port, module, code object, ….
pub trait Foreign: Any {
    /// What `write` shows (`#<NAME …>`) and type errors say.
    fn type_name(&self) -> &'static str;
    /// The whole `#<…>` form, where the type's name and the address are not enough.
    fn describe(&self, engine: &Engine, value: Value) -> Option<String> {
        let _ = (engine, value);
        None
    }
    /// Reports every value that this one keeps alive to `tracer`.
    fn trace(&self, tracer: &mut Tracer);
    /// Whether [`Foreign::forget_dead`] has to be called after each marking.
    fn is_weak(&self) -> bool {
        false
    }
    /// Drops the entries whose weakly held values are dead, as `is_live` tells.
    fn forget_dead(&mut self, is_live: &dyn Fn(Value) -> bool) {
        let _ = is_live;
    }
}

/// The body of a symbol.
pub struct Symbol {
    /// The name's text.
    pub name: Box<str>,
    /// A hash of the name, the same in every run.
    pub hash: u64,
    /// Whether `string->symbol` of the name gives this symbol.
    pub interned: bool,
}

/// Drops the body of a dead object.
///
/// # Safety
/// `header` starts an initialised object of this heap which is not used afterwards.
pub(super) unsafe fn drop_body(header: *mut Header) {
    // SAFETY: the tag says which type the body has; by contract it is dropped only once.
    unsafe {
        match (*header).tag {
            Tag::Number => std::ptr::drop_in_place(&mut (*header.cast::<Object<Number>>()).body),
            Tag::String => {
                std::ptr::drop_in_place(&mut (*header.cast::<Object<SchemeString>>()).body)
            }
            Tag::Symbol => std::ptr::drop_in_place(&mut (*header.cast::<Object<Symbol>>()).body),
            Tag::Bytevector => {
                std::ptr::drop_in_place(&mut (*header.cast::<Object<Vec<u8>>>()).body)
            }
            Tag::Foreign => {
                std::ptr::drop_in_place(&mut (*header.cast::<Object<Box<dyn Foreign>>>()).body)
            }
            Tag::Code => std::ptr::drop_in_place(&mut (*header.cast::<Object<Code>>()).body),
            _ => {}
        }
    }
}
