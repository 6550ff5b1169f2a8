// SPDX-License-Identifier: GPL-3.0-or-later
//! What the tests of the store share.
#![allow(dead_code)] // not every test binary uses all of it

use std::collections::BTreeSet;
use std::path::Path;

use fruix_core::hash::HashAlgorithm;
use fruix_core::store_path::{HashMethod, StorePath};
use fruix_store::{Layout, Options, Store};

/// Open the embedded store below DIR. Not durable: nobody pulls the plug on a test.
pub fn open(dir: &Path) -> Store {
    Store::open(Layout::embedded(dir), Options { durable: false, ..Options::default() }).unwrap()
}

/// A store of its own, and the directory that holds it.
pub fn store() -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    (dir, store)
}

pub fn set<'a>(items: impl IntoIterator<Item = &'a StorePath>) -> BTreeSet<StorePath> {
    items.into_iter().cloned().collect()
}

/// Add a text that mentions and refers to REFERENCES.
pub fn text(store: &Store, name: &str, references: &[&StorePath]) -> StorePath {
    let mentions: Vec<String> = references.iter().map(|r| r.to_string()).collect();
    let contents = format!("{name}\n{}\n", mentions.join("\n"));
    store.add_text_to_store(name, contents.as_bytes(), &set(references.iter().copied())).unwrap()
}

pub fn add_tree(store: &Store, name: &str, source: &Path) -> StorePath {
    let all = &mut |_: &Path, _: &std::fs::Metadata| true;
    store.add_to_store(name, source, HashMethod::Recursive, HashAlgorithm::Sha256, all).unwrap()
}

pub fn valid_count(store: &Store) -> usize {
    let mut count = 0;
    let one_more = |_| {
        count += 1;
        Ok(())
    };
    store.for_each_valid_path(one_more).unwrap();
    count
}
