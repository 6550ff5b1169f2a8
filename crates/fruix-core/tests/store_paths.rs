// SPDX-License-Identifier: GPL-3.0-or-later
//! Store paths: how they are computed (what GNU Guix printed) and which are none.

#![allow(clippy::unwrap_used)] // What a test unwraps, the test put there.

use fruix_core::store_path::{HashMethod, MAX_NAME_LEN, StorePathError, check_name};
use fruix_core::{Derivation, Hash, HashAlgorithm, HashPart, StoreDir, StorePath};
use proptest::prelude::*;

const FOX: &[u8] = b"The quick brown fox jumps over the lazy dog";

/// `(fixed-output-path "hello-2.12.2.tar.gz" (bytevector-hash fox ALGO) #:hash-algo ALGO
/// #:recursive? RECURSIVE?)`
const FIXED: &[(&str, bool, &str)] = &[
    ("md5", true, "/gnu/store/9rw93rl6d98d0pr8q0kcan4zzwi71dzz-hello-2.12.2.tar.gz"),
    ("md5", false, "/gnu/store/ysg0ms5lvxssz14ix7mdd7ixbbg4afpn-hello-2.12.2.tar.gz"),
    ("sha1", true, "/gnu/store/5nl6myj24bfy761qr5ajq5d2hrznshih-hello-2.12.2.tar.gz"),
    ("sha1", false, "/gnu/store/dyxnv9fwm52s1nivyw65byqq80fl5cvq-hello-2.12.2.tar.gz"),
    ("sha256", true, "/gnu/store/kzyjhyfxzrkk8zv8763sg5fcr6mh2ps3-hello-2.12.2.tar.gz"),
    ("sha256", false, "/gnu/store/4mj44lq5k5jwl8d0vqmikdhff98fyp21-hello-2.12.2.tar.gz"),
    ("sha384", true, "/gnu/store/3w7hh3ajk6v7bn433fd544sxpx16lk5l-hello-2.12.2.tar.gz"),
    ("sha384", false, "/gnu/store/cw06nq034195c7g4mys49vxk4r0jnmpi-hello-2.12.2.tar.gz"),
    ("sha512", true, "/gnu/store/1hfsaqdm5nq5nlghbqr0vsm2v66mfjnc-hello-2.12.2.tar.gz"),
    ("sha512", false, "/gnu/store/9ih0fllxz8wxpsar1i9592xqvi6az3hn-hello-2.12.2.tar.gz"),
    ("sha3-256", true, "/gnu/store/dn57q7hibd1ybzsvdril6fbncsing0r7-hello-2.12.2.tar.gz"),
    ("sha3-256", false, "/gnu/store/qgv1f07m4ydfadmird1vdkj5sc4qqxym-hello-2.12.2.tar.gz"),
    ("sha3-512", true, "/gnu/store/svimgb9d5q6ni6d16rp0y4fy217m986x-hello-2.12.2.tar.gz"),
    ("sha3-512", false, "/gnu/store/00iwfxln3j2ach435d3d2dpmkdc840pn-hello-2.12.2.tar.gz"),
    ("blake2s-256", true, "/gnu/store/g14ggnc8qdw500jdh4s361mc6l56673c-hello-2.12.2.tar.gz"),
    ("blake2s-256", false, "/gnu/store/bbrsiz5jmphcdyn3rm96r8grmfwqfbya-hello-2.12.2.tar.gz"),
    ("blake2b-512", true, "/gnu/store/adf36gasqhv8y84bg52hdq0q2qkk8k55-hello-2.12.2.tar.gz"),
    ("blake2b-512", false, "/gnu/store/gig7dyssa3vndkrkrng8i9z91vmm5g1x-hello-2.12.2.tar.gz"),
];

#[test]
fn fixed_outputs_agree_with_guix() {
    let store_dir = StoreDir::default();
    for (algorithm, recursive, expected) in FIXED {
        let method = if *recursive { HashMethod::Recursive } else { HashMethod::Flat };
        let hash = Hash::of(algorithm.parse().unwrap(), FOX);
        let path = store_dir.fixed_output_path("hello-2.12.2.tar.gz", method, &hash).unwrap();
        assert_eq!(store_dir.print(&path), *expected, "{algorithm} {recursive}");
        if *recursive && hash.algorithm() == HashAlgorithm::Sha256 {
            let source = store_dir.source_path("hello-2.12.2.tar.gz", &hash);
            assert_eq!(source, Ok(path));
        }
    }
}

#[test]
fn text_files_agree_with_guix() {
    // (store-path "text:REFERENCES" (sha256 fox) "hello.txt")
    let store_dir = StoreDir::default();
    let hash = Hash::sha256(FOX);
    let path = |references: &[&StorePath]| {
        let path = store_dir.text_path("hello.txt", &hash, references.iter().copied());
        path.unwrap().to_string()
    };
    assert_eq!(path(&[]), "mlc31wma1737in23lasixqm1c5mz1lbx-hello.txt");
    let a: StorePath = "0did6wvfikhpmr65v3c820rpf3hhy581-a".parse().unwrap();
    let b: StorePath = "5k1q9bp8z0w6ha6yp8bkyi00blv6a2qn-b".parse().unwrap();
    let expected = "5a2y6rv3swyv36cakj5y2xfl7m959bkb-hello.txt";
    assert_eq!(path(&[&a, &b]), expected);
    assert_eq!(path(&[&b, &a, &b]), expected, "order and repetition");
}

#[test]
fn the_store_directory_counts() {
    let hash = Hash::sha256(FOX);
    let elsewhere = StoreDir::new("/home/me/store").unwrap();
    let here = StoreDir::default().source_path("x", &hash).unwrap();
    let there = elsewhere.source_path("x", &hash).unwrap();
    assert_ne!(here, there);
    assert_eq!(elsewhere.print(&there), format!("/home/me/store/{there}"));
    for bad in ["", "/", "gnu/store", "/gnu/store/", "/gnu//store", "/gnu/../store", "/a:b"] {
        assert_eq!(StoreDir::new(bad), Err(StorePathError::InvalidStoreDir { path: bad.into() }));
    }
}

#[test]
fn names() {
    for good in ["a", "hello-2.12.2", "+-_?=", "-", "libstdc++", "A.drv", "a..b"] {
        assert_eq!(check_name(good), Ok(()), "{good}");
    }
    assert_eq!(check_name(""), Err(StorePathError::EmptyName));
    for bad in [".", "..", ".drv", ".a"] {
        let error = StorePathError::LeadingDot { name: bad.into() };
        assert_eq!(check_name(bad), Err(error));
    }
    for (bad, character) in [
        ("a b", ' '),
        ("a/b", '/'),
        ("é", 'é'),
        ("a\n", '\n'),
        ("a\0", '\0'),
        ("a~", '~'),
        ("a:b", ':'),
    ] {
        let name = bad.into();
        let error = StorePathError::InvalidCharacter { name, character };
        assert_eq!(check_name(bad), Err(error));
    }
    assert_eq!(check_name(&"a".repeat(MAX_NAME_LEN)), Ok(()));
    assert!(matches!(
        check_name(&"a".repeat(MAX_NAME_LEN + 1)),
        Err(StorePathError::NameTooLong { length: 223, max: 222, .. })
    ));
}

#[test]
fn what_is_no_store_path() {
    let store_dir = StoreDir::default();
    let item = "2nfg943asrl9dv64zrr1a4kpb25mfafd-hello-2.12.2";
    let parse = |file: &str| store_dir.parse(file).unwrap_err();
    for file in ["", "/", "/gnu/store", "/gnu/storex/a", "gnu/store/x", item] {
        assert!(matches!(parse(file), StorePathError::NotInStore { .. }), "{file}");
    }
    for rest in ["/", "/bin", "//", "/.."] {
        let file = format!("/gnu/store/{item}{rest}");
        assert_eq!(parse(&file), StorePathError::BelowItem { path: file.clone() });
        assert_eq!(store_dir.parse_below(&file), Ok((item.parse().unwrap(), rest)));
    }
    assert!(matches!(parse("/gnu/store/"), StorePathError::TooShort { .. }));
    assert!(matches!(parse("/gnu/store/../etc/passwd"), StorePathError::BelowItem { .. }));
    assert!(matches!(
        parse(&format!("/gnu/store/{}", &item[..33])),
        StorePathError::TooShort { .. }
    ));
    assert!(matches!(
        parse(&format!("/gnu/store/e{}", &item[1..])),
        StorePathError::InvalidHashPart { .. }
    ));
    assert!(matches!(
        parse(&format!("/gnu/store/{}", item.replacen('-', "+", 1))),
        StorePathError::NoHyphen { .. }
    ));
    // A character of several bytes where the hash part ends must not split.
    assert!(parse(&format!("/gnu/store/{}é-x", &item[..31])).to_string().contains("hash part"));
    assert_eq!(store_dir.parse_bytes(b"/gnu/store/\xff"), Err(StorePathError::NotText));
}

#[test]
fn parts() {
    let path: StorePath = "2nfg943asrl9dv64zrr1a4kpb25mfafd-hello-2.12.2.drv".parse().unwrap();
    assert_eq!(path.hash_part().as_str(), "2nfg943asrl9dv64zrr1a4kpb25mfafd");
    assert_eq!(path.name(), "hello-2.12.2.drv");
    assert_eq!(path.derivation_name(), Some("hello-2.12.2"));
    assert!(path.is_derivation());
    assert!(!StorePath::from_parts(path.hash_part(), "hello").unwrap().is_derivation());
    assert!("2nfg943asrl9dv64zrr1a4kpb25mfaf".parse::<HashPart>().is_err());
}

#[test]
fn outputs_are_named_after_the_derivation() {
    // Two outputs of one derivation; what their hashes are, the comparison with Guix's own
    // derivations tells.
    let text = br#"Derive([("lib","","",""),("out","","","")],[],[],"x","/b",[],[])"#;
    let store_dir = StoreDir::default();
    let mut drv = Derivation::parse(&store_dir, text).unwrap();
    drv.fill_outputs(&store_dir, "x-1", &mut Default::default(), |_| {
        Err::<Derivation, _>("no input is to be looked up")
    })
    .unwrap();
    let name = |output: &str| drv.outputs[output].path.as_ref().unwrap().name().to_owned();
    assert_eq!(name("out"), "x-1");
    assert_eq!(name("lib"), "x-1-lib");
}

proptest! {
    #[test]
    fn what_is_printed_parses(
        digits in "[0-9a-df-np-svw-z]{32}",
        name in "[A-Za-z0-9+_?=-][A-Za-z0-9+._?=-]{0,80}",
    ) {
        let store_dir = StoreDir::default();
        let path = StorePath::from_base_name(&format!("{digits}-{name}"));
        // o, u and t are in the ranges of the pattern and not in the alphabet.
        prop_assert_eq!(path.is_ok(), !digits.contains(['e', 'o', 'u', 't']));
        if let Ok(path) = path {
            prop_assert_eq!(path.name(), &name);
            prop_assert_eq!(store_dir.parse(&store_dir.print(&path)), Ok(path));
        }
    }
}
