// SPDX-License-Identifier: GPL-3.0-or-later
//! Runs every program of `tests/engine` on the engine and compares what it prints with what Guile
//! printed: the recorded `.out` beside it, and Guile itself where the oracle is installed.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use fruix_oracle::{Oracle, say};

/// Programs that the engine does not get right yet, with the reason; a test that starts to pass
/// must be taken out.
const KNOWN_FAILURES: &[(&str, &str)] = &[];

/// Longest time for one program, in an unoptimised build.
const TIME_LIMIT: Duration = Duration::from_secs(120);

fn engine_tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/engine")
}

fn programs() -> Vec<PathBuf> {
    let mut programs = Vec::new();
    let areas = fs::read_dir(engine_tests()).expect("tests/engine");
    for area in areas.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()) {
        let files = fs::read_dir(&area).expect("an area").flatten().map(|entry| entry.path());
        programs.extend(files.filter(|file| file.extension().is_some_and(|e| e == "scm")));
    }
    programs.sort();
    programs
}

/// The options with which the engine runs a program; none if it needs what is not there: the programs
/// in `guix` load unmodified modules of GNU Guix, with stand-ins for C libraries.
fn options(program: &Path, modules: Option<&Path>) -> Option<Vec<PathBuf>> {
    if !name_of(program).starts_with("guix/") {
        return Some(Vec::new());
    }
    let stand_ins = engine_tests().join("guix/third-party");
    Some(vec!["-L".into(), stand_ins, "-L".into(), modules?.into()])
}

fn name_of(program: &Path) -> String {
    let relative = program.strip_prefix(engine_tests()).unwrap_or(program);
    relative.with_extension("").to_string_lossy().into_owned()
}

fn drain(mut pipe: impl Read + Send + 'static) -> std::thread::JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = pipe.read_to_end(&mut bytes);
        bytes
    })
}

/// What a command prints; its standard error and status are added if it fails.
fn output(mut command: Command) -> String {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the command starts");
    let start = Instant::now();
    let out = drain(child.stdout.take().expect("piped"));
    let errors = drain(child.stderr.take().expect("piped"));
    let status = loop {
        match child.try_wait().expect("waiting") {
            Some(status) => break Some(status),
            None if start.elapsed() > TIME_LIMIT => {
                let _ = child.kill();
                let _ = child.wait();
                break None;
            }
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    let mut text = String::from_utf8_lossy(&out.join().unwrap_or_default()).into_owned();
    let errors = errors.join().unwrap_or_default();
    if !status.is_some_and(|status| status.success()) {
        text.push_str(&format!("\n[{status:?}]\n{}", String::from_utf8_lossy(&errors)));
    }
    text
}

/// The first line that differs.
fn difference(expected: &str, actual: &str) -> Option<String> {
    let mut expected_lines = expected.lines();
    let mut actual_lines = actual.lines();
    for number in 1.. {
        match (expected_lines.next(), actual_lines.next()) {
            (None, None) => return None,
            (want, got) if want != got => {
                let rest: Vec<&str> = actual_lines.take(6).collect();
                return Some(format!(
                    "line {number}: expected {want:?}, got {got:?} {}",
                    rest.join(" / ")
                ));
            }
            _ => {}
        }
    }
    None
}

#[test]
fn the_engine_prints_what_guile_printed() {
    let mut failures = BTreeMap::new();
    let modules = fruix_oracle::installed().map(|root| fruix_oracle::modules(&root));
    if let Err(absent) = &modules {
        say(&format!("SKIPPED: unmodified modules of GNU Guix were not loaded: {absent}"));
    }
    for program in programs() {
        let Some(options) = options(&program, modules.as_deref().ok()) else { continue };
        let name = name_of(&program);
        let Ok(expected) = fs::read_to_string(program.with_extension("out")) else {
            failures.insert(name, "nothing is recorded".to_string());
            continue;
        };
        let mut command = Command::new(env!("CARGO_BIN_EXE_guile"));
        command.args(options).arg(&program);
        if let Some(why) = difference(&expected, &output(command)) {
            failures.insert(name, why);
        }
    }
    for (name, reason) in KNOWN_FAILURES {
        eprintln!("known failure: {name}: {reason}");
        assert!(failures.remove(*name).is_some(), "{name} passes now: take it off the list");
    }
    assert!(failures.is_empty(), "{} programs differ: {failures:#?}", failures.len());
}

/// The recordings are what the oracle prints today.
#[test]
fn recordings_are_what_guile_prints() {
    let what = "recordings were not compared with what Guile prints";
    let Some(oracle) = Oracle::find_or_skip(what) else { return };
    let mut copy = Command::new("cp");
    copy.arg("-r").arg(engine_tests()).arg(oracle.scratch());
    output(copy);
    let mut failures = BTreeMap::new();
    for program in programs() {
        let name = name_of(&program);
        let mut command = oracle.command("guile");
        command.arg("--no-auto-compile").arg(oracle.inside(&format!("engine/{name}.scm")));
        let recorded = fs::read_to_string(program.with_extension("out")).unwrap_or_default();
        if let Some(why) = difference(&output(command), &recorded) {
            failures.insert(name, why);
        }
    }
    assert!(failures.is_empty(), "recordings differ from Guile's output: {failures:#?}");
}
