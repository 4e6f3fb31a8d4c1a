//! The decision about a call: reads the request, finds its route, learns who is calling, asks whether they may, and signs what it
//! found. Every way out is a decision; there is no other.

mod account;
pub(crate) mod api_keys;
pub(crate) mod assertions;
pub(crate) mod caller;
mod conversations;
pub(crate) mod metrics;
pub(crate) mod permissions;
pub(crate) mod records;
pub(crate) mod shadow;
pub(crate) mod supposed;
pub(crate) mod workloads;

use std::sync::Arc;
use std::time::Duration;

use assertion::Verdict;
use chassis::auth::API_KEY_PREFIX;
use chassis::peer::Bounds;
use chassis::{Context, TenantId, TraceParent};
use contract::header;
use time::OffsetDateTime;
use tokio::time::Instant;

use crate::Gate;
use crate::domain::caller::Caller;
use crate::domain::credential::{API_KEY, AUTHORIZATION, Shown};
use crate::domain::decision::{Allowed, Decision, Outcome};
use crate::domain::denial::{Denial, Reason};
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
    pub(crate) trace: Option<TraceParent>,
    /// The tenant whose hosts are asked about, if whoever asks may ask about no others.
    pub(crate) bound_to: Option<TenantId>,
}

impl Call {
    /// The call in `context`.
    pub(crate) fn of(context: &Context) -> Self {
        let deadline = context.deadline.checked_sub(ANSWERING).unwrap_or(context.deadline);
        Self {
            now: context.now,
            deadline,
            request_id: context.request_id.as_ref().to_owned(),
            trace: context.trace,
            bound_to: None,
        }
    }

    /// The same, for whoever may ask about the hosts of one tenant alone.
    pub(crate) fn bound_to(self, tenant: Option<TenantId>) -> Self {
        Self { bound_to: tenant, ..self }
    }

    /// The bounds of a call to another service.
    pub(crate) fn bounds(&self, tenant: Option<String>) -> Bounds {
        Bounds { deadline: self.deadline, request_id: self.request_id.clone(), tenant, trace: self.trace }
    }
}

/// Decides about a request, whatever it holds.
pub(crate) async fn decide(gate: &Gate, call: &Call, raw: RawRequest) -> Decision {
    let id = gate.new_id(call.now);
    let is_grpc = looks_like_grpc(&raw);
    let mut learnt = Learnt::default();
    let settled = conclude(gate, call, raw, &mut learnt).await;
    let route = learnt.found.as_ref().map(|found| found.route.name.clone()).unwrap_or_default();
    let tenant = learnt.owner.as_ref().map(ToString::to_string).unwrap_or_default();
    let outcome = settled.map_or_else(Outcome::Denied, Outcome::Allowed);
    let decision = Decision { id, is_grpc, route, tenant, outcome };
    account::keep(gate, call, &decision, learnt);
    decision
}

/// What a decision learns on its way, and still knows when it ends badly.
#[derive(Debug, Default)]
struct Learnt {
    request: Option<Request>,
    /// The owner of the host.
    owner: Option<TenantId>,
    found: Option<Found>,
    caller: Option<Caller>,
    /// The token of the state that permissions decided in.
    checked_at: Option<Arc<str>>,
    /// The headers to take off, should the call pass.
    remove: Vec<&'static str>,
    /// Why the call would have been denied, if its route did not only watch.
    would_deny: Option<Denial>,
}

async fn conclude(gate: &Gate, call: &Call, raw: RawRequest, learnt: &mut Learnt) -> Result<Allowed, Denial> {
    let request = Request::read(raw)?;
    let table = gate.table();
    let owner = table.tenant_of(&request.host);
    if call.bound_to.as_ref().is_some_and(|tenant| owner != Some(tenant)) {
        // To whoever asks, the hosts of all others are nobody's; and their owners' records are not for strangers to fill.
        return Err(Denial::new(Reason::RouteUnknown, "the host is not that of the tenant whose Envoy asks"));
    }
    learnt.owner = owner.cloned();
    let found = table.find(&request);
    drop(table);
    let settled = match &found {
        Ok(found) => {
            let weighed = weigh(gate, call, found, &request, learnt).await;
            settle(gate, call, found, &request, learnt, weighed)
        }
        Err(denial) => Err(denial.clone()),
    };
    learnt.request = Some(request);
    learnt.found = found.ok();
    settled
}

async fn weigh(
    gate: &Gate,
    call: &Call,
    found: &Found,
    request: &Request,
    learnt: &mut Learnt,
) -> Result<Verdict, Denial> {
    let route = &found.route;
    learnt.remove.push(API_KEY);
    // An API key is not passed on even where nobody looked at it.
    let holds_key = request.headers.holds(AUTHORIZATION, API_KEY_PREFIX);
    if holds_key {
        learnt.remove.push(AUTHORIZATION);
    }
    let shown = match route.caller {
        CallerRequirement::None => Shown::Nothing,
        CallerRequirement::Required => Shown::read(request)?,
        // A mesh gives everyone a certificate. A stranger's is the channel's alone.
        CallerRequirement::Optional => gate.callers.without_strangers(Shown::read(request)?),
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
    route.follow(gate.permissions.ask_all(asked, token, call, &mut learnt.checked_at).await)
}

/// What becomes of the call, now that it was weighed.
fn settle(
    gate: &Gate,
    call: &Call,
    found: &Found,
    request: &Request,
    learnt: &mut Learnt,
    weighed: Result<Verdict, Denial>,
) -> Result<Allowed, Denial> {
    let mut caller = learnt.caller.as_ref();
    let verdict = match weighed {
        Ok(verdict) => verdict,
        Err(denial) if found.route.only_watches(&denial) => {
            // The upstream is told of nobody of another tenant, whoever let them in.
            caller = caller.filter(|caller| found.tenant.as_ref() == Some(&caller.who.tenant));
            learnt.would_deny = Some(denial);
            Verdict::Shadow
        }
        Err(denial) => return Err(denial),
    };
    let bound_to = match found.route.bind {
        Bind::Route => String::new(),
        Bind::Request => assertion::request_digest(&request.method, &request.host, request.path.raw()),
    };
    let assertion = gate.assertions.about(caller, &found.route, verdict, bound_to, call.now)?;
    Ok(Allowed { assertion, remove: std::mem::take(&mut learnt.remove), verdict })
}

impl Caller {
    /// Whether the credential still lives.
    pub(crate) fn lives(&self, now: OffsetDateTime) -> bool {
        self.ends_at.is_none_or(|end| end > now)
    }
}
