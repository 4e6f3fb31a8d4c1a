//! History that is older than it is kept for goes, and whoever needs it is told.

use std::time::Duration;

use chassis::Reason;
use contract::permissions::v1::ReadRelationshipsRequest;
use contract::permissions::v1::relationship_update::Operation;

use crate::world::{SCHEMA, World, fully_consistent, of_document, refused};

/// A world in which history is kept for a second.
async fn forgetful() -> World {
    let world = World::start_with(|config| {
        config.history_seconds = 1;
        config.collect_seconds = 1;
    })
    .await;
    world.write_schema(SCHEMA).await.unwrap();
    world
}

async fn rows(world: &World, table: &str) -> i64 {
    let count = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
    sqlx::query_scalar(count).fetch_one(world.harness.pool()).await.unwrap()
}

/// Waits until a table has this many rows.
async fn until(world: &World, table: &str, wanted: i64) {
    for _ in 0..400 {
        if rows(world, table).await == wanted {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("{table} has {} rows, not {wanted}", rows(world, table).await);
}

fn page(token: String) -> ReadRelationshipsRequest {
    ReadRelationshipsRequest {
        // A page token pins its revision.
        consistency: if token.is_empty() { fully_consistent() } else { None },
        filter: Some(of_document("", "viewer")),
        page_size: 1,
        page_token: token,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_deleted_is_collected_and_what_is_there_stays() {
    let world = forgetful().await;
    world
        .touch(&["document:a#viewer@user:alice", "document:b#viewer@user:alice", "document:c#viewer@user:alice"])
        .await;
    world.write_schema(&format!("{SCHEMA} definition folder {{}}")).await.unwrap();
    world.write(&[(Operation::Delete, "document:b#viewer@user:alice")]).await.unwrap();
    assert_eq!((rows(&world, "relationship").await, rows(&world, "schema_version").await), (3, 2));
    // What the newest revision replaced goes only when another follows: it can still be asked at until then.
    until(&world, "relationship", 2).await;
    until(&world, "schema_version", 1).await;
    until(&world, "revision_mark", 1).await;
    for (document, expected) in [("document:a", true), ("document:b", false), ("document:c", true)] {
        assert_eq!(world.has(document, "view", "user:alice").await, expected);
    }
    // It goes on from there: replicas that follow, and those that start.
    world.touch(&["document:b#viewer@user:alice"]).await;
    assert!(world.has("document:b", "view", "user:alice").await);
    assert!(world.harness.metrics().await.contains("bailiwick_relationships_collected_total 1"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_a_revision_that_is_collected_end_with_a_reason() {
    let world = forgetful().await;
    world.touch(&["document:a#viewer@user:alice", "document:b#viewer@user:alice"]).await;
    let mut relationships = world.relationships(world.caller());
    let first = relationships.read_relationships(page(String::new())).await.unwrap().into_inner();
    world.write(&[(Operation::Delete, "document:b#viewer@user:alice")]).await.unwrap();
    until(&world, "relationship", 1).await;
    let next = relationships.read_relationships(page(first.next_page_token)).await;
    assert_eq!(refused(next).0, Reason::RevisionCollected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_lost_the_job_takes_nothing_away() {
    let world = forgetful().await;
    world.touch(&["document:a#viewer@user:alice"]).await;
    let another = "INSERT INTO job_claim VALUES ('collect', gen_random_uuid(), 7, now() + interval '1 hour')
                   ON CONFLICT (job) DO UPDATE SET holder = EXCLUDED.holder, fence = 7, until = EXCLUDED.until";
    sqlx::query(another).execute(world.harness.pool()).await.unwrap();
    world.write(&[(Operation::Delete, "document:a#viewer@user:alice")]).await.unwrap();
    tokio::time::sleep(Duration::from_millis(3_500)).await;
    assert_eq!(rows(&world, "relationship").await, 1);
}
