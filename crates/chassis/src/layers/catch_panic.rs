//! Turns a panic of a handler into an internal error of that one call.

use std::panic::AssertUnwindSafe;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use contract::Reason;
use futures::FutureExt as _;

use super::{call, pass, refuse};

pub(crate) async fn layer(request: Request, next: Next) -> Response {
    pass(&request, "catch_panic");
    let call = call(&request).clone();
    // What the handler shared with others is behind locks that are taken whole or transactions that roll back.
    match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        Err(_) => {
            tracing::error!("a handler panicked");
            refuse(
                &call,
                Reason::Internal,
                "the service made a mistake; its log has the details under the request id",
                Vec::new(),
            )
        }
    }
}
