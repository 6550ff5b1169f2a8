// SPDX-License-Identifier: GPL-3.0-or-later
//! What bad Scheme gets: the whole message, as `fruix guile` prints it.

mod common;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

/// Runs `fruix guile FILE` on a file of this text; gives standard error and the status.
fn run(dir: &Path, file: &str, text: &str) -> (String, Option<i32>) {
    std::fs::write(dir.join(file), text).expect("a temporary file");
    let output = Command::new(env!("CARGO_BIN_EXE_fruix"))
        .args(["guile", file])
        .current_dir(dir)
        .env_remove("FRUIX_BACKTRACE")
        .env_remove("GUILE_LOAD_PATH")
        .output()
        .expect("fruix runs");
    (String::from_utf8_lossy(&output.stderr).into_owned(), output.status.code())
}

#[test]
fn messages_have_place_line_caret_and_remedy() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let cases = [
        (
            "(define (hello) 1)\n\n(define (f)\n    (list (hallo)))\n(f)\n",
            "fruix: error: t.scm:4:12: unbound variable: hallo\n      (list (hallo)))\n             ^\n\
             hint: did you mean `hello'?\n",
        ),
        (
            "(define (f)\n  (car (list 1))\n(define (g) 1)\n",
            "fruix: error: t.scm:1:1: this list is not closed: the text ends at 4:1\n  (define (f)\n  ^\n\
             hint: add what closes it, most often `)'\n",
        ),
        (
            "(list 1\n  (list 2])\n",
            "fruix: error: t.scm:2:11: mismatched close paren: ]\n    (list 2])\n            ^\n\
             the list was opened at t.scm:2:3:\n    (list 2])\n    ^\n",
        ),
        (
            "(define (f x #:optional) x)\n",
            "fruix: error: t.scm:1:1: lambda: invalid argument list in subform (#:optional) of ",
        ),
        (
            "(define (f x) x)\n(display (f 1 2))\n",
            "fruix: error: t.scm:2:10: wrong number of arguments to f, which takes (x)\n  (display (f 1 2))\n           ^\n",
        ),
        (
            "(display\n  (vector-ref '(1) 0))\n",
            "fruix: error: t.scm:2:3: vector-ref: wrong type of argument: (1)",
        ),
        (
            "(use-modules (ice-9 mach))\n",
            "fruix: error: t.scm:1:1: no code for module (ice-9 mach)\n  (use-modules (ice-9 mach))\n  ^\n\
             hint: did you mean (ice-9 match)?\n",
        ),
        (
            "(use-modules (ice-9 match))\n(display (match 3 (4 5)))\n",
            "no pattern of `match' takes 3\n",
        ),
        (
            "(error \"cannot do:\" 'this \"and\" 3)\n",
            "fruix: error: t.scm:1:1: cannot do: this \"and\" 3\n",
        ),
    ];
    for (text, expected) in cases {
        let (message, status) = run(dir.path(), "t.scm", text);
        assert!(message.contains(expected), "{text}\nexpected:\n{expected}\ngot:\n{message}");
        assert_eq!(status, Some(1), "{text}");
        assert_eq!(message.matches("error:").count(), 1, "one sentence: {message}");
    }
}

#[test]
fn a_procedure_that_is_expanded_late_complains_at_its_own_place() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(
        dir.path().join("late.scm"),
        "(define-module (late))\n\n(define-public (f x #:optional) x)\n\n(define-public (g x)\n  (if))\n",
    )
    .expect("a temporary file");
    let cases = [
        (
            "f",
            "late.scm:3:1: lambda: invalid argument list",
            "\n  (define-public (f x #:optional) x)\n  ^",
        ),
        (
            "g",
            "late.scm:6:3: source expression failed to match any pattern in form (if)",
            "\n    (if))\n    ^",
        ),
    ];
    for (name, place, line) in cases {
        let program = format!("(add-to-load-path \".\")\n(use-modules (late))\n({name} 1)\n");
        let (message, status) = run(dir.path(), "t.scm", &program);
        assert!(message.contains(place) && message.contains(line), "{message}");
        assert_eq!(status, Some(1));
    }
}

#[test]
fn a_store_that_cannot_be_written_is_no_fault_of_the_program_that_adds_to_it() {
    // The last bench is an ordinary user's: to root everything is writable.
    let bench = common::benches().pop().expect("one is always there");
    let store = bench.dir().join("store/gnu/store");
    bench.write("t.scm", "(use-modules (guix gexp))\n(local-file \"t.scm\")\n");
    assert_eq!(bench.run(&["gc", "--list-dead"]).status, Some(0));
    let mode = |bits| std::fs::set_permissions(&store, std::fs::Permissions::from_mode(bits));
    mode(0o555).expect("a folder of ours");
    let ran = bench.run(&["build", "-d", "-f", "t.scm"]);
    mode(0o755).expect("a folder of ours");
    assert_eq!(
        ran.said,
        "fruix: error: no permission to write `DIR/store/gnu/store/HASH-t.scm.lock' (while opening lock file)\n\
         hint: run as root for the system's store, or name another folder with --folder or FRUIX_FOLDER\n"
    );
    assert_eq!(ran.status, Some(1));
}
