//! Keys that others verify with, and when the feed has to tell of one again.

use chassis::FieldInvalid;
use chassis::signing::PublicKey;
use time::{Duration, OffsetDateTime};

/// How far ahead the end of a published key may be.
pub(crate) const LIFE_MAX: Duration = Duration::days(400);

/// An end that differs by less is the same end: telling everyone of it would be noise.
pub(crate) const NEARLY: Duration = Duration::hours(1);

/// What a key verifies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyUse {
    /// Access tokens.
    AccessToken,
    /// Gate's assertions.
    Assertion,
}

/// The public half of a signing key, and until when it is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct VerificationKey {
    pub(crate) key: PublicKey,
    pub(crate) key_use: KeyUse,
    pub(crate) not_after: OffsetDateTime,
    /// The issuer that what it signs names; empty for the plane's own names.
    pub(crate) issuer: String,
}

impl KeyUse {
    /// The use's name in the store.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::AccessToken => "access_token",
            Self::Assertion => "assertion",
        }
    }
}

impl VerificationKey {
    /// The key of a request that publishes one for gate's assertions.
    pub(crate) fn read_assertion_key(
        key_id: &str,
        jwk: &str,
        not_after: Option<OffsetDateTime>,
        now: OffsetDateTime,
    ) -> Result<Self, FieldInvalid> {
        let key = PublicKey::from_jwk(jwk).map_err(|problem| FieldInvalid::new("key.jwk", problem))?;
        if key.key_id() != key_id {
            return Err(FieldInvalid::new("key.key_id", "must be the RFC 7638 thumbprint of the key"));
        }
        let invalid = |problem| FieldInvalid::new("key.not_after", problem);
        let not_after = not_after.ok_or_else(|| invalid("is missing"))?;
        if not_after <= now {
            return Err(invalid("must be in the future"));
        }
        if not_after - now > LIFE_MAX {
            return Err(invalid("must be at most 400 days ahead"));
        }
        Ok(Self { key, key_use: KeyUse::Assertion, not_after, issuer: String::new() })
    }

    /// A key that signs access tokens of this issuer, believed until this.
    pub(crate) fn of_tokens(key: &PublicKey, issuer: &str, not_after: OffsetDateTime) -> Self {
        Self { key: key.clone(), key_use: KeyUse::AccessToken, not_after, issuer: issuer.to_owned() }
    }

    /// A key that is published until after this needs no publishing.
    pub(crate) fn told_if_after(&self) -> OffsetDateTime {
        match self.key_use {
            // Its end is known when it is made.
            KeyUse::AccessToken => self.not_after,
            KeyUse::Assertion => self.not_after - NEARLY,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The example of RFC 7515, appendix A.3, and its thumbprint.
    const JWK: &str = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
    const KEY_ID: &str = "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U";

    fn read(key_id: &str, jwk: &str, not_after: Option<OffsetDateTime>) -> Result<VerificationKey, String> {
        VerificationKey::read_assertion_key(key_id, jwk, not_after, now()).map_err(|error| error.field)
    }

    fn now() -> OffsetDateTime {
        OffsetDateTime::UNIX_EPOCH + Duration::days(20_000)
    }

    #[test]
    fn a_key_is_good_for_at_most_four_hundred_days() {
        let second = Duration::SECOND;
        assert!(read(KEY_ID, JWK, Some(now() + LIFE_MAX)).is_ok());
        for bad in [None, Some(now()), Some(now() - second), Some(now() + LIFE_MAX + second)] {
            assert_eq!(read(KEY_ID, JWK, bad).unwrap_err(), "key.not_after", "{bad:?}");
        }
    }

    #[test]
    fn a_key_is_named_by_its_thumbprint() {
        let end = Some(now() + LIFE_MAX);
        assert_eq!(read("gate-1", JWK, end).unwrap_err(), "key.key_id");
        assert_eq!(read(KEY_ID, "{}", end).unwrap_err(), "key.jwk");
    }
}
