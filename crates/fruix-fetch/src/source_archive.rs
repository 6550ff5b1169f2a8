// SPDX-License-Identifier: GPL-3.0-or-later
//! The source archive of the host's distribution, by content.
//!
//! Its indices come from the host's package client ([`fruix_distro::source_indices`]); those that the client does not
//! keep are downloaded and kept here.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use fruix_core::hash::{Hash, HashAlgorithm};
use fruix_distro::{Place, Replacement, SourceFile, SourceIndex};

use crate::error::{Error, Reason, Result};
use crate::fetcher::Progress;
use crate::http::Http;

/// How long a downloaded index serves before it is looked whether there is a newer one, if it lacks
/// a file.
const FRESH: Duration = Duration::from_secs(24 * 60 * 60);
/// A longer index, in bytes, is none.
const LONGEST_INDEX: u64 = 1 << 30;

/// The source archive of this host's distribution.
#[derive(Debug, Clone)]
pub struct SourceArchive {
    cache: PathBuf,
    /// Asked for when first needed: the package client takes its time.
    indices: OnceLock<Vec<SourceIndex>>,
}

/// What the indices say of a hash.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// The files with that hash.
    pub(crate) files: Vec<SourceFile>,
    /// Indices that could not be had, and why.
    pub(crate) failures: Vec<(String, Reason)>,
}

/// Files that one index lists, or why it could not be had.
type Answer = std::result::Result<Vec<SourceFile>, (String, Reason)>;

impl SourceArchive {
    /// The archive that this host's package client is configured for. Downloaded indices are kept in
    /// CACHE.
    pub fn of_host(cache: PathBuf) -> Self {
        Self { cache, indices: OnceLock::new() }
    }

    fn indices(&self) -> &[SourceIndex] {
        self.indices.get_or_init(fruix_distro::source_indices)
    }

    /// Whether the package client knows of no archive, or there is none.
    pub fn is_empty(&self) -> bool {
        self.indices().is_empty()
    }

    /// Find the files whose SHA-256 is HASH.
    pub(crate) fn find(
        &self,
        hash: &Hash,
        http: &Http,
        progress: &mut dyn FnMut(Progress<'_>),
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Found> {
        let mut found = Found::default();
        for index in self.indices() {
            if cancelled() {
                return Err(Error::Cancelled);
            }
            match self.search(index, hash, http, progress, cancelled)? {
                Ok(files) => found.files.extend(files),
                Err(failure) => found.failures.push(failure),
            }
            if !found.files.is_empty() {
                break;
            }
        }
        Ok(found)
    }

    fn search(
        &self,
        index: &SourceIndex,
        hash: &Hash,
        http: &Http,
        progress: &mut dyn FnMut(Progress<'_>),
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Answer> {
        let look_up = |copy: &Path| {
            let wrong = |e: std::io::Error| Reason::Network(e.to_string());
            index.look_up(copy, hash).map_err(|e| (copy.display().to_string(), wrong(e)))
        };
        let url = match index.place() {
            Place::Local(file) => return Ok(look_up(file)),
            Place::Remote(url) => url,
        };
        let file = self.cache.join(cache_name(url));
        if file.exists() {
            match look_up(&file) {
                Ok(files) if !files.is_empty() || is_fresh(&file) => return Ok(Ok(files)),
                // Out of date, or damaged.
                _ => {}
            }
        }
        match download(url, &file, http, progress, cancelled)? {
            Err(reason) => Ok(Err((url.clone(), reason))),
            Ok(()) => Ok(look_up(&file)),
        }
    }
}

/// Download the index at URL to FILE, which is replaced when all of it is there.
fn download(
    url: &str,
    file: &Path,
    http: &Http,
    progress: &mut dyn FnMut(Progress<'_>),
    cancelled: &dyn Fn() -> bool,
) -> Result<std::result::Result<(), Reason>> {
    let failed = |source| Error::Write { path: file.to_path_buf(), source };
    let mut sink = Replacement::of(file).map_err(failed)?;
    progress(Progress::Trying { place: url });
    let answer = http.get(url, LONGEST_INDEX, &mut sink, &mut |received, total| {
        progress(Progress::Advanced { place: url, received, total });
        !cancelled()
    });
    match answer {
        Ok(Ok(())) => sink.commit().map(Ok).map_err(failed),
        Err(Error::Write { source, .. }) => Err(failed(source)),
        other => other,
    }
}

fn cache_name(url: &str) -> String {
    format!("sources-{}.xz", &Hash::of(HashAlgorithm::Sha256, url.as_bytes()).to_base32()[..32])
}

fn is_fresh(file: &Path) -> bool {
    let age = fs::metadata(file).and_then(|meta| meta.modified()).map(|time| time.elapsed());
    matches!(age, Ok(Ok(age)) if age < FRESH)
}
