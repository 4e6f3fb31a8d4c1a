//! The schema in SpiceDB's contract.

use contract::authzed::api::v1::schema_service_client::SchemaServiceClient;
use contract::authzed::api::v1::{ReadSchemaRequest, WriteSchemaRequest};
use tonic::Code;

use crate::authzed_check::{ours, refused, theirs};
use crate::world::{SCHEMA, World};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schema_is_missing_then_written_then_read() {
    let world = World::start().await;
    let mut client = SchemaServiceClient::with_interceptor(world.harness.channel(), world.caller());
    let missing = refused(client.read_schema(ReadSchemaRequest {}).await);
    assert_eq!(missing, ours(Code::NotFound, "SCHEMA_NOT_FOUND"));
    let written = client.write_schema(WriteSchemaRequest { schema: SCHEMA.to_owned() }).await.unwrap().into_inner();
    assert!(!written.written_at.unwrap().token.is_empty());
    let read = client.read_schema(ReadSchemaRequest {}).await.unwrap().into_inner();
    assert!(read.schema_text.contains("permission view = viewer - banned"));
    assert!(read.read_at.is_some());

    let broken = refused(client.write_schema(WriteSchemaRequest { schema: "definition {".to_owned() }).await);
    assert_eq!(broken, theirs(Code::InvalidArgument, "SCHEMA_PARSE_ERROR"));
    world.touch(&["document:a#viewer@user:alice"]).await;
    let orphaning = refused(client.write_schema(WriteSchemaRequest { schema: "definition user {}".to_owned() }).await);
    assert_eq!(orphaning, theirs(Code::InvalidArgument, "SCHEMA_TYPE_ERROR"));
}
