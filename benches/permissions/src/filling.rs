//! Loads the drive into the server, and writes what nobody asks about.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bench_engine::{Drive, SCHEMA, group};
use bench_machine::{Void, count, joined};
use contract::authzed::api::v1 as authzed;
use contract::authzed::api::v1::permissions_service_client::PermissionsServiceClient;
use contract::authzed::api::v1::schema_service_client::SchemaServiceClient;
use graph::{ObjectRef, Relationship, SubjectRef};
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;

use crate::calls::failed;
use crate::messages;
use crate::target::{Connection, Target};

/// Relationships of one write: as many as every server takes.
const BATCH: usize = 1_000;

/// The longest that a server may take to grant the new schema's first write.
const SETTLED_MAX: Duration = Duration::from_secs(10);

/// Writes the schema and all relationships, and says how fast.
pub(crate) async fn fill(target: &Target, drive: Drive) -> Result<(), Void> {
    write_schema(target.schemas.as_ref().unwrap_or(&target.connections[0]), SCHEMA).await?;
    let began = Instant::now();
    let written = write_all(&target.connections, drive.relationships().collect(), messages::touch).await?;
    let seconds = began.elapsed().as_secs_f64();
    let rate = count(written) / seconds;
    println!("loaded {written} relationships in {seconds:.1} s: {rate:.0} a second, {BATCH} a write");
    Ok(())
}

/// Puts a schema in force.
pub(crate) async fn write_schema(on: &Connection, schema: &str) -> Result<(), Void> {
    let request = authzed::WriteSchemaRequest { schema: schema.to_owned() };
    let (mut schemas, began) = (SchemaServiceClient::new(on.clone()), Instant::now());
    // A tenant that was just made may not be known yet.
    while let Err(status) = schemas.write_schema(request.clone()).await {
        if began.elapsed() > SETTLED_MAX {
            return Err(failed(status));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

/// Writes them in batches on all connections, and answers how many.
pub(crate) async fn write_all(
    connections: &[Connection],
    relationships: Vec<Relationship>,
    update: fn(&Relationship) -> authzed::RelationshipUpdate,
) -> Result<usize, Void> {
    let written = relationships.len();
    let (sender, receiver) = mpsc::channel(connections.len());
    let receiver = Arc::new(Mutex::new(receiver));
    let mut writers: JoinSet<Result<(), Void>> = JoinSet::new();
    for on in connections {
        let (on, receiver) = (on.clone(), Arc::clone(&receiver));
        writers.spawn(async move {
            loop {
                let Some(updates) = receiver.lock().await.recv().await else { return Ok(()) };
                write(on.clone(), updates).await?;
            }
        });
    }
    drop(receiver);
    for some in relationships.chunks(BATCH) {
        // Refused only if all writers have failed, which is said below.
        if sender.send(some.iter().map(update).collect()).await.is_err() {
            break;
        }
    }
    drop(sender);
    joined(writers).await?;
    Ok(written)
}

/// One write.
pub(crate) async fn write(on: Connection, updates: Vec<authzed::RelationshipUpdate>) -> Result<(), Void> {
    let request = authzed::WriteRelationshipsRequest {
        updates,
        optional_preconditions: Vec::new(),
        optional_transaction_metadata: None,
    };
    PermissionsServiceClient::new(on).write_relationships(request).await.map(drop).map_err(failed)
}

/// A membership in one of the drive's groups, of a user about whom nothing is asked: whatever comes of it, the right answers
/// stay the same.
pub(crate) fn stranger(drive: Drive, number: u64) -> Relationship {
    let user = ObjectRef::new("user", format!("n{number:010}")).expect("a type and an id of digits");
    Relationship::new(group(number % drive.groups), "member", SubjectRef::object_itself(user))
        .expect("a relation of the schema")
}
