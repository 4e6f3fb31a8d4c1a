//! How many relationships a second one replica makes durable: from many single writers, and from a few with full batches.
//!
//! `cargo run --release -p permissions --example write_throughput [SECONDS]`, against a PostgreSQL of its own, through gRPC with
//! TLS, on one machine. It prints the database's `fsync` too: without it nothing is durable, and the number is a bound.
#![expect(
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a measurement may end at the first failure, and reads its argument and the clock"
)]

use std::time::{Duration, Instant};

use contract::permissions::v1::relationship_service_client::RelationshipServiceClient;
use contract::permissions::v1::relationship_update::Operation;
use contract::permissions::v1::schema_service_client::SchemaServiceClient;
use contract::permissions::v1::{
    ObjectReference, Relationship, RelationshipUpdate, SubjectReference, WriteRelationshipsRequest, WriteSchemaRequest,
};
use futures::future::join_all;
use permissions::{Config, Permissions};
use testing::harness::{Harness, start};

const SCHEMA: &str = "definition user {}\ndefinition document {\n relation viewer: user\n permission view = viewer\n }";

#[tokio::main]
async fn main() {
    let seconds = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(5);
    let harness = start::<Permissions>(|files| Config::with_token_key(files.secret_hex())).await;
    let caller = harness.as_subject("acme", "service_account:admin", &["permissions.write"]);
    let request = WriteSchemaRequest { schema_text: SCHEMA.to_owned() };
    let mut schemas = SchemaServiceClient::with_interceptor(harness.channel(), caller);
    schemas.write_schema(request).await.expect("the schema is good");
    let fsync: String = sqlx::query_scalar("SHOW fsync").fetch_one(harness.pool()).await.expect("the database answers");
    println!("fsync {fsync}");
    for (writers, batch) in [(1, 1), (64, 1), (4, 1_000)] {
        let writes = measure(&harness, writers, batch, Duration::from_secs(seconds)).await;
        let rate = writes * batch / seconds as usize;
        println!("{writers} writers, {batch} relationships a write: {rate} relationships/s");
    }
}

/// How many writes all writers together made in this time.
async fn measure(harness: &Harness, writers: usize, batch: usize, time: Duration) -> usize {
    let end = Instant::now() + time;
    let tasks = (0..writers).map(|writer| {
        let caller = harness.as_subject("acme", "service_account:admin", &["permissions.write"]);
        let mut client = RelationshipServiceClient::with_interceptor(harness.channel(), caller);
        tokio::spawn(async move {
            let mut writes = 0;
            while Instant::now() < end {
                let id = |at| format!("{writers}-{batch}-{writer}-{writes}-{at}");
                let updates = (0..batch).map(|at| touch(&id(at))).collect();
                let request = WriteRelationshipsRequest { updates, preconditions: Vec::new() };
                client.write_relationships(request).await.expect("the write is made");
                writes += 1;
            }
            writes
        })
    });
    join_all(tasks).await.into_iter().map(|writes| writes.expect("no writer panics")).sum()
}

fn touch(document: &str) -> RelationshipUpdate {
    let object =
        |object_type: &str, id: &str| ObjectReference { object_type: object_type.to_owned(), object_id: id.to_owned() };
    let subject = SubjectReference { object: Some(object("user", "alice")), relation: String::new() };
    let relationship = Relationship {
        resource: Some(object("document", document)),
        relation: "viewer".to_owned(),
        subject: Some(subject),
    };
    RelationshipUpdate { operation: Operation::Touch.into(), relationship: Some(relationship) }
}
