// SPDX-License-Identifier: GPL-3.0-or-later
//! Making derivations: `derivation` of `(guix derivations)`.

use std::collections::{BTreeMap, BTreeSet};

use fruix_core::derivation::{
    Derivation, DerivationOutput, ModuloCache, ModuloError, OutputContents,
};
use fruix_core::hash::{Hash, HashAlgorithm, HashError};
use fruix_core::store_path::{HashMethod, StorePath, StorePathError};

use crate::items::{ItemError, Items};

/// What a derivation is made of, paths as they are written.
#[derive(Debug, Clone, Default)]
pub struct DerivationRequest {
    /// Its name, without `.drv`.
    pub name: String,
    /// The system type, such as `x86_64-linux`.
    pub system: String,
    /// The program to run.
    pub builder: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// Its environment; the first of several values of a variable counts.
    pub env: Vec<(String, String)>,
    /// The derivations it needs, with outputs; one may be there several times.
    pub inputs: Vec<(String, Vec<String>)>,
    /// The other store items that it needs.
    pub sources: Vec<String>,
    /// The names of its outputs.
    pub outputs: Vec<String>,
    /// Hash algorithm of the output, if one was named.
    pub algorithm: Option<String>,
    /// The hash of the output, if it is known.
    pub hash: Option<Vec<u8>>,
    /// Whether the hash is that of the output's archive.
    pub recursive: bool,
}

/// Why a derivation cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum LowerError {
    /// A path or name is not allowed.
    #[error(transparent)]
    Path(#[from] StorePathError),
    /// The hash has another length than its algorithm's.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The algorithm is not known.
    #[error("unknown hash algorithm '{0}'")]
    Algorithm(String),
    /// A hash was given without its algorithm.
    #[error("the hash of the output of '{0}' has no algorithm")]
    NoAlgorithm(String),
    /// The store failed.
    #[error(transparent)]
    Item(#[from] ItemError),
    /// Output paths cannot be computed.
    #[error("cannot compute the output paths of '{name}': {error}")]
    Outputs {
        /// The derivation.
        name: String,
        /// Why not.
        error: Box<ModuloError<ItemError>>,
    },
}

/// Makes derivations, remembering the hashes of those made.
#[derive(Default)]
pub struct Lowering {
    cache: ModuloCache,
}

/// A derivation that is in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lowered {
    /// The `.drv` file.
    pub path: StorePath,
    /// The derivation.
    pub derivation: Derivation,
}

impl Lowering {
    /// Makes the derivation that REQUEST describes and adds it to ITEMS.
    ///
    /// # Errors
    /// [`LowerError`].
    pub fn derive(
        &mut self,
        items: &mut dyn Items,
        request: DerivationRequest,
    ) -> Result<Lowered, LowerError> {
        let store_dir = items.store_dir().clone();
        let contents = contents(&request)?;
        let mut inputs: BTreeMap<StorePath, BTreeSet<String>> = BTreeMap::new();
        for (path, outputs) in &request.inputs {
            inputs.entry(store_dir.parse(path)?).or_default().extend(outputs.iter().cloned());
        }
        let sources: Result<BTreeSet<_>, _> =
            request.sources.iter().map(|path| store_dir.parse(path)).collect();
        let mut env = BTreeMap::new();
        for (variable, value) in request.env {
            env.entry(variable).or_insert(value);
        }
        let output = DerivationOutput { path: None, contents };
        let mut drv = Derivation {
            outputs: request.outputs.into_iter().map(|name| (name, output.clone())).collect(),
            inputs,
            sources: sources?,
            system: request.system,
            builder: request.builder,
            args: request.args,
            env,
        };
        for output in drv.outputs.keys() {
            drv.env.insert(output.clone(), String::new());
        }
        let name = &request.name;
        drv.fill_outputs(&store_dir, name, &mut self.cache, |path| items.derivation(path))
            .map_err(|error| LowerError::Outputs { name: name.clone(), error: Box::new(error) })?;
        let references: BTreeSet<StorePath> = drv.references().cloned().collect();
        let text = drv.to_bytes(&store_dir);
        let path = items.add_text(&format!("{name}.drv"), &text, &references)?;
        if self.cache.get(&path).is_none() {
            let hash = self.cache.hash(&store_dir, &drv, |path| items.derivation(path)).map_err(
                |error| LowerError::Outputs { name: name.clone(), error: Box::new(error) },
            )?;
            self.cache.insert(path.clone(), hash);
        }
        Ok(Lowered { path, derivation: drv })
    }
}

fn contents(request: &DerivationRequest) -> Result<OutputContents, LowerError> {
    let method = if request.recursive { HashMethod::Recursive } else { HashMethod::Flat };
    let algorithm = match &request.algorithm {
        None => None,
        Some(name) => {
            let known: Result<HashAlgorithm, _> = name.parse();
            Some(known.map_err(|_| LowerError::Algorithm(name.clone()))?)
        }
    };
    match (algorithm, &request.hash) {
        (None, None) => Ok(OutputContents::Unknown),
        (None, Some(_)) => Err(LowerError::NoAlgorithm(request.name.clone())),
        (Some(algorithm), None) => Ok(OutputContents::Algorithm(method, algorithm)),
        (Some(algorithm), Some(hash)) => {
            Ok(OutputContents::Fixed(method, Hash::new(algorithm, hash)?))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::items::MemoryItems;

    fn request(name: &str) -> DerivationRequest {
        DerivationRequest {
            name: name.to_owned(),
            system: "x86_64-linux".to_owned(),
            builder: "/leaf/builder".to_owned(),
            args: vec![format!("{name}")],
            env: vec![("leaf".to_owned(), name.to_owned())],
            outputs: vec!["out".to_owned()],
            ..DerivationRequest::default()
        }
    }

    #[test]
    fn the_same_input_given_twice_counts_once_with_all_its_outputs() {
        let mut items = MemoryItems::default();
        let mut lowering = Lowering::default();
        let mut leaf = request("leaf-1.0");
        leaf.outputs.push("lib".to_owned());
        let leaf = lowering.derive(&mut items, leaf).expect("a leaf");
        let path = items.store_dir().print(&leaf.path);
        let mut once = request("user");
        once.inputs = vec![(path.clone(), vec!["lib".to_owned(), "out".to_owned()])];
        let mut twice = request("user");
        twice.inputs = vec![(path.clone(), vec!["out".to_owned()]), (path, vec!["lib".to_owned()])];
        let once = lowering.derive(&mut items, once).expect("once");
        let twice = lowering.derive(&mut items, twice).expect("twice");
        assert_eq!(once, twice);
    }

    #[test]
    fn a_derivation_read_back_gives_the_same_outputs_as_one_remembered() {
        let mut items = MemoryItems::default();
        let leaf = Lowering::default().derive(&mut items, request("leaf")).expect("a leaf");
        let mut user = request("user");
        user.inputs = vec![(items.store_dir().print(&leaf.path), vec!["out".to_owned()])];
        let fresh = Lowering::default().derive(&mut items, user.clone()).expect("fresh");
        let mut lowering = Lowering::default();
        lowering.derive(&mut items, request("leaf")).expect("a leaf");
        assert_eq!(fresh, lowering.derive(&mut items, user).expect("remembered"));
    }

    #[test]
    fn a_hash_of_the_wrong_length_is_refused() {
        let mut fixed = request("fixed");
        fixed.algorithm = Some("sha256".to_owned());
        fixed.hash = Some(vec![0; 31]);
        let error = Lowering::default().derive(&mut MemoryItems::default(), fixed);
        assert!(matches!(error, Err(LowerError::Hash(_))));
    }
}
