// SPDX-License-Identifier: GPL-3.0-or-later
//! Finding the file of a module: along `%load-path`, then in the library that is part of the program.

use crate::engine::Engine;
use crate::library;
use crate::native::Result;
use crate::value::Value;
use std::path::Path;

/// How file names of the built-in library start where they have to be told from others.
pub const EMBEDDED_ROOT: &str = "/dev/fruix/library/";

/// The folder of the library with the native halves of modules that others define: when
/// `guix/store.scm` has been loaded from the load path, this folder's `guix/store.scm` is evaluated
/// in the module.
const NATIVE_HALVES: &str = "fruix/native/";

/// The same for what makes modules faster and does nothing else. `FRUIX_NO_NATIVE=1` leaves it out.
const FAST_HALVES: &str = "fruix/fast/";

/// A Scheme file that was found.
pub struct Found {
    /// The name under which it is opened; starts with [`EMBEDDED_ROOT`] for a built-in one.
    pub path: String,
    /// The name relative to the load path's entry, for source locations.
    pub relative: String,
}

impl Engine {
    fn string_list(&self, variable: &str) -> Vec<String> {
        let list = self.guile_value(variable).unwrap_or(Value::NULL);
        let elements = self.heap.list_to_vec(list).unwrap_or_default();
        elements.iter().filter_map(|&v| self.heap.as_string(v)).map(ToString::to_string).collect()
    }

    /// The folders that modules are looked for in.
    pub fn load_path(&self) -> Vec<String> {
        self.string_list("%load-path")
    }

    /// The files of the modules that were loaded, other than those which are part of the program.
    pub fn loaded_files(&self) -> Vec<String> {
        let found = self.modules.tried.keys().filter_map(|file| self.search_module(file));
        found.map(|found| found.path).filter(|path| !path.starts_with(EMBEDDED_ROOT)).collect()
    }

    /// `search-path`: the first file `DIR/NAME+EXT`.
    pub fn search_path(dirs: &[String], name: &str, extensions: &[String]) -> Option<Found> {
        let with_extension = |ext: &String| {
            if name.ends_with(ext.as_str()) { name.to_string() } else { format!("{name}{ext}") }
        };
        if Path::new(name).is_absolute() {
            let mut candidates = extensions.iter().map(with_extension);
            let path = candidates.find(|path| Path::new(path).is_file())?;
            return Some(Found { relative: path.clone(), path });
        }
        for dir in dirs {
            for ext in extensions {
                let relative = with_extension(ext);
                let path = Path::new(dir).join(&relative);
                if path.is_file() {
                    return Some(Found { path: path.to_string_lossy().into_owned(), relative });
                }
            }
        }
        None
    }

    /// `%search-load-path`: the Scheme file of this name on `%load-path`, else the built-in one.
    pub fn search_load_path(&self, name: &str) -> Option<Found> {
        let dirs = self.string_list("%load-path");
        let mut extensions = self.string_list("%load-extensions");
        if extensions.is_empty() {
            extensions = vec![".scm".to_string(), String::new()];
        }
        Self::search_path(&dirs, name, &extensions).or_else(|| {
            extensions.iter().find_map(|ext| {
                let relative = if name.ends_with(ext.as_str()) {
                    name.to_string()
                } else {
                    format!("{name}{ext}")
                };
                library::text(&relative)?;
                Some(Found { path: format!("{EMBEDDED_ROOT}{relative}"), relative })
            })
        })
    }

    /// The file of the module whose name is this: Guile's library and what stands for C libraries is
    /// part of the program, whatever the load path has under that name.
    pub(crate) fn search_module(&self, file: &str) -> Option<Found> {
        let relative = format!("{file}.scm");
        match library::text_first(&relative) {
            Some(_) => Some(Found { path: format!("{EMBEDDED_ROOT}{relative}"), relative }),
            None => self.search_load_path(file),
        }
    }

    fn load_native_halves(&mut self, name: Value, found: &Found) -> Result<()> {
        if found.path.starts_with(EMBEDDED_ROOT) {
            return Ok(());
        }
        let plain = std::env::var_os("FRUIX_NO_NATIVE").is_some_and(|value| !value.is_empty());
        for folder in [NATIVE_HALVES, FAST_HALVES] {
            let relative = format!("{folder}{}", found.relative);
            if library::text(&relative).is_some() && !(plain && folder == FAST_HALVES) {
                self.modules.current = self.resolve_module(name, false, true)?;
                let path = format!("{EMBEDDED_ROOT}{relative}");
                self.load_stored(&Found { path, relative: relative.clone() }, &relative, false)?;
            }
        }
        Ok(())
    }

    /// `try-module-autoload`: loads the file of the module of this name, once.
    pub fn try_module_autoload(&mut self, name: Value) -> Result<bool> {
        let Some(parts) = self.heap.list_to_vec(name).filter(|p| !p.is_empty()) else {
            return Ok(false);
        };
        let parts: Vec<&str> = parts.iter().filter_map(|&s| self.heap.symbol_name(s)).collect();
        let file = parts.join("/");
        if self.modules.tried.contains_key(&file) {
            return Ok(false);
        }
        if let Some(define) = library::native_module(&file) {
            self.modules.tried.insert(file, true);
            define(self, name)?;
            return Ok(true);
        }
        let Some(found) = self.search_module(&file) else { return Ok(false) };
        self.modules.tried.insert(file.clone(), true);
        let outer = self.modules.current;
        self.modules.current = self.make_fresh_user_module();
        let inner = self.modules.current;
        // The user module is garbage as soon as the file defines its own; keep it for expansions.
        self.heap.keep(inner);
        let loaded = self
            .load_stored(&found, &file, true)
            .and_then(|_| self.load_native_halves(name, &found));
        self.modules.current = outer;
        if loaded.is_err() {
            self.modules.tried.remove(&file);
        }
        loaded.map(|_| true)
    }
}
