// SPDX-License-Identifier: GPL-3.0-or-later
//! `fruix build`, and what bad input gets: one sentence with the place and the remedy, status 1, and a store
//! with nothing half-registered in it.

mod common;

use common::{Bench, ORDINARY, Ran, benches, is_root, processes_with, wait_for};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};

/// Builds what `text`, in a file `t.scm`, defines.
fn build(bench: &Bench, text: &str) -> Ran {
    bench.define("t.scm", text);
    bench.run(&["build", "-f", "t.scm"])
}

fn refused(bench: &Bench, ran: Ran, expected: &str) {
    assert_eq!(ran.said, expected, "\n{}", ran.said);
    assert_eq!((ran.status, ran.printed.as_str()), (Some(1), ""));
    bench.is_in_order();
}

const PACKAGE: &str = "\
(use-modules (guix packages) (guix build-system gnu) (guix gexp))
(define (example name source inputs)
  (package (name name) (version \"1\") (source source) (build-system gnu-build-system)
    (inputs inputs) (synopsis \"\") (description \"\") (home-page \"\") (license #f)))
";

#[test]
fn a_result_is_printed_alone() {
    for bench in benches() {
        let ran = build(&bench, "(run \"good\" \"say a line\" \"write @out@ text\")");
        assert_eq!(ran.status, Some(0), "{}", ran.said);
        assert_eq!(ran.printed, "/gnu/store/HASH-good\n");
        assert_eq!(ran.said, "building good...\n");
        bench.is_in_order();
    }
}

#[test]
fn what_is_no_scheme_is_shown_where_it_is() {
    let bench = Bench::new();
    refused(
        &bench,
        build(&bench, "\n(run \"x\"\n"),
        "fruix: error: t.scm:3:1: this list is not closed: the text ends at 4:1\n  (run \"x\"\n  ^\n\
         hint: add what closes it, most often `)'\n",
    );
    refused(
        &bench,
        build(&bench, "\n(define greeting \"x\")\n(run greting)\n"),
        "fruix: error: t.scm:4:6: unbound variable: greting\n  (run greting)\n       ^\n\
         hint: did you mean `greeting'?\n",
    );
    bench.write("p.scm", "(use-modules (guix packages))\n(package\n  (nam \"x\"))\n");
    refused(
        &bench,
        bench.run(&["build", "-f", "p.scm"]),
        "fruix: error: p.scm:3:4: package: extraneous field initializers (nam) in subform nam of (package (nam \"x\"))\n    \
         (nam \"x\"))\n     ^\nhint: did you mean the field `name'?\n",
    );
    refused(
        &bench,
        bench.run(&["build", "-e", "(car\n (list hallo))"]),
        "fruix: error: <expression>:2:8: unbound variable: hallo\n   (list hallo))\n         ^\n\
         hint: did you mean `hello'?\n",
    );
}

#[test]
fn an_unknown_package_has_a_neighbour() {
    if Command::new("apt-get").arg("--version").output().is_err() {
        eprintln!("SKIPPED: fruix's packages need a host with apt-get");
        return;
    }
    let bench = Bench::new();
    refused(
        &bench,
        bench.run(&["build", "helo"]),
        "fruix: error: unknown package `helo'\nhint: did you mean `hello'?\n",
    );
}

#[test]
fn a_field_of_the_wrong_type_is_named() {
    let bench = Bench::new();
    bench.write("p.scm", &(PACKAGE.to_owned() + "(example 'hello #f '())\n"));
    refused(
        &bench,
        bench.run(&["build", "-d", "-f", "p.scm"]),
        "fruix: error: p.scm:3:18: field 'name' of the package must be a string, but is hello\n    \
         (package (name name) (version \"1\") (source source) (build-system gnu-build-system)\n                   \
         ^\n",
    );
    bench.write("p.scm", &(PACKAGE.to_owned() + "(example \"hello\" #f 7)\n"));
    refused(
        &bench,
        bench.run(&["build", "-d", "-f", "p.scm"]),
        "fruix: error: p.scm:4:13: field 'inputs' of the package must be a list of packages, but is 7\n      \
         (inputs inputs) (synopsis \"\") (description \"\") (home-page \"\") (license #f)))\n              ^\n",
    );
}

#[test]
fn inputs_that_need_each_other_are_named() {
    let bench = Bench::new();
    let cycle = "(define-public a (package (inherit (example \"a\" #f '())) (inputs (list b))))\n\
                 (define-public b (package (inherit (example \"b\" #f '())) (inputs (list a))))\na\n";
    bench.write("p.scm", &(PACKAGE.to_owned() + cycle));
    refused(
        &bench,
        bench.run(&["build", "-d", "-f", "p.scm"]),
        "fruix: error: p.scm:5:18: package 'a@1' depends on itself: a@1 -> b@1 -> a@1\n  \
         (define-public a (package (inherit (example \"a\" #f '())) (inputs (list b))))\n                   ^\n",
    );
}

#[test]
fn the_right_hash_can_be_pasted() {
    for bench in benches() {
        let text = "(use-modules (rnrs bytevectors)) \
                    (run* \"fixed\" '(\"write @out@ text\") #:hash-algo 'sha256 \
                    #:hash (make-bytevector 32 0))";
        refused(
            &bench,
            build(&bench, text),
            "building fixed...\nfixed failed\n\
             fruix: error: hash mismatch for store item `/gnu/store/HASH-fixed'\n  \
             expected hash: 0000000000000000000000000000000000000000000000000000\n  \
             actual hash:   1lf969yddshzhld7sr1vbagr07bnygg99lgl6gk5kxcnp4z9wbcq\n\
             hint: if the file is right, write `(base32 \"1lf969yddshzhld7sr1vbagr07bnygg99lgl6gk5kxcnp4z9wbcq\")' \
             in the definition\n",
        );
    }
}

#[test]
fn a_failure_shows_the_end_of_its_log() {
    for bench in benches() {
        let ran = build(&bench, "(run \"bad\" \"say first\" \"say last\" \"fail 3\")");
        refused(
            &bench,
            ran,
            "building bad...\nbad failed\n\
             fruix: error: builder for `/gnu/store/HASH-bad.drv' failed with exit code 3\n\
             last lines of its output:\n  first \n  last \n\
             hint: the whole log is in `DIR/store/var/log/guix/LOGS/HASH-bad.drv.gz'\n",
        );
    }
}

#[test]
fn a_broken_derivation_can_be_made_anew() {
    let bench = Bench::new();
    assert_eq!(build(&bench, "(run \"good\" \"write @out@ text\")").status, Some(0));
    bench.run(&["gc", "--delete", &format!("/gnu/store/{}", name_of(&bench, "good"))]);
    let drv = bench.item("good.drv");
    let path = format!("/gnu/store/{}", name_of(&bench, "good.drv"));
    std::fs::set_permissions(&drv, std::fs::Permissions::from_mode(0o644)).expect("a file");
    std::fs::write(&drv, "Derive([garbage").expect("a file");
    let ran = bench.run(&["build", &path]);
    assert_eq!(
        (ran.status, ran.said.as_str()),
        (
            Some(1),
            "fruix: error: derivation `/gnu/store/HASH-good.drv' is corrupt: at offset 8: expected one of `\"()[],', \
         got `g'\n\
         hint: delete it, so that it is made anew: `fruix gc --delete /gnu/store/HASH-good.drv'\n"
        )
    );
    assert_eq!(bench.run(&["gc", "--delete", &path]).status, Some(0));
    assert_eq!(build(&bench, "(run \"good\" \"write @out@ text\")").status, Some(0));
    bench.is_in_order();
}

fn name_of(bench: &Bench, name: &str) -> String {
    let item = bench.item(name);
    item.file_name().expect("a name").to_string_lossy().into_owned()
}

#[test]
fn a_full_disk_is_no_half_store() {
    let bench = Bench::new();
    let folder = bench.dir().join("store");
    std::fs::create_dir(&folder).expect("a folder");
    let mount = |words: &[&str]| {
        Command::new("mount").args(words).arg(&folder).status().is_ok_and(|status| status.success())
    };
    if !is_root() || !mount(&["-t", "tmpfs", "-o", "size=24m", "tmpfs"]) {
        eprintln!("SKIPPED: no small disk can be mounted here");
        return;
    }
    bench.write("big", &"x".repeat(24 << 20));
    let ran = build(&bench, &format!("(interned-file \"{}/big\" \"big\")", bench.dir().display()));
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let said = "no space left for `DIR/store/gnu/store/.fruix-tmp/";
        assert!(ran.said.starts_with("fruix: error: ") && ran.said.contains(said), "{}", ran.said);
        assert_eq!((ran.status, ran.printed.as_str()), (Some(1), ""));
        bench.is_in_order();
        // A full disk can be swept.
        assert_eq!(bench.run(&["gc"]).status, Some(0));
    }));
    let unmounted = Command::new("umount").arg(&folder).status();
    assert!(unmounted.is_ok_and(|status| status.success()));
    outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
}

#[test]
fn a_store_that_cannot_be_written_is_named() {
    let bench = Bench::new();
    let folder = bench.dir().join("store");
    std::fs::create_dir(&folder).expect("a folder");
    for dir in [bench.dir(), &folder] {
        std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o555)).expect("a folder");
    }
    let mut command = bench.command(&["build", "-e", "(plain-file \"x\" \"\")"]);
    if is_root() {
        use std::os::unix::process::CommandExt;
        command.uid(ORDINARY).gid(ORDINARY);
    }
    let ran = bench.ran(command.output().expect("fruix runs"));
    assert_eq!(
        (ran.status, ran.said.as_str()),
        (
            Some(1),
            "fruix: error: no permission to write `DIR/store/gnu/store' (while creating directory)\n\
         hint: run as root for the system's store, or name another folder with --folder or FRUIX_FOLDER\n"
        )
    );
    std::fs::set_permissions(bench.dir(), std::fs::Permissions::from_mode(0o755)).expect("ours");
}

fn long(mark: &str, time: u32) -> String {
    format!("(run \"long\" \"say {mark}\" \"sleep {time}\" \"write @out@ text\")")
}

/// Starts a build that takes so many milliseconds, and waits until it runs; `mark` tells its processes.
fn start(bench: &Bench, mark: &str, time: u32) -> Child {
    bench.define("t.scm", &long(mark, time));
    let mut command = bench.command(&["build", "-f", "t.scm"]);
    let child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().expect("fruix runs");
    wait_for("the build", || (processes_with(&format!("say {mark}")) > 0).then_some(()));
    child
}

#[test]
fn control_c_ends_all_and_leaves_a_good_store() {
    for bench in benches() {
        let mark = format!("interrupted-{}", bench.dir().display());
        let mut child = start(&bench, &mark, 600_000);
        let pid = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("it runs");
        let status = child.wait().expect("it ends");
        assert_eq!(processes_with(&format!("say {mark}")), 0);
        let mut said = String::new();
        child.stderr.take().expect("piped").read_to_string(&mut said).expect("text");
        assert_eq!(
            (status.code(), said.as_str()),
            (
                Some(130),
                "building long...\nfruix: error: the build was interrupted\n\
             hint: the next run goes on from here\n"
            )
        );
        bench.is_in_order();
    }
}

#[test]
fn after_a_kill_the_next_run_completes() {
    for bench in benches() {
        let mark = format!("killed-{}", bench.dir().display());
        let mut child = start(&bench, &mark, 3000);
        child.kill().expect("it runs");
        child.wait().expect("it ends");
        wait_for("its end", || (processes_with(&format!("say {mark}")) == 0).then_some(()));
        let ran = build(&bench, &long(&mark, 3000));
        assert_eq!(ran.printed, "/gnu/store/HASH-long\n", "{}", ran.said);
        bench.is_in_order();
    }
}
