// SPDX-License-Identifier: GPL-3.0-or-later
//! `fruix derivations`: the derivations of all packages, by name. Nothing goes to the store: what 31,010 packages are
//! lowered to is ten thousands of files, and who asks this wants to compare.

use crate::args::DerivationsArgs;
use crate::error::{CommandError, Result};
use crate::{session, stores};
use std::process::ExitCode;

/// Prints a line for each package; the status is 1 if some cannot be lowered.
pub fn run(args: &DerivationsArgs) -> Result<ExitCode> {
    let store = stores::open(&args.session.store)?;
    let mut session = session::open_for_names(&store, &args.session)?;
    let failed = session
        .print_derivations(args.hidden, args.system.as_deref(), args.target.as_deref())
        .map_err(|error| session::words(error, None))?;
    if failed > 0 {
        return Err(CommandError::new(format!("{failed} packages cannot be lowered")));
    }
    Ok(ExitCode::SUCCESS)
}
