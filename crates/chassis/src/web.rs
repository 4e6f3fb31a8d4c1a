//! What a service answers over plain HTTP, on the port of its RPCs: paths of the table in `contract::web`, and no other.
//!
//! These authenticate their callers themselves. They pass the same layers as calls do, up to there, and are refused in HTTP's words.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use contract::web::{WEB_PATHS, WebPath};
use futures::FutureExt as _;
use http::{HeaderValue, StatusCode, header};
use time::OffsetDateTime;
use tonic::body::Body;
use tower::ServiceExt as _;

use crate::admission::Kind;
use crate::layers::{Call, Request, Response, access_log, request_id, trace};
use crate::stack::Layers;

/// The longest that an answer may take.
const DEADLINE: Duration = Duration::from_secs(5);

/// What a handler may know besides the request: an extension of it.
#[derive(Clone, Debug)]
pub struct WebContext {
    /// The id of the request, for logs and the audit trail.
    pub request_id: Arc<str>,
    /// The time of the call: one call sees one time.
    pub now: OffsetDateTime,
}

/// The service's path that is asked for, if it is one.
pub(crate) fn find(service: &str, path: &str) -> Option<&'static WebPath> {
    WEB_PATHS.iter().find(|known| known.service == service && known.path == path)
}

/// A request through the layers to its handler.
pub(crate) async fn through(layers: &Arc<Layers>, path: &'static WebPath, web: Router, request: Request) -> Response {
    request_id::layer(layers, request, |call, request| {
        trace::layer(layers, call, request, |call, request| {
            access_log::layer(call, request, |call, request| answer(layers, path, web, call, request))
        })
    })
    .await
}

async fn answer(layers: &Layers, path: &WebPath, web: Router, call: Call, mut request: Request) -> Response {
    let began = Instant::now();
    let sampled = call.trace.filter(|trace| trace.is_sampled());
    request.extensions_mut().insert(WebContext { request_id: call.request_id, now: layers.clock.now() });
    let answered = AssertUnwindSafe(within_limits(layers, web, request)).catch_unwind().await;
    let response = answered.unwrap_or_else(|_| {
        tracing::error!("a handler panicked");
        refusal(StatusCode::INTERNAL_SERVER_ERROR, "server_error")
    });
    layers.metrics.record(path.path, code(response.status()), began.elapsed(), sampled);
    response
}

async fn within_limits(layers: &Layers, web: Router, request: Request) -> Response {
    let kind = Kind { is_change: false, is_administration: false };
    let Ok(_place) = layers.admission.enter(kind) else {
        return refusal(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable");
    };
    match tokio::time::timeout(DEADLINE, web.oneshot(*request)).await {
        Ok(Ok(response)) => response.map(Body::new),
        Ok(Err(never)) => match never {},
        Err(_) => refusal(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable"),
    }
}

/// In the form of RFC 6749, 5.2, which every client of these paths reads.
fn refusal(status: StatusCode, error: &str) -> Response {
    let mut response = http::Response::new(Body::new(axum::body::Body::from(format!(r#"{{"error":"{error}"}}"#))));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The status as metrics count it, in the words of RPCs.
fn code(status: StatusCode) -> tonic::Code {
    match status.as_u16() {
        200..400 => tonic::Code::Ok,
        401 => tonic::Code::Unauthenticated,
        403 => tonic::Code::PermissionDenied,
        404 | 405 => tonic::Code::Unimplemented,
        400..500 => tonic::Code::InvalidArgument,
        503 => tonic::Code::Unavailable,
        _ => tonic::Code::Internal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_services_and_found_exactly() {
        assert_eq!(find("identity", "/oauth2/token"), Some(&contract::web::TOKEN));
        for (service, path) in [("gate", "/oauth2/token"), ("identity", "/oauth2/token/"), ("identity", "/oauth2")] {
            assert_eq!(find(service, path), None, "{service} {path}");
        }
    }

    #[test]
    fn every_path_is_its_own() {
        for path in WEB_PATHS {
            assert_eq!(WEB_PATHS.iter().filter(|other| other.path == path.path).count(), 1, "{}", path.path);
            assert!(contract::rpc::find(path.path).is_none(), "{}", path.path);
        }
    }
}
