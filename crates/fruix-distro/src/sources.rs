// SPDX-License-Identifier: GPL-3.0-or-later
//! The indices of sources (`Sources`): every file of the distribution's source archive with its SHA-256.
//!
//! Many are upstream's archives unchanged, under other names: hello's `hello_2.10.orig.tar.gz` is GNU's
//! `hello-2.10.tar.gz`. Which archives and suites there are is asked of the host's package client.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use fruix_core::hash::Hash;
use lzma_rust2::XzReader;

use crate::client::Apt;
use crate::deb822::{Line, Reader};

/// A longer index, in bytes once unpacked, is none: they have some hundred megabytes.
const LONGEST_INDEX: u64 = 8 << 30;
/// How much is read at once, in bytes.
const BLOCK: usize = 64 * 1024;

/// One index of sources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceIndex {
    /// The root of the archive, with a slash at its end.
    root: String,
    place: Place,
}

/// Where an index is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A file that the package client keeps, in whichever compression.
    Local(PathBuf),
    /// An address of its xz form, which the client does not keep.
    Remote(String),
}

/// A file of a source archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Its address, or, from [`search`], its place below the root of the archive.
    pub place: String,
    /// Its size in bytes.
    pub size: u64,
}

/// The indices that this host's package client is configured for; none where there is no such client.
pub fn source_indices() -> Vec<SourceIndex> {
    let targets = |kind: &str| {
        let format = "$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(FILENAME)";
        let words = ["indextargets", "--format", format, &format!("Created-By: {kind}")];
        Apt::host().run("apt-get", &words).unwrap_or_default()
    };
    indices(&targets("Sources"), &targets("Packages"), Path::exists)
}

/// The indices of sources, given what the package client says of its own SOURCES and PACKAGES: each
/// line root, suite, component and file, separated by bars. Where it has no index of sources, the one
/// beside its index of packages.
fn indices(sources: &str, packages: &str, exists: impl Fn(&Path) -> bool) -> Vec<SourceIndex> {
    let mut all: Vec<SourceIndex> = Vec::new();
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
        all.push(SourceIndex { root, place });
    }
    all
}

impl SourceIndex {
    /// Where it is.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The addresses of the files whose SHA-256 is HASH, from COPY: the client's own file, or a download of the
    /// remote index.
    ///
    /// # Errors
    /// Those of reading and unpacking COPY.
    pub fn look_up(&self, copy: &Path, hash: &Hash) -> io::Result<Vec<SourceFile>> {
        let mut found = match self.place {
            Place::Local(_) => search_kept(copy, hash)?,
            Place::Remote(_) => {
                let packed = BufReader::new(File::open(copy)?);
                let unpacked = XzReader::new(packed, true).take(LONGEST_INDEX);
                search(BufReader::with_capacity(BLOCK, unpacked), hash)?
            }
        };
        for file in &mut found {
            file.place.insert_str(0, &self.root);
        }
        Ok(found)
    }
}

/// Search a file of the package client's, in whichever compression it keeps it.
fn search_kept(file: &Path, hash: &Hash) -> io::Result<Vec<SourceFile>> {
    let mut child = Command::new("/usr/lib/apt/apt-helper")
        .arg("cat-file")
        .arg(file)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()?;
    let output = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
    let found = search(BufReader::with_capacity(BLOCK, output), hash);
    let status = child.wait()?;
    if status.success() {
        found
    } else {
        Err(io::Error::other(format!("the package client cannot read it: {status}")))
    }
}

/// Find the files whose SHA-256 is HASH in the index that SOURCE yields, reading it once.
///
/// # Errors
/// Those of SOURCE.
pub fn search(source: impl BufRead, hash: &Hash) -> io::Result<Vec<SourceFile>> {
    let digits = hash.to_base16();
    let mut reader = Reader::new(source);
    let mut found = Vec::new();
    let mut package = Package::default();
    while let Some(line) = reader.next_line()? {
        match line {
            Line::Blank => std::mem::take(&mut package).finish(&mut found),
            Line::More(item) if package.in_checksums => package.file(item, &digits),
            Line::More(_) => (),
            Line::Field(field, value) => {
                package.in_checksums = field.eq_ignore_ascii_case("Checksums-Sha256");
                if field.eq_ignore_ascii_case("Directory") {
                    package.directory = value.to_owned();
                }
            }
        }
    }
    package.finish(&mut found);
    Ok(found)
}

/// A paragraph of the index, as far as it has been read.
#[derive(Default)]
struct Package {
    directory: String,
    in_checksums: bool,
    /// The files with the right hash.
    files: Vec<SourceFile>,
}

impl Package {
    fn file(&mut self, item: &str, digits: &str) {
        let mut words = item.split_whitespace();
        if words.next() != Some(digits) {
            return;
        }
        if let (Some(Ok(size)), Some(name)) = (words.next().map(str::parse), words.next()) {
            self.files.push(SourceFile { place: name.to_owned(), size });
        }
    }

    fn finish(mut self, found: &mut Vec<SourceFile>) {
        if !self.directory.is_empty() {
            for file in &mut self.files {
                file.place = format!("{}/{}", self.directory, file.place);
            }
        }
        found.append(&mut self.files);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_by_hash() {
        let (a, b) = (Hash::sha256(b"a"), Hash::sha256(b"b"));
        let index = format!(
            "Package: a\nFiles:\n {0} 1 wrong\nChecksums-Sha256:\n 00 10 a.dsc\n {0} 725946 a.tar.gz\n\
             Directory: pool/main/a/a\nOther: x\n\nPackage: b\nDirectory: pool/b\nChecksums-Sha256:\n {1} 3 b\n",
            a.to_base16(),
            b.to_base16()
        );
        let find = |hash| search(index.as_bytes(), hash).unwrap();
        let listed = |place: &str, size| SourceFile { place: place.into(), size };
        assert_eq!(find(&a), [listed("pool/main/a/a/a.tar.gz", 725_946)]);
        assert_eq!(find(&b), [listed("pool/b/b", 3)]);
        assert_eq!(find(&Hash::sha256(b"c")), []);
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
                SourceIndex { root: "http://b/".into(), place: Place::Local("/l/sources".into()) },
                SourceIndex {
                    root: "http://a/debian/".into(),
                    place: Place::Remote(remote.into())
                },
            ]
        );
    }
}
