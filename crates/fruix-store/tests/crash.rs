// SPDX-License-Identifier: GPL-3.0-or-later
//! Processes that are killed at random moments while they change a store, and processes that
//! change one together. The workers are this executable again, see `worker`.
#![allow(clippy::unwrap_used)] // in helpers of tests, too

mod common;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use common::{add_tree, open, set, text};
use fruix_core::derivation::{Derivation, DerivationOutput, OutputContents};
use fruix_core::store_path::StorePath;
use fruix_store::{FileLock, GcAction, GcOptions, Layout, Maker, Mode, Options, Store, Wanted};

const WORKER: &str = "FRUIX_STORE_TEST_WORKER";

/// A small generator; the tests need variety, not quality.
struct Random(u64);

impl Random {
    fn next(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }
}

fn spawn(job: &str, dir: &Path, seed: u64) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "worker", "--nocapture", "--test-threads=1"])
        .env(WORKER, format!("{job}:{seed}:{}", dir.display()))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Not a test: what a child process of the tests below does.
#[test]
fn worker() {
    let Ok(order) = std::env::var(WORKER) else { return };
    let mut parts = order.splitn(3, ':');
    let (job, seed) = (parts.next().unwrap(), parts.next().unwrap().parse().unwrap());
    let dir = Path::new(parts.next().unwrap());
    match job {
        "change" => change(&open(dir), dir, seed, u64::MAX),
        "durable" => {
            let options = Options::default();
            change(&Store::open(Layout::embedded(dir), options).unwrap(), dir, seed, u64::MAX);
        }
        "some" => change(&open(dir), dir, seed, 60),
        "lock" => {
            let _lock = FileLock::acquire(&dir.join("l"), Mode::Exclusive).unwrap();
            println!("locked");
            std::thread::sleep(Duration::from_secs(600));
        }
        "count" => count(dir),
        other => panic!("{other}"),
    }
}

/// Change STORE in all possible ways, STEPS times.
fn change(store: &Store, dir: &Path, seed: u64, steps: u64) {
    let mut random = Random(seed * 2 + 1);
    let source = dir.join(format!("source-{seed}"));
    println!("ready");
    for step in 0..steps {
        match random.next(10) {
            0..=3 => {
                let a = text(store, &format!("t{}", random.next(40)), &[]);
                let b = text(store, &format!("u{}", random.next(40)), &[&a]);
                text(store, &format!("v{step}"), &[&a, &b]);
            }
            4 | 5 => {
                let _ = std::fs::remove_dir_all(&source);
                std::fs::create_dir_all(source.join("d")).unwrap();
                for file in 0..random.next(6) {
                    let contents = vec![b'0' + random.next(4) as u8; 9000 + 1000 * file as usize];
                    std::fs::write(source.join("d").join(file.to_string()), contents).unwrap();
                }
                add_tree(store, &format!("tree{}", random.next(10)), &source);
            }
            6 => {
                let mut options = GcOptions::new(GcAction::DeleteDead);
                options.max_freed = 5000 + random.next(100_000);
                store.collect_garbage(&options).unwrap();
            }
            7 | 8 => build(store, random.next(10), random.next(40)),
            _ => {
                store.optimise().unwrap();
            }
        }
    }
}

/// Take over two outputs of a build, which refer to each other and to a text, and register them.
fn build(store: &Store, number: u64, input: u64) {
    let input = text(store, &format!("t{input}"), &[]);
    let item = |letter: &str| {
        StorePath::from_base_name(&format!("{number:0>31}{letter}-out{number}")).unwrap()
    };
    let (out, lib, drv) = (item("a"), item("b"), text(store, &format!("d{number}"), &[&input]));
    let output = |path: &StorePath| DerivationOutput {
        path: Some(path.clone()),
        contents: OutputContents::Unknown,
    };
    let derivation = Derivation {
        outputs: [("out".to_owned(), output(&out)), ("lib".to_owned(), output(&lib))].into(),
        inputs: [].into(),
        sources: set([&input]),
        system: "x86_64-linux".into(),
        builder: "/b".into(),
        args: Vec::new(),
        env: [].into(),
    };
    let outputs = set([&out, &lib]);
    store.add_temp_roots(&outputs).unwrap();
    let mut lock = store.lock_paths(&outputs).unwrap();
    if store.query_valid_paths(&outputs).unwrap().len() < outputs.len() {
        let dir = store.build_dir(Maker::Here, Path::new("/nowhere"), "x.drv").unwrap();
        std::fs::create_dir_all(dir.place_of(&out).join("d")).unwrap();
        std::fs::write(dir.place_of(&out).join("d/f"), format!("{lib} {input}")).unwrap();
        std::fs::write(dir.place_of(&lib), vec![b'0'; 9000]).unwrap();
        let inputs = set([&input]);
        let wanted =
            Wanted { drv: &drv, derivation: &derivation, outputs: &outputs, inputs: &inputs };
        let taken = store.take_outputs(&dir, &wanted).unwrap();
        store.register_outputs(&taken).unwrap();
    }
    lock.delete_on_release(true);
}

fn check(dir: &Path, round: u64) {
    let store = open(dir);
    let report = store.verify(true, None).unwrap();
    assert!(report.is_clean() && report.repaired.is_empty(), "round {round}: {report:?}");
    let temporary = dir.join("gnu/store/.fruix-tmp");
    let left = std::fs::read_dir(temporary).map_or(0, Iterator::count);
    assert_eq!(left, 0, "round {round}: temporary directories of the dead");
}

#[test]
fn killed_at_random_moments() {
    let rounds = if std::env::var_os("FRUIX_ACCEPTANCE").is_some() { 2000 } else { 40 };
    let dir = tempfile::tempdir().unwrap();
    let mut random = Random(0x9e37_79b9);
    for round in 0..rounds {
        let job = if round % 8 == 0 { "durable" } else { "change" };
        let mut child = spawn(job, dir.path(), round + 1);
        if round % 5 != 0 {
            wait_for(&mut child, "ready");
        }
        std::thread::sleep(Duration::from_micros(random.next(60_000)));
        child.kill().unwrap();
        child.wait().unwrap();
        check(dir.path(), round);
    }
    eprintln!("{rounds} processes killed; the store was sound after each");
    let store = open(dir.path());
    store.collect_garbage(&GcOptions::new(GcAction::DeleteDead)).unwrap();
    let left = std::fs::read_dir(dir.path().join("gnu/store")).unwrap();
    let left: Vec<_> = left.map(|e| e.unwrap().file_name()).collect();
    assert!(left.len() == 2, "a collection removes everything that is not a root: {left:?}");
}

fn wait_for(child: &mut Child, word: &str) {
    let mut lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
    while !lines.next().unwrap().unwrap().contains(word) {}
}

#[test]
fn several_processes_change_one_store() {
    let dir = tempfile::tempdir().unwrap();
    let children: Vec<_> = (1..=3).map(|seed| spawn("some", dir.path(), seed)).collect();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
    check(dir.path(), 0);
}

/// Add one to a number in a file a hundred times, under a lock that is deleted each time.
fn count(dir: &Path) {
    let file = dir.join("number");
    for _ in 0..100 {
        let mut lock = FileLock::acquire(&dir.join("l"), Mode::Exclusive).unwrap();
        lock.delete_on_release(true);
        let number: u64 = std::fs::read_to_string(&file).unwrap().parse().unwrap();
        std::thread::yield_now();
        std::fs::write(&file, (number + 1).to_string()).unwrap();
    }
}

#[test]
fn locks_exclude_processes() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("number"), "0").unwrap();
    let children: Vec<_> = (0..3).map(|seed| spawn("count", dir.path(), seed)).collect();
    count(dir.path());
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(std::fs::read_to_string(dir.path().join("number")).unwrap(), "400");
}

#[test]
fn the_lock_of_a_killed_process_is_free() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("l");
    let mut child = spawn("lock", dir.path(), 0);
    wait_for(&mut child, "locked");
    assert!(FileLock::try_acquire(&path, Mode::Shared).unwrap().is_none());
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(FileLock::try_acquire(&path, Mode::Exclusive).unwrap().is_some());
}
