// SPDX-License-Identifier: GPL-3.0-or-later
//! When an entry still holds.
//!
//! What expanding a form gives depends on the file's text, and on what names mean: on the macros of the
//! modules that are used, and on which names hide those of `(guile)`. So an entry has
//!
//! - *needs*: files that must have the contents they had: those of modules whose macros are imported, with all
//!   that these macros may look at in turn; and files that were included;
//! - *facts*: for each module used, which of its exports are macros or hide a name of `(guile)`. So a
//!   module that exports packages alone may change without the modules that import it being compiled anew.

use super::bytes::digest;
use super::file::{Source, Stamp};
use super::{embedded_text, is_embedded};
use crate::engine::Engine;
use crate::heap::Tag;
use crate::modules::Found;
use crate::value::Value;
use rustc_hash::FxHashSet;
use std::collections::BTreeSet;

/// The fact of modules that are part of the program.
const PART_OF_PROGRAM: u64 = 1;

/// What has been visited on the way to all files that a module's macros may look at.
#[derive(Default)]
struct Visit {
    /// With everything that it uses.
    whole: FxHashSet<Value>,
    /// With the macros that it uses.
    macros: FxHashSet<Value>,
    files: BTreeSet<String>,
}

impl Engine {
    /// `%load-path`, which the expansion of some forms looks at.
    pub(super) fn load_path_text(&self) -> String {
        let list = self.guile_value("%load-path").unwrap_or(Value::NULL);
        let elements = self.heap.list_to_vec(list).unwrap_or_default();
        let texts: Vec<String> = elements
            .iter()
            .filter_map(|&v| self.heap.as_string(v))
            .map(|s| s.to_string())
            .collect();
        texts.join("\n")
    }

    /// Whether the files have the contents that they had.
    pub(super) fn holds(&mut self, needs: &[u8]) -> bool {
        let key = digest(needs);
        if self.cache.sound_needs.contains(&key) {
            return true;
        }
        let Some(needs) = super::read_sources(needs) else { return false };
        let sound = needs.iter().all(|need| self.has_content(need));
        if sound {
            self.cache.sound_needs.insert(key);
        }
        sound
    }

    fn has_content(&mut self, need: &Source) -> bool {
        if !self.cache.files.contains_key(&need.path) {
            let stamp = std::fs::metadata(&need.path).ok().map(|file| Stamp::of(&file));
            self.cache.files.insert(need.path.clone(), (stamp, None));
        }
        let Some((stamp, content)) = self.cache.files.get_mut(&need.path) else { return false };
        if stamp.is_some() && *stamp == need.stamp {
            return true;
        }
        if content.is_none() {
            *content = match embedded_text(&need.path) {
                Some(text) => Some(digest(text.as_bytes())),
                None => std::fs::read(&need.path).ok().map(|bytes| digest(&bytes)),
            };
        }
        *content == Some(need.digest)
    }

    /// Whether the modules that the current one has come to use are what they were.
    pub(super) fn uses_hold(&mut self, entry: u32) -> bool {
        let module = self.modules.current;
        let Some(body) = self.module(module) else { return false };
        // A module without a name is what the file began in.
        if !body.name.is_pair() || module == self.modules.guile {
            return true;
        }
        let count = body.uses.len();
        let Some(known) = self.entry(entry) else { return false };
        let checked = known.checked;
        if count <= checked {
            return true;
        }
        let uses = body.uses[checked..].to_vec();
        for (n, interface) in uses.into_iter().enumerate() {
            let (name, fact) = self.fact_of_use(interface);
            let Some(known) = self.entry(entry) else { return false };
            let same = known
                .facts
                .get(checked + n)
                .is_some_and(|(old, old_fact)| *old == name && fact.is_none_or(|f| f == *old_fact));
            if !same {
                return false;
            }
        }
        if let Some(known) = self.entry_mut(entry) {
            known.checked = count;
        }
        true
    }

    /// The name of an interface, and the fact of the module behind it unless it is loaded later.
    fn fact_of_use(&mut self, interface: Value) -> (String, Option<u64>) {
        let Some(body) = self.module(interface) else { return (String::new(), Some(0)) };
        let (name, autoload) = (body.name, body.autoload.is_some());
        let text = self.file_of_name(name);
        if autoload {
            return (text, None);
        }
        if let Some(&fact) = self.cache.facts.get(&interface) {
            return (text, Some(fact));
        }
        let module = self.find_module(name).unwrap_or(Value::FALSE);
        let public = self.module(module).map_or(Value::FALSE, |m| m.public);
        let (fact, lasting) = match self.cache.homes.get(&text) {
            Some(&Some(entry)) => (self.entry(entry).map_or(0, |entry| entry.fact), true),
            Some(None) => (self.fact_of_interface(public), false),
            None => (PART_OF_PROGRAM, true),
        };
        if lasting && public == interface {
            self.cache.facts.insert(interface, fact);
        }
        (text, Some(fact))
    }

    /// The name of a module as that of a file.
    fn file_of_name(&self, name: Value) -> String {
        let parts = self.heap.list_to_vec(name).unwrap_or_default();
        let parts: Vec<&str> = parts.iter().filter_map(|&s| self.heap.symbol_name(s)).collect();
        parts.join("/")
    }

    /// Which of an interface's names are macros or hide a name of `(guile)`.
    fn fact_of_interface(&self, interface: Value) -> u64 {
        let guile = self.modules.guile;
        let mut names: Vec<&str> = Vec::new();
        for (name, variable) in self.bindings(interface) {
            let value = self.variable_value(variable);
            let keyword = value.is_some_and(|value| self.heap.is(value, Tag::Macro));
            let hides = self.own_variable(guile, name).is_some_and(|own| own != variable);
            if keyword || hides {
                names.extend(self.heap.symbol_name(name));
            }
        }
        if names.is_empty() {
            return 0;
        }
        names.sort_unstable();
        digest(names.join(" ").as_bytes()).1 | 2
    }

    /// Finds out facts and needs of entries that were made by this process.
    pub(super) fn find_dependencies(&mut self) {
        for number in 0..self.cache.entries.len() {
            let entry = &self.cache.entries[number];
            if entry.dead || !entry.dirty {
                continue;
            }
            let mut needs = std::mem::take(&mut self.cache.entries[number].included);
            if self.cache.entries[number].fresh {
                match self.dependencies(number) {
                    Some((files, fact, facts)) => {
                        let read = |path: &String| super::read_source(path).map(|read| read.0);
                        let sources: Option<Vec<Source>> = files
                            .iter()
                            .map(|path| self.known_source(path).or_else(|| read(path)))
                            .collect();
                        match sources {
                            Some(sources) => needs.extend(sources),
                            None => self.cache.entries[number].dead = true,
                        }
                        let entry = &mut self.cache.entries[number];
                        (entry.fact, entry.facts, entry.fresh) = (fact, facts, false);
                    }
                    None => self.cache.entries[number].dead = true,
                }
            }
            let more = super::write_sources(&needs);
            self.cache.entries[number].needs.extend(more);
        }
    }

    /// A file that has an entry, as it was when it was loaded.
    fn known_source(&self, path: &str) -> Option<Source> {
        let known = self.cache.entries.iter().find(|entry| entry.source.path == path)?;
        Some(known.source.clone())
    }

    /// The files that an entry needs, its module's fact, and those of what the module uses.
    #[allow(clippy::type_complexity)]
    fn dependencies(
        &mut self,
        number: usize,
    ) -> Option<(BTreeSet<String>, u64, Vec<(String, u64)>)> {
        let modules = self.cache.entries[number].modules.clone();
        let named: Vec<Value> = modules
            .into_iter()
            .filter(|&module| self.module(module).is_some_and(|body| body.name.is_pair()))
            .collect();
        let mut visit = Visit::default();
        let module = match named[..] {
            [] => return Some((visit.files, 0, Vec::new())),
            [module] => module,
            // A file of several modules.
            _ => return None,
        };
        if module == self.modules.guile {
            return Some((visit.files, 0, Vec::new()));
        }
        let own = self.cache.entries[number].source.path.clone();
        let uses = self.module(module)?.uses.clone();
        let public = self.module(module)?.public;
        let whole = self.has_procedural_macros(module);
        let mut facts = Vec::with_capacity(uses.len());
        for interface in uses {
            let (name, fact) = self.fact_of_use(interface);
            facts.push((name, fact.unwrap_or(0)));
            let body = self.module(interface)?;
            let target = self.find_module(body.name);
            let renames = target.is_some_and(|target| self.renames(interface, target));
            match target {
                Some(target) if whole => self.visit(target, true, &mut visit),
                Some(target) if self.has_macros(target) => self.visit(target, false, &mut visit),
                _ => {}
            }
            // An autoload, or names that the module itself does not have.
            if (fact.is_none() || renames)
                && let Some(path) = self.path_of(body.name)
            {
                visit.files.insert(path);
            }
        }
        visit.files.remove(&own);
        Some((visit.files, self.fact_of_interface(public), facts))
    }

    /// Whether the interface has names that it did not take as they are from the module's own.
    fn renames(&self, interface: Value, target: Value) -> bool {
        let public = self.module(target).map_or(Value::FALSE, |m| m.public);
        public != interface
            && self
                .bindings(interface)
                .into_iter()
                .any(|(name, variable)| self.own_variable(public, name) != Some(variable))
    }

    /// The file of a module, unless it is part of the program.
    fn path_of(&self, name: Value) -> Option<String> {
        let text = self.file_of_name(name);
        let path = match self.cache.homes.get(&text) {
            Some(&Some(entry)) => self.entry(entry)?.source.path.clone(),
            _ => self.search_module(&text).map(|Found { path, .. }| path)?,
        };
        (!is_embedded(&path)).then_some(path)
    }

    fn visit(&self, module: Value, whole: bool, visit: &mut Visit) {
        let seen = if whole { &mut visit.whole } else { &mut visit.macros };
        if !seen.insert(module) {
            return;
        }
        let Some(body) = self.module(module) else { return };
        match self.path_of(body.name) {
            Some(path) => visit.files.insert(path),
            // The program's own modules use no others.
            None => return,
        };
        let whole = whole || self.has_procedural_macros(module);
        for &interface in &body.uses {
            let Some(target) = self.module(interface).and_then(|m| self.find_module(m.name)) else {
                continue;
            };
            if whole || self.has_macros(target) {
                self.visit(target, whole, visit);
            }
        }
    }

    /// Whether the module exports a macro.
    fn has_macros(&self, module: Value) -> bool {
        let public = self.module(module).map_or(Value::FALSE, |m| m.public);
        self.bindings(public)
            .into_iter()
            .filter_map(|(_, variable)| self.variable_value(variable))
            .any(|value| self.heap.is(value, Tag::Macro))
    }

    /// Whether using one of the module's own macros runs code.
    fn has_procedural_macros(&self, module: Value) -> bool {
        self.bindings(module)
            .into_iter()
            .filter_map(|(_, variable)| self.variable_value(variable))
            .any(|value| self.heap.is(value, Tag::Macro) && !self.is_plain_macro(value))
    }
}
