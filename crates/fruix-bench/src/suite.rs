// SPDX-License-Identifier: GPL-3.0-or-later
//! The programs and what is measured of each.
//!
//! A program prints its answer. Most define `(kernel)`, the work without the preparation; a copy
//! with an epilogue then also says how long the kernel takes once everything is warm.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::guile::Guile;
use crate::process;

/// What can go wrong with the measuring itself.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such program.
    #[error("no program named {name} in {folder}", folder = .folder.display())]
    Unknown {
        /// What was asked for.
        name: String,
        /// Where it was looked for.
        folder: PathBuf,
    },
    /// A file or process that could not be used.
    #[error("{what}: {source}")]
    Io {
        /// What was being done.
        what: String,
        /// The system's answer.
        source: std::io::Error,
    },
}

/// Names what was being done when the system refused.
pub fn during(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Error {
    move |source| Error::Io { what: what.into(), source }
}

/// The root of the repository.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Calls the kernel in batches, doubled until one takes a tenth of a second of processor time (clocks
/// may tick as rarely as a hundred times a second), then five more of that size; tells the
/// smallest time of one call.
const EPILOGUE: &str = "
(let* ((unit internal-time-units-per-second)
       (batch (lambda (n)
                (let ((before (get-internal-run-time)))
                  (let loop ((i 0)) (if (< i n) (begin (kernel) (loop (+ i 1)))))
                  (- (get-internal-run-time) before)))))
  (let grow ((n 1))
    (if (< (batch n) (quotient unit 10))
        (grow (* n 2))
        (let ((best (min (batch n) (batch n) (batch n) (batch n) (batch n)))
              (port (current-error-port)))
          (display \"kernel-nanoseconds \" port)
          (display (quotient (* best 1000000000) (* unit n)) port)
          (newline port)))))
";

/// One program of the suite.
pub struct Program {
    /// Its name: the file's without suffix.
    pub name: String,
    path: PathBuf,
    text: String,
}

impl Program {
    /// The programs of these names; all if there is none.
    pub fn find(names: &[String]) -> Result<Vec<Program>, Error> {
        let folder = repository().join("tests/engine/suite");
        let mut names = names.to_vec();
        if names.is_empty() {
            let entries = fs::read_dir(&folder).map_err(during("reading the suite's folder"))?;
            let files = entries.flatten().map(|entry| entry.path());
            let programs = files.filter(|file| file.extension().is_some_and(|end| end == "scm"));
            names.extend(programs.filter_map(|file| Some(file.file_stem()?.to_str()?.to_string())));
            names.sort();
        }
        let open = |name: String| {
            let path = folder.join(format!("{name}.scm"));
            match fs::read_to_string(&path) {
                Ok(text) => Ok(Program { name, path, text }),
                Err(_) => Err(Error::Unknown { name, folder: folder.clone() }),
            }
        };
        names.into_iter().map(open).collect()
    }

    fn has_kernel(&self) -> bool {
        self.text.contains("\n(define (kernel)")
    }

    fn timed_text(&self) -> String {
        format!("{}{EPILOGUE}", self.text)
    }
}

/// The smallest times of one program, by what was run.
#[derive(Default)]
pub struct Measured {
    /// The program's name.
    pub name: String,
    /// From process start to exit: the engine, from source.
    pub ours: Option<Duration>,
    /// The same by Guile's evaluator.
    pub evaluated: Option<Duration>,
    /// The same by Guile's compiler, compiling and running.
    pub compiled: Option<Duration>,
    /// The kernel alone: the engine.
    pub kernel_ours: Option<Duration>,
    /// The kernel alone: Guile without its JIT.
    pub kernel_plain: Option<Duration>,
    /// The kernel alone: Guile with its JIT.
    pub kernel_jit: Option<Duration>,
    /// Failures and differing answers.
    pub complaints: Vec<String>,
}

fn keep_smallest(slot: &mut Option<Duration>, new: Option<Duration>) {
    if let Some(new) = new {
        *slot = Some(slot.map_or(new, |old| old.min(new)));
    }
}

impl Measured {
    /// Nothing yet.
    pub fn new(program: &Program) -> Measured {
        Measured { name: program.name.clone(), ..Measured::default() }
    }

    /// Runs a program once on each side.
    pub fn add_round(&mut self, program: &Program, oracle: Option<&Guile>) -> Result<(), Error> {
        // One failure is enough: the next rounds would say the same.
        if !self.complaints.is_empty() {
            return Ok(());
        }
        let file = program.path.to_string_lossy();
        let (answer, time) = self.source_to_answer("fruix", ours(&file)?)?;
        keep_smallest(&mut self.ours, time);
        if let Some(oracle) = oracle {
            let put = |name: &str, text: &str| {
                oracle.put(name, text).map_err(during("writing below the oracle"))
            };
            let there = put(&format!("{}.scm", program.name), &program.text)?;
            let (guiles, time) = self.source_to_answer("Guile", oracle.evaluate(&there))?;
            keep_smallest(&mut self.evaluated, time);
            if let (Some(answer), Some(guiles)) = (&answer, &guiles)
                && answer != guiles
            {
                self.complaints.push(format!("fruix answers {answer}, Guile {guiles}"));
            }
            let to = oracle.inside(&format!("{}.go", program.name));
            let (_, compiling) =
                self.source_to_answer("Guile's compiler", oracle.compile(&there, &to))?;
            let (_, running) =
                self.source_to_answer("Guile, compiled", oracle.run_compiled(&to, true))?;
            keep_smallest(&mut self.compiled, compiling.zip(running).map(|(a, b)| a + b));
        }
        match program.has_kernel() {
            true => self.kernel_round(program, oracle),
            false => Ok(()),
        }
    }

    fn kernel_round(&mut self, program: &Program, oracle: Option<&Guile>) -> Result<(), Error> {
        let folder = tempfile::tempdir().map_err(during("making a scratch folder"))?;
        let file = folder.path().join(format!("{}.scm", program.name));
        fs::write(&file, program.timed_text()).map_err(during("writing a scratch file"))?;
        let time = self.kernel("fruix", ours(&file.to_string_lossy())?)?;
        keep_smallest(&mut self.kernel_ours, time);
        let Some(oracle) = oracle else { return Ok(()) };
        let there = oracle
            .put(&format!("{}-timed.scm", program.name), &program.timed_text())
            .map_err(during("writing below the oracle"))?;
        let to = oracle.inside(&format!("{}-timed.go", program.name));
        self.source_to_answer("Guile's compiler", oracle.compile(&there, &to))?;
        let time = self.kernel("Guile without JIT", oracle.run_compiled(&to, false))?;
        keep_smallest(&mut self.kernel_plain, time);
        let time = self.kernel("Guile with JIT", oracle.run_compiled(&to, true))?;
        keep_smallest(&mut self.kernel_jit, time);
        Ok(())
    }

    fn source_to_answer(
        &mut self,
        who: &str,
        command: Command,
    ) -> Result<(Option<String>, Option<Duration>), Error> {
        let finished = process::run(command).map_err(during(format!("running {who}")))?;
        if !finished.ok {
            self.complaints.push(format!("{who} failed: {}", finished.reason()));
            return Ok((None, None));
        }
        Ok((Some(finished.output.trim().to_string()), Some(finished.time)))
    }

    fn kernel(&mut self, who: &str, command: Command) -> Result<Option<Duration>, Error> {
        let finished = process::run(command).map_err(during(format!("running {who}")))?;
        let told =
            finished.errors.lines().find_map(|line| line.strip_prefix("kernel-nanoseconds "));
        let time = told.and_then(|told| told.trim().parse().ok()).map(Duration::from_nanos);
        if time.is_none() {
            self.complaints.push(format!("{who}'s kernel failed: {}", finished.reason()));
        }
        Ok(time)
    }
}

/// This program again, for one file.
fn ours(file: &str) -> Result<Command, Error> {
    let this = std::env::current_exe().map_err(during("finding this program"))?;
    let mut command = Command::new(this);
    command.args(["run-file", file]);
    Ok(command)
}

/// Runs a file on the engine; gives the exit status.
pub fn run_file(args: &[String]) -> i32 {
    use fruix_scheme::command::{Command, on_large_stack};
    let Some(command) = Command::parse(args) else {
        return 2;
    };
    on_large_stack(move || command.run()).unwrap_or_else(|error| {
        eprintln!("fruix-bench: {error}");
        1
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_program_has_a_recorded_answer() {
        let programs = Program::find(&[]).expect("the suite");
        assert!(programs.len() > 20);
        for program in programs {
            let recorded = fs::read_to_string(program.path.with_extension("out"));
            assert!(recorded.is_ok_and(|text| !text.is_empty()), "{}", program.name);
        }
    }

    #[test]
    fn an_unknown_program_is_an_error() {
        let found = Program::find(&["nonesuch".to_string()]).map(|found| found.len());
        assert!(matches!(found, Err(Error::Unknown { name, .. }) if name == "nonesuch"));
    }
}
