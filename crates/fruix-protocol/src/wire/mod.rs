// SPDX-License-Identifier: GPL-3.0-or-later
//! The worker protocol as bytes (`guix/store.scm`, `guix/serialization.scm`; `nix/libstore/worker-protocol.hh`).
//!
//! Everything is made of 64-bit little-endian numbers and of strings, which are a length, that many bytes, and
//! zeroes up to a multiple of eight. A client greets, then sends requests, one after the other; the daemon
//! answers each with any number of [`Message`]s, of which the last says that it is done or what went wrong, and then,
//! if it is done, with the result.
//!
//! [`Reader`] and [`Writer`] work on any stream. A reader has bounds for everything that a length from
//! outside could make large, and takes memory only for bytes that have come.
//!
//! | module | what it is |
//! | --- | --- |
//! | `primitives` | numbers, strings, lists |
//! | `handshake` | greeting each other; versions |
//! | `operation` | the numbers of the operations |
//! | `request` | requests and their arguments |
//! | `options` | what `set-options` says |
//! | `message` | what the daemon says before a result: logs, data, errors |
//! | `answers` | results that are made of several values |

mod answers;
mod handshake;
mod message;
mod operation;
mod options;
mod primitives;
mod request;

pub use answers::{Substitutable, WirePathInfo};
pub use answers::{read_path_info, read_substitutables, write_path_info, write_substitutables};
pub use handshake::{Greeting, Version, accept, accept_rest, greet};
pub use message::{Message, Remote};
pub use operation::Operation;
pub use options::ClientOptions;
pub use primitives::{Limits, Reader, WireError, Writer};
pub use request::{GcRequest, GcVerb, Request, WireBuildMode};
