// SPDX-License-Identifier: GPL-3.0-or-later
//! Schedules and runs derivations, as guix-daemon does (`nix/libstore/build.cc`): a library, without
//! terminal, environment or sockets of its own.
//!
//! [`Scheduler`] is the way in: it has a store, and [`Scheduler::build`] makes what its [`Goal`]s name,
//! with all that these need. What happens on the way goes to an [`Observer`]; a [`Cancellation`] ends it.
//!
//! | module | its job |
//! | --- | --- |
//! | `embedded` | [`EmbeddedStore`]: store and builder in one, as others see a store |
//! | `graph` | from goals to the derivations that must be built, and in which order |
//! | `queue` | who builds what next, among all requests: pure bookkeeping |
//! | `scheduler` | [`Scheduler`]: the threads of clients and builds, around the queue |
//! | `outbox` | what happens, on its way from the threads that build to clients |
//! | `run` | one derivation: locks, validity, rounds, checks |
//! | `request` | the request to the sandbox: what a build sees |
//! | `environment` | the environment variables of a build, and reference graphs |
//! | `identity` | which user a build runs as |
//! | `references` | what outputs may refer to |
//! | `builtin` | builders that are part of fruix: downloads |
//! | `log` | build logs |
//! | `server` | [`Server`]: all of it for clients, through the worker protocol |

mod builtin;
mod cancel;
mod embedded;
mod environment;
mod error;
mod events;
mod graph;
mod identity;
mod log;
mod options;
mod outbox;
mod queue;
mod references;
mod request;
mod run;
mod scheduler;
mod server;

pub use cancel::Cancellation;
pub use embedded::EmbeddedStore;
pub use error::{Error, Failure, ReferenceRule, Result};
pub use events::{Event, LogLines, NoObserver, Observer};
pub use fruix_protocol::{BuildMode, Goal};
pub use graph::Plan;
pub use log::{find_log, open_log};
pub use options::{BuildOptions, LogCompression, Settings};
pub use scheduler::{BuildStatus, Report, Scheduler};
pub use server::{
    DEFAULT_PORT, ListenError, Listener, Place, Server, ServerOptions, status_socket,
};
