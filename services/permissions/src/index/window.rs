//! Earlier states, kept for a while for those who ask at an exact revision.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use graph::Snapshot;
use tokio::time::Instant;

use crate::store::log::TenantKey;

/// How much is kept: whichever is less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WindowLimits {
    /// Since the state was followed by another.
    pub(crate) age_max: Duration,
    /// Of all tenants together. Each shares with its neighbours all but what its own revision changed.
    pub(crate) snapshots_max: usize,
    /// Of all tenants together: what each state has for itself is as much as its revision changed.
    pub(crate) changes_max: usize,
}

/// A state that another followed.
#[derive(Debug)]
struct Superseded {
    /// The revision that brought the next.
    by: u64,
    tenant: TenantKey,
    snapshot: Arc<Snapshot>,
    /// How many relationships that revision changed.
    changes: usize,
    at: Instant,
}

#[derive(Debug)]
struct Kept {
    /// In the order of `by`.
    superseded: VecDeque<Superseded>,
    /// Of all of them.
    changes: usize,
    /// States of before were let go.
    floor: u64,
}

/// The earlier states of all tenants.
#[derive(Debug)]
pub(crate) struct Window {
    limits: WindowLimits,
    kept: Mutex<Kept>,
}

impl Window {
    /// A window that begins at a revision.
    pub(super) fn new(limits: WindowLimits, floor: u64) -> Self {
        Self { limits, kept: Mutex::new(Kept { superseded: VecDeque::new(), changes: 0, floor }) }
    }

    /// The state that a tenant was in at a revision, which another followed since; none if it was let go.
    pub(super) fn find(&self, tenant: &str, at: u64) -> Option<Arc<Snapshot>> {
        let kept = self.lock();
        if at < kept.floor {
            return None;
        }
        let later = kept.superseded.partition_point(|superseded| superseded.by <= at);
        let mut later = kept.superseded.range(later..);
        later.find(|superseded| superseded.tenant == tenant).map(|superseded| Arc::clone(&superseded.snapshot))
    }

    /// Keeps a state that a revision, later than all before, has superseded.
    pub(super) fn keep(&self, by: u64, tenant: &TenantKey, snapshot: Arc<Snapshot>, changes: usize, at: Instant) {
        let mut kept = self.lock();
        kept.superseded.push_back(Superseded { by, tenant: tenant.clone(), snapshot, changes, at });
        kept.changes += changes;
        while kept.superseded.len() > self.limits.snapshots_max || kept.changes > self.limits.changes_max {
            kept.drop_oldest();
        }
    }

    /// Lets go of what is too old.
    pub(super) fn let_go(&self, now: Instant) {
        let mut kept = self.lock();
        while kept.superseded.front().is_some_and(|oldest| now - oldest.at > self.limits.age_max) {
            kept.drop_oldest();
        }
    }

    /// Lets go of a tenant's states that rest on another base than these two. Whoever looks afterwards finds the tenant's floor
    /// raised to the revision before which none is left: `raise_floor` is called before anybody else can look.
    pub(super) fn keep_bases(&self, tenant: &str, bases: [&Snapshot; 2], raise_floor: impl FnOnce(u64)) {
        let mut kept = self.lock();
        let goes = |superseded: &Superseded| {
            superseded.tenant == tenant && !bases.iter().any(|base| superseded.snapshot.shares_base_with(base))
        };
        let all = std::mem::take(&mut kept.superseded);
        let (gone, stay): (VecDeque<_>, VecDeque<_>) = all.into_iter().partition(goes);
        kept.superseded = stay;
        kept.changes -= gone.iter().map(|superseded| superseded.changes).sum::<usize>();
        if let Some(by) = gone.iter().map(|superseded| superseded.by).max() {
            raise_floor(by);
        }
        // What they alone had is freed afterwards: it is much, and whoever keeps a state must not wait for that.
        drop(kept);
        drop(gone);
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn drop_oldest(&mut self) {
        if let Some(oldest) = self.superseded.pop_front() {
            self.floor = oldest.by;
            self.changes -= oldest.changes;
        }
    }
}
