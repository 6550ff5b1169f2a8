// SPDX-License-Identifier: GPL-3.0-or-later
//! Evaluating the expressions with fruix, in memory.

use std::fmt::Write;
use std::path::Path;

use fruix_packages::{Seed, Session, SessionError};
use fruix_store::MemoryStore;

/// Evaluates the expressions in FOLDER; gives the judge's table as text, and the store. Modules that builds import
/// come from MODULES first, if that is given.
pub fn evaluate(folder: &Path, modules: Option<&Path>) -> (String, MemoryStore) {
    let items = MemoryStore::default();
    let output = fruix_scheme::command::on_large_stack(|| {
        // Reports stay on the engine's thread.
        run(&items, folder, modules).map_err(|error| error.to_string())
    });
    match output {
        Ok(Ok(text)) => (text, items),
        Ok(Err(error)) => panic!("{error}"),
        Err(error) => panic!("{error}"),
    }
}

fn run(items: &MemoryStore, folder: &Path, modules: Option<&Path>) -> Result<String, SessionError> {
    let mut session = Session::new(Box::new(items.clone()), Seed::default(), &[])?;
    let folder = folder.display();
    let mut program = format!(
        "(use-modules (guix download))
         (%mirror-files (call-with-input-file \"{folder}/mirrors\" read))
         (load \"{folder}/judge.scm\")"
    );
    if let Some(modules) = modules {
        // After the host side is loaded: only what is imported into builds is to be found there.
        let _ = write!(program, "(set! %load-path (cons {modules:?} %load-path))");
    }
    program += "(call-with-output-string
                  (lambda (port)
                    (for-each (lambda (pair)
                                (simple-format port \"~a\\t~a\\n\" (car pair) (cdr pair)))
                              (judge))))";
    let engine = session.engine();
    let values = engine.call_with_text("%eval-text", &program)?;
    let text = values.first().and_then(|&value| engine.heap.as_string(value));
    Ok(text.map(ToString::to_string).unwrap_or_default())
}
