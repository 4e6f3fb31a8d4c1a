//! What must hold for a write to be made.

use chassis::Reason;
use contract::permissions::v1::precondition::Expectation;
use contract::permissions::v1::relationship_update::Operation;
use contract::permissions::v1::{Precondition, RelationshipFilter};
use futures::future::join_all;

use crate::world::{World, of_document, precondition, refused};

const FACT: &str = "document:plan#viewer@user:alice";
const OTHER: &str = "document:other#viewer@user:alice";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_is_made_only_if_what_must_exist_exists_and_what_must_not_does_not() {
    let world = World::with_schema().await;
    let write = async |expectation, filter| {
        world.write_if(vec![precondition(expectation, filter)], &[(Operation::Touch, OTHER)]).await
    };
    let (reason, message) = refused(write(Expectation::MustExist, of_document("plan", "viewer")).await);
    assert_eq!(reason, Reason::PreconditionFailed);
    assert_eq!(message, "preconditions[0]: no relationship matches, and one must");
    assert!(!world.has("document:other", "view", "user:alice").await);
    write(Expectation::MustNotExist, of_document("plan", "viewer")).await.unwrap();

    world.touch(&[FACT]).await;
    write(Expectation::MustExist, of_document("plan", "viewer")).await.unwrap();
    write(Expectation::MustNotExist, of_document("plan", "banned")).await.unwrap();
    let (reason, message) = refused(write(Expectation::MustNotExist, of_document("plan", "")).await);
    assert_eq!(reason, Reason::PreconditionFailed);
    assert_eq!(message, "preconditions[0]: a relationship matches, and none may");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_field_of_a_filter_counts() {
    let world = World::with_schema().await;
    world.touch(&["document:plan#viewer@group:eng#member"]).await;
    let full = RelationshipFilter {
        resource_type: "document".to_owned(),
        resource_id: "plan".to_owned(),
        relation: "viewer".to_owned(),
        subject_type: "group".to_owned(),
        subject_id: "eng".to_owned(),
        subject_relation: Some("member".to_owned()),
    };
    let holds = async |filter: RelationshipFilter| {
        world.write_if(vec![precondition(Expectation::MustExist, filter)], &[]).await.is_ok()
    };
    assert!(holds(full.clone()).await);
    let changes: [fn(&mut RelationshipFilter); 6] = [
        |filter| filter.resource_type = "group".to_owned(),
        |filter| filter.resource_id = "other".to_owned(),
        |filter| filter.relation = "banned".to_owned(),
        |filter| filter.subject_type = "user".to_owned(),
        |filter| filter.subject_id = "other".to_owned(),
        |filter| filter.subject_relation = Some(String::new()),
    ];
    for change in changes {
        let mut filter = full.clone();
        change(&mut filter);
        assert!(!holds(filter.clone()).await, "{filter:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_preconditions_are_looked_at_and_one_more_is_refused() {
    let world = World::with_schema().await;
    world.touch(&["document:d999#viewer@user:alice"]).await;
    let absent = |at: usize| precondition(Expectation::MustNotExist, of_document(&format!("d{at}"), "viewer"));
    let write = async |count| world.write_if((0..count).map(absent).collect(), &[(Operation::Touch, FACT)]).await;
    write(999).await.unwrap();
    let (reason, message) = refused(write(1_000).await);
    assert_eq!(reason, Reason::PreconditionFailed);
    assert!(message.starts_with("preconditions[999]: "), "{message}");
    let (reason, message) = refused(write(1_001).await);
    assert_eq!(reason, Reason::LimitExceeded);
    assert_eq!(message, "preconditions_max is 1000, and the request has 1001");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_precondition_that_means_nothing_is_named() {
    let world = World::with_schema().await;
    let unspecified = Precondition { expectation: 0, filter: Some(of_document("plan", "viewer")) };
    let (reason, message) = refused(world.write_if(vec![unspecified], &[]).await);
    assert_eq!(reason, Reason::FieldInvalid);
    assert!(message.starts_with("preconditions[0].expectation: "), "{message}");
    for (filter, expected, field) in [
        (RelationshipFilter::default(), Reason::FieldInvalid, "preconditions[0].filter: "),
        (of_document("a b", "viewer"), Reason::FieldInvalid, "preconditions[0].filter.resource_id: "),
        (of_document("plan", "editor"), Reason::SchemaRelationUnknown, "preconditions[0].filter.relation: "),
    ] {
        let (reason, message) =
            refused(world.write_if(vec![precondition(Expectation::MustNotExist, filter)], &[]).await);
        assert_eq!(reason, expected, "{message}");
        assert!(message.starts_with(field), "{message}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_require_that_nothing_is_there_exactly_one_writes() {
    let world = World::with_schema().await;
    let world = &world;
    for round in 0..10 {
        let document = format!("d{round}");
        let document = &document;
        let writers = (0..16).map(|at| async move {
            let fact = format!("document:{document}#viewer@user:u{at}");
            let nobody = precondition(Expectation::MustNotExist, of_document(document, "viewer"));
            if at % 4 == 0 {
                // Some create without asking: they too must be seen.
                world.write(&[(Operation::Create, &fact)]).await.map(|_| false)
            } else {
                world.write_if(vec![nobody], &[(Operation::Create, &fact)]).await.map(|_| true)
            }
        });
        let results = join_all(writers).await;
        let conditional = results.iter().filter(|result| matches!(result, Ok(true))).count();
        let plain = results.iter().filter(|result| matches!(result, Ok(false))).count();
        assert!(conditional <= 1 && plain == 4, "{results:?}");
        // Whoever required that nothing is there was the first.
        let first: String = sqlx::query_scalar(
            "SELECT subject_id FROM relationship WHERE resource_id = $1 ORDER BY created_revision LIMIT 1",
        )
        .bind(document)
        .fetch_one(world.harness.pool())
        .await
        .unwrap();
        let asked = first[1..].parse::<usize>().unwrap() % 4 != 0;
        assert_eq!(conditional == 1, asked);
    }
}
