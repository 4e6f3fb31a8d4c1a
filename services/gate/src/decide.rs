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

use assertion::Verdict;
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
use crate::domain::route::{Bind, CallerRequirement};
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
            let mut learnt = Learnt { caller: None, remove: vec![API_KEY] };
            let weighed = weigh(gate, call, &found, &request, &mut learnt).await;
            settle(gate, call, &found, &request, learnt, weighed)
        }
        Err(denial) => Err(denial),
    };
    let outcome = outcome.map_or_else(Outcome::Denied, Outcome::Allowed);
    let decision = Decision { id, is_grpc, route, tenant, outcome };
    record(gate, &decision);
    decision
}

/// What a decision learns on its way, and still knows when it ends badly.
struct Learnt {
    caller: Option<Caller>,
    /// The headers to take off, should the call pass.
    remove: Vec<&'static str>,
}

async fn weigh(
    gate: &Gate,
    call: &Call,
    found: &Found,
    request: &Request,
    learnt: &mut Learnt,
) -> Result<Verdict, Denial> {
    let route = &found.route;
    // An API key is not passed on even where nobody looked at it.
    let holds_key = request.headers.holds(AUTHORIZATION, API_KEY_PREFIX);
    if holds_key {
        learnt.remove.push(AUTHORIZATION);
    }
    let shown = match route.caller {
        CallerRequirement::None => Shown::Nothing,
        CallerRequirement::Optional | CallerRequirement::Required => Shown::read(&request.headers)?,
    };
    if shown.is_in_authorization() && !holds_key {
        learnt.remove.push(AUTHORIZATION);
    }
    learnt.caller = gate.callers.authenticate(shown, route.revocation_grace, call).await?;
    if let Some(caller) = &learnt.caller {
        route.must_take(caller.kind.name())?;
    }
    let who = learnt.caller.as_ref().map(|caller| &caller.who);
    let asked = route.admit(found.tenant.as_ref(), &found.captures, who)?;
    if asked.questions.is_empty() {
        return Ok(Verdict::Allowed);
    }
    let token = request.headers.single(header::CONSISTENCY)?;
    route.follow(gate.permissions.ask_all(asked, token, call).await)
}

/// What becomes of the call, now that it was weighed.
fn settle(
    gate: &Gate,
    call: &Call,
    found: &Found,
    request: &Request,
    learnt: Learnt,
    weighed: Result<Verdict, Denial>,
) -> Result<Allowed, Denial> {
    let Learnt { mut caller, remove } = learnt;
    let verdict = match weighed {
        Ok(verdict) => verdict,
        Err(denial) if found.route.only_watches(&denial) => {
            // The upstream is told of nobody of another tenant, whoever let them in.
            caller = caller.filter(|caller| found.tenant.as_ref() == Some(&caller.who.tenant));
            Verdict::Shadow
        }
        Err(denial) => return Err(denial),
    };
    let bound_to = match found.route.bind {
        Bind::Route => String::new(),
        Bind::Request => assertion::request_digest(&request.method, &request.host, request.path.raw()),
    };
    let assertion = gate.assertions.about(caller.as_ref(), &found.route, verdict, bound_to, call.now)?;
    Ok(Allowed { assertion, remove, verdict })
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
