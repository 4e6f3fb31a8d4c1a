//! Replacing the schema.

use chassis::Reason;
use contract::permissions::v1::WriteSchemaRequest;
use contract::permissions::v1::relationship_update::Operation;

use crate::world::{SCHEMA, World, at_least, refused};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schema_is_in_force_at_its_token() {
    let world = World::start().await;
    let token = world.write_schema(SCHEMA).await.unwrap();
    let asked = world.ask(world.caller(), ("document:a", "view", "user:alice"), at_least(&token)).await;
    assert!(asked.is_ok(), "{asked:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_error_is_told_with_line_column_and_what_to_do() {
    let world = World::start().await;
    let schema =
        "definition user {}\n\ndefinition document {\n    relation viewer: usr\n    permission view = viewr\n}\n";
    let (reason, message) = refused(world.write_schema(schema).await);
    assert_eq!(reason, Reason::SchemaInvalid);
    assert!(message.contains("line 4, column 22") && message.contains("`user`"), "{message}");
    assert!(message.contains("line 5, column 23") && message.contains("`viewer`"), "{message}");
    let (reason, message) = refused(world.write_schema("definition {").await);
    assert_eq!(reason, Reason::SchemaInvalid);
    assert!(message.contains("line 1, column 12"), "{message}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_schema_leaves_the_one_in_force() {
    let world = World::with_schema().await;
    world.touch(&["document:a#viewer@user:alice"]).await;
    refused(world.write_schema("definition").await);
    assert!(world.has("document:a", "view", "user:alice").await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schema_without_a_place_for_what_exists_is_refused_by_naming_it() {
    let world = World::with_schema().await;
    for (fact, new) in [
        ("document:plan#viewer@user:*", SCHEMA.replace(" | user:*", "")),
        ("document:plan#viewer@group:eng#member", SCHEMA.replace("user:* | group#member", "user:*")),
        (
            "document:plan#banned@user:alice",
            SCHEMA.replace("relation banned: user", "relation barred: user").replace("- banned", "- barred"),
        ),
        ("group:eng#member@user:alice", SCHEMA.replace("member: user | group#member", "member: group#member")),
        ("document:plan#viewer@user:alice", "definition user {}".to_owned()),
    ] {
        world.touch(&[fact]).await;
        let (reason, message) = refused(world.write_schema(&new).await);
        assert_eq!(reason, Reason::SchemaOrphansRelationship, "{new}");
        assert!(message.contains(fact), "{message}");
        world.write(&[(Operation::Delete, fact)]).await.unwrap();
        world.write_schema(&new).await.unwrap();
        world.write_schema(SCHEMA).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_tenants_relationships_do_not_stand_in_the_way() {
    let world = World::with_schema().await;
    world.touch(&["document:plan#viewer@user:alice"]).await;
    let mut others = world.schemas(world.stranger());
    for text in [SCHEMA, "definition user {}"] {
        others.write_schema(WriteSchemaRequest { schema_text: text.to_owned() }).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_schema_again_takes_no_revision() {
    let world = World::start().await;
    let first = world.write_schema(SCHEMA).await.unwrap();
    assert_eq!(world.write_schema(&SCHEMA.replace("    ", "\t")).await.unwrap(), first);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_mebibytes_are_taken_and_one_byte_more_is_refused_by_the_limits_name() {
    let world = World::start().await;
    let definition = "definition user {}\n";
    let largest = format!("// {}\n{definition}", "x".repeat(4 * 1024 * 1024 - definition.len() - 4));
    assert_eq!(largest.len(), 4 * 1024 * 1024);
    world.write_schema(&largest).await.unwrap();
    for longer in [format!("{largest}\n"), format!("{largest}{}", " ".repeat(1 << 20))] {
        let (reason, message) = refused(world.write_schema(&longer).await);
        assert_eq!(reason, Reason::LimitExceeded);
        assert!(message.starts_with("schema_bytes_max is 4194304"), "{message}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_empty_schema_is_a_schema() {
    let world = World::start().await;
    world.write_schema("").await.unwrap();
    let (reason, _) = refused(world.ask(world.caller(), ("document:a", "view", "user:alice"), None).await);
    assert_eq!(reason, Reason::SchemaTypeUnknown);
}
