// SPDX-License-Identifier: GPL-3.0-or-later
//! Data types that are neither numbers nor text: what they are and what can be done with them in
//! Rust. The procedures that show them to Scheme are in `natives/`.

pub mod arrays;
pub mod bytes;
pub mod char_sets;
pub mod equality;
pub mod hash_tables;
pub mod observed_hash;
pub mod regexps;
pub mod structs;
