//! What is kept of a decision once it is made: a count, a line in the log, a record for its tenant, and what a watching route saw.

use assertion::Verdict;
use chassis::traces;

use super::{Call, Learnt};
use crate::Gate;
use crate::domain::decision::{Decision, Outcome};
use crate::domain::denial::{Denial, Reason};
use crate::domain::record::Record;
use crate::domain::route::Mode;

/// Keeps account of it.
pub(super) fn keep(gate: &Gate, call: &Call, decision: &Decision, mut learnt: Learnt) {
    let Decision { id, route, tenant, outcome, .. } = decision;
    gate.metrics.count(outcome);
    tell(decision);
    let version = learnt.found.as_ref().map_or(0, |found| found.version);
    match outcome {
        Outcome::Allowed(_) => tracing::debug!(decision_id = id, route, version, tenant, "allowed"),
        Outcome::Denied(Denial { reason, detail }) => {
            tracing::info!(decision_id = id, reason = reason.name(), route, version, tenant, detail, "denied");
        }
    }
    watch(gate, id, &learnt);
    if gate.records.are_kept() {
        let denial = denial(outcome, learnt.would_deny.take());
        record(gate, call, decision, learnt, denial);
    }
}

/// Tells the call's span what was decided, if it has one.
fn tell(Decision { id, route, outcome, .. }: &Decision) {
    let (outcome, reason) = outcome.labels();
    traces::note("bailiwick.decision_id", || id.clone());
    traces::note("bailiwick.outcome", || outcome);
    traces::note("bailiwick.reason", || reason);
    traces::note("bailiwick.route", || route.clone());
}

/// Why it was denied, or would have been.
fn denial(outcome: &Outcome, would_deny: Option<Denial>) -> Option<Denial> {
    match outcome {
        Outcome::Denied(denial) => Some(denial.clone()),
        Outcome::Allowed(allowed) if allowed.verdict == Verdict::Undecided => {
            Some(Denial::new(Reason::Unavailable, "permissions could not be asked, and the route lets pass then"))
        }
        Outcome::Allowed(_) => would_deny,
    }
}

fn watch(gate: &Gate, id: &str, learnt: &Learnt) {
    let Some(found) = learnt.found.as_ref().filter(|found| found.route.mode == Mode::Shadow) else { return };
    if let Some(owner) = &found.tenant {
        let would_deny = learnt.would_deny.as_ref().map(|denial| denial.reason);
        gate.shadow_reports.note(owner, found.version, &found.route.name, would_deny, id);
    }
}

/// For the owner of the host; at Bailiwick's own, for the caller's tenant. What is nobody's is only in the log.
fn record(gate: &Gate, call: &Call, decision: &Decision, learnt: Learnt, denial: Option<Denial>) {
    let Learnt { request: Some(request), owner, found, caller, checked_at, .. } = learnt else { return };
    let Some(tenant) = owner.or_else(|| caller.as_ref().map(|caller| caller.who.tenant.clone())) else { return };
    let mut record = Record::new(&decision.id, call.now, &request.method, &request.host, request.path.raw());
    if let Some(found) = found {
        record.version = found.version;
        record.route = Some((found.route, found.captures));
    }
    record.caller = caller.map(|caller| (caller.who, caller.kind.name()));
    record.passed = match decision.outcome {
        Outcome::Allowed(_) => true,
        Outcome::Denied(_) => false,
    };
    record.checked_at = checked_at;
    record.denial = denial;
    gate.records.add(&tenant, record);
}
