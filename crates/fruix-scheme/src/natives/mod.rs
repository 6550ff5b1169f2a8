// SPDX-License-Identifier: GPL-3.0-or-later
//! The native procedures, in tables by area. Each area adds its `pub mod` and its line in [`TABLES`].

pub mod control;

use crate::engine::Engine;
use crate::native::Native;
use crate::value::Value;

/// The tables, each with the module (names separated by spaces) that its procedures are bound in.
pub static TABLES: &[(&str, &[Native])] = &[("guile", control::NATIVES)];

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
}
