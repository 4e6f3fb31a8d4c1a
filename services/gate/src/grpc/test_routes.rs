//! `RouteService/TestRoutes`: what would be decided about calls, by the routes in force and by others.

use std::sync::Arc;

use chassis::{Context, LimitExceeded, TenantId};
use contract::gate::v1::{TestRouteRequest, TestRouteResponse, TestRoutesRequest, TestRoutesResponse, TestedCall};
use futures::stream::{self, StreamExt as _};

use super::apply_routes::read_routes;
use super::test_route::supposition;
use crate::Gate;
use crate::decide::Call;
use crate::decide::supposed::{Supposition, suppose};
use crate::domain::record::Record;
use crate::domain::table::Table;
use crate::error::Error;

/// How many calls are decided about at once.
const CALLS_MAX: usize = 200;

/// How many of them at the same time: a dry run must not crowd out the decisions that count.
const CONCURRENT_MAX: usize = 8;

pub(crate) async fn test_routes(
    gate: Arc<Gate>,
    context: Context,
    request: TestRoutesRequest,
) -> Result<TestRoutesResponse, Error> {
    let TestRoutesRequest { candidate, calls, recorded_max } = request;
    let given = calls.len().saturating_add(recorded_max as usize);
    if given > CALLS_MAX {
        return Err(LimitExceeded { limit: "tested_calls_max", max: CALLS_MAX as u64, given: given as u64 }.into());
    }
    let tenant = context.tenant();
    let today = gate.table();
    let candidate = match candidate {
        None => None,
        Some(candidate) => {
            let (owned, routes) = read_routes(&gate, tenant, &candidate.routes).await?;
            let mut table = Table::clone(&today);
            table.replace(tenant, today.version_of(tenant), &owned, routes);
            Some(table)
        }
    };
    let mut supposed = Vec::with_capacity(given);
    for call in calls {
        let supposition = supposition(&call, tenant)?;
        supposed.push((call, supposition, String::new()));
    }
    let records = gate.records.newest_first(tenant, context.now, recorded_max as usize);
    supposed.extend(records.iter().filter_map(|record| recorded(record, tenant)));

    let call = Call::of(&context);
    let (gate, today, candidate, call) = (&gate, today.as_ref(), candidate.as_ref(), &call);
    let tested = stream::iter(supposed).map(|(tested, supposition, decision_id)| async move {
        let by = async |table| -> TestRouteResponse { suppose(gate, call, table, &supposition, tenant).await.into() };
        let answer = by(today).await;
        let candidate = match candidate {
            Some(table) => Some(by(table).await),
            None => None,
        };
        TestedCall { call: Some(tested), today: Some(answer), candidate, decision_id }
    });
    let calls = tested.buffered(CONCURRENT_MAX).collect().await;
    Ok(TestRoutesResponse { calls, version: today.version_of(tenant) })
}

/// The recorded call, as its caller made it. What people of another tenant did is decided by nobody's name.
fn recorded(record: &Record, tenant: &TenantId) -> Option<(TestRouteRequest, Supposition, String)> {
    let raw = record.request()?;
    let call = TestRouteRequest {
        host: raw.host.clone(),
        method: raw.method.clone(),
        path: raw.target.clone(),
        subject: record.caller_of(tenant).map(|who| who.subject.to_proto()),
    };
    let caller = record.caller.clone();
    let (who, kind) = caller.map_or((None, None), |(who, kind)| (Some(who), Some(kind)));
    Some((call, Supposition { raw, who, kind }, record.id.clone()))
}
