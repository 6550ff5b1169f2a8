// SPDX-License-Identifier: GPL-3.0-or-later
//! What third-party Guile libraries offer, as modules of the engine under the same names.
//!
//! GNU Guix loads such libraries through Guile's foreign function interface. Here each has two
//! halves: natives in a module `(fruix bindings …)`, made of Rust crates, and a Scheme file at the
//! library's own place (`scheme/gcrypt/hash.scm`), which gives them the library's interface. They
//! come before files of the same name on the load path, which would look for C libraries.

mod library {
    include!(concat!(env!("OUT_DIR"), "/library.rs"));
}

pub mod hash;
pub mod random;

use fruix_scheme::Engine;
use fruix_scheme::native::Result;

/// Makes the bindings' modules in ENGINE.
///
/// # Errors
/// When there is a broken module of such a name.
pub fn install(engine: &mut Engine) -> Result<()> {
    fruix_scheme::library::add_first(library::FILES);
    engine.define_native_module("fruix bindings hash", hash::NATIVES)?;
    engine.define_native_module("fruix bindings random", random::NATIVES)
}
