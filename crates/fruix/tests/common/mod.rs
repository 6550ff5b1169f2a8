// SPDX-License-Identifier: GPL-3.0-or-later
//! The command on a store of its own, with a static program as the builder of what it builds: neither first
//! tools nor a network are needed.

#![allow(dead_code)] // not each file of tests uses all of it

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The ordinary user that root becomes; no account needs to exist.
pub const ORDINARY: u32 = 61236;
/// How long anything may take, on a machine with much else to do.
const PATIENCE: Duration = Duration::from_secs(120);

/// A folder with a store, and who uses it.
pub struct Bench {
    scratch: TempDir,
    user: Option<u32>,
}

/// What a run printed, with `HASH` for hashes and `DIR` for the bench's folder.
#[derive(Debug)]
pub struct Ran {
    pub status: Option<i32>,
    pub printed: String,
    pub said: String,
}

pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// A bench for each user that this one can be.
pub fn benches() -> Vec<Bench> {
    let mut benches = vec![Bench::new()];
    if is_root() {
        benches.push(Bench::of(Some(ORDINARY)));
    } else {
        eprintln!("SKIPPED: only root can also try this as another user");
    }
    benches
}

impl Bench {
    pub fn new() -> Bench {
        Bench::of(None)
    }

    fn of(user: Option<u32>) -> Bench {
        let scratch = tempfile::tempdir().expect("a temporary folder");
        if let Some(user) = user {
            std::os::unix::fs::chown(scratch.path(), Some(user), Some(user)).expect("root");
        }
        Bench { scratch, user }
    }

    pub fn dir(&self) -> &Path {
        self.scratch.path()
    }

    /// Where the item or derivation called `name` (without its hash) lies.
    pub fn item(&self, name: &str) -> PathBuf {
        let store = self.dir().join("store/gnu/store");
        let entries = std::fs::read_dir(&store).expect("the store");
        let mut files = entries.map(|entry| entry.expect("an entry").path());
        let is_it = |file: &PathBuf| file.to_string_lossy().ends_with(&format!("-{name}"));
        files.find(is_it).unwrap_or_else(|| panic!("there is no {name} in the store"))
    }

    /// `fruix COMMAND` on this store, with a clean environment.
    pub fn command(&self, words: &[&str]) -> Command {
        let (name, rest) = words.split_first().expect("a command");
        let mut command = Command::new(program());
        command
            .arg(name)
            .arg("--folder")
            .arg(self.dir().join("store"))
            .args(rest)
            .current_dir(self.dir())
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.dir())
            .env("TMPDIR", self.dir());
        if let Some(user) = self.user {
            command.uid(user).gid(user);
        }
        command
    }

    pub fn run(&self, words: &[&str]) -> Ran {
        self.ran(self.command(words).output().expect("fruix runs"))
    }

    pub fn ran(&self, output: Output) -> Ran {
        let text = |bytes: &[u8]| self.plain(&String::from_utf8_lossy(bytes));
        Ran {
            status: output.status.code(),
            printed: text(&output.stdout),
            said: text(&output.stderr),
        }
    }

    /// Writes a file of definitions in which `(run NAME ACTION ...)` is a derivation whose builder does ACTIONs,
    /// and `(run* NAME (ACTION ...) OPTION ...)` one with options of `derivation`.
    pub fn define(&self, file: &str, text: &str) {
        let worker = worker().display();
        let prelude = format!(
            "(use-modules (guix store) (guix derivations) (guix monads)) \
             (define (run* name actions . options) \
             (mlet %store-monad ((worker (interned-file \"{worker}\" \"worker\"))) \
             (apply raw-derivation name worker actions #:sources (list worker) options))) \
             (define (run name . actions) (run* name actions))\n"
        );
        self.write(file, &(prelude + text));
    }

    pub fn write(&self, file: &str, text: &str) {
        std::fs::write(self.dir().join(file), text).expect("a temporary file");
    }

    /// Fails unless the store is as it should be, and nothing but what is registered lies in it.
    pub fn is_in_order(&self) {
        let ran = self.run(&["gc", "--verify=contents"]);
        assert_eq!(ran.status, Some(0), "{}", ran.said);
        // What processes of other tests run keeps our items of the same names alive: between two looks they may
        // come to be alive, or cease to be.
        let unknown = (0..5).map(|_| self.unregistered()).find(Vec::is_empty);
        assert!(
            unknown.is_some(),
            "{:?} lie in the store, but are not registered",
            self.unregistered()
        );
    }

    /// What lies in the store and is neither dead nor alive.
    fn unregistered(&self) -> Vec<String> {
        let valid =
            self.run(&["gc", "--list-live"]).printed + &self.run(&["gc", "--list-dead"]).printed;
        let entries = std::fs::read_dir(self.dir().join("store/gnu/store")).expect("the store");
        entries
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .filter(|name| !name.starts_with('.') && !name.ends_with(".lock"))
            .filter(|name| !valid.contains(&self.plain(&format!("/gnu/store/{name}"))))
            .collect()
    }

    /// `text` with what differs from run to run taken out.
    pub fn plain(&self, text: &str) -> String {
        let text = text.replace(&self.dir().display().to_string(), "DIR");
        let is_digit = |c: &u8| c.is_ascii_digit() || c.is_ascii_lowercase();
        let mut plain = String::new();
        let mut rest = text.as_str();
        while let Some(at) = rest.find("/store/") {
            let (before, after) = rest.split_at(at + "/store/".len());
            plain += before;
            let digits = after.bytes().take_while(|c| is_digit(c)).count();
            let hashed = digits == 32 && after[32..].starts_with('-');
            plain += if hashed { "HASH" } else { "" };
            rest = if hashed { &after[32..] } else { after };
        }
        plain += rest;
        // The name of a log has the first two digits of its hash apart.
        while let Some(at) = plain.find("/drvs/").filter(|at| plain[at + 8..].starts_with('/')) {
            plain.replace_range(at..at + "/drvs/00/".len() + 30, "/LOGS/HASH");
        }
        plain
    }
}

/// `fruix`, where any user may run it.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<(TempDir, PathBuf)> = OnceLock::new();
    &PROGRAM
        .get_or_init(|| {
            let dir = open_folder();
            let copy = dir.path().join("fruix");
            std::fs::copy(env!("CARGO_BIN_EXE_fruix"), &copy).expect("room for a copy");
            (dir, copy)
        })
        .1
}

/// The static builder: a program of fruix-daemon's tests, whose arguments are actions.
fn worker() -> &'static Path {
    static WORKER: OnceLock<(TempDir, PathBuf)> = OnceLock::new();
    &WORKER
        .get_or_init(|| {
            let dir = open_folder();
            let worker = dir.path().join("worker");
            let source =
                Path::new(env!("CARGO_MANIFEST_DIR")).join("../fruix-daemon/tests/build/worker.rs");
            let done = Command::new(std::env::var_os("RUSTC").unwrap_or("rustc".into()))
                .args(["--edition=2024", "-O", "-C", "target-feature=+crt-static", "-o"])
                .arg(&worker)
                .arg(source)
                .status();
            assert!(done.is_ok_and(|status| status.success()), "cannot compile the worker");
            (dir, worker)
        })
        .1
}

fn open_folder() -> TempDir {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let open = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(dir.path(), open).expect("a folder of ours");
    dir
}

/// Waits until `question` has an answer.
pub fn wait_for<T>(what: &str, mut question: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = question() {
            return answer;
        }
        assert!(start.elapsed() < PATIENCE, "waited too long for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// How many processes of this host have `word` among their arguments.
pub fn processes_with(word: &str) -> usize {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let lines = entries.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    lines.filter(|line| line.split(|&byte| byte == 0).any(|arg| arg == word.as_bytes())).count()
}
