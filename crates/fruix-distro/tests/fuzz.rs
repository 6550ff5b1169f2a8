// SPDX-License-Identifier: GPL-3.0-or-later
//! The properties of this crate's fuzz targets.

#[path = "../../../fuzz/mutation.rs"]
mod mutation;
#[path = "../../../fuzz/properties/distro.rs"]
mod properties;

use mutation::run;

#[test]
fn deb822() {
    run(
        properties::deb822,
        &[b"A: 1\n# no\n 2\n\nURIs:\n http://x\n", b"Types: deb\r\nb:c\n\t\xff\n"],
    );
}

#[test]
fn sources() {
    run(
        properties::sources,
        &[b"Package: a\nChecksums-Sha256:\n $ 10 a.dsc\n 00 7 a.tar\nDirectory: p/a\n\nChecksums-Sha256: $ 1 b\n $ 3 c"],
    );
}
