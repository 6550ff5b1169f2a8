// SPDX-License-Identifier: GPL-3.0-or-later
//! Ending builds from elsewhere: Ctrl-C, or a client that went away.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use fruix_sandbox::KillHandle;

use crate::error::{Error, Result};

/// A switch that is turned once. Clones are the same switch.
#[derive(Debug, Clone, Default)]
pub struct Cancellation(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    cancelled: AtomicBool,
    running: Mutex<Running>,
}

#[derive(Debug, Default)]
struct Running {
    next: u64,
    handles: HashMap<u64, KillHandle>,
}

impl Cancellation {
    /// A switch that is not turned yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Kill all builds that heed this, and start no more. Not for signal handlers: it takes a lock.
    pub fn cancel(&self) {
        self.0.cancelled.store(true, Ordering::SeqCst);
        let handles: Vec<KillHandle> = self.lock().handles.values().cloned().collect();
        for handle in handles {
            handle.kill();
        }
    }

    /// Whether [`Cancellation::cancel`] has been called.
    pub fn is_cancelled(&self) -> bool {
        self.0.cancelled.load(Ordering::SeqCst)
    }

    pub(crate) fn check(&self) -> Result<()> {
        if self.is_cancelled() { Err(Error::Cancelled) } else { Ok(()) }
    }

    /// Let HANDLE be killed upon cancellation (at once, if that was before), until the result is
    /// dropped.
    pub(crate) fn watch(&self, handle: KillHandle) -> Watch {
        let mut running = self.lock();
        let number = running.next;
        running.next += 1;
        running.handles.insert(number, handle.clone());
        drop(running);
        // Whoever cancels after this sees the handle; whoever did before is seen here.
        if self.is_cancelled() {
            handle.kill();
        }
        Watch { owner: self.clone(), number }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Running> {
        self.0.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) struct Watch {
    owner: Cancellation,
    number: u64,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.owner.lock().handles.remove(&self.number);
    }
}
