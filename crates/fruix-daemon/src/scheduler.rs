// SPDX-License-Identifier: GPL-3.0-or-later
//! [`Scheduler`]: carries out the builds of all clients of a process.
//!
//! Whoever asks for something waits in [`Scheduler::build_for`], where its observer is called in its own
//! thread. Each build has a thread as long as it runs. Both meet at the [`Queue`], under one lock, which
//! is held for bookkeeping alone.

use std::collections::{HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

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
use crate::outbox::{Board, Message, Outbox, Task};
use crate::queue::{BuildId, Effect, Ending, Queue, RequestId};
use crate::run::{Job, JobResult};

/// How long to wait before looking again whether another process has finished the same derivation.
const RETRY: Duration = Duration::from_millis(100);

/// Builds derivations in one store, for any number of clients at the same time: a daemon, or a process
/// with an embedded store, has one. What several of them want is built once.
pub struct Scheduler {
    shared: Arc<Shared>,
}

/// What builds need to know.
pub(crate) struct Workshop {
    pub(crate) store: Arc<Store>,
    pub(crate) settings: Settings,
    pub(crate) identities: Identities,
    pub(crate) sandbox: Box<dyn Sandbox>,
}

struct Shared {
    workshop: Workshop,
    state: Mutex<State>,
}

struct State {
    queue: Queue,
    clients: HashMap<RequestId, Client>,
    builds: HashMap<BuildId, Arc<Live>>,
}

struct Client {
    plan: Arc<Plan>,
    options: Arc<BuildOptions>,
    outbox: Arc<Outbox>,
}

/// A build under way.
struct Live {
    task: Task,
    cancel: Cancellation,
    board: Mutex<Board>,
    since: SystemTime,
    pid: Mutex<Option<u32>>,
}

/// What was done for a request.
#[derive(Debug, Default)]
pub struct Report {
    /// The derivations that were built, in order of their completion. Others were valid already, or
    /// another process built them meanwhile.
    pub built: Vec<StorePath>,
}

/// A build under way, for people who want to know.
#[derive(Debug, Clone)]
pub struct BuildStatus {
    /// The derivation.
    pub drv: StorePath,
    /// The first process of the build, as the host sees it, once there is one.
    pub pid: Option<u32>,
    /// Since when it runs.
    pub since: SystemTime,
    /// How many requests wait for it.
    pub clients: usize,
}

impl Scheduler {
    /// A scheduler for STORE on this machine.
    pub fn new(store: Arc<Store>, settings: Settings) -> Result<Self> {
        Self::with_sandbox(store, settings, fruix_sandbox::native())
    }

    /// The same with SANDBOX instead of the machine's own.
    pub fn with_sandbox(
        store: Arc<Store>,
        settings: Settings,
        sandbox: Box<dyn Sandbox>,
    ) -> Result<Self> {
        let identities = Identities::new(&settings.build_users_group, store.layout().state_dir())?;
        let queue = Queue::new(store.layout().clone(), settings.max_jobs);
        let workshop = Workshop { store, settings, identities, sandbox };
        let state = State { queue, clients: HashMap::new(), builds: HashMap::new() };
        Ok(Self { shared: Arc::new(Shared { workshop, state: Mutex::new(state) }) })
    }

    /// The store that it builds in.
    pub fn store(&self) -> &Arc<Store> {
        &self.shared.workshop.store
    }

    /// Its settings.
    pub fn settings(&self) -> &Settings {
        &self.shared.workshop.settings
    }

    /// Find out what must be built for GOALS, without building it.
    pub fn plan(&self, goals: &[Goal], options: &BuildOptions) -> Result<Plan> {
        Plan::new(self.store(), goals, options.mode)
    }

    /// What is being built, the longest running first.
    pub fn running(&self) -> Vec<BuildStatus> {
        let state = self.shared.lock();
        let mut all: Vec<BuildStatus> = state
            .builds
            .values()
            .map(|live| BuildStatus {
                drv: live.task.drv().clone(),
                pid: *live.pid.lock().unwrap_or_else(PoisonError::into_inner),
                since: live.since,
                clients: live.board().listeners(),
            })
            .collect();
        all.sort_by_key(|status| status.since);
        all
    }

    /// [`Scheduler::build_for`] the session of [`Scheduler::store`].
    pub fn build(
        &self,
        goals: &[Goal],
        options: &BuildOptions,
        observer: &dyn Observer,
        cancel: &Cancellation,
    ) -> Result<Report> {
        self.build_for(self.store(), goals, options, observer, cancel)
    }

    /// Make GOALS valid, and whatever they need. What was looked at and built is a temporary root of
    /// SESSION, which is one of [`Scheduler::store`]. OBSERVER is called in the calling thread.
    ///
    /// Builds that other clients need as well go on after a cancellation; others have ended when this
    /// returns.
    ///
    /// # Errors
    /// [`Error::Failed`] when derivations fail, [`Error::Cancelled`] upon cancellation; other errors
    /// mean that nothing was begun.
    pub fn build_for(
        &self,
        session: &Store,
        goals: &[Goal],
        options: &BuildOptions,
        observer: &dyn Observer,
        cancel: &Cancellation,
    ) -> Result<Report> {
        let plan = Arc::new(Plan::new(session, goals, options.mode)?);
        let builds = plan.builds().count();
        if builds == 0 {
            return Ok(Report::default());
        }
        cancel.check()?;
        observer.event(Event::Planned { builds });
        let outbox = Arc::new(Outbox::default());
        let id = self.shared.admit(plan, Arc::new(options.clone()), outbox.clone());
        let waker = outbox.clone();
        let _watch = cancel.watch(KillHandle::new(move || waker.wake()));
        let request = Waiting { shared: &self.shared, id, observer, cancel };
        request.follow(&outbox)
    }
}

/// A client's thread, waiting for its request.
struct Waiting<'a> {
    shared: &'a Arc<Shared>,
    id: RequestId,
    observer: &'a dyn Observer,
    cancel: &'a Cancellation,
}

impl Waiting<'_> {
    fn follow(&self, outbox: &Outbox) -> Result<Report> {
        let mut report = Report::default();
        let mut failures = Vec::new();
        let mut told = std::collections::HashSet::new();
        // The delay is always the same, so they are in order.
        let mut delayed: VecDeque<(Instant, usize)> = VecDeque::new();
        let mut stopped = false;
        // Should the observer panic, nobody will wait for the request any more.
        let guard = StopGuard { shared: self.shared, id: self.id };
        loop {
            let due = delayed.front().map(|(due, _)| due.saturating_duration_since(Instant::now()));
            for message in outbox.wait(due) {
                match &*message {
                    Message::Succeeded { drv } => report.built.push(drv.clone()),
                    Message::Failed { drv, error } => {
                        let (drv, error) = (drv.clone(), error.clone());
                        failures.push(Failure { drv, error });
                    }
                    Message::Delayed { drv, node } => {
                        if told.insert(*node) {
                            self.observer.event(Event::Waiting { drv });
                        }
                        delayed.push_back((Instant::now() + RETRY, *node));
                    }
                    Message::Finished => {
                        std::mem::forget(guard);
                        self.cancel.check()?;
                        return if failures.is_empty() {
                            Ok(report)
                        } else {
                            Err(Error::Failed(failures))
                        };
                    }
                    _ => {}
                }
                message.tell(self.observer);
            }
            if !stopped && self.cancel.is_cancelled() {
                stopped = true;
                self.shared.change(|queue| queue.stop(self.id));
            }
            let now = Instant::now();
            while let Some((_, node)) = delayed.pop_front_if(|(due, _)| *due <= now) {
                self.shared.change(|queue| queue.retry(self.id, node));
            }
        }
    }
}

struct StopGuard<'a> {
    shared: &'a Arc<Shared>,
    id: RequestId,
}

impl Drop for StopGuard<'_> {
    fn drop(&mut self) {
        self.shared.change(|queue| queue.stop(self.id));
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn admit(
        self: &Arc<Self>,
        plan: Arc<Plan>,
        options: Arc<BuildOptions>,
        outbox: Arc<Outbox>,
    ) -> RequestId {
        let mut state = self.lock();
        let id = state.queue.new_id();
        let client = Client { plan: plan.clone(), options: options.clone(), outbox };
        state.clients.insert(id, client);
        state.queue.admit(id, plan, options);
        self.carry_out(&mut state);
        id
    }

    fn change(self: &Arc<Self>, change: impl FnOnce(&mut Queue)) {
        let mut state = self.lock();
        change(&mut state.queue);
        self.carry_out(&mut state);
    }

    /// Do what the queue says, until it says nothing any more.
    fn carry_out(self: &Arc<Self>, state: &mut State) {
        loop {
            let effects = state.queue.effects();
            if effects.is_empty() {
                return;
            }
            for effect in effects {
                self.carry_out_one(state, effect);
            }
        }
    }

    fn carry_out_one(self: &Arc<Self>, state: &mut State, effect: Effect) {
        let tell = |state: &State, request: RequestId, message: &dyn Fn(&Client) -> Message| {
            if let Some(client) = state.clients.get(&request) {
                client.outbox.push(Arc::new(message(client)));
            }
        };
        let drv = |client: &Client, node: usize| client.plan.nodes[node].drv.clone();
        match effect {
            Effect::Start { build, request, node } => self.start(state, build, request, node),
            Effect::Join { build, request } => {
                if let (Some(live), Some(client)) =
                    (state.builds.get(&build), state.clients.get(&request))
                {
                    live.board().join(request, client.outbox.clone());
                }
            }
            Effect::Leave { build, request } => {
                if let Some(live) = state.builds.get(&build) {
                    live.board().leave(request);
                }
            }
            Effect::Kill { build } => {
                if let Some(live) = state.builds.get(&build) {
                    live.cancel.cancel();
                }
            }
            Effect::Delay { request, node } => {
                tell(state, request, &|client| Message::Delayed { drv: drv(client, node), node })
            }
            Effect::Succeeded { request, node } => {
                tell(state, request, &|client| Message::Succeeded { drv: drv(client, node) });
            }
            Effect::Failed { request, node, error } => {
                tell(state, request, &|client| Message::Failed {
                    drv: drv(client, node),
                    error: error.clone(),
                });
            }
            Effect::Finished { request } => {
                if let Some(client) = state.clients.remove(&request) {
                    client.outbox.push(Arc::new(Message::Finished));
                }
            }
        }
    }

    /// Begin BUILD in a thread of its own.
    fn start(self: &Arc<Self>, state: &mut State, build: BuildId, request: RequestId, node: usize) {
        let Some(client) = state.clients.get(&request) else { return };
        let live = Arc::new(Live {
            task: Task { plan: client.plan.clone(), node },
            cancel: Cancellation::new(),
            board: Mutex::default(),
            since: SystemTime::now(),
            pid: Mutex::default(),
        });
        live.board().join(request, client.outbox.clone());
        state.builds.insert(build, live.clone());
        let (shared, options) = (self.clone(), client.options.clone());
        let drv = live.task.drv().clone();
        let thread = std::thread::Builder::new().name("build".into());
        let started = thread.spawn(move || shared.run(build, &live, &options));
        if let Err(source) = started {
            let path = self.workshop.store.physical(&drv);
            let error = Error::io("starting a thread for", &path)(source);
            state.builds.remove(&build);
            state.queue.settle(build, &Ending::Failed(Arc::new(error)));
        }
    }

    /// What the thread of BUILD does.
    fn run(self: &Arc<Self>, build: BuildId, live: &Live, options: &BuildOptions) {
        let observer = |event: Event<'_>| live.post(&event);
        let job = Job {
            workshop: &self.workshop,
            node: &live.task.plan.nodes[live.task.node],
            options,
            observer: &observer,
            cancel: &live.cancel,
        };
        let ending = match catch_unwind(AssertUnwindSafe(|| job.run())) {
            Ok(Ok(JobResult::Built)) => Ending::Built,
            Ok(Ok(JobResult::AlreadyValid)) => Ending::AlreadyValid,
            Ok(Ok(JobResult::Busy)) => Ending::Busy,
            Ok(Err(error)) => Ending::Failed(Arc::new(error)),
            Err(_) => {
                let drv = self.workshop.store.layout().display(live.task.drv());
                Ending::Failed(Arc::new(Error::Panicked { drv }))
            }
        };
        let mut state = self.lock();
        state.builds.remove(&build);
        state.queue.settle(build, &ending);
        // Who is told of a failure shall be the only one who has it.
        drop(ending);
        self.carry_out(&mut state);
    }
}

impl Live {
    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn post(&self, event: &Event<'_>) {
        if let Event::Running { pid, .. } = event {
            *self.pid.lock().unwrap_or_else(PoisonError::into_inner) = Some(*pid);
        }
        if let Some(message) = Message::from_build(&self.task, event) {
            self.board().post(message);
        }
    }
}
