//! Bounds the calls under way. One too many is refused at once, which is cheap, instead of waiting, which is not.

use contract::Reason;
use contract::rpc::Entry;

use super::{Call, Request, Response, pass, refuse};
use crate::admission::Kind;
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
    let kind = Kind {
        is_change: call.rpc.is_some_and(|rpc| !rpc.audit_action.is_empty()),
        is_administration: call.rpc.is_some_and(|rpc| rpc.entry == Entry::Edge),
    };
    match layers.admission.enter(kind) {
        Ok(_place) => next(call, request).await,
        Err(limit) => {
            let text = "the service has as many calls under way as it can serve in time";
            refuse(&call, Reason::Overloaded, text, vec![("limit", limit.to_owned())])
        }
    }
}
