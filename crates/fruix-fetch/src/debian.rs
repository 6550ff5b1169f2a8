// SPDX-License-Identifier: GPL-3.0-or-later
//! The source archive of a Debian-like distribution, by content.
//!
//! Its index of sources (`Sources`) lists every source file with its SHA-256. Many are upstream's
//! archives unchanged, under other names: hello's `hello_2.10.orig.tar.gz` is GNU's `hello-2.10.tar.gz`.
//! Which archives and suites there are is asked of the host's own package client.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use fruix_core::hash::{Hash, HashAlgorithm};
use lzma_rust2::XzReader;

use crate::error::{Error, Reason, Result};
use crate::fetcher::Progress;
use crate::http::Http;

/// How long a downloaded index serves before it is looked whether there is a newer one, if it lacks
/// a file.
const FRESH: Duration = Duration::from_secs(24 * 60 * 60);
/// A longer index, in bytes, is none.
const LONGEST_INDEX: u64 = 1 << 30;
/// Longer lines, in bytes, are cut: what we look for is in short ones.
const LONGEST_LINE: usize = 64 * 1024;

/// The source archive of this host's distribution.
#[derive(Debug, Clone)]
pub struct SourceArchive {
    cache: PathBuf,
    /// Asked for when first needed: the package client takes its time.
    indices: OnceLock<Vec<Index>>,
}

/// One index of sources.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Index {
    /// The root of the archive, with a slash at its end.
    root: String,
    /// Where the index is: a file that the package client keeps, or an address.
    place: Place,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    Local(PathBuf),
    Remote(String),
}

/// What an index says of a hash.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Addresses of files with that hash, and their sizes in bytes.
    pub(crate) files: Vec<(String, u64)>,
    /// Indices that could not be had, and why.
    pub(crate) failures: Vec<(String, Reason)>,
}

/// What one index says, or why it could not be had.
type Answer = std::result::Result<Vec<(String, u64)>, (String, Reason)>;

impl SourceArchive {
    /// The archive that this host's package client is configured for. Downloaded indices are kept in
    /// CACHE.
    pub fn of_host(cache: PathBuf) -> Self {
        Self { cache, indices: OnceLock::new() }
    }

    fn indices(&self) -> &[Index] {
        self.indices.get_or_init(|| {
            let (sources, packages) = (index_targets("Sources"), index_targets("Packages"));
            indices(&sources, &packages, |file| file.exists())
        })
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
        let digits = hash.to_base16();
        for index in self.indices() {
            if cancelled() {
                return Err(Error::Cancelled);
            }
            match self.search(index, &digits, http, progress, cancelled)? {
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
        index: &Index,
        digits: &str,
        http: &Http,
        progress: &mut dyn FnMut(Progress<'_>),
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Answer> {
        let url = match &index.place {
            Place::Local(file) => {
                let listed = search_local(file, digits);
                return Ok(listed.map(|f| index.addresses(f)).map_err(|e| reading(file, &e)));
            }
            Place::Remote(url) => url,
        };
        let file = self.cache.join(cache_name(url));
        if file.exists() {
            let listed = open_xz(&file).and_then(|reader| search_index(reader, digits));
            match listed {
                Ok(files) if !files.is_empty() || is_fresh(&file) => {
                    return Ok(Ok(index.addresses(files)));
                }
                // Out of date, or damaged.
                _ => {}
            }
        }
        match self.download(url, &file, http, progress, cancelled)? {
            Err(reason) => Ok(Err((url.clone(), reason))),
            Ok(()) => {
                let listed = open_xz(&file).and_then(|reader| search_index(reader, digits));
                Ok(listed.map(|f| index.addresses(f)).map_err(|e| reading(&file, &e)))
            }
        }
    }

    /// Download the index at URL to FILE, which is replaced when all of it is there.
    fn download(
        &self,
        url: &str,
        file: &Path,
        http: &Http,
        progress: &mut dyn FnMut(Progress<'_>),
        cancelled: &dyn Fn() -> bool,
    ) -> Result<std::result::Result<(), Reason>> {
        let failed = |source| Error::Write { path: file.to_path_buf(), source };
        fs::create_dir_all(&self.cache).map_err(failed)?;
        let temp = file.with_extension(format!("{}.tmp", std::process::id()));
        let mut sink = File::create(&temp).map_err(failed)?;
        progress(Progress::Trying { place: url });
        let answer = http.get(url, LONGEST_INDEX, &mut sink, &mut |received, total| {
            progress(Progress::Advanced { place: url, received, total });
            !cancelled()
        });
        let done = answer.and_then(|answer| {
            if answer.is_ok() {
                sink.flush().and_then(|()| fs::rename(&temp, file)).map_err(failed)?;
            }
            Ok(answer)
        });
        let _ = fs::remove_file(&temp);
        done
    }
}

impl Index {
    fn addresses(&self, files: Vec<Listed>) -> Vec<(String, u64)> {
        files.into_iter().map(|file| (format!("{}{}", self.root, file.path), file.size)).collect()
    }
}

/// What the package client says of its indices of KIND; nothing where there is no such client.
fn index_targets(kind: &str) -> String {
    let output = Command::new("apt-get")
        .args(["indextargets", "--format", "$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(FILENAME)"])
        .arg(format!("Created-By: {kind}"))
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output();
    output.map_or_else(|_| String::new(), |o| String::from_utf8_lossy(&o.stdout).into_owned())
}

fn reading(file: &Path, error: &io::Error) -> (String, Reason) {
    (file.display().to_string(), Reason::Network(error.to_string()))
}

/// The indices of sources, given what the package client says of its own SOURCES and PACKAGES: each
/// line root, suite, component and file, separated by bars. Where it has no index of sources, the one
/// beside its index of packages.
fn indices(sources: &str, packages: &str, exists: impl Fn(&Path) -> bool) -> Vec<Index> {
    let mut all: Vec<Index> = Vec::new();
    let mut known = Vec::new();
    for (line, local) in
        sources.lines().map(|l| (l, true)).chain(packages.lines().map(|l| (l, false)))
    {
        let fields: Vec<&str> = line.split('|').collect();
        let &[root, release, component, file] = fields.as_slice() else { continue };
        let name = (root.to_owned(), release.to_owned(), component.to_owned());
        // Flat archives have neither suites nor components.
        if known.contains(&name) || release.is_empty() || component.is_empty() {
            continue;
        }
        let root = if root.ends_with('/') { root.to_owned() } else { format!("{root}/") };
        let place = if local && exists(Path::new(file)) {
            Place::Local(file.into())
        } else {
            Place::Remote(format!("{root}dists/{release}/{component}/source/Sources.xz"))
        };
        known.push(name);
        all.push(Index { root, place });
    }
    all
}

fn cache_name(url: &str) -> String {
    format!("sources-{}.xz", &Hash::of(HashAlgorithm::Sha256, url.as_bytes()).to_base32()[..32])
}

fn is_fresh(file: &Path) -> bool {
    let age = fs::metadata(file).and_then(|meta| meta.modified()).map(|time| time.elapsed());
    matches!(age, Ok(Ok(age)) if age < FRESH)
}

fn open_xz(file: &Path) -> io::Result<impl BufRead + use<>> {
    Ok(BufReader::with_capacity(
        LONGEST_LINE,
        XzReader::new(BufReader::new(File::open(file)?), true),
    ))
}

/// Search a file of the package client's, in whichever compression it keeps it.
fn search_local(file: &Path, digits: &str) -> io::Result<Vec<Listed>> {
    let mut child = Command::new("/usr/lib/apt/apt-helper")
        .arg("cat-file")
        .arg(file)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()?;
    let output = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
    let listed = search_index(BufReader::with_capacity(LONGEST_LINE, output), digits);
    let status = child.wait()?;
    if status.success() {
        listed
    } else {
        Err(io::Error::other(format!("the package client cannot read it: {status}")))
    }
}

/// A file in an index.
#[derive(Debug, PartialEq, Eq)]
struct Listed {
    /// Its name below the root of the archive.
    path: String,
    /// Its size in bytes.
    size: u64,
}

/// Find the files whose SHA-256 is DIGITS in the index that READER yields, reading it once.
fn search_index(mut reader: impl BufRead, digits: &str) -> io::Result<Vec<Listed>> {
    let mut found = Vec::new();
    let mut paragraph = Paragraph::default();
    let mut line = Vec::new();
    loop {
        line.clear();
        let mut limited = io::Read::take(&mut reader, LONGEST_LINE as u64);
        if limited.read_until(b'\n', &mut line)? == 0 {
            paragraph.finish(&mut found);
            return Ok(found);
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end();
        if text.is_empty() {
            std::mem::take(&mut paragraph).finish(&mut found);
        } else if let Some(item) = text.strip_prefix(' ') {
            if paragraph.in_checksums {
                paragraph.file(item, digits);
            }
        } else if let Some((field, value)) = text.split_once(':') {
            paragraph.in_checksums = field.eq_ignore_ascii_case("Checksums-Sha256");
            if field.eq_ignore_ascii_case("Directory") {
                paragraph.directory = value.trim().to_owned();
            }
        }
    }
}

#[derive(Default)]
struct Paragraph {
    directory: String,
    in_checksums: bool,
    /// Names and sizes of the files with the right hash.
    files: Vec<(String, u64)>,
}

impl Paragraph {
    fn file(&mut self, item: &str, digits: &str) {
        let mut words = item.split_whitespace();
        if words.next() != Some(digits) {
            return;
        }
        if let (Some(Ok(size)), Some(name)) = (words.next().map(str::parse), words.next()) {
            self.files.push((name.to_owned(), size));
        }
    }

    fn finish(self, found: &mut Vec<Listed>) {
        let directory = self.directory;
        let path = |name: String| {
            if directory.is_empty() { name } else { format!("{directory}/{name}") }
        };
        found.extend(self.files.into_iter().map(|(name, size)| Listed { path: path(name), size }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INDEX: &str = "Package: a\nFiles:\n 31aa 1 wrong\nChecksums-Sha256:\n 00 10 a.dsc\n 31aa 725946 a.tar.gz\n\
                         Directory: pool/main/a/a\nOther: x\n\nPackage: b\nDirectory: pool/b\nChecksums-Sha256:\n 31ab 3 b\n";

    #[test]
    fn files_are_found_by_hash() {
        let find = |digits| search_index(INDEX.as_bytes(), digits).unwrap();
        let listed = |path: &str, size| Listed { path: path.into(), size };
        assert_eq!(find("31aa"), [listed("pool/main/a/a/a.tar.gz", 725_946)]);
        assert_eq!(find("31ab"), [listed("pool/b/b", 3)]);
        assert_eq!(find("77"), []);
    }

    #[test]
    fn indices_come_from_the_package_client() {
        let packages = "http://a/debian/|s|main|/l/p\nhttp://a/debian/|s|main|/l/q\nhttp://b|t|x|/l/r\nhttp://c/||| \n";
        let sources = "http://b|t|x|/l/sources\n";
        let got = indices(sources, packages, |file| file == Path::new("/l/sources"));
        let remote = "http://a/debian/dists/s/main/source/Sources.xz";
        assert_eq!(
            got,
            [
                Index { root: "http://b/".into(), place: Place::Local("/l/sources".into()) },
                Index { root: "http://a/debian/".into(), place: Place::Remote(remote.into()) },
            ]
        );
    }
}
