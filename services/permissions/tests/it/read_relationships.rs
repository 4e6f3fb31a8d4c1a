//! Listing relationships.

use chassis::Reason;
use contract::permissions::v1::relationship_update::Operation;
use contract::permissions::v1::{ReadRelationshipsRequest, ReadRelationshipsResponse, RelationshipFilter};
use tonic::Status;

use crate::world::{World, at_least, fully_consistent, refused, text};

const FACTS: [&str; 6] = [
    "document:a#banned@user:mallory",
    "document:a#viewer@group:eng#member",
    "document:a#viewer@user:*",
    "document:a#viewer@user:alice",
    "document:b#viewer@user:alice",
    "group:eng#member@user:alice",
];

async fn world() -> World {
    let world = World::with_schema().await;
    world.touch(&FACTS).await;
    world
}

fn documents() -> RelationshipFilter {
    RelationshipFilter { resource_type: "document".to_owned(), ..RelationshipFilter::default() }
}

fn request(filter: RelationshipFilter) -> ReadRelationshipsRequest {
    ReadRelationshipsRequest {
        consistency: fully_consistent(),
        filter: Some(filter),
        page_size: 0,
        page_token: String::new(),
    }
}

async fn read(world: &World, request: ReadRelationshipsRequest) -> Result<ReadRelationshipsResponse, Status> {
    Ok(world.relationships(world.caller()).read_relationships(request).await?.into_inner())
}

async fn found(world: &World, filter: RelationshipFilter) -> Vec<String> {
    let answer = read(world, request(filter)).await.unwrap();
    assert_eq!(answer.next_page_token, "");
    answer.relationships.iter().map(text).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_field_of_a_filter_narrows_it() {
    let world = world().await;
    let subject =
        |subject_type: &str| RelationshipFilter { subject_type: subject_type.to_owned(), ..Default::default() };
    for (filter, expected) in [
        (documents(), &FACTS[..5]),
        (RelationshipFilter { resource_id: "a".to_owned(), ..documents() }, &FACTS[..4]),
        (RelationshipFilter { resource_id: "none".to_owned(), ..documents() }, &[]),
        (RelationshipFilter { relation: "viewer".to_owned(), ..documents() }, &FACTS[1..5]),
        (RelationshipFilter { subject_type: "group".to_owned(), ..documents() }, &FACTS[1..2]),
        (RelationshipFilter { subject_id: "*".to_owned(), ..documents() }, &FACTS[2..3]),
        (RelationshipFilter { subject_id: "alice".to_owned(), ..subject("user") }, &FACTS[3..]),
        (RelationshipFilter { subject_relation: Some("member".to_owned()), ..subject("group") }, &FACTS[1..2]),
        (RelationshipFilter { subject_relation: Some(String::new()), ..subject("group") }, &[]),
        (
            RelationshipFilter { subject_relation: Some(String::new()), ..documents() },
            &[FACTS[0], FACTS[2], FACTS[3], FACTS[4]],
        ),
    ] {
        assert_eq!(found(&world, filter.clone()).await, expected, "{filter:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_are_in_order_and_at_the_revision_of_the_first() {
    let world = world().await;
    let mut request = ReadRelationshipsRequest { page_size: 2, ..request(documents()) };
    let first = read(&world, request.clone()).await.unwrap();
    world
        .write(&[
            (Operation::Delete, FACTS[2]),
            (Operation::Delete, FACTS[3]),
            (Operation::Create, "document:aa#viewer@user:bob"),
        ])
        .await
        .unwrap();
    let mut pages = vec![first];
    while !pages.last().unwrap().next_page_token.is_empty() {
        request.consistency = None;
        request.page_token = pages.last().unwrap().next_page_token.clone();
        pages.push(read(&world, request.clone()).await.unwrap());
    }
    let listed: Vec<String> = pages.iter().flat_map(|page| page.relationships.iter().map(text)).collect();
    assert_eq!(listed, FACTS[..5]);
    assert_eq!(pages.iter().map(|page| page.relationships.len()).collect::<Vec<_>>(), [2, 2, 1]);
    assert!(pages.iter().all(|page| page.read_at == pages[0].read_at));
    assert_eq!(found(&world, documents()).await.len(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_token_is_good_for_its_own_list_alone() {
    let world = world().await;
    let request = ReadRelationshipsRequest { page_size: 2, ..request(documents()) };
    let token = read(&world, request.clone()).await.unwrap().next_page_token;
    let next = ReadRelationshipsRequest { consistency: None, page_token: token.clone(), ..request.clone() };
    read(&world, next.clone()).await.unwrap();

    let other = RelationshipFilter { relation: "viewer".to_owned(), ..documents() };
    let with_other_filter = ReadRelationshipsRequest { filter: Some(other), ..next.clone() };
    assert_eq!(refused(read(&world, with_other_filter).await).0, Reason::PageTokenInvalid);
    let with_plain = RelationshipFilter { subject_relation: Some(String::new()), ..documents() };
    let with_plain = ReadRelationshipsRequest { filter: Some(with_plain), ..next.clone() };
    assert_eq!(refused(read(&world, with_plain).await).0, Reason::PageTokenInvalid);
    let broken = ReadRelationshipsRequest { page_token: format!("{token}A"), ..next.clone() };
    assert_eq!(refused(read(&world, broken).await).0, Reason::PageTokenInvalid);
    let of_stranger = world.relationships(world.stranger()).read_relationships(next.clone()).await;
    assert_eq!(refused(of_stranger).0, Reason::PageTokenInvalid);

    let with_consistency = ReadRelationshipsRequest { consistency: fully_consistent(), ..next };
    let (reason, message) = refused(read(&world, with_consistency).await);
    assert_eq!(reason, Reason::FieldInvalid);
    assert!(message.starts_with("consistency: "), "{message}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_at_a_token_sees_what_was_written_at_it() {
    let world = World::with_schema().await;
    for at in 0..20 {
        let token = world.touch(&[&format!("document:d{at}#viewer@user:alice")]).await;
        let request = ReadRelationshipsRequest { consistency: at_least(&token), ..request(documents()) };
        assert_eq!(read(&world, request).await.unwrap().relationships.len(), at + 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_are_a_page_and_more_are_refused() {
    let world = World::with_schema().await;
    for round in 0..2 {
        let facts: Vec<String> = (0..600).map(|at| format!("document:d{round}-{at}#viewer@user:alice")).collect();
        world.touch(&facts.iter().map(String::as_str).collect::<Vec<_>>()).await;
    }
    let page = async |page_size| read(&world, ReadRelationshipsRequest { page_size, ..request(documents()) }).await;
    assert_eq!(page(1_000).await.unwrap().relationships.len(), 1_000);
    assert_eq!(page(0).await.unwrap().relationships.len(), 100);
    let (reason, message) = refused(page(1_001).await);
    assert_eq!(reason, Reason::LimitExceeded);
    assert!(message.contains("page_size_max"), "{message}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_filter_that_cannot_be_is_refused_with_the_field() {
    let world = world().await;
    let refuse = async |filter| refused(read(&world, request(filter)).await);
    for (filter, expected, field) in [
        (RelationshipFilter::default(), Reason::FieldInvalid, "filter: "),
        (RelationshipFilter { resource_id: "a".to_owned(), ..Default::default() }, Reason::FieldInvalid, "filter: "),
        (
            RelationshipFilter { resource_type: "folder".to_owned(), ..Default::default() },
            Reason::SchemaTypeUnknown,
            "filter.resource_type: ",
        ),
        (
            RelationshipFilter { subject_type: "robot".to_owned(), ..documents() },
            Reason::SchemaTypeUnknown,
            "filter.subject_type: ",
        ),
        (
            RelationshipFilter { relation: "editor".to_owned(), ..documents() },
            Reason::SchemaRelationUnknown,
            "filter.relation: ",
        ),
        (
            RelationshipFilter {
                subject_type: "group".to_owned(),
                subject_relation: Some("owner".to_owned()),
                ..documents()
            },
            Reason::SchemaRelationUnknown,
            "filter.subject_relation: ",
        ),
        (
            RelationshipFilter { resource_type: "Doc".to_owned(), ..Default::default() },
            Reason::FieldInvalid,
            "filter.resource_type: ",
        ),
        (
            RelationshipFilter { resource_id: "a\0".to_owned(), ..documents() },
            Reason::FieldInvalid,
            "filter.resource_id: ",
        ),
        (
            RelationshipFilter { subject_id: "x".repeat(1_025), ..documents() },
            Reason::FieldInvalid,
            "filter.subject_id: ",
        ),
        (RelationshipFilter { relation: "..".to_owned(), ..documents() }, Reason::FieldInvalid, "filter.relation: "),
        (
            RelationshipFilter { subject_relation: Some("...".to_owned()), ..documents() },
            Reason::FieldInvalid,
            "filter.subject_relation: ",
        ),
    ] {
        let (reason, message) = refuse(filter).await;
        assert_eq!(reason, expected, "{message}");
        assert!(message.starts_with(field), "{message}");
    }
    let missing = ReadRelationshipsRequest { filter: None, ..request(documents()) };
    assert_eq!(refused(read(&world, missing).await).0, Reason::FieldInvalid);
}

/// The statement is put together at run time, so its plan is looked at: no filter may make it read a whole tenant.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_filter_with_an_id_is_answered_from_an_index() {
    let world = World::with_schema().await;
    let mut connection = world.harness.database().connect_as_superuser().await.unwrap();
    sqlx::query(
        "INSERT INTO relationship SELECT 'acme', 'document', 'd' || at, 'viewer', 'user', 'u' || at, '', 1, NULL
         FROM generate_series(1, 20000) AS at",
    )
    .execute(&mut connection)
    .await
    .unwrap();
    sqlx::query("ANALYZE relationship").execute(&mut connection).await.unwrap();
    for (filter, index) in [
        ("resource_type = 'document' AND resource_id = 'd7'", "relationship_"),
        ("subject_type = 'user' AND subject_id = 'u7'", "relationship_subject_idx"),
        ("resource_type = 'document'", "relationship_key_created_revision_pkey"),
    ] {
        let plan: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(format!(
            "EXPLAIN SELECT resource_type, resource_id, relation, subject_type, subject_id, subject_relation
             FROM relationship WHERE tenant = 'acme' AND created_revision <= 5
             AND (deleted_revision IS NULL OR deleted_revision > 5) AND {filter}
             ORDER BY resource_type, resource_id, relation, subject_type, subject_id, subject_relation LIMIT 101"
        )))
        .fetch_all(&mut connection)
        .await
        .unwrap();
        let plan = plan.join("\n");
        assert!(plan.contains(index) && !plan.contains("Seq Scan"), "{filter}:\n{plan}");
    }
}
