//! A revoked credential gets no token any more, and the tokens that it got end with it.

use chassis::Reason;
use contract::identity::v1::{RevokeClientCredentialRequest, RevokeClientCredentialResponse};

use crate::oauth::{CLIENT, basic, body, refusal};
use crate::world::{World, reason, reason_and, start};

async fn revoke(world: &World, id: &str) -> Result<RevokeClientCredentialResponse, tonic::Status> {
    let request = RevokeClientCredentialRequest { client_credential_id: id.to_owned() };
    world.client_credentials("acme").revoke_client_credential(request).await.map(tonic::Response::into_inner)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_secret_gets_no_token_and_its_tokens_end() {
    let world = start().await;
    let (made, other) = (world.client_secret("acme", &[]).await, world.client_secret("acme", &[]).await);
    let token = body(&world.token(&made.secret, &[]).await)["access_token"].as_str().unwrap().to_owned();
    let id = made.client_credential.unwrap().id;
    let first = revoke(&world, &id).await.unwrap();
    assert!(first.client_credential.as_ref().unwrap().revoked_at.is_some());
    world.service.clock().advance(time::Duration::seconds(10));
    assert_eq!(revoke(&world, &id).await.unwrap(), first, "ending it again changes nothing");
    assert_eq!(refusal(&world.token(&made.secret, &[]).await), (401, "invalid_client".to_owned()));
    let authorization = basic(CLIENT, &other.secret);
    let told = world.post("/oauth2/introspect", Some(&authorization), &[("token", &token)]).await;
    assert_eq!(body(&told), serde_json::json!({ "active": false }));
    let revoked = &world.service.running().foundation.learnt.revoked;
    let began = std::time::Instant::now();
    while !revoked.contains(&id) {
        assert!(began.elapsed().as_secs() < 5, "the feed tells every verifier");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tenants_credential_looks_like_an_unknown_one() {
    let world = start().await;
    world.found("other").await;
    let theirs = world.client_secret("other", &[]).await.client_credential.unwrap();
    for id in [theirs.id.as_str(), "0000000000000000"] {
        assert_eq!(reason(revoke(&world, id).await), Reason::ResourceNotFound);
    }
    let refused = revoke(&world, "x").await;
    assert_eq!(reason_and(refused, "field"), (Reason::FieldInvalid, "client_credential_id".to_owned()));
}
