//! The layers of a call, one file each. `stack.rs` puts them in order; services cannot add any.
//!
//! A layer is a function that is given the call and what comes within. It is no service and no boxed future: all of them
//! together are one future, and what one finds out the next is told as an argument.

pub(crate) mod access_log;
pub(crate) mod aside;
pub(crate) mod authenticate;
pub(crate) mod authorize;
pub(crate) mod catch_panic;
pub(crate) mod deadline;
pub(crate) mod limit;
pub(crate) mod metrics;
pub(crate) mod request_id;
pub(crate) mod trace;

use std::sync::Arc;

use contract::Reason;
use contract::rpc::{Entry, Rpc};
use tonic::body::Body;

use crate::error::status;
use crate::traces::TraceParent;

/// A request as it comes in. Boxed, since each layer hands it on and has room for what it hands on in its future.
pub(crate) type Request = Box<http::Request<Body>>;

/// What it is answered with.
pub(crate) type Response = http::Response<Body>;

/// What the request-id layer finds out about every call: the RPC's rules, if it is one, and the id. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) rpc: Option<&'static Rpc>,
    pub(crate) request_id: Arc<str>,
    /// The trace that it is part of, if it is part of one: from the trace layer on.
    pub(crate) trace: Option<TraceParent>,
}

impl Call {
    /// Whether it is one that everybody may make: a probe.
    fn is_open(&self) -> bool {
        self.rpc.is_some_and(|rpc| rpc.entry == Entry::Open)
    }
}

/// The names of the layers that a call has passed, for the test of their order.
#[cfg(test)]
#[derive(Clone, Debug, Default)]
pub(crate) struct Trail(pub(crate) Arc<std::sync::Mutex<Vec<&'static str>>>);

/// Notes that a call has passed a layer. Outside of the chassis' own tests nobody asks.
fn pass(request: &Request, layer: &'static str) {
    #[cfg(test)]
    if let Some(trail) = request.extensions().get::<Trail>() {
        trail.0.lock().expect("no layer panics here").push(layer);
    }
    let _ = (request, layer);
}

/// Refuses a call.
fn refuse(call: &Call, reason: Reason, text: &str, metadata: Vec<(&'static str, String)>) -> Response {
    status(reason, text.to_owned(), metadata, &call.request_id).into_http()
}
