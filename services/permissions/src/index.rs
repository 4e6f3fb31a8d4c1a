//! Every tenant's schema and relationships in memory, as of a revision that all of them share.
//!
//! Readers take a [`View`] of one tenant, without a lock, from the [`life`] of the database that is followed; the tail
//! ([`crate::jobs::tail`]) is the only one who applies. A view never changes, and earlier ones are kept for a while
//! ([`window`]) for those who ask at an exact revision.

pub(crate) mod evaluator;
pub(crate) mod head_reads;
pub(crate) mod life;
mod lineages;
pub(crate) mod places;
pub(crate) mod tenant;
pub(crate) mod window;

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, PoisonError};

use arc_swap::ArcSwapOption;
use chassis::TenantId;
use graph::{Change, Engine, EngineOptions, Schema, Snapshot};
use tokio::sync::{Mutex, MutexGuard, Notify, watch};
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use crate::domain::clock::DatabaseClock;
use crate::domain::freshness::Sight;
use crate::domain::revision::{Point, Revision};
use crate::store::log::TenantKey;
use life::Life;
use tenant::{CompiledSchema, Tenant};
use window::WindowLimits;

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

/// Where the tail stands, between one step and the next.
#[derive(Debug)]
pub(crate) struct Standing {
    pub(crate) point: Point,
    /// What is applied up to here. Nobody sees it before [`Index::reached`] says that it is the database's history.
    pub(crate) life: Arc<Life>,
}

/// All tenants.
#[derive(Debug)]
pub(crate) struct Index {
    /// What is answered from.
    life: ArcSwapOption<Life>,
    applied: watch::Sender<Option<Revision>>,
    /// Where the tail stands; whoever has it, no step is taken.
    standing: Mutex<Option<Standing>>,
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

    /// The tenant as it is now; none while nothing is loaded.
    pub(crate) fn view(&self, tenant: &TenantId) -> Option<View> {
        self.life.load().as_ref().map(|life| life.view(tenant))
    }

    /// The tenant as it is now, and what this replica makes of a revision; none while nothing is loaded.
    pub(crate) fn look(&self, tenant: &TenantId, revision: &Revision) -> Option<(Sight, View)> {
        let life = self.life.load();
        let life = life.as_ref()?;
        let view = life.view(tenant);
        Some((life.sight(revision, &view.revision), view))
    }

    /// The tenant as it was at a revision that is covered; none if that is not kept any more.
    pub(crate) fn view_at(&self, tenant: &TenantId, revision: &Revision) -> Option<View> {
        let life = self.life.load();
        let life = life.as_ref()?;
        let is_covered = life.sight(revision, &life.view(tenant).revision) == Sight::Covered;
        if is_covered { life.view_at(tenant, revision) } else { None }
    }

    /// What is answered from; none while nothing is loaded.
    pub(crate) fn life(&self) -> Option<Arc<Life>> {
        self.life.load_full()
    }

    /// The schema in force of a tenant, if it has one.
    pub(crate) fn schema(&self, tenant: &TenantId) -> Option<Arc<CompiledSchema>> {
        self.life.load().as_ref()?.schema(tenant)
    }

    /// All tenants as they are now.
    pub(crate) fn tenants(&self) -> Arc<Tenants> {
        self.life.load().as_ref().map(|life| life.tenants()).unwrap_or_default()
    }

    /// Where the tail stands, for it to move on from.
    pub(crate) async fn standing(&self) -> MutexGuard<'_, Option<Standing>> {
        self.standing.lock().await
    }

    /// What is known of the database's clock.
    pub(crate) fn clock(&self) -> std::sync::MutexGuard<'_, DatabaseClock> {
        self.clock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All tenants at one point; none while nothing is loaded.
    pub(crate) async fn still(&self) -> Option<(Point, Still)> {
        let standing = self.standing.lock().await;
        let life = self.life()?;
        standing.as_ref().map(|standing| (standing.point, life.still()))
    }

    /// The revision that is applied; none while nothing is loaded.
    pub(crate) fn applied(&self) -> Option<Revision> {
        *self.applied.borrow()
    }

    /// Waits until this replica makes of a revision what is wanted, or is not in the life of the database any more in which
    /// the caller saw it; false if neither was by the deadline.
    pub(crate) async fn wait(
        &self,
        revision: &Revision,
        wanted: impl Fn(Sight) -> bool,
        seen: Uuid,
        deadline: Instant,
    ) -> bool {
        let mut applied = self.applied.subscribe();
        let is_there = |applied: &Revision| {
            let sight = || self.life.load().as_ref().map(|life| life.sight(revision, applied));
            applied.epoch != seen || sight().is_some_and(&wanted)
        };
        let waited = applied.wait_for(|applied| applied.as_ref().is_some_and(is_there));
        timeout_at(deadline, waited).await.is_ok_and(|waited| waited.is_ok())
    }

    /// Says that there is something to apply, so that the tail need not wait for its time.
    pub(crate) fn wake(&self) {
        self.behind.notify_one();
    }

    /// Rings when there is something to apply.
    pub(crate) async fn woken(&self) {
        self.behind.notified().await;
    }

    /// What was loaded, to stand on. Nobody sees it yet.
    pub(crate) fn stand(&self, point: Point, floor: u64, tenants: Tenants) -> Standing {
        Standing { point, life: Arc::new(Life::new(&point, floor, tenants, self.window_limits, self.options)) }
    }

    /// Says that everything up to where the tail stands is applied, and is the database's history: from now on it is answered
    /// from.
    pub(crate) fn reached(&self, standing: &Standing, floor: u64) {
        standing.life.reach(&standing.point, floor);
        if self.life.load().is_none() {
            self.life.store(Some(Arc::clone(&standing.life)));
        }
        self.applied.send_replace(Some(standing.point.revision()));
    }

    /// Answers from nothing any more, until something is reached again.
    pub(crate) fn withdraw(&self) {
        self.life.store(None);
        self.applied.send_replace(None);
    }

    /// Folds what changed of a tenant into its base. Takes seconds for a large one: not for a thread that serves calls.
    pub(crate) fn merge(&self, tenant: &TenantKey) {
        if let Some(life) = self.life() {
            life.merge(tenant);
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
