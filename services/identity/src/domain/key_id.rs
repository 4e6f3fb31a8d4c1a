//! What the operator's keys are called: a name that follows from the key, so that none has to be given, and none can be given wrongly.

use std::fmt;

use aws_lc_rs::hmac;

/// How many bytes of the digest make the name.
const BYTES: usize = 8;

/// The id of a pepper or a seal key: 16 hexadecimal characters, from which nothing of the key follows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct KeyId(String);

impl KeyId {
    /// The id of a key that serves this purpose.
    pub(crate) fn of(key: &[u8], purpose: &str) -> Self {
        let digest = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), purpose.as_bytes());
        Self(digest.as_ref().iter().take(BYTES).map(|byte| format!("{byte:02x}")).collect())
    }

    /// The id as it was kept.
    pub(crate) fn from_store(text: String) -> Self {
        Self(text)
    }

    /// The id as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_one_id_for_each_purpose_and_no_other_key_has_it() {
        let id = KeyId::of(&[1; 32], "pepper");
        assert_eq!(id, KeyId::of(&[1; 32], "pepper"));
        assert_eq!(id.as_str().len(), 2 * BYTES);
        assert_ne!(id, KeyId::of(&[2; 32], "pepper"));
        assert_ne!(id, KeyId::of(&[1; 32], "seal"));
    }
}
