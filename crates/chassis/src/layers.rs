//! The layers of a call, one file each. `stack.rs` puts them in order; services cannot add any.

pub(crate) mod access_log;
pub(crate) mod authenticate;
pub(crate) mod authorize;
pub(crate) mod catch_panic;
pub(crate) mod deadline;
pub(crate) mod limit;
pub(crate) mod metrics;
pub(crate) mod request_id;
pub(crate) mod trace;

use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use contract::Reason;
use contract::rpc::Rpc;

use crate::error::status;

/// What the request-id layer puts on every call: the RPC's rules, if it is one, and the id.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) rpc: Option<&'static Rpc>,
    pub(crate) request_id: String,
}

/// The names of the layers that a call has passed, for the test of their order. Absent in real calls.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trail(pub(crate) Arc<Mutex<Vec<&'static str>>>);

/// Notes that a call has passed a layer, if somebody asked.
fn pass(request: &Request, layer: &'static str) {
    if let Some(trail) = request.extensions().get::<Trail>() {
        trail.0.lock().unwrap_or_else(PoisonError::into_inner).push(layer);
    }
}

/// The call that the request is.
fn call(request: &Request) -> &Call {
    request.extensions().get::<Call>().expect("the request-id layer is outermost and sets it")
}

/// Refuses a call.
fn refuse(call: &Call, reason: Reason, text: &str, metadata: Vec<(&'static str, String)>) -> Response<Body> {
    status(reason, text.to_owned(), metadata, &call.request_id).into_http()
}
