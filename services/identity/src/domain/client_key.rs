//! Public keys of OAuth 2 clients, with which their assertions are verified (RFC 7523).
//!
//! A key has one algorithm, by its kind: ES256, EdDSA or RS256. What an assertion says of itself is never asked (RFC 8725, 3.1).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chassis::FieldInvalid;
use chassis::signing::PublicKey;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::client_assertion::{AssertionRefused, part};

/// The longest JSON Web Key, in bytes.
const JWK_BYTES_MAX: usize = 4 * 1024;

/// The longest id of a key.
const KEY_ID_CHARACTERS_MAX: usize = 128;

/// How long an RSA key may be, in bytes: 2,048 to 4,096 bits. A longer one would cost whoever verifies.
const RSA_BYTES: std::ops::RangeInclusive<usize> = 256..=512;

/// The members that a public key may have. A private or a symmetric one is refused by this.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Jwk {
    kty: String,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    use_: Option<String>,
    key_ops: Option<Vec<String>>,
}

/// A public key that verifies assertions.
#[derive(Clone)]
pub(crate) struct ClientKey {
    jwk: String,
    key_id: String,
    algorithm: Algorithm,
    decoding: DecodingKey,
}

impl ClientKey {
    /// Reads a key in a request's field.
    pub(crate) fn read(text: &str, field: &str) -> Result<Self, FieldInvalid> {
        Self::parse(text).map_err(|problem| FieldInvalid::new(field, problem))
    }

    /// The key in a JSON Web Key (RFC 7517), or what it is not.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        if text.len() > JWK_BYTES_MAX {
            return Err("must be at most 4 KiB");
        }
        let jwk: Jwk = serde_json::from_str(text).map_err(
            |_| "must be a public JSON Web Key: kty with crv, x, y or n, e, and at most alg, kid, use and key_ops besides",
        )?;
        if jwk.use_.as_deref().is_some_and(|use_| use_ != "sig") {
            return Err("must be for signatures: use is sig, or absent");
        }
        let (algorithm, members, decoding) = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
            ("EC", Some("P-256")) => p256(text, &jwk)?,
            ("OKP", Some("Ed25519")) => ed25519(&jwk)?,
            ("RSA", None) => rsa(&jwk)?,
            _ => return Err("must be EC on P-256, OKP on Ed25519, or RSA"),
        };
        if jwk.alg.as_deref().is_some_and(|name| !is_name_of(algorithm, name)) {
            return Err("must have no other alg than its kind of key has: ES256, EdDSA or RS256");
        }
        // The members in the order of their names, without spaces, are what the thumbprint is the hash of (RFC 7638).
        let bare = Value::Object(members.clone()).to_string();
        let key_id = match jwk.kid {
            Some(key_id) if is_key_id(&key_id) => key_id,
            Some(_) => return Err("must have a kid of 1 to 128 printable ASCII characters, or none"),
            None => URL_SAFE_NO_PAD.encode(Sha256::digest(bare.as_bytes())),
        };
        let mut members = members;
        members.insert("kid".to_owned(), json!(key_id));
        Ok(Self { jwk: Value::Object(members).to_string(), key_id, algorithm, decoding })
    }

    /// The key as a JSON Web Key, always in the same form, with its id.
    pub(crate) fn jwk(&self) -> &str {
        &self.jwk
    }

    /// The key's id: the one that it was given, or its thumbprint.
    pub(crate) fn key_id(&self) -> &str {
        &self.key_id
    }

    /// The claims of a token that is signed with this key and names no other algorithm than the key's.
    pub(super) fn verified<C: DeserializeOwned>(&self, token: &str, algorithm: &str) -> Result<C, AssertionRefused> {
        let (message, signature) = token.rsplit_once('.').ok_or(AssertionRefused::Malformed)?;
        let is_signed = is_name_of(self.algorithm, algorithm)
            && jsonwebtoken::crypto::verify(signature, message.as_bytes(), &self.decoding, self.algorithm)
                .unwrap_or(false);
        if !is_signed {
            return Err(AssertionRefused::SignatureWrong);
        }
        let claims = message.split_once('.').and_then(|(_, claims)| part(claims));
        claims.ok_or(AssertionRefused::ClaimsMalformed)
    }

    /// The key in a member of somebody's set of keys (RFC 7517, 5), if it has an id and verifies tokens.
    pub(crate) fn of_set(member: &Value) -> Option<Self> {
        let purpose = member.get("use").map(|purpose| purpose.as_str().unwrap_or_default());
        if !purpose.is_none_or(|purpose| ["sig", "jwt-svid"].contains(&purpose)) {
            return None;
        }
        let names = ["kty", "crv", "x", "y", "n", "e", "alg", "kid"];
        let public: Map<String, Value> =
            names.iter().filter_map(|name| Some(((*name).to_owned(), member.get(*name)?.clone()))).collect();
        if !public.contains_key("kid") {
            return None;
        }
        Self::parse(&Value::Object(public).to_string()).ok()
    }
}

impl std::fmt::Debug for ClientKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("ClientKey").field(&self.key_id).finish()
    }
}

impl PartialEq for ClientKey {
    fn eq(&self, other: &Self) -> bool {
        self.jwk == other.jwk
    }
}

impl Eq for ClientKey {}

type Parts = (Algorithm, Map<String, Value>, DecodingKey);

fn p256(text: &str, jwk: &Jwk) -> Result<Parts, &'static str> {
    if jwk.key_ops.is_some() {
        return Err("must be without key_ops, if it is EC");
    }
    PublicKey::from_jwk(text)?;
    let (x, y) = (jwk.x.as_deref().unwrap_or_default(), jwk.y.as_deref().unwrap_or_default());
    let decoding = DecodingKey::from_ec_components(x, y).map_err(|_| "must be a point on the curve P-256")?;
    Ok((Algorithm::ES256, members(json!({ "crv": "P-256", "kty": "EC", "x": x, "y": y })), decoding))
}

fn ed25519(jwk: &Jwk) -> Result<Parts, &'static str> {
    let x = jwk.x.as_deref().unwrap_or_default();
    let is_key = bytes(x).is_some_and(|bytes| bytes.len() == 32) && jwk.y.is_none() && jwk.n.is_none();
    let decoding = DecodingKey::from_ed_components(x).ok().filter(|_| is_key);
    let decoding = decoding.ok_or("must have x of 32 bytes in base64url, and no y")?;
    Ok((Algorithm::EdDSA, members(json!({ "crv": "Ed25519", "kty": "OKP", "x": x })), decoding))
}

fn rsa(jwk: &Jwk) -> Result<Parts, &'static str> {
    let (n, e) = (jwk.n.as_deref().unwrap_or_default(), jwk.e.as_deref().unwrap_or_default());
    // The first bit of the first byte is set, so that so many bytes are so many bits.
    let is_long = bytes(n)
        .is_some_and(|n| RSA_BYTES.contains(&n.len()) && n[0] >= 0x80 && n.last().is_some_and(|last| last % 2 == 1));
    if !is_long || jwk.x.is_some() || jwk.y.is_some() {
        return Err("must have n of 2,048 to 4,096 bits in base64url");
    }
    if e != "AQAB" {
        return Err("must have the exponent 65537, which is AQAB");
    }
    let decoding = DecodingKey::from_rsa_components(n, e).map_err(|_| "must have n and e in base64url")?;
    Ok((Algorithm::RS256, members(json!({ "e": e, "kty": "RSA", "n": n })), decoding))
}

fn members(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Map::new(),
    }
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

fn is_key_id(text: &str) -> bool {
    (1..=KEY_ID_CHARACTERS_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Whether this is a name of the algorithm (RFC 7518, 3.1; RFC 8037, 3.1; RFC 9864, 2.2).
fn is_name_of(algorithm: Algorithm, name: &str) -> bool {
    match name {
        "ES256" => algorithm == Algorithm::ES256,
        "EdDSA" | "Ed25519" => algorithm == Algorithm::EdDSA,
        "RS256" => algorithm == Algorithm::RS256,
        _ => false,
    }
}
