// SPDX-License-Identifier: GPL-3.0-or-later
//! `(fruix bindings hash)`: hashing and notations of bytes, below `(gcrypt hash)`, `(gcrypt base16)`
//! and `(gcrypt base64)`.

use fruix_core::hash::{Hash, HashAlgorithm, Hasher};
use fruix_core::{base16, base64};
use fruix_scheme::heap::{Foreign, Tracer};
use fruix_scheme::native::{Native, Result};
use fruix_scheme::natives::args;
use fruix_scheme::{Engine, Value, native};
use std::fmt::Display;

/// The procedures.
pub static NATIVES: &[Native] = &[
    native!("hash-bytes", 2, hash_bytes),
    native!("hash-start", 1, hash_start),
    native!("hash-add!", 4, 0, false, hash_add),
    native!("hash-result", 1, hash_result),
    native!("base16-encode", 1, base16_encode),
    native!("base16-decode", 1, base16_decode),
    native!("base64-encode", 1, base64_encode),
    native!("base64-decode", 1, base64_decode),
];

/// A hash that is being computed.
struct State(Hasher);

impl Foreign for State {
    fn type_name(&self) -> &'static str {
        "hash"
    }

    fn trace(&self, _: &mut Tracer) {}
}

fn fail<T>(engine: &mut Engine, subr: &str, error: &dyn Display) -> Result<T> {
    let message = engine.heap.string(&error.to_string());
    engine.error("misc-error", subr, "~A", &[message])
}

fn algorithm(engine: &mut Engine, subr: &str, name: Value) -> Result<HashAlgorithm> {
    match engine.heap.symbol_name(name).map(str::to_owned) {
        Some(text) => text.parse().or_else(|error| fail(engine, subr, &error)),
        None => engine.wrong_type(subr, 1, name),
    }
}

/// `(hash-bytes ALGORITHM BYTES)`: the hash of a bytevector.
fn hash_bytes(engine: &mut Engine, name: Value, bytes: Value) -> Result {
    const SUBR: &str = "bytevector-hash";
    let algorithm = algorithm(engine, SUBR, name)?;
    match engine.heap.as_bytes(bytes).map(|bytes| Hash::of(algorithm, bytes)) {
        Some(hash) => Ok(engine.heap.bytevector(hash.as_bytes().to_vec())),
        None => engine.wrong_type(SUBR, 1, bytes),
    }
}

/// `(hash-start ALGORITHM)`: a hash to which bytes can be added.
fn hash_start(engine: &mut Engine, name: Value) -> Result {
    let algorithm = algorithm(engine, "open-hash-port", name)?;
    Ok(engine.heap.foreign(State(Hasher::new(algorithm))))
}

/// `(hash-add! STATE BYTES START COUNT)`.
fn hash_add(engine: &mut Engine, args: &[Value]) -> Result {
    const SUBR: &str = "hash-add!";
    let start = args::index(engine, SUBR, 3, args[2])?;
    let count = args::index(engine, SUBR, 4, args[3])?;
    let bytes = engine.heap.as_bytes(args[1]).map(|all| {
        let end = start.checked_add(count)?;
        all.get(start..end).map(<[u8]>::to_vec)
    });
    let bytes = match bytes {
        Some(Some(bytes)) => bytes,
        Some(None) => return engine.out_of_range(SUBR, 4, args[3]),
        None => return engine.wrong_type(SUBR, 2, args[1]),
    };
    match engine.heap.as_foreign_mut::<State>(args[0]) {
        Some(state) => {
            state.0.update(&bytes);
            Ok(Value::UNSPECIFIED)
        }
        None => engine.wrong_type(SUBR, 1, args[0]),
    }
}

/// `(hash-result STATE)`: the hash of what was added so far.
fn hash_result(engine: &mut Engine, state: Value) -> Result {
    match engine.heap.as_foreign::<State>(state).map(|state| state.0.clone().finish()) {
        Some(hash) => Ok(engine.heap.bytevector(hash.as_bytes().to_vec())),
        None => engine.wrong_type("hash-result", 1, state),
    }
}

fn encode(engine: &mut Engine, subr: &str, bytes: Value, f: fn(&[u8]) -> String) -> Result {
    match engine.heap.as_bytes(bytes).map(|bytes| f(bytes)) {
        Some(text) => Ok(engine.heap.string(&text)),
        None => engine.wrong_type(subr, 1, bytes),
    }
}

fn decode<E: Display>(
    engine: &mut Engine,
    subr: &str,
    text: Value,
    f: fn(&[u8]) -> std::result::Result<Vec<u8>, E>,
) -> Result {
    let text = args::string(engine, subr, 1, text)?;
    let bytes = f(text.as_bytes()).or_else(|error| fail(engine, subr, &error))?;
    Ok(engine.heap.bytevector(bytes))
}

fn base16_encode(engine: &mut Engine, bytes: Value) -> Result {
    encode(engine, "bytevector->base16-string", bytes, base16::encode)
}

fn base16_decode(engine: &mut Engine, text: Value) -> Result {
    decode(engine, "base16-string->bytevector", text, base16::decode)
}

fn base64_encode(engine: &mut Engine, bytes: Value) -> Result {
    encode(engine, "base64-encode", bytes, base64::encode)
}

fn base64_decode(engine: &mut Engine, text: Value) -> Result {
    decode(engine, "base64-decode", text, base64::decode)
}
