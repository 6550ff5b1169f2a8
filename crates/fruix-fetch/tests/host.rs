// SPDX-License-Identifier: GPL-3.0-or-later
//! The host's package client leads to GNU's own archives, by content.

use std::cell::Cell;
use std::fs;

use fruix_core::hash::Hash;
use fruix_core::store_path::HashMethod;
use fruix_fetch::{Attempt, Error, Fetcher, Mirrors, Progress, Reason, Request, SourceArchive};

/// hello 2.10 as GNU published it; Debian calls it `hello_2.10.orig.tar.gz`.
const HELLO: &str = "sha256:31e066137a962676e89f69d1b65382de95a7ef7d914b8cb956f41ea72e0f516b";

/// Whether nothing could be reached at all, so that ERROR says more of the network than of the file.
fn is_offline(error: &Error) -> bool {
    let unreachable = |attempt: &Attempt| {
        !matches!(attempt.reason, Reason::Hash(_) | Reason::Status(_) | Reason::TooLong(_))
    };
    let network = |attempt: &Attempt| matches!(attempt.reason, Reason::Network(_));
    match error {
        Error::NotFound { attempts, .. } => {
            attempts.iter().all(unreachable) && attempts.iter().any(network)
        }
        _ => false,
    }
}

#[test]
fn the_source_archive_has_hello() {
    let dir = tempfile::tempdir().unwrap();
    let archive = SourceArchive::of_host(dir.path().join("cache"));
    if archive.is_empty() {
        eprintln!("SKIPPED, no file was looked for by content: this host has no apt");
        return;
    }
    let fetcher = Fetcher { archive: Some(archive), ..Fetcher::default() };
    let hash: Hash = HELLO.parse().unwrap();
    let request = Request {
        urls: vec!["mirror://nowhere/hello-2.10.tar.gz".into()],
        name: "hello-2.10.tar.gz".into(),
        method: HashMethod::Flat,
        hash,
        executable: false,
        mirrors: Mirrors::none(),
    };
    let (indices, target) = (Cell::new(0), dir.path().join("hello"));
    let mut progress = |event: Progress<'_>| {
        if let Progress::Trying { place } = event
            && place.ends_with("/Sources.xz")
        {
            indices.set(indices.get() + 1);
        }
    };
    match fetcher.fetch(&request, &target, &mut progress, &|| false) {
        Err(error) if is_offline(&error) => {
            eprintln!("SKIPPED, no file was looked for by content: {error}");
            return;
        }
        result => result.unwrap(),
    }
    assert_eq!(Hash::sha256(&fs::read(&target).unwrap()), hash);
    // The index is kept.
    let before = indices.replace(0);
    fs::remove_file(&target).unwrap();
    fetcher.fetch(&request, &target, &mut progress, &|| false).unwrap();
    assert_eq!(indices.get(), 0, "{before} downloaded before");
    // Nobody wants it any more.
    let result = fetcher.fetch(&request, &target, &mut progress, &|| true);
    assert!(matches!(result, Err(Error::Cancelled)), "{result:?}");
    assert!(!target.exists());
}
