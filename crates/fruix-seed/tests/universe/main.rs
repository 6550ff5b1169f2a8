// SPDX-License-Identifier: GPL-3.0-or-later
//! The whole seed, for real: lock, download, relocate, scan, and then work in a root that holds nothing else.
//!
//! Needs Debian's package client with a mirror it can reach, `unshare`, and root or user namespaces; without them
//! the test says so and passes. `FRUIX_SEED_WORK` names a directory to keep between runs (downloads stay there);
//! with `FRUIX_SEED_LONG` set, bash is built from source as well, which takes minutes.

// A test may stop at anything unexpected.
#![allow(clippy::unwrap_used)]

mod root;

use std::collections::BTreeMap;
use std::path::Path;

use fruix_core::hash::{Hash, HashAlgorithm};
use fruix_distro::{Apt, Error};
use fruix_seed::scan::scan;
use fruix_seed::universe::{ResolveError, resolve, universe};
use root::Root;

const SHELL_CHECKS: &str = include_str!("checks.sh");

/// GNU Hello's source, as GNU released it.
const HELLO: (&str, &str) = (
    "pool/main/h/hello/hello_2.10.orig.tar.gz",
    "31e066137a962676e89f69d1b65382de95a7ef7d914b8cb956f41ea72e0f516b",
);

fn skip(why: &str) {
    eprintln!("SKIPPED: the seed's universe was not tested: {why}");
}

#[test]
fn the_universe_works_with_nothing_of_the_host() {
    let kept = std::env::var_os("FRUIX_SEED_WORK");
    let temporary = tempfile::tempdir().unwrap();
    let work = kept.as_ref().map_or(temporary.path(), Path::new);
    std::fs::create_dir_all(work).unwrap();
    if let Err(why) = root::possible() {
        return skip(&why);
    }
    let host = Apt::host();
    let (apt, lock) = match resolve(&host) {
        Ok(lock) => (host, lock),
        Err(ResolveError::Client(Error::Start { .. })) => return skip("no apt on this host"),
        Err(_) => {
            let Ok(apt) = Apt::private(&work.join("apt")) else {
                return skip("the package index cannot be brought up to date");
            };
            let lock = resolve(&apt).unwrap();
            (apt, lock)
        }
    };
    // What is written is what is read back.
    assert_eq!(lock.to_string().parse(), Ok(lock.clone()));
    let items = universe(&lock).unwrap();
    let total: u64 = lock.entries.iter().map(|entry| entry.package.size).sum();
    eprintln!("{} packages, {total} bytes, {} items", lock.entries.len(), items.len());

    let debs = work.join("debs");
    std::fs::create_dir_all(&debs).unwrap();
    if let Err(name) = root::download(&lock, &debs) {
        return skip(&format!("the package {name} cannot be downloaded"));
    }
    let mut root = Root::new(work);
    for item in &items {
        root.realise(item, &debs);
    }
    root.remove_sources();

    let mut count = 0;
    for path in root.items() {
        let findings = scan(&root.place(&path), "/gnu/store", &root.place("/gnu/store")).unwrap();
        count += findings.len();
        for finding in findings.iter().take(20) {
            eprintln!("{}: {:?}", finding.file.display(), finding.what);
        }
    }
    assert_eq!(count, 0, "the seed names files of the host");

    let hash = Hash::parse_digits(HashAlgorithm::Sha256, HELLO.1).unwrap();
    let hello = root::fetch(work, HELLO.0, &hash);
    if let Some(file) = &hello {
        std::fs::copy(file, root.place("/tmp/hello.tar.gz")).unwrap();
    }
    if let Some(file) = root::source(&apt, work, "bash") {
        std::fs::copy(&file, root.place("/tmp/bash.tar")).unwrap();
    }
    let mut variables: BTreeMap<String, String> = root.variables();
    let long = std::env::var("FRUIX_SEED_LONG").unwrap_or_default();
    variables.insert("LONG".to_owned(), long);
    root.shell(SHELL_CHECKS, &variables);
    if hello.is_some() {
        let path = root.place("/tmp/installed");
        let findings = scan(&path, "/gnu/store", &root.place("/gnu/store")).unwrap();
        let linked: Vec<_> = findings
            .iter()
            .filter(|finding| matches!(finding.what, fruix_seed::scan::What::Linked(_)))
            .collect();
        assert!(linked.is_empty(), "what was built links outside of the store: {linked:?}");
    } else {
        eprintln!("SKIPPED: the source of hello cannot be downloaded");
    }
}
