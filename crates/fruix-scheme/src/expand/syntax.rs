// SPDX-License-Identifier: GPL-3.0-or-later
//! Syntax objects, wraps and identifiers: the model of psyntax (Dybvig, Hieb, Waddell).
//!
//! A syntax object is an expression with a *wrap* that is pushed inwards lazily. A wrap is a pair of
//! a list of marks and a list of substitutions, each of which is the symbol `shift` or a *ribcage*, an
//! object that maps a name with marks to a label. A mark is a fixnum, the symbol `top`, or `#f`:
//! the anti-mark, which cancels the mark that a macro's output gets. A label is an object that holds
//! the binding itself, so that resolving an identifier needs no environment look-up; a pair (module
//! tag . identifier) stands for a top-level definition that was renamed.

use super::Ex;
use crate::heap::{Heap, Tag};
use crate::value::Value;

/// `aux` of the expander's objects of [`Tag::Internal`].
pub(crate) const RIB_FIXED: u16 = 0x0e01;
pub(crate) const RIB_OPEN: u16 = 0x0e02;
pub(crate) const LABEL: u16 = 0x0e03;

/// Slots of a syntax object; then come module and source.
pub(super) const EXPRESSION: usize = 0;
pub(super) const WRAP: usize = 1;

/// What the substitutions say of an identifier.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Name {
    /// Nothing: it is free, under this symbol.
    Free(Value),
    /// It has this label.
    Label(Value),
    /// It stands for this identifier, a top-level definition's.
    Alias(Value),
}

/// The four slots of a syntax object.
#[inline]
pub(super) fn parts(heap: &Heap, x: Value) -> Option<(Value, Value, Value, Value)> {
    match heap.slots(x, Tag::Syntax)? {
        &[e, w, m, s] => Some((e, w, m, s)),
        _ => None,
    }
}

/// The symbol of an identifier (a symbol, or a syntax object around one).
#[inline]
pub(super) fn id_symbol(heap: &Heap, x: Value) -> Option<Value> {
    let symbol = match heap.slots(x, Tag::Syntax) {
        Some(slots) => slots[EXPRESSION],
        None => x,
    };
    if heap.is(symbol, Tag::Symbol) { Some(symbol) } else { None }
}

/// Whether `x` is a syntax object around a symbol.
pub(super) fn is_identifier(heap: &Heap, x: Value) -> bool {
    heap.slots(x, Tag::Syntax).is_some_and(|s| heap.is(s[EXPRESSION], Tag::Symbol))
}

/// Marks and substitutions of a wrap.
#[inline]
pub(super) fn wrap_parts(heap: &Heap, w: Value) -> (Value, Value) {
    heap.pair(w).unwrap_or((Value::NULL, Value::NULL))
}

/// The marks of an identifier's own wrap.
pub(super) fn own_marks(heap: &Heap, id: Value) -> Value {
    heap.slots(id, Tag::Syntax).map_or(Value::NULL, |s| wrap_parts(heap, s[WRAP]).0)
}

/// Whether two lists of marks are the same.
#[inline]
pub(super) fn same_marks(heap: &Heap, mut a: Value, mut b: Value) -> bool {
    while a != b {
        match (heap.pair(a), heap.pair(b)) {
            (Some((x, rest_a)), Some((y, rest_b))) if x == y => (a, b) = (rest_a, rest_b),
            _ => return false,
        }
    }
    true
}

/// Marks of `outer` before those of `inner`.
fn join_lists(heap: &mut Heap, outer: Value, inner: Value) -> Value {
    if inner == Value::NULL {
        return outer;
    }
    let Some((head, rest)) = heap.pair(outer) else { return inner };
    if rest == Value::NULL {
        return heap.cons(head, inner);
    }
    let elements = heap.list_to_vec(outer).unwrap_or_default();
    heap.list_with_tail(&elements, inner)
}

/// The wrap that has the effect of `inner`, then of `outer`.
pub(super) fn join_wraps(heap: &mut Heap, outer: Value, inner: Value) -> Value {
    let (m1, s1) = wrap_parts(heap, outer);
    let (m2, s2) = wrap_parts(heap, inner);
    if m2 == Value::NULL && s2 == Value::NULL {
        return outer;
    }
    if m1 == Value::NULL && s1 == Value::NULL {
        return inner;
    }
    let marks = join_lists(heap, m1, m2);
    let subst = join_lists(heap, s1, s2);
    heap.cons(marks, subst)
}

impl Ex<'_> {
    /// A syntax object.
    #[inline]
    pub(super) fn make_syntax(&mut self, e: Value, w: Value, m: Value, s: Value) -> Value {
        self.en.heap.slots_from(Tag::Syntax, &[e, w, m, s])
    }

    /// `x` with `w` pushed around it, in module `m` if it has none of its own.
    #[inline]
    pub(super) fn wrap(&mut self, x: Value, w: Value, m: Value) -> Value {
        self.source_wrap(x, w, Value::FALSE, m)
    }

    /// As [`Ex::wrap`], at source `s` if it is no syntax object yet.
    pub(super) fn source_wrap(&mut self, x: Value, w: Value, s: Value, m: Value) -> Value {
        let (marks, subst) = wrap_parts(&self.en.heap, w);
        let empty = marks == Value::NULL && subst == Value::NULL;
        if empty && m == Value::FALSE && s == Value::FALSE {
            return x;
        }
        if let Some((e, w1, m1, s1)) = parts(&self.en.heap, x) {
            if empty && (m1 == m || m1 != Value::FALSE || m == Value::FALSE) {
                return x;
            }
            let w = join_wraps(&mut self.en.heap, w, w1);
            return self.make_syntax(e, w, if m1 == Value::FALSE { m } else { m1 }, s1);
        }
        if x == Value::NULL { x } else { self.make_syntax(x, w, m, s) }
    }

    /// The wrap with the anti-mark put around it.
    pub(super) fn anti_mark(&mut self, w: Value) -> Value {
        let (marks, subst) = wrap_parts(&self.en.heap, w);
        let heap = &mut self.en.heap;
        let marks = heap.cons(Value::FALSE, marks);
        let subst = heap.cons(self.en.expander.syms.shift, subst);
        heap.cons(marks, subst)
    }

    /// A mark that no other macro use has.
    pub(super) fn new_mark(&mut self) -> Value {
        self.en.expander.next_mark += 1;
        Value::fixnum(self.en.expander.next_mark)
    }

    /// `w` with a ribcage that maps each of `ids` to its label.
    pub(super) fn binding_wrap(&mut self, ids: &[Value], labels: &[Value], w: Value) -> Value {
        if ids.is_empty() {
            return w;
        }
        let (marks, subst) = wrap_parts(&self.en.heap, w);
        let mut slots = Vec::with_capacity(ids.len() * 3);
        for (&id, &label) in ids.iter().zip(labels) {
            let heap = &mut self.en.heap;
            let symbol = id_symbol(heap, id).unwrap_or(Value::FALSE);
            let inner = own_marks(heap, id);
            let marks = join_lists(heap, marks, inner);
            slots.extend([symbol, marks, label]);
        }
        let heap = &mut self.en.heap;
        let rib = heap.slots_from(Tag::Internal, &slots);
        heap.set_aux(rib, RIB_FIXED);
        let subst = heap.cons(rib, subst);
        heap.cons(marks, subst)
    }

    /// A ribcage to which a body's definitions are added as they are found, and `w` with it.
    pub(super) fn open_rib(&mut self, w: Value) -> (Value, Value) {
        let heap = &mut self.en.heap;
        let rib = heap.slots_from(Tag::Internal, &[Value::NULL]);
        heap.set_aux(rib, RIB_OPEN);
        let (marks, subst) = wrap_parts(heap, w);
        let subst = heap.cons(rib, subst);
        (rib, heap.cons(marks, subst))
    }

    /// Adds a fully wrapped identifier to an open ribcage.
    pub(super) fn extend_rib(&mut self, rib: Value, id: Value, label: Value) {
        let heap = &mut self.en.heap;
        let symbol = id_symbol(heap, id).unwrap_or(Value::FALSE);
        let marks = own_marks(heap, id);
        let entry = heap.vector(&[symbol, marks, label]);
        let entries = rib_entries(heap, rib);
        let entries = heap.cons(entry, entries);
        if let Some(slots) = heap.slots_mut(rib, Tag::Internal) {
            slots[0] = entries;
        }
    }

    /// What an identifier under wrap `w` in module `m` denotes.
    pub(super) fn id_name(&mut self, id: Value, w: Value, m: Value) -> Name {
        let (symbol, w1, m) = match parts(&self.en.heap, id) {
            Some((e, w1, m1, _)) => (e, w1, if m1 == Value::FALSE { m } else { m1 }),
            None => (id, Value::FALSE, m),
        };
        let (marks, subst) = wrap_parts(&self.en.heap, w);
        let (marks1, subst1) = wrap_parts(&self.en.heap, w1);
        let marks = join_lists(&mut self.en.heap, marks, marks1);
        let shift = self.en.expander.syms.shift;
        let heap = &self.en.heap;
        let mut marks = marks;
        for subst in [subst, subst1] {
            if let Some(found) = search(heap, shift, symbol, subst, &mut marks, m) {
                return if heap.is(found, Tag::Syntax) {
                    Name::Alias(found)
                } else {
                    Name::Label(found)
                };
            }
        }
        Name::Free(symbol)
    }

    /// `bound-identifier=?` on identifiers whose common wrap may be missing.
    pub(super) fn same_bound(&self, a: Value, b: Value) -> bool {
        let heap = &self.en.heap;
        id_symbol(heap, a) == id_symbol(heap, b)
            && same_marks(heap, own_marks(heap, a), own_marks(heap, b))
    }

    /// The first identifier that occurs twice, or what is no identifier.
    pub(super) fn first_duplicate(&self, ids: &[Value]) -> Option<Value> {
        let heap = &self.en.heap;
        if ids.len() > 32 {
            let mut seen = std::collections::HashSet::new();
            return ids.iter().copied().find(|&id| {
                let marks = heap.list_to_vec(own_marks(heap, id)).unwrap_or_default();
                !seen.insert((id_symbol(heap, id), marks))
            });
        }
        let earlier =
            |i: usize, id: Value| ids[..i].iter().any(|&other| self.same_bound(id, other));
        ids.iter().enumerate().find(|&(i, &id)| earlier(i, id)).map(|(_, &id)| id)
    }

    /// Whether all are identifiers and no two are the same.
    pub(super) fn valid_bound_ids(&self, ids: &[Value]) -> bool {
        ids.iter().all(|&id| id_symbol(&self.en.heap, id).is_some())
            && self.first_duplicate(ids).is_none()
    }

    /// The datum inside: syntax objects taken off at every depth.
    pub(super) fn strip(&mut self, x: Value) -> Value {
        strip(&mut self.en.heap, x)
    }
}

fn rib_entries(heap: &Heap, rib: Value) -> Value {
    heap.slots(rib, Tag::Internal).map_or(Value::NULL, |s| s[0])
}

/// Looks `symbol` with `marks` up in a list of substitutions; shifts take marks off.
fn search(
    heap: &Heap,
    shift: Value,
    symbol: Value,
    mut subst: Value,
    marks: &mut Value,
    m: Value,
) -> Option<Value> {
    let settle = |label: Value| match heap.pair(label) {
        Some((tag, id)) => Some(id).filter(|_| crate::modules::same_name(heap, tag, m)),
        None => Some(label),
    };
    while let Some((first, rest)) = heap.pair(subst) {
        subst = rest;
        if first == shift {
            *marks = heap.pair(*marks).map_or(Value::NULL, |(_, rest)| rest);
            continue;
        }
        let Some(slots) = heap.slots(first, Tag::Internal) else { continue };
        if heap.aux(first) == RIB_FIXED {
            for entry in slots.chunks_exact(3) {
                if entry[0] == symbol
                    && same_marks(heap, entry[1], *marks)
                    && let Some(label) = settle(entry[2])
                {
                    return Some(label);
                }
            }
        } else {
            let mut entries = slots[0];
            while let Some((entry, rest)) = heap.pair(entries) {
                entries = rest;
                if let Some(&[name, rib_marks, label]) = heap.slots(entry, Tag::Vector)
                    && name == symbol
                    && same_marks(heap, rib_marks, *marks)
                    && let Some(label) = settle(label)
                {
                    return Some(label);
                }
            }
        }
    }
    None
}

/// All identifiers that the substitutions of `w` bind, as names with marks and the rest of the
/// substitutions from there on, innermost first.
pub(super) fn bound_names(heap: &Heap, w: Value) -> Vec<(Value, Value, Value)> {
    let mut names = Vec::new();
    let (_, mut subst) = wrap_parts(heap, w);
    while let Some((first, rest)) = heap.pair(subst) {
        if let Some(slots) = heap.slots(first, Tag::Internal) {
            if heap.aux(first) == RIB_FIXED {
                names.extend(slots.chunks_exact(3).map(|e| (e[0], e[1], subst)));
            } else {
                for entry in heap.list_to_vec(slots[0]).unwrap_or_default() {
                    if let Some(&[name, marks, _]) = heap.slots(entry, Tag::Vector) {
                        names.push((name, marks, subst));
                    }
                }
            }
        }
        subst = rest;
    }
    names
}

/// The datum inside of `x`, sharing what holds no syntax object.
pub fn strip(heap: &mut Heap, x: Value) -> Value {
    let mut x = x;
    while let Some(slots) = heap.slots(x, Tag::Syntax) {
        x = slots[EXPRESSION];
    }
    if x.is_pair() {
        return strip_list(heap, x);
    }
    if let Some(elements) = heap.slots(x, Tag::Vector) {
        let elements = elements.to_vec();
        let stripped: Vec<Value> = elements.iter().map(|&e| strip(heap, e)).collect();
        return if stripped == elements { x } else { heap.vector(&stripped) };
    }
    x
}

fn strip_list(heap: &mut Heap, list: Value) -> Value {
    let mut elements = Vec::new();
    let mut changed_upto = 0;
    let mut cells = Vec::new();
    let mut tail = list;
    loop {
        if let Some(slots) = heap.slots(tail, Tag::Syntax) {
            tail = slots[EXPRESSION];
            changed_upto = elements.len();
            if !tail.is_pair() {
                tail = strip(heap, tail);
                break;
            }
        }
        let Some((head, rest)) = heap.pair(tail) else {
            let stripped = strip(heap, tail);
            if stripped != tail {
                changed_upto = elements.len();
            }
            tail = stripped;
            break;
        };
        let stripped = strip(heap, head);
        cells.push(tail);
        elements.push(stripped);
        if stripped != head {
            changed_upto = elements.len();
        }
        tail = rest;
    }
    // Cells behind the last change can be kept as they are.
    let kept = cells.get(changed_upto).copied().unwrap_or(tail);
    heap.list_with_tail(&elements[..changed_upto], kept)
}
