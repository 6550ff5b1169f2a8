// SPDX-License-Identifier: GPL-3.0-or-later
//! What must hold of `fruix-core` for any bytes at all: one function for each fuzz target, which panics when it
//! does not. `cargo +nightly fuzz run TARGET` looks for such bytes; a plain test of the crate
//! tries some thousands each time (`fuzz/mutation.rs`).

use fruix_core::base32;
use fruix_core::derivation::{Derivation, DerivationParser};
use fruix_core::nar::{NarEvent, NarParseError, NarParser, NarWriter};
use fruix_core::references::Scanner;
use fruix_core::signature::{Acl, PublicKey, Sexp};
use fruix_core::store_path::{HASH_PART_LEN, HashPart, StoreDir, StorePath};

/// Sizes of the pieces in which the same bytes are given again.
const PIECES: [usize; 4] = [1, 3, 8, 61];

/// Nix base32: encoding and decoding are inverse, and nothing else decodes.
pub fn base32(data: &[u8]) {
    assert_eq!(base32::decode(base32::encode(data).as_bytes()).as_deref(), Ok(data));
    if let Ok(bytes) = base32::decode(data) {
        assert_eq!(base32::encode(&bytes).as_bytes(), data);
    }
}

/// Store paths: what parses prints as it was, and its parts make it again.
pub fn store_path(data: &[u8]) {
    let store_dir = StoreDir::default();
    let Ok(text) = std::str::from_utf8(data) else {
        assert!(store_dir.parse_bytes(data).is_err());
        return;
    };
    if let Ok(path) = StorePath::from_base_name(text) {
        assert_eq!(path.as_str(), text);
        let again = StorePath::from_parts(path.hash_part(), path.name());
        assert_eq!(again.as_ref(), Ok(&path));
        assert_eq!(store_dir.parse(&store_dir.print(&path)).as_ref(), Ok(&path));
    }
    if let Ok(path) = store_dir.parse(text) {
        assert_eq!(store_dir.print(&path), text);
    }
    if let Ok((path, rest)) = store_dir.parse_below(text) {
        assert_eq!(format!("{}{rest}", store_dir.print(&path)), text);
    }
    if let Ok(store_dir) = StoreDir::new(text) {
        assert_eq!(store_dir.as_str(), text);
    }
}

/// Derivations: what parses prints as it was, and pieces give what the whole gives.
pub fn derivation(data: &[u8]) {
    let store_dir = StoreDir::default();
    let whole = Derivation::parse(&store_dir, data);
    if let Ok(drv) = &whole {
        assert_eq!(drv.to_bytes(&store_dir), data);
    }
    for size in PIECES {
        let mut parser = DerivationParser::new(store_dir.clone());
        let fed = data.chunks(size).try_for_each(|piece| parser.feed(piece));
        assert_eq!(fed.and_then(|()| parser.finish()), whole);
    }
}

/// An event that owns its bytes; the pieces of a file's contents are put together.
#[derive(Debug, PartialEq, Eq)]
enum Owned {
    Regular { executable: bool, size: u64 },
    Contents(Vec<u8>),
    Symlink(Vec<u8>),
    Directory,
    Entry(Vec<u8>),
    EndDirectory,
}

fn parse_nar(data: &[u8], size: usize) -> (Vec<Owned>, Result<(), NarParseError<String>>) {
    let mut events = Vec::new();
    let mut parser = NarParser::new();
    let mut result = Ok(());
    for piece in data.chunks(size.max(1)) {
        result = parser.feed_all(piece, |event| {
            let event = match event {
                NarEvent::Regular { executable, size } => Owned::Regular { executable, size },
                NarEvent::Chunk(bytes) => {
                    assert!(!bytes.is_empty(), "an empty chunk");
                    match events.last_mut() {
                        Some(Owned::Contents(contents)) => {
                            contents.extend_from_slice(bytes);
                            return Ok(());
                        }
                        _ => Owned::Contents(bytes.to_vec()),
                    }
                }
                NarEvent::Symlink { target } => Owned::Symlink(target.to_vec()),
                NarEvent::Directory => Owned::Directory,
                NarEvent::Entry { name } => Owned::Entry(name.to_vec()),
                NarEvent::EndDirectory => Owned::EndDirectory,
            };
            events.push(event);
            Ok(())
        });
        if result.is_err() {
            break;
        }
    }
    let result = result.and_then(|()| parser.finish());
    (events, result)
}

fn write_nar(events: &[Owned]) -> Vec<u8> {
    let mut writer = NarWriter::new(Vec::new()).expect("write to memory");
    for event in events {
        let event = match event {
            Owned::Regular { executable, size } => {
                NarEvent::Regular { executable: *executable, size: *size }
            }
            Owned::Contents(bytes) => NarEvent::Chunk(bytes),
            Owned::Symlink(target) => NarEvent::Symlink { target },
            Owned::Directory => NarEvent::Directory,
            Owned::Entry(name) => NarEvent::Entry { name },
            Owned::EndDirectory => NarEvent::EndDirectory,
        };
        writer.event(event).expect("what was parsed can be written");
    }
    writer.finish().expect("what was parsed is complete")
}

/// Archives: what parses is what the writer writes, and pieces give what the whole gives.
pub fn nar(data: &[u8]) {
    let (events, result) = parse_nar(data, data.len());
    if result.is_ok() {
        assert_eq!(write_nar(&events), data);
    }
    for size in PIECES {
        let (again, again_result) = parse_nar(data, size);
        // How much trails an archive depends on the pieces; that it does, and where, does not.
        match (&result, &again_result) {
            (
                Err(NarParseError::Trailing { offset, .. }),
                Err(NarParseError::Trailing { offset: again, .. }),
            ) => assert_eq!(offset, again),
            _ => assert_eq!(result, again_result),
        }
        assert_eq!(events, again);
    }
}

/// References: the scanner finds what looking at every position finds. The first bytes choose
/// the candidates, which are put into the rest.
pub fn references(data: &[u8]) {
    let (choice, rest) = data.split_at(data.len().min(4));
    let digits = |seed: u8| -> Vec<u8> {
        (0..HASH_PART_LEN)
            .map(|i| base32::ALPHABET[(usize::from(seed) + i * usize::from(seed % 3)) % 32])
            .collect()
    };
    let candidates: Vec<Vec<u8>> = choice.iter().map(|seed| digits(*seed)).collect();
    let mut stream = Vec::new();
    for (index, piece) in rest.chunks(7).enumerate() {
        stream.extend_from_slice(piece);
        if let (Some(candidate), Some(first)) = (candidates.get(index % 5), piece.first()) {
            // Sometimes whole, sometimes cut short.
            let length = HASH_PART_LEN - usize::from(first % 3);
            stream.extend_from_slice(&candidate[..length]);
        }
    }
    let expected: std::collections::BTreeSet<HashPart> = candidates
        .iter()
        .filter(|candidate| stream.windows(HASH_PART_LEN).any(|w| w == candidate.as_slice()))
        .map(|candidate| HashPart::new(candidate).expect("digits"))
        .collect();
    for size in PIECES.into_iter().chain([stream.len().max(1)]) {
        let parts = candidates.iter().map(|c| HashPart::new(c).expect("digits"));
        let mut scanner = Scanner::new(parts);
        for piece in stream.chunks(size) {
            scanner.feed(piece);
        }
        assert_eq!(scanner.found(), expected, "in pieces of {size}");
    }
}

/// S-expressions: what parses prints in both forms as something that parses to the same; keys, lists of
/// keys and signatures of any form are no catastrophe.
pub fn sexp(data: &[u8]) {
    let parsed = Sexp::parse(data);
    if let Ok(sexp) = &parsed {
        assert_eq!(Sexp::parse(&sexp.to_canonical()).as_ref(), Ok(sexp));
        // Quoting makes texts longer, up to a bound of their own.
        if let Ok(again) = Sexp::parse(sexp.to_string().as_bytes()) {
            assert_eq!(&again, sexp);
        }
    }
    let mut acl = Acl::parse(data).unwrap_or_default();
    if let Ok(key) = PublicKey::parse(data) {
        acl.authorize(key);
        let _ = acl.verify(data);
    }
}
