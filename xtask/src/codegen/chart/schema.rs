//! values.schema.json: what the chart takes itself, in `schema.json` beside this file, with the types of the configurations put in.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::types::Types;
use crate::error::{Error, Result};

/// What the chart takes itself.
const FRAME: &str = include_str!("schema.json");

/// Where the types are.
const SOURCES: &[&str] = &[
    "crates/chassis/src/config/sections.rs",
    "crates/testing/src/envoy/settings.rs",
    "services/gate/src/config.rs",
    "services/identity/src/config.rs",
    "services/identity/src/issuers.rs",
    "services/permissions/src/config.rs",
];

/// What of the configurations the chart says itself, so that nobody else may.
const OF_THE_CHART: &[&str] = &[
    "admin_listen",
    "assertion_key_file",
    "bootstrap_secret_file",
    "issuer",
    "listen",
    "own_hosts",
    "password_file",
    "pepper_file",
    "seal_key_file",
    "snapshot_store",
    "token_key_file",
    "url",
];

pub(super) fn generate(root: &Path) -> Result<String> {
    let mut frame: Value = serde_json::from_str(FRAME)?;
    for (name, definition) in definitions(root)? {
        frame["$defs"][name] = definition;
    }
    Ok(format!("{frame:#}\n"))
}

fn definitions(root: &Path) -> Result<Vec<(&'static str, Value)>> {
    let mut sections = Types::default();
    let chassis = read(root, SOURCES[0])?;
    sections.read(SOURCES[0], &chassis)?;
    let section = |name: &str| sections.schema(name, OF_THE_CHART);
    let shared = json!({
        "server": section("ServerConfig")?, "database": section("DatabaseConfig")?, "telemetry": section("TelemetryConfig")?,
    });
    let mut definitions = Vec::new();
    for (definition, service, file, name) in [
        ("gateConfig", "gate", SOURCES[2], "GateConfig"),
        ("identityConfig", "identity", SOURCES[3], "Config"),
        ("permissionsConfig", "permissions", SOURCES[5], "Config"),
    ] {
        let mut types = Types::default();
        for source in [file, SOURCES[4]] {
            types.read(source, &read(root, source)?)?;
        }
        let mut properties = shared.clone();
        properties[service] = types.schema(name, OF_THE_CHART)?;
        definitions
            .push((definition, json!({ "type": "object", "additionalProperties": false, "properties": properties })));
    }
    definitions.push(("config", json!({ "type": "object", "additionalProperties": false, "properties": shared })));
    let mut gateway = Types::default();
    gateway.read(SOURCES[1], &read(root, SOURCES[1])?)?;
    for (definition, name) in [("limits", "Limits"), ("tracing", "Tracing"), ("upstream", "Upstream")] {
        definitions.push((definition, gateway.schema(name, &[])?));
    }
    Ok(definitions)
}

fn read(root: &Path, path: &str) -> Result<String> {
    fs::read_to_string(root.join(path)).map_err(|error| Error::new(format!("{path}: {error}")))
}
