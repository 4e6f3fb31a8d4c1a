//! Whose a key is; and one and the same refusal for every key that is none.

use chassis::{Clock as _, Reason, timestamp};
use contract::identity::v1::{AuthenticateApiKeyResponse, CreateApiKeyRequest, RevokeApiKeyRequest};

use crate::world::{World, key_request, reason, service_account, start};

#[tokio::test(flavor = "multi_thread")]
async fn a_good_key_is_answered_with_all_that_gate_needs() {
    let world = start().await;
    let end = Some(timestamp::to_proto(world.service.clock().now() + time::Duration::days(1)));
    let request =
        CreateApiKeyRequest { expires_at: end, ..key_request(service_account("admin"), &["b.read", "a.read"]) };
    let made = world.api_keys("acme").create_api_key(request).await.unwrap().into_inner();
    let expected = AuthenticateApiKeyResponse {
        api_key_id: made.api_key.unwrap().id,
        tenant_id: "acme".to_owned(),
        subject: service_account("admin"),
        scopes: vec!["b.read".to_owned(), "a.read".to_owned()],
        expires_at: end,
    };
    assert_eq!(world.authenticate(&made.secret).await.unwrap(), expected);
}

/// The whole answer to a key, but for the request's id.
async fn refusal(world: &World, key: &str) -> (tonic::Code, String) {
    let status = world.authenticate(key).await.unwrap_err();
    assert_eq!(reason::<()>(Err(status.clone())), Reason::CredentialInvalid);
    (status.code(), status.message().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_malformed_expired_and_revoked_keys_are_refused_alike() {
    let world = start().await;
    let end = world.service.clock().now() + time::Duration::seconds(10);
    let request = CreateApiKeyRequest {
        expires_at: Some(timestamp::to_proto(end)),
        ..key_request(service_account("admin"), &[])
    };
    let expiring = world.api_keys("acme").create_api_key(request).await.unwrap().into_inner().secret;
    world.authenticate(&expiring).await.unwrap();
    world.service.clock().advance(time::Duration::seconds(10));

    let revoked = world.key("acme", &[]).await;
    let request = RevokeApiKeyRequest { api_key_id: revoked.api_key.unwrap().id };
    world.api_keys("acme").revoke_api_key(request).await.unwrap();

    let good = world.key("acme", &[]).await.secret;
    let unknown = chassis::api_key::ApiKey::generate(&chassis::clock::SystemEntropy);
    let other_secret = with_secret_of(&good, unknown.expose());
    let expected = refusal(&world, "").await;
    for bad in [
        expiring.as_str(),
        revoked.secret.as_str(),
        unknown.expose(),
        &other_secret,
        &good[..69],
        &good.to_lowercase(),
        &format!("{good} "),
        &"a".repeat(100_000),
        "bwk_é",
    ] {
        assert_eq!(refusal(&world, bad).await, expected);
    }
    world.authenticate(&good).await.unwrap();
}

/// A well-formed key with one key's id and another's secret.
fn with_secret_of(id_of: &str, secret_of: &str) -> String {
    let body = format!("{}{}", &id_of[..21], &secret_of[21..64]);
    // The checksum is no secret: anyone can make one that fits.
    let alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".as_bytes();
    let mut rest = crc32(body.as_bytes()) as usize;
    let mut checksum = [b'0'; 6];
    for character in checksum.iter_mut().rev() {
        *character = alphabet[rest % 62];
        rest /= 62;
    }
    let key = format!("{body}{}", std::str::from_utf8(&checksum).unwrap());
    assert!(chassis::api_key::ApiKey::parse(&key).is_ok(), "well formed, and yet nobody's");
    key
}

/// CRC-32 (ISO-HDLC), written out so that the test does not share the code that it tests.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg()))
    })
}
