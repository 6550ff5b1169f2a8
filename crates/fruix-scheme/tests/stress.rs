// SPDX-License-Identifier: GPL-3.0-or-later
//! Programs print the same when garbage is collected all the time: at every safe point of the
//! machine for the programs of `tests/engine` and most of the library's tests, every few kilobytes for
//! the rest and the benchmark's programs, which allocate more (more often with `FRUIX_ACCEPTANCE=1`, which takes
//! minutes). A value that the roots forget shows as a crash or as
//! another output.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The library's tests that look at nothing outside and allocate little enough for a collection at
/// every safe point.
const LIBRARY: &[&str] = &["srfi-1.test.scm", "srfi-19.test.scm", "vlist.test.scm"];

/// Those that allocate more.
const LARGER: &[&str] = &["match.test.scm", "web.test.scm", "format.test.scm"];

/// Programs of the suite that would take minutes that often: they allocate tens of megabytes.
const TOO_LONG: &[&str] = &["deep-recursion", "lists", "higher-order", "records-source"];

/// How many bytes are allocated between two collections: as many as `usual`, or `thorough` on request.
fn every(usual: usize, thorough: usize) -> usize {
    match std::env::var_os("FRUIX_ACCEPTANCE").is_some_and(|value| value == "1") {
        true => thorough,
        false => usual,
    }
}

fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests")
}

fn scheme_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder of programs");
    let files = entries.flatten().map(|entry| entry.path());
    let mut files: Vec<_> = files.filter(|f| f.extension().is_some_and(|e| e == "scm")).collect();
    files.sort();
    files
}

fn run(mut command: Command, file: &Path) -> Output {
    let folder = file.parent().expect("a file in a folder");
    let output = command.arg(file).current_dir(folder).stdin(Stdio::null()).output();
    output.expect("the program starts")
}

fn collections(errors: &str) -> Option<u64> {
    errors.lines().find_map(|line| line.strip_prefix("stress-collections ")?.parse().ok())
}

/// Runs the files as usual and with a collection every `bytes` bytes; at least `least` collections
/// have to happen in all.
fn compare(files: &[PathBuf], bytes: usize, least: u64) {
    let mut failures = Vec::new();
    let mut total = 0;
    for file in files {
        let usual = run(Command::new(env!("CARGO_BIN_EXE_guile")), file);
        let mut command = Command::new(env!("CARGO_BIN_EXE_stress"));
        command.arg(bytes.to_string());
        let stressed = run(command, file);
        let errors = String::from_utf8_lossy(&stressed.stderr);
        total += collections(&errors).unwrap_or(0);
        if usual.stdout != stressed.stdout || usual.status.code() != stressed.status.code() {
            let last = errors.lines().last().unwrap_or_default();
            failures.push(format!("{}: {:?}: {last}", file.display(), stressed.status));
        }
    }
    assert!(failures.is_empty(), "{} programs differ: {failures:#?}", failures.len());
    assert!(total >= least, "only {total} collections");
    eprintln!("{total} collections in {} programs", files.len());
}

#[test]
fn the_engines_programs_survive_a_collection_at_every_safe_point() {
    let areas = fs::read_dir(tests().join("engine")).expect("tests/engine").flatten();
    let folders = areas.map(|area| area.path()).filter(|area| area.is_dir());
    let files: Vec<PathBuf> = folders
        .filter(|area| !area.ends_with("suite"))
        .flat_map(|area| scheme_files(&area))
        .collect();
    compare(&files, 0, 2_000);
}

#[test]
fn the_benchmarks_programs_survive_frequent_collections() {
    let files = scheme_files(&tests().join("engine/suite"));
    let (long, short): (Vec<_>, Vec<_>) = files
        .into_iter()
        .partition(|file| TOO_LONG.iter().any(|name| file.ends_with(format!("{name}.scm"))));
    compare(&short, every(16 << 10, 2 << 10), 500);
    compare(&long, every(64 << 10, 4 << 10), 200);
}

fn library(names: &[&str]) -> Vec<PathBuf> {
    names.iter().map(|name| tests().join("library").join(name)).collect()
}

#[test]
fn the_librarys_tests_survive_a_collection_at_every_safe_point() {
    let mut files = library(LIBRARY);
    files.extend(scheme_files(&tests().join("library/boot")));
    compare(&files, 0, 10_000);
}

#[test]
fn larger_tests_of_the_library_survive_frequent_collections() {
    compare(&library(LARGER), every(4 << 10, 256), 300);
}
