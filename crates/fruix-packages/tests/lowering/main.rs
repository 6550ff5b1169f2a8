// SPDX-License-Identifier: GPL-3.0-or-later
//! The judge: what the expressions of `tests/lowering` lower to, compared with what GNU Guix makes
//! of the same text.
//!
//! With the oracle both evaluate them in the same run, and both import the same module files (Guix's). Where
//! Guix compiles the modules, that one difference is taken out, see [`normalise`]; everything else has to be
//! the same to the byte. Without the oracle, recorded names (`theirs.tsv`) are compared, which is less.

mod explain;
mod normalise;
mod ours;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use fruix_core::StorePath;
use fruix_core::store_path::StoreDir;
use fruix_oracle::{Failure, Guix, Oracle, output_of, say};

use normalise::Normaliser;

/// The fewest expressions that are worth being called a comparison.
const ENOUGH: usize = 100;

/// What each expression lowers to, by its name.
type Table = BTreeMap<String, String>;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/lowering")
}

fn read(name: &str) -> String {
    fs::read_to_string(folder().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn table(text: &str) -> Table {
    let pairs = text.lines().filter_map(|line| line.split_once('\t'));
    pairs.map(|(name, path)| (name.to_owned(), path.to_owned())).collect()
}

/// The expressions that import modules.
fn with_modules() -> BTreeSet<String> {
    read("with-modules").lines().map(str::to_owned).collect()
}

/// Fails unless both tables have the same expressions, and enough of them.
fn same_expressions(theirs: &Table, ours: &Table) {
    assert!(theirs.len() >= ENOUGH, "only {} expressions", theirs.len());
    assert_eq!(theirs.keys().collect::<Vec<_>>(), ours.keys().collect::<Vec<_>>());
}

/// Has Guix evaluate the expressions; gives its table as text. The store items are then in its store.
fn theirs(guix: &mut Guix) -> Result<String, Failure> {
    let mut copy = Command::new("cp");
    copy.arg("-a").arg(folder()).arg(guix.oracle().scratch());
    output_of(copy)?;
    guix.start(&[], &[])?;
    let mut command = guix.command("guile");
    command.arg("--no-auto-compile").arg(guix.oracle().inside("lowering/print.scm"));
    output_of(command)
}

/// A load path with Guix's files for the modules that builds import, and for no others: the host side
/// is to be ours.
fn imported_modules(guix: &Guix) -> PathBuf {
    let modules = guix.oracle().scratch().join("modules/guix");
    fs::create_dir_all(&modules).expect("a directory in the scratch directory");
    for name in ["build", "elf.scm"] {
        let file = guix.oracle().modules().join("guix").join(name);
        std::os::unix::fs::symlink(file, modules.join(name)).expect("a link");
    }
    guix.oracle().scratch().join("modules")
}

#[test]
fn expressions_lower_as_in_guix() {
    let Some(oracle) = Oracle::find_or_skip("GNU Guix did not evaluate the expressions itself")
    else {
        return;
    };
    let mut guix = Guix::with_installed_store(oracle);
    let start = Instant::now();
    let text = theirs(&mut guix).unwrap_or_else(|failure| panic!("{failure}"));
    let asked = start.elapsed();
    let theirs = table(&text);
    let start = Instant::now();
    let (ours, items) = ours::evaluate(&folder(), Some(&imported_modules(&guix)));
    let evaluated = start.elapsed();
    let ours = table(&ours);
    same_expressions(&theirs, &ours);

    let with_modules = with_modules();
    let mut normaliser = Normaliser::new(StoreDir::default(), guix.physical_store());
    let mut wrong = Vec::new();
    let mut equal = [0, 0];
    for (name, ours) in &ours {
        let mut expected = theirs[name].clone();
        let normalised = with_modules.contains(name);
        if normalised {
            let without = normaliser.without_compiled_modules(&expected);
            let without = without.unwrap_or_else(|why| panic!("{name}: {why}"));
            assert_ne!(expected, without, "{name} compiles no modules: take it off the list");
            expected = without;
        }
        if *ours == expected {
            equal[usize::from(normalised)] += 1;
        } else {
            let why = explain::difference(&items, &normaliser, ours, &expected);
            wrong.push(format!("{name}: expected {expected}, got {ours}\n{why}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), theirs.len(), wrong.join("\n"));
    say(&format!(
        "{} expressions lower to the same bytes as in GNU Guix: {} as they are, {} without \
         compiled modules ({} derivations rewritten); Guix took {asked:.1?}, fruix {evaluated:.1?}",
        theirs.len(),
        equal[0],
        equal[1],
        normaliser.rewritten(),
    ));
    module_files_count(&mut normaliser, &theirs);
    recorded_is_what_guix_says(&text, &theirs);
}

/// With other module files, every expression that imports some has another name, normalised or not: what is
/// imported does count.
fn module_files_count(normaliser: &mut Normaliser, theirs: &Table) {
    let (ours, _) = ours::evaluate(&folder(), None);
    let ours = table(&ours);
    for name in with_modules() {
        let theirs = normaliser.without_compiled_modules(&theirs[&name]);
        assert_ne!(theirs.as_ref(), Ok(&ours[&name]), "{name}");
    }
}

/// The recorded table is today's; `FRUIX_RECORD=1` makes it so.
fn recorded_is_what_guix_says(text: &str, theirs: &Table) {
    if std::env::var_os("FRUIX_RECORD").is_some_and(|value| value == "1") {
        fs::write(folder().join("theirs.tsv"), text).expect("theirs.tsv can be written");
    }
    assert_eq!(table(&read("theirs.tsv")), *theirs, "set FRUIX_RECORD=1 to record this");
}

/// What can be said without the oracle. Of expressions that import modules only the names are compared: Guix's
/// module files, whose bytes are part of the hashes, are not there.
#[test]
fn expressions_lower_to_the_names_that_guix_gave() {
    let theirs = table(&read("theirs.tsv"));
    let (ours, _) = ours::evaluate(&folder(), None);
    let ours = table(&ours);
    same_expressions(&theirs, &ours);
    let with_modules = with_modules();
    let base_name = |text: &str| {
        let path = StoreDir::default().parse(text);
        path.map(|path: StorePath| path.name().to_owned()).map_err(|_| text.to_owned())
    };
    let differs = |(name, ours): &(&String, &String)| {
        let expected = &theirs[*name];
        match with_modules.contains(*name) {
            true => base_name(ours) != base_name(expected),
            false => *ours != expected,
        }
    };
    let wrong: Vec<_> = ours.iter().filter(differs).collect();
    assert!(wrong.is_empty(), "{} of {} differ: {wrong:#?}", wrong.len(), theirs.len());
    if fruix_oracle::installed().is_err() {
        say(&format!(
            "{} expressions compared with recorded names, {} of them by name only",
            theirs.len(),
            with_modules.len()
        ));
    }
}

/// Whether FILE is a derivation's name.
fn is_derivation(file: &str) -> bool {
    Path::new(file).extension().is_some_and(|extension| extension == "drv")
}
