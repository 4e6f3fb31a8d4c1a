//! The key that signs access tokens is in the feed before identity is ready, and in it once.

use contract::identity::v1::event::Event;
use contract::identity::v1::{Event as Published, KeyUse};
use prost::Message as _;

use crate::world::start_empty;

#[tokio::test(flavor = "multi_thread")]
async fn the_token_key_is_published_at_the_start() {
    let world = start_empty().await;
    let payloads: Vec<Vec<u8>> =
        sqlx::query_scalar("SELECT payload FROM feed_entry").fetch_all(world.service.pool()).await.unwrap();
    let [payload] = payloads.as_slice() else { panic!("{} entries", payloads.len()) };
    let Some(Event::KeyPublished(key)) = Published::decode(payload.as_slice()).unwrap().event else { panic!("no key") };
    assert_eq!(key.r#use(), KeyUse::AccessToken);
    assert!(world.service.running().foundation.learnt.keys.contains(&key.key_id), "identity follows its own feed");
    let now = chassis::Clock::now(world.service.clock()).unix_timestamp();
    assert_eq!((key.not_after.unwrap().seconds - now) / 86_400, 7);
}
