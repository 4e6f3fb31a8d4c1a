//! The services' configurations.

use std::path::Path;

use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use super::{ClusterConfig, Files, Member, Part};
use crate::certificates::TRUST_DOMAIN;
use crate::database;
use crate::postgres::Server;

/// How often a file of permissions' index is written: what was written since is read from the log at the next start, which
/// takes no time worth speaking of, and nothing is written while nothing changes.
const SNAPSHOT_SECONDS: i64 = 20;

/// How long one of several processes serves on when it is told to stop: Envoy notices within half a second.
const DRAIN_DELAY_MS: i64 = 1_000;

/// How the services' logs look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// A JSON object a line.
    Json,
    /// For people.
    Pretty,
}

/// The configuration of a service's process, as TOML.
pub(super) fn render(config: &ClusterConfig, files: &Files, server: &Server, member: Member) -> String {
    let service = member.part;
    let ports = config.ports.of(member).expect("only services that the cluster has ports for are configured");
    let (listen, admin_listen) = (ports.contract, ports.admin);
    let name = service.name();
    let certificate = files.certificate(name);
    let mut root = Table::new();
    root.insert(
        "server".to_owned(),
        table([
            ("listen", format!("127.0.0.1:{listen}").into()),
            ("admin_listen", format!("127.0.0.1:{admin_listen}").into()),
            // One that is alone has nobody who could take over meanwhile.
            ("drain_delay_ms", if config.ports.replicas() > 1 { DRAIN_DELAY_MS } else { 0 }.into()),
            ("drain_seconds_max", 10.into()),
        ]),
    );
    root.insert(
        "tls".to_owned(),
        table([
            ("certificate_file", path(&certificate.certificate)),
            ("key_file", path(&certificate.key)),
            ("ca_file", path(&files.authority())),
            ("trust_domain", TRUST_DOMAIN.into()),
        ]),
    );
    root.insert(
        "database".to_owned(),
        table([
            ("url", server.url(name, name).into()),
            ("password_file", path(&database::password_file(&files.passwords(), name))),
            ("connections_max", 10.into()),
        ]),
    );
    let format = match config.log_format {
        LogFormat::Json => "json",
        LogFormat::Pretty => "pretty",
    };
    let mut telemetry = Table::new();
    telemetry.insert("log_format".to_owned(), format.into());
    telemetry.insert("log_filter".to_owned(), "info".into());
    if let Some(spans) = &config.spans {
        telemetry.insert("otlp_endpoint".to_owned(), format!("http://127.0.0.1:{}", spans.port).into());
        // What comes through the gateway, Envoy has decided about.
        telemetry.insert("sample_ratio".to_owned(), 0.0.into());
    }
    root.insert("telemetry".to_owned(), telemetry.into());
    root.insert("peers".to_owned(), peers(config, service));
    root.insert(name.to_owned(), own(config, files, service));
    root.to_string()
}

fn peers(config: &ClusterConfig, service: Part) -> Value {
    let addresses = |peer: Part| {
        let mut addresses: Vec<Value> =
            config.ports.contracts(peer).iter().map(|port| format!("https://127.0.0.1:{port}").into()).collect();
        let address = if addresses.len() == 1 { addresses.remove(0) } else { Value::Array(addresses) };
        table([("address", address)])
    };
    match service {
        Part::Permissions => table([("identity", addresses(Part::Identity))]),
        Part::Gate => table([("identity", addresses(Part::Identity)), ("permissions", addresses(Part::Permissions))]),
        Part::Identity | Part::Postgres | Part::Documents | Part::Envoy => Table::new().into(),
    }
}

fn own(config: &ClusterConfig, files: &Files, service: Part) -> Value {
    match service {
        Part::Identity => table([
            ("bootstrap_secret_file", path(&files.bootstrap_secret())),
            ("pepper_file", path(&files.secret("identity-pepper"))),
            ("seal_key_file", path(&files.secret("identity-seal-key"))),
            ("issuer", format!("https://localhost:{}", config.ports.gateway).into()),
        ]),
        Part::Permissions => table([
            ("token_key_file", path(&files.secret("permissions-token-key"))),
            // One for all replicas: one of them writes, all start from it.
            ("snapshot_store", path(&files.snapshots())),
            ("snapshot_seconds", SNAPSHOT_SECONDS.into()),
        ]),
        Part::Gate | Part::Postgres | Part::Documents | Part::Envoy => table([
            ("assertion_key_file", path(&files.secret("gate-assertion-key.pem"))),
            ("own_hosts", Value::Array(["localhost", "127.0.0.1", "[::1]"].map(Value::from).to_vec())),
        ]),
    }
}

fn table<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Table(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

fn path(path: &Path) -> Value {
    Value::String(path.to_string_lossy().into_owned())
}
