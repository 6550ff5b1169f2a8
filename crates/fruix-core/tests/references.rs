// SPDX-License-Identifier: GPL-3.0-or-later
//! The search for references, at every place and in every cut.

use std::collections::BTreeSet;

use fruix_core::HashPart;
use fruix_core::references::Scanner;
use proptest::prelude::*;

fn part(digits: &str) -> HashPart {
    digits.parse().expect("32 digits")
}

fn scan<'a>(parts: &[HashPart], pieces: impl IntoIterator<Item = &'a [u8]>) -> BTreeSet<HashPart> {
    let mut scanner = Scanner::new(parts.iter().copied());
    for piece in pieces {
        scanner.feed(piece);
    }
    scanner.found()
}

#[test]
fn a_reference_is_found_at_every_offset_and_cut() {
    let wanted = part("2nfg943asrl9dv64zrr1a4kpb25mfafd");
    let absent = part("2nfg943asrl9dv64zrr1a4kpb25mfafa");
    // 'e' is no digit, '0' is one.
    for filler in [b'e', b'0', 0xff] {
        for before in 0..70 {
            let mut bytes = vec![filler; before];
            bytes.extend_from_slice(wanted.as_bytes());
            bytes.extend(vec![filler; 40]);
            for cut in 0..bytes.len() {
                let (first, second) = bytes.split_at(cut);
                let found = scan(&[wanted, absent], [first, second]);
                assert_eq!(found, BTreeSet::from([wanted]), "{before} {cut}");
            }
            for size in [1, 2, 31, 32, 33] {
                let found = scan(&[wanted, absent], bytes.chunks(size));
                assert_eq!(found, BTreeSet::from([wanted]), "{before} {size}");
            }
            let short = &bytes[..before + 31];
            assert!(scan(&[wanted], [short]).is_empty(), "cut short");
        }
    }
}

#[test]
fn overlapping_occurrences_are_all_found() {
    let run = "0123456789abcdfghijklmnpqrsvwxyz0123456789abcdfghijklmnpqrsvwxyz";
    let parts: Vec<HashPart> = (0..=32).map(|at| part(&run[at..at + 32])).collect();
    let all: BTreeSet<HashPart> = parts.iter().copied().collect();
    assert_eq!(all.len(), 32, "the last is the first");
    for size in 1..=run.len() {
        assert_eq!(scan(&parts, run.as_bytes().chunks(size)), all, "{size}");
    }
}

#[test]
fn files_are_kept_apart() {
    let wanted = part("2nfg943asrl9dv64zrr1a4kpb25mfafd");
    let (first, second) = wanted.as_bytes().split_at(10);
    let mut scanner = Scanner::new([wanted]);
    scanner.feed(first);
    scanner.cut();
    scanner.feed(second);
    assert!(scanner.found().is_empty());
}

proptest! {
    #[test]
    fn it_finds_what_a_plain_search_finds(
        noise in prop::collection::vec("[0-9a-d/e ]{0,40}", 1..8),
        digits in prop::collection::vec("[0-9a-d]{32}", 1..4),
        size in 1usize..80,
    ) {
        let mut text = String::new();
        for (index, noise) in noise.iter().enumerate() {
            text.push_str(noise);
            text.push_str(&digits[index % digits.len()][..32 - index % 3]);
        }
        let parts: Vec<HashPart> = digits.iter().map(|digits| part(digits)).collect();
        let expected: BTreeSet<HashPart> =
            parts.iter().copied().filter(|part| text.contains(part.as_str())).collect();
        prop_assert_eq!(scan(&parts, text.as_bytes().chunks(size)), expected);
    }
}
