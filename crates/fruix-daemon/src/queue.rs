// SPDX-License-Identifier: GPL-3.0-or-later
//! Who builds what next: the bookkeeping of a [`crate::Scheduler`], pure, without threads and files.
//!
//! Each client's request brings a [`Plan`], a graph whose ready nodes wait in a queue of its own. The
//! requests take turns, so that one with ten thousand derivations does not keep one with a single
//! derivation waiting. A derivation that several requests want is built once: whoever's turn it is starts
//! it, and all others who want it join. What happens is told as [`Effect`]s, which the caller carries out.
//!
//! Every step costs as much as it has consequences: a derivation's cost is that of its edges, however many
//! others there are.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use fruix_core::store_path::StorePath;
use fruix_protocol::BuildMode;
use fruix_sandbox::Outcome;
use fruix_store::Layout;

use crate::error::Error;
use crate::graph::Plan;
use crate::options::BuildOptions;

/// A client's request.
pub(crate) type RequestId = u64;
/// A build under way.
pub(crate) type BuildId = u64;

/// Which builds are the same: those of a derivation for the same purpose.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    drv: StorePath,
    check: bool,
    rounds: u32,
}

/// What the caller must do.
#[derive(Debug)]
pub(crate) enum Effect {
    /// Begin BUILD: node `node` of the plan of `request`. Others who want it follow as
    /// [`Effect::Join`].
    Start { build: BuildId, request: RequestId, node: usize },
    /// `request` wants to know what happens in `build`, from its beginning.
    Join { build: BuildId, request: RequestId },
    /// `request` is no longer interested in `build`, in which others are.
    Leave { build: BuildId, request: RequestId },
    /// Nobody wants `build` any more: end it.
    Kill { build: BuildId },
    /// Another process builds the node; ask again ([`Queue::retry`]) in a while.
    Delay { request: RequestId, node: usize },
    /// The node was built.
    Succeeded { request: RequestId, node: usize },
    /// The node failed.
    Failed { request: RequestId, node: usize, error: Arc<Error> },
    /// There is nothing left to do for `request`, which is forgotten.
    Finished { request: RequestId },
}

/// How a build ended.
#[derive(Debug, Clone)]
pub(crate) enum Ending {
    /// It was built.
    Built,
    /// What was wanted was there already.
    AlreadyValid,
    /// Another process is at it.
    Busy,
    /// It failed.
    Failed(Arc<Error>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    Waiting,
    Ready,
    Joined,
    Delayed,
    Done,
}

#[derive(Debug)]
struct Request {
    plan: Arc<Plan>,
    options: Arc<BuildOptions>,
    status: Vec<Status>,
    /// Nodes that may be started, in order. Those that are not [`Status::Ready`] any more are skipped.
    ready: VecDeque<usize>,
    /// Builds that it takes part in, and for which node.
    joined: HashMap<BuildId, usize>,
    /// How many builds run on its account.
    charged: usize,
    /// How many nodes are ready, delayed, or wait for the end of a build that was killed.
    pending: usize,
    /// How many are neither built nor failed.
    left: usize,
    /// For how many nodes each waits, and how many of these failed.
    waits_for: Vec<usize>,
    failed_inputs: Vec<usize>,
    /// Whether it is in the queue of those whose turn comes.
    queued: bool,
    /// Whether it wants nothing any more, and only waits for what was killed for it.
    stopped: bool,
}

impl Request {
    fn limit(&self) -> usize {
        self.options.max_jobs.max(1)
    }

    fn key(&self, node: usize) -> Key {
        let node = &self.plan.nodes[node];
        let rounds = self.options.rounds.max(1);
        Key { drv: node.drv.clone(), check: node.mode == BuildMode::Check, rounds }
    }
}

#[derive(Debug)]
struct Build {
    key: Key,
    /// Who started it, or took it over, and on whose account it runs.
    charged: RequestId,
    /// What whoever started it wanted of it.
    wanted: BTreeSet<String>,
    options: Arc<BuildOptions>,
    members: Vec<(RequestId, usize)>,
    /// It has been killed. Who wants it now waits for its end.
    dying: bool,
    next: Vec<(RequestId, usize)>,
}

/// All requests and builds.
#[derive(Debug)]
pub(crate) struct Queue {
    layout: Layout,
    /// How many builds may run at the same time, if somebody has said so.
    max_jobs: Option<usize>,
    /// Else as many as the most generous request allows itself.
    generous: usize,
    requests: HashMap<RequestId, Request>,
    builds: HashMap<BuildId, Build>,
    running: HashMap<Key, BuildId>,
    /// Those who have a ready node for a key, some of whom may have changed their minds.
    waiting: HashMap<Key, Vec<(RequestId, usize)>>,
    turns: VecDeque<RequestId>,
    next_id: u64,
    effects: Vec<Effect>,
}

impl Queue {
    /// An empty one for at most MAX_JOBS builds at the same time.
    pub(crate) fn new(layout: Layout, max_jobs: Option<usize>) -> Self {
        Self {
            layout,
            max_jobs,
            generous: 1,
            requests: HashMap::new(),
            builds: HashMap::new(),
            running: HashMap::new(),
            waiting: HashMap::new(),
            turns: VecDeque::new(),
            next_id: 0,
            effects: Vec::new(),
        }
    }

    /// What is to be done since the last call.
    pub(crate) fn effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// A number for a new request, which may have effects as soon as it is [admitted](Queue::admit).
    pub(crate) fn new_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    /// Take in the request ID.
    pub(crate) fn admit(&mut self, id: RequestId, plan: Arc<Plan>, options: Arc<BuildOptions>) {
        let nodes = &plan.nodes;
        let first: Vec<usize> =
            (0..nodes.len()).filter(|n| nodes[*n].needed && nodes[*n].waits_for == 0).collect();
        let request = Request {
            status: vec![Status::Waiting; nodes.len()],
            ready: VecDeque::new(),
            joined: HashMap::new(),
            charged: 0,
            pending: 0,
            left: nodes.iter().filter(|node| node.needed).count(),
            waits_for: nodes.iter().map(|node| node.waits_for).collect(),
            failed_inputs: vec![0; nodes.len()],
            queued: false,
            stopped: false,
            plan,
            options,
        };
        self.generous = self.generous.max(request.limit());
        self.requests.insert(id, request);
        for node in first {
            self.make_ready(id, node);
        }
        self.start_some();
        self.finish_if_done(id);
    }

    /// BUILD has ended.
    pub(crate) fn settle(&mut self, build: BuildId, ending: &Ending) {
        let Some(build_state) = self.builds.remove(&build) else { return };
        let Build { key, charged, wanted, options, members, next, .. } = build_state;
        self.running.remove(&key);
        if let Some(request) = self.requests.get_mut(&charged) {
            request.charged -= 1;
        }
        for (id, node) in &members {
            let Some(request) = self.requests.get_mut(id) else { continue };
            request.joined.remove(&build);
            if request.stopped {
                continue;
            }
            match ending {
                Ending::Built => self.done(*id, *node, true),
                // Whoever started it may have wanted less than others.
                Ending::AlreadyValid if !request.plan.nodes[*node].wanted.is_subset(&wanted) => {
                    self.make_ready(*id, *node);
                }
                Ending::AlreadyValid => self.done(*id, *node, false),
                Ending::Busy => {
                    request.status[*node] = Status::Delayed;
                    request.pending += 1;
                    self.effects.push(Effect::Delay { request: *id, node: *node });
                }
                // It broke limits that are not those of everybody.
                Ending::Failed(error)
                    if is_limit(error) && !same_limits(&options, &request.options) =>
                {
                    self.make_ready(*id, *node);
                }
                Ending::Failed(error) => self.fail(*id, *node, error.clone()),
            }
        }
        for (id, node) in next {
            if let Some(request) = self.requests.get_mut(&id).filter(|request| !request.stopped) {
                request.pending -= 1;
                self.make_ready(id, node);
            }
        }
        for id in members.iter().map(|(id, _)| *id).chain([charged]) {
            self.enqueue(id);
        }
        self.start_some();
        for (id, _) in members {
            self.finish_if_done(id);
        }
    }

    /// The delay of NODE of request ID is over.
    pub(crate) fn retry(&mut self, id: RequestId, node: usize) {
        let Some(request) = self.requests.get_mut(&id) else { return };
        if request.stopped || request.status[node] != Status::Delayed {
            return;
        }
        request.pending -= 1;
        self.make_ready(id, node);
        self.start_some();
    }

    /// Request ID wants nothing any more. [`Effect::Finished`] comes when what it alone wanted has
    /// ended.
    pub(crate) fn stop(&mut self, id: RequestId) {
        self.stop_quietly(id);
        self.start_some();
        self.finish_if_done(id);
    }

    fn stop_quietly(&mut self, id: RequestId) {
        let Some(request) = self.requests.get_mut(&id) else { return };
        if std::mem::replace(&mut request.stopped, true) {
            return;
        }
        request.pending = 0;
        let joined: Vec<BuildId> = request.joined.keys().copied().collect();
        let ready = std::mem::take(&mut request.ready);
        for key in ready.into_iter().map(|node| request.key(node)).collect::<Vec<_>>() {
            if let Some(waiting) = self.waiting.get_mut(&key) {
                waiting.retain(|(other, _)| *other != id);
                if waiting.is_empty() {
                    self.waiting.remove(&key);
                }
            }
        }
        for build_id in joined {
            let requests = &self.requests;
            let Some(build) = self.builds.get_mut(&build_id) else { continue };
            let mut others = build.members.iter().map(|(other, _)| *other);
            let heir = others
                .find(|o| *o != id && requests.get(o).is_some_and(|request| !request.stopped));
            let Some(heir) = heir else {
                if !std::mem::replace(&mut build.dying, true) {
                    self.effects.push(Effect::Kill { build: build_id });
                }
                continue;
            };
            build.members.retain(|(member, _)| *member != id);
            let was_charged = build.charged == id;
            if was_charged {
                build.charged = heir;
            }
            if let Some(request) = self.requests.get_mut(&id) {
                request.joined.remove(&build_id);
                request.charged -= usize::from(was_charged);
            }
            if was_charged && let Some(heir) = self.requests.get_mut(&heir) {
                heir.charged += 1;
            }
            self.effects.push(Effect::Leave { build: build_id, request: id });
        }
    }

    /// Nothing keeps NODE of request ID from being built any more.
    fn make_ready(&mut self, id: RequestId, node: usize) {
        let Some(request) = self.requests.get_mut(&id) else { return };
        let key = request.key(node);
        if let Some(build_id) = self.running.get(&key) {
            let build_id = *build_id;
            match self.builds.get_mut(&build_id) {
                Some(build) if build.dying => {
                    build.next.push((id, node));
                    request.status[node] = Status::Waiting;
                    request.pending += 1;
                }
                _ => self.join(build_id, id, node),
            }
            return;
        }
        request.status[node] = Status::Ready;
        request.pending += 1;
        request.ready.push_back(node);
        self.waiting.entry(key).or_default().push((id, node));
        self.enqueue(id);
    }

    fn join(&mut self, build_id: BuildId, id: RequestId, node: usize) {
        let (Some(build), Some(request)) =
            (self.builds.get_mut(&build_id), self.requests.get_mut(&id))
        else {
            return;
        };
        request.status[node] = Status::Joined;
        request.joined.insert(build_id, node);
        build.members.push((id, node));
        self.effects.push(Effect::Join { build: build_id, request: id });
    }

    /// Let the turn of request ID come, if it has something to do and may.
    fn enqueue(&mut self, id: RequestId) {
        if let Some(request) = self.requests.get_mut(&id)
            && !request.queued
            && !request.ready.is_empty()
            && request.charged < request.limit()
        {
            request.queued = true;
            self.turns.push_back(id);
        }
    }

    fn start_some(&mut self) {
        while self.builds.len() < self.max_jobs.unwrap_or(self.generous).max(1) {
            let Some(id) = self.turns.pop_front() else { return };
            let Some(request) = self.requests.get_mut(&id) else { continue };
            request.queued = false;
            if request.charged >= request.limit() {
                continue;
            }
            while let Some(node) = request.ready.pop_front() {
                if request.status[node] == Status::Ready {
                    self.start(id, node);
                    break;
                }
            }
            self.enqueue(id);
        }
    }

    fn start(&mut self, id: RequestId, node: usize) {
        let build_id = self.new_id();
        let Some(request) = self.requests.get_mut(&id) else { return };
        let key = request.key(node);
        request.status[node] = Status::Joined;
        request.pending -= 1;
        request.charged += 1;
        request.joined.insert(build_id, node);
        let build = Build {
            key: key.clone(),
            charged: id,
            wanted: request.plan.nodes[node].wanted.clone(),
            options: request.options.clone(),
            members: vec![(id, node)],
            dying: false,
            next: Vec::new(),
        };
        self.builds.insert(build_id, build);
        self.running.insert(key.clone(), build_id);
        self.effects.push(Effect::Start { build: build_id, request: id, node });
        for (other, node) in self.waiting.remove(&key).unwrap_or_default() {
            let request = self.requests.get_mut(&other).filter(|request| !request.stopped);
            if let Some(request) = request.filter(|r| r.status[node] == Status::Ready) {
                request.pending -= 1;
                self.join(build_id, other, node);
            }
        }
    }

    fn done(&mut self, id: RequestId, node: usize, built: bool) {
        if built {
            self.effects.push(Effect::Succeeded { request: id, node });
        }
        self.release(id, node, false);
    }

    fn fail(&mut self, id: RequestId, node: usize, error: Arc<Error>) {
        self.effects.push(Effect::Failed { request: id, node, error });
        let keep_going = self.requests.get(&id).is_some_and(|r| r.options.keep_going);
        if keep_going {
            self.release(id, node, true);
        } else {
            self.stop_quietly(id);
        }
    }

    /// NODE is done (or FAILED): let those who waited for it go on, or fail in turn.
    fn release(&mut self, id: RequestId, node: usize, failed: bool) {
        let mut done = vec![(node, failed)];
        let mut ready = Vec::new();
        let Some(request) = self.requests.get_mut(&id) else { return };
        while let Some((node, failed)) = done.pop() {
            request.left -= 1;
            request.status[node] = Status::Done;
            for dependent in &request.plan.nodes[node].dependents {
                let dependent = *dependent;
                request.waits_for[dependent] -= 1;
                request.failed_inputs[dependent] += usize::from(failed);
                if request.waits_for[dependent] > 0 {
                    continue;
                }
                let count = request.failed_inputs[dependent];
                if count == 0 {
                    ready.push(dependent);
                    continue;
                }
                let drv = self.layout.display(&request.plan.nodes[dependent].drv);
                let error = Arc::new(Error::Dependencies { drv, count });
                self.effects.push(Effect::Failed { request: id, node: dependent, error });
                done.push((dependent, true));
            }
        }
        for node in ready {
            self.make_ready(id, node);
        }
    }

    fn finish_if_done(&mut self, id: RequestId) {
        let Some(request) = self.requests.get(&id) else { return };
        if !request.joined.is_empty() {
            return;
        }
        if !request.stopped && request.left > 0 {
            if request.pending > 0 {
                return;
            }
            self.give_up(id);
        }
        let Some(request) = self.requests.remove(&id) else { return };
        if request.limit() == self.generous {
            self.generous = self.requests.values().map(Request::limit).max().unwrap_or(1);
        }
        self.effects.push(Effect::Finished { request: id });
    }

    /// Nothing of request ID is ready and nothing will be: derivations wait for each other.
    fn give_up(&mut self, id: RequestId) {
        let Some(request) = self.requests.get(&id) else { return };
        let nodes = &request.plan.nodes;
        let waiting: Vec<usize> =
            (0..nodes.len()).filter(|n| nodes[*n].needed && request.waits_for[*n] > 0).collect();
        let drvs = waiting.iter().map(|n| self.layout.display(&nodes[*n].drv)).collect();
        if let Some(node) = waiting.first() {
            let error = Arc::new(Error::Cycle { drvs });
            self.effects.push(Effect::Failed { request: id, node: *node, error });
        }
    }
}

/// Whether ERROR says that a build broke a limit that somebody else may not have set.
fn is_limit(error: &Error) -> bool {
    let limits =
        |outcome| matches!(outcome, Outcome::TimedOut | Outcome::Silent | Outcome::LogTooLong);
    matches!(error, Error::Builder { outcome, .. } if limits(*outcome))
        || matches!(error, Error::FailedBefore { .. } | Error::NoJobs { .. })
}

fn same_limits(one: &BuildOptions, other: &BuildOptions) -> bool {
    let limits = |o: &BuildOptions| {
        (o.timeout, o.max_silent, o.max_log_bytes, o.cache_failures, o.max_jobs == 0)
    };
    limits(one) == limits(other)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn drv(number: usize) -> StorePath {
        StorePath::from_base_name(&format!("{number:0>32}-n.drv")).unwrap()
    }

    /// A plan of nodes called by their numbers from FIRST on, with what each needs.
    fn plan(first: usize, needs: &[&[usize]]) -> Arc<Plan> {
        Arc::new(Plan::made_up(
            needs.iter().enumerate().map(|(n, needs)| (drv(first + n), needs.to_vec())).collect(),
        ))
    }

    fn queue(max_jobs: usize) -> Queue {
        let root = std::path::Path::new("/nowhere");
        Queue::new(Layout::embedded(root), Some(max_jobs))
    }

    fn options(max_jobs: usize) -> Arc<BuildOptions> {
        Arc::new(BuildOptions { max_jobs, ..BuildOptions::default() })
    }

    fn starts(effects: &[Effect]) -> Vec<(BuildId, RequestId, usize)> {
        let start = |effect: &Effect| match effect {
            Effect::Start { build, request, node } => Some((*build, *request, *node)),
            _ => None,
        };
        effects.iter().filter_map(start).collect()
    }

    fn admit(queue: &mut Queue, plan: Arc<Plan>, max_jobs: usize) -> RequestId {
        let id = queue.new_id();
        queue.admit(id, plan, options(max_jobs));
        id
    }

    fn finished(effects: &[Effect]) -> Vec<RequestId> {
        let request = |effect: &Effect| match effect {
            Effect::Finished { request } => Some(*request),
            _ => None,
        };
        effects.iter().filter_map(request).collect()
    }

    #[test]
    fn requests_take_turns() {
        let mut queue = queue(1);
        let big = admit(&mut queue, plan(0, &[&[] as &[usize]; 100]), 9);
        let small = admit(&mut queue, plan(1000, &[&[]]), 9);
        let first = starts(&queue.effects());
        assert_eq!(first.iter().map(|s| s.1).collect::<Vec<_>>(), [big]);
        queue.settle(first[0].0, &Ending::Built);
        let second = starts(&queue.effects());
        assert_eq!(second.iter().map(|s| s.1).collect::<Vec<_>>(), [big]);
        queue.settle(second[0].0, &Ending::Built);
        let third = starts(&queue.effects());
        assert_eq!(third.iter().map(|s| s.1).collect::<Vec<_>>(), [small]);
    }

    #[test]
    fn what_two_want_is_built_once_and_goes_on_without_the_first() {
        let mut queue = queue(4);
        let one = admit(&mut queue, plan(0, &[&[], &[0]]), 1);
        let two = admit(&mut queue, plan(0, &[&[]]), 1);
        let effects = queue.effects();
        let builds = starts(&effects);
        assert_eq!(builds.len(), 1);
        let build = builds[0].0;
        let joins = |e: &Effect| matches!(e, Effect::Join { build: b, request } if (*b, *request) == (build, two));
        assert!(effects.iter().any(joins), "{effects:?}");
        queue.stop(one);
        let effects = queue.effects();
        assert!(!effects.iter().any(|e| matches!(e, Effect::Kill { .. })), "{effects:?}");
        assert_eq!(finished(&effects), [one]);
        queue.settle(build, &Ending::Built);
        assert_eq!(finished(&queue.effects()), [two]);
        assert!(queue.requests.is_empty() && queue.builds.is_empty() && queue.waiting.is_empty());
    }

    #[test]
    fn who_comes_while_a_build_is_killed_gets_another() {
        let mut queue = queue(4);
        let one = admit(&mut queue, plan(0, &[&[]]), 1);
        let build = starts(&queue.effects())[0].0;
        queue.stop(one);
        assert!(matches!(queue.effects()[..], [Effect::Kill { .. }]));
        let two = admit(&mut queue, plan(0, &[&[]]), 1);
        assert!(queue.effects().is_empty());
        queue.settle(build, &Ending::Failed(Arc::new(Error::Cancelled)));
        let effects = queue.effects();
        assert_eq!(finished(&effects), [one]);
        let again = starts(&effects);
        assert_eq!((again.len(), again[0].1), (1, two));
        queue.settle(again[0].0, &Ending::Built);
        assert_eq!(finished(&queue.effects()), [two]);
    }

    #[test]
    fn limits_of_one_do_not_fail_the_other() {
        let mut queue = queue(4);
        let one = queue.new_id();
        let hasty =
            BuildOptions { timeout: Some(Duration::from_secs(1)), ..BuildOptions::default() };
        queue.admit(one, plan(0, &[&[]]), Arc::new(hasty));
        let two = admit(&mut queue, plan(0, &[&[]]), 1);
        let build = starts(&queue.effects())[0].0;
        let timeout = Error::Builder {
            drv: String::new(),
            outcome: Outcome::TimedOut,
            log_file: None,
            tail: Vec::new(),
            disk_full: false,
        };
        queue.settle(build, &Ending::Failed(Arc::new(timeout)));
        let effects = queue.effects();
        assert_eq!(finished(&effects), [one]);
        assert_eq!(starts(&effects)[0].1, two);
    }

    #[test]
    fn derivations_that_need_each_other_fail() {
        let mut queue = queue(1);
        let id = admit(&mut queue, plan(0, &[&[1], &[0]]), 1);
        let effects = queue.effects();
        let cycle = |e: &Effect| matches!(e, Effect::Failed { error, .. } if matches!(**error, Error::Cycle { .. }));
        assert!(effects.iter().any(cycle), "{effects:?}");
        assert_eq!(finished(&effects), [id]);
    }

    /// Ten thousand derivations, wanted by 64 at the same time: each is built once, and soon.
    #[test]
    fn ten_thousand() {
        const COUNT: usize = 10_000;
        let needs: Vec<Vec<usize>> =
            (0..COUNT).map(|n| (n.saturating_sub(3)..n).filter(|i| i % 2 == 0).collect()).collect();
        let needs: Vec<&[usize]> = needs.iter().map(Vec::as_slice).collect();
        let shared = plan(0, &needs);
        let start = Instant::now();
        let mut queue = queue(8);
        for _ in 0..64 {
            admit(&mut queue, shared.clone(), 4);
        }
        let (mut built, mut done, mut todo) = (0, 0, VecDeque::new());
        loop {
            let effects = queue.effects();
            todo.extend(starts(&effects));
            done += finished(&effects).len();
            let Some((build, ..)) = todo.pop_front() else { break };
            built += 1;
            queue.settle(build, &Ending::Built);
        }
        assert_eq!((built, done), (COUNT, 64));
        assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
        assert!(queue.waiting.is_empty() && queue.running.is_empty());
    }
}
