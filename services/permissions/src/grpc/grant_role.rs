//! Gives a subject of the caller's tenant a role that the caller holds.

use std::sync::Arc;

use chassis::{AuditEvent, Context, TenantId, UnitOfWork};
use contract::permissions::v1::{GrantRoleRequest, GrantRoleResponse};

use super::{references, roles};
use crate::Permissions;
use crate::domain::update::Update;
use crate::error::Error;
use crate::store::turn::Turn;

pub(crate) async fn grant_role(
    service: Arc<Permissions>,
    ctx: Context,
    request: GrantRoleRequest,
) -> Result<GrantRoleResponse, Error> {
    let tenant = references::writable_tenant(&ctx)?;
    let assignment = roles::assignment(request.assignment.as_ref())?;

    let mut work = UnitOfWork::begin(&service.database, ctx.now).await?;
    let mut turn = Turn::wait(work.connection()).await?;

    roles::must_hold(&ctx, assignment.role, &mut turn).await?;

    let update = Update::touch(assignment.relationship(tenant));
    let revision = turn.update(&TenantId::system(), vec![update]).await?;
    work.commit(AuditEvent::of(&ctx, format!("{}:{}", assignment.role.relation(), assignment.subject)))
        .await
        .map_err(Error::of_commit)?;
    service.index.wake();

    Ok(GrantRoleResponse { written_at: service.freshness.token(tenant, &revision) })
}
