// SPDX-License-Identifier: GPL-3.0-or-later
//! Guix's derivations, as they would be if Guix did not compile the modules that builds import.
//!
//! A derivation of Guix's whose gexp imports modules gets them twice: as sources (a directory
//! `module-import`, after `-L`), and compiled by another derivation, `module-import-compiled`, whose output comes after
//! `-C`. fruix's builder needs no compiled files, so it passes the sources alone. That is the only difference
//! which is taken out here:
//!
//! 1. the input `module-import-compiled.drv` goes, and so do `-C` and its output among the arguments;
//! 2. a text that names its output elsewhere (a script that sets `%load-compiled-path`) names the
//!    directory of sources that was compiled instead, as fruix's does.
//!
//! What follows from these two is computed by the rules of the store, not masked: the builder's text gets
//! the name that its new contents hash to, the derivation gets its output paths and its file name from
//! [`Derivation::fill_outputs`] and [`Derivation::path`], and what refers to it refers to the new
//! names. So the result is the name of a real `.drv` file, which agrees with ours only if every byte of the
//! file does, and of everything that it refers to. In particular the order and text of inputs, arguments, variables and
//! builders is compared as it stands.
//!
//! A derivation in which nothing is taken out must come out under the name it had: that is checked each time,
//! so that the rules used here are those by which Guix made the file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use fruix_core::derivation::{Derivation, ModuloCache};
use fruix_core::hash::Hash;
use fruix_core::store_path::{StoreDir, StorePath};

use crate::is_derivation;

/// The derivation that compiles modules.
const COMPILED: &str = "module-import-compiled";
/// The variable in which it is told what to compile.
const SOURCES: &str = "modules";
/// Texts larger than this are not builders.
const LARGEST_BUILDER: u64 = 4 << 20;

/// Rewrites derivations, each once.
pub struct Normaliser {
    store_dir: StoreDir,
    physical_store: PathBuf,
    /// The new names of derivations that were visited.
    visited: BTreeMap<StorePath, StorePath>,
    /// The hash parts of names that changed.
    renamed: BTreeMap<String, String>,
    /// Outputs of compiling derivations, and the directories that they compile, both printed.
    compiled: BTreeMap<String, String>,
    /// The derivations, by their new names.
    derivations: BTreeMap<StorePath, Derivation>,
    /// The texts of changed sources, by their new names.
    texts: BTreeMap<StorePath, Vec<u8>>,
    modulo: ModuloCache,
}

impl Normaliser {
    /// One for the store in STORE_DIR, whose files lie in PHYSICAL_STORE.
    pub fn new(store_dir: StoreDir, physical_store: PathBuf) -> Self {
        Self {
            store_dir,
            physical_store,
            visited: BTreeMap::new(),
            renamed: BTreeMap::new(),
            compiled: BTreeMap::new(),
            derivations: BTreeMap::new(),
            texts: BTreeMap::new(),
            modulo: ModuloCache::new(),
        }
    }

    /// The name that FILE, the name of a derivation, would have if no modules were compiled.
    pub fn without_compiled_modules(&mut self, file: &str) -> Result<String, String> {
        if !is_derivation(file) {
            return Err(format!("{file} is not a derivation"));
        }
        let path = self.store_dir.parse(file).map_err(|error| error.to_string())?;
        let path = self.visit(&path)?;
        Ok(self.store_dir.print(&path))
    }

    /// How many derivations have another name than before.
    pub fn rewritten(&self) -> usize {
        self.visited.iter().filter(|(old, new)| old != new).count()
    }

    /// The contents of a derivation or text under its new name.
    pub fn text(&self, path: &StorePath) -> Option<Vec<u8>> {
        if let Some(derivation) = self.derivations.get(path) {
            return Some(derivation.to_bytes(&self.store_dir));
        }
        self.texts.get(path).cloned().or_else(|| std::fs::read(self.file(path)).ok())
    }

    fn file(&self, path: &StorePath) -> PathBuf {
        self.physical_store.join(path.as_str())
    }

    fn read(&self, path: &StorePath) -> Result<Derivation, String> {
        let text = std::fs::read(self.file(path)).map_err(|error| format!("{path}: {error}"))?;
        Derivation::parse(&self.store_dir, &text).map_err(|error| format!("{path}: {error}"))
    }

    /// The new name of a derivation, after those that it needs.
    fn visit(&mut self, path: &StorePath) -> Result<StorePath, String> {
        if let Some(new) = self.visited.get(path) {
            return Ok(new.clone());
        }
        let name = path.derivation_name().ok_or_else(|| format!("{path} is no derivation"))?;
        let old = self.read(path)?;
        let mut changed = false;
        let mut inputs: BTreeMap<StorePath, BTreeSet<String>> = BTreeMap::new();
        for (input, outputs) in &old.inputs {
            if input.derivation_name() == Some(COMPILED) {
                self.note_compiled(input)?;
                changed = true;
                continue;
            }
            let new = self.visit(input)?;
            changed |= new != *input;
            inputs.entry(new).or_default().extend(outputs.iter().cloned());
        }
        let mut sources = BTreeSet::new();
        for source in &old.sources {
            let new = self.source(source)?;
            changed |= new != *source;
            sources.insert(new);
        }
        let mut new = Derivation { inputs, sources, ..old.clone() };
        new.args = self.arguments(&old.args);
        new.builder = self.rewrite(&old.builder);
        new.env = old.env.iter().map(|(k, v)| (k.clone(), self.rewrite(v))).collect();
        for (output, value) in &mut new.outputs {
            value.path = None;
            new.env.remove(output);
        }
        let derivations = &self.derivations;
        let lookup = |input: &StorePath| derivations.get(input).ok_or("not visited");
        new.fill_outputs(&self.store_dir, name, &mut self.modulo, lookup)
            .map_err(|error| format!("{path}: {error}"))?;
        let new_path = new.path(&self.store_dir, name).map_err(|error| error.to_string())?;
        if !changed && new_path != *path {
            return Err(format!("{path} became {new_path} though nothing was taken out of it"));
        }
        self.rename(path, &new_path);
        for (output, value) in &old.outputs {
            if let (Some(old), Some(new)) = (&value.path, &new.outputs[output].path) {
                self.rename(old, new);
            }
        }
        self.derivations.insert(new_path.clone(), new);
        self.visited.insert(path.clone(), new_path.clone());
        Ok(new_path)
    }

    /// Remembers what the derivation COMPILING compiles, and where to.
    fn note_compiled(&mut self, compiling: &StorePath) -> Result<(), String> {
        let derivation = self.read(compiling)?;
        let output = derivation.outputs.get("out").and_then(|output| output.path.as_ref());
        match (output, derivation.env.get(SOURCES)) {
            (Some(output), Some(sources)) => {
                self.compiled.insert(self.store_dir.print(output), sources.clone());
                Ok(())
            }
            _ => Err(format!("{compiling} has no output or does not say what it compiles")),
        }
    }

    /// The new name of a source: another one if it is a text that names what changed.
    fn source(&mut self, source: &StorePath) -> Result<StorePath, String> {
        let file = self.file(source);
        let metadata = std::fs::symlink_metadata(&file).map_err(|e| format!("{source}: {e}"))?;
        if !metadata.is_file() || metadata.len() > LARGEST_BUILDER {
            return Ok(source.clone());
        }
        let bytes = std::fs::read(&file).map_err(|error| format!("{source}: {error}"))?;
        let Ok(text) = std::str::from_utf8(&bytes) else { return Ok(source.clone()) };
        let new = self.rewrite(text);
        if new == text {
            return Ok(source.clone());
        }
        let path = |text: &str| {
            let path = self.store_dir.text_path(source.name(), &Hash::sha256(text.as_bytes()), []);
            path.map_err(|error| error.to_string())
        };
        if path(text)? != *source {
            return Err(format!("{source} is not a text without references, as builders are"));
        }
        let new_path = path(&new)?;
        self.rename(source, &new_path);
        self.texts.insert(new_path.clone(), new.into_bytes());
        Ok(new_path)
    }

    /// ARGUMENTS without the directory of compiled modules.
    fn arguments(&self, arguments: &[String]) -> Vec<String> {
        let mut result = Vec::new();
        let mut rest = arguments.iter().peekable();
        while let Some(argument) = rest.next() {
            let next_is_compiled = |next: &&String| self.compiled.contains_key(next.as_str());
            if argument == "-C" && rest.next_if(next_is_compiled).is_some() {
                continue;
            }
            result.push(self.rewrite(argument));
        }
        result
    }

    fn rename(&mut self, old: &StorePath, new: &StorePath) {
        if old != new {
            let part = |path: &StorePath| path.hash_part().as_str().to_owned();
            self.renamed.insert(part(old), part(new));
        }
    }

    /// TEXT with the new names of store items.
    fn rewrite(&self, text: &str) -> String {
        let prefix = format!("{}/", self.store_dir.as_str());
        let mut result = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(start) = rest.find(&prefix) {
            result.push_str(&rest[..start]);
            rest = &rest[start..];
            // The longest name of an output that was compiled to.
            let output = self.compiled.iter().find(|(output, _)| rest.starts_with(*output));
            if let Some((output, sources)) = output {
                result.push_str(&self.rewrite(sources));
                rest = &rest[output.len()..];
                continue;
            }
            result.push_str(&prefix);
            rest = &rest[prefix.len()..];
            if let Some(new) = rest.get(..32).and_then(|hash| self.renamed.get(hash)) {
                result.push_str(new);
                rest = &rest[32..];
            }
        }
        result.push_str(rest);
        result
    }
}
