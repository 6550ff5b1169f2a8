// SPDX-License-Identifier: GPL-3.0-or-later
//! Writing and reading the bytes of cache entries: numbers of variable length, texts, checksums.
//!
//! Reading never trusts: everything is an `Option`, and counts are bounded by the bytes that are left.

/// Bytes being written.
#[derive(Default)]
pub(crate) struct Writer {
    /// What has been written.
    pub bytes: Vec<u8>,
}

impl Writer {
    /// A byte.
    pub fn u8(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    /// A number, seven bits in a byte, the lowest first.
    pub fn number(&mut self, mut n: u64) {
        while n >= 0x80 {
            self.bytes.push(n as u8 | 0x80);
            n >>= 7;
        }
        self.bytes.push(n as u8);
    }

    /// A count or an index.
    pub fn size(&mut self, n: usize) {
        self.number(n as u64);
    }

    /// A signed number.
    pub fn signed(&mut self, n: i64) {
        self.number((n << 1 ^ n >> 63) as u64);
    }

    /// Eight bytes.
    pub fn word(&mut self, n: u64) {
        self.bytes.extend_from_slice(&n.to_le_bytes());
    }

    /// Bytes with their length.
    pub fn blob(&mut self, bytes: &[u8]) {
        self.size(bytes.len());
        self.bytes.extend_from_slice(bytes);
    }

    /// A text.
    pub fn text(&mut self, text: &str) {
        self.blob(text.as_bytes());
    }
}

/// Bytes being read.
#[derive(Clone)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads from the start of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { bytes }
    }

    /// Whether everything has been read.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// A byte.
    pub fn u8(&mut self) -> Option<u8> {
        let (&first, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(first)
    }

    /// A number.
    pub fn number(&mut self) -> Option<u64> {
        let mut n = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            let bits = u64::from(byte & 0x7f);
            if bits << shift >> shift != bits {
                return None;
            }
            n |= bits << shift;
            if byte & 0x80 == 0 {
                return Some(n);
            }
        }
        None
    }

    /// An index or size that fits 32 bits.
    pub fn size(&mut self) -> Option<usize> {
        u32::try_from(self.number()?).ok().map(|n| n as usize)
    }

    /// A number of 32 bits.
    pub fn u32(&mut self) -> Option<u32> {
        u32::try_from(self.number()?).ok()
    }

    /// A count of things each of which takes at least a byte.
    pub fn count(&mut self) -> Option<usize> {
        self.size().filter(|&n| n <= self.bytes.len())
    }

    /// A signed number.
    pub fn signed(&mut self) -> Option<i64> {
        let n = self.number()?;
        Some((n >> 1) as i64 ^ -((n & 1) as i64))
    }

    /// Eight bytes.
    pub fn word(&mut self) -> Option<u64> {
        let (word, rest) = self.bytes.split_first_chunk::<8>()?;
        self.bytes = rest;
        Some(u64::from_le_bytes(*word))
    }

    /// This many bytes.
    pub fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(count)?;
        self.bytes = rest;
        Some(taken)
    }

    /// Bytes with their length.
    pub fn blob(&mut self) -> Option<&'a [u8]> {
        let count = self.count()?;
        self.take(count)
    }

    /// A text.
    pub fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.blob()?).ok()
    }
}

/// A fast hash of 128 bits: tells contents apart that were not made to collide.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Digest(pub u64, pub u64);

const ODD: [u64; 4] =
    [0x9e37_79b9_7f4a_7c15, 0xc2b2_ae3d_27d4_eb4f, 0x1656_67b1_9e37_79f9, 0xd6e8_feb8_6659_fd93];

fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

/// The digest of `bytes`.
pub(crate) fn digest(bytes: &[u8]) -> Digest {
    let (mut x, mut y) = (ODD[0] ^ bytes.len() as u64, ODD[1]);
    let mut chunks = bytes.chunks_exact(16);
    let mut step = |chunk: &[u8]| {
        let word = |at: usize| {
            let mut word = [0; 8];
            word.copy_from_slice(&chunk[at..at + 8]);
            u64::from_le_bytes(word)
        };
        let (a, b) = (word(0), word(8));
        x = fold(x ^ a, ODD[2] ^ b).wrapping_add(a.rotate_left(23));
        y = fold(y.rotate_left(29) ^ b, ODD[3] ^ a).wrapping_add(b);
    };
    chunks.by_ref().for_each(&mut step);
    let rest = chunks.remainder();
    let mut last = [0; 16];
    last[..rest.len()].copy_from_slice(rest);
    step(&last);
    Digest(fold(x ^ ODD[3], y ^ ODD[0]), fold(y ^ ODD[2], x.rotate_left(32) ^ ODD[1]))
}

/// The checksum of a section.
pub(crate) fn checksum(bytes: &[u8]) -> u64 {
    digest(bytes).0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let mut w = Writer::default();
        let numbers = [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX];
        numbers.iter().for_each(|&n| w.number(n));
        let signed = [0, -1, 1, i64::MIN, i64::MAX];
        signed.iter().for_each(|&n| w.signed(n));
        w.text("käse");
        let mut r = Reader::new(&w.bytes);
        assert!(numbers.iter().all(|&n| r.number() == Some(n)));
        assert!(signed.iter().all(|&n| r.signed() == Some(n)));
        assert_eq!(r.text(), Some("käse"));
        assert!(r.is_empty() && r.u8().is_none() && r.number().is_none());
    }

    #[test]
    fn numbers_that_are_too_long_are_refused() {
        assert_eq!(Reader::new(&[0xff; 10]).number(), None);
        assert_eq!(Reader::new(&[0x80; 20]).number(), None);
        assert_eq!(Reader::new(&[5, 1, 2]).blob(), None);
    }

    #[test]
    fn every_byte_counts_in_a_digest() {
        let text: Vec<u8> = (0..70).collect();
        let whole = digest(&text);
        for i in 0..text.len() {
            let mut other = text.clone();
            other[i] ^= 1;
            assert_ne!(digest(&other), whole, "{i}");
            assert_ne!(digest(&text[..i]), whole, "{i}");
        }
    }
}
