//! One life of the database, as far as it was followed: all tenants' graphs, and the history that they are of.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use chassis::TenantId;
use graph::EngineOptions;
use tokio::time::Instant;
use uuid::Uuid;

use super::lineages::{FOLLOWED_MAX, Lineages};
use super::tenant::{CompiledSchema, Tenant};
use super::window::{Window, WindowLimits};
use super::{Deed, Still, Tenants, View, nothing};
use crate::domain::digest::Lineage;
use crate::domain::freshness::{Sight, sight};
use crate::domain::revision::{Point, Revision};
use crate::store::log::TenantKey;

/// A life of the database. One task applies; readers take views, without a lock.
#[derive(Debug)]
pub(crate) struct Life {
    epoch: Uuid,
    /// Every tenant is at least here. One that a later revision is about may be ahead for a moment.
    applied: AtomicU64,
    tenants: ArcSwap<Tenants>,
    window: Window,
    lineages: Lineages,
    options: EngineOptions,
}

impl Life {
    /// What was loaded, as of a point.
    pub(super) fn new(at: &Point, floor: u64, tenants: Tenants, limits: WindowLimits, options: EngineOptions) -> Self {
        Self {
            epoch: at.epoch,
            applied: AtomicU64::new(at.number),
            tenants: ArcSwap::from_pointee(tenants),
            window: Window::new(limits, at.number),
            lineages: Lineages::new(FOLLOWED_MAX, at.number, at.digest.lineage(), floor),
            options,
        }
    }

    /// The tenant as it is now.
    pub(super) fn view(&self, tenant: &TenantId) -> View {
        loop {
            // In this order: what is seen of the tenant below may be of a later revision, never of an earlier one.
            let applied = self.applied.load(Ordering::Acquire);
            let snapshot = match self.tenants.load().get(tenant.as_str()) {
                Some(tenant) => tenant.snapshot(),
                None => Arc::clone(nothing()),
            };
            let number = applied.max(snapshot.revision());
            // Known of whatever is applied, unless as much as there is room for was applied since.
            if let Some(lineage) = self.lineages.of(number) {
                let revision = Revision { epoch: self.epoch, number, lineage };
                return View { tenant: tenant.clone(), revision, snapshot };
            }
        }
    }

    /// The tenant as it was at a revision that this life covers; none if that is not kept any more.
    pub(super) fn view_at(&self, tenant: &TenantId, revision: &Revision) -> Option<View> {
        let now = self.view(tenant);
        if now.snapshot.revision() <= revision.number {
            return Some(View { revision: *revision, ..now });
        }
        let snapshot = self.window.find(tenant.as_str(), revision.number)?;
        // Afterwards: had the right state been let go before, a later one would have been found, and the floor raised by then.
        if self.tenant(tenant.as_str()).is_some_and(|tenant| tenant.floor() > revision.number) {
            return None;
        }
        Some(View { revision: *revision, snapshot, ..now })
    }

    /// What is to be made of a revision that somebody asks for who sees this state.
    pub(super) fn sight(&self, asked: &Revision, seen: &Revision) -> Sight {
        // Mostly it is what is seen, whose lineage was looked up already.
        let is_seen = asked.number == seen.number;
        let known = if is_seen { Some(seen.lineage) } else { self.lineages.of(asked.number) };
        sight(asked, seen, known, self.lineages.floor())
    }

    /// The revision that all tenants are at; none if as much as there is room for was applied while it was looked up.
    pub(crate) fn applied(&self) -> Option<Revision> {
        let number = self.applied.load(Ordering::Acquire);
        self.lineages.of(number).map(|lineage| Revision { epoch: self.epoch, number, lineage })
    }

    /// Notes what the database said of an older revision of this history, or that it cannot say.
    pub(crate) fn learn(&self, number: u64, lineage: Option<Lineage>, floor: u64) {
        self.lineages.raise_floor(floor);
        if let Some(lineage) = lineage {
            self.lineages.learn(number, lineage);
        }
    }

    pub(super) fn schema(&self, tenant: &TenantId) -> Option<Arc<CompiledSchema>> {
        self.tenant(tenant.as_str())?.schema()
    }

    pub(super) fn tenants(&self) -> Arc<Tenants> {
        self.tenants.load_full()
    }

    /// All tenants, while nothing is applied.
    pub(super) fn still(&self) -> Still {
        let tenants = self.tenants();
        let mut still: Still =
            tenants.iter().map(|(id, tenant)| (id.clone(), tenant.snapshot(), tenant.schema())).collect();
        still.sort_unstable_by(|(left, ..), (right, ..)| left.cmp(right));
        still
    }

    /// Applies a revision that comes after all that were. It is not waited for before [`Life::reach`] says so.
    pub(crate) fn apply(&self, tenant: &TenantKey, revision: u64, lineage: Lineage, deed: Deed) {
        let engine = self.tenant(tenant).unwrap_or_else(|| {
            let new = Arc::new(Tenant::empty(self.options));
            let mut tenants = Tenants::clone(&self.tenants.load());
            tenants.insert(tenant.clone(), Arc::clone(&new));
            self.tenants.store(Arc::new(tenants));
            new
        });
        // Both first: whoever sees the next state can say what it is of, and whoever wants this one finds it.
        self.lineages.follow(revision, lineage);
        let changes = match &deed {
            Deed::Changes(changes) => changes.len(),
            Deed::Schema(_) => 1,
        };
        self.window.keep(revision, tenant, engine.snapshot(), changes, Instant::now());
        engine.apply(revision, deed);
    }

    /// Says that everything up to a point is applied.
    pub(super) fn reach(&self, to: &Point, floor: u64) {
        self.lineages.follow(to.number, to.digest.lineage());
        self.lineages.raise_floor(floor);
        self.applied.store(to.number, Ordering::Release);
        self.window.let_go(Instant::now());
    }

    /// Folds what changed of a tenant into its base.
    pub(super) fn merge(&self, tenant: &TenantKey) {
        let Some(merging) = self.tenant(tenant) else { return };
        let before = merging.merge();
        // One older base may stay in memory for the window's sake, not more.
        self.window.keep_bases(tenant, [&before, &merging.snapshot()], |floor| merging.raise_floor(floor));
    }

    fn tenant(&self, id: &str) -> Option<Arc<Tenant>> {
        self.tenants.load().get(id).cloned()
    }
}
