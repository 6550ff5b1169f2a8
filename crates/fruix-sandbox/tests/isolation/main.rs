// SPDX-License-Identifier: GPL-3.0-or-later
//! Asserts every row of `docs/isolation.md` on real builds, and that each assertion fails once the
//! responsible part of the isolation is left out.
//!
//! This program is also what runs inside (`probe`). As root it runs everything under a build user and
//! under an unassigned ID, and then itself once more as an ordinary user. An argument selects the tests
//! whose names contain it.

// A test's own failure may be a panic; the unsafe calls are one-liners on plain integers.
#![allow(clippy::unwrap_used, clippy::undocumented_unsafe_blocks, missing_docs)]

#[cfg(target_os = "linux")]
mod behaviour;
#[cfg(target_os = "linux")]
mod bench;
#[cfg(target_os = "linux")]
mod probe;
#[cfg(target_os = "linux")]
mod rows;

#[cfg(target_os = "linux")]
fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.first().map(String::as_str) {
        Some("probe") => probe::run(&args[1..]),
        Some("view") => behaviour::view(&args[1..]),
        Some("orphan") => behaviour::orphan(&args[1..]),
        Some("--list") => {}
        _ => bench::run_all(&args),
    }
}

#[cfg(not(target_os = "linux"))]
fn main() {
    eprintln!("SKIPPED: there is no isolation on this system yet, so none is tested");
}
