//! Deleting by filter.

use chassis::Reason;
use contract::permissions::v1::precondition::Expectation;
use contract::permissions::v1::{DeleteRelationshipsRequest, RelationshipFilter};

use crate::world::{World, of_document, precondition, refused};

fn of_plan() -> DeleteRelationshipsRequest {
    DeleteRelationshipsRequest { filter: Some(of_document("plan", "viewer")), ..Default::default() }
}

async fn with_three() -> World {
    let world = World::with_schema().await;
    world
        .touch(&[
            "document:plan#viewer@user:alice",
            "document:plan#viewer@user:bob",
            "document:plan#viewer@user:carol",
            "document:other#viewer@user:alice",
        ])
        .await;
    world
}

async fn live(world: &World) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM relationship WHERE deleted_revision IS NULL")
        .fetch_one(world.harness.pool())
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_matches_goes_at_one_revision_and_the_rest_stays() {
    let world = with_three().await;
    let done = world.delete(of_plan()).await.unwrap();
    assert_eq!((done.deleted, done.partial), (3, false));
    assert!(!world.has("document:plan", "view", "user:bob").await);
    assert!(world.has("document:other", "view", "user:alice").await);
    let revisions: i64 = sqlx::query_scalar("SELECT count(DISTINCT deleted_revision) FROM relationship")
        .fetch_one(world.harness.pool())
        .await
        .unwrap();
    assert_eq!(revisions, 1);
    let again = world.delete(of_plan()).await.unwrap();
    assert_eq!((again.deleted, again.deleted_at), (0, done.deleted_at));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_than_the_limit_goes_in_parts_or_not_at_all() {
    let world = with_three().await;
    let limited = DeleteRelationshipsRequest { limit: 2, ..of_plan() };
    let (reason, message) = refused(world.delete(limited.clone()).await);
    assert_eq!(reason, Reason::LimitExceeded);
    assert!(message.starts_with("more than 2 relationships match"), "{message}");
    assert_eq!(live(&world).await, 4);

    let in_parts = DeleteRelationshipsRequest { allow_partial: true, ..limited };
    let first = world.delete(in_parts.clone()).await.unwrap();
    assert_eq!((first.deleted, first.partial), (2, true));
    let last = world.delete(in_parts).await.unwrap();
    assert_eq!((last.deleted, last.partial), (1, false));
    assert_eq!(live(&world).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_over_that_of_the_service_is_refused() {
    let world = World::with_schema().await;
    let (reason, message) = refused(world.delete(DeleteRelationshipsRequest { limit: 1_001, ..of_plan() }).await);
    assert_eq!(reason, Reason::LimitExceeded);
    assert_eq!(message, "deletes_max is 1000, and the request has 1001");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deletion_has_preconditions_too() {
    let world = with_three().await;
    let unless_banned = |expectation| DeleteRelationshipsRequest {
        preconditions: vec![precondition(expectation, of_document("plan", "banned"))],
        ..of_plan()
    };
    assert_eq!(refused(world.delete(unless_banned(Expectation::MustExist)).await).0, Reason::PreconditionFailed);
    assert_eq!(live(&world).await, 4);
    world.delete(unless_banned(Expectation::MustNotExist)).await.unwrap();
    assert_eq!(live(&world).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_filter_that_names_what_the_schema_lacks_is_refused() {
    let world = World::with_schema().await;
    for (filter, expected) in [
        (None, Reason::FieldInvalid),
        (Some(RelationshipFilter::default()), Reason::FieldInvalid),
        (Some(of_document("plan", "editor")), Reason::SchemaRelationUnknown),
        (
            Some(RelationshipFilter { resource_type: "folder".to_owned(), ..Default::default() }),
            Reason::SchemaTypeUnknown,
        ),
    ] {
        let request = DeleteRelationshipsRequest { filter, ..Default::default() };
        assert_eq!(refused(world.delete(request).await).0, expected);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deletion_reaches_only_the_callers_tenant() {
    let world = with_three().await;
    world
        .schemas(world.stranger())
        .write_schema(contract::permissions::v1::WriteSchemaRequest { schema_text: crate::world::SCHEMA.to_owned() })
        .await
        .unwrap();
    let answer = world.relationships(world.stranger()).delete_relationships(of_plan()).await.unwrap().into_inner();
    assert_eq!(answer.deleted, 0);
    assert_eq!(live(&world).await, 4);
}
