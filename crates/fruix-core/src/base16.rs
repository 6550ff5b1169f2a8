// SPDX-License-Identifier: GPL-3.0-or-later
//! Hexadecimal text, as `(guix base16)` writes it: lower case, two digits a byte.

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};

/// Why a text is not base16.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Base16Error {
    /// The number of digits is odd.
    #[error("base16 text has {length} digits; the number must be even")]
    OddLength {
        /// Length of the text, in bytes.
        length: usize,
    },
    /// A byte that is no hexadecimal digit.
    #[error("byte {byte:#04x} at offset {offset} is not a base16 digit")]
    InvalidByte {
        /// Offset in the text, in bytes.
        offset: usize,
        /// The byte found there.
        byte: u8,
    },
}

/// BYTES as lower-case hexadecimal digits.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    HEXLOWER.encode(bytes)
}

/// The bytes that TEXT stands for; digits of either case are taken, as Guix does.
///
/// # Errors
/// [`Base16Error`] says where TEXT is not hexadecimal.
pub fn decode(text: &[u8]) -> Result<Vec<u8>, Base16Error> {
    if let Some(offset) = text.iter().position(|b| !b.is_ascii_hexdigit()) {
        return Err(Base16Error::InvalidByte { offset, byte: text[offset] });
    }
    HEXLOWER_PERMISSIVE.decode(text).map_err(|_| Base16Error::OddLength { length: text.len() })
}
