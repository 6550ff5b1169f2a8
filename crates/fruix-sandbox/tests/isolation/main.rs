// SPDX-License-Identifier: GPL-3.0-or-later
//! Asserts every row of `docs/isolation.md` on real builds, and that each assertion fails once the
//! responsible part of the isolation is left out.
//!
//! This program is also what runs inside (`probe`). As root it runs everything under a build user and
//! under an unassigned ID, and then itself once more as an ordinary user. An argument selects the tests
//! whose names contain it.

#[cfg(target_os = "linux")]
mod linux;

fn main() {
    #[cfg(target_os = "linux")]
    linux::main();
    #[cfg(not(target_os = "linux"))]
    eprintln!("SKIPPED: there is no isolation on this system yet, so none is tested");
}
