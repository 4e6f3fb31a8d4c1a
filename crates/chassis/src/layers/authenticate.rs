//! Finds out who is calling, from what they show. What is shown must be good, even where nothing need be shown.

use super::{Call, Request, Response, pass, refuse};
use crate::auth::Shown;
use crate::connection::ConnectionPeer;
use crate::stack::Layers;

/// The rest is told what was shown.
pub(crate) async fn layer<F: Future<Output = Response>>(
    layers: &Layers,
    call: Call,
    request: Request,
    next: impl FnOnce(Call, Request, Shown) -> F,
) -> Response {
    pass(&request, "authenticate");
    // Nobody looks at a credential where none decides anything.
    if call.is_open() {
        return next(call, request, Shown::Nothing).await;
    }
    let peer = request.extensions().get::<ConnectionPeer>().and_then(|peer| peer.0.clone());
    match layers.authenticator.authenticate(request.headers(), peer, layers.clock.now()) {
        Ok(shown) => next(call, request, shown).await,
        Err(refusal) => {
            tracing::info!(reason = refusal.reason.name(), detail = refusal.detail, "credential refused");
            refuse(&call, refusal.reason, refusal.text, refusal.metadata)
        }
    }
}
