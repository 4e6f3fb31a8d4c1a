//! Whatever is sent to the port that Envoy asks at, the answer is a decision or an error with a name: never silence, never a
//! default message, and never leave to pass that no route gives.

mod requests;
mod wire;

use envoy_types::pb::envoy::service::auth::v3::check_response::HttpResponse;
use envoy_types::pb::envoy::service::auth::v3::{CheckRequest, CheckResponse};
use futures::StreamExt as _;
use proptest::strategy::{Strategy, ValueTree as _};
use proptest::test_runner::TestRunner;
use prost::Message as _;
use tonic::{Code, Status};

use crate::world::{World, start_with_routes};

/// How many requests each test sends, so many at a time. A long run: `GATE_FUZZ_REQUESTS=1000000`.
const REQUESTS: usize = 1_000;
const AT_ONCE: usize = 32;

#[expect(clippy::disallowed_methods, reason = "a long run is asked for from outside")]
fn count() -> usize {
    std::env::var("GATE_FUZZ_REQUESTS").ok().and_then(|count| count.parse().ok()).unwrap_or(REQUESTS)
}

/// Sends everything the strategy makes over one connection, and judges each answer.
async fn flood(
    world: &World,
    requests: impl Strategy<Value = Vec<u8>>,
    judge: impl Fn(&[u8], Result<CheckResponse, Status>),
) {
    let mut runner = TestRunner::default();
    let made: Vec<Vec<u8>> =
        (0..count()).map(|_| requests.new_tree(&mut runner).expect("the strategy makes values").current()).collect();
    let channel = world.gate.channel_as_peer("gateway");
    let mut answers = futures::stream::iter(made)
        .map(|bytes| {
            let channel = channel.clone();
            async move {
                let answer = wire::check(channel, bytes.clone()).await;
                (bytes, answer)
            }
        })
        .buffer_unordered(AT_ONCE);
    while let Some((bytes, answer)) = answers.next().await {
        judge(&bytes, answer);
    }
}

/// What every answer to a request that can be decoded must be.
fn is_a_decision(request: &CheckRequest, answer: Result<CheckResponse, Status>) {
    let answer = answer.unwrap_or_else(|status| panic!("{status:?} to {request:?}"));
    let code = answer.status.as_ref().expect("a decision has a status").code;
    let metadata = answer.dynamic_metadata.as_ref().expect("a decision has its id");
    assert!(metadata.fields.contains_key("decision_id"));
    match answer.http_response.as_ref().expect("a decision says what becomes of the request") {
        HttpResponse::OkResponse(_) => {
            assert_eq!(code, 0);
            assert!(requests::is_open(request), "no route lets this pass: {request:?}");
        }
        HttpResponse::DeniedResponse(denied) => {
            assert_ne!(code, 0, "{request:?}");
            let status = denied.status.expect("a denial has a status").code;
            assert!((400..500).contains(&status), "{status} to {request:?}");
        }
        HttpResponse::ErrorResponse(error) => {
            assert_ne!(code, 0, "{request:?}");
            assert_eq!(error.status.expect("an error has a status").code, 503);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn any_request_that_envoy_could_send_ends_in_a_decision() {
    let world = start_with_routes().await;
    let requests = requests::any_request().prop_map(|request| request.encode_to_vec());
    flood(&world, requests, |bytes, answer| {
        is_a_decision(&CheckRequest::decode(bytes).expect("it was encoded"), answer);
    })
    .await;
    assert_eq!(world.get("/open").await.code, 0, "gate goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn any_bytes_whatever_end_in_a_decision_or_an_error() {
    let world = start_with_routes().await;
    flood(&world, wire::any_bytes(), |bytes, answer| match CheckRequest::decode(bytes) {
        Ok(request) => is_a_decision(&request, answer),
        Err(_) => {
            let refused = answer.expect_err("what is no message gets no decision");
            assert!(matches!(refused.code(), Code::Internal | Code::InvalidArgument), "{refused:?}");
            assert!(!refused.message().is_empty());
        }
    })
    .await;
    assert_eq!(world.get("/open").await.code, 0, "gate goes on");
}
