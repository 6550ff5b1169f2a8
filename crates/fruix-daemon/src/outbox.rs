// SPDX-License-Identifier: GPL-3.0-or-later
//! From the threads that build to the clients that want to know: [`Message`]s, which are events that own
//! what they tell, in an [`Outbox`] per request.
//!
//! A client that reads slowly must hold up neither the build nor other clients, and must not make memory
//! grow: when too much of a log waits for it, the rest is left out for it, and it is told so. (The whole log
//! is in the log file.)

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fruix_core::StorePath;
use fruix_fetch::Progress;
use fruix_protocol::BuildMode;

use crate::error::Error;
use crate::events::{Event, Observer};
use crate::graph::Plan;

/// How many bytes of logs may wait for one client.
const LONGEST_WAIT: usize = 8 << 20;
/// How many bytes of a build's log are kept for those who join it later.
const LONGEST_HISTORY: usize = 1 << 20;

/// A derivation, by whose plan it is built.
#[derive(Debug, Clone)]
pub(crate) struct Task {
    pub(crate) plan: Arc<Plan>,
    pub(crate) node: usize,
}

impl Task {
    pub(crate) fn drv(&self) -> &StorePath {
        &self.plan.nodes[self.node].drv
    }
}

/// An [`Event`], or what concerns the request alone.
#[derive(Debug)]
pub(crate) enum Message {
    Started {
        task: Task,
        mode: BuildMode,
        round: u32,
        rounds: u32,
        log_file: Option<PathBuf>,
    },
    Running {
        drv: StorePath,
        pid: u32,
    },
    Log {
        drv: StorePath,
        bytes: Vec<u8>,
    },
    Trying {
        drv: StorePath,
        place: String,
    },
    Advanced {
        drv: StorePath,
        place: String,
        received: u64,
        total: Option<u64>,
    },
    NotFrom {
        drv: StorePath,
        place: String,
        reason: fruix_fetch::Reason,
    },
    Complete {
        drv: StorePath,
        place: String,
        size: u64,
    },
    Kept {
        drv: StorePath,
        directory: PathBuf,
    },
    Succeeded {
        drv: StorePath,
    },
    Failed {
        drv: StorePath,
        error: Arc<Error>,
    },
    /// Another process builds this node; ask again in a while.
    Delayed {
        drv: StorePath,
        node: usize,
    },
    /// Nothing is left to do.
    Finished,
}

impl Message {
    /// The message for EVENT, which happens in the build of TASK; none if EVENT does not come from there.
    pub(crate) fn from_build(task: &Task, event: &Event<'_>) -> Option<Message> {
        let own = |drv: &StorePath| drv.clone();
        Some(match event {
            Event::Started { mode, round, rounds, log_file, .. } => Message::Started {
                task: task.clone(),
                mode: *mode,
                round: *round,
                rounds: *rounds,
                log_file: log_file.map(PathBuf::from),
            },
            Event::Running { drv, pid } => Message::Running { drv: own(drv), pid: *pid },
            Event::Log { drv, bytes } => Message::Log { drv: own(drv), bytes: bytes.to_vec() },
            Event::Download { drv, progress } => {
                let drv = own(drv);
                let own = |place: &str| place.to_owned();
                match progress {
                    Progress::Trying { place } => Message::Trying { drv, place: own(place) },
                    Progress::Advanced { place, received, total } => {
                        let (received, total) = (*received, *total);
                        Message::Advanced { drv, place: own(place), received, total }
                    }
                    Progress::Failed { place, reason } => {
                        Message::NotFrom { drv, place: own(place), reason: (*reason).clone() }
                    }
                    Progress::Complete { place, size } => {
                        Message::Complete { drv, place: own(place), size: *size }
                    }
                    _ => return None,
                }
            }
            Event::Kept { drv, directory } => {
                Message::Kept { drv: own(drv), directory: directory.to_path_buf() }
            }
            Event::Planned { .. }
            | Event::Waiting { .. }
            | Event::Succeeded { .. }
            | Event::Failed { .. } => return None,
        })
    }

    /// Tell OBSERVER, if it is an event.
    pub(crate) fn tell(&self, observer: &dyn Observer) {
        let download = |drv, progress| observer.event(Event::Download { drv, progress });
        match self {
            Message::Started { task, mode, round, rounds, log_file } => {
                let derivation = &task.plan.nodes[task.node].derivation;
                observer.event(Event::Started {
                    drv: task.drv(),
                    derivation,
                    mode: *mode,
                    round: *round,
                    rounds: *rounds,
                    log_file: log_file.as_deref(),
                });
            }
            Message::Running { drv, pid } => observer.event(Event::Running { drv, pid: *pid }),
            Message::Log { drv, bytes } => observer.event(Event::Log { drv, bytes }),
            Message::Trying { drv, place } => download(drv, Progress::Trying { place }),
            Message::Advanced { drv, place, received, total } => {
                download(drv, Progress::Advanced { place, received: *received, total: *total });
            }
            Message::NotFrom { drv, place, reason } => {
                download(drv, Progress::Failed { place, reason });
            }
            Message::Complete { drv, place, size } => {
                download(drv, Progress::Complete { place, size: *size });
            }
            Message::Kept { drv, directory } => observer.event(Event::Kept { drv, directory }),
            Message::Succeeded { drv } => observer.event(Event::Succeeded { drv }),
            Message::Failed { drv, error } => observer.event(Event::Failed { drv, error }),
            Message::Delayed { .. } | Message::Finished => {}
        }
    }

    /// How many bytes it holds that can be left out.
    fn weight(&self) -> usize {
        match self {
            Message::Log { bytes, .. } => bytes.len(),
            Message::Advanced { place, .. } => place.len(),
            _ => 0,
        }
    }
}

#[derive(Debug, Default)]
struct Waiting {
    messages: VecDeque<Arc<Message>>,
    bytes: usize,
    /// How much of which log was left out since the last message.
    left_out: Option<(StorePath, usize)>,
    woken: bool,
}

/// The messages that wait for a request.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

impl Outbox {
    /// Add MESSAGE, or leave it out if too much is waiting already.
    pub(crate) fn push(&self, message: Arc<Message>) {
        let mut waiting = self.lock();
        let weight = message.weight();
        if weight > 0 && waiting.bytes + weight > LONGEST_WAIT {
            if let Message::Log { drv, .. } = &*message {
                let so_far = match waiting.left_out.take() {
                    Some((other, bytes)) if other == *drv => bytes,
                    Some((other, bytes)) => {
                        waiting.messages.push_back(gap(other, bytes));
                        0
                    }
                    None => 0,
                };
                waiting.left_out = Some((drv.clone(), so_far + weight));
            }
            return;
        }
        if let Some((drv, bytes)) = waiting.left_out.take() {
            waiting.messages.push_back(gap(drv, bytes));
        }
        waiting.bytes += weight;
        waiting.messages.push_back(message);
        drop(waiting);
        self.changed.notify_all();
    }

    /// End a [`Outbox::wait`].
    pub(crate) fn wake(&self) {
        self.lock().woken = true;
        self.changed.notify_all();
    }

    /// All messages in their order; none after TIMEOUT, or when woken.
    pub(crate) fn wait(&self, timeout: Option<Duration>) -> VecDeque<Arc<Message>> {
        let mut waiting = self.lock();
        if waiting.messages.is_empty() && !waiting.woken {
            let ready = |waiting: &mut Waiting| waiting.messages.is_empty() && !waiting.woken;
            waiting = match timeout {
                Some(timeout) => match self.changed.wait_timeout_while(waiting, timeout, ready) {
                    Ok((waiting, _)) => waiting,
                    Err(poisoned) => poisoned.into_inner().0,
                },
                None => {
                    self.changed.wait_while(waiting, ready).unwrap_or_else(PoisonError::into_inner)
                }
            };
        }
        waiting.woken = false;
        waiting.bytes = 0;
        std::mem::take(&mut waiting.messages)
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn gap(drv: StorePath, bytes: usize) -> Arc<Message> {
    let text = format!("\n[{bytes} bytes are left out here; the log file has them]\n");
    Arc::new(Message::Log { drv, bytes: text.into_bytes() })
}

/// What has happened in a build so far, for those who join it, and those who want to know what will.
#[derive(Debug, Default)]
pub(crate) struct Board {
    /// Everything but the log.
    notes: Vec<Arc<Message>>,
    log: VecDeque<Arc<Message>>,
    log_bytes: usize,
    listeners: Vec<(u64, Arc<Outbox>)>,
}

impl Board {
    /// Tell everybody MESSAGE.
    pub(crate) fn post(&mut self, message: Message) {
        let message = Arc::new(message);
        for (_, outbox) in &self.listeners {
            outbox.push(message.clone());
        }
        match &*message {
            Message::Log { bytes, .. } => {
                self.log_bytes += bytes.len();
                self.log.push_back(message);
                while self.log_bytes > LONGEST_HISTORY {
                    let Some(first) = self.log.pop_front() else { break };
                    self.log_bytes -= first.weight();
                }
            }
            // The log of a round takes the place of the last one's.
            Message::Started { .. } => {
                self.notes = vec![message];
                self.log.clear();
                self.log_bytes = 0;
            }
            Message::Advanced { .. } => {}
            _ => self.notes.push(message),
        }
    }

    /// Tell OUTBOX of request ID what has happened, and what will.
    pub(crate) fn join(&mut self, id: u64, outbox: Arc<Outbox>) {
        for message in self.notes.iter().chain(&self.log) {
            outbox.push(message.clone());
        }
        self.listeners.push((id, outbox));
    }

    /// Tell request ID nothing any more.
    pub(crate) fn leave(&mut self, id: u64) {
        self.listeners.retain(|(listener, _)| *listener != id);
    }

    /// How many want to know.
    pub(crate) fn listeners(&self) -> usize {
        self.listeners.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(text: &[u8]) -> Arc<Message> {
        let drv = StorePath::from_base_name(&format!("{}-x.drv", "0".repeat(32))).unwrap();
        Arc::new(Message::Log { drv, bytes: text.to_vec() })
    }

    #[test]
    fn a_slow_reader_gets_a_note_instead_of_too_much() {
        let outbox = Outbox::default();
        let piece = vec![b'x'; LONGEST_WAIT / 4];
        for _ in 0..10 {
            outbox.push(log(&piece));
        }
        outbox.push(Arc::new(Message::Finished));
        let got = outbox.wait(None);
        assert_eq!(got.len(), 4 + 1 + 1);
        let Message::Log { bytes, .. } = &*got[4] else { panic!("{:?}", got[4]) };
        assert!(String::from_utf8_lossy(bytes).contains(&(6 * piece.len()).to_string()));
        // Once it has read, it gets everything again.
        outbox.push(log(b"more"));
        assert_eq!(outbox.wait(None).len(), 1);
        assert!(outbox.wait(Some(Duration::from_millis(1))).is_empty());
    }
}
