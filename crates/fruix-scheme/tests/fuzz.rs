// SPDX-License-Identifier: GPL-3.0-or-later
//! The properties of this crate's fuzz targets.

#[path = "../../../fuzz/mutation.rs"]
mod mutation;
#[path = "../../../fuzz/properties/scheme.rs"]
mod properties;

use mutation::run;

#[test]
fn reader() {
    run(
        properties::reader,
        &[
            b"(define (f #:key (x 'a) . y) `(,x ,@y)) ; a comment\n#| b |# \"c\\n\\x41;\" #\\space #(1 2) #vu8(1 2)",
            b"#~(list #$x #+y) #{odd symbol}# 1/2 -1.5e3 #xff #true [a . b] #:key #!eof",
        ],
    );
}

#[test]
fn module_index() {
    run(properties::module_index, &[b"", b"\x06/a.scm\x01\x02\x03\x04\x05\x06\x07\x08"]);
}

#[test]
fn module_section() {
    for program in properties::PROGRAMS {
        let section = properties::section(program);
        run(properties::module_section, &[&section]);
    }
}
