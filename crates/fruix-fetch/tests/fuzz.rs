// SPDX-License-Identifier: GPL-3.0-or-later
//! The properties of this crate's fuzz targets.

#[path = "../../../fuzz/mutation.rs"]
mod mutation;
#[path = "../../../fuzz/properties/fetch.rs"]
mod properties;

use mutation::run;

#[test]
fn datum() {
    run(
        properties::datum,
        &[
            b"(\"mirror://gnu/hello.tar.gz\" \"http://x/\\\\\\\"\\xe9\")",
            b"((gnu \"http://a/\" \"http://b\") (x))",
            b"http://x/y",
        ],
    );
}
