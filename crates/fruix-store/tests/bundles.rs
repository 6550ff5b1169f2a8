// SPDX-License-Identifier: GPL-3.0-or-later
//! Bundles of signed items, exchanged with ourselves and with GNU Guix.
#![allow(clippy::unwrap_used)] // in helpers of tests, too

mod common;

use std::fs;
use std::io::BufReader;

use common::{open, store, text, valid_count};
use fruix_core::signature::{Acl, KeyPair, PublicKey, SignatureError};
use fruix_core::store_path::{StoreDir, StorePath};
use fruix_oracle::{Guix, Oracle};
use fruix_store::{Error, KeyFiles, Layout, Options, Store};

fn key() -> KeyPair {
    KeyPair::generate(&[42; 64])
}

fn acl(key: &PublicKey) -> Acl {
    let mut acl = Acl::default();
    acl.authorize(key.clone());
    acl
}

fn import(store: &Store, bundle: &[u8], acl: Option<&Acl>) -> Result<Vec<StorePath>, Error> {
    store.import_paths(&mut BufReader::new(bundle), acl)
}

#[test]
fn items_move_between_stores() {
    let (_dir, from) = store();
    let one = text(&from, "one", &[]);
    let two = text(&from, "two", &[&one]);
    let mut bundle = Vec::new();
    // In whatever order they are asked for.
    from.export_paths(&[two.clone(), one.clone()], Some(&key()), &mut bundle).unwrap();
    let other = tempfile::tempdir().unwrap();
    let to = open(other.path());
    let trusted = acl(key().public());
    assert_eq!(import(&to, &bundle, Some(&trusted)).unwrap(), [one.clone(), two.clone()]);
    // Once more: they are valid already.
    assert_eq!(import(&to, &bundle, Some(&trusted)).unwrap().len(), 2);
    for item in [&one, &two] {
        let (a, b) = (from.query_path_info(item).unwrap(), to.query_path_info(item).unwrap());
        let (a, b) = (a.unwrap(), b.unwrap());
        assert_eq!((a.nar_hash, a.references, a.deriver), (b.nar_hash, b.references, b.deriver));
    }
    assert!(to.verify(true, None).unwrap().is_clean());
}

#[test]
fn nobody_else_can_bring_anything_in() {
    let (_dir, from) = store();
    let one = text(&from, "one", &[]);
    let bundle = |key: Option<&KeyPair>| {
        let mut bundle = Vec::new();
        from.export_paths(std::slice::from_ref(&one), key, &mut bundle).unwrap();
        bundle
    };
    let other = tempfile::tempdir().unwrap();
    let to = open(other.path());
    let trusted = acl(key().public());
    let stranger = KeyPair::generate(&[1; 64]);
    let result = import(&to, &bundle(Some(&stranger)), Some(&trusted));
    assert!(
        matches!(result, Err(Error::Signature(SignatureError::Unauthorized { .. }))),
        "{result:?}"
    );
    let result = import(&to, &bundle(None), Some(&trusted));
    assert!(matches!(result, Err(Error::Unsigned { .. })), "{result:?}");
    // One bit anywhere: each is an error, and nothing becomes valid.
    let good = bundle(Some(&key()));
    for at in 8..good.len() - 8 {
        let mut bad = good.clone();
        bad[at] ^= 1;
        // Letters of either case are the same in hexadecimal numbers, spaces are as good as others, and so is
        // a zero more at the end of the signature's text, whose length stands before it.
        if let Ok(items) = import(&to, &bad, Some(&trusted)) {
            let text = good.windows(10).position(|w| w == b"(signature").unwrap();
            let signature = at >= text - 8;
            assert!(signature, "byte {at}: {items:?}");
            to.delete_paths(items.into_iter().collect()).ok();
        }
    }
    // Cut off anywhere.
    for end in (0..good.len() - 1).step_by(7) {
        assert!(import(&to, &good[..end], Some(&trusted)).is_err(), "{end}");
    }
    let (_other, untouched) = store_with(&good[..good.len() - 9]);
    assert_eq!(valid_count(&untouched), 0);
}

/// A store into which an incomplete BUNDLE was imported.
fn store_with(bundle: &[u8]) -> (tempfile::TempDir, Store) {
    let (dir, to) = store();
    let trusted = acl(key().public());
    assert!(import(&to, bundle, Some(&trusted)).is_err());
    (dir, to)
}

#[test]
fn damage_is_not_exported() {
    let (_dir, from) = store();
    let one = text(&from, "one", &[]);
    let file = from.physical(&one);
    fs::remove_file(&file).unwrap();
    fs::write(&file, "something else").unwrap();
    let result = from.export_path(&one, None, Vec::new());
    assert!(matches!(result, Err(Error::HashMismatch { .. })), "{result:?}");
}

#[test]
fn keys_are_made_once() {
    let dir = tempfile::tempdir().unwrap();
    let files = KeyFiles::new(dir.path().join("guix"));
    assert_eq!(files.acl().unwrap(), Acl::default());
    let pair = files.generate().unwrap();
    assert!(matches!(files.generate(), Err(Error::KeyExists { .. })));
    assert_eq!(files.key_pair().unwrap(), pair);
    assert_eq!(files.acl().unwrap(), acl(pair.public()));
    assert!(files.authorize(key().public().clone()).unwrap());
    assert!(!files.authorize(key().public().clone()).unwrap());
    assert_eq!(files.acl().unwrap().keys().len(), 2);
}

#[test]
fn exchanged_with_guix() {
    let Some(oracle) = Oracle::find_or_skip("no archive was exchanged with GNU Guix") else {
        return;
    };
    let mut guix = Guix::with_scratch_store(oracle).unwrap();
    guix.guix(&["archive", "--generate-key"]).unwrap();
    guix.start(&[], &[]).unwrap();
    let scratch = guix.oracle().scratch().to_path_buf();
    let dir = tempfile::tempdir().unwrap();
    let below = |name: &str| dir.path().join(name);
    let store_dir = StoreDir::new(&guix.store_dir()).unwrap();
    let layout = Layout::new(store_dir, below("store"), below("state"), below("log"));
    let ours = Store::open(layout, Options { durable: false, ..Options::default() }).unwrap();
    let guile = |code: &str| {
        guix.guile(&format!(
            "(use-modules (guix store) (srfi srfi-34) (rnrs io ports)) (with-store s {code})"
        ))
        .unwrap()
    };
    let bundle = guix.oracle().inside("bundle").display().to_string();

    // From Guix to us, with Guix's own key and list.
    let theirs = guile(&format!(
        r#"(let* ((one (add-text-to-store s "one" "some text"))
                  (two (add-text-to-store s "two" one (list one))))
             (call-with-output-file {bundle:?}
               (lambda (port) (export-paths s (list two one) port #:sign? #t)) #:binary #t)
             (format #t "~a~%~a~%" one two))"#
    ));
    let files = KeyFiles::new(scratch.join("conf"));
    let acl = files.acl().unwrap();
    assert_eq!(acl.keys().len(), 1);
    let bytes = fs::read(scratch.join("bundle")).unwrap();
    let stranger = import(&ours, &bytes, Some(&Acl::default()));
    assert!(
        matches!(stranger, Err(Error::Signature(SignatureError::Unauthorized { .. }))),
        "{stranger:?}"
    );
    let imported = import(&ours, &bytes, Some(&acl)).unwrap();
    let show = |item: &StorePath| ours.layout().display(item);
    assert_eq!(imported.iter().map(show).collect::<Vec<_>>(), theirs.lines().collect::<Vec<_>>());

    // What Guix has exported, we export with the same key as the same bytes.
    let mut again = Vec::new();
    ours.export_paths(&imported, Some(&files.key_pair().unwrap()), &mut again).unwrap();
    let show_both = || [&again, &bytes].map(|b| String::from_utf8_lossy(b).replace('\0', ""));
    assert!(again == bytes, "{:#?}", show_both());

    // And back: a key of ours is refused before it is authorised, and so is what was changed.
    let mine = KeyFiles::new(below("conf"));
    let pair = mine.generate().unwrap();
    let three = text(&ours, "three", &[&imported[1]]);
    let mut good = Vec::new();
    ours.export_paths(std::slice::from_ref(&three), Some(&pair), &mut good).unwrap();
    let take = |bytes: &[u8]| {
        fs::write(scratch.join("bundle"), bytes).unwrap();
        guile(&format!(
            r#"(guard (c ((store-protocol-error? c)
                          (display (store-protocol-error-message c))))
                 (display (call-with-input-file {bundle:?}
                            (lambda (port) (import-paths s port)) #:binary #t)))"#
        ))
    };
    let refused = take(&good);
    assert!(refused.contains("unauthorized public key"), "{refused}");
    fs::write(scratch.join("key"), mine.acl().unwrap().keys()[0].sexp().to_string()).unwrap();
    let mut authorize = guix.command("guix");
    authorize.args(["archive", "--authorize"]);
    authorize.stdin(fs::File::open(scratch.join("key")).unwrap());
    assert!(authorize.output().unwrap().status.success());
    let mut bad = good.clone();
    let at = bad.windows(5).position(|w| w == b"three").unwrap();
    bad[at] = b'T';
    // The daemon has read the list when it began to serve us; each connection is a process of its own.
    let refused = take(&bad);
    assert!(!refused.starts_with('('), "{refused}");
    assert_eq!(take(&good), format!("({})", show(&three)));
    let known = KeyFiles::new(scratch.join("conf")).acl().unwrap();
    assert!(known.keys().contains(pair.public()));
}
