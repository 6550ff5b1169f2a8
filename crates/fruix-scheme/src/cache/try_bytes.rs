// SPDX-License-Identifier: GPL-3.0-or-later
//! Sections of any bytes at all, for the tests of what must hold of them.

use super::file::{self, Index};
use super::{Names, Source, bytes};
use crate::engine::Engine;
use crate::heap::Tag;
use crate::interactive::Typed;
use crate::modules::Found;
use crate::native;
use crate::native::{Native, Result};
use crate::value::Value;
use std::rc::Rc;
use std::sync::atomic::Ordering;

/// A section and the names that it refers to.
pub type Section = (Vec<u8>, Vec<Box<str>>);

/// Whether `bytes` are an index; if so, they must be the one that it is written as.
pub fn is_index(bytes: &[u8]) -> bool {
    match Index::read(bytes) {
        Some(index) => {
            let again = Index::read(&index.write());
            assert!(again.as_ref() == Some(&index), "an index changes when it is written");
            true
        }
        None => false,
    }
}

impl Engine {
    /// An entry for sections that no file has.
    fn scratch_entry(&mut self) -> u32 {
        let source = Source { path: String::new(), stamp: None, digest: bytes::digest(&[]) };
        let found = Found { path: String::new(), relative: "section".to_owned() };
        let folder = self.cache.folder.replace(std::path::PathBuf::new());
        let entry = self.new_entry(&found, true, source).unwrap_or_default();
        self.cache.folder = folder;
        self.give_up_entry(entry);
        entry
    }

    /// The section that evaluating `text`, one form, takes, with the names in it; none if it cannot be stored.
    pub fn section_of(&mut self, text: &str) -> Result<Option<Section>> {
        self.section_and_names(text, &[])
    }

    /// As [`Engine::section_of`], with these names alone.
    pub fn section_with(&mut self, text: &str, names: &[Box<str>]) -> Result<Option<Vec<u8>>> {
        let made = self.section_and_names(text, names)?;
        Ok(made.filter(|made| made.1.len() == names.len()).map(|made| made.0))
    }

    fn section_and_names(&mut self, text: &str, first: &[Box<str>]) -> Result<Option<Section>> {
        let scope = self.heap.open_scope();
        let typed = self.read_typed(&format!("{text}\n"), 0);
        let Typed::Form(form, _) = typed else {
            self.heap.close_scope(scope);
            return Ok(None);
        };
        let entry = self.scratch_entry();
        if let Some(entry) = self.entry_mut(entry) {
            first.iter().for_each(|name| {
                entry.tables().name(name);
            });
        }
        let thunk = self.compile_form(form);
        let depth = self.begin_form(Some(entry));
        let made = thunk.map(|thunk| self.encoded(|to| to.value(thunk)));
        self.end_form(depth);
        self.heap.close_scope(scope);
        let names = self.entry_mut(entry).map(|entry| entry.tables().names.clone());
        Ok(made?.map(|(bytes, _)| (bytes, names.unwrap_or_default())))
    }

    /// Calls a thunk that is interrupted when it loops; errors give `#f`.
    fn apply_briefly(&mut self, thunk: Value) -> Result {
        static ARM: Native = native!("%arm", 0, arm);
        fn arm(engine: &mut Engine) -> Result {
            engine.interrupt_flag().store(true, Ordering::Relaxed);
            Ok(Value::UNSPECIFIED)
        }
        let caller = self.eval_text(
            "(lambda (arm thunk)
               (catch #t (lambda () (arm) (let ((v (thunk))) (list v))) (lambda args #f)))",
        )?;
        self.heap.keep(caller);
        let arm = self.heap.native(&ARM);
        self.apply(caller, &[arm, thunk])
    }

    /// The value of the section that `bytes` are, with these names; none if they are none. What loops or
    /// calls procedures is interrupted if `briefly`.
    pub fn try_section(
        &mut self,
        bytes: &[u8],
        names: &[Box<str>],
        briefly: bool,
    ) -> Option<Result<Value>> {
        let entry = self.scratch_entry();
        let names = file::Names::new(names)?;
        self.entry_mut(entry)?.names = Rc::new(Names { names, marks: (0, 8) });
        let scope = self.heap.open_scope();
        let thunk = self.decoded(entry, bytes, |from| from.value());
        let thunk = thunk.filter(|&thunk| self.heap.is(thunk, Tag::Closure));
        let value = thunk.map(|thunk| match briefly {
            true => self.apply_briefly(thunk),
            false => self.apply(thunk, &[]),
        });
        self.interrupt_flag().store(false, Ordering::Relaxed);
        self.heap.close_scope(scope);
        self.cache.entries.truncate(entry as usize);
        value
    }
}
