//! What happens to a call before its handler: the one list, outermost first.

use std::sync::Arc;

use axum::middleware::from_fn_with_state;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;

use crate::auth::Authenticator;
use crate::clock::SharedClock;
use crate::layers::{access_log, authenticate, authorize, catch_panic, deadline, limit, metrics, request_id, trace};
use crate::metrics::RpcMetrics;

/// What the layers need.
#[derive(Clone, Debug)]
pub(crate) struct Layers {
    pub(crate) service: &'static str,
    pub(crate) clock: SharedClock,
    pub(crate) metrics: Arc<RpcMetrics>,
    pub(crate) calls: Arc<Semaphore>,
    pub(crate) authenticator: Arc<Authenticator>,
    pub(crate) draining: CancellationToken,
}

/// The routes behind their layers. Reads from the outside in; a test holds the order.
pub(crate) fn stack(routes: Routes, layers: Layers) -> Routes {
    let router = routes
        .prepare()
        .into_axum_router()
        // axum puts the layer that is added last outermost, so this list is turned round: read it from its end.
        // Every answer from here on is a decision about a known caller.
        .layer(from_fn_with_state(layers.clone(), authorize::layer))
        // Who is calling, from what they show; nothing is decided yet.
        .layer(from_fn_with_state(layers.clone(), authenticate::layer))
        // Everything within, verification too, ends when the caller stops waiting.
        .layer(from_fn_with_state(layers.clone(), deadline::layer))
        // Too many at once are refused before they cost a signature check.
        .layer(from_fn_with_state(layers.clone(), limit::layer))
        // A handler's mistake ends its own call, and is still counted and logged.
        .layer(axum::middleware::from_fn(catch_panic::layer))
        // One line a call, with its outcome; within the span, so that it carries the ids.
        .layer(from_fn_with_state(layers.clone(), access_log::layer))
        // Rate, errors, duration, of refused calls too.
        .layer(from_fn_with_state(layers.clone(), metrics::layer))
        // The span that everything within logs under.
        .layer(axum::middleware::from_fn(trace::layer))
        // First of all, so that even a refusal can be found again.
        .layer(from_fn_with_state(layers, request_id::layer));
    Routes::from(router)
}

#[cfg(test)]
mod tests;
