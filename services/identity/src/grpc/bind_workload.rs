//! Binds a workload's name to a service account of any tenant.

use std::sync::Arc;

use chassis::{AuditEvent, Context, FieldInvalid, Subject, SubjectKind, UnitOfWork};
use contract::identity::v1::{BindWorkloadRequest, BindWorkloadResponse};

use super::{events, messages};
use crate::domain::scope::Scopes;
use crate::domain::workload::{SpiffeId, Workload, has_room};
use crate::error::Thing;
use crate::store::{tenants, workloads};
use crate::{Error, Identity};

pub(crate) async fn bind_workload(
    service: Arc<Identity>,
    ctx: Context,
    request: BindWorkloadRequest,
) -> Result<BindWorkloadResponse, Error> {
    let asked = request.workload.ok_or_else(|| FieldInvalid::new("workload", "is missing"))?;
    let spiffe_id = SpiffeId::read(&asked.spiffe_id, "workload.spiffe_id")?;
    let tenant =
        asked.tenant_id.parse().map_err(|error: chassis::subject::IdInvalid| error.at("workload.tenant_id"))?;
    let account = Subject::new(SubjectKind::ServiceAccount, &asked.service_account_id)
        .map_err(|error| error.at("workload.service_account_id"))?;
    let scopes = Scopes::read(&asked.scopes)?;
    let workload = Workload { spiffe_id, tenant, account, scopes, bound_at: ctx.now };

    let bound = workloads::find(service.database.pool(), &workload.spiffe_id).await?;

    if let Some(bound) = bound {
        // Bound as it is: it changes nothing, and leaves no event.
        return if bound.is_bound_like(&workload) { Ok(answer(&bound)) } else { Err(Error::WorkloadBound) };
    }
    let held = ctx.subject().map_or(&[][..], |caller| &caller.scopes);
    if let Some(scope) = workload.scopes.first_not_givable(held) {
        return Err(Error::ScopeNotHeld(scope.to_owned()));
    }

    let mut work = UnitOfWork::begin(&service.database, ctx.now).await?;
    let others = workloads::count_of_account(work.connection(), &workload.tenant, &workload.account).await?;
    has_room(others.ok_or(Error::NotFound(Thing::ServiceAccount))?)?;
    tenants::hold(work.connection(), &workload.tenant).await?;
    if !workloads::bind(work.connection(), &workload).await? {
        // Another call was faster.
        return Err(Error::WorkloadBound);
    }
    work.publish(&events::workload_bound(&workload));
    work.commit(AuditEvent::of(&ctx, format!("workload:{}", workload.spiffe_id.as_str()))).await?;

    Ok(answer(&workload))
}

fn answer(workload: &Workload) -> BindWorkloadResponse {
    BindWorkloadResponse { workload: Some(messages::workload(workload)) }
}
