//! One line a call: what was called, by whom, with which outcome, and how long it took. Probes are left out.

use std::time::Instant;

use super::{Call, Request, Response, metrics, pass};

pub(crate) async fn layer<F: Future<Output = Response>>(
    call: Call,
    request: Request,
    next: impl FnOnce(Call, Request) -> F,
) -> Response {
    pass(&request, "access_log");
    if call.is_open() {
        return next(call, request).await;
    }
    let began = Instant::now();
    let response = next(call, request).await;
    let microseconds = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
    tracing::info!(target: "access", code = ?metrics::grpc_code(&response), microseconds, "call");
    response
}
