// SPDX-License-Identifier: GPL-3.0-or-later
//! The formats of the Guix store, pure and without input or output.
//!
//! Everything here is a function of its arguments: nothing opens a file, reads the environment or
//! knows where the store is. Parsers take bytes as they come (`feed`), hold memory that does not
//! depend on the size of what passes through them, and stop at stated bounds.
//!
//! | module | what it knows |
//! | --- | --- |
//! | [`hash`] | the hash algorithms of Guix, hashes and their textual forms |
//! | [`base16`], [`base32`], [`base64`] | those textual forms |
//! | [`store_path`] | names below the store directory and how they are computed |
//! | [`derivation`] | `.drv` files, their hashes "modulo" and their output paths |
//! | [`nar`] | archives: a writer and a push parser |
//! | [`system`] | system types |
//! | [`signature`] | s-expressions of libgcrypt, keys, signatures of archives, who may sign |
//! | [`references`] | finding the hash parts of store paths in a stream of bytes |

pub mod base16;
pub mod base32;
pub mod base64;
pub mod derivation;
pub mod hash;
pub mod nar;
pub mod references;
pub mod signature;
pub mod store_path;
pub mod system;

pub use derivation::{Derivation, DerivationHash};
pub use hash::{Hash, HashAlgorithm, Hasher};
pub use store_path::{HashPart, StoreDir, StorePath};
pub use system::System;
