//! API keys that gate has never seen, and what it tells identity of those that it has.

use std::time::Duration;

use chassis::api_key::ApiKey;
use chassis::clock::SystemEntropy;
use futures::StreamExt as _;

use crate::world;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_keys_that_nobody_made_hardly_reaches_identity_and_harms_nobody_else() {
    let world = world::start_with_routes().await;
    let known = world.new_key("acme", "user:alice", &[], None);
    world.eventually("the key is known", async || world.get_as(known.expose(), "/me").await.code == 0).await;
    let (asked, began) = (world.gate.identity().times_asked(), tokio::time::Instant::now());
    let flood = futures::stream::iter(0..10_000).map(|_| async {
        let made_up = ApiKey::generate(&SystemEntropy);
        world.get_as(made_up.expose(), "/me").await.denied() == (401, "credential_invalid")
    });
    let refused = flood.buffer_unordered(64).filter(|refused| std::future::ready(*refused)).count().await;
    assert_eq!(refused, 10_000);
    assert_eq!(world.get_as(known.expose(), "/me").await.code, 0);
    let asked = world.gate.identity().times_asked() - asked;
    let allowed = 21 + began.elapsed().as_millis() / 200;
    assert!(u128::from(asked) <= allowed, "identity was asked {asked} times, not {allowed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_is_new_in_the_middle_of_a_flood_works_as_soon_as_the_feed_tells_of_it() {
    let world = world::start_with_routes().await;
    let flood = futures::stream::iter(0..200).map(|_| async {
        world.get_as(ApiKey::generate(&SystemEntropy).expose(), "/me").await;
    });
    flood.buffer_unordered(32).collect::<()>().await;
    let key = world.new_key("acme", "user:alice", &[], None);
    tokio::time::timeout(Duration::from_secs(1), async {
        while world.get_as(key.expose(), "/me").await.code != 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await
    .expect("the feed tells within a second");
}

#[tokio::test(flavor = "multi_thread")]
async fn identity_is_told_of_the_uses_of_a_key_at_most_once_a_minute() {
    let world = world::start_with_routes().await;
    let key = world.new_key("acme", "user:alice", &[], None);
    let told = async |times: usize| {
        let told = || world.gate.identity().reported_uses().into_iter().flatten().collect::<Vec<_>>();
        world.eventually("identity is told", async || told().len() >= times).await;
        assert!(told().iter().all(|told| told.api_key_id == key.id().as_str()));
        told().len()
    };
    for _ in 0..5 {
        assert_eq!(world.get_as(key.expose(), "/me").await.code, 0);
    }
    assert_eq!(told(1).await, 1);
    // Used again in the same minute: told of when it is over.
    world.gate.clock().advance(time::Duration::seconds(30));
    assert_eq!(world.get_as(key.expose(), "/me").await.code, 0);
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    assert_eq!(told(1).await, 1);
    world.gate.clock().advance(time::Duration::seconds(30));
    assert_eq!(told(2).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn uses_that_identity_could_not_hear_are_told_when_it_is_back() {
    let world = world::start_with_routes().await;
    let key = world.new_key("acme", "user:alice", &[], None);
    assert_eq!(world.get_as(key.expose(), "/me").await.code, 0);
    world.gate.identity().set_down(true);
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    world.gate.identity().set_down(false);
    for _ in 0..200 {
        if !world.gate.identity().reported_uses().is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("identity was not told within ten seconds");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_identity_is_not_heard_a_key_that_it_has_not_named_is_not_called_bad() {
    let world = world::start_with_routes().await;
    let known = world.new_key("acme", "user:alice", &[], None);
    world.eventually("the key is known", async || world.get_as(known.expose(), "/me").await.code == 0).await;
    world.gate.identity().set_down(true);
    tokio::time::sleep(Duration::from_millis(3_500)).await;
    for _ in 0..30 {
        let made_up = ApiKey::generate(&SystemEntropy);
        assert_eq!(world.get_as(made_up.expose(), "/me").await.denied(), (503, "unavailable"));
    }
    assert_eq!(world.get_as(known.expose(), "/me").await.code, 0);
}
