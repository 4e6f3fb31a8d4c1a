//! Follows identity's feed: the chassis takes in keys and revocations, gate besides which API keys live, which workloads
//! are bound, and which tenants are deleted.

use std::sync::Arc;

use chassis::clock::SharedClock;
use chassis::feed::Follower;
use chassis::{AuditEvent, DatabaseError, TenantId, UnitOfWork, deletion, timestamp};
use contract::identity::v1::TenantDeleted;
use contract::identity::v1::event::Event;

use crate::Gate;

/// The action of the audit event.
const ACTION: &str = "gate.tenant.deletion_begun";

/// Follows for as long as the service runs.
pub(crate) async fn follow_identity(follower: Follower, gate: Arc<Gate>, clock: SharedClock) {
    let mut epoch = String::new();
    follower
        .run(|position, event| {
            // A restored identity tells everything anew.
            if position.epoch != epoch {
                epoch = position.epoch;
                gate.callers.api_keys.forget_known();
                gate.callers.workloads.forget_all();
            }
            let deleted = learn(&gate, event.event);
            let (gate, clock) = (Arc::clone(&gate), Arc::clone(&clock));
            async move {
                match deleted {
                    Some(deleted) => begin_deletion(&gate, &clock, &deleted).await,
                    None => Ok(()),
                }
            }
        })
        .await;
}

/// Takes in what stands in memory; answers the tenant that is deleted, if one is.
fn learn(gate: &Gate, event: Option<Event>) -> Option<TenantDeleted> {
    let (api_keys, workloads) = (&gate.callers.api_keys, &gate.callers.workloads);
    match event {
        Some(Event::ApiKeyCreated(created)) => api_keys.created(created),
        Some(Event::ApiKeyRevoked(revoked)) => api_keys.ended(&revoked),
        Some(Event::WorkloadBound(bound)) => workloads.bound(bound),
        Some(Event::WorkloadUnbound(unbound)) => workloads.unbound(&unbound),
        Some(Event::TenantDeleted(deleted)) => return Some(deleted),
        // Keys and the ends of tokens are the chassis' business, new tenants are permissions'; what is unknown comes from a newer identity.
        Some(
            Event::KeyPublished(_)
            | Event::TenantCreated(_)
            | Event::ClientCredentialRevoked(_)
            | Event::AccessTokenRevoked(_),
        )
        | None => {}
    }
    None
}

/// Forgets what was decided for the tenant, and notes that its hosts and routes are to go.
async fn begin_deletion(gate: &Gate, clock: &SharedClock, deleted: &TenantDeleted) -> Result<(), DatabaseError> {
    let now = clock.now();
    let Ok(tenant) = deleted.tenant_id.parse::<TenantId>() else {
        // Trying again would not help, and would hold up every event after it.
        tracing::error!("a deleted tenant of identity's cannot be read: left out");
        return Ok(());
    };
    gate.records.forget(&tenant);
    gate.shadow_reports.forget(&tenant);
    let asked_at = deleted.asked_at.as_ref().and_then(timestamp::from_proto).unwrap_or(now);
    let mut work = UnitOfWork::begin(&gate.database, now).await?;
    if deletion::begin(work.connection(), &tenant, asked_at, now).await? {
        let object = format!("tenant:{tenant}");
        work.commit(AuditEvent::of_service(ACTION, "gate", tenant.as_str(), object, now)).await?;
    }
    Ok(())
}
