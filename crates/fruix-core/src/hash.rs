// SPDX-License-Identifier: GPL-3.0-or-later
//! The hash algorithms that Guix uses, hashes, and their textual forms.
//!
//! Names are those of `(gcrypt hash)`, which are also what stands in `.drv` files and on the
//! worker protocol. Guix's content hashes (`guix/packages.scm`, `<content-hash>`) are sha1,
//! sha256, sha512, sha3-256, sha3-512 and blake2s-256; what else Libgcrypt offers can stand in a
//! fixed-output derivation, so it is here as well.

use std::fmt;
use std::str::FromStr;

use blake2::digest::consts::{U16, U20, U28, U32, U48};
use blake2::digest::{Digest, DynDigest};

use crate::base16::{self, Base16Error};
use crate::base32::{self, Base32Error};
use crate::base64::{self, Base64Error};

macro_rules! algorithms {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $size:literal, $state:ty;)*) => {
        /// A hash algorithm.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(clippy::doc_markdown)]
        pub enum HashAlgorithm {
            $($(#[$doc])* $variant,)*
        }

        impl HashAlgorithm {
            /// Every algorithm.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name that Guix and Libgcrypt give it, such as `sha256`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Size of its hashes, in bytes.
            #[must_use]
            pub const fn size(self) -> usize {
                match self { $(Self::$variant => $size,)* }
            }
        }

        #[derive(Clone)]
        enum State {
            $($variant($state),)*
        }

        impl State {
            fn new(algorithm: HashAlgorithm) -> Self {
                match algorithm {
                    $(HashAlgorithm::$variant => Self::$variant(<$state>::new()),)*
                }
            }

            #[inline]
            fn update(&mut self, bytes: &[u8]) {
                match self { $(Self::$variant(state) => Digest::update(state, bytes),)* }
            }

            fn finish(self, out: &mut [u8]) {
                // The buffer has the algorithm's size by construction, so this cannot fail.
                let _ = match self {
                    $(Self::$variant(state) => DynDigest::finalize_into(state, out),)*
                };
            }
        }
    };
}

algorithms! {
    /// MD5.
    Md5 = "md5", 16, md5::Md5;
    /// SHA-1.
    Sha1 = "sha1", 20, sha1::Sha1;
    /// SHA-2 of 224 bits.
    Sha224 = "sha224", 28, sha2::Sha224;
    /// SHA-2 of 256 bits: what the store itself is made of.
    Sha256 = "sha256", 32, sha2::Sha256;
    /// SHA-2 of 384 bits.
    Sha384 = "sha384", 48, sha2::Sha384;
    /// SHA-2 of 512 bits.
    Sha512 = "sha512", 64, sha2::Sha512;
    /// SHA-2 of 512 bits, truncated to 224.
    Sha512_224 = "sha512-224", 28, sha2::Sha512_224;
    /// SHA-2 of 512 bits, truncated to 256.
    Sha512_256 = "sha512-256", 32, sha2::Sha512_256;
    /// SHA-3 of 224 bits.
    Sha3_224 = "sha3-224", 28, sha3::Sha3_224;
    /// SHA-3 of 256 bits.
    Sha3_256 = "sha3-256", 32, sha3::Sha3_256;
    /// SHA-3 of 384 bits.
    Sha3_384 = "sha3-384", 48, sha3::Sha3_384;
    /// SHA-3 of 512 bits.
    Sha3_512 = "sha3-512", 64, sha3::Sha3_512;
    /// BLAKE2b of 160 bits.
    Blake2b160 = "blake2b-160", 20, blake2::Blake2b<U20>;
    /// BLAKE2b of 256 bits.
    Blake2b256 = "blake2b-256", 32, blake2::Blake2b<U32>;
    /// BLAKE2b of 384 bits.
    Blake2b384 = "blake2b-384", 48, blake2::Blake2b<U48>;
    /// BLAKE2b of 512 bits.
    Blake2b512 = "blake2b-512", 64, blake2::Blake2b512;
    /// BLAKE2s of 128 bits.
    Blake2s128 = "blake2s-128", 16, blake2::Blake2s<U16>;
    /// BLAKE2s of 160 bits.
    Blake2s160 = "blake2s-160", 20, blake2::Blake2s<U20>;
    /// BLAKE2s of 224 bits.
    Blake2s224 = "blake2s-224", 28, blake2::Blake2s<U28>;
    /// BLAKE2s of 256 bits.
    Blake2s256 = "blake2s-256", 32, blake2::Blake2s256;
}

/// Size in bytes of the longest hash of any algorithm.
pub const MAX_SIZE: usize = 64;

impl fmt::Display for HashAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for HashAlgorithm {
    type Err = HashError;

    fn from_str(name: &str) -> Result<Self, HashError> {
        Self::ALL
            .iter()
            .copied()
            .find(|algorithm| algorithm.name() == name)
            .ok_or_else(|| HashError::UnknownAlgorithm { name: name.to_owned() })
    }
}

/// Why something is not a hash.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    /// The algorithm is not one that Guix knows.
    #[error("unknown hash algorithm `{name}'")]
    UnknownAlgorithm {
        /// The name as it was given.
        name: String,
    },
    /// The number of bytes is not that of the algorithm.
    #[error("a {algorithm} hash has {expected} bytes, not {got}")]
    WrongSize {
        /// The algorithm.
        algorithm: HashAlgorithm,
        /// The size of its hashes, in bytes.
        expected: usize,
        /// The size found, in bytes.
        got: usize,
    },
    /// The number of digits is that of no textual form of the algorithm's hashes.
    #[error("{length} digits are neither base16, Nix base32 nor base64 of a {algorithm} hash")]
    WrongLength {
        /// The algorithm.
        algorithm: HashAlgorithm,
        /// The number of digits found.
        length: usize,
    },
    /// A text of the form `ALGORITHM:DIGITS` was expected.
    #[error("`{text}' is not of the form ALGORITHM:DIGITS")]
    NoAlgorithm {
        /// The text as it was given.
        text: String,
    },
    /// The digits are not base16.
    #[error(transparent)]
    Base16(#[from] Base16Error),
    /// The digits are not Nix base32.
    #[error(transparent)]
    Base32(#[from] Base32Error),
    /// The digits are not base64.
    #[error(transparent)]
    Base64(#[from] Base64Error),
}

/// A hash: an algorithm and as many bytes as it has.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash {
    algorithm: HashAlgorithm,
    // Bytes beyond the algorithm's size are zero, so that the derived comparisons hold.
    bytes: [u8; MAX_SIZE],
}

impl Hash {
    /// The hash of ALGORITHM that consists of BYTES.
    ///
    /// # Errors
    /// [`HashError::WrongSize`] when BYTES has not the algorithm's size.
    pub fn new(algorithm: HashAlgorithm, bytes: &[u8]) -> Result<Self, HashError> {
        if bytes.len() != algorithm.size() {
            return Err(HashError::WrongSize {
                algorithm,
                expected: algorithm.size(),
                got: bytes.len(),
            });
        }
        let mut hash = Self { algorithm, bytes: [0; MAX_SIZE] };
        hash.bytes[..bytes.len()].copy_from_slice(bytes);
        Ok(hash)
    }

    /// The hash of BYTES under ALGORITHM.
    #[must_use]
    pub fn of(algorithm: HashAlgorithm, bytes: &[u8]) -> Self {
        let mut hasher = Hasher::new(algorithm);
        hasher.update(bytes);
        hasher.finish()
    }

    /// The SHA-256 of BYTES.
    #[must_use]
    pub fn sha256(bytes: &[u8]) -> Self {
        Self::of(HashAlgorithm::Sha256, bytes)
    }

    /// The algorithm.
    #[must_use]
    pub const fn algorithm(&self) -> HashAlgorithm {
        self.algorithm
    }

    /// The bytes, as many as the algorithm has.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.algorithm.size()]
    }

    /// In base16, without the algorithm: what stands in `.drv` files.
    #[must_use]
    pub fn to_base16(&self) -> String {
        base16::encode(self.as_bytes())
    }

    /// In Nix base32, without the algorithm: what package definitions hold.
    #[must_use]
    pub fn to_base32(&self) -> String {
        base32::encode(self.as_bytes())
    }

    /// In base64, without the algorithm.
    #[must_use]
    pub fn to_base64(&self) -> String {
        base64::encode(self.as_bytes())
    }

    /// As `ALGORITHM:BASE16`: how the store's database holds the hash of an item.
    #[must_use]
    pub fn to_prefixed_base16(&self) -> String {
        format!("{}:{}", self.algorithm, self.to_base16())
    }

    /// Parses DIGITS, which may be base16, Nix base32 or base64: their number tells which
    /// (`parseHash16or32` in guix-daemon's `hash.cc`, and base64 besides).
    ///
    /// # Errors
    /// [`HashError`] when the number of digits fits no form or a digit is out of place.
    pub fn parse_digits(algorithm: HashAlgorithm, digits: &str) -> Result<Self, HashError> {
        let text = digits.as_bytes();
        let size = algorithm.size();
        let bytes = if text.len() == size * 2 {
            base16::decode(text)?
        } else if text.len() == base32::encoded_len(size) {
            base32::decode(text)?
        } else if text.len() == size.div_ceil(3) * 4 {
            base64::decode(text)?
        } else {
            return Err(HashError::WrongLength { algorithm, length: text.len() });
        };
        Self::new(algorithm, &bytes)
    }
}

/// Prints `ALGORITHM:BASE32`, the form of narinfos.
impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm, self.to_base32())
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

/// Parses `ALGORITHM:DIGITS` with digits of any form.
impl FromStr for Hash {
    type Err = HashError;

    fn from_str(text: &str) -> Result<Self, HashError> {
        let (algorithm, digits) =
            text.split_once(':').ok_or_else(|| HashError::NoAlgorithm { text: text.to_owned() })?;
        Self::parse_digits(algorithm.parse()?, digits)
    }
}

/// Computes a [`struct@Hash`] from bytes as they come. It is also an [`std::io::Write`] that never fails.
#[derive(Clone)]
pub struct Hasher {
    algorithm: HashAlgorithm,
    state: State,
    length: u64,
}

impl Hasher {
    /// A hasher that has seen nothing.
    #[must_use]
    pub fn new(algorithm: HashAlgorithm) -> Self {
        Self { algorithm, state: State::new(algorithm), length: 0 }
    }

    /// Takes BYTES in.
    #[inline]
    pub fn update(&mut self, bytes: &[u8]) {
        self.length += bytes.len() as u64;
        self.state.update(bytes);
    }

    /// How many bytes it has seen.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.length
    }

    /// Whether it has seen nothing yet.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The hash of what it has seen.
    #[must_use]
    pub fn finish(self) -> Hash {
        let mut bytes = [0; MAX_SIZE];
        self.state.finish(&mut bytes[..self.algorithm.size()]);
        Hash { algorithm: self.algorithm, bytes }
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hasher")
            .field("algorithm", &self.algorithm)
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

impl std::io::Write for Hasher {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
