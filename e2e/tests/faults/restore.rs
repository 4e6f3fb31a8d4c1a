//! A database is restored from a backup, as the runbook says: what was lost is noticed, and grants nothing.

use std::time::{Duration, Instant};

use contract::identity::v1::CreateApiKeyRequest;
use contract::permissions::v1::relationship_update::Operation;
use e2e::World;
use http::{Request, Version};
use testing::{Part, cluster};

const BUDGET: &str = "/v1/documents/budget";

/// How long something may take to be known everywhere.
const KNOWN_WITHIN: Duration = Duration::from_secs(10);

async fn status(world: &World, credential: &str, token: Option<&str>) -> u16 {
    let mut request = Request::get(BUDGET).header("authorization", format!("Bearer {credential}"));
    if let Some(token) = token {
        request = request.header("bailiwick-consistency", token);
    }
    world.send(Version::HTTP_11, request).await.status
}

async fn becomes(world: &World, credential: &str, expected: u16) {
    let began = Instant::now();
    loop {
        let status = status(world, credential, None).await;
        if status == expected {
            return;
        }
        assert!(began.elapsed() < KNOWN_WITHIN, "{status}, not {expected}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Stops the service, restores its database, begins another epoch, and starts it again.
async fn restore(world: &World, service: Part, copy: &std::path::Path) {
    let mut cluster = world.cluster.lock().await;
    cluster.stop_member(service).unwrap();
    cluster.server().restore(service.name(), copy).unwrap();
    cluster.begin_epoch(service).unwrap();
    cluster.restart(service).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a fault: `cargo xtask test --faults`"]
async fn after_a_restore_of_permissions_lost_writes_grant_nothing_and_their_tokens_are_refused() {
    let world = World::start_set("restore", &["permissions.snapshot_seconds=1"]).await;
    let (bob, dave) = (world.key("bob"), world.key("dave"));
    let granted = world.write(Operation::Touch, "document:budget#viewer@user:dave").await;
    assert_eq!(status(&world, &dave, Some(&granted)).await, 200);
    let copy = world.cluster.lock().await.server().dump("permissions").unwrap();

    let revoked = world.write(Operation::Delete, "document:budget#viewer@user:dave").await;
    let lost = world.write(Operation::Touch, "document:budget#viewer@user:bob").await;
    assert_eq!(status(&world, &bob, Some(&lost)).await, 200);
    assert_eq!(status(&world, &dave, Some(&revoked)).await, 403);
    // A file of the index that holds the lost grant: nothing must be answered from it.
    let written = testing::surroundings::now();
    let began = Instant::now();
    while cluster::newest_snapshot(world.cluster.lock().await.config()).is_none_or(|(_, at)| at < written) {
        assert!(began.elapsed() < KNOWN_WITHIN, "no file is written");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    restore(&world, Part::Permissions, &copy).await;

    for token in [&revoked, &lost] {
        for credential in [&bob, &dave] {
            assert_eq!(status(&world, credential, Some(token)).await, 400, "the token is of a lost write");
        }
    }
    becomes(&world, &bob, 403).await;
    becomes(&world, &dave, 200).await;
    let again = world.write(Operation::Delete, "document:budget#viewer@user:dave").await;
    assert_eq!(status(&world, &dave, Some(&again)).await, 403);
    assert_eq!(status(&world, &bob, Some(&lost)).await, 400, "its number was given out again");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a fault: `cargo xtask test --faults`"]
async fn after_a_restore_of_identity_a_lost_key_lets_nobody_in_and_verifiers_learn_everything_anew() {
    let world = World::start("restore-identity").await;
    let expires_at =
        prost_types::Timestamp { seconds: testing::surroundings::now().unix_timestamp() + 3_600, nanos: 0 };
    let request = CreateApiKeyRequest {
        scopes: vec!["documents.read".to_owned()],
        expires_at: Some(expires_at),
        ..CreateApiKeyRequest::default()
    };
    let (shown, ended) = world.new_key("carol", request.clone()).await;
    becomes(&world, &ended, 200).await;
    let copy = world.cluster.lock().await.server().dump("identity").unwrap();

    let (_, lost) = world.new_key("carol", request).await;
    becomes(&world, &lost, 200).await;
    world.revoke_key(&shown.id).await;
    becomes(&world, &ended, 401).await;
    restore(&world, Part::Identity, &copy).await;

    becomes(&world, &lost, 401).await;
    becomes(&world, &world.key("carol"), 200).await;
    // As the restored database has it the key still lives; but whoever heard that it was ended goes on refusing it.
    assert_eq!(status(&world, &ended, None).await, 401);
    world.cluster.lock().await.restart(Part::Gate).await.unwrap();
    becomes(&world, &ended, 200).await;
    becomes(&world, &lost, 401).await;
}
