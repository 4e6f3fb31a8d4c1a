//! The public keys that tokens are verified with.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk};
use time::OffsetDateTime;

/// The most keys that a set holds. One that is published beyond that replaces the one that ends first.
const KEYS_MAX: usize = 256;

/// What a key signs. A key verifies nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyUse {
    /// Access tokens, by identity.
    AccessToken,
    /// Assertions, by gate.
    Assertion,
}

/// The keys that are known now. Clones share one set.
#[derive(Clone, Default)]
pub struct KeySet {
    keys: Arc<RwLock<HashMap<String, Key>>>,
}

#[derive(Clone)]
pub(crate) struct Key {
    pub(crate) decoding: DecodingKey,
    pub(crate) use_: KeyUse,
    pub(crate) not_after: OffsetDateTime,
    /// Whose key it is, if not the issuer's that the verifier expects.
    pub(crate) issuer: Option<Arc<str>>,
}

/// A key that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyRejected {
    /// It is not a JSON Web Key.
    #[error("the key is not a JSON Web Key (RFC 7517)")]
    Malformed(#[source] serde_json::Error),
    /// It is one of another kind.
    #[error("the key is not on the curve P-256, which ES256 needs")]
    NotP256,
    /// Its numbers are not a key.
    #[error("the key's coordinates are not a point")]
    NotAKey(#[source] jsonwebtoken::errors::Error),
}

impl KeySet {
    /// Takes in a key, or extends the life of one.
    ///
    /// # Errors
    /// If `jwk` is not a P-256 public key as a JSON Web Key (RFC 7517).
    pub fn publish(&self, key_id: &str, use_: KeyUse, jwk: &str, not_after: OffsetDateTime) -> Result<(), KeyRejected> {
        self.publish_of(None, key_id, use_, jwk, not_after)
    }

    /// Takes in a key of this issuer, or extends the life of one: what it signs says so in `iss`. Without one, it says what the
    /// verifier expects.
    ///
    /// # Errors
    /// As [`KeySet::publish`].
    pub fn publish_of(
        &self,
        issuer: Option<&str>,
        key_id: &str,
        use_: KeyUse,
        jwk: &str,
        not_after: OffsetDateTime,
    ) -> Result<(), KeyRejected> {
        let jwk: Jwk = serde_json::from_str(jwk).map_err(KeyRejected::Malformed)?;
        let on_p256 =
            matches!(&jwk.algorithm, AlgorithmParameters::EllipticCurve(curve) if curve.curve == EllipticCurve::P256);
        if !on_p256 {
            return Err(KeyRejected::NotP256);
        }
        let decoding = DecodingKey::from_jwk(&jwk).map_err(KeyRejected::NotAKey)?;
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        if keys.len() >= KEYS_MAX && !keys.contains_key(key_id) {
            let first_to_end = keys.iter().min_by_key(|(_, key)| key.not_after).map(|(id, _)| id.clone());
            first_to_end.and_then(|id| keys.remove(&id));
        }
        keys.insert(key_id.to_owned(), Key { decoding, use_, not_after, issuer: issuer.map(Arc::from) });
        Ok(())
    }

    /// Whether a key of this id is known.
    pub fn contains(&self, key_id: &str) -> bool {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).contains_key(key_id)
    }

    pub(crate) fn find(&self, key_id: &str) -> Option<Key> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).get(key_id).cloned()
    }
}

impl fmt::Debug for KeySet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        formatter.debug_set().entries(keys.keys()).finish()
    }
}
