//! Counts and times every call by RPC and status code: both from closed lists, whatever a caller sends.

use std::time::Instant;

use http::HeaderName;

use super::{Call, Request, Response, pass};
use crate::stack::Layers;

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");

pub(crate) async fn layer<F: Future<Output = Response>>(
    layers: &Layers,
    call: Call,
    request: Request,
    next: impl FnOnce(Call, Request) -> F,
) -> Response {
    pass(&request, "metrics");
    let rpc = call.rpc.map_or("unknown", |rpc| rpc.path);
    let trace = call.trace;
    let began = Instant::now();
    let response = next(call, request).await;
    let sampled = trace.filter(|trace| trace.is_sampled());
    layers.metrics.record(rpc, grpc_code(&response), began.elapsed(), sampled);
    response
}

/// The status of an answer: in its headers if it failed at once, and fine otherwise.
pub(crate) fn grpc_code(response: &Response) -> tonic::Code {
    match response.headers().get(GRPC_STATUS) {
        Some(code) => tonic::Code::from_bytes(code.as_bytes()),
        None if response.status().is_success() => tonic::Code::Ok,
        None => tonic::Code::Unknown,
    }
}
