//! The decision about a call: reads the request, finds its route, learns who is calling, asks whether they may, and signs what it
//! found. Every way out is a decision; there is no other.

pub(crate) mod api_keys;
pub(crate) mod assertions;
pub(crate) mod caller;
mod conversations;
pub(crate) mod metrics;
pub(crate) mod permissions;
pub(crate) mod supposed;

use std::time::Duration;

use chassis::Context;
use chassis::auth::API_KEY_PREFIX;
use chassis::peer::Bounds;
use contract::header;
use time::OffsetDateTime;
use tokio::time::Instant;

use crate::Gate;
use crate::domain::caller::Caller;
use crate::domain::credential::{API_KEY, AUTHORIZATION, Shown};
use crate::domain::decision::{Allowed, Decision, Outcome};
use crate::domain::denial::Denial;
use crate::domain::request::{RawRequest, Request, looks_like_grpc};
use crate::domain::route::CallerRequirement;
use crate::domain::table::Found;

/// How long before its own deadline gate stops waiting for others, so that it can still say that it could not decide.
const ANSWERING: Duration = Duration::from_millis(50);

/// What a decision may know besides the request.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) now: OffsetDateTime,
    pub(crate) deadline: Instant,
    pub(crate) request_id: String,
}

impl Call {
    /// The call in `context`.
    pub(crate) fn of(context: &Context) -> Self {
        let deadline = context.deadline.checked_sub(ANSWERING).unwrap_or(context.deadline);
        Self { now: context.now, deadline, request_id: context.request_id.as_ref().to_owned() }
    }

    /// The bounds of a call to another service.
    pub(crate) fn bounds(&self, tenant: Option<String>) -> Bounds {
        Bounds { deadline: self.deadline, request_id: self.request_id.clone(), tenant }
    }
}

/// Decides about a request, whatever it holds.
pub(crate) async fn decide(gate: &Gate, call: &Call, raw: RawRequest) -> Decision {
    let id = gate.new_id(call.now);
    let is_grpc = looks_like_grpc(&raw);
    let mut route = String::new();
    let mut tenant = String::new();
    let outcome = match Request::read(raw).and_then(|request| Ok((gate.table().find(&request)?, request))) {
        Ok((found, request)) => {
            found.route.name.clone_into(&mut route);
            tenant = found.tenant.as_ref().map(ToString::to_string).unwrap_or_default();
            judge(gate, call, &found, &request).await
        }
        Err(denial) => Err(denial),
    };
    let outcome = outcome.map_or_else(Outcome::Denied, Outcome::Allowed);
    let decision = Decision { id, is_grpc, route, tenant, outcome };
    record(gate, &decision);
    decision
}

async fn judge(gate: &Gate, call: &Call, found: &Found, request: &Request) -> Result<Allowed, Denial> {
    let shown = match found.route.caller {
        CallerRequirement::None => Shown::Nothing,
        CallerRequirement::Optional | CallerRequirement::Required => Shown::read(&request.headers)?,
    };
    let mut remove = vec![API_KEY];
    // An API key is not passed on even where nobody looked at it.
    if shown.is_in_authorization() || request.headers.holds(AUTHORIZATION, API_KEY_PREFIX) {
        remove.push(AUTHORIZATION);
    }
    let caller = gate.callers.authenticate(shown, call).await?;
    let who = caller.as_ref().map(|caller| &caller.who);
    if let Some(question) = found.route.admit(found.tenant.as_ref(), &found.captures, who)? {
        let token = request.headers.single(header::CONSISTENCY)?;
        gate.permissions.ask(question, token, call).await?;
    }
    let assertion = gate.assertions.about(caller.as_ref(), &found.route, call.now)?;
    Ok(Allowed { assertion, remove })
}

fn record(gate: &Gate, Decision { id, route, tenant, outcome, .. }: &Decision) {
    gate.metrics.count(outcome);
    match outcome {
        Outcome::Allowed(_) => tracing::debug!(decision_id = id, route, tenant, "allowed"),
        Outcome::Denied(Denial { reason, detail }) => {
            tracing::info!(decision_id = id, reason = reason.name(), route, tenant, detail, "denied");
        }
    }
}

impl Caller {
    /// Whether the credential still lives.
    pub(crate) fn lives(&self, now: OffsetDateTime) -> bool {
        self.ends_at.is_none_or(|end| end > now)
    }
}
