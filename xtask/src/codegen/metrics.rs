//! The metrics of every service: the constants that they are registered by, and the page that lists them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde::Deserialize;

use super::contract::FOLDER;
use super::{Files, rust};
use crate::error::{Error, Result};

/// The page.
pub(super) const PAGE: &str = "docs/reference/metrics.md";

/// Where the tables are, and whose they are.
const TABLES: &[(&str, &str)] = &[
    ("chassis", "crates/chassis/metrics.toml"),
    ("gate", "services/gate/metrics.toml"),
    ("identity", "services/identity/metrics.toml"),
    ("permissions", "services/permissions/metrics.toml"),
];

/// What every name of a metric begins with.
const PREFIX: &str = "bailiwick";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Row {
    pub(super) kind: Kind,
    #[serde(default)]
    pub(super) unit: String,
    #[serde(default)]
    pub(super) labels: Vec<String>,
    pub(super) help: String,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    Counter,
    Gauge,
    Histogram,
    Info,
}

pub(super) type Table = BTreeMap<String, Row>;

pub(super) fn generate(root: &Path, files: &mut Files) -> Result<()> {
    let mut source = String::new();
    let mut page = String::from(
        "# Metrics\n\nGenerated from `crates/chassis/metrics.toml` and `services/*/metrics.toml`. Each service shows them at `/metrics` on its admin \
         port, as OpenMetrics 1.0. Labels come from closed lists.\n",
    );
    for (owner, table) in tables(root)? {
        write!(source, "{}", module(owner, &table)).expect("a string takes what is written to it");
        write!(page, "{}", section(owner, &table)).expect("a string takes what is written to it");
    }
    files.insert(Path::new(FOLDER).join("metrics.rs"), rust(&source)?);
    files.insert(PAGE.into(), page.into_bytes());
    Ok(())
}

/// Every table, with whose it is.
pub(super) fn tables(root: &Path) -> Result<Vec<(&'static str, Table)>> {
    TABLES.iter().map(|(owner, path)| Ok((*owner, read(root, path)?))).collect()
}

fn read(root: &Path, path: &str) -> Result<Table> {
    let refuse = |error: &dyn std::fmt::Display| Error::new(format!("{path}: {error}"));
    let text = fs::read_to_string(root.join(path)).map_err(|error| refuse(&error))?;
    let table: Table = toml::from_str(&text).map_err(|error| refuse(&error))?;
    for (name, row) in &table {
        if !is_word(name) || !row.labels.iter().all(|label| is_word(label)) {
            return Err(refuse(&format!("{name}: names are of lower case and underscores")));
        }
        if !row.unit.is_empty() && (!is_word(&row.unit) || name.ends_with(&format!("_{}", row.unit))) {
            return Err(refuse(&format!("{name}: the unit is a word of its own, and the name has none")));
        }
        if !row.help.ends_with('.') || row.help.contains('|') {
            return Err(refuse(&format!("{name}: the help is a sentence")));
        }
    }
    Ok(table)
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

fn module(owner: &str, table: &Table) -> String {
    let mut rows = String::new();
    for (name, Row { kind, unit, labels, help }) in table {
        writeln!(
            rows,
            "/// {help}\npub static {}: Metric = Metric {{ name: {name:?}, kind: Kind::{kind:?}, unit: {unit:?}, labels: &{labels:?}, help: {help:?} }};",
            name.to_uppercase()
        )
        .expect("a string takes what is written to it");
    }
    let all: Vec<String> = table.keys().map(|name| format!("&{}", name.to_uppercase())).collect();
    let whose = if owner == "chassis" { "all services" } else { owner };
    let types = if table.is_empty() { "Metric" } else { "{Kind, Metric}" };
    format!(
        "/// The metrics of {whose}.\npub mod {owner} {{ use crate::metrics::{types};\n{rows}\n/// All of them.\n\
         pub static TABLE: &[&Metric] = &[{}]; }}\n",
        all.join(", ")
    )
}

fn section(owner: &str, table: &Table) -> String {
    let title = if owner == "chassis" { "Every service" } else { owner };
    if table.is_empty() {
        return format!("\n## {title}\n\nNone of its own.\n");
    }
    let mut text = format!("\n## {title}\n\n| name | kind | labels | means |\n|---|---|---|---|\n");
    for (name, row) in table {
        let labels: Vec<String> = row.labels.iter().map(|label| format!("`{label}`")).collect();
        let kind = format!("{:?}", row.kind).to_lowercase();
        writeln!(text, "| `{}` | {kind} | {} | {} |", shown(name, row), labels.join(", "), row.help)
            .expect("a string takes what is written to it");
    }
    text
}

/// The name as it is shown: with its unit, and with what OpenMetrics adds (1.0, 5.1).
pub(super) fn shown(name: &str, row: &Row) -> String {
    let unit = if row.unit.is_empty() { String::new() } else { format!("_{}", row.unit) };
    let suffix = match row.kind {
        Kind::Counter => "_total",
        Kind::Info => "_info",
        Kind::Gauge | Kind::Histogram => "",
    };
    format!("{PREFIX}_{name}{unit}{suffix}")
}
