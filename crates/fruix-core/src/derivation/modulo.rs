// SPDX-License-Identifier: GPL-3.0-or-later
//! Hashes of derivations "modulo fixed outputs", and the output paths that follow from them.
//!
//! How a fixed output is obtained must not influence what is built from it, so the hash of a
//! fixed-output derivation covers the expected contents only, and any other's covers the hashes
//! of its inputs in place of their names (`derivation-hash` of `(guix derivations)`,
//! `hashDerivationModulo` of `nix/libstore/derivations.cc`).

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;

use super::{Derivation, OutputContents, print};
use crate::hash::Hash;
use crate::store_path::{StoreDir, StorePath, StorePathError};

/// The SHA-256 of a derivation modulo fixed outputs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DerivationHash([u8; 32]);

impl DerivationHash {
    fn of(text: &[u8]) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(Hash::sha256(text).as_bytes());
        Self(bytes)
    }

    /// The hash whose bytes these are, computed elsewhere.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes of the hash.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Prints base16.
impl fmt::Display for DerivationHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::base16::encode(&self.0))
    }
}

impl fmt::Debug for DerivationHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DerivationHash({self})")
    }
}

/// Why hashes or output paths cannot be computed; E is what looking up an input fails with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModuloError<E> {
    /// The derivation of an input could not be had.
    #[error("cannot read the derivation {path}: {error}")]
    Input {
        /// The input.
        path: StorePath,
        /// Why.
        error: E,
    },
    /// A derivation is among its own inputs.
    #[error("the derivation {path} needs itself")]
    Cycle {
        /// The derivation.
        path: StorePath,
    },
    /// An output with a hash that is not the only output or not called `out`.
    #[error("output `{output}' cannot have a fixed hash: only a single output `out' can")]
    FixedOutputName {
        /// Name of the output.
        output: String,
    },
    /// The name of the derivation or of an output is not allowed.
    #[error(transparent)]
    Path(#[from] StorePathError),
}

/// Hashes of derivations by the store path of the `.drv` file, so that a graph is gone through
/// once. A `.drv` file never changes, so entries stay true; all are for one store directory.
#[derive(Debug, Clone, Default)]
pub struct ModuloCache {
    hashes: HashMap<StorePath, DerivationHash>,
}

/// A derivation whose inputs are being hashed.
struct Frame<N> {
    path: Option<StorePath>,
    node: N,
    /// Inputs not looked at yet.
    pending: Vec<StorePath>,
}

/// The derivation asked about, or one that was looked up.
enum Node<'a, D> {
    Root(&'a Derivation),
    Input(D),
}

impl<D: AsRef<Derivation>> Node<'_, D> {
    fn get(&self) -> &Derivation {
        match self {
            Self::Root(drv) => drv,
            Self::Input(drv) => drv.as_ref(),
        }
    }
}

impl<D: AsRef<Derivation>> Frame<Node<'_, D>> {
    fn inputs_to_hash(drv: &Derivation, cache: &ModuloCache) -> Vec<StorePath> {
        if drv.fixed_output().is_some() {
            return Vec::new();
        }
        let known = |path: &&StorePath| !cache.hashes.contains_key(*path);
        drv.inputs.keys().filter(known).cloned().collect()
    }
}

impl ModuloCache {
    /// A cache that knows nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many derivations it knows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.hashes.len()
    }

    /// Whether it knows none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }

    /// The hash of the derivation in the file PATH, if it is known.
    #[must_use]
    pub fn get(&self, path: &StorePath) -> Option<DerivationHash> {
        self.hashes.get(path).copied()
    }

    /// Records that HASH is the hash of the derivation in the file PATH.
    pub fn insert(&mut self, path: StorePath, hash: DerivationHash) {
        self.hashes.insert(path, hash);
    }

    /// The hash of DRV, with its output paths as they stand. LOOKUP yields the derivation in an
    /// input's `.drv` file and is asked at most once for each; time and memory are linear in the
    /// size of the graph, and the stack is not used for its depth.
    ///
    /// # Errors
    /// [`ModuloError`] when an input cannot be had or the graph has a cycle.
    pub fn hash<E, D: AsRef<Derivation>>(
        &mut self,
        store_dir: &StoreDir,
        drv: &Derivation,
        lookup: impl FnMut(&StorePath) -> Result<D, E>,
    ) -> Result<DerivationHash, ModuloError<E>> {
        self.hash_inputs(drv, store_dir, lookup)?;
        Ok(self.hash_one(store_dir, drv, false))
    }

    /// Makes the hash of every input of ROOT known.
    fn hash_inputs<E, D: AsRef<Derivation>>(
        &mut self,
        root: &Derivation,
        store_dir: &StoreDir,
        mut lookup: impl FnMut(&StorePath) -> Result<D, E>,
    ) -> Result<(), ModuloError<E>> {
        let mut open: HashSet<StorePath> = HashSet::new();
        let mut stack = vec![Frame {
            path: None,
            pending: Frame::<Node<'_, D>>::inputs_to_hash(root, self),
            node: Node::Root(root),
        }];
        while let Some(frame) = stack.last_mut() {
            let Some(path) = frame.pending.pop() else {
                let Some(Frame { path, node, .. }) = stack.pop() else {
                    break;
                };
                if let Some(path) = path {
                    let hash = self.hash_one(store_dir, node.get(), false);
                    open.remove(&path);
                    self.hashes.insert(path, hash);
                }
                continue;
            };
            if self.hashes.contains_key(&path) {
                continue;
            }
            if !open.insert(path.clone()) {
                return Err(ModuloError::Cycle { path });
            }
            let drv = match lookup(&path) {
                Ok(drv) => drv,
                Err(error) => return Err(ModuloError::Input { path, error }),
            };
            stack.push(Frame {
                pending: Frame::<Node<'_, D>>::inputs_to_hash(drv.as_ref(), self),
                path: Some(path),
                node: Node::Input(drv),
            });
        }
        Ok(())
    }

    /// The hash of DRV, whose inputs' hashes are known unless it is a fixed-output derivation.
    fn hash_one(&self, store_dir: &StoreDir, drv: &Derivation, masked: bool) -> DerivationHash {
        if let Some((method, hash)) = drv.fixed_output() {
            let path = drv.outputs.values().find_map(|output| output.path.as_ref());
            let path = path.map_or_else(String::new, |path| store_dir.print(path));
            let text = format!("fixed:out:{}{}:{path}", method.prefix(), hash.to_prefixed_base16());
            return DerivationHash::of(text.as_bytes());
        }
        let mut inputs: Vec<(String, &BTreeSet<String>)> = drv
            .inputs
            .iter()
            .filter_map(|(path, outputs)| Some((self.hashes.get(path)?.to_string(), outputs)))
            .collect();
        // Distinct files can have equal hashes; Guix drops exact repetitions and keeps the rest.
        inputs.sort_by(|a, b| a.0.cmp(&b.0));
        inputs.dedup();
        let text = print::print_with_inputs(drv, store_dir, inputs.into_iter(), masked);
        DerivationHash::of(&text)
    }
}

/// See [`Derivation::fill_outputs`].
pub(super) fn fill_outputs<E, D: AsRef<Derivation>>(
    drv: &mut Derivation,
    store_dir: &StoreDir,
    name: &str,
    cache: &mut ModuloCache,
    lookup: impl FnMut(&StorePath) -> Result<D, E>,
) -> Result<(), ModuloError<E>> {
    let mut paths = Vec::with_capacity(drv.outputs.len());
    if let Some((method, hash)) = drv.fixed_output() {
        let path = store_dir.fixed_output_path(name, method, hash)?;
        paths.push((String::from("out"), path));
    } else {
        let fixed = |contents: &OutputContents| matches!(contents, OutputContents::Fixed(..));
        if let Some((output, _)) = drv.outputs.iter().find(|(_, o)| fixed(&o.contents)) {
            return Err(ModuloError::FixedOutputName { output: output.clone() });
        }
        cache.hash_inputs(drv, store_dir, lookup)?;
        // The variables that will hold the output paths count as empty, present or not.
        let missing: Vec<String> =
            drv.outputs.keys().filter(|output| !drv.env.contains_key(*output)).cloned().collect();
        for output in &missing {
            drv.env.insert(output.clone(), String::new());
        }
        let hash = cache.hash_one(store_dir, drv, true);
        let computed: Result<Vec<_>, _> = drv
            .outputs
            .keys()
            .map(|output| Ok((output.clone(), store_dir.output_path(output, &hash, name)?)))
            .collect();
        match computed {
            Ok(computed) => paths = computed,
            Err(error) => {
                drv.env.retain(|variable, _| !missing.contains(variable));
                return Err(ModuloError::Path(error));
            }
        }
    }
    for (output, path) in paths {
        drv.env.insert(output.clone(), store_dir.print(&path));
        if let Some(entry) = drv.outputs.get_mut(&output) {
            entry.path = Some(path);
        }
    }
    Ok(())
}
