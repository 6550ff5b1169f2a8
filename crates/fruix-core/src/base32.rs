// SPDX-License-Identifier: GPL-3.0-or-later
//! The base32 of Nix and Guix: an alphabet without `e o u t`, least significant digit last.
//!
//! It is *not* RFC 4648's: the bytes are read as one little-endian number, which is then written
//! in digits of five bits with the most significant digit first, without padding
//! (`bytevector->nix-base32-string` of `(guix base32)`).

/// The digits in the order of their values.
pub const ALPHABET: &[u8; 32] = b"0123456789abcdfghijklmnpqrsvwxyz";

/// Marks a byte that is no digit in [`VALUES`].
const NO_DIGIT: u8 = 0xff;

/// The value of each byte as a digit, or [`NO_DIGIT`].
const VALUES: [u8; 256] = {
    let mut table = [NO_DIGIT; 256];
    let mut value = 0;
    while value < ALPHABET.len() {
        table[ALPHABET[value] as usize] = value as u8;
        value += 1;
    }
    table
};

/// Why a text is not Nix base32.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Base32Error {
    /// A byte outside of the alphabet.
    #[error("byte {byte:#04x} at offset {offset} is not a Nix base32 digit")]
    InvalidByte {
        /// Offset in the text, in bytes.
        offset: usize,
        /// The byte found there.
        byte: u8,
    },
    /// No number of bytes is written with that many digits.
    #[error("no whole number of bytes has {length} Nix base32 digits")]
    InvalidLength {
        /// Length of the text, in bytes.
        length: usize,
    },
    /// The first digit has bits set that belong to no byte.
    #[error("the first Nix base32 digit has bits that belong to no byte")]
    TrailingBits,
}

/// Whether BYTE is a digit of the alphabet.
#[inline]
#[must_use]
pub const fn is_digit(byte: u8) -> bool {
    VALUES[byte as usize] != NO_DIGIT
}

/// How many digits LENGTH bytes take.
#[must_use]
pub const fn encoded_len(length: usize) -> usize {
    (length * 8).div_ceil(5)
}

/// BYTES in Nix base32.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    (0..encoded_len(bytes.len()))
        .rev()
        .map(|digit| {
            let bit = digit * 5;
            let (byte, shift) = (bit / 8, bit % 8);
            let low = u16::from(bytes[byte]);
            let high = bytes.get(byte + 1).map_or(0, |b| u16::from(*b));
            let value = ((high << 8 | low) >> shift) & 0x1f;
            char::from(ALPHABET[usize::from(value)])
        })
        .collect()
}

/// The bytes that TEXT stands for.
///
/// # Errors
/// [`Base32Error`] when TEXT is not what [`encode`] writes for some bytes.
pub fn decode(text: &[u8]) -> Result<Vec<u8>, Base32Error> {
    let length = text.len() * 5 / 8;
    if encoded_len(length) != text.len() {
        return Err(Base32Error::InvalidLength { length: text.len() });
    }
    let mut bytes = vec![0u8; length];
    for (offset, &byte) in text.iter().enumerate() {
        let value = VALUES[usize::from(byte)];
        if value == NO_DIGIT {
            return Err(Base32Error::InvalidByte { offset, byte });
        }
        let bit = (text.len() - 1 - offset) * 5;
        let (index, shift) = (bit / 8, bit % 8);
        let spread = u16::from(value) << shift;
        let [low, high] = spread.to_le_bytes();
        bytes[index] |= low;
        match bytes.get_mut(index + 1) {
            Some(next) => *next |= high,
            None if high != 0 => return Err(Base32Error::TrailingBits),
            None => {}
        }
    }
    Ok(bytes)
}
