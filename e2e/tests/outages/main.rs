//! Stories that break the cluster: each has one of its own.

use std::time::{Duration, Instant};

use contract::permissions::v1::relationship_update::Operation;
use e2e::World;
use http::{Request, Version};
use testing::Part;

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
