// SPDX-License-Identifier: GPL-3.0-or-later
//! Finds which store items a stream of bytes refers to.
//!
//! A file refers to an item if the item's hash part occurs in it (`nix/libstore/references.cc`).
//! The scanner looks for 32 base32 digits in a row from the last to the first: in ordinary data
//! the last is mostly none, and 32 bytes are skipped at once.

use std::collections::{BTreeSet, HashMap};

use crate::base32;
use crate::store_path::{HASH_PART_LEN, HashPart};

/// Searches for a set of hash parts in bytes that come in pieces of any size.
#[derive(Debug, Clone)]
pub struct Scanner {
    /// Each candidate, and whether it was found.
    candidates: HashMap<HashPart, bool>,
    /// One bit for each value of [`Scanner::digest`] that a candidate not found yet has.
    filter: Box<[u64; FILTER_BITS / 64]>,
    /// The last bytes seen: too few for a hash part, but one may start in them.
    tail: Vec<u8>,
}

const FILTER_BITS: usize = 1 << 16;

impl Scanner {
    /// A scanner that looks for CANDIDATES.
    #[must_use]
    pub fn new(candidates: impl IntoIterator<Item = HashPart>) -> Self {
        let candidates: HashMap<_, _> = candidates.into_iter().map(|part| (part, false)).collect();
        let mut filter = Box::new([0; FILTER_BITS / 64]);
        for part in candidates.keys() {
            let digest = Self::digest(part.as_bytes());
            filter[digest / 64] |= 1 << (digest % 64);
        }
        Self { candidates, filter, tail: Vec::with_capacity(2 * HASH_PART_LEN) }
    }

    /// Takes the next BYTES of the stream.
    pub fn feed(&mut self, bytes: &[u8]) {
        const KEEP: usize = HASH_PART_LEN - 1;
        // Windows that start in the tail end within the first bytes of the new piece.
        let mut seam = std::mem::take(&mut self.tail);
        if !seam.is_empty() {
            seam.extend_from_slice(&bytes[..bytes.len().min(KEEP)]);
            self.scan(&seam);
        }
        if bytes.len() >= KEEP {
            self.scan(bytes);
            seam.clear();
            seam.extend_from_slice(&bytes[bytes.len() - KEEP..]);
        } else {
            if seam.is_empty() {
                seam.extend_from_slice(bytes);
            }
            let excess = seam.len().saturating_sub(KEEP);
            seam.drain(..excess);
        }
        self.tail = seam;
    }

    /// Forgets the last bytes: what follows belongs to something else, such as another file.
    pub fn cut(&mut self) {
        self.tail.clear();
    }

    /// The candidates found so far.
    #[must_use]
    pub fn found(&self) -> BTreeSet<HashPart> {
        self.candidates.iter().filter_map(|(part, found)| found.then_some(*part)).collect()
    }

    fn digest(part: &[u8; HASH_PART_LEN]) -> usize {
        let mut word = [0; 8];
        word.copy_from_slice(&part[..8]);
        let mixed = u64::from_le_bytes(word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed >> 48) as usize
    }

    fn scan(&mut self, bytes: &[u8]) {
        let mut start = 0;
        // Digits known to stand at the start of the window.
        let mut known = 0;
        while let Some(window) = bytes[start..].first_chunk::<HASH_PART_LEN>() {
            let other = window[known..].iter().rposition(|b| !base32::is_digit(*b));
            if let Some(other) = other {
                let skipped = known + other + 1;
                start += skipped;
                known = HASH_PART_LEN - skipped;
            } else {
                self.check(window);
                start += 1;
                known = HASH_PART_LEN - 1;
            }
        }
    }

    fn check(&mut self, window: &[u8; HASH_PART_LEN]) {
        let digest = Self::digest(window);
        if self.filter[digest / 64] & (1 << (digest % 64)) == 0 {
            return;
        }
        // The window holds digits only, so this is a hash part.
        if let Ok(part) = HashPart::new(window)
            && let Some(found) = self.candidates.get_mut(&part)
        {
            *found = true;
        }
    }
}
