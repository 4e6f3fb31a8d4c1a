//! A key becomes a short access token, never a longer or wider one.

use assertion::{AccessTokenClaims, Expectation, Verifier};
use chassis::auth::{ACCESS_TOKEN_AUDIENCE, ACCESS_TOKEN_ISSUER};
use chassis::{Clock as _, Reason, timestamp};
use contract::identity::v1::{
    CreateApiKeyRequest, CreateApiKeyResponse, ExchangeApiKeyRequest, ExchangeApiKeyResponse, RevokeApiKeyRequest,
};
use testing::harness::Credentials;

use crate::world::{World, key_request, reason, reason_and, service_account, start};

fn caller(world: &World, key: &CreateApiKeyResponse) -> Credentials {
    let key = key.api_key.as_ref().unwrap();
    let scopes: Vec<&str> = key.scopes.iter().map(String::as_str).collect();
    world.service.as_subject("acme", "service_account:admin", &scopes).of_credential(&key.id)
}

async fn exchange(
    world: &World,
    caller: Credentials,
    scopes: &[&str],
) -> Result<ExchangeApiKeyResponse, tonic::Status> {
    let request = ExchangeApiKeyRequest { scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect() };
    world.api_keys_as(caller).exchange_api_key(request).await.map(tonic::Response::into_inner)
}

fn verify(world: &World, token: &str) -> AccessTokenClaims {
    let keys = world.service.running().foundation.learnt.keys.clone();
    let verifier = Verifier::new(keys, Expectation::access_token(ACCESS_TOKEN_ISSUER, ACCESS_TOKEN_AUDIENCE));
    verifier.verify(token, world.service.clock().now()).unwrap().as_ref().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_says_whose_it_is_and_lives_five_minutes() {
    let world = start().await;
    let key = world.key("acme", &["identity.read", "documents.read"]).await;
    let answer = exchange(&world, caller(&world, &key), &[]).await.unwrap();

    let claims = verify(&world, &answer.access_token);
    let now = world.service.clock().now().unix_timestamp();
    assert_eq!((claims.issued_at, claims.expires_at), (now, now + 300));
    assert_eq!(answer.expires_at.unwrap().seconds, now + 300);
    assert_eq!((claims.subject.as_str(), claims.tenant.as_str()), ("service_account:admin", "acme"));
    assert_eq!(claims.client_id, key.api_key.unwrap().id);
    assert_eq!(claims.scope, "identity.read documents.read");
    let another = exchange(&world, caller(&world, &world.key("acme", &[]).await), &[]).await.unwrap();
    assert_ne!(verify(&world, &another.access_token).token_id, claims.token_id);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_may_be_narrower_than_its_key_and_never_wider() {
    let world = start().await;
    let key = world.key("acme", &["identity.read", "documents.read"]).await;
    let answer = exchange(&world, caller(&world, &key), &["documents.read"]).await.unwrap();
    assert_eq!(verify(&world, &answer.access_token).scope, "documents.read");

    for wider in ["identity.write", "documents.write", "system.read"] {
        let refused = exchange(&world, caller(&world, &key), &["documents.read", wider]).await;
        assert_eq!(reason_and(refused, "scope"), (Reason::ScopeNotHeld, wider.to_owned()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_cannot_renew_itself() {
    let world = start().await;
    let key = world.key("acme", &["identity.read"]).await;
    let refused = exchange(&world, caller(&world, &key).from_access_token(), &[]).await;
    assert_eq!(reason(refused), Reason::ExchangeNeedsApiKey);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_never_outlives_its_key() {
    let world = start().await;
    let end = world.service.clock().now() + time::Duration::seconds(100);
    let request = CreateApiKeyRequest {
        expires_at: Some(timestamp::to_proto(end)),
        ..key_request(service_account("admin"), &["identity.read"])
    };
    let key = world.api_keys("acme").create_api_key(request).await.unwrap().into_inner();
    let answer = exchange(&world, caller(&world, &key), &[]).await.unwrap();
    assert_eq!(verify(&world, &answer.access_token).expires_at, end.unix_timestamp());

    world.service.clock().advance(time::Duration::seconds(100));
    assert_eq!(reason(exchange(&world, caller(&world, &key), &[]).await), Reason::CredentialInvalid);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_ended_while_gates_word_was_under_way_is_not_exchanged() {
    let world = start().await;
    let key = world.key("acme", &["identity.read"]).await;
    let request = RevokeApiKeyRequest { api_key_id: key.api_key.clone().unwrap().id };
    world.api_keys("acme").revoke_api_key(request).await.unwrap();
    assert_eq!(reason(exchange(&world, caller(&world, &key), &[]).await), Reason::CredentialInvalid);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_assertion_about_somebody_elses_key_is_not_believed() {
    let world = start().await;
    world.found("other").await;
    let theirs = world.key("other", &["identity.read"]).await;
    for refused in [
        caller(&world, &theirs),
        caller(&world, &theirs).of_credential("no key"),
        world.service.as_subject("acme", "user:alice", &[]).of_credential(&world.acme.api_key.clone().unwrap().id),
    ] {
        assert_eq!(reason(exchange(&world, refused, &[]).await), Reason::CredentialInvalid);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exchange_leaves_no_row() {
    let world = start().await;
    let key = world.key("acme", &["identity.read"]).await;
    let mut before = Vec::new();
    let tables = ["tenant", "subject", "api_key", "verification_key", "feed_entry", "idempotency"];
    for table in tables {
        before.push(world.count(table).await);
    }
    exchange(&world, caller(&world, &key), &[]).await.unwrap();
    for (table, before) in tables.into_iter().zip(before) {
        assert_eq!(world.count(table).await, before, "{table}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_or_bad_scopes_are_refused() {
    let world = start().await;
    let key = world.key("acme", &["identity.read"]).await;
    let refused = exchange(&world, caller(&world, &key), &["a"; 33]).await;
    assert_eq!(reason_and(refused, "limit"), (Reason::LimitExceeded, "api_key_scopes_max".to_owned()));
    let refused = exchange(&world, caller(&world, &key), &["identity.read other"]).await;
    assert_eq!(reason_and(refused, "field"), (Reason::FieldInvalid, "scopes[0]".to_owned()));
}
