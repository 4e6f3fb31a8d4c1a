//! The section `[identity]` of the configuration.

use std::path::{Path, PathBuf};

use chassis::secret::Secret;
use chassis::{ServiceConfig, StartError};
use serde::{Deserialize, Serialize};

use crate::domain::bootstrap::{BootstrapSecret, SECRET_BYTES_MIN};
use crate::domain::signing_key::{ROTATION_SECONDS_MAX, ROTATION_SECONDS_MIN};
use crate::issuers::{self, IssuerConfig};

/// The section `[identity]`. Every secret is in a file of its own.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The file with the one-time secret that the first administrator is made with: 32 bytes or more of text. Without it
    /// the installation cannot be bootstrapped; it may be taken away once that is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bootstrap_secret_file: Option<PathBuf>,
    /// The URL that access tokens name as their issuer: the gateway's, `https://HOST[:PORT]`, without a slash at the end. Clients find
    /// the documents of OAuth 2 under it, and compare it byte for byte.
    pub issuer: String,
    /// The platforms whose workloads get access tokens for what the platform gives them: Kubernetes clusters and SPIFFE trust domains, at
    /// most 16.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub issuers: Vec<IssuerConfig>,
    /// The file with the key that API keys and clients' secrets are hashed with: 32 bytes or more in hexadecimal. The same for all replicas; with
    /// another one, every API key is unknown.
    pub pepper_file: PathBuf,
    /// The file with the key that the private halves of signing keys are sealed with in the database: 32 bytes or more in hexadecimal, of
    /// which 32 count. The same for all replicas; with another one, identity does not get ready.
    pub seal_key_file: PathBuf,
    /// How long a key signs access tokens before the next takes over, in seconds: 600 (10 minutes) to 15,552,000 (180 days).
    #[serde(default = "default_rotation_seconds")]
    pub token_key_rotation_seconds: u64,
}

impl ServiceConfig for Config {
    fn validate(&self) -> Result<(), String> {
        if !is_issuer(&self.issuer) {
            return Err("issuer must be https://HOST[:PORT], in lower case, without path".to_owned());
        }
        issuers::validate(&self.issuers)?;
        if !(ROTATION_SECONDS_MIN..=ROTATION_SECONDS_MAX).contains(&self.token_key_rotation_seconds) {
            return Err("token_key_rotation_seconds must be 600 to 15552000".to_owned());
        }
        if self.pepper_file == self.seal_key_file {
            return Err("pepper_file and seal_key_file must be two files".to_owned());
        }
        match &self.bootstrap_secret_file {
            Some(file) if *file == self.pepper_file || *file == self.seal_key_file => {
                Err("bootstrap_secret_file must be a file of its own: its content is sent over the network".to_owned())
            }
            Some(_) | None => Ok(()),
        }
    }
}

/// 30 days.
pub(crate) fn default_rotation_seconds() -> u64 {
    30 * 86_400
}

/// No path: the documents' paths are the gateway's own, and one issuer has one spelling.
fn is_issuer(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("https://") else { return false };
    let (host, port) = rest.split_once(':').map_or((rest, None), |(host, port)| (host, Some(port)));
    let in_host = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
    !host.is_empty()
        && host.bytes().all(in_host)
        && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
}

/// Reads the bootstrap secret, if it is long enough not to be guessed.
pub(crate) fn read_bootstrap_secret(path: &Path) -> Result<BootstrapSecret, StartError> {
    let secret = Secret::read(path)?;
    BootstrapSecret::new(secret.expose()).ok_or_else(|| {
        let path = path.display();
        StartError::Config(format!("identity.bootstrap_secret_file: {path} must hold {SECRET_BYTES_MIN} bytes or more"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(bootstrap: Option<&str>, pepper: &str, seal_key: &str) -> Config {
        Config {
            bootstrap_secret_file: bootstrap.map(PathBuf::from),
            issuer: "https://access.example.com".to_owned(),
            issuers: Vec::new(),
            pepper_file: pepper.into(),
            seal_key_file: seal_key.into(),
            token_key_rotation_seconds: default_rotation_seconds(),
        }
    }

    #[test]
    fn an_issuer_has_one_spelling() {
        for good in ["https://a", "https://access.example.com", "https://localhost:8443"] {
            assert!(is_issuer(good), "{good}");
        }
        for bad in
            ["", "http://a", "https://", "https://a/", "https://a/b", "https://A", "https://a:", "https://a:0", "a"]
        {
            assert!(!is_issuer(bad), "{bad}");
        }
    }

    #[test]
    fn a_key_signs_for_ten_minutes_to_half_a_year() {
        let rotating = |seconds| Config { token_key_rotation_seconds: seconds, ..config(None, "b", "c") };
        assert!(rotating(ROTATION_SECONDS_MIN).validate().is_ok() && rotating(ROTATION_SECONDS_MAX).validate().is_ok());
        assert!(rotating(ROTATION_SECONDS_MIN - 1).validate().is_err());
        assert!(rotating(ROTATION_SECONDS_MAX + 1).validate().is_err());
    }

    #[test]
    fn no_file_serves_for_two_secrets() {
        assert!(config(Some("a"), "b", "c").validate().is_ok());
        assert!(config(None, "b", "c").validate().is_ok());
        for bad in [config(Some("b"), "b", "c"), config(Some("c"), "b", "c"), config(None, "b", "b")] {
            assert!(bad.validate().is_err(), "{bad:?}");
        }
    }
}
