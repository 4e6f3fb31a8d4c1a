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

#[tokio::test(flavor = "multi_thread")]
async fn lapse_17_a_forged_assertion_that_stands_twice_is_not_seen_either() {
    let world = shared().await;
    for version in [Version::HTTP_11, Version::HTTP_2] {
        let request = Request::get(READ)
            .header("authorization", format!("Bearer {}", world.key("alice")))
            .header("bailiwick-assertion", "forged")
            .header("bailiwick-assertion", "a,b")
            .header("bailiwick-assertion", "");
        let outcome = world.send(version, request).await;
        assert_eq!(outcome.json()["requested_by"]["subject"], "user:alice", "{version:?}: {outcome:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lapse_18_no_spelling_of_connection_takes_the_assertion_away() {
    let world = shared().await;
    for value in [
        "Bailiwick-Assertion",
        "keep-alive,BAILIWICK-ASSERTION",
        "bailiwick-assertion;q=1",
        "\"bailiwick-assertion\"",
        "authorization",
        "x-request-id, bailiwick-decision-id",
        "TE, bailiwick-assertion",
    ] {
        let request = Request::get(READ)
            .header("authorization", format!("Bearer {}", world.key("alice")))
            .header("te", "trailers")
            .header("connection", value);
        let outcome = world.send(Version::HTTP_11, request).await;
        let is_whole = outcome.status == 200 && outcome.json()["requested_by"]["subject"] == "user:alice";
        // Envoy itself takes off a credential that is named there, so that gate sees none.
        assert!(matches!(outcome.status, 400 | 401) || is_whole, "{value}: {outcome:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lapse_22_no_upgrade_leads_past_the_gateway() {
    let world = shared().await;
    for upgrade in ["websocket", "h2c", "CONNECT-UDP"] {
        let request = Request::get(READ)
            .header("authorization", format!("Bearer {}", world.key("alice")))
            .header("connection", "Upgrade")
            .header("upgrade", upgrade);
        let outcome = world.send(Version::HTTP_11, request).await;
        assert_ne!(outcome.status, 101, "{upgrade}: {outcome:?}");
    }
}
