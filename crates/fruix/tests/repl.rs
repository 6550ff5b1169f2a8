// SPDX-License-Identifier: GPL-3.0-or-later
//! `fruix repl`: over a pipe, as a script, for programs, and on a terminal.

mod common;

use common::{Bench, Ran, wait_for};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use std::fs::File;
use std::io::{Read, Write};
use std::process::Stdio;
use std::sync::{Arc, Mutex};

/// Runs the command with `typed` on standard input.
fn talk(bench: &Bench, words: &[&str], typed: &str) -> Ran {
    let mut child = bench
        .command(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("fruix runs");
    child.stdin.take().expect("piped").write_all(typed.as_bytes()).expect("fruix reads");
    bench.ran(child.wait_with_output().expect("fruix ends"))
}

#[test]
fn a_conversation_over_a_pipe() {
    let bench = Bench::new();
    let typed = "(+ 1 2)\n(values \"a\"\n  'b)\n(if #f #f)\n(define (f) (car 1)) (f)\n$1 ; three\n\
                 ,use (srfi srfi-1)\n(fold + 0 (list $1 1))\n)\n,nothing\n(exit 5)\n(display \"not reached\")\n";
    let ran = talk(&bench, &["repl"], typed);
    assert_eq!(ran.printed, "$1 = 3\n$2 = \"a\"\n$3 = b\n$4 = 3\n$5 = 4\n");
    let expected = "fruix: error: <stdin>:5:13: car: wrong type of argument 1";
    assert!(ran.said.contains(expected), "{}", ran.said);
    assert!(ran.said.contains("<stdin>:9:2: unexpected \")\""), "{}", ran.said);
    assert!(ran.said.contains("unknown command: ,nothing"), "{}", ran.said);
    assert_eq!(ran.status, Some(5));
}

#[test]
fn packages_and_the_store_are_at_hand() {
    let bench = Bench::new();
    bench.define("t.scm", "");
    let typed = "\
        (use-modules (guix packages) (guix gexp) (guix store) (guix monads) (guix derivations))\n\
        (load \"t.scm\")\n\
        ,run-in-store (text-file \"a\" \"text\")\n\
        ,lower (plain-file \"a\" \"text\")\n\
        ,build (plain-file \"a\" \"text\")\n\
        ,run-in-store (run \"good\" \"write @out@ text\")\n\
        ,enter-store-monad\n\
        (text-file \"a\" \"text\")\n\
        (mlet %store-monad ((drv (run \"good\" \"write @out@ text\"))) (built-derivations (list drv)))\n\
        (mlet %store-monad ((drv (run \"bad\" \"say no\" \"fail 1\"))) (built-derivations (list drv)))\n\
        ,quit\n\
        (with-store store (valid-path? store (run-with-store store (text-file \"a\" \"text\"))))\n";
    let ran = talk(&bench, &["repl"], typed);
    let item = "\"/gnu/store/HASH-a\"\n";
    assert_eq!(
        ran.printed,
        format!(
            "{item}{item}{item}#<derivation /gnu/store/HASH-good.drv => /gnu/store/HASH-good>\n\
             $1 = {item}$2 = #t\n$3 = #t\n"
        ),
        "{}",
        ran.said
    );
    assert!(ran.said.contains("building good...\n"), "{}", ran.said);
    assert!(ran.said.contains("builder for `/gnu/store/HASH-bad.drv' failed"), "{}", ran.said);
    assert_eq!(ran.status, Some(0));
}

#[test]
fn scripts_have_arguments_and_packages() {
    let bench = Bench::new();
    bench.write(
        "s.scm",
        "(use-modules (guix packages) (fruix packages base))\n\
         (write (cdr (command-line))) (write (module-name (current-module)))\n\
         (write (package? hello)) (newline) (exit 4)\n",
    );
    let ran = bench.run(&["repl", "--", "s.scm", "-x", "y"]);
    assert_eq!(ran.printed, "(\"-x\" \"y\")(guix-user)#t\n", "{}", ran.said);
    assert_eq!(ran.status, Some(4));
    bench.write("m.scm", "(define-module (m))\n(define-public x 7)\n");
    bench.write("s.scm", "(define y (@ (m) x))\n");
    assert_eq!(talk(&bench, &["repl", "-i", "-L", ".", "s.scm"], "y\n").printed, "$1 = 7\n");
    bench.write(".guile", "(define z 8)\n");
    assert_eq!(talk(&bench, &["repl"], "z\n").printed, "$1 = 8\n");
    assert_eq!(talk(&bench, &["repl", "-q"], "z\n").printed, "");
}

#[test]
fn programs_are_answered_in_data() {
    let bench = Bench::new();
    let typed = "(() repl-version 0 1 1)\n(+ 1 2)\n(values 1 \"a\")\n(throw 'a 1)\n";
    let ran = talk(&bench, &["repl", "-t", "machine"], typed);
    // What `guix repl -t machine` answers, but for the frames of the stack.
    assert_eq!(
        ran.printed,
        "(repl-version 0 1 1)\n(values (value 3))\n(values (value 1) (value \"a\"))\n\
         (exception (arguments a (value 1)) (stack))\n"
    );
    assert_eq!(bench.run(&["repl", "--list-types"]).printed, "guile\nmachine\n");
}

/// The other end of a terminal: keys, and what has appeared.
struct Screen {
    keys: File,
    shown: Arc<Mutex<Vec<u8>>>,
}

impl Screen {
    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("the terminal takes keys");
    }

    /// Waits until `text` appears; gives what appeared before it. Both are gone from the screen then.
    fn until(&self, text: &str) -> String {
        wait_for(text, || {
            let mut shown = self.shown.lock().expect("the reader goes on");
            let all = String::from_utf8_lossy(&shown).into_owned();
            let at = all.find(text)?;
            *shown = all.as_bytes()[at + text.len()..].to_vec();
            Some(all[..at].to_owned())
        })
    }
}

#[test]
fn lines_are_edited_on_a_terminal() {
    let bench = Bench::new();
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
    grantpt(&master).and_then(|()| unlockpt(&master)).expect("a terminal of ours");
    tcsetwinsize(&master, Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 })
        .expect("a terminal has a size");
    let name = ptsname(&master, Vec::new()).expect("a terminal has a name");
    let name = name.to_str().expect("of ASCII").to_owned();
    let open = || File::options().read(true).write(true).open(&name).expect("the terminal");
    let mut command = bench.command(&["repl"]);
    command.env("TERM", "xterm").stdin(open()).stdout(open()).stderr(open());
    let mut child = command.spawn().expect("fruix runs");
    drop(command);
    let keys = File::from(master);
    let mut source = keys.try_clone().expect("a file");
    let shown = Arc::new(Mutex::new(Vec::new()));
    let sink = shown.clone();
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        // Reading fails when the last of the terminal's users has gone.
        while let Ok(count @ 1..) = source.read(&mut buffer) {
            sink.lock().expect("nobody panics").extend(&buffer[..count]);
        }
    });
    let mut screen = Screen { keys, shown };

    // Keys are pressed when there is a prompt: before that, the terminal is not the editor's.
    let prompt = "scheme@(guix-user)> ";
    screen.until(prompt);
    // A slip, corrected with the keys Left and Backspace in the middle of the line.
    screen.press("(* 6 87)\x1b[D\x7f\x7f9\r");
    screen.until("$1 = 54");
    screen.until(prompt);
    screen.press("(list 1\r");
    screen.until("... ");
    screen.press("2)\r");
    screen.until("$2 = (1 2)");
    screen.until(prompt);
    screen.press("(car 1)\r");
    screen.until("car: wrong type of argument 1");
    screen.until(prompt);
    screen.press("(dis");
    screen.until("(dis");
    screen.press("\x03");
    screen.until(prompt);
    // The key Up brings the last line again.
    screen.press("\x1b[A\r");
    screen.until("car: wrong type of argument 1");
    screen.until(prompt);
    screen.press("\"still here\"\r");
    screen.until("$3 = \"still here\"");
    screen.until(prompt);
    screen.press("\x04");
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}
