// SPDX-License-Identifier: GPL-3.0-or-later
//! The packages of GNU Guix, with its own modules: the derivations that fruix makes of them have the names that
//! they have in Guix, which evaluates the same program (`tests/packages/print.scm`).
//!
//! With every change, packages that span the build systems are compared, and as many again that its commit's hash
//! draws; a few for another system and cross-compiled. All of them, and hundreds for another system and
//! cross-compiled, take minutes: `FRUIX_ACCEPTANCE=1`. `FRUIX_SEED` draws others.

use std::collections::{BTreeMap, BTreeSet};
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

/// How many names are drawn with every change.
const NAMES: usize = 100;
/// How many packages are drawn for another system, and for another target.
const DRAWN: usize = 200;
/// Packages for another system, and for another target, with every change.
const FEW: &[&str] =
    &["hello", "emacs-magit", "python-six", "perl-moose", "go-golang-org-x-net", "bash"];

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

/// The arguments that name PACKAGES.
fn named<'a>(packages: impl IntoIterator<Item = &'a str>, rest: &str) -> String {
    let names: Vec<String> = packages.into_iter().map(|name| format!("{name:?}")).collect();
    format!("'({}) {rest}", names.join(" "))
}

/// Has both sides lower what ARGUMENTS say; says what came of it, and fails if it is not the same.
fn compare(what: &str, arguments: &str, at_least: usize) {
    compare_as(what, arguments, |_| arguments.to_owned(), at_least);
}

/// The same with other arguments for fruix, made of what Guix printed.
fn compare_as(
    what: &str,
    their_arguments: &str,
    our_arguments: impl FnOnce(&Table) -> String,
    at_least: usize,
) {
    let Some(oracle) = Oracle::find_or_skip("derivations were not compared with GNU Guix's") else {
        return;
    };
    let load_path = vec![oracle.modules(), oracle.root().join("usr/share/guile/3.0")];
    let mut guix = Guix::with_installed_store(oracle);
    guix.start(&[], &[]).unwrap_or_else(|failure| panic!("{failure}"));
    let their_text = theirs(&guix, their_arguments);
    guix.stop();
    let their_table = table(&their_text);
    let our_text = ours(load_path, &our_arguments(&their_table));
    let our_table = table(&our_text);

    let (mut identical, mut refused, mut failed, mut different) = (0, 0, 0, 0);
    let mut wrong = Vec::new();
    for (name, expected) in &their_table {
        let got = our_table.get(name).map(Vec::as_slice).unwrap_or_default();
        let made =
            |results: &[String]| results.iter().filter(|result| result.starts_with('/')).count();
        if got == expected {
            identical += made(expected);
            refused += expected.len() - made(expected);
            continue;
        }
        let lost = made(expected).saturating_sub(made(got));
        failed += lost;
        different += expected.len().max(got.len()) - lost;
        wrong.push(format!("{name}: expected {expected:?}, got {got:?}"));
    }
    for name in our_table.keys().filter(|name| !their_table.contains_key(*name)) {
        different += 1;
        wrong.push(format!("{name}: Guix has no such package"));
    }
    say(&format!(
        "{what}: identical {identical} / different {different} / failed {failed} (refused by both {refused}); \
         Guix: {}; fruix: {}",
        figures(&their_text),
        figures(&our_text)
    ));
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(identical >= at_least, "only {identical} packages are compared");
}

fn acceptance() -> bool {
    std::env::var_os("FRUIX_ACCEPTANCE").is_some()
}

/// What packages are drawn by: `FRUIX_SEED`, else the hash of the commit that is tested.
fn seed() -> u32 {
    if let Some(seed) = std::env::var("FRUIX_SEED").ok().and_then(|seed| seed.parse().ok()) {
        return seed;
    }
    let mut git = std::process::Command::new("git");
    git.args(["rev-parse", "--short=7", "HEAD"]).current_dir(env!("CARGO_MANIFEST_DIR"));
    let hash = git.output().map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    hash.ok().and_then(|hash| u32::from_str_radix(hash.trim(), 16).ok()).unwrap_or(0)
}

#[test]
fn some_packages_are_what_guix_makes_of_them() {
    compare("some packages", &named(SOME.iter().copied(), "\"x86_64-linux\" #f"), SOME.len());
}

#[test]
fn drawn_packages_are_what_guix_makes_of_them() {
    const REST: &str = "\"x86_64-linux\" #f";
    let seed = seed();
    let ours = |theirs: &Table| {
        let names: BTreeSet<&str> =
            theirs.keys().filter_map(|full| Some(full.rsplit_once('@')?.0)).collect();
        named(names, REST)
    };
    let what = format!("packages drawn by {seed}");
    compare_as(&what, &format!("'(names {NAMES} {seed}) {REST}"), ours, NAMES);
}

#[test]
fn all_packages_are_what_guix_makes_of_them() {
    if acceptance() {
        compare("all packages", "'all \"x86_64-linux\" #f", 31_000);
    }
}

#[test]
fn packages_for_another_system_are_what_guix_makes_of_them() {
    let rest = "\"aarch64-linux\" #f";
    match acceptance() {
        true => compare("aarch64-linux", &format!("'(draw {DRAWN} {}) {rest}", seed()), DRAWN),
        false => compare("aarch64-linux", &named(FEW.iter().copied(), rest), FEW.len()),
    }
}

#[test]
fn cross_compiled_packages_are_what_guix_makes_of_them() {
    let rest = "\"x86_64-linux\" \"aarch64-linux-gnu\"";
    let what = "for aarch64-linux-gnu";
    match acceptance() {
        true => compare(what, &format!("'(draw {DRAWN} {}) {rest}", seed()), DRAWN),
        false => compare(what, &named(FEW.iter().copied(), rest), 1),
    }
}
