//! The section `[identity]` of the configuration.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use chassis::secret::Secret;
use chassis::{ServiceConfig, StartError};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::domain::bootstrap::{BootstrapSecret, SECRET_BYTES_MIN};
use crate::domain::pepper::{OTHER_PEPPERS_MAX, Peppers};
use crate::domain::seal::{OTHER_SEAL_KEYS_MAX, SealKeys};
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
    /// The file with the pepper, the key that API keys and clients' secrets are hashed with: 32 bytes or more in hexadecimal. The same for all
    /// replicas. `docs/runbooks/rotation.md` says how another takes its place.
    pub pepper_file: PathBuf,
    /// The files of up to 4 other peppers, whose hashes are good too: of the next before all replicas have it, and of earlier ones until
    /// no hash lies under them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pepper_other_files: Vec<PathBuf>,
    /// The file with the key that is sealed with in the database (the private halves of signing keys): 32 bytes or more in hexadecimal, of
    /// which 32 count. The same for all replicas; without the one that was sealed with, identity does not get ready.
    pub seal_key_file: PathBuf,
    /// The files of up to 4 other seal keys, which only open what was sealed with them: the next, and earlier ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seal_key_other_files: Vec<PathBuf>,
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
        for (name, others, max) in [
            ("pepper_other_files", &self.pepper_other_files, OTHER_PEPPERS_MAX),
            ("seal_key_other_files", &self.seal_key_other_files, OTHER_SEAL_KEYS_MAX),
        ] {
            if others.len() > max {
                return Err(format!("{name} must be at most {max}"));
            }
        }
        self.one_secret_a_file()
    }
}

impl Config {
    /// The section with these files, and the defaults.
    pub fn with_keys(issuer: &str, pepper_file: PathBuf, seal_key_file: PathBuf) -> Self {
        Self {
            bootstrap_secret_file: None,
            issuer: issuer.to_owned(),
            issuers: Vec::new(),
            pepper_file,
            pepper_other_files: Vec::new(),
            seal_key_file,
            seal_key_other_files: Vec::new(),
            token_key_rotation_seconds: default_rotation_seconds(),
        }
    }

    fn one_secret_a_file(&self) -> Result<(), String> {
        let keys = [&self.pepper_file, &self.seal_key_file].into_iter();
        let mut seen: BTreeSet<&Path> = BTreeSet::new();
        for file in keys.chain(&self.pepper_other_files).chain(&self.seal_key_other_files) {
            if !seen.insert(file) {
                return Err(format!("{} must hold one key, named once: peppers and seal keys", file.display()));
            }
        }
        match &self.bootstrap_secret_file {
            Some(file) if seen.contains(file.as_path()) => {
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

/// Reads the peppers.
pub(crate) fn read_peppers(config: &Config) -> Result<Peppers, StartError> {
    let others = read_keys(&config.pepper_other_files)?;
    Peppers::new(&Secret::read_key(&config.pepper_file)?, &others).ok_or_else(|| {
        StartError::Credential("identity.pepper_file and pepper_other_files hold one pepper twice".to_owned())
    })
}

/// Reads the seal keys.
pub(crate) fn read_seal_keys(config: &Config) -> Result<SealKeys, StartError> {
    let others = read_keys(&config.seal_key_other_files)?;
    SealKeys::new(&Secret::read_key(&config.seal_key_file)?, &others).ok_or_else(|| {
        StartError::Credential("identity.seal_key_file and seal_key_other_files hold one key twice".to_owned())
    })
}

fn read_keys(files: &[PathBuf]) -> Result<Vec<Zeroizing<Vec<u8>>>, StartError> {
    files.iter().map(|file| Ok(Secret::read_key(file)?)).collect()
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
        let section = Config::with_keys("https://access.example.com", pepper.into(), seal_key.into());
        Config { bootstrap_secret_file: bootstrap.map(PathBuf::from), ..section }
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
        let others = |config: Config, peppers: &[&str], seal_keys: &[&str]| {
            let files = |names: &[&str]| names.iter().map(PathBuf::from).collect();
            Config { pepper_other_files: files(peppers), seal_key_other_files: files(seal_keys), ..config }
        };
        assert!(others(config(Some("a"), "b", "c"), &["d", "e"], &["f"]).validate().is_ok());
        for bad in [
            config(Some("b"), "b", "c"),
            config(Some("c"), "b", "c"),
            config(None, "b", "b"),
            others(config(None, "b", "c"), &["b"], &[]),
            others(config(None, "b", "c"), &["c"], &[]),
            others(config(None, "b", "c"), &["d"], &["d"]),
            others(config(Some("d"), "b", "c"), &["d"], &[]),
        ] {
            assert!(bad.validate().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn four_other_keys_of_each_kind_and_no_more() {
        let files = |count: usize| (0..count).map(|number| PathBuf::from(format!("f{number}"))).collect::<Vec<_>>();
        let with = |peppers, seal_keys: usize| {
            let seal_keys = files(4 + seal_keys).split_off(4);
            Config { pepper_other_files: files(peppers), seal_key_other_files: seal_keys, ..config(None, "b", "c") }
        };
        assert!(with(4, 4).validate().is_ok());
        assert!(with(5, 0).validate().is_err_and(|problem| problem.contains("pepper_other_files")));
        assert!(with(0, 5).validate().is_err_and(|problem| problem.contains("seal_key_other_files")));
    }
}
