// SPDX-License-Identifier: GPL-3.0-or-later
//! One derivation: from the locks on its outputs to their registration (`DerivationGoal` in
//! `nix/libstore/build.cc`).

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use fruix_core::System;
use fruix_core::store_path::StorePath;
use fruix_protocol::BuildMode;
use fruix_sandbox::{Identity, Outcome};
use fruix_store::{BuildDir, Maker, Outputs, Wanted};

use crate::builtin;
use crate::cancel::Cancellation;
use crate::environment::{build_directory, environment, flag, reference_graphs};
use crate::error::{Error, Result};
use crate::events::{Event, Observer};
use crate::graph::Node;
use crate::log::LogWriter;
use crate::options::BuildOptions;
use crate::references;
use crate::request::request;
use crate::scheduler::Workshop;

/// A disk with less space than this, in bytes, counts as full.
const FULL: u64 = 8 * 1024 * 1024;

/// How it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JobResult {
    /// It was built.
    Built,
    /// Somebody else had built it meanwhile.
    AlreadyValid,
    /// Somebody else is building it just now.
    Busy,
}

/// A derivation to be built.
pub(crate) struct Job<'a> {
    pub(crate) workshop: &'a Workshop,
    pub(crate) node: &'a Node,
    pub(crate) options: &'a BuildOptions,
    pub(crate) observer: &'a dyn Observer,
    pub(crate) cancel: &'a Cancellation,
}

impl Job<'_> {
    /// Build it, unless it is valid.
    pub(crate) fn run(&self) -> Result<JobResult> {
        self.cancel.check()?;
        let store = &self.workshop.store;
        let outputs: BTreeSet<StorePath> =
            self.node.derivation.outputs.values().filter_map(|o| o.path.clone()).collect();
        let Some(mut lock) = store.try_lock_paths(&outputs)? else { return Ok(JobResult::Busy) };
        // Somebody may have been faster; now that we have the locks, nobody can be any more.
        let valid = store.query_valid_paths(&outputs)?;
        let check = self.node.mode == BuildMode::Check;
        if check && valid.len() < outputs.len() {
            return Err(Error::NothingToCheck { drv: self.show(&self.node.drv) });
        }
        if !check && self.node.wanted_paths().all(|path| valid.contains(path)) {
            lock.delete_on_release(true);
            return Ok(JobResult::AlreadyValid);
        }
        let missing: BTreeSet<StorePath> =
            outputs.into_iter().filter(|path| check || !valid.contains(path)).collect();
        if !check {
            self.refuse_known_failure(&missing)?;
        }
        self.refuse_platform()?;
        let built = self.build_rounds(&missing);
        if let Err(error) = &built {
            self.remember_failure(error)?;
        }
        built?;
        lock.delete_on_release(true);
        Ok(JobResult::Built)
    }

    fn show(&self, item: &StorePath) -> String {
        self.workshop.store.layout().display(item)
    }

    fn is_builtin(&self) -> bool {
        self.node.derivation.builder.starts_with(builtin::PREFIX)
    }

    fn refuse_known_failure(&self, outputs: &BTreeSet<StorePath>) -> Result<()> {
        for output in outputs.iter().filter(|_| self.options.cache_failures) {
            if self.workshop.store.has_path_failed(output)? {
                return Err(Error::FailedBefore { drv: self.show(&self.node.drv) });
            }
        }
        Ok(())
    }

    /// Remember that it failed for good. Downloads fail for passing reasons, and so do builds on a
    /// full disk.
    fn remember_failure(&self, error: &Error) -> Result<()> {
        let for_good = match error {
            Error::Builder { disk_full, outcome, .. } => !disk_full && *outcome != Outcome::Killed,
            Error::ForbiddenReference { .. }
            | Error::Store(fruix_store::Error::MissingOutput { .. }) => true,
            _ => false,
        };
        if for_good && self.options.cache_failures && self.node.derivation.fixed_output().is_none()
        {
            for output in self.node.derivation.outputs.values().filter_map(|o| o.path.as_ref()) {
                self.workshop.store.register_failed_path(output)?;
            }
        }
        Ok(())
    }

    fn refuse_platform(&self) -> Result<()> {
        let native = &self.workshop.settings.system;
        let system = System::from(self.node.derivation.system.as_str());
        let local = native.runs(&system);
        if self.options.max_jobs == 0
            && !(local && flag(&self.node.derivation, "preferLocalBuild", false))
        {
            return Err(Error::NoJobs { drv: self.show(&self.node.drv) });
        }
        // The machine may have an emulator registered for programs of another processor.
        if local || self.is_builtin() || system.kernel() == native.kernel() {
            return Ok(());
        }
        Err(self.wrong_platform())
    }

    fn wrong_platform(&self) -> Error {
        Error::Platform {
            drv: self.show(&self.node.drv),
            wanted: self.node.derivation.system.clone(),
            system: self.workshop.settings.system.to_string(),
        }
    }

    /// The closure of what the derivation declares as its inputs.
    fn inputs(&self) -> Result<BTreeSet<StorePath>> {
        let store = &self.workshop.store;
        let mut inputs: Vec<StorePath> = self.node.derivation.sources.iter().cloned().collect();
        for (drv, names) in &self.node.derivation.inputs {
            let outputs = store.query_derivation_outputs(drv)?;
            for name in names {
                let missing = || Error::NoSuchOutput { drv: self.show(drv), output: name.clone() };
                inputs.push(outputs.get(name).ok_or_else(missing)?.clone());
            }
        }
        Ok(store.requisites(&inputs)?)
    }

    /// Build it as often as wanted, and register what all rounds made alike.
    fn build_rounds(&self, missing: &BTreeSet<StorePath>) -> Result<()> {
        let inputs = self.inputs()?;
        let wanted = Wanted {
            drv: &self.node.drv,
            derivation: &self.node.derivation,
            outputs: missing,
            inputs: &inputs,
        };
        // A fixed output is compared with its hash anyway.
        let fixed = self.node.derivation.fixed_output().is_some();
        let rounds = if fixed { 1 } else { self.options.rounds.max(1) };
        let mut previous: Option<Outputs> = None;
        for round in 1..=rounds {
            let outputs = self.build_once(&wanted, (round, rounds))?;
            if self.node.mode == BuildMode::Check {
                self.compare_with_store(&outputs)?;
                continue;
            }
            if let Some(previous) = &previous {
                self.compare_rounds(previous, &outputs)?;
            }
            if round == rounds {
                return Ok(self.workshop.store.register_outputs(&outputs)?);
            }
            if !self.options.keep_failed {
                outputs.forget_files()?;
            }
            previous = Some(outputs);
        }
        Ok(())
    }

    fn compare_with_store(&self, outputs: &Outputs) -> Result<()> {
        for info in outputs.infos() {
            let known = self.workshop.store.query_path_info(&info.path)?;
            if known.is_some_and(|known| known.nar_hash != info.nar_hash) {
                return Err(self.differs(outputs, &info.path));
            }
        }
        Ok(())
    }

    fn compare_rounds(&self, old: &Outputs, new: &Outputs) -> Result<()> {
        let mut pairs = old.infos().iter().zip(new.infos());
        match pairs.find(|(old, new)| old.nar_hash != new.nar_hash) {
            Some((info, _)) => Err(self.differs(old, &info.path)),
            None => Ok(()),
        }
    }

    /// The error for ITEM of OUTPUTS, which is kept as `ITEM-check` if wanted.
    fn differs(&self, outputs: &Outputs, item: &StorePath) -> Error {
        let keep = self.options.keep_failed;
        let kept = keep.then(|| self.workshop.store.keep_for_comparison(outputs, item));
        match kept.transpose() {
            Ok(kept) => Error::NotDeterministic {
                drv: self.show(&self.node.drv),
                output: self.show(item),
                kept,
            },
            Err(error) => error.into(),
        }
    }

    /// Build it once, and take over and examine what it made.
    fn build_once(&self, wanted: &Wanted<'_>, (round, rounds): (u32, u32)) -> Result<Outputs> {
        let (workshop, drv) = (self.workshop, &self.node.drv);
        let mut log = if self.options.keep_log {
            LogWriter::create(
                workshop.store.layout().log_dir(),
                drv,
                workshop.settings.log_compression,
            )?
        } else {
            LogWriter::none()
        };
        self.observer.event(Event::Started {
            drv,
            derivation: &self.node.derivation,
            mode: self.node.mode,
            round,
            rounds,
            log_file: log.path(),
        });
        let root = &workshop.settings.build_root;
        if self.is_builtin() {
            let dir = workshop.store.build_dir(Maker::Here, root, drv.name())?;
            let ended = builtin::run(self, &dir, &mut log);
            log.finish()?;
            ended?;
            return self.examine(&dir, wanted);
        }
        let lent = workshop.identities.lend()?;
        let caller = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
        let (uid, gid) = lent.identity.outside(caller);
        let mut dir = workshop.store.build_dir(Maker::Process { uid, gid }, root, drv.name())?;
        let ended = self.run_builder(wanted, &dir, &lent.identity, &mut log);
        let (log_file, tail) = log.finish()?;
        let outcome = ended?;
        if !outcome.success() {
            self.cancel.check()?;
            let disk_full = is_full(workshop.store.layout().physical_store()) || is_full(root);
            self.keep_failed(&mut dir)?;
            let drv = self.show(drv);
            return Err(Error::Builder { drv, outcome, log_file, tail, disk_full });
        }
        match self.examine(&dir, wanted) {
            Ok(outputs) => Ok(outputs),
            Err(error) => {
                self.keep_failed(&mut dir)?;
                Err(error)
            }
        }
    }

    fn examine(&self, dir: &BuildDir, wanted: &Wanted<'_>) -> Result<Outputs> {
        let outputs = self.workshop.store.take_outputs(dir, wanted)?;
        references::check(&self.workshop.store, wanted, outputs.infos())?;
        Ok(outputs)
    }

    fn keep_failed(&self, dir: &mut BuildDir) -> Result<()> {
        if self.options.keep_failed
            && let Some(directory) =
                dir.keep(self.options.client.or(self.workshop.settings.client))?
        {
            self.observer.event(Event::Kept { drv: &self.node.drv, directory: &directory });
        }
        Ok(())
    }

    fn run_builder(
        &self,
        wanted: &Wanted<'_>,
        dir: &BuildDir,
        identity: &Identity,
        log: &mut LogWriter,
    ) -> Result<Outcome> {
        let (workshop, drv, derivation) = (self.workshop, &self.node.drv, &self.node.derivation);
        let layout = workshop.store.layout();
        for (name, text) in reference_graphs(&workshop.store, drv, derivation)? {
            let file = dir.top().join(name);
            fs::write(&file, text).map_err(Error::io("writing", &file))?;
        }
        let directory = build_directory(drv.name());
        let impure = &workshop.settings.impure_environment;
        let store_dir = layout.store_dir().as_str();
        let env = environment(derivation, store_dir, &directory, self.options.cores, impure);
        let choices = (&workshop.settings, self.options);
        let named = (drv.name(), derivation.as_ref());
        let request = request(dir, layout, named, identity, wanted.inputs, env, choices);
        for shortcoming in workshop.sandbox.shortcomings(&request) {
            let line = format!("note: {shortcoming}\n");
            log.write(line.as_bytes());
            self.observer.event(Event::Log { drv, bytes: line.as_bytes() });
        }
        let running = workshop.sandbox.spawn(request).map_err(|error| match &error {
            // Only the attempt tells whether there is an emulator for a foreign program.
            fruix_sandbox::Error::Exec { source, .. }
                if source.raw_os_error() == Some(rustix::io::Errno::NOEXEC.raw_os_error())
                    && !workshop.settings.system.runs(&derivation.system.as_str().into()) =>
            {
                self.wrong_platform()
            }
            _ => error.into(),
        })?;
        let _watch = self.cancel.watch(running.kill_handle());
        self.observer.event(Event::Running { drv, pid: running.pid() });
        let outcome = running.wait(&mut |bytes| {
            log.write(bytes);
            self.observer.event(Event::Log { drv, bytes });
        })?;
        Ok(outcome)
    }
}

fn is_full(dir: &Path) -> bool {
    rustix::fs::statvfs(dir).is_ok_and(|fs| fs.f_bavail.saturating_mul(fs.f_frsize) < FULL)
}
