// SPDX-License-Identifier: GPL-3.0-or-later
//! What mistakes in package files get, with the tree of GNU Guix: one sentence with the place, the line and a hint.

use fruix_oracle::{installed, modules, say};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A file, its text, the words of `build` behind the tree, and what has to be said, `DIR` standing for the folder.
type Case = (&'static str, &'static str, &'static [&'static str], &'static [&'static str]);

const CASES: &[Case] = &[
    (
        "type.scm",
        "(use-modules (guix packages) (gnu packages base))\n(package\n  (inherit hello)\n  (name 'hello))\n",
        &["-f", "type.scm"],
        &[
            "fruix: error: DIR/type.scm:2:1: string-append: wrong type of argument 1: hello\n  (package\n  ^\n",
        ],
    ),
    (
        "field.scm",
        "(use-modules (guix packages) (gnu packages base))\n(package\n  (inherit hello)\n  (synopsys \"x\"))\n",
        &["-f", "field.scm"],
        &[
            "fruix: error: DIR/field.scm:2:1: package: extraneous field initializers (synopsys)",
            "hint: did you mean the field `synopsis'?\n",
        ],
    ),
    (
        "unbound.scm",
        "(use-modules (guix packages) (gnu packages base))\n(package\n  (inherit hello)\n  (inputs (list gawk)))\n",
        &["-f", "unbound.scm"],
        &[
            "fruix: error: DIR/unbound.scm:4:17: unbound variable: gawk\n    (inputs (list gawk)))\n                  ^\n",
            "hint: `gawk' is in (gnu packages gawk): did you forget (use-modules (gnu packages gawk))?\n",
        ],
    ),
    (
        "module.scm",
        "(use-modules (gnu packages bases))\nhello\n",
        &["-f", "module.scm"],
        &[
            "fruix: error: DIR/module.scm:1:1: no code for module (gnu packages bases)\n",
            "hint: did you mean (gnu packages base)?\n",
        ],
    ),
    (
        "macro.scm",
        "(use-modules (ice-9 match))\n(match '(1 2)\n  ((a b)\n   (let ((c))\n     c)))\n",
        &["-f", "macro.scm"],
        &[
            "fruix: error: DIR/macro.scm:4:4: let: bad let in form (let ((c)) c)\n     (let ((c))\n     ^\n",
        ],
    ),
    (
        "open.scm",
        "(use-modules (gnu packages base)\nhello\n",
        &["-f", "open.scm"],
        &["fruix: error: DIR/open.scm:1:1: this list is not closed: the text ends at 3:1\n"],
    ),
    (
        "channel/cycle-a.scm",
        "(define-module (cycle-a)\n  #:use-module (cycle-b)\n  #:export (a))\n(define-syntax-rule (a x) x)\n",
        &["-L", "channel", "-e", "(@ (cycle-a) a)"],
        &[
            "fruix: error: channel/cycle-b.scm:4:2: unbound variable: a\n",
            "hint: (cycle-a) exports it, but has not defined it yet: do modules import each other?\n",
        ],
    ),
    (
        "channel/cycle-b.scm",
        "(define-module (cycle-b)\n  #:use-module (cycle-a)\n  #:export (b))\n(a 1)\n(define b 1)\n",
        &["-e", "(begin (use-modules (gnu packages base)) helloo)"],
        &[
            "fruix: error: <expression>:1:42: unbound variable: helloo\n",
            "hint: did you mean `hello'?\n",
        ],
    ),
    (
        "channel/mine.scm",
        "(define-module (mine)\n  #:use-module (guix packages)\n  #:use-module (gnu packages base))\n\n\
         (define-public mine\n  (package\n    (inherit hello)\n    (nam \"mine\")))\n",
        &["-L", "channel", "mine"],
        &[
            "fruix: warning: channel/mine.scm:6:3: package: extraneous field initializers (nam)",
            "guix build: error: mine: unknown package\n",
        ],
    ),
    (
        "unused",
        "",
        &["-f", "nowhere.scm"],
        &["error: failed to load 'nowhere.scm': No such file or directory\n"],
    ),
];

fn say_of(tree: &Path, dir: &Path, words: &[&str]) -> (String, Option<i32>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fruix"));
    command.arg("build").arg("-L").arg(tree).arg("--folder").arg(dir.join("store"));
    command.args(["-d", "--no-grafts"]).args(words).current_dir(dir);
    command.env_clear().env("HOME", dir).env("PATH", "/usr/bin:/bin");
    let output = command.output().expect("fruix runs");
    let said = String::from_utf8_lossy(&output.stderr).replace(&dir.display().to_string(), "DIR");
    (said, output.status.code())
}

fn tree(what: &str) -> Option<PathBuf> {
    match installed() {
        Ok(root) => Some(modules(&root)),
        Err(absent) => {
            say(&format!("SKIPPED: {what}: {absent}"));
            None
        }
    }
}

fn write(dir: &Path, file: &str, text: &str) {
    let file = dir.join(file);
    std::fs::create_dir_all(file.parent().expect("a folder")).expect("room");
    std::fs::write(file, text).expect("room");
}

#[test]
fn mistakes_are_told_at_their_places() {
    let Some(tree) = tree("mistakes in package files were not tried") else { return };
    let dir = tempfile::tempdir().expect("a temporary folder");
    CASES.iter().for_each(|(file, text, ..)| write(dir.path(), file, text));
    for (file, _, words, expected) in CASES {
        let (said, status) = say_of(&tree, dir.path(), words);
        for text in *expected {
            assert!(said.contains(text), "{file}\nexpected:\n{text}\ngot:\n{said}");
        }
        assert_eq!(status, Some(1), "{file}: {said}");
        assert_eq!(said.matches("error:").count(), 1, "one sentence: {said}");
    }
}

/// A tree like this one whose version is another one.
fn other_tree(tree: &Path, dir: &Path) -> std::io::Result<PathBuf> {
    let other = dir.join("tree");
    std::fs::create_dir_all(other.join("guix"))?;
    for (from, to) in [(tree.to_path_buf(), other.clone()), (tree.join("guix"), other.join("guix"))]
    {
        for entry in std::fs::read_dir(from)? {
            let entry = entry?;
            let link = to.join(entry.file_name());
            if entry.file_name() != "config.scm" && !link.exists() {
                symlink(entry.path(), link)?;
            }
        }
    }
    let config = std::fs::read_to_string(tree.join("guix/config.scm"))?;
    std::fs::write(other.join("guix/config.scm"), config.replace("1.5.0", "0.9.0"))?;
    Ok(other)
}

#[test]
fn a_tree_of_another_version_is_named_when_something_is_wrong() {
    let Some(tree) = tree("a tree of another version was not tried") else { return };
    let dir = tempfile::tempdir().expect("a temporary folder");
    let other = other_tree(&tree, dir.path()).expect("a tree of links");
    write(dir.path(), "wrong.scm", "(no-such-thing)\n");
    let (said, status) = say_of(&other, dir.path(), &["-f", "wrong.scm"]);
    let hint = "hint: the tree is GNU Guix 0.9.0; fruix is made for 1.5.0\n";
    assert!(said.starts_with("fruix: error: DIR/wrong.scm:1:2: unbound variable"), "{said}");
    assert!(said.ends_with(hint), "{said}");
    assert_eq!(status, Some(1));
}
