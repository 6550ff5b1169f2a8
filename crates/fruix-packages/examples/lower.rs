// SPDX-License-Identifier: GPL-3.0-or-later
//! `lower [-L DIR]... [-e EXPR | -f FILE | PACKAGE]`: print what something lowers to, in memory.

use fruix_packages::{MemoryItems, Seed, Session, SessionError, Target};
use std::path::PathBuf;

fn run(args: Vec<String>) -> Result<(), SessionError> {
    let mut load_path = Vec::new();
    let mut rest = Vec::new();
    let mut args = args.into_iter();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "-L" => load_path.extend(args.next().map(PathBuf::from)),
            _ => rest.push(arg),
        }
    }
    let mut session = Session::new(Box::new(MemoryItems::default()), Seed::default(), &load_path)?;
    let targets: Vec<Target> = match rest.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["-e", text] => session.eval_expression(text)?,
        ["-f", file] => session.eval_file(std::path::Path::new(file))?,
        ["-s", text] => {
            session.engine().call_with_text("%eval-text", text)?;
            fruix_scheme::ports::flush_all(session.engine());
            Vec::new()
        }
        [spec] => session.packages_matching(spec)?.into_iter().map(Target::from).collect(),
        _ => Vec::new(),
    };
    for target in targets {
        println!("{:?}", session.lower(&target, None)?);
    }
    Ok(())
}

fn main() -> std::process::ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let outcome = fruix_scheme::command::on_large_stack(move || match run(args) {
        Ok(()) => None,
        Err(SessionError::Scheme(report)) => Some(format!("{report}\n{:?}", report.frames)),
        Err(error) => Some(error.to_string()),
    });
    match outcome {
        Ok(None) => std::process::ExitCode::SUCCESS,
        Ok(Some(error)) => {
            eprintln!("lower: {error}");
            std::process::ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("lower: {error}");
            std::process::ExitCode::FAILURE
        }
    }
}
