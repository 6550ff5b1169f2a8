// SPDX-License-Identifier: GPL-3.0-or-later
//! The oracle: a system with the real GNU Guix and Guile, which tests ask what is right.
//!
//! `tests/oracle/install` makes one. Its root directory comes from `FRUIX_ORACLE`, else it is
//! [`DEFAULT_ROOT`]. Programs in there run after `chroot`, which needs root. Where there is no oracle, a test
//! says so loudly ([`Oracle::find_or_skip`]) and uses recorded answers, or ends.
//!
//! Nothing that people run depends on this crate.

mod guix;
mod users;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{fs, io};

use tempfile::TempDir;

pub use guix::Guix;
pub use users::with_build_users;

/// Where the oracle is installed, unless `FRUIX_ORACLE` says otherwise.
pub const DEFAULT_ROOT: &str = "/var/lib/fruix/oracle";

/// Why nothing can be asked.
#[derive(Debug, thiserror::Error)]
pub enum Absent {
    /// Nothing is installed.
    #[error("no GNU Guix in {} (tests/oracle/install puts one there; FRUIX_ORACLE says where)", .0.display())]
    NotInstalled(PathBuf),
    /// An ordinary user cannot enter it.
    #[error("only root can enter the oracle")]
    NotRoot,
    /// Its `/tmp` takes no files.
    #[error("no room for files in the oracle {}: {error}", root.display())]
    NoRoom {
        /// The oracle's root.
        root: PathBuf,
        /// Why.
        error: io::Error,
    },
}

/// Why the oracle gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A program could not be run, or a file not be written.
    #[error("{what}: {error}")]
    System {
        /// What was tried.
        what: String,
        /// Why it failed.
        error: io::Error,
    },
    /// A program failed; with the end of what it said.
    #[error("{program} failed in the oracle ({status}): {errors}")]
    Program {
        /// The program.
        program: String,
        /// How it ended.
        status: String,
        /// Its standard error, without the collector's warnings.
        errors: String,
    },
    /// guix-daemon does not listen.
    #[error("guix-daemon did not start: {0}")]
    Daemon(String),
}

/// The oracle, and a scratch directory in it that goes away with this value.
#[derive(Debug)]
pub struct Oracle {
    root: PathBuf,
    scratch: TempDir,
}

impl Oracle {
    /// The oracle, if it is installed and this process may enter it.
    ///
    /// # Errors
    /// [`Absent`] says why not.
    pub fn find() -> Result<Self, Absent> {
        let root = installed()?;
        if !rustix::process::geteuid().is_root() {
            return Err(Absent::NotRoot);
        }
        let made = tempfile::Builder::new().prefix("fruix-").tempdir_in(root.join("tmp"));
        match made {
            Ok(scratch) => Ok(Self { root, scratch }),
            Err(error) => Err(Absent::NoRoom { root, error }),
        }
    }

    /// The oracle; without one, says on standard error that WHAT is not done, and why.
    #[must_use]
    pub fn find_or_skip(what: &str) -> Option<Self> {
        Self::find().map_err(|absent| say(&format!("SKIPPED: {what}: {absent}"))).ok()
    }

    /// The oracle's root directory.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The directory of GNU Guix's modules, as it lies here.
    #[must_use]
    pub fn modules(&self) -> PathBuf {
        modules(&self.root)
    }

    /// The scratch directory, as it lies here.
    #[must_use]
    pub fn scratch(&self) -> &Path {
        self.scratch.path()
    }

    /// The name within the oracle of FILE in the scratch directory.
    #[must_use]
    pub fn inside(&self, file: &str) -> PathBuf {
        let scratch = self.scratch.path();
        Path::new("/").join(scratch.strip_prefix(&self.root).unwrap_or(scratch)).join(file)
    }

    /// Writes a file into the scratch directory; gives its name within the oracle.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn put(&self, file: &str, contents: impl AsRef<[u8]>) -> io::Result<PathBuf> {
        fs::write(self.scratch().join(file), contents)?;
        Ok(self.inside(file))
    }

    /// A command that runs PROGRAM in the oracle, with a `/proc` and the same environment everywhere. It dies
    /// with the thread that starts it.
    #[must_use]
    pub fn command(&self, program: &str) -> Command {
        let enter = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/oracle/enter");
        self.environment(Command::new(enter), program)
    }

    /// Like [`Oracle::command`], but nothing besides PROGRAM runs, so that it can be measured; there is no `/proc`.
    #[must_use]
    pub fn bare_command(&self, program: &str) -> Command {
        self.environment(Command::new("chroot"), program)
    }

    fn environment(&self, mut command: Command, program: &str) -> Command {
        command.arg(&self.root).arg(program).env_clear();
        command
            .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
            .env("HOME", "/nonexistent")
            .env("LC_ALL", "C.UTF-8")
            .env("GUILE_AUTO_COMPILE", "0");
        command
    }
}

/// The oracle's root directory, which may be read without entering it.
///
/// # Errors
/// [`Absent::NotInstalled`].
pub fn installed() -> Result<PathBuf, Absent> {
    let root = std::env::var_os("FRUIX_ORACLE").filter(|root| !root.is_empty());
    let root = PathBuf::from(root.unwrap_or_else(|| DEFAULT_ROOT.into()));
    // Programs may be links that lead somewhere only from within.
    let there = |program: &str| fs::symlink_metadata(root.join(program)).is_ok();
    if there("usr/bin/guile") && there("usr/bin/guix-daemon") {
        Ok(root)
    } else {
        Err(Absent::NotInstalled(root))
    }
}

/// The directory of GNU Guix's modules below the oracle's ROOT.
#[must_use]
pub fn modules(root: &Path) -> PathBuf {
    root.join("usr/share/guile/site/3.0")
}

/// Tells the person at the terminal: unlike `eprintln`, this also shows when the test passes.
pub fn say(text: &str) {
    let _ = writeln!(io::stderr(), "\n{text}");
}

/// What COMMAND prints.
///
/// # Errors
/// [`Failure`] when it cannot be run, or fails.
pub fn output_of(mut command: Command) -> Result<String, Failure> {
    let program = format!("{command:?}");
    let output =
        command.output().map_err(|error| Failure::System { what: program.clone(), error })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let status = output.status.to_string();
    Err(Failure::Program { program, status, errors: complaints(&output).join("\n") })
}

/// What a program of the oracle said on standard error, without the garbage collector's warnings.
#[must_use]
pub fn complaints(output: &Output) -> Vec<String> {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let kept = text.lines().filter(|line| !line.starts_with("GC Warning") && !line.is_empty());
    kept.map(str::to_owned).collect()
}
