//! The peppers: the keys that API keys and clients' secrets are hashed with. One makes new hashes; the others only verify those that they made.
//!
//! The secret is 256 random bits, so a fast hash is right: there is nothing to guess. It is keyed (HMAC, RFC 2104) so that whoever
//! steals the table alone cannot even test a candidate.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use chassis::api_key::{Key, KeyKind};

use super::key_id::KeyId;

/// How many peppers there may be besides the current one. Each secret that is shown is hashed with all of them.
pub(crate) const OTHER_PEPPERS_MAX: usize = 4;

const PURPOSE: &str = "bailiwick identity pepper";

struct Pepper {
    id: KeyId,
    key: hmac::Key,
}

/// The current pepper, and the others that hashes may still lie under, or that replicas with a newer configuration make hashes with.
pub(crate) struct Peppers {
    current: Pepper,
    others: Vec<Pepper>,
}

/// The keyed hash of an API key, or of a client's secret, and the pepper that it lies under.
#[derive(Clone)]
pub(crate) struct SecretHash {
    /// None: it was made when peppers had no ids.
    pepper: Option<KeyId>,
    bytes: Vec<u8>,
}

/// The hashes of a secret that somebody shows, with each pepper: the current one's first.
pub(crate) struct ShownSecret(Vec<SecretHash>);

/// What comes of holding a secret that is shown against what was kept.
#[derive(Debug)]
pub(crate) enum Comparison {
    /// It is another.
    Other,
    /// It is the same, and lies under the current pepper.
    Same,
    /// It is the same, and lies under another pepper: this is to be kept in its place.
    Outdated(SecretHash),
    /// The pepper that it lies under is not here.
    PepperMissing(KeyId),
}

impl Pepper {
    fn new(bytes: &[u8]) -> Self {
        Self { id: KeyId::of(bytes, PURPOSE), key: hmac::Key::new(hmac::HMAC_SHA256, bytes) }
    }

    /// It covers the id of the API key too, so that no row's hash serves for another row.
    fn hash<K: KeyKind>(&self, key: &Key<K>) -> SecretHash {
        let bytes = hmac::sign(&self.key, key.expose().as_bytes()).as_ref().to_vec();
        SecretHash { pepper: Some(self.id.clone()), bytes }
    }
}

impl Peppers {
    /// The peppers in the operator's files; none if two of them are the same.
    pub(crate) fn new<B: AsRef<[u8]>>(current: &[u8], others: &[B]) -> Option<Self> {
        let current = Pepper::new(current);
        let mut new = Self { current, others: Vec::with_capacity(others.len()) };
        for other in others {
            let other = Pepper::new(other.as_ref());
            if new.all().any(|known| known.id == other.id) {
                return None;
            }
            new.others.push(other);
        }
        Some(new)
    }

    fn all(&self) -> impl Iterator<Item = &Pepper> {
        std::iter::once(&self.current).chain(&self.others)
    }

    /// The hash to be kept of a key.
    pub(crate) fn hash<K: KeyKind>(&self, key: &Key<K>) -> SecretHash {
        self.current.hash(key)
    }

    /// The hashes of a key that is shown.
    pub(crate) fn hash_shown<K: KeyKind>(&self, key: &Key<K>) -> ShownSecret {
        ShownSecret(self.all().map(|pepper| pepper.hash(key)).collect())
    }

    /// The id of the pepper that makes hashes now.
    pub(crate) fn current(&self) -> &KeyId {
        &self.current.id
    }

    /// The ids of the others.
    pub(crate) fn others(&self) -> impl Iterator<Item = &KeyId> {
        self.others.iter().map(|pepper| &pepper.id)
    }
}

impl ShownSecret {
    /// Whether what was kept is the hash of this. The hashes themselves are compared in constant time.
    pub(crate) fn compare(&self, kept: &SecretHash) -> Comparison {
        let mut candidates: Vec<&SecretHash> = self.0.iter().collect();
        if let Some(pepper) = &kept.pepper {
            candidates.retain(|shown| shown.pepper.as_ref() == Some(pepper));
            if candidates.is_empty() {
                return Comparison::PepperMissing(pepper.clone());
            }
        }
        let same = |shown: &&SecretHash| verify_slices_are_equal(&shown.bytes, &kept.bytes).is_ok();
        match (candidates.into_iter().find(same), self.0.first()) {
            (None, _) | (_, None) => Comparison::Other,
            (Some(_), Some(current)) if current.pepper == kept.pepper => Comparison::Same,
            (Some(_), Some(current)) => Comparison::Outdated(current.clone()),
        }
    }
}

impl SecretHash {
    /// The hash as it was kept.
    pub(crate) fn from_store(pepper: Option<String>, bytes: Vec<u8>) -> Self {
        Self { pepper: pepper.map(KeyId::from_store), bytes }
    }

    /// The id of the pepper that it lies under.
    pub(crate) fn pepper(&self) -> Option<&str> {
        self.pepper.as_ref().map(KeyId::as_str)
    }

    /// The hash's bytes.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl std::fmt::Debug for Peppers {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Peppers(…)")
    }
}

impl std::fmt::Debug for SecretHash {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("SecretHash(…)")
    }
}

#[cfg(test)]
mod tests {
    use chassis::api_key::ApiKey;
    use chassis::clock::SystemEntropy;
    use proptest::prelude::*;

    use super::*;

    const OLD: [u8; 32] = [1; 32];
    const NEW: [u8; 32] = [2; 32];

    fn peppers(current: [u8; 32], others: &[[u8; 32]]) -> Peppers {
        Peppers::new(&current, others).unwrap()
    }

    fn key() -> ApiKey {
        ApiKey::generate(&SystemEntropy)
    }

    #[test]
    fn another_key_does_not_match() {
        let (peppers, key) = (peppers(NEW, &[OLD]), self::key());
        let kept = peppers.hash(&key);
        assert!(matches!(peppers.hash_shown(&key).compare(&kept), Comparison::Same));
        assert!(matches!(peppers.hash_shown(&self::key()).compare(&kept), Comparison::Other));
    }

    #[test]
    fn a_hash_is_verified_by_the_pepper_that_made_it_and_made_anew_under_the_current_one() {
        let key = key();
        let kept = peppers(OLD, &[]).hash(&key);
        let both = peppers(NEW, &[OLD]);
        let Comparison::Outdated(renewed) = both.hash_shown(&key).compare(&kept) else { panic!("it is outdated") };
        assert_eq!(renewed.pepper(), Some(both.current().as_str()));
        assert!(matches!(peppers(NEW, &[]).hash_shown(&key).compare(&renewed), Comparison::Same));
        // A replica that has not heard of the change of places yet verifies it too.
        assert!(matches!(peppers(OLD, &[NEW]).hash_shown(&key).compare(&renewed), Comparison::Outdated(_)));
    }

    #[test]
    fn without_its_pepper_a_hash_verifies_nothing_and_the_pepper_is_named() {
        let key = key();
        let kept = peppers(OLD, &[]).hash(&key);
        let Comparison::PepperMissing(id) = peppers(NEW, &[]).hash_shown(&key).compare(&kept) else {
            panic!("missing")
        };
        assert_eq!(Some(id.as_str()), kept.pepper());
    }

    #[test]
    fn a_hash_of_before_peppers_had_ids_is_tried_with_all() {
        let key = key();
        let kept = SecretHash::from_store(None, peppers(OLD, &[]).hash(&key).as_bytes().to_vec());
        for known in [peppers(OLD, &[]), peppers(NEW, &[OLD])] {
            assert!(matches!(known.hash_shown(&key).compare(&kept), Comparison::Outdated(_)));
        }
        assert!(matches!(peppers(NEW, &[]).hash_shown(&key).compare(&kept), Comparison::Other));
    }

    #[test]
    fn no_pepper_is_there_twice() {
        assert!(Peppers::new(&OLD, &[OLD]).is_none());
        assert!(Peppers::new(&NEW, &[OLD, OLD]).is_none());
    }

    proptest! {
        #[test]
        fn a_key_with_any_changed_character_is_refused_by_checksum_or_hash(at in 0usize..70, replacement in any::<char>()) {
            let (peppers, key) = (peppers(NEW, &[OLD]), self::key());
            let kept = peppers.hash(&key);
            let mut text: Vec<char> = key.expose().chars().collect();
            prop_assume!(text[at] != replacement);
            text[at] = replacement;
            let changed = ApiKey::parse(&text.into_iter().collect::<String>());
            let same = |changed| matches!(peppers.hash_shown(&changed).compare(&kept), Comparison::Same);
            prop_assert!(!changed.is_ok_and(same));
        }
    }
}
