// SPDX-License-Identifier: GPL-3.0-or-later
//! A store in this process as others see it, and texts that are added to it in batches.
#![allow(clippy::unwrap_used)] // in helpers of tests, too

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use fruix_core::derivation::{Derivation, DerivationOutput, OutputContents};
use fruix_core::store_path::{HashMethod, StorePath};
use fruix_daemon::{
    BuildMode, BuildOptions, Cancellation, EmbeddedStore, Event, Goal, Scheduler, Settings,
};
use fruix_fetch::Fetcher;
use fruix_protocol::{Batch, Store, StoreError, Text};
use fruix_store::{Layout, MemoryStore, Options};

fn open(dir: &Path) -> Arc<fruix_store::Store> {
    let store = fruix_store::Store::open(Layout::embedded(dir), Options::default());
    Arc::new(store.unwrap())
}

/// A derivation called NAME that needs INPUTS, as the text of its file.
fn drv(store: &dyn Store, name: &str, inputs: &[StorePath], trusted: bool) -> Text {
    let output = DerivationOutput { path: None, contents: OutputContents::Unknown };
    let mut drv = Derivation {
        outputs: BTreeMap::from([("out".into(), output)]),
        inputs: inputs.iter().map(|i| (i.clone(), BTreeSet::from(["out".into()]))).collect(),
        sources: BTreeSet::new(),
        system: "x86_64-linux".into(),
        builder: "/bin/x".into(),
        args: vec![name.into(); 20],
        env: BTreeMap::new(),
    };
    let mut modulo = store.modulo().lock().unwrap();
    let look = |path: &StorePath| store.derivation(path);
    drv.fill_outputs(store.store_dir(), name, &mut modulo, look).unwrap();
    if trusted {
        let hash = modulo.hash(store.store_dir(), &drv, look).unwrap();
        modulo.insert(drv.path(store.store_dir(), name).unwrap(), hash);
    }
    let references = drv.references().cloned().collect();
    let contents = drv.to_bytes(store.store_dir());
    let derivation = trusted.then(|| Arc::new(drv));
    Text { derivation, ..Text::new(format!("{name}.drv"), contents, references) }
}

/// A graph of COUNT derivations, each of which needs the three before it.
fn graph(store: &dyn Store, count: usize, trusted: bool) -> Vec<StorePath> {
    let mut all: Vec<StorePath> = Vec::new();
    for number in 0..count {
        let script = format!("script of {number}");
        store.add_text(&format!("n{number}-builder"), script.as_bytes(), &BTreeSet::new()).unwrap();
        let inputs = &all[all.len().saturating_sub(3)..];
        let text = drv(store, &format!("n{number}"), inputs, trusted);
        all.extend(store.add_texts(&[text]).unwrap());
    }
    all
}

#[test]
fn a_batch_is_known_at_once_and_in_the_store_when_it_is_flushed() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let batch = Batch::new(Box::new(EmbeddedStore::new(store.clone())));
    for trusted in [true, false] {
        let all = graph(&batch, 30, trusted);
        let last = all.last().unwrap();
        assert!(batch.is_valid(last).unwrap());
        assert_eq!(batch.derivation(last).unwrap().inputs.len(), 3);
        assert_eq!(store.is_valid_path(last).unwrap(), !trusted, "the second graph is the first");
        // What needs the store sees everything there.
        let outputs = batch.derivation_outputs(last).unwrap();
        assert_eq!(outputs["out"].name(), "n29");
        assert!(store.query_valid_paths(&all).unwrap().len() == all.len());
        assert_eq!(batch.referrers(&all[28]).unwrap(), BTreeSet::from([last.clone()]));
    }
    assert!(store.verify(true, None).unwrap().is_clean());
}

#[test]
fn names_in_memory_are_those_of_a_store() {
    let dir = tempfile::tempdir().unwrap();
    let embedded = EmbeddedStore::new(open(dir.path()));
    let memory = MemoryStore::default();
    assert_eq!(graph(&embedded, 10, false), graph(&memory, 10, true));
    std::fs::write(dir.path().join("file"), "text").unwrap();
    for store in [&embedded as &dyn Store, &memory] {
        let path = store
            .add_to_store(
                "x",
                &dir.path().join("file"),
                HashMethod::Recursive,
                fruix_core::HashAlgorithm::Sha256,
                &mut |_, _| true,
            )
            .unwrap();
        // (add-to-store store "x" #t "sha256" FILE)
        assert_eq!(path.name(), "x");
        assert!(store.is_valid(&path).unwrap());
        let flat = store.add_bytes("x", b"text", HashMethod::Flat).unwrap();
        assert_eq!(store.path_from_hash_part(&flat.hash_part()).unwrap(), Some(flat));
    }
}

#[test]
fn dropping_a_batch_adds_what_is_left() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let batch = Batch::new(Box::new(EmbeddedStore::new(store.clone())));
    let text = batch.add_text("a", b"a", &BTreeSet::new()).unwrap();
    drop(batch);
    assert!(store.is_valid_path(&text).unwrap());
}

#[test]
fn errors_say_which_items_they_are_about() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let batch = Batch::new(Box::new(EmbeddedStore::new(store)));
    let nowhere = StorePath::from_base_name("00000000000000000000000000000000-x").unwrap();
    assert!(
        matches!(batch.derivation(&nowhere), Err(StoreError::NotValid { path }) if path == nowhere)
    );
    match batch.add_text("user", b"", &BTreeSet::from([nowhere.clone()])) {
        Err(StoreError::InvalidReference { referrer, reference }) => {
            assert_eq!((referrer.name(), reference), ("user", nowhere));
        }
        other => panic!("{other:?}"),
    }
    // What only the store finds out does not spoil what is added with it.
    let broken = batch.add_text("broken.drv", b"Derive(", &BTreeSet::new()).unwrap();
    let fine = batch.add_text("fine", b"", &BTreeSet::new()).unwrap();
    let error = batch.flush().unwrap_err();
    let stores: &fruix_store::Error = error.downcast_ref().unwrap();
    assert!(matches!(stores, fruix_store::Error::CorruptDerivation { .. }), "{stores}");
    assert!(!batch.is_valid(&broken).unwrap());
    assert!(batch.path_info(&fine).unwrap().is_some());
    assert!(matches!(batch.build_things(&[], BuildMode::Normal), Err(StoreError::NoBuilder)));
}

#[test]
fn a_build_finds_what_the_batch_holds() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let settings = Settings::new(Arc::new(Fetcher::default()));
    let builder = Arc::new(Scheduler::new(store.clone(), settings).unwrap());
    let events = Arc::new(Mutex::new(Vec::new()));
    let told = events.clone();
    let observer = move |event: Event<'_>| {
        if let Event::Planned { builds } = event {
            told.lock().unwrap().push(builds);
        }
    };
    let options = BuildOptions { max_jobs: 0, ..BuildOptions::default() };
    let embedded = EmbeddedStore::new(store).with_scheduler(
        builder,
        options,
        Box::new(observer),
        Cancellation::new(),
    );
    let batch = Batch::new(Box::new(embedded));
    let all = graph(&batch, 5, true);
    // No jobs are allowed, so it gets as far as the first of five.
    let error = batch.build_things(&[Goal::new(all[4].clone())], BuildMode::Normal).unwrap_err();
    let daemons: &fruix_daemon::Error = error.downcast_ref().unwrap();
    assert!(matches!(daemons, fruix_daemon::Error::Failed(_)), "{daemons}");
    assert_eq!(*events.lock().unwrap(), [5]);
}

/// Not a test but a figure: how long a thousand derivations with their scripts take. With
/// `FRUIX_BATCH=off`, each by itself.
#[test]
#[ignore = "a measurement"]
fn a_thousand_derivations() {
    let dir =
        tempfile::tempdir_in(std::env::var_os("FRUIX_DISK").unwrap_or("/tmp".into())).unwrap();
    let embedded = EmbeddedStore::new(open(dir.path()));
    let batched = std::env::var("FRUIX_BATCH").as_deref() != Ok("off");
    let start = Instant::now();
    if batched {
        let batch = Batch::new(Box::new(embedded));
        graph(&batch, 1000, true);
        let computed = start.elapsed();
        batch.flush().unwrap();
        println!("computed in {computed:?}, there after {:?}", start.elapsed());
    } else {
        graph(&embedded, 1000, false);
        println!("there after {:?}", start.elapsed());
    }
}
