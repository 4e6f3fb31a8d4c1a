//! Gate tells when keys were last used, and whoever may read the keys sees it.

use chassis::{Clock as _, Reason, timestamp};
use contract::identity::v1::{ApiKeyUse, GetApiKeyRequest, ListApiKeysRequest, ReportApiKeyUseRequest};
use time::{Duration, OffsetDateTime};
use tonic::Status;

use crate::world::{World, reason_and, start};

async fn report(world: &World, uses: &[(&str, OffsetDateTime)]) -> Result<(), Status> {
    let uses =
        uses.iter().map(|(id, at)| ApiKeyUse { api_key_id: (*id).to_owned(), used_at: Some(timestamp::to_proto(*at)) });
    world.peers().report_api_key_use(ReportApiKeyUseRequest { uses: uses.collect() }).await.map(|_| ())
}

async fn last_used(world: &World, id: &str) -> Option<OffsetDateTime> {
    let request = GetApiKeyRequest { api_key_id: id.to_owned() };
    let key = world.api_keys("acme").get_api_key(request).await.unwrap().into_inner().api_key.unwrap();
    key.last_used_at.as_ref().and_then(timestamp::from_proto)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_use_of_a_key_is_seen_and_never_goes_back() {
    let world = start().await;
    let id = world.key("acme", &[]).await.api_key.unwrap().id;
    assert_eq!(last_used(&world, &id).await, None);
    let now = world.service.clock().now().truncate_to_microsecond();
    let minute = Duration::MINUTE;
    // Unknown keys are passed over; of several uses of a key the last counts.
    let told = [("no-such-key", now), (&id, now - minute), (&id, now - minute * 2)];
    report(&world, &told).await.unwrap();
    assert_eq!(last_used(&world, &id).await, Some(now - minute));
    report(&world, &[(&id, now - minute * 3)]).await.unwrap();
    assert_eq!(last_used(&world, &id).await, Some(now - minute));
    report(&world, &[(&id, now)]).await.unwrap();
    assert_eq!(last_used(&world, &id).await, Some(now));
    let listed = world.api_keys("acme").list_api_keys(ListApiKeysRequest::default()).await.unwrap().into_inner();
    let listed = listed.api_keys.into_iter().find(|key| key.id == id).unwrap();
    assert_eq!(listed.last_used_at, Some(timestamp::to_proto(now)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_use_that_lies_ahead_is_taken_for_now() {
    let world = start().await;
    let id = world.key("acme", &[]).await.api_key.unwrap().id;
    report(&world, &[(&id, world.service.clock().now() + Duration::DAY)]).await.unwrap();
    assert!(last_used(&world, &id).await.unwrap() <= world.service.clock().now());
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_uses_at_once_and_uses_without_a_time_are_refused() {
    let world = start().await;
    let now = world.service.clock().now();
    let many = vec![("a", now); 1_001];
    let refused = report(&world, &many).await;
    assert_eq!(reason_and(refused, "limit"), (Reason::LimitExceeded, "api_key_uses_max".to_owned()));
    report(&world, &many[1..]).await.unwrap();
    let uses = vec![ApiKeyUse { api_key_id: "a".to_owned(), used_at: None }];
    let refused = world.peers().report_api_key_use(ReportApiKeyUseRequest { uses }).await;
    assert_eq!(reason_and(refused, "field"), (Reason::FieldInvalid, "uses[0].used_at".to_owned()));
}
