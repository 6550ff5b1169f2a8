// SPDX-License-Identifier: GPL-3.0-or-later
//! GNU Guix's own modules, unmodified, on the engine: hello's derivation, and every file below it, are
//! the bytes that Guix makes.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use fruix_core::StorePath;
use fruix_core::derivation::Derivation;
use fruix_core::store_path::StoreDir;
use fruix_oracle::{Guix, Oracle, say};
use fruix_packages::{Seed, Session};
use fruix_store::MemoryStore;

/// What hello comes down to in GNU Guix 1.5.0: derivations, and files that are not.
const GRAPH: (usize, usize) = (228, 173);

/// Evaluates FILE with the modules in TREE and lowers what it gives.
fn lower(tree: PathBuf, file: &Path, store: &MemoryStore, cache: Option<&Path>) -> StorePath {
    let run = || {
        let store = Box::new(store.clone());
        let mut session = Session::keeping_modules(store, Seed::default(), &[tree], cache)
            .map_err(|error| error.to_string())?;
        let targets = session.eval_file(file).map_err(|error| error.to_string())?;
        let target = targets.first().ok_or("the file gives nothing")?;
        let lowered = session.lower(target, None).map_err(|error| error.to_string())?;
        Ok::<_, String>(lowered.path)
    };
    match fruix_scheme::command::on_large_stack(run) {
        Ok(Ok(path)) => path,
        Ok(Err(error)) => panic!("{error}"),
        Err(error) => panic!("{error}"),
    }
}

/// All files below the derivation PATH, with their text if they are texts.
fn graph(store: &MemoryStore, path: StorePath) -> BTreeMap<StorePath, Option<Vec<u8>>> {
    let store_dir = StoreDir::default();
    let mut files = BTreeMap::new();
    let mut left = vec![path];
    while let Some(path) = left.pop() {
        if files.contains_key(&path) {
            continue;
        }
        let text = store.text(&path).map(|text| text.to_vec());
        if path.name().ends_with(".drv") {
            let text = text.as_deref().unwrap_or_else(|| panic!("{path} is not there"));
            let derivation = Derivation::parse(&store_dir, text)
                .unwrap_or_else(|error| panic!("{path}: {error}"));
            left.extend(derivation.references().cloned());
        }
        files.insert(path, text);
    }
    files
}

#[test]
fn hello_is_what_guix_makes_of_it() {
    let Some(oracle) = Oracle::find_or_skip("GNU Guix's modules did not run on the engine") else {
        return;
    };
    let tree = oracle.modules();
    let mut guix = Guix::with_installed_store(oracle);
    guix.start(&[], &[]).unwrap_or_else(|failure| panic!("{failure}"));
    let theirs = guix.guix(&["build", "--derivations", "--no-grafts", "hello"]);
    let theirs = theirs.unwrap_or_else(|failure| panic!("{failure}"));

    let scratch = tempfile::tempdir().expect("a directory");
    let file = scratch.path().join("hello.scm");
    fs::write(&file, "(use-modules (gnu packages base)) hello\n").expect("a file");
    let store = MemoryStore::default();
    let start = Instant::now();
    let ours = lower(tree.clone(), &file, &store, None);
    let evaluated = start.elapsed();
    assert_eq!(StoreDir::default().print(&ours), theirs.trim());

    let files = graph(&store, ours.clone());
    // The same with a cache of compiled modules that is empty, then full.
    let cache = scratch.path().join("modules");
    let mut took = Vec::new();
    for _ in 0..2 {
        let store = MemoryStore::default();
        let start = Instant::now();
        let again = lower(tree.clone(), &file, &store, Some(&cache));
        took.push(start.elapsed());
        assert_eq!(again, ours);
        assert!(graph(&store, again) == files, "the cache changes what is made");
    }
    let derivations = files.keys().filter(|path| path.name().ends_with(".drv")).count();
    let mut texts = 0;
    for (path, text) in &files {
        let there = guix.physical_store().join(path.to_string());
        match text {
            Some(text) => {
                let expected = fs::read(&there).unwrap_or_else(|e| panic!("{path}: {e}"));
                assert!(*text == expected, "{path} has other bytes");
                texts += 1;
            }
            // Its name holds the hash of its contents.
            None => assert!(there.exists(), "Guix has no {path}"),
        }
    }
    assert_eq!((derivations, files.len() - derivations), GRAPH);
    say(&format!(
        "hello with GNU Guix's modules: {derivations} derivations and {} sources as in Guix, {texts} \
         of them compared byte for byte; from source to name in {evaluated:.1?}, with an empty cache and a \
         full one in {took:.1?}",
        files.len() - derivations
    ));
}
