// SPDX-License-Identifier: GPL-3.0-or-later
//! [`Apt`]: what the client's index says of binary packages.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use fruix_core::hash::{Hash, HashAlgorithm};

use crate::deb822::{Paragraph, paragraphs};
use crate::error::{Error, Result};

/// The host's package client, with its own index or one of fruix's own.
#[derive(Debug, Clone, Default)]
pub struct Apt {
    options: Vec<String>,
}

/// What the index says of one version of a package.
#[derive(Debug, Clone)]
pub struct Listing {
    name: String,
    paragraph: Paragraph,
}

/// A binary package, to the bit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BinaryPackage {
    /// Its name.
    pub name: String,
    /// Its full version, with epoch and revision.
    pub version: String,
    /// Its architecture in the distribution's words (`amd64`, `all`).
    pub architecture: String,
    /// Its place below a mirror's root.
    pub path: String,
    /// Its size in bytes.
    pub size: u64,
    /// The SHA-256 of its file.
    pub sha256: Hash,
}

impl Apt {
    /// The client with the host's own index.
    pub fn host() -> Apt {
        Apt::default()
    }

    /// The client with an index of its own below `directory`, brought up to date from the host's configured
    /// and trusted sources. Needs no privileges: for hosts whose own index is empty, as in containers.
    ///
    /// # Errors
    /// Any [`enum@Error`].
    pub fn private(directory: &Path) -> Result<Apt> {
        for part in ["lists/partial", "cache/archives/partial"] {
            let file = directory.join(part);
            fs::create_dir_all(&file).map_err(|source| Error::Io { file, source })?;
        }
        let place = directory.display();
        let options = [
            format!("Dir::State::lists={place}/lists"),
            format!("Dir::Cache={place}/cache"),
            "APT::Sandbox::User=root".to_owned(),
        ];
        let apt =
            Apt { options: options.iter().flat_map(|o| ["-o".to_owned(), o.clone()]).collect() };
        apt.run("apt-get", &["update", "-qq"])?;
        Ok(apt)
    }

    /// What PROGRAM of the client prints, called with WORDS.
    pub(crate) fn run(&self, program: &'static str, words: &[&str]) -> Result<String> {
        let mut command = Command::new(program);
        command.args(&self.options).args(words).env("LC_ALL", "C").stdin(Stdio::null());
        let output = command.output().map_err(|source| Error::Start { program, source })?;
        // apt-cache fails when one of many packages is unknown; it has told of the others then.
        if !output.status.success() && output.stdout.is_empty() {
            let message = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(Error::Failed { program, message });
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// What the index says of the candidate versions of `names`; unknown ones are left out.
    ///
    /// # Errors
    /// [`Error::Start`].
    pub fn show(&self, names: &BTreeSet<String>) -> Result<BTreeMap<String, Listing>> {
        if names.is_empty() {
            return Ok(BTreeMap::new());
        }
        let mut words = vec!["show", "--no-all-versions", "--"];
        words.extend(names.iter().map(String::as_str));
        let text = match self.run("apt-cache", &words) {
            Err(Error::Failed { .. }) => return Ok(BTreeMap::new()),
            result => result?,
        };
        let mut found = BTreeMap::new();
        for paragraph in paragraphs(&text) {
            if let Some(name) = paragraph.get("Package").map(str::to_owned) {
                found.entry(name.clone()).or_insert(Listing { name, paragraph });
            }
        }
        Ok(found)
    }
}

impl Listing {
    /// The first alternative of each dependency, without versions and architectures.
    pub fn dependencies(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        for field in ["Pre-Depends", "Depends"] {
            for group in self.paragraph.get(field).unwrap_or_default().split(',') {
                let first = group.split('|').next().unwrap_or_default().trim();
                let name = first.split([' ', '(', ':']).next().unwrap_or_default();
                if !name.is_empty() {
                    names.insert(name.to_owned());
                }
            }
        }
        names
    }

    /// The package itself.
    ///
    /// # Errors
    /// [`Error::Field`] when the index does not pin it down.
    pub fn package(&self) -> Result<BinaryPackage> {
        let wrong = |field| Error::Field { package: self.name.clone(), field };
        let get = |field| self.paragraph.get(field).ok_or_else(|| wrong(field));
        let owned = |field| get(field).map(str::to_owned);
        let hash = Hash::parse_digits(HashAlgorithm::Sha256, get("SHA256")?);
        Ok(BinaryPackage {
            name: self.name.clone(),
            version: owned("Version")?,
            architecture: owned("Architecture")?,
            path: get("Filename")?.trim_start_matches("./").to_owned(),
            size: get("Size")?.parse().map_err(|_| wrong("Size"))?,
            sha256: hash.map_err(|_| wrong("SHA256"))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(text: &str) -> Listing {
        Listing { name: "x".into(), paragraph: paragraphs(text).remove(0) }
    }

    #[test]
    fn reads_dependencies() {
        let text = "Package: x\nPre-Depends: libc6 (>= 2), a | b\nDepends: c:any, d (= 1)\n";
        let names = listing(text).dependencies();
        assert_eq!(names.into_iter().collect::<Vec<_>>(), ["a", "c", "d", "libc6"]);
    }

    #[test]
    fn a_package_is_pinned_down_or_refused() {
        let hash = Hash::sha256(b"x");
        let text = format!(
            "Package: x\nVersion: 1:2-3\nArchitecture: all\nFilename: ./pool/x.deb\nSize: 7\nSHA256: {}\n",
            hash.to_base16()
        );
        let package = listing(&text).package().unwrap();
        assert_eq!((package.path.as_str(), package.size), ("pool/x.deb", 7));
        assert_eq!(package.sha256, hash);
        for (field, bad) in [
            ("SHA256", text.replace("SHA256: ", "SHA256: z")),
            ("Size", text.replace("Size: 7", "Size:")),
        ] {
            let error = listing(&bad).package().unwrap_err();
            assert!(matches!(error, Error::Field { field: got, .. } if got == field), "{error}");
        }
    }
}
