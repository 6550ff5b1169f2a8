// SPDX-License-Identifier: GPL-3.0-or-later
//! Arrays of any rank, as views of the rows of elements that vectors, strings, bytevectors and bit vectors are.

use super::bytes::{BitVector, Element};
use crate::engine::Engine;
use crate::heap::{Foreign, Heap, Tag, Tracer};
use crate::printer::written;
use crate::value::Value;

/// One dimension: its bounds, both of them indices, and how far apart neighbours lie in the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dimension {
    /// The lowest index.
    pub low: i64,
    /// The highest index; less than `low` where there are no elements.
    pub high: i64,
    /// The distance between elements with neighbouring indices.
    pub step: i64,
}

impl Dimension {
    /// The number of indices.
    pub fn length(&self) -> usize {
        usize::try_from(self.high - self.low + 1).unwrap_or(0)
    }
}

/// A view of the elements of `root`; `base` is the place of the element with the lowest indices.
#[derive(Clone, Debug)]
pub struct Array {
    /// A vector, string, bytevector or bit vector.
    pub root: Value,
    /// Where the first element lies.
    pub base: i64,
    /// The dimensions, the first index first.
    pub dimensions: Vec<Dimension>,
}

impl Array {
    /// The array that `value` is.
    pub fn of(heap: &Heap, value: Value) -> Option<Array> {
        if let Some(array) = heap.as_foreign::<Array>(value) {
            return Some(array.clone());
        }
        let length = if let Some(slots) = heap.slots(value, Tag::Vector) {
            slots.len()
        } else if let Some(text) = heap.as_string(value) {
            text.len()
        } else if let Some(bytes) = heap.as_bytes(value) {
            bytes.len() / Element::from_aux(heap.aux(value)).size()
        } else {
            heap.as_foreign::<BitVector>(value)?.0.len()
        };
        let all = Dimension { low: 0, high: length as i64 - 1, step: 1 };
        Some(Array { root: value, base: 0, dimensions: vec![all] })
    }

    /// Dimensions with these bounds, elements with neighbouring last indices side by side.
    pub fn row_major(bounds: &[(i64, i64)]) -> Vec<Dimension> {
        let mut step = 1;
        let mut dimensions = Vec::with_capacity(bounds.len());
        for &(low, high) in bounds.iter().rev() {
            let dimension = Dimension { low, high, step };
            step *= dimension.length() as i64;
            dimensions.push(dimension);
        }
        dimensions.reverse();
        dimensions
    }

    /// The number of elements.
    pub fn size(&self) -> usize {
        self.dimensions.iter().map(Dimension::length).product()
    }

    /// Whether the elements lie side by side, in order.
    pub fn is_contiguous(&self) -> bool {
        let bounds: Vec<_> = self.dimensions.iter().map(|d| (d.low, d.high)).collect();
        let ideal = Array::row_major(&bounds);
        ideal.iter().zip(&self.dimensions).all(|(a, b)| a.step == b.step || b.length() <= 1)
    }

    /// Where the elements lie in the root, the last index varying fastest.
    pub fn positions(&self) -> impl Iterator<Item = usize> + use<> {
        let (base, dimensions) = (self.base, self.dimensions.clone());
        (0..self.size() as i64).map(move |mut n| {
            let mut place = base;
            for dimension in dimensions.iter().rev() {
                let length = dimension.length() as i64;
                place += n % length * dimension.step;
                n /= length;
            }
            usize::try_from(place).unwrap_or(usize::MAX)
        })
    }

    /// Whether this has the same bounds as `other`.
    pub fn same_shape(&self, other: &Array) -> bool {
        let bounds = |array: &Array| -> Vec<_> {
            array.dimensions.iter().map(|d| (d.low, d.high)).collect()
        };
        bounds(self) == bounds(other)
    }

    fn write_elements(&self, engine: &Engine, axis: usize, base: i64, out: &mut String) {
        let Some(dimension) = self.dimensions.get(axis) else {
            out.push_str(&write_element(engine, self.root, base as usize));
            return;
        };
        out.push('(');
        for i in 0..dimension.length() as i64 {
            if i > 0 {
                out.push(' ');
            }
            self.write_elements(engine, axis + 1, base + i * dimension.step, out);
        }
        out.push(')');
    }
}

fn write_element(engine: &Engine, root: Value, k: usize) -> String {
    let heap = &engine.heap;
    if let Some(slots) = heap.slots(root, Tag::Vector) {
        return slots.get(k).map_or_else(String::new, |&slot| written(engine, slot));
    }
    if let Some(c) = heap.as_string(root).and_then(|text| text.get(k)) {
        return written(engine, Value::char(c));
    }
    if let Some(bytes) = heap.as_bytes(root) {
        let kind = Element::from_aux(heap.aux(root));
        let cell = bytes.get(k * kind.size()..(k + 1) * kind.size());
        return cell
            .map_or_else(String::new, |cell| crate::numbers::text::to_text(&kind.get(cell), 10));
    }
    let bit = heap.as_foreign::<BitVector>(root).and_then(|bits| bits.0.get(k).copied());
    if bit == Some(true) { "#t" } else { "#f" }.to_owned()
}

impl Foreign for Array {
    fn type_name(&self) -> &'static str {
        "array"
    }

    fn describe(&self, engine: &Engine, _: Value) -> Option<String> {
        let heap = &engine.heap;
        let kind = if heap.is(self.root, Tag::Vector) {
            ""
        } else if heap.is(self.root, Tag::String) {
            "a"
        } else if heap.is(self.root, Tag::Bytevector) {
            Element::from_aux(heap.aux(self.root)).tag()
        } else {
            "b"
        };
        let mut text = format!("#{}{kind}", self.dimensions.len());
        let moved = self.dimensions.iter().any(|d| d.low != 0);
        let empty = self.dimensions.iter().any(|d| d.length() == 0);
        for dimension in self.dimensions.iter().filter(|_| moved || empty) {
            if moved {
                text.push_str(&format!("@{}", dimension.low));
            }
            if empty {
                text.push_str(&format!(":{}", dimension.length()));
            }
        }
        match self.dimensions.len() {
            0 => {
                text.push('(');
                self.write_elements(engine, 0, self.base, &mut text);
                text.push(')');
            }
            _ if empty => text.push_str("()"),
            _ => self.write_elements(engine, 0, self.base, &mut text),
        }
        Some(text)
    }

    fn trace(&self, tracer: &mut Tracer) {
        tracer.visit(self.root);
    }
}
