//! Decides by the RPC's row of the table whether this caller may make this call, and makes the handler's context.

use std::sync::Arc;

use contract::rpc::Entry;
use contract::{Reason, header};
use http::HeaderName;
use tokio::time::Instant;

use super::{Call, Request, Response, pass, refuse};
use crate::auth::Shown;
use crate::call::Admitted;
use crate::context::Context;
use crate::stack::Layers;
use crate::traces;

const TENANT: HeaderName = HeaderName::from_static(header::TENANT);

pub(crate) async fn layer<F: Future<Output = Response>>(
    layers: &Arc<Layers>,
    call: Call,
    mut request: Request,
    deadline: Instant,
    shown: Shown,
    next: impl FnOnce(Request) -> F,
) -> Response {
    pass(&request, "authorize");
    let Some(rpc) = call.rpc else {
        return refuse(&call, Reason::RpcUnknown, "there is no such RPC here", Vec::new());
    };
    if rpc.entry == Entry::Open {
        return next(request).await;
    }
    let mut named = request.headers().get_all(TENANT).iter();
    let (named_tenant, named_again) = (named.next(), named.next().is_some());
    if named_again {
        return refuse(&call, Reason::RequestAmbiguous, "bailiwick-tenant stands twice", Vec::new());
    }
    let granted = match layers.authenticator.authorize(rpc, shown, named_tenant).await {
        Ok(granted) => granted,
        Err(refusal) => {
            tracing::info!(reason = refusal.reason.name(), detail = refusal.detail, "call refused");
            return refuse(&call, refusal.reason, refusal.text, refusal.metadata);
        }
    };
    let context = Context {
        caller: granted.caller,
        tenant: granted.tenant,
        request_id: call.request_id,
        trace: call.trace,
        deadline,
        now: layers.clock.now(),
        rpc,
    };
    let span = tracing::Span::current();
    span.record("actor", context.actor());
    traces::note("bailiwick.actor", || context.actor());
    if let Some(tenant) = &context.tenant {
        span.record("tenant", tenant.as_str());
        traces::note("bailiwick.tenant", || tenant.to_string());
    }
    request.extensions_mut().insert(Admitted { context, layers: Arc::clone(layers) });
    next(request).await
}
