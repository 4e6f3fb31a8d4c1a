//! Decides by the RPC's row of the table whether this caller may make this call, and makes the handler's context.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use contract::rpc::Entry;
use contract::{Reason, header};

use super::deadline::Deadline;
use super::{call, pass, refuse};
use crate::auth::Shown;
use crate::call::Draining;
use crate::context::Context;
use crate::stack::Layers;

pub(crate) async fn layer(State(layers): State<Layers>, mut request: Request, next: Next) -> Response {
    pass(&request, "authorize");
    let this = call(&request).clone();
    let Some(rpc) = this.rpc else {
        return refuse(&this, Reason::RpcUnknown, "there is no such RPC here", Vec::new());
    };
    if rpc.entry == Entry::Open {
        return next.run(request).await;
    }
    let shown = request.extensions_mut().remove::<Shown>().expect("the authenticate layer sets it");
    let mut named = request.headers().get_all(header::TENANT).iter();
    let (named_tenant, named_again) = (named.next().cloned(), named.next().is_some());
    if named_again {
        return refuse(&this, Reason::RequestAmbiguous, "bailiwick-tenant stands twice", Vec::new());
    }
    let granted = match layers.authenticator.authorize(rpc, shown, named_tenant.as_ref()).await {
        Ok(granted) => granted,
        Err(refusal) => {
            tracing::info!(reason = refusal.reason.name(), detail = refusal.detail, "call refused");
            return refuse(&this, refusal.reason, refusal.text, refusal.metadata);
        }
    };
    let deadline = request.extensions().get::<Deadline>().expect("the deadline layer sets it").0;
    let context = Context {
        caller: granted.caller,
        tenant: granted.tenant,
        request_id: this.request_id,
        deadline,
        now: layers.clock.now(),
        rpc,
    };
    let span = tracing::Span::current();
    span.record("actor", context.actor());
    if let Some(tenant) = &context.tenant {
        span.record("tenant", tenant.as_str());
    }
    request.extensions_mut().insert(context);
    request.extensions_mut().insert(Draining(layers.draining.clone()));
    next.run(request).await
}
