// SPDX-License-Identifier: GPL-3.0-or-later
//! The properties of this crate's fuzz targets.

// A test may stop at anything unexpected.
#![allow(clippy::unwrap_used)]

#[path = "../../../../fuzz/mutation.rs"]
mod mutation;
mod program;
#[path = "../../../../fuzz/properties/seed.rs"]
mod properties;

use mutation::run;

#[test]
fn lock() {
    let hash = "0".repeat(64);
    let text = format!(
        "fruix-seed-lock 1\na 1:2-3 amd64 pool/a.deb 7 {hash} -\nb 2 all pool/b/b_2.deb 70 {hash} a,c\n"
    );
    run(properties::lock, &[text.as_bytes()]);
}

#[test]
fn recipe() {
    let text = "fruix-seed 1\ninterpreter\t@glibc@/lib/ld.so\ntext\tbin/*\t/bin/a\\tb\\\\\t@out@\nrun\tbin/x\n\
                specs\tbin/gcc\tlib/specs\tlink\t-rpath @out@/lib\n";
    run(properties::recipe, &[text.as_bytes()]);
}

#[test]
fn elf() {
    run(properties::elf, &[&program::program()]);
}

/// A tar archive with a file, and links of both kinds to it.
fn archive() -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    let mut add = |name: &str, kind: tar::EntryType, target: &str, content: &[u8]| {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(0o755);
        header.set_size(content.len() as u64);
        if !target.is_empty() {
            header.set_link_name(target).unwrap();
        }
        archive.append_data(&mut header, name, content).unwrap();
    };
    add("./usr/bin/a", tar::EntryType::Regular, "", b"#!/bin/sh\n");
    add("./usr/bin/b", tar::EntryType::Link, "./usr/bin/a", b"");
    add("./usr/bin/c", tar::EntryType::Symlink, "../bin/a", b"");
    archive.into_inner().unwrap()
}

#[test]
fn deb() {
    let tar = archive();
    let header = format!("{:<48}{:<10}`\n", "data.tar", tar.len());
    let package = [b"!<arch>\n", header.as_bytes(), &tar].concat();
    assert_eq!(fruix_seed::deb::unpack(&package, 100).unwrap().len(), 3);
    run(properties::deb, &[&tar, &package]);
}

#[test]
fn copies_count() {
    let tar = archive();
    let header = format!("{:<48}{:<10}`\n", "data.tar", tar.len());
    let package = [b"!<arch>\n", header.as_bytes(), &tar].concat();
    // Ten bytes and again ten for the link to them.
    assert!(fruix_seed::deb::unpack(&package, 19).is_err());
}
