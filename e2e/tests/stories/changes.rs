//! What changes, changes at once: relationships by their token, keys by the feed.

use std::time::{Duration, Instant};

use contract::identity::v1::{CreateApiKeyRequest, ExchangeApiKeyRequest, GetApiKeyRequest};
use contract::permissions::v1::ReadSchemaRequest;
use contract::permissions::v1::relationship_update::Operation;
use e2e::{World, shared};
use http::{Request, Version};
use testing::sample::Gateway;
use tonic::Code;

async fn read_at(world: &World, path: &str, key: &str, token: &str) -> (u16, String) {
    let request =
        Request::get(path).header("authorization", format!("Bearer {key}")).header("bailiwick-consistency", token);
    let outcome = world.send(Version::HTTP_11, request).await;
    (outcome.status, outcome.reason)
}

fn key_for(seconds: i64) -> CreateApiKeyRequest {
    let now = testing::surroundings::now().unix_timestamp();
    CreateApiKeyRequest {
        scopes: vec!["documents.read".to_owned()],
        expires_at: Some(prost_types::Timestamp { seconds: now + seconds, nanos: 0 }),
        ..CreateApiKeyRequest::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relationship_that_is_written_lets_in_and_one_that_is_removed_keeps_out() {
    let world = shared().await;
    let (dave, grant) = (world.key("dave"), "document:budget#viewer@user:dave");
    for _ in 0..5 {
        let token = world.write(Operation::Touch, grant).await;
        assert_eq!(read_at(&world, "/v1/documents/budget", &dave, &token).await, (200, String::new()));
        let token = world.write(Operation::Delete, grant).await;
        assert_eq!(read_at(&world, "/v1/documents/budget", &dave, &token).await, (403, "forbidden".to_owned()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consistency_token_that_nobody_gave_out_lets_nobody_in() {
    let world = shared().await;
    let (status, _) = read_at(&world, "/v1/documents/roadmap", &world.key("alice"), "nonsense").await;
    assert_eq!(status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_has_expired_is_refused() {
    let world = shared().await;
    let (_, key) = world.new_key("alice", key_for(2)).await;
    assert_eq!(world.get(Version::HTTP_11, "/v1/documents/roadmap", Some(&key)).await.status, 200);
    tokio::time::sleep(Duration::from_secs(3)).await;
    let outcome = world.get(Version::HTTP_11, "/v1/documents/roadmap", Some(&key)).await;
    assert_eq!(outcome.decision(), (401, "credential_invalid"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_ends_within_five_seconds_of_the_key_that_it_was_exchanged_for() {
    let world = shared().await;
    let (shown, key) = world.new_key("alice", key_for(3_600)).await;
    let gateway = world.gateway();
    let request = gateway.request(ExchangeApiKeyRequest { scopes: Vec::new() }, Some(&key)).unwrap();
    let token = gateway.api_keys().exchange_api_key(request).await.unwrap().into_inner().access_token;
    // Alice has no role in Bailiwick itself, so at a service's own port she is known, and may not.
    let port = world.cluster.lock().await.config().ports.permissions;
    let permissions = Gateway::new("localhost", port, &world.files().authority()).unwrap();
    let read_schema = async || {
        let request = permissions.request(ReadSchemaRequest {}, Some(&token)).unwrap();
        permissions.schemas().read_schema(request).await.unwrap_err().code()
    };
    assert_eq!(world.get(Version::HTTP_11, "/v1/documents/roadmap", Some(&token)).await.status, 200);
    assert_eq!(read_schema().await, Code::PermissionDenied);
    world.revoke_key(&shown.id).await;
    let revoked = Instant::now();
    loop {
        let outcome = world.get(Version::HTTP_11, "/v1/documents/roadmap", Some(&token)).await;
        let direct = read_schema().await;
        if outcome.decision() == (401, "credential_invalid") && direct == Code::Unauthenticated {
            break;
        }
        assert!(revoked.elapsed() < Duration::from_secs(5), "still believed: {outcome:?}, {direct:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_was_revoked_is_refused_within_five_seconds() {
    let world = shared().await;
    let (shown, key) = world.new_key("alice", key_for(3_600)).await;
    assert_eq!(world.get(Version::HTTP_11, "/v1/documents/roadmap", Some(&key)).await.status, 200);
    world.revoke_key(&shown.id).await;
    let revoked = Instant::now();
    loop {
        let outcome = world.get(Version::HTTP_11, "/v1/documents/roadmap", Some(&key)).await;
        if outcome.decision() == (401, "credential_invalid") {
            break;
        }
        assert!(revoked.elapsed() < Duration::from_secs(5), "still let in: {outcome:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn when_a_key_was_last_used_is_seen_soon_after() {
    let world = shared().await;
    let (made, key) = world.new_key("alice", key_for(600)).await;
    assert_eq!(made.last_used_at, None);
    let before = testing::surroundings::now().unix_timestamp();
    assert_eq!(world.get(Version::HTTP_11, "/v1/documents/roadmap", Some(&key)).await.status, 200);
    let gateway = world.gateway();
    let began = Instant::now();
    loop {
        let request = GetApiKeyRequest { api_key_id: made.id.clone() };
        let request = gateway.request(request, Some(&world.key("admin"))).unwrap();
        let seen = gateway.api_keys().get_api_key(request).await.unwrap().into_inner().api_key.unwrap();
        if let Some(last_used_at) = seen.last_used_at {
            assert!((before..=before + 10).contains(&last_used_at.seconds), "{last_used_at} after {before}");
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(10), "nobody has told identity of the use");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
