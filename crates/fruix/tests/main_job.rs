// SPDX-License-Identifier: GPL-3.0-or-later
//! The main job, whole: from a package definition to a built, running GNU Hello and GNU which, on the
//! distribution's own packages, in a store of its own. Takes a minute or two.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

struct Fruix {
    folder: PathBuf,
}

impl Fruix {
    fn run(&self, args: &[&str]) -> Output {
        let (command, rest) = args.split_first().expect("a command");
        Command::new(env!("CARGO_BIN_EXE_fruix"))
            .arg(command)
            .arg("--folder")
            .arg(&self.folder)
            .args(rest)
            .output()
            .expect("fruix can be run")
    }

    /// Runs a command that must succeed; gives its standard output.
    fn output(&self, args: &[&str]) -> String {
        let output = self.run(args);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "fruix {args:?} failed:\n{errors}");
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// Runs a command that must fail with status 1; gives what it says.
    fn complaint(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert_eq!(output.status.code(), Some(1), "fruix {args:?}");
        String::from_utf8(output.stderr).expect("UTF-8")
    }
}

#[test]
fn hello_and_which_are_built_and_run() {
    if Command::new("apt-get").arg("--version").output().is_err() {
        eprintln!("SKIPPED: the main job needs a host with apt-get");
        return;
    }
    let scratch = tempfile::tempdir().expect("a temporary folder");
    let fruix = Fruix { folder: scratch.path().join("store") };

    assert_eq!(fruix.output(&["shell", "hello", "--", "hello"]), "Hello, world!\n");
    let which = fruix.output(&["build", "which"]).trim().to_owned();
    let found = fruix.output(&["shell", "which", "--", "which", "which"]);
    assert_eq!(found.trim(), format!("{which}/bin/which"));

    let hello = fruix.output(&["build", "hello"]).trim().to_owned();
    assert!(hello.starts_with("/gnu/store/") && hello.ends_with("-hello-2.10"), "{hello}");
    let log = fruix.output(&["build", "--log-file", "hello"]);
    assert!(Path::new(log.trim()).is_file(), "{log}");

    // A second build is the same to the bit, and the store is as it was registered.
    assert_eq!(fruix.output(&["build", "--check", "hello"]).trim(), hello);
    fruix.output(&["gc", "--verify=contents"]);

    // What was built needs nothing but its closure.
    let closure = fruix.output(&["gc", "--requisites", &hello, &which]);
    runs_from_its_closure(&fruix, scratch.path(), &closure, &hello, &which);

    // A root keeps the result; without one, everything can go.
    let root = scratch.path().join("result");
    fruix.output(&["build", "-r", root.to_str().expect("UTF-8"), "hello"]);
    fruix.output(&["gc"]);
    assert!(fruix.output(&["gc", "--references", &hello]).contains("-glibc-"));
    assert!(fruix.complaint(&["gc", "--delete", &hello]).contains("still alive"));
    std::fs::remove_file(&root).expect("the root is there");
    fruix.output(&["gc"]);
    assert!(fruix.complaint(&["gc", "--references", &hello]).contains("is not in the store"));
}

/// Copies `closure` into an empty directory and runs both programs with that as root directory.
fn runs_from_its_closure(fruix: &Fruix, scratch: &Path, closure: &str, hello: &str, which: &str) {
    let user = Command::new("id").arg("-u").output().expect("id can be run");
    if user.stdout != b"0\n" {
        eprintln!("SKIPPED: only root can run hello with another root directory");
        return;
    }
    let root = scratch.join("root");
    let store = root.join("gnu/store");
    std::fs::create_dir_all(&store).expect("a folder");
    for item in closure.lines() {
        let name = item.strip_prefix("/gnu/store/").expect("a store item");
        let copied = Command::new("cp")
            .arg("-a")
            .arg(fruix.folder.join("gnu/store").join(name))
            .arg(&store)
            .status();
        assert!(copied.expect("cp can be run").success());
    }
    let run = |program: String, args: &[&str]| {
        let output = Command::new("chroot").arg(&root).arg(program).args(args).output();
        let output = output.expect("chroot can be run");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    assert_eq!(run(format!("{hello}/bin/hello"), &[]), "Hello, world!\n");
    assert!(run(format!("{which}/bin/which"), &["--version"]).starts_with("GNU which v2.21"));
}

#[test]
fn what_is_wrong_is_said_in_one_sentence() {
    let scratch = tempfile::tempdir().expect("a temporary folder");
    let fruix = Fruix { folder: scratch.path().join("store") };
    let text = fruix.complaint(&["build", "-d", "helo"]);
    assert!(text.contains("unknown package `helo'") && text.contains("`hello'"), "{text}");
    let text = fruix.complaint(&["build", "-d", "hello@9"]);
    assert!(text.contains("has no version 9") && text.contains("2.10"), "{text}");
    let text = fruix.complaint(&["build", "/gnu/store/nonsense"]);
    assert!(text.contains("not a store path"), "{text}");
    let text = fruix.complaint(&["build", "-f", "no-such-file.scm"]);
    assert!(text.contains("no file `no-such-file.scm'"), "{text}");
    let text =
        fruix.complaint(&["gc", "--references", "/gnu/store/00000000000000000000000000000000-x"]);
    assert!(text.contains("is not in the store"), "{text}");
}
