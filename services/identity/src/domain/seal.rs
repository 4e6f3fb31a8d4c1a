//! Sealing: what must be read again but by nobody who has only the database lies in it encrypted (AES-256-GCM, NIST SP 800-38D) under a key
//! in the operator's file. One key seals; the others only open what they sealed.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use zeroize::Zeroizing;

use super::key_id::KeyId;

/// How many keys there may be besides the current one.
pub(crate) const OTHER_SEAL_KEYS_MAX: usize = 4;

/// How many bytes of a key count.
pub(crate) const KEY_BYTES: usize = 32;

const PURPOSE: &str = "bailiwick identity seal key";

struct SealKey {
    id: KeyId,
    key: RandomizedNonceKey,
}

/// The current seal key and the others.
pub(crate) struct SealKeys {
    current: SealKey,
    others: Vec<SealKey>,
}

/// Something sealed, as it is kept: nonce, ciphertext and tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sealed {
    /// The id of the key; none if it was sealed when keys had no ids.
    pub(crate) key: Option<String>,
    pub(crate) bytes: Vec<u8>,
}

/// What is sealed cannot be opened here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("neither seal_key_file nor one of seal_key_other_files is what it was sealed with")]
pub(crate) struct WrongSeal;

impl SealKey {
    fn new(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.get(..KEY_BYTES)?;
        Some(Self { id: KeyId::of(bytes, PURPOSE), key: RandomizedNonceKey::new(&AES_256_GCM, bytes).ok()? })
    }
}

impl SealKeys {
    /// The keys in the operator's files, of each of which the first 32 bytes count; none if one is shorter or there twice.
    pub(crate) fn new<B: AsRef<[u8]>>(current: &[u8], others: &[B]) -> Option<Self> {
        let mut new = Self { current: SealKey::new(current)?, others: Vec::with_capacity(others.len()) };
        for other in others {
            let other = SealKey::new(other.as_ref())?;
            if new.all().any(|known| known.id == other.id) {
                return None;
            }
            new.others.push(other);
        }
        Some(new)
    }

    fn all(&self) -> impl Iterator<Item = &SealKey> {
        std::iter::once(&self.current).chain(&self.others)
    }

    /// The id of the key that seals now.
    pub(crate) fn current(&self) -> &KeyId {
        &self.current.id
    }

    /// The ids of the others.
    pub(crate) fn others(&self) -> impl Iterator<Item = &KeyId> {
        self.others.iter().map(|other| &other.id)
    }

    /// Seals this for just this place, so that it is of no use in another's.
    pub(crate) fn seal(&self, place: &str, content: &[u8]) -> Sealed {
        let bytes = seal(&self.current.key, place, content);
        Sealed { key: Some(self.current.id.as_str().to_owned()), bytes }
    }

    /// What was sealed for this place.
    pub(crate) fn open(&self, place: &str, sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, WrongSeal> {
        let sealed_it = |key: &&SealKey| sealed.key.as_ref().is_none_or(|id| key.id.as_str() == id);
        let mut opened = self.all().filter(sealed_it).filter_map(|key| open(&key.key, place, &sealed.bytes));
        opened.next().ok_or(WrongSeal)
    }

    /// The same under the current key; none if it lies under that.
    pub(crate) fn renew(&self, place: &str, sealed: &Sealed) -> Result<Option<Sealed>, WrongSeal> {
        if sealed.key.as_deref() == Some(self.current.id.as_str()) {
            return Ok(None);
        }
        Ok(Some(self.seal(place, &self.open(place, sealed)?)))
    }
}

/// Nonce, ciphertext and tag of this content, for this place.
pub(crate) fn seal(key: &RandomizedNonceKey, place: &str, content: &[u8]) -> Vec<u8> {
    let mut content = Zeroizing::new(content.to_vec());
    let nonce = key.seal_in_place_append_tag(Aad::from(place), &mut *content);
    let nonce = nonce.expect("a key seals far more than the few bytes that are kept of anything");
    [nonce.as_ref().as_slice(), content.as_slice()].concat()
}

/// What was sealed with this key for this place.
pub(crate) fn open(key: &RandomizedNonceKey, place: &str, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, sealed) = sealed.split_at_checked(NONCE_LEN)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut content = Zeroizing::new(sealed.to_vec());
    let length = key.open_in_place(nonce, Aad::from(place), &mut content).ok()?.len();
    content.truncate(length);
    Some(content)
}

impl std::fmt::Debug for SealKeys {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("SealKeys(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: [u8; 32] = [1; 32];
    const NEW: [u8; 32] = [2; 32];

    fn keys(current: [u8; 32], others: &[[u8; 32]]) -> SealKeys {
        SealKeys::new(&current, others).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_in_its_place_and_nowhere_else() {
        let keys = keys(OLD, &[]);
        let sealed = keys.seal("here", b"something");
        assert_eq!(keys.open("here", &sealed).unwrap().as_slice(), b"something");
        assert_eq!(keys.open("there", &sealed), Err(WrongSeal));
        assert!(!sealed.bytes.windows(9).any(|window| window == b"something"));
        assert_ne!(keys.seal("here", b"something").bytes, sealed.bytes, "no nonce comes twice");
        for bit in 0..sealed.bytes.len() * 8 {
            let mut changed = sealed.clone();
            changed.bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(keys.open("here", &changed), Err(WrongSeal), "bit {bit}");
        }
        assert_eq!(keys.open("here", &Sealed { bytes: Vec::new(), ..sealed }), Err(WrongSeal));
    }

    #[test]
    fn what_lies_under_another_key_is_opened_and_sealed_anew() {
        let sealed = keys(OLD, &[]).seal("here", b"something");
        let both = keys(NEW, &[OLD]);
        let renewed = both.renew("here", &sealed).unwrap().expect("it lies under another key");
        assert_eq!(both.renew("here", &renewed), Ok(None));
        assert_eq!(keys(NEW, &[]).open("here", &renewed).unwrap().as_slice(), b"something");
        assert_eq!(keys(NEW, &[]).open("here", &sealed), Err(WrongSeal));
        let unnamed = Sealed { key: None, ..sealed };
        assert_eq!(both.open("here", &unnamed).unwrap().as_slice(), b"something");
        assert!(both.renew("here", &unnamed).unwrap().is_some());
    }

    #[test]
    fn a_short_key_and_one_that_is_there_twice_are_refused() {
        assert!(SealKeys::new::<[u8; 32]>(&[1; 31], &[]).is_none());
        assert!(SealKeys::new(&NEW, &[[1; 31]]).is_none());
        assert!(SealKeys::new(&OLD, &[OLD]).is_none());
    }
}
