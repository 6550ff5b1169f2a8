// SPDX-License-Identifier: GPL-3.0-or-later
//! `stress BYTES FILE`: runs a file with a collection after every BYTES bytes that are allocated (0: at
//! every safe point of the machine), which finds values that the roots forget. Starting the
//! engine is left out: it would take minutes.

use fruix_scheme::command::{Command, on_large_stack};
use fruix_scheme::engine::Engine;
use fruix_scheme::ports;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let bytes = args.first().and_then(|bytes| bytes.parse().ok());
    let (Some(bytes), Some(command)) = (bytes, Command::parse(args.get(1..).unwrap_or_default()))
    else {
        eprintln!("usage: stress BYTES FILE");
        std::process::exit(2);
    };
    let code = on_large_stack(move || run(bytes, &command)).unwrap_or_else(|error| {
        eprintln!("stress: {error}");
        1
    });
    std::process::exit(code);
}

fn run(bytes: usize, command: &Command) -> i32 {
    let Ok(mut engine) = Engine::with_library() else {
        eprintln!("stress: the library is broken");
        return 70;
    };
    engine.heap.set_stress(Some(bytes));
    let before = engine.heap.collections();
    let outcome = command.run_with(&mut engine);
    ports::flush_all(&mut engine);
    eprintln!("stress-collections {}", engine.heap.collections() - before);
    match outcome {
        Ok(()) => 0,
        Err(report) => {
            eprintln!("{report}");
            1
        }
    }
}
