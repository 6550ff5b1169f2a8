// SPDX-License-Identifier: GPL-3.0-or-later
//! The Scheme library that is part of the program, and modules that are natives altogether.

use crate::engine::Engine;
use crate::modules::{EMBEDDED_ROOT, Found};
use crate::native::Result;
use crate::value::Value;

include!(concat!(env!("OUT_DIR"), "/library.rs"));

/// The files that are loaded into `(guile)` when an engine starts, in this order.
pub const BOOT: &[&str] = &[
    "lists",
    "control",
    "macros",
    "records",
    "exceptions",
    "parameters",
    "promises",
    "sort",
    "strings",
    "char-sets",
    "vectors",
    "hash",
    "ports",
    "custom-ports",
    "descriptors",
    "print",
    "properties",
    "posix",
    "signals",
    "system",
    "modules",
    "misc",
];

/// Files of other crates that are part of the program: name and text, sorted by name.
pub type Files = &'static [(&'static str, &'static str)];

type Tables = std::sync::RwLock<Vec<Files>>;

static FIRST: Tables = std::sync::RwLock::new(Vec::new());
static MORE: Tables = std::sync::RwLock::new(Vec::new());

fn add_to(tables: &Tables, files: Files) {
    let mut tables = tables.write().unwrap_or_else(std::sync::PoisonError::into_inner);
    if !tables.iter().any(|known| std::ptr::eq(*known, files)) {
        tables.push(files);
    }
}

/// Adds FILES to the library of all engines of this process. Adding them again does nothing.
pub fn add(files: Files) {
    add_to(&MORE, files);
}

/// As [`add`], for modules that files on the load path do not replace: they are made of natives,
/// as Guile's own library here is.
pub fn add_first(files: Files) {
    add_to(&FIRST, files);
}

fn tables(tables: &Tables) -> Vec<Files> {
    tables.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
}

fn find(files: Files, name: &str) -> Option<&'static str> {
    files.binary_search_by(|(file, _)| (*file).cmp(name)).ok().map(|i| files[i].1)
}

/// The text of a file of the library, named as the load path names it (`ice-9/match.scm`) or by
/// its full built-in name.
pub fn text(name: &str) -> Option<&'static str> {
    let name = name.strip_prefix(EMBEDDED_ROOT).unwrap_or(name);
    let more = || tables(&MORE).into_iter().find_map(|files| find(files, name));
    text_first(name).or_else(more)
}

/// The text of a file that comes before those on the load path.
pub fn text_first(name: &str) -> Option<&'static str> {
    let first = || tables(&FIRST).into_iter().find_map(|files| find(files, name));
    find(FILES, name).or_else(first)
}

/// The names of all files of the library.
pub fn names() -> impl Iterator<Item = &'static str> {
    std::iter::once(FILES)
        .chain(tables(&FIRST))
        .chain(tables(&MORE))
        .flatten()
        .map(|(name, _)| *name)
}

/// What defines the module of this file name (`guix/base32`), if it is native.
pub fn native_module(_name: &str) -> Option<fn(&mut Engine, Value) -> Result<()>> {
    None
}

impl Engine {
    /// An engine with Guile's core library in place; the current module is `(guile-user)`.
    ///
    /// # Errors
    /// What a boot file raised: the library is broken.
    pub fn with_library() -> Result<Engine> {
        Engine::with_library_kept(None)
    }

    /// As [`Engine::with_library`]; what loading modules takes, those of the core library among them, is kept in
    /// the folder `cache` ([`Engine::set_module_cache`]).
    ///
    /// # Errors
    /// As there.
    pub fn with_library_kept(cache: Option<&std::path::Path>) -> Result<Engine> {
        let mut engine = Engine::new();
        engine.set_module_cache(cache);
        engine.boot()?;
        Ok(engine)
    }

    /// Binds the special forms, loads the boot files into `(guile)` and makes `(guile-user)`.
    pub fn boot(&mut self) -> Result<()> {
        crate::expand::install(self);
        crate::natives::modules::install(self);
        crate::natives::load::install(self);
        self.publish_native_modules()?;
        self.modules.current = self.modules.guile;
        self.modules.booting = true;
        for name in BOOT {
            let file = format!("ice-9/boot/{name}.scm");
            if text(&file).is_some() {
                let path = format!("{EMBEDDED_ROOT}{file}");
                self.load_stored(&Found { path, relative: file.clone() }, &file, true)?;
            }
        }
        for name in crate::defer::NEEDED {
            let name = self.heap.intern(name);
            if let Some(variable) = self.own_variable(self.modules.guile, name) {
                self.value_of(variable)?;
            }
        }
        self.modules.booting = false;
        let parts = [self.heap.intern("guile-user")];
        let name = self.heap.list(&parts);
        let module = self.resolve_module(name, false, true)?;
        self.beautify_module(module);
        self.modules.current = module;
        Ok(())
    }

    /// Makes the module of this name (its parts separated by spaces) whose public bindings are the
    /// procedures of `table`.
    ///
    /// # Errors
    /// When there is a broken module of that name.
    pub fn define_native_module(
        &mut self,
        name: &str,
        table: &'static [crate::native::Native],
    ) -> Result<()> {
        let parts: Vec<Value> = name.split(' ').map(|part| self.heap.intern(part)).collect();
        let name = self.heap.list(&parts);
        let module = self.resolve_module(name, false, true)?;
        for native in table {
            let name = self.heap.intern(native.name);
            let value = self.heap.native(native);
            self.module_define(module, name, value);
        }
        self.publish(module);
        Ok(())
    }

    fn publish(&mut self, module: Value) {
        self.beautify_module(module);
        let (obarray, public) =
            self.module(module).map_or((Value::FALSE, Value::FALSE), |m| (m.obarray, m.public));
        if let Some(interface) = self.module_mut(public) {
            interface.obarray = obarray;
        }
    }

    /// Makes all bindings of native modules but `(guile)` visible to their users.
    fn publish_native_modules(&mut self) -> Result<()> {
        for (module, _) in crate::natives::TABLES {
            if *module == "guile" {
                continue;
            }
            let parts: Vec<Value> = module.split(' ').map(|part| self.heap.intern(part)).collect();
            let name = self.heap.list(&parts);
            let module = self.resolve_module(name, false, true)?;
            self.publish(module);
        }
        Ok(())
    }
}
