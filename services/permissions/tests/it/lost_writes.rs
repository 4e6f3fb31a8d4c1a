//! What becomes of writes that the database lost and told nobody of, and of their tokens. The replicas look by themselves only
//! every ten seconds, and no test takes so long: what is found out, is found out by a call.

use std::path::PathBuf;
use std::time::Duration;

use chassis::Reason;
use contract::permissions::v1::{CheckResponse, Consistency, Permissionship};
use futures::future::join_all;
use permissions::Config;
use tonic::Status;

use crate::replicas::beside;
use crate::world::{SCHEMA, World, at_least, fully_consistent, refused};

const QUESTION: (&str, &str, &str) = ("document:plan", "view", "user:alice");
const FACT: &str = "document:plan#viewer@user:alice";

/// The last write is gone, and nothing came after it.
const LOST: &str = "DELETE FROM relationship WHERE created_revision = 2; DELETE FROM revision_mark WHERE revision = 2;
    UPDATE revision_head SET revision = 1, digest = (SELECT digest FROM revision_mark WHERE revision = 1)";

/// The last write is gone, and another got its number.
const REPLACED: &str = "UPDATE relationship SET resource_id = 'other' WHERE created_revision = 2;
    UPDATE revision_mark SET digest = decode(repeat('17', 32), 'hex') WHERE revision = 2;
    UPDATE revision_head SET digest = decode(repeat('17', 32), 'hex')";

fn seldom(config: &mut Config) {
    config.poll_ms = 10_000;
}

/// A replica that has a schema and one fact, the fact's token, and the key of all replicas.
async fn with_fact() -> (World, String, PathBuf) {
    let mut key = PathBuf::new();
    let world = World::start_with(|config| {
        seldom(config);
        key.clone_from(&config.token_key_file);
    })
    .await;
    world.write_schema(SCHEMA).await.unwrap();
    let token = world.touch(&[FACT]).await;
    assert!(has(&world.ask(world.caller(), QUESTION, at_least(&token)).await.unwrap()));
    (world, token, key)
}

/// Does what a standby's taking over does, all at once, and with no word to anybody.
async fn fail_over(world: &World, statements: &str) {
    let mut connection = world.harness.database().connect_as_superuser().await.unwrap();
    let all = format!("BEGIN; {statements}; COMMIT");
    sqlx::raw_sql(sqlx::AssertSqlSafe(all)).execute(&mut connection).await.unwrap();
}

fn has(answer: &CheckResponse) -> bool {
    answer.permissionship() == Permissionship::HasPermission
}

/// Asks until the replica has loaded; nothing may be granted meanwhile.
async fn denied_at_last(world: &World, consistency: Option<Consistency>) -> CheckResponse {
    for _ in 0..800 {
        match world.ask(world.caller(), QUESTION, consistency.clone()).await {
            Ok(answer) => {
                assert!(!has(&answer), "this was lost");
                return answer;
            }
            Err(status) => assert!(matches!(reason(status), Reason::NotReady | Reason::ReplicaBehind)),
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the replica has not loaded within 8 seconds");
}

fn reason(status: Status) -> Reason {
    refused::<()>(Err(status)).0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_token_of_a_lost_write_is_refused_at_once_by_who_has_the_one_that_got_its_number() {
    let (first, lost, key) = with_fact().await;
    fail_over(&first, REPLACED).await;
    let second = beside(&first, key, seldom).await;
    let asked = second.ask(second.caller(), QUESTION, at_least(&lost)).await;
    assert_eq!(refused(asked).0, Reason::ConsistencyTokenLost);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_token_of_a_write_is_not_answered_by_who_has_the_lost_one_of_its_number() {
    let (first, _, key) = with_fact().await;
    fail_over(&first, REPLACED).await;
    let second = beside(&first, key, seldom).await;
    let newer = second.ask(second.caller(), QUESTION, None).await.unwrap();
    assert!(!has(&newer));
    let asked = first.ask(first.caller(), QUESTION, at_least(&newer.checked_at)).await;
    assert_eq!(refused(asked).0, Reason::ConsistencyTokenLost);
    // It is the first replica that has lost something, and it found out by the token.
    denied_at_last(&first, fully_consistent()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fully_consistent_answer_has_nothing_that_was_lost_before_the_call() {
    for statements in [LOST, REPLACED] {
        let (world, lost, _) = with_fact().await;
        fail_over(&world, statements).await;
        let answer = world.ask(world.caller(), QUESTION, fully_consistent()).await.unwrap();
        assert!(!has(&answer), "{statements}");
        let asked = world.ask(world.caller(), QUESTION, at_least(&lost)).await;
        assert_eq!(refused(asked).0, Reason::ConsistencyTokenLost);
        let metrics = world.harness.metrics().await;
        assert!(metrics.contains("bailiwick_index_rebuilds_total{reason=\"Digest\"} 1"), "{metrics}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_knows_that_writes_were_lost_grants_nothing_before_it_has_loaded_again() {
    let (world, _, _) = with_fact().await;
    // What is there cannot be read.
    fail_over(&world, &format!("{LOST}; ALTER TABLE relationship RENAME TO hidden")).await;
    let mut waiting = tonic::Request::new(crate::world::check_request(QUESTION, fully_consistent()));
    waiting.set_timeout(Duration::from_millis(300));
    let waited = world.permissions(world.caller()).check(waiting).await;
    assert_eq!(refused(waited).0, Reason::ReplicaBehind);
    for consistency in [None, fully_consistent()] {
        let asked = world.ask(world.caller(), QUESTION, consistency).await;
        assert_eq!(refused(asked).0, Reason::NotReady);
    }
    // Others are asked as long as it lasts, and nobody's cap is judged by what is not there.
    let ready = testing::http::get(world.harness.running().admin_address, "/readyz").await.unwrap();
    assert!(ready.contains("the log"), "{ready}");
    let written = world.write(&[(contract::permissions::v1::relationship_update::Operation::Touch, FACT)]).await;
    assert!(written.is_err());

    fail_over(&world, "ALTER TABLE hidden RENAME TO relationship; NOTIFY revision_head").await;
    denied_at_last(&world, None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_of_before_a_replica_began_are_taken_if_they_are_of_its_history() {
    let (first, lost, key) = with_fact().await;
    // Several revisions in one commit, or in a few: only the last of each is marked.
    let facts: Vec<String> = (0..64).map(|at| format!("document:d{at}#viewer@user:alice")).collect();
    let (stays, next) = (first.touch(&["document:stays#viewer@user:alice"]).await, &first);
    let written = join_all(facts.iter().map(|fact| async move { next.touch(&[fact]).await })).await;
    let second = beside(&first, key.clone(), seldom).await;
    let taken = join_all([&[lost.clone(), stays.clone()], &written[..]].concat().into_iter().map(|token| {
        let second = &second;
        async move { second.ask(second.caller(), QUESTION, at_least(&token)).await }
    }));
    assert!(taken.await.into_iter().all(|answer| has(&answer.unwrap())));

    // All but the schema is lost, and the numbers are given out again, while nobody is there to see it.
    let (mut first, mut second) = (first, second);
    first.harness.stop().await;
    second.harness.stop().await;
    fail_over(
        &first,
        "DELETE FROM relationship; DELETE FROM revision_mark WHERE revision > 1;
        UPDATE revision_head SET revision = 1, digest = (SELECT digest FROM revision_mark WHERE revision = 1)",
    )
    .await;
    let third = beside(&first, key.clone(), seldom).await;
    let kept = third.touch(&["document:kept#viewer@user:alice"]).await;
    third.touch(&["document:more#viewer@user:alice"]).await;
    let fourth = beside(&first, key, seldom).await;
    for lost in [&lost, &stays] {
        let asked = fourth.ask(fourth.caller(), QUESTION, at_least(lost)).await;
        assert_eq!(refused(asked).0, Reason::ConsistencyTokenLost);
    }
    let answer = fourth.ask(fourth.caller(), ("document:kept", "view", "user:alice"), at_least(&kept)).await;
    assert!(has(&answer.unwrap()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_is_too_old_for_anybody_to_tell_is_taken() {
    let (first, token, key) = with_fact().await;
    first.touch(&["document:other#viewer@user:alice"]).await;
    fail_over(&first, "UPDATE revision_head SET floor = revision; DELETE FROM revision_mark WHERE revision < 3").await;
    let second = beside(&first, key, seldom).await;
    assert!(has(&second.ask(second.caller(), QUESTION, at_least(&token)).await.unwrap()));
}
