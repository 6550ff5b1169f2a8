// SPDX-License-Identifier: GPL-3.0-or-later
//! The native procedures, in tables by area. Each area adds its `pub mod` and its line in [`TABLES`].

mod addresses;
pub mod args;
pub mod arrays;
pub mod bytevectors;
pub mod c_functions;
pub mod char_sets;
pub mod chars;
pub mod constants;
pub mod control;
pub mod descriptors;
pub mod files;
pub mod foreign;
pub mod hash_tables;
pub mod lists;
pub mod load;
pub mod modules;
pub mod numbers;
pub mod port_objects;
pub mod procedures;
pub mod processes;
pub mod regexps;
pub mod string_search;
pub mod strings;
pub mod structs;
pub mod syntax;
pub mod text_ports;
pub mod time;
mod uris;
pub mod vectors;
mod vhashes;

use crate::engine::Engine;
use crate::native::Native;
use crate::value::Value;

/// The tables, each with the module (names separated by spaces) that its procedures are bound in.
pub static TABLES: &[(&str, &[Native])] = &[
    ("guile", control::NATIVES),
    ("guile", procedures::NATIVES),
    ("fruix native", bytevectors::NATIVES),
    ("fruix native", bytevectors::U16),
    ("fruix native", bytevectors::S16),
    ("fruix native", bytevectors::U32),
    ("fruix native", bytevectors::S32),
    ("fruix native", bytevectors::U64),
    ("fruix native", bytevectors::S64),
    ("fruix native", bytevectors::F32),
    ("fruix native", bytevectors::F64),
    ("guile", char_sets::NATIVES),
    ("guile", chars::NATIVES),
    ("guile", hash_tables::NATIVES),
    ("guile", lists::NATIVES),
    ("guile", numbers::NATIVES),
    ("guile", string_search::NATIVES),
    ("guile", strings::NATIVES),
    ("guile", structs::NATIVES),
    ("guile", text_ports::NATIVES),
    ("fruix native", text_ports::LIBRARY),
    ("guile", vectors::NATIVES),
    ("guile", addresses::NATIVES),
    ("guile", arrays::NATIVES),
    ("guile", arrays::OTHERS),
    ("guile", constants::NATIVES),
    ("guile", descriptors::NATIVES),
    ("guile", files::NATIVES),
    ("guile", port_objects::NATIVES),
    ("fruix native", port_objects::LIBRARY),
    ("guile", processes::NATIVES),
    ("guile", regexps::NATIVES),
    ("fruix native", processes::LIBRARY),
    ("fruix native", foreign::LIBRARY),
    ("guile", time::NATIVES),
    ("guile", load::NATIVES),
    ("guile", modules::NATIVES),
    ("guile", syntax::NATIVES),
    ("fruix native", syntax::INTERNAL),
    ("fruix native", c_functions::LIBRARY),
    ("fruix native", vhashes::LIBRARY),
    ("fruix native", uris::LIBRARY),
];

/// Binds all natives of [`TABLES`].
pub(crate) fn install(engine: &mut Engine) {
    for (module, table) in TABLES {
        let parts: Vec<Value> = module.split(' ').map(|part| engine.heap.intern(part)).collect();
        let name = engine.heap.list(&parts);
        let module = match *module {
            "guile" => engine.modules.guile,
            _ => match engine.resolve_module(name, false, true) {
                Ok(module) => module,
                Err(_) => continue,
            },
        };
        for native in *table {
            let name = engine.heap.intern(native.name);
            let value = engine.heap.native(native);
            engine.module_define(module, name, value);
        }
    }
    constants::install(engine);
    // Fails only where (fruix native) cannot be made, which the loop above has just done.
    let _ = foreign::install(engine);
    arrays::install(engine);
    port_objects::install(engine);
    control::install(engine);
    crate::machine::install(engine);
}
