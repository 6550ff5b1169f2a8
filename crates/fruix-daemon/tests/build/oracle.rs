// SPDX-License-Identifier: GPL-3.0-or-later
//! The same derivations built by GNU Guix's own daemon: same hashes, sizes, references and derivers.
//!
//! The store of the comparison has a name of its own in the oracle.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use fruix_core::StorePath;
use fruix_core::hash::Hash;
use fruix_core::store_path::{HashMethod, StoreDir};
use fruix_daemon::{BuildOptions, Cancellation, Goal, NoObserver};
use fruix_fetch::Fetcher;
use fruix_oracle::{Guix, Oracle};
use fruix_store::Layout;

use super::bench::{Bench, Test, TestResult};
use crate::ensure;

pub const TESTS: &[Test] = &[("oracle", same_as_guix_daemon)];

/// Derivations of several kinds.
fn derivations(bench: &Bench) -> Vec<StorePath> {
    let one = bench.drv("one", &["write @out@ 1 @worker@"]);
    let one = one.env("worker", &bench.store.layout().display(&bench.worker)).done();
    let two =
        bench.drv("two", &["mkdir @out@/d", "write @out@/d/f @one@ @out@", "mode @out@/d/f 700"]);
    let two = two.input("one", &one).done();
    let multi = [
        "mkdir @out@/bin",
        "write @out@/bin/x @out@ and @lib@ and @two@",
        "mkdir @lib@",
        "write @lib@/data something",
        "hardlink @lib@/data @out@/data",
        "link @doc@ @out@/bin/x",
        "mode @out@/bin 700",
    ];
    let multi = bench.drv("multi", &multi).outputs(&["out", "lib", "doc"]).input("two", &two);
    let env =
        bench.drv("env", &["env @out@"]).env("impureEnvVars", "impure").env("x", "ä\n1").done();
    let text = "impure=from outside";
    let flat = bench.drv("flat", &["write @out@ impure=@impure@"]).env("impureEnvVars", "impure");
    let flat = flat.fixed(HashMethod::Flat, Hash::sha256(text.as_bytes())).done();
    let two_path = bench.store.layout().display(&bench.output(&two, "out"));
    let graph = bench.drv("graph", &["copy graph @out@"]).input("two", &two);
    let graph = graph.env("exportReferencesGraph", &format!("graph {two_path}")).done();
    vec![one, two, multi.done(), env, flat, graph]
}

fn same_as_guix_daemon(bench: &Bench) -> TestResult {
    let what = "no build was compared with guix-daemon's";
    let Some(oracle) = Oracle::find_or_skip(what) else { return Ok(()) };
    let mut guix = Guix::with_scratch_store(oracle)?;
    let store_dir = StoreDir::new(&guix.store_dir())?;
    let below = |sub: &str| bench.dir.join("other").join(sub);
    let layout = Layout::new(store_dir, below("store"), below("state"), below("log"));
    let ours = Bench::with_layout(&bench.dir, layout, Fetcher::default())?;
    let drvs = derivations(&ours);
    let goals: Vec<Goal> = drvs.iter().cloned().map(Goal::new).collect();
    let options = BuildOptions { cores: 3, ..BuildOptions::default() };
    ours.builder.build(&goals, &options, &NoObserver, &Cancellation::new())?;
    guix.start(&["--cores=3"], &[("impure", "from outside")])?;
    let code = program(guix.oracle(), &ours, &drvs)?;
    let theirs: BTreeSet<String> = guix.guile(&code)?.lines().map(str::to_owned).collect();
    let mine = rows(&ours, &drvs);
    ensure!(mine.len() == 8, "{mine:#?}");
    for (name, row) in &mine {
        let file = guix.physical_store().join(name);
        let text = fs::read_to_string(&file).unwrap_or_default();
        ensure!(theirs.contains(row), "{row} is not among {theirs:#?}; theirs is {text}");
    }
    eprintln!("{} outputs are the same as guix-daemon's", mine.len());
    Ok(())
}

/// A program for the oracle that adds DRVS and what they need, builds them, and prints a row for
/// each output.
fn program(oracle: &Oracle, ours: &Bench, drvs: &[StorePath]) -> std::io::Result<String> {
    let worker = oracle.scratch().join("worker");
    fs::copy(ours.store.physical(&ours.worker), &worker)?;
    let mut code = format!(
        r#"(use-modules (guix store) (guix derivations) (guix base16) (ice-9 textual-ports))
           (set-port-encoding! (current-output-port) "UTF-8")
           (fluid-set! %default-port-encoding "UTF-8")
           (define s (open-connection))
           (add-to-store s "worker" #t "sha256" "{}")
           (define (add name file refs)
             (add-text-to-store s name (call-with-input-file file get-string-all) refs))
        "#,
        oracle.inside("worker").display()
    );
    let show = |item: &StorePath| format!("{:?}", ours.store.layout().display(item));
    for drv in drvs {
        fs::copy(ours.store.physical(drv), oracle.scratch().join(drv.name()))?;
        let references = ours.store.references(drv).unwrap_or_default();
        let references: Vec<String> = references.iter().map(show).collect();
        let file = oracle.inside(drv.name());
        code += &format!("(add {:?} {file:?} (list {}))\n", drv.name(), references.join(" "));
    }
    let all: Vec<String> = drvs.iter().map(show).collect();
    code += &format!(
        r#"(parameterize ((current-build-output-port (%make-void-port "w")))
             (build-things s '({0})))
           (for-each
             (lambda (drv)
               (for-each
                 (lambda (p)
                   (let ((i (query-path-info s p)))
                     (format #t "~a ~a ~a ~a ~a~%" p
                             (bytevector->base16-string (path-info-hash i))
                             (path-info-nar-size i) (path-info-deriver i)
                             (sort (path-info-references i) string<?))))
                 (map cdr (derivation->output-paths (read-derivation-from-file drv)))))
             '({0}))"#,
        all.join(" ")
    );
    Ok(code)
}

/// The same rows from our side, by the name of the item.
fn rows(ours: &Bench, drvs: &[StorePath]) -> BTreeMap<String, String> {
    let show = |item: &StorePath| ours.store.layout().display(item);
    let outputs = drvs.iter().flat_map(|drv| ours.store.query_derivation_outputs(drv).unwrap());
    outputs
        .map(|(_, item)| {
            let info = ours.store.query_path_info(&item).unwrap().unwrap();
            let references: Vec<String> = info.references.iter().map(show).collect();
            let deriver = info.deriver.as_ref().map(show).unwrap_or_default();
            let hash = info.nar_hash.to_base16();
            let row = format!(
                "{} {hash} {} {deriver} ({})",
                show(&item),
                info.nar_size,
                references.join(" ")
            );
            (item.to_string(), row)
        })
        .collect()
}
