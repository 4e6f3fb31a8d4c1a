//! How fresh answers are, and which tokens are taken.

use std::time::Duration;

use chassis::Reason;
use contract::permissions::v1::Permissionship;
use contract::permissions::v1::relationship_update::Operation;
use futures::future::join_all;

use crate::world::{SCHEMA, World, at_least, check_request, exactly, fully_consistent, refused};

const QUESTION: (&str, &str, &str) = ("document:plan", "view", "user:alice");
const FACT: &str = "document:plan#viewer@user:alice";

async fn answer_at(world: &World, token: &str) -> bool {
    let answer = world.ask(world.caller(), QUESTION, at_least(token)).await.unwrap();
    answer.permissionship() == Permissionship::HasPermission
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_at_the_token_of_a_write_always_sees_it() {
    let world = World::with_schema().await;
    for round in 0..200 {
        let (operation, there) = if round % 2 == 0 { (Operation::Touch, true) } else { (Operation::Delete, false) };
        let token = world.write(&[(operation, FACT)]).await.unwrap();
        assert_eq!(answer_at(&world, &token).await, there, "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fully_consistent_question_always_sees_what_was_acknowledged() {
    let world = World::with_schema().await;
    for round in 0..30 {
        let (operation, there) = if round % 2 == 0 { (Operation::Touch, true) } else { (Operation::Delete, false) };
        world.write(&[(operation, FACT)]).await.unwrap();
        let asked = join_all((0..8).map(|_| world.has(QUESTION.0, QUESTION.1, QUESTION.2))).await;
        assert_eq!(asked, vec![there; 8], "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answers_own_token_can_be_asked_at() {
    let world = World::with_schema().await;
    world.touch(&[FACT]).await;
    let answer = world.ask(world.caller(), QUESTION, fully_consistent()).await.unwrap();
    assert!(answer_at(&world, &answer.checked_at).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_was_made_up_or_changed_is_refused() {
    let world = World::with_schema().await;
    let token = world.touch(&[FACT]).await;
    let mut changed: Vec<char> = token.chars().collect();
    changed[30] = if changed[30] == 'A' { 'B' } else { 'A' };
    let changed: String = changed.into_iter().collect();
    for forged in ["", "1", "made-up", &token[1..], &format!("{token}A"), &changed, &"A".repeat(87)] {
        let asked = world.ask(world.caller(), QUESTION, at_least(forged)).await;
        assert_eq!(refused(asked).0, Reason::ConsistencyTokenInvalid, "{forged}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_tenants_token_is_refused() {
    let world = World::with_schema().await;
    let token = world.touch(&[FACT]).await;
    let asked = world.ask(world.stranger(), QUESTION, at_least(&token)).await;
    assert_eq!(refused(asked).0, Reason::ConsistencyTokenInvalid);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_installations_token_is_refused() {
    let (world, elsewhere) = (World::with_schema().await, World::with_schema().await);
    let token = elsewhere.touch(&[FACT]).await;
    let asked = world.ask(world.caller(), QUESTION, at_least(&token)).await;
    assert_eq!(refused(asked).0, Reason::ConsistencyTokenInvalid);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_of_before_a_restore_is_lost_and_the_index_is_loaded_again() {
    let world = World::with_schema().await;
    let before = world.touch(&["document:kept#viewer@user:alice"]).await;
    let lost = world.touch(&[FACT]).await;
    // The restored database has neither the last write nor its revision, and a new epoch.
    for statement in [
        "DELETE FROM relationship WHERE resource_id = 'plan'",
        "UPDATE revision_head SET revision = revision - 1, epoch = gen_random_uuid()",
    ] {
        sqlx::query(statement)
            .execute(&mut world.harness.database().connect_as_superuser().await.unwrap())
            .await
            .unwrap();
    }
    for token in [&before, &lost] {
        assert_eq!(refused_at_last(&world, token).await, Reason::ConsistencyTokenLost);
    }
    assert!(!has_when_loaded(&world).await);
    assert!(world.has("document:kept", "view", "user:alice").await);
    let token = world.touch(&[FACT]).await;
    assert!(answer_at(&world, &token).await);
}

/// Runs statements that only an operator could, all at once.
async fn as_operator(world: &World, statements: &str) {
    let mut connection = world.harness.database().connect_as_superuser().await.unwrap();
    let all = format!("BEGIN; {statements}; COMMIT");
    sqlx::raw_sql(sqlx::AssertSqlSafe(all)).execute(&mut connection).await.unwrap();
}

/// Asks at a token until that is refused, for another reason than that nothing is loaded.
async fn refused_at_last(world: &World, token: &str) -> Reason {
    for _ in 0..500 {
        let asked = world.ask(world.caller(), QUESTION, at_least(token)).await;
        if asked.is_err() {
            let reason = refused(asked).0;
            if reason != Reason::NotReady {
                return reason;
            }
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the token was not refused within 5 seconds");
}

/// Whether the question's answer is yes, when there is one.
async fn has_when_loaded(world: &World) -> bool {
    for _ in 0..500 {
        match world.ask(world.caller(), QUESTION, fully_consistent()).await {
            Ok(answer) => return answer.permissionship() == Permissionship::HasPermission,
            asked => assert_eq!(refused(asked).0, Reason::NotReady),
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("nothing was loaded within 5 seconds");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_the_database_lost_without_saying_so_takes_its_token_with_it() {
    let world = World::with_schema().await;
    let token = world.touch(&[FACT]).await;
    // What no replica has seen, none can miss.
    assert!(answer_at(&world, &token).await);
    as_operator(
        &world,
        "DELETE FROM relationship WHERE resource_id = 'plan'; DELETE FROM revision_mark WHERE revision = 2;
         UPDATE revision_head SET revision = 1, digest = (SELECT digest FROM revision_mark WHERE revision = 1)",
    )
    .await;
    assert_eq!(refused_at_last(&world, &token).await, Reason::ConsistencyTokenLost);
    assert!(!has_when_loaded(&world).await);
    // Not even when the revision's number is given out again.
    let again = world.touch(&["document:other#viewer@user:alice"]).await;
    assert!(!answer_at(&world, &again).await);
    assert_eq!(refused_at_last(&world, &token).await, Reason::ConsistencyTokenLost);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_another_took_the_place_of_is_found_out() {
    let world = World::with_schema().await;
    let token = world.touch(&[FACT]).await;
    // The same revision, but it did something else.
    as_operator(
        &world,
        "UPDATE relationship SET resource_id = 'other' WHERE resource_id = 'plan';
         UPDATE revision_head SET digest = decode(repeat('17', 32), 'hex')",
    )
    .await;
    assert_eq!(refused_at_last(&world, &token).await, Reason::ConsistencyTokenLost);
    assert!(!has_when_loaded(&world).await);
    assert!(world.has("document:other", "view", "user:alice").await);
    let metrics = world.harness.metrics().await;
    assert!(metrics.contains("bailiwick_index_rebuilds_total{reason=\"Digest\"} 1"), "{metrics}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_earlier_state_can_be_asked_at_exactly_until_it_is_let_go() {
    let world = World::start_with(|config| config.exact_snapshots_max = 2).await;
    world.write_schema(SCHEMA).await.unwrap();
    let before = world.touch(&["document:other#viewer@user:alice"]).await;
    let there = world.touch(&[FACT]).await;
    world.write(&[(Operation::Delete, FACT)]).await.unwrap();
    for (token, expected) in [(&before, false), (&there, true)] {
        let answer = world.ask(world.caller(), QUESTION, exactly(token)).await.unwrap();
        assert_eq!(answer.permissionship() == Permissionship::HasPermission, expected);
        assert_eq!(answer.checked_at, *token);
    }
    let last = world.touch(&[FACT]).await;
    assert!(answer_at(&world, &last).await);
    let asked = world.ask(world.caller(), QUESTION, exactly(&before)).await;
    assert_eq!(refused(asked).0, Reason::RevisionCollected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_cannot_get_there_in_time_says_so() {
    let world = World::with_schema().await;
    assert!(!world.has(QUESTION.0, QUESTION.1, QUESTION.2).await, "the schema is applied");
    // The head moves on, but the log behind it cannot be read.
    let mut connection = world.harness.database().connect_as_superuser().await.unwrap();
    for statement in ["ALTER TABLE relationship RENAME TO hidden", "UPDATE revision_head SET revision = revision + 1"] {
        sqlx::query(statement).execute(&mut connection).await.unwrap();
    }
    let mut request = tonic::Request::new(check_request(QUESTION, fully_consistent()));
    request.set_timeout(Duration::from_millis(300));
    let asked = world.permissions(world.caller()).check(request).await;
    assert_eq!(refused(asked).0, Reason::ReplicaBehind);
    // What was applied is still answered from.
    let answer = world.ask(world.caller(), QUESTION, None).await.unwrap();
    assert_eq!(answer.permissionship(), Permissionship::NoPermission);

    sqlx::query("ALTER TABLE hidden RENAME TO relationship").execute(&mut connection).await.unwrap();
    assert!(!world.has(QUESTION.0, QUESTION.1, QUESTION.2).await);
}
