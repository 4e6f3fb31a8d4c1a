//! `RouteService/TestRoute`: what would be decided about a call that nobody makes.

use std::sync::Arc;

use chassis::{Context, Subject, TenantId};
use contract::gate::v1::{TestRouteRequest, TestRouteResponse};

use crate::Gate;
use crate::decide::Call;
use crate::decide::supposed::{Supposed, Supposition, suppose};
use crate::domain::caller::{Scopes, Who};
use crate::domain::request::RawRequest;
use crate::error::Error;

pub(crate) async fn test_route(
    gate: Arc<Gate>,
    context: Context,
    request: TestRouteRequest,
) -> Result<TestRouteResponse, Error> {
    let tenant = context.tenant();
    let supposition = supposition(&request, tenant)?;

    Ok(suppose(&gate, &Call::of(&context), &gate.table(), &supposition, tenant).await.into())
}

/// The call that would be made, by somebody with every scope and any kind of credential.
pub(super) fn supposition(request: &TestRouteRequest, tenant: &TenantId) -> Result<Supposition, Error> {
    let subject = request.subject.as_ref().map(|subject| Subject::from_proto(Some(subject), "subject")).transpose()?;
    let who = subject.map(|subject| Who { tenant: tenant.clone(), subject, scopes: Scopes::Every });
    let TestRouteRequest { host, method, path, .. } = request.clone();
    Ok(Supposition { raw: RawRequest { method, host, target: path, ..RawRequest::default() }, who, kind: None })
}

impl From<Supposed> for TestRouteResponse {
    fn from(supposed: Supposed) -> Self {
        Self {
            allowed: supposed.passes,
            route: supposed.route,
            reason: supposed.reason.map(|reason| reason.name().to_owned()).unwrap_or_default(),
            required: supposed.required,
        }
    }
}
