// SPDX-License-Identifier: GPL-3.0-or-later
//! `lower [-L DIR]... [--apt DIR] [-e EXPR | -f FILE | -s PROGRAM | PACKAGE]`: print what something
//! lowers to, in memory; `--apt` makes a lock of the seed with a package index in DIR.

use fruix_packages::{EmbeddedPrograms, Seed, Session, SessionError, Target};
use fruix_seed::universe::{self, ResolveError};
use fruix_store::MemoryStore;
use std::path::PathBuf;

/// The seed of the host's packages.
fn locked(directory: &std::path::Path) -> Option<Seed> {
    let apt = fruix_distro::Apt::private(directory).map_err(ResolveError::Client);
    let lock = apt.and_then(|apt| universe::resolve(&apt));
    match lock {
        Ok(lock) => Seed::new(&lock, EmbeddedPrograms::default()).ok(),
        Err(error) => {
            eprintln!("lower: {error}");
            None
        }
    }
}

fn run(args: Vec<String>) -> Result<(), SessionError> {
    let mut seed = None;
    let mut load_path = Vec::new();
    let mut rest = Vec::new();
    let mut args = args.into_iter();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--apt" => seed = args.next().map(PathBuf::from).and_then(|dir| locked(&dir)),
            "-L" => load_path.extend(args.next().map(PathBuf::from)),
            _ => rest.push(arg),
        }
    }
    let mut session =
        Session::new(Box::new(MemoryStore::default()), seed.unwrap_or_default(), &load_path)?;
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
