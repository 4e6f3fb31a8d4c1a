//! The span of the call, for its log, and for export if the call is sampled. Both take the trace from the caller, so that what
//! several services say of one call meets.

use std::borrow::Cow;

use opentelemetry::trace::{FutureExt as _, TraceContextExt as _};
use tracing::Instrument as _;

use super::{Call, Request, Response, metrics, pass};
use crate::metrics::code_name;
use crate::stack::Layers;
use crate::traces::{self, Entering, TRACEPARENT, TraceParent};

pub(crate) async fn layer<F: Future<Output = Response>>(
    layers: &Layers,
    mut call: Call,
    request: Request,
    next: impl FnOnce(Call, Request) -> F,
) -> Response {
    pass(&request, "trace");
    let rpc = call.rpc.map_or("unknown", |rpc| rpc.path);
    let parent = TraceParent::read(request.headers());
    let exported = layers.traces.enter(Entering {
        name: rpc.trim_start_matches('/'),
        request_id: &call.request_id,
        parent,
        headers: request.headers(),
        is_probe: call.is_open(),
    });
    call.trace = match &exported {
        Some(context) => Some(TraceParent::of(context.span().span_context())),
        None => parent,
    };
    let trace_id = match (parent, call.trace) {
        (Some(_), _) => Cow::Borrowed(trace_id(&request)),
        (None, Some(new)) => Cow::Owned(new.trace_id().to_string()),
        (None, None) => Cow::Borrowed(""),
    };
    let span = tracing::info_span!(
        "call",
        rpc,
        request_id = &*call.request_id,
        trace_id = &*trace_id,
        actor = tracing::field::Empty,
        tenant = tracing::field::Empty
    );
    drop(trace_id);
    let within = next(call, request).instrument(span);
    let Some(context) = exported else { return within.await };
    // Boxed, so that the others need no room for it.
    let response = Box::pin(within.with_context(context.clone())).await;
    let code = metrics::grpc_code(&response);
    traces::leave(&context, code_name(code), is_fault(code));
    response
}

/// The trace id of a header that was read.
fn trace_id(request: &Request) -> &str {
    let header = request.headers().get(TRACEPARENT).and_then(|value| value.to_str().ok());
    header.and_then(|header| header.get(3..35)).unwrap_or_default()
}

/// Whether the fault is the service's, not the caller's.
fn is_fault(code: tonic::Code) -> bool {
    match code {
        tonic::Code::Unknown
        | tonic::Code::DeadlineExceeded
        | tonic::Code::Unimplemented
        | tonic::Code::Internal
        | tonic::Code::Unavailable
        | tonic::Code::DataLoss => true,
        tonic::Code::Ok
        | tonic::Code::Cancelled
        | tonic::Code::InvalidArgument
        | tonic::Code::NotFound
        | tonic::Code::AlreadyExists
        | tonic::Code::PermissionDenied
        | tonic::Code::ResourceExhausted
        | tonic::Code::FailedPrecondition
        | tonic::Code::Aborted
        | tonic::Code::OutOfRange
        | tonic::Code::Unauthenticated => false,
    }
}
