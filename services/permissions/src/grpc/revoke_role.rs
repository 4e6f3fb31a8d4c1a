//! Takes a role from a subject of the caller's tenant. The last administrator stays.

use std::sync::Arc;

use chassis::{AuditEvent, Context, TenantId, UnitOfWork};
use contract::permissions::v1::{RevokeRoleRequest, RevokeRoleResponse};

use super::{references, roles};
use crate::Permissions;
use crate::domain::role::Role;
use crate::domain::update::Update;
use crate::error::Error;
use crate::store;
use crate::store::turn::Turn;

pub(crate) async fn revoke_role(
    service: Arc<Permissions>,
    ctx: Context,
    request: RevokeRoleRequest,
) -> Result<RevokeRoleResponse, Error> {
    let tenant = references::writable_tenant(&ctx)?;
    let assignment = roles::assignment(request.assignment.as_ref())?;

    let mut work = UnitOfWork::begin(&service.database, ctx.now).await?;
    let mut turn = Turn::wait(work.connection()).await?;

    roles::must_hold(&ctx, assignment.role, &mut turn).await?;

    let update = Update::delete(assignment.relationship(tenant));
    let revision = turn.update(&TenantId::system(), vec![update]).await?;
    // Counted afterwards, in the same turn: a transaction that leaves none is dropped.
    if assignment.role == Role::Administrator && store::roles::administrators(turn.connection(), tenant).await? == 0 {
        return Err(Error::LastAdministrator);
    }
    work.commit(AuditEvent::of(&ctx, format!("{}:{}", assignment.role.relation(), assignment.subject)))
        .await
        .map_err(Error::of_commit)?;
    service.index.wake();

    Ok(RevokeRoleResponse { written_at: service.freshness.token(tenant, &revision) })
}
