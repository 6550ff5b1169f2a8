// SPDX-License-Identifier: GPL-3.0-or-later
//! The module `(fruix core index)`. The native halves of `(gnu packages)` and `(guix scripts package)` are its users.

use std::any::TypeId;
use std::path::PathBuf;

use fruix_scheme::heap::Tag;
use fruix_scheme::native::{Native, Result};
use fruix_scheme::natives::args;
use fruix_scheme::regexps::{Regexp, SearchOptions};
use fruix_scheme::{Engine, Value, native};

use super::{Entry, Index};
use crate::natives::{core, string_list};

/// The name of the module.
pub const MODULE: &str = "fruix core index";

/// The procedures.
pub static NATIVES: &[Native] = &[
    native!("index-open", 1, open),
    native!("index-write!", 2, write),
    native!("index-entries", 0, entries),
    native!("index-named", 1, named),
    native!("index-scores", 1, scores),
];

/// What was found, which is looked for once: an extension of the engine.
struct Opened(Option<Index>);

/// The file of the index for SYSTEM; none if nothing is to be kept.
fn file(engine: &mut Engine, system: &str) -> Option<PathBuf> {
    let load_path = engine.load_path();
    let folder = core(engine)?.cache_folder.clone()?;
    Some(Index::file(&folder, &load_path, system))
}

/// `(index-open SYSTEM)`: whether there is an index of the packages on the load path.
fn open(engine: &mut Engine, system: Value) -> Result {
    let system = args::string(engine, "index-open", 1, system)?;
    if opened(engine).is_none() {
        let index = file(engine, &system).and_then(|file| Index::read(&file));
        engine.extensions.insert(TypeId::of::<Opened>(), Box::new(Opened(index)));
    }
    Ok(Value::bool(opened(engine).is_some_and(|opened| opened.0.is_some())))
}

fn opened(engine: &Engine) -> Option<&Opened> {
    engine.extensions.get(&TypeId::of::<Opened>())?.downcast_ref()
}

fn all(engine: &Engine) -> &[Entry] {
    opened(engine).and_then(|opened| opened.0.as_ref()).map_or(&[], |index| &index.entries)
}

/// `(index-write! SYSTEM ENTRIES)`: ENTRIES are vectors of name, version, module (a string), variable (a string),
/// outputs, whether it is supported and superseded, file, line and column or `#f`, upstream name, synopsis and
/// description or `#f`. Says whether there is an index now.
fn write(engine: &mut Engine, system: Value, entries: Value) -> Result {
    const SUBR: &str = "index-write!";
    let system = args::string(engine, SUBR, 1, system)?;
    let mut all = Vec::new();
    for value in args::list(engine, SUBR, 2, entries)? {
        match entry(engine, value) {
            Some(entry) => all.push(entry),
            None => return engine.wrong_type(SUBR, 2, value),
        }
    }
    let files: Vec<PathBuf> = engine.loaded_files().into_iter().map(PathBuf::from).collect();
    let index = Index::new(all, &files).ok();
    // Who cannot keep it is as well off without.
    if let (Some(index), Some(file)) = (&index, file(engine, &system)) {
        let _ = index.write(&file);
    }
    let there = index.is_some();
    engine.extensions.insert(TypeId::of::<Opened>(), Box::new(Opened(index)));
    Ok(Value::bool(there))
}

fn entry(engine: &Engine, value: Value) -> Option<Entry> {
    let fields = engine.heap.slots(value, Tag::Vector)?;
    let text = |index: usize| {
        let value = *fields.get(index)?;
        Some(engine.heap.as_string(value)?.to_string())
    };
    let outputs = engine.heap.list_to_vec(*fields.get(4)?)?;
    let outputs = outputs.into_iter().map(|o| Some(engine.heap.as_string(o)?.to_string()));
    let number = |index: usize| u32::try_from(fields.get(index)?.as_fixnum()?).ok();
    let location = match text(7) {
        Some(file) => Some((file, number(8)?, number(9)?)),
        None => None,
    };
    Some(Entry {
        name: text(0)?,
        version: text(1)?,
        module: text(2)?,
        symbol: text(3)?,
        outputs: outputs.collect::<Option<_>>()?,
        supported: fields.get(5)?.is_true(),
        superseded: fields.get(6)?.is_true(),
        location,
        upstream_name: text(10)?,
        synopsis: text(11),
        description: text(12),
    })
}

/// `(index-entries)`: vectors of name, version, outputs, whether it is supported and superseded, and file, line and
/// column or `#f`.
fn entries(engine: &mut Engine) -> Result {
    let entries = all(engine).to_vec();
    let mut list = Vec::with_capacity(entries.len());
    for entry in &entries {
        let (file, line, column) = match &entry.location {
            Some((file, line, column)) => (
                engine.heap.string(file),
                Value::fixnum((*line).into()),
                Value::fixnum((*column).into()),
            ),
            None => (Value::FALSE, Value::FALSE, Value::FALSE),
        };
        let fields = [
            engine.heap.string(&entry.name),
            engine.heap.string(&entry.version),
            string_list(engine, &entry.outputs),
            Value::bool(entry.supported),
            Value::bool(entry.superseded),
            file,
            line,
            column,
        ];
        list.push(engine.heap.vector(&fields));
    }
    Ok(engine.heap.list(&list))
}

/// The module, a list of symbols, and the variable.
fn place(engine: &mut Engine, module: &str, symbol: &str) -> [Value; 2] {
    let parts: Vec<Value> = module.split(' ').map(|part| engine.heap.intern(part)).collect();
    [engine.heap.list(&parts), engine.heap.intern(symbol)]
}

/// `(index-named NAME)`: module and variable of each package of this name.
fn named(engine: &mut Engine, name: Value) -> Result {
    let name = args::string(engine, "index-named", 1, name)?;
    let found = all(engine).iter().filter(|entry| entry.name == name);
    let found: Vec<(String, String)> =
        found.map(|entry| (entry.module.clone(), entry.symbol.clone())).collect();
    let mut list = Vec::new();
    for (module, symbol) in found {
        let place = place(engine, &module, &symbol);
        list.push(engine.heap.list(&place));
    }
    Ok(engine.heap.list(&list))
}

/// `(index-scores REGEXPS)`: module, variable and score of each package that all REGEXPS match somewhere and that no
/// other one supersedes; as `package-relevance` of `(guix ui)` counts.
fn scores(engine: &mut Engine, regexps: Value) -> Result {
    const SUBR: &str = "index-scores";
    let regexps = args::list(engine, SUBR, 1, regexps)?;
    let mut compiled = Vec::new();
    for &value in &regexps {
        match engine.heap.as_foreign::<Regexp>(value) {
            Some(regexp) => compiled.push(regexp),
            None => return engine.wrong_type(SUBR, 1, value),
        }
    }
    let mut found = Vec::new();
    for entry in all(engine).iter().filter(|entry| !entry.superseded) {
        let score = relevance(entry, &compiled);
        if score > 0 {
            found.push((entry.module.clone(), entry.symbol.clone(), score));
        }
    }
    let mut list = Vec::new();
    for (module, symbol, score) in found {
        let [module, symbol] = place(engine, &module, &symbol);
        list.push(engine.heap.list(&[module, symbol, Value::fixnum(score)]));
    }
    Ok(engine.heap.list(&list))
}

/// Outputs that many packages have; they tell nothing.
const COMMON_OUTPUTS: &[&str] = &["out", "doc", "debug", "lib", "include", "bin"];

fn relevance(entry: &Entry, regexps: &[&Regexp]) -> i64 {
    let outputs = entry.outputs.iter().filter(|output| !COMMON_OUTPUTS.contains(&output.as_str()));
    let file = entry.location.as_ref().map_or("", |(file, ..)| file.as_str());
    let base = file.rsplit('/').next().unwrap_or_default();
    let base = base.strip_suffix(".scm").unwrap_or(base);
    let texts = [
        (Some(entry.name.as_str()), 4),
        (Some(entry.upstream_name.as_str()), 2),
        (entry.synopsis.as_deref(), 3),
        (entry.description.as_deref(), 2),
        (Some(base), 1),
    ];
    let texts = texts.into_iter().filter_map(|(text, weight)| Some((text?, weight)));
    let texts: Vec<(Vec<char>, i64)> = texts
        .chain(outputs.map(|output| (output.as_str(), 1)))
        .map(|(text, weight)| (text.chars().collect(), weight))
        .collect();
    let mut total = 0;
    for regexp in regexps {
        let score: i64 = texts.iter().map(|(text, weight)| count(regexp, text) * weight).sum();
        if score == 0 {
            return 0;
        }
        total += score;
    }
    total
}

/// How often a text matches: each match counts for one, that of the whole text for five. An empty match right behind
/// another one does not count.
fn count(regexp: &Regexp, text: &[char]) -> i64 {
    let (mut start, mut touching, mut count) = (0, false, 0);
    while start <= text.len() {
        let options = SearchOptions { not_line_start: start > 0, ..SearchOptions::default() };
        let found = regexp.search(text, start, options);
        let Some((from, to)) = found.and_then(|groups| groups.first().copied().flatten()) else {
            break;
        };
        if touching && from == to {
            (start, touching) = (start + 1, false);
            continue;
        }
        count += if to - from == text.len() { 5 } else { 1 };
        (start, touching) = (to, true);
    }
    count
}
