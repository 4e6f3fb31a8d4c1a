//! Envoy's contract, `envoy.service.auth.v3`: an adapter over the one decision, in both directions.
//!
//! This is the only file that may name `CheckResponse`: one that is left as it is made means that the call may pass. Here it is
//! made from a decision, and from nothing else.

mod answer;
mod attributes;
mod grpc_details;

use std::sync::Arc;

use chassis::{Context, call};
use envoy_types::pb::envoy::service::auth::v3::authorization_server::Authorization;
use envoy_types::pb::envoy::service::auth::v3::{CheckRequest, CheckResponse};
use tonic::{Request, Response, Status};

use crate::Gate;
use crate::decide::{Call, decide};
use crate::domain::decision::Decision;
use crate::error::Error;

/// What Envoy asks.
#[derive(Clone, Debug)]
pub(crate) struct ExtAuthz(pub(crate) Arc<Gate>);

#[tonic::async_trait]
impl Authorization for ExtAuthz {
    async fn check(&self, request: Request<CheckRequest>) -> Result<Response<CheckResponse>, Status> {
        call::unary(&self.0, request, check).await
    }
}

/// Never fails: whatever Envoy sends, the answer is a decision.
async fn check(gate: Arc<Gate>, context: Context, request: CheckRequest) -> Result<CheckResponse, Error> {
    let raw = attributes::read(request);
    // A tenant's own Envoy, by the name in its certificate; the gateway has none.
    let call = Call::of(&context).bound_to(context.tenant);
    let decision = decide(&gate, &call, raw).await;
    Ok(respond(&decision))
}

fn respond(decision: &Decision) -> CheckResponse {
    CheckResponse {
        status: Some(answer::status(decision)),
        dynamic_metadata: Some(answer::metadata(decision)),
        http_response: Some(answer::http(decision)),
    }
}

#[cfg(test)]
mod tests;
