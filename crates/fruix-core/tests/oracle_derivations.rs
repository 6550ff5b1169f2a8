// SPDX-License-Identifier: GPL-3.0-or-later
//! Derivations that GNU Guix made, read, printed and computed anew.
//!
//! Guix derives packages; then, for every `.drv` file in the closures:
//! printing what was parsed gives the same bytes, and the path of each output and the name of the
//! file itself come out exactly when they are computed from the rest. Without the oracle
//! (`tests/oracle/install`) nothing is tested, which is said on standard error.
//!
//! `FRUIX_ACCEPTANCE=1` takes more packages, with over 5,000 files in their closures.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use fruix_core::derivation::{Derivation, DerivationParser, ModuloCache};
use fruix_core::{StoreDir, StorePath};
use fruix_oracle::{Failure, Guix, Oracle, say};

/// What runs each time.
const PACKAGES: &[&str] = &["hello"];

/// What runs on request: what the project promises, and ten whose closures differ much from those
/// (Rust, Haskell, TeX, Python, Qt, desktop programs).
const ACCEPTANCE_PACKAGES: &[&str] = &[
    "hello",
    "gcc-toolchain",
    "ungoogled-chromium",
    "emacs",
    "icecat",
    "libreoffice",
    "pandoc",
    "inkscape",
    "gimp",
    "qemu",
    "blender",
    "texlive-scheme-basic",
    "python-scipy",
];

fn acceptance() -> bool {
    std::env::var_os("FRUIX_ACCEPTANCE").is_some_and(|value| value == "1")
}

/// Has Guix derive PACKAGES and returns the names of their derivations.
fn derive(guix: &mut Guix, packages: &[&str]) -> Result<Vec<String>, Failure> {
    guix.start(&[], &[])?;
    let mut arguments = vec!["build", "--derivations", "--no-grafts", "--no-substitutes"];
    arguments.extend(packages);
    Ok(guix.guix(&arguments)?.lines().map(str::to_owned).collect())
}

/// The derivations in the closures of ROOTS with their texts.
fn closure(
    root: &Path,
    store_dir: &StoreDir,
    roots: &[String],
) -> BTreeMap<StorePath, (Arc<Derivation>, Vec<u8>)> {
    let mut closure = BTreeMap::new();
    let mut pending: Vec<StorePath> =
        roots.iter().map(|file| store_dir.parse(file).expect("a store file name")).collect();
    while let Some(path) = pending.pop() {
        if closure.contains_key(&path) {
            continue;
        }
        let file = store_dir.print(&path);
        let text = std::fs::read(root.join(file.trim_start_matches('/'))).expect("read a .drv");
        let drv = Derivation::parse(store_dir, &text).unwrap_or_else(|e| panic!("{file}: {e}"));
        pending.extend(drv.inputs.keys().cloned());
        closure.insert(path, (Arc::new(drv), text));
    }
    closure
}

/// DRV as it was before its output paths were computed.
fn without_output_paths(drv: &Derivation) -> Derivation {
    let mut bare = drv.clone();
    for (name, output) in &mut bare.outputs {
        output.path = None;
        bare.env.remove(name);
    }
    bare
}

#[test]
fn derivations_of_guix_are_computed_exactly() {
    let what = "derivations were not compared with GNU Guix's";
    let Some(oracle) = Oracle::find_or_skip(what) else { return };
    // The oracle's own store: what was derived once need not be written again.
    let mut guix = Guix::with_installed_store(oracle);
    let packages = if acceptance() { ACCEPTANCE_PACKAGES } else { PACKAGES };
    let store_dir = StoreDir::default();
    let start = Instant::now();
    let roots = derive(&mut guix, packages).unwrap_or_else(|failure| panic!("{failure}"));
    assert_eq!(roots.len(), packages.len(), "a derivation for each package");
    let derived = start.elapsed();

    let start = Instant::now();
    let closure = closure(guix.oracle().root(), &store_dir, &roots);
    let read = start.elapsed();

    let start = Instant::now();
    let mut cache = ModuloCache::new();
    let mut lookups = BTreeSet::new();
    let (mut outputs, mut fixed, mut bytes) = (0, 0, 0);
    for (path, (drv, text)) in &closure {
        assert_eq!(drv.to_bytes(&store_dir), *text, "{path}: parsed, printed");
        bytes += text.len();

        let name = path.derivation_name().expect("a derivation's name");
        let mut computed = without_output_paths(drv);
        computed
            .fill_outputs(&store_dir, name, &mut cache, |input| {
                assert!(lookups.insert(input.clone()), "{input} looked up twice");
                closure.get(input).map(|(drv, _)| Arc::clone(drv)).ok_or("not in the closure")
            })
            .unwrap_or_else(|e| panic!("{path}: {e}"));
        assert_eq!(computed, **drv, "{path}: output paths");
        assert_eq!(computed.path(&store_dir, name).as_ref(), Ok(path), "file name");
        outputs += drv.outputs.len();
        fixed += usize::from(drv.fixed_output().is_some());
    }
    say(&format!(
        "{} derivations ({bytes} bytes, {fixed} fixed-output, {outputs} outputs) of {}: \
         derived by Guix in {derived:.1?}, read in {read:.1?}, computed in {:.1?}",
        closure.len(),
        packages.join(" "),
        start.elapsed()
    ));
    assert!(closure.len() >= if acceptance() { 5_000 } else { 200 });

    // Pieces of any size give the same as the whole.
    for (path, (drv, text)) in closure.iter().step_by(closure.len().div_ceil(50)) {
        for size in [1, 7, 4096] {
            let mut parser = DerivationParser::new(store_dir.clone());
            for piece in text.chunks(size) {
                parser.feed(piece).expect("a piece of a good text");
            }
            let parsed = parser.finish().expect("a whole text");
            assert_eq!(parsed, **drv, "{path}: in pieces of {size}");
        }
    }
}
