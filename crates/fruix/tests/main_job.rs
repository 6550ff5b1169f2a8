// SPDX-License-Identifier: GPL-3.0-or-later
//! The main job, whole: from a package definition to a built, running GNU Hello and GNU which, on the
//! distribution's own packages, in a store of its own. Takes a few minutes, since the shell and Make are built
//! from source first.

use fruix_core::derivation::Derivation;
use fruix_core::store_path::StoreDir;
use fruix_seed::scan::scan;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

struct Fruix {
    folder: PathBuf,
}

impl Fruix {
    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("fruix can be run")
    }

    fn command(&self, args: &[&str]) -> Command {
        let (command, rest) = args.split_first().expect("a command");
        let mut fruix = Command::new(env!("CARGO_BIN_EXE_fruix"));
        fruix.arg(command).arg("--folder").arg(&self.folder).args(rest);
        fruix
    }

    /// Runs a command that must succeed; gives its standard output.
    fn output(&self, args: &[&str]) -> String {
        let output = self.run(args);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "fruix {args:?} failed:\n{errors}");
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// Where the store item, file of one, or store called `name` lies.
    fn place(&self, name: &str) -> PathBuf {
        self.folder.join(name.trim_start_matches('/'))
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

    // It is built with our own shell and Make, and nothing that it is built with names a file of the host.
    let tools = what_builds(&fruix, &hello);
    let shells: Vec<&str> = called(&tools, "bash-");
    assert!(matches!(shells[..], [shell] if shell.ends_with("-bash-minimal-5.2.37")), "{shells:?}");
    let makes: Vec<&str> = called(&tools, "make-");
    assert!(matches!(makes[..], [make] if make.ends_with("-make-4.4.1")), "{makes:?}");
    // Our own program, which runs the builder, is left aside, since it has Guile's default directories as constants,
    // and so is the text of the build's own modules, whose code looks for `/bin/sh` in order to replace it.
    let of_packages =
        |item: &&String| !item.ends_with("-fruix-builder") && !item.ends_with("-module-import");
    for item in tools.iter().filter(of_packages).chain([&hello]) {
        let findings = scan(&fruix.place(item), "/gnu/store", &fruix.place("/gnu/store"));
        let findings = findings.expect("the item can be read");
        assert!(findings.is_empty(), "{findings:?}");
    }
    // These two are the same to the bit as well; that takes as long again.
    if std::env::var_os("FRUIX_ACCEPTANCE").is_some() {
        fruix.output(&["build", "--check", "bash-minimal", "make"]);
    }

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

/// The closure of what the derivation of `hello` asks for: all that there is while it is built.
fn what_builds(fruix: &Fruix, hello: &str) -> BTreeSet<String> {
    let store = StoreDir::default();
    let read = |path: &str| {
        let bytes = std::fs::read(fruix.place(path)).expect("the derivation is there");
        Derivation::parse(&store, &bytes).expect("a derivation")
    };
    let name = fruix.output(&["build", "-d", "hello"]);
    let derivation = read(name.trim());
    assert_eq!(derivation.env["out"], hello);
    let mut wanted: Vec<String> = derivation.sources.iter().map(|path| store.print(path)).collect();
    for (input, outputs) in &derivation.inputs {
        let input = read(&store.print(input));
        wanted.extend(outputs.iter().map(|output| input.env[output].clone()));
    }
    let mut args = vec!["gc", "--requisites"];
    args.extend(wanted.iter().map(String::as_str));
    fruix.output(&args).lines().map(str::to_owned).collect()
}

/// Those of `items` whose name starts with `start`, sources and what describes a build left aside.
fn called<'a>(items: &'a BTreeSet<String>, start: &str) -> Vec<&'a str> {
    let hash = "/gnu/store/".len() + 33;
    let fits = |item: &&String| item[hash..].starts_with(start);
    items.iter().filter(fits).map(String::as_str).collect()
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

/// A package whose last phase fails.
const FAILING: &str = r#"
(begin
  (use-modules (guix gexp))
  (package
    (inherit hello)
    (name "failing")
    (source #f)
    (arguments
     (list #:implicit-inputs? #f
           #:phases
           #~(list (assq 'separate-from-pid1 %standard-phases)
                   (cons 'build
                         (lambda _
                           (mkdir #$output)
                           (error "no"))))))))
"#;

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
    // A host without Debian's package client.
    let bare = Fruix { folder: scratch.path().join("bare") };
    let output = bare.command(&["build", "-d", "hello"]).env("PATH", "/nowhere").output();
    let output = output.expect("fruix can be run");
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(1) && text.contains("this host has no `apt-"), "{text}");
    // A phase fails after the outputs are there; the builder runs in a child of the first process.
    let text = fruix.complaint(&["build", "-e", FAILING]);
    assert!(text.contains("failed with exit code 1"), "{text}");
    let text = fruix.complaint(&["build", "-f", "no-such-file.scm"]);
    assert!(text.contains("no file `no-such-file.scm'"), "{text}");
    let text =
        fruix.complaint(&["gc", "--references", "/gnu/store/00000000000000000000000000000000-x"]);
    assert!(text.contains("is not in the store"), "{text}");
}
