//! `RouteService/GetShadowReport`: what the routes that only watch would have denied.

use std::sync::Arc;

use chassis::Context;
use contract::gate::v1::{GetShadowReportRequest, GetShadowReportResponse, ShadowedDenials, ShadowedRoute};

use crate::Gate;
use crate::decide::shadow::Seen;
use crate::error::Error;

pub(crate) async fn get_shadow_report(
    gate: Arc<Gate>,
    context: Context,
    GetShadowReportRequest {}: GetShadowReportRequest,
) -> Result<GetShadowReportResponse, Error> {
    let tenant = context.tenant();
    let version = gate.table().version_of(tenant);

    let report = gate.shadow_reports.of(tenant, version);

    let routes = report.routes.into_iter().map(|(route, seen)| shadowed(route, seen)).collect();
    Ok(GetShadowReportResponse { routes, version })
}

fn shadowed(route: String, Seen { allowed, denied }: Seen) -> ShadowedRoute {
    let denials = denied.into_iter().map(|(reason, denied)| ShadowedDenials {
        reason: reason.to_owned(),
        calls: denied.calls,
        decision_ids: denied.decision_ids,
    });
    ShadowedRoute { route, allowed, denials: denials.collect() }
}
