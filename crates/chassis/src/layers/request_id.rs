//! Finds the RPC's rules and gives the call an id: the caller's, if it is sane, or a new one.

use std::sync::Arc;

use contract::{header, rpc};
use http::{HeaderName, HeaderValue};
use uuid::Uuid;

use super::{Call, Request, Response, pass};
use crate::clock::{SystemEntropy, new_id};
use crate::stack::Layers;

const CHARACTERS_MAX: usize = 64;

const REQUEST_ID: HeaderName = HeaderName::from_static(header::REQUEST_ID);

pub(crate) async fn layer<F: Future<Output = Response>>(
    layers: &Layers,
    request: Request,
    next: impl FnOnce(Call, Request) -> F,
) -> Response {
    pass(&request, "request_id");
    let given = request.headers().get(REQUEST_ID).and_then(|value| value.to_str().ok()).filter(|value| sane(value));
    let request_id: Arc<str> = match given {
        Some(given) => given.into(),
        // An id in a log is no secret and decides nothing, so it needs no entropy of its own to be tested with.
        None => {
            (&*new_id(layers.clock.now(), &SystemEntropy).hyphenated().encode_lower(&mut Uuid::encode_buffer())).into()
        }
    };
    let rpc = rpc::find(request.uri().path()).filter(|rpc| rpc.service.is_empty() || rpc.service == layers.service);
    let mut response = next(Call { rpc, request_id: Arc::clone(&request_id) }, request).await;
    let mut value = HeaderValue::from_str(&request_id).expect("an id is plain ASCII");
    // No second answer has it, so it must not push anything out of the connection's table of headers (RFC 7541, 6.2.3).
    value.set_sensitive(true);
    response.headers_mut().insert(REQUEST_ID, value);
    response
}

fn sane(id: &str) -> bool {
    (1..=CHARACTERS_MAX).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}
