// SPDX-License-Identifier: GPL-3.0-or-later
//! Base64 text (RFC 4648, padded), as `(gcrypt base64)` writes it.

use data_encoding::{BASE64, DecodeKind};

/// Why a text is not base64.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Base64Error {
    /// A byte outside of the alphabet, or padding in the wrong place.
    #[error("byte at offset {offset} is not base64")]
    InvalidByte {
        /// Offset in the text, in bytes.
        offset: usize,
    },
    /// The length is not a multiple of four.
    #[error("base64 text has {length} digits; the number must be a multiple of four")]
    InvalidLength {
        /// Length of the text, in bytes.
        length: usize,
    },
    /// The last digit has bits set that belong to no byte.
    #[error("the base64 text ends in bits that belong to no byte")]
    TrailingBits,
}

/// BYTES as padded base64.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    BASE64.encode(bytes)
}

/// The bytes that TEXT stands for.
///
/// # Errors
/// [`Base64Error`] when TEXT is not what [`encode`] writes for some bytes.
pub fn decode(text: &[u8]) -> Result<Vec<u8>, Base64Error> {
    BASE64.decode(text).map_err(|error| match error.kind {
        DecodeKind::Length => Base64Error::InvalidLength { length: text.len() },
        DecodeKind::Trailing => Base64Error::TrailingBits,
        DecodeKind::Symbol | DecodeKind::Padding => {
            Base64Error::InvalidByte { offset: error.position }
        }
    })
}
