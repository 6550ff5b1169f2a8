// SPDX-License-Identifier: GPL-3.0-or-later
//! Places in files, as people count them, and the line that is there.

use super::Frame;
use crate::engine::Engine;
use crate::library;
use crate::modules::{EMBEDDED_ROOT, Obarray};
use crate::tree::Location;
use crate::value::Value;
use std::path::Path;

/// A place in a file. Line and column count from one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file, or none for a string or a terminal.
    pub file: Option<String>,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1; tabs reach to the next multiple of eight.
    pub column: u32,
    /// The line itself, tabs expanded, if the file can be read.
    pub text: Option<String>,
}

impl Place {
    /// The place of the next `word` in the line, if it is there.
    pub(super) fn at_word(self, word: &str) -> Place {
        let Some(text) = &self.text else { return self };
        let start =
            text.char_indices().nth(self.column as usize - 1).map_or(text.len(), |(i, _)| i);
        let delimits =
            |c: Option<char>| c.is_none_or(|c| c.is_whitespace() || "()[]'`,@\"".contains(c));
        let found = text[start..].match_indices(word).find(|(at, _)| {
            let (before, after) = (&text[..start + at], &text[start + at + word.len()..]);
            delimits(before.chars().next_back()) && delimits(after.chars().next())
        });
        let ahead = found.map_or(0, |(at, _)| text[start..start + at].chars().count() as u32);
        Place { column: self.column + ahead, ..self }
    }
}

/// The file that a location's name means: the load path comes first, since modules are named relative
/// to it, then names as they are.
fn resolve(engine: &Engine, name: &str) -> Option<String> {
    if let Some(found) = engine.search_load_path(name) {
        return Some(found.path);
    }
    std::path::Path::new(name).is_file().then(|| name.to_owned())
}

/// Whose work the code at a place is. The lesser, the more it tells.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Whose {
    /// The user's.
    Users,
    /// Of a library that lies in files.
    Library,
    /// Part of the program.
    Ours,
    /// Of the core library, whose own places tell nobody anything: its handlers are always running.
    Core,
}

fn whose(engine: &Engine, location: &Location) -> Whose {
    if is_core(location) {
        return Whose::Core;
    }
    let Some(name) = &location.file else { return Whose::Users };
    let is_library = |path: &str| {
        let mut folders = engine.report.library_folders.iter();
        folders.any(|folder| Path::new(path).starts_with(folder))
    };
    match resolve(engine, name) {
        Some(path) if path.starts_with(EMBEDDED_ROOT) => Whose::Ours,
        Some(path) if is_library(&path) => Whose::Library,
        Some(_) => Whose::Users,
        None => Whose::Ours,
    }
}

/// Whether the location is in a file that is loaded into `(guile)`.
pub(super) fn is_core(location: &Location) -> bool {
    location.file.as_deref().is_some_and(|file| file.starts_with("ice-9/boot/"))
}

/// The innermost place in a file of the user's; else that of a library, and else the innermost one at all.
pub(super) fn innermost(
    engine: &Engine,
    frames: &[Frame],
    forms: &[(usize, Location)],
) -> Option<Location> {
    let frames = frames.iter().filter_map(|f| Some((f.depth, f.location.as_ref()?)));
    // A form that is being loaded lies below the frames that evaluate it.
    let forms = forms.iter().map(|(depth, location)| (*depth, location));
    let mut places: Vec<(usize, &Location)> = frames.chain(forms).collect();
    places.sort_by_key(|&(depth, _)| std::cmp::Reverse(depth));
    // Of equals, the first.
    let ranked = places.into_iter().map(|(_, location)| (whose(engine, location), location));
    let (whose, location) = ranked.min_by_key(|&(whose, _)| whose)?;
    (whose != Whose::Core).then(|| location.clone())
}

/// Whether the code at a place is the user's own.
pub(super) fn is_users(engine: &Engine, location: &Location) -> bool {
    whose(engine, location) == Whose::Users
}

/// The module that is defined in the location's file, if one is.
pub(super) fn module_of(engine: &Engine, location: &Location) -> Option<Value> {
    let file = location.file.as_deref()?;
    all_modules(engine).into_iter().find(|&module| {
        let filename = engine.module(module).map_or(Value::FALSE, |m| m.filename);
        engine.heap.as_string(filename).is_some_and(|name| name.to_string() == file)
    })
}

/// All modules that have a name.
pub(super) fn all_modules(engine: &Engine) -> Vec<Value> {
    let mut modules = vec![engine.modules.root];
    let mut next = 0;
    while let Some(&module) = modules.get(next) {
        next += 1;
        if let Some(module) = engine.module(module) {
            modules.extend(module.submodules.values().copied());
        }
    }
    modules
}

/// The names bound in a module itself.
pub(super) fn own_names(engine: &Engine, module: Value) -> Vec<String> {
    let Some(body) = engine.module(module) else { return Vec::new() };
    let Some(obarray) = engine.heap.as_foreign::<Obarray>(body.obarray) else { return Vec::new() };
    let bound = obarray.bindings.iter().filter(|(_, variable)| engine.is_bound(**variable));
    bound.filter_map(|(&name, _)| engine.heap.symbol_name(name).map(str::to_owned)).collect()
}

/// The place of a location, with its line.
pub(super) fn place(engine: &Engine, location: &Location) -> Place {
    let path = location.file.as_deref().and_then(|name| resolve(engine, name));
    let text = path.as_deref().and_then(|path| line_of(path, location.line as usize));
    let file = match path {
        Some(path) if !path.starts_with(EMBEDDED_ROOT) => Some(path),
        _ => location.file.as_deref().map(str::to_owned),
    };
    Place { file, line: location.line + 1, column: location.column + 1, text }
}

/// Largest file that is read for the sake of one line.
const SOURCE_MAX: u64 = 16 << 20;

fn line_of(path: &str, line: usize) -> Option<String> {
    let text = match library::text(path).filter(|_| path.starts_with(EMBEDDED_ROOT)) {
        Some(text) => text.to_owned(),
        None => {
            std::fs::metadata(path).ok().filter(|m| m.is_file() && m.len() <= SOURCE_MAX)?;
            String::from_utf8_lossy(&std::fs::read(path).ok()?).into_owned()
        }
    };
    Some(expand_tabs(text.lines().nth(line)?))
}

fn expand_tabs(line: &str) -> String {
    let mut out = String::new();
    let mut column = 0;
    for c in line.chars() {
        if c == '\t' {
            let next = (column / 8 + 1) * 8;
            (column..next).for_each(|_| out.push(' '));
            column = next;
        } else {
            out.push(c);
            column += 1;
        }
    }
    out
}

impl std::fmt::Display for Place {
    /// `FILE:LINE:COLUMN`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.file {
            Some(file) => write!(f, "{file}:{}:{}", self.line, self.column),
            None => write!(f, "{}:{}", self.line, self.column),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tabs_reach_to_the_columns_that_the_reader_counts() {
        assert_eq!(expand_tabs("\ta\tb"), "        a       b");
        assert_eq!(expand_tabs("ab\tc"), "ab      c");
    }
}
