//! Gate's keys come into the feed, once for each end.

use chassis::signing::SigningKey;
use chassis::{Clock as _, Reason, timestamp};
use contract::identity::v1::{KeyUse, PublishAssertionKeyRequest, PublishAssertionKeyResponse, VerificationKey};
use time::Duration;

use crate::world::{World, reason_and, start_empty};

fn key(world: &World, of: &SigningKey, life: Duration) -> VerificationKey {
    VerificationKey {
        key_id: of.key_id().to_owned(),
        r#use: KeyUse::Assertion.into(),
        jwk: of.jwk().to_owned(),
        not_after: Some(timestamp::to_proto(world.service.clock().now() + life)),
        issuer: String::new(),
    }
}

async fn publish(world: &World, key: Option<VerificationKey>) -> Result<PublishAssertionKeyResponse, tonic::Status> {
    let request = PublishAssertionKeyRequest { key };
    world.peers().publish_assertion_key(request).await.map(tonic::Response::into_inner)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_published_key_verifies_calls_to_identity_itself() {
    let world = start_empty().await;
    let gate = testing::harness::unknown_key();
    publish(&world, Some(key(&world, &gate, Duration::days(1)))).await.unwrap();
    let keys = &world.service.running().foundation.learnt.keys;
    for _ in 0..100 {
        if keys.contains(gate.key_id()) {
            let caller = world.service.as_subject("acme", "user:alice", &["system.read"]).signed_by(&gate);
            world.tenants_as(caller).list_tenants(contract::identity::v1::ListTenantsRequest::default()).await.unwrap();
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the key did not come through the feed in 2 seconds");
}

#[tokio::test(flavor = "multi_thread")]
async fn publishing_again_with_nearly_the_same_end_writes_nothing() {
    let world = start_empty().await;
    let gate = testing::harness::unknown_key();
    let before = world.count("feed_entry").await;
    for (minutes, entries) in [(600, 1), (600, 1), (630, 1), (300, 1), (661, 2), (661, 2)] {
        publish(&world, Some(key(&world, &gate, Duration::minutes(minutes)))).await.unwrap();
        assert_eq!(world.count("feed_entry").await, before + entries, "{minutes} minutes");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_replicas_that_publish_at_once_one_writes() {
    let world = start_empty().await;
    let gate = testing::harness::unknown_key();
    let before = world.count("feed_entry").await;
    let calls = (0..8).map(|_| publish(&world, Some(key(&world, &gate, Duration::days(30)))));
    for answer in futures::future::join_all(calls).await {
        answer.unwrap();
    }
    assert_eq!(world.count("feed_entry").await, before + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_assertion_key_is_refused_and_named() {
    let world = start_empty().await;
    let gate = testing::harness::unknown_key();
    let good = key(&world, &gate, Duration::days(1));
    let at = |life| Some(timestamp::to_proto(world.service.clock().now() + life));
    let before = world.count("feed_entry").await;
    for (field, bad) in [
        ("key", None),
        ("key.use", Some(VerificationKey { r#use: KeyUse::AccessToken.into(), ..good.clone() })),
        ("key.use", Some(VerificationKey { r#use: 99, ..good.clone() })),
        ("key.key_id", Some(VerificationKey { key_id: "gate-1".into(), ..good.clone() })),
        ("key.jwk", Some(VerificationKey { jwk: "{}".into(), ..good.clone() })),
        ("key.jwk", Some(VerificationKey { jwk: good.jwk.replace("P-256", "P-384"), ..good.clone() })),
        ("key.jwk", Some(VerificationKey { jwk: good.jwk.replace('{', r#"{"d":"AAAA","#), ..good.clone() })),
        ("key.not_after", Some(VerificationKey { not_after: None, ..good.clone() })),
        ("key.not_after", Some(VerificationKey { not_after: at(Duration::ZERO), ..good.clone() })),
        ("key.not_after", Some(VerificationKey { not_after: at(Duration::days(401)), ..good.clone() })),
    ] {
        let refused = publish(&world, bad).await;
        assert_eq!(reason_and(refused, "field"), (Reason::FieldInvalid, field.to_owned()));
    }
    assert_eq!(world.count("feed_entry").await, before);
    publish(&world, Some(VerificationKey { not_after: at(Duration::days(400)), ..good })).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_of_access_tokens_cannot_be_made_one_for_assertions() {
    let world = start_empty().await;
    let (key_id, jwk): (String, String) =
        sqlx::query_as("SELECT id, jwk FROM verification_key").fetch_one(world.service.pool()).await.unwrap();
    let taken = VerificationKey { key_id, jwk, ..key(&world, &testing::harness::unknown_key(), Duration::days(1)) };
    let refused = publish(&world, Some(taken)).await;
    assert_eq!(reason_and(refused, "field"), (Reason::FieldInvalid, "key.key_id".to_owned()));
}
