//! Two replicas on one database.

use std::path::PathBuf;
use std::time::Duration;

use contract::permissions::v1::Permissionship;
use contract::permissions::v1::relationship_update::Operation;
use permissions::{Config, Permissions};
use testing::harness::start_with;

use crate::world::{SCHEMA, World, at_least, fully_consistent};

/// Two replicas: one key, one database.
pub(crate) async fn replicas() -> (World, World) {
    replicas_with(|_| {}).await
}

/// Two replicas with another configuration than the default one.
pub(crate) async fn replicas_with(adjust: impl Fn(&mut Config)) -> (World, World) {
    let mut key = None;
    let first = World::start_with(|config| {
        adjust(config);
        key = Some(config.token_key_file.clone());
    })
    .await;
    let second = beside(&first, key.expect("the first replica has a key"), adjust).await;
    (first, second)
}

/// Another replica, on the database of one.
pub(crate) async fn beside(first: &World, key: PathBuf, adjust: impl Fn(&mut Config)) -> World {
    let (url, password) = (first.harness.database().url.clone(), first.harness.database().password_file.clone());
    let harness = start_with::<Permissions>(
        |_| {
            let mut config = Config::with_token_key(key);
            adjust(&mut config);
            config
        },
        |config| {
            config.database.url = url;
            config.database.password_file = Some(password);
        },
    )
    .await;
    World { harness }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_at_one_is_seen_at_its_token_at_the_other() {
    let (first, second) = replicas().await;
    first.write_schema(SCHEMA).await.unwrap();
    let question = ("document:plan", "view", "user:alice");
    for round in 0..40 {
        let (writer, reader) = if round % 2 == 0 { (&first, &second) } else { (&second, &first) };
        let (operation, there) = if round % 3 == 0 { (Operation::Touch, true) } else { (Operation::Delete, false) };
        let token = writer.write(&[(operation, "document:plan#viewer@user:alice")]).await.unwrap();
        for consistency in [at_least(&token), fully_consistent()] {
            let answer = reader.ask(reader.caller(), question, consistency).await.unwrap();
            assert_eq!(answer.permissionship() == Permissionship::HasPermission, there, "round {round}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_writes_comes_to_the_other_by_itself() {
    let (first, second) = replicas().await;
    first.write_schema(SCHEMA).await.unwrap();
    first.touch(&["document:plan#viewer@user:alice"]).await;
    for _ in 0..500 {
        let asked = second.ask(second.caller(), ("document:plan", "view", "user:alice"), None).await;
        if asked.is_ok_and(|answer| answer.permissionship() == Permissionship::HasPermission) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the write did not come within 5 seconds");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_is_called_when_another_commits() {
    // So slow that nothing would come in time if it looked only by itself.
    let (first, second) = replicas_with(|config| config.poll_ms = 10_000).await;
    first.write_schema(SCHEMA).await.unwrap();
    let question = ("document:plan", "view", "user:alice");
    for round in 0..20 {
        let (operation, there) = if round % 2 == 0 { (Operation::Touch, true) } else { (Operation::Delete, false) };
        first.write(&[(operation, "document:plan#viewer@user:alice")]).await.unwrap();
        let sees = async {
            loop {
                let answer = second.ask(second.caller(), question, None).await;
                if answer.is_ok_and(|answer| (answer.permissionship() == Permissionship::HasPermission) == there) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(2), sees).await.expect("the other replica was not called");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_is_taken_in_once_by_whichever_replica_is_first() {
    let (first, second) = replicas().await;
    tokio::join!(first.found_tenant("acme", true), second.found_tenant("acme", true));
    let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM relationship WHERE tenant = 'system'")
        .fetch_one(first.harness.pool())
        .await
        .unwrap();
    assert_eq!(rows, 3);
}
