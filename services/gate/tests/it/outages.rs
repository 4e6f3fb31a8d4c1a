//! With something gone that a decision needs, calls are refused as ones that may be tried again; and pass again by themselves.

use std::time::Duration;

use chassis::Reason;

use crate::world::{Answer, start_with, start_with_routes};
use crate::world::{DOCS, document_routes};

const ROADMAP: &str = "/v1/documents/roadmap";
const VIEW: &str = "acme document:roadmap#view@user:alice";

fn is_unavailable(answer: &Answer) -> bool {
    answer.is_error && answer.denied() == (503, "unavailable")
}

#[tokio::test(flavor = "multi_thread")]
async fn without_permissions_calls_are_refused_and_pass_again_by_themselves() {
    let world = start_with_routes().await;
    world.permissions.allow(VIEW);
    let key = world.new_key("acme", "user:alice", &["documents.read"], None);
    assert_eq!(world.get_as(key.expose(), ROADMAP).await.code, 0);
    for reason in [
        Reason::NotReady,
        Reason::DatabaseUnavailable,
        Reason::ReplicaBehind,
        Reason::Internal,
        Reason::DeadlineExceeded,
    ] {
        world.permissions.refuse(Some(reason));
        assert!(is_unavailable(&world.get_as(key.expose(), ROADMAP).await), "{reason:?}");
        assert_eq!(world.get_as(key.expose(), "/me").await.code, 0, "a route that asks for nothing is not touched");
    }
    world.permissions.refuse(None);
    assert_eq!(world.get_as(key.expose(), ROADMAP).await.code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn lapse_15_a_permissions_service_that_never_answers_ends_in_a_decision_all_the_same() {
    let world = start_with_routes().await;
    let key = world.new_key("acme", "user:alice", &["documents.read"], None);
    world.permissions.be_silent(true);
    let asked = world.permissions.times_asked();
    assert!(is_unavailable(&world.get_as(key.expose(), ROADMAP).await));
    assert!(world.permissions.times_asked() > asked);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_identity_what_is_remembered_lives_on_for_the_grace_and_then_no_credential_is_believed() {
    let world = start_with(|config| config.identity_silence_seconds_max = 5).await;
    world.assign(DOCS, "acme").await;
    world.apply("acme", document_routes()).await.unwrap();
    world.eventually("the routes are in force", async || world.get("/open").await.code == 0).await;
    let known = world.new_key("acme", "user:alice", &[], None);
    let never_seen = world.new_key("acme", "user:bob", &[], None);
    let token = world.gate.with_token("acme", "user:alice", &[]).header_for("").1.replace("Bearer ", "");
    assert_eq!(world.get_as(known.expose(), "/me").await.code, 0);

    world.gate.identity().set_down(true);
    assert_eq!(world.get_as(known.expose(), "/me").await.code, 0);
    assert!(is_unavailable(&world.get_as(never_seen.expose(), "/me").await));

    tokio::time::sleep(Duration::from_millis(5_500)).await;
    for bearer in [known.expose(), never_seen.expose(), token.as_str()] {
        assert!(is_unavailable(&world.get_as(bearer, "/me").await));
    }
    assert_eq!(world.get("/open").await.code, 0, "a route that lets anyone in is not touched");

    world.gate.identity().set_down(false);
    world.eventually("identity is heard again", async || world.get_as(known.expose(), "/me").await.code == 0).await;
    assert_eq!(world.get_as(never_seen.expose(), "/me").await.code, 0);
    assert_eq!(world.get_as(&token, "/me").await.code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_published_key_is_the_one_that_assertions_are_signed_with() {
    let world = start_with_routes().await;
    let keys = world.gate.identity().published_keys();
    assert_eq!(keys.len(), 1);
    let answer = world.get("/open").await;
    assert_eq!(world.verified(&answer, "documents").audience, "documents");
}
