// SPDX-License-Identifier: GPL-3.0-or-later
//! The Scheme engine: reader → expander → core forms → bytecode → machine, over one heap.
//!
//! See `docs/ARCHITECTURE.md`, "The engine", for how the rooms hang together.

pub mod cache;
pub mod command;
mod compile;
mod data;
pub use data::regexps;
mod defer;
pub mod engine;
mod expand;
pub mod heap;
pub mod interactive;
pub mod library;
mod machine;
pub mod modules;
pub mod native;
pub mod natives;
mod numbers;
pub mod ports;
mod printer;
mod reader;
pub mod report;
mod source;
mod string;
mod sys;
mod tree;
pub mod value;

pub use engine::Engine;
pub use value::Value;
