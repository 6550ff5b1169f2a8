// SPDX-License-Identifier: GPL-3.0-or-later
//! [`Fetcher`]: where to look for a file, and in which order.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use fruix_core::hash::{Hash, HashAlgorithm, Hasher};
use fruix_core::nar::NarWriter;
use fruix_core::store_path::HashMethod;

use crate::error::{Attempt, Error, Reason, Result};
use crate::http::Http;
use crate::mirrors::Mirrors;
use crate::source_archive::SourceArchive;

/// A longer file, in bytes, is nothing that anybody asked for.
const LONGEST: u64 = 64 << 30;

/// A file to be had.
#[derive(Debug, Clone)]
pub struct Request {
    /// Where it may be.
    pub urls: Vec<String>,
    /// What it is called in the store, and in folders.
    pub name: String,
    /// What its hash is of.
    pub method: HashMethod,
    /// Its hash.
    pub hash: Hash,
    /// Whether it becomes executable; its hash is then that of an archive.
    pub executable: bool,
    /// Mirrors that are preferred to those that the fetcher knows.
    pub mirrors: Mirrors,
}

/// How a download advances.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Progress<'a> {
    /// This place is tried now: an address, or a file name.
    Trying {
        /// The place.
        place: &'a str,
    },
    /// So many bytes have come.
    Advanced {
        /// From where.
        place: &'a str,
        /// How many.
        received: u64,
        /// Of how many, if that is known.
        total: Option<u64>,
    },
    /// It did not come from there.
    Failed {
        /// From where.
        place: &'a str,
        /// Why not.
        reason: &'a Reason,
    },
    /// It is complete and right.
    Complete {
        /// From where.
        place: &'a str,
        /// Its size in bytes.
        size: u64,
    },
}

/// Gets files by their hashes.
#[derive(Debug, Default)]
pub struct Fetcher {
    /// Folders of the user's that may have the file under its name.
    pub distfiles: Vec<PathBuf>,
    /// What `mirror://NAME/` stands for.
    pub mirrors: Mirrors,
    /// The distribution's source archive.
    pub archive: Option<SourceArchive>,
    /// Whether to ask public servers that have files by hash.
    pub public_servers: bool,
    /// What downloads.
    pub http: Http,
}

impl Fetcher {
    /// The fetcher of this host: with its package client's mirrors and source archive, the index of
    /// which is kept in CACHE, and the user's folders DISTFILES.
    pub fn for_host(cache: PathBuf, distfiles: Vec<PathBuf>) -> Self {
        let mut mirrors = Mirrors::known();
        mirrors.prefer("debian", fruix_distro::mirrors(Path::new("/")));
        let archive = Some(SourceArchive::of_host(cache));
        Self { distfiles, mirrors, archive, public_servers: true, http: Http::new() }
    }

    /// Make the file TARGET, which does not exist, from wherever REQUEST's file can be had, telling
    /// PROGRESS. CANCELLED is asked now and then whether to end.
    ///
    /// # Errors
    /// [`Error::NotFound`] or [`Error::HashMismatch`] list what was tried; there is no file then.
    pub fn fetch(
        &self,
        request: &Request,
        target: &Path,
        progress: &mut dyn FnMut(Progress<'_>),
        cancelled: &dyn Fn() -> bool,
    ) -> Result<()> {
        let mut quest =
            Quest { fetcher: self, request, target, progress, cancelled, attempts: vec![] };
        let result = quest.run();
        if result.is_err() {
            let _ = fs::remove_file(target);
        }
        result
    }
}

struct Quest<'a> {
    fetcher: &'a Fetcher,
    request: &'a Request,
    target: &'a Path,
    progress: &'a mut dyn FnMut(Progress<'_>),
    cancelled: &'a dyn Fn() -> bool,
    attempts: Vec<Attempt>,
}

impl Quest<'_> {
    fn run(&mut self) -> Result<()> {
        for place in self.local_files() {
            if self.try_file(&place)? {
                return Ok(());
            }
        }
        for url in self.request.urls.clone() {
            for address in self.addresses(&url) {
                if self.try_address(&address, LONGEST)? {
                    return Ok(());
                }
            }
        }
        if self.try_archive()? {
            return Ok(());
        }
        for address in self.public_addresses() {
            if self.try_address(&address, LONGEST)? {
                return Ok(());
            }
        }
        Err(self.failure())
    }

    fn failure(&mut self) -> Error {
        let attempts = std::mem::take(&mut self.attempts);
        let (name, expected) = (self.request.name.clone(), Box::new(self.request.hash));
        let other = attempts.iter().find_map(|attempt| match attempt.reason {
            Reason::Hash(actual) => Some((attempt.place.clone(), Box::new(actual))),
            _ => None,
        });
        match other {
            Some((address, actual)) => {
                Error::HashMismatch { name, address, expected, actual, attempts }
            }
            None => Error::NotFound { name, attempts },
        }
    }

    /// Note that PLACE was of no use.
    fn failed(&mut self, place: &str, reason: Reason) -> bool {
        (self.progress)(Progress::Failed { place, reason: &reason });
        self.attempts.push(Attempt { place: place.to_owned(), reason });
        false
    }

    /// Files in the folders that bear the name of the request, or of one of its addresses.
    fn local_files(&self) -> Vec<PathBuf> {
        let mut names = vec![self.request.name.as_str()];
        for url in &self.request.urls {
            let name = url.rsplit('/').next().unwrap_or_default();
            if !name.is_empty() && name != ".." && !names.contains(&name) {
                names.push(name);
            }
        }
        let folders = self.fetcher.distfiles.iter();
        let files = folders.flat_map(|folder| names.iter().map(|name| folder.join(name)));
        files.filter(|file| file.is_file()).collect()
    }

    fn try_file(&mut self, file: &Path) -> Result<bool> {
        let place = file.display().to_string();
        (self.progress)(Progress::Trying { place: &place });
        let mut source = match File::open(file) {
            Ok(source) => source,
            Err(e) => return Ok(self.failed(&place, Reason::Network(e.to_string()))),
        };
        let mut sink = self.create()?;
        io::copy(&mut source, &mut sink).map_err(|e| self.write_error(e))?;
        drop(sink);
        self.accept(&place)
    }

    /// What ADDRESS stands for: itself, or one for each mirror. What cannot be downloaded is noted.
    fn addresses(&mut self, address: &str) -> Vec<String> {
        let refuse = |reason| (address.to_owned(), Reason::Unsupported(reason));
        let (place, reason) = match address.split_once("://") {
            Some(("http" | "https", _)) => return vec![address.to_owned()],
            Some(("mirror", rest)) => {
                let (name, path) = rest.split_once('/').unwrap_or((rest, ""));
                let mut found = self.request.mirrors.expand(name, path);
                // What the host says of a mirror comes before what everybody knows.
                let own = self.fetcher.mirrors.expand(name, path);
                found.retain(|address| !own.contains(address));
                let all: Vec<String> = own.into_iter().chain(found).collect();
                if !all.is_empty() {
                    return all.iter().flat_map(|address| self.addresses(address)).collect();
                }
                (address.to_owned(), Reason::NoMirror)
            }
            Some(("ftp", _)) => refuse("FTP is not supported"),
            Some(("file", _)) => refuse("it is a local file"),
            _ => refuse("not an address that can be downloaded"),
        };
        self.failed(&place, reason);
        vec![]
    }

    fn try_address(&mut self, address: &str, limit: u64) -> Result<bool> {
        if (self.cancelled)() {
            return Err(Error::Cancelled);
        }
        (self.progress)(Progress::Trying { place: address });
        let mut sink = self.create()?;
        let (progress, cancelled) = (&mut *self.progress, self.cancelled);
        let answer = self.fetcher.http.get(address, limit, &mut sink, &mut |received, total| {
            progress(Progress::Advanced { place: address, received, total });
            !cancelled()
        });
        drop(sink);
        match answer {
            Ok(Ok(())) => self.accept(address),
            Ok(Err(reason)) => Ok(self.failed(address, reason)),
            Err(Error::Write { source, .. }) => Err(self.write_error(source)),
            Err(error) => Err(error),
        }
    }

    fn try_archive(&mut self) -> Result<bool> {
        let Some(archive) = &self.fetcher.archive else { return Ok(false) };
        let flat = self.request.method == HashMethod::Flat;
        if !flat || self.request.hash.algorithm() != HashAlgorithm::Sha256 {
            return Ok(false);
        }
        let http = &self.fetcher.http;
        let found = archive.find(&self.request.hash, http, self.progress, self.cancelled)?;
        if archive.is_empty() {
            return Ok(false);
        }
        let listed = !found.files.is_empty();
        for (place, reason) in found.failures {
            self.failed(&place, reason);
        }
        for file in found.files {
            if self.try_address(&file.place, file.size)? {
                return Ok(true);
            }
        }
        if !listed {
            self.failed("the distribution's source archive", Reason::NotListed);
        }
        Ok(false)
    }

    /// Servers that have files by hash, as Guix's `%content-addressed-mirrors` lists them.
    fn public_addresses(&self) -> Vec<String> {
        if !self.fetcher.public_servers || self.request.method != HashMethod::Flat {
            return vec![];
        }
        let Request { name, hash, .. } = self.request;
        let (algorithm, base32, base16) = (hash.algorithm(), hash.to_base32(), hash.to_base16());
        vec![
            format!("https://bordeaux.guix.gnu.org/file/{name}/{algorithm}/{base32}"),
            format!("https://ci.guix.gnu.org/file/{name}/{algorithm}/{base32}"),
            format!("https://tarballs.nixos.org/{algorithm}/{base32}"),
            format!("https://archive.softwareheritage.org/api/1/content/{algorithm}:{base16}/raw/"),
        ]
    }

    fn create(&self) -> Result<File> {
        let _ = fs::remove_file(self.target);
        File::create_new(self.target).map_err(|e| self.write_error(e))
    }

    fn write_error(&self, source: io::Error) -> Error {
        Error::Write { path: self.target.to_path_buf(), source }
    }

    /// Check the hash of what came from PLACE.
    fn accept(&mut self, place: &str) -> Result<bool> {
        let (actual, size) = self.hash().map_err(|e| self.write_error(e))?;
        if actual != self.request.hash {
            return Ok(self.failed(place, Reason::Hash(actual)));
        }
        if self.request.executable {
            fs::set_permissions(self.target, fs::Permissions::from_mode(0o755))
                .map_err(|e| self.write_error(e))?;
        }
        (self.progress)(Progress::Complete { place, size });
        Ok(true)
    }

    fn hash(&self) -> io::Result<(Hash, u64)> {
        let mut file = File::open(self.target)?;
        let size = file.metadata()?.len();
        let mut hasher = Hasher::new(self.request.hash.algorithm());
        match self.request.method {
            HashMethod::Flat => {
                io::copy(&mut file, &mut hasher)?;
            }
            HashMethod::Recursive => {
                archive(&mut file, size, self.request.executable, &mut hasher)?;
            }
        }
        Ok((hasher.finish(), size))
    }
}

/// Write the archive of FILE, which has SIZE bytes, to SINK.
fn archive(file: &mut File, size: u64, executable: bool, sink: &mut dyn Write) -> io::Result<()> {
    let mut writer = NarWriter::new(sink).map_err(io::Error::other)?;
    writer.regular(executable, size).map_err(io::Error::other)?;
    let mut block = vec![0; 64 * 1024];
    loop {
        match file.read(&mut block)? {
            0 => break,
            count => writer.chunk(&block[..count]).map_err(io::Error::other)?,
        }
    }
    writer.finish().map(drop).map_err(io::Error::other)
}
