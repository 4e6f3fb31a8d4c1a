//! Reading the schema.

use chassis::Reason;
use contract::permissions::v1::ReadSchemaRequest;

use crate::world::{SCHEMA, World, at_least, refused};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_one_there_is_none_and_another_tenants_is_not_seen() {
    let world = World::start().await;
    let read = async |caller| world.schemas(caller).read_schema(ReadSchemaRequest {}).await;
    assert_eq!(refused(read(world.caller()).await).0, Reason::SchemaNotFound);
    world.write_schema(SCHEMA).await.unwrap();
    read(world.caller()).await.unwrap();
    assert_eq!(refused(read(world.stranger()).await).0, Reason::SchemaNotFound);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_written_is_read_in_its_canonical_form_with_its_comments() {
    let world = World::start().await;
    world
        .write_schema("// People.\ndefinition user{}   definition thing{relation owner:user;permission own=owner;}")
        .await
        .unwrap();
    let read = async || world.schemas(world.caller()).read_schema(ReadSchemaRequest {}).await.unwrap().into_inner();
    let first = read().await;
    assert!(first.schema_text.contains("// People."), "{}", first.schema_text);
    world.write_schema(&first.schema_text).await.unwrap();
    assert_eq!(read().await, first);
    // The revision that was read at is one to ask at.
    let asked = world.ask(world.caller(), ("thing:a", "own", "user:alice"), at_least(&first.read_at)).await;
    assert!(asked.is_ok(), "{asked:?}");
}
