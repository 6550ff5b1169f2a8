// SPDX-License-Identifier: GPL-3.0-or-later
//! `(fruix bindings random)`: bytes that nobody can guess, below `(gcrypt random)`.

use fruix_scheme::native::{Native, Result};
use fruix_scheme::natives::args;
use fruix_scheme::{Engine, Value, native};

/// The procedures.
pub static NATIVES: &[Native] = &[native!("random-bytes", 1, random_bytes)];

/// More than anybody needs at once; keeps a slip from taking all memory.
const MOST: usize = 1 << 20;

/// `(random-bytes COUNT)`: a bytevector from the system's generator.
fn random_bytes(engine: &mut Engine, count: Value) -> Result {
    const SUBR: &str = "random-bytes";
    let length = args::index(engine, SUBR, 1, count)?;
    if length > MOST {
        return engine.out_of_range(SUBR, 1, count);
    }
    let mut bytes = vec![0; length];
    if let Err(error) = getrandom::fill(&mut bytes) {
        let message = engine.heap.string(&error.to_string());
        return engine.error("misc-error", SUBR, "~A", &[message]);
    }
    Ok(engine.heap.bytevector(bytes))
}
