// SPDX-License-Identifier: GPL-3.0-or-later
//! What is building, as people see it: lines with a moving clock on a terminal, plain lines elsewhere. All
//! of it goes to standard error.

use fruix_core::StorePath;
use fruix_daemon::{BuildMode, Event, LogLines, Observer};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::collections::HashMap;
use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How much is shown.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Verbosity {
    /// Errors alone.
    Silent,
    /// What is built and downloaded.
    Builds,
    /// Each phase too.
    Phases,
    /// Whole logs.
    Logs,
}

impl Verbosity {
    /// From the numbers of `-v`.
    pub fn from_level(level: u8) -> Verbosity {
        match level {
            0 => Verbosity::Silent,
            1 => Verbosity::Builds,
            2 => Verbosity::Phases,
            _ => Verbosity::Logs,
        }
    }
}

/// Draws the progress of builds.
pub struct Progress {
    verbosity: Verbosity,
    bars: MultiProgress,
    terminal: bool,
    jobs: Mutex<HashMap<StorePath, Job>>,
}

/// A build or download under way.
struct Job {
    bar: ProgressBar,
    lines: LogLines,
    started: Instant,
}

impl Progress {
    /// Progress on standard error.
    pub fn new(verbosity: Verbosity) -> Progress {
        let terminal = std::io::stderr().is_terminal();
        let target = if terminal && verbosity > Verbosity::Silent {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bars = MultiProgress::with_draw_target(target);
        Progress { verbosity, bars, terminal, jobs: Mutex::default() }
    }

    /// A line that stays.
    fn line(&self, text: &str) {
        if self.terminal {
            // A failure to draw must not end a build.
            let _ = self.bars.println(text);
        } else {
            eprintln!("{text}");
        }
    }

    fn with_job(&self, drv: &StorePath, f: impl FnOnce(&mut Job)) {
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(job) = jobs.get_mut(drv) {
            f(job);
        }
    }

    fn start(&self, drv: &StorePath, what: &str) {
        let bar = self.bars.add(ProgressBar::new_spinner());
        bar.set_style(spinner());
        bar.set_prefix(what.to_owned());
        bar.enable_steady_tick(Duration::from_millis(120));
        let job = Job { bar, lines: LogLines::default(), started: Instant::now() };
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.insert(drv.clone(), job);
    }

    /// Ends a job; gives how long it took.
    fn finish(&self, drv: &StorePath) -> Option<Duration> {
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let mut job = jobs.remove(drv)?;
        if self.verbosity == Verbosity::Logs {
            job.lines.finish(|line| self.line(&String::from_utf8_lossy(line)));
        }
        job.bar.finish_and_clear();
        Some(job.started.elapsed())
    }

    fn log(&self, drv: &StorePath, bytes: &[u8]) {
        let mut shown = Vec::new();
        self.with_job(drv, |job| {
            let bar = job.bar.clone();
            job.lines.feed(bytes, |line| {
                let line = String::from_utf8_lossy(line).into_owned();
                let phase = phase(&line).map(str::to_owned);
                if let Some(phase) = &phase {
                    bar.set_message(format!("`{phase}' phase"));
                }
                match self.verbosity {
                    Verbosity::Logs => shown.push(line),
                    Verbosity::Phases => shown.extend(phase.map(|p| format!("  phase `{p}'"))),
                    _ => {}
                }
            });
        });
        shown.iter().for_each(|line| self.line(line));
    }

    fn download(&self, drv: &StorePath, progress: &fruix_fetch::Progress) {
        use fruix_fetch::Progress::*;
        match progress {
            Trying { place } => self.with_job(drv, |job| job.bar.set_message((*place).to_owned())),
            Advanced { received, total, .. } => self.with_job(drv, |job| {
                if let Some(total) = total {
                    if job.bar.length() != Some(*total) {
                        job.bar.set_length(*total);
                        job.bar.set_style(download_bar());
                    }
                    job.bar.set_position(*received);
                }
            }),
            Failed { place, reason } if self.verbosity >= Verbosity::Phases => {
                self.line(&format!("  not from {place}: {reason}"));
            }
            Complete { place, size } if self.verbosity >= Verbosity::Phases => {
                self.line(&format!("  from {place}, {size} bytes"));
            }
            _ => {}
        }
    }
}

/// The phase that a line of a build log says is starting.
fn phase(line: &str) -> Option<&str> {
    line.strip_prefix("starting phase `")?.strip_suffix('\'')
}

fn spinner() -> ProgressStyle {
    style("{spinner} {prefix} {msg:.dim} {elapsed:.dim}")
}

fn download_bar() -> ProgressStyle {
    style("{spinner} {prefix} {bytes}/{total_bytes} {bar:20} {bytes_per_sec:.dim}")
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}

/// `hello-2.10` for `…-hello-2.10.drv`.
fn short_name(drv: &StorePath) -> &str {
    drv.name().strip_suffix(".drv").unwrap_or(drv.name())
}

impl Observer for Progress {
    fn event(&self, event: Event<'_>) {
        if self.verbosity == Verbosity::Silent {
            return;
        }
        match event {
            Event::Started { drv, derivation, mode, round, rounds, .. } => {
                let download = derivation.builder.starts_with("builtin:download");
                let verb = match (download, mode) {
                    (true, _) => "downloading",
                    (_, BuildMode::Check) => "checking",
                    _ => "building",
                };
                let mut what = format!("{verb} {}", short_name(drv));
                if rounds > 1 {
                    what += &format!(" (round {round} of {rounds})");
                }
                if !self.terminal {
                    self.line(&format!("{what}..."));
                }
                self.start(drv, &what);
            }
            Event::Log { drv, bytes } => self.log(drv, bytes),
            Event::Download { drv, progress } => self.download(drv, &progress),
            Event::Waiting { drv } => {
                self.line(&format!("waiting for another build of {}", short_name(drv)));
            }
            Event::Kept { directory, .. } => {
                self.line(&format!("note: keeping build directory `{}'", directory.display()));
            }
            Event::Succeeded { drv } => {
                let took = self.finish(drv);
                if let Some(took) =
                    took.filter(|_| self.terminal || self.verbosity >= Verbosity::Phases)
                {
                    self.line(&format!("built {} in {:.1} s", short_name(drv), took.as_secs_f64()));
                }
            }
            Event::Failed { drv, .. } if self.finish(drv).is_some() => {
                self.line(&format!("{} failed", short_name(drv)));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_are_seen_in_logs() {
        assert_eq!(phase("starting phase `configure'"), Some("configure"));
        assert_eq!(phase("phase `configure' succeeded after 0.1 seconds"), None);
    }
}
