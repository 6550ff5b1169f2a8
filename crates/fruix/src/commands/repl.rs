// SPDX-License-Identifier: GPL-3.0-or-later
//! `fruix repl`: reads, evaluates, prints; with packages at hand.

mod editor;
mod session;

use crate::args::ReplArgs;
use crate::error::{CommandError, Result};
use crate::scheme_errors;
use editor::{Lines, Terminal};
use fruix_scheme::Engine;
use fruix_scheme::command::{Command, Program};
use session::{Session, Step};
use std::io::{BufRead, IsTerminal};
use std::process::ExitCode;

/// Runs the command.
pub fn run(args: &ReplArgs) -> Result<ExitCode> {
    let load_path: Vec<String> =
        args.packages.load_path.iter().map(|dir| dir.to_string_lossy().into_owned()).collect();
    let Some(script) = args.script.first() else { return interact(&load_path, true) };
    let mut engine = scheme_errors::boot()?;
    prepare(&mut engine);
    let command = Command {
        load_path,
        compiled_path: Vec::new(),
        loads: Vec::new(),
        entry: None,
        program: Program::File(script.clone()),
        arguments: args.script.clone(),
    };
    let result = command.run_with(&mut engine);
    scheme_errors::finish(&mut engine, result, None, false)
}

/// Puts packages at hand: what `fruix repl` has beyond Guile.
fn prepare(_engine: &mut Engine) {}

/// Reads from the terminal, or evaluates standard input without prompts.
pub fn interact(load_path: &[String], packages: bool) -> Result<ExitCode> {
    let mut engine = scheme_errors::boot()?;
    engine.set_string_list("%load-path", load_path);
    engine.set_string_list("%program-arguments", &["guile".to_owned()]);
    if packages {
        prepare(&mut engine);
    }
    let interrupt = engine.machine.interrupt_flag();
    signal_hook::flag::register(signal_hook::consts::SIGINT, interrupt)
        .map_err(|error| CommandError::new(format!("cannot catch interrupts: {error}")))?;
    let session = Session::new(engine);
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return converse(session, stdin.lock().lines());
    }
    println!("fruix {}: ,help for help, ,quit or Control-D to leave.", env!("CARGO_PKG_VERSION"));
    let mut terminal = Terminal::new()?;
    loop_on_terminal(session, &mut terminal)
}

fn loop_on_terminal(mut session: Session, terminal: &mut Terminal) -> Result<ExitCode> {
    loop {
        terminal.offer(session.names());
        match terminal.read(&session.prompt())? {
            Lines::Text(text) => match session.feed(&text) {
                Step::More => {}
                Step::Leave(status) => return Ok(ExitCode::from(status)),
            },
            Lines::Cancelled => session.forget_input(),
            Lines::End => return Ok(ExitCode::SUCCESS),
        }
    }
}

/// Feeds the session line by line, as a program at the other end of a pipe may wait for each answer.
fn converse(
    mut session: Session,
    lines: impl Iterator<Item = std::io::Result<String>>,
) -> Result<ExitCode> {
    for line in lines {
        if let Step::Leave(status) = session.feed(&line?) {
            return Ok(ExitCode::from(status));
        }
    }
    session.finish_input();
    Ok(ExitCode::SUCCESS)
}
