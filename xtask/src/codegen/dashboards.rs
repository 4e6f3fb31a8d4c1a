//! Grafana's dashboards: one for each service, of all its declared metrics, and one for the path of a decision.

use std::path::Path;

use serde_json::{Value, json};

use super::Files;
use super::metrics::{self, Kind, Row, Table};
use crate::error::Result;

/// Where they are.
pub(super) const FOLDER: &str = "deploy/observability/dashboards";

/// What the path of a decision shows: a title, what it means, its unit, and what is asked with the name of each line.
type Shown = (&'static str, &'static str, &'static str, &'static [(&'static str, &'static str)]);

const DECISION: &[Shown] = &[
    (
        "Decisions",
        "How many calls are decided, and how it ends.",
        "reqps",
        &[(
            r#"sum by (outcome, reason) (rate(bailiwick_gate_decisions_total{namespace="$namespace"}[$__rate_interval]))"#,
            "{{outcome}} {{reason}}",
        )],
    ),
    (
        "Decisions that failed",
        "The share that could not be decided: the objective bears 0.05 %.",
        "percentunit",
        &[
            ("bailiwick:decision_errors:ratio_rate5m", "5 minutes"),
            ("bailiwick:decision_errors:ratio_rate1h", "1 hour"),
            ("bailiwick:decision_errors:ratio_rate6h", "6 hours"),
        ],
    ),
    (
        "How long Envoy waits for gate",
        "From the first byte of the question to the last of the answer, within gate.",
        "s",
        &[
            (
                r#"histogram_quantile(0.5, sum by (le) (rate(bailiwick_rpc_duration_seconds_bucket{namespace="$namespace",rpc="/envoy.service.auth.v3.Authorization/Check"}[$__rate_interval])))"#,
                "half",
            ),
            (
                r#"histogram_quantile(0.99, sum by (le) (rate(bailiwick_rpc_duration_seconds_bucket{namespace="$namespace",rpc="/envoy.service.auth.v3.Authorization/Check"}[$__rate_interval])))"#,
                "99 %",
            ),
        ],
    ),
    (
        "How long gate waits for others",
        "Calls of gate to identity and permissions, with all attempts; questions on a stream are not among them.",
        "s",
        &[(
            r#"histogram_quantile(0.99, sum by (le, peer) (rate(bailiwick_peer_call_duration_seconds_bucket{namespace="$namespace",component="gate"}[$__rate_interval])))"#,
            "99 % {{peer}}",
        )],
    ),
    (
        "Questions to permissions",
        "On an open stream, or by a call.",
        "reqps",
        &[(
            r#"sum by (way) (rate(bailiwick_gate_questions_total{namespace="$namespace"}[$__rate_interval]))"#,
            "{{way}}",
        )],
    ),
    (
        "What gateways heard of gate",
        "Envoy's own count: error is a question that was not answered, and so a call that was refused.",
        "reqps",
        &[
            (r#"sum(rate(envoy_http_ext_authz_ok{namespace="$namespace"}[$__rate_interval]))"#, "allowed"),
            (r#"sum(rate(envoy_http_ext_authz_denied{namespace="$namespace"}[$__rate_interval]))"#, "denied"),
            (r#"sum(rate(envoy_http_ext_authz_error{namespace="$namespace"}[$__rate_interval]))"#, "error"),
        ],
    ),
    (
        "How old what is known is",
        "Since the log of relationships was read, and since identity's feed was heard of, at the worst process.",
        "s",
        &[
            (r#"max(bailiwick_index_silence_seconds{namespace="$namespace"})"#, "relationships"),
            (
                r#"max by (component) (bailiwick_feed_silence_seconds{namespace="$namespace"})"#,
                "identity's feed, {{component}}",
            ),
        ],
    ),
    (
        "Room",
        "Calls under way, and how many are let in at once just now.",
        "short",
        &[
            (r#"sum by (component) (bailiwick_calls_under_way{namespace="$namespace"})"#, "{{component}} under way"),
            (r#"sum by (component) (bailiwick_calls_limit{namespace="$namespace"})"#, "{{component}} at most"),
        ],
    ),
];

pub(super) fn generate(root: &Path, files: &mut Files) -> Result<()> {
    let tables = metrics::tables(root)?;
    let all: Table = Table::new();
    let chassis = tables.iter().find(|(owner, _)| *owner == "chassis").map_or(&all, |(_, table)| table);
    for (service, own) in tables.iter().filter(|(owner, _)| *owner != "chassis") {
        let panels: Vec<Value> = own.iter().chain(chassis).map(|(name, row)| panel_of(service, name, row)).collect();
        write(files, service, &format!("Bailiwick: {service}"), panels);
    }
    let panels = DECISION.iter().map(|(title, means, unit, asked)| panel(title, means, unit, asked)).collect();
    write(files, "decisions", "Bailiwick: the path of a decision", panels);
    Ok(())
}

fn write(files: &mut Files, name: &str, title: &str, panels: Vec<Value>) {
    let placed: Vec<Value> = panels.into_iter().enumerate().map(|(index, panel)| placed(index, panel)).collect();
    let variable =
        |name: &str, kind: &str, query: &str| json!({ "name": name, "type": kind, "query": query, "refresh": 2 });
    let mut namespace = variable("namespace", "query", "label_values(bailiwick_build_info, namespace)");
    namespace["datasource"] = datasource();
    let dashboard = json!({
        "uid": format!("bailiwick-{name}"), "title": title, "tags": ["bailiwick"], "schemaVersion": 39, "editable": false,
        "refresh": "30s", "time": { "from": "now-3h", "to": "now" },
        "templating": { "list": [variable("datasource", "datasource", "prometheus"), namespace] },
        "panels": placed,
    });
    files.insert(Path::new(FOLDER).join(format!("{name}.json")), format!("{dashboard:#}\n").into_bytes());
}

fn datasource() -> Value {
    json!({ "type": "prometheus", "uid": "${datasource}" })
}

/// Two in a row.
fn placed(index: usize, mut panel: Value) -> Value {
    panel["id"] = (index + 1).into();
    panel["gridPos"] = json!({ "h": 8, "w": 12, "x": index % 2 * 12, "y": index / 2 * 8 });
    panel
}

fn panel(title: &str, means: &str, unit: &str, asked: &[(&str, &str)]) -> Value {
    let targets: Vec<Value> = asked
        .iter()
        .enumerate()
        .map(|(index, (expression, legend))| {
            let reference = char::from(b'A' + u8::try_from(index).unwrap_or(0)).to_string();
            json!({ "refId": reference, "expr": expression, "legendFormat": legend, "datasource": datasource() })
        })
        .collect();
    json!({
        "type": "timeseries", "title": title, "description": means, "datasource": datasource(),
        "fieldConfig": { "defaults": { "unit": unit, "min": 0 }, "overrides": [] },
        "targets": targets,
    })
}

/// The panel of a declared metric: rates of counters, the slow end of histograms, gauges of each process.
fn panel_of(service: &str, name: &str, row: &Row) -> Value {
    let shown = metrics::shown(name, row);
    let of = format!(r#"{{namespace="$namespace",component="{service}"}}"#);
    let labels = row.labels.join(", ");
    let legend = row.labels.iter().map(|label| format!("{{{{{label}}}}}")).collect::<Vec<_>>().join(" ");
    let legend = if legend.is_empty() { "all".to_owned() } else { legend };
    let is_seconds = row.unit == "seconds";
    let title = name.replace('_', " ");
    match row.kind {
        Kind::Counter => {
            let asked = format!("sum by ({labels}) (rate({shown}{of}[$__rate_interval]))");
            panel(&title, &row.help, if is_seconds { "percentunit" } else { "ops" }, &[(&asked, &legend)])
        }
        Kind::Histogram => {
            let by = if labels.is_empty() { "le".to_owned() } else { format!("le, {labels}") };
            let of_share = |share: &str| {
                format!("histogram_quantile({share}, sum by ({by}) (rate({shown}_bucket{of}[$__rate_interval])))")
            };
            let (half, slow) = (of_share("0.5"), of_share("0.99"));
            let (half_legend, slow_legend) = (format!("half {legend}"), format!("99 % {legend}"));
            let asked = [(half.as_str(), half_legend.as_str()), (&slow, &slow_legend)];
            panel(&title, &row.help, if is_seconds { "s" } else { "short" }, &asked)
        }
        Kind::Gauge => {
            let by = if labels.is_empty() { "pod".to_owned() } else { format!("pod, {labels}") };
            let legend = if labels.is_empty() { "{{pod}}".to_owned() } else { format!("{{{{pod}}}} {legend}") };
            panel(
                &title,
                &row.help,
                if is_seconds { "s" } else { "short" },
                &[(&format!("max by ({by}) ({shown}{of})"), &legend)],
            )
        }
        Kind::Info => panel(&title, &row.help, "short", &[(&format!("count by ({labels}) ({shown}{of})"), &legend)]),
    }
}
