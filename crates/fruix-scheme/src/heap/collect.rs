// SPDX-License-Identifier: GPL-3.0-or-later
//! The collector: marks what is reachable, in generations.
//!
//! Objects that have survived a collection are *old*, and their marks stay. A *young* collection
//! takes every old object for alive and looks at the new ones only: from the roots, and from
//! the old objects that have been changed since (the *remembered* ones), which alone can point to new
//! ones. Whoever stores a value into an object that may be old calls [`Heap::touch`] first; the
//! accessors for changing (`set_car`, `slots_mut`, `as_foreign_mut`, …) do. When what
//! survives has grown by half since, a *whole* collection unsets all marks and starts from nothing.

use super::Heap;
use super::blocks;
use super::object::{Foreign, Header, Object, Tag};
use crate::machine::Code;
use crate::string::SchemeString;
use crate::value::Value;

/// Bytes that are allocated between collections.
pub(super) const NURSERY: usize = 64 << 20;
/// In the test mode, one in so many collections is a whole one.
const WHOLE_OF: u64 = 16;

/// When to collect, and what.
#[derive(Default)]
pub(super) struct Pace {
    /// Bytes taken to be alive.
    live: usize,
    /// With so many of them the next collection is a whole one.
    whole_at: usize,
    /// The bytes after which a collection is wanted, if set (a test mode).
    interval: Option<usize>,
    collections: u64,
}

impl Heap {
    /// Whether the machine should collect at its next safe point.
    #[inline(always)]
    pub fn wants_collection(&self) -> bool {
        self.allocated >= self.threshold
    }

    /// Makes every safe point collect that follows an allocation of `bytes` bytes (0: every one): a test
    /// mode that finds values missing from the roots, and changes that were not noted. `None` ends it.
    pub fn set_stress(&mut self, bytes: Option<usize>) {
        self.pace.interval = bytes;
        self.threshold = bytes.unwrap_or(NURSERY);
    }

    /// How many collections there have been.
    pub fn collections(&self) -> u64 {
        self.pace.collections
    }

    /// Notes that `object`, a pair or another object, is about to be changed.
    #[inline(always)]
    pub(crate) fn touch(&mut self, object: Value) {
        // SAFETY: such values point to live cells of this heap.
        let first = unsafe {
            if object.is_pair() {
                blocks::set_dirty(object.address())
            } else if object.is_object() {
                let header = header_of(object);
                if (*header).is_large() {
                    (*header).set_dirty()
                } else {
                    blocks::set_dirty(object.address())
                }
            } else {
                false
            }
        };
        if first {
            self.remember(object);
        }
    }

    /// Notes that `object` will hold `value`.
    #[inline(always)]
    pub(crate) fn touch_for(&mut self, object: Value, value: Value) {
        if value.is_pair() || value.is_object() {
            self.touch(object);
        }
    }

    #[cold]
    fn remember(&mut self, object: Value) {
        self.remembered.push(object);
    }

    /// Frees all that is not reachable from what `roots` reports, from interned symbols and from
    /// open scopes. Returns the bytes that stay in use.
    #[cfg(test)]
    pub(crate) fn collect(&mut self, whole: bool, roots: impl FnOnce(&mut Tracer)) -> usize {
        self.mark(whole, roots);
        self.sweep()
    }

    /// Whether the next collection should be a whole one.
    pub(crate) fn wants_whole_collection(&self) -> bool {
        match self.pace.interval {
            Some(_) => self.pace.collections.is_multiple_of(WHOLE_OF),
            None => self.pace.live >= self.pace.whole_at,
        }
    }

    /// The first half of a collection, a whole or a young one: finds what is alive. [`Heap::sweep`] has
    /// to follow; in between [`Heap::is_live`] tells.
    pub(crate) fn mark(&mut self, whole: bool, roots: impl FnOnce(&mut Tracer)) {
        let mut tracer = Tracer { pending: Vec::new(), weak: Vec::new(), live: 0 };
        if whole {
            self.blocks.unmark();
        }
        for object in std::mem::take(&mut self.remembered) {
            unset_dirty(object);
            if !whole {
                tracer.scan(object);
            }
        }
        tracer.live = 0;
        roots(&mut tracer);
        tracer.visit_all(&self.scoped);
        if whole {
            self.symbols.values().for_each(|&symbol| tracer.visit(symbol));
        } else {
            tracer.visit_all(&self.new_symbols);
        }
        self.new_symbols.clear();
        tracer.run();
        if whole {
            self.pace.live = tracer.live;
            self.pace.whole_at = tracer.live + (tracer.live / 2).max(NURSERY);
        } else {
            self.pace.live += tracer.live;
        }
        for weak in tracer.weak {
            if let Some(body) = self.body_mut::<Box<dyn Foreign>>(weak, Tag::Foreign) {
                body.forget_dead(&is_marked);
            }
        }
    }

    /// Whether the marking that is going on has reached `value`.
    pub(crate) fn is_live(value: Value) -> bool {
        is_marked(value)
    }

    /// The second half of a collection.
    pub(crate) fn sweep(&mut self) -> usize {
        self.blocks.after_marking();
        self.pace.collections += 1;
        self.allocated = 0;
        self.threshold = self.pace.interval.unwrap_or(NURSERY);
        self.pace.live
    }
}

fn header_of(object: Value) -> *mut Header {
    std::ptr::with_exposed_provenance_mut(object.address())
}

fn is_marked(value: Value) -> bool {
    if value.is_pair() {
        // SAFETY: pair values point to pair cells of this heap.
        unsafe { blocks::cell_is_marked(value.address()) }
    } else if value.is_object() {
        // SAFETY: object values point to initialised objects of this heap.
        unsafe {
            let header = &*header_of(value);
            if header.is_large() {
                header.is_marked()
            } else {
                blocks::cell_is_marked(value.address())
            }
        }
    } else {
        true
    }
}

fn unset_dirty(object: Value) {
    // SAFETY: remembered values point to live cells of this heap.
    unsafe {
        if object.is_object() && (*header_of(object)).is_large() {
            (*header_of(object)).unset_dirty();
        } else {
            blocks::unset_dirty(object.address());
        }
    }
}

/// Marks what is reachable.
pub struct Tracer {
    pending: Vec<Value>,
    weak: Vec<Value>,
    /// Bytes found alive.
    live: usize,
}

impl Tracer {
    /// Reports a value that is alive.
    #[inline]
    pub fn visit(&mut self, value: Value) {
        let unmarked = if value.is_pair() {
            // SAFETY: pair values point to pair cells of this heap.
            unsafe { blocks::mark_cell(value.address()) }
        } else if value.is_object() {
            // SAFETY: object values point to initialised objects of this heap.
            unsafe {
                let header = &mut *header_of(value);
                if header.is_large() {
                    header.set_mark()
                } else {
                    blocks::mark_cell(value.address())
                }
            }
        } else {
            false
        };
        if unmarked {
            self.pending.push(value);
        }
    }

    /// Reports the values on the machine's stack, some of which may never have been written (zero).
    pub(crate) fn visit_stack(&mut self, values: &[Value]) {
        values.iter().filter(|v| v.bits() != 0).for_each(|&v| self.visit(v));
    }

    /// Reports several live values.
    pub fn visit_all(&mut self, values: &[Value]) {
        values.iter().for_each(|&v| self.visit(v));
    }

    fn run(&mut self) {
        while let Some(value) = self.pending.pop() {
            self.scan(value);
        }
    }

    /// Reports what a live value, a pair or another object, holds.
    fn scan(&mut self, value: Value) {
        // SAFETY: such values point to live cells; the header's tag says what the body is.
        unsafe {
            if value.is_pair() {
                self.live += 16;
                let pair = std::ptr::with_exposed_provenance::<Value>(value.address());
                self.visit(*pair);
                self.visit(*pair.add(1));
                return;
            }
            let header = &*header_of(value);
            self.object(value, header.tag(), header.len as usize);
        }
    }

    /// # Safety
    /// `value` is a live object with this tag and number of slots.
    unsafe fn object(&mut self, value: Value, tag: Tag, len: usize) {
        if tag.is_slots() {
            self.live += 8 + len * 8;
            let slots = std::ptr::with_exposed_provenance::<Value>(value.address() + 8);
            for i in 0..len {
                // SAFETY: a slots object's header is followed by its slots.
                self.visit(unsafe { *slots.add(i) });
            }
            return;
        }
        self.live += 32;
        match tag {
            Tag::Code => {
                // SAFETY: the tag says what the body is.
                let code = unsafe { self.body::<Code>(value) };
                self.live += code.len() * 8;
                code.trace(self);
            }
            // SAFETY: as above.
            Tag::String => self.live += unsafe { self.body::<SchemeString>(value) }.size(),
            // SAFETY: as above.
            Tag::Bytevector => self.live += unsafe { self.body::<Vec<u8>>(value) }.len(),
            Tag::Foreign => {
                // SAFETY: as above.
                let body = unsafe { self.body::<Box<dyn Foreign>>(value) };
                self.live += size_of_val(&**body);
                body.trace(self);
                if body.is_weak() {
                    self.weak.push(value);
                }
            }
            _ => {}
        }
    }

    /// # Safety
    /// `value` is a live object with a `T` as body.
    unsafe fn body<'a, T>(&self, value: Value) -> &'a T {
        // SAFETY: by contract; nothing is freed while the marking goes on.
        unsafe { &(*std::ptr::with_exposed_provenance::<Object<T>>(value.address())).body }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_old_objects_hold_survives_a_young_collection() {
        let mut heap = Heap::new();
        let pair = heap.cons(Value::NULL, Value::NULL);
        let vector = heap.vector(&[Value::NULL; 3]);
        let large = heap.vector(&[Value::NULL; 1000]);
        let all = [pair, vector, large];
        heap.collect(true, |t| t.visit_all(&all));
        for _ in 0..3 {
            let (a, b, c) = (heap.string("a"), heap.string("b"), heap.string("c"));
            heap.set_car(pair, a);
            heap.slots_mut(vector, Tag::Vector).expect("a vector")[1] = b;
            heap.slots_mut(large, Tag::Vector).expect("a vector")[999] = c;
            heap.mark(false, |t| t.visit_all(&all));
            assert!([a, b, c].into_iter().all(Heap::is_live));
            heap.sweep();
        }
    }

    #[test]
    fn a_young_collection_frees_what_is_new_alone() {
        let mut heap = Heap::new();
        let old = heap.string("old");
        heap.collect(true, |t| t.visit(old));
        let new = heap.string("new");
        heap.mark(false, |_| {});
        assert!(Heap::is_live(old) && !Heap::is_live(new));
        heap.sweep();
        heap.mark(true, |_| {});
        assert!(!Heap::is_live(old));
        heap.sweep();
    }

    /// Objects with the number of each, and what they hold, kept beside the heap.
    struct Model {
        heap: Heap,
        /// The object behind each number, and the numbers in its two places.
        nodes: Vec<(Value, [usize; 2])>,
        /// The numbers of the roots.
        roots: Vec<usize>,
        seed: u64,
    }

    impl Model {
        fn random(&mut self, below: usize) -> usize {
            self.seed ^= self.seed << 13;
            self.seed ^= self.seed >> 7;
            self.seed ^= self.seed << 17;
            (self.seed % below as u64) as usize
        }

        /// A new object among the roots, which holds two others.
        fn make(&mut self) {
            let (a, b) = (self.some(), self.some());
            let (x, y) = (self.nodes[a].0, self.nodes[b].0);
            let number = Value::fixnum(self.nodes.len() as i64);
            let object = match self.random(3) {
                0 => {
                    let rest = self.heap.cons(x, y);
                    self.heap.cons(number, rest)
                }
                1 => self.heap.vector(&[number, x, y]),
                _ => {
                    let mut slots = vec![Value::NULL; 200];
                    slots[..3].copy_from_slice(&[number, x, y]);
                    self.heap.vector(&slots)
                }
            };
            let root = self.random(self.roots.len());
            self.roots[root] = self.nodes.len();
            self.nodes.push((object, [a, b]));
        }

        /// The number of something that is reachable.
        fn some(&mut self) -> usize {
            let root = self.random(self.roots.len());
            let mut node = self.roots[root];
            for _ in 0..self.random(4) {
                let side = self.random(2);
                node = self.nodes[node].1[side];
            }
            node
        }

        /// Has something hold something else.
        fn change(&mut self) {
            let (of, to, side) = (self.some(), self.some(), self.random(2));
            let (object, value) = (self.nodes[of].0, self.nodes[to].0);
            if object.is_pair() {
                let places = self.heap.cdr(object);
                match side {
                    0 => self.heap.set_car(places, value),
                    _ => self.heap.set_cdr(places, value),
                }
            } else if let Some(slots) = self.heap.slots_mut(object, Tag::Vector) {
                slots[1 + side] = value;
            }
            self.nodes[of].1[side] = to;
        }

        fn collect(&mut self, whole: bool) {
            let roots: Vec<Value> = self.roots.iter().map(|&n| self.nodes[n].0).collect();
            self.heap.collect(whole, |t| t.visit_all(&roots));
        }

        /// Looks at all that is reachable.
        fn check(&self) {
            let mut seen = vec![false; self.nodes.len()];
            let mut pending = self.roots.clone();
            while let Some(node) = pending.pop() {
                if std::mem::replace(&mut seen[node], true) {
                    continue;
                }
                let (object, held) = self.nodes[node];
                let found = match self.heap.slots(object, Tag::Vector) {
                    Some(slots) => (slots[0], slots[1], slots[2]),
                    None => {
                        let rest = self.heap.cdr(object);
                        (self.heap.car(object), self.heap.car(rest), self.heap.cdr(rest))
                    }
                };
                let [a, b] = held.map(|n| self.nodes[n].0);
                assert_eq!(found, (Value::fixnum(node as i64), a, b));
                pending.extend(held);
            }
        }
    }

    #[test]
    fn random_changes_between_collections_lose_nothing() {
        let mut heap = Heap::new();
        let first = heap.vector(&[Value::fixnum(0); 3]);
        if let Some(slots) = heap.slots_mut(first, Tag::Vector) {
            slots[1..].fill(first);
        }
        let roots = vec![0; 8];
        let mut model =
            Model { heap, nodes: vec![(first, [0, 0])], roots, seed: 0x2545_f491_4f6c_dd1d };
        let (rounds, steps) = if cfg!(miri) { (20, 20) } else { (400, 100) };
        for round in 0..rounds {
            for _ in 0..steps {
                match model.random(3) {
                    0 => model.make(),
                    _ => model.change(),
                }
            }
            model.collect(round % 7 == 0);
            model.check();
        }
    }
}
