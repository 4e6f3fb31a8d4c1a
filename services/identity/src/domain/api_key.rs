//! API keys as identity keeps them: whose, for what, until when, and a keyed hash of the secret.
//!
//! The secret is 256 random bits, so a fast hash is right: there is nothing to guess. It is keyed (HMAC, RFC 2104) so that whoever
//! steals the table alone cannot even test a candidate.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use chassis::api_key::{ApiKeyId, Key, KeyKind};
use chassis::{FieldInvalid, Subject, TenantId};
use time::OffsetDateTime;

use super::display_name::DisplayName;
use super::scope::Scopes;

/// The key that API keys and clients' secrets are hashed with.
pub(crate) struct Pepper(hmac::Key);

/// The keyed hash of an API key, or of a client's secret.
#[derive(Clone)]
pub(crate) struct SecretHash(Vec<u8>);

/// An API key, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ApiKeyRecord {
    pub(crate) id: ApiKeyId,
    pub(crate) tenant: TenantId,
    pub(crate) owner: Subject,
    pub(crate) display_name: DisplayName,
    pub(crate) scopes: Scopes,
    pub(crate) created_at: OffsetDateTime,
    pub(crate) expires_at: Option<OffsetDateTime>,
    pub(crate) revoked_at: Option<OffsetDateTime>,
    /// As far as gate has told.
    pub(crate) last_used_at: Option<OffsetDateTime>,
}

impl Pepper {
    /// The pepper in the operator's file.
    pub(crate) fn new(bytes: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// The hash to be kept of a key. It covers the id too, so that no row's hash serves for another row.
    pub(crate) fn hash<K: KeyKind>(&self, key: &Key<K>) -> SecretHash {
        SecretHash(hmac::sign(&self.0, key.expose().as_bytes()).as_ref().to_vec())
    }
}

impl std::fmt::Debug for Pepper {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Pepper(…)")
    }
}

impl std::fmt::Debug for SecretHash {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("SecretHash(…)")
    }
}

impl SecretHash {
    /// The hash as it was kept.
    pub(crate) fn from_store(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// Whether this is the hash of the same key, found in constant time.
    pub(crate) fn is(&self, other: &Self) -> bool {
        verify_slices_are_equal(&self.0, &other.0).is_ok()
    }

    /// The hash's bytes.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl ApiKeyRecord {
    /// Whether the key may be used at this time. Every use of a key asks here.
    pub(crate) fn is_active(&self, now: OffsetDateTime) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|expires_at| now < expires_at)
    }
}

/// When a key of a request shall end: in the future, or never.
pub(crate) fn check_expires_at(
    expires_at: Option<OffsetDateTime>,
    now: OffsetDateTime,
) -> Result<Option<OffsetDateTime>, FieldInvalid> {
    match expires_at {
        Some(time) if time <= now => Err(FieldInvalid::new("expires_at", "must be in the future")),
        Some(_) | None => Ok(expires_at),
    }
}

#[cfg(test)]
mod tests {
    use chassis::api_key::ApiKey;
    use chassis::clock::SystemEntropy;
    use proptest::prelude::*;
    use time::Duration;

    use super::*;

    fn record(expires_at: Option<OffsetDateTime>, revoked_at: Option<OffsetDateTime>) -> ApiKeyRecord {
        ApiKeyRecord {
            id: "0123456789abcdef".parse().unwrap(),
            tenant: "acme".parse().unwrap(),
            owner: "user:alice".parse().unwrap(),
            display_name: DisplayName::read("laptop").unwrap(),
            scopes: Scopes::all(),
            created_at: OffsetDateTime::UNIX_EPOCH,
            expires_at,
            revoked_at,
            last_used_at: None,
        }
    }

    #[test]
    fn a_key_ends_at_its_expiry_and_not_a_moment_later() {
        let end = OffsetDateTime::UNIX_EPOCH + Duration::days(1);
        let moment = Duration::microseconds(1);
        assert!(record(None, None).is_active(end));
        assert!(record(Some(end), None).is_active(end - moment));
        assert!(!record(Some(end), None).is_active(end));
        assert!(!record(None, Some(end)).is_active(end - moment), "revoked is revoked, whatever the clock says");
    }

    #[test]
    fn an_expiry_must_be_a_time_in_the_future() {
        let now = OffsetDateTime::UNIX_EPOCH + Duration::days(1);
        let moment = Duration::microseconds(1);
        for good in [None, Some(now + moment)] {
            assert_eq!(check_expires_at(good, now), Ok(good));
        }
        for bad in [now, now - moment, OffsetDateTime::UNIX_EPOCH] {
            assert!(check_expires_at(Some(bad), now).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn another_key_or_another_pepper_does_not_match() {
        let (pepper, other) = (Pepper::new(&[1; 32]), Pepper::new(&[2; 32]));
        let key = ApiKey::generate(&SystemEntropy);
        let hash = pepper.hash(&key);
        assert!(pepper.hash(&key).is(&hash));
        assert!(!other.hash(&key).is(&hash));
        assert!(!pepper.hash(&ApiKey::generate(&SystemEntropy)).is(&hash));
    }

    proptest! {
        #[test]
        fn a_key_with_any_changed_character_is_refused_by_checksum_or_hash(at in 0usize..70, replacement in any::<char>()) {
            let pepper = Pepper::new(&[1; 32]);
            let key = ApiKey::generate(&SystemEntropy);
            let hash = pepper.hash(&key);
            let mut text: Vec<char> = key.expose().chars().collect();
            prop_assume!(text[at] != replacement);
            text[at] = replacement;
            let changed = ApiKey::parse(&text.into_iter().collect::<String>());
            prop_assert!(!changed.is_ok_and(|changed| pepper.hash(&changed).is(&hash)));
        }
    }
}
