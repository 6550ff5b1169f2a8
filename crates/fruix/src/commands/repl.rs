// SPDX-License-Identifier: GPL-3.0-or-later
//! `fruix repl`: reads, evaluates, prints, with packages and a store at hand (Guix's manual, "Invoking guix
//! repl").

mod conversation;
mod editor;

use crate::args::{CommonBuildArgs, ReplArgs, ReplType};
use crate::error::{CommandError, Result};
use crate::{scheme_errors, session, stores};
use conversation::{Conversation, Step};
use editor::{Lines, Terminal};
use fruix_scheme::Engine;
use fruix_scheme::report::{Fault, Report};
use std::io::{BufRead, IsTerminal};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

/// Makes `(guix-user)` the current module.
const USER_MODULE: &str = "\
(set-current-module
 (let ((module (resolve-module '(guix-user) #f #f #:ensure #t)))
   (beautify-user-module! module)
   module))";
const MACHINE: &str = "((@ (guix repl) machine-repl))";

/// Runs the command.
pub fn run(args: &ReplArgs) -> Result<ExitCode> {
    if args.list_types {
        println!("guile\nmachine");
        return Ok(ExitCode::SUCCESS);
    }
    let store = Arc::new(stores::open(&args.session.store)?);
    let mut session = session::open(&store, &args.session, &CommonBuildArgs::default())?;
    let engine = session.engine();
    let result = engine.call_with_text("%eval-text", USER_MODULE);
    scheme_errors::finish(engine, result, None, false)?;
    if let Some(script) = args.script.first() {
        engine.set_string_list("%program-arguments", &args.script);
        let result = engine.call_with_text("primitive-load", script);
        let wants_end = is_end(&result);
        let status = scheme_errors::finish(engine, result, None, false)?;
        if wants_end || !args.interactive {
            return Ok(status);
        }
    } else {
        engine.set_string_list("%program-arguments", &["fruix".to_owned()]);
        if let Some(file) = init_file().filter(|_| !args.no_init_file) {
            let result = engine.call_with_text("primitive-load", &file.to_string_lossy());
            scheme_errors::finish(engine, result, None, false)?;
        }
    }
    match args.kind {
        ReplType::Guile => converse(engine, true),
        ReplType::Machine => {
            let result = engine.call_with_text("%eval-text", MACHINE);
            scheme_errors::finish(engine, result, None, false)
        }
    }
}

/// Whether a program has asked to end.
fn is_end<T>(result: &std::result::Result<T, Box<Report>>) -> bool {
    matches!(result, Err(report) if matches!(report.fault, Fault::Quit(_)))
}

/// The user's own definitions for REPLs, if there is such a file.
fn init_file() -> Option<PathBuf> {
    Some(PathBuf::from(std::env::var_os("HOME")?).join(".guile")).filter(|file| file.is_file())
}

/// Reads from the terminal, or evaluates standard input without prompts. `packages` says whether the engine
/// has them.
pub fn converse(engine: &mut Engine, packages: bool) -> Result<ExitCode> {
    let interrupt = engine.interrupt_flag();
    signal_hook::flag::register(signal_hook::consts::SIGINT, interrupt)
        .map_err(|error| CommandError::new(format!("cannot catch interrupts: {error}")))?;
    let conversation = Conversation::new(engine, packages);
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return from_lines(conversation, stdin.lock().lines());
    }
    println!("fruix {}: ,help for help, ,quit or Control-D to leave.", env!("CARGO_PKG_VERSION"));
    let mut terminal = Terminal::new()?;
    on_terminal(conversation, &mut terminal)
}

fn on_terminal(mut conversation: Conversation, terminal: &mut Terminal) -> Result<ExitCode> {
    loop {
        terminal.offer(conversation.names());
        let step = match terminal.read(&conversation.prompt())? {
            Lines::Text(text) => conversation.feed(&text),
            Lines::Cancelled => {
                conversation.forget_input();
                Step::More
            }
            Lines::End => conversation.leave(),
        };
        if let Step::Leave(status) = step {
            return Ok(ExitCode::from(status));
        }
    }
}

/// Feeds the conversation line by line, as a program at the other end of a pipe may wait for each answer.
fn from_lines(
    mut conversation: Conversation,
    lines: impl Iterator<Item = std::io::Result<String>>,
) -> Result<ExitCode> {
    for line in lines {
        if let Step::Leave(status) = conversation.feed(&line?) {
            return Ok(ExitCode::from(status));
        }
    }
    conversation.finish_input();
    Ok(ExitCode::SUCCESS)
}
