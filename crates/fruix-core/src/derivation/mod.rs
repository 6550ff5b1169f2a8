// SPDX-License-Identifier: GPL-3.0-or-later
//! Derivations: what is to be built, by which program, from what.
//!
//! The text of a `.drv` file is canonical: lists that have no order of their own are sorted, so
//! that equal derivations have equal texts. [`Derivation`] keeps them in sorted collections and
//! the parser takes nothing else, hence parsing and printing are inverse to each other, byte for
//! byte. The behaviour is that of `(guix derivations)` and `nix/libstore/derivations.cc`.

mod lexer;
mod modulo;
mod parse;
mod print;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::hash::{Hash, HashAlgorithm};
use crate::store_path::{HashMethod, StoreDir, StorePath, StorePathError};

pub use modulo::{DerivationHash, ModuloCache, ModuloError};
pub use parse::{DerivationParser, ParseError, ParseLimits};

/// How the names of derivations end.
pub const EXTENSION: &str = ".drv";

/// What is known beforehand about the contents of an output.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum OutputContents {
    /// Nothing: the path follows from the derivation.
    Unknown,
    /// A hash algorithm without a hash. Guix writes it down although nothing uses it.
    Algorithm(HashMethod, HashAlgorithm),
    /// The hash: a fixed output, such as a download.
    Fixed(HashMethod, Hash),
}

/// One output of a derivation.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DerivationOutput {
    /// Where it goes; `None` as long as that is to be computed.
    pub path: Option<StorePath>,
    /// What is known about its contents.
    pub contents: OutputContents,
}

/// What is to be built, by which program, from what.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Derivation {
    /// The outputs by name; the usual one is `out`.
    pub outputs: BTreeMap<String, DerivationOutput>,
    /// The derivations it needs, and which outputs of each.
    pub inputs: BTreeMap<StorePath, BTreeSet<String>>,
    /// The store items it needs that are no derivation's outputs.
    pub sources: BTreeSet<StorePath>,
    /// The system type to build on, such as `x86_64-linux`.
    pub system: String,
    /// The program to run: a store file, or a name such as `builtin:download`.
    pub builder: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// Its environment.
    pub env: BTreeMap<String, String>,
}

impl Derivation {
    /// Parses the text of a `.drv` file whose paths are below STORE_DIR.
    ///
    /// # Errors
    /// [`ParseError`] says what is wrong and at which offset.
    pub fn parse(store_dir: &StoreDir, text: &[u8]) -> Result<Self, ParseError> {
        let mut parser = DerivationParser::new(store_dir.clone());
        parser.feed(text)?;
        parser.finish()
    }

    /// The text of the `.drv` file (`derivation->bytevector`).
    #[must_use]
    pub fn to_bytes(&self, store_dir: &StoreDir) -> Vec<u8> {
        print::print(self, store_dir)
    }

    /// The hash of the only output's contents if the derivation is a fixed-output one, that is,
    /// `out` is its only output and has a hash (`fixed-output-derivation?`).
    #[must_use]
    pub fn fixed_output(&self) -> Option<(HashMethod, &Hash)> {
        match self.outputs.first_key_value() {
            Some((name, output)) if self.outputs.len() == 1 && name == "out" => {
                match &output.contents {
                    OutputContents::Fixed(method, hash) => Some((*method, hash)),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// What the `.drv` file itself refers to: its inputs and sources.
    pub fn references(&self) -> impl Iterator<Item = &StorePath> {
        self.inputs.keys().chain(&self.sources)
    }

    /// The store path of the `.drv` file of the derivation called NAME, without `.drv`.
    ///
    /// # Errors
    /// [`StorePathError`] when NAME is not allowed.
    pub fn path(&self, store_dir: &StoreDir, name: &str) -> Result<StorePath, StorePathError> {
        let contents = Hash::sha256(&self.to_bytes(store_dir));
        store_dir.text_path(&format!("{name}{EXTENSION}"), &contents, self.references())
    }

    /// Computes the path of every output and puts it into `outputs` and into the environment
    /// variable named as the output, as `derivation` of `(guix derivations)` does. Paths that
    /// are there already are not looked at. The derivation is called NAME, without `.drv`; INPUTS
    /// yields the derivation of an input that CACHE does not know.
    ///
    /// # Errors
    /// [`ModuloError`]; the derivation is then as it was.
    pub fn fill_outputs<E, D: AsRef<Self>>(
        &mut self,
        store_dir: &StoreDir,
        name: &str,
        cache: &mut ModuloCache,
        inputs: impl FnMut(&StorePath) -> Result<D, E>,
    ) -> Result<(), ModuloError<E>> {
        modulo::fill_outputs(self, store_dir, name, cache, inputs)
    }
}

impl AsRef<Self> for Derivation {
    fn as_ref(&self) -> &Self {
        self
    }
}

/// Prints the text as it is below the default store directory, for messages and tests.
impl fmt::Display for Derivation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.to_bytes(&StoreDir::default())))
    }
}
