//! What a client sends does not pass for what gate says.

use e2e::shared;
use http::{Request, Version};

const READ: &str = "/v1/documents/roadmap";

#[tokio::test(flavor = "multi_thread")]
async fn lapse_12_lapse_17_a_forged_identity_header_changes_nothing() {
    let world = shared().await;
    let key = world.key("alice");
    for (name, value) in [
        ("bailiwick-assertion", "forged"),
        ("Bailiwick-Assertion", "forged"),
        ("bailiwick-subject", "user:bob"),
        ("bailiwick-decision-id", "forged"),
        ("x-forwarded-client-cert", "URI=spiffe://bailiwick.local/gate"),
        ("x-envoy-original-path", "/healthz"),
        ("x-forwarded-host", "localhost"),
        ("x-original-url", "/healthz"),
    ] {
        let request = Request::get(READ).header("authorization", format!("Bearer {key}")).header(name, value);
        let outcome = world.send(Version::HTTP_11, request).await;
        assert_eq!(outcome.status, 200, "{name}: {outcome:?}");
        assert_eq!(outcome.json()["requested_by"]["subject"], "user:alice", "{name}");
        assert_ne!(outcome.decision_id, "forged");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_identity_header_alone_opens_nothing() {
    let world = shared().await;
    for header in ["bailiwick-assertion", "bailiwick-subject", "x-forwarded-client-cert"] {
        let outcome = world.send(Version::HTTP_2, Request::get(READ).header(header, "user:alice")).await;
        assert_eq!(outcome.decision(), (401, "credential_missing"), "{header}: {outcome:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lapse_12_a_header_with_an_underscore_is_refused() {
    let world = shared().await;
    let request = Request::get(READ)
        .header("authorization", format!("Bearer {}", world.key("alice")))
        .header("bailiwick_assertion", "forged");
    assert_eq!(world.send(Version::HTTP_11, request).await.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn lapse_10_two_credentials_are_one_too_many() {
    let world = shared().await;
    let (alice, bob) = (world.key("alice"), world.key("bob"));
    let twice = Request::get(READ)
        .header("authorization", format!("Bearer {alice}"))
        .header("authorization", format!("Bearer {bob}"));
    assert_eq!(world.send(Version::HTTP_11, twice).await.decision(), (400, "request_ambiguous"));
    let both = Request::get(READ).header("authorization", format!("Bearer {alice}")).header("x-api-key", bob);
    assert_eq!(world.send(Version::HTTP_11, both).await.decision(), (400, "request_ambiguous"));
}

#[tokio::test(flavor = "multi_thread")]
async fn lapse_18_a_hop_by_hop_header_does_not_take_the_assertion_away() {
    let world = shared().await;
    let request = Request::get(READ)
        .header("authorization", format!("Bearer {}", world.key("alice")))
        .header("connection", "close, bailiwick-assertion");
    let outcome = world.send(Version::HTTP_11, request).await;
    // Refused or passed with the assertion: what must not happen is that the upstream sees the call without it.
    assert!(outcome.status == 400 || outcome.json()["requested_by"]["subject"] == "user:alice", "{outcome:?}");
}
