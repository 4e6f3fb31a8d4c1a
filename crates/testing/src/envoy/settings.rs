//! What a gateway is told: the same fields on a laptop and in a cluster, which has them in a file (TOML).

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;

use crate::cluster::{Part, SERVICES};
use crate::error::{Error, Result};

/// A gateway.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where clients connect.
    pub listen: SocketAddr,
    /// Envoy's administration, which can stop it: on loopback, and nowhere else.
    pub admin_listen: SocketAddr,
    /// Where others may ask whether Envoy is ready (`/ready`) and for its metrics (`/stats/prometheus`). Nowhere, unless it is said.
    #[serde(default)]
    pub status_listen: Option<SocketAddr>,
    /// The trust domain of the services' certificates.
    pub trust_domain: String,
    /// Its certificate, PEM: as a server for its hosts, and as the peer `gateway`.
    pub certificate_file: PathBuf,
    /// The key of it, PEM.
    pub key_file: PathBuf,
    /// Who vouches for the services, PEM.
    pub ca_file: PathBuf,
    /// Where Envoy finds the descriptors of the RPCs, by which JSON is read.
    pub descriptors_file: PathBuf,
    /// Where Envoy writes who called what.
    pub access_log_file: PathBuf,
    /// Where the services answer, as `host:port`: each of identity, permissions and gate has one address or more.
    pub services: BTreeMap<String, Vec<String>>,
    /// What tenants have behind the gateway.
    #[serde(default)]
    pub upstreams: Vec<Upstream>,
    /// Whose pages may call Bailiwick's own RPCs from a browser, as `https://host[:port]`. Nobody's, unless some are named.
    #[serde(default)]
    pub cors_origins: Vec<String>,
    /// Where spans of requests are sent. Nowhere, unless it is said.
    #[serde(default)]
    pub tracing: Option<Tracing>,
    /// What is refused.
    #[serde(default)]
    pub limits: Limits,
}

/// How requests are traced.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tracing {
    /// Where the collector takes OTLP over gRPC, as `host:port`, in plain text: beside Envoy, or in a mesh of its own.
    pub collector: String,
    /// How many of a hundred requests are traced of those that come without a trace.
    pub sampled_percent: f64,
    /// Whether a caller's `traceparent` says which trace its request is part of, and whether that is sampled. Otherwise it is
    /// taken off: from outside, anybody could have everything traced.
    #[serde(default)]
    pub callers_are_believed: bool,
}

/// A server of a tenant's behind the gateway.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Upstream {
    /// `[a-z][a-z0-9-]*`; no service of the plane.
    pub name: String,
    /// The hosts that are routed to it.
    pub hosts: Vec<String>,
    /// Where it answers, as `host:port`.
    pub addresses: Vec<String>,
    /// What Envoy asks for, to know that it is healthy.
    pub health_path: String,
}

/// What one gateway takes. docs/guides/gateway.md says what it refuses with.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Connections of all clients.
    pub connections_max: u32,
    /// How long a connection takes new requests, before its client is told to open another.
    pub connection_seconds_max: u32,
    /// Streams at once on a connection of HTTP/2.
    pub streams_max: u32,
    /// All headers of a request, in KiB.
    pub headers_kib_max: u32,
    /// Headers of a request.
    pub headers_max: u32,
    /// From a request's first byte to the end of its headers; and from a connection to the end of its TLS handshake.
    pub headers_seconds_max: u32,
    /// From a request's first byte to its last.
    pub request_seconds_max: u32,
    /// How long nothing may move on a stream.
    pub stream_idle_seconds_max: u32,
    /// A request's body in JSON, in bytes. What gRPC calls may be long, their service says.
    pub json_bytes_max: u32,
    /// Requests at once from one address.
    pub address_burst_requests_max: u32,
    /// Requests a second from one address in the long run.
    pub address_requests_per_second: u32,
    /// Addresses that are counted at once; then the one that called longest ago is counted anew.
    pub addresses_max: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 10_000,
            connection_seconds_max: 300,
            streams_max: 128,
            headers_kib_max: 60,
            headers_max: 100,
            headers_seconds_max: 10,
            request_seconds_max: 60,
            stream_idle_seconds_max: 300,
            json_bytes_max: 1_048_576,
            address_burst_requests_max: 1_000,
            address_requests_per_second: 500,
            addresses_max: 10_000,
        }
    }
}

impl Limits {
    /// On one machine all callers have one address, and benches are among them.
    pub fn local() -> Self {
        Self { address_burst_requests_max: 200_000, address_requests_per_second: 100_000, ..Self::default() }
    }

    /// By their names in the text: those of the fields, in upper case.
    pub(super) fn named(&self) -> [(&'static str, u32); 12] {
        [
            ("CONNECTIONS_MAX", self.connections_max),
            ("CONNECTION_SECONDS_MAX", self.connection_seconds_max),
            ("STREAMS_MAX", self.streams_max),
            ("HEADERS_KIB_MAX", self.headers_kib_max),
            ("HEADERS_MAX", self.headers_max),
            ("HEADERS_SECONDS_MAX", self.headers_seconds_max),
            ("REQUEST_SECONDS_MAX", self.request_seconds_max),
            ("STREAM_IDLE_SECONDS_MAX", self.stream_idle_seconds_max),
            ("JSON_BYTES_MAX", self.json_bytes_max),
            ("ADDRESS_BURST_REQUESTS_MAX", self.address_burst_requests_max),
            ("ADDRESS_REQUESTS_PER_SECOND", self.address_requests_per_second),
            ("ADDRESSES_MAX", self.addresses_max),
        ]
    }
}

impl Settings {
    /// Reads settings from TOML.
    ///
    /// # Errors
    /// If it holds others than these, or one that cannot be.
    pub fn parse(text: &str) -> Result<Self> {
        let settings: Self = toml::from_str(text).map_err(|error| Error::new(error.to_string()))?;
        settings.validate()?;
        Ok(settings)
    }

    pub(super) fn validate(&self) -> Result<()> {
        let refuse = |problem: String| Err(Error::new(problem));
        if !self.admin_listen.ip().is_loopback() {
            return refuse(format!("admin_listen: {} is not on loopback", self.admin_listen));
        }
        for service in SERVICES.map(Part::name) {
            if self.services.get(service).is_none_or(Vec::is_empty) {
                return refuse(format!("services: {service} has no address"));
            }
        }
        if let Some(unknown) = self.services.keys().find(|name| !SERVICES.iter().any(|part| part.name() == *name)) {
            return refuse(format!("services: there is no {unknown}"));
        }
        for (index, upstream) in self.upstreams.iter().enumerate() {
            let name = &upstream.name;
            if !is_name(name) || SERVICES.iter().any(|part| part.name() == name) {
                return refuse(format!("upstreams: {name:?} is no name for one"));
            }
            if self.upstreams[..index].iter().any(|other| other.name == *name) {
                return refuse(format!("upstreams: {name} stands twice"));
            }
            if upstream.hosts.is_empty() || upstream.hosts.iter().any(|host| !is_host(host)) {
                return refuse(format!("upstreams: the hosts of {name} must be names in lower case, without ports"));
            }
            if upstream.addresses.is_empty() {
                return refuse(format!("upstreams: {name} has no address"));
            }
            if !upstream.health_path.starts_with('/') || !is_plain(&upstream.health_path) {
                return refuse(format!("upstreams: health_path of {name} must be a path"));
            }
        }
        if let Some(wrong) = self.cors_origins.iter().find(|origin| !is_origin(origin)) {
            return refuse(format!("cors_origins: {wrong:?} is not https://host[:port]"));
        }
        if self.tracing.as_ref().is_some_and(|tracing| !(0.0..=100.0).contains(&tracing.sampled_percent)) {
            return refuse("tracing: sampled_percent must be from 0 to 100".to_owned());
        }
        if !self.trust_domain.split('.').all(is_name) {
            return refuse("trust_domain: must be a name in lower case".to_owned());
        }
        match self.limits.named().into_iter().find(|(_, value)| *value == 0) {
            Some((name, _)) => refuse(format!("limits: {} must be at least 1", name.to_ascii_lowercase())),
            None => Ok(()),
        }
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// No `*` among them: gate knows no such hosts.
fn is_host(text: &str) -> bool {
    text.split('.').all(is_name)
}

/// What a browser sends (RFC 6454, 6.2); the exact one, since a pattern would match more than it should.
fn is_origin(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("https://") else { return false };
    let (host, port) = rest.split_once(':').map_or((rest, None), |(host, port)| (host, Some(port)));
    is_host(host) && port.is_none_or(|port| port.parse::<u16>().is_ok())
}

fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/-_.".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = include_str!("../../../../deploy/envoy/gateway.toml");

    #[test]
    fn the_settings_that_are_shown_are_good() {
        let settings = Settings::parse(GOOD).unwrap();
        assert_eq!(settings.cors_origins, ["https://console.example.com"]);
        let without: String =
            GOOD.lines().filter(|line| !line.starts_with("cors_origins")).map(|line| format!("{line}\n")).collect();
        assert!(Settings::parse(&without).unwrap().cors_origins.is_empty(), "nobody's pages, unless some are named");
    }

    #[test]
    fn a_setting_that_cannot_be_is_refused_by_its_name() {
        for (from, to, name) in [
            ("127.0.0.1:9901", "0.0.0.0:9901", "admin_listen"),
            ("\"https://console.example.com\"", "\"*\"", "cors_origins"),
            ("\"https://console.example.com\"", "\"http://console.example.com\"", "cors_origins"),
            ("\"https://console.example.com\"", "\"https://console.example.com/\"", "cors_origins"),
            ("name = \"documents\"", "name = \"gate\"", "upstreams"),
            ("documents.example.com", "*.example.com", "upstreams"),
            ("gate = ", "gatekeeper = ", "services"),
            ("streams_max = 128", "streams_max = 0", "limits"),
            ("sampled_percent = 1", "sampled_percent = 101", "tracing"),
            ("streams_max", "streams_maximum", "streams_maximum"),
        ] {
            assert!(GOOD.contains(from), "{from}");
            let message = Settings::parse(&GOOD.replace(from, to)).unwrap_err().to_string();
            assert!(message.contains(name), "{from} → {to}: {message}");
        }
    }
}
