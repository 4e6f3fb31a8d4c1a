//! Graphs and schemas that are made to hurt: an answer or a named refusal within the deadline, and nobody else suffers.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use chassis::Reason;
use chassis::error::reason_of;
use contract::authzed::api::v1::ExpandPermissionTreeRequest;
use contract::permissions::v1::relationship_update::Operation;
use contract::permissions::v1::{
    CheckBulkRequest, CheckBulkResponse, Permissionship, ReadRelationshipsRequest, RelationshipFilter,
    WriteRelationshipsRequest, WriteSchemaRequest,
};
use futures::future::join_all;
use tonic::Status;

use crate::authzed_check;
use crate::replicas::beside;
use crate::world::{SCHEMA, World, check_request, fully_consistent, item, outcome, update};

const HAS: &str = "PERMISSIONSHIP_HAS_PERMISSION";
const NO: &str = "PERMISSIONSHIP_NO_PERMISSION";

/// The longest that a check may take by its contract.
const CHECK_MAX: Duration = Duration::from_secs(2);

/// Group c0 has as members all of c1, which has all of c2, and so on; alice is in the last of 10,000.
const CHAIN: &str =
    "SELECT 'group', 'c' || n, 'member', 'group', 'c' || n + 1, 'member' FROM generate_series(0, 9998) n
    UNION ALL SELECT 'group', 'c9999', 'member', 'user', 'alice', ''";

/// A document whose viewers are 10,000 groups; alice is in the last.
const WIDE: &str = "SELECT 'document', 'wide', 'viewer', 'group', 'w' || n, 'member' FROM generate_series(0, 9999) n
    UNION ALL SELECT 'group', 'w9999', 'member', 'user', 'alice', ''";

/// Circles of 1 to 64 groups and one of 1,000, each of them a viewer's group; alice is in the first of each even one.
const CIRCLES: &str =
    "SELECT 'group', 'o' || n || '-' || i, 'member', 'group', 'o' || n || '-' || (i + 1) % n, 'member'
     FROM (SELECT generate_series(1, 64) UNION SELECT 1000) lengths(n), generate_series(0, n - 1) i
     UNION ALL SELECT 'group', 'o' || n || '-0', 'member', 'user', 'alice', ''
     FROM (SELECT generate_series(2, 64, 2) UNION SELECT 1000) lengths(n)";

/// A group with so many members, which views a document.
fn crowd(members: u32) -> String {
    format!(
        "SELECT 'group', 'crowd', 'member', 'user', 'u' || n, '' FROM generate_series(1, {members}) n
         UNION ALL SELECT 'document', 'plan', 'viewer', 'group', 'crowd', 'member'"
    )
}

/// A replica that begins with these relationships of acme's, and the one beside it whose database they are in.
///
/// They are put into the tables as a restore would: made by calls, most of them would be a minute's work.
async fn loaded(graphs: &[&str]) -> (World, World) {
    let mut key = PathBuf::new();
    let first = World::start_with(|config| key.clone_from(&config.token_key_file)).await;
    first.write_schema(SCHEMA).await.unwrap();
    let mut connection = first.harness.database().connect_as_superuser().await.unwrap();
    for graph in graphs {
        let insert = format!(
            "INSERT INTO relationship (tenant, resource_type, resource_id, relation, subject_type, subject_id,
                 subject_relation, created_revision)
             SELECT 'acme', graph.*, 1 FROM ({graph}) graph"
        );
        sqlx::query(sqlx::AssertSqlSafe(insert)).execute(&mut connection).await.unwrap();
    }
    let second = beside(&first, key, |_| ()).await;
    (second, first)
}

async fn asks(world: &World, question: (&str, &str, &str)) -> bool {
    let began = Instant::now();
    let answer = world.ask(world.caller(), question, None).await.unwrap();
    assert!(began.elapsed() < CHECK_MAX, "{question:?} took {:?}", began.elapsed());
    answer.permissionship() == Permissionship::HasPermission
}

async fn ask_all(world: &World, questions: &[(String, &str)]) -> Result<CheckBulkResponse, Status> {
    let items = questions.iter().map(|(resource, member)| item(resource, member, "user:alice")).collect();
    let request = CheckBulkRequest { items, ..Default::default() };
    Ok(world.permissions(world.caller()).check_bulk(request).await?.into_inner())
}

async fn expand(world: &World, resource: &str, permission: &str) -> Result<(), Status> {
    let request = ExpandPermissionTreeRequest {
        resource: authzed_check::object(resource),
        permission: permission.to_owned(),
        ..Default::default()
    };
    let mut client = authzed_check::client(world).max_decoding_message_size(64 << 20);
    client.expand_permission_tree(request).await.map(drop)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chain_of_ten_thousand_groups_is_followed_to_its_end() {
    let (world, _database) = loaded(&[CHAIN]).await;
    assert!(asks(&world, ("group:c0", "member", "user:alice")).await);
    assert!(asks(&world, ("group:c0", "member", "group:c9999#member")).await);
    assert!(!asks(&world, ("group:c0", "member", "user:bob")).await);
    // A closing link makes a circle of the same length of it.
    world.touch(&["group:c9999#member@group:c0#member"]).await;
    assert!(!asks(&world, ("group:c5000", "member", "user:bob")).await);
    assert!(world.has("group:c9999", "member", "user:alice").await);
    expand(&world, "group:c0", "member").await.unwrap();
    // Groups all along it at once: each answer rests on the others.
    let questions: Vec<_> = (0..10_000).step_by(100).map(|at| (format!("group:c{at}"), "member")).collect();
    let answers = ask_all(&world, &questions).await.unwrap();
    assert!(answers.results.iter().all(|result| outcome(result) == HAS));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn circles_of_all_lengths_are_answered() {
    let (world, _database) = loaded(&[CIRCLES]).await;
    let lengths = || (1..=64).chain([1_000]);
    let questions: Vec<_> = lengths().map(|n| (format!("group:o{n}-{}", n - 1), "member")).collect();
    let answers = ask_all(&world, &questions).await.unwrap();
    for (n, result) in lengths().zip(&answers.results) {
        assert_eq!(outcome(result), if n % 2 == 0 { HAS } else { NO }, "a circle of {n}");
    }
}

async fn crowded(members: u32) {
    let (world, _database) = loaded(&[&crowd(members)]).await;
    let last = format!("user:u{members}");
    assert!(asks(&world, ("group:crowd", "member", &last)).await);
    assert!(asks(&world, ("document:plan", "view", &last)).await);
    assert!(!asks(&world, ("document:plan", "view", "user:alice")).await);
    let refusal = authzed_check::refused(expand(&world, "group:crowd", "member").await);
    assert_eq!(refusal.2, "ERROR_REASON_MAXIMUM_DEPTH_EXCEEDED");
    world.write(&[(Operation::Delete, &format!("group:crowd#member@{last}"))]).await.unwrap();
    assert!(!world.has("document:plan", "view", &last).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_of_more_than_a_tree_may_have_is_asked_as_any_other() {
    crowded(100_001).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a soak: half a minute, optimised"]
async fn a_group_of_a_million_is_asked_as_any_other() {
    crowded(1_000_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_document_that_ten_thousand_groups_view_is_answered() {
    let (world, _database) = loaded(&[WIDE]).await;
    assert!(asks(&world, ("document:wide", "view", "user:alice")).await);
    assert!(!asks(&world, ("document:wide", "view", "user:bob")).await);
    let questions = vec![("document:wide".to_owned(), "view"); 1_000];
    let answers = ask_all(&world, &questions).await.unwrap();
    assert!(answers.results.iter().all(|result| outcome(result) == HAS));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schema_at_every_limit_is_in_force_and_one_beyond_any_is_named() {
    let schema = |definitions: usize, members: usize, types: usize, depth: usize| {
        let others: String = (1..definitions).map(|at| format!("definition t{at:04} {{}}\n")).collect();
        let relations: String = (2..members).map(|at| format!("relation r{at:04}: user\n")).collect();
        let types: Vec<String> = (1..=types).map(|at| format!("t{at:04}")).collect();
        let (open, close, types) = ("(".repeat(depth), ")".repeat(depth), types.join(" | "));
        format!(
            "definition user {{ relation every: {types}\npermission deep = {open}every{close}\n{relations}}}\n{others}"
        )
    };
    let world = World::start().await;
    for (beyond, what) in [
        (schema(2_001, 1_000, 200, 100), "2000"),
        (schema(2_000, 1_001, 200, 100), "1000"),
        (schema(2_000, 1_000, 201, 100), "200"),
        (schema(2_000, 1_000, 200, 101), "100"),
    ] {
        let (reason, message) = crate::world::refused(world.write_schema(&beyond).await);
        assert_eq!(reason, Reason::SchemaInvalid);
        assert!(message.replace(',', "").contains(what), "{what}: {message}");
    }
    world.write_schema(&schema(2_000, 1_000, 200, 100)).await.unwrap();
    world.touch(&["user:a#every@t0200:x"]).await;
    assert!(world.has("user:a", "deep", "t0200:x").await);
}

/// What one tenant does to the others: lists of long questions, expansions and large pages, all at once.
async fn storm(world: &World) {
    let chain: Vec<_> = (0..50).map(|at| (format!("group:c{at}"), "member")).collect();
    let wide = vec![("document:wide".to_owned(), "view"); 50];
    let filter = RelationshipFilter { resource_type: "group".to_owned(), ..Default::default() };
    let all = join_all((0..6).map(|_| async {
        let read = ReadRelationshipsRequest { filter: Some(filter.clone()), page_size: 1_000, ..Default::default() };
        let mut relationships = world.relationships(world.caller());
        let ask = world.ask(world.caller(), ("group:c0", "member", "user:bob"), fully_consistent());
        let (chain, wide, tree, crowd, read, ask) = tokio::join!(
            ask_all(world, &chain),
            ask_all(world, &wide),
            expand(world, "document:wide", "view"),
            expand(world, "group:crowd", "member"),
            relationships.read_relationships(read),
            ask,
        );
        [chain.err(), wide.err(), tree.err(), crowd.err(), read.err(), ask.err()]
    }));
    for status in all.await.into_iter().flatten().flatten() {
        let theirs = authzed_check::reason(&status);
        assert!(reason_of(&status).is_some() || theirs.is_some(), "a refusal has its reason: {status:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn while_one_tenant_storms_every_call_of_another_is_answered() {
    let (world, _database) = loaded(&[CHAIN, WIDE, &crowd(5_000)]).await;
    let calm = || world.stranger();
    let request = WriteSchemaRequest { schema_text: SCHEMA.to_owned() };
    world.schemas(calm()).write_schema(request).await.unwrap();
    let others = async {
        for at in 0..10 {
            let fact = format!("document:d{at}#viewer@user:alice");
            let updates = vec![update(Operation::Create, &fact)];
            let request = WriteRelationshipsRequest { updates, ..Default::default() };
            let written = world.relationships(calm()).write_relationships(request).await.unwrap().into_inner();
            let consistency = crate::world::at_least(&written.written_at);
            let document = format!("document:d{at}");
            let request = check_request((&document, "view", "user:alice"), consistency);
            let answer = world.permissions(calm()).check(request).await.unwrap().into_inner();
            assert_eq!(answer.permissionship(), Permissionship::HasPermission);
        }
    };
    tokio::join!(storm(&world), others);
    // Afterwards everything is as before for the one who stormed too, once what it asked for in vain is worked off.
    let (question, began) = (("group:c0", "member", "user:alice"), Instant::now());
    while world.ask(world.caller(), question, None).await.is_err() {
        assert!(began.elapsed() < Duration::from_secs(30));
    }
}
