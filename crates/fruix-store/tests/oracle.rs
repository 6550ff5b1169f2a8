// SPDX-License-Identifier: GPL-3.0-or-later
//! Sharing stores with GNU Guix's own daemon, in both directions and at the same time.
//!
//! They need the oracle and root, and say so when they are skipped.
#![allow(clippy::unwrap_used)] // in helpers of tests, too

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use common::{add_tree, set, text};
use fruix_core::hash::HashAlgorithm;
use fruix_core::store_path::{HashMethod, StoreDir, StorePath};
use fruix_oracle::{Guix, Oracle, complaints, output_of};
use fruix_store::{GcAction, GcOptions, Layout, Options, Store};

/// A store that GNU Guix and we see under the same name.
struct Shared(Guix);

impl Shared {
    /// `None`, with a word on standard error, if there is no oracle.
    fn new() -> Option<Shared> {
        let oracle = Oracle::find_or_skip("nothing was compared with GNU Guix")?;
        Some(Shared(Guix::with_scratch_store(oracle).unwrap().visible_here().unwrap()))
    }

    /// A file of the scratch directory, under the name that both see.
    fn file(&self, name: &str) -> PathBuf {
        self.0.oracle().inside(name)
    }

    fn start(&mut self) {
        self.0.start(&["--cache-failures"], &[]).unwrap();
    }

    fn guile_command(&self, code: &str) -> Command {
        let prelude = "(use-modules (guix store) (guix derivations) (guix base16) (srfi srfi-1)
                                    (srfi srfi-34) (ice-9 match) (rnrs io ports))";
        self.0.guile_command(&format!("{prelude} (with-store s {code})")).unwrap()
    }

    /// What CODE, with a connection `s` to the daemon, prints.
    fn guile(&self, code: &str) -> String {
        output_of(self.guile_command(code)).unwrap_or_else(|failure| panic!("{failure}"))
    }

    /// A line for each valid item below the store: all that the daemon says of it.
    fn infos(&self, items: &BTreeSet<String>) -> BTreeSet<String> {
        let list: Vec<_> = items.iter().map(|item| format!("{item:?}")).collect();
        let code = format!(
            r#"(for-each
                 (lambda (p)
                   (let ((i (query-path-info s p)))
                     (format #t "~a ~a ~a ~a ~a ~a~%" p
                             (bytevector->base16-string (path-info-hash i))
                             (path-info-nar-size i)
                             (path-info-registration-time i)
                             (or (path-info-deriver i) "-")
                             (sort (path-info-references i) string<?))))
                 '({}))"#,
            list.join(" ")
        );
        self.guile(&code).lines().map(str::to_owned).collect()
    }

    fn layout(&self) -> Layout {
        Layout::new(
            StoreDir::new(&self.0.store_dir()).unwrap(),
            self.0.physical_store(),
            self.file("state"),
            self.file("log"),
        )
    }

    fn open(&self) -> Store {
        Store::open(self.layout(), Options::default()).unwrap()
    }

    fn verify(&self) {
        let mut command = self.0.command("guix");
        let output = command.args(["gc", "--verify=contents"]).output().unwrap();
        let said = complaints(&output);
        assert!(output.status.success(), "{said:?}");
        let known = ["reading the store...", "checking path existence...", "checking hashes..."];
        let extra: Vec<_> = said
            .iter()
            .filter(|line| !line.starts_with("guix gc: warning") && !line.contains("locale"))
            .filter(|line| !known.contains(&line.as_str()))
            .collect();
        assert!(extra.is_empty(), "guix gc --verify says: {extra:?}");
    }
}

/// The same lines as [`Shared::infos`], from our side, for all valid items.
fn our_infos(store: &Store) -> (BTreeSet<String>, BTreeSet<String>) {
    let mut items = Vec::new();
    store
        .for_each_valid_path(|item| {
            items.push(item);
            Ok(())
        })
        .unwrap();
    let print = |item: &StorePath| store.layout().display(item);
    let line = |item: &StorePath| {
        let info = store.query_path_info(item).unwrap().unwrap();
        let references: Vec<_> = info.references.iter().map(print).collect();
        let deriver = info.deriver.as_ref().map_or("-".to_owned(), print);
        let (hash, size, time) = (info.nar_hash.to_base16(), info.nar_size, info.registration_time);
        format!("{} {hash} {size} {time} {deriver} ({})", print(item), references.join(" "))
    };
    (items.iter().map(print).collect(), items.iter().map(line).collect())
}

/// Type, mode, owner, date and (for files) inode of everything in the store.
fn metadata(dir: &Path, found: &mut BTreeMap<PathBuf, (u32, u32, i64)>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let meta = fs::symlink_metadata(&path).unwrap();
        found.insert(path.clone(), (meta.mode(), meta.uid(), meta.mtime()));
        if meta.is_dir() {
            metadata(&path, found);
        }
    }
}

const FILL: &str = r#"
  (let* ((a    (add-text-to-store s "a" "alpha" '()))
         (b    (add-text-to-store s "b" a (list a)))
         (_    (add-to-store s "flat" #f "sha512" "TREE/big"))
         (tree (add-to-store s "tree" #t "sha256" "TREE"))
         (copy (add-to-store s "copy" #t "sha1" "TREE"))
         (sh   (add-to-store s "sh" #t "sha256" (canonicalize-path "/bin/sh")))
         (drv  (derivation s "two" sh
                 (list "-c" "PATH=/bin; mkdir $lib; echo $out $ALPHA > $out; echo x > $lib/x; chmod 751 $lib/x; ln -s $out/q $lib/q")
                 #:env-vars `(("ALPHA" . ,a)) #:sources (list a b sh)
                 #:outputs '("out" "lib")))
         (bad  (derivation s "bad" sh (list "-c" "exit 1") #:sources (list sh))))
    (build-derivations s (list drv))
    (guard (c (#t #t)) (build-derivations s (list bad)))
    (add-indirect-root s "ROOT")
    (display (derivation->output-path drv "lib")))"#;

fn make_tree(dir: &Path) {
    fs::create_dir_all(dir.join("sub/empty")).unwrap();
    fs::write(dir.join("big"), vec![b'b'; 30_000]).unwrap();
    fs::write(dir.join("sub/same"), vec![b'b'; 30_000]).unwrap();
    fs::write(dir.join("sub/small"), "small").unwrap();
    symlink("../big", dir.join("sub/link")).unwrap();
}

#[test]
fn a_store_made_by_guix_is_taken_over() {
    let Some(mut oracle) = Shared::new() else { return };
    oracle.start();
    make_tree(&oracle.file("source"));
    let inside = |sub: &str| oracle.file(sub).to_str().unwrap().to_owned();
    let code = FILL.replace("TREE", &inside("source")).replace("ROOT", &inside("root"));
    fs::write(oracle.file("output"), "").unwrap();
    let lib = oracle.guile(&code);
    symlink(&lib, oracle.file("root")).unwrap();

    let store = oracle.open();
    let (items, ours) = our_infos(&store);
    assert!(items.len() >= 9, "{items:#?}");
    assert_eq!(ours, oracle.infos(&items));
    let report = store.verify(true, None).unwrap();
    assert!(report.is_clean() && report.repaired.is_empty(), "{report:?}");
    assert_eq!(store.query_failed_paths().unwrap().len(), 1);
    let lib = store.layout().parse(&lib).unwrap();
    assert_eq!(store.find_roots().unwrap()[&oracle.file("root")], lib);
    let sorted = |text: String| text.lines().map(str::to_owned).collect::<BTreeSet<_>>();
    let print = |proc: &str| format!("(for-each (lambda (p) (format #t \"~a~%\" p)) ({proc} s))");
    let live = BTreeSet::from_iter(store.list_live().unwrap());
    let dead = BTreeSet::from_iter(store.list_dead().unwrap());
    let mut theirs = sorted(oracle.guile(&print("live-paths")));
    theirs.retain(|path| !path.ends_with("/.fruix-tmp")); // our temporary root
    assert_eq!(theirs, live);
    assert_eq!(sorted(oracle.guile(&print("dead-paths"))), dead);
    assert!(!live.is_empty() && !dead.is_empty());
    // Collecting what Guix made leaves a store that Guix finds in order.
    store.collect_garbage(&GcOptions::new(GcAction::DeleteDead)).unwrap();
    assert_eq!(our_infos(&store).0, live);
    oracle.verify();
}

#[test]
fn the_same_additions_make_the_same_store() {
    let (Some(mut theirs), Some(ours)) = (Shared::new(), Shared::new()) else { return };
    theirs.start();
    make_tree(&theirs.file("source"));
    let tree = theirs.file("source");
    theirs.guile(&format!(
        r#"(let ((a (add-text-to-store s "a" "alpha" '())))
             (add-to-store s "flat" #f "sha512" "{0}/big")
             (add-to-store s "tree" #t "sha256" "{0}")
             (add-to-store s "copy" #t "sha1" "{0}"))"#,
        tree.display()
    ));
    // The same names must stand in hashes, so our store bears theirs.
    let layout = Layout::new(
        theirs.layout().store_dir().clone(),
        ours.file("gnu/store"),
        ours.file("state"),
        ours.file("log"),
    );
    let store = Store::open(layout, Options::default()).unwrap();
    let source = theirs.file("source");
    store.add_text_to_store("a", b"alpha", &BTreeSet::new()).unwrap();
    let mut all = |_: &Path, _: &fs::Metadata| true;
    let mut add = |name, file: &str, method, algorithm| {
        store.add_to_store(name, &source.join(file), method, algorithm, &mut all).unwrap()
    };
    add("flat", "big", HashMethod::Flat, HashAlgorithm::Sha512);
    add("tree", "", HashMethod::Recursive, HashAlgorithm::Sha256);
    add("copy", "", HashMethod::Recursive, HashAlgorithm::Sha1);
    let look = |oracle: &Shared| {
        let mut found = BTreeMap::new();
        let dir = oracle.file("gnu/store");
        metadata(&dir, &mut found);
        let relative = |path: &Path| path.strip_prefix(&dir).unwrap().to_path_buf();
        found.retain(|path, _| {
            let path = relative(path);
            !path.starts_with(".fruix-tmp") && path != Path::new(".links")
        });
        found.into_iter().map(|(path, meta)| (relative(&path), meta)).collect::<BTreeMap<_, _>>()
    };
    assert_eq!(look(&ours), look(&theirs));
}

#[test]
fn guix_takes_over_a_store_of_ours() {
    let Some(mut oracle) = Shared::new() else { return };
    let source = oracle.file("source");
    make_tree(&source);
    let store = oracle.open();
    let a = text(&store, "a", &[]);
    let b = text(&store, "b", &[&a]);
    let c = text(&store, "c", &[&a]);
    let tree = add_tree(&store, "tree", &source);
    store.add_perm_root(&b, &oracle.file("root")).unwrap();
    let (items, ours) = our_infos(&store);
    drop(store);

    oracle.start();
    assert_eq!(oracle.infos(&items), ours);
    oracle.verify();
    oracle.guile("(collect-garbage s)");
    oracle.verify();
    let store = oracle.open();
    assert_eq!(store.query_valid_paths([&a, &b, &c, &tree]).unwrap(), set([&a, &b]));
    assert!(store.verify(true, None).unwrap().is_clean());
    // And it goes on working with it.
    oracle.guile(r#"(add-text-to-store s "later" "later" '())"#);
    assert_eq!(our_infos(&store).0.len(), 3);
}

#[test]
fn each_heeds_the_others_temporary_roots() {
    let Some(mut oracle) = Shared::new() else { return };
    oracle.start();
    let store = oracle.open();
    let a = text(&store, "a", &[]);
    let half_made = StorePath::from_base_name("0000000000000000000000000000000a-half").unwrap();
    store.add_temp_root(&half_made).unwrap();
    fs::write(store.physical(&half_made), "half").unwrap();
    add_tree(&store, "tree", &{
        let source = oracle.file("source");
        make_tree(&source);
        source
    });
    oracle.guile("(collect-garbage s)");
    assert!(store.is_valid_path(&a).unwrap() && store.physical(&half_made).exists());
    assert!(store.verify(true, None).unwrap().is_clean());

    // Now a client of theirs holds an item while we collect.
    let flag = oracle.file("go");
    let code = format!(
        r#"(begin (display (add-text-to-store s "theirs" "theirs" '())) (force-output)
             (let loop () (unless (file-exists? "{}") (usleep 20000) (loop))))"#,
        oracle.file("go").display()
    );
    let child = oracle.guile_command(&code).stdout(Stdio::piped()).spawn().unwrap();
    let start = Instant::now();
    let theirs = loop {
        let all = our_infos(&store).0;
        if let Some(path) = all.iter().find(|path| path.ends_with("-theirs")) {
            break store.layout().parse(path).unwrap();
        }
        assert!(start.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(20));
    };
    store.collect_garbage(&GcOptions::new(GcAction::DeleteDead)).unwrap();
    assert!(store.is_valid_path(&theirs).unwrap());
    fs::write(flag, "").unwrap();
    assert!(child.wait_with_output().unwrap().status.success());
    let start = Instant::now();
    while store.is_valid_path(&theirs).unwrap() {
        // The daemon's child takes a moment to end.
        assert!(start.elapsed() < Duration::from_secs(20), "it is not collected afterwards");
        store.collect_garbage(&GcOptions::new(GcAction::DeleteDead)).unwrap();
    }
}

#[test]
fn guix_waits_for_our_path_locks() {
    let Some(mut oracle) = Shared::new() else { return };
    oracle.start();
    let store = oracle.open();
    let hash = fruix_core::hash::Hash::sha256(b"x");
    let path = store.layout().store_dir().text_path("x", &hash, &BTreeSet::new()).unwrap();
    let mut lock = store.lock_paths([&path]).unwrap();
    let mut child = oracle
        .guile_command(r#"(add-text-to-store s "x" "x" '())"#)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(1500));
    assert!(child.try_wait().unwrap().is_none(), "it did not wait");
    assert!(!store.is_valid_path(&path).unwrap());
    lock.delete_on_release(true);
    drop(lock);
    assert!(child.wait().unwrap().success());
    assert!(store.is_valid_path(&path).unwrap());
}
