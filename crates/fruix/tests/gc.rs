// SPDX-License-Identifier: GPL-3.0-or-later
//! `fruix gc`.

mod common;

use common::Bench;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::time::{Duration, SystemTime};

#[test]
fn equal_files_are_shared() {
    let bench = Bench::new();
    // Smaller files are left alone, as in Guix.
    let same = "same ".repeat(2000);
    let text = format!(
        "(run \"twice\" \"mkdir @out@\" \"write @out@/a {same}\" \"write @out@/b {same}\")"
    );
    bench.define("t.scm", &text);
    assert_eq!(bench.run(&["build", "-f", "t.scm"]).status, Some(0));
    let item = bench.item("twice");
    let inode = |name: &str| std::fs::metadata(item.join(name)).expect("a file").ino();
    assert_eq!(inode("a"), inode("b"), "what is built is shared at once");

    // Put a file of its own in the place of one.
    let mode = |mode| std::fs::Permissions::from_mode(mode);
    std::fs::set_permissions(&item, mode(0o755)).expect("ours");
    std::fs::remove_file(item.join("b")).expect("a file");
    std::fs::write(item.join("b"), &same).expect("a file");
    std::fs::set_permissions(item.join("b"), mode(0o444)).expect("ours");
    std::fs::set_permissions(&item, mode(0o555)).expect("ours");
    let second = SystemTime::UNIX_EPOCH + Duration::from_secs(1);
    for file in [item.join("b"), item.clone()] {
        let file = std::fs::File::open(file).expect("a file");
        file.set_modified(second).expect("ours");
    }
    assert_ne!(inode("a"), inode("b"));
    let ran = bench.run(&["gc", "--optimize"]);
    assert_eq!((ran.status, ran.printed.as_str()), (Some(0), ""), "{}", ran.said);
    assert!(ran.said.starts_with("linked 1 files to equal ones"), "{}", ran.said);
    assert_eq!(inode("a"), inode("b"));
    bench.is_in_order();
}

#[test]
fn what_no_root_reaches_goes() {
    let bench = Bench::new();
    bench.define("t.scm", "(run \"good\" \"write @out@ text\")");
    let ran = bench.run(&["build", "-r", "result", "-f", "t.scm"]);
    assert_eq!(ran.printed, "/gnu/store/HASH-good\n", "{}", ran.said);
    assert_eq!(bench.run(&["gc"]).printed, "");
    let live = bench.run(&["gc", "--list-live"]).printed;
    assert!(live.lines().any(|line| line == "/gnu/store/HASH-good"), "{live}");
    std::fs::remove_file(bench.dir().join("result")).expect("the root");
    let deleted = bench.run(&["gc"]).printed;
    assert!(deleted.lines().any(|line| line == "/gnu/store/HASH-good"), "{deleted}");
    assert_eq!(bench.run(&["gc", "--list-live"]).printed, "");
    bench.is_in_order();
}

#[test]
fn a_broken_database_is_named() {
    let bench = Bench::new();
    assert_eq!(bench.run(&["gc", "--list-live"]).status, Some(0));
    bench.write("store/var/guix/db/db.sqlite", &"garbage ".repeat(1000));
    let ran = bench.run(&["gc", "--list-live"]);
    assert_eq!((ran.status, ran.printed.as_str()), (Some(1), ""));
    assert_eq!(
        ran.said,
        "fruix: error: the store database `DIR/store/var/guix/db/db.sqlite' is corrupt: file is not a database\n\
         hint: restore db/db.sqlite from a copy, or move the store and state folders away and build anew\n"
    );
}

#[test]
fn what_is_meant_has_to_be_said() {
    let bench = Bench::new();
    let item = "/gnu/store/00000000000000000000000000000000-x";
    for (words, expected) in [
        (
            &["gc", item][..],
            "fruix: error: it is not said what to do with `/gnu/store/HASH-x'\nhint: to delete it: `fruix gc --delete'\n",
        ),
        (&["gc", "--references", item], "fruix: error: `/gnu/store/HASH-x' is not in the store\n"),
        (&["gc", "--references"], "fruix: error: no store items are given\n"),
        (
            &["gc", "-F", "lots"],
            "fruix: error: `lots' is not a size\nhint: sizes are numbers with a unit: 500M, 10G, 2GB\n",
        ),
        (
            &["gc", "--verify=all"],
            "fruix: error: --verify does not know `all'\nhint: it knows `contents' and `repair'\n",
        ),
    ] {
        let ran = bench.run(words);
        assert_eq!((ran.status, ran.said.as_str()), (Some(1), expected), "{words:?}");
    }
}
