//! The span of the call. It takes its trace id from the caller (W3C Trace Context), so that logs of several services meet.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument as _;

use super::{call, pass};

pub(crate) async fn layer(request: Request, next: Next) -> Response {
    pass(&request, "trace");
    let trace_id = request
        .headers()
        .get("traceparent")
        .and_then(|value| value.to_str().ok())
        .and_then(trace_id)
        .unwrap_or_default();
    let call = call(&request);
    let span = tracing::info_span!(
        "call",
        rpc = call.rpc.map_or("unknown", |rpc| rpc.path),
        request_id = call.request_id,
        trace_id,
        actor = tracing::field::Empty,
        tenant = tracing::field::Empty
    );
    next.run(request).instrument(span).await
}

/// The trace id of a `traceparent` header: `00-TRACE-SPAN-FLAGS`.
fn trace_id(header: &str) -> Option<&str> {
    let id = header.split('-').nth(1)?;
    (id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(id)
}
