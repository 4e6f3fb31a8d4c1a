//! The same decision about a call that nobody makes, for the author of a route.

use chassis::TenantId;

use super::Call;
use crate::Gate;
use crate::domain::caller::Who;
use crate::domain::denial::{Denial, Reason};
use crate::domain::request::{RawRequest, Request};
use crate::domain::table::Found;

/// What would be decided.
#[derive(Clone, Debug, Default)]
pub(crate) struct Supposed {
    /// The route that decides; empty if none takes the call.
    pub(crate) route: String,
    /// What is required of the caller, with the captures filled in; empty if nothing.
    pub(crate) required: String,
    /// Why it would be denied; none if it would be allowed.
    pub(crate) reason: Option<Reason>,
}

/// Decides about a call to a host of `tenant` or of Bailiwick's own. Others' hosts look like nobody's.
pub(crate) async fn suppose(
    gate: &Gate,
    call: &Call,
    raw: RawRequest,
    tenant: &TenantId,
    who: Option<&Who>,
) -> Supposed {
    let mut supposed = Supposed::default();
    let outcome = match find(gate, raw, tenant) {
        Ok(found) => {
            found.route.name.clone_into(&mut supposed.route);
            supposed.required = found.route.required(&found.captures, tenant);
            judge(gate, call, &found, who).await
        }
        Err(denial) => Err(denial),
    };
    supposed.reason = outcome.err().map(|denial| denial.reason);
    supposed
}

async fn judge(gate: &Gate, call: &Call, found: &Found, who: Option<&Who>) -> Result<(), Denial> {
    let asked = found.route.admit(found.tenant.as_ref(), &found.captures, who)?;
    found.route.follow(gate.permissions.ask_all(asked, None, call).await).map(drop)
}

/// A path alone does not say whether it is a gRPC method's: if there is a route for that, it is.
fn find(gate: &Gate, mut raw: RawRequest, tenant: &TenantId) -> Result<Found, Denial> {
    if raw.method.is_empty() {
        "POST".clone_into(&mut raw.method);
    }
    let mut as_grpc = raw.clone();
    as_grpc.headers.push(("content-type".to_owned(), b"application/grpc".to_vec()));
    let table = gate.table();
    let as_grpc = Request::read(as_grpc)?;
    let is_foreign = table.tenant_of(&as_grpc.host).is_some_and(|owner| owner != tenant);
    if is_foreign {
        return Err(Denial::new(Reason::RouteUnknown, "the host is another tenant's"));
    }
    table.find(&as_grpc).or_else(|_| table.find(&Request::read(raw)?))
}
