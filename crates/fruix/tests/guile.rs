// SPDX-License-Identifier: GPL-3.0-or-later
//! `fruix guile`: statuses, arguments and output are Guile's.

use std::io::Write;
use std::process::{Command, Output, Stdio};

fn guile(args: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_fruix"))
        .arg("guile")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("fruix runs");
    // A program that does not read may have ended already.
    let _ = child.stdin.take().expect("piped").write_all(input.as_bytes());
    child.wait_with_output().expect("fruix ends")
}

#[test]
fn statuses_and_output() {
    let cases: [(&[&str], &str, i32, &str); 10] = [
        // A forked child's status is its own.
        (
            &[
                "-c",
                "(let ((child (primitive-fork)))
                   (if (zero? child) (exit 3) (write (status:exit-val (cdr (waitpid child))))))",
            ],
            "",
            0,
            "3",
        ),
        (&["-c", "(exit 3)"], "", 3, ""),
        (&["-c", "(exit #f)"], "", 1, ""),
        (&["-c", "(exit #t)"], "", 0, ""),
        (&["-c", "(exit 256)"], "", 0, ""),
        (&["-c", "(display \"no newline\")"], "", 0, "no newline"),
        (&["-c", "(display 1) (car 2)"], "", 1, "1"),
        (&["-c", "(write (command-line))", "a", "-c"], "", 0, "(\"guile\" \"a\" \"-c\")"),
        (
            &["--no-auto-compile", "-", "x"],
            "(write (command-line)) (exit 4)",
            4,
            "(\"guile\" \"x\")",
        ),
        (
            &["-e", "main", "-c", "(define (main args) (write args))", "q"],
            "",
            0,
            "(\"guile\" \"q\")",
        ),
    ];
    for (args, input, status, printed) in cases {
        let output = guile(args, input);
        let text = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), &*text), (Some(status), printed), "{args:?}\n{errors}");
    }
}

#[test]
fn scripts_find_their_modules_and_second_lines() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| dir.path().join(name).to_string_lossy().into_owned();
    std::fs::write(
        path("m.scm"),
        "(define-module (m) #:export (x main))\n(define x 7)\n(define (main args) (write x))\n",
    )
    .expect("a temporary file");
    let script = "#!/usr/bin/guile \\\n-e main -s\n!#\n(define (main args) (write (cdr args)))\n";
    std::fs::write(path("s.scm"), script).expect("a temporary file");
    let folder = dir.path().to_string_lossy().into_owned();
    let output = guile(&["-L", &folder, "-c", "(use-modules (m)) (write x)"], "");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "7");
    let output = guile(&["\\", &path("s.scm"), "a"], "");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "(\"a\")");
}
