// SPDX-License-Identifier: GPL-3.0-or-later
//! The properties of this crate's fuzz targets.

#[path = "../../../fuzz/mutation.rs"]
mod mutation;
#[path = "../../../fuzz/properties/core.rs"]
mod properties;

use fruix_core::nar::NarWriter;
use mutation::run;

#[test]
fn base32() {
    run(properties::base32, &[b"", b"0qk1", b"cmj66qk1"]);
}

#[test]
fn store_path() {
    run(
        properties::store_path,
        &[
            b"2nfg943asrl9dv64zrr1a4kpb25mfafd-hello-2.12.2.drv",
            b"/gnu/store/2nfg943asrl9dv64zrr1a4kpb25mfafd-hello-2.12.2/bin/hello",
        ],
    );
}

#[test]
fn derivation() {
    run(
        properties::derivation,
        &[
            br#"Derive([("out","","","")],[],[],"x","/bin/sh",[],[("out","")])"#,
            concat!(
                r#"Derive([("lib","/gnu/store/wf7arxvma7liv44fi681r2jycyaax7ih-x-1-lib","","#,
                r#"""),("out","/gnu/store/myrzsg2x5m689yj9lg69wb3g9v252qcr-x-1","r:sha256","")],"#,
                r#"[("/gnu/store/2nfg943asrl9dv64zrr1a4kpb25mfafd-y.drv",["lib","out"])],"#,
                r#"["/gnu/store/5a2y6rv3swyv36cakj5y2xfl7m959bkb-z"],"x86_64-linux","#,
                r#""builtin:download",["a \"b\"\n","\\\t\r"],[("lib","é"),("out","")])"#
            )
            .as_bytes(),
        ],
    );
}

#[test]
fn nar() {
    let mut writer = NarWriter::new(Vec::new()).expect("write to memory");
    let tree = (|| {
        writer.directory()?;
        writer.entry(b"a")?;
        writer.regular(true, 9)?;
        writer.chunk(b"123456789")?;
        writer.entry(b"b")?;
        writer.directory()?;
        writer.entry(b"c")?;
        writer.symlink(b"../a")?;
        writer.end_directory()?;
        writer.end_directory()?;
        writer.finish()
    })();
    run(properties::nar, &[&tree.expect("a good tree")]);
}

#[test]
fn references() {
    run(
        properties::references,
        &[b"abcdefghijklmnopqrstuvwxyz", b"\x01\x02\x04\x05eeeeeeeeeeeeeeee\0\0\0"],
    );
}

#[test]
fn sexp() {
    run(
        properties::sexp,
        &[
            b"(acl (entry (public-key (rsa (n #00C1#) (e #010001#))) (tag (guix import))))",
            b"(9:signature(4:data(5:flags7:rfc6979)(4:hash6:sha2562:ab))(7:sig-val(5:ecdsa(1:r1:x)\
              (1:s1:y)))(10:public-key(3:ecc(5:curve7:Ed25519)(1:q2:ab))))",
            b"(a |QUI=| \"x\\n\\x41\" #4142# (b))",
        ],
    );
}
