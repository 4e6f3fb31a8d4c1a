//! The order of the layers, and what a call that stops at one of them is told.

use std::sync::OnceLock;

use tower::ServiceExt as _;

use super::*;
use crate::clock::{SystemClock, SystemEntropy};
use crate::feed::Learnt;
use crate::layers::Trail;

fn layers(calls: usize) -> Layers {
    Layers {
        service: "identity",
        clock: Arc::new(SystemClock),
        request_ids: request_id::Ids::new(&SystemEntropy),
        traces: Traces::default(),
        metrics: crate::metrics::Metrics::new("identity", &crate::traces::Counts::default()).rpc(),
        admission: Arc::new(Admission::new(calls)),
        authenticator: Authenticator::new("identity", &Learnt::default(), Arc::new(OnceLock::new())),
        draining: CancellationToken::new(),
        aside: Aside::begin("aside"),
        web: axum::Router::new(),
    }
}

async fn call(calls: usize, path: &str, headers: &[(&str, &str)]) -> (tonic::Code, Vec<&'static str>) {
    let trail = Trail::default();
    let mut request = http::Request::post(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut request = request.body(Body::default()).unwrap();
    request.extensions_mut().insert(trail.clone());
    let layered = Stack(Arc::new(layers(calls))).layer(Routes::default());
    let response = layered.oneshot(request).await.unwrap();
    let passed = trail.0.lock().unwrap().clone();
    (crate::layers::metrics::grpc_code(&response), passed)
}

const ALL: [&str; 9] =
    ["request_id", "trace", "metrics", "access_log", "catch_panic", "limit", "deadline", "authenticate", "authorize"];

const LIST_USERS: &str = "/bailiwick.identity.v1.UserService/ListUsers";

#[tokio::test]
async fn a_call_passes_the_layers_in_their_order() {
    let (code, passed) = call(1, LIST_USERS, &[]).await;
    assert_eq!(passed, ALL);
    assert_eq!(code, tonic::Code::PermissionDenied);
}

#[tokio::test]
async fn a_call_too_many_is_refused_before_its_credential_is_looked_at() {
    let (code, passed) = call(0, LIST_USERS, &[("authorization", "Bearer nonsense")]).await;
    assert_eq!(passed, &ALL[..6]);
    assert_eq!(code, tonic::Code::Unavailable);
}

#[tokio::test]
async fn health_passes_when_calls_are_refused() {
    let (code, passed) = call(0, "/grpc.health.v1.Health/Check", &[]).await;
    assert_eq!(passed, [&ALL[..], &["aside"]].concat());
    // There is no health service in this test: what matters is that the limit did not refuse the call.
    assert_ne!(code, tonic::Code::Unavailable);
}

#[tokio::test]
async fn an_unknown_rpc_or_another_services_is_unimplemented() {
    for path in ["/bailiwick.identity.v1.UserService/Nothing", "/bailiwick.gate.v1.RouteService/ListRoutes", "/", "//"]
    {
        let (code, _) = call(1, path, &[]).await;
        assert_eq!(code, tonic::Code::Unimplemented, "{path}");
    }
}

#[tokio::test]
async fn a_credential_that_stands_twice_is_refused() {
    let (code, _) = call(1, LIST_USERS, &[("bailiwick-assertion", "a"), ("bailiwick-assertion", "a")]).await;
    assert_eq!(code, tonic::Code::InvalidArgument);
}

#[tokio::test]
async fn an_api_key_at_a_direct_port_is_refused_whatever_header_it_is_in() {
    for header in [("authorization", "Bearer bwk_abc"), ("x-api-key", "bwk_abc")] {
        let (code, _) = call(1, LIST_USERS, &[header]).await;
        assert_eq!(code, tonic::Code::Unauthenticated);
    }
}
