//! What is accepted, and the many things that are not.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use assertion::{AssertionClaims, Expectation, KeySet, KeyUse, Refused, Verifier};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use proptest::prelude::*;
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

const ISSUER: &str = "bailiwick/gate";
const NOW: i64 = 1_800_000_000;

struct Signer {
    key: EncodingKey,
    jwk: String,
}

fn signer() -> Signer {
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    let key = EncodingKey::from_ec_pem(pair.serialize_pem().as_bytes()).unwrap();
    let jwk = jsonwebtoken::jwk::Jwk::from_encoding_key(&key, Algorithm::ES256).unwrap();
    Signer { key, jwk: serde_json::to_string(&jwk).unwrap() }
}

fn now() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(NOW).unwrap()
}

fn verifier(signer: &Signer) -> Verifier<AssertionClaims> {
    let keys = KeySet::default();
    keys.publish("k1", KeyUse::Assertion, &signer.jwk, now() + Duration::days(1)).unwrap();
    keys.publish("k2", KeyUse::AccessToken, &signer.jwk, now() + Duration::days(1)).unwrap();
    keys.publish("k3", KeyUse::Assertion, &signer.jwk, now() - Duration::seconds(1)).unwrap();
    Verifier::new(keys, Expectation::assertion(ISSUER, "documents"))
}

fn claims() -> Value {
    json!({
        "iss": ISSUER, "aud": "documents", "sub": "user:alice", "tenant": "acme", "scope": "documents.read",
        "route": "read-document", "permission": "document#view",
        "verdict": "allowed", "request": "", "credential": "k", "credential_kind": "api_key",
        "iat": NOW, "exp": NOW + 60,
    })
}

fn header(type_: &str, key_id: Option<&str>) -> Header {
    let mut header = Header::new(Algorithm::ES256);
    header.typ = Some(type_.to_owned());
    header.kid = key_id.map(str::to_owned);
    header
}

fn token(signer: &Signer, header: &Header, claims: &Value) -> String {
    jsonwebtoken::encode(header, claims, &signer.key).unwrap()
}

fn good_header() -> Header {
    header("bailiwick-assertion+jwt", Some("k1"))
}

#[test]
fn a_good_assertion_says_who_calls() {
    let signer = signer();
    let claims = verifier(&signer).verify(&token(&signer, &good_header(), &claims()), now()).unwrap();
    assert_eq!((claims.subject.as_str(), claims.tenant.as_str()), ("user:alice", "acme"));
}

#[test]
fn an_assertion_for_one_request_is_for_no_other() {
    let signer = signer();
    let mut bound = claims();
    bound["request"] = json!(assertion::request_digest("GET", "docs.example", "/v1/documents/a"));
    let verified = |claims: &Value| verifier(&signer).verify(&token(&signer, &good_header(), claims), now()).unwrap();
    let bound = verified(&bound);
    assert_eq!(bound.must_be_for("GET", "docs.example", "/v1/documents/a"), Ok(()));
    for (method, host, path) in [
        ("PUT", "docs.example", "/v1/documents/a"),
        ("GET", "other.example", "/v1/documents/a"),
        ("GET", "docs.example", "/v1/documents/b"),
        ("GET", "docs.example/v1", "/documents/a"),
    ] {
        assert_eq!(bound.must_be_for(method, host, path), Err(Refused::OtherRequest), "{method} {host} {path}");
    }
    let unbound = verified(&claims());
    assert_eq!(unbound.must_be_for("GET", "docs.example", "/v1/documents/a"), Err(Refused::OtherRequest));
}

#[test]
fn every_claim_is_required_and_of_its_type() {
    let signer = signer();
    let verifier = verifier(&signer);
    let names: Vec<String> = claims().as_object().unwrap().keys().cloned().collect();
    for name in names {
        let mut without = claims();
        without.as_object_mut().unwrap().remove(&name);
        assert!(verifier.verify(&token(&signer, &good_header(), &without), now()).is_err(), "without {name}");
        for wrong in [json!(null), json!({}), json!(["x"]), json!(true), json!(1.5e300)] {
            let mut mistyped = claims();
            mistyped[&name] = wrong.clone();
            assert!(verifier.verify(&token(&signer, &good_header(), &mistyped), now()).is_err(), "{name} = {wrong}");
        }
    }
}

#[test]
fn issuer_audience_type_and_key_must_be_the_expected_ones() {
    let signer = signer();
    let verifier = verifier(&signer);
    for (name, other) in [("iss", "bailiwick/identity"), ("aud", "payments")] {
        let mut changed = claims();
        changed[name] = json!(other);
        assert_eq!(verifier.verify(&token(&signer, &good_header(), &changed), now()), Err(Refused::NotAsExpected));
    }
    for type_ in ["at+jwt", "JWT", ""] {
        let refused = verifier.verify(&token(&signer, &header(type_, Some("k1")), &claims()), now());
        assert_eq!(refused, Err(Refused::Malformed), "{type_}");
    }
    for key_id in [None, Some("nobody's"), Some("k2"), Some("k3")] {
        let refused = verifier.verify(&token(&signer, &header("bailiwick-assertion+jwt", key_id), &claims()), now());
        assert_eq!(refused, Err(Refused::KeyUnknown), "{key_id:?}");
    }
}

#[test]
fn another_key_or_algorithm_is_refused() {
    let (ours, theirs) = (signer(), signer());
    let verifier = verifier(&ours);
    assert_eq!(verifier.verify(&token(&theirs, &good_header(), &claims()), now()), Err(Refused::NotAsExpected));
    let mut symmetric = good_header();
    symmetric.alg = Algorithm::HS256;
    let forged = jsonwebtoken::encode(&symmetric, &claims(), &EncodingKey::from_secret(ours.jwk.as_bytes())).unwrap();
    assert_eq!(verifier.verify(&forged, now()), Err(Refused::NotAsExpected));
    let good = token(&ours, &good_header(), &claims());
    let unsigned = format!(
        "eyJhbGciOiJub25lIiwidHlwIjoiYmFpbGl3aWNrLWFzc2VydGlvbitqd3QiLCJraWQiOiJrMSJ9.{}.",
        good.split('.').nth(1).unwrap()
    );
    assert_eq!(verifier.verify(&unsigned, now()), Err(Refused::Malformed));
}

#[test]
fn a_token_lives_from_its_beginning_to_its_end_and_not_too_long() {
    let signer = signer();
    let verifier = verifier(&signer);
    let at = |issued: i64, expires: i64| {
        let mut claims = claims();
        claims["iat"] = json!(issued);
        claims["exp"] = json!(expires);
        verifier.verify(&token(&signer, &good_header(), &claims), now()).map(|_| ())
    };
    assert_eq!(at(NOW - 59, NOW + 1), Ok(()));
    assert_eq!(at(NOW + 5, NOW + 60), Ok(()));
    for (issued, expires) in
        [(NOW - 60, NOW), (NOW + 6, NOW + 60), (NOW, NOW + 61), (NOW, NOW), (i64::MIN, i64::MAX), (NOW - 30, NOW + 300)]
    {
        assert_eq!(at(issued, expires), Err(Refused::OutOfTime), "{issued}..{expires}");
    }
}

#[test]
fn a_remembered_token_still_ends() {
    let signer = signer();
    let verifier = verifier(&signer);
    let token = token(&signer, &good_header(), &claims());
    assert!(verifier.verify(&token, now()).is_ok());
    assert_eq!(verifier.verify(&token, now() + Duration::seconds(60)), Err(Refused::OutOfTime));
}

#[test]
fn an_oversized_token_is_not_looked_at() {
    let signer = signer();
    assert_eq!(verifier(&signer).verify(&"a".repeat(assertion::TOKEN_BYTES_MAX + 1), now()), Err(Refused::TooLong));
}

#[test]
fn a_key_of_another_kind_is_not_taken_in() {
    let keys = KeySet::default();
    for jwk in ["", "{}", r#"{"kty":"oct","k":"AAAA"}"#, r#"{"kty":"EC","crv":"P-384","x":"AA","y":"AA"}"#] {
        assert!(keys.publish("k", KeyUse::Assertion, jwk, now()).is_err(), "{jwk}");
    }
}

#[test]
fn a_set_of_keys_is_bounded() {
    let signer = signer();
    let keys = KeySet::default();
    for number in 0..300 {
        keys.publish(&format!("k{number}"), KeyUse::Assertion, &signer.jwk, now() + Duration::seconds(number)).unwrap();
    }
    assert!(keys.contains("k299") && !keys.contains("k0"));
}

proptest! {
    #[test]
    fn whatever_is_shown_is_refused_and_does_not_panic(token in ".{0,200}|[A-Za-z0-9_-]{0,80}\\.[A-Za-z0-9_-]{0,80}\\.[A-Za-z0-9_-]{0,80}") {
        let verifier: Verifier<AssertionClaims> = Verifier::new(KeySet::default(), Expectation::assertion(ISSUER, "documents"));
        prop_assert!(verifier.verify(&token, now()).is_err());
    }

    #[test]
    fn a_token_with_any_character_changed_is_refused(position in 0usize..400, to in "[A-Za-z0-9_-]") {
        let signer = signer();
        let verifier = verifier(&signer);
        let good = token(&signer, &good_header(), &claims());
        let position = position % good.len();
        let changed = format!("{}{}{}", &good[..position], to, &good[position + 1..]);
        // The last character of a base64 text carries unused bits: changing only those changes nothing that is signed.
        let last_of_signature = position == good.len() - 1;
        prop_assert!(changed == good || last_of_signature || verifier.verify(&changed, now()).is_err());
    }
}
