// SPDX-License-Identifier: GPL-3.0-or-later
//! Graphs, failures in them, limits and cancellation.

use std::time::{Duration, Instant};

use fruix_daemon::{BuildOptions, Cancellation, Error, Goal};
use fruix_sandbox::Outcome;

use super::bench::{Bench, Events, Test, TestResult};
use crate::ensure;

pub const TESTS: &[Test] = &[
    ("diamond", diamond),
    ("parallel", parallel),
    ("failing-input", failing_input),
    ("keep-going", keep_going),
    ("goals", goals),
    ("many", many),
    ("failure-cache", failure_cache),
    ("limits", limits),
    ("cancel", cancel),
    ("no-jobs", no_jobs),
];

fn jobs(max_jobs: usize) -> BuildOptions {
    BuildOptions { max_jobs, ..BuildOptions::default() }
}

fn diamond(bench: &Bench) -> TestResult {
    let bottom = bench.drv("bottom", &["write @out@ x"]).done();
    let left = bench.drv("left", &["copy @in@ @out@"]).input("in", &bottom).done();
    let right = bench.drv("right", &["copy @in@ @out@"]).input("in", &bottom).done();
    let top = bench.drv("top", &["copy @l@ @out@"]).input("l", &left).input("r", &right).done();
    let report = bench.build_with(&top, &jobs(4))?;
    ensure!(report.built.len() == 4, "{report:?}");
    ensure!(report.built.first() == Some(&bottom), "{report:?}");
    ensure!(report.built.last() == Some(&top), "{report:?}");
    Ok(())
}

fn parallel(bench: &Bench) -> TestResult {
    let goals: Vec<Goal> = (0..4)
        .map(|n| bench.drv(&format!("sleep-{n}"), &["sleep 700", "write @out@ x"]).done())
        .map(Goal::new)
        .collect();
    let start = Instant::now();
    bench.builder.build(&goals, &jobs(4), &Events::default(), &Cancellation::new())?;
    ensure!(start.elapsed() < Duration::from_millis(2500), "{:?}", start.elapsed());
    Ok(())
}

fn failing_input(bench: &Bench) -> TestResult {
    let bad = bench.drv("bad", &["fail 1"]).done();
    let user = bench.drv("user", &["copy @in@ @out@"]).input("in", &bad).done();
    match bench.failure(&user, &BuildOptions::default())? {
        Error::Builder { drv, .. } => ensure!(drv.ends_with("-bad.drv"), "{drv}"),
        other => return Err(other.into()),
    }
    Ok(())
}

fn keep_going(bench: &Bench) -> TestResult {
    let bad = bench.drv("bad", &["fail 1"]).done();
    let good = bench.drv("good", &["write @out@ x"]).done();
    let user = bench.drv("user", &["write @out@ x"]).input("b", &bad).input("g", &good).done();
    let top = bench.drv("top", &["write @out@ x"]).input("u", &user).done();
    let options = BuildOptions { keep_going: true, ..BuildOptions::default() };
    let Err(Error::Failed(failures)) = bench.build_with(&top, &options) else {
        return Err("no failure".into());
    };
    let names: Vec<&str> = failures.iter().map(|failure| failure.drv.name()).collect();
    ensure!(names == ["bad.drv", "user.drv", "top.drv"], "{names:?}");
    ensure!(matches!(*failures[2].error, Error::Dependencies { count: 1, .. }), "{failures:?}");
    ensure!(bench.store.is_valid_path(&bench.output(&good, "out"))?, "it did not go on");
    Ok(())
}

fn goals(bench: &Bench) -> TestResult {
    let drv = bench.drv("x", &["write @out@ x"]).done();
    let output = bench.output(&drv, "out");
    bench.build(&output)?;
    ensure!(bench.store.is_valid_path(&output)?, "not built");
    bench.build(&bench.worker)?;
    let unknown = fruix_core::StorePath::from_base_name(&format!("{}-none", "0".repeat(32)))?;
    let error = bench.build(&unknown).err().ok_or("built nothing")?;
    ensure!(matches!(error, Error::Unknown { .. }), "{error}");
    let goal = Goal::Derivation { drv, outputs: ["no".to_owned()].into() };
    let error = bench.builder.plan(&[goal], &BuildOptions::default()).err().ok_or("planned")?;
    ensure!(matches!(error, Error::NoSuchOutput { .. }), "{error}");
    Ok(())
}

/// Planning goes neither deep nor slow: a chain of two thousand derivations, and as many side by side.
fn many(bench: &Bench) -> TestResult {
    let count = 2_000;
    let mut last = bench.drv("chain-0", &["write @out@ x"]).done();
    for number in 1..count {
        let draft = bench.drv(&format!("chain-{number}"), &["write @out@ x"]);
        last = draft.input("in", &last).done();
    }
    let mut all = bench.drv("all", &["write @out@ x"]).input("chain", &last);
    for number in 0..count {
        let leaf = bench.drv(&format!("leaf-{number}"), &["fail 1"]).done();
        all = all.input(&format!("leaf-{number}"), &leaf);
    }
    let all = all.done();
    let start = Instant::now();
    let plan = bench.builder.plan(&[Goal::new(all)], &BuildOptions::default())?;
    ensure!(plan.builds().count() == 2 * count + 1, "{}", plan.builds().count());
    ensure!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    Ok(())
}

fn failure_cache(bench: &Bench) -> TestResult {
    let drv = bench.drv("bad", &["fail 1"]).done();
    let options = BuildOptions { cache_failures: true, ..BuildOptions::default() };
    bench.failure(&drv, &options)?;
    let error = bench.failure(&drv, &options)?;
    ensure!(matches!(error, Error::FailedBefore { .. }), "{error}");
    let error = bench.failure(&drv, &BuildOptions::default())?;
    ensure!(matches!(error, Error::Builder { .. }), "{error}");
    Ok(())
}

fn limits(bench: &Bench) -> TestResult {
    let drv = bench.drv("slow", &["say begun", "sleep 20000"]).done();
    let second = Some(Duration::from_millis(400));
    let cases = [
        (BuildOptions { timeout: second, ..BuildOptions::default() }, Outcome::TimedOut),
        (BuildOptions { max_silent: second, ..BuildOptions::default() }, Outcome::Silent),
        (BuildOptions { max_log_bytes: Some(3), ..BuildOptions::default() }, Outcome::LogTooLong),
    ];
    for (options, expected) in cases {
        match bench.failure(&drv, &options)? {
            Error::Builder { outcome, .. } => ensure!(outcome == expected, "{outcome:?}"),
            other => return Err(other.into()),
        }
    }
    ensure!(bench.leftovers().is_empty(), "{:?}", bench.leftovers());
    Ok(())
}

fn cancel(bench: &Bench) -> TestResult {
    let drv = bench.drv("slow", &["write @out@ x", "sleep 20000"]).done();
    let cancellation = Cancellation::new();
    let other = cancellation.clone();
    let start = Instant::now();
    let thread = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(500));
        other.cancel();
    });
    let goals = [Goal::new(drv)];
    let options = BuildOptions::default();
    let result = bench.builder.build(&goals, &options, &Events::default(), &cancellation);
    ensure!(matches!(result, Err(Error::Cancelled)), "{result:?}");
    ensure!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    let _ = thread.join();
    ensure!(bench.leftovers().is_empty(), "{:?}", bench.leftovers());
    // Nothing is begun after it.
    let goals = [Goal::new(bench.drv("next", &["write @out@ x"]).done())];
    let result = bench.builder.build(&goals, &options, &Events::default(), &cancellation);
    ensure!(matches!(result, Err(Error::Cancelled)), "{result:?}");
    Ok(())
}

fn no_jobs(bench: &Bench) -> TestResult {
    let drv = bench.drv("x", &["write @out@ x"]).done();
    let error = bench.failure(&drv, &jobs(0))?;
    ensure!(matches!(error, Error::NoJobs { .. }), "{error}");
    let local = bench.drv("y", &["write @out@ x"]).env("preferLocalBuild", "1").done();
    bench.build_with(&local, &jobs(0))?;
    Ok(())
}
