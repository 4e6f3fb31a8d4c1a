//! The one-time secret that the first administrator is made with.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{Digest, SHA256, digest};

/// How long the secret must be, so that nobody guesses it.
pub(crate) const SECRET_BYTES_MIN: usize = 32;

/// The secret, as no more than its digest.
pub(crate) struct BootstrapSecret(Digest);

impl BootstrapSecret {
    /// The secret in the operator's file; none if it is too short.
    pub(crate) fn new(secret: &[u8]) -> Option<Self> {
        (secret.len() >= SECRET_BYTES_MIN).then(|| Self(digest(&SHA256, secret)))
    }

    /// Whether this is it. Digests are compared, in constant time, so that not even its length shows.
    pub(crate) fn is(&self, candidate: &str) -> bool {
        verify_slices_are_equal(self.0.as_ref(), digest(&SHA256, candidate.as_bytes()).as_ref()).is_ok()
    }
}

impl std::fmt::Debug for BootstrapSecret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("BootstrapSecret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_secret_is_it() {
        let text = "0123456789abcdef0123456789abcdef";
        let secret = BootstrapSecret::new(text.as_bytes()).unwrap();
        assert!(secret.is(text));
        for bad in ["", &text[1..], "0123456789abcdef0123456789abcdeF", "0123456789abcdef0123456789abcdef\n"] {
            assert!(!secret.is(bad), "{bad:?}");
        }
    }

    #[test]
    fn a_short_secret_is_none() {
        assert!(BootstrapSecret::new(&[b'a'; SECRET_BYTES_MIN - 1]).is_none());
        assert!(BootstrapSecret::new(&[b'a'; SECRET_BYTES_MIN]).is_some());
    }
}
