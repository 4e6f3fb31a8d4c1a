//! A feed loses nothing, repeats nothing, and begins again when the database was restored.

use std::time::Duration;

use chassis::Database;
use chassis::UnitOfWork;
use chassis::feed::{Entry, Item, Position, advance, forget_ended, position, tail};
use contract::identity::v1::Event;
use futures::StreamExt as _;

use super::{NOW, database, event};

async fn publish(database: &Database, entries: usize) {
    let mut work = UnitOfWork::begin(database, NOW).await.unwrap();
    for _ in 0..entries {
        work.publish(&Event::default());
    }
    work.commit(event("thing:1")).await.unwrap();
}

async fn take(stream: &mut chassis::feed::FeedStream, entries: usize) -> Vec<Entry> {
    let mut taken = Vec::new();
    while taken.len() < entries {
        let item = tokio::time::timeout(Duration::from_secs(10), stream.next()).await.unwrap().unwrap().unwrap();
        if let Item::Entry { entry, .. } = item {
            taken.push(entry);
        }
    }
    taken
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_misses_nothing_while_many_write() {
    let (_test, database) = database().await;
    let mut writers = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let database = database.clone();
        writers.spawn(async move {
            for entries in 1..=4 {
                publish(&database, entries).await;
            }
        });
    }
    let mut stream = tail(database.clone(), Position::default());
    let numbers: Vec<u64> = take(&mut stream, 160).await.into_iter().map(|entry| entry.number).collect();
    assert_eq!(numbers, (1..=160).collect::<Vec<_>>());
    writers.join_all().await;
}

#[tokio::test]
async fn a_reader_goes_on_where_it_stood() {
    let (_test, database) = database().await;
    publish(&database, 3).await;
    let mut stream = tail(database.clone(), Position::default());
    let first = stream.next().await.unwrap().unwrap();
    let Item::Entry { epoch, entry } = first else { panic!("the feed has entries") };
    let mut stream = tail(database.clone(), Position { epoch, number: entry.number });
    assert_eq!(take(&mut stream, 2).await.iter().map(|entry| entry.number).collect::<Vec<_>>(), [2, 3]);
}

#[tokio::test]
async fn a_reader_of_a_lost_epoch_begins_again() {
    let (_test, database) = database().await;
    publish(&database, 2).await;
    let mut stream = tail(database.clone(), Position { epoch: "of a lost life".to_owned(), number: 2 });
    assert_eq!(take(&mut stream, 2).await.iter().map(|entry| entry.number).collect::<Vec<_>>(), [1, 2]);
}

#[tokio::test]
async fn a_quiet_feed_says_that_it_is_alive() {
    let (_test, database) = database().await;
    let mut stream = tail(database.clone(), Position::default());
    let mut beats = 0;
    while beats < 2 {
        let item = tokio::time::timeout(Duration::from_secs(3), stream.next()).await.unwrap().unwrap().unwrap();
        assert!(matches!(item, Item::Heartbeat(Position { number: 0, .. })));
        beats += 1;
    }
}

#[tokio::test]
async fn of_two_replicas_only_one_takes_an_entry_in() {
    let (_test, database) = database().await;
    let to = Position { epoch: "e".to_owned(), number: 5 };
    let mut connection = database.pool().acquire().await.unwrap();
    assert!(advance(&mut connection, "identity", &to).await.unwrap());
    assert!(!advance(&mut connection, "identity", &to).await.unwrap());
    assert_eq!(position(&database, "identity").await.unwrap(), to);
    let restored = Position { epoch: "f".to_owned(), number: 1 };
    assert!(advance(&mut connection, "identity", &restored).await.unwrap());
}

#[tokio::test]
async fn what_has_ended_is_forgotten_and_no_reader_waits_for_it() {
    let (_test, database) = database().await;
    let mut work = UnitOfWork::begin(&database, NOW).await.unwrap();
    let ends_at = NOW + time::Duration::minutes(5);
    work.publish(&Event::default());
    work.publish_until(&Event::default(), ends_at);
    work.publish(&Event::default());
    work.publish_until(&Event::default(), ends_at);
    work.commit(event("thing:1")).await.unwrap();
    let Item::Entry { epoch, .. } = tail(database.clone(), Position::default()).next().await.unwrap().unwrap() else {
        panic!("the feed has entries")
    };
    assert_eq!(forget_ended(&database, ends_at, 10).await.unwrap(), 0, "it has not ended yet");
    let later = ends_at + time::Duration::SECOND;
    assert_eq!(forget_ended(&database, later, 1).await.unwrap(), 1, "no more at once than was asked for");
    assert_eq!(forget_ended(&database, later, 10).await.unwrap(), 1);
    let mut from_the_beginning = tail(database.clone(), Position::default());
    let numbers: Vec<u64> = take(&mut from_the_beginning, 2).await.iter().map(|entry| entry.number).collect();
    assert_eq!(numbers, [1, 3]);
    // One that stood before the last entry, which it will never see, is told that it has everything.
    for mut reader in [from_the_beginning, tail(database.clone(), Position { epoch, number: 3 })] {
        let item = tokio::time::timeout(Duration::from_secs(5), reader.next()).await.unwrap().unwrap().unwrap();
        assert!(matches!(item, Item::Heartbeat(Position { number: 4, .. })), "{item:?}");
    }
    publish(&database, 1).await;
    let mut reader = tail(database.clone(), Position::default());
    assert_eq!(take(&mut reader, 3).await.iter().map(|entry| entry.number).collect::<Vec<_>>(), [1, 3, 5]);
}
