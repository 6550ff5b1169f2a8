// SPDX-License-Identifier: GPL-3.0-or-later
//! What builds see and leave behind.

use std::fs;
use std::os::unix::fs::MetadataExt;

use fruix_core::hash::{Hash, HashAlgorithm};
use fruix_core::store_path::HashMethod;
use fruix_daemon::{BuildMode, BuildOptions, Error, ReferenceRule};
use fruix_sandbox::Outcome;

use super::bench::{Bench, Test, TestResult};
use crate::ensure;

pub const TESTS: &[Test] = &[
    ("trivial", trivial),
    ("environment", environment),
    ("visible-items", visible_items),
    ("undeclared-input", undeclared_input),
    ("closure-of-inputs", closure_of_inputs),
    ("multiple-outputs", multiple_outputs),
    ("cyclic-outputs", cyclic_outputs),
    ("missing-output", missing_output),
    ("suspicious-output", suspicious_output),
    ("reference-rules", reference_rules),
    ("references-graph", references_graph),
    ("fixed-outputs", fixed_outputs),
    ("failing", failing),
    ("keep-failed", keep_failed),
    ("check", check),
    ("rounds", rounds),
    ("platform", platform),
];

fn trivial(bench: &Bench) -> TestResult {
    let drv = bench.drv("hi", &["say hello you", "write @out@ hi from @worker@"]);
    let worker = bench.store.layout().display(&bench.worker);
    let drv = drv.env("worker", &worker).done();
    let report = bench.build(&drv)?;
    ensure!(report.built == [drv.clone()], "{report:?}");
    ensure!(bench.contents(&drv, "")? == format!("hi from {worker}"), "wrong contents");
    let output = bench.output(&drv, "out");
    let info = bench.store.query_path_info(&output)?.ok_or("not valid")?;
    ensure!(info.references.iter().eq([&bench.worker]), "{info:?}");
    ensure!(info.deriver == Some(drv.clone()), "{info:?}");
    let meta = fs::metadata(bench.store.physical(&output))?;
    ensure!((meta.mode() & 0o7777, meta.mtime()) == (0o444, 1), "{meta:?}");
    let us = rustix::process::geteuid().as_raw();
    ensure!(meta.uid() == us, "{meta:?}");
    ensure!(bench.log(&drv) == "hello you\n", "{}", bench.log(&drv));
    ensure!(bench.leftovers().is_empty(), "{:?}", bench.leftovers());
    ensure!(bench.build(&drv)?.built.is_empty(), "built twice");
    bench.verify()
}

fn environment(bench: &Bench) -> TestResult {
    let drv = bench.drv("env", &["env @out@"]).env("impureEnvVars", "impure").env("x", "1").done();
    bench.build(&drv)?;
    let dir = "/tmp/guix-build-env.drv-0";
    let cores = BuildOptions::default().cores;
    let output = bench.store.layout().display(&bench.output(&drv, "out"));
    let expected = format!(
        "HOME=/homeless-shelter\nNIX_BUILD_CORES={cores}\nNIX_BUILD_TOP={dir}\nNIX_STORE=/gnu/store\n\
         PATH=/path-not-set\nPWD={dir}\nTEMP={dir}\nTEMPDIR={dir}\nTMP={dir}\nTMPDIR={dir}\n\
         impureEnvVars=impure\nout={output}\nx=1\n"
    );
    let got = bench.contents(&drv, "")?;
    ensure!(got == expected, "{got}");
    // With a fixed output, the variables of the caller that it names come in.
    let text = "impure=from outside\n";
    let fixed =
        bench.drv("fixed", &["write @out@ impure=@impure@\n"]).env("impureEnvVars", "impure");
    let fixed = fixed.fixed(HashMethod::Flat, Hash::sha256(text.as_bytes())).done();
    bench.build(&fixed)?;
    Ok(())
}

fn visible_items(bench: &Bench) -> TestResult {
    let other = bench.drv("other", &["write @out@ x"]).done();
    bench.build(&other)?;
    let drv = bench.drv("list", &["list /gnu/store @out@"]).done();
    bench.build(&drv)?;
    let got = bench.contents(&drv, "")?;
    ensure!(got == bench.worker.as_str(), "{got}");
    Ok(())
}

fn undeclared_input(bench: &Bench) -> TestResult {
    let other = bench.drv("other", &["write @out@ x"]).done();
    bench.build(&other)?;
    let path = bench.store.layout().display(&bench.output(&other, "out"));
    let drv = bench.drv("spy", &[&format!("read {path}"), "write @out@ x"]).done();
    match bench.failure(&drv, &BuildOptions::default())? {
        Error::Builder { outcome: Outcome::Exited(3), tail, .. } => {
            ensure!(tail.iter().any(|line| line.contains("No such file")), "{tail:?}");
        }
        other => return Err(other.into()),
    }
    ensure!(bench.leftovers().is_empty(), "{:?}", bench.leftovers());
    Ok(())
}

fn closure_of_inputs(bench: &Bench) -> TestResult {
    let one = bench.drv("one", &["write @out@ 1"]).done();
    let two = bench.drv("two", &["write @out@ @one@"]).input("one", &one).done();
    let path = bench.store.layout().display(&bench.output(&one, "out"));
    let actions = [format!("read {path}"), "copy @two@ @out@".into()];
    let actions: Vec<&str> = actions.iter().map(String::as_str).collect();
    let three = bench.drv("three", &actions).input("two", &two).done();
    let report = bench.build(&three)?;
    ensure!(report.built == [one.clone(), two, three.clone()], "{report:?}");
    let references = bench.store.references(&bench.output(&three, "out"))?;
    ensure!(references.iter().eq([&bench.output(&one, "out")]), "{references:?}");
    Ok(())
}

fn multiple_outputs(bench: &Bench) -> TestResult {
    let actions = [
        "mkdir @out@/bin",
        "write @out@/bin/x @out@ and @lib@",
        "mkdir @lib@",
        "write @lib@/data something long enough",
        "hardlink @lib@/data @out@/data",
        "link @doc@ @out@/bin/x",
    ];
    let drv = bench.drv("multi", &actions).outputs(&["out", "lib", "doc"]).done();
    bench.build(&drv)?;
    let [out, lib, doc] = ["out", "lib", "doc"].map(|name| bench.output(&drv, name));
    let references = |item| bench.store.references(item);
    ensure!(references(&out)?.iter().eq(std::collections::BTreeSet::from([&out, &lib])), "out");
    ensure!(references(&lib)?.is_empty(), "lib");
    ensure!(references(&doc)?.iter().eq([&out]), "doc");
    // One output goes and is made anew; the others stay as they are.
    bench.store.invalidate_path(&doc)?;
    ensure!(bench.build(&drv)?.built.len() == 1, "not rebuilt");
    ensure!(bench.leftovers().is_empty(), "{:?}", bench.leftovers());
    bench.verify()
}

fn cyclic_outputs(bench: &Bench) -> TestResult {
    let drv = bench.drv("cycle", &["write @out@ @lib@", "write @lib@ @out@"]);
    let drv = drv.outputs(&["out", "lib"]).done();
    let error = bench.failure(&drv, &BuildOptions::default())?;
    ensure!(matches!(error, Error::Store(fruix_store::Error::Cycle { .. })), "{error}");
    ensure!(bench.leftovers().is_empty(), "{:?}", bench.leftovers());
    bench.verify()
}

fn missing_output(bench: &Bench) -> TestResult {
    let drv = bench.drv("lazy", &["write @out@ x"]).outputs(&["out", "lib"]).done();
    let error = bench.failure(&drv, &BuildOptions::default())?;
    ensure!(matches!(error, Error::Store(fruix_store::Error::MissingOutput { .. })), "{error}");
    ensure!(!bench.store.is_valid_path(&bench.output(&drv, "out"))?, "half registered");
    ensure!(bench.leftovers().is_empty(), "{:?}", bench.leftovers());
    Ok(())
}

fn suspicious_output(bench: &Bench) -> TestResult {
    let drv = bench.drv("open", &["write @out@ x", "mode @out@ 666"]).done();
    let error = bench.failure(&drv, &BuildOptions::default())?;
    ensure!(matches!(error, Error::Store(fruix_store::Error::SuspiciousOutput { .. })), "{error}");
    // A directory that nobody may write to is fine.
    let actions = ["mkdir @out@/d", "write @out@/d/f x", "mode @out@/d 500", "mode @out@ 500"];
    bench.build(&bench.drv("closed", &actions).done())?;
    bench.verify()
}

fn reference_rules(bench: &Bench) -> TestResult {
    let one = bench.drv("one", &["write @out@ 1"]).done();
    let two = bench.drv("two", &["write @out@ @one@"]).input("one", &one).done();
    let path = bench.store.layout().display(&bench.output(&one, "out"));
    let cases = [
        ("allowedReferences", "", Some(ReferenceRule::AllowedReferences)),
        ("allowedReferences", "@two", None),
        ("allowedRequisites", "@two", Some(ReferenceRule::AllowedRequisites)),
        ("disallowedReferences", path.as_str(), None),
        ("disallowedRequisites", path.as_str(), Some(ReferenceRule::DisallowedRequisites)),
    ];
    for (number, (attribute, value, expected)) in cases.into_iter().enumerate() {
        let two_path = bench.store.layout().display(&bench.output(&two, "out"));
        let value = value.replace("@two", &two_path);
        let draft = bench.drv(&format!("case-{number}"), &["write @out@ @two@"]);
        let drv = draft.input("two", &two).env(attribute, &value).done();
        let got = match bench.build(&drv) {
            Ok(_) => None,
            Err(Error::Failed(failures)) => match &*failures[0].error {
                Error::ForbiddenReference { rule, .. } => Some(*rule),
                other => return Err(other.to_string().into()),
            },
            Err(other) => return Err(other.into()),
        };
        ensure!(got == expected, "case {number}: {got:?}");
    }
    // Names of outputs stand for their paths.
    let own = bench.drv("own", &["write @out@ @out@"]).env("allowedReferences", "out").done();
    bench.build(&own)?;
    let odd = bench.drv("odd", &["write @out@ x"]).env("allowedReferences", "nonsense").done();
    let error = bench.failure(&odd, &BuildOptions::default())?;
    ensure!(matches!(error, Error::Attribute { .. }), "{error}");
    Ok(())
}

fn references_graph(bench: &Bench) -> TestResult {
    let one = bench.drv("one", &["write @out@ 1"]).done();
    let two = bench.drv("two", &["write @out@ @one@"]).input("one", &one).done();
    let show = |drv| bench.store.layout().display(&bench.output(drv, "out"));
    let (one_path, two_path) = (show(&one), show(&two));
    let drv = bench.drv("graph", &["copy graph @out@"]).input("two", &two);
    let drv = drv.env("exportReferencesGraph", &format!("graph {two_path}")).done();
    bench.build(&drv)?;
    let mut parts = [format!("{one_path}\n\n0\n"), format!("{two_path}\n\n1\n{one_path}\n")];
    parts.sort();
    ensure!(bench.contents(&drv, "")? == parts.concat(), "{}", bench.contents(&drv, "")?);
    Ok(())
}

fn fixed_outputs(bench: &Bench) -> TestResult {
    let hash = Hash::sha256(b"text");
    let flat = bench.drv("flat", &["write @out@ text"]).fixed(HashMethod::Flat, hash).done();
    bench.build(&flat)?;
    let wrong = bench.drv("wrong", &["write @out@ other"]).fixed(HashMethod::Flat, hash).done();
    match bench.failure(&wrong, &BuildOptions::default())? {
        Error::Store(fruix_store::Error::HashMismatch { expected, got: actual, .. }) => {
            ensure!((*expected, *actual) == (hash, Hash::sha256(b"other")), "{actual}");
        }
        other => return Err(other.into()),
    }
    ensure!(!bench.store.is_valid_path(&bench.output(&wrong, "out"))?, "registered");
    let actions = ["write @out@ text", "mode @out@ 755"];
    let executable = bench.drv("exe", &actions).fixed(HashMethod::Flat, hash).done();
    let error = bench.failure(&executable, &BuildOptions::default())?;
    ensure!(matches!(error, Error::Store(fruix_store::Error::NotAFile { .. })), "{error}");
    // The archive of a directory with one file, hashed by another algorithm.
    let tree = bench.dir.join("tree");
    fs::create_dir(&tree)?;
    fs::write(tree.join("f"), "text")?;
    let mut nar = Vec::new();
    fruix_store::nar::dump(&tree, &mut nar)?;
    let hash = Hash::of(HashAlgorithm::Sha512, &nar);
    let recursive = bench.drv("tree", &["mkdir @out@", "write @out@/f text"]);
    let recursive = recursive.fixed(HashMethod::Recursive, hash).done();
    bench.build(&recursive)?;
    ensure!(bench.leftovers().is_empty(), "{:?}", bench.leftovers());
    bench.verify()
}

fn failing(bench: &Bench) -> TestResult {
    let drv = bench.drv("bad", &["say first line", "say last line", "fail 7"]).done();
    match bench.failure(&drv, &BuildOptions::default())? {
        Error::Builder { outcome: Outcome::Exited(7), tail, log_file, .. } => {
            ensure!(tail == ["first line", "last line"], "{tail:?}");
            ensure!(log_file.is_some_and(|file| file.is_file()), "no log");
        }
        other => return Err(other.into()),
    }
    // A builder that is not there.
    let drv = bench.drv("nobody", &[]).builder("/gnu/store/nothing").done();
    let error = bench.failure(&drv, &BuildOptions::default())?;
    ensure!(error.to_string().contains("/gnu/store/nothing"), "{error}");
    ensure!(bench.leftovers().is_empty(), "{:?}", bench.leftovers());
    Ok(())
}

fn keep_failed(bench: &Bench) -> TestResult {
    let options = BuildOptions { keep_failed: true, ..BuildOptions::default() };
    let drv = bench.drv("bad", &["write note x", "fail 1"]).done();
    bench.failure(&drv, &options)?;
    let dir = bench.dir.join("builds/guix-build-bad.drv-0");
    ensure!(fs::read_to_string(dir.join("note"))? == "x", "not kept");
    ensure!(fs::metadata(&dir)?.mode() & 0o7777 == 0o755, "mode");
    // The next takes the next number, and sees the same name.
    let same = bench.drv("bad", &["write @out@ @TMPDIR@"]).done();
    bench.build_with(&same, &options)?;
    ensure!(bench.contents(&same, "")? == "/tmp/guix-build-bad.drv-0", "other name");
    ensure!(bench.leftovers() == ["guix-build-bad.drv-0"], "{:?}", bench.leftovers());
    Ok(())
}

fn check(bench: &Bench) -> TestResult {
    let mut options = BuildOptions { mode: BuildMode::Check, ..BuildOptions::default() };
    let same = bench.drv("same", &["write @out@ x"]).done();
    let error = bench.failure(&same, &options)?;
    ensure!(matches!(error, Error::NothingToCheck { .. }), "{error}");
    bench.build(&same)?;
    ensure!(bench.build_with(&same, &options)?.built.len() == 1, "not checked");
    let other = bench.drv("other", &["mkdir @out@", "time @out@/t"]).done();
    bench.build(&other)?;
    let before = bench.contents(&other, "t")?;
    let error = bench.failure(&other, &options)?;
    ensure!(matches!(error, Error::NotDeterministic { kept: None, .. }), "{error}");
    options.keep_failed = true;
    match bench.failure(&other, &options)? {
        Error::NotDeterministic { kept: Some(kept), .. } => {
            let name = bench.output(&other, "out");
            ensure!(
                kept == bench.store.layout().physical_store().join(format!("{name}-check")),
                "{kept:?}"
            );
            ensure!(fs::read_to_string(kept.join("t"))? != before, "the same");
        }
        other => return Err(other.into()),
    }
    ensure!(bench.contents(&other, "t")? == before, "changed");
    bench.verify()
}

fn rounds(bench: &Bench) -> TestResult {
    let options = BuildOptions { rounds: 3, ..BuildOptions::default() };
    let events = super::bench::Events::default();
    let same = bench.drv("same", &["write @out@ x"]).done();
    let goals = [fruix_daemon::Goal::new(same.clone())];
    bench.builder.build(&goals, &options, &events, &fruix_daemon::Cancellation::new())?;
    ensure!(events.has("started same.drv 3/3"), "{:?}", events.0);
    let other = bench.drv("other", &["time @out@"]).done();
    let error = bench.failure(&other, &options)?;
    ensure!(matches!(error, Error::NotDeterministic { kept: None, .. }), "{error}");
    ensure!(!bench.store.is_valid_path(&bench.output(&other, "out"))?, "registered");
    ensure!(bench.leftovers().is_empty(), "{:?}", bench.leftovers());
    Ok(())
}

fn platform(bench: &Bench) -> TestResult {
    let drv = bench.drv("hurd", &["write @out@ x"]).system("i586-gnu").done();
    let error = bench.failure(&drv, &BuildOptions::default())?;
    ensure!(matches!(error, Error::Platform { .. }), "{error}");
    // A text file is no program: what the kernel says of a program for another machine.
    let script = bench.store.add_text_to_store("script", b"nothing", &Default::default())?;
    let path = bench.store.layout().display(&script);
    let drv = bench.drv("foreign", &[]).source("script", &script).builder(&path);
    let error = bench.failure(&drv.system("riscv64-linux").done(), &BuildOptions::default())?;
    ensure!(!error.to_string().is_empty(), "{error}");
    Ok(())
}
