// SPDX-License-Identifier: GPL-3.0-or-later
//! Hashes and their textual forms, against what GNU Guix printed and against themselves.

#![allow(clippy::unwrap_used)] // What a test unwraps, the test put there.

use fruix_core::hash::{HashError, MAX_SIZE};
use fruix_core::{Hash, HashAlgorithm, Hasher, base16, base32, base64};
use proptest::prelude::*;

const FOX: &[u8] = b"The quick brown fox jumps over the lazy dog";

/// `(bytevector->base16-string (bytevector-hash fox (lookup-hash-algorithm 'NAME)))`
const FOX_HASHES: &[(&str, &str)] = &[
    ("md5", "9e107d9d372bb6826bd81d3542a419d6"),
    ("sha1", "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12"),
    ("sha224", "730e109bd7a8a32b1cb9d9a09aa2325d2430587ddbc0c38bad911525"),
    ("sha256", "d7a8fbb307d7809469ca9abcb0082e4f8d5651e46d3cdb762d02d0bf37c9e592"),
    (
        "sha384",
        "ca737f1014a48f4c0b6dd43cb177b0afd9e5169367544c494011e3317dbf9a509cb1e5dc1e85a941bbee3d7f2afbc9b1",
    ),
    (
        "sha512",
        "07e547d9586f6a73f73fbac0435ed76951218fb7d0c8d788a309d785436bbb642e93a252a954f23912547d1e8a3b5ed6e1bfd7097821233fa0538f3db854fee6",
    ),
    ("sha512-224", "944cd2847fb54558d4775db0485a50003111c8e5daa63fe722c6aa37"),
    ("sha512-256", "dd9d67b371519c339ed8dbd25af90e976a1eeefd4ad3d889005e532fc5bef04d"),
    ("sha3-224", "d15dadceaa4d5d7bb3b48f446421d542e08ad8887305e28d58335795"),
    ("sha3-256", "69070dda01975c8c120c3aada1b282394e7f032fa9cf32f4cb2259a0897dfc04"),
    (
        "sha3-384",
        "7063465e08a93bce31cd89d2e3ca8f602498696e253592ed26f07bf7e703cf328581e1471a7ba7ab119b1a9ebdf8be41",
    ),
    (
        "sha3-512",
        "01dedd5de4ef14642445ba5f5b97c15e47b9ad931326e4b0727cd94cefc44fff23f07bf543139939b49128caf436dc1bdee54fcb24023a08d9403f9b4bf0d450",
    ),
    ("blake2b-160", "3c523ed102ab45a37d54f5610d5a983162fde84f"),
    ("blake2b-256", "01718cec35cd3d796dd00020e0bfecb473ad23457d063b75eff29c0ffa2e58a9"),
    (
        "blake2b-384",
        "b7c81b228b6bd912930e8f0b5387989691c1cee1e65aade4da3b86a3c9f678fc8018f6ed9e2906720c8d2a3aeda9c03d",
    ),
    (
        "blake2b-512",
        "a8add4bdddfd93e4877d2746e62817b116364a1fa7bc148d95090bc7333b3673f82401cf7aa2e4cb1ecd90296e3f14cb5413f8ed77be73045b13914cdcd6a918",
    ),
    ("blake2s-128", "96fd07258925748a0d2fb1c8a1167a73"),
    ("blake2s-160", "5a604fec9713c369e84b0ed68daed7d7504ef240"),
    ("blake2s-224", "e4e5cb6c7cae41982b397bf7b7d2d9d1949823ae78435326e8db4912"),
    ("blake2s-256", "606beeec743ccbeff6cbcdf5d5302aa855c256c29b88c8ed331ea1a6bf3c8812"),
];

#[test]
fn every_algorithm_agrees_with_guix() {
    for (name, digits) in FOX_HASHES {
        let algorithm: HashAlgorithm = name.parse().unwrap();
        assert_eq!(Hash::of(algorithm, FOX).to_base16(), *digits, "{name}");
        assert_eq!(algorithm.to_string(), *name);
        assert!(algorithm.size() <= MAX_SIZE);
    }
    assert_eq!(FOX_HASHES.len(), HashAlgorithm::ALL.len());
}

#[test]
fn base32_agrees_with_guix() {
    // (bytevector->nix-base32-string (string->utf8 TEXT))
    for (text, digits) in [
        ("", ""),
        ("a", "31"),
        ("ab", "0qk1"),
        ("abc", "66qk1"),
        ("abcd", "1j66qk1"),
        ("abcde", "cmj66qk1"),
        ("abcdef", "36cmj66qk1"),
    ] {
        assert_eq!(base32::encode(text.as_bytes()), digits);
        assert_eq!(base32::decode(digits.as_bytes()).unwrap(), text.as_bytes());
    }
}

#[test]
fn forms_of_a_hash() {
    let hash = Hash::sha256(b"");
    let base32 = "0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73";
    let base16 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let base64 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    assert_eq!(hash.to_string(), format!("sha256:{base32}"));
    assert_eq!(hash.to_prefixed_base16(), format!("sha256:{base16}"));
    assert_eq!(hash.to_base64(), base64);
    for digits in [base16, &base16.to_uppercase(), base32, base64] {
        assert_eq!(Hash::parse_digits(HashAlgorithm::Sha256, digits), Ok(hash));
        assert_eq!(format!("sha256:{digits}").parse(), Ok(hash));
    }
}

#[test]
fn what_is_no_hash() {
    let parse = |text: &str| text.parse::<Hash>().unwrap_err();
    assert!(matches!(parse("abc"), HashError::NoAlgorithm { .. }));
    assert!(matches!(parse("md4:abc"), HashError::UnknownAlgorithm { name } if name == "md4"));
    assert!(matches!(parse("SHA256:abc"), HashError::UnknownAlgorithm { .. }));
    assert!(matches!(parse("sha256:abc"), HashError::WrongLength { length: 3, .. }));
    let zeros = "0".repeat(52);
    // e, o, u and t are not in the alphabet.
    for letter in ["e", "o", "u", "t", "A"] {
        assert!(matches!(
            parse(&format!("sha256:{letter}{}", &zeros[1..])),
            HashError::Base32(base32::Base32Error::InvalidByte { offset: 0, .. })
        ));
    }
    // 52 digits have 260 bits: the first digit is 0 or 1.
    assert!(format!("sha256:1{}", &zeros[1..]).parse::<Hash>().is_ok());
    assert!(matches!(
        parse(&format!("sha256:2{}", &zeros[1..])),
        HashError::Base32(base32::Base32Error::TrailingBits)
    ));
    assert!(matches!(
        parse(&format!("md5:{}g", "0".repeat(31))),
        HashError::Base16(base16::Base16Error::InvalidByte { offset: 31, byte: b'g' })
    ));
    assert!(matches!(
        parse("md5:AAAAAAAAAAAAAAAAAAAAAB=="),
        HashError::Base64(base64::Base64Error::TrailingBits)
    ));
    assert_eq!(
        Hash::new(HashAlgorithm::Sha1, &[0; 19]),
        Err(HashError::WrongSize { algorithm: HashAlgorithm::Sha1, expected: 20, got: 19 })
    );
    assert_eq!(base16::decode(b"abc"), Err(base16::Base16Error::OddLength { length: 3 }));
    assert_eq!(base32::decode(b"0"), Err(base32::Base32Error::InvalidLength { length: 1 }));
}

proptest! {
    #[test]
    fn codecs_are_inverse(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert_eq!(base16::decode(base16::encode(&bytes).as_bytes()).unwrap(), &bytes[..]);
        prop_assert_eq!(base32::decode(base32::encode(&bytes).as_bytes()).unwrap(), &bytes[..]);
        prop_assert_eq!(base64::decode(base64::encode(&bytes).as_bytes()).unwrap(), &bytes[..]);
    }

    #[test]
    fn base32_decodes_nothing_that_it_does_not_write(text in "[0-9a-df-np-svw-z]{0,40}") {
        if let Ok(bytes) = base32::decode(text.as_bytes()) {
            prop_assert_eq!(base32::encode(&bytes), text);
        }
    }

    #[test]
    fn pieces_hash_as_the_whole(
        pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..8),
        algorithm in prop::sample::select(HashAlgorithm::ALL),
    ) {
        let mut hasher = Hasher::new(algorithm);
        for piece in &pieces {
            hasher.update(piece);
        }
        let whole = pieces.concat();
        prop_assert_eq!(hasher.len(), whole.len() as u64);
        let hash = hasher.finish();
        prop_assert_eq!(hash, Hash::of(algorithm, &whole));
        for text in [hash.to_string(), hash.to_prefixed_base16()] {
            prop_assert_eq!(text.parse::<Hash>(), Ok(hash));
        }
        prop_assert_eq!(Hash::parse_digits(algorithm, &hash.to_base64()), Ok(hash));
    }
}
