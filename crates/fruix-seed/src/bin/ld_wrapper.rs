// SPDX-License-Identifier: GPL-3.0-or-later
//! `fruix-ld-wrapper`: installed as `ld` in front of the real one.
//!
//! The name of the real linker is written over [`REAL_LD`] when the wrapper's store item is made (the recipe's
//! `fill` step): there is no shell in between, and nothing to look up at run time.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use fruix_seed::ld_wrapper::{Settings, extra_arguments};
use fruix_seed::universe::{LD_MARKER, LD_SLOT};

/// The slot: the marker and zeros, until it is filled.
static REAL_LD: [u8; LD_SLOT] = slot();

const fn slot() -> [u8; LD_SLOT] {
    let mut slot = [0; LD_SLOT];
    let marker = LD_MARKER.as_bytes();
    let mut index = 0;
    while index < marker.len() {
        slot[index] = marker[index];
        index += 1;
    }
    slot
}

fn real_ld() -> OsString {
    // The compiler must not assume that the slot still holds what it was compiled with.
    let slot: &[u8; LD_SLOT] = std::hint::black_box(&REAL_LD);
    let end = slot.iter().position(|&byte| byte == 0).unwrap_or(LD_SLOT);
    OsStr::from_bytes(&slot[..end]).to_owned()
}

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let (settings, warning) = Settings::new(&|name| std::env::var_os(name));
    if let Some(warning) = warning {
        eprintln!("ld-wrapper: {warning}");
    }
    let extra = match extra_arguments(&arguments, &settings) {
        Ok(extra) => extra,
        Err(error) => {
            eprintln!("ld-wrapper: error: {error}");
            return ExitCode::FAILURE;
        }
    };
    let ld = real_ld();
    if settings.debug {
        eprintln!("ld-wrapper: invoking {ld:?} with {arguments:?} and {extra:?}");
    }
    let error = Command::new(&ld).arg0("ld").args(arguments).args(extra).exec();
    eprintln!("ld-wrapper: error: cannot run {ld:?}: {error}");
    ExitCode::FAILURE
}
