// SPDX-License-Identifier: GPL-3.0-or-later
//! Places in source files, as the reader notes them on syntax objects.
//!
//! The fourth slot of a [`Tag::Syntax`](crate::heap::Tag::Syntax) object is `#f` or a *source*: a
//! fixnum that packs a file's number in the [`Sources`] table, the line and the column, all from
//! zero. So noting a place allocates nothing. Vectors `#(file line column)`, which programs can
//! make with `datum->syntax`, are understood as well.

use crate::heap::{Heap, Tag, Tracer};
use crate::tree::Location;
use crate::value::Value;
use std::collections::HashMap;
use std::rc::Rc;

const COLUMN_BITS: u32 = 14;
const LINE_BITS: u32 = 24;

/// The files that sources point into.
#[derive(Default)]
pub struct Sources {
    names: Vec<Option<Rc<str>>>,
    /// The same as Scheme strings (or `#f`), shared by all `syntax-source` results.
    values: Vec<Value>,
    index: HashMap<Option<Rc<str>>, u32>,
}

impl Sources {
    /// The number of the file of this name (`None`: a string, a terminal).
    pub fn file(&mut self, heap: &mut Heap, name: Option<&str>) -> u32 {
        let key: Option<Rc<str>> = name.map(Rc::from);
        if let Some(&number) = self.index.get(&key) {
            return number;
        }
        let number = self.names.len() as u32;
        self.values.push(name.map_or(Value::FALSE, |name| heap.string(name)));
        self.names.push(key.clone());
        self.index.insert(key, number);
        number
    }

    /// The name of a file, shared by all that refer to it.
    pub fn shared_name(&mut self, heap: &mut Heap, name: &str) -> Rc<str> {
        let number = self.file(heap, Some(name)) as usize;
        self.names.get(number).cloned().flatten().unwrap_or_else(|| Rc::from(name))
    }

    /// The name of file number `file` as a Scheme string, or `#f`.
    pub fn file_value(&self, file: u32) -> Value {
        self.values.get(file as usize).copied().unwrap_or(Value::FALSE)
    }

    /// The source for a place in file number `file`. Lines and columns beyond 16 million and 16
    /// thousand are clipped.
    pub fn pack(file: u32, line: u32, column: u32) -> Value {
        let line = line.min((1 << LINE_BITS) - 1) as i64;
        let column = column.min((1 << COLUMN_BITS) - 1) as i64;
        Value::fixnum((i64::from(file) << (LINE_BITS + COLUMN_BITS)) | line << COLUMN_BITS | column)
    }

    /// File (a string or `#f`), line and column of a source.
    pub fn unpack(&self, heap: &Heap, source: Value) -> Option<(Value, Value, Value)> {
        if let Some(n) = source.as_fixnum() {
            let file = (n >> (LINE_BITS + COLUMN_BITS)) as usize;
            let line = n >> COLUMN_BITS & ((1 << LINE_BITS) - 1);
            let column = n & ((1 << COLUMN_BITS) - 1);
            let name = self.values.get(file).copied().unwrap_or(Value::FALSE);
            return Some((name, Value::fixnum(line), Value::fixnum(column)));
        }
        match heap.slots(source, Tag::Vector)? {
            &[file, line, column] => Some((file, line, column)),
            _ => None,
        }
    }

    /// The source as a [`Location`].
    pub fn location(&self, heap: &Heap, source: Value) -> Option<Location> {
        let (file, line, column) = self.unpack(heap, source)?;
        let file = match source.as_fixnum() {
            Some(n) => self.names.get((n >> (LINE_BITS + COLUMN_BITS)) as usize)?.clone(),
            None => heap.as_string(file).map(|s| Rc::from(s.to_string())),
        };
        let number = |v: Value| v.as_fixnum().and_then(|n| u32::try_from(n).ok());
        Some(Location { file, line: number(line)?, column: number(column)? })
    }

    /// Reports the table's values to the collector.
    pub fn trace(&self, tracer: &mut Tracer) {
        tracer.visit_all(&self.values);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packed_source_gives_back_its_place() {
        let mut heap = Heap::new();
        let mut sources = Sources::default();
        sources.file(&mut heap, None);
        let file = sources.file(&mut heap, Some("guix/gexp.scm"));
        assert_eq!(sources.file(&mut heap, Some("guix/gexp.scm")), file);
        let place = sources.location(&heap, Sources::pack(file, 2303, 17)).unwrap();
        assert_eq!(place.file.as_deref(), Some("guix/gexp.scm"));
        assert_eq!((place.line, place.column), (2303, 17));
    }
}
