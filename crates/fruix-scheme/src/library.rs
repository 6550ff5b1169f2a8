// SPDX-License-Identifier: GPL-3.0-or-later
//! The Scheme library that is part of the program, and modules that are natives altogether.

use crate::engine::Engine;
use crate::modules::EMBEDDED_ROOT;
use crate::native::Result;
use crate::value::Value;

include!(concat!(env!("OUT_DIR"), "/library.rs"));

/// The files that are loaded into `(guile)` when an engine starts, in this order.
pub const BOOT: &[&str] = &[
    "lists", "control", "macros", "exceptions", "parameters", "promises", "sort", "strings",
    "char-sets", "vectors", "hash", "ports", "print", "records", "properties", "posix", "modules",
    "misc",
];

/// The text of a file of the library, named as the load path names it (`ice-9/match.scm`) or by
/// its full built-in name.
pub fn text(name: &str) -> Option<&'static str> {
    let name = name.strip_prefix(EMBEDDED_ROOT).unwrap_or(name);
    FILES.binary_search_by(|(file, _)| (*file).cmp(name)).ok().map(|i| FILES[i].1)
}

/// The names of all files of the library.
pub fn names() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|(name, _)| *name)
}

/// What defines the module of this file name (`guix/base32`), if it is native.
pub fn native_module(_name: &str) -> Option<fn(&mut Engine, Value) -> Result<()>> {
    None
}
