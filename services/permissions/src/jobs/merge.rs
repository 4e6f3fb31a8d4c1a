//! Folds what changed into the engines' bases, one tenant at a time, when a tenant has changed much.

use std::sync::Arc;
use std::time::Duration;

use chassis::clock::SharedClock;
use tokio::time::Instant;

use crate::index::Index;
use crate::index::tenant::Tenant;
use crate::metrics::IndexMetrics;
use crate::store::log::TenantKey;

/// How often the tenants are looked through.
const EVERY: Duration = Duration::from_secs(1);

/// A tenant with fewer changes than this is left alone.
const CHANGES_MIN: usize = 4_096;

/// The part of a tenant's relationships that must have changed: folding costs as much as the tenant is large.
const CHANGED_PART: usize = 32;

/// Looks after the bases.
#[derive(Debug)]
pub(crate) struct Merge {
    pub(crate) index: Arc<Index>,
    pub(crate) clock: SharedClock,
    pub(crate) metrics: IndexMetrics,
}

impl Merge {
    /// Folds for as long as the service runs.
    pub(crate) async fn run(self) {
        loop {
            tokio::time::sleep(EVERY).await;
            for tenant in self.look() {
                self.merge(tenant).await;
            }
        }
    }

    /// The tenants that have changed much.
    fn look(&self) -> Vec<TenantKey> {
        let (mut relationships, mut delta_relationships, mut due) = (0, 0, Vec::new());
        for (id, tenant) in self.index.tenants().iter() {
            relationships += tenant.snapshot().relationships();
            delta_relationships += tenant.snapshot().delta_relationships();
            if is_due(tenant) {
                due.push(id.clone());
            }
        }
        let revision = self.index.applied().map_or(0, |applied| applied.number);
        self.metrics.holds(revision, relationships, delta_relationships);
        let mut clock = self.index.clock();
        let here = std::time::Instant::now();
        if let (Some(silence), Some(there)) = (clock.age(here), clock.now(here)) {
            self.metrics.clock(silence, there - self.clock.now());
        }
        due
    }

    async fn merge(&self, tenant: TenantKey) {
        let (index, began) = (Arc::clone(&self.index), Instant::now());
        if let Err(error) = tokio::task::spawn_blocking(move || index.merge(&tenant)).await {
            std::panic::resume_unwind(error.into_panic());
        }
        self.metrics.merged(began.elapsed());
    }
}

fn is_due(tenant: &Tenant) -> bool {
    let snapshot = tenant.snapshot();
    snapshot.delta_relationships() >= CHANGES_MIN.max(snapshot.relationships() / CHANGED_PART)
}
