// SPDX-License-Identifier: GPL-3.0-or-later
//! `build-things`: what the scheduler does is told to the client in the words and build traces of
//! guix-daemon, which `(guix status)` reads; and when the client goes, its builds end.

use std::collections::{BTreeSet, HashMap};
use std::num::NonZero;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use fruix_core::StorePath;
use fruix_core::derivation::Derivation;
use fruix_protocol::wire::{ClientOptions, Remote, WireBuildMode};
use fruix_sandbox::Outcome;

use super::connection::{Connection, Trouble};
use super::operations::Answer;
use crate::cancel::Cancellation;
use crate::error::Error;
use crate::events::{Event, Observer};
use crate::options::BuildOptions;
use crate::{BuildMode, Goal};

/// How often it is looked whether the client is still there, in milliseconds.
const LOOK: u32 = 100;

/// The levels of guix-daemon's messages that are told here: errors always, these when the client asks for more.
const INFORM: u32 = 1;

/// Status of a failed build, and of one that took too long.
const FAILED: u32 = 100;
const TIMED_OUT: u32 = 101;

impl Connection<'_> {
    pub(super) fn build_things(
        &mut self,
        things: &[String],
        mode: WireBuildMode,
    ) -> Result<Answer, Trouble> {
        let mut goals = Vec::new();
        for thing in things {
            goals.extend(self.goal(thing)?);
        }
        let mode = match mode {
            WireBuildMode::Check => BuildMode::Check,
            WireBuildMode::Normal => BuildMode::Normal,
            WireBuildMode::Repair => {
                return Err(Trouble::refused("repairing by building is not yet supported"));
            }
        };
        let options = BuildOptions { mode, client: self.owner, ..self.build_options() };
        let scheduler = &self.server.scheduler;
        let teller = Teller::new(self);
        let cancel = Cancellation::new();
        let built = self.while_connected(&cancel, || {
            scheduler.build_for(&self.store, &goals, &options, &teller, &cancel)
        });
        match built {
            Ok(_) => Ok(Answer::Boolean(true)),
            Err(_) if cancel.is_cancelled() => Err(Trouble::Gone),
            Err(error) => Err(Trouble::Refused(self.failure(&goals, &error))),
        }
    }

    /// Do WORK, and turn CANCEL when the client goes meanwhile.
    fn while_connected<T>(&self, cancel: &Cancellation, work: impl FnOnce() -> T) -> T {
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let watch = scope.spawn(|| {
                while !done.load(Ordering::SeqCst) {
                    // Most requests have nothing to build and are done before the first look.
                    std::thread::park_timeout(Duration::from_millis(LOOK.into()));
                    if !done.load(Ordering::SeqCst) && self.stream.is_abandoned(0) {
                        cancel.cancel();
                        break;
                    }
                }
            });
            let result = work();
            done.store(true, Ordering::SeqCst);
            watch.thread().unpark();
            result
        })
    }

    /// What is to be built for THING: a derivation, `DERIVATION!OUTPUT,…`, or an item. Items can only be
    /// substituted, and as in guix-daemon it is no error if that cannot be, nor are outputs that do not exist.
    fn goal(&self, thing: &str) -> Result<Option<Goal>, Trouble> {
        let (path, outputs) = thing.split_once('!').unwrap_or((thing, ""));
        let item = self.existing(path)?;
        self.store.add_temp_root(&item)?;
        let valid = self.store.is_valid_path(&item)?;
        if !item.is_derivation() {
            if !valid {
                self.tell_not_substitutable(path)?;
            }
            return Ok(None);
        }
        if !valid {
            self.tell(&format!("cannot build missing derivation `{path}'\n"))?;
            return Err(Trouble::refused(format!("build of `{path}' failed")));
        }
        let known = self.store.query_derivation_outputs(&item)?;
        let all = outputs.is_empty();
        let names = outputs.split(',').filter(|name| known.contains_key(*name));
        let outputs: BTreeSet<String> = names.map(str::to_owned).collect();
        Ok((all || !outputs.is_empty()).then_some(Goal::Derivation { drv: item, outputs }))
    }

    /// How the client wants things to be built.
    fn build_options(&self) -> BuildOptions {
        let (wanted, usual) = (&self.options, &self.server.options.build);
        let number = |name: &str| wanted.named(name).and_then(|text| text.parse::<u64>().ok());
        let size = |name: &str| number(name).and_then(|n| usize::try_from(n).ok());
        let old = |value: Option<u32>| value.map(|n| n as usize);
        let seconds = |n: u64| (n > 0).then(|| Duration::from_secs(n));
        let silent = number("build-max-silent-time").or(wanted.max_silent_time.map(u64::from));
        let cores = size("build-cores").or(old(wanted.cores)).unwrap_or(usual.cores);
        let all_cores = || std::thread::available_parallelism().map_or(1, NonZero::get);
        BuildOptions {
            max_jobs: size("build-max-jobs").or(old(wanted.max_jobs)).unwrap_or(usual.max_jobs),
            cores: if cores == 0 { all_cores() } else { cores },
            keep_going: wanted.keep_going,
            keep_failed: wanted.keep_failed,
            rounds: number("build-repeat")
                .map_or(usual.rounds, |n| u32::try_from(n).unwrap_or(u32::MAX).saturating_add(1)),
            timeout: number("build-timeout").map_or(usual.timeout, seconds),
            max_silent: silent.map_or(usual.max_silent, seconds),
            ..usual.clone()
        }
    }

    /// What the client is told when GOALS failed with ERROR.
    fn failure(&self, goals: &[Goal], error: &Error) -> Remote {
        let Error::Failed(failures) = error else {
            return Remote { message: error.to_string(), status: FAILED };
        };
        let late = |error: &Error| match error {
            Error::Builder { outcome, .. } => {
                matches!(outcome, Outcome::TimedOut | Outcome::Silent | Outcome::LogTooLong)
            }
            _ => false,
        };
        let failed: BTreeSet<&StorePath> = failures.iter().map(|failure| &failure.drv).collect();
        let wanted = |goal: &Goal| match goal {
            Goal::Derivation { drv, .. } if failed.contains(drv) => {
                Some(format!("`{}'", self.show(drv)))
            }
            _ => None,
        };
        let mut names: Vec<String> = goals.iter().filter_map(wanted).collect();
        if names.is_empty() {
            names = failed.iter().map(|drv| format!("`{}'", self.show(drv))).collect();
        }
        names.sort_unstable();
        let status = if failures.iter().any(|f| late(&f.error)) { TIMED_OUT } else { FAILED };
        Remote { message: format!("build of {} failed", names.join(", ")), status }
    }
}

/// Tells the client what happens.
struct Teller<'c, 's> {
    connection: &'c Connection<'s>,
    /// What was said of each build when it began, until its builder's process is known.
    builds: Mutex<HashMap<StorePath, Build>>,
    traces: bool,
    multiplexed: bool,
    verbosity: u32,
    logs: bool,
}

struct Build {
    system: String,
    log_file: String,
    pid: u32,
    told: bool,
}

impl<'c, 's> Teller<'c, 's> {
    fn new(connection: &'c Connection<'s>) -> Self {
        let options: &ClientOptions = &connection.options;
        let multiplexed = options.named("multiplexed-build-output") == Some("true");
        Teller {
            connection,
            builds: Mutex::default(),
            traces: options.print_build_trace,
            multiplexed: multiplexed && options.print_build_trace,
            verbosity: options.verbosity,
            logs: options.verbosity >= options.build_verbosity,
        }
    }

    /// If the client is gone, its builds are cancelled soon; there is nobody to be told.
    fn tell(&self, line: &str) {
        let _ = self.connection.tell(line);
    }

    fn begin(&self, drv: &StorePath, derivation: &Derivation, log_file: Option<&std::path::Path>) {
        let path = self.connection.show(drv);
        let outputs = derivation.outputs.values().filter_map(|output| output.path.as_ref());
        let outputs = outputs.map(|output| self.connection.show(output)).collect();
        self.connection.entry.building(&path, Some(outputs), None);
        let log_file = log_file.map_or_else(String::new, |file| file.display().to_string());
        let build = Build {
            system: derivation.system.clone(),
            log_file,
            pid: std::process::id(),
            told: false,
        };
        self.builds().insert(drv.clone(), build);
        if derivation.builder.starts_with(crate::builtin::PREFIX) {
            self.started(drv, None);
        }
    }

    fn builds(&self) -> std::sync::MutexGuard<'_, HashMap<StorePath, Build>> {
        self.builds.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The builder of DRV runs, as process PID.
    fn started(&self, drv: &StorePath, pid: Option<u32>) {
        let path = self.connection.show(drv);
        let mut builds = self.builds();
        let Some(build) = builds.get_mut(drv) else { return };
        build.pid = pid.unwrap_or(build.pid);
        if !std::mem::replace(&mut build.told, true) && self.traces {
            let Build { system, log_file, pid, .. } = build;
            let line = format!("@ build-started {path} - {system} {log_file} {pid}\n");
            drop(builds);
            self.tell(&line);
        }
    }

    fn log(&self, drv: &StorePath, bytes: &[u8]) {
        if !self.logs {
            return;
        }
        let mut text = Vec::with_capacity(bytes.len() + 32);
        if self.multiplexed {
            let pid = self.builds().get(drv).map_or(0, |build| build.pid);
            text.extend_from_slice(format!("@ build-log {pid} {}\n", bytes.len()).as_bytes());
        }
        text.extend_from_slice(bytes);
        let mut out = self.connection.out();
        let _ =
            fruix_protocol::wire::Message::write_log(&mut out, &text).and_then(|()| out.flush());
    }

    fn failed(&self, drv: &StorePath, error: &Error) {
        let path = self.connection.show(drv);
        if self.traces {
            let trace = match error {
                Error::Builder { outcome: Outcome::TimedOut | Outcome::Silent, .. } => {
                    format!("@ build-failed {path} - timeout\n")
                }
                Error::FailedBefore { .. } => format!("@ build-failed {path} - cached\n"),
                Error::Dependencies { .. } => String::new(),
                Error::Platform { wanted, .. } => {
                    format!("@ unsupported-platform {path} {wanted}\n")
                }
                Error::Store(fruix_store::Error::HashMismatch { path: output, expected, got }) => {
                    let algorithm = expected.algorithm();
                    let (expected, got) = (expected.to_base32(), got.to_base32());
                    format!(
                        "@ hash-mismatch {output} {algorithm} {expected} {got}\n@ build-failed {path} - 1 {}\n",
                        one_line(error)
                    )
                }
                _ => format!("@ build-failed {path} - 1 {}\n", one_line(error)),
            };
            self.tell(&trace);
        }
        self.tell(&format!("{error}\n"));
    }
}

fn one_line(error: &Error) -> String {
    error.to_string().replace('\n', " ")
}

impl Observer for Teller<'_, '_> {
    fn event(&self, event: Event<'_>) {
        match event {
            Event::Started { drv, derivation, mode, round, rounds, log_file } => {
                self.begin(drv, derivation, log_file);
                if self.verbosity >= INFORM {
                    let outputs = derivation.outputs.values().filter_map(|o| o.path.as_ref());
                    let outputs: Vec<String> =
                        outputs.map(|o| format!("`{}'", self.connection.show(o))).collect();
                    let verb = if mode == BuildMode::Check { "checking" } else { "building" };
                    let which = match rounds {
                        0 | 1 => String::new(),
                        _ => format!(" (round {round}/{rounds})"),
                    };
                    self.tell(&format!("{verb} path(s) {}{which}\n", outputs.join(", ")));
                }
            }
            Event::Running { drv, pid } => {
                self.connection.entry.building(&self.connection.show(drv), None, Some(pid));
                self.started(drv, Some(pid));
            }
            Event::Log { drv, bytes } => self.log(drv, bytes),
            Event::Kept { directory, .. } => {
                self.tell(&format!("note: keeping build directory `{}'\n", directory.display()));
            }
            Event::Succeeded { drv } => {
                self.connection.entry.built(&self.connection.show(drv));
                self.builds().remove(drv);
                if self.traces {
                    self.tell(&format!("@ build-succeeded {} -\n", self.connection.show(drv)));
                }
            }
            Event::Failed { drv, error } => {
                self.connection.entry.built(&self.connection.show(drv));
                self.failed(drv, error);
                self.builds().remove(drv);
            }
            Event::Download { .. } | Event::Planned { .. } | Event::Waiting { .. } => {}
        }
    }
}
