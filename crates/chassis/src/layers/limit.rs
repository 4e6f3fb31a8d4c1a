//! Bounds the calls under way. One too many is refused at once, which is cheap, instead of waiting, which is not.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use contract::Reason;
use contract::rpc::Entry;

use super::{call, pass, refuse};
use crate::stack::Layers;

pub(crate) async fn layer(State(layers): State<Layers>, request: Request, next: Next) -> Response {
    pass(&request, "limit");
    // Whether the service lives must be known most of all when it is busy.
    if call(&request).rpc.is_some_and(|rpc| rpc.entry == Entry::Open) {
        return next.run(request).await;
    }
    match Arc::clone(&layers.calls).try_acquire_owned() {
        Ok(_place) => next.run(request).await,
        Err(_) => {
            let limit = vec![("limit", "calls_max".to_owned())];
            refuse(call(&request), Reason::Overloaded, "the service has as many calls under way as it may", limit)
        }
    }
}
