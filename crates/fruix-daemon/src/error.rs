// SPDX-License-Identifier: GPL-3.0-or-later
//! What can go wrong between a goal and a valid store item, as facts.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fruix_core::StorePath;
use fruix_sandbox::Outcome;

/// This crate's result.
pub type Result<T> = std::result::Result<T, Error>;

/// Why something was not built.
///
/// Store paths are given in full (`/gnu/store/…`).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// One or more derivations failed; the first is the one that failed first.
    #[error("{}", describe(.0))]
    Failed(Vec<Failure>),
    /// The builder ran and did not succeed.
    #[error("builder for `{drv}' {}{}", outcome_words(*.outcome), full_disk(*.disk_full))]
    Builder {
        /// The derivation.
        drv: String,
        /// How the builder ended.
        outcome: Outcome,
        /// Where all of its output is.
        log_file: Option<PathBuf>,
        /// The last lines of its output.
        tail: Vec<String>,
        /// Whether the disk of the store or of the build directory is full.
        disk_full: bool,
    },
    /// An output refers to what the derivation forbids.
    #[error("output `{output}' is not allowed to refer to path `{reference}' ({})", .rule.attribute())]
    ForbiddenReference {
        /// The output.
        output: String,
        /// What it refers to.
        reference: String,
        /// Which attribute forbids it.
        rule: ReferenceRule,
    },
    /// An attribute of the derivation that the daemon heeds makes no sense.
    #[error("derivation `{drv}' has an invalid `{attribute}': {reason}")]
    Attribute {
        /// The derivation.
        drv: String,
        /// The attribute, which is an environment variable.
        attribute: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// A second build made something else.
    #[error("derivation `{drv}' may not be deterministic: output `{output}' differs{}", from(.kept.as_deref()))]
    NotDeterministic {
        /// The derivation.
        drv: String,
        /// The output.
        output: String,
        /// Where the other one is, if it was to be kept.
        kept: Option<PathBuf>,
    },
    /// What is to be checked was not built yet.
    #[error("some outputs of `{drv}' are not valid, so checking is not possible")]
    NothingToCheck {
        /// The derivation.
        drv: String,
    },
    /// Something that it needs failed.
    #[error("cannot build derivation `{drv}': {count} dependencies couldn't be built")]
    Dependencies {
        /// The derivation.
        drv: String,
        /// How many of its inputs failed.
        count: usize,
    },
    /// It failed before, and failures are remembered.
    #[error("builder for `{drv}' failed previously (cached)")]
    FailedBefore {
        /// The derivation.
        drv: String,
    },
    /// It is for another kind of machine.
    #[error("a `{wanted}' is required to build `{drv}', but I am a `{system}'")]
    Platform {
        /// The derivation.
        drv: String,
        /// Its system.
        wanted: String,
        /// This machine's.
        system: String,
    },
    /// There is no such builtin builder.
    #[error("`{drv}' needs the builtin builder `{builder}', which does not exist")]
    Builtin {
        /// The derivation.
        drv: String,
        /// The builder that it names.
        builder: String,
    },
    /// Building is switched off ([`crate::BuildOptions::max_jobs`] is zero).
    #[error("cannot build `{drv}': no jobs are allowed on this machine (--max-jobs=0)")]
    NoJobs {
        /// The derivation.
        drv: String,
    },
    /// A goal is neither valid nor the output of a derivation that is there.
    #[error("don't know how to build `{path}'")]
    Unknown {
        /// The goal.
        path: String,
    },
    /// A goal or an input names an output that a derivation does not have.
    #[error("derivation `{drv}' has no output `{output}'")]
    NoSuchOutput {
        /// The derivation.
        drv: String,
        /// The output.
        output: String,
    },
    /// The derivations need each other.
    #[error("the derivations {} need each other", .drvs.join(", "))]
    Cycle {
        /// Those that could not be built for it.
        drvs: Vec<String>,
    },
    /// A mistake in this program, which has written more about it to standard error.
    #[error("the build of `{drv}' ended by a mistake in this program")]
    Panicked {
        /// The derivation.
        drv: String,
    },
    /// It was cancelled.
    #[error("the build was interrupted")]
    Cancelled,
    /// A download failed.
    #[error("cannot download `{output}': {source}")]
    Download {
        /// The output.
        output: String,
        /// Why.
        source: fruix_fetch::Error,
    },
    /// The store said no, to the outputs of a build for example.
    #[error(transparent)]
    Store(#[from] fruix_store::Error),
    /// The isolation could not be made.
    #[error(transparent)]
    Sandbox(#[from] fruix_sandbox::Error),
}

impl Error {
    /// What the system answered when ACTION was attempted on PATH, classified as the store does.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
        move |source| fruix_store::Error::io(action, path, source).into()
    }
}

/// A derivation that failed, and why.
#[derive(Debug)]
pub struct Failure {
    /// The derivation.
    pub drv: StorePath,
    /// Why. Everybody who waited for it has the same.
    pub error: Arc<Error>,
}

/// Attributes of a derivation that say what its outputs may refer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReferenceRule {
    /// `allowedReferences`: to nothing else directly.
    AllowedReferences,
    /// `allowedRequisites`: to nothing else, directly or not.
    AllowedRequisites,
    /// `disallowedReferences`: not to these directly.
    DisallowedReferences,
    /// `disallowedRequisites`: not to these, directly or not.
    DisallowedRequisites,
}

impl ReferenceRule {
    /// All of them, in the order in which guix-daemon checks them.
    pub const ALL: [Self; 4] = [
        Self::AllowedReferences,
        Self::AllowedRequisites,
        Self::DisallowedReferences,
        Self::DisallowedRequisites,
    ];

    /// The name of the environment variable.
    pub const fn attribute(self) -> &'static str {
        match self {
            Self::AllowedReferences => "allowedReferences",
            Self::AllowedRequisites => "allowedRequisites",
            Self::DisallowedReferences => "disallowedReferences",
            Self::DisallowedRequisites => "disallowedRequisites",
        }
    }

    pub(crate) const fn is_allowed_list(self) -> bool {
        matches!(self, Self::AllowedReferences | Self::AllowedRequisites)
    }

    pub(crate) const fn is_transitive(self) -> bool {
        matches!(self, Self::AllowedRequisites | Self::DisallowedRequisites)
    }
}

fn describe(failures: &[Failure]) -> String {
    failures.iter().map(|failure| failure.error.to_string()).collect::<Vec<_>>().join("; ")
}

fn outcome_words(outcome: Outcome) -> String {
    match outcome {
        Outcome::Exited(status) => format!("failed with exit code {status}"),
        Outcome::Signaled(signal) => format!("failed due to signal {signal}"),
        Outcome::TimedOut => "timed out".into(),
        Outcome::Silent => "was killed because it wrote nothing for too long".into(),
        Outcome::LogTooLong => "was killed because it wrote too much".into(),
        Outcome::Killed => "was interrupted".into(),
    }
}

fn full_disk(full: bool) -> &'static str {
    if full { " (the disk is full)" } else { "" }
}

fn from(kept: Option<&Path>) -> String {
    kept.map_or_else(String::new, |path| format!(" from `{}'", path.display()))
}
