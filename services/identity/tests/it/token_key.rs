//! The keys that sign access tokens: in the feed before they sign, rotated by themselves, sealed in the database.

use std::time::{Duration, Instant};

use chassis::Clock as _;
use contract::identity::v1::event::Event;
use contract::identity::v1::{Event as Published, KeyUse};
use prost::Message as _;
use serde_json::Value;

use crate::oauth::{CLIENT, basic, body};
use crate::world::{ISSUER, ROTATION_SECONDS, World, start, start_empty};

/// The ids of the keys that the key set has.
async fn key_set(world: &World) -> Vec<String> {
    let keys = world.get("/.well-known/jwks.json").await;
    keys["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

/// A token, and the id of the key that signed it.
async fn token(world: &World, secret: &str) -> (String, String) {
    let answer = body(&world.token(secret, &[]).await);
    let token = answer["access_token"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
    let key_id = jsonwebtoken::decode_header(&token).unwrap().kid.unwrap();
    (token, key_id)
}

async fn lives(world: &World, secret: &str, token: &str) -> Value {
    let told = world.post("/oauth2/introspect", Some(&basic(CLIENT, secret)), &[("token", token)]).await;
    body(&told)["active"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_key_is_published_at_the_start_until_after_its_last_token() {
    let world = start_empty().await;
    let payloads: Vec<Vec<u8>> =
        sqlx::query_scalar("SELECT payload FROM feed_entry").fetch_all(world.service.pool()).await.unwrap();
    let [payload] = payloads.as_slice() else { panic!("{} entries", payloads.len()) };
    let Some(Event::KeyPublished(key)) = Published::decode(payload.as_slice()).unwrap().event else { panic!("no key") };
    assert_eq!((key.r#use(), key.issuer.as_str()), (KeyUse::AccessToken, ISSUER));
    assert!(world.service.running().foundation.learnt.keys.contains(&key.key_id), "identity follows its own feed");
    let believed = key.not_after.unwrap().seconds - world.service.clock().now().unix_timestamp();
    assert_eq!(believed, ROTATION_SECONDS.cast_signed() + 300 + 600);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_rotate_by_themselves_and_the_next_is_told_of_before_it_signs() {
    let world = start().await;
    let secret = world.client_secret("acme", &[]).await.secret;
    let (_, first) = token(&world, &secret).await;
    assert_eq!(key_set(&world).await, std::slice::from_ref(&first));
    // A day before the first retires.
    let day = time::Duration::DAY;
    world.service.clock().advance(time::Duration::seconds(ROTATION_SECONDS.cast_signed()) - day);
    let began = Instant::now();
    while key_set(&world).await.len() < 2 {
        assert!(began.elapsed() < Duration::from_secs(10), "the next key is not made");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let (last_of_first, signs) = token(&world, &secret).await;
    assert_eq!(signs, first, "the next key does not sign yet");
    world.service.clock().advance(day);
    let began = Instant::now();
    let second = loop {
        let (token, signs) = token(&world, &secret).await;
        if signs != first {
            assert_eq!(lives(&world, &secret, &token).await, true);
            break signs;
        }
        assert!(began.elapsed() < Duration::from_secs(10), "the next key does not take over");
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    assert!(key_set(&world).await.contains(&first) && key_set(&world).await.contains(&second), "they overlap");
    // It ended with its day; what the first key signed just before is still believed, until it ends by itself.
    assert_eq!(lives(&world, &secret, &last_of_first).await, false);
    world.service.clock().advance(time::Duration::minutes(16));
    assert!(!key_set(&world).await.contains(&first), "the first is over");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_long_absence_a_new_key_signs_at_once() {
    let world = start().await;
    let secret = world.client_secret("acme", &[]).await.secret;
    let (_, first) = token(&world, &secret).await;
    world.service.clock().advance(time::Duration::days(365));
    let began = Instant::now();
    while token(&world, &secret).await.1 == first {
        assert!(began.elapsed() < Duration::from_secs(10), "no new key signs");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let generations: Vec<i64> =
        sqlx::query_scalar("SELECT generation FROM signing_key").fetch_all(world.service.pool()).await.unwrap();
    assert!(!generations.contains(&1), "the private half of the first is gone: {generations:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_key_is_sealed_in_the_database() {
    let world = start().await;
    let sealed: Vec<u8> =
        sqlx::query_scalar("SELECT sealed FROM signing_key").fetch_one(world.service.pool()).await.unwrap();
    // The beginning of every P-256 key in PKCS #8: the identifiers of its kind.
    let curve = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
    assert!(sealed.len() > 100 && !sealed.windows(curve.len()).any(|window| window == curve));
}
