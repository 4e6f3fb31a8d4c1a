//! The sections that every service has.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::start::StartError;

/// Where the service listens, and how it ends.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerConfig {
    /// The address for gRPC over TLS.
    pub listen: SocketAddr,
    /// The address for metrics and health over plain HTTP. Not to be reached from outside.
    pub admin_listen: SocketAddr,
    /// How long after SIGTERM it still takes new calls, while it says that it is not ready: until whoever balances calls has
    /// noticed. Envoy asks twice a second.
    #[serde(default = "default_drain_delay_ms")]
    pub drain_delay_ms: u64,
    /// How long calls under way may take to end after that.
    #[serde(default = "default_drain_seconds_max")]
    pub drain_seconds_max: u64,
    /// How many calls may be under way at once, at the most: it is fewer while work waits for a processor. More are refused with
    /// OVERLOADED.
    #[serde(default = "default_calls_max")]
    pub calls_max: usize,
    /// How many connections may be open at once; more wait to be accepted.
    #[serde(default = "default_connections_max")]
    pub connections_max: usize,
    /// How long a connection takes new calls, before its client is told to open another (HTTP/2's GOAWAY). Calls under way end in
    /// peace, streams too.
    #[serde(default = "default_connection_age_seconds_max")]
    pub connection_age_seconds_max: u64,
    /// How many events wait for the audit sink before the oldest are shed.
    #[serde(default = "default_outbox_max")]
    pub outbox_max: i64,
}

/// The service's certificate, and whose it believes.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    /// The certificate chain, PEM. Its name is `spiffe://TRUST_DOMAIN/SERVICE`.
    pub certificate_file: PathBuf,
    /// Its private key, PEM.
    pub key_file: PathBuf,
    /// The certificates that others' must lead to, PEM.
    pub ca_file: PathBuf,
    /// The domain of the names in the certificates.
    pub trust_domain: String,
}

/// The service's database.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseConfig {
    /// `postgres://ROLE@HOST/DATABASE`, without the password.
    pub url: String,
    /// The file with the role's password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_file: Option<PathBuf>,
    /// How many connections the pool opens.
    #[serde(default = "default_database_connections_max")]
    pub connections_max: u32,
    /// How long a call waits for a connection.
    #[serde(default = "default_acquire_ms_max")]
    pub acquire_ms_max: u64,
}

/// What the service says of itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TelemetryConfig {
    /// How a log line looks.
    #[serde(default)]
    pub log_format: LogFormat,
    /// Which lines are written, as `level` or `target=level,…`.
    #[serde(default = "default_log_filter")]
    pub log_filter: String,
    /// Where spans are sent, by OTLP over gRPC: `https://HOST:PORT`, with the service's own certificate, or `http://` to a
    /// collector on this machine. None: nothing is traced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub otlp_endpoint: Option<String>,
    /// The share of calls that are traced among those that come without a trace, from 0 to 1. Those that come with one are
    /// traced if it is sampled.
    #[serde(default = "default_sample_ratio")]
    pub sample_ratio: f64,
    /// How many spans wait to be sent before more are lost, and counted.
    #[serde(default = "default_spans_waiting_max")]
    pub spans_waiting_max: usize,
}

/// How a log line looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// One JSON object a line.
    #[default]
    Json,
    /// For people.
    Pretty,
}

/// Another service.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PeerConfig {
    /// Where it is.
    pub address: Addresses,
}

/// The most addresses that a peer may have.
pub const ADDRESSES_MAX: usize = 16;

/// `https://HOST:PORT`, or a list of them: one for each replica, or names that stand for several. Names are looked up every 5
/// seconds. Calls take turns over all addresses.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged, expecting = "https://HOST:PORT, or a list of them")]
pub enum Addresses {
    /// The only one.
    One(String),
    /// From one to [`ADDRESSES_MAX`].
    Several(Vec<String>),
}

impl Addresses {
    /// All of them.
    pub fn all(&self) -> &[String] {
        match self {
            Self::One(address) => std::slice::from_ref(address),
            Self::Several(addresses) => addresses,
        }
    }
}

impl ServerConfig {
    pub(super) fn validate(&self) -> Result<(), StartError> {
        for (key, value) in [
            ("server.calls_max", self.calls_max),
            ("server.connections_max", self.connections_max),
            (
                "server.connection_age_seconds_max",
                usize::try_from(self.connection_age_seconds_max).unwrap_or(usize::MAX),
            ),
            ("server.outbox_max", usize::try_from(self.outbox_max).unwrap_or(0)),
        ] {
            if value == 0 {
                return Err(StartError::Config(format!("{key} must be at least 1")));
            }
        }
        Ok(())
    }
}

impl DatabaseConfig {
    pub(super) fn validate(&self) -> Result<(), StartError> {
        let url = url::Url::parse(&self.url)
            .map_err(|error| StartError::Config(format!("database.url is not a URL: {error}")))?;
        // PostgreSQL's URLs may hold it in a parameter too.
        if url.password().is_some() || url.query_pairs().any(|(name, _)| name.contains("password")) {
            return Err(StartError::Config(
                "database.url holds a password: put it into the file that database.password_file names".to_owned(),
            ));
        }
        if self.connections_max == 0 {
            return Err(StartError::Config("database.connections_max must be at least 1".to_owned()));
        }
        Ok(())
    }
}

impl PeerConfig {
    pub(super) fn validate(&self, name: &str) -> Result<(), StartError> {
        let addresses = self.address.all();
        if !(1..=ADDRESSES_MAX).contains(&addresses.len()) {
            return Err(StartError::Config(format!(
                "peers.{name}.address must have from 1 to {ADDRESSES_MAX} addresses"
            )));
        }
        if addresses.iter().all(|address| address.starts_with("https://") && address.parse::<http::Uri>().is_ok()) {
            Ok(())
        } else {
            Err(StartError::Config(format!("peers.{name}.address must be https://HOST:PORT, or a list of them")))
        }
    }
}

impl TelemetryConfig {
    pub(super) fn validate(&self) -> Result<(), StartError> {
        let refuse = |problem: &str| Err(StartError::Config(format!("telemetry.{problem}")));
        if !(0.0..=1.0).contains(&self.sample_ratio) {
            return refuse("sample_ratio must be from 0 to 1");
        }
        if self.spans_waiting_max == 0 {
            return refuse("spans_waiting_max must be at least 1");
        }
        match self.otlp_endpoint.as_deref().map(url::Url::parse) {
            None => Ok(()),
            Some(Ok(url)) if !url.username().is_empty() || url.password().is_some() => {
                refuse("otlp_endpoint holds a credential: the service shows its certificate")
            }
            Some(Ok(url)) if url.scheme() == "https" && url.host().is_some() => Ok(()),
            // Spans say who calls what: in plain text they stay on the machine.
            Some(Ok(url)) if url.scheme() == "http" && is_this_machine(&url) => Ok(()),
            Some(_) => refuse("otlp_endpoint must be https://HOST:PORT, or http:// with an address of this machine"),
        }
    }
}

fn is_this_machine(url: &url::Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self {
            log_format: LogFormat::default(),
            log_filter: default_log_filter(),
            otlp_endpoint: None,
            sample_ratio: default_sample_ratio(),
            spans_waiting_max: default_spans_waiting_max(),
        }
    }
}

fn default_drain_delay_ms() -> u64 {
    1_500
}

fn default_drain_seconds_max() -> u64 {
    20
}

fn default_calls_max() -> usize {
    1_024
}

fn default_connections_max() -> usize {
    4_096
}

fn default_connection_age_seconds_max() -> u64 {
    300
}

fn default_outbox_max() -> i64 {
    100_000
}

fn default_database_connections_max() -> u32 {
    10
}

fn default_acquire_ms_max() -> u64 {
    2_000
}

fn default_sample_ratio() -> f64 {
    0.01
}

fn default_spans_waiting_max() -> usize {
    4_096
}

fn default_log_filter() -> String {
    "info".to_owned()
}
