// SPDX-License-Identifier: GPL-3.0-or-later
//! The text of a Scheme string: characters with constant-time access, as narrow as they allow.

use std::fmt;
use std::hash::{Hash, Hasher};

/// A Scheme string's content. Strings whose characters are all Latin-1 take a byte for each, others
/// four (Guile's two representations).
#[derive(Clone)]
pub enum SchemeString {
    /// Characters up to U+00FF.
    Narrow(Vec<u8>),
    /// At least one character may be above U+00FF.
    Wide(Vec<char>),
}

impl SchemeString {
    /// Number of characters.
    #[inline]
    pub fn len(&self) -> usize {
        match self {
            SchemeString::Narrow(bytes) => bytes.len(),
            SchemeString::Wide(chars) => chars.len(),
        }
    }

    /// Whether there are no characters.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The character at `index`.
    #[inline]
    pub fn get(&self, index: usize) -> Option<char> {
        match self {
            SchemeString::Narrow(bytes) => bytes.get(index).map(|&b| b as char),
            SchemeString::Wide(chars) => chars.get(index).copied(),
        }
    }

    /// All characters in order.
    pub fn chars(&self) -> impl DoubleEndedIterator<Item = char> + '_ {
        (0..self.len()).map(|i| self.get(i).unwrap_or_default())
    }

    /// Bytes of memory that the text takes.
    pub fn size(&self) -> usize {
        match self {
            SchemeString::Narrow(bytes) => bytes.capacity(),
            SchemeString::Wide(chars) => chars.capacity() * 4,
        }
    }
}

impl PartialEq for SchemeString {
    fn eq(&self, other: &SchemeString) -> bool {
        match (self, other) {
            (SchemeString::Narrow(a), SchemeString::Narrow(b)) => a == b,
            (SchemeString::Wide(a), SchemeString::Wide(b)) => a == b,
            _ => self.len() == other.len() && self.chars().eq(other.chars()),
        }
    }
}

impl Hash for SchemeString {
    /// The same for equal strings, however they are represented.
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            SchemeString::Narrow(bytes) => state.write(bytes),
            SchemeString::Wide(chars) if chars.iter().all(|&c| (c as u32) < 0x100) => {
                let bytes: Vec<u8> = chars.iter().map(|&c| c as u8).collect();
                state.write(&bytes);
            }
            SchemeString::Wide(chars) => chars.iter().for_each(|&c| state.write_u32(c as u32)),
        }
    }
}

impl From<&str> for SchemeString {
    fn from(text: &str) -> SchemeString {
        if text.is_ascii() {
            SchemeString::Narrow(text.as_bytes().to_vec())
        } else {
            text.chars().collect()
        }
    }
}

impl FromIterator<char> for SchemeString {
    fn from_iter<I: IntoIterator<Item = char>>(iter: I) -> SchemeString {
        let chars: Vec<char> = iter.into_iter().collect();
        if chars.iter().all(|&c| (c as u32) < 0x100) {
            SchemeString::Narrow(chars.into_iter().map(|c| c as u8).collect())
        } else {
            SchemeString::Wide(chars)
        }
    }
}

impl fmt::Display for SchemeString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SchemeString::Narrow(bytes) if bytes.is_ascii() => {
                f.write_str(std::str::from_utf8(bytes).unwrap_or_default())
            }
            _ => self.chars().try_for_each(|c| fmt::Write::write_char(f, c)),
        }
    }
}
