// SPDX-License-Identifier: GPL-3.0-or-later
//! `fruix repl` over a pipe.

use std::io::Write;
use std::process::{Command, Stdio};

#[test]
fn a_conversation_over_a_pipe() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_fruix"))
        .arg("repl")
        .env_remove("FRUIX_BACKTRACE")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("fruix runs");
    let typed = "(+ 1 2)\n(values \"a\"\n  'b)\n(if #f #f)\n(define (f) (car 1)) (f)\n$1 ; three\n\
                 ,use (srfi srfi-1)\n(fold + 0 (list $1 1))\n)\n,nothing\n(exit 5)\n(display \"not reached\")\n";
    child.stdin.take().expect("piped").write_all(typed.as_bytes()).expect("fruix reads");
    let output = child.wait_with_output().expect("fruix ends");
    let printed = String::from_utf8_lossy(&output.stdout);
    assert_eq!(printed, "$1 = 3\n$2 = \"a\"\n$3 = b\n$4 = 3\n$5 = 4\n");
    let errors = String::from_utf8_lossy(&output.stderr);
    let expected = "fruix: error: <stdin>:5:13: car: wrong type of argument 1";
    assert!(errors.contains(expected), "{errors}");
    assert!(errors.contains("<stdin>:9:2: unexpected \")\""), "{errors}");
    assert!(errors.contains("unknown command, or nothing after it: ,nothing"), "{errors}");
    assert_eq!(output.status.code(), Some(5));
}
