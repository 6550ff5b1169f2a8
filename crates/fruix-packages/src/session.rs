// SPDX-License-Identifier: GPL-3.0-or-later
//! What the command line works with: an engine in which packages are defined, and a store.
//!
//! Objects of Scheme stay in Scheme (`scheme/fruix/session.scm`) under numbers. A session stays on
//! the thread that made it, which needs a deep stack ([`fruix_scheme::command::on_large_stack`]).

use std::path::{Path, PathBuf};

use fruix_core::System;
use fruix_core::store_path::{StorePath, StorePathError};
use fruix_protocol::{Batch, Store, StoreError};
use fruix_scheme::report::Report;
use fruix_scheme::{Engine, Value};

use crate::natives::{self, Core};
use crate::seed::Seed;

/// Why a session cannot do what it is asked for.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The engine's library is broken.
    #[error("the library of this program is broken: {0}")]
    Library(String),
    /// An exception that nothing handled, with its place and hints.
    #[error("{0}")]
    Scheme(Box<Report>),
    /// A path that came out of the engine is none of the store.
    #[error(transparent)]
    Path(#[from] StorePathError),
    /// What was made could not be brought to the store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Scheme gave something else than was asked for.
    #[error("{procedure} gave something unexpected")]
    Unexpected {
        /// The procedure of `(fruix session)`.
        procedure: &'static str,
    },
}

impl From<Box<Report>> for SessionError {
    fn from(report: Box<Report>) -> Self {
        Self::Scheme(report)
    }
}

type Result<T> = std::result::Result<T, SessionError>;

/// A package as it is shown to people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Its number in the session.
    pub number: i64,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// One line about it.
    pub synopsis: String,
    /// More about it, in Texinfo.
    pub description: String,
    /// Where it lives on the web; may be empty.
    pub home_page: String,
    /// The names of its licenses.
    pub licenses: Vec<String>,
    /// Its outputs' names.
    pub outputs: Vec<String>,
    /// What it needs, as `name@version` or `name@version:output`.
    pub dependencies: Vec<String>,
    /// The file that defines it; may be empty.
    pub file: String,
    /// The line where it is defined, from 1.
    pub line: i64,
    /// The column, from 0.
    pub column: i64,
}

/// Something that can be built: a package, or what an expression gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its number in the session.
    pub number: i64,
    /// The package, if it is one.
    pub package: Option<Package>,
}

impl From<Package> for Target {
    fn from(package: Package) -> Self {
        Self { number: package.number, package: Some(package) }
    }
}

/// What a target was lowered to: a `.drv` file with outputs, or a store item without.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoweredTarget {
    /// The derivation or item.
    pub path: StorePath,
    /// Output names and paths; empty if it is an item.
    pub outputs: Vec<(String, StorePath)>,
}

/// A variable of the environment that lists directories or files of packages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchPath {
    /// The variable.
    pub variable: String,
    /// Names relative to a package's output.
    pub files: Vec<String>,
    /// What stands between entries; none if there is only one.
    pub separator: Option<String>,
    /// `directory` or `regular`.
    pub file_type: String,
    /// A regular expression that the names of files below must match.
    pub pattern: Option<String>,
}

/// Search paths of a package, and the packages that come along with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackagePaths {
    /// The search paths.
    pub paths: Vec<SearchPath>,
    /// Propagated inputs: numbers and output names.
    pub propagated: Vec<(i64, String)>,
}

/// An engine, a store, and the packages found.
pub struct Session {
    engine: Engine,
    /// Whether the process ends with the session, so that the memory need not be given back.
    left_to_system: bool,
    system: String,
}

/// Whether Guix's or Guile's own modules lie in DIRECTORY.
fn is_library(directory: &Path) -> bool {
    ["gnu/packages.scm", "ice-9/match.scm"].iter().any(|file| directory.join(file).is_file())
}

impl Drop for Session {
    fn drop(&mut self) {
        self.engine.write_module_cache();
        if self.left_to_system {
            std::mem::forget(std::mem::take(&mut self.engine));
        }
    }
}

impl Session {
    /// A session that works on STORE, with the first tools SEED; modules are looked for in LOAD_PATH
    /// before they are in the library, and packages there, too.
    ///
    /// # Errors
    /// [`SessionError`] when the library cannot be loaded.
    pub fn new(store: Box<dyn Store>, seed: Seed, load_path: &[PathBuf]) -> Result<Self> {
        Self::keeping_modules(store, seed, load_path, None)
    }

    /// As [`Session::new`]; what loading modules takes is kept in the folder CACHE.
    ///
    /// # Errors
    /// As there.
    pub fn keeping_modules(
        store: Box<dyn Store>,
        seed: Seed,
        load_path: &[PathBuf],
        cache: Option<&Path>,
    ) -> Result<Self> {
        fruix_scheme::library::add(crate::library::FILES);
        let system = System::native().to_string();
        let mut engine = Engine::with_library_kept(cache)
            .map_err(|exit| SessionError::Library(format!("{exit:?}")))?;
        let directories: Vec<String> =
            load_path.iter().map(|path| path.to_string_lossy().into_owned()).collect();
        let core = Core {
            store: Batch::new(store),
            system: system.clone(),
            seed,
            load_path: directories.clone(),
            cache_folder: None,
        };
        fruix_bindings::install(&mut engine)
            .and_then(|()| natives::install(&mut engine, core))
            .map_err(|exit| SessionError::Library(engine.exit_text(&exit)))?;
        engine.set_string_list("%load-path", &directories);
        let libraries = directories.iter().filter(|directory| is_library(Path::new(directory)));
        engine.set_library_folders(libraries.cloned().collect());
        // Guix finds its profile from the name of the program.
        engine.set_string_list("%program-arguments", &["fruix".to_owned()]);
        Ok(Self { engine, system, left_to_system: false })
    }

    /// Says that the process ends with the session: its memory is not given back piece by piece.
    pub fn leave_to_system(&mut self) {
        self.left_to_system = true;
    }

    /// The engine, for `repl` and `guile`.
    pub fn engine(&mut self) -> &mut Engine {
        &mut self.engine
    }

    /// The store and what goes with it.
    pub fn core(&mut self) -> Option<&mut Core> {
        natives::core(&mut self.engine)
    }

    /// Keeps what can be made anew in FOLDER.
    pub fn set_cache_folder(&mut self, folder: PathBuf) {
        if let Some(core) = natives::core(&mut self.engine) {
            core.cache_folder = Some(folder);
        }
    }

    /// Brings what was added to the store, for others to see.
    ///
    /// # Errors
    /// [`SessionError`].
    pub fn flush(&mut self) -> Result<()> {
        match natives::core(&mut self.engine) {
            Some(core) => Ok(core.store.flush()?),
            None => Ok(()),
        }
    }

    /// The packages that SPEC, `NAME` or `NAME@VERSION`, stands for, newest first.
    ///
    /// # Errors
    /// [`SessionError`].
    pub fn packages_matching(&mut self, spec: &str) -> Result<Vec<Package>> {
        let spec = self.engine.heap.string(spec);
        let list = self.call("session-packages", &[spec])?;
        self.packages("session-packages", list)
    }

    /// All packages, by name and falling version.
    ///
    /// # Errors
    /// [`SessionError`].
    pub fn all_packages(&mut self) -> Result<Vec<Package>> {
        let list = self.call("session-all-packages", &[])?;
        self.packages("session-all-packages", list)
    }

    /// The package names closest to NAME, for "did you mean".
    ///
    /// # Errors
    /// [`SessionError`].
    pub fn similar_names(&mut self, name: &str) -> Result<Vec<String>> {
        const PROCEDURE: &str = "session-names";
        let list = self.call(PROCEDURE, &[])?;
        let names = self.strings(list).ok_or(SessionError::Unexpected { procedure: PROCEDURE })?;
        Ok(fruix_scheme::report::closest(name, names))
    }

    /// What the last expression of the Scheme FILE gives.
    ///
    /// # Errors
    /// [`SessionError`].
    pub fn eval_file(&mut self, file: &Path) -> Result<Vec<Target>> {
        let file = self.engine.heap.string(&file.to_string_lossy());
        self.targets("session-load", file)
    }

    /// What the Scheme expression TEXT gives; all packages' variables are bound.
    ///
    /// # Errors
    /// [`SessionError`].
    pub fn eval_expression(&mut self, text: &str) -> Result<Vec<Target>> {
        let text = self.engine.heap.string(text);
        self.targets("session-evaluate", text)
    }

    /// Lowers TARGET, for SYSTEM if it is given: the derivation is in the store then.
    ///
    /// # Errors
    /// [`SessionError`].
    pub fn lower(&mut self, target: &Target, system: Option<&str>) -> Result<LoweredTarget> {
        const PROCEDURE: &str = "session-lower";
        let value = self.call_on(PROCEDURE, target.number, system)?;
        self.lowered(PROCEDURE, value)
    }

    /// The derivation of PACKAGE.
    ///
    /// # Errors
    /// [`SessionError`].
    pub fn package_derivation(
        &mut self,
        package: &Package,
        system: Option<&str>,
    ) -> Result<LoweredTarget> {
        self.lower(&Target { number: package.number, package: None }, system)
    }

    /// The derivation or item of the source of TARGET, if it is a package that has one.
    ///
    /// # Errors
    /// [`SessionError`].
    pub fn source(
        &mut self,
        target: &Target,
        system: Option<&str>,
    ) -> Result<Option<LoweredTarget>> {
        const PROCEDURE: &str = "session-source";
        let value = self.call_on(PROCEDURE, target.number, system)?;
        if !value.is_true() {
            return Ok(None);
        }
        self.lowered(PROCEDURE, value).map(Some)
    }

    /// Prints the derivations of all packages for SYSTEM, cross-built for TARGET if it is given, hidden ones too if HIDDEN
    /// says so: `NAME@VERSION`, a tab, the `.drv` file. Gives the number of packages that cannot be lowered.
    ///
    /// # Errors
    /// [`SessionError`].
    pub fn print_derivations(
        &mut self,
        hidden: bool,
        system: Option<&str>,
        target: Option<&str>,
    ) -> Result<i64> {
        const PROCEDURE: &str = "(@ (fruix derivations) print-derivations)";
        let system = system.unwrap_or(&self.system).to_owned();
        let scope = self.engine.heap.open_scope();
        let system = self.engine.heap.string(&system);
        let target = target.map_or(Value::FALSE, |target| self.engine.heap.string(target));
        let failed =
            self.call_expression(PROCEDURE, PROCEDURE, &[Value::bool(hidden), system, target]);
        self.engine.heap.close_scope(scope);
        fruix_scheme::ports::flush_all(&mut self.engine);
        failed?.as_fixnum().ok_or(SessionError::Unexpected { procedure: PROCEDURE })
    }

    /// The search paths of the package of this number, `PATH` included.
    ///
    /// # Errors
    /// [`SessionError`].
    pub fn search_paths(&mut self, package: i64) -> Result<PackagePaths> {
        const PROCEDURE: &str = "session-search-paths";
        let value = self.call(PROCEDURE, &[Value::fixnum(package)])?;
        self.package_paths(value).ok_or(SessionError::Unexpected { procedure: PROCEDURE })
    }

    /// Calls a procedure of `(fruix session)`; gives its first value.
    fn call(&mut self, procedure: &'static str, args: &[Value]) -> Result<Value> {
        let scope = self.engine.heap.open_scope();
        for &arg in args {
            self.engine.heap.keep(arg);
        }
        let result = self.call_kept(procedure, args);
        self.engine.heap.close_scope(scope);
        result
    }

    fn call_kept(&mut self, procedure: &'static str, args: &[Value]) -> Result<Value> {
        let text = format!("(@ (fruix session) {procedure})");
        self.call_expression(procedure, &text, args)
    }

    /// Calls what the expression TEXT stands for, which is called PROCEDURE.
    fn call_expression(
        &mut self,
        procedure: &'static str,
        text: &str,
        args: &[Value],
    ) -> Result<Value> {
        let found = self.engine.call_with_text("%eval-text", text)?;
        let found = found.first().copied().ok_or(SessionError::Unexpected { procedure })?;
        let values = self.engine.run_reporting(found, args)?;
        values.first().copied().ok_or(SessionError::Unexpected { procedure })
    }

    fn call_on(
        &mut self,
        procedure: &'static str,
        number: i64,
        system: Option<&str>,
    ) -> Result<Value> {
        let system = system.unwrap_or(&self.system).to_owned();
        let system = self.engine.heap.string(&system);
        self.call(procedure, &[Value::fixnum(number), system])
    }

    fn targets(&mut self, procedure: &'static str, argument: Value) -> Result<Vec<Target>> {
        let list = self.call(procedure, &[argument])?;
        let target = |session: &Self, value| {
            let fields = session.list(value)?;
            let number = fields.first()?.as_fixnum()?;
            let description = *fields.get(1)?;
            let package =
                if description.is_true() { Some(session.package(description)?) } else { None };
            Some(Target { number, package })
        };
        let values = self.list(list).ok_or(SessionError::Unexpected { procedure })?;
        let targets: Option<Vec<Target>> =
            values.into_iter().map(|value| target(self, value)).collect();
        targets.ok_or(SessionError::Unexpected { procedure })
    }

    fn packages(&self, procedure: &'static str, list: Value) -> Result<Vec<Package>> {
        let values = self.list(list).ok_or(SessionError::Unexpected { procedure })?;
        let packages: Option<Vec<Package>> =
            values.into_iter().map(|value| self.package(value)).collect();
        packages.ok_or(SessionError::Unexpected { procedure })
    }

    fn lowered(&mut self, procedure: &'static str, value: Value) -> Result<LoweredTarget> {
        let unexpected = || SessionError::Unexpected { procedure };
        let fields = self.list(value).ok_or_else(unexpected)?;
        let [path, outputs] = fields[..] else { return Err(unexpected()) };
        let path = self.text(path).ok_or_else(unexpected)?;
        let mut pairs = Vec::new();
        for pair in self.list(outputs).ok_or_else(unexpected)? {
            let (name, path) = self.engine.heap.pair(pair).ok_or_else(unexpected)?;
            let name = self.text(name).ok_or_else(unexpected)?;
            pairs.push((name, self.text(path).ok_or_else(unexpected)?));
        }
        let core = natives::core(&mut self.engine).ok_or_else(unexpected)?;
        core.store.flush()?;
        let store_dir = core.store.store_dir().clone();
        let outputs: std::result::Result<Vec<_>, StorePathError> =
            pairs.into_iter().map(|(name, path)| Ok((name, store_dir.parse(&path)?))).collect();
        Ok(LoweredTarget { path: store_dir.parse(&path)?, outputs: outputs? })
    }

    fn package_paths(&self, value: Value) -> Option<PackagePaths> {
        let fields = self.list(value)?;
        let mut paths = Vec::new();
        for spec in self.list(*fields.first()?)? {
            let spec = self.list(spec)?;
            paths.push(SearchPath {
                variable: self.text(*spec.first()?)?,
                files: self.strings(*spec.get(1)?)?,
                separator: self.text(*spec.get(2)?),
                file_type: self.engine.heap.symbol_name(*spec.get(3)?)?.to_owned(),
                pattern: self.text(*spec.get(4)?),
            });
        }
        let mut propagated = Vec::new();
        for pair in self.list(*fields.get(1)?)? {
            let pair = self.list(pair)?;
            propagated.push((pair.first()?.as_fixnum()?, self.text(*pair.get(1)?)?));
        }
        Some(PackagePaths { paths, propagated })
    }

    fn package(&self, value: Value) -> Option<Package> {
        let fields = self.list(value)?;
        let text = |index: usize| self.text(*fields.get(index)?);
        let strings = |index: usize| self.strings(*fields.get(index)?);
        let number = |index: usize| fields.get(index)?.as_fixnum();
        Some(Package {
            number: number(0)?,
            name: text(1)?,
            version: text(2)?,
            synopsis: text(3)?,
            description: text(4)?,
            home_page: text(5)?,
            licenses: strings(6)?,
            outputs: strings(7)?,
            dependencies: strings(8)?,
            file: text(9)?,
            line: number(10)?,
            column: number(11)?,
        })
    }

    fn list(&self, value: Value) -> Option<Vec<Value>> {
        self.engine.heap.list_to_vec(value)
    }

    fn text(&self, value: Value) -> Option<String> {
        self.engine.heap.as_string(value).map(ToString::to_string)
    }

    fn strings(&self, value: Value) -> Option<Vec<String>> {
        self.list(value)?.into_iter().map(|value| self.text(value)).collect()
    }
}
