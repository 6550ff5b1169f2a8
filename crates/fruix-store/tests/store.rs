// SPDX-License-Identifier: GPL-3.0-or-later
//! Adding, asking, collecting and checking, in one process.
#![allow(clippy::unwrap_used)] // in helpers of tests, too

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use common::{add_tree, open, set, store, text, valid_count};
use fruix_core::derivation::{Derivation, DerivationOutput, OutputContents};
use fruix_core::hash::{Hash, HashAlgorithm};
use fruix_core::store_path::{HashMethod, StorePath};
use fruix_store::{
    Error, GcAction, GcOptions, Layout, Maker, Options, PathInfo, Problem, Store, Text, Wanted,
};

/// The temporary roots belong to the process, so a store to be collected is opened by a process
/// that has none: here, by forgetting them with the last store that is open on the directory.
fn reopen(dir: &tempfile::TempDir, store: Store) -> Store {
    reopen_at(dir.path(), store)
}

fn reopen_at(dir: &Path, store: Store) -> Store {
    drop(store);
    open(dir)
}

#[test]
fn texts() {
    let (_dir, store) = store();
    let a = text(&store, "a", &[]);
    let b = text(&store, "b", &[&a]);
    let info = store.query_path_info(&b).unwrap().unwrap();
    assert_eq!(info.references, set([&a]));
    let file = store.physical(&b);
    let meta = fs::metadata(&file).unwrap();
    assert_eq!((meta.mode() & 0o7777, meta.mtime()), (0o444, 1));
    let (hash, size) = fruix_store::nar::hash_path(&file).unwrap();
    assert_eq!((info.nar_hash, info.nar_size), (hash, size));
    assert_eq!(store.referrers(&a).unwrap(), set([&b]));
    assert_eq!(store.query_path_from_hash_part(&b.hash_part()).unwrap(), Some(b.clone()));
    assert!(!store.physical(&b).with_extension("lock").exists());
    // Known from `guix repl`: (add-text-to-store store "hello" "Hello, world!\n").
    let known = store.add_text_to_store("hello", b"Hello, world!\n", &BTreeSet::new()).unwrap();
    let expected = store
        .layout()
        .store_dir()
        .text_path("hello", &Hash::sha256(b"Hello, world!\n"), &BTreeSet::new())
        .unwrap();
    assert_eq!(known, expected);
}

#[test]
fn texts_in_one_batch_may_refer_to_each_other() {
    let (_dir, store) = store();
    let dir = store.layout().store_dir().clone();
    let a = Text::new("a", *b"a", BTreeSet::new());
    let path_a = dir.text_path("a", &Hash::sha256(b"a"), &BTreeSet::new()).unwrap();
    let b = Text::new("b", *b"b", set([&path_a]));
    let paths = store.add_texts_to_store(&[b, a]).unwrap();
    assert_eq!(paths[1], path_a);
    assert_eq!(store.requisites_sorted([&paths[0]]).unwrap(), [path_a, paths[0].clone()]);
}

#[test]
fn a_reference_must_be_valid() {
    let (_dir, store) = store();
    let ghost = StorePath::from_base_name("0000000000000000000000000000000a-ghost").unwrap();
    let error = store.add_text_to_store("x", b"x", &set([&ghost])).unwrap_err();
    assert!(matches!(error, Error::InvalidReference { .. }), "{error}");
    assert_eq!(valid_count(&store), 0);
}

#[test]
fn trees_flat_files_and_archives() {
    let (dir, store) = store();
    let source = dir.path().join("source");
    fs::create_dir_all(source.join("bin")).unwrap();
    fs::write(source.join("bin/run"), "#!/bin/sh\n").unwrap();
    fs::set_permissions(source.join("bin/run"), fs::Permissions::from_mode(0o750)).unwrap();
    symlink("bin/run", source.join("run")).unwrap();
    let tree = add_tree(&store, "tree", &source);
    let file = store.physical(&tree);
    assert_eq!(fs::metadata(file.join("bin/run")).unwrap().mode() & 0o7777, 0o555);
    assert_eq!(fs::metadata(&file).unwrap().mode() & 0o7777, 0o555);
    assert_eq!(fs::metadata(&file).unwrap().mtime(), 1);
    assert_eq!(fs::read_link(file.join("run")).unwrap(), Path::new("bin/run"));

    let mut nar = Vec::new();
    store.dump_item(&tree, &mut nar).unwrap();
    nar.extend_from_slice(b"rest");
    let mut stream = nar.as_slice();
    let (recursive, sha256) = (HashMethod::Recursive, HashAlgorithm::Sha256);
    let again = store.add_to_store_from_dump("tree", &mut stream, recursive, sha256).unwrap();
    assert_eq!((again, stream), (tree.clone(), b"rest".as_slice()));
    let sha512 = HashAlgorithm::Sha512;
    let other =
        store.add_to_store_from_dump("tree", &mut nar.as_slice(), recursive, sha512).unwrap();
    let infos = [&tree, &other].map(|p| store.query_path_info(p).unwrap().unwrap());
    assert_eq!(infos[0].nar_hash, infos[1].nar_hash);

    let flat = |algorithm| {
        store
            .add_to_store_from_dump("f", &mut b"flat".as_slice(), HashMethod::Flat, algorithm)
            .unwrap()
    };
    let path = flat(sha256);
    let hash = Hash::sha256(b"flat");
    let expected =
        store.layout().store_dir().fixed_output_path("f", HashMethod::Flat, &hash).unwrap();
    assert_eq!(path, expected);
    assert_eq!(fs::read(store.physical(&path)).unwrap(), b"flat");
}

#[test]
fn an_archive_must_have_the_announced_hash() {
    let (_dir, store) = store();
    let a = text(&store, "a", &[]);
    let mut nar = Vec::new();
    store.dump_item(&a, &mut nar).unwrap();
    let item = StorePath::from_base_name("0000000000000000000000000000000a-copy").unwrap();
    let mut info = PathInfo::new(item.clone(), Hash::sha256(b"other"), 0);
    let error = store.import_nar(&info, &mut nar.as_slice(), false).unwrap_err();
    assert!(matches!(error, Error::HashMismatch { .. }), "{error}");
    assert!(!store.physical(&item).exists());
    info.nar_hash = Hash::sha256(&nar);
    info.references = set([&a]);
    store.import_nar(&info, &mut nar.as_slice(), false).unwrap();
    assert_eq!(store.query_path_info(&item).unwrap().unwrap().nar_size, nar.len() as u64);
}

#[test]
fn outputs_are_scanned_and_registered_together() {
    let (_dir, store) = store();
    let dep = text(&store, "dep", &[]);
    let unused = text(&store, "unused", &[]);
    let out = |name: &str, known: &str| {
        let item = StorePath::from_base_name(name).unwrap();
        let path = Some(item.clone());
        let output = DerivationOutput { path, contents: OutputContents::Unknown };
        (item, (known.to_owned(), output))
    };
    let (x, first) = out("0000000000000000000000000000000a-x", "out");
    let (y, second) = out("0000000000000000000000000000000b-y", "lib");
    let derivation = Derivation {
        outputs: BTreeMap::from([first, second]),
        inputs: BTreeMap::new(),
        sources: set([&dep, &unused]),
        system: "x86_64-linux".into(),
        builder: "/b".into(),
        args: Vec::new(),
        env: BTreeMap::new(),
    };
    let drv = StorePath::from_base_name("0000000000000000000000000000000c-x.drv").unwrap();
    let prefix = store.layout().store_dir().as_str().to_owned();
    let build = store.build_dir(Maker::Here, Path::new("/nowhere"), "x.drv").unwrap();
    let (inputs, wanted) = (set([&dep, &unused]), set([&x, &y]));
    let taking = Wanted { drv: &drv, derivation: &derivation, outputs: &wanted, inputs: &inputs };
    fs::write(build.place_of(&x), format!("me {prefix}/{x} {dep}")).unwrap();
    let error = store.take_outputs(&build, &taking).err().unwrap();
    assert!(matches!(error, Error::MissingOutput { .. }), "{error}");
    fs::write(build.place_of(&x), format!("me {prefix}/{x} {dep}")).unwrap();
    fs::create_dir(build.place_of(&y)).unwrap();
    symlink(format!("{prefix}/{x}"), build.place_of(&y).join("l")).unwrap();
    let outputs = store.take_outputs(&build, &taking).unwrap();
    drop(build);
    assert!(!store.physical(&x).exists() && !store.physical(&y).exists());
    let infos = outputs.infos().to_vec();
    let references =
        |item: &StorePath| infos.iter().find(|info| info.path == *item).unwrap().references.clone();
    assert_eq!((references(&x), references(&y)), (set([&dep, &x]), set([&x])));
    store.register_outputs(&outputs).unwrap();
    assert_eq!(store.requisites([&y]).unwrap(), set([&dep, &x, &y]));
    assert!(store.verify(true, None).unwrap().is_clean());
    let mut circle = infos.clone();
    for info in &mut circle {
        info.references.extend([x.clone(), y.clone()]);
    }
    assert!(matches!(store.register_valid_paths(&circle), Err(Error::Cycle { .. })));
}

#[test]
fn wrong_and_corrupt_derivations_are_refused() {
    let (_dir, store) = store();
    let error = store.add_text_to_store("x.drv", b"Derive(", &BTreeSet::new()).unwrap_err();
    assert!(matches!(error, Error::CorruptDerivation { .. }), "{error}");
    let out = "/gnu/store/0000000000000000000000000000000a-x";
    let drv = format!(
        r#"Derive([("out","{out}","","")],[],[],"x86_64-linux","/bin/sh",[],[("out","{out}")])"#
    );
    let error = store.add_text_to_store("x.drv", drv.as_bytes(), &BTreeSet::new()).unwrap_err();
    let Error::WrongOutput { expected, .. } = error else { panic!("{error}") };
    let drv = drv.replace(out, &expected);
    let path = store.add_text_to_store("x.drv", drv.as_bytes(), &BTreeSet::new()).unwrap();
    let out = store.query_derivation_outputs(&path).unwrap()["out"].clone();
    assert_eq!(store.layout().display(&out), expected);
    assert_eq!(store.query_valid_derivers(&out).unwrap(), set([&path]));
    store.register_failed_path(&out).unwrap();
    assert!(store.has_path_failed(&out).unwrap());
    store.clear_failed_paths([&path]).unwrap();
    assert!(store.query_failed_paths().unwrap().is_empty());
}

#[test]
fn collection_spares_what_roots_reach() {
    let (dir, store) = store();
    let a = text(&store, "a", &[]);
    let b = text(&store, "b", &[&a]);
    let c = text(&store, "c", &[&b]);
    let root = dir.path().join("result");
    store.add_perm_root(&b, &root).unwrap();
    assert_eq!(store.list_dead().unwrap(), Vec::<String>::new(), "temporary roots hold");
    let store = reopen(&dir, store);
    assert_eq!(
        store.find_roots().unwrap().into_iter().collect::<Vec<_>>(),
        [(root.clone(), b.clone())]
    );
    let names = |items: &[&StorePath]| -> BTreeSet<String> {
        items.iter().map(|i| store.layout().display(i)).collect()
    };
    fs::create_dir(store.layout().physical_store().join("leftover")).unwrap();
    let dead: BTreeSet<_> = store.list_dead().unwrap().into_iter().collect();
    let leftover = format!("{}/leftover", store.layout().store_dir().as_str());
    let mut expected = names(&[&c]);
    expected.insert(leftover);
    assert_eq!(dead, expected);
    assert_eq!(BTreeSet::from_iter(store.list_live().unwrap()), names(&[&a, &b]));
    let refused = store.delete_paths(set([&a])).unwrap_err();
    assert!(matches!(refused, Error::Alive { .. }), "{refused}");
    let results = store.collect_garbage(&GcOptions::new(GcAction::DeleteDead)).unwrap();
    assert_eq!(results.paths.len(), 2);
    assert!(results.bytes_freed > 0);
    assert!(!store.physical(&c).exists() && store.physical(&a).exists());
    fs::remove_file(&root).unwrap();
    let results = store.collect_garbage(&GcOptions::new(GcAction::DeleteDead)).unwrap();
    assert_eq!(BTreeSet::from_iter(results.paths), names(&[&a, &b]));
    assert_eq!(fs::read_dir(store.layout().gc_roots_dir().join("auto")).unwrap().count(), 0);
    assert!(store.verify(true, None).unwrap().is_clean());
}

#[test]
fn collection_stops_when_enough_is_freed() {
    let (dir, store) = store();
    let mut last = text(&store, "t0", &[]);
    for i in 1..600 {
        last = text(&store, &format!("t{i}"), &[&last]);
    }
    let store = reopen(&dir, store);
    let mut options = GcOptions::new(GcAction::DeleteDead);
    options.max_freed = 1000;
    let results = store.collect_garbage(&options).unwrap();
    assert!((2..20).contains(&results.paths.len()), "{}", results.paths.len());
    assert!(!store.is_valid_path(&last).unwrap(), "referrers go first");
    assert!(store.verify(true, None).unwrap().is_clean());
    options.max_freed = u64::MAX;
    store.collect_garbage(&options).unwrap();
    assert_eq!(valid_count(&store), 0);
}

#[test]
fn deleting_takes_referrers_along() {
    let (dir, store) = store();
    let a = text(&store, "a", &[]);
    let b = text(&store, "b", &[&a]);
    let c = text(&store, "c", &[]);
    let store = reopen(&dir, store);
    store.delete_paths(set([&a])).unwrap();
    assert_eq!(store.query_valid_paths([&a, &b, &c]).unwrap(), set([&c]));
}

#[test]
fn equal_files_are_shared() {
    let (dir, store) = store();
    let source = dir.path().join("s");
    fs::create_dir(&source).unwrap();
    fs::write(source.join("big"), vec![b'x'; 20_000]).unwrap();
    fs::write(source.join("small"), "x").unwrap();
    let one = add_tree(&store, "one", &source);
    fs::write(source.join("more"), "y").unwrap();
    let two = add_tree(&store, "two", &source);
    let meta = |item, name| fs::metadata(store.physical(item).join(name)).unwrap();
    assert_eq!(meta(&one, "big").ino(), meta(&two, "big").ino());
    assert_ne!(meta(&one, "small").ino(), meta(&two, "small").ino());
    assert_eq!(fs::metadata(store.physical(&two)).unwrap().mtime(), 1);
    let (hash, _) = fruix_store::nar::hash_path(&store.physical(&one).join("big")).unwrap();
    assert!(store.layout().links_dir().join(hash.to_base32()).exists());
    assert_eq!(store.optimise().unwrap().files_linked, 0);
    assert!(store.verify(true, None).unwrap().is_clean());
    let store = reopen(&dir, store);
    let results = store.collect_garbage(&GcOptions::new(GcAction::DeleteDead)).unwrap();
    assert!(results.bytes_freed >= 20_000);
    assert_eq!(fs::read_dir(store.layout().links_dir()).unwrap().count(), 0);
}

#[test]
fn verification_finds_and_repairs() {
    let (_dir, store) = store();
    let a = text(&store, "a", &[]);
    let b = text(&store, "b", &[&a]);
    let c = text(&store, "c", &[&b]);
    let d = text(&store, "d", &[]);
    fs::remove_file(store.physical(&a)).unwrap();
    fs::remove_file(store.physical(&c)).unwrap();
    fs::set_permissions(store.physical(&d), fs::Permissions::from_mode(0o644)).unwrap();
    fs::write(store.physical(&d), "changed").unwrap();
    let report = store.verify(true, None).unwrap();
    assert_eq!(report.checked, 4);
    assert_eq!(report.repaired, [Problem::Disappeared(c.clone())]);
    assert!(report.remaining.contains(&Problem::Missing(a.clone())));
    assert!(matches!(&report.remaining[1], Problem::Modified { path, .. } if *path == d));
    assert!(!store.is_valid_path(&c).unwrap());
    let mut asked = BTreeSet::new();
    let mut repair = |item: &StorePath| Ok(asked.insert(item.clone()));
    assert!(store.verify(true, Some(&mut repair)).unwrap().is_clean());
    assert_eq!(asked, set([&a, &d]));
}

#[test]
fn a_corrupt_database_is_named() {
    let (dir, store) = store();
    text(&store, "a", &[]);
    let layout = store.layout().clone();
    drop(store);
    let _ = fs::remove_file(layout.db_dir().join("db.sqlite-wal"));
    fs::write(layout.db_file(), vec![b'#'; 8192]).unwrap();
    let error = Store::open(Layout::embedded(dir.path()), Options::default()).err().unwrap();
    assert!(matches!(&error, Error::CorruptDatabase { path, .. } if *path == layout.db_file()));
    fs::write(layout.db_dir().join("schema"), "8").unwrap();
    let error = Store::open(Layout::embedded(dir.path()), Options::default()).err().unwrap();
    assert!(matches!(&error, Error::Schema { got, .. } if got == "8"), "{error}");
}

#[test]
fn threads_add_the_same_items_at_once() {
    let (_dir, store) = store();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut last = text(&store, "t0", &[]);
                for i in 1..40 {
                    last = text(&store, &format!("t{i}"), &[&last]);
                }
            });
        }
        scope.spawn(|| {
            for _ in 0..10 {
                store.collect_garbage(&GcOptions::new(GcAction::DeleteDead)).unwrap();
            }
        });
    });
    assert_eq!(valid_count(&store), 40);
    assert!(store.verify(true, None).unwrap().is_clean());
}

#[test]
fn a_full_disk_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let mount = ["-t", "tmpfs", "-o", "size=12m", "tmpfs"];
    let mounted = std::process::Command::new("mount").args(mount).arg(dir.path()).output();
    if !mounted.is_ok_and(|output| output.status.success()) {
        eprintln!("SKIPPED a_full_disk_is_named: cannot mount a small file system here");
        return;
    }
    let check = || {
        let store = open(dir.path());
        let a = text(&store, "a", &[]);
        let zeroes =
            || std::io::BufReader::new(std::io::Read::take(std::io::repeat(b'0'), 50 << 20));
        let (flat, sha256) = (HashMethod::Flat, HashAlgorithm::Sha256);
        let error = store.add_to_store_from_dump("big", &mut zeroes(), flat, sha256).unwrap_err();
        assert!(matches!(error, Error::NoSpace { .. }), "{error}");
        // Fill what is left: the collector must still run, thanks to the reserve.
        let _ =
            std::io::copy(&mut zeroes(), &mut fs::File::create(dir.path().join("fill")).unwrap());
        let store = reopen_at(dir.path(), store);
        let results = store.collect_garbage(&GcOptions::new(GcAction::DeleteDead)).unwrap();
        assert_eq!(results.paths, [store.layout().display(&a)]);
        assert!(store.verify(true, None).unwrap().is_clean());
    };
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(check));
    std::process::Command::new("umount").arg("-l").arg(dir.path()).status().unwrap();
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic);
    }
}

/// With FRUIX_ACCEPTANCE=1 a million rows, else some thousands; files are not needed for marking.
#[test]
fn large_databases_are_walked_in_linear_time() {
    let count: i64 = if std::env::var_os("FRUIX_ACCEPTANCE").is_some() { 1_000_000 } else { 5_000 };
    let (dir, store) = store();
    let layout = store.layout().clone();
    drop(store);
    let name = |id: i64| format!("/gnu/store/{id:032}-item");
    let mut db = rusqlite::Connection::open(layout.db_file()).unwrap();
    let tx = db.transaction().unwrap();
    {
        let hash = format!("sha256:{:064}", 0);
        let mut row = tx.prepare("INSERT INTO ValidPaths VALUES (?, ?, ?, 1, NULL, 100)").unwrap();
        let mut edge = tx.prepare("INSERT OR IGNORE INTO Refs VALUES (?, ?)").unwrap();
        for id in 1..=count {
            row.execute((id, name(id), &hash)).unwrap();
            // A long chain with branches in the lower half; the upper half hangs together loosely.
            for reference in [id - 1, id / 2, id / 3, id] {
                if reference > 0 && (id <= count / 2 || reference != id - 1) {
                    edge.execute((id, reference)).unwrap();
                }
            }
        }
    }
    tx.commit().unwrap();
    drop(db);
    let store = open(dir.path());
    let item = |id| layout.parse(&name(id)).unwrap();
    symlink(name(count / 2), layout.gc_roots_dir().join("half")).unwrap();
    let timed = |what: &str, work: &dyn Fn() -> usize| {
        let start = std::time::Instant::now();
        let found = work();
        eprintln!("{what}: {found} of {count} items in {:.2} s", start.elapsed().as_secs_f64());
        found as i64
    };
    assert_eq!(timed("live", &|| store.list_live().unwrap().len()), count / 2);
    assert_eq!(timed("dead", &|| store.list_dead().unwrap().len()), count - count / 2);
    let half = [item(count / 2)];
    assert_eq!(timed("requisites", &|| store.requisites(&half).unwrap().len()), count / 2);
    assert_eq!(timed("sorted", &|| store.requisites_sorted(&half).unwrap().len()), count / 2);
    let collect = || {
        let options = GcOptions::new(GcAction::DeleteDead);
        store.collect_garbage(&options).unwrap().paths.len()
    };
    assert_eq!(timed("collected", &collect), count - count / 2);
    assert_eq!(timed("verified", &|| store.verify(true, None).unwrap().repaired.len()), count / 2);
}

#[test]
fn sessions_have_temporary_roots_of_their_own() {
    let (_dir, store) = store();
    let (one, two) = (store.session(), store.session());
    let a = text(&one, "a", &[]);
    let b = text(&two, "b", &[]);
    text(&one, "b", &[]);
    drop(one);
    let options = GcOptions::new(GcAction::DeleteDead);
    let results = store.collect_garbage(&options).unwrap();
    assert_eq!(results.paths, [store.layout().display(&a)]);
    drop(two);
    let results = store.collect_garbage(&options).unwrap();
    assert_eq!(results.paths, [store.layout().display(&b)]);
}

#[test]
fn only_an_embedded_store_may_lie_behind_a_link() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("real")).unwrap();
    let link = dir.path().join("link");
    symlink("real", &link).unwrap();
    text(&open(&link), "a", &[]);
    let physical = link.join("store");
    let logical = fruix_core::store_path::StoreDir::new(physical.to_str().unwrap()).unwrap();
    let layout = Layout::new(logical, &physical, link.join("state"), link.join("log"));
    let error = Store::open(layout, Options::default()).err().unwrap();
    assert!(matches!(&error, Error::StoreIsSymlink { path } if *path == link), "{error}");
}
