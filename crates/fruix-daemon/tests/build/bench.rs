// SPDX-License-Identifier: GPL-3.0-or-later
//! The test bench: a fresh store for each test, derivations made in a line, and the same tests under
//! every identity that this user can build as.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use fruix_core::derivation::{Derivation, DerivationOutput, ModuloCache, OutputContents};
use fruix_core::hash::{Hash, HashAlgorithm};
use fruix_core::store_path::{HashMethod, StorePath};
use fruix_daemon::{
    BuildOptions, Cancellation, Error, Event, Goal, NoObserver, Report, Scheduler, Settings,
    open_log,
};
use fruix_fetch::Fetcher;
use fruix_store::{Layout, Options, Store};

use super::{attacks, downloads, helpers, oracle, outputs, processes, scheduling};

/// The ordinary user that root becomes; no account needs to exist.
const ORDINARY: u32 = 61236;
/// Says as whom the tests run, in runs that root starts.
const AGAIN: &str = "FRUIX_BUILD_TEST_AS";
/// The static builder.
const WORKER: &str = "FRUIX_BUILD_TEST_WORKER";

/// A failed assertion in words, or any error.
pub type TestResult = Result<(), Box<dyn std::error::Error>>;

/// A test and its name.
pub type Test = (&'static str, fn(&Bench) -> TestResult);

/// A store, a builder, and what makes derivations for them.
pub struct Bench {
    pub dir: PathBuf,
    pub store: Arc<Store>,
    pub builder: Scheduler,
    pub worker: StorePath,
    modulo: Mutex<ModuloCache>,
}

impl Bench {
    /// A bench in DIR, whose store may be there already.
    pub fn new(dir: &Path) -> Result<Bench, Box<dyn std::error::Error>> {
        Self::with_fetcher(dir, Fetcher::default())
    }

    pub fn with_fetcher(dir: &Path, fetcher: Fetcher) -> Result<Bench, Box<dyn std::error::Error>> {
        Self::with_layout(dir, Layout::embedded(dir), fetcher)
    }

    pub fn with_layout(
        dir: &Path,
        layout: Layout,
        fetcher: Fetcher,
    ) -> Result<Bench, Box<dyn std::error::Error>> {
        let options = Options { durable: false, ..Options::default() };
        let store = Arc::new(Store::open(layout, options)?);
        let mut settings = Settings::new(Arc::new(fetcher));
        settings.build_root = dir.join("builds");
        settings.impure_environment.insert("impure".into(), "from outside".into());
        fs::create_dir_all(&settings.build_root)?;
        let file = std::env::var_os(WORKER).ok_or("no worker")?;
        let worker = store.add_to_store(
            "worker",
            Path::new(&file),
            HashMethod::Recursive,
            HashAlgorithm::Sha256,
            &mut |_, _| true,
        )?;
        let builder = Scheduler::new(store.clone(), settings)?;
        Ok(Bench { dir: dir.into(), store, builder, worker, modulo: Mutex::default() })
    }

    /// A derivation called NAME that carries out ACTIONS, with one output.
    pub fn drv(&self, name: &str, actions: &[&str]) -> Draft<'_> {
        let outputs = BTreeMap::from([("out".into(), unknown())]);
        let derivation = Derivation {
            outputs,
            inputs: BTreeMap::new(),
            sources: BTreeSet::from([self.worker.clone()]),
            system: fruix_core::System::native().to_string(),
            builder: self.store.layout().display(&self.worker),
            args: actions.iter().map(|action| (*action).to_owned()).collect(),
            env: BTreeMap::new(),
        };
        Draft { bench: self, name: name.into(), derivation }
    }

    pub fn build(&self, drv: &StorePath) -> Result<Report, Error> {
        self.build_with(drv, &BuildOptions::default())
    }

    pub fn build_with(&self, drv: &StorePath, options: &BuildOptions) -> Result<Report, Error> {
        let goals = [Goal::new(drv.clone())];
        self.builder.build(&goals, options, &NoObserver, &Cancellation::new())
    }

    /// The error of the only derivation that fails when DRV is built.
    pub fn failure(&self, drv: &StorePath, options: &BuildOptions) -> Result<Error, String> {
        match self.build_with(drv, options) {
            Err(Error::Failed(mut failures)) if failures.len() == 1 => {
                Arc::into_inner(failures.remove(0).error).ok_or_else(|| "somebody has it".into())
            }
            other => Err(format!("not one failure: {other:?}")),
        }
    }

    pub fn output(&self, drv: &StorePath, name: &str) -> StorePath {
        self.store.query_derivation_outputs(drv).unwrap().remove(name).unwrap()
    }

    /// The contents of FILE (a path below the output, or nothing) of the output `out` of DRV.
    pub fn contents(&self, drv: &StorePath, file: &str) -> std::io::Result<String> {
        let item = self.store.physical(&self.output(drv, "out"));
        fs::read_to_string(if file.is_empty() { item } else { item.join(file) })
    }

    pub fn log(&self, drv: &StorePath) -> String {
        let file = fruix_daemon::find_log(self.store.layout().log_dir(), drv).unwrap();
        let mut text = String::new();
        open_log(&file).unwrap().read_to_string(&mut text).unwrap();
        text
    }

    /// Files in the store directory that are neither items nor the store's own business.
    pub fn leftovers(&self) -> Vec<String> {
        let entries = fs::read_dir(self.store.layout().physical_store()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut left: Vec<String> = names
            .filter(|name| !name.starts_with('.') && !name.ends_with(".lock"))
            .filter(|name| {
                !StorePath::from_base_name(name)
                    .is_ok_and(|item| self.store.is_valid_path(&item).unwrap())
            })
            .collect();
        let builds = fs::read_dir(self.dir.join("builds")).unwrap();
        left.extend(builds.map(|entry| entry.unwrap().file_name().into_string().unwrap()));
        left
    }

    /// Fail unless the store is sound.
    pub fn verify(&self) -> TestResult {
        let report = self.store.verify(true, None)?;
        if report.remaining.is_empty() { Ok(()) } else { Err(format!("{report:?}").into()) }
    }
}

pub fn unknown() -> DerivationOutput {
    DerivationOutput { path: None, contents: OutputContents::Unknown }
}

/// A derivation in the making.
pub struct Draft<'a> {
    bench: &'a Bench,
    name: String,
    pub derivation: Derivation,
}

impl Draft<'_> {
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.derivation.env.insert(name.into(), value.into());
        self
    }

    /// Outputs called NAMES instead of the one.
    pub fn outputs(mut self, names: &[&str]) -> Self {
        self.derivation.outputs = names.iter().map(|n| ((*n).into(), unknown())).collect();
        self
    }

    /// The output `out` of DRV as an input, its path being the value of VARIABLE.
    pub fn input(mut self, variable: &str, drv: &StorePath) -> Self {
        self.derivation.inputs.insert(drv.clone(), BTreeSet::from(["out".into()]));
        let path = self.bench.store.layout().display(&self.bench.output(drv, "out"));
        self.env(variable, &path)
    }

    pub fn source(mut self, variable: &str, item: &StorePath) -> Self {
        self.derivation.sources.insert(item.clone());
        let path = self.bench.store.layout().display(item);
        self.env(variable, &path)
    }

    pub fn fixed(mut self, method: HashMethod, hash: Hash) -> Self {
        let contents = OutputContents::Fixed(method, hash);
        self.derivation.outputs =
            BTreeMap::from([("out".into(), DerivationOutput { path: None, contents })]);
        self
    }

    pub fn builder(mut self, builder: &str) -> Self {
        self.derivation.builder = builder.into();
        self
    }

    pub fn system(mut self, system: &str) -> Self {
        self.derivation.system = system.into();
        self
    }

    /// Add it to the store.
    pub fn done(mut self) -> StorePath {
        let store = &self.bench.store;
        let dir = store.layout().store_dir().clone();
        let mut modulo = self.bench.modulo.lock().unwrap();
        self.derivation
            .fill_outputs(&dir, &self.name, &mut modulo, |input| store.read_derivation(input))
            .unwrap();
        let references = self.derivation.references().cloned().collect();
        let text = self.derivation.to_bytes(&dir);
        store.add_text_to_store(&format!("{}.drv", self.name), &text, &references).unwrap()
    }
}

/// The events of a build, one line each.
#[derive(Default)]
pub struct Events(pub Mutex<Vec<String>>);

impl fruix_daemon::Observer for Events {
    fn event(&self, event: Event<'_>) {
        let line = match event {
            Event::Planned { builds } => format!("planned {builds}"),
            Event::Started { drv, round, rounds, .. } => {
                format!("started {} {round}/{rounds}", drv.name())
            }
            Event::Log { drv, bytes } => {
                format!("log {} {}", drv.name(), String::from_utf8_lossy(bytes))
            }
            Event::Waiting { drv } => format!("waiting {}", drv.name()),
            Event::Kept { directory, .. } => format!("kept {}", directory.display()),
            Event::Succeeded { drv } => format!("succeeded {}", drv.name()),
            Event::Failed { drv, error } => format!("failed {}: {error}", drv.name()),
            _ => return,
        };
        self.0.lock().unwrap().push(line);
    }
}

impl Events {
    pub fn has(&self, line: &str) -> bool {
        self.0.lock().unwrap().iter().any(|l| l == line)
    }
}

/// Fail with what was GOT unless OK.
#[macro_export]
macro_rules! ensure {
    ($ok:expr, $($got:tt)*) => {
        if !$ok {
            return Err(format!("{}: {}", stringify!($ok), format!($($got)*)).into());
        }
    };
}

pub fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if args.first().is_some_and(|arg| arg == "helper") {
        helpers::run(&args[1..]);
        return;
    }
    let again = std::env::var(AGAIN).ok();
    let dir = tempfile::Builder::new().prefix("fruix-builds-").tempdir_in("/tmp").unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    if again.is_none() {
        let worker = compile_worker(dir.path());
        // SAFETY: there are no other threads yet.
        unsafe { std::env::set_var(WORKER, worker) };
    }
    let root = rustix::process::geteuid().is_root();
    let who = again.clone().unwrap_or_else(|| if root { "root" } else { "user" }.into());
    let mut failed = run_all(&who, dir.path(), &args);
    if again.is_none() {
        let this = dir.path().join("tests");
        fs::copy(std::env::current_exe().unwrap(), &this).unwrap();
        fs::set_permissions(&this, fs::Permissions::from_mode(0o755)).unwrap();
        if root {
            failed |= !as_ordinary_user(&this, &args);
            failed |= !with_build_users(dir.path(), &this, &args);
        } else {
            eprintln!("SKIPPED: what only root can do; run as root to test it");
        }
    }
    drop(dir);
    std::process::exit(i32::from(failed));
}

fn compile_worker(dir: &Path) -> PathBuf {
    let worker = dir.join("worker");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/build/worker.rs");
    let rustc = std::env::var_os("RUSTC").unwrap_or("rustc".into());
    let done = Command::new(rustc)
        .args(["--edition=2024", "-O", "-C", "target-feature=+crt-static", "-o"])
        .arg(&worker)
        .arg(source)
        .status();
    assert!(done.is_ok_and(|status| status.success()), "cannot compile the worker");
    fs::set_permissions(&worker, fs::Permissions::from_mode(0o755)).unwrap();
    worker
}

fn run_all(who: &str, dir: &Path, args: &[String]) -> bool {
    let filter = args.iter().find(|a| !a.starts_with('-')).cloned().unwrap_or_default();
    let all = [
        outputs::TESTS,
        scheduling::TESTS,
        processes::TESTS,
        downloads::TESTS,
        attacks::TESTS,
        oracle::TESTS,
    ];
    let (mut passed, mut failed) = (0, 0);
    for (name, test) in all.into_iter().flatten().filter(|(name, _)| name.contains(&filter)) {
        let place = dir.join("bench");
        let result = std::panic::catch_unwind(|| Bench::new(&place).and_then(|b| test(&b)));
        match result {
            Ok(Ok(())) => passed += 1,
            Ok(Err(error)) => {
                failed += 1;
                println!("FAILED  [{who}] {name}: {error}");
            }
            Err(_) => {
                failed += 1;
                println!("FAILED  [{who}] {name}: it panicked");
            }
        }
        // The store's directories are read-only.
        let status = Command::new("chmod").args(["-R", "u+rwX"]).arg(&place).status();
        assert!(status.is_ok_and(|status| status.success()));
        fs::remove_dir_all(&place).unwrap();
    }
    println!("[{who}] {passed} passed, {failed} failed");
    failed > 0
}

/// Everything once more without privilege.
fn as_ordinary_user(this: &Path, args: &[String]) -> bool {
    let mut command = Command::new(this);
    command.args(args).env(AGAIN, "ordinary user").uid(ORDINARY).gid(ORDINARY).current_dir("/");
    command.status().is_ok_and(|status| status.success())
}

/// Everything once more on a machine that has build users.
fn with_build_users(dir: &Path, this: &Path, args: &[String]) -> bool {
    let mut command = fruix_oracle::with_build_users(dir, this).unwrap();
    command.args(args).env(AGAIN, "build users");
    command.status().is_ok_and(|status| status.success())
}
