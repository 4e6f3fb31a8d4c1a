//! The deletion of a tenant, as every service does it that has something of tenants: noted once, done in batches, each a transaction, and
//! told to identity. A process that is killed leaves what it had done, and whichever runs next goes on there.

mod store;

use std::future::Future;
use std::time::Duration;

use contract::identity::v1::peer_service_client::PeerServiceClient;
use contract::identity::v1::{DeletedRows, ReportTenantDeletedRequest};
use time::Duration as Span;
use tokio::time::Instant;

use crate::clock::SharedClock;
use crate::database::{Database, DatabaseError};
use crate::error::chain;
use crate::peer::{Bounds, Peer};
use crate::subject::TenantId;
use crate::timestamp;
use crate::unit_of_work::{AuditEvent, UnitOfWork};

pub use store::{Deletion, begin, is_begun, of};

/// How many rows one transaction deletes: few enough that no call waits for long.
pub const ROWS_MAX: u32 = 1_000;

/// How often it is looked whether there is something to do.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// How long after a service has heard of it there may still be calls under way that began before: verifiers hear of it within 5 seconds, and
/// no change takes longer than 10. What these write is deleted too.
pub const SETTLED_AFTER: Span = Span::seconds(15);

/// How long identity may take to hear of it.
const ANSWER_MAX: Duration = Duration::from_secs(2);

/// What a service has of tenants.
pub trait Holdings: Send + Sync + 'static {
    /// Why something cannot be deleted.
    type Error: std::error::Error + From<DatabaseError> + Send;

    /// Deletes up to `rows_max` rows of a tenant in a unit of work; answers how many of which kind. None: there are no more.
    fn delete(
        &self,
        work: &mut UnitOfWork,
        tenant: &TenantId,
        rows_max: u32,
    ) -> impl Future<Output = Result<Vec<(&'static str, u64)>, Self::Error>> + Send;
}

/// Who deletes, for one service.
#[derive(Debug)]
pub struct Deleter<H> {
    /// The service's name.
    pub service: &'static str,
    /// Its database.
    pub database: Database,
    /// The time.
    pub clock: SharedClock,
    /// What it has.
    pub holdings: H,
    /// Whom to tell; identity itself tells nobody.
    pub identity: Option<Peer>,
}

impl<H: Holdings> Deleter<H> {
    /// Deletes what is to be deleted, for as long as the service runs.
    pub async fn run(self) {
        loop {
            if let Err(error) = self.look().await {
                tracing::warn!(error = chain(&error), "what a deleted tenant had is not all gone yet");
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    async fn look(&self) -> Result<(), H::Error> {
        for tenant in store::pending(&self.database).await? {
            while self.batch(&tenant).await? {}
        }
        if let Some(identity) = &self.identity {
            for (tenant, deletion) in store::unreported(&self.database).await? {
                self.report(identity, &tenant, deletion).await?;
            }
        }
        Ok(())
    }

    /// Deletes a batch; false if there is nothing to do just now.
    async fn batch(&self, tenant: &TenantId) -> Result<bool, H::Error> {
        let now = self.clock.now();
        let mut work = UnitOfWork::begin(&self.database, now).await?;
        // Another replica may be at it.
        let Some(begun_at) = store::lock(work.connection(), tenant).await? else { return Ok(false) };
        let mut counts = self.holdings.delete(&mut work, tenant, ROWS_MAX).await?;
        if counts.is_empty() {
            let remembered = store::delete_idempotency_keys(work.connection(), tenant, ROWS_MAX).await?;
            counts.extend((remembered > 0).then_some(("idempotency_key", remembered)));
        }
        let is_empty = counts.is_empty();
        if is_empty && now < begun_at + SETTLED_AFTER {
            return Ok(false);
        }
        if is_empty {
            store::finish(work.connection(), tenant, now).await?;
            tracing::info!(%tenant, "nothing of the deleted tenant is left");
        }
        store::count(work.connection(), tenant, &counts).await?;
        let action = format!("{}.tenant.{}", self.service, if is_empty { "emptied" } else { "rows_deleted" });
        let object = format!("tenant:{tenant}");
        work.commit(AuditEvent::of_service(&action, self.service, tenant.as_str(), object, now)).await?;
        Ok(!is_empty)
    }

    async fn report(&self, identity: &Peer, tenant: &TenantId, deletion: Deletion) -> Result<(), H::Error> {
        let rows = deletion.counts.into_iter().map(|(kind, count)| DeletedRows { kind, count }).collect();
        let done_at = deletion.done_at.map(timestamp::to_proto);
        let request = ReportTenantDeletedRequest { tenant_id: tenant.to_string(), done_at, rows };
        let deadline = Instant::now() + ANSWER_MAX;
        let bounds = Bounds { deadline, request_id: String::new(), tenant: None, trace: None };
        let told = identity
            .call(&bounds, request, |channel, request| async move {
                PeerServiceClient::new(channel).report_tenant_deleted(request).await
            })
            .await;
        match told {
            Ok(_) => Ok(store::note_reported(&self.database, tenant, self.clock.now()).await?),
            Err(error) => {
                tracing::warn!(%error, %tenant, "identity does not hear that nothing of the tenant is left");
                Ok(())
            }
        }
    }
}
