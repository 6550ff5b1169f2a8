// SPDX-License-Identifier: GPL-3.0-or-later
//! What was typed for GNU Guix's own commands: with a tree of it on the load path (`-L`), its unmodified command
//! modules take the words as they are, so that options and output are Guix's.

use crate::error::CommandError;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Commands that are ours with a tree, too: what they do is not Guix's modules' business, but the engine's or the
/// store's.
const OURS: &[&str] = &["gc", "guile", "repl", "shell"];

/// Commands that only a tree has.
const THEIRS: &[&str] = &[
    "describe",
    "download",
    "edit",
    "graph",
    "hash",
    "import",
    "lint",
    "package",
    "processes",
    "refresh",
    "size",
    "style",
    "weather",
];

/// What is wrong if `command` is one that needs a tree, and none was named.
pub fn without_tree(command: &str) -> Option<CommandError> {
    THEIRS.contains(&command).then(|| {
        CommandError::new(format!("`{command}' is a command of GNU Guix's own modules"))
            .hint("name the folder that they lie in, a tree of GNU Guix, with -L DIR")
    })
}

/// A command of Guix's, with what is to be known before its modules run.
#[derive(Debug, PartialEq, Eq)]
pub struct Invocation {
    /// The command and its words, without those that are meant for fruix.
    pub words: Vec<String>,
    /// The tree, and folders of Guile's library.
    pub load_path: Vec<PathBuf>,
    /// What `--folder` says.
    pub folder: Option<PathBuf>,
    /// The expression after `-e`, whose text is in no file; none if there are several.
    pub expression: Option<String>,
}

/// Whether modules of GNU Guix lie in `dir`.
pub fn is_tree(dir: &Path) -> bool {
    dir.join("guix/ui.scm").is_file() && dir.join("gnu/packages.scm").is_file()
}

/// Whether Guile's library lies in `dir`.
fn is_guiles(dir: &Path) -> bool {
    dir.join("ice-9/match.scm").is_file()
}

/// What `words`, all that was typed, ask of a tree of GNU Guix's; `None` if they name no tree, or a command that is
/// ours or unknown to the tree.
pub fn invocation(words: &[OsString]) -> Option<Invocation> {
    let words: Vec<&str> = words.iter().map(|word| word.to_str()).collect::<Option<_>>()?;
    let (&command, rest) = words.split_first()?;
    if OURS.contains(&command) || !command.chars().all(|c| c.is_ascii_lowercase() || c == '-') {
        return None;
    }
    let mut kept = vec![command.to_owned()];
    let (mut load_path, mut folder, mut expressions) = (Vec::new(), None, Vec::new());
    let mut rest = rest.iter().copied();
    while let Some(word) = rest.next() {
        if word == "--" {
            kept.push(word.to_owned());
            kept.extend(rest.map(str::to_owned));
            break;
        }
        let Some((option, value)) = option(word, &mut rest) else {
            kept.push(word.to_owned());
            continue;
        };
        let path = PathBuf::from(&value);
        match option {
            Known::LoadPath if is_tree(&path) || is_guiles(&path) => load_path.push(path),
            Known::LoadPath => kept.push(format!("--load-path={value}")),
            Known::Folder => folder = Some(path),
            Known::Expression => {
                kept.push(format!("--expression={value}"));
                expressions.push(value);
            }
        }
    }
    let tree = load_path.iter().find(|dir| is_tree(dir))?;
    if !tree.join("guix/scripts").join(format!("{command}.scm")).is_file() {
        return None;
    }
    let expression = expressions.pop().filter(|_| expressions.is_empty());
    Some(Invocation { words: kept, load_path, folder, expression })
}

/// An option whose value matters here.
#[derive(Clone, Copy)]
enum Known {
    LoadPath,
    Folder,
    Expression,
}

/// The option that `word` is, and its value, which may be the next one of `rest`.
fn option<'a>(word: &'a str, rest: &mut impl Iterator<Item = &'a str>) -> Option<(Known, String)> {
    let long = [
        ("--load-path=", Known::LoadPath),
        ("--folder=", Known::Folder),
        ("--expression=", Known::Expression),
    ];
    if let Some((start, known)) = long.iter().find(|(start, _)| word.starts_with(start)) {
        return Some((*known, word[start.len()..].to_owned()));
    }
    if word == "--folder" {
        return Some((Known::Folder, rest.next()?.to_owned()));
    }
    let known = match word.get(..2) {
        Some("-L") => Known::LoadPath,
        Some("-e") => Known::Expression,
        _ => return None,
    };
    let value = match &word[2..] {
        "" => rest.next()?.to_owned(),
        value => value.to_owned(),
    };
    Some((known, value))
}

/// The version that the tree says it is.
pub fn version(tree: &Path) -> Option<String> {
    let text = std::fs::read_to_string(tree.join("guix/config.scm")).ok()?;
    let (_, rest) = text.split_once("(define %guix-version")?;
    Some(rest.split('"').nth(1)?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> tempfile::TempDir {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let files = ["guix/ui.scm", "gnu/packages.scm", "guix/scripts/build.scm"];
        for file in files {
            let file = dir.path().join(file);
            std::fs::create_dir_all(file.parent().expect("a folder")).expect("room");
            std::fs::write(file, "").expect("room");
        }
        dir
    }

    fn asked(words: &[&str]) -> Option<Invocation> {
        invocation(&words.iter().map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn a_tree_takes_its_commands_with_all_words_but_ours() {
        let tree = tree();
        let dir = tree.path().to_str().expect("a name");
        let words = ["build", "--folder", "/f", "-L", dir, "-L/mine", "-e", "(f)", "-d", "hello"];
        let found = asked(&words).expect("an invocation");
        assert_eq!(found.words, ["build", "--load-path=/mine", "--expression=(f)", "-d", "hello"]);
        assert_eq!(found.load_path, [tree.path()]);
        assert_eq!(found.folder, Some(PathBuf::from("/f")));
        assert_eq!(found.expression.as_deref(), Some("(f)"));
    }

    #[test]
    fn what_a_tree_does_not_know_is_left_alone() {
        let tree = tree();
        let dir = tree.path().to_str().expect("a name");
        assert_eq!(asked(&["build", "hello"]), None);
        assert_eq!(asked(&["repl", "-L", dir]), None);
        assert_eq!(asked(&["paint", "-L", dir]), None);
        assert_eq!(asked(&["build", "--", "-L", dir]), None);
    }
}
