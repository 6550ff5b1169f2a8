// SPDX-License-Identifier: GPL-3.0-or-later
//! The suite for namespaces.

// A test's own failure may be a panic; the unsafe calls are one-liners on plain integers.
#![allow(clippy::unwrap_used, clippy::undocumented_unsafe_blocks)]

mod behaviour;
mod bench;
mod helpers;
mod probe;
mod rows;

/// What this program is to be this time.
pub fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let rest = args.get(1..).unwrap_or(&[]);
    match args.first().map(String::as_str) {
        Some("probe") => probe::run(rest),
        Some("view") => helpers::view(rest),
        Some("orphan") => helpers::orphan(rest),
        Some("inherit") => helpers::inherit(rest),
        Some("deprived") => helpers::deprived(rest),
        Some("--list") => {}
        _ => bench::run_all(&args),
    }
}
