//! A service account gets a secret or registers a key, with no more of the plane's scopes than the caller has.

use chassis::Reason;
use contract::identity::v1::AddClientCredentialRequest;
use serde_json::json;

use crate::oauth::{CLIENT, body, credential, ed25519, p256, refusal, rsa, sign};
use crate::world::{World, reason, reason_and, start};

async fn add(world: &World, request: AddClientCredentialRequest) -> Result<(), tonic::Status> {
    world.client_credentials("acme").add_client_credential(request).await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_secret_gets_a_token_at_once() {
    let world = start().await;
    let made = world.client_secret("acme", &["documents.read"]).await;
    let shown = made.client_credential.unwrap();
    assert!(made.secret.starts_with(&format!("bwc_{}_", shown.id)) && made.secret.len() == 70);
    assert_eq!((shown.client_id.as_str(), shown.jwk.as_str()), (CLIENT, ""));
    assert_eq!(world.token(&made.secret, &[]).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_each_kind_gets_a_token_and_has_no_secret() {
    let world = start().await;
    let rsa = rsa(aws_lc_rs::rsa::KeySize::Rsa2048);
    for (pair, algorithm) in [
        (p256(), jsonwebtoken::Algorithm::ES256),
        (ed25519(), jsonwebtoken::Algorithm::EdDSA),
        (rsa, jsonwebtoken::Algorithm::RS256),
    ] {
        let mut pair = pair;
        pair.jwk["kid"] = json!(format!("{algorithm:?}"));
        let made = world.client_key(&pair).await;
        assert!(made.secret.is_empty());
        let mut header = jsonwebtoken::Header::new(algorithm);
        header.kid = Some(format!("{algorithm:?}"));
        let assertion = jsonwebtoken::encode(&header, &world.assertion_claims(), &pair.encoding).unwrap();
        let answer = world.token_for(&assertion).await;
        assert_eq!(answer.status, 200, "{algorithm:?}: {answer:?}");
        assert_eq!(body(&answer)["scope"], "documents.read");
    }
    // With three keys, an assertion must say which.
    let unnamed = sign(&p256(), jsonwebtoken::Algorithm::ES256, &world.assertion_claims());
    assert_eq!(refusal(&world.token_for(&unnamed).await), (401, "invalid_client".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_public_key_that_verifies_is_refused() {
    let world = start().await;
    let (mut private, mut other_use, mut other_algorithm, mut p384, mut long_id) =
        (p256().jwk, p256().jwk, p256().jwk, p256().jwk, p256().jwk);
    private["d"] = json!("AAAA");
    other_use["use"] = json!("enc");
    other_algorithm["alg"] = json!("HS256");
    p384["crv"] = json!("P-384");
    long_id["kid"] = json!("k".repeat(129));
    let mut off_the_curve = p256().jwk;
    off_the_curve["y"] = p256().jwk["y"].clone();
    let mut small_exponent = rsa(aws_lc_rs::rsa::KeySize::Rsa2048).jwk;
    small_exponent["e"] = json!("Aw");
    let short = json!({ "kty": "RSA", "n": "w".repeat(171), "e": "AQAB" });
    let symmetric = json!({ "kty": "oct", "k": "AAAA" });
    for bad in
        [private, other_use, other_algorithm, p384, long_id, off_the_curve, small_exponent, short, symmetric, json!([])]
    {
        let refused = add(&world, AddClientCredentialRequest { jwk: bad.to_string(), ..credential(&[]) }).await;
        assert_eq!(reason_and(refused, "field"), (Reason::FieldInvalid, "jwk".to_owned()), "{bad}");
    }
    let long = format!("{}{}", p256().jwk, " ".repeat(4 * 1024));
    let refused = add(&world, AddClientCredentialRequest { jwk: long, ..credential(&[]) }).await;
    assert_eq!(reason(refused), Reason::FieldInvalid);
    assert_eq!(world.count("client_credential").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gives_a_scope_of_the_plane_that_they_lack() {
    let world = start().await;
    let refused = add(&world, credential(&["system.write"])).await;
    assert_eq!(reason_and(refused, "scope"), (Reason::ScopeNotHeld, "system.write".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_account_and_bad_fields_are_named() {
    let world = start().await;
    world.found("other").await;
    let unknown = AddClientCredentialRequest { service_account_id: "nobody".into(), ..credential(&[]) };
    assert_eq!(reason(add(&world, unknown).await), Reason::ResourceNotFound);
    for (field, bad) in [
        ("service_account_id", AddClientCredentialRequest { service_account_id: "A".into(), ..credential(&[]) }),
        ("audiences[0]", AddClientCredentialRequest { audiences: vec!["documents".into()], ..credential(&[]) }),
        ("scopes[0]", credential(&["Documents"])),
    ] {
        assert_eq!(reason_and(add(&world, bad).await, "field"), (Reason::FieldInvalid, field.to_owned()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_has_sixteen_living_credentials_and_no_more() {
    let world = start().await;
    let mut first = String::new();
    for _ in 0..16 {
        first = world.client_secret("acme", &[]).await.client_credential.unwrap().id;
    }
    let refused = add(&world, credential(&[])).await;
    let named = "client_credentials_per_service_account_max".to_owned();
    assert_eq!(reason_and(refused, "limit"), (Reason::LimitExceeded, named));
    let end = contract::identity::v1::RevokeClientCredentialRequest { client_credential_id: first };
    world.client_credentials("acme").revoke_client_credential(end).await.unwrap();
    add(&world, credential(&[])).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_call_again_answers_the_same_without_the_secret() {
    let world = start().await;
    let request = AddClientCredentialRequest { idempotency_key: "k".into(), ..credential(&[]) };
    let first = world.client_credentials("acme").add_client_credential(request.clone()).await.unwrap().into_inner();
    let again = world.client_credentials("acme").add_client_credential(request).await.unwrap().into_inner();
    assert_eq!((again.client_credential, again.secret), (first.client_credential, String::new()));
    assert_eq!(world.count("client_credential").await, 1);
}
