//! The writes of many callers in one transaction: each has its own revision, answer or error.

use std::time::Duration;

use chassis::Reason;
use contract::permissions::v1::relationship_update::Operation;
use contract::permissions::v1::{DeleteRelationshipsRequest, WriteRelationshipsRequest};
use futures::future::join_all;
use tonic::Request;

use crate::replicas::replicas;
use crate::world::{SCHEMA, World, of_document, refused, update};

/// Holds every write up until it is dropped or rolled back.
async fn hold_up(world: &World) -> sqlx::Transaction<'static, sqlx::Postgres> {
    let mut held = world.harness.pool().begin().await.unwrap();
    sqlx::query("SELECT FROM revision_head FOR UPDATE").execute(&mut *held).await.unwrap();
    held
}

async fn head(world: &World) -> i64 {
    sqlx::query_scalar("SELECT revision FROM revision_head").fetch_one(world.harness.pool()).await.unwrap()
}

/// How many transactions have written relationships.
async fn transactions(world: &World) -> i64 {
    sqlx::query_scalar("SELECT count(DISTINCT xmin::text) FROM relationship")
        .fetch_one(world.harness.pool())
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writes_that_wait_are_committed_together_and_each_has_its_own_outcome() {
    let world = World::with_schema().await;
    let before = head(&world).await;
    let held = hold_up(&world).await;
    let writers = join_all((0..40).map(|at| {
        let fact = match at % 4 {
            0 => "document:same#viewer@user:alice".to_owned(),
            1 => format!("document:d{at}#nothing@user:alice"),
            _ => format!("document:d{at}#viewer@user:alice"),
        };
        let world = &world;
        async move { world.write(&[(Operation::Create, fact.as_str())]).await }
    }));
    let (results, ()) = tokio::join!(writers, async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        held.rollback().await.unwrap();
    });
    let (mut made, mut same) = (0, 0);
    for (at, result) in results.into_iter().enumerate() {
        match (at % 4, result) {
            (0, Ok(_)) => same += 1,
            (0, failed) => assert_eq!(refused(failed).0, Reason::RelationshipExists),
            (1, failed) => assert_eq!(refused(failed).0, Reason::SchemaRelationUnknown),
            (_, result) => {
                result.unwrap();
                made += 1;
            }
        }
    }
    assert_eq!((made, same), (20, 1));
    assert_eq!(head(&world).await, before + 21);
    let revisions: Vec<i64> = sqlx::query_scalar("SELECT created_revision FROM relationship ORDER BY 1")
        .fetch_all(world.harness.pool())
        .await
        .unwrap();
    assert_eq!(revisions, (before + 1..=before + 21).collect::<Vec<_>>());
    // The one who was first at the lock, and all who came while it waited.
    assert!(transactions(&world).await <= 3);
    // The schema's event and one for each write that was made.
    let events: i64 = sqlx::query_scalar("SELECT last_value FROM pg_sequences WHERE sequencename = 'outbox_id_seq'")
        .fetch_one(world.harness.pool())
        .await
        .unwrap();
    assert_eq!(events, 22);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn deletions_by_filter_see_what_is_before_them_in_their_group() {
    let world = World::with_schema().await;
    let held = hold_up(&world).await;
    let in_order = async |at: u64| tokio::time::sleep(Duration::from_millis(100 * at)).await;
    let delete = || DeleteRelationshipsRequest { filter: Some(of_document("plan", "")), ..Default::default() };
    let (first, second, gone, third, ()) = tokio::join!(
        async {
            in_order(0).await;
            world.write(&[(Operation::Create, "document:other#viewer@user:alice")]).await
        },
        async {
            in_order(1).await;
            world.write(&[(Operation::Create, "document:plan#viewer@user:alice")]).await
        },
        async {
            in_order(2).await;
            world.delete(delete()).await
        },
        async {
            in_order(3).await;
            world.write(&[(Operation::Create, "document:plan#viewer@user:alice")]).await
        },
        async {
            in_order(4).await;
            held.rollback().await.unwrap()
        },
    );
    first.unwrap();
    second.unwrap();
    assert_eq!(gone.unwrap().deleted, 1);
    third.unwrap();
    assert!(world.has("document:plan", "view", "user:alice").await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn more_writes_than_may_wait_are_refused() {
    let world = World::start_with(|config| config.writes_waiting_max = 1).await;
    world.write_schema(SCHEMA).await.unwrap();
    let held = hold_up(&world).await;
    let writers =
        join_all(
            (0..8).map(|at| {
                let world = &world;
                async move {
                    world.write(&[(Operation::Create, format!("document:d{at}#viewer@user:alice").as_str())]).await
                }
            }),
        );
    let (results, ()) = tokio::join!(writers, async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        held.rollback().await.unwrap();
    });
    let refusals: Vec<_> = results.into_iter().filter(Result::is_err).map(refused).collect();
    // One is being written and one waits.
    assert!(refusals.len() >= 6, "{refusals:?}");
    for (reason, message) in refusals {
        assert_eq!(reason, Reason::Overloaded);
        assert!(message.starts_with("1 writes of this tenant or in all wait already"), "{message}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_group_takes_no_further_write_once_it_is_large_enough() {
    let world = World::start_with(|config| config.group_changes_max = 1).await;
    world.write_schema(SCHEMA).await.unwrap();
    let writers =
        join_all(
            (0..12).map(|at| {
                let world = &world;
                async move {
                    world.write(&[(Operation::Create, format!("document:d{at}#viewer@user:alice").as_str())]).await
                }
            }),
        );
    for result in writers.await {
        result.unwrap();
    }
    assert_eq!(transactions(&world).await, 12);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_caller_that_gave_up_before_its_turn_is_skipped() {
    let world = World::with_schema().await;
    let held = hold_up(&world).await;
    let first = world.write(&[(Operation::Create, "document:first#viewer@user:alice")]);
    let given_up = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let updates = vec![update(Operation::Create, "document:late#viewer@user:alice")];
        let mut request = Request::new(WriteRelationshipsRequest { updates, ..Default::default() });
        request.set_timeout(Duration::from_millis(100));
        world.relationships(world.caller()).write_relationships(request).await
    };
    let (first, given_up, ()) = tokio::join!(first, given_up, async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        held.rollback().await.unwrap();
    });
    first.unwrap();
    assert!(given_up.is_err());
    world.touch(&["document:after#viewer@user:alice"]).await;
    assert!(!world.has("document:late", "view", "user:alice").await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_database_that_fails_fails_every_write_of_the_group_and_the_next_is_made() {
    let world = World::with_schema().await;
    let before = head(&world).await;
    let held = hold_up(&world).await;
    let writers =
        join_all(
            (0..8).map(|at| {
                let world = &world;
                async move {
                    world.write(&[(Operation::Create, format!("document:d{at}#viewer@user:alice").as_str())]).await
                }
            }),
        );
    let (results, ()) = tokio::join!(writers, async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        // Whoever waits for the lock loses its connection.
        let cut: Vec<bool> = sqlx::query_scalar(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = current_database() AND wait_event_type = 'Lock'",
        )
        .fetch_all(world.harness.pool())
        .await
        .unwrap();
        assert_eq!(cut, [true]);
        tokio::time::sleep(Duration::from_millis(100)).await;
        held.rollback().await.unwrap();
    });
    let failed = results.iter().filter(|result| result.is_err()).count();
    assert!(failed >= 1);
    for failure in results.into_iter().filter(Result::is_err) {
        assert_eq!(refused(failure).0, Reason::DatabaseUnavailable);
    }
    assert_eq!(head(&world).await, before + 8 - failed as i64);
    world.write(&[(Operation::Create, "document:after#viewer@user:alice")]).await.unwrap();
    assert_eq!(head(&world).await, before + 9 - failed as i64);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_processes_that_write_the_same_leave_one_history_without_gaps() {
    let (first, second) = replicas().await;
    first.write_schema(SCHEMA).await.unwrap();
    let before = head(&first).await;
    let fact = "document:plan#viewer@user:alice";
    for _ in 0..10 {
        for operations in [
            [Operation::Create, Operation::Create],
            [Operation::Touch, Operation::Touch],
            [Operation::Delete, Operation::Touch],
            [Operation::Delete, Operation::Create],
        ] {
            let writers = (0..16).map(|at| {
                let world = if at % 2 == 0 { &first } else { &second };
                async move { (operations[at % 2], world.write(&[(operations[at % 2], fact)]).await) }
            });
            let results = join_all(writers).await;
            for (operation, result) in results {
                if let Err(status) = result {
                    assert_eq!(operation, Operation::Create, "{status}");
                    assert_eq!(refused(Err::<(), _>(status)).0, Reason::RelationshipExists);
                }
            }
        }
    }
    // Each life begins after the one before it ended; together they use every revision once.
    let lives: Vec<(i64, Option<i64>)> =
        sqlx::query_as("SELECT created_revision, deleted_revision FROM relationship ORDER BY created_revision")
            .fetch_all(first.harness.pool())
            .await
            .unwrap();
    let used: Vec<i64> = lives.iter().flat_map(|(created, deleted)| [Some(*created), *deleted]).flatten().collect();
    assert_eq!(used, (before + 1..=head(&first).await).collect::<Vec<_>>());
}
