//! The feed: whoever follows it misses nothing, from wherever they begin.

use std::time::Duration;

use contract::identity::v1::event::Event;
use contract::identity::v1::{FollowRequest, FollowResponse};
use tokio::time::timeout;
use tonic::Streaming;

use crate::world::{World, start, start_empty};

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(10);

async fn follow(world: &World, epoch: &str, after: u64) -> Streaming<FollowResponse> {
    let request = FollowRequest { epoch: epoch.to_owned(), after };
    world.peers().follow(request).await.unwrap().into_inner()
}

async fn next(stream: &mut Streaming<FollowResponse>) -> FollowResponse {
    timeout(PATIENCE, stream.message()).await.expect("something comes in time").unwrap().expect("it goes on")
}

/// The events up to the first heartbeat, and that.
async fn until_heartbeat(stream: &mut Streaming<FollowResponse>) -> (Vec<FollowResponse>, FollowResponse) {
    let mut events = Vec::new();
    loop {
        let message = next(stream).await;
        if message.event.is_none() {
            return (events, message);
        }
        events.push(message);
    }
}

fn numbers(events: &[FollowResponse]) -> Vec<u64> {
    events.iter().map(|event| event.number).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_follower_gets_everything_from_the_first_event() {
    let world = start().await;
    let (events, heartbeat) = until_heartbeat(&mut follow(&world, "", 0).await).await;
    assert_eq!(numbers(&events), [1, 2, 3]);
    assert!(events.iter().all(|event| event.epoch == heartbeat.epoch && !event.epoch.is_empty()));
    assert_eq!(heartbeat.number, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_heartbeat_comes_each_second_of_silence() {
    let world = start_empty().await;
    let mut stream = follow(&world, "", 0).await;
    until_heartbeat(&mut stream).await;
    let began = tokio::time::Instant::now();
    for _ in 0..2 {
        assert!(next(&mut stream).await.event.is_none());
    }
    let elapsed = began.elapsed();
    assert!((Duration::from_millis(1_500)..Duration::from_secs(4)).contains(&elapsed), "{elapsed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_that_comes_back_misses_nothing_and_gets_nothing_twice() {
    let world = start().await;
    let (events, _) = until_heartbeat(&mut follow(&world, "", 0).await).await;
    for _ in 0..3 {
        world.key("acme", &[]).await;
    }
    let seen = &events[1];
    let (rest, _) = until_heartbeat(&mut follow(&world, &seen.epoch, seen.number).await).await;
    assert_eq!(numbers(&rest), [3, 4, 5, 6]);
    assert_eq!(rest[0], events[2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_comes_as_soon_as_it_is_committed() {
    let world = start().await;
    let mut stream = follow(&world, "", 0).await;
    until_heartbeat(&mut stream).await;
    let began = tokio::time::Instant::now();
    let made = world.key("acme", &[]).await.api_key.unwrap();
    let event = loop {
        if let Some(event) = next(&mut stream).await.event {
            break event.event.unwrap();
        }
    };
    let Event::ApiKeyCreated(key) = event else { panic!("{event:?}") };
    assert_eq!(key.api_key_id, made.id);
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn another_epoch_or_a_number_beyond_the_head_begins_again() {
    let world = start().await;
    let (events, heartbeat) = until_heartbeat(&mut follow(&world, "", 0).await).await;
    for (epoch, after) in [
        ("00000000-0000-0000-0000-000000000000", 2),
        ("no epoch of ours", 2),
        (heartbeat.epoch.as_str(), 4),
        (heartbeat.epoch.as_str(), u64::MAX),
        ("", 3),
    ] {
        let (again, _) = until_heartbeat(&mut follow(&world, epoch, after).await).await;
        assert_eq!(again, events, "{epoch} {after}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_database_begins_again_under_a_new_epoch() {
    let world = start().await;
    let mut stream = follow(&world, "", 0).await;
    let (_, before) = until_heartbeat(&mut stream).await;
    let mut owner = world.service.database().connect_as_migrator().await.unwrap();
    sqlx::query("UPDATE feed_head SET epoch = gen_random_uuid()").execute(&mut owner).await.unwrap();
    let (events, after) = until_changed(&mut stream, &before.epoch).await;
    assert_eq!(numbers(&events), [1, 2, 3]);
    assert_ne!(after.epoch, before.epoch);
}

/// The events of the first epoch that is another, up to its first heartbeat.
async fn until_changed(stream: &mut Streaming<FollowResponse>, epoch: &str) -> (Vec<FollowResponse>, FollowResponse) {
    loop {
        let (events, heartbeat) = until_heartbeat(stream).await;
        if heartbeat.epoch != epoch {
            return (events, heartbeat);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn under_many_writers_numbers_have_no_gaps_and_every_follower_sees_one_order() {
    let world = start().await;
    let mut early = follow(&world, "", 0).await;
    let writers = async {
        let world = &world;
        futures::future::join_all((0..6).map(|_| async move {
            for _ in 0..10 {
                world.key("acme", &[]).await;
            }
        }))
        .await
    };
    let reader = async {
        let mut seen = Vec::new();
        while seen.len() < 63 {
            let message = next(&mut early).await;
            seen.extend(message.event.is_some().then_some(message));
        }
        seen
    };
    let (_, seen) = tokio::join!(writers, reader);
    assert_eq!(numbers(&seen), (1..=63).collect::<Vec<u64>>());
    let (late, _) = until_heartbeat(&mut follow(&world, "", 0).await).await;
    assert_eq!(seen, late);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draining_identity_ends_its_streams_instead_of_waiting_for_them() {
    let mut world = start().await;
    let mut stream = follow(&world, "", 0).await;
    until_heartbeat(&mut stream).await;
    let began = tokio::time::Instant::now();
    world.service.stop().await;
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    while let Ok(Some(_)) = timeout(PATIENCE, stream.message()).await.expect("it ends") {}
}
