// SPDX-License-Identifier: GPL-3.0-or-later
//! `fruix guile`: runs a Scheme program as `guile` would.

use crate::args::GuileArgs;
use crate::commands::repl;
use crate::error::{CommandError, Result};
use crate::scheme_errors::{self, Source};
use fruix_scheme::command::{Program, Request, USAGE};
use std::process::ExitCode;

/// The version of Guile whose behaviour the engine has.
const GUILE_VERSION: &str = "3.0.11";

/// Runs the command.
pub fn run(args: &GuileArgs) -> Result<ExitCode> {
    // Ours, not Guile's: frames below the error.
    let mut words = &args.words[..];
    let backtrace = words.first().is_some_and(|word| word == "--backtrace");
    if backtrace {
        words = &words[1..];
    }
    let request = Request::parse(words)
        .map_err(|problem| CommandError::new(problem).hint(format!("usage: fruix {USAGE}")))?;
    let command = match request {
        Request::Run(command) => command,
        Request::Interactive(load_path) => {
            let mut engine = scheme_errors::boot()?;
            engine.set_string_list("%load-path", &load_path);
            engine.set_string_list("%program-arguments", &["guile".to_owned()]);
            return repl::converse(&mut engine, false);
        }
        Request::Version => {
            println!("guile (fruix {}) {GUILE_VERSION}", env!("CARGO_PKG_VERSION"));
            return Ok(ExitCode::SUCCESS);
        }
        Request::Help => {
            println!("usage: fruix {USAGE}");
            return Ok(ExitCode::SUCCESS);
        }
    };
    let mut engine = scheme_errors::boot()?;
    let result = command.run_with(&mut engine);
    let source = match &command.program {
        Program::Expression(text) => Some(Source { name: "-c", text }),
        Program::StandardInput => Some(Source { name: "<stdin>", text: "" }),
        Program::File(_) => None,
    };
    scheme_errors::finish(&mut engine, result, source, backtrace)
}
