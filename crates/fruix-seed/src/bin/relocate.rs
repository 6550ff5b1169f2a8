// SPDX-License-Identifier: GPL-3.0-or-later
//! `fruix-relocate`: the builder of the seed's derivations.
//!
//! It takes everything from the environment, as derivations give it: `recipe` (text), `debs` (files), `inputs`
//! (`NAME=PATH` words), `outputs` (names, `out` if unset), and for each output a variable of its name.

use std::process::ExitCode;

use fruix_seed::recipe::Recipe;
use fruix_seed::relocate::{Request, relocate};

fn variable(name: &str) -> Result<String, String> {
    std::env::var(name).map_err(|_| format!("environment variable {name:?} is not set"))
}

fn request() -> Result<Request, String> {
    let recipe: Recipe = variable("recipe")?.parse().map_err(|error| format!("{error}"))?;
    let debs = variable("debs").unwrap_or_default();
    let mut inputs = Vec::new();
    for word in variable("inputs").unwrap_or_default().split_whitespace() {
        let (name, path) = word.split_once('=').ok_or(format!("input without a name: {word}"))?;
        inputs.push((name.to_owned(), path.to_owned()));
    }
    let mut outputs = Vec::new();
    for name in variable("outputs").unwrap_or_else(|_| "out".to_owned()).split_whitespace() {
        outputs.push((name.to_owned(), variable(name)?));
    }
    let debs = debs.split_whitespace().map(Into::into).collect();
    Ok(Request { debs, inputs, outputs, recipe })
}

fn main() -> ExitCode {
    let request = match request() {
        Ok(request) => request,
        Err(message) => {
            eprintln!("fruix-relocate: {message}");
            return ExitCode::FAILURE;
        }
    };
    match relocate(&request, &mut |line| println!("{line}")) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("fruix-relocate: {error}");
            ExitCode::FAILURE
        }
    }
}
