// SPDX-License-Identifier: GPL-3.0-or-later
//! Making derivations: `derivation` of `(guix derivations)`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};

use fruix_core::derivation::{Derivation, DerivationOutput, ModuloError, OutputContents};
use fruix_core::hash::{Hash, HashAlgorithm, HashError};
use fruix_core::store_path::{HashMethod, StorePath, StorePathError};
use fruix_protocol::{Store, StoreError, Text};

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
    #[error("unknown hash algorithm `{0}'")]
    Algorithm(String),
    /// A hash was given without its algorithm.
    #[error("the hash of the output of `{0}' has no algorithm")]
    NoAlgorithm(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Output paths cannot be computed.
    #[error("cannot compute the output paths of `{name}': {error}")]
    Outputs {
        /// The derivation.
        name: String,
        /// Why not.
        error: Box<ModuloError<StoreError>>,
    },
}

/// A derivation that is in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lowered {
    /// The `.drv` file.
    pub path: StorePath,
    /// The derivation.
    pub derivation: Arc<Derivation>,
}

/// Makes the derivation that REQUEST describes and adds it to STORE, which knows the hashes of those
/// made before.
///
/// # Errors
/// [`LowerError`].
pub fn derive(store: &dyn Store, request: DerivationRequest) -> Result<Lowered, LowerError> {
    let store_dir = store.store_dir();
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
    let wrong = |error| LowerError::Outputs { name: name.clone(), error: Box::new(error) };
    let mut modulo = store.modulo().lock().unwrap_or_else(PoisonError::into_inner);
    drv.fill_outputs(store_dir, name, &mut modulo, |path| store.derivation(path)).map_err(wrong)?;
    let references: BTreeSet<StorePath> = drv.references().cloned().collect();
    let bytes = drv.to_bytes(store_dir);
    let path = store_dir.text_path(&format!("{name}.drv"), &Hash::sha256(&bytes), &references)?;
    if modulo.get(&path).is_none() {
        let hash = modulo.hash(store_dir, &drv, |path| store.derivation(path)).map_err(wrong)?;
        modulo.insert(path.clone(), hash);
    }
    drop(modulo);
    let derivation = Arc::new(drv);
    let known = Some(derivation.clone());
    let text = Text { derivation: known, ..Text::new(path.name(), bytes, references) };
    store.add_texts(&[text])?;
    Ok(Lowered { path, derivation })
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
    use fruix_store::MemoryStore;

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
        let store = MemoryStore::default();
        let mut leaf = request("leaf-1.0");
        leaf.outputs.push("lib".to_owned());
        let leaf = derive(&store, leaf).expect("a leaf");
        let path = store.store_dir().print(&leaf.path);
        let mut once = request("user");
        once.inputs = vec![(path.clone(), vec!["lib".to_owned(), "out".to_owned()])];
        let mut twice = request("user");
        twice.inputs = vec![(path.clone(), vec!["out".to_owned()]), (path, vec!["lib".to_owned()])];
        let once = derive(&store, once).expect("once");
        let twice = derive(&store, twice).expect("twice");
        assert_eq!(once, twice);
    }

    #[test]
    fn a_derivation_read_back_gives_the_same_outputs_as_one_remembered() {
        let remembering = MemoryStore::default();
        let leaf = derive(&remembering, request("leaf")).expect("a leaf");
        let mut user = request("user");
        user.inputs = vec![(remembering.store_dir().print(&leaf.path), vec!["out".to_owned()])];
        let remembered = derive(&remembering, user.clone()).expect("remembered");
        // Here the text of the leaf alone is known.
        let fresh = MemoryStore::default();
        let text = remembering.text(&leaf.path).expect("its text");
        fresh.add_text("leaf.drv", &text, &BTreeSet::new()).expect("added");
        assert_eq!(remembered, derive(&fresh, user).expect("fresh"));
    }

    #[test]
    fn a_hash_of_the_wrong_length_is_refused() {
        let mut fixed = request("fixed");
        fixed.algorithm = Some("sha256".to_owned());
        fixed.hash = Some(vec![0; 31]);
        let error = derive(&MemoryStore::default(), fixed);
        assert!(matches!(error, Err(LowerError::Hash(_))));
    }
}
