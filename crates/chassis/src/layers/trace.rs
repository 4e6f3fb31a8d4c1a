//! The span of the call. It takes its trace id from the caller (W3C Trace Context), so that logs of several services meet.

use http::HeaderName;
use tracing::Instrument as _;

use super::{Call, Request, Response, pass};

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

pub(crate) async fn layer<F: Future<Output = Response>>(
    call: Call,
    request: Request,
    next: impl FnOnce(Call, Request) -> F,
) -> Response {
    pass(&request, "trace");
    let traceparent = request.headers().get(TRACEPARENT).and_then(|value| value.to_str().ok());
    let span = tracing::info_span!(
        "call",
        rpc = call.rpc.map_or("unknown", |rpc| rpc.path),
        request_id = &*call.request_id,
        trace_id = traceparent.and_then(trace_id).unwrap_or_default(),
        actor = tracing::field::Empty,
        tenant = tracing::field::Empty
    );
    next(call, request).instrument(span).await
}

/// The trace id of a `traceparent` header: `00-TRACE-SPAN-FLAGS`.
fn trace_id(header: &str) -> Option<&str> {
    let id = header.split('-').nth(1)?;
    (id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(id)
}
