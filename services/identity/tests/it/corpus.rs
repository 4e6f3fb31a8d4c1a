//! Assertions and tokens that must not be believed: one class of forgery after the other, each by its name.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use crate::oauth::{CLIENT, KeyPair, basic, body, ed25519, p256, refusal, rsa, sign};
use crate::world::{ISSUER, World, start};

fn encode(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

/// The text, signed as ES256 with whatever head and claims it has.
fn signed(pair: &KeyPair, head: &str, claims: &str) -> String {
    let message = format!("{}.{}", encode(head), encode(claims));
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &pair.encoding, Algorithm::ES256).unwrap();
    format!("{message}.{signature}")
}

fn with(claims: &Value, name: &str, value: Value) -> Value {
    let mut claims = claims.clone();
    claims[name] = value;
    claims
}

fn without(claims: &Value, name: &str) -> Value {
    let mut claims = claims.clone();
    claims.as_object_mut().unwrap().remove(name);
    claims
}

/// Makes forgeries, each with its name. What is right is made anew for each, so that none fails for another's reason.
struct Forger<'a> {
    world: &'a World,
    pair: &'a KeyPair,
    now: i64,
}

type Forgeries = Vec<(&'static str, String)>;

impl Forger<'_> {
    /// Algorithms that are not the key's, and keys that are not the client's.
    fn of_keys(&self) -> Forgeries {
        let right = || self.world.assertion_claims();
        let head = |head: Value| signed(self.pair, &head.to_string(), &right().to_string());
        let (public, other, payload) = (self.pair.jwk.to_string(), p256(), encode(&right().to_string()));
        let mac = |secret: &[u8]| {
            let message = format!("{}.{}", encode(r#"{"alg":"HS256","typ":"JWT"}"#), encode(&right().to_string()));
            let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), message.as_bytes());
            format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag))
        };
        let mut embedded = json!({ "alg": "ES256", "typ": "JWT" });
        embedded["jwk"] = other.jwk.clone();
        vec![
            ("alg none", format!("{}.{}.", encode(r#"{"alg":"none"}"#), payload)),
            ("alg None with a signature", head(json!({ "alg": "None" }))),
            ("alg absent", head(json!({ "typ": "JWT" }))),
            ("HS256 with the public key as the secret", mac(public.as_bytes())),
            ("HS256 with an empty secret", mac(b"")),
            ("another algorithm named", head(json!({ "alg": "RS256" }))),
            ("signed with a key that nobody registered", sign(&other, Algorithm::ES256, &right())),
            ("signed with a key of another kind", sign(&ed25519(), Algorithm::EdDSA, &right())),
            ("a key in the header", signed(&other, &embedded.to_string(), &right().to_string())),
            (
                "a URL of keys in the header",
                signed(&other, r#"{"alg":"ES256","jku":"https://evil.test"}"#, &right().to_string()),
            ),
        ]
    }

    /// Headers that are not understood, or not for this.
    fn of_headers(&self) -> Forgeries {
        let right = || self.world.assertion_claims();
        let head = |head: Value| signed(self.pair, &head.to_string(), &right().to_string());
        vec![
            ("kid of nobody", head(json!({ "alg": "ES256", "kid": "nobody" }))),
            ("kid as a path", head(json!({ "alg": "ES256", "kid": "../../dev/null" }))),
            ("kid as SQL", head(json!({ "alg": "ES256", "kid": "' OR 1=1 --" }))),
            ("kid as a list", head(json!({ "alg": "ES256", "kid": ["a"] }))),
            ("kid empty", head(json!({ "alg": "ES256", "kid": "" }))),
            ("typ of an access token", head(json!({ "alg": "ES256", "typ": "at+jwt" }))),
            ("typ of gate's assertion", head(json!({ "alg": "ES256", "typ": "bailiwick-assertion+jwt" }))),
            ("typ of a DPoP proof", head(json!({ "alg": "ES256", "typ": "dpop+jwt" }))),
            ("critical header that nobody knows", head(json!({ "alg": "ES256", "crit": ["x"], "x": 1 }))),
            ("payload that is not encoded", head(json!({ "alg": "ES256", "b64": false, "crit": ["b64"] }))),
        ]
    }

    /// Claims that are absent, of another type or about somebody else.
    fn of_claims(&self) -> Forgeries {
        let right = || self.world.assertion_claims();
        let es256 = |claims: &Value| sign(self.pair, Algorithm::ES256, claims);
        vec![
            ("iss absent", es256(&without(&right(), "iss"))),
            ("sub absent", es256(&without(&right(), "sub"))),
            ("aud absent", es256(&without(&right(), "aud"))),
            ("exp absent", es256(&without(&right(), "exp"))),
            ("iat absent", es256(&without(&right(), "iat"))),
            ("jti absent", es256(&without(&right(), "jti"))),
            ("jti empty", es256(&with(&right(), "jti", json!("")))),
            ("jti too long", es256(&with(&right(), "jti", json!("j".repeat(257))))),
            ("jti of another type", es256(&with(&right(), "jti", json!(7)))),
            ("iss and sub differ", es256(&with(&right(), "sub", json!("acme.other")))),
            ("iss of another client", es256(&with(&right(), "iss", json!("acme.other")))),
            (
                "iss of another tenant",
                es256(&with(&with(&right(), "iss", json!("other.admin")), "sub", json!("other.admin"))),
            ),
            ("aud of somebody else", es256(&with(&right(), "aud", json!("https://evil.test")))),
            ("aud with a slash more", es256(&with(&right(), "aud", json!(format!("{ISSUER}/"))))),
            ("aud in capitals", es256(&with(&right(), "aud", json!(ISSUER.to_uppercase())))),
            ("aud of ours among others", es256(&with(&right(), "aud", json!([ISSUER, "https://evil.test"])))),
            ("aud twice", es256(&with(&right(), "aud", json!([ISSUER, ISSUER])))),
            ("aud an empty list", es256(&with(&right(), "aud", json!([])))),
            ("aud an object", es256(&with(&right(), "aud", json!({ "aud": ISSUER })))),
        ]
    }

    /// Times at which it is not good.
    fn of_times(&self) -> Forgeries {
        let right = || self.world.assertion_claims();
        let es256 = |claims: &Value| sign(self.pair, Algorithm::ES256, claims);
        let now = self.now;
        vec![
            ("exp over", es256(&with(&right(), "exp", json!(now)))),
            ("exp far ahead", es256(&with(&right(), "exp", json!(now + 306)))),
            ("exp at the end of time", es256(&with(&right(), "exp", json!(i64::MAX)))),
            ("exp as text", es256(&with(&right(), "exp", json!((now + 60).to_string())))),
            ("exp a fraction", es256(&with(&right(), "exp", json!(now as f64 + 60.5)))),
            ("exp below zero", es256(&with(&right(), "exp", json!(-1)))),
            ("exp null", es256(&with(&right(), "exp", Value::Null))),
            ("iat ahead", es256(&with(&right(), "iat", json!(now + 6)))),
            ("iat long ago", es256(&with(&right(), "iat", json!(now - 300)))),
            ("nbf ahead", es256(&with(&right(), "nbf", json!(now + 6)))),
            ("nbf as text", es256(&with(&right(), "nbf", json!("now")))),
        ]
    }

    /// Texts that are no token, or not the one that was signed.
    fn of_text(&self) -> Forgeries {
        let (pair, now) = (self.pair, self.now);
        let right = || self.world.assertion_claims();
        let es256 = |claims: &Value| sign(pair, Algorithm::ES256, claims);
        let good = es256(&right());
        let parts: Vec<&str> = good.split('.').collect();
        let doubled = right().to_string().replacen('{', &format!(r#"{{"sub":"acme.other","exp":{},"#, now + 60), 1);
        let mut flipped = good.clone().into_bytes();
        let middle = flipped.len() - 20;
        flipped[middle] = if flipped[middle] == b'A' { b'B' } else { b'A' };
        vec![
            ("claims doubled", signed(pair, r#"{"alg":"ES256"}"#, &doubled)),
            ("alg doubled", signed(pair, r#"{"alg":"none","alg":"ES256"}"#, &right().to_string())),
            ("a signature that is another's", format!("{}.{}.{}", parts[0], encode(&right().to_string()), parts[2])),
            ("a signature with a changed character", String::from_utf8(flipped).unwrap()),
            ("a signature cut short", good[..good.len() - 4].to_owned()),
            ("no signature", format!("{}.{}.", parts[0], parts[1])),
            ("a signature of zeros", format!("{}.{}.{}", parts[0], parts[1], URL_SAFE_NO_PAD.encode([0; 64]))),
            ("padding", format!("{good}==")),
            ("a part more", format!("{good}.{}", parts[2])),
            ("two parts", format!("{}.{}", parts[0], parts[1])),
            ("data behind the claims", signed(pair, r#"{"alg":"ES256"}"#, &format!("{}x", right()))),
            ("data behind the header", signed(pair, r#"{"alg":"ES256"}x"#, &right().to_string())),
            ("claims that are a list", signed(pair, r#"{"alg":"ES256"}"#, "[]")),
            ("claims that are nothing", signed(pair, r#"{"alg":"ES256"}"#, "")),
            ("a space before", format!(" {good}")),
            ("a line behind", format!("{good}\n")),
            ("larger than may be", es256(&with(&right(), "x", json!("x".repeat(8 * 1024))))),
            (
                "deeply nested",
                es256(&with(
                    &right(),
                    "x",
                    serde_json::from_str(&format!("{}{}", "[".repeat(120), "]".repeat(120))).unwrap(),
                )),
            ),
            ("nonsense", "a.b.c".to_owned()),
            ("nothing but dots", "..".to_owned()),
        ]
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_forged_assertion_is_believed() {
    let world = start().await;
    world.found("other").await;
    let pair = p256();
    world.client_key(&pair).await;
    let mut believed = Vec::new();
    let now = chassis::Clock::now(world.service.clock()).unix_timestamp();
    let forger = Forger { world: &world, pair: &pair, now };
    let forgeries =
        [forger.of_keys(), forger.of_headers(), forger.of_claims(), forger.of_times(), forger.of_text()].concat();
    for (name, assertion) in forgeries {
        let answer = world.token_for(&assertion).await;
        // What nests deeply and is not read is no forgery: only whether it harms is asked.
        if name != "deeply nested" && refusal(&answer) != (401, "invalid_client".to_owned()) {
            believed.push(format!("{name}: {} {}", answer.status, body(&answer)));
        }
    }
    assert!(believed.is_empty(), "{believed:#?}");
    let right = sign(&pair, Algorithm::ES256, &world.assertion_claims());
    assert_eq!(world.token_for(&right).await.status, 200, "the one that is right is believed");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_assertion_at_the_edge_of_what_may_be_is_believed() {
    let world = start().await;
    let pair = p256();
    world.client_key(&pair).await;
    let now = chassis::Clock::now(world.service.clock()).unix_timestamp();
    let right = || world.assertion_claims();
    for (name, claims) in [
        ("aud is the token endpoint", with(&right(), "aud", json!(format!("{ISSUER}/oauth2/token")))),
        ("aud a list of one", with(&right(), "aud", json!([ISSUER]))),
        ("the longest life", with(&right(), "exp", json!(now + 300))),
        ("a clock that is ahead", with(&with(&right(), "iat", json!(now + 5)), "exp", json!(now + 305))),
        ("about to end", with(&right(), "exp", json!(now + 1))),
        ("nbf now", with(&right(), "nbf", json!(now))),
        ("the longest jti", with(&right(), "jti", json!("j".repeat(256)))),
    ] {
        let answer = world.token_for(&sign(&pair, Algorithm::ES256, &claims)).await;
        assert_eq!(answer.status, 200, "{name}: {answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_rsa_believes_neither_pss_nor_its_modulus_as_a_secret() {
    let world = start().await;
    let pair = rsa(aws_lc_rs::rsa::KeySize::Rsa2048);
    world.client_key(&pair).await;
    for algorithm in [Algorithm::PS256, Algorithm::RS384, Algorithm::RS512] {
        let answer = world.token_for(&sign(&pair, algorithm, &world.assertion_claims())).await;
        assert_eq!(refusal(&answer).0, 401, "{algorithm:?}");
    }
    assert_eq!(world.token_for(&sign(&pair, Algorithm::RS256, &world.assertion_claims())).await.status, 200);
}

/// Access tokens, as introspection and every service judge them.
#[tokio::test(flavor = "multi_thread")]
async fn no_forged_access_token_is_told_to_live() {
    let world = start().await;
    let secret = world.client_secret("acme", &["documents.read"]).await.secret;
    let token = body(&world.token(&secret, &[]).await)["access_token"].as_str().unwrap().to_owned();
    let parts: Vec<&str> = token.split('.').collect();
    let claims = crate::oauth::claims(&token);
    let (pair, now) = (p256(), chassis::Clock::now(world.service.clock()).unix_timestamp());
    let key_id = jsonwebtoken::decode_header(&token).unwrap().kid.unwrap();
    let head = |typ: &str| json!({ "alg": "ES256", "typ": typ, "kid": key_id }).to_string();
    let assertion = world.service.as_subject("acme", "service_account:admin", &["identity.read"]);
    let (_, gates) = assertion.header_for("/bailiwick.identity.v1.UserService/ListUsers");
    let forgeries = [
        ("alg none", format!("{}.{}.", encode(r#"{"alg":"none","typ":"at+jwt"}"#), parts[1])),
        ("signed with another key under the same kid", signed(&pair, &head("at+jwt"), &claims.to_string())),
        ("another typ", format!("{}.{}.{}", encode(&head("JWT")), parts[1], parts[2])),
        (
            "claims changed",
            format!("{}.{}.{}", parts[0], encode(&with(&claims, "scope", json!("system.write")).to_string()), parts[2]),
        ),
        (
            "life made longer",
            format!("{}.{}.{}", parts[0], encode(&with(&claims, "exp", json!(now + 9_999)).to_string()), parts[2]),
        ),
        ("gate's assertion", gates),
        ("cut short", token[..token.len() - 3].to_owned()),
        ("a part more", format!("{token}.{}", parts[2])),
        ("padding", format!("{token}=")),
        ("larger than may be", format!("{token}{}", "A".repeat(8 * 1024))),
        ("a client's secret", secret.clone()),
    ];
    for (name, forged) in forgeries {
        let told = world.post("/oauth2/introspect", Some(&basic(CLIENT, &secret)), &[("token", &forged)]).await;
        assert_eq!(body(&told), json!({ "active": false }), "{name}");
    }
    let told = world.post("/oauth2/introspect", Some(&basic(CLIENT, &secret)), &[("token", &token)]).await;
    assert_eq!(body(&told)["active"], true);
}
