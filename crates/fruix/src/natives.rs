// SPDX-License-Identifier: GPL-3.0-or-later
//! The module `(fruix building)`: what Scheme asks the command for. `build-things` of `(guix store)` and the
//! REPL's `,verbosity` are its users.

use crate::args::CommonBuildArgs;
use crate::building::Building;
use crate::error::Result;
use fruix_core::StorePath;
use fruix_daemon::Goal;
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
    native!("build-store-items", 1, build_store_items),
    native!("set-build-verbosity!", 1, set_build_verbosity),
];

/// Makes `(fruix building)` in `engine`: builds happen in `store`, as `options` say.
pub fn install(engine: &mut Engine, store: Arc<Store>, options: CommonBuildArgs) -> Outcome<()> {
    engine.extensions.insert(TypeId::of::<Host>(), Box::new(Host { store, options }));
    engine.define_native_module("fruix building", NATIVES)
}

fn host(engine: &mut Engine) -> Option<&mut Host> {
    engine.extensions.get_mut(&TypeId::of::<Host>())?.downcast_mut()
}

/// `(build-store-items ((FILE OUTPUT ...) ...))`: builds derivations, all outputs if none is named, and gets items.
fn build_store_items(engine: &mut Engine, items: Value) -> Outcome {
    const SUBR: &str = "build-store-items";
    let mut wanted = Vec::new();
    for item in args::list(engine, SUBR, 1, items)? {
        let words = args::list(engine, SUBR, 1, item)?;
        let words = words.into_iter().map(|word| args::string(engine, SUBR, 1, word));
        wanted.push(words.collect::<Outcome<Vec<String>>>()?);
    }
    // What was printed so far comes before what building prints.
    fruix_scheme::ports::flush_all(engine);
    fruix_packages::natives::flush(engine)?;
    let outcome = host(engine).map_or(Ok(()), |host| host.build(&wanted));
    match outcome {
        Ok(()) => Ok(Value::UNSPECIFIED),
        Err(error) => engine.host_error("build-things", error),
    }
}

impl Host {
    fn build(&self, wanted: &[Vec<String>]) -> Result {
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
        Building::new(self.store.clone(), &self.options)?.run(&goals).map(drop)
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
