// SPDX-License-Identifier: GPL-3.0-or-later
//! The module `(fruix core)`: the store and derivations as Scheme sees them.
//!
//! These procedures take and give strings, lists and bytevectors only; records, monads and the like
//! are above them in Scheme. `/scheme/guix/store.scm`, `derivations.scm` and `gexp.scm` are their
//! users.

use std::any::TypeId;
use std::collections::{BTreeSet, HashSet};
use std::error::Error;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use fruix_core::derivation::{Derivation, DerivationHash, ModuloError, OutputContents};
use fruix_core::hash::{Hash, HashAlgorithm};
use fruix_core::store_path::{HashMethod, StorePath};
use fruix_core::{base16, base32, base64};
use fruix_protocol::{Batch, Store, StoreError};
use fruix_scheme::modules::EMBEDDED_ROOT;
use fruix_scheme::native::{Native, Result};
use fruix_scheme::natives::args;
use fruix_scheme::{Engine, Value, library, native};

use crate::index;
use crate::items::ItemError;
use crate::lower::{DerivationRequest, LowerError, Lowered, derive};
use crate::queries;
use crate::seed::Seed;
use crate::tree::{Node, Tree, TreeError};

/// The name of the module.
pub const MODULE: &str = "fruix core";

/// What the natives work on: an extension of the engine.
pub struct Core {
    /// The store. Texts and derivations go to it in batches.
    pub store: Batch,
    /// The system type that is built for unless another one is asked for.
    pub system: String,
    /// The first tools.
    pub seed: Seed,
    /// The user's directories of modules.
    pub load_path: Vec<String>,
    /// Where to keep what can be made anew, if anywhere.
    pub cache_folder: Option<PathBuf>,
}

/// Makes `(fruix core)` in ENGINE, working on CORE.
///
/// # Errors
/// When there is a broken module of that name.
pub fn install(engine: &mut Engine, core: Core) -> Result<()> {
    engine.extensions.insert(TypeId::of::<Core>(), Box::new(core));
    engine.define_native_module(MODULE, NATIVES)?;
    engine.define_native_module(queries::MODULE, queries::NATIVES)?;
    engine.define_native_module(index::MODULE, index::NATIVES)
}

/// The procedures.
pub static NATIVES: &[Native] = &[
    native!("core-store-directory", 0, store_directory),
    native!("core-system", 0, system),
    native!("core-load-path", 0, load_path),
    native!("core-waiting-name", 1, waiting_name),
    native!("core-valid-path?", 1, is_valid_path),
    native!("core-add-text", 3, add_text),
    native!("core-add-file", 4, 0, false, add_file),
    native!("core-add-files", 2, add_files),
    native!("core-add-tree", 1, add_tree),
    native!("core-add-derivation", 11, 0, false, add_derivation),
    native!("core-note-derivation-hash", 2, note_derivation_hash),
    native!("core-sort-pairs", 1, sort_pairs),
    native!("core-distinct?", 1, are_distinct),
    native!("core-store-text", 1, store_text),
    native!("core-flush", 0, flush),
    native!("core-read-derivation", 1, read_derivation),
    native!("core-find-module", 2, find_module),
    native!("core-file-text", 1, file_text),
    native!("core-library-modules", 1, library_modules),
    native!("core-builder", 0, builder),
    native!("core-seed-tools", 0, seed_tools),
    native!("core-seed", 0, seed),
    native!("core-sha256", 1, sha256),
    native!("core-base16-encode", 1, base16_encode),
    native!("core-base16-decode", 1, base16_decode),
    native!("core-base32-encode", 1, base32_encode),
    native!("core-base32-decode", 1, base32_decode),
    native!("core-base64-encode", 1, base64_encode),
    native!("core-base64-decode", 1, base64_decode),
];

/// The state of ENGINE's natives, if [`install`] has put it there.
pub fn core(engine: &mut Engine) -> Option<&mut Core> {
    engine.extensions.get_mut(&TypeId::of::<Core>())?.downcast_mut()
}

fn fail<T>(engine: &mut Engine, subr: &str, error: &dyn Display) -> Result<T> {
    let message = engine.heap.string(&error.to_string());
    engine.error("misc-error", subr, "~A", &[message])
}

/// Runs F on the state. An error passes through Scheme as it is, for [`store_error`].
pub(crate) fn with<T, E: Error + Send + Sync + 'static>(
    engine: &mut Engine,
    subr: &str,
    f: impl FnOnce(&mut Core) -> std::result::Result<T, E>,
) -> Result<T> {
    match core(engine) {
        Some(core) => f(core).or_else(|error| engine.host_error(subr, error)),
        None => fail(engine, subr, &"there is no store"),
    }
}

/// The error of the store behind ERROR, which one of these natives failed with, if it is the store's.
pub fn store_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a StoreError> {
    if let Some(ItemError::Store(error)) = error.downcast_ref() {
        return Some(error);
    }
    match error.downcast_ref() {
        Some(LowerError::Store(error)) => Some(error),
        Some(LowerError::Outputs { error, .. }) => match &**error {
            ModuloError::Input { error, .. } => Some(error),
            _ => None,
        },
        _ => error.downcast_ref(),
    }
}

fn strings(engine: &mut Engine, subr: &str, position: usize, value: Value) -> Result<Vec<String>> {
    let values = args::list(engine, subr, position, value)?;
    values.into_iter().map(|value| args::string(engine, subr, position, value)).collect()
}

fn bytes(engine: &mut Engine, subr: &str, position: usize, value: Value) -> Result<Vec<u8>> {
    match engine.heap.as_bytes(value) {
        Some(bytes) => Ok(bytes.clone()),
        None => args::expecting(engine, subr, position, "bytevector", value),
    }
}

pub(crate) fn string_list<'a>(
    engine: &mut Engine,
    strings: impl IntoIterator<Item = &'a String>,
) -> Value {
    let values: Vec<Value> = strings.into_iter().map(|text| engine.heap.string(text)).collect();
    engine.heap.list(&values)
}

fn store_directory(engine: &mut Engine) -> Result {
    let name = with(engine, "core-store-directory", |core| {
        Ok::<_, ItemError>(core.store.store_dir().to_string())
    })?;
    Ok(engine.heap.string(&name))
}

fn system(engine: &mut Engine) -> Result {
    let name = with(engine, "core-system", |core| Ok::<_, ItemError>(core.system.clone()))?;
    Ok(engine.heap.string(&name))
}

/// `(core-flush)`: everything that was added is in the store then, for others to see.
pub fn flush(engine: &mut Engine) -> Result {
    with(engine, "core-flush", |core| core.store.flush())?;
    Ok(Value::UNSPECIFIED)
}

/// `(core-load-path)`: the directories that the user gave.
fn load_path(engine: &mut Engine) -> Result {
    let directories =
        with(engine, "core-load-path", |core| Ok::<_, ItemError>(core.load_path.clone()))?;
    Ok(string_list(engine, &directories))
}

/// `(core-waiting-name VARIABLE)`: the name of the package that VARIABLE's definition, which is not
/// evaluated yet, makes; `#f` if it is evaluated or does not say.
fn waiting_name(engine: &mut Engine, variable: Value) -> Result {
    match engine.deferred_field(variable, "name").map(str::to_owned) {
        Some(name) => Ok(engine.heap.string(&name)),
        None => Ok(Value::FALSE),
    }
}

fn is_valid_path(engine: &mut Engine, path: Value) -> Result {
    const SUBR: &str = "core-valid-path?";
    let path = args::string(engine, SUBR, 1, path)?;
    let valid = with(engine, SUBR, |core| match core.store.store_dir().parse(&path) {
        Ok(path) => core.store.is_valid(&path),
        Err(_) => Ok(false),
    })?;
    Ok(Value::bool(valid))
}

/// `(core-add-text NAME BYTES REFERENCES)`.
fn add_text(engine: &mut Engine, name: Value, contents: Value, references: Value) -> Result {
    const SUBR: &str = "core-add-text";
    let name = args::string(engine, SUBR, 1, name)?;
    let contents = bytes(engine, SUBR, 2, contents)?;
    let references = strings(engine, SUBR, 3, references)?;
    let path = with(engine, SUBR, |core| {
        let store_dir = core.store.store_dir().clone();
        let parsed: std::result::Result<BTreeSet<_>, _> =
            references.iter().map(|path| store_dir.parse(path)).collect();
        let path = core.store.add_text(&name, &contents, &parsed?)?;
        Ok::<_, ItemError>(store_dir.print(&path))
    })?;
    Ok(engine.heap.string(&path))
}

fn method(recursive: Value) -> HashMethod {
    if recursive.is_true() { HashMethod::Recursive } else { HashMethod::Flat }
}

/// `(core-add-file NAME FILE RECURSIVE? EXCLUDED)`.
fn add_file(engine: &mut Engine, args: &[Value]) -> Result {
    const SUBR: &str = "core-add-file";
    let name = args::string(engine, SUBR, 1, args[0])?;
    let file = args::string(engine, SUBR, 2, args[1])?;
    let method = method(args[2]);
    let excluded: HashSet<PathBuf> =
        strings(engine, SUBR, 4, args[3])?.into_iter().map(PathBuf::from).collect();
    let path = with(engine, SUBR, |core| {
        let path = match library::text(&file).filter(|_| file.starts_with(EMBEDDED_ROOT)) {
            Some(text) if method == HashMethod::Flat => {
                core.store.add_bytes(&name, text.as_bytes(), method)?
            }
            Some(text) => {
                let wrong = |error: crate::tree::TreeError| ItemError::Tree {
                    name: name.clone(),
                    reason: error.to_string(),
                };
                let archive = crate::tree::file_archive(text.as_bytes(), false).map_err(wrong)?;
                core.store.add_bytes(&name, &archive, method)?
            }
            None => core.store.add_to_store(
                &name,
                Path::new(&file),
                method,
                HashAlgorithm::Sha256,
                &mut |file, _| !excluded.contains(file),
            )?,
        };
        Ok::<_, ItemError>(core.store.store_dir().print(&path))
    })?;
    Ok(engine.heap.string(&path))
}

fn read_file(file: &str) -> std::result::Result<Vec<u8>, ItemError> {
    match library::text(file).filter(|_| file.starts_with(EMBEDDED_ROOT)) {
        Some(text) => Ok(text.as_bytes().to_vec()),
        None => std::fs::read(file)
            .map_err(|error| ItemError::Read { path: file.into(), source: error }),
    }
}

/// `(core-add-files NAME ((FILE . SOURCE) ...))`; SOURCE is a file name or a bytevector.
fn add_files(engine: &mut Engine, name: Value, files: Value) -> Result {
    const SUBR: &str = "core-add-files";
    let name = args::string(engine, SUBR, 1, name)?;
    let mut tree = Tree::new();
    for pair in args::list(engine, SUBR, 2, files)? {
        let (file, source) = args::pair(engine, SUBR, 2, pair)?;
        let file = args::string(engine, SUBR, 2, file)?;
        let contents = match engine.heap.as_bytes(source) {
            Some(bytes) => bytes.clone(),
            None => {
                let source = args::string(engine, SUBR, 2, source)?;
                read_file(&source).or_else(|error| fail(engine, SUBR, &error))?
            }
        };
        tree.insert(&file, contents, false).or_else(|error| fail(engine, SUBR, &error))?;
    }
    let archive = tree.archive().or_else(|error| fail(engine, SUBR, &error))?;
    let path = with(engine, SUBR, |core| {
        let path = core.store.add_bytes(&name, &archive, HashMethod::Recursive)?;
        Ok::<_, ItemError>(core.store.store_dir().print(&path))
    })?;
    Ok(engine.heap.string(&path))
}

/// How deep trees may be: more than any file name allows.
const DEEPEST: usize = 2048;

/// The name and node of an entry of a tree: `(NAME TYPE . REST)`.
fn tree_entry(engine: &mut Engine, entry: Value, depth: usize) -> Result<(String, Node)> {
    const SUBR: &str = "add-file-tree-to-store";
    let fields = args::list(engine, SUBR, 2, entry)?;
    let (&[name, kind], rest) = fields.split_at(fields.len().min(2)) else {
        return engine.wrong_type(SUBR, 2, entry);
    };
    let name = args::string(engine, SUBR, 2, name)?;
    let kind = engine.heap.symbol_name(kind).map(str::to_owned).unwrap_or_default();
    let node = match (kind.as_str(), rest) {
        ("directory", entries) if depth < DEEPEST => {
            let mut nodes = std::collections::BTreeMap::new();
            for &entry in entries {
                let (name, node) = tree_entry(engine, entry, depth + 1)?;
                // The first of several entries of a name counts, as with 'assoc'.
                nodes.entry(name.into_bytes()).or_insert(node);
            }
            Node::Directory(nodes)
        }
        ("symlink", &[target]) => Node::Link(args::string(engine, SUBR, 2, target)?.into_bytes()),
        ("regular", &[content]) => Node::File(tree_content(engine, content)?, false),
        ("executable", &[content]) => Node::File(tree_content(engine, content)?, true),
        _ => return engine.wrong_type(SUBR, 2, entry),
    };
    Ok((name, node))
}

/// The bytes of `(file NAME)`, `(data STRING)` or `(data BYTEVECTOR)`.
fn tree_content(engine: &mut Engine, content: Value) -> Result<Vec<u8>> {
    const SUBR: &str = "add-file-tree-to-store";
    let fields = args::list(engine, SUBR, 2, content)?;
    let &[kind, value] = &fields[..] else { return engine.wrong_type(SUBR, 2, content) };
    if engine.heap.symbol_name(kind) == Some("file") {
        let file = args::string(engine, SUBR, 2, value)?;
        return read_file(&file).or_else(|error| fail(engine, SUBR, &error));
    }
    match engine.heap.as_bytes(value) {
        Some(bytes) => Ok(bytes.clone()),
        None => Ok(args::string(engine, SUBR, 2, value)?.into_bytes()),
    }
}

/// `(core-add-tree TREE)`: adds a tree described as for Guix's `add-file-tree-to-store`.
fn add_tree(engine: &mut Engine, tree: Value) -> Result {
    const SUBR: &str = "add-file-tree-to-store";
    let (name, node) = tree_entry(engine, tree, 0)?;
    let archive = node.archive().or_else(|error: TreeError| fail(engine, SUBR, &error))?;
    let path = with(engine, SUBR, |core| {
        let path = core.store.add_bytes(&name, &archive, HashMethod::Recursive)?;
        Ok::<_, ItemError>(core.store.store_dir().print(&path))
    })?;
    Ok(engine.heap.string(&path))
}

/// `(core-store-text FILE)`: the text of a derivation in the store.
fn store_text(engine: &mut Engine, file: Value) -> Result {
    const SUBR: &str = "core-store-text";
    let file = args::string(engine, SUBR, 1, file)?;
    let text = with(engine, SUBR, |core| {
        let store_dir = core.store.store_dir().clone();
        let drv = core.store.derivation(&store_dir.parse(&file)?)?;
        Ok::<_, ItemError>(drv.to_bytes(&store_dir))
    })?;
    Ok(engine.heap.string(&String::from_utf8_lossy(&text)))
}

/// `(core-add-derivation NAME SYSTEM BUILDER ARGS ENV INPUTS SOURCES OUTPUTS ALGORITHM HASH
/// RECURSIVE?)`; gives the file name and an alist of outputs.
fn add_derivation(engine: &mut Engine, args: &[Value]) -> Result {
    const SUBR: &str = "core-add-derivation";
    let mut request = DerivationRequest {
        name: args::string(engine, SUBR, 1, args[0])?,
        system: args::string(engine, SUBR, 2, args[1])?,
        builder: args::string(engine, SUBR, 3, args[2])?,
        args: strings(engine, SUBR, 4, args[3])?,
        sources: strings(engine, SUBR, 7, args[6])?,
        outputs: strings(engine, SUBR, 8, args[7])?,
        recursive: args[10].is_true(),
        ..DerivationRequest::default()
    };
    for pair in args::list(engine, SUBR, 5, args[4])? {
        let (variable, value) = args::pair(engine, SUBR, 5, pair)?;
        let variable = args::string(engine, SUBR, 5, variable)?;
        request.env.push((variable, args::string(engine, SUBR, 5, value)?));
    }
    for pair in args::list(engine, SUBR, 6, args[5])? {
        let (path, outputs) = args::pair(engine, SUBR, 6, pair)?;
        let path = args::string(engine, SUBR, 6, path)?;
        request.inputs.push((path, strings(engine, SUBR, 6, outputs)?));
    }
    if args[8].is_true() {
        request.algorithm = Some(args::string(engine, SUBR, 9, args[8])?);
    }
    if args[9].is_true() {
        request.hash = Some(bytes(engine, SUBR, 10, args[9])?);
    }
    let (lowered, store_dir) = with(engine, SUBR, |core| {
        let store_dir = core.store.store_dir().clone();
        let lowered = derive(&core.store, request)?;
        Ok::<_, LowerError>((lowered, store_dir))
    })?;
    let Lowered { path, derivation } = lowered;
    let mut result = vec![engine.heap.string(&store_dir.print(&path))];
    for (name, output) in &derivation.outputs {
        let file = output.path.as_ref().map(|path| store_dir.print(path)).unwrap_or_default();
        let (name, file) = (engine.heap.string(name), engine.heap.string(&file));
        result.push(engine.heap.cons(name, file));
    }
    Ok(engine.heap.list(&result))
}

/// `(core-note-derivation-hash FILE BYTES)`: derivations that need the one in FILE, which was made in Scheme, are
/// hashed with this hash of it.
fn note_derivation_hash(engine: &mut Engine, file: Value, hash: Value) -> Result {
    const SUBR: &str = "core-note-derivation-hash";
    let file = args::string(engine, SUBR, 1, file)?;
    let Ok(hash) = <[u8; 32]>::try_from(bytes(engine, SUBR, 2, hash)?) else {
        return engine.wrong_type(SUBR, 2, hash);
    };
    with(engine, SUBR, |core| {
        let path = core.store.store_dir().parse(&file)?;
        let mut modulo = core.store.modulo().lock().unwrap_or_else(PoisonError::into_inner);
        modulo.insert(path, DerivationHash::from_bytes(hash));
        Ok::<_, ItemError>(())
    })?;
    Ok(Value::UNSPECIFIED)
}

/// `(core-sort-pairs PAIRS)`: pairs by the strings that they start with; of those that start with the same
/// one, the first.
fn sort_pairs(engine: &mut Engine, pairs: Value) -> Result {
    const SUBR: &str = "core-sort-pairs";
    let mut keyed = Vec::new();
    for pair in args::list(engine, SUBR, 1, pairs)? {
        let (key, _) = args::pair(engine, SUBR, 1, pair)?;
        keyed.push((args::string(engine, SUBR, 1, key)?, pair));
    }
    keyed.sort_by(|(a, _), (b, _)| a.cmp(b));
    keyed.dedup_by(|(later, _), (first, _)| later == first);
    let sorted: Vec<Value> = keyed.into_iter().map(|(_, pair)| pair).collect();
    Ok(engine.heap.list(&sorted))
}

/// `(core-distinct? STRINGS)`: whether no string is there twice.
fn are_distinct(engine: &mut Engine, values: Value) -> Result {
    let strings = strings(engine, "core-distinct?", 1, values)?;
    let mut seen = HashSet::with_capacity(strings.len());
    Ok(Value::bool(strings.into_iter().all(|string| seen.insert(string))))
}

/// `(core-read-derivation FILE)`: a list of outputs (name, path, algorithm, hash, recursive?),
/// inputs (path, output names), sources, system, builder, arguments, environment.
fn read_derivation(engine: &mut Engine, file: Value) -> Result {
    const SUBR: &str = "core-read-derivation";
    let file = args::string(engine, SUBR, 1, file)?;
    let (drv, store_dir) = with(engine, SUBR, |core| {
        let store_dir = core.store.store_dir().clone();
        let path = store_dir.parse(&file)?;
        Ok::<_, ItemError>((core.store.derivation(&path)?, store_dir))
    })?;
    let print = |path: &StorePath| store_dir.print(path);
    let outputs: Vec<Value> = outputs(engine, &drv, &print);
    let mut inputs = Vec::new();
    for (path, names) in &drv.inputs {
        let path = engine.heap.string(&print(path));
        let names = string_list(engine, names);
        inputs.push(engine.heap.cons(path, names));
    }
    let sources: Vec<String> = drv.sources.iter().map(print).collect();
    let mut environment = Vec::new();
    for (name, value) in &drv.env {
        let (name, value) = (engine.heap.string(name), engine.heap.string(value));
        environment.push(engine.heap.cons(name, value));
    }
    let fields = [
        engine.heap.list(&outputs),
        engine.heap.list(&inputs),
        string_list(engine, &sources),
        engine.heap.string(&drv.system),
        engine.heap.string(&drv.builder),
        string_list(engine, &drv.args),
        engine.heap.list(&environment),
    ];
    Ok(engine.heap.list(&fields))
}

fn outputs(
    engine: &mut Engine,
    drv: &Derivation,
    print: &dyn Fn(&StorePath) -> String,
) -> Vec<Value> {
    let mut outputs = Vec::new();
    for (name, output) in &drv.outputs {
        let (algorithm, hash, recursive) = match &output.contents {
            OutputContents::Unknown => (Value::FALSE, Value::FALSE, false),
            OutputContents::Algorithm(method, algorithm) => {
                let algorithm = engine.heap.string(algorithm.name());
                (algorithm, Value::FALSE, *method == HashMethod::Recursive)
            }
            OutputContents::Fixed(method, hash) => {
                let algorithm = engine.heap.string(hash.algorithm().name());
                let bytes = engine.heap.bytevector(hash.as_bytes().to_vec());
                (algorithm, bytes, *method == HashMethod::Recursive)
            }
        };
        let path = output.path.as_ref().map(print).unwrap_or_default();
        let (name, path) = (engine.heap.string(name), engine.heap.string(&path));
        outputs.push(engine.heap.list(&[name, path, algorithm, hash, Value::bool(recursive)]));
    }
    outputs
}

/// `(core-find-module FILE DIRECTORIES)`: where the file of a module is, the library that is part
/// of the program coming last; or `#f`.
fn find_module(engine: &mut Engine, file: Value, directories: Value) -> Result {
    const SUBR: &str = "core-find-module";
    let file = args::string(engine, SUBR, 1, file)?;
    let directories = strings(engine, SUBR, 2, directories)?;
    let on_disk = directories.iter().map(|directory| Path::new(directory).join(&file));
    let found = on_disk.into_iter().find(|path| path.is_file());
    let embedded = || library::text(&file).map(|_| format!("{EMBEDDED_ROOT}{file}"));
    match found.map(|path| path.to_string_lossy().into_owned()).or_else(embedded) {
        Some(path) => Ok(engine.heap.string(&path)),
        None => Ok(Value::FALSE),
    }
}

/// `(core-file-text FILE)`: the contents of a file of the host or of the library.
fn file_text(engine: &mut Engine, file: Value) -> Result {
    const SUBR: &str = "core-file-text";
    let file = args::string(engine, SUBR, 1, file)?;
    let bytes = read_file(&file).or_else(|error| fail(engine, SUBR, &error))?;
    Ok(engine.heap.string(&String::from_utf8_lossy(&bytes)))
}

/// `(core-library-modules PREFIX)`: the files of the library whose names start with PREFIX.
fn library_modules(engine: &mut Engine, prefix: Value) -> Result {
    let prefix = args::string(engine, "core-library-modules", 1, prefix)?;
    let names: Vec<String> =
        library::names().filter(|name| name.starts_with(&prefix)).map(str::to_owned).collect();
    Ok(string_list(engine, &names))
}

fn builder(engine: &mut Engine) -> Result {
    let path = with(engine, "core-builder", |core| {
        let path = core.seed.add_builder(&core.store)?;
        Ok::<_, ItemError>(core.store.store_dir().print(&path))
    })?;
    Ok(engine.heap.string(&path))
}

fn seed_tools(engine: &mut Engine) -> Result {
    let path = with(engine, "core-seed-tools", |core| {
        let path = core.seed.add_tools(&core.store)?;
        Ok::<_, ItemError>(core.store.store_dir().print(&path))
    })?;
    Ok(engine.heap.string(&path))
}

/// `(core-seed)`: for each item of the seed a list of name, version, output names, packages (lists
/// of URL, file name and SHA-256 in base 16), names of the items that it needs, and the recipe.
fn seed(engine: &mut Engine) -> Result {
    let items = with(engine, "core-seed", |core| core.seed.items().map(<[_]>::to_vec))?;
    let mut all = Vec::new();
    for item in &items {
        let mut packages = Vec::new();
        for deb in &item.debs {
            let facts = [deb.url(), deb.file_name().to_owned(), deb.package.sha256.to_base16()];
            packages.push(string_list(engine, &facts));
        }
        let fields = [
            engine.heap.string(&item.name),
            engine.heap.string(&item.version),
            string_list(engine, &item.outputs),
            engine.heap.list(&packages),
            string_list(engine, &item.inputs),
            engine.heap.string(&item.recipe.to_string()),
        ];
        all.push(engine.heap.list(&fields));
    }
    Ok(engine.heap.list(&all))
}

fn sha256(engine: &mut Engine, data: Value) -> Result {
    let data = bytes(engine, "core-sha256", 1, data)?;
    Ok(engine.heap.bytevector(Hash::sha256(&data).as_bytes().to_vec()))
}

fn encode(engine: &mut Engine, subr: &str, data: Value, f: fn(&[u8]) -> String) -> Result {
    let data = bytes(engine, subr, 1, data)?;
    Ok(engine.heap.string(&f(&data)))
}

fn decode<E: Display>(
    engine: &mut Engine,
    subr: &str,
    text: Value,
    f: fn(&[u8]) -> std::result::Result<Vec<u8>, E>,
) -> Result {
    let text = args::string(engine, subr, 1, text)?;
    let data = f(text.as_bytes()).or_else(|error| fail(engine, subr, &error))?;
    Ok(engine.heap.bytevector(data))
}

fn base16_encode(engine: &mut Engine, data: Value) -> Result {
    encode(engine, "bytevector->base16-string", data, base16::encode)
}

fn base16_decode(engine: &mut Engine, text: Value) -> Result {
    decode(engine, "base16-string->bytevector", text, base16::decode)
}

fn base32_encode(engine: &mut Engine, data: Value) -> Result {
    encode(engine, "bytevector->nix-base32-string", data, base32::encode)
}

fn base32_decode(engine: &mut Engine, text: Value) -> Result {
    decode(engine, "nix-base32-string->bytevector", text, base32::decode)
}

fn base64_encode(engine: &mut Engine, data: Value) -> Result {
    encode(engine, "base64-encode", data, base64::encode)
}

fn base64_decode(engine: &mut Engine, text: Value) -> Result {
    decode(engine, "base64-decode", text, base64::decode)
}
