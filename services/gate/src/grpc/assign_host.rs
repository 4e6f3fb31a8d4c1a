//! `HostService/AssignHost`: gives a host to a tenant.

use std::sync::Arc;

use chassis::{AuditEvent, Context, FieldInvalid, TenantId, UnitOfWork, deletion};
use contract::gate::v1::{AssignHostRequest, AssignHostResponse, Host};

use crate::Gate;
use crate::domain::host;
use crate::error::Error;
use crate::store::change::Changed;
use crate::store::hosts;

pub(crate) async fn assign_host(
    gate: Arc<Gate>,
    context: Context,
    request: AssignHostRequest,
) -> Result<AssignHostResponse, Error> {
    let Host { host, tenant_id } = request.host.ok_or_else(|| FieldInvalid::new("host", "is missing"))?;
    if !host::is_canonical(&host) {
        return Err(FieldInvalid::new("host.host", host::FORM).into());
    }
    let tenant: TenantId =
        tenant_id.parse().map_err(|error: chassis::subject::IdInvalid| error.at("host.tenant_id"))?;
    if tenant.is_system() {
        return Err(FieldInvalid::new("host.tenant_id", "is reserved").into());
    }

    if gate.table().is_own_host(&host) {
        return Err(Error::HostTaken { host });
    }
    let mut work = UnitOfWork::begin(&gate.database, context.now).await?;
    if deletion::is_begun(work.connection(), &tenant).await? {
        return Err(FieldInvalid::new("host.tenant_id", "is a tenant that was deleted").into());
    }
    let is_new = hosts::assign(work.connection(), &host, &tenant, context.now).await?;
    let owner = hosts::owner(work.connection(), &host).await?;

    if owner.as_deref() != Some(tenant.as_str()) {
        return Err(Error::HostTaken { host });
    }

    // Given to the same tenant again it changes nothing, and leaves no event.
    if is_new {
        work.publish(&Changed { tenant: tenant.to_string() });
        work.commit(AuditEvent::of(&context, format!("host:{host}"))).await?;
    }

    Ok(AssignHostResponse { host: Some(Host { host, tenant_id: tenant.to_string() }) })
}
