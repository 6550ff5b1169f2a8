// SPDX-License-Identifier: GPL-3.0-or-later
//! One file per command.

mod gc;
mod guile;
mod repl;

use crate::args::{Args, Command};
use crate::error::{CommandError, Result};
use std::process::ExitCode;

/// Runs the command that was typed.
pub fn run(args: Args) -> Result<ExitCode> {
    match args.command {
        Command::Gc(args) => gc::run(&args),
        Command::Guile(args) => guile::run(&args),
        Command::Repl(args) => repl::run(&args),
        _ => Err(CommandError::new("not yet")),
    }
}
