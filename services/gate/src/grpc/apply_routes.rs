//! `RouteService/ApplyRoutes`: replaces all routes of the caller's tenant, all or none.

use std::collections::HashSet;
use std::sync::Arc;

use chassis::{AuditEvent, Context, LimitExceeded, TenantId, UnitOfWork};
use contract::gate::v1::{ApplyRoutesRequest, ApplyRoutesResponse, Route};

use crate::Gate;
use crate::domain::policy::{self, PolicyRoute};
use crate::error::Error;
use crate::messages;
use crate::store::change::Changed;
use crate::store::{hosts, routes};

pub(crate) async fn apply_routes(
    gate: Arc<Gate>,
    context: Context,
    request: ApplyRoutesRequest,
) -> Result<ApplyRoutesResponse, Error> {
    let tenant = context.tenant();
    read_routes(&gate, tenant, &request.routes).await?;
    let mut work = UnitOfWork::begin(&gate.database, context.now).await?;
    let in_force = routes::lock_version(work.connection(), tenant, context.now).await?;
    if let Some(expected) = request.expected_version.filter(|expected| *expected != in_force) {
        return Err(Error::VersionConflict { in_force, expected });
    }

    let version = in_force + 1;
    routes::replace(work.connection(), tenant, version, &request.routes, context.now).await?;
    work.publish(&Changed { tenant: tenant.to_string() });
    work.commit(AuditEvent::of(&context, format!("routes:{version}"))).await?;

    Ok(ApplyRoutesResponse { version })
}

/// The hosts of a tenant, and its routes as they could be put in force.
pub(super) async fn read_routes(
    gate: &Gate,
    tenant: &TenantId,
    routes: &[Route],
) -> Result<(HashSet<String>, Vec<PolicyRoute>), Error> {
    let given = routes.len();
    if given > gate.routes_max {
        return Err(LimitExceeded { limit: "routes_max", max: gate.routes_max as u64, given: given as u64 }.into());
    }
    let drafts: Vec<_> = routes.iter().map(messages::draft).collect();
    let owned = hosts::of_tenant(&gate.database, tenant.as_str()).await?;
    let routes = policy::read(&drafts, &owned).map_err(Error::of_faults)?;
    Ok((owned, routes))
}
