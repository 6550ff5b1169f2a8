// SPDX-License-Identifier: GPL-3.0-or-later
//! Keys and signatures beside libgcrypt's, in both directions.
#![allow(clippy::unwrap_used)]

use fruix_core::Hash;
use fruix_core::signature::{Acl, KeyPair, PublicKey, Sexp, SignatureError};
use fruix_oracle::{Oracle, output_of};
use proptest::prelude::*;

/// A pair that libgcrypt made, and its signature of the SHA-256 of `hello`. The nonce follows from key
/// and hash, so whoever signs gets these very bytes.
const PUBLIC: &str = "(public-key (ecc (curve Ed25519)
  (q #B0CD514E301F1B023A66CC05117B80491E05893051A19CB3F425D03FDCDE7428#)))";
const SECRET: &str = "(private-key (ecc (curve Ed25519)
  (q #B0CD514E301F1B023A66CC05117B80491E05893051A19CB3F425D03FDCDE7428#)
  (d #442D2F0BEACAE8EB07BD41808E461D32E7AD19969AAEB7C100B5E21076BAE1A8#)))";
const VALUE: &str = "(sig-val (ecdsa
  (r #0D8D1158DC7F99F7D2F6430C3C2B2B2616D481A132A6755CCB2805117DD81AB4#)
  (s #09ADDF122F2F9E6F058E3B9E8CB77E400DF20B6390FEEFF84512E75B130B7C8C#)))";

fn hello() -> [u8; 32] {
    Hash::sha256(b"hello").as_bytes().try_into().unwrap()
}

fn pair() -> KeyPair {
    let public = PublicKey::parse(PUBLIC.as_bytes()).unwrap();
    KeyPair::parse(public, SECRET.as_bytes()).unwrap()
}

fn acl(key: &PublicKey) -> Acl {
    let mut acl = Acl::default();
    assert!(acl.authorize(key.clone()));
    assert!(!acl.authorize(key.clone()));
    acl
}

#[test]
fn the_same_bytes_as_libgcrypt() {
    let signature = pair().sign(&hello()).unwrap();
    assert_eq!(signature.get("sig-val"), Some(&Sexp::parse(VALUE.as_bytes()).unwrap()));
    let hash = acl(pair().public()).verify(signature.to_string().as_bytes()).unwrap();
    assert_eq!(hash, hello());
}

#[test]
fn what_is_wrong_is_refused() {
    let pair = pair();
    let signature = pair.sign(&hello()).unwrap().to_string();
    let verify = |text: &str| acl(pair.public()).verify(text.as_bytes());
    let nobody = Acl::default().verify(signature.as_bytes());
    assert!(matches!(nobody, Err(SignatureError::Unauthorized { .. })), "{nobody:?}");
    for (old, new) in [("2CF24DBA", "2CF24DBB"), ("0D8D1158", "0D8D1159"), ("09ADDF12", "09ADDF13")]
    {
        let wrong = verify(&signature.replace(old, new));
        assert!(matches!(wrong, Err(SignatureError::Invalid { .. })), "{wrong:?}");
    }
    for (old, new) in [
        ("rfc6979", "eddsa"),
        ("sha256", "sha1"),
        ("sig-val", "val"),
        ("(data", "(dada"),
        ("(signature", "(sign"),
    ] {
        let wrong = verify(&signature.replace(old, new));
        assert!(matches!(wrong, Err(SignatureError::Corrupt { .. })), "{old}: {wrong:?}");
    }
    // All zeroes would do for a careless verifier.
    let mut zero = signature.clone();
    for old in [
        "0D8D1158DC7F99F7D2F6430C3C2B2B2616D481A132A6755CCB2805117DD81AB4",
        "09ADDF122F2F9E6F058E3B9E8CB77E400DF20B6390FEEFF84512E75B130B7C8C",
    ] {
        zero = zero.replace(old, "00");
    }
    assert!(matches!(verify(&zero), Err(SignatureError::Invalid { .. })));
}

#[test]
fn an_acl_is_read_and_written() {
    let list = acl(pair().public());
    assert_eq!(Acl::parse(list.sexp().to_string().as_bytes()).unwrap(), list);
    assert_eq!(Acl::parse(b"(acl)").unwrap(), Acl::default());
    for text in ["(acl (entry))", "(entry)", "(acl (entry (public-key) (tag (guix export))))"] {
        assert!(Acl::parse(text.as_bytes()).is_err(), "{text}");
    }
}

/// Keys of all kinds that libgcrypt makes, with which it signs; and ours, which it verifies.
#[test]
fn exchanged_with_libgcrypt() {
    let Some(oracle) = Oracle::find_or_skip("signatures were not exchanged with libgcrypt") else {
        return;
    };
    let ours = KeyPair::generate(&std::array::from_fn(|n| n as u8));
    let mine = ours.sign(&hello()).unwrap();
    let kinds = [
        "(ecdsa (curve Ed25519) (flags rfc6979))",
        "(ecdsa (curve \\\"NIST P-256\\\") (flags rfc6979))",
        "(ecdsa (curve \\\"NIST P-384\\\") (flags rfc6979))",
        "(ecdsa (curve \\\"NIST P-521\\\") (flags rfc6979))",
        "(rsa (nbits 4:2048))",
    ];
    let list: Vec<String> = kinds.iter().map(|kind| format!("\"(genkey {kind})\"")).collect();
    let code = format!(
        r#"(use-modules (gcrypt pk-crypto) (gcrypt hash) (guix pki) (rnrs bytevectors) (ice-9 match))
           (define hash (sha256 (string->utf8 "hello")))
           (define (show sexp) (write (canonical-sexp->string sexp)) (newline))
           (for-each
             (lambda (kind)
               (let* ((pair (generate-key (string->canonical-sexp kind)))
                      (public (find-sexp-token pair 'public-key))
                      (secret (find-sexp-token pair 'private-key)))
                 (show (signature-sexp (bytevector->hash-data hash #:key-type (key-type public))
                                       secret public))))
             (list {}))
           (define ours (string->canonical-sexp {:?}))
           (format #t "~s~%" (valid-signature? ours))
           (show ours)"#,
        list.join(" "),
        mine.to_string(),
    );
    oracle.put("program.scm", code).unwrap();
    let mut guile = oracle.command("guile");
    guile.arg("--no-auto-compile").arg(oracle.inside("program.scm"));
    let output = output_of(guile).unwrap();
    let lines: Vec<&str> = output.lines().collect();
    assert_eq!(lines.len(), kinds.len() + 2, "{output}");
    let unquote = |line: &str| {
        line.trim_matches('"').replace("\\n", "\n").replace("\\\"", "\"").replace("\\\\", "\\")
    };
    for (kind, line) in kinds.iter().zip(&lines) {
        let text = unquote(line);
        let key = PublicKey::parse(text.as_bytes()).unwrap();
        assert_eq!(acl(&key).verify(text.as_bytes()).as_ref(), Ok(&hello()), "{kind}");
        let value = text.find("(sig-val").unwrap();
        let at = value + text[value..].find('#').unwrap() + 9;
        let digit = if &text[at..=at] == "0" { "1" } else { "0" };
        let mut wrong = text.clone();
        wrong.replace_range(at..=at, digit);
        let refused = acl(&key).verify(wrong.as_bytes());
        assert!(matches!(refused, Err(SignatureError::Invalid { .. })), "{kind}: {refused:?}");
    }
    assert_eq!(lines[kinds.len()], "#t", "it refuses ours");
    // And it writes ours as we do.
    assert_eq!(unquote(lines[kinds.len() + 1]), mine.to_string());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    #[test]
    fn who_signs_is_believed(random in prop::array::uniform32(any::<u8>()), hash: [u8; 32]) {
        let mut seed = [7; 64];
        seed[..32].copy_from_slice(&random);
        let pair = KeyPair::generate(&seed);
        let again = KeyPair::parse(pair.public().clone(), pair.secret_sexp().to_string().as_bytes());
        let signature = again.unwrap().sign(&hash).unwrap().to_string();
        prop_assert_eq!(acl(pair.public()).verify(signature.as_bytes()), Ok(hash));
    }

    #[test]
    fn texts_survive(bytes: Vec<Vec<u8>>) {
        let sexp = Sexp::list("x", bytes.into_iter().map(Sexp::atom));
        let canonical = Sexp::parse(&sexp.to_canonical());
        let advanced = Sexp::parse(sexp.to_string().as_bytes());
        prop_assert_eq!(canonical.as_ref(), Ok(&sexp));
        prop_assert_eq!(advanced, canonical);
    }

    #[test]
    fn garbage_is_no_catastrophe(bytes: Vec<u8>) {
        let _ = Sexp::parse(&bytes);
    }
}
