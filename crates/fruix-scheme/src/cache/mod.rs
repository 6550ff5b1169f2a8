// SPDX-License-Identifier: GPL-3.0-or-later
//! The cache of compiled modules: what loading a module's file does, kept for the next process.
//!
//! An *entry* stands for one file. It lists the file's top-level forms; a form has a *section* once it has been
//! expanded and compiled: the effects that its expansion had on modules (exports, imports, macros), in order,
//! and its code. Loading a module with an entry goes through the list as the loader goes through
//! the text: definitions that wait (see [`crate::defer`]) are noted, other forms do what their sections
//! say. What has no section, or one that cannot be read, is read from the source text as ever; when
//! the process ends, entries that have learned something are written again.
//!
//! - [`encode`], [`decode`]: values and code as bytes. [`verify`]: code from outside is not trusted.
//! - [`file`]: the layout of entries on the disk.
//! - [`record`]: what goes into a section. [`replay`]: what comes out.
//! - [`depend`]: when an entry still holds.

mod bytes;
mod decode;
mod depend;
mod encode;
mod file;
mod record;
mod replay;
#[cfg(test)]
mod tests;
mod try_bytes;
mod verify;

pub(crate) use decode::Decoder;
pub(crate) use encode::{Encoder, kind};
pub(crate) use record::Extents;
pub(crate) use replay::{LateCode, step};
pub use try_bytes::is_index;

use crate::engine::Engine;
use crate::expand::Then;
use crate::heap::{Foreign, Tracer};
use crate::modules::{EMBEDDED_ROOT, Found};
use crate::value::Value;
use bytes::{Digest, digest};
use encode::Tables;
use file::{Extent, Form, Source, Stamp, read_sources, write_sources};
use rustc_hash::{FxHashMap, FxHashSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::SystemTime;

/// A section of an entry in memory.
#[derive(Clone)]
enum Stored {
    /// None yet.
    Missing,
    /// In the file.
    Extent(Extent),
    /// Made by this process.
    New(Rc<[u8]>),
}

/// A late body whose section is to be made.
struct Unmade {
    section: u32,
    record: Value,
    parameters: Vec<u32>,
}

/// What decoding sections of an entry needs, as the file had it.
#[derive(Default)]
struct Names {
    names: file::Names,
    /// The mark before the first one of the entry's, and their number.
    marks: (i64, u32),
}

/// One file's entry.
struct Entry {
    /// The entry's own file.
    path: PathBuf,
    /// The Scheme file: how it is opened, and how places call it.
    source: Source,
    relative: String,
    /// Number of the file in the table of sources.
    file: u32,
    names: Rc<Names>,
    symbols: Vec<Value>,
    /// The names and marks for new sections, once there is one.
    tables: Option<Tables>,
    /// The current module when loading began.
    initial: Value,
    sections: Vec<Stored>,
    forms: Vec<Form>,
    /// What the expander saw when it came to forms that have late bodies.
    thens: FxHashMap<u32, Then>,
    fact: u64,
    facts: Vec<(String, u64)>,
    needs: Vec<u8>,
    /// How many of the current module's interfaces were found as they were.
    checked: usize,
    /// Files that were included, and those of autoloaded modules.
    included: Vec<Source>,
    /// The modules that were current when forms were loaded.
    modules: Vec<Value>,
    early: Rc<[u8]>,
    base: u64,
    /// The file's text, once needed.
    text: Option<Rc<[u8]>>,
    unmade: Vec<Unmade>,
    /// Whether facts and needs are to be found out by this process.
    fresh: bool,
    /// Whether there is something to write.
    dirty: bool,
    /// Whether nothing of it is to be written.
    dead: bool,
}

/// The caches of an engine.
#[derive(Default)]
pub struct State {
    /// Where entries are; none if nothing is cached.
    folder: Option<PathBuf>,
    fingerprint: Digest,
    entries: Vec<Entry>,
    recorders: Vec<Option<record::Recorder>>,
    /// The names of `(guile)`'s procedures, and how many bindings there were.
    core: FxHashMap<Value, Value>,
    core_count: usize,
    /// The transformer of the macro that is being defined: encoded.
    transformer: record::Transformer,
    /// What is known of files: their stamp, their content.
    files: FxHashMap<String, (Option<Stamp>, Option<Digest>)>,
    /// Entries by the module they define, and those that others were found to stand on.
    homes: FxHashMap<String, Option<u32>>,
    facts: FxHashMap<Value, u64>,
    sound_needs: FxHashSet<Digest>,
}

impl Entry {
    /// The names and marks for new sections.
    fn tables(&mut self) -> &mut Tables {
        let names = &self.names;
        self.tables
            .get_or_insert_with(|| Tables::new(names.names.all(), names.marks.1, names.marks.0))
    }
}

impl State {
    /// Reports the values to the collector.
    pub fn trace(&self, tracer: &mut Tracer) {
        for entry in &self.entries {
            tracer.visit_all(&entry.symbols);
            tracer.visit_all(&entry.modules);
            tracer.visit(entry.initial);
            entry.unmade.iter().for_each(|unmade| tracer.visit(unmade.record));
        }
        for recorder in self.recorders.iter().flatten() {
            recorder.trace(tracer);
        }
        self.facts.keys().for_each(|&interface| tracer.visit(interface));
        for (&procedure, &name) in &self.core {
            tracer.visit_all(&[procedure, name]);
        }
    }

    fn is_on(&self) -> bool {
        self.folder.is_some()
    }
}

/// A body that is compiled late, whose code is in section `number` of an entry.
pub(crate) struct StoredBody {
    entry: u32,
    number: u32,
}

impl Foreign for StoredBody {
    fn type_name(&self) -> &'static str {
        "stored-body"
    }
    fn trace(&self, _tracer: &mut Tracer) {}
}

fn is_stored_body(engine: &Engine, form: Value) -> bool {
    engine.heap.as_foreign::<StoredBody>(form).is_some()
}

/// Whether the file is part of the program.
fn is_embedded(path: &str) -> bool {
    path.starts_with(EMBEDDED_ROOT)
}

/// Identifies the program: its engine's sources, and the file that it is.
fn fingerprint() -> Digest {
    let mut text = env!("FRUIX_ENGINE").to_owned();
    if let Ok(metadata) = std::env::current_exe().and_then(std::fs::metadata) {
        text.push_str(&format!("{:?}", Stamp::of(&metadata)));
    }
    digest(text.as_bytes())
}

impl Engine {
    /// Keeps what loading modules takes in `folder`, from now on, and uses what is there; with `None`,
    /// stops doing so. The folder is made; if it is another user's, or others may write to it, nothing is
    /// cached.
    pub fn set_module_cache(&mut self, folder: Option<&Path>) {
        self.cache.folder = folder.and_then(file::folder);
        if self.cache.is_on() {
            self.cache.fingerprint = fingerprint();
        }
    }

    /// The entry for a file, if there is one that holds.
    fn open_entry(&mut self, found: &Found, late: bool) -> Option<u32> {
        let path = file::path(self.cache.folder.as_ref()?, self.entry_key(found, late));
        let loaded = file::load(&path, self.cache.fingerprint)?;
        let mut index = loaded.index;
        if index.source.path != found.path {
            return None;
        }
        let mut text = None;
        let mut dirty = false;
        if let Some(embedded) = embedded_text(&found.path) {
            if digest(embedded.as_bytes()) != index.source.digest {
                return None;
            }
        } else {
            let stamp = Stamp::of(&std::fs::metadata(&found.path).ok()?);
            if index.source.stamp != Some(stamp) {
                let (source, bytes) = read_source(&found.path)?;
                if source.digest != index.source.digest {
                    return None;
                }
                dirty = source.stamp.is_some();
                (index.source, text) = (source, Some(Rc::from(bytes)));
            }
        }
        if !self.holds(&index.needs) {
            return None;
        }
        let base = crate::expand::stored::reserve_marks(self, index.marks);
        let names = Names { names: index.names, marks: (base, index.marks) };
        let file = self.sources.file(&mut self.heap, Some(&found.relative));
        self.cache.entries.push(Entry {
            path,
            source: index.source,
            relative: found.relative.clone(),
            file,
            names: Rc::new(names),
            symbols: Vec::new(),
            tables: None,
            initial: self.modules.current,
            sections: index
                .sections
                .into_iter()
                .map(|e| if e.length == 0 { Stored::Missing } else { Stored::Extent(e) })
                .collect(),
            forms: index.forms,
            thens: FxHashMap::default(),
            fact: index.fact,
            facts: index.facts,
            needs: index.needs,
            checked: 0,
            included: Vec::new(),
            modules: Vec::new(),
            early: loaded.early.into(),
            base: loaded.base,
            text,
            unmade: Vec::new(),
            fresh: false,
            dirty,
            dead: false,
        });
        Some(self.cache.entries.len() as u32 - 1)
    }

    /// What an entry's name is made of: the file, and what the expansion of its forms may look at besides.
    fn entry_key(&self, found: &Found, late: bool) -> Digest {
        let load_path = self.load_path_text();
        let text = format!("{}\n{}\n{late}\n{load_path}", found.path, found.relative);
        digest(text.as_bytes())
    }

    /// An entry without sections for a file with this text.
    fn new_entry(&mut self, found: &Found, late: bool, source: Source) -> Option<u32> {
        let path = file::path(self.cache.folder.as_ref()?, self.entry_key(found, late));
        let file = self.sources.file(&mut self.heap, Some(&found.relative));
        self.cache.entries.push(Entry {
            path,
            source,
            relative: found.relative.clone(),
            file,
            names: Rc::default(),
            symbols: Vec::new(),
            tables: None,
            initial: self.modules.current,
            sections: Vec::new(),
            forms: Vec::new(),
            thens: FxHashMap::default(),
            fact: 0,
            facts: Vec::new(),
            needs: Vec::new(),
            checked: 0,
            included: Vec::new(),
            modules: Vec::new(),
            early: Rc::from([]),
            base: 0,
            text: None,
            unmade: Vec::new(),
            fresh: true,
            dirty: true,
            dead: false,
        });
        Some(self.cache.entries.len() as u32 - 1)
    }

    fn entry(&self, entry: u32) -> Option<&Entry> {
        self.cache.entries.get(entry as usize)
    }

    fn entry_mut(&mut self, entry: u32) -> Option<&mut Entry> {
        self.cache.entries.get_mut(entry as usize)
    }

    /// The bytes of a section that was in the file when the entry was opened.
    fn section(&self, entry: u32, number: u32) -> Option<Rc<[u8]>> {
        let entry = self.entry(entry)?;
        let Stored::Extent(extent) = *entry.sections.get(number as usize)? else { return None };
        let early = usize::try_from(extent.offset)
            .ok()
            .and_then(|start| entry.early.get(start..start.checked_add(extent.length as usize)?));
        match early {
            Some(bytes) => (bytes::checksum(bytes) == extent.sum).then(|| Rc::from(bytes)),
            None => file::section(&entry.path, entry.base, extent).map(Rc::from),
        }
    }

    /// The text of an entry's Scheme file, if it still is what it was.
    pub(crate) fn entry_text(&mut self, entry: u32) -> Option<Rc<[u8]>> {
        let known = self.entry_mut(entry)?;
        if let Some(text) = &known.text {
            return Some(text.clone());
        }
        let text: Rc<[u8]> = match embedded_text(&known.source.path) {
            Some(text) => Rc::from(text.as_bytes()),
            None => Rc::from(std::fs::read(&known.source.path).ok()?),
        };
        if digest(&text) != known.source.digest {
            return None;
        }
        known.text = Some(text.clone());
        Some(text)
    }

    /// The text of the field `name` of a definition that waits, and whether anything is known of it.
    pub(crate) fn stored_field(&self, (entry, form): (u32, u32)) -> Option<&str> {
        let entry = self.entry(entry)?;
        let field = entry.forms.get(form as usize)?.field?;
        entry.names.names.get(field as usize)
    }

    /// Writes what was learned. To be called before the process ends; what fails is left out.
    pub fn write_module_cache(&mut self) {
        let Some(folder) = self.cache.folder.clone() else { return };
        let scope = self.heap.open_scope();
        self.make_late_sections();
        self.heap.close_scope(scope);
        self.find_dependencies();
        let mut wrote = false;
        for entry in &mut self.cache.entries {
            if entry.dirty && !entry.dead {
                entry.dirty = false;
                let bytes = record::entry_bytes(entry, self.cache.fingerprint);
                wrote |= bytes.is_some_and(|bytes| file::replace(&entry.path, &bytes).is_ok());
            }
        }
        if wrote {
            file::prune(&folder);
        }
    }
}

/// The text of a file that is part of the program.
fn embedded_text(path: &str) -> Option<&'static str> {
    if is_embedded(path) { crate::library::text(path) } else { None }
}

/// A file of Scheme, with its content.
fn read_source(path: &str) -> Option<(Source, Vec<u8>)> {
    if let Some(text) = embedded_text(path) {
        let bytes = text.as_bytes().to_vec();
        let source = Source { path: path.to_owned(), stamp: None, digest: digest(&bytes) };
        return Some((source, bytes));
    }
    let now = SystemTime::now();
    let mut file = std::fs::File::open(path).ok()?;
    let stamp = Stamp::of(&file.metadata().ok()?);
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut file, &mut bytes).ok()?;
    let stamp = Some(stamp).filter(|stamp| stamp.is_settled(now));
    Some((Source { path: path.to_owned(), stamp, digest: digest(&bytes) }, bytes))
}
