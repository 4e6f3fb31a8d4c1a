//! Bounds the calls under way. One too many is refused at once, which is cheap, instead of waiting, which is not.

use contract::Reason;

use super::{Call, Request, Response, pass, refuse};
use crate::stack::Layers;

pub(crate) async fn layer<F: Future<Output = Response>>(
    layers: &Layers,
    call: Call,
    request: Request,
    next: impl FnOnce(Call, Request) -> F,
) -> Response {
    pass(&request, "limit");
    // Whether the service lives must be known most of all when it is busy.
    if call.is_open() {
        return next(call, request).await;
    }
    match layers.calls.try_acquire() {
        Ok(_place) => next(call, request).await,
        Err(_) => {
            let limit = vec![("limit", "calls_max".to_owned())];
            refuse(&call, Reason::Overloaded, "the service has as many calls under way as it may", limit)
        }
    }
}
