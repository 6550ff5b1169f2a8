// SPDX-License-Identifier: GPL-3.0-or-later
//! What derivations run as their builder: `guile` on our engine, and nothing else. It is a store item, and its bytes
//! are in every hash above it, so it has no command line of its own, no network and no database.

use fruix_scheme::command::{Command, on_large_stack};
use std::process::exit;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let Some(command) = Command::parse(&args) else {
        eprintln!("usage: guile [--no-auto-compile] [-L DIR] [-C DIR] [-c EXPR | FILE] [ARG ...]");
        exit(2);
    };
    exit(on_large_stack(move || command.run()).unwrap_or_else(|error| {
        eprintln!("guile: {error}");
        1
    }));
}
