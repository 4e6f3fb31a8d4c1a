//! Finds the RPC's rules and gives the call an id: the caller's, if it is sane, or a new one.

use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::middleware::Next;
use axum::response::Response;
use contract::{header, rpc};

use super::{Call, pass};
use crate::clock::{SystemEntropy, new_id};
use crate::stack::Layers;

const CHARACTERS_MAX: usize = 64;

pub(crate) async fn layer(State(layers): State<Layers>, mut request: Request, next: Next) -> Response {
    pass(&request, "request_id");
    let given =
        request.headers().get(header::REQUEST_ID).and_then(|value| value.to_str().ok()).filter(|value| sane(value));
    // An id in a log is no secret and decides nothing, so it needs no entropy of its own to be tested with.
    let request_id = given.map_or_else(|| new_id(layers.clock.now(), &SystemEntropy).to_string(), str::to_owned);
    let value = HeaderValue::from_str(&request_id).expect("an id is plain ASCII");
    let rpc = rpc::find(request.uri().path()).filter(|rpc| rpc.service.is_empty() || rpc.service == layers.service);
    request.extensions_mut().insert(Call { rpc, request_id });
    let mut response = next.run(request).await;
    response.headers_mut().insert(header::REQUEST_ID, value);
    response
}

fn sane(id: &str) -> bool {
    (1..=CHARACTERS_MAX).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}
