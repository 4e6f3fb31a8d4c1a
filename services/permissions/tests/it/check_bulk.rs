//! Many questions.

use chassis::Reason;
use contract::permissions::v1::check_bulk_result::Result as Outcome;
use contract::permissions::v1::{CheckBulkItem, CheckBulkRequest, CheckBulkResult};

use crate::world::{World, fully_consistent, item, outcome, refused};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_question_has_its_own_answer_or_error_in_order() {
    let world = World::with_schema().await;
    world.touch(&["document:a#viewer@user:alice"]).await;
    let items = [
        (item("document:a", "view", "user:alice"), "PERMISSIONSHIP_HAS_PERMISSION"),
        (item("document:a", "view", "user:bob"), "PERMISSIONSHIP_NO_PERMISSION"),
        (item("folder:a", "view", "user:alice"), "SCHEMA_TYPE_UNKNOWN"),
        (item("document:a", "edit", "user:alice"), "SCHEMA_RELATION_UNKNOWN"),
        (item("document:a", "view", "user:*"), "SUBJECT_NOT_ALLOWED"),
        (CheckBulkItem::default(), "FIELD_INVALID"),
        (item("document:a", "view", "user:alice"), "PERMISSIONSHIP_HAS_PERMISSION"),
    ];
    // Few questions are answered on the spot, many aside: both alike.
    for times in [1, 30] {
        let asked: Vec<CheckBulkItem> =
            std::iter::repeat_n(&items, times).flatten().map(|(item, _)| item.clone()).collect();
        let expected: Vec<&str> = std::iter::repeat_n(&items, times).flatten().map(|(_, outcome)| *outcome).collect();
        let request = CheckBulkRequest { consistency: fully_consistent(), items: asked };
        let answer = world.permissions(world.caller()).check_bulk(request).await.unwrap().into_inner();
        assert_eq!(answer.results.iter().map(outcome).collect::<Vec<_>>(), expected);
        assert!(!answer.checked_at.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_items_error_names_its_place() {
    let world = World::with_schema().await;
    let request = CheckBulkRequest {
        consistency: None,
        items: vec![item("document:a", "view", "user:a"), CheckBulkItem::default()],
    };
    let answer = world.permissions(world.caller()).check_bulk(request).await.unwrap().into_inner();
    let Some(Outcome::Error(error)) = &answer.results[1].result else { panic!("{:?}", answer.results[1]) };
    assert_eq!(error.message, "items[1].resource: is missing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_questions_are_answered_and_one_more_is_refused() {
    let world = World::with_schema().await;
    world.touch(&["document:d7#viewer@user:alice"]).await;
    let mut items: Vec<CheckBulkItem> =
        (0..10_000).map(|at| item(&format!("document:d{at}"), "view", "user:alice")).collect();
    let request = CheckBulkRequest { consistency: fully_consistent(), items: items.clone() };
    let answer = world.permissions(world.caller()).check_bulk(request).await.unwrap().into_inner();
    let has = |result: &CheckBulkResult| outcome(result) == "PERMISSIONSHIP_HAS_PERMISSION";
    assert_eq!(answer.results.len(), 10_000);
    assert_eq!(answer.results.iter().position(has), Some(7));
    assert_eq!(answer.results.iter().filter(|result| has(result)).count(), 1);

    items.push(item("document:a", "view", "user:alice"));
    let request = CheckBulkRequest { consistency: None, items };
    let (reason, message) = refused(world.permissions(world.caller()).check_bulk(request).await);
    assert_eq!(reason, Reason::LimitExceeded);
    assert_eq!(message, "check_items_max is 10000, and the request has 10001");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_question_at_all_is_refused() {
    let world = World::with_schema().await;
    let (reason, _) = refused(world.permissions(world.caller()).check_bulk(CheckBulkRequest::default()).await);
    assert_eq!(reason, Reason::FieldInvalid);
}
