//! Every tenant's schema and relationships in memory, as of a revision that all of them share.
//!
//! Readers take a [`View`] of one tenant, without a lock; the tail ([`crate::jobs::tail`]) is the only one who applies. A
//! view never changes, and earlier ones are kept for a while ([`window`]) for those who ask at an exact revision.

pub(crate) mod evaluator;
pub(crate) mod head_reads;
pub(crate) mod places;
pub(crate) mod tenant;
pub(crate) mod window;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, PoisonError};

use arc_swap::{ArcSwap, ArcSwapOption};
use chassis::TenantId;
use graph::{Change, Engine, EngineOptions, Schema, Snapshot};
use tokio::sync::{Mutex, MutexGuard, Notify, watch};
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use crate::domain::clock::DatabaseClock;
use crate::domain::revision::{Point, Revision};
use crate::store::log::TenantKey;
use tenant::{CompiledSchema, Tenant};
use window::{Window, WindowLimits};

/// All tenants' graphs by their ids.
pub(crate) type Tenants = HashMap<TenantKey, Arc<Tenant>>;

/// A tenant as it was at a revision.
#[derive(Clone, Debug)]
pub(crate) struct View {
    pub(crate) tenant: TenantId,
    pub(crate) revision: Revision,
    pub(crate) snapshot: Arc<Snapshot>,
}

/// All tenants as they were at one point, by their ids in order: for a file.
pub(crate) type Still = Vec<(TenantKey, Arc<Snapshot>, Option<Arc<CompiledSchema>>)>;

/// What one revision did to the one tenant that it is about.
#[derive(Clone, Debug)]
pub(crate) enum Deed {
    Changes(Vec<Change>),
    /// The new schema; none if this version cannot read it.
    Schema(Option<Arc<CompiledSchema>>),
}

/// One life of the database, as far as it was followed.
#[derive(Debug)]
struct Life {
    epoch: Uuid,
    /// Every tenant is at least here. One that a later revision is about may be ahead for a moment.
    applied: AtomicU64,
    tenants: ArcSwap<Tenants>,
    window: Window,
}

/// All tenants.
#[derive(Debug)]
pub(crate) struct Index {
    life: ArcSwapOption<Life>,
    applied: watch::Sender<Option<Revision>>,
    /// Where the index stands between one step of the tail and the next; whoever has it, no step is taken.
    standing: Mutex<Option<Point>>,
    clock: std::sync::Mutex<DatabaseClock>,
    behind: Notify,
    options: EngineOptions,
    window_limits: WindowLimits,
}

impl Index {
    /// Before anything was loaded. The seed is what the engines' hashes start from, and nobody else's to know.
    pub(crate) fn new(hash_seed: u64, window_limits: WindowLimits) -> Self {
        // What a tenant may hold is decided where it is written. What was written is followed, whatever it is.
        let options = EngineOptions { ids_max: u32::MAX as usize - 2, relationships_max: u32::MAX as usize, hash_seed };
        Self {
            life: ArcSwapOption::empty(),
            applied: watch::Sender::new(None),
            standing: Mutex::new(None),
            clock: std::sync::Mutex::default(),
            behind: Notify::new(),
            options,
            window_limits,
        }
    }

    /// What the engines of tenants are made with.
    pub(crate) fn options(&self) -> EngineOptions {
        self.options
    }

    /// The tenant as it is now; none before anything was loaded.
    pub(crate) fn view(&self, tenant: &TenantId) -> Option<View> {
        let life = self.life.load();
        let life = life.as_ref()?;
        // In this order: what is seen of the tenant below may be of a later revision, never of an earlier one.
        let applied = life.applied.load(Ordering::Acquire);
        let snapshot = match life.tenants.load().get(tenant.as_str()) {
            Some(tenant) => tenant.snapshot(),
            None => Arc::clone(nothing()),
        };
        let number = applied.max(snapshot.revision());
        Some(View { tenant: tenant.clone(), revision: Revision { epoch: life.epoch, number }, snapshot })
    }

    /// The tenant as it was at a revision that was applied; none if that is not kept any more.
    pub(crate) fn view_at(&self, tenant: &TenantId, revision: &Revision) -> Option<View> {
        let now = self.view(tenant)?;
        if !now.revision.covers(revision) {
            return None;
        }
        if now.snapshot.revision() <= revision.number {
            return Some(View { revision: *revision, ..now });
        }
        let life = self.life.load();
        let life = life.as_ref().filter(|life| life.epoch == revision.epoch)?;
        let floor = life.tenants.load().get(tenant.as_str()).map_or(0, |tenant| tenant.floor());
        let snapshot = life.window.find(tenant.as_str(), revision.number).filter(|_| floor <= revision.number)?;
        Some(View { revision: *revision, snapshot, ..now })
    }

    /// The schema in force of a tenant, if it has one.
    pub(crate) fn schema(&self, tenant: &TenantId) -> Option<Arc<CompiledSchema>> {
        self.life.load().as_ref()?.tenants.load().get(tenant.as_str())?.schema()
    }

    /// All tenants as they are now.
    pub(crate) fn tenants(&self) -> Arc<Tenants> {
        self.life.load().as_ref().map(|life| life.tenants.load_full()).unwrap_or_default()
    }

    /// Where the index stands, for the tail to move on from.
    pub(crate) async fn standing(&self) -> MutexGuard<'_, Option<Point>> {
        self.standing.lock().await
    }

    /// What is known of the database's clock.
    pub(crate) fn clock(&self) -> std::sync::MutexGuard<'_, DatabaseClock> {
        self.clock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All tenants at one point; none before anything was loaded.
    pub(crate) async fn still(&self) -> Option<(Point, Still)> {
        let standing = self.standing.lock().await;
        let point = (*standing)?;
        let tenants = self.tenants();
        let mut still: Still =
            tenants.iter().map(|(id, tenant)| (id.clone(), tenant.snapshot(), tenant.schema())).collect();
        drop(standing);
        still.sort_unstable_by(|(left, ..), (right, ..)| left.cmp(right));
        Some((point, still))
    }

    /// The revision that is applied; none before anything was loaded.
    pub(crate) fn applied(&self) -> Option<Revision> {
        *self.applied.borrow()
    }

    /// Waits until a revision is applied; false if that was not by the deadline.
    pub(crate) async fn reach(&self, revision: &Revision, deadline: Instant) -> bool {
        let mut applied = self.applied.subscribe();
        let reached = applied.wait_for(|applied| applied.is_some_and(|applied| applied.covers(revision)));
        timeout_at(deadline, reached).await.is_ok_and(|waited| waited.is_ok())
    }

    /// Says that there is something to apply, so that the tail need not wait for its time.
    pub(crate) fn wake(&self) {
        self.behind.notify_one();
    }

    /// Rings when there is something to apply.
    pub(crate) async fn woken(&self) {
        self.behind.notified().await;
    }

    /// Puts everything in place of what was there.
    pub(crate) fn load(&self, revision: Revision, tenants: Tenants) {
        let life = Life {
            epoch: revision.epoch,
            applied: AtomicU64::new(revision.number),
            tenants: ArcSwap::from_pointee(tenants),
            window: Window::new(self.window_limits, revision.number),
        };
        self.life.store(Some(Arc::new(life)));
        self.applied.send_replace(Some(revision));
    }

    /// Applies a revision that comes after all that were. It is not waited for before [`Index::reached`] says so.
    pub(crate) fn apply(&self, tenant: &TenantKey, revision: u64, deed: Deed) {
        let life = self.life.load();
        let life = life.as_ref().expect("there is nothing to move on from before the first load");
        let known = life.tenants.load().get(tenant).cloned();
        let engine = known.unwrap_or_else(|| {
            let new = Arc::new(Tenant::empty(self.options));
            let mut tenants = Tenants::clone(&life.tenants.load());
            tenants.insert(tenant.clone(), Arc::clone(&new));
            life.tenants.store(Arc::new(tenants));
            new
        });
        // Kept first: whoever sees the next state and wants this one finds it.
        life.window.keep(revision, tenant, engine.snapshot(), Instant::now());
        engine.apply(revision, deed);
    }

    /// Says that everything up to a number is applied.
    pub(crate) fn reached(&self, number: u64) {
        let life = self.life.load();
        let life = life.as_ref().expect("nothing that was loaded is ever taken away");
        life.applied.store(number, Ordering::Release);
        life.window.let_go(Instant::now());
        self.applied.send_replace(Some(Revision { epoch: life.epoch, number }));
    }

    /// Folds what changed of a tenant into its base. Takes seconds for a large one: not for a thread that serves calls.
    pub(crate) fn merge(&self, tenant: &TenantKey) {
        let life = self.life.load();
        let Some(life) = life.as_ref() else { return };
        let Some(merging) = life.tenants.load().get(tenant).cloned() else { return };
        let before = merging.merge();
        // One older base may stay in memory for the window's sake, not more.
        if let Some(floor) = life.window.keep_bases(tenant, [&before, &merging.snapshot()]) {
            merging.raise_floor(floor);
        }
    }
}

/// A graph without anything, under the empty schema, to which every type is unknown.
fn nothing() -> &'static Arc<Snapshot> {
    static NOTHING: LazyLock<Arc<Snapshot>> = LazyLock::new(|| {
        let empty = Engine::load(EngineOptions::default(), 0, no_schema(), []);
        empty.expect("nothing is below every cap").snapshot()
    });
    &NOTHING
}

/// What a tenant has before its first schema.
pub(crate) fn no_schema() -> Arc<Schema> {
    Arc::new(Schema::parse("").expect("the empty text is the empty schema"))
}

#[cfg(test)]
mod tests;
