//! Stories that break the cluster or change its routes: each has one of its own.

mod policies;
mod recover;

use std::time::{Duration, Instant};

use contract::permissions::v1::relationship_update::Operation;
use e2e::World;
use http::{Request, Version};
use testing::{Part, cluster};

const READ: &str = "/v1/documents/roadmap";

/// Asks until the answer is the expected one.
async fn becomes(world: &World, path: &str, who: &str, expected: u16) {
    let began = Instant::now();
    loop {
        let outcome = world.get(Version::HTTP_11, path, Some(&world.key(who))).await;
        if outcome.status == expected {
            return;
        }
        assert!(outcome.status != 200 || expected == 200, "let in: {outcome:?}");
        assert!(began.elapsed() < Duration::from_secs(15), "not {expected} in time: {outcome:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Asks for an answer that is at least as new as the change with this token.
async fn read_at(world: &World, path: &str, who: &str, token: &str) -> u16 {
    let request = Request::get(path)
        .header("authorization", format!("Bearer {}", world.key(who)))
        .header("bailiwick-consistency", token);
    world.send(Version::HTTP_11, request).await.status
}

async fn kill(world: &World, part: Part) {
    world.cluster.lock().await.kill(part).expect("a process can be killed");
}

async fn restart(world: &World, part: Part) {
    let restarted = world.cluster.lock().await.restart(part).await;
    restarted.unwrap_or_else(|error| panic!("{} does not start again: {}", part.name(), error.with_causes()));
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_service_gone_the_gateway_denies_and_comes_back_by_itself() {
    let world = World::start("faults").await;
    let alice = world.key("alice");

    kill(&world, Part::Permissions).await;
    let outcome = world.get(Version::HTTP_11, READ, Some(&alice)).await;
    assert_eq!(outcome.decision(), (503, "unavailable"), "{outcome:?}");
    restart(&world, Part::Permissions).await;
    becomes(&world, READ, "alice", 200).await;
    becomes(&world, READ, "dave", 403).await;

    kill(&world, Part::Gate).await;
    let outcome = world.get(Version::HTTP_11, READ, Some(&alice)).await;
    assert_eq!(outcome.status, 503, "{outcome:?}");
    let anyone = world.get(Version::HTTP_11, "/healthz", None).await;
    assert_eq!(anyone.status, 503, "without gate not even a route for anyone is open: {anyone:?}");
    restart(&world, Part::Gate).await;
    becomes(&world, READ, "alice", 200).await;
    becomes(&world, READ, "dave", 403).await;

    // Whoever is known stays known while identity is away; whoever is not cannot be told, and is not let in.
    kill(&world, Part::Identity).await;
    assert_eq!(world.get(Version::HTTP_11, READ, Some(&alice)).await.status, 200);
    let stranger = world.get(Version::HTTP_11, READ, Some(&world.key("carol"))).await;
    assert_eq!(stranger.decision(), (503, "unavailable"), "{stranger:?}");
    restart(&world, Part::Identity).await;
    becomes(&world, "/v1/documents/handbook", "carol", 200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_a_kill_of_service_and_database() {
    let world = World::start("kills").await;
    for victim in [Part::Permissions, Part::Postgres] {
        let granted = world.write(Operation::Touch, "document:budget#viewer@user:dave").await;
        kill(&world, victim).await;
        restart(&world, victim).await;
        becomes(&world, "/v1/documents/budget", "dave", 200).await;
        assert_eq!(
            read_at(&world, "/v1/documents/budget", "dave", &granted).await,
            200,
            "the token outlives {}",
            victim.name()
        );
        let removed = world.write(Operation::Delete, "document:budget#viewer@user:dave").await;
        assert_eq!(read_at(&world, "/v1/documents/budget", "dave", &removed).await, 403, "{}", victim.name());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_database_stands_still_calls_are_let_through_and_a_change_is_told_in_time() {
    let world = World::start_set("still", &["permissions.group_step_ms_max=500"]).await;
    becomes(&world, READ, "alice", 200).await;
    becomes(&world, READ, "dave", 403).await;
    world.cluster.lock().await.pause(Part::Postgres);
    let refused = world.try_to_write(Operation::Touch, "document:budget#viewer@user:dave").await;
    let refused = refused.expect_err("a database that stands still commits nothing");
    assert_eq!(refused.message(), "the service cannot reach its database just now", "{refused:?}");
    assert_eq!(world.get(Version::HTTP_11, READ, Some(&world.key("alice"))).await.status, 200);
    assert_eq!(world.get(Version::HTTP_11, READ, Some(&world.key("dave"))).await.status, 403);
    world.cluster.lock().await.resume(Part::Postgres);
    let written = world.write(Operation::Touch, "document:budget#viewer@user:dave").await;
    assert_eq!(read_at(&world, "/v1/documents/budget", "dave", &written).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn permissions_starts_again_from_the_file_that_it_wrote() {
    let world = World::start_set("file", &["permissions.snapshot_seconds=1"]).await;
    world.write(Operation::Touch, "document:budget#viewer@user:dave").await;
    let began = Instant::now();
    while cluster::newest_snapshot(world.cluster.lock().await.config()).is_none() {
        assert!(began.elapsed() < Duration::from_secs(15), "no file is written");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    kill(&world, Part::Permissions).await;
    restart(&world, Part::Permissions).await;
    becomes(&world, "/v1/documents/budget", "dave", 200).await;
    let log = world.cluster.lock().await.files().log(Part::Permissions);
    let log = std::fs::read_to_string(log).expect("permissions has a log");
    assert_eq!(log.matches("begun with a snapshot").count(), 1, "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_identity_stands_still_known_callers_pass_for_the_grace_and_then_nobody() {
    let world = World::start_set_of("paused", Part::Gate, &["gate.identity_silence_seconds_max=5"]).await;
    becomes(&world, READ, "alice", 200).await;
    world.cluster.lock().await.pause(Part::Identity);
    let paused = Instant::now();
    assert_eq!(world.get(Version::HTTP_11, READ, Some(&world.key("alice"))).await.status, 200);
    let stranger = world.get(Version::HTTP_11, READ, Some(&world.key("bob"))).await;
    assert_eq!(stranger.decision(), (503, "unavailable"), "{stranger:?}");
    // No revocation can come, so that what is remembered may be wrong: for five seconds it is believed, and no longer.
    while world.get(Version::HTTP_11, READ, Some(&world.key("alice"))).await.status == 200 {
        assert!(paused.elapsed() < Duration::from_secs(8), "believed for {:?}", paused.elapsed());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    becomes(&world, READ, "alice", 503).await;
    assert_eq!(world.get(Version::HTTP_11, "/healthz", None).await.status, 200, "a route for anyone is not touched");
    world.cluster.lock().await.resume(Part::Identity);
    becomes(&world, READ, "alice", 200).await;
    becomes(&world, READ, "bob", 200).await;
}
