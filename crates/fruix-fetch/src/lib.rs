// SPDX-License-Identifier: GPL-3.0-or-later
//! Fixed-output downloads: files whose hash is known beforehand, from wherever they can be had.
//!
//! [`Fetcher::fetch`] tries, until something has the right hash:
//!
//! 1. folders of source files of the user's own (`distfiles`), by name;
//! 2. the addresses asked for, `mirror://NAME/…` among them ([`Mirrors`]);
//! 3. on Debian-like hosts, the distribution's source archive, where the index of sources knows a
//!    file with the same SHA-256 ([`SourceArchive`]);
//! 4. public servers that have files by hash.
//!
//! Because the hash decides, it does not matter who served the bytes.

mod datum;
mod error;
mod fetcher;
mod http;
mod mirrors;
mod source_archive;

pub use datum::{DatumError, parse_urls};
pub use error::{Attempt, Error, Reason, Result};
pub use fetcher::{Fetcher, Progress, Request};
pub use http::Http;
pub use mirrors::Mirrors;
pub use source_archive::SourceArchive;
