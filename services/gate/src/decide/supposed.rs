//! The same decision about a call that nobody makes, for the author of a route.

use chassis::TenantId;

use super::Call;
use crate::Gate;
use crate::domain::caller::Who;
use crate::domain::denial::{Denial, Reason};
use crate::domain::request::{RawRequest, Request};
use crate::domain::route::CallerRequirement;
use crate::domain::table::{Found, Table};

/// What would be decided.
#[derive(Clone, Debug, Default)]
pub(crate) struct Supposed {
    /// The route that decides; empty if none takes the call.
    pub(crate) route: String,
    /// What is required of the caller, with the captures filled in; empty if nothing.
    pub(crate) required: String,
    /// Whether it would pass.
    pub(crate) passes: bool,
    /// Why it would be denied, or would be if its route did not only watch; none if it may.
    pub(crate) reason: Option<Reason>,
}

/// A call that nobody makes.
#[derive(Clone, Debug)]
pub(crate) struct Supposition {
    pub(crate) raw: RawRequest,
    /// Who would be making it.
    pub(crate) who: Option<Who>,
    /// With which kind of credential; none for one that every route takes.
    pub(crate) kind: Option<&'static str>,
}

/// Decides about a call to a host of `tenant` or of Bailiwick's own. Others' hosts look like nobody's.
pub(crate) async fn suppose(
    gate: &Gate,
    call: &Call,
    table: &Table,
    supposition: &Supposition,
    tenant: &TenantId,
) -> Supposed {
    let mut supposed = Supposed::default();
    let outcome = match find(table, supposition.raw.clone(), tenant) {
        Ok(found) => {
            found.route.name.clone_into(&mut supposed.route);
            supposed.required = found.route.required(&found.captures, tenant);
            let outcome = judge(gate, call, &found, supposition).await;
            supposed.passes = outcome.as_ref().err().is_none_or(|denial| found.route.only_watches(denial));
            outcome
        }
        Err(denial) => Err(denial),
    };
    supposed.reason = outcome.err().map(|denial| denial.reason);
    supposed
}

async fn judge(gate: &Gate, call: &Call, found: &Found, supposition: &Supposition) -> Result<(), Denial> {
    let who = supposition.who.as_ref().filter(|_| found.route.caller != CallerRequirement::None);
    if let Some(kind) = supposition.kind.filter(|_| who.is_some()) {
        found.route.must_take(kind)?;
    }
    let asked = found.route.admit(found.tenant.as_ref(), &found.captures, who)?;
    if asked.questions.is_empty() {
        return Ok(());
    }
    found.route.follow(gate.permissions.ask_all(asked, None, call, &mut None).await).map(drop)
}

/// A path alone does not say whether it is a gRPC method's: if there is a route for that, it is.
fn find(table: &Table, mut raw: RawRequest, tenant: &TenantId) -> Result<Found, Denial> {
    if raw.method.is_empty() {
        "POST".clone_into(&mut raw.method);
    }
    let mut as_grpc = raw.clone();
    as_grpc.headers.push(("content-type".to_owned(), b"application/grpc".to_vec()));
    let as_grpc = Request::read(as_grpc)?;
    let is_foreign = table.tenant_of(&as_grpc.host).is_some_and(|owner| owner != tenant);
    if is_foreign {
        return Err(Denial::new(Reason::RouteUnknown, "the host is another tenant's"));
    }
    table.find(&as_grpc).or_else(|_| table.find(&Request::read(raw)?))
}
