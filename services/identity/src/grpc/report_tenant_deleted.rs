//! Notes what another service has deleted of a tenant.

use std::sync::Arc;

use chassis::context::Caller;
use chassis::subject::IdInvalid;
use chassis::{AuditEvent, Context, FieldInvalid, LimitExceeded, TenantId, UnitOfWork};
use contract::identity::v1::{ReportTenantDeletedRequest, ReportTenantDeletedResponse};

use super::messages;
use crate::error::Thing;
use crate::store::deletions;
use crate::{Error, Identity};

/// How many kinds of rows one report may have.
const KINDS_MAX: usize = 16;

pub(crate) async fn report_tenant_deleted(
    service: Arc<Identity>,
    ctx: Context,
    request: ReportTenantDeletedRequest,
) -> Result<ReportTenantDeletedResponse, Error> {
    let id: TenantId = request.tenant_id.parse().map_err(|error: IdInvalid| error.at("tenant_id"))?;
    let done_at = messages::read_time(request.done_at.as_ref(), "done_at")?
        .ok_or_else(|| FieldInvalid::new("done_at", "is missing"))?;
    let given = request.rows.len();
    if given > KINDS_MAX {
        let (max, given) = (KINDS_MAX as u64, given as u64);
        return Err(LimitExceeded { limit: "deleted_kinds_max", max, given }.into());
    }
    let peer = match &ctx.caller {
        Caller::Peer(peer) => peer.name,
        Caller::Nobody | Caller::Subject(_) => return Err(Error::CredentialInvalid),
    };

    let mut work = UnitOfWork::begin(&service.database, ctx.now).await?;

    let is_new = deletions::add_report(work.connection(), &id, peer, done_at, &request.rows).await?;
    match is_new {
        None => return Err(Error::NotFound(Thing::Tenant)),
        Some(false) => {}
        Some(true) => {
            let mut event = AuditEvent::of(&ctx, format!("tenant:{id}"));
            id.as_str().clone_into(&mut event.tenant);
            work.commit(event).await?;
        }
    }

    Ok(ReportTenantDeletedResponse {})
}
