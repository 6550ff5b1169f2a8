// SPDX-License-Identifier: GPL-3.0-or-later
//! The lock: which packages the seed is made of, to the bit.
//!
//! A text file, one package per line, sorted by name, fields separated by single spaces: name, version,
//! architecture, place on the mirror (`pool/…`), size in bytes, SHA-256 in base 16, and the locked packages it
//! depends on (commas between, `-` for none). The first line is `fruix-seed-lock 1`.

use std::fmt;
use std::str::FromStr;

use fruix_core::base16;
use fruix_core::hash::{Hash, HashAlgorithm};
use fruix_distro::BinaryPackage;

/// One locked package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockEntry {
    /// The package.
    pub package: BinaryPackage,
    /// Names of other locked packages that it needs.
    pub depends: Vec<String>,
}

/// The packages, sorted by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lock {
    /// The packages.
    pub entries: Vec<LockEntry>,
}

/// What can be wrong with a lock file.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum LockError {
    /// The first line is another one.
    #[error("not a seed lock: its first line is {0:?}")]
    Version(String),
    /// A line that is no package.
    #[error("lock line {line}: {reason}: {text:?}")]
    Entry {
        /// Number of the line, from 1.
        line: usize,
        /// What is wrong.
        reason: &'static str,
        /// The line.
        text: String,
    },
}

const HEADER: &str = "fruix-seed-lock 1";

impl LockEntry {
    /// The upstream part of the version: no epoch, no revision, no repacking mark.
    pub fn upstream_version(&self) -> &str {
        let version = &self.package.version;
        let version = version.split_once(':').map_or(version.as_str(), |(_, rest)| rest);
        let version = version.rsplit_once('-').map_or(version, |(upstream, _)| upstream);
        let marks = ["+dfsg", "+ds", "+really", "~dfsg", "~ds", ".dfsg", "+repack"];
        let end = marks.iter().filter_map(|mark| version.find(mark)).min();
        &version[..end.unwrap_or(version.len())]
    }

    /// The address of the package in fruix's mirror scheme.
    pub fn url(&self) -> String {
        format!("mirror://debian/{}", self.package.path)
    }

    /// The package's file name.
    pub fn file_name(&self) -> &str {
        let path = &self.package.path;
        path.rsplit('/').next().unwrap_or(path)
    }

    /// Parse one line.
    fn parse(text: &str) -> Result<LockEntry, &'static str> {
        let fields: Vec<&str> = text.split(' ').collect();
        let [name, version, architecture, path, size, sha256, depends] = fields[..] else {
            return Err("not seven fields");
        };
        if [name, version, architecture].contains(&"") {
            return Err("an empty field");
        }
        let parts_fine = path.split('/').all(|part| !matches!(part, "" | "." | ".."));
        if !parts_fine {
            return Err("a place that is not below the mirror");
        }
        // In base 16 and nothing else: two texts of one lock would be two identities.
        let hash = base16::decode(sha256.as_bytes()).ok();
        let hash = hash.and_then(|bytes| Hash::new(HashAlgorithm::Sha256, &bytes).ok());
        let hash = hash.filter(|hash| hash.to_base16() == sha256);
        let depends = if depends == "-" { "" } else { depends };
        Ok(LockEntry {
            package: BinaryPackage {
                name: name.to_owned(),
                version: version.to_owned(),
                architecture: architecture.to_owned(),
                path: path.to_owned(),
                size: size.parse().map_err(|_| "no size")?,
                sha256: hash.ok_or("no SHA-256 in base 16")?,
            },
            depends: depends.split(',').filter(|x| !x.is_empty()).map(str::to_owned).collect(),
        })
    }
}

impl Lock {
    /// The package called `name`.
    pub fn get(&self, name: &str) -> Option<&LockEntry> {
        let index = self.entries.binary_search_by(|entry| entry.package.name.as_str().cmp(name));
        self.entries.get(index.ok()?)
    }
}

impl fmt::Display for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}")?;
        for entry in &self.entries {
            let BinaryPackage { name, version, architecture, path, size, sha256 } = &entry.package;
            let sha256 = sha256.to_base16();
            let depends = match &entry.depends[..] {
                [] => "-".to_owned(),
                names => names.join(","),
            };
            writeln!(f, "{name} {version} {architecture} {path} {size} {sha256} {depends}")?;
        }
        Ok(())
    }
}

impl FromStr for Lock {
    type Err = LockError;

    fn from_str(text: &str) -> Result<Lock, LockError> {
        let mut lines = text.lines().enumerate();
        let first = lines.next().map(|(_, line)| line).unwrap_or_default();
        if first != HEADER {
            return Err(LockError::Version(first.to_owned()));
        }
        let mut entries: Vec<LockEntry> = Vec::new();
        for (index, text) in lines {
            let wrong =
                |reason| LockError::Entry { line: index + 1, reason, text: text.to_owned() };
            let entry = LockEntry::parse(text).map_err(wrong)?;
            if entries.last().is_some_and(|last| last.package.name >= entry.package.name) {
                return Err(wrong("out of order"));
            }
            entries.push(entry);
        }
        Ok(Lock { entries })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, version: &str) -> LockEntry {
        LockEntry {
            package: BinaryPackage {
                name: name.into(),
                version: version.into(),
                architecture: "amd64".into(),
                path: format!("pool/main/{name}.deb"),
                size: 7,
                sha256: Hash::sha256(name.as_bytes()),
            },
            depends: vec!["libc6".into(), "zlib1g".into()],
        }
    }

    #[test]
    fn print_then_parse_is_the_identity() {
        let mut lock = Lock { entries: vec![entry("a", "1"), entry("b", "2:3-4")] };
        lock.entries[0].depends.clear();
        assert_eq!(lock.to_string().parse::<Lock>().unwrap(), lock);
        assert_eq!(lock.get("b"), Some(&lock.entries[1]));
        assert_eq!(lock.get("c"), None);
    }

    #[test]
    fn refuses_what_would_leave_the_mirror() {
        let mut bad = entry("a", "1");
        bad.package.path = "pool/../../x".into();
        let lock = Lock { entries: vec![bad] };
        let error = lock.to_string().parse::<Lock>().unwrap_err();
        assert!(matches!(error, LockError::Entry { line: 2, .. }), "{error}");
    }

    #[test]
    fn upstream_versions() {
        for (version, want) in [
            ("1:5.2.1-2", "5.2.1"),
            ("2:6.2.1+dfsg1-1.1", "6.2.1"),
            ("12.2.0-14+deb12u1", "12.2.0"),
            ("1.34+dfsg-1.2", "1.34"),
            ("4.3-4.1", "4.3"),
        ] {
            assert_eq!(entry("x", version).upstream_version(), want);
        }
    }
}
