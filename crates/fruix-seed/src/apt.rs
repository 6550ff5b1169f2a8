// SPDX-License-Identifier: GPL-3.0-or-later
//! What the host's package client knows: mirrors from its configuration, packages from its index.
//!
//! No mirror is named here: everything comes from the host's `sources.list` files and its verified index.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::lock::{Lock, LockEntry};

/// Why the host's package client could not be used.
#[derive(Debug, thiserror::Error)]
pub enum AptError {
    /// The client could not be started.
    #[error("cannot run {program}: {source}")]
    Start {
        /// The program.
        program: &'static str,
        /// Why.
        source: io::Error,
    },
    /// The client failed.
    #[error("{program} failed: {message}")]
    Failed {
        /// The program.
        program: &'static str,
        /// What it said.
        message: String,
    },
    /// The index does not have a package that the seed needs.
    #[error("the package index does not have {0} (is it up to date? see `apt-get update`)")]
    Missing(String),
    /// The index lacks a field of a package.
    #[error("the package index has no {field} for {package}")]
    Field {
        /// The package.
        package: String,
        /// The field.
        field: &'static str,
    },
    /// A file of the client's state could not be written.
    #[error("{}: {source}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The fields of one paragraph of a control file; continuation lines are joined with spaces.
pub type Paragraph = BTreeMap<String, String>;

/// Split control-file text (deb822) into paragraphs. Field names are kept as written.
pub fn paragraphs(text: &str) -> Vec<Paragraph> {
    let mut all = Vec::new();
    let mut paragraph = Paragraph::new();
    let mut field = String::new();
    for line in text.lines().chain([""]) {
        if line.trim().is_empty() {
            if !paragraph.is_empty() {
                all.push(std::mem::take(&mut paragraph));
            }
        } else if line.starts_with('#') {
            continue;
        } else if line.starts_with([' ', '\t']) {
            if let Some(value) = paragraph.get_mut(&field) {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once(':') {
            field = name.to_owned();
            paragraph.insert(field.clone(), value.trim().to_owned());
        }
    }
    all
}

/// Mirror roots named by a one-line-style `.list` file, in order.
fn list_mirrors(text: &str) -> Vec<String> {
    let mut mirrors = Vec::new();
    for line in text.lines() {
        let line = line.split('#').next().unwrap_or_default().trim();
        let Some(rest) = line.strip_prefix("deb").filter(|rest| rest.starts_with([' ', '\t', '-']))
        else {
            continue;
        };
        let rest = rest.strip_prefix("-src").unwrap_or(rest).trim_start();
        // Options: [arch=amd64 signed-by=…]
        let rest = match rest.strip_prefix('[') {
            Some(options) => options.split_once(']').map_or("", |(_, rest)| rest),
            None => rest,
        };
        let mut words = rest.split_whitespace();
        if let (Some(uri), Some(suite)) = (words.next(), words.next())
            && !suite.ends_with('/')
        {
            mirrors.push(uri.to_owned());
        }
    }
    mirrors
}

/// Mirror roots named by a deb822 `.sources` file, in order.
fn sources_mirrors(text: &str) -> Vec<String> {
    let mut mirrors = Vec::new();
    for paragraph in paragraphs(text) {
        let get = |name: &str| {
            let found = paragraph.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.as_str()).unwrap_or_default()
        };
        let disabled = matches!(get("Enabled").to_ascii_lowercase().as_str(), "no" | "false");
        let flat = get("Suites").split_whitespace().all(|suite| suite.ends_with('/'));
        if !disabled && !flat {
            mirrors.extend(get("URIs").split_whitespace().map(str::to_owned));
        }
    }
    mirrors
}

/// The roots of all mirrors that the configuration below `root` (usually `/`) names, each once, in the client's
/// order: `etc/apt/sources.list`, then the files of `etc/apt/sources.list.d` by name. Files that
/// cannot be read are passed over: a host without the client has no mirrors.
pub fn mirrors(root: &Path) -> Vec<String> {
    let apt = root.join("etc/apt");
    let mut files = vec![apt.join("sources.list")];
    let parts = fs::read_dir(apt.join("sources.list.d")).into_iter().flatten().flatten();
    let mut parts: Vec<PathBuf> = parts.map(|entry| entry.path()).collect();
    parts.sort();
    files.extend(parts);
    let mut mirrors: Vec<String> = Vec::new();
    for file in files {
        let Ok(text) = fs::read_to_string(&file) else { continue };
        let named = match file.extension().and_then(|extension| extension.to_str()) {
            Some("list") => list_mirrors(&text),
            Some("sources") => sources_mirrors(&text),
            _ => continue,
        };
        for uri in named.into_iter().flat_map(|uri| expand_mirror(root, &uri)) {
            let uri = uri.trim_end_matches('/').to_owned();
            if !mirrors.contains(&uri) {
                mirrors.push(uri);
            }
        }
    }
    mirrors
}

/// `mirror+file:/etc/apt/mirrors/x.list` names a file of mirrors; other methods than these have no address.
fn expand_mirror(root: &Path, uri: &str) -> Vec<String> {
    if let Some(list) = uri.strip_prefix("mirror+file:") {
        let file = root.join(list.trim_start_matches('/'));
        let text = fs::read_to_string(file).unwrap_or_default();
        let first = |line: &str| line.split_whitespace().next().map(str::to_owned);
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        return lines.filter_map(first).collect();
    }
    let known = ["http://", "https://", "file:"];
    let taken = known.iter().any(|method| uri.starts_with(method));
    if taken { vec![uri.to_owned()] } else { Vec::new() }
}

/// Where `path`, the part of a `mirror://debian/PATH` address after the mirror's name, may be found
/// according to the configuration below `root`: the addresses to try, in order.
pub fn candidates(root: &Path, path: &str) -> Vec<String> {
    let path = path.trim_start_matches('/');
    mirrors(root).into_iter().map(|mirror| format!("{mirror}/{path}")).collect()
}

/// The host's package client, with its own index or one of fruix's own.
#[derive(Debug, Clone, Default)]
pub struct Apt {
    options: Vec<String>,
}

impl Apt {
    /// The client with the host's own index.
    pub fn host() -> Apt {
        Apt::default()
    }

    /// The client with an index of its own below `directory`, brought up to date from the host's configured
    /// and trusted sources. Needs no privileges: for hosts whose own index is empty, as in containers.
    pub fn private(directory: &Path) -> Result<Apt, AptError> {
        for part in ["lists/partial", "cache/archives/partial"] {
            let file = directory.join(part);
            fs::create_dir_all(&file).map_err(|source| AptError::Io { file, source })?;
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

    fn run(&self, program: &'static str, words: &[&str]) -> Result<String, AptError> {
        let mut command = Command::new(program);
        command.args(&self.options).args(words).env("LC_ALL", "C");
        let output = command.output().map_err(|source| AptError::Start { program, source })?;
        // apt-cache fails when one of many packages is unknown; it has told of the others then.
        if !output.status.success() && output.stdout.is_empty() {
            let message = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(AptError::Failed { program, message });
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// What the index says of the candidate versions of `names`; unknown ones are left out.
    pub fn show(&self, names: &BTreeSet<String>) -> Result<BTreeMap<String, Paragraph>, AptError> {
        if names.is_empty() {
            return Ok(BTreeMap::new());
        }
        let mut words = vec!["show", "--no-all-versions", "--"];
        words.extend(names.iter().map(String::as_str));
        let text = match self.run("apt-cache", &words) {
            Err(AptError::Failed { .. }) => return Ok(BTreeMap::new()),
            result => result?,
        };
        let mut found = BTreeMap::new();
        for paragraph in paragraphs(&text) {
            if let Some(name) = paragraph.get("Package") {
                found.entry(name.clone()).or_insert(paragraph);
            }
        }
        Ok(found)
    }

    /// Resolve the lock: `roots`, and of what they need, transitively, whatever `wanted` says to take. Packages
    /// for which `through` holds are followed but not locked.
    pub fn resolve(
        &self,
        roots: &[&str],
        wanted: &dyn Fn(&str) -> bool,
        through: &dyn Fn(&str) -> bool,
    ) -> Result<Lock, AptError> {
        let mut known: BTreeMap<String, Paragraph> = BTreeMap::new();
        let mut next: BTreeSet<String> = roots.iter().map(|&name| name.to_owned()).collect();
        while !next.is_empty() {
            let mut found = self.show(&next)?;
            let mut following = BTreeSet::new();
            for name in std::mem::take(&mut next) {
                let Some(paragraph) = found.remove(&name) else {
                    return Err(AptError::Missing(name));
                };
                let needed = dependencies(&paragraph);
                following.extend(needed.into_iter().filter(|name| wanted(name) || through(name)));
                known.insert(name, paragraph);
            }
            next = following.into_iter().filter(|name| !known.contains_key(name)).collect();
        }
        let locked: BTreeSet<String> =
            known.keys().filter(|name| !through(name)).cloned().collect();
        let chosen = known.iter().filter(|(name, _)| locked.contains(*name));
        let entries = chosen.map(|(name, paragraph)| entry(name, paragraph, &locked));
        Ok(Lock { entries: entries.collect::<Result<_, _>>()? })
    }

    /// Download the packages of `lock` into `directory` (for tests; builds go through fruix's own downloader).
    pub fn download(&self, lock: &Lock, directory: &Path) -> Result<(), AptError> {
        let words: Vec<String> =
            lock.entries.iter().map(|entry| format!("{}={}", entry.name, entry.version)).collect();
        let program = "apt-get";
        let mut command = Command::new(program);
        command.args(&self.options).args(["-qq", "download"]).args(&words);
        let output = command.current_dir(directory).output();
        let output = output.map_err(|source| AptError::Start { program, source })?;
        if !output.status.success() {
            let message = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(AptError::Failed { program, message });
        }
        Ok(())
    }
}

/// The first alternative of each dependency, without versions and architectures.
fn dependencies(paragraph: &Paragraph) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for field in ["Pre-Depends", "Depends"] {
        for group in paragraph.get(field).map(String::as_str).unwrap_or_default().split(',') {
            let first = group.split('|').next().unwrap_or_default().trim();
            let name = first.split([' ', '(', ':']).next().unwrap_or_default();
            if !name.is_empty() {
                names.insert(name.to_owned());
            }
        }
    }
    names
}

fn entry(
    name: &str,
    paragraph: &Paragraph,
    locked: &BTreeSet<String>,
) -> Result<LockEntry, AptError> {
    let get = |field: &'static str| {
        let value = paragraph.get(field).cloned();
        value.ok_or_else(|| AptError::Field { package: name.to_owned(), field })
    };
    let no_size = || AptError::Field { package: name.to_owned(), field: "Size" };
    Ok(LockEntry {
        name: name.to_owned(),
        version: get("Version")?,
        architecture: get("Architecture")?,
        path: get("Filename")?.trim_start_matches("./").to_owned(),
        size: get("Size")?.parse().map_err(|_| no_size())?,
        sha256: get("SHA256")?,
        depends: dependencies(paragraph).intersection(locked).cloned().collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_kinds_of_configuration() {
        let root = tempfile::tempdir().unwrap();
        let parts = root.path().join("etc/apt/sources.list.d");
        fs::create_dir_all(&parts).unwrap();
        fs::create_dir_all(root.path().join("etc/apt/mirrors")).unwrap();
        let write = |name: &str, text: &str| {
            fs::write(root.path().join("etc/apt").join(name), text).unwrap();
        };
        write(
            "sources.list",
            "# deb http://no.example/ x main\ndeb [arch=amd64 signed-by=/k] http://a.example/debian/ s main\n\
             deb-src http://a.example/debian s main\ndeb cdrom:[Debian]/ s main\ndebug x y\n\
             deb http://flat.example ./\n",
        );
        write(
            "sources.list.d/d.sources",
            "Types: deb\n# comment\nURIs: https://b.example/debian\n http://c.example/debian\nSuites: s s-updates\n\
             Components: main\n\nTypes: deb\nEnabled: no\nURIs: http://no.example\nSuites: s\n",
        );
        write("sources.list.d/ignored.save", "deb http://no.example s main\n");
        write("sources.list.d/m.list", "deb mirror+file:/etc/apt/mirrors/m.list s main\n");
        write("mirrors/m.list", "http://d.example/debian\tpriority:1\n");
        assert_eq!(
            candidates(root.path(), "pool/x.deb"),
            [
                "http://a.example/debian/pool/x.deb",
                "https://b.example/debian/pool/x.deb",
                "http://c.example/debian/pool/x.deb",
                "http://d.example/debian/pool/x.deb",
            ]
        );
    }

    #[test]
    fn a_host_without_the_client_has_no_mirrors() {
        let root = tempfile::tempdir().unwrap();
        assert!(mirrors(root.path()).is_empty());
    }

    #[test]
    fn reads_dependencies() {
        let text = "Package: x\nPre-Depends: libc6 (>= 2), a | b\nDepends: c:any, d (= 1)\n";
        let names = dependencies(&paragraphs(text)[0]);
        assert_eq!(names.into_iter().collect::<Vec<_>>(), ["a", "c", "d", "libc6"]);
    }
}
