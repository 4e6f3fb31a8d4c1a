//! Counts and times every call by RPC and status code: both from closed lists, whatever a caller sends.

use std::time::Instant;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

use super::{call, pass};
use crate::stack::Layers;

pub(crate) async fn layer(State(layers): State<Layers>, request: Request, next: Next) -> Response {
    pass(&request, "metrics");
    let rpc = call(&request).rpc.map_or("unknown", |rpc| rpc.path);
    let began = Instant::now();
    let response = next.run(request).await;
    layers.metrics.record(rpc, grpc_code(&response), began.elapsed());
    response
}

/// The status of an answer: in its headers if it failed at once, and fine otherwise.
pub(crate) fn grpc_code(response: &Response) -> tonic::Code {
    match response.headers().get("grpc-status") {
        Some(code) => tonic::Code::from_bytes(code.as_bytes()),
        None if response.status().is_success() => tonic::Code::Ok,
        None => tonic::Code::Unknown,
    }
}
