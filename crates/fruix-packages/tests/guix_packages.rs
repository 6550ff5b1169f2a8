// SPDX-License-Identifier: GPL-3.0-or-later
//! The packages of GNU Guix, with its own modules: the derivations that fruix makes of them have the names that
//! they have in Guix, which evaluates the same program (`tests/packages/print.scm`).
//!
//! Some packages, which span the build systems, are compared with every change. All of them, and drawn ones
//! for another system and cross-compiled, take minutes: `FRUIX_ACCEPTANCE=1`. `FRUIX_SEED` draws others.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use fruix_oracle::{Guix, Oracle, say};
use fruix_packages::{Seed, Session};
use fruix_store::MemoryStore;

/// Packages that are compared with every change: each build system that has many packages, and packages which do
/// something of their own while they are lowered.
const SOME: &[&str] = &[
    "hello",
    "emacs",
    "python",
    "perl",
    "guile",
    "gcc-toolchain",
    "ocaml",
    "rust-ripgrep",
    "ghc-lens",
    "r-ggplot2",
    "python-numpy",
    "perl-moose",
    "ruby-rspec",
    "go-golang-org-x-net",
    "julia-json",
    "sbcl-alexandria",
    "ecl-alexandria",
    "emacs-magit",
    "texlive-amsmath",
    "texlive-scheme-basic",
    "font-dejavu",
    "qtbase",
    "gtk",
    "cmake",
    "meson",
    "ant",
    "java-junit",
    "node",
    "maven",
    "linux-libre",
    "grub",
    "zig",
    "erlang",
    "elixir-jason",
    "minify",
    "glibc-locales",
];

/// How many packages are drawn for another system, and for another target.
const DRAWN: usize = 200;

/// Lines of name and result; names may come several times.
type Table = BTreeMap<String, Vec<String>>;

fn table(text: &str) -> Table {
    let mut table = Table::new();
    for (name, result) in text.lines().filter_map(|line| line.split_once('\t')) {
        table.entry(name.to_owned()).or_default().push(result.to_owned());
    }
    table.values_mut().for_each(|results| results.sort());
    table
}

/// The line with what it took.
fn figures(text: &str) -> &str {
    text.lines().last().and_then(|line| line.strip_prefix("# ")).unwrap_or("?")
}

/// The program that calls `print-derivations` with FILE and ARGUMENTS.
fn program(file: &Path, arguments: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/packages/print.scm");
    let definitions =
        fs::read_to_string(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    format!("{definitions}\n(print-derivations {:?} {arguments})\n", file.display().to_string())
}

fn theirs(guix: &Guix, arguments: &str) -> String {
    let program = program(&guix.oracle().inside("derivations"), arguments);
    guix.guile(&program).unwrap_or_else(|failure| panic!("{failure}"));
    fs::read_to_string(guix.oracle().scratch().join("derivations")).expect("what Guix printed")
}

fn ours(load_path: Vec<PathBuf>, arguments: &str) -> String {
    let scratch = tempfile::tempdir().expect("a directory");
    let file = scratch.path().join("derivations");
    let program = scratch.path().join("program.scm");
    fs::write(&program, self::program(&file, arguments)).expect("a file");
    let run = move || {
        let store = Box::new(MemoryStore::default());
        let mut session =
            Session::new(store, Seed::default(), &load_path).map_err(|error| error.to_string())?;
        let load = format!("(primitive-load {:?})", program.display().to_string());
        session.engine().call_with_text("%eval-text", &load).map_err(|error| error.to_string())?;
        Ok::<_, String>(())
    };
    match fruix_scheme::command::on_large_stack(run) {
        Ok(Ok(())) => fs::read_to_string(&file).expect("what was printed"),
        Ok(Err(error)) => panic!("{error}"),
        Err(error) => panic!("{error}"),
    }
}

/// Has both sides lower what ARGUMENTS say; says what came of it, and fails if it is not the same.
fn compare(what: &str, arguments: &str, at_least: usize) {
    let Some(oracle) = Oracle::find_or_skip("derivations were not compared with GNU Guix's") else {
        return;
    };
    let load_path = vec![oracle.modules(), oracle.root().join("usr/share/guile/3.0")];
    let mut guix = Guix::with_installed_store(oracle);
    guix.start(&[], &[]).unwrap_or_else(|failure| panic!("{failure}"));
    let their_text = theirs(&guix, arguments);
    guix.stop();
    let our_text = ours(load_path, arguments);
    let (their_table, our_table) = (table(&their_text), table(&our_text));

    let (mut identical, mut refused, mut wrong) = (0, 0, Vec::new());
    for (name, expected) in &their_table {
        let got = our_table.get(name).map(Vec::as_slice).unwrap_or_default();
        if got != expected {
            wrong.push(format!("{name}: expected {expected:?}, got {got:?}"));
            continue;
        }
        let lowered = expected.iter().filter(|result| result.starts_with('/')).count();
        identical += lowered;
        refused += expected.len() - lowered;
    }
    let more = our_table.keys().filter(|name| !their_table.contains_key(*name));
    wrong.extend(more.map(|name| format!("{name}: Guix has no such package")));
    say(&format!(
        "{what}: identical {identical}, refused by both {refused}, different {}; Guix: {}; fruix: {}",
        wrong.len(),
        figures(&their_text),
        figures(&our_text)
    ));
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(identical >= at_least, "only {identical} packages are compared");
}

fn acceptance() -> bool {
    std::env::var_os("FRUIX_ACCEPTANCE").is_some()
}

/// `(draw COUNT SEED)`.
fn drawn(count: usize) -> String {
    let seed = std::env::var("FRUIX_SEED").ok().and_then(|seed| seed.parse().ok());
    format!("'(draw {count} {})", seed.unwrap_or(0_u32))
}

#[test]
fn some_packages_are_what_guix_makes_of_them() {
    let names: Vec<String> = SOME.iter().map(|name| format!("{name:?}")).collect();
    let wanted = format!("'({}) \"x86_64-linux\" #f", names.join(" "));
    compare("some packages", &wanted, SOME.len());
}

#[test]
fn all_packages_are_what_guix_makes_of_them() {
    if acceptance() {
        compare("all packages", "'all \"x86_64-linux\" #f", 31_000);
    }
}

#[test]
fn packages_for_another_system_are_what_guix_makes_of_them() {
    if acceptance() {
        let wanted = format!("{} \"aarch64-linux\" #f", drawn(DRAWN));
        compare("aarch64-linux", &wanted, DRAWN);
    }
}

#[test]
fn cross_compiled_packages_are_what_guix_makes_of_them() {
    if acceptance() {
        let wanted = format!("{} \"x86_64-linux\" \"aarch64-linux-gnu\"", drawn(DRAWN));
        compare("for aarch64-linux-gnu", &wanted, DRAWN);
    }
}
