//! `DecisionService/ExplainDecision`: why a call was decided as it was.

use std::sync::Arc;

use chassis::{Context, timestamp};
use contract::gate::v1::{Decision, ExplainDecisionRequest, ExplainDecisionResponse};

use crate::Gate;
use crate::error::Error;

pub(crate) async fn explain_decision(
    gate: Arc<Gate>,
    context: Context,
    request: ExplainDecisionRequest,
) -> Result<ExplainDecisionResponse, Error> {
    let tenant = context.tenant();

    let record = gate.records.find(tenant, &request.decision_id, context.now).ok_or(Error::DecisionUnknown)?;

    let decision = Decision {
        id: record.id.clone(),
        decided_at: Some(timestamp::to_proto(record.decided_at)),
        method: record.method.clone(),
        host: record.host.clone(),
        path: record.path().to_owned(),
        route: record.route.as_ref().map(|(route, _)| route.name.clone()).unwrap_or_default(),
        version: record.version,
        caller: record.caller_of(tenant).map(|who| who.subject.to_string()).unwrap_or_default(),
        required: record.required(tenant),
        passed: record.passed,
        reason: record.denial.as_ref().map(|denial| denial.reason.name().to_owned()).unwrap_or_default(),
        detail: record.detail_for(tenant),
        // A token of the system's revisions opens nothing in the tenant's own.
        checked_at: record.checked_at.as_deref().filter(|_| record.version > 0).unwrap_or_default().to_owned(),
    };
    Ok(ExplainDecisionResponse { decision: Some(decision) })
}
