// SPDX-License-Identifier: GPL-3.0-or-later
//! [`Scheduler`]: carries out plans with worker threads.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use fruix_core::StorePath;
use fruix_protocol::Goal;
use fruix_sandbox::{KillHandle, Sandbox};
use fruix_store::Store;

use crate::cancel::Cancellation;
use crate::error::{Error, Failure, Result};
use crate::events::{Event, Observer};
use crate::graph::Plan;
use crate::identity::Identities;
use crate::options::{BuildOptions, Settings};
use crate::run::{Job, JobResult};

/// How long to wait before looking again whether another process has finished the same derivation.
const RETRY: Duration = Duration::from_millis(100);

/// Builds derivations in one store. It can be shared by threads.
pub struct Scheduler {
    pub(crate) store: Arc<Store>,
    pub(crate) settings: Settings,
    pub(crate) identities: Identities,
    pub(crate) sandbox: Box<dyn Sandbox>,
}

/// What was done for a request.
#[derive(Debug, Default)]
pub struct Report {
    /// The derivations that were built, in order of their completion. Others were valid already, or
    /// another process built them meanwhile.
    pub built: Vec<StorePath>,
}

impl Scheduler {
    /// A scheduler for STORE on this machine.
    pub fn new(store: Arc<Store>, settings: Settings) -> Result<Self> {
        let identities = Identities::new(&settings.build_users_group, store.layout().state_dir())?;
        Ok(Self { store, settings, identities, sandbox: fruix_sandbox::native() })
    }

    /// The same for another session of the store, whose temporary roots protect what is built.
    pub fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// Find out what must be built for GOALS, without building it.
    pub fn plan(&self, goals: &[Goal], options: &BuildOptions) -> Result<Plan> {
        Plan::new(&self.store, goals, options.mode)
    }

    /// Make GOALS valid, and whatever they need. What was looked at and built is a temporary root of
    /// the store's session.
    ///
    /// # Errors
    /// [`Error::Failed`] when derivations fail, [`Error::Cancelled`] upon cancellation; other errors
    /// mean that nothing was begun.
    pub fn build(
        &self,
        goals: &[Goal],
        options: &BuildOptions,
        observer: &dyn Observer,
        cancel: &Cancellation,
    ) -> Result<Report> {
        let plan = self.plan(goals, options)?;
        let builds = plan.builds().count();
        if builds == 0 {
            return Ok(Report::default());
        }
        cancel.check()?;
        observer.event(Event::Planned { builds });
        let stop = Cancellation::new();
        let inner = stop.clone();
        let _watch = cancel.watch(KillHandle::new(move || inner.cancel()));
        let schedule = Schedule::new(self, &plan, options, observer, &stop);
        let threads = options.max_jobs.clamp(1, builds);
        std::thread::scope(|scope| {
            for _ in 1..threads {
                scope.spawn(|| schedule.carry_out());
            }
            schedule.carry_out();
        });
        cancel.check()?;
        schedule.into_report()
    }
}

/// A plan being carried out.
struct Schedule<'a> {
    scheduler: &'a Scheduler,
    plan: &'a Plan,
    options: &'a BuildOptions,
    observer: &'a dyn Observer,
    /// Turned upon the first failure, unless the rest shall go on, and by the caller.
    stop: &'a Cancellation,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    ready: VecDeque<usize>,
    /// Nodes that another process builds, and when to look again; the delay is always the same, so
    /// they are in order.
    delayed: VecDeque<(Instant, usize)>,
    running: usize,
    /// Nodes that are neither built nor failed.
    left: usize,
    /// For how many nodes each waits, how many of these failed, and whether somebody was told
    /// that another process builds it.
    waits_for: Vec<usize>,
    failed_inputs: Vec<usize>,
    told: Vec<bool>,
    built: Vec<StorePath>,
    failures: Vec<Failure>,
}

impl<'a> Schedule<'a> {
    fn new(
        scheduler: &'a Scheduler,
        plan: &'a Plan,
        options: &'a BuildOptions,
        observer: &'a dyn Observer,
        stop: &'a Cancellation,
    ) -> Self {
        let nodes = &plan.nodes;
        let needed = || (0..nodes.len()).filter(|n| nodes[*n].needed);
        let state = State {
            ready: needed().filter(|n| nodes[*n].waits_for == 0).collect(),
            delayed: VecDeque::new(),
            running: 0,
            left: needed().count(),
            waits_for: nodes.iter().map(|node| node.waits_for).collect(),
            failed_inputs: vec![0; nodes.len()],
            told: vec![false; nodes.len()],
            built: Vec::new(),
            failures: Vec::new(),
        };
        let (state, changed) = (Mutex::new(state), Condvar::new());
        Self { scheduler, plan, options, observer, stop, state, changed }
    }

    /// What each worker thread does.
    fn carry_out(&self) {
        let mut state = self.lock();
        while let Some(number) = {
            let (guard, next) = self.next(state);
            state = guard;
            next
        } {
            state.running += 1;
            drop(state);
            let result = self.job(number).run();
            state = self.lock();
            state.running -= 1;
            self.settle(&mut state, number, result);
            self.changed.notify_all();
        }
        drop(state);
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wait for a node that can be built; `None` when there is nothing left to do.
    fn next<'s>(&self, mut state: MutexGuard<'s, State>) -> (MutexGuard<'s, State>, Option<usize>) {
        loop {
            if self.stop.is_cancelled() || state.left == 0 {
                return (state, None);
            }
            let now = Instant::now();
            while let Some((_, number)) = state.delayed.pop_front_if(|(due, _)| *due <= now) {
                state.ready.push_back(number);
            }
            if let Some(number) = state.ready.pop_front() {
                return (state, Some(number));
            }
            if state.running == 0 && state.delayed.is_empty() {
                self.give_up(&mut state);
                return (state, None);
            }
            let due = state.delayed.front().map(|(due, _)| due.saturating_duration_since(now));
            // A cancellation does not wake us up, so look now and then.
            let pause = due.unwrap_or(RETRY).min(RETRY);
            state = match self.changed.wait_timeout(state, pause) {
                Ok((state, _)) => state,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
    }

    /// Nothing is ready and nothing will be: derivations wait for each other.
    fn give_up(&self, state: &mut State) {
        let waiting: Vec<usize> =
            (0..self.plan.nodes.len()).filter(|n| state.waits_for[*n] > 0).collect();
        let show = |n: &usize| self.scheduler.store.layout().display(&self.plan.nodes[*n].drv);
        let error = Error::Cycle { drvs: waiting.iter().map(show).collect() };
        if let Some(first) = waiting.first() {
            state.failures.push(Failure { drv: self.plan.nodes[*first].drv.clone(), error });
        }
        state.left = 0;
    }

    fn job(&self, number: usize) -> Job<'_> {
        Job {
            scheduler: self.scheduler,
            node: &self.plan.nodes[number],
            options: self.options,
            observer: self.observer,
            cancel: self.stop,
        }
    }

    /// Take note of the RESULT of node NUMBER.
    fn settle(&self, state: &mut State, number: usize, result: Result<JobResult>) {
        let drv = &self.plan.nodes[number].drv;
        match result {
            Ok(JobResult::Busy) => {
                if !std::mem::replace(&mut state.told[number], true) {
                    self.observer.event(Event::Waiting { drv });
                }
                state.delayed.push_back((Instant::now() + RETRY, number));
            }
            Ok(result) => {
                if result == JobResult::Built {
                    state.built.push(drv.clone());
                    self.observer.event(Event::Succeeded { drv });
                }
                self.release_dependents(state, number, false);
            }
            Err(error) => {
                // What is killed because something else failed has not failed itself.
                if self.stop.is_cancelled() && !state.failures.is_empty() {
                    return;
                }
                self.fail(state, number, error);
                if self.options.keep_going {
                    self.release_dependents(state, number, true);
                } else {
                    self.stop.cancel();
                }
            }
        }
    }

    fn fail(&self, state: &mut State, number: usize, error: Error) {
        let drv = self.plan.nodes[number].drv.clone();
        self.observer.event(Event::Failed { drv: &drv, error: &error });
        state.failures.push(Failure { drv, error });
    }

    /// Node NUMBER is done (or FAILED): let those who waited for it go on, or fail in turn.
    fn release_dependents(&self, state: &mut State, number: usize, failed: bool) {
        let mut done = vec![(number, failed)];
        while let Some((number, failed)) = done.pop() {
            state.left -= 1;
            for dependent in &self.plan.nodes[number].dependents {
                state.waits_for[*dependent] -= 1;
                state.failed_inputs[*dependent] += usize::from(failed);
                if state.waits_for[*dependent] > 0 {
                    continue;
                }
                let count = state.failed_inputs[*dependent];
                if count == 0 {
                    state.ready.push_back(*dependent);
                } else {
                    let node = &self.plan.nodes[*dependent];
                    let drv = self.scheduler.store.layout().display(&node.drv);
                    self.fail(state, *dependent, Error::Dependencies { drv, count });
                    done.push((*dependent, true));
                }
            }
        }
    }

    fn into_report(self) -> Result<Report> {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        if state.failures.is_empty() {
            Ok(Report { built: state.built })
        } else {
            Err(Error::Failed(state.failures))
        }
    }
}
