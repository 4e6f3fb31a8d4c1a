//! Finds out who is calling, from what they show. What is shown must be good, even where nothing need be shown.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use contract::rpc::Entry;

use super::{call, pass, refuse};
use crate::connection::ConnectionPeer;
use crate::stack::Layers;

pub(crate) async fn layer(State(layers): State<Layers>, mut request: Request, next: Next) -> Response {
    pass(&request, "authenticate");
    let this = call(&request);
    // Nobody looks at a credential where none decides anything.
    if this.rpc.is_some_and(|rpc| rpc.entry == Entry::Open) {
        return next.run(request).await;
    }
    let peer = request.extensions().get::<ConnectionPeer>().and_then(|peer| peer.0);
    match layers.authenticator.authenticate(request.headers(), peer, layers.clock.now()) {
        Ok(shown) => {
            request.extensions_mut().insert(shown);
            next.run(request).await
        }
        Err(refusal) => {
            tracing::info!(reason = refusal.reason.name(), detail = refusal.detail, "credential refused");
            refuse(this, refusal.reason, refusal.text, refusal.metadata)
        }
    }
}
