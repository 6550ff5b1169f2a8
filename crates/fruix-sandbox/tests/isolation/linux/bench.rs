// SPDX-License-Identifier: GPL-3.0-or-later
//! The test bench: requests for the probe, one test after the other, once per identity.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use fruix_sandbox::{Access, BuildRequest, Identity, Mount, Outcome, Result};

use super::{behaviour, rows};

/// The ordinary user that root becomes; no account needs to exist.
const ORDINARY: u32 = 61234;
/// A build user's IDs; no account needs to exist.
pub const BUILD_USER: u32 = 61235;

/// Set in the environment of the run that root starts as an ordinary user.
const AGAIN: &str = "FRUIX_ISOLATION_AGAIN";

/// What tests share: this program where everybody can read it, and a directory for the test at hand.
pub struct Bench {
    pub probe: PathBuf,
    pub scratch: PathBuf,
    pub identity: Identity,
    libraries: Vec<PathBuf>,
}

impl Bench {
    /// The bench of a helper process, which is the probe itself.
    pub fn for_helper(scratch: PathBuf, identity: Identity) -> Self {
        Self { probe: std::env::current_exe().unwrap(), scratch, identity, libraries: libraries() }
    }

    /// A request for `probe ARGS`, with the probe and its libraries as the only inputs.
    pub fn request(&self, args: &[&str]) -> BuildRequest {
        let args = std::iter::once("probe").chain(args.iter().copied()).map(OsString::from);
        let mut request = BuildRequest::new(&self.probe, args.collect(), self.identity.clone());
        request.input(&self.probe);
        for library in &self.libraries {
            // The loader is found through a link that does not exist inside.
            let source = fs::canonicalize(library).unwrap();
            let (target, access) = (library.clone(), Access::ReadOnly);
            request.mounts.push(Mount { source, target, access });
        }
        request
    }

    /// Let the build write to the scratch directory.
    pub fn writable(&self, request: &mut BuildRequest) {
        let (source, target) = (self.scratch.clone(), self.scratch.clone());
        request.mounts.push(Mount { source, target, access: Access::ReadWrite });
    }

    /// An empty file in the scratch directory that anybody can write to.
    pub fn shared_file(&self, name: &str) -> PathBuf {
        let path = self.scratch.join(name);
        fs::write(&path, "").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
        path
    }

    /// Empty the scratch directory.
    pub fn clean(&self) {
        let _ = fs::remove_dir_all(&self.scratch);
        fs::create_dir(&self.scratch).unwrap();
        fs::set_permissions(&self.scratch, fs::Permissions::from_mode(0o777)).unwrap();
    }
}

/// Run REQUEST; its outcome and all of its output.
pub fn run(request: BuildRequest) -> Result<(Outcome, String)> {
    let mut log = Vec::new();
    let outcome = fruix_sandbox::native().spawn(request)?.wait(&mut |bytes| log.extend(bytes))?;
    Ok((outcome, String::from_utf8_lossy(&log).into_owned()))
}

/// Counts of what happened, and the filter.
pub struct Report {
    filter: String,
    who: &'static str,
    passed: usize,
    failed: usize,
    skipped: usize,
}

impl Report {
    pub fn wants(&self, name: &str) -> bool {
        name.contains(&self.filter)
    }

    /// Note the RESULT of test NAME.
    pub fn note(&mut self, name: &str, result: std::result::Result<(), String>) {
        match result {
            Ok(()) => self.passed += 1,
            Err(why) => {
                self.failed += 1;
                println!("FAILED  [{}] {name}: {why}", self.who);
            }
        }
    }

    /// Say that test NAME could not be run, and WHY.
    pub fn skip(&mut self, name: &str, why: &str) {
        self.skipped += 1;
        eprintln!("SKIPPED [{}] {name}: {why}", self.who);
    }
}

/// The shared libraries of this very process, and the loader where programs look for it.
fn libraries() -> Vec<PathBuf> {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let mut found: BTreeSet<PathBuf> = maps
        .lines()
        .filter_map(|l| l.split_whitespace().nth(5))
        .filter(|p| p.starts_with('/') && p.contains(".so"))
        .map(PathBuf::from)
        .collect();
    for loader in ["/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1"] {
        if Path::new(loader).exists() {
            found.insert(loader.into());
        }
    }
    found.into_iter().collect()
}

pub fn run_all(args: &[String]) {
    let filter = args.iter().find(|a| !a.starts_with('-')).cloned().unwrap_or_default();
    let dir = tempfile::Builder::new().prefix("fruix-isolation-").tempdir_in("/tmp").unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let probe = dir.path().join("isolation-probe");
    fs::copy(std::env::current_exe().unwrap(), &probe).unwrap();
    fs::set_permissions(&probe, fs::Permissions::from_mode(0o755)).unwrap();

    let root = unsafe { libc::geteuid() } == 0;
    let identities: Vec<(&str, Identity)> = if root {
        let groups = vec![];
        vec![
            ("root, unassigned ID", Identity::unassigned(7)),
            ("root, build user", Identity::BuildUser { uid: BUILD_USER, gid: BUILD_USER, groups }),
        ]
    } else {
        vec![("ordinary user", Identity::Caller)]
    };
    let mut failed = false;
    for (who, identity) in identities {
        let scratch = dir.path().join("scratch");
        let bench = Bench { probe: probe.clone(), scratch, identity, libraries: libraries() };
        let mut report = Report { filter: filter.clone(), who, passed: 0, failed: 0, skipped: 0 };
        rows::run_all(&bench, &mut report);
        behaviour::run_all(&bench, &mut report);
        let Report { passed, failed: bad, skipped, .. } = report;
        println!("[{who}] {passed} passed, {bad} failed, {skipped} skipped");
        failed |= bad > 0;
    }
    if root {
        failed |= !again_as_ordinary_user(&probe, args);
    } else if std::env::var_os(AGAIN).is_none() {
        eprintln!("SKIPPED: what only root can do; run as root to test it");
    }
    drop(dir);
    std::process::exit(i32::from(failed));
}

/// Everything once more without privilege.
fn again_as_ordinary_user(probe: &Path, args: &[String]) -> bool {
    let mut command = Command::new(probe);
    command.args(args).env(AGAIN, "1").uid(ORDINARY).gid(ORDINARY).current_dir("/");
    command.status().is_ok_and(|s| s.success())
}
