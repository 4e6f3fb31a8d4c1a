//! The keys that access tokens are signed with: when the next one is made, when it takes over, and how it is kept.
//!
//! A key is told of before it signs, so that every verifier and every cache of the key set has it by then; and is believed for as long as
//! the last token that it signed, and a while for clocks that differ.

use assertion::ACCESS_TOKEN_SECONDS_MAX;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use chassis::signing::SigningKey;
use time::{Duration, OffsetDateTime};

use super::seal::{SealKeys, Sealed};

/// The shortest that a key may sign for, in seconds: the next must be known in time.
pub(crate) const ROTATION_SECONDS_MIN: u64 = 600;

/// The longest that a key may sign for, in seconds.
pub(crate) const ROTATION_SECONDS_MAX: u64 = 180 * 86_400;

/// The longest that a key is told of before it signs; a quarter of the rotation, if that is shorter.
const AHEAD_MAX: Duration = Duration::days(1);

/// How long a key is believed after the last token that it signed has ended.
const GRACE: Duration = Duration::minutes(10);

/// A signing key as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SealedKey {
    pub(crate) generation: i64,
    pub(crate) id: String,
    pub(crate) sealed: Sealed,
    pub(crate) signs_from: OffsetDateTime,
    pub(crate) signs_until: OffsetDateTime,
}

/// A key that is to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) generation: i64,
    pub(crate) signs_from: OffsetDateTime,
    pub(crate) signs_until: OffsetDateTime,
}

/// Which key is to be made now, if one is: the first, the one after the newest in good time, or at once if nobody was there to.
pub(crate) fn wanted(newest: Option<&SealedKey>, rotation: Duration, now: OffsetDateTime) -> Option<Wanted> {
    let generation = newest.map_or(1, |newest| newest.generation + 1);
    let from = |signs_from| Wanted { generation, signs_from, signs_until: signs_from + rotation };
    match newest {
        None => Some(from(now)),
        Some(newest) if newest.signs_until <= now => Some(from(now)),
        Some(newest) if newest.signs_until - now <= AHEAD_MAX.min(rotation / 4) => Some(from(newest.signs_until)),
        Some(_) => None,
    }
}

/// The key that signs now: the newest that has begun.
pub(crate) fn current(keys: &[SealedKey], now: OffsetDateTime) -> Option<&SealedKey> {
    keys.iter().filter(|key| key.signs_from <= now && now < key.signs_until).max_by_key(|key| key.generation)
}

/// Until when what the key signs is believed.
pub(crate) fn believed_until(signs_until: OffsetDateTime) -> OffsetDateTime {
    signs_until + Duration::seconds(ACCESS_TOKEN_SECONDS_MAX) + GRACE
}

/// Makes a signing key, and seals its private half for just this place in the row of keys.
pub(crate) fn make(seal_keys: &SealKeys, wanted: Wanted) -> Result<(SealedKey, SigningKey), String> {
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
        .map_err(|_| "no key could be made".to_owned())?;
    let key = SigningKey::from_pkcs8(pkcs8.as_ref())?;
    let Wanted { generation, signs_from, signs_until } = wanted;
    let sealed = seal_keys.seal(&place(generation, key.key_id()), pkcs8.as_ref());
    Ok((SealedKey { generation, id: key.key_id().to_owned(), sealed, signs_from, signs_until }, key))
}

impl SealedKey {
    /// The key, to sign with.
    pub(crate) fn open(&self, seal_keys: &SealKeys) -> Result<SigningKey, String> {
        let place = place(self.generation, &self.id);
        let private = seal_keys.open(&place, &self.sealed).map_err(|wrong| wrong.to_string())?;
        let key = SigningKey::from_pkcs8(&private)?;
        if key.key_id() == self.id { Ok(key) } else { Err("what is sealed is another key".to_owned()) }
    }

    /// The same key, sealed with the current key; none if it is, or cannot be opened here.
    pub(crate) fn renewed(&self, seal_keys: &SealKeys) -> Option<Self> {
        let sealed = seal_keys.renew(&place(self.generation, &self.id), &self.sealed).ok().flatten()?;
        Some(Self { sealed, ..self.clone() })
    }
}

/// What is sealed together with a key, so that no row's key serves in another's place.
fn place(generation: i64, id: &str) -> String {
    format!("bailiwick identity signing key {generation} {id}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> OffsetDateTime {
        OffsetDateTime::UNIX_EPOCH + Duration::days(20_000) + Duration::seconds(seconds)
    }

    fn kept(generation: i64, from: i64, until: i64) -> SealedKey {
        let sealed = Sealed { key: None, bytes: Vec::new() };
        SealedKey { generation, id: String::new(), sealed, signs_from: at(from), signs_until: at(until) }
    }

    #[test]
    fn the_next_key_is_made_ahead_and_takes_over_where_the_one_before_ends() {
        let rotation = Duration::seconds(1_000);
        assert_eq!(
            wanted(None, rotation, at(0)),
            Some(Wanted { generation: 1, signs_from: at(0), signs_until: at(1_000) })
        );
        let newest = kept(1, 0, 1_000);
        assert_eq!(wanted(Some(&newest), rotation, at(749)), None);
        let next = Wanted { generation: 2, signs_from: at(1_000), signs_until: at(2_000) };
        assert_eq!(wanted(Some(&newest), rotation, at(750)), Some(next));
        // Nobody was there when it should have been made.
        let late = Wanted { generation: 2, signs_from: at(5_000), signs_until: at(6_000) };
        assert_eq!(wanted(Some(&newest), rotation, at(5_000)), Some(late));
    }

    #[test]
    fn one_key_signs_at_a_time() {
        let keys = [kept(1, 0, 1_000), kept(2, 1_000, 2_000)];
        let signs = |seconds| current(&keys, at(seconds)).map(|key| key.generation);
        assert_eq!([signs(0), signs(999), signs(1_000), signs(2_000)], [Some(1), Some(1), Some(2), None]);
    }

    #[test]
    fn a_key_opens_with_its_seal_in_its_place_and_nowhere_else() {
        let seal = |byte: u8| SealKeys::new::<[u8; 32]>(&[byte; 32], &[]).unwrap();
        let wanted = Wanted { generation: 1, signs_from: at(0), signs_until: at(1) };
        let (kept, key) = make(&seal(1), wanted).unwrap();
        assert_eq!(kept.open(&seal(1)).unwrap().key_id(), key.key_id());
        let (other, _) = make(&seal(1), wanted).unwrap();
        for wrong in [SealedKey { generation: 2, ..kept.clone() }, SealedKey { id: other.id, ..kept.clone() }] {
            assert!(wrong.open(&seal(1)).is_err());
        }
        assert!(kept.open(&seal(2)).is_err());
        assert_eq!(kept.renewed(&seal(1)), None);
        let both = SealKeys::new(&[2; 32], &[[1; 32]]).unwrap();
        let renewed = kept.renewed(&both).expect("it lies under another key");
        assert_eq!(renewed.open(&seal(2)).unwrap().key_id(), key.key_id());
    }
}
