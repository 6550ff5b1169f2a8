// SPDX-License-Identifier: GPL-3.0-or-later
//! Several processes at one store, and the death of one.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fruix_core::StorePath;
use fruix_daemon::{BuildOptions, Cancellation, Goal};

use super::bench::{Bench, Events, Test, TestResult};
use crate::ensure;

pub const TESTS: &[Test] = &[
    ("two-processes", two_processes),
    ("two-threads", two_threads),
    ("shared-log", shared_log),
    ("abandoned", abandoned),
    ("killed", killed),
];

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
    // There was one build, of which both were told.
    ensure!(built == 2, "{built}");
    Ok(())
}

/// Two clients want the same derivation: it is built once, and each sees its whole log.
fn shared_log(bench: &Bench) -> TestResult {
    let drv =
        bench.drv("slow", &["say one line", "sleep 800", "say another line", "write @out@ x"]);
    let drv = drv.done();
    let build = |pause| {
        std::thread::sleep(Duration::from_millis(pause));
        let events = Events::default();
        let session = bench.store.session();
        let goals = [Goal::new(drv.clone())];
        let options = BuildOptions::default();
        bench.builder.build_for(&session, &goals, &options, &events, &Cancellation::new()).unwrap();
        events.0.into_inner().unwrap()
    };
    let [first, second] = std::thread::scope(|scope| {
        [scope.spawn(|| build(0)), scope.spawn(|| build(400))].map(|thread| thread.join().unwrap())
    });
    ensure!(first == second, "{first:?} {second:?}");
    ensure!(first.contains(&"log slow.drv one line\n".to_owned()), "{first:?}");
    ensure!(first.contains(&"succeeded slow.drv".to_owned()), "{first:?}");
    Ok(())
}

/// A client goes away: what it alone wanted ends, what others want as well goes on.
fn abandoned(bench: &Bench) -> TestResult {
    let both = bench.drv("both", &["sleep 1200", "write @out@ x"]).done();
    let alone = bench.drv("alone", &["sleep 60000", "write @out@ x"]).done();
    let options = BuildOptions { max_jobs: 2, ..BuildOptions::default() };
    let cancel = Cancellation::new();
    std::thread::scope(|scope| {
        let first = scope.spawn(|| {
            let goals = [Goal::new(both.clone()), Goal::new(alone.clone())];
            bench.builder.build(&goals, &options, &Events::default(), &cancel)
        });
        let second = scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(300));
            bench.build_with(&both, &options)
        });
        std::thread::sleep(Duration::from_millis(700));
        let running = bench.builder.running();
        ensure!(running.len() == 2, "{running:?}");
        ensure!(running.iter().map(|b| b.clients).sum::<usize>() == 3, "{running:?}");
        cancel.cancel();
        let first = first.join().unwrap();
        ensure!(matches!(first, Err(fruix_daemon::Error::Cancelled)), "{first:?}");
        ensure!(bench.builder.running().len() == 1, "{:?}", bench.builder.running());
        let built = second.join().unwrap()?.built;
        ensure!(built == [both.clone()], "{built:?}");
        Ok(())
    })
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
