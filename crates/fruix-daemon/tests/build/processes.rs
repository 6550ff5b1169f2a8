// SPDX-License-Identifier: GPL-3.0-or-later
//! Several processes at one store, and the death of one.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fruix_core::StorePath;
use fruix_daemon::{BuildOptions, Cancellation, Goal};

use super::bench::{Bench, Events, Test, TestResult};
use crate::ensure;

pub const TESTS: &[Test] =
    &[("two-processes", two_processes), ("two-threads", two_threads), ("killed", killed)];

/// A process of its own that builds DRV.
fn start(bench: &Bench, drv: &StorePath) -> std::io::Result<Child> {
    Command::new(std::env::current_exe()?)
        .args(["helper", "build"])
        .arg(&bench.dir)
        .arg(drv.as_str())
        .stdout(Stdio::piped())
        .spawn()
}

fn two_processes(bench: &Bench) -> TestResult {
    let drv = bench.drv("slow", &["sleep 1500", "time @out@"]).done();
    let first = start(bench, &drv)?;
    std::thread::sleep(Duration::from_millis(700));
    let events = Events::default();
    let goals = [Goal::new(drv.clone())];
    let options = BuildOptions::default();
    let report = bench.builder.build(&goals, &options, &events, &Cancellation::new())?;
    let output = first.wait_with_output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    ensure!(text.contains("built 1"), "{text}");
    ensure!(report.built.is_empty(), "both built it");
    ensure!(events.has("waiting slow.drv"), "{:?}", events.0);
    bench.verify()
}

fn two_threads(bench: &Bench) -> TestResult {
    let drv = bench.drv("slow", &["sleep 500", "time @out@"]).done();
    let build = || {
        bench.builder.build(
            &[Goal::new(drv.clone())],
            &BuildOptions::default(),
            &Events::default(),
            &Cancellation::new(),
        )
    };
    let built: usize = std::thread::scope(|scope| {
        let threads = [scope.spawn(build), scope.spawn(build)];
        threads.map(|thread| thread.join().unwrap().unwrap().built.len()).iter().sum()
    });
    ensure!(built == 1, "{built}");
    Ok(())
}

/// Kill a process while it builds, at several moments; the next one completes.
fn killed(bench: &Bench) -> TestResult {
    for pause in [0, 30, 150, 400] {
        let name = format!("victim-{pause}");
        let drv = bench.drv(&name, &["write @out@ begun", "sleep 250", "write @out@ done"]).done();
        let mut child = start(bench, &drv)?;
        let mut line = String::new();
        let output = child.stdout.take().ok_or("no output")?;
        let mut output = BufReader::new(output);
        output.read_line(&mut line)?;
        std::thread::sleep(Duration::from_millis(pause));
        child.kill()?;
        child.wait()?;
        drop(output);
        let again = Bench::new(&bench.dir)?;
        again.build(&drv)?;
        ensure!(again.contents(&drv, "")? == "done", "{pause}");
        again.verify()?;
        let left: Vec<String> =
            again.leftovers().into_iter().filter(|n| !n.starts_with("guix-build-")).collect();
        ensure!(left.is_empty(), "{left:?}");
    }
    Ok(())
}
