// SPDX-License-Identifier: GPL-3.0-or-later
//! The `fruix` command: what was typed, what is to be done, how it is said.

mod args;
mod building;
mod commands;
mod error;
mod guix_tree;
mod natives;
mod progress;
mod scheme_errors;
mod session;
mod stores;

use clap::Parser;
use std::process::ExitCode;

/// Stack of the thread that everything runs on: the reader and the expander recurse on nested forms.
const STACK: usize = 256 << 20;

fn main() -> ExitCode {
    fruix_scheme::command::prepare_process();
    let words: Vec<std::ffi::OsString> = std::env::args_os().skip(1).collect();
    if words.first().is_some_and(|word| word == commands::shell::ENTER) {
        return commands::shell::enter_view(&words[1..]).report();
    }
    if let Some(invocation) = guix_tree::invocation(&words) {
        return on_deep_stack(move || commands::guix::run(&invocation));
    }
    match args::Args::try_parse_from(args::spelled_out(std::env::args_os())) {
        Ok(args) => on_deep_stack(move || commands::run(args)),
        Err(problem) => {
            let command = words.first().and_then(|word| word.to_str()).unwrap_or_default();
            if let Some(error) = guix_tree::without_tree(command) {
                return error.report();
            }
            // As with Guix, what is typed wrongly is an error like any other.
            let status = u8::from(problem.use_stderr());
            let _ = problem.print();
            ExitCode::from(status)
        }
    }
}

fn on_deep_stack(command: impl FnOnce() -> error::Result<ExitCode> + Send + 'static) -> ExitCode {
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(command);
    match thread.map(std::thread::JoinHandle::join) {
        Ok(Ok(Ok(code))) => code,
        Ok(Ok(Err(error))) => error.report(),
        Ok(Err(_)) => ExitCode::from(70),
        Err(error) => error::CommandError::new(format!("cannot start a thread: {error}")).report(),
    }
}
