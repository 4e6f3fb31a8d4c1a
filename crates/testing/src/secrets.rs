//! Secrets in files of mode 0600: made once, then kept.

use std::path::Path;

use crate::error::Result;
use crate::{place, surroundings};

/// Makes sure that the file holds 32 random bytes in hexadecimal.
///
/// # Errors
/// If it cannot be written.
pub fn keep_random(path: &Path) -> Result<()> {
    if path.exists() {
        return Ok(());
    }
    place::write_private(path, surroundings::hexadecimal(&surroundings::random::<32>()).as_bytes())
}

/// Makes sure that the file holds a private key for ES256: P-256 as PKCS#8 in PEM.
///
/// # Errors
/// If it cannot be made or written.
pub fn keep_signing_key(path: &Path) -> Result<()> {
    if path.exists() {
        return Ok(());
    }
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)?;
    place::write_private(path, key.serialize_pem().as_bytes())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_secret_is_made_once_and_only_its_owner_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        keep_random(&path).unwrap();
        let first = std::fs::read_to_string(&path).unwrap();
        keep_random(&path).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), first);
        assert_eq!(first.len(), 64);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_signing_key_is_pkcs8_in_pem() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.pem");
        keep_signing_key(&path).unwrap();
        assert!(std::fs::read_to_string(&path).unwrap().starts_with("-----BEGIN PRIVATE KEY-----"));
    }
}
