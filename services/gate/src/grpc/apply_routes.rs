//! `RouteService/ApplyRoutes`: replaces all routes of the caller's tenant, all or none.

use std::sync::Arc;

use chassis::{AuditEvent, Context, LimitExceeded, UnitOfWork};
use contract::gate::v1::{ApplyRoutesRequest, ApplyRoutesResponse};

use crate::Gate;
use crate::domain::policy;
use crate::error::Error;
use crate::messages;
use crate::store::change::Changed;
use crate::store::{hosts, routes};

pub(crate) async fn apply_routes(
    gate: Arc<Gate>,
    context: Context,
    request: ApplyRoutesRequest,
) -> Result<ApplyRoutesResponse, Error> {
    let given = request.routes.len();
    if given > gate.routes_max {
        return Err(LimitExceeded { limit: "routes_max", max: gate.routes_max as u64, given: given as u64 }.into());
    }
    let drafts: Vec<_> = request.routes.iter().map(messages::draft).collect();

    let tenant = context.tenant();
    let owned = hosts::of_tenant(&gate.database, tenant.as_str()).await?;
    let mut work = UnitOfWork::begin(&gate.database, context.now).await?;
    let in_force = routes::lock_version(work.connection(), tenant, context.now).await?;

    policy::read(&drafts, &owned).map_err(Error::of_faults)?;
    if let Some(expected) = request.expected_version.filter(|expected| *expected != in_force) {
        return Err(Error::VersionConflict { in_force, expected });
    }

    let version = in_force + 1;
    routes::replace(work.connection(), tenant, version, &request.routes, context.now).await?;
    work.publish(&Changed { tenant: tenant.to_string() });
    work.commit(AuditEvent::of(&context, format!("routes:{version}"))).await?;

    Ok(ApplyRoutesResponse { version })
}
