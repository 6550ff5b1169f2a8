// SPDX-License-Identifier: GPL-3.0-or-later
//! Schedules and runs derivations, as guix-daemon does (`nix/libstore/build.cc`): a library, without
//! terminal, environment or sockets of its own.
//!
//! [`Builder`] is the way in: it has a store, and [`Builder::build`] makes what its [`Goal`]s name,
//! with all that these need. What happens on the way goes to an [`Observer`]; a [`Cancellation`] ends it.
//!
//! | module | its job |
//! | --- | --- |
//! | `graph` | from goals to the derivations that must be built, and in which order |
//! | `scheduler` | [`Builder`]: worker threads, waiting for other processes, keeping going |
//! | `run` | one derivation: locks, validity, rounds, checks |
//! | `request` | the request to the sandbox: what a build sees |
//! | `environment` | the environment variables of a build, and reference graphs |
//! | `identity` | which user a build runs as |
//! | `references` | what outputs may refer to |
//! | `builtin` | builders that are part of fruix: downloads |
//! | `log` | build logs |
//! | `platform` | which systems this machine can build for |

mod builtin;
mod cancel;
mod environment;
mod error;
mod events;
mod graph;
mod identity;
mod log;
mod options;
mod platform;
mod references;
mod request;
mod run;
mod scheduler;

pub use cancel::Cancellation;
pub use error::{Error, Failure, ReferenceRule, Result};
pub use events::{Event, LogLines, NoObserver, Observer};
pub use graph::{Goal, Plan};
pub use log::{find_log, open_log};
pub use options::{BuildMode, BuildOptions, Settings};
pub use platform::{native_system, supported};
pub use scheduler::{Builder, Report};
