// SPDX-License-Identifier: GPL-3.0-or-later
//! The Scheme engine: reader → expander → core forms → bytecode → machine, over one heap.
//!
//! See `docs/ARCHITECTURE.md`, "The engine", for how the rooms hang together.

pub mod compile;
pub mod machine;
pub mod natives;
pub mod engine;
pub mod heap;
pub mod native;
pub mod number;
pub mod string;
pub mod expand;
pub mod modules;
pub mod source;
pub mod tree;
pub mod value;

pub use engine::Engine;
pub use value::Value;
