//! One line a call: what was called, by whom, with which outcome, and how long it took. Probes are left out.

use std::time::Instant;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use contract::rpc::Entry;

use super::{call, metrics, pass};
use crate::stack::Layers;

pub(crate) async fn layer(State(_): State<Layers>, request: Request, next: Next) -> Response {
    pass(&request, "access_log");
    let probe = call(&request).rpc.is_some_and(|rpc| rpc.entry == Entry::Open);
    let began = Instant::now();
    let response = next.run(request).await;
    if !probe {
        let microseconds = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        tracing::info!(target: "access", code = ?metrics::grpc_code(&response), microseconds, "call");
    }
    response
}
