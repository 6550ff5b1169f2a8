// SPDX-License-Identifier: GPL-3.0-or-later
//! The Scheme engine: reader → expander → core forms → bytecode → machine, over one heap.
//!
//! See `docs/ARCHITECTURE.md`, "The engine", for how the rooms hang together.

pub mod command;
pub mod compile;
pub mod data;
pub mod engine;
pub mod expand;
pub mod heap;
pub mod interactive;
pub mod library;
pub mod machine;
pub mod modules;
pub mod native;
pub mod natives;
pub mod number;
pub mod numbers;
pub mod ports;
pub mod printer;
pub mod reader;
pub mod report;
pub mod source;
pub mod string;
pub mod sys;
pub mod tree;
pub mod value;

pub use engine::Engine;
pub use value::Value;
