// SPDX-License-Identifier: GPL-3.0-or-later
//! Guile, which the engine is measured against: the oracle's.

use std::process::Command;

use fruix_oracle::Oracle;

/// The ways in which Guile runs a program.
pub struct Guile(Oracle);

impl Guile {
    /// The oracle's Guile, if it is installed and this process may enter it.
    pub fn open() -> Option<Self> {
        Oracle::find_or_skip("nothing is compared with Guile").map(Self)
    }

    /// Puts a file where Guile sees it; gives its path there.
    pub fn put(&self, name: &str, text: &str) -> std::io::Result<String> {
        self.0.put(name, text).map(|file| file.to_string_lossy().into_owned())
    }

    /// A scratch file's path as seen from within.
    pub fn inside(&self, name: &str) -> String {
        self.0.inside(name).to_string_lossy().into_owned()
    }

    fn command(&self) -> Command {
        let mut command = self.0.bare_command("guile");
        // One marking thread: the time of all threads counts, so this is in Guile's favour.
        command.env("GC_MARKERS", "1").arg("--no-auto-compile");
        command
    }

    /// Guile reads, expands and evaluates a file, with nothing cached.
    pub fn evaluate(&self, file: &str) -> Command {
        let mut command = self.command();
        command.arg(file);
        command
    }

    /// Guile compiles a file, as `guild compile` does (which need not be installed).
    pub fn compile(&self, file: &str, to: &str) -> Command {
        let mut command = self.command();
        let compile = format!(
            "(begin (use-modules (system base compile)) (compile-file {file:?} #:output-file {to:?}))"
        );
        command.args(["-c", &compile]);
        command
    }

    /// Guile runs a compiled file.
    pub fn run_compiled(&self, compiled: &str, jit: bool) -> Command {
        let mut command = self.command();
        command.args(["-c", &format!("(load-compiled {compiled:?})")]);
        if !jit {
            command.env("GUILE_JIT_THRESHOLD", "-1");
        }
        command
    }
}
