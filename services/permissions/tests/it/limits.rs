//! The limits of a turn to write, and of a message.

use std::time::Duration;

use contract::permissions::v1::relationship_update::Operation;
use contract::permissions::v1::{CheckBulkRequest, WriteRelationshipsRequest, WriteRelationshipsResponse};
use futures::future::join_all;
use permissions::{Config, Permissions};
use testing::harness::start_with;
use tonic::{Code, Response, Status};

use crate::world::{SCHEMA, World, item, outcome, update};

/// More writes than one turn makes.
const WRITERS: usize = 300;

/// How many it makes.
const GROUP_WRITES_MAX: i64 = 256;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_turn_makes_so_many_writes_and_the_next_one_the_rest() {
    let harness = start_with::<Permissions>(
        |files| Config::with_token_key(files.secret_hex()),
        |config| config.server.calls_max = 2 * WRITERS,
    )
    .await;
    let world = World { harness };
    world.write_schema(SCHEMA).await.unwrap();
    let mut held = world.harness.pool().begin().await.unwrap();
    sqlx::query("SELECT FROM revision_head FOR UPDATE").execute(&mut *held).await.unwrap();
    // A connection carries so many calls at once, so a few of them.
    let clients: Vec<_> = (0..6).map(|_| world.relationships(world.caller())).collect();
    let writers = join_all((0..WRITERS).map(|at| {
        let mut client = clients[at % clients.len()].clone();
        let updates = vec![update(Operation::Create, &format!("document:d{at}#viewer@user:alice"))];
        async move { client.write_relationships(WriteRelationshipsRequest { updates, ..Default::default() }).await }
    }));
    let (results, ()): (Vec<Result<Response<WriteRelationshipsResponse>, Status>>, ()) = tokio::join!(writers, async {
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        held.rollback().await.unwrap();
    });
    for result in results {
        result.unwrap();
    }
    let mut turns: Vec<i64> = sqlx::query_scalar("SELECT count(*) FROM relationship GROUP BY xmin::text")
        .fetch_all(world.harness.pool())
        .await
        .unwrap();
    turns.sort_unstable();
    assert_eq!(turns.iter().sum::<i64>(), WRITERS as i64);
    assert_eq!(turns.last(), Some(&GROUP_WRITES_MAX), "{turns:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_beyond_16_mib_is_refused_before_it_is_read() {
    let world = World::with_schema().await;
    let mut client = world.permissions(world.caller()).max_encoding_message_size(64 << 20);
    let long = |bytes: usize| {
        let id = "x".repeat(bytes);
        CheckBulkRequest { items: vec![item(&format!("document:{id}"), "view", "user:alice")], ..Default::default() }
    };
    let status = client.check_bulk(long((16 << 20) + 1)).await.unwrap_err();
    assert_eq!(status.code(), Code::OutOfRange);
    assert!(status.message().contains("the limit is: 16777216 bytes"), "{}", status.message());
    // One byte less than the limit is read, and judged by what it says.
    let answer = client.check_bulk(long((16 << 20) - 1_000)).await.unwrap().into_inner();
    assert_eq!(outcome(&answer.results[0]), "FIELD_INVALID");
}
