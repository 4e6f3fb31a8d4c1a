//! A change and its audit event are there together or not at all; an outbox that is full says what it lost.

use chassis::UnitOfWork;
use sqlx::Row as _;

use super::{NOW, database, event};

async fn outbox(database: &chassis::Database) -> Vec<String> {
    let rows = sqlx::query("SELECT event FROM outbox ORDER BY id").fetch_all(database.pool()).await.unwrap();
    rows.into_iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn a_commit_leaves_its_event_in_the_same_transaction() {
    let (_test, database) = database().await;
    let mut work = UnitOfWork::begin(&database, NOW).await.unwrap();
    sqlx::query("INSERT INTO feed_position VALUES ('x', 'e', 1)").execute(work.connection()).await.unwrap();
    work.commit(event("thing:1")).await.unwrap();
    let events = outbox(&database).await;
    assert_eq!(events.len(), 1);
    assert!(events[0].contains("thing:1") && events[0].contains("2026-11-25T12:00:00Z"), "{}", events[0]);
}

#[tokio::test]
async fn several_changes_leave_an_event_each_in_their_order() {
    let (_test, database) = database().await;
    let work = UnitOfWork::begin(&database, NOW).await.unwrap();
    let made: Vec<_> = (0..100).map(|number| event(&format!("thing:{number}."))).collect();
    work.commit_all(&made).await.unwrap();
    let events = outbox(&database).await;
    assert_eq!(events.len(), 100);
    for (number, event) in events.iter().enumerate() {
        assert!(event.contains(&format!("thing:{number}.")), "{event}");
    }
}

#[tokio::test]
#[should_panic(expected = "together with its audit event")]
async fn nothing_is_committed_without_an_event() {
    let (_test, database) = database().await;
    let _ = UnitOfWork::begin(&database, NOW).await.unwrap().commit_all(&[]).await;
}

#[tokio::test]
async fn a_dropped_unit_of_work_changes_nothing() {
    let (_test, database) = database().await;
    let mut work = UnitOfWork::begin(&database, NOW).await.unwrap();
    sqlx::query("INSERT INTO feed_position VALUES ('x', 'e', 1)").execute(work.connection()).await.unwrap();
    drop(work);
    assert!(outbox(&database).await.is_empty());
    let rows = sqlx::query("SELECT 1 FROM feed_position").fetch_all(database.pool()).await.unwrap();
    assert!(rows.is_empty());
}

#[tokio::test]
async fn a_full_outbox_sheds_the_oldest_and_counts_them() {
    let (_test, database) = database().await;
    for number in 0..10 {
        UnitOfWork::begin(&database, NOW).await.unwrap().commit(event(&format!("thing:{number}"))).await.unwrap();
    }
    assert_eq!(chassis::outbox::shed(&database, 4, NOW).await.unwrap(), 6);
    let events = outbox(&database).await;
    assert_eq!(events.len(), 5);
    assert_eq!(events[0], r#"{"action":"audit.events.shed","events":6}"#);
    assert!(events[1].contains("thing:6"), "{}", events[1]);
    assert_eq!(chassis::outbox::shed(&database, 4, NOW).await.unwrap(), 0);
    // A gap that is shed in its turn is still counted in full.
    assert_eq!(chassis::outbox::shed(&database, 3, NOW).await.unwrap(), 7);
    assert_eq!(outbox(&database).await[0], r#"{"action":"audit.events.shed","events":7}"#);
}
