// SPDX-License-Identifier: GPL-3.0-or-later
//! Building what was evaluated: options, progress, Ctrl-C, and what a failure says.

use crate::args::CommonBuildArgs;
use crate::error::{CommandError, Result};
use crate::progress::{Progress, Verbosity};
use crate::stores;
use fruix_core::hash::Hash;
use fruix_daemon::{BuildMode, BuildOptions, Cancellation, Goal, Scheduler, Settings};
use fruix_fetch::Fetcher;
use fruix_store::Store;
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// The exit status of a shell's command that Ctrl-C has ended.
const INTERRUPTED: u8 = 130;

/// Builds goals as the common build options say.
pub struct Building {
    scheduler: Scheduler,
    options: BuildOptions,
    verbosity: Verbosity,
    dry_run: bool,
}

impl Building {
    /// For builds in `store`.
    pub fn new(store: Arc<Store>, args: &CommonBuildArgs) -> Result<Building> {
        let settings = settings()?;
        Ok(Building {
            scheduler: Scheduler::new(store, settings)?,
            options: options(args),
            verbosity: Verbosity::from_level(args.verbosity),
            dry_run: args.dry_run,
        })
    }

    /// Builds again what is valid already, and compares.
    pub fn check(mut self) -> Building {
        self.options.mode = BuildMode::Check;
        self
    }

    /// Builds the goals, or says what would be built. False if nothing was done since it was to be a dry run.
    pub fn run(&self, goals: &[Goal]) -> Result<bool> {
        if self.dry_run {
            self.announce(goals)?;
            return Ok(false);
        }
        let cancel = Cancellation::new();
        let signals = interrupts(&cancel)?;
        let progress = Progress::new(self.verbosity);
        let result = self.scheduler.build(goals, &self.options, &progress, &cancel);
        signals.close();
        result?;
        Ok(true)
    }

    fn announce(&self, goals: &[Goal]) -> Result {
        let plan = self.scheduler.plan(goals, &self.options)?;
        let layout = self.scheduler.store().layout();
        let mut names: Vec<String> = plan.builds().map(|drv| layout.display(drv)).collect();
        names.sort_unstable();
        match names.len() {
            0 => {}
            1 => eprintln!("The following derivation would be built:"),
            _ => eprintln!("The following derivations would be built:"),
        }
        names.iter().for_each(|name| eprintln!("  {name}"));
        Ok(())
    }
}

/// How builds are made on this machine.
pub fn settings() -> Result<Settings> {
    let distfiles = std::env::var_os("FRUIX_DISTFILES")
        .map(|folders| std::env::split_paths(&folders).collect())
        .unwrap_or_default();
    let fetcher = Fetcher::for_host(stores::cache_folder()?, distfiles);
    let mut settings = Settings::new(Arc::new(fetcher));
    settings.build_root = build_root();
    settings.impure_environment = std::env::vars().collect();
    Ok(settings)
}

fn options(args: &CommonBuildArgs) -> BuildOptions {
    let all_cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    BuildOptions {
        max_jobs: args.max_jobs as usize,
        cores: if args.cores == 0 { all_cores } else { args.cores as usize },
        keep_going: args.keep_going,
        keep_failed: args.keep_failed,
        timeout: args.timeout.map(Duration::from_secs),
        max_silent: args.max_silent_time.map(Duration::from_secs),
        rounds: args.rounds.max(1),
        ..BuildOptions::default()
    }
}

/// Where build directories are made.
fn build_root() -> PathBuf {
    std::env::var_os("TMPDIR").map_or_else(|| PathBuf::from("/tmp"), PathBuf::from)
}

/// Turns Ctrl-C and requests to end into a cancellation, until the handle is closed.
fn interrupts(cancel: &Cancellation) -> Result<signal_hook::iterator::Handle> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM, SIGHUP])
        .map_err(|error| CommandError::new(format!("cannot watch for Ctrl-C: {error}")))?;
    let handle = signals.handle();
    let cancel = cancel.clone();
    std::thread::spawn(move || {
        for _ in signals.forever() {
            cancel.cancel();
        }
    });
    Ok(handle)
}

impl From<fruix_daemon::Error> for CommandError {
    fn from(error: fruix_daemon::Error) -> CommandError {
        use fruix_daemon::Error::*;
        let words = CommandError::new(&error);
        match error {
            Failed(failures) => match failures.into_iter().next() {
                Some(first) => match Arc::try_unwrap(first.error) {
                    Ok(error) => CommandError::from(error),
                    Err(shared) => CommandError::new(shared),
                },
                None => words,
            },
            Builder { tail, log_file, disk_full, .. } => {
                let words = if tail.is_empty() {
                    words
                } else {
                    words.detail(format!("last lines of its output:\n  {}", tail.join("\n  ")))
                };
                let words = match log_file {
                    Some(file) => words.hint(format!("the whole log is in `{}'", file.display())),
                    None => words,
                };
                if disk_full { words.hint("free some space: `fruix gc'") } else { words }
            }
            Store(fruix_store::Error::HashMismatch { path, expected, got }) => {
                mismatch(format!("hash mismatch for store item `{path}'"), &expected, &got)
            }
            Download { source: fruix_fetch::Error::NotFound { name, attempts }, .. } => {
                let place = |attempt: &fruix_fetch::Attempt| format!("  {attempt}");
                let places: Vec<String> = attempts.iter().map(place).collect();
                let words = CommandError::new(format!("`{name}' could not be downloaded"));
                words.detail(places.join("\n")).hint(
                    "check the network, or put the file into a folder and name that in \
                     FRUIX_DISTFILES",
                )
            }
            NotDeterministic { kept: None, .. } => {
                words.hint("to keep the other output for comparison, add --keep-failed")
            }
            NothingToCheck { .. } => words.hint("build it first, without --check"),
            NoJobs { .. } => words.hint("allow some with --max-jobs"),
            Cancelled => words.hint("the next run goes on from here").status(INTERRUPTED),
            Store(error) => error.into(),
            _ => words,
        }
    }
}

/// Both hashes in the form that a package definition wants.
fn mismatch(what: String, expected: &Hash, actual: &Hash) -> CommandError {
    CommandError::new(what)
        .detail(format!("  expected hash: {}", expected.to_base32()))
        .detail(format!("  actual hash:   {}", actual.to_base32()))
        .hint(format!(
            "if the file is right, write `(base32 \"{}\")' in the definition",
            actual.to_base32()
        ))
}
