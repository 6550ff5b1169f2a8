// SPDX-License-Identifier: GPL-3.0-or-later
//! What may have been meant: names like the one that is not there, and modules that have it.

use super::{Fault, place};
use crate::data::structs;
use crate::engine::Engine;
use crate::library;
use crate::value::Value;
use std::collections::HashSet;

/// Most names that are proposed.
const NAMES_MAX: usize = 3;

/// Adds guesses to the fault; `module` is the one that the code at fault is in.
pub(super) fn complete(engine: &mut Engine, fault: Fault, module: Value) -> Fault {
    match fault {
        Fault::Unbound { name, .. } => {
            let similar = closest(&name, visible(engine, module));
            let modules = exporters(engine, &name);
            Fault::Unbound { name, similar, modules }
        }
        Fault::NoModule { name, .. } => {
            let loaded = place::all_modules(engine).into_iter().filter_map(|module| {
                let name = engine.module(module)?.name;
                (engine.module(module)?.public.is_true()).then(|| engine.datum_text(name))
            });
            let loaded: Vec<String> = loaded.collect();
            let beside = beside(engine, &name);
            let shipped = library::names().filter_map(module_name);
            let similar = closest(&name, loaded.into_iter().chain(beside).chain(shipped));
            Fault::NoModule { name, similar }
        }
        Fault::Syntax { who: Some(who), problem, form, subform, .. } => {
            let similar = fields_meant(engine, module, &who, &problem);
            let missing = fields_named(&problem, MISSING);
            Fault::Syntax { who: Some(who), problem, form, subform, similar, missing }
        }
        other => other,
    }
}

/// Modules in the folders of the load path where the module of this name would be.
fn beside(engine: &Engine, name: &str) -> Vec<String> {
    let parts = name.trim_start_matches('(').trim_end_matches(')').rsplit_once(' ');
    let Some((folder, _)) = parts else { return Vec::new() };
    let mut found = Vec::new();
    for dir in engine.load_path() {
        let dir = std::path::Path::new(&dir).join(folder.replace(' ', "/"));
        let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        let modules = names.filter_map(|file| file.strip_suffix(".scm").map(str::to_owned));
        found.extend(modules.map(|module| format!("({folder} {module})")));
    }
    found
}

/// A module that exports a name without having defined it: it is still being loaded.
pub(super) fn exporter_not_loaded(engine: &Engine, name: &str) -> Option<String> {
    let symbol = engine.heap.find_symbol(name)?;
    place::all_modules(engine).into_iter().find_map(|module| {
        let body = engine.module(module)?;
        let variable = engine.own_variable(body.public, symbol)?;
        let waits = !engine.is_bound(variable) && body.name.is_pair();
        waits.then(|| engine.datum_text(body.name))
    })
}

/// The module that a file of the library defines: `ice-9/match.scm` is `(ice-9 match)`.
fn module_name(file: &str) -> Option<String> {
    let name = file.strip_suffix(".scm")?;
    (!name.starts_with("ice-9/boot/")).then(|| format!("({})", name.replace('/', " ")))
}

/// All names that are visible in the module.
pub(super) fn visible(engine: &Engine, module: Value) -> Vec<String> {
    let mut modules = vec![module];
    let mut seen: HashSet<Value> = HashSet::from([module]);
    let mut next = 0;
    while let Some(&module) = modules.get(next) {
        next += 1;
        let uses = engine.module(module).map_or(&[][..], |m| &m.uses[..]);
        modules.extend(uses.iter().copied().filter(|&used| seen.insert(used)));
    }
    modules.into_iter().flat_map(|module| place::own_names(engine, module)).collect()
}

/// Modules that export the name: those that are loaded, then those of the library.
fn exporters(engine: &mut Engine, name: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    if let Some(symbol) = engine.heap.find_symbol(name) {
        for module in place::all_modules(engine) {
            let Some(body) = engine.module(module) else { continue };
            let Some(variable) = engine.own_variable(body.public, symbol) else { continue };
            if engine.is_bound(variable) && body.name.is_pair() {
                found.push(engine.datum_text(body.name));
            }
        }
    }
    let shipped =
        library::names().filter(|file| library::text(file).is_some_and(|text| exports(text, name)));
    for module in shipped.filter_map(module_name) {
        if !found.contains(&module) {
            found.push(module);
        }
    }
    found.sort_by_key(|name| (name.starts_with("(guix build"), name.len()));
    found.truncate(NAMES_MAX);
    found
}

/// Whether a module's text exports the name: in its `define-module` form or with `define-public`.
fn exports(text: &str, name: &str) -> bool {
    let Some(start) = text.find("(define-module") else { return false };
    let end = text[start..].find("\n\n").map_or(text.len(), |end| start + end);
    let head = &text[start..end];
    let listed = head.find("#:export").is_some_and(|at| {
        head[at..].split(|c: char| c.is_whitespace() || "()".contains(c)).any(|word| word == name)
    });
    listed
        || text.lines().any(|line| {
            let rest =
                line.strip_prefix("(define-public ").map(|rest| rest.trim_start_matches('('));
            rest.and_then(|rest| rest.strip_prefix(name))
                .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', ')']))
        })
}

/// What `(guix records)` says before the list of fields that a record needs, and of those that it does not have.
const MISSING: &str = "missing field initializers (";
const EXTRANEOUS: &str = "extraneous field initializers (";

/// The fields that a problem of `(guix records)` names, if it starts with these words.
fn fields_named(problem: &str, words: &str) -> Vec<String> {
    let names = problem.strip_prefix(words).unwrap_or_default();
    names.trim_end_matches(')').split_whitespace().map(str::to_owned).collect()
}

/// For fields that a record does not have: those of its type with names like it.
fn fields_meant(engine: &mut Engine, module: Value, who: &str, problem: &str) -> Vec<String> {
    let names = fields_named(problem, EXTRANEOUS);
    if names.is_empty() {
        return Vec::new();
    }
    // SRFI-9's name of the type, and the one that (guix records) gives it.
    let types = [format!("% <{who}> rtd"), format!("<{who}>")];
    // Types are seldom exported: then any module's type of this name is meant.
    let elsewhere = place::all_modules(engine);
    let vtable = types.iter().find_map(|name| {
        let name = engine.heap.find_symbol(name)?;
        let near = engine.module_variable(module, name).ok()?;
        let mut far = elsewhere.iter().filter_map(|&module| engine.own_variable(module, name));
        let variable = near.or_else(|| far.next())?;
        engine.variable_value(variable)
    });
    let Some(vtable) = vtable else { return Vec::new() };
    let heap = &engine.heap;
    if !structs::is_record_type(heap, vtable) {
        return Vec::new();
    }
    let fields =
        structs::fields_of(heap, vtable).map_or(Value::NULL, |f| f[structs::record::FIELDS]);
    let fields = heap.list_to_vec(fields).unwrap_or_default();
    let fields: Vec<String> =
        fields.iter().filter_map(|&f| heap.symbol_name(f).map(str::to_owned)).collect();
    names.iter().flat_map(|name| closest(name, fields.iter().cloned())).collect()
}

/// Those of `names` that differ from `name` by a slip or two, the closest first.
pub fn closest(name: &str, names: impl IntoIterator<Item = String>) -> Vec<String> {
    let wanted: Vec<char> = name.chars().collect();
    let most = match wanted.len() {
        0..=5 => 1,
        6..=9 => 2,
        _ => 3,
    }
    .min(wanted.len().saturating_sub(1));
    let mut seen = HashSet::new();
    let mut found: Vec<(usize, String)> = Vec::new();
    for candidate in names {
        let length = candidate.chars().count();
        if length.abs_diff(wanted.len()) > most
            || candidate == name
            || candidate.starts_with('%') != name.starts_with('%')
        {
            continue;
        }
        let distance = distance(&wanted, &candidate);
        if distance <= most && seen.insert(candidate.clone()) {
            found.push((distance, candidate));
        }
    }
    found.sort();
    let best = found.first().map_or(0, |(distance, _)| *distance);
    found.retain(|(distance, _)| *distance == best);
    found.truncate(NAMES_MAX);
    found.into_iter().map(|(_, name)| name).collect()
}

/// Edit distance, where swapping two neighbours is one step.
fn distance(a: &[char], b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 0..a.len() {
        let mut row = vec![i + 1];
        for j in 0..b.len() {
            let change = last[j] + usize::from(a[i] != b[j]);
            let mut best = change.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn among(name: &str, names: &[&str]) -> Vec<String> {
        closest(name, names.iter().map(|n| (*n).to_owned()))
    }

    #[test]
    fn slips_are_recognised() {
        assert_eq!(among("hallo", &["hello", "help", "halloween"]), ["hello"]);
        assert_eq!(among("lenght", &["length", "light"]), ["length"]);
        assert_eq!(among("x", &["y", "z", "car"]), [""; 0]);
        assert_eq!(among("car", &["cdr", "cat", "call"]), ["cat", "cdr"]);
    }

    #[test]
    fn what_is_far_away_is_not_proposed() {
        assert_eq!(among("frobnicate", &["package", "origin"]), [""; 0]);
    }

    #[test]
    fn a_modules_head_tells_its_exports() {
        let text = "(define-module (a b)\n  #:export (foo\n            bar))\n\n(define-public (qux x) 1)\n";
        assert!(exports(text, "foo") && exports(text, "bar") && exports(text, "qux"));
        assert!(!exports(text, "fo") && !exports(text, "x") && !exports(text, "a"));
    }
}
