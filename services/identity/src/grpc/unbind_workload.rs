//! Frees a workload's name.

use std::sync::Arc;

use chassis::{AuditEvent, Context, UnitOfWork};
use contract::identity::v1::{UnbindWorkloadRequest, UnbindWorkloadResponse};

use super::events;
use crate::domain::workload::SpiffeId;
use crate::store::workloads;
use crate::{Error, Identity};

pub(crate) async fn unbind_workload(
    service: Arc<Identity>,
    ctx: Context,
    request: UnbindWorkloadRequest,
) -> Result<UnbindWorkloadResponse, Error> {
    let spiffe_id = SpiffeId::read(&request.spiffe_id, "spiffe_id")?;

    let mut work = UnitOfWork::begin(&service.database, ctx.now).await?;
    let was_bound = workloads::unbind(work.connection(), &spiffe_id).await?;

    if was_bound {
        work.publish(&events::workload_unbound(&spiffe_id));
        work.commit(AuditEvent::of(&ctx, format!("workload:{}", spiffe_id.as_str()))).await?;
    }

    Ok(UnbindWorkloadResponse {})
}
