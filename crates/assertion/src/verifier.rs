//! The verification itself: local, against known keys, remembered by digest until the token ends.
//!
//! The algorithm is ES256 because the key is a P-256 key: it is never taken from the token (RFC 8725, 3.1).

use std::sync::Arc;

use jsonwebtoken::{Algorithm, Validation};
use moka::sync::Cache;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use crate::claims::{AccessTokenClaims, AssertionClaims, Timed};
use crate::keys::{KeySet, KeyUse};
use crate::{ACCESS_TOKEN_SECONDS_MAX, ASSERTION_SECONDS_MAX, CLOCK_SKEW_SECONDS_MAX, TOKEN_BYTES_MAX};

/// How many verified tokens are remembered.
const REMEMBERED_MAX: u64 = 65_536;

/// What a token must be, to be accepted.
#[derive(Clone, Debug)]
pub struct Expectation<C> {
    token_type: &'static str,
    use_: KeyUse,
    issuer: String,
    /// Whom the token must be for; none if that makes no difference.
    audience: Option<String>,
    seconds_max: i64,
    claims: std::marker::PhantomData<fn() -> C>,
}

impl Expectation<AssertionClaims> {
    /// An assertion that gate made, as `issuer`, for `audience`.
    pub fn assertion(issuer: impl Into<String>, audience: impl Into<String>) -> Self {
        Self::new(
            "bailiwick-assertion+jwt",
            KeyUse::Assertion,
            issuer.into(),
            Some(audience.into()),
            ASSERTION_SECONDS_MAX,
        )
    }
}

impl Expectation<AccessTokenClaims> {
    /// An access token (RFC 9068) that identity made, as `issuer`, for `audience`.
    pub fn access_token(issuer: impl Into<String>, audience: impl Into<String>) -> Self {
        Self::new("at+jwt", KeyUse::AccessToken, issuer.into(), Some(audience.into()), ACCESS_TOKEN_SECONDS_MAX)
    }

    /// An access token that identity made, as `issuer`, whomever it is for: to say whether it lives, never to let somebody in.
    pub fn access_token_for_anyone(issuer: impl Into<String>) -> Self {
        Self::new("at+jwt", KeyUse::AccessToken, issuer.into(), None, ACCESS_TOKEN_SECONDS_MAX)
    }
}

impl<C> Expectation<C> {
    fn new(token_type: &'static str, use_: KeyUse, issuer: String, audience: Option<String>, seconds_max: i64) -> Self {
        Self { token_type, use_, issuer, audience, seconds_max, claims: std::marker::PhantomData }
    }

    /// The `typ` of the token's header.
    pub fn token_type(&self) -> &'static str {
        self.token_type
    }
}

/// Why a token is not accepted. Meant for logs: a caller is told no more than that it was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Longer than [`TOKEN_BYTES_MAX`].
    #[error("the token is longer than {TOKEN_BYTES_MAX} bytes")]
    TooLong,
    /// Not a JSON Web Token of this type, signed with ES256.
    #[error("the token is not of the expected type, or its header cannot be read")]
    Malformed,
    /// Signed with a key that is not known, or not for this use, or past its end.
    #[error("the token's key is unknown, ended, or for another use")]
    KeyUnknown,
    /// The signature is wrong, a claim is missing or mistyped, or issuer or audience are others.
    #[error("the token's signature, issuer, audience or a claim is not as expected")]
    NotAsExpected,
    /// It has ended, is not valid yet, or would live longer than such a token may.
    #[error("the token has ended, has not begun, or claims too long a life")]
    OutOfTime,
    /// Made for another request, or for none in particular.
    #[error("the assertion was not made for this request")]
    OtherRequest,
}

/// Verifies tokens of one kind for one audience.
#[derive(Clone)]
pub struct Verifier<C> {
    keys: KeySet,
    expectation: Expectation<C>,
    validation: Arc<Validation>,
    verified: Cache<[u8; 32], Arc<C>>,
}

impl<C> Verifier<C>
where
    C: DeserializeOwned + Timed + Send + Sync + 'static,
{
    /// A verifier with these keys, which others may add to.
    pub fn new(keys: KeySet, expectation: Expectation<C>) -> Self {
        let mut validation = Validation::new(Algorithm::ES256);
        // The issuer is held to the key's, below.
        match &expectation.audience {
            Some(audience) => validation.set_audience(&[audience]),
            None => validation.validate_aud = false,
        }
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // The time is a parameter here, and checked below, more strictly.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        Self { keys, expectation, validation: Arc::new(validation), verified: Cache::new(REMEMBERED_MAX) }
    }

    /// What the token says, if it is as expected and lives at `now`.
    ///
    /// # Errors
    /// [`Refused`], for the log. Whatever the token holds, this does not panic.
    pub fn verify(&self, token: &str, now: OffsetDateTime) -> Result<Arc<C>, Refused> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(Refused::TooLong);
        }
        let digest: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        if let Some(claims) = self.verified.get(&digest) {
            if self.lives(claims.as_ref(), now) {
                return Ok(claims);
            }
            self.verified.invalidate(&digest);
            return Err(Refused::OutOfTime);
        }
        let claims = Arc::new(self.verify_signature(token, now)?);
        if !self.lives(claims.as_ref(), now) {
            return Err(Refused::OutOfTime);
        }
        self.verified.insert(digest, Arc::clone(&claims));
        Ok(claims)
    }

    fn verify_signature(&self, token: &str, now: OffsetDateTime) -> Result<C, Refused> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| Refused::Malformed)?;
        if header.typ.as_deref() != Some(self.expectation.token_type) {
            return Err(Refused::Malformed);
        }
        let key = header.kid.and_then(|key_id| self.keys.find(&key_id)).ok_or(Refused::KeyUnknown)?;
        if key.use_ != self.expectation.use_ || key.not_after < now {
            return Err(Refused::KeyUnknown);
        }
        let claims = jsonwebtoken::decode::<C>(token, &key.decoding, &self.validation)
            .map(|verified| verified.claims)
            .map_err(|_| Refused::NotAsExpected)?;
        let issuer = key.issuer.as_deref().unwrap_or(&self.expectation.issuer);
        if claims.issuer() == issuer { Ok(claims) } else { Err(Refused::NotAsExpected) }
    }

    fn lives(&self, claims: &C, now: OffsetDateTime) -> bool {
        let now = now.unix_timestamp();
        let life = claims.expires_at().checked_sub(claims.issued_at());
        claims.issued_at() <= now.saturating_add(CLOCK_SKEW_SECONDS_MAX)
            && claims.expires_at() > now
            && life.is_some_and(|life| (1..=self.expectation.seconds_max).contains(&life))
    }
}

impl<C> std::fmt::Debug for Verifier<C> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Verifier")
            .field("token_type", &self.expectation.token_type)
            .field("issuer", &self.expectation.issuer)
            .field("audience", &self.expectation.audience)
            .finish_non_exhaustive()
    }
}
