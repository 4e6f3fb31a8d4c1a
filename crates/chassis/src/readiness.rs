//! When a service may be asked: once everything that it waits for at its start has come, and until it drains.
//!
//! It latches: a dependency that fails later does not take the service out, since that would empty the endpoints of all
//! replicas at once. Where an operator says that stale answers are worse than none, a service lets its latch fall again.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

/// Waited for until everything else that is waited for is known.
const START: &str = "start";

/// What a service waits for at its start. Clones share it.
#[derive(Clone, Debug)]
pub struct Readiness {
    waiting: Arc<Mutex<Vec<&'static str>>>,
    /// How many are waited for.
    left: Arc<watch::Sender<usize>>,
    ready: Arc<watch::Sender<bool>>,
}

/// One thing that a service waits for.
#[derive(Clone, Debug)]
pub struct Latch {
    name: &'static str,
    readiness: Readiness,
}

impl Default for Readiness {
    fn default() -> Self {
        let waiting = Arc::new(Mutex::new(vec![START]));
        Self { waiting, left: Arc::new(watch::Sender::new(1)), ready: Arc::new(watch::Sender::new(false)) }
    }
}

impl Readiness {
    /// Adds something to wait for. Only before the service serves.
    pub fn wait_for(&self, name: &'static str) -> Latch {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.push(name);
        self.left.send_replace(waiting.len());
        Latch { name, readiness: self.clone() }
    }

    /// What is still waited for.
    pub fn waiting(&self) -> Vec<&'static str> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether the service may be asked.
    pub fn is_ready(&self) -> bool {
        *self.ready.borrow()
    }

    /// Tells of each change.
    pub fn watch(&self) -> watch::Receiver<bool> {
        self.ready.subscribe()
    }

    /// Nothing more is added.
    pub(crate) fn seal(&self) {
        Latch { name: START, readiness: self.clone() }.set();
    }

    /// Not ready any more: the service drains.
    pub(crate) fn drain(&self) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push("drain");
        self.ready.send_replace(false);
    }
}

impl Latch {
    /// Waits until nothing else is waited for.
    pub(crate) async fn is_the_last(&self) {
        // Its sender is part of this latch.
        let _ = self.readiness.left.subscribe().wait_for(|left| *left <= 1).await;
    }

    /// It is waited for again: for what makes every answer useless while it lasts, and for that alone.
    pub fn fall(&self) {
        let mut waiting = self.readiness.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if !waiting.contains(&self.name) {
            tracing::warn!(of = self.name, "not ready any more");
            waiting.push(self.name);
            self.readiness.left.send_replace(waiting.len());
            self.readiness.ready.send_replace(false);
        }
    }

    /// It has come.
    pub fn set(&self) {
        let mut waiting = self.readiness.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let before = waiting.len();
        waiting.retain(|name| *name != self.name);
        self.readiness.left.send_replace(waiting.len());
        if waiting.is_empty() && before > 0 {
            tracing::info!("ready");
            self.readiness.ready.send_replace(true);
        }
    }
}
