// SPDX-License-Identifier: GPL-3.0-or-later
//! What bad Scheme gets: the whole message, as `fruix guile` prints it.

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
             hint: did you mean 'hello'?\n",
        ),
        (
            "(define (f)\n  (car (list 1))\n(define (g) 1)\n",
            "fruix: error: t.scm:1:1: this list is not closed: the text ends at 4:1\n  (define (f)\n  ^\n\
             hint: add what closes it, most often ')'\n",
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
            "no pattern of `match` takes 3\n",
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
