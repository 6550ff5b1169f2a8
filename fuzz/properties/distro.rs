// SPDX-License-Identifier: GPL-3.0-or-later
//! What must hold of `fruix-distro` for any bytes at all; see `core.rs`.

use fruix_core::hash::Hash;
use fruix_distro::deb822::{LONGEST_LINE, Line, Reader, paragraphs};
use fruix_distro::search;
use std::io::BufReader;

/// Lines of DATA, read in pieces of SIZE bytes, in an owned form.
fn lines(data: &[u8], size: usize) -> Vec<(u8, String, String)> {
    let mut reader = Reader::new(BufReader::with_capacity(size, data));
    let mut all = Vec::new();
    while let Some(line) = reader.next_line().expect("memory can be read") {
        all.push(match line {
            Line::Field(name, value) => (0, name.to_owned(), value.to_owned()),
            Line::More(text) => (1, text.to_owned(), String::new()),
            Line::Blank => (2, String::new(), String::new()),
        });
    }
    all
}

/// Control files: pieces give what the whole gives; nothing is longer than a line may be, and no value holds
/// a line's end.
pub fn deb822(data: &[u8]) {
    let whole = lines(data, data.len().max(1));
    for size in [1, 7] {
        assert_eq!(lines(data, size), whole);
    }
    for (_, name, value) in &whole {
        // Bytes that are no UTF-8 become three each.
        assert!(name.len() + value.len() <= 3 * LONGEST_LINE);
        assert!(!name.contains('\n') && !value.contains('\n'));
    }
    if let Ok(text) = std::str::from_utf8(data) {
        let fields = whole.iter().filter(|line| line.0 == 0);
        let all = paragraphs(text);
        assert_eq!(all.is_empty(), fields.clone().count() == 0);
        for (_, name, _) in fields {
            assert!(all.iter().any(|paragraph| paragraph.get(name).is_some()));
        }
    }
}

/// Indices of sources: what is found is listed with that hash.
pub fn sources(data: &[u8]) {
    let hash = Hash::sha256(b"x");
    let digits = hash.to_base16();
    // So that there is something to find: the digits stand where DATA has a dollar sign.
    let mut index = Vec::new();
    for &byte in data {
        match byte {
            b'$' => index.extend_from_slice(digits.as_bytes()),
            byte => index.push(byte),
        }
    }
    let found = search(&index[..], &hash).expect("memory can be read");
    assert!(found.len() <= data.iter().filter(|&&byte| byte == b'$').count());
    for file in found {
        assert!(!file.place.is_empty());
    }
}
