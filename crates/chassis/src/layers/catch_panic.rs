//! Turns a panic of a handler into an internal error of that one call.

use std::panic::AssertUnwindSafe;

use contract::Reason;
use futures::FutureExt as _;

use super::{Call, Request, Response, pass, refuse};

pub(crate) async fn layer<F: Future<Output = Response>>(
    call: Call,
    request: Request,
    next: impl FnOnce(Call, Request) -> F,
) -> Response {
    pass(&request, "catch_panic");
    // What the handler shared with others is behind locks that are taken whole or transactions that roll back.
    match AssertUnwindSafe(next(call.clone(), request)).catch_unwind().await {
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
