// SPDX-License-Identifier: GPL-3.0-or-later
//! Names below the store directory, and how they are computed.
//!
//! A [`StorePath`] is the base name of a store item, `HASHPART-NAME`; the directory travels apart,
//! in a [`StoreDir`], because the same item may be seen at different places and because the
//! directory is part of every computed hash. The rules are those of `nix/libstore/store-api.cc`
//! and `(guix store)`.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::base32;
use crate::derivation::DerivationHash;
use crate::hash::{Hash, HashAlgorithm};

/// Digits in the hash part of a store path.
pub const HASH_PART_LEN: usize = 32;

/// Bytes that the hash part stands for (160 bits).
const COMPRESSED_LEN: usize = 20;

/// Longest name, in bytes: with hash part and hyphen a file name of 255 bytes.
pub const MAX_NAME_LEN: usize = 255 - HASH_PART_LEN - 1;

/// Why something is not a store path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StorePathError {
    /// The store directory is not an absolute file name in canonical form.
    #[error("`{path}' cannot be a store directory: it must be absolute, without `.', `..' or `//'")]
    InvalidStoreDir {
        /// The file name as it was given.
        path: String,
    },
    /// The file is not below the store directory.
    #[error("`{path}' is not in the store, {store_dir}")]
    NotInStore {
        /// The file name as it was given.
        path: String,
        /// The store directory.
        store_dir: String,
    },
    /// The file is below a store item rather than one.
    #[error("`{path}' is a file below a store item, not a store item")]
    BelowItem {
        /// The file name as it was given.
        path: String,
    },
    /// The base name is too short for a hash part, a hyphen and a name.
    #[error("`{base_name}' is too short to be the name of a store item")]
    TooShort {
        /// The base name.
        base_name: String,
    },
    /// The first 32 characters are not Nix base32.
    #[error("`{hash_part}' is not the hash part of a store item")]
    InvalidHashPart {
        /// What stands in its place.
        hash_part: String,
    },
    /// No hyphen after the hash part.
    #[error("no hyphen follows the hash part in `{base_name}'")]
    NoHyphen {
        /// The base name.
        base_name: String,
    },
    /// The name has no character.
    #[error("the name of a store item cannot be empty")]
    EmptyName,
    /// The name starts with a dot.
    #[error("`{name}' cannot name a store item: it starts with a dot")]
    LeadingDot {
        /// The name.
        name: String,
    },
    /// The name has a character other than ASCII letters, digits and `+-._?=`.
    #[error("`{name}' cannot name a store item: it contains {character:?}")]
    InvalidCharacter {
        /// The name.
        name: String,
        /// The character that is not allowed.
        character: char,
    },
    /// The name is too long for a file name.
    #[error("`{name}' cannot name a store item: it has {length} bytes, and {max} is the most")]
    NameTooLong {
        /// The name.
        name: String,
        /// Its length, in bytes.
        length: usize,
        /// The longest allowed, in bytes.
        max: usize,
    },
    /// The bytes are not text.
    #[error("a store path that is not ASCII text")]
    NotText,
}

/// Checks NAME by the rules of `checkStoreName` (`nix/libstore/store-api.cc`), and that it is
/// neither empty nor too long for a file name.
///
/// # Errors
/// [`StorePathError`] says which rule NAME breaks.
pub fn check_name(name: &str) -> Result<(), StorePathError> {
    if name.is_empty() {
        return Err(StorePathError::EmptyName);
    }
    if name.starts_with('.') {
        return Err(StorePathError::LeadingDot { name: name.into() });
    }
    let allowed = |c: &char| c.is_ascii_alphanumeric() || "+-._?=".contains(*c);
    if let Some(character) = name.chars().find(|c| !allowed(c)) {
        return Err(StorePathError::InvalidCharacter { name: name.into(), character });
    }
    if name.len() > MAX_NAME_LEN {
        return Err(StorePathError::NameTooLong {
            name: name.into(),
            length: name.len(),
            max: MAX_NAME_LEN,
        });
    }
    Ok(())
}

/// The 32 digits of Nix base32 that start the name of a store item.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HashPart([u8; HASH_PART_LEN]);

impl HashPart {
    /// The hash part made of DIGITS.
    ///
    /// # Errors
    /// [`StorePathError::InvalidHashPart`] when these are not 32 digits of Nix base32.
    pub fn new(digits: &[u8]) -> Result<Self, StorePathError> {
        match <[u8; HASH_PART_LEN]>::try_from(digits) {
            Ok(part) if part.iter().all(|b| base32::is_digit(*b)) => Ok(Self(part)),
            _ => Err(StorePathError::InvalidHashPart {
                hash_part: String::from_utf8_lossy(digits).into_owned(),
            }),
        }
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Only ASCII digits get in, so the text is never empty here.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The digits as bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; HASH_PART_LEN] {
        &self.0
    }
}

impl fmt::Display for HashPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for HashPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HashPart({self})")
    }
}

impl FromStr for HashPart {
    type Err = StorePathError;

    fn from_str(digits: &str) -> Result<Self, StorePathError> {
        Self::new(digits.as_bytes())
    }
}

/// The base name of a store item, `HASHPART-NAME`, known to be valid. Cheap to clone.
///
/// Paths are ordered as their texts are, which is the order of `.drv` files and of everything
/// else that Guix sorts.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StorePath(Arc<str>);

impl StorePath {
    /// Parses a base name.
    ///
    /// # Errors
    /// [`StorePathError`] says what is wrong with it.
    pub fn from_base_name(base_name: &str) -> Result<Self, StorePathError> {
        Self::check(base_name)?;
        Ok(Self(base_name.into()))
    }

    /// The path made of a hash part and a name.
    ///
    /// # Errors
    /// [`StorePathError`] when NAME is not allowed.
    pub fn from_parts(hash_part: HashPart, name: &str) -> Result<Self, StorePathError> {
        check_name(name)?;
        Ok(Self(format!("{hash_part}-{name}").into()))
    }

    fn check(base_name: &str) -> Result<(), StorePathError> {
        let bytes = base_name.as_bytes();
        if bytes.len() < HASH_PART_LEN + 2 {
            return Err(StorePathError::TooShort { base_name: base_name.into() });
        }
        HashPart::new(&bytes[..HASH_PART_LEN])?;
        if bytes[HASH_PART_LEN] != b'-' {
            return Err(StorePathError::NoHyphen { base_name: base_name.into() });
        }
        check_name(&base_name[HASH_PART_LEN + 1..])
    }

    /// The base name, `HASHPART-NAME`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The hash part.
    #[must_use]
    pub fn hash_part(&self) -> HashPart {
        let mut digits = [0; HASH_PART_LEN];
        digits.copy_from_slice(&self.0.as_bytes()[..HASH_PART_LEN]);
        HashPart(digits)
    }

    /// What follows the hash part and the hyphen.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0[HASH_PART_LEN + 1..]
    }

    /// Whether it is named as a derivation (`derivation-path?` of `(guix store)`).
    #[must_use]
    pub fn is_derivation(&self) -> bool {
        self.0.ends_with(crate::derivation::EXTENSION)
    }

    /// The name of the derivation, without `.drv`, if it is named as one.
    #[must_use]
    pub fn derivation_name(&self) -> Option<&str> {
        self.name().strip_suffix(crate::derivation::EXTENSION)
    }
}

impl fmt::Display for StorePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for StorePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StorePath({self})")
    }
}

impl AsRef<str> for StorePath {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for StorePath {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl FromStr for StorePath {
    type Err = StorePathError;

    fn from_str(base_name: &str) -> Result<Self, StorePathError> {
        Self::from_base_name(base_name)
    }
}

/// How the contents of a fixed output are hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HashMethod {
    /// The bytes of one regular file that is not executable.
    Flat,
    /// The archive ([`crate::nar`]) of a file tree: Guix's `recursive?`.
    Recursive,
}

impl HashMethod {
    /// What stands before the algorithm's name in a `.drv` file: `r:` or nothing.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Flat => "",
            Self::Recursive => "r:",
        }
    }
}

/// The store directory: parses and prints store paths, and computes them. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StoreDir(Arc<str>);

/// `/gnu/store`, the one place that says so.
impl Default for StoreDir {
    fn default() -> Self {
        Self("/gnu/store".into())
    }
}

impl fmt::Display for StoreDir {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for StoreDir {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoreDir({self})")
    }
}

impl AsRef<std::path::Path> for StoreDir {
    fn as_ref(&self) -> &std::path::Path {
        std::path::Path::new(&*self.0)
    }
}

impl StoreDir {
    /// The store directory called PATH.
    ///
    /// # Errors
    /// [`StorePathError::InvalidStoreDir`] when PATH is not absolute and in canonical form.
    pub fn new(path: &str) -> Result<Self, StorePathError> {
        let canonical = path.strip_prefix('/').is_some_and(|rest| {
            rest.split('/')
                .all(|part| !matches!(part, "" | "." | "..") && !part.contains(['\0', '\n', ':']))
        });
        if canonical {
            Ok(Self(path.into()))
        } else {
            Err(StorePathError::InvalidStoreDir { path: path.into() })
        }
    }

    /// The directory's file name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The absolute file name of PATH.
    #[must_use]
    pub fn print(&self, path: &StorePath) -> String {
        format!("{}/{}", self.0, path)
    }

    /// The absolute file name of PATH, to open it.
    #[must_use]
    pub fn file_name(&self, path: &StorePath) -> std::path::PathBuf {
        self.print(path).into()
    }

    /// Parses the absolute file name of a store item (`direct-store-path?` of `(guix store)`).
    ///
    /// # Errors
    /// [`StorePathError`] when FILE is not below the directory, below an item, or badly named.
    pub fn parse(&self, file: &str) -> Result<StorePath, StorePathError> {
        let base_name = self.relative(file)?;
        if base_name.contains('/') {
            return Err(StorePathError::BelowItem { path: file.into() });
        }
        StorePath::from_base_name(base_name)
    }

    /// [`StoreDir::parse`] of bytes from a file or a wire.
    ///
    /// # Errors
    /// As [`StoreDir::parse`].
    pub fn parse_bytes(&self, file: &[u8]) -> Result<StorePath, StorePathError> {
        self.parse(std::str::from_utf8(file).map_err(|_| StorePathError::NotText)?)
    }

    /// Splits the absolute name of a store item or of a file below one into the item and the
    /// rest: empty, or starting with a slash (`direct-store-path` of `(guix store)`).
    ///
    /// # Errors
    /// [`StorePathError`] when FILE is not below the directory, or the item is badly named.
    pub fn parse_below<'a>(&self, file: &'a str) -> Result<(StorePath, &'a str), StorePathError> {
        let relative = self.relative(file)?;
        let (base_name, rest) = relative.split_at(relative.find('/').unwrap_or(relative.len()));
        Ok((StorePath::from_base_name(base_name)?, rest))
    }

    fn relative<'a>(&self, file: &'a str) -> Result<&'a str, StorePathError> {
        file.strip_prefix(&*self.0).and_then(|rest| rest.strip_prefix('/')).ok_or_else(|| {
            StorePathError::NotInStore { path: file.into(), store_dir: self.0.to_string() }
        })
    }

    /// `makeStorePath`: the path called NAME of what KIND and INNER describe.
    fn make(&self, kind: &str, inner: &[u8], name: &str) -> Result<StorePath, StorePathError> {
        check_name(name)?;
        let inner = crate::base16::encode(inner);
        let fingerprint = format!("{kind}:sha256:{inner}:{self}:{name}");
        let hash = Hash::sha256(fingerprint.as_bytes());
        let mut compressed = [0u8; COMPRESSED_LEN];
        for (index, byte) in hash.as_bytes().iter().enumerate() {
            compressed[index % COMPRESSED_LEN] ^= byte;
        }
        let digits = base32::encode(&compressed);
        Ok(StorePath(format!("{digits}-{name}").into()))
    }

    /// The path of a text file called NAME whose contents have the SHA-256 CONTENTS and refer to
    /// REFERENCES (`computeStorePathForText`; `add-text-to-store` in Scheme). Order and
    /// repetition of REFERENCES do not matter.
    ///
    /// # Errors
    /// [`StorePathError`] when NAME is not allowed.
    pub fn text_path<'a>(
        &self,
        name: &str,
        contents: &Hash,
        references: impl IntoIterator<Item = &'a StorePath>,
    ) -> Result<StorePath, StorePathError> {
        let mut references: Vec<_> = references.into_iter().collect();
        references.sort_unstable();
        references.dedup();
        let mut kind = String::from("text");
        for reference in references {
            kind.push(':');
            kind.push_str(&self.print(reference));
        }
        self.make(&kind, contents.as_bytes(), name)
    }

    /// The path of a file tree called NAME whose archive has the SHA-256 HASH: what
    /// `add-to-store` gives with `recursive? #t` and `sha256`.
    ///
    /// # Errors
    /// [`StorePathError`] when NAME is not allowed.
    pub fn source_path(&self, name: &str, hash: &Hash) -> Result<StorePath, StorePathError> {
        self.fixed_output_path(name, HashMethod::Recursive, hash)
    }

    /// The path of something called NAME that is known by the hash of its contents alone
    /// (`makeFixedOutputPath`; `fixed-output-path` in Scheme). In Guix such a path never depends
    /// on references.
    ///
    /// # Errors
    /// [`StorePathError`] when NAME is not allowed.
    pub fn fixed_output_path(
        &self,
        name: &str,
        method: HashMethod,
        hash: &Hash,
    ) -> Result<StorePath, StorePathError> {
        if method == HashMethod::Recursive && hash.algorithm() == HashAlgorithm::Sha256 {
            return self.make("source", hash.as_bytes(), name);
        }
        let tag = format!("fixed:out:{}{}:", method.prefix(), hash.to_prefixed_base16());
        self.make("output:out", Hash::sha256(tag.as_bytes()).as_bytes(), name)
    }

    /// The path of OUTPUT of the derivation called NAME, without `.drv`, whose hash modulo fixed
    /// outputs is HASH (`makeOutputPath`; `output-path` in Scheme).
    ///
    /// # Errors
    /// [`StorePathError`] when NAME or OUTPUT is not allowed.
    pub fn output_path(
        &self,
        output: &str,
        hash: &DerivationHash,
        name: &str,
    ) -> Result<StorePath, StorePathError> {
        let kind = format!("output:{output}");
        if output == "out" {
            self.make(&kind, hash.as_bytes(), name)
        } else {
            self.make(&kind, hash.as_bytes(), &format!("{name}-{output}"))
        }
    }
}
