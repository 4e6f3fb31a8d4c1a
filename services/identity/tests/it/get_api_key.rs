//! One API key of the caller's own tenant, and of no other.

use chassis::Reason;
use contract::identity::v1::GetApiKeyRequest;

use crate::world::{reason, reason_and, start};

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_shown_as_it_was_made() {
    let world = start().await;
    let made = world.key("acme", &["identity.read"]).await.api_key.unwrap();
    let request = GetApiKeyRequest { api_key_id: made.id.clone() };
    let shown = world.api_keys("acme").get_api_key(request).await.unwrap().into_inner().api_key.unwrap();
    assert_eq!(shown, made);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tenants_key_looks_like_an_unknown_one() {
    let world = start().await;
    world.found("other").await;
    let theirs = world.key("other", &[]).await.api_key.unwrap();
    let refused = async |id: &str| {
        let request = GetApiKeyRequest { api_key_id: id.to_owned() };
        let status = world.api_keys("acme").get_api_key(request).await.unwrap_err();
        assert_eq!(reason::<()>(Err(status.clone())), Reason::ResourceNotFound);
        (status.code(), status.message().to_owned())
    };
    assert_eq!(refused(&theirs.id).await, refused("0000000000000000").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_id_is_named() {
    let world = start().await;
    for bad in ["", "short", "0123456789abcde_"] {
        let refused = world.api_keys("acme").get_api_key(GetApiKeyRequest { api_key_id: bad.to_owned() }).await;
        assert_eq!(reason_and(refused, "field"), (Reason::FieldInvalid, "api_key_id".to_owned()), "{bad:?}");
    }
}
