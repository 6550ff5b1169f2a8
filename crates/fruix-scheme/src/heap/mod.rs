// SPDX-License-Identifier: GPL-3.0-or-later
//! The heap: allocation, typed access to what values point to, and the collector.
//!
//! The collector ([`collect`]) is a precise, non-moving, generational mark and sweep one. **It runs only at the
//! machine's safe points** (before an instruction that allocates, before a call of a native), never inside
//! an allocation. So native code may hold values in Rust variables freely, as long as it does not
//! run Scheme meanwhile. Native code that does (the expander calls macro transformers) opens a
//! *scope* ([`Heap::open_scope`]): until it is closed, all that native code allocates, and
//! all that it [`Heap::keep`]s, stays alive.
//!
//! Typed accessors check the tag and give `None` for a value of another type.

mod blocks;
mod collect;
mod object;

pub use collect::Tracer;
pub use object::{Foreign, Header, Symbol, Tag};

use crate::machine::Code;
use crate::native::Native;
use crate::numbers::object::Number;
use crate::string::SchemeString;
use crate::value::Value;
use blocks::Blocks;
use collect::Pace;
use object::Object;
use rustc_hash::FxHashMap;
use std::any::Any;

/// All objects of one engine.
pub struct Heap {
    blocks: Blocks,
    symbols: FxHashMap<Box<str>, Value>,
    /// Bytes allocated since the last collection.
    allocated: usize,
    threshold: usize,
    pace: Pace,
    /// Old objects that have been changed since the last collection.
    remembered: Vec<Value>,
    /// Interned since the last collection.
    new_symbols: Vec<Value>,
    /// Values kept alive by open scopes.
    scoped: Vec<Value>,
    /// Whether allocations are added to `scoped`.
    recording: bool,
    gensyms: u64,
}

/// A mark of [`Heap::open_scope`], to be given back to [`Heap::close_scope`].
#[must_use]
pub struct Scope {
    depth: usize,
    recording: bool,
}

impl Default for Heap {
    fn default() -> Heap {
        Heap::new()
    }
}

impl Heap {
    /// An empty heap.
    pub fn new() -> Heap {
        Heap {
            blocks: Blocks::new(),
            symbols: FxHashMap::default(),
            allocated: 0,
            threshold: collect::NURSERY,
            pace: Pace::default(),
            remembered: Vec::new(),
            new_symbols: Vec::new(),
            scoped: Vec::new(),
            recording: false,
            gensyms: 0,
        }
    }

    // ----- scopes

    /// Starts to keep alive all that native code allocates.
    pub fn open_scope(&mut self) -> Scope {
        let scope = Scope { depth: self.scoped.len(), recording: self.recording };
        self.recording = true;
        scope
    }

    /// Ends a scope. Scopes are closed in the reverse order of their opening.
    pub fn close_scope(&mut self, scope: Scope) {
        self.scoped.truncate(scope.depth);
        self.recording = scope.recording;
    }

    /// Keeps `value` alive until the innermost open scope is closed.
    pub fn keep(&mut self, value: Value) -> Value {
        if self.recording && !value.is_immediate() && !value.is_fixnum() {
            self.scoped.push(value);
        }
        value
    }

    /// Stops recording while the machine runs Scheme for native code; returns what to give to
    /// [`Heap::resume_recording`].
    pub(crate) fn pause_recording(&mut self) -> bool {
        std::mem::replace(&mut self.recording, false)
    }

    pub(crate) fn resume_recording(&mut self, recording: bool) {
        self.recording = recording;
    }

    // ----- allocation

    /// A new pair.
    #[inline(always)]
    pub fn cons(&mut self, car: Value, cdr: Value) -> Value {
        let cell = self.blocks.pair().cast::<Value>();
        // SAFETY: a pair cell is two words, ours and unused.
        unsafe {
            cell.write(car);
            cell.add(1).write(cdr);
        }
        self.allocated += 16;
        self.record(Value::from_pair(cell.expose_provenance()))
    }

    #[inline(always)]
    fn record(&mut self, value: Value) -> Value {
        if self.recording {
            self.scoped.push(value);
        }
        value
    }

    #[inline]
    fn object<T>(&mut self, tag: Tag, body: T) -> Value {
        const { assert!(align_of::<T>() <= 8) };
        let size = size_of::<Object<T>>();
        let (cell, large) = self.blocks.object(size, tag.drops());
        let cell = cell.cast::<Object<T>>();
        let header = Header::new(tag, 0).with_large(large);
        // SAFETY: the cell has room for the object and is unused.
        unsafe { cell.write(Object { header, body }) };
        self.allocated += size;
        self.record(Value::from_object(cell.expose_provenance()))
    }

    /// A new object of a slots tag, every slot `fill`.
    #[inline]
    pub fn make_slots(&mut self, tag: Tag, len: usize, fill: Value) -> Value {
        assert!(tag.is_slots() && len <= u32::MAX as usize);
        let size = 8 + len * 8;
        let (cell, large) = self.blocks.object(size, false);
        // SAFETY: the cell has room for the header and `len` values.
        unsafe {
            cell.cast::<Header>().write(Header::new(tag, len as u32).with_large(large));
            let slots = cell.add(8).cast::<Value>();
            for i in 0..len {
                slots.add(i).write(fill);
            }
        }
        self.allocated += size;
        self.record(Value::from_object(cell.expose_provenance()))
    }

    /// A new object of a slots tag with these slots.
    #[inline]
    pub fn slots_from(&mut self, tag: Tag, slots: &[Value]) -> Value {
        let object = self.make_slots(tag, slots.len(), Value::FALSE);
        self.slots_mut(object, tag).expect("it has this tag").copy_from_slice(slots);
        object
    }

    /// A new vector.
    pub fn vector(&mut self, elements: &[Value]) -> Value {
        self.slots_from(Tag::Vector, elements)
    }

    /// A list of these elements, ending in `tail`.
    pub fn list_with_tail(&mut self, elements: &[Value], tail: Value) -> Value {
        elements.iter().rev().fold(tail, |rest, &x| self.cons(x, rest))
    }

    /// A proper list of these elements.
    pub fn list(&mut self, elements: &[Value]) -> Value {
        self.list_with_tail(elements, Value::NULL)
    }

    /// A new inexact number.
    #[inline]
    pub fn flonum(&mut self, x: f64) -> Value {
        self.object(Tag::Flonum, x)
    }

    /// A number object; the caller has made sure that it is not a fixnum (see `crate::numbers::object`).
    pub fn number_object(&mut self, number: Number) -> Value {
        self.object(Tag::Number, number)
    }

    /// A new mutable string.
    pub fn string(&mut self, text: &str) -> Value {
        self.string_object(SchemeString::from(text))
    }

    /// A new string with this content.
    pub fn string_object(&mut self, string: SchemeString) -> Value {
        self.allocated += string.size();
        self.object(Tag::String, string)
    }

    /// A new bytevector.
    pub fn bytevector(&mut self, bytes: Vec<u8>) -> Value {
        self.allocated += bytes.len();
        self.object(Tag::Bytevector, bytes)
    }

    /// The symbol of this name.
    pub fn intern(&mut self, name: &str) -> Value {
        if let Some(&symbol) = self.symbols.get(name) {
            return symbol;
        }
        let body = Symbol { name: name.into(), hash: hash_name(name), interned: true };
        let symbol = self.object(Tag::Symbol, body);
        self.symbols.insert(name.into(), symbol);
        self.new_symbols.push(symbol);
        symbol
    }

    /// The symbol of this name if it has been interned before.
    pub fn find_symbol(&self, name: &str) -> Option<Value> {
        self.symbols.get(name).copied()
    }

    /// A new symbol that is `eq?` to no other.
    pub fn uninterned_symbol(&mut self, name: &str) -> Value {
        self.object(
            Tag::Symbol,
            Symbol { name: name.into(), hash: hash_name(name), interned: false },
        )
    }

    /// A number that no earlier call gave, for generated names.
    pub fn next_gensym(&mut self) -> u64 {
        self.gensyms += 1;
        self.gensyms
    }

    /// The keyword `#:name`.
    pub fn keyword(&mut self, name: &str) -> Value {
        // Keywords are unique for each name: they live in the table under a name no symbol has.
        let key = format!("\0keyword {name}");
        if let Some(&keyword) = self.symbols.get(key.as_str()) {
            return keyword;
        }
        let symbol = self.intern(name);
        let keyword = self.slots_from(Tag::Keyword, &[symbol]);
        self.symbols.insert(key.into(), keyword);
        self.new_symbols.push(keyword);
        keyword
    }

    /// A native procedure as a value.
    pub fn native(&mut self, native: &'static Native) -> Value {
        self.object(Tag::Native, native)
    }

    /// A code object.
    pub fn code(&mut self, code: Code) -> Value {
        self.allocated += size_of::<Code>() + code.len() * 8;
        self.object(Tag::Code, code)
    }

    /// A Rust value as an object.
    pub fn foreign<T: Foreign>(&mut self, value: T) -> Value {
        self.allocated += size_of::<T>();
        self.object::<Box<dyn Foreign>>(Tag::Foreign, Box::new(value))
    }

    /// Counts memory that an object has come to own outside of the heap, so that collections keep
    /// pace with it.
    pub fn note_external(&mut self, bytes: usize) {
        self.allocated += bytes;
    }

    // ----- access

    /// The pair's first half.
    ///
    /// # Panics
    /// If `pair` is not a pair.
    #[inline(always)]
    pub fn car(&self, pair: Value) -> Value {
        assert!(pair.is_pair());
        // SAFETY: a live pair's first word.
        unsafe { *std::ptr::with_exposed_provenance::<Value>(pair.address()) }
    }

    /// The pair's second half.
    ///
    /// # Panics
    /// If `pair` is not a pair.
    #[inline(always)]
    pub fn cdr(&self, pair: Value) -> Value {
        assert!(pair.is_pair());
        // SAFETY: a live pair's second word.
        unsafe { *std::ptr::with_exposed_provenance::<Value>(pair.address()).add(1) }
    }

    /// Both halves, if `value` is a pair.
    #[inline(always)]
    pub fn pair(&self, value: Value) -> Option<(Value, Value)> {
        if value.is_pair() { Some((self.car(value), self.cdr(value))) } else { None }
    }

    /// Replaces the pair's first half.
    ///
    /// # Panics
    /// If `pair` is not a pair.
    #[inline(always)]
    pub fn set_car(&mut self, pair: Value, car: Value) {
        assert!(pair.is_pair());
        self.touch_for(pair, car);
        // SAFETY: a live pair's first word.
        unsafe { *std::ptr::with_exposed_provenance_mut::<Value>(pair.address()) = car };
    }

    /// Replaces the pair's second half.
    ///
    /// # Panics
    /// If `pair` is not a pair.
    #[inline(always)]
    pub fn set_cdr(&mut self, pair: Value, cdr: Value) {
        assert!(pair.is_pair());
        self.touch_for(pair, cdr);
        // SAFETY: a live pair's second word.
        unsafe { *std::ptr::with_exposed_provenance_mut::<Value>(pair.address()).add(1) = cdr };
    }

    #[inline(always)]
    fn header(&self, value: Value) -> Option<&Header> {
        if !value.is_object() {
            return None;
        }
        // SAFETY: object pointers point to live, initialised objects.
        Some(unsafe { &*std::ptr::with_exposed_provenance::<Header>(value.address()) })
    }

    /// The object's kind; `None` for pairs and immediates.
    #[inline(always)]
    pub fn tag(&self, value: Value) -> Option<Tag> {
        self.header(value).map(Header::tag)
    }

    /// Whether `value` is an object of this kind.
    #[inline(always)]
    pub fn is(&self, value: Value, tag: Tag) -> bool {
        self.tag(value) == Some(tag)
    }

    /// The object's 16 spare header bits (0 for what is no object).
    #[inline]
    pub fn aux(&self, value: Value) -> u16 {
        self.header(value).map_or(0, |h| h.aux)
    }

    /// Sets the object's 16 spare header bits.
    ///
    /// # Panics
    /// If `value` is not an object.
    pub fn set_aux(&mut self, value: Value, aux: u16) {
        assert!(value.is_object());
        // SAFETY: object pointers point to live, initialised objects.
        unsafe { (*std::ptr::with_exposed_provenance_mut::<Header>(value.address())).aux = aux };
    }

    /// The slots of an object of kind `tag`.
    #[inline(always)]
    pub fn slots(&self, value: Value, tag: Tag) -> Option<&[Value]> {
        let header = self.header(value)?;
        if header.tag() != tag || !tag.is_slots() {
            return None;
        }
        // SAFETY: a slots object's header is followed by `len` values.
        Some(unsafe {
            let slots = std::ptr::with_exposed_provenance::<Value>(value.address() + 8);
            std::slice::from_raw_parts(slots, header.len as usize)
        })
    }

    /// The slots of an object of kind `tag`, to be changed.
    #[inline(always)]
    pub fn slots_mut(&mut self, value: Value, tag: Tag) -> Option<&mut [Value]> {
        let header = self.header(value)?;
        if header.tag() != tag || !tag.is_slots() {
            return None;
        }
        let len = header.len as usize;
        self.touch(value);
        // SAFETY: as in `slots`; `&mut self` excludes other references into the heap.
        Some(unsafe {
            let slots = std::ptr::with_exposed_provenance_mut::<Value>(value.address() + 8);
            std::slice::from_raw_parts_mut(slots, len)
        })
    }

    #[inline(always)]
    fn body<T>(&self, value: Value, tag: Tag) -> Option<&T> {
        if self.tag(value)? != tag {
            return None;
        }
        // SAFETY: private; each caller pairs the tag with its body's type.
        Some(unsafe { &(*std::ptr::with_exposed_provenance::<Object<T>>(value.address())).body })
    }

    #[inline(always)]
    fn body_mut<T>(&mut self, value: Value, tag: Tag) -> Option<&mut T> {
        if self.tag(value)? != tag {
            return None;
        }
        // SAFETY: as in `body`; `&mut self` excludes other references into the heap.
        Some(unsafe {
            &mut (*std::ptr::with_exposed_provenance_mut::<Object<T>>(value.address())).body
        })
    }

    /// The double in a flonum.
    #[inline(always)]
    pub fn as_flonum(&self, value: Value) -> Option<f64> {
        self.body::<f64>(value, Tag::Flonum).copied()
    }

    /// A big integer, fraction or complex number.
    pub fn as_number_object(&self, value: Value) -> Option<&Number> {
        self.body(value, Tag::Number)
    }

    /// The content of a string.
    #[inline]
    pub fn as_string(&self, value: Value) -> Option<&SchemeString> {
        self.body(value, Tag::String)
    }

    /// The content of a string, to be changed.
    pub fn as_string_mut(&mut self, value: Value) -> Option<&mut SchemeString> {
        self.body_mut(value, Tag::String)
    }

    /// The symbol's body.
    #[inline]
    pub fn as_symbol(&self, value: Value) -> Option<&Symbol> {
        self.body(value, Tag::Symbol)
    }

    /// The symbol's name.
    #[inline]
    pub fn symbol_name(&self, value: Value) -> Option<&str> {
        self.as_symbol(value).map(|s| &*s.name)
    }

    /// The keyword's symbol.
    pub fn keyword_symbol(&self, value: Value) -> Option<Value> {
        self.slots(value, Tag::Keyword).map(|slots| slots[0])
    }

    /// The bytes of a bytevector.
    #[inline]
    pub fn as_bytes(&self, value: Value) -> Option<&Vec<u8>> {
        self.body(value, Tag::Bytevector)
    }

    /// The bytes of a bytevector, to be changed.
    #[inline]
    pub fn as_bytes_mut(&mut self, value: Value) -> Option<&mut Vec<u8>> {
        self.body_mut(value, Tag::Bytevector)
    }

    /// The native procedure.
    #[inline(always)]
    pub fn as_native(&self, value: Value) -> Option<&'static Native> {
        self.body::<&'static Native>(value, Tag::Native).copied()
    }

    /// The code object.
    #[inline(always)]
    pub fn as_code(&self, value: Value) -> Option<&Code> {
        self.body(value, Tag::Code)
    }

    /// The code object, to be changed.
    pub(crate) fn as_code_mut(&mut self, value: Value) -> Option<&mut Code> {
        self.touch(value);
        self.body_mut(value, Tag::Code)
    }

    /// A closure's code object.
    #[inline(always)]
    pub fn closure_code(&self, value: Value) -> Option<&Code> {
        self.as_code(*self.slots(value, Tag::Closure)?.first()?)
    }

    /// The Rust value behind a foreign object, if it is a `T`.
    #[inline]
    pub fn as_foreign<T: Foreign>(&self, value: Value) -> Option<&T> {
        let body: &dyn Any = self.any_foreign(value)?;
        body.downcast_ref()
    }

    /// The Rust value behind a foreign object, if it is a `T`, to be changed.
    #[inline]
    pub fn as_foreign_mut<T: Foreign>(&mut self, value: Value) -> Option<&mut T> {
        self.touch(value);
        let body = self.body_mut::<Box<dyn Foreign>>(value, Tag::Foreign)?;
        let body: &mut dyn Any = &mut **body;
        body.downcast_mut()
    }

    /// The Rust value behind a foreign object of whatever type.
    pub fn any_foreign(&self, value: Value) -> Option<&dyn Foreign> {
        self.body::<Box<dyn Foreign>>(value, Tag::Foreign).map(|body| &**body)
    }

    /// The elements of a proper list; `None` if `list` is improper or circular.
    pub fn list_to_vec(&self, list: Value) -> Option<Vec<Value>> {
        let mut elements = Vec::new();
        let (mut rest, mut slow) = (list, list);
        while let Some((car, cdr)) = self.pair(rest) {
            elements.push(car);
            rest = cdr;
            if elements.len().is_multiple_of(2) {
                slow = self.cdr(slow);
                if slow == rest && rest.is_pair() {
                    return None;
                }
            }
        }
        rest.is_null().then_some(elements)
    }
}

/// A hash of a symbol's name that does not change between runs (FNV-1a).
fn hash_name(name: &str) -> u64 {
    name.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reachable_values_survive_and_the_rest_is_reused() {
        let mut heap = Heap::new();
        let name = heap.string("kept");
        let list = heap.list(&[Value::fixnum(1), name, Value::TRUE]);
        for i in 0..10_000 {
            heap.cons(Value::fixnum(i), Value::NULL);
            heap.string("garbage");
        }
        let before = heap.collect(true, |t| t.visit(list));
        assert_eq!(heap.list_to_vec(list).map(|v| v.len()), Some(3));
        assert_eq!(heap.as_string(name).map(ToString::to_string).as_deref(), Some("kept"));
        let after = heap.collect(true, |t| t.visit(list));
        assert_eq!(before, after);
    }

    #[test]
    fn a_scope_keeps_what_is_allocated_in_it() {
        let mut heap = Heap::new();
        let scope = heap.open_scope();
        let pair = heap.cons(Value::TRUE, Value::NULL);
        heap.collect(true, |_| {});
        assert_eq!(heap.car(pair), Value::TRUE);
        heap.close_scope(scope);
    }

    /// Not a test of ours but of `tests/asan`, which wants AddressSanitizer to complain.
    #[test]
    #[ignore = "touches dead objects"]
    fn dead_pairs_are_noticed() {
        let mut heap = Heap::new();
        let pair = heap.cons(Value::TRUE, Value::NULL);
        heap.collect(true, |_| {});
        assert_eq!(heap.car(pair), Value::TRUE);
    }

    /// As above.
    #[test]
    #[ignore = "touches dead objects"]
    fn dead_objects_are_noticed() {
        let mut heap = Heap::new();
        let vector = heap.vector(&[Value::TRUE]);
        heap.collect(true, |_| {});
        assert_eq!(heap.slots(vector, Tag::Vector), Some(&[Value::TRUE][..]));
    }

    #[test]
    fn circular_and_improper_lists_are_no_lists() {
        let mut heap = Heap::new();
        let list = heap.list(&[Value::TRUE, Value::TRUE, Value::TRUE]);
        let last = heap.cdr(heap.cdr(list));
        heap.set_cdr(last, list);
        assert_eq!(heap.list_to_vec(list), None);
        heap.set_cdr(last, Value::TRUE);
        assert_eq!(heap.list_to_vec(list), None);
    }
}
