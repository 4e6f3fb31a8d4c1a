//! The section `[gate]` of the configuration.

use std::collections::HashSet;
use std::path::PathBuf;

use assertion::ASSERTION_SECONDS_MAX;
use chassis::ServiceConfig;
use serde::{Deserialize, Serialize};

use crate::domain::host;

const MIB: usize = 1_024 * 1_024;

/// What gate must be told.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GateConfig {
    /// The file with the private key that assertions are signed with: P-256, PKCS #8, PEM.
    pub assertion_key_file: PathBuf,
    /// The hosts of Bailiwick's own API, in lower case, without ports. No tenant can have one of them.
    #[serde(default)]
    pub own_hosts: Vec<String>,
    /// How long an assertion lives: 2 to 60 seconds.
    #[serde(default = "default_assertion_seconds")]
    pub assertion_seconds: i64,
    /// How long what identity said about an API key is believed: 1 to 300 seconds. A revocation ends it at once.
    #[serde(default = "default_api_key_cache_seconds_max")]
    pub api_key_cache_seconds_max: u64,
    /// How long credentials are believed while nothing is heard of identity: 5 to 3,600 seconds.
    #[serde(default = "default_identity_silence_seconds_max")]
    pub identity_silence_seconds_max: u64,
    /// How many routes a tenant may have: 1 to 10,000.
    #[serde(default = "default_routes_max")]
    pub routes_max: usize,
    /// How many decisions are remembered for each tenant, to be explained and decided anew: 0 to 100,000.
    #[serde(default = "default_decision_records_max")]
    pub decision_records_max: usize,
    /// How long a decision is remembered: 1 to 86,400 seconds.
    #[serde(default = "default_decision_record_seconds_max")]
    pub decision_record_seconds_max: u32,
    /// How much memory the decisions of all tenants may take together: 1 MiB to 1 GiB, in bytes.
    #[serde(default = "default_decision_record_bytes_max")]
    pub decision_record_bytes_max: usize,
}

impl ServiceConfig for GateConfig {
    fn validate(&self) -> Result<(), String> {
        if !(2..=ASSERTION_SECONDS_MAX).contains(&self.assertion_seconds) {
            return Err(format!("assertion_seconds must be 2 to {ASSERTION_SECONDS_MAX}"));
        }
        if !(1..=300).contains(&self.api_key_cache_seconds_max) {
            return Err("api_key_cache_seconds_max must be 1 to 300".to_owned());
        }
        if !(5..=3_600).contains(&self.identity_silence_seconds_max) {
            return Err("identity_silence_seconds_max must be 5 to 3600".to_owned());
        }
        if !(1..=10_000).contains(&self.routes_max) {
            return Err("routes_max must be 1 to 10000".to_owned());
        }
        if self.decision_records_max > 100_000 {
            return Err("decision_records_max must be 0 to 100000".to_owned());
        }
        if !(1..=86_400).contains(&self.decision_record_seconds_max) {
            return Err("decision_record_seconds_max must be 1 to 86400".to_owned());
        }
        if !(MIB..=1_024 * MIB).contains(&self.decision_record_bytes_max) {
            return Err("decision_record_bytes_max must be 1 MiB to 1 GiB".to_owned());
        }
        let mut seen = HashSet::new();
        for own in &self.own_hosts {
            if !host::is_canonical(own) {
                return Err(format!("own_hosts: {own:?} {}", host::FORM));
            }
            if !seen.insert(own) {
                return Err(format!("own_hosts: {own:?} stands twice"));
            }
        }
        Ok(())
    }
}

fn default_assertion_seconds() -> i64 {
    ASSERTION_SECONDS_MAX
}

fn default_api_key_cache_seconds_max() -> u64 {
    60
}

fn default_identity_silence_seconds_max() -> u64 {
    60
}

fn default_routes_max() -> usize {
    10_000
}

fn default_decision_records_max() -> usize {
    1_000
}

fn default_decision_record_seconds_max() -> u32 {
    900
}

fn default_decision_record_bytes_max() -> usize {
    64 * MIB
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> GateConfig {
        GateConfig {
            assertion_key_file: PathBuf::from("assertion.pem"),
            own_hosts: vec!["localhost".to_owned()],
            assertion_seconds: 60,
            api_key_cache_seconds_max: 60,
            identity_silence_seconds_max: 60,
            routes_max: 10_000,
            decision_records_max: 1_000,
            decision_record_seconds_max: 900,
            decision_record_bytes_max: 64 * MIB,
        }
    }

    #[test]
    fn a_value_out_of_its_range_is_refused_by_its_name() {
        assert_eq!(config().validate(), Ok(()));
        for (wrong, name) in [
            (GateConfig { assertion_seconds: 61, ..config() }, "assertion_seconds"),
            (GateConfig { assertion_seconds: 1, ..config() }, "assertion_seconds"),
            (GateConfig { api_key_cache_seconds_max: 0, ..config() }, "api_key_cache_seconds_max"),
            (GateConfig { api_key_cache_seconds_max: 301, ..config() }, "api_key_cache_seconds_max"),
            (GateConfig { identity_silence_seconds_max: 4, ..config() }, "identity_silence_seconds_max"),
            (GateConfig { routes_max: 0, ..config() }, "routes_max"),
            (GateConfig { routes_max: 10_001, ..config() }, "routes_max"),
            (GateConfig { decision_records_max: 100_001, ..config() }, "decision_records_max"),
            (GateConfig { decision_record_seconds_max: 0, ..config() }, "decision_record_seconds_max"),
            (GateConfig { decision_record_bytes_max: MIB - 1, ..config() }, "decision_record_bytes_max"),
            (GateConfig { own_hosts: vec!["Localhost".to_owned()], ..config() }, "own_hosts"),
            (GateConfig { own_hosts: vec!["localhost:8443".to_owned()], ..config() }, "own_hosts"),
            (GateConfig { own_hosts: vec!["localhost".to_owned(), "localhost".to_owned()], ..config() }, "own_hosts"),
        ] {
            assert!(wrong.validate().is_err_and(|problem| problem.starts_with(name)), "{wrong:?}");
        }
    }
}
