// SPDX-License-Identifier: GPL-3.0-or-later
//! Archives: what Guix writes, what comes back, and what is refused.

#![allow(clippy::unwrap_used)] // What a test unwraps, the test put there.

use std::collections::BTreeMap;

use fruix_core::hash::{Hash, HashAlgorithm, Hasher};
use fruix_core::nar::{
    EntryNameError, NarEvent, NarLimits, NarParseError, NarParser, NarWriteError, NarWriter,
};
use proptest::prelude::*;

/// The entries of a directory.
type Entries = BTreeMap<Vec<u8>, Tree>;

/// A file tree.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Tree {
    File(bool, Vec<u8>),
    Link(Vec<u8>),
    Directory(Entries),
}

fn write<W: std::io::Write>(writer: &mut NarWriter<W>, tree: &Tree) -> Result<(), NarWriteError> {
    match tree {
        Tree::File(executable, bytes) => {
            writer.regular(*executable, bytes.len() as u64)?;
            bytes.chunks(5).try_for_each(|piece| writer.chunk(piece))
        }
        Tree::Link(target) => writer.symlink(target),
        Tree::Directory(entries) => {
            writer.directory()?;
            for (name, tree) in entries {
                writer.entry(name)?;
                write(writer, tree)?;
            }
            writer.end_directory()
        }
    }
}

fn archive(tree: &Tree) -> Vec<u8> {
    let mut writer = NarWriter::new(Vec::new()).unwrap();
    write(&mut writer, tree).unwrap();
    writer.finish().unwrap()
}

/// Builds a tree from events.
#[derive(Default)]
struct Builder {
    /// The open directories, and the name of the entry at hand in each.
    open: Vec<(Entries, Vec<u8>)>,
    file: Option<(bool, u64, Vec<u8>)>,
    done: Option<Tree>,
}

impl Builder {
    fn node(&mut self, tree: Tree) {
        match self.open.last_mut() {
            Some((entries, name)) => assert_eq!(entries.insert(name.clone(), tree), None),
            None => assert_eq!(self.done.replace(tree), None),
        }
    }

    fn event(&mut self, event: NarEvent<'_>) {
        match event {
            NarEvent::Regular { executable, size } => {
                self.file = Some((executable, size, Vec::new()));
            }
            NarEvent::Chunk(bytes) => {
                self.file.as_mut().expect("an open file").2.extend_from_slice(bytes);
            }
            NarEvent::Symlink { target } => self.node(Tree::Link(target.to_vec())),
            NarEvent::Directory => self.open.push(Default::default()),
            NarEvent::Entry { name } => {
                self.open.last_mut().expect("an open directory").1 = name.to_vec();
            }
            NarEvent::EndDirectory => {
                let (entries, _) = self.open.pop().expect("an open directory");
                self.node(Tree::Directory(entries));
            }
        }
        if let Some((executable, size, bytes)) = &self.file
            && bytes.len() as u64 == *size
        {
            let tree = Tree::File(*executable, bytes.clone());
            self.file = None;
            self.node(tree);
        }
    }
}

fn parse<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<Tree, NarParseError<String>> {
    let mut parser = NarParser::new();
    let mut builder = Builder::default();
    for piece in pieces {
        parser.feed_all(piece, |event| {
            builder.event(event);
            Ok(())
        })?;
    }
    parser.finish()?;
    Ok(builder.done.expect("a finished archive has a tree"))
}

fn file(text: &str) -> Tree {
    Tree::File(false, text.into())
}

fn directory(entries: impl IntoIterator<Item = (&'static str, Tree)>) -> Tree {
    let entries = entries.into_iter();
    Tree::Directory(entries.map(|(name, tree)| (name.into(), tree)).collect())
}

#[test]
fn the_archive_is_that_of_guix() {
    // (write-file "tree" port), with a tree made by
    //   mkdir -p sub empty; printf hello > B; : > a; printf '#!/bin/sh\n' > sub/run
    //   chmod +x sub/run; ln -s ../a sub/link; printf é > é; printf x > z-; printf y > z
    //   printf 12345678 > z.8
    let tree = directory([
        ("B", file("hello")),
        ("a", file("")),
        ("empty", directory([])),
        (
            "sub",
            directory([
                ("link", Tree::Link(b"../a".into())),
                ("run", Tree::File(true, b"#!/bin/sh\n".into())),
            ]),
        ),
        ("z", file("y")),
        ("z-", file("x")),
        ("z.8", file("12345678")),
        ("é", file("é")),
    ]);
    let bytes = archive(&tree);
    assert_eq!(bytes.len(), 2000);
    assert_eq!(
        Hash::sha256(&bytes).to_base32(),
        "1km8r4235dmh0ngamqla2348z685i75iq9v0ygjfkiqbk53hknx3"
    );
    assert_eq!(parse([&bytes[..]]), Ok(tree.clone()));

    // A hasher is a sink like any other.
    let mut writer = NarWriter::new(Hasher::new(HashAlgorithm::Sha256)).unwrap();
    write(&mut writer, &tree).unwrap();
    let hasher = writer.finish().unwrap();
    assert_eq!(hasher.len(), 2000);
    assert_eq!(hasher.finish(), Hash::sha256(&bytes));
}

/// WORDS, as an archive has them.
fn words(words: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for word in words {
        bytes.extend_from_slice(&(word.len() as u64).to_le_bytes());
        bytes.extend_from_slice(word);
        bytes.resize(bytes.len().next_multiple_of(8), 0);
    }
    bytes
}

/// An archive of a directory with empty files called NAMES.
fn directory_of(names: &[&[u8]]) -> Vec<u8> {
    let mut all: Vec<&[u8]> = vec![b"nix-archive-1", b"(", b"type", b"directory"];
    for name in names {
        all.extend_from_slice(&[b"entry", b"(", b"name", name, b"node"]);
        all.extend_from_slice(&[b"(", b"type", b"regular", b"contents", b"", b")", b")"]);
    }
    all.push(b")");
    words(&all)
}

#[test]
fn entries_with_bad_names_are_refused() {
    let long = [b'a'; 256];
    for (names, error) in [
        (&[&b""[..]][..], Some(EntryNameError::Empty)),
        (&[b"."], Some(EntryNameError::Dots)),
        (&[b".."], Some(EntryNameError::Dots)),
        (&[b"a", b".."], Some(EntryNameError::Dots)),
        (&[b"/"], Some(EntryNameError::Slash)),
        (&[b"a/b"], Some(EntryNameError::Slash)),
        (&[b"../b"], Some(EntryNameError::Slash)),
        (&[b"a\0"], Some(EntryNameError::Nul)),
        (&[b"a\0/b"], Some(EntryNameError::Slash)),
        (&[b"..."], None),
        (&[b"a", b"a."], None),
        (&[b"A", b"B", b"a", b"\xff"], None),
        (&[&long[1..]], None),
    ] {
        let result = parse([&directory_of(names)[..]]);
        match (&result, error) {
            (Ok(_), None) => {}
            (Err(NarParseError::Name { error, .. }), Some(expected)) => {
                assert_eq!(*error, expected, "{names:?}");
            }
            _ => panic!("{names:?}: {result:?}"),
        }
    }
    assert!(matches!(
        parse([&directory_of(&[&long])[..]]),
        Err(NarParseError::TooLong { length: 256, .. })
    ));
    for names in [[b"b", b"a"], [b"a", b"a"], [b"a", b"B"]] {
        assert!(matches!(
            parse([&directory_of(&[names[0], names[1]])[..]]),
            Err(NarParseError::Unsorted { .. })
        ));
    }
}

#[test]
fn other_malformed_archives_are_refused() {
    let magic: &[u8] = b"nix-archive-1";
    let unexpected: &[&[&[u8]]] = &[
        &[b"nix-archive-2"],
        &[magic, b")"],
        &[magic, b"(", b"type", b"device"],
        &[magic, b"(", b"kind"],
        &[magic, b"(", b"type", b"regular", b")"],
        &[magic, b"(", b"type", b"regular", b"executable", b"1"],
        &[magic, b"(", b"type", b"regular", b"executable", b"", b"executable"],
        &[magic, b"(", b"type", b"regular", b"contents", b"", b"contents"],
        &[magic, b"(", b"type", b"symlink", b"contents"],
        &[magic, b"(", b"type", b"symlink", b"target", b"a", b"target"],
        &[magic, b"(", b"type", b"directory", b"name"],
        &[magic, b"(", b"type", b"directory", b"entry", b"(", b"node"],
        &[magic, b"(", b"type", b"directory", b"entry", b"(", b"name", b"a", b")"],
    ];
    for case in unexpected {
        let result = parse([&words(case)[..]]);
        let printable = String::from_utf8_lossy(&case.concat()).into_owned();
        assert!(matches!(result, Err(NarParseError::Unexpected { .. })), "{printable}: {result:?}");
        // What comes before the offending word is only too short.
        let result = parse([&words(&case[..case.len() - 1])[..]]);
        assert!(matches!(result, Err(NarParseError::Truncated { .. })), "{printable}: {result:?}");
    }
    for target in [&b""[..], b"a\0b"] {
        let bytes = words(&[magic, b"(", b"type", b"symlink", b"target", target]);
        assert!(matches!(parse([&bytes[..]]), Err(NarParseError::Target { .. })));
    }
}

#[test]
fn padding_must_be_zero_and_complete() {
    let good = archive(&file("hello"));
    // Every byte that is neither zero nor text is part of a length; of the rest, no zero byte
    // may be anything else.
    for at in (0..good.len()).filter(|at| good[*at] == 0) {
        let mut bad = good.clone();
        bad[at] = 1;
        let result = parse([&bad[..]]);
        assert!(result.is_err(), "byte {at}: {result:?}");
    }
    for at in [21, 22, 23] {
        let mut bad = good.clone();
        bad[at] = b'x';
        let offset = at as u64;
        assert_eq!(parse([&bad[..]]), Err(NarParseError::Padding { offset }));
    }
    for length in 0..good.len() {
        let result = parse([&good[..length]]);
        assert!(
            matches!(result, Err(NarParseError::Truncated { offset, .. }) if offset == length as u64),
            "{length}: {result:?}"
        );
    }
}

#[test]
fn what_follows_an_archive_is_not_touched() {
    let mut bytes = archive(&file("hello"));
    let offset = bytes.len();
    bytes.extend_from_slice(b"tail");
    let mut parser = NarParser::new();
    let taken = parser.feed(&bytes, |_| Ok::<_, String>(())).unwrap();
    assert_eq!(taken, offset);
    assert!(parser.is_finished());
    assert_eq!(parser.feed(b"tail", |_| Ok::<_, String>(())), Ok(0));
    let trailing = NarParseError::Trailing { offset: offset as u64, count: 4 };
    assert_eq!(parse([&bytes[..]]), Err(trailing));
}

#[test]
fn bounds_hold() {
    let nested = |depth: usize| {
        let mut bytes = words(&[b"nix-archive-1"]);
        for _ in 0..depth {
            bytes.extend(words(&[b"(", b"type", b"directory"]));
            bytes.extend(words(&[b"entry", b"(", b"name", b"a", b"node"]));
        }
        bytes.extend(words(&[b"(", b"type", b"symlink", b"target", b"x", b")"]));
        bytes.extend(words(&[b")", b")"]).repeat(depth));
        bytes
    };
    let run = |bytes: &[u8], limits| {
        let mut parser = NarParser::with_limits(limits);
        parser.feed_all(bytes, |_| Ok::<_, String>(()))?;
        parser.finish()
    };
    let limits = NarLimits { depth: 10, ..NarLimits::default() };
    assert_eq!(run(&nested(10), limits), Ok(()));
    assert!(matches!(run(&nested(11), limits), Err(NarParseError::TooDeep { limit: 10, .. })));
    assert_eq!(run(&nested(2048), NarLimits::default()), Ok(()));
    assert!(matches!(
        run(&nested(100_000), NarLimits::default()),
        Err(NarParseError::TooDeep { .. })
    ));
    let total = nested(3).len() as u64;
    let limits = |total| NarLimits { total, ..NarLimits::default() };
    assert_eq!(run(&nested(3), limits(total)), Ok(()));
    let too_large = NarParseError::TooLarge { limit: total - 1 };
    assert_eq!(run(&nested(3), limits(total - 1)), Err(too_large));

    // A length that no memory holds is refused before anything is set aside for it.
    let mut huge = words(&[b"nix-archive-1"]);
    huge.extend_from_slice(&u64::MAX.to_le_bytes());
    assert!(matches!(
        run(&huge, NarLimits::default()),
        Err(NarParseError::TooLong { length: u64::MAX, .. })
    ));
    let mut huge = words(&[b"nix-archive-1", b"(", b"type", b"regular", b"contents"]);
    huge.extend_from_slice(&u64::MAX.to_le_bytes());
    huge.extend_from_slice(b"some");
    assert!(matches!(run(&huge, NarLimits::default()), Err(NarParseError::Truncated { .. })));
}

#[test]
fn the_receiver_can_stop() {
    let bytes = archive(&directory([("a", file("hello"))]));
    let mut parser = NarParser::new();
    let mut seen = 0;
    let result = parser.feed(&bytes, |_| {
        seen += 1;
        if seen == 2 { Err("enough") } else { Ok(()) }
    });
    assert_eq!(result, Err(NarParseError::Receiver("enough")));
    assert_eq!(seen, 2);
}

#[test]
fn the_writer_keeps_its_caller_honest() {
    let new = || NarWriter::new(Vec::new()).unwrap();
    let out_of_place = |result: Result<(), NarWriteError>| {
        assert!(matches!(result, Err(NarWriteError::OutOfPlace { .. })), "{result:?}");
    };
    out_of_place(new().chunk(b"x"));
    out_of_place(new().entry(b"x"));
    out_of_place(new().end_directory());
    assert!(matches!(new().finish(), Err(NarWriteError::OutOfPlace { .. })));

    let mut writer = new();
    writer.regular(false, 2).unwrap();
    out_of_place(writer.symlink(b"x"));
    writer.chunk(b"a").unwrap();
    assert!(matches!(writer.chunk(b"bc"), Err(NarWriteError::TooMuch { size: 2, got: 3 })));
    writer.chunk(b"b").unwrap();
    out_of_place(writer.chunk(b"c"));
    out_of_place(writer.directory());

    let mut writer = new();
    writer.directory().unwrap();
    writer.entry(b"b").unwrap();
    out_of_place(writer.entry(b"c"));
    writer.symlink(b"x").unwrap();
    assert!(matches!(writer.entry(b"a"), Err(NarWriteError::Unsorted { .. })));
    assert!(matches!(writer.entry(b"b"), Err(NarWriteError::Unsorted { .. })));
    assert!(matches!(writer.entry(b".."), Err(NarWriteError::Name { .. })));
    writer.entry(b"c").unwrap();
    assert!(matches!(writer.symlink(b""), Err(NarWriteError::Target { .. })));
}

fn trees() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        (any::<bool>(), prop::collection::vec(any::<u8>(), 0..40))
            .prop_map(|(executable, bytes)| Tree::File(executable, bytes)),
        prop::collection::vec(1u8.., 1..20).prop_map(Tree::Link),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        let name = prop::collection::vec(any::<u8>(), 1..10).prop_filter("a file name", |name| {
            !name.contains(&0) && !name.contains(&b'/') && name != b"." && name != b".."
        });
        prop::collection::btree_map(name, inner, 0..6).prop_map(Tree::Directory)
    })
}

proptest! {
    #[test]
    fn what_is_written_comes_back(
        tree in trees(),
        cuts in prop::collection::vec(1usize..50, 1..20),
    ) {
        let bytes = archive(&tree);
        prop_assert_eq!(bytes.len() % 8, 0);
        prop_assert_eq!(parse([&bytes[..]]), Ok(tree.clone()));
        let mut pieces = Vec::new();
        let mut rest = &bytes[..];
        for cut in cuts.iter().cycle() {
            let (piece, more) = rest.split_at(rest.len().min(*cut));
            pieces.push(piece);
            rest = more;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!(parse(pieces), Ok(tree));
    }
}
