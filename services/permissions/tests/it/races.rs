//! Many writers at once: the order of revisions is the order of commits, and none decides on a state that is gone.

use chassis::Reason;
use contract::permissions::v1::relationship_update::Operation;
use futures::future::join_all;
use tonic::Status;

use crate::world::{World, refused};

const FACT: &str = "document:plan#viewer@user:alice";
const WRITERS: usize = 16;
const ROUNDS: usize = 10;

/// Has many tasks make a change at the same time.
async fn all_at_once(world: &World, operation: fn(usize) -> Operation) -> Vec<Result<String, Status>> {
    let start = tokio::sync::Barrier::new(WRITERS);
    let start = &start;
    let writers = (0..WRITERS).map(|at| async move {
        start.wait().await;
        world.write(&[(operation(at), FACT)]).await
    });
    join_all(writers).await
}

async fn live_rows(world: &World) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM relationship WHERE deleted_revision IS NULL")
        .fetch_one(world.harness.pool())
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_create_the_same_exactly_one_does() {
    let world = World::with_schema().await;
    for _ in 0..ROUNDS {
        let results = all_at_once(&world, |_| Operation::Create).await;
        let (created, failed): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
        assert_eq!(created.len(), 1);
        for failure in failed {
            assert_eq!(refused(failure).0, Reason::RelationshipExists);
        }
        assert_eq!(live_rows(&world).await, 1);
        world.write(&[(Operation::Delete, FACT)]).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_may_touch_the_same() {
    let world = World::with_schema().await;
    for _ in 0..ROUNDS {
        for result in all_at_once(&world, |_| Operation::Touch).await {
            result.unwrap();
        }
        assert_eq!(live_rows(&world).await, 1);
        world.write(&[(Operation::Delete, FACT)]).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn touches_and_deletes_leave_what_the_last_commit_says() {
    let world = World::with_schema().await;
    for _ in 0..ROUNDS {
        let results = all_at_once(&world, |at| if at % 2 == 0 { Operation::Touch } else { Operation::Delete }).await;
        for result in results {
            result.unwrap();
        }
        // The history is a chain: each life begins after the one before it ended, and only the last may still go on.
        let lives: Vec<(i64, Option<i64>)> =
            sqlx::query_as("SELECT created_revision, deleted_revision FROM relationship ORDER BY created_revision")
                .fetch_all(world.harness.pool())
                .await
                .unwrap();
        for pair in lives.windows(2) {
            assert!(pair[0].1.is_some_and(|ended| ended < pair[1].0), "{lives:?}");
        }
        let there = lives.last().is_some_and(|(_, deleted)| deleted.is_none());
        assert_eq!(world.has("document:plan", "view", "user:alice").await, there);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_write_has_its_own_revision_without_a_gap() {
    let world = World::with_schema().await;
    let before: i64 =
        sqlx::query_scalar("SELECT revision FROM revision_head").fetch_one(world.harness.pool()).await.unwrap();
    let world = &world;
    let writers = (0..64).map(|at| async move {
        world.write(&[(Operation::Create, &format!("document:d{at}#viewer@user:alice"))]).await.unwrap()
    });
    let mut tokens = join_all(writers).await;
    tokens.sort();
    tokens.dedup();
    assert_eq!(tokens.len(), 64);
    let revisions: Vec<i64> = sqlx::query_scalar("SELECT created_revision FROM relationship ORDER BY 1")
        .fetch_all(world.harness.pool())
        .await
        .unwrap();
    assert_eq!(revisions, (before + 1..=before + 64).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_schema_that_drops_a_relation_and_a_write_to_it_never_both_win() {
    let with = "definition user {}\ndefinition document {\n relation viewer: user\n relation editor: user\n }";
    let without = "definition user {}\ndefinition document {\n relation viewer: user\n }";
    let fact = "document:plan#editor@user:alice";
    let world = World::start().await;
    for _ in 0..ROUNDS {
        world.write_schema(with).await.unwrap();
        let (schema, write) =
            tokio::join!(world.write_schema(without), async { world.write(&[(Operation::Create, fact)]).await });
        match (schema, write) {
            (Ok(_), failed) => assert_eq!(refused(failed).0, Reason::SchemaRelationUnknown),
            (failed, Ok(_)) => {
                assert_eq!(refused(failed).0, Reason::SchemaOrphansRelationship);
                world.write(&[(Operation::Delete, fact)]).await.unwrap();
            }
            (schema, write) => panic!("{schema:?} {write:?}"),
        }
    }
}
