// SPDX-License-Identifier: GPL-3.0-or-later
//! `cargo run --release -p fruix-bench -- [--write] [--rounds N] [--ours] [NAME…]`: the programs of
//! `tests/engine/suite` on fruix's engine and on Guile, turn by turn in one run, with the smallest
//! processor time of each and their ratios as a table.
//!
//! Guile is the oracle's, below `FRUIX_ORACLE` (default `/var/lib/fruix/oracle`), entered with `chroot`.

mod guile;
mod process;
mod suite;
mod table;

use guile::Guile;
use suite::{Measured, Program};

const USAGE: &str = "usage: fruix-bench [--write] [--rounds N] [--ours] [NAME ...]
  --write     put the table into docs/benchmarks.md
  --rounds N  how often each side runs each program (3)
  --ours      leave Guile out";

/// What the command line asks for.
struct Options {
    write: bool,
    rounds: usize,
    ours: bool,
    names: Vec<String>,
}

impl Options {
    fn parse(mut args: impl Iterator<Item = String>) -> Option<Options> {
        let mut options = Options { write: false, rounds: 3, ours: false, names: Vec::new() };
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--write" => options.write = true,
                "--ours" => options.ours = true,
                "--rounds" => {
                    options.rounds = args.next()?.parse().ok().filter(|&rounds| rounds > 0)?;
                }
                name if name.starts_with('-') => return None,
                name => options.names.push(name.to_string()),
            }
        }
        Some(options)
    }
}

fn main() {
    let mut args = std::env::args().skip(1).peekable();
    // How this program starts itself: one file on the engine in a process of its own.
    if args.next_if_eq("run-file").is_some() {
        let rest: Vec<String> = args.collect();
        std::process::exit(suite::run_file(&rest));
    }
    let Some(options) = Options::parse(args) else {
        eprintln!("{USAGE}");
        std::process::exit(2);
    };
    match measure(&options) {
        Ok(all_equal) => std::process::exit(i32::from(!all_equal)),
        Err(error) => {
            eprintln!("fruix-bench: {error}");
            std::process::exit(1);
        }
    }
}

/// Measures and prints; says whether all answers were equal.
fn measure(options: &Options) -> Result<bool, suite::Error> {
    let programs = Program::find(&options.names)?;
    let oracle = match options.ours {
        true => None,
        false => Guile::open(),
    };
    if oracle.is_none() {
        eprintln!("fruix-bench: NOT COMPARED with Guile: only the engine's own figures follow");
    }
    let mut results: Vec<Measured> = programs.iter().map(Measured::new).collect();
    for round in 1..=options.rounds {
        for (program, result) in programs.iter().zip(&mut results) {
            eprint!("\rround {round} of {}: {:<24}", options.rounds, program.name);
            result.add_round(program, oracle.as_ref())?;
        }
    }
    eprintln!("\r{:48}\r", "");
    let table = table::table(&results, options.rounds);
    print!("{table}");
    let mut all_equal = true;
    for result in &results {
        for complaint in &result.complaints {
            all_equal = false;
            println!("{}: {complaint}", result.name);
        }
    }
    if options.write {
        table::write(&table)?;
    }
    Ok(all_equal)
}
