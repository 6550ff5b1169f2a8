// SPDX-License-Identifier: GPL-3.0-or-later
//! One file per command.

mod build;
mod daemon;
mod derivations;
mod gc;
mod guile;
pub mod guix;
mod repl;
pub mod shell;
mod show;

use crate::args::{Args, Command};
use crate::error::Result;
use std::process::ExitCode;

/// Runs the command that was typed.
pub fn run(args: Args) -> Result<ExitCode> {
    match args.command {
        Command::Gc(args) => gc::run(&args),
        Command::Guile(args) => guile::run(&args),
        Command::Repl(args) => repl::run(&args),
        Command::Build(args) => build::run(&args),
        Command::Shell(args) => shell::run(&args),
        Command::Daemon(args) => daemon::run(&args),
        Command::Processes(args) => daemon::processes(&args),
        Command::Show(args) => show::show(&args),
        Command::Search(args) => show::search(&args),
        Command::Derivations(args) => derivations::run(&args),
    }
}
