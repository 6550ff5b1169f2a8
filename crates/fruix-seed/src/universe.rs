// SPDX-License-Identifier: GPL-3.0-or-later
//! Which packages make which item, and what derivation makes it.
//!
//! The items carry the names that `standard-packages` of `(guix build-system gnu)` gives them; before them
//! comes one item per library package that they link against.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use fruix_distro::{Apt, Listing, Replacement};

use crate::hostpath::glob;
use crate::lock::{Lock, LockEntry, LockError};
use crate::recipe::Recipe;
use crate::tables::{self, Table};

/// What the slot of the linker wrapper begins with.
pub const LD_MARKER: &str = "@fruix real ld@";
/// Size of the slot in bytes.
pub const LD_SLOT: usize = 1024;
/// The name under which `ld-wrapper` expects the item that holds `bin/fruix-ld-wrapper`.
pub const TOOLS: &str = "seed-tools";

/// One item of the seed: everything that goes into its derivation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeedItem {
    /// Package name.
    pub name: String,
    /// Version.
    pub version: String,
    /// Output names; the first is `out`.
    pub outputs: Vec<String>,
    /// Its packages.
    pub debs: Vec<LockEntry>,
    /// Names of the seed items that it refers to, earlier ones first searched for libraries. `seed-tools` is the
    /// item that holds this crate's programs.
    pub inputs: Vec<String>,
    /// What `fruix-relocate` shall do.
    pub recipe: Recipe,
}

/// Why a lock makes no universe.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum UniverseError {
    /// No locked package fits.
    #[error("the lock has no package for {item} (pattern {pattern:?})")]
    Missing {
        /// The item.
        item: &'static str,
        /// The pattern of the package name.
        pattern: &'static str,
    },
    /// The architecture is not one that we know.
    #[error("no seed for architecture {0:?}")]
    Architecture(String),
    /// Items need each other in a circle.
    #[error("seed items need each other in a circle: {0}")]
    Cycle(String),
}

/// Packages to begin with, when a lock is resolved.
const ROOTS: [&str; 21] = [
    "bash-static",
    "bash",
    "make",
    "tar",
    "gzip",
    "bzip2",
    "file",
    "diffutils",
    "patch",
    "findutils",
    "gawk",
    "zstd",
    "sed",
    "grep",
    "xz-utils",
    "coreutils",
    "binutils",
    "gcc",
    "g++",
    "libc6-dev",
    "libc-bin",
];

/// Packages that only name others.
fn is_passage(name: &str) -> bool {
    matches!(name, "gcc" | "g++" | "cpp") || is_meta_compiler(name)
}

/// `gcc-x86-64-linux-gnu` (without a number) of newer distributions.
fn is_meta_compiler(name: &str) -> bool {
    ["gcc-", "g++-", "cpp-"].iter().any(|start| {
        let rest = name.strip_prefix(start);
        rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()))
    })
}

/// Whether the seed takes the package `name` when another one needs it: compilers and libraries, but not what only
/// debuggers, profilers and sanitizers use.
fn is_wanted(name: &str) -> bool {
    const LEFT_OUT: [&str; 12] = [
        "libcc1-*",
        "libgprofng*",
        "libasan*",
        "libtsan*",
        "liblsan*",
        "libubsan*",
        "libhwasan*",
        "libitm*",
        "libquadmath*",
        "libc-dev-bin",
        "libnsl*",
        "libtirpc*",
    ];
    if LEFT_OUT.iter().any(|pattern| glob(pattern, name)) {
        return false;
    }
    let compiler = ["gcc-*", "g++-*", "cpp-*"].iter().any(|pattern| glob(pattern, name));
    (compiler && !name.ends_with("-base"))
        || glob("lib*", name)
        || glob("binutils-*linux-gnu*", name)
        || matches!(name, "zlib1g" | "linux-libc-dev" | "gnu-coreutils")
}

/// Why the host's package index gives no lock.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// The index does not have a package that the seed needs.
    #[error("the package index does not have {0} (is it up to date? see `apt-get update`)")]
    Missing(String),
    /// The host's package client is of no use.
    #[error(transparent)]
    Client(#[from] fruix_distro::Error),
}

/// Why there is no lock.
#[derive(Debug, thiserror::Error)]
pub enum LockFileError {
    /// The host has no package client that we know.
    #[error(
        "this host has no `{program}': the first tools are packages of Debian or of a distribution like it"
    )]
    NoClient {
        /// The program that was looked for.
        program: &'static str,
    },
    /// The host's package index did not give one.
    #[error(transparent)]
    Resolve(#[from] ResolveError),
    /// The file there is no lock.
    #[error("{}: {source}", file.display())]
    Format {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        source: LockError,
    },
    /// The file could not be read or written.
    #[error("{}: {source}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// The lock that `file` holds; or else, and then written there for good, the one that the host's package index
/// gives, or an index of our own below `scratch` when the host's is empty. Delete the file to lock anew.
pub fn lock_at(file: &Path, scratch: &Path) -> Result<Lock, LockFileError> {
    let io = |source| LockFileError::Io { file: file.to_owned(), source };
    match fs::read_to_string(file) {
        Ok(text) => {
            let wrong = |source| LockFileError::Format { file: file.to_owned(), source };
            return text.parse().map_err(wrong);
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => (),
        Err(error) => return Err(io(error)),
    }
    let lock = match resolve(&Apt::host()) {
        Err(ResolveError::Missing(_)) => {
            resolve(&Apt::private(scratch).map_err(ResolveError::Client)?)?
        }
        Err(ResolveError::Client(fruix_distro::Error::Start { program, source }))
            if source.kind() == std::io::ErrorKind::NotFound =>
        {
            return Err(LockFileError::NoClient { program });
        }
        result => result?,
    };
    // Complete or not there: a half-written lock would be another identity.
    let mut replacement = Replacement::of(file).map_err(io)?;
    replacement.write_all(lock.to_string().as_bytes()).map_err(io)?;
    replacement.commit().map_err(io)?;
    Ok(lock)
}

/// Resolve a lock from the index of the package client: the roots, and what they need of that which the seed takes,
/// transitively. Packages that only name others are followed, but not locked.
pub fn resolve(apt: &Apt) -> Result<Lock, ResolveError> {
    let mut known: BTreeMap<String, Listing> = BTreeMap::new();
    let mut next: BTreeSet<String> = ROOTS.iter().map(|&name| name.to_owned()).collect();
    while !next.is_empty() {
        let mut found = apt.show(&next)?;
        let mut following = BTreeSet::new();
        for name in std::mem::take(&mut next) {
            let Some(listing) = found.remove(&name) else {
                return Err(ResolveError::Missing(name));
            };
            let needed = listing.dependencies().into_iter();
            following.extend(needed.filter(|name| is_wanted(name) || is_passage(name)));
            known.insert(name, listing);
        }
        next = following.into_iter().filter(|name| !known.contains_key(name)).collect();
    }
    known.retain(|name, _| !is_passage(name));
    let entry = |listing: &Listing| {
        let needed = listing.dependencies().into_iter();
        let depends = needed.filter(|name| known.contains_key(name)).collect();
        Ok(LockEntry { package: listing.package()?, depends })
    };
    Ok(Lock { entries: known.values().map(entry).collect::<Result<_, ResolveError>>()? })
}

/// The items that `lock` makes, each after those it needs.
pub fn universe(lock: &Lock) -> Result<Vec<SeedItem>, UniverseError> {
    let platform = Platform::of(lock)?;
    let tables = tables::tables(&platform);
    let mut owner: BTreeMap<&str, String> = BTreeMap::new();
    let mut items = Vec::new();
    for table in &tables {
        let debs = choose(lock, table)?;
        for deb in &debs {
            owner.entry(&deb.package.name).or_insert_with(|| table.name.to_owned());
        }
        items.push((table, debs));
    }
    let libraries: Vec<&LockEntry> = lock
        .entries
        .iter()
        .filter(|entry| !owner.contains_key(entry.package.name.as_str()))
        .collect();
    for entry in &libraries {
        owner.insert(&entry.package.name, entry.package.name.clone());
    }
    let mut all = Vec::new();
    for entry in libraries {
        let recipe = Recipe { steps: tables::library(&platform) };
        let fixed = ["glibc".to_owned()];
        all.push(item(&entry.package.name, entry, vec![entry], &["out"], &fixed, &owner, recipe));
    }
    for (table, debs) in items {
        let fixed: Vec<String> = table.inputs.iter().map(|&name| name.to_owned()).collect();
        let recipe = Recipe { steps: table.steps.clone() };
        match debs.first() {
            Some(&main) => {
                all.push(item(table.name, main, debs, table.outputs, &fixed, &owner, recipe));
            }
            None => all.push(SeedItem {
                name: table.name.to_owned(),
                version: "0".to_owned(),
                outputs: table.outputs.iter().map(|&name| name.to_owned()).collect(),
                debs: Vec::new(),
                inputs: fixed,
                recipe,
            }),
        }
    }
    sort(all)
}

/// The packages of an item: the first pattern's is the one that gives it its version.
fn choose<'a>(lock: &'a Lock, table: &Table) -> Result<Vec<&'a LockEntry>, UniverseError> {
    let mut chosen: Vec<&LockEntry> = Vec::new();
    for &pattern in table.debs {
        let optional = pattern.strip_prefix('?');
        let before = chosen.len();
        for entry in &lock.entries {
            let fits = glob(optional.unwrap_or(pattern), &entry.package.name);
            if fits && !chosen.iter().any(|other| other.package.name == entry.package.name) {
                chosen.push(entry);
            }
        }
        if chosen.len() == before && optional.is_none() {
            return Err(UniverseError::Missing { item: table.name, pattern });
        }
    }
    Ok(chosen)
}

fn item(
    name: &str,
    main: &LockEntry,
    debs: Vec<&LockEntry>,
    outputs: &[&str],
    fixed: &[String],
    owner: &BTreeMap<&str, String>,
    recipe: Recipe,
) -> SeedItem {
    let mut inputs = fixed.to_vec();
    for needed in debs.iter().flat_map(|deb| &deb.depends) {
        let Some(input) = owner.get(needed.as_str()) else { continue };
        // The tools that Debian's compiler needs at run time are found through PATH here.
        let tool = matches!(input.as_str(), "binutils" | "gcc");
        if input != name && !tool && !inputs.contains(input) {
            inputs.push(input.clone());
        }
    }
    if name == "glibc" {
        inputs.clear();
    }
    SeedItem {
        name: name.to_owned(),
        version: main.upstream_version().to_owned(),
        outputs: outputs.iter().map(|&name| name.to_owned()).collect(),
        debs: debs.into_iter().cloned().collect(),
        inputs,
        recipe,
    }
}

/// Put every item after those it needs, otherwise keeping the order.
fn sort(mut items: Vec<SeedItem>) -> Result<Vec<SeedItem>, UniverseError> {
    let mut done = BTreeSet::from([TOOLS.to_owned()]);
    let mut sorted = Vec::new();
    while !items.is_empty() {
        let (ready, waiting): (Vec<_>, Vec<_>) = items
            .into_iter()
            .partition(|item| item.inputs.iter().all(|input| done.contains(input)));
        if ready.is_empty() {
            let names: Vec<String> = waiting.into_iter().map(|item| item.name).collect();
            return Err(UniverseError::Cycle(names.join(", ")));
        }
        done.extend(ready.iter().map(|item| item.name.clone()));
        sorted.extend(ready);
        items = waiting;
    }
    Ok(sorted)
}

/// What of the lock the tables need to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Platform {
    /// The distribution's architecture name in paths.
    pub triplet: &'static str,
    /// The dynamic linker's file name.
    pub linker: &'static str,
    /// The compiler's major version.
    pub gcc: String,
}

impl Platform {
    fn of(lock: &Lock) -> Result<Platform, UniverseError> {
        let architecture =
            lock.get("libc6").map_or("", |entry| entry.package.architecture.as_str());
        let (triplet, linker) = match architecture {
            "amd64" => ("x86_64-linux-gnu", "ld-linux-x86-64.so.2"),
            other => return Err(UniverseError::Architecture(other.to_owned())),
        };
        let is_number = |text: &&str| text.bytes().all(|byte| byte.is_ascii_digit());
        let mut versions =
            lock.entries.iter().filter_map(|entry| entry.package.name.strip_prefix("gcc-"));
        let gcc = versions.find(is_number);
        let gcc = gcc.ok_or(UniverseError::Missing { item: "gcc", pattern: "gcc-N" })?;
        Ok(Platform { triplet, linker, gcc: gcc.to_owned() })
    }
}
