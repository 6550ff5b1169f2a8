// SPDX-License-Identifier: GPL-3.0-or-later
//! Real builds in stores of their own, with a static program as the builder.
//!
//! As root everything runs under build users (or unassigned IDs where there are none) and once more as
//! an ordinary user. An argument selects the tests whose names contain it.

#![allow(clippy::unwrap_used)] // in helpers of tests, too

#[cfg(target_os = "linux")]
mod attacks;
#[cfg(target_os = "linux")]
mod bench;
#[cfg(target_os = "linux")]
mod downloads;
#[cfg(target_os = "linux")]
mod helpers;
#[cfg(target_os = "linux")]
mod oracle;
#[cfg(target_os = "linux")]
mod outputs;
#[cfg(target_os = "linux")]
mod processes;
#[cfg(target_os = "linux")]
mod scheduling;

fn main() {
    #[cfg(target_os = "linux")]
    bench::main();
    #[cfg(not(target_os = "linux"))]
    eprintln!("SKIPPED: builds are not isolated on this system yet, so none is tested");
}
