//! A revoked key ends for good, and everyone is told once.

use chassis::Reason;
use contract::identity::v1::{Event, RevokeApiKeyRequest, RevokeApiKeyResponse, event};
use prost::Message as _;

use crate::world::{World, reason, reason_and, start};

async fn revoke(world: &World, tenant: &str, id: &str) -> Result<RevokeApiKeyResponse, tonic::Status> {
    let request = RevokeApiKeyRequest { api_key_id: id.to_owned() };
    world.api_keys(tenant).revoke_api_key(request).await.map(tonic::Response::into_inner)
}

async fn revocations(world: &World) -> usize {
    let payloads: Vec<Vec<u8>> =
        sqlx::query_scalar("SELECT payload FROM feed_entry").fetch_all(world.service.pool()).await.unwrap();
    let events = payloads.iter().filter_map(|payload| Event::decode(payload.as_slice()).unwrap().event);
    events.filter(|event| matches!(event, event::Event::ApiKeyRevoked(_))).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_key_is_refused_from_then_on() {
    let world = start().await;
    let made = world.key("acme", &["identity.read"]).await;
    world.authenticate(&made.secret).await.unwrap();
    let ended = revoke(&world, "acme", &made.api_key.unwrap().id).await.unwrap().api_key.unwrap();
    assert!(ended.revoked_at.is_some());
    assert_eq!(reason(world.authenticate(&made.secret).await), Reason::CredentialInvalid);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_revoked_again_keeps_its_first_time_and_is_told_of_once() {
    let world = start().await;
    let id = world.key("acme", &[]).await.api_key.unwrap().id;
    let first = revoke(&world, "acme", &id).await.unwrap();
    world.service.clock().advance(time::Duration::hours(1));
    assert_eq!(revoke(&world, "acme", &id).await.unwrap(), first);
    assert_eq!(revocations(&world).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_revocations_at_once_one_tells_and_all_succeed() {
    let world = start().await;
    let id = world.key("acme", &[]).await.api_key.unwrap().id;
    let answers = futures::future::join_all((0..10).map(|_| revoke(&world, "acme", &id))).await;
    assert!(answers.iter().all(|answer| answer.as_ref().is_ok_and(|answer| answer.api_key.is_some())), "{answers:?}");
    assert_eq!(revocations(&world).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tenants_key_looks_like_an_unknown_one_and_stays() {
    let world = start().await;
    world.found("other").await;
    let theirs = world.key("other", &[]).await;
    let refused = async |id: &str| {
        let status = revoke(&world, "acme", id).await.unwrap_err();
        assert_eq!(reason::<()>(Err(status.clone())), Reason::ResourceNotFound);
        (status.code(), status.message().to_owned())
    };
    assert_eq!(refused(&theirs.api_key.unwrap().id).await, refused("0000000000000000").await);
    world.authenticate(&theirs.secret).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_id_is_named() {
    let world = start().await;
    for bad in ["", "short", "0123456789abcde_", "bwk_0123456789abcdef"] {
        let refused = revoke(&world, "acme", bad).await;
        assert_eq!(reason_and(refused, "field"), (Reason::FieldInvalid, "api_key_id".to_owned()), "{bad:?}");
    }
}
