// SPDX-License-Identifier: GPL-3.0-or-later
//! Engines with modules of a folder, and what programs give there, as text.

use fruix_scheme::Engine;
use std::path::Path;

/// `engine`, with `dir` as its whole load path.
pub fn with_load_path(mut engine: Engine, dir: &Path) -> Engine {
    let text = format!("(set! %load-path (list {:?}))", dir.display().to_string());
    assert!(engine.eval_text(&text).is_ok());
    let Ok(_) = engine.eval_text("(use-modules (ice-9 format))") else { panic!("(ice-9 format)") };
    engine
}

/// What the program gives, as text; errors as `key message`.
pub fn run(engine: &mut Engine, program: &str) -> String {
    let text = format!(
        "(call-with-output-string (lambda (port)
           (catch #t (lambda () (write (begin {program}) port))
             (lambda (key . args) (format port \"~s ~s\" key args)))))"
    );
    let Ok(value) = engine.eval_text(&text) else { panic!("{program}") };
    engine.heap.as_string(value).map(ToString::to_string).unwrap_or_default()
}
