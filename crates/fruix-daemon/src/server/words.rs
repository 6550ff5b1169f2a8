// SPDX-License-Identifier: GPL-3.0-or-later
//! Errors in the words that guix-daemon has for them, since clients show them as they are.

use fruix_core::store_path::{StorePathError, check_name};
use fruix_store::Error;

use super::connection::Trouble;

/// What a client is told of ERROR.
pub(super) fn of_store(error: &Error) -> String {
    match error {
        Error::Alive { path } => format!("cannot delete path `{path}' since it is still alive"),
        Error::InUse { path, referrers } => {
            let quoted: Vec<String> = referrers.iter().map(|path| format!("`{path}'")).collect();
            format!("cannot delete path `{path}' because it is in use by {}", quoted.join(", "))
        }
        error => error.to_string(),
    }
}

/// Refuse NAME if no item can have it (`checkStoreName`).
pub(super) fn checked_name(name: &str) -> Result<(), Trouble> {
    check_name(name).map_err(|error| {
        Trouble::refused(match error {
            StorePathError::LeadingDot { name } => {
                format!("invalid name: `{name}' (can't begin with dot)")
            }
            StorePathError::InvalidCharacter { name, character } => {
                format!("invalid character `{character}' in name `{name}'")
            }
            error => error.to_string(),
        })
    })
}
