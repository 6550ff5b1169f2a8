// SPDX-License-Identifier: GPL-3.0-or-later
//! The static programs that builds run, as bytes: `build.rs` makes them, `fruix` carries them.
//!
//! They are empty in a build with `FRUIX_NO_EMBED` set, which is for checks that only look at types.

/// Runs the builder side of derivations.
pub const BUILDER: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/fruix-builder"));
/// Unpacks and relocates distribution packages.
pub const RELOCATE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/fruix-relocate"));
/// The linker wrapper of the seed.
pub const LD_WRAPPER: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/fruix-ld-wrapper"));
