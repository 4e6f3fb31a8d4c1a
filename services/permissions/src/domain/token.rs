//! Consistency tokens (the paper's zookies): a revision, sealed for one tenant so that nobody else can make or use one.
//!
//! A token names its history too, by the first bytes of the digest: a write that the database lost is not taken for the one that
//! got its number.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chassis::TenantId;
use uuid::Uuid;

use super::digest::Lineage;
use super::revision::Revision;

/// The form of the tokens that are made now.
const VERSION: u8 = 2;

/// Version, epoch, number, lineage.
const MESSAGE_BYTES: usize = 1 + 16 + 8 + 8;

/// What else the key may once seal must not be taken for a token.
const PURPOSE: &[u8] = b"bailiwick consistency token";

/// The keys that tokens are sealed with: HMAC-SHA256 (RFC 2104).
#[derive(Clone, Debug)]
pub(crate) struct TokenKeys {
    current: hmac::Key,
    previous: Option<hmac::Key>,
}

impl TokenKeys {
    /// Seals with `current`, and takes what was sealed with `previous` too.
    pub(crate) fn new(current: &[u8], previous: Option<&[u8]>) -> Self {
        let key = |bytes: &[u8]| hmac::Key::new(hmac::HMAC_SHA256, bytes);
        Self { current: key(current), previous: previous.map(key) }
    }

    /// The token of a revision, for a tenant.
    pub(crate) fn seal(&self, tenant: &TenantId, revision: &Revision) -> String {
        let mut bytes = [0; MESSAGE_BYTES].to_vec();
        bytes[0] = VERSION;
        bytes[1..17].copy_from_slice(revision.epoch.as_bytes());
        bytes[17..25].copy_from_slice(&revision.number.to_be_bytes());
        bytes[25..].copy_from_slice(&revision.lineage.0.to_be_bytes());
        let tag = hmac::sign(&self.current, &sealed(&bytes, tenant));
        bytes.extend_from_slice(tag.as_ref());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The revision in a token; none if this service did not give it out to this tenant.
    pub(crate) fn open(&self, tenant: &TenantId, token: &str) -> Option<Revision> {
        // A longer text is no token, and need not be decoded to know it.
        if token.len() > 2 * (MESSAGE_BYTES + 32) {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (message, tag) = bytes.split_at_checked(MESSAGE_BYTES)?;
        let sealed = sealed(message, tenant);
        let genuine = [Some(&self.current), self.previous.as_ref()]
            .into_iter()
            .flatten()
            .any(|key| hmac::verify(key, &sealed, tag).is_ok());
        if !genuine || message.first() != Some(&VERSION) {
            return None;
        }
        let (epoch, rest) = message.get(1..)?.split_first_chunk()?;
        let (number, rest) = rest.split_first_chunk()?;
        let (lineage, _) = rest.split_first_chunk()?;
        let lineage = Lineage(u64::from_be_bytes(*lineage));
        Some(Revision { epoch: Uuid::from_bytes(*epoch), number: u64::from_be_bytes(*number), lineage })
    }
}

/// What the tag is over. The message has one length, so nothing of it can pass for the tenant's.
fn sealed(message: &[u8], tenant: &TenantId) -> Vec<u8> {
    [PURPOSE, message, tenant.as_str().as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::Index;

    use super::*;

    fn revision() -> Revision {
        Revision { epoch: Uuid::from_u128(7), number: 42, lineage: Lineage(0x0123_4567_89ab_cdef) }
    }

    fn tenant(id: &str) -> TenantId {
        id.parse().unwrap()
    }

    #[test]
    fn a_token_opens_to_what_was_sealed() {
        let keys = TokenKeys::new(&[1; 32], None);
        let token = keys.seal(&tenant("acme"), &revision());
        assert_eq!(keys.open(&tenant("acme"), &token), Some(revision()));
    }

    #[test]
    fn a_token_is_of_no_use_to_another_tenant_or_under_another_key() {
        let keys = TokenKeys::new(&[1; 32], None);
        let token = keys.seal(&tenant("acme"), &revision());
        assert_eq!(keys.open(&tenant("acmf"), &token), None);
        assert_eq!(TokenKeys::new(&[2; 32], None).open(&tenant("acme"), &token), None);
    }

    #[test]
    fn a_token_survives_one_change_of_the_key() {
        let token = TokenKeys::new(&[1; 32], None).seal(&tenant("acme"), &revision());
        let keys = TokenKeys::new(&[2; 32], Some(&[1; 32]));
        assert_eq!(keys.open(&tenant("acme"), &token), Some(revision()));
    }

    #[test]
    fn no_bit_of_a_token_can_be_changed() {
        let keys = TokenKeys::new(&[1; 32], None);
        let token = URL_SAFE_NO_PAD.decode(keys.seal(&tenant("acme"), &revision())).unwrap();
        for bit in 0..token.len() * 8 {
            let mut forged = token.clone();
            forged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(keys.open(&tenant("acme"), &URL_SAFE_NO_PAD.encode(forged)), None, "bit {bit}");
        }
    }

    #[test]
    fn what_is_no_token_opens_to_nothing() {
        let keys = TokenKeys::new(&[1; 32], None);
        for text in ["", "x", "AQ", "not base64!", &"A".repeat(87), &"A".repeat(100_000)] {
            assert_eq!(keys.open(&tenant("acme"), text), None);
        }
    }
    proptest! {
        #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn arbitrary_bytes_and_texts_open_to_nothing(bytes in vec(any::<u8>(), 0..120), text in ".{0,120}") {
            let keys = TokenKeys::new(&[1; 32], Some(&[2; 32]));
            prop_assert_eq!(keys.open(&tenant("acme"), &text), None);
            prop_assert_eq!(keys.open(&tenant("acme"), &URL_SAFE_NO_PAD.encode(&bytes)), None);
            prop_assert_eq!(keys.open(&tenant("acme"), &String::from_utf8_lossy(&bytes)), None);
        }

        #[test]
        fn a_token_that_is_not_letter_for_letter_what_was_sealed_opens_to_nothing(
            epoch in any::<u128>(), number in any::<u64>(), lineage in any::<u64>(),
            from in any::<Index>(), taken in 0..30_usize, put in "[A-Za-z0-9_=é-]{0,30}",
        ) {
            let sealed = Revision { epoch: Uuid::from_u128(epoch), number, lineage: Lineage(lineage) };
            let keys = TokenKeys::new(&[1; 32], None);
            let token = keys.seal(&tenant("acme"), &sealed);
            let from = from.index(token.len() + 1);
            let other = format!("{}{put}{}", &token[..from], token.get(from + taken..).unwrap_or_default());
            let expected = (other == token).then_some(sealed);
            prop_assert_eq!(keys.open(&tenant("acme"), &other), expected);
        }
    }
}
