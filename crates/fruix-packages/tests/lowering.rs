// SPDX-License-Identifier: GPL-3.0-or-later
//! The judge: what the expressions of `tests/lowering` lower to, compared with what GNU Guix makes
//! of the same text.
//!
//! `theirs.tsv` there records Guix's answers, so that the comparison runs everywhere. Of expressions
//! that import modules only the names are compared, see `tests/lowering/README.md`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use fruix_packages::{MemoryItems, Seed, Session, SessionError};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/lowering")
}

fn table(text: &str) -> BTreeMap<String, String> {
    let pairs = text.lines().filter_map(|line| line.split_once('\t'));
    pairs.map(|(name, path)| (name.to_owned(), path.to_owned())).collect()
}

/// Evaluates the cases in an engine; gives the judge's table as text.
fn evaluate() -> Result<String, SessionError> {
    let mut session = Session::new(Box::new(MemoryItems::default()), Seed::default(), &[])?;
    let folder = folder();
    let folder = folder.display();
    let program = format!(
        "(use-modules (guix download))
         (%mirror-files (call-with-input-file \"{folder}/mirrors\" read))
         (load \"{folder}/judge.scm\")
         (call-with-output-string
           (lambda (port)
             (for-each (lambda (pair)
                         (simple-format port \"~a\\t~a\\n\" (car pair) (cdr pair)))
                       (judge))))"
    );
    let engine = session.engine();
    let values = engine.call_with_text("%eval-text", &program)?;
    let text = values.first().and_then(|&value| engine.heap.as_string(value));
    Ok(text.map(ToString::to_string).unwrap_or_default())
}

/// What our host side makes of the cases.
fn ours() -> BTreeMap<String, String> {
    let output = fruix_scheme::command::on_large_stack(|| {
        // Reports stay on the engine's thread.
        evaluate().map_err(|error| error.to_string())
    });
    match output {
        Ok(Ok(text)) => table(&text),
        Ok(Err(error)) => panic!("{error}"),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn expressions_lower_to_the_files_that_guix_makes_of_them() {
    let recorded = std::fs::read_to_string(folder().join("theirs.tsv")).expect("Guix's answers");
    let theirs = table(&recorded);
    let ours = ours();
    assert!(theirs.len() >= 100, "only {} cases are recorded", theirs.len());
    assert_eq!(theirs.keys().collect::<Vec<_>>(), ours.keys().collect::<Vec<_>>());
    let with_modules =
        std::fs::read_to_string(folder().join("with-modules")).expect("a list of names");
    let with_modules: Vec<&str> = with_modules.lines().collect();
    let mut wrong = Vec::new();
    for (name, ours) in &ours {
        let expected = &theirs[name];
        // Where modules are imported, the hash depends on their sources; the name does not.
        let fine = if with_modules.contains(&name.as_str()) {
            ours.starts_with("/gnu/store/") && ours.get(44..) == expected.get(44..)
        } else {
            ours == expected
        };
        if !fine {
            wrong.push(format!("{name}: expected {expected}, got {ours}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), theirs.len(), wrong.join("\n"));
}
