//! Begins the deletion of a tenant: from here on nothing of it is believed, and the key to what is known of its people is gone.

use std::sync::Arc;

use chassis::subject::IdInvalid;
use chassis::{AuditEvent, Context, FieldInvalid, TenantId, UnitOfWork, deletion};
use contract::identity::v1::{DeleteTenantRequest, DeleteTenantResponse};

use super::{events, messages};
use crate::error::Thing;
use crate::store::tenants;
use crate::{Error, Identity};

pub(crate) async fn delete_tenant(
    service: Arc<Identity>,
    ctx: Context,
    request: DeleteTenantRequest,
) -> Result<DeleteTenantResponse, Error> {
    let id: TenantId = request.tenant_id.parse().map_err(|error: IdInvalid| error.at("tenant_id"))?;
    // Whoever could would lock everybody out of the installation.
    if id == *ctx.tenant() {
        return Err(FieldInvalid::new("tenant_id", "is the caller's own tenant").into());
    }

    let mut work = UnitOfWork::begin(&service.database, ctx.now).await?;

    if tenants::begin_deletion(work.connection(), &id, ctx.now).await? {
        deletion::begin(work.connection(), &id, ctx.now, ctx.now).await?;
        work.publish(&events::tenant_deleted(&id, ctx.now));
        work.commit(AuditEvent::of(&ctx, format!("tenant:{id}"))).await?;
    } else {
        drop(work);
    }

    let tenant = tenants::find(service.database.pool(), &id).await?.ok_or(Error::NotFound(Thing::Tenant))?;
    let deletion = service.deletion_of(&tenant).await?;
    Ok(DeleteTenantResponse { tenant: Some(messages::tenant_with(&tenant, deletion)) })
}
