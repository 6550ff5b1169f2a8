// SPDX-License-Identifier: GPL-3.0-or-later
//! Guile, which the engine is measured against: the oracle's, entered with `chroot`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// The oracle's root and a folder for this run's files within it.
pub struct Oracle {
    root: PathBuf,
    scratch: TempDir,
}

impl Oracle {
    /// The oracle, if it is installed and this process may enter it.
    pub fn open() -> Option<Oracle> {
        let root = std::env::var_os("FRUIX_ORACLE")
            .map_or_else(|| PathBuf::from("/var/lib/fruix/oracle"), PathBuf::from);
        if fs::symlink_metadata(root.join("usr/bin/guile")).is_err() {
            eprintln!("fruix-bench: no Guile below {} (set FRUIX_ORACLE)", root.display());
            return None;
        }
        let made = tempfile::Builder::new().prefix("fruix-bench.").tempdir_in(root.join("tmp"));
        match made {
            Ok(scratch) => Some(Oracle { root, scratch }),
            Err(error) => {
                eprintln!("fruix-bench: no scratch folder in {}: {error}", root.display());
                None
            }
        }
    }

    /// Puts a file where the programs of this oracle see it; gives its path there.
    pub fn put(&self, name: &str, text: &str) -> std::io::Result<String> {
        fs::write(self.scratch.path().join(name), text)?;
        Ok(self.inside(name))
    }

    /// A scratch file's path as seen from within.
    pub fn inside(&self, name: &str) -> String {
        let path = self.scratch.path().join(name);
        let path = path.strip_prefix(&self.root).unwrap_or(&path);
        Path::new("/").join(path).to_string_lossy().into_owned()
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new("chroot");
        command.arg(&self.root).arg(program).env_clear();
        command.env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        command.env("HOME", "/nonexistent").env("LC_ALL", "C.UTF-8");
        // One marking thread: the time of all threads counts, so this is in Guile's favour.
        command.env("GC_MARKERS", "1");
        command
    }

    /// Guile reads, expands and evaluates a file, with nothing cached.
    pub fn evaluate(&self, file: &str) -> Command {
        let mut command = self.command("guile");
        command.args(["--no-auto-compile", file]);
        command
    }

    /// Guile compiles a file, as `guild compile` does (which need not be installed).
    pub fn compile(&self, file: &str, to: &str) -> Command {
        let mut command = self.command("guile");
        let compile = format!(
            "(begin (use-modules (system base compile)) (compile-file {file:?} #:output-file {to:?}))"
        );
        command.args(["--no-auto-compile", "-c", &compile]);
        command
    }

    /// Guile runs a compiled file.
    pub fn run_compiled(&self, compiled: &str, jit: bool) -> Command {
        let mut command = self.command("guile");
        let load = format!("(load-compiled {compiled:?})");
        command.args(["--no-auto-compile", "-c", &load]);
        if !jit {
            command.env("GUILE_JIT_THRESHOLD", "-1");
        }
        command
    }
}
