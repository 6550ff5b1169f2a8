// SPDX-License-Identifier: GPL-3.0-or-later
//! The module `(fruix building)`: what Scheme asks the command for. `build-things` of `(guix store)`, the REPL's
//! `,verbosity` and the native halves of Guix's user interface are its users.

use crate::args::CommonBuildArgs;
use crate::building::Building;
use crate::error::{CommandError, Result};
use crate::scheme_errors;
use fruix_core::StorePath;
use fruix_daemon::{BuildMode, Goal};
use fruix_scheme::native::{Native, Result as Outcome};
use fruix_scheme::natives::args;
use fruix_scheme::{Engine, Value, native};
use fruix_store::Store;
use std::any::TypeId;
use std::sync::Arc;

/// What the natives work on: an extension of the engine.
struct Host {
    store: Arc<Store>,
    options: CommonBuildArgs,
}

static NATIVES: &[Native] = &[
    native!("build-store-items", 1, 1, false, build_store_items),
    native!("set-build-options!", 1, set_build_options),
    native!("set-build-verbosity!", 1, set_build_verbosity),
    native!("raised-words", 0, raised_words),
];

/// Makes `(fruix building)` in `engine`: builds happen in `store`, as `options` say.
pub fn install(engine: &mut Engine, store: Arc<Store>, options: CommonBuildArgs) -> Outcome<()> {
    engine.extensions.insert(TypeId::of::<Host>(), Box::new(Host { store, options }));
    engine.define_native_module("fruix building", NATIVES)
}

fn host(engine: &mut Engine) -> Option<&mut Host> {
    engine.extensions.get_mut(&TypeId::of::<Host>())?.downcast_mut()
}

/// `(build-store-items ((FILE OUTPUT ...) ...) [MODE])`: builds derivations, all outputs if none is named, and gets
/// items. MODE is a number as in the worker protocol: 0 to make what is not there, 2 to build what is there once
/// more and compare.
fn build_store_items(engine: &mut Engine, arguments: &[Value]) -> Outcome {
    const SUBR: &str = "build-store-items";
    let mode = match arguments.get(1).and_then(|mode| mode.as_fixnum()) {
        None | Some(0) => BuildMode::Normal,
        Some(2) => BuildMode::Check,
        Some(_) => {
            let error = CommandError::new("items cannot be repaired by building them yet")
                .hint("delete them with `fruix gc --delete' and build them again");
            return engine.host_error("build-things", error);
        }
    };
    let mut wanted = Vec::new();
    for item in args::list(engine, SUBR, 1, arguments[0])? {
        let words = args::list(engine, SUBR, 1, item)?;
        let words = words.into_iter().map(|word| args::string(engine, SUBR, 1, word));
        wanted.push(words.collect::<Outcome<Vec<String>>>()?);
    }
    // What was printed so far comes before what building prints.
    fruix_scheme::ports::flush_all(engine);
    fruix_packages::natives::flush(engine)?;
    let outcome = host(engine).map_or(Ok(()), |host| host.build(&wanted, mode));
    match outcome {
        Ok(()) => Ok(Value::UNSPECIFIED),
        Err(error) => engine.host_error("build-things", error),
    }
}

impl Host {
    fn build(&self, wanted: &[Vec<String>], mode: BuildMode) -> Result {
        let mut goals = Vec::new();
        for words in wanted {
            let Some((file, outputs)) = words.split_first() else { continue };
            let path: StorePath = self.store.layout().parse(file)?;
            goals.push(match (path.is_derivation(), outputs.is_empty()) {
                (true, false) => {
                    Goal::Derivation { drv: path, outputs: outputs.iter().cloned().collect() }
                }
                _ => Goal::new(path),
            });
        }
        let building = Building::new(self.store.clone(), &self.options)?;
        let building = if mode == BuildMode::Check { building.check() } else { building };
        building.run(&goals).map(drop)
    }
}

/// `(set-build-options! ((OPTION . NUMBER) ...))`: OPTIONs are named as on the command line.
fn set_build_options(engine: &mut Engine, options: Value) -> Outcome {
    const SUBR: &str = "set-build-options!";
    for pair in args::list(engine, SUBR, 1, options)? {
        let (name, number) = args::pair(engine, SUBR, 1, pair)?;
        let name = engine.heap.symbol_name(name).unwrap_or_default().to_owned();
        let Some(number) = number.as_fixnum().and_then(|number| u32::try_from(number).ok()) else {
            return args::expecting(engine, SUBR, 1, "list of numbers", options);
        };
        let Some(host) = host(engine) else { continue };
        let options = &mut host.options;
        match name.as_str() {
            "keep-failed" => options.keep_failed = true,
            "keep-going" => options.keep_going = true,
            "rounds" => options.rounds = number,
            "cores" => options.cores = number,
            "max-jobs" => options.max_jobs = number,
            "timeout" => options.timeout = Some(number.into()),
            "max-silent-time" => options.max_silent_time = Some(number.into()),
            _ => {}
        }
    }
    Ok(Value::UNSPECIFIED)
}

/// `(raised-words)`: the sentence with its place, the line and the hints for the exception that was noted last with
/// `%note-raised`; `#f` if there is none.
fn raised_words(engine: &mut Engine) -> Outcome {
    match engine.report_noted() {
        Some(report) => {
            let words = scheme_errors::describe(&report, None, false).to_string();
            Ok(engine.heap.string(&words))
        }
        None => Ok(Value::FALSE),
    }
}

/// `(set-build-verbosity! LEVEL)`.
fn set_build_verbosity(engine: &mut Engine, level: Value) -> Outcome {
    let number = level.as_fixnum().and_then(|level| u8::try_from(level).ok());
    let Some(number) = number else {
        return args::expecting(engine, "set-build-verbosity!", 1, "level from 0 to 3", level);
    };
    if let Some(host) = host(engine) {
        host.options.verbosity = number;
    }
    Ok(Value::UNSPECIFIED)
}
