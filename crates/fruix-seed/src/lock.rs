// SPDX-License-Identifier: GPL-3.0-or-later
//! The lock: which packages the seed is made of, to the bit.
//!
//! A text file, one package per line, sorted by name, fields separated by single spaces: name, version,
//! architecture, place on the mirror (`pool/…`), size in bytes, SHA-256 in base 16, and the locked packages it
//! depends on (commas between, `-` for none). The first line is `fruix-seed-lock 1`.

use std::fmt;
use std::str::FromStr;

/// One locked package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockEntry {
    /// Package name.
    pub name: String,
    /// Full package version, with epoch and revision.
    pub version: String,
    /// Architecture in the distribution's words (`amd64`, `all`).
    pub architecture: String,
    /// Place below a mirror's root.
    pub path: String,
    /// Size in bytes.
    pub size: u64,
    /// SHA-256 in base 16.
    pub sha256: String,
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
        let version = self.version.split_once(':').map_or(self.version.as_str(), |(_, rest)| rest);
        let version = version.rsplit_once('-').map_or(version, |(upstream, _)| upstream);
        let marks = ["+dfsg", "+ds", "+really", "~dfsg", "~ds", ".dfsg", "+repack"];
        let end = marks.iter().filter_map(|mark| version.find(mark)).min();
        &version[..end.unwrap_or(version.len())]
    }

    /// The address of the package in fruix's mirror scheme.
    pub fn url(&self) -> String {
        format!("mirror://debian/{}", self.path)
    }

    /// The package's file name.
    pub fn file_name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
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
        let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if sha256.len() != 64 || !sha256.bytes().all(hex) {
            return Err("no SHA-256 in base 16");
        }
        let depends = if depends == "-" { "" } else { depends };
        Ok(LockEntry {
            name: name.to_owned(),
            version: version.to_owned(),
            architecture: architecture.to_owned(),
            path: path.to_owned(),
            size: size.parse().map_err(|_| "no size")?,
            sha256: sha256.to_owned(),
            depends: depends.split(',').filter(|x| !x.is_empty()).map(str::to_owned).collect(),
        })
    }
}

impl Lock {
    /// The package called `name`.
    pub fn get(&self, name: &str) -> Option<&LockEntry> {
        let index = self.entries.binary_search_by(|entry| entry.name.as_str().cmp(name));
        self.entries.get(index.ok()?)
    }
}

impl fmt::Display for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}")?;
        for entry in &self.entries {
            let LockEntry { name, version, architecture, path, size, sha256, depends } = entry;
            let depends = if depends.is_empty() { "-".to_owned() } else { depends.join(",") };
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
            if entries.last().is_some_and(|last| last.name >= entry.name) {
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
            name: name.into(),
            version: version.into(),
            architecture: "amd64".into(),
            path: format!("pool/main/{name}.deb"),
            size: 7,
            sha256: "0".repeat(64),
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
        bad.path = "pool/../../x".into();
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
