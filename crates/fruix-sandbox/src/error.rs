// SPDX-License-Identifier: GPL-3.0-or-later
//! What can go wrong before the isolated program runs. Each error names the step that failed, and,
//! where it is known, what is missing on this machine.

use std::io;
use std::path::PathBuf;

/// This crate's result.
pub type Result<T> = std::result::Result<T, Error>;

/// Why an isolated program was not started, or could not be followed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// One step of making the isolation failed; nothing was run.
    #[error("cannot isolate the build: {step}: {source}{}", hint(.missing))]
    Step {
        /// What was being done, such as ``mounting /proc``.
        step: String,
        /// What the system answered.
        source: io::Error,
        /// What this machine probably lacks, as the end of a sentence.
        missing: Option<&'static str>,
    },
    /// Everything was set up, but the program itself could not be executed.
    #[error("executing `{}': {source}", program.display())]
    Exec {
        /// The program, as seen inside.
        program: PathBuf,
        /// What the system answered.
        source: io::Error,
    },
    /// A file or directory that the request wants inside does not exist or cannot be examined.
    #[error("cannot make `{}' visible in the build: {source}", path.display())]
    Source {
        /// The file name on the host.
        path: PathBuf,
        /// What the system answered.
        source: io::Error,
    },
    /// The request contradicts itself or this process's privileges.
    #[error("invalid isolation request: {0}")]
    Request(String),
    /// [`crate::StoreView::exec`] was called in a process with several threads.
    #[error(
        "the store cannot be shown in this process because it has {threads} threads; it must have one"
    )]
    Threads {
        /// How many threads there are.
        threads: usize,
    },
    /// Waiting for the program or reading its output failed.
    #[error("{what}: {source}")]
    Io {
        /// What was being done.
        what: &'static str,
        /// What the system answered.
        source: io::Error,
    },
    /// This system has no backend yet.
    #[error("isolated builds are not yet supported on {0}")]
    NotYet(&'static str),
}

fn hint(missing: &Option<&'static str>) -> String {
    missing.map_or_else(String::new, |m| format!(" ({m})"))
}
