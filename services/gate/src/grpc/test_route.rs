//! `RouteService/TestRoute`: what would be decided about a call that nobody makes.

use std::sync::Arc;

use chassis::{Context, Subject};
use contract::gate::v1::{TestRouteRequest, TestRouteResponse};

use crate::Gate;
use crate::decide::Call;
use crate::decide::supposed::suppose;
use crate::domain::caller::{Scopes, Who};
use crate::domain::request::RawRequest;
use crate::error::Error;

pub(crate) async fn test_route(
    gate: Arc<Gate>,
    context: Context,
    request: TestRouteRequest,
) -> Result<TestRouteResponse, Error> {
    let tenant = context.tenant();
    let subject = request.subject.as_ref().map(|subject| Subject::from_proto(Some(subject), "subject")).transpose()?;
    let who = subject.map(|subject| Who { tenant: tenant.clone(), subject, scopes: Scopes::Every });
    let raw = RawRequest { method: request.method, host: request.host, target: request.path, headers: Vec::new() };

    let supposed = suppose(&gate, &Call::of(&context), raw, tenant, who.as_ref()).await;

    Ok(TestRouteResponse {
        allowed: supposed.reason.is_none(),
        route: supposed.route,
        reason: supposed.reason.map(|reason| reason.name().to_owned()).unwrap_or_default(),
        required: supposed.required,
    })
}
