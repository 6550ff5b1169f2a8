// SPDX-License-Identifier: GPL-3.0-or-later
//! `guile [-L DIR] [-c EXPR | FILE] [ARG …]` on the engine, for bring-up and differential tests.

use fruix_scheme::command::{Command, on_large_stack, prepare_process};

fn main() {
    prepare_process();
    let args: Vec<String> = std::env::args().skip(1).collect();
    let Some(command) = Command::parse(&args) else {
        eprintln!("usage: guile [-L DIR] [-c EXPR | FILE] [ARG ...]");
        std::process::exit(2);
    };
    let code = on_large_stack(move || command.run()).unwrap_or_else(|error| {
        eprintln!("guile: {error}");
        1
    });
    std::process::exit(code);
}
