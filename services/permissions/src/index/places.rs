//! Places to work at, shared out so that no tenant's long questions keep another's from being answered.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chassis::TenantId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// From how many tenants on those who have nothing to do any more are forgotten.
const TENANTS_REMEMBERED: usize = 256;

/// Places. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    all: Arc<Semaphore>,
    /// How many places one tenant may have, or wait for before others: about half, so that whoever comes next waits for one
    /// question of another tenant, not for all of them.
    of_tenant_max: usize,
    by_tenant: Arc<Mutex<HashMap<TenantId, Arc<Semaphore>>>>,
}

/// A place, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    _one_of_all: OwnedSemaphorePermit,
    _one_of_tenant: OwnedSemaphorePermit,
}

impl Places {
    /// So many in all.
    pub(crate) fn new(count: usize) -> Self {
        Self { all: Arc::new(Semaphore::new(count)), of_tenant_max: count.div_ceil(2), by_tenant: Arc::default() }
    }

    /// Waits for a place: first among the tenant's own, then with all others.
    pub(crate) async fn take(&self, tenant: &TenantId) -> Place {
        let own = self.own(tenant);
        let one_of_tenant = own.acquire_owned().await.expect("places are never closed");
        let one_of_all = Arc::clone(&self.all).acquire_owned().await.expect("places are never closed");
        Place { _one_of_all: one_of_all, _one_of_tenant: one_of_tenant }
    }

    fn own(&self, tenant: &TenantId) -> Arc<Semaphore> {
        let mut by_tenant = self.by_tenant.lock().unwrap_or_else(PoisonError::into_inner);
        if by_tenant.len() >= TENANTS_REMEMBERED {
            // Whoever works or waits has a share in the semaphore.
            by_tenant.retain(|_, own| Arc::strong_count(own) > 1);
        }
        let new = || Arc::new(Semaphore::new(self.of_tenant_max));
        Arc::clone(by_tenant.entry(tenant.clone()).or_insert_with(new))
    }
}

#[cfg(test)]
mod tests {
    use futures::poll;

    use super::*;

    fn tenant(id: &str) -> TenantId {
        id.parse().unwrap()
    }

    #[tokio::test]
    async fn a_tenant_has_half_of_the_places_however_many_it_asks_for() {
        let places = Places::new(4);
        let storm = tenant("storm");
        let _working = (places.take(&storm).await, places.take(&storm).await);
        let mut waiting = Box::pin(places.take(&storm));
        assert!(poll!(&mut waiting).is_pending());
        let _others = (places.take(&tenant("calm")).await, places.take(&tenant("calm")).await);
    }

    #[tokio::test]
    async fn who_comes_next_is_not_behind_all_that_another_tenant_waits_for() {
        let places = Places::new(1);
        let (storm, calm) = (tenant("storm"), tenant("calm"));
        let working = places.take(&storm).await;
        let mut waiting: Vec<_> = (0..10).map(|_| Box::pin(places.take(&storm))).collect();
        for waiting in &mut waiting {
            assert!(poll!(waiting).is_pending());
        }
        let mut next = Box::pin(places.take(&calm));
        assert!(poll!(&mut next).is_pending());
        drop(working);
        next.await;
    }

    #[tokio::test]
    async fn tenants_that_have_nothing_to_do_are_forgotten() {
        let places = Places::new(1);
        for number in 0..1_000 {
            drop(places.take(&tenant(&format!("tenant-{number}"))).await);
        }
        assert!(places.by_tenant.lock().unwrap().len() <= TENANTS_REMEMBERED);
    }
}
