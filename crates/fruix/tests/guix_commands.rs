// SPDX-License-Identifier: GPL-3.0-or-later
//! The commands of GNU Guix, on its own tree: what they print, say and end with is what they do in Guix. One program
//! (`tests/guix/commands.scm`) runs all of them in one process, there and here. Those that look at all packages take
//! minutes: `FRUIX_ACCEPTANCE=1`. `FRUIX_DIFFERENCES=FILE` keeps all differences.

use fruix_oracle::{Guix, Oracle, say};
use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Instant;

const PROGRAM: &str = include_str!("../../../tests/guix/commands.scm");
const COMMANDS: &str = include_str!("../../../tests/guix/commands.txt");
const SLOW_COMMANDS: &str = include_str!("../../../tests/guix/slow-commands.txt");

/// Files that commands are pointed at.
const FILES: &[(&str, &str)] = &[
    (
        "package.scm",
        "(use-modules (guix packages) (gnu packages base))\n\
         (package (inherit hello) (name \"hallo\") (version \"1\"))\n",
    ),
    ("manifest.scm", "(specifications->manifest '(\"hello\" \"sed\" \"glibc:debug\"))\n"),
    ("hello-9.9.tar.gz", "no archive\n"),
    ("a.patch", "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n"),
    (
        "channel/mine.scm",
        "(define-module (mine)\n  #:use-module (guix packages)\n  #:use-module (gnu packages base))\n\n\
         (define-public mine\n  (package (inherit hello) (name \"mine\") (version \"2\")))\n",
    ),
];

/// What a run printed, by command; numbers that are addresses are replaced by their order.
fn answers(printed: &str, dir: &Path, tree: &Path) -> Vec<(String, String)> {
    let mut answers: Vec<(String, String)> = Vec::new();
    let plain = printed.replace(&dir.display().to_string(), "DIR");
    for line in plain.replace(&tree.display().to_string(), "TREE").lines() {
        match line.strip_prefix("### ").filter(|rest| !["said"].contains(rest)) {
            Some(rest) if !rest.starts_with("status ") => {
                answers.push((rest.to_owned(), String::new()));
            }
            _ => {
                if let Some((_, text)) = answers.last_mut() {
                    *text += line;
                    *text += "\n";
                }
            }
        }
    }
    for (command, text) in &mut answers {
        if command.starts_with("graph") {
            *text = without_addresses(text);
        }
        // The order of packages of one name, and of those that depend on one, is that of Guile's hash tables.
        if ["package -A", "graph -t reverse", "refresh"].iter().any(|c| command.starts_with(c)) {
            let mut lines: Vec<&str> = text.lines().collect();
            lines.sort_unstable();
            *text = lines.join("\n");
        }
    }
    answers
}

/// `text` with each number of seven digits or more replaced by its place among them.
fn without_addresses(text: &str) -> String {
    let mut known = HashMap::new();
    let mut plain = String::new();
    let mut digits = String::new();
    for c in text.chars().chain(std::iter::once('\n')) {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        if digits.len() >= 7 {
            let next = known.len();
            let number = *known.entry(std::mem::take(&mut digits)).or_insert(next);
            plain += &format!("#{number}");
        }
        plain += &std::mem::take(&mut digits);
        plain.push(c);
    }
    plain
}

fn text(output: &Output, who: &str) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{who}: {}\n{said}", output.status);
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn put(dir: &Path, name: &str, text: &str) {
    let file = dir.join(name);
    fs::create_dir_all(file.parent().expect("a folder")).expect("room");
    fs::write(file, text).expect("room");
}

#[test]
fn commands_print_what_they_print_in_guix() {
    let Some(oracle) = Oracle::find_or_skip("GNU Guix's commands were not compared with Guix's")
    else {
        return;
    };
    let (tree, root) = (oracle.modules(), oracle.root().to_owned());
    for (name, text) in FILES {
        put(&oracle.scratch().join("files"), name, text);
    }
    put(oracle.scratch(), "commands.scm", PROGRAM);
    let slow = std::env::var_os("FRUIX_ACCEPTANCE").is_some();
    let commands = if slow { COMMANDS.to_owned() + SLOW_COMMANDS } else { COMMANDS.to_owned() };
    put(oracle.scratch(), "commands.txt", &commands);
    let (dir, there) = (oracle.inside("files"), oracle.inside("commands.scm"));
    let list = oracle.inside("commands.txt");
    let here = oracle.scratch().to_owned();
    let mut guix = Guix::with_installed_store(oracle);
    guix.start(&[], &[]).unwrap_or_else(|failure| panic!("{failure}"));
    let mut theirs = guix.command("guix");
    theirs.arg("repl").arg("--").arg(&there).arg(&list).arg(format!("DIR={}", dir.display()));
    let start = Instant::now();
    let theirs = text(&theirs.output().expect("guix runs"), "guix");
    let their_time = start.elapsed();

    let store = tempfile::tempdir().expect("a temporary folder");
    let dir_here = here.join("files");
    let mut ours = Command::new(env!("CARGO_BIN_EXE_fruix"));
    ours.arg("repl").arg("--folder").arg(store.path()).arg("-L").arg(&tree);
    ours.arg("-L").arg(root.join("usr/share/guile/3.0")).arg("--").arg(here.join("commands.scm"));
    ours.arg(here.join("commands.txt")).arg(format!("DIR={}", dir_here.display()));
    ours.env_clear().env("HOME", store.path()).env("PATH", "/usr/bin:/bin");
    let start = Instant::now();
    let ours = text(&ours.output().expect("fruix runs"), "fruix");
    let our_time = start.elapsed();

    let theirs = answers(&theirs, &dir, Path::new("/usr/share/guile/site/3.0"));
    let ours = answers(&ours, &dir_here, &tree);
    let expected = commands.lines().filter(|line| line.starts_with('(')).count();
    assert_eq!(theirs.len(), expected, "Guix ran all of them");
    let mut different = Vec::new();
    for (their, our) in theirs.iter().zip(&ours) {
        if their != our {
            different.push(format!("## {}\n# Guix:\n{}\n# fruix:\n{}", their.0, their.1, our.1));
        }
    }
    if let Some(file) = std::env::var_os("FRUIX_DIFFERENCES") {
        fs::write(file, different.join("\n")).expect("a file to write");
    }
    assert!(
        different.is_empty() && ours.len() == theirs.len(),
        "{} of {} commands differ, the first of them:\n{:.4000}",
        different.len(),
        theirs.len(),
        different.first().map_or("", String::as_str)
    );
    say(&format!(
        "{} commands of GNU Guix print the same: Guix took {their_time:.1?}, fruix, from source, {our_time:.1?}",
        ours.len()
    ));
}
