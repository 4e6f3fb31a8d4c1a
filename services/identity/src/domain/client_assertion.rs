//! Client assertions (RFC 7523, 3): a JSON Web Token that a client signs to say who it is, good once and for minutes.
//!
//! Every claim is required; one that is absent, mistyped or doubled refuses the whole. The algorithm is the key's.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use time::{Duration, OffsetDateTime};

use super::client_id::ClientId;
use super::client_key::ClientKey;

/// The longest assertion that is looked at, in bytes.
pub(crate) const ASSERTION_BYTES_MAX: usize = 8 * 1024;

/// How long an assertion may live.
pub(crate) const LIFE_MAX: Duration = Duration::minutes(5);

/// How far apart the clocks of a client and identity may be.
pub(crate) const CLOCK_SKEW_MAX: Duration = Duration::seconds(5);

/// The longest id of an assertion.
const ID_CHARACTERS_MAX: usize = 256;

/// The types that an assertion may call itself, if it calls itself anything.
const TYPES: [&str; 2] = ["JWT", "client-authentication+jwt"];

/// Why an assertion is not believed. For the log alone: a client is told that it is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AssertionRefused {
    #[error("longer than 8 KiB")]
    TooLong,
    #[error("no JSON Web Token that a client signs, or with headers that must be understood and are not")]
    Malformed,
    #[error("signed with an algorithm that is not the key's, or with another key")]
    SignatureWrong,
    #[error("a claim is absent, mistyped or doubled")]
    ClaimsMalformed,
    #[error("iss and sub are not the client")]
    NotTheClient,
    #[error("made for somebody else")]
    AudienceWrong,
    #[error("it has ended, has not begun, or claims too long a life")]
    OutOfTime,
}

/// The headers that count. Others are not asked: keys that a token brings itself (`jwk`, `jku`, `x5c`) are nobody's.
#[derive(Deserialize)]
struct RawHead {
    alg: String,
    typ: Option<String>,
    kid: Option<String>,
    crit: Option<Value>,
    b64: Option<Value>,
}

/// The headers of a token that asks for nothing unheard of.
pub(super) struct Head {
    pub(super) algorithm: String,
    pub(super) key_id: Option<String>,
}

impl Head {
    /// Reads the headers of a token of one of these types, or of none.
    pub(super) fn read(text: &str, types: &[&str]) -> Result<Self, AssertionRefused> {
        let raw: RawHead = part(text).ok_or(AssertionRefused::Malformed)?;
        let has_type = raw.typ.as_deref().is_none_or(|typ| types.iter().any(|known| known.eq_ignore_ascii_case(typ)));
        if !has_type || raw.crit.is_some() || raw.b64.is_some() {
            return Err(AssertionRefused::Malformed);
        }
        Ok(Self { algorithm: raw.alg, key_id: raw.kid })
    }
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    exp: i64,
    iat: i64,
    nbf: Option<i64>,
    jti: String,
}

#[derive(Deserialize)]
struct IssuerAlone {
    iss: String,
}

/// One audience, alone or as the only one of a list.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Audience {
    One(String),
    List([String; 1]),
}

impl Audience {
    pub(super) fn one(&self) -> &str {
        let (Self::One(audience) | Self::List([audience])) = self;
        audience
    }
}

/// An assertion whose form is right, before it is believed.
#[derive(Debug)]
pub(crate) struct ClientAssertion<'a> {
    text: &'a str,
    algorithm: String,
    /// Which of its keys the client says that it used.
    pub(crate) key_id: Option<String>,
    /// Who the client says that it is: with this its keys are found, and nothing else is decided.
    pub(crate) client: ClientId,
}

/// An assertion that is the client's, which must not have been used before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verified {
    /// SHA-256 of client and `jti`: what is remembered until it ends.
    pub(crate) digest: [u8; 32],
    pub(crate) expires_at: OffsetDateTime,
}

impl<'a> ClientAssertion<'a> {
    /// Reads an assertion's form.
    pub(crate) fn read(text: &'a str) -> Result<Self, AssertionRefused> {
        if text.len() > ASSERTION_BYTES_MAX {
            return Err(AssertionRefused::TooLong);
        }
        let mut parts = text.split('.');
        let (Some(head), Some(claims), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
            return Err(AssertionRefused::Malformed);
        };
        let head = Head::read(head, &TYPES)?;
        let claims: IssuerAlone = part(claims).ok_or(AssertionRefused::ClaimsMalformed)?;
        let client = claims.iss.parse().map_err(|_| AssertionRefused::NotTheClient)?;
        Ok(Self { text, algorithm: head.algorithm, key_id: head.key_id, client })
    }

    /// Verifies it with a key of its client, for one of these audiences.
    pub(crate) fn verify(
        &self,
        key: &ClientKey,
        audiences: &[&str],
        now: OffsetDateTime,
    ) -> Result<Verified, AssertionRefused> {
        let claims: Claims = key.verified(self.text, &self.algorithm)?;
        let client = self.client.to_string();
        if claims.iss != client || claims.sub != client {
            return Err(AssertionRefused::NotTheClient);
        }
        if !audiences.contains(&claims.aud.one()) {
            return Err(AssertionRefused::AudienceWrong);
        }
        if !(1..=ID_CHARACTERS_MAX).contains(&claims.jti.len()) {
            return Err(AssertionRefused::ClaimsMalformed);
        }
        let expires_at = lives(&claims, now).ok_or(AssertionRefused::OutOfTime)?;
        let mut hash = Sha256::new();
        hash.update(client.as_bytes());
        hash.update(b"\n");
        hash.update(claims.jti.as_bytes());
        Ok(Verified { digest: hash.finalize().into(), expires_at })
    }
}

/// When the assertion ends, if it lives now and for no longer than it may.
fn lives(claims: &Claims, now: OffsetDateTime) -> Option<OffsetDateTime> {
    let expires_at = OffsetDateTime::from_unix_timestamp(claims.exp).ok()?;
    let issued_at = OffsetDateTime::from_unix_timestamp(claims.iat).ok()?;
    let not_before = OffsetDateTime::from_unix_timestamp(claims.nbf.unwrap_or(claims.iat)).ok()?;
    let latest = now + CLOCK_SKEW_MAX;
    let begun = issued_at <= latest && not_before <= latest;
    let is_short = issued_at < expires_at && expires_at - issued_at <= LIFE_MAX && expires_at <= latest + LIFE_MAX;
    (begun && is_short && now < expires_at).then_some(expires_at)
}

/// One part of a token, as JSON: whole, and without anything behind it.
pub(super) fn part<T: serde::de::DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}
