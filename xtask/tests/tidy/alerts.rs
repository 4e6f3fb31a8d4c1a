//! Rules and dashboards ask for metrics that there are, and every alert has a page that says what to do.

use std::collections::BTreeSet;

use contract::metrics::{self, Kind};
use promql_parser::parser;
use serde_json::Value;

use crate::none_of;
use crate::tree::{SERVICES, exists, files, read};

const RULES: &str = "deploy/observability/rules.yaml";
const ROUTES: &str = "deploy/observability/alertmanager.yaml";
const PAGES: &str = "docs/runbooks/alerts";

/// Envoy's own, which `e2e` and a running gateway have, and no table of ours.
const OF_ENVOY: &[&str] = &[
    "envoy_cluster_membership_healthy",
    "envoy_http_ext_authz_denied",
    "envoy_http_ext_authz_error",
    "envoy_http_ext_authz_ok",
];

/// Every name under which a declared metric can be asked for (OpenMetrics 1.0, 5).
fn declared() -> BTreeSet<String> {
    let mut names: BTreeSet<String> = OF_ENVOY.iter().map(|name| (*name).to_owned()).collect();
    for metric in SERVICES.iter().flat_map(|service| metrics::of(service)) {
        let unit = if metric.unit.is_empty() { String::new() } else { format!("_{}", metric.unit) };
        let name = format!("bailiwick_{}{unit}", metric.name);
        let suffixes: &[&str] = match metric.kind {
            Kind::Counter => &["_total"],
            Kind::Info => &["_info"],
            Kind::Gauge => &[""],
            Kind::Histogram => &["", "_bucket", "_count", "_sum"],
        };
        names.extend(suffixes.iter().map(|suffix| format!("{name}{suffix}")));
    }
    names
}

/// The words of a text that are names of metrics or of recorded ones.
fn names(text: &str) -> BTreeSet<&str> {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == ':';
    let words = text.split(|letter: char| !is_part(letter)).map(|word| word.trim_end_matches(':'));
    words.filter(|word| ["bailiwick_", "bailiwick:", "envoy_"].iter().any(|start| word.starts_with(start))).collect()
}

fn values<'a>(text: &'a str, key: &str) -> BTreeSet<&'a str> {
    text.lines()
        .filter_map(|line| line.trim().strip_prefix("- ").unwrap_or(line.trim()).strip_prefix(key))
        .map(str::trim)
        .collect()
}

#[test]
fn rules_and_dashboards_ask_for_metrics_that_there_are() {
    let rules = read(RULES);
    let recorded = values(&rules, "record:");
    let declared = declared();
    let mut violations = Vec::new();
    for file in files().iter().filter(|file| {
        file.path == RULES || file.path.starts_with("deploy/observability/dashboards/") || file.path.starts_with(PAGES)
    }) {
        for name in names(&file.text) {
            if !declared.contains(name) && !recorded.contains(name) {
                violations.push(format!("{}: there is no metric {name}", file.path));
            }
        }
    }
    none_of(violations);
}

/// What a list in a document holds.
fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// Every expression of the rules and the dashboards, with where it stands.
fn expressions() -> Vec<(String, String)> {
    let rules: Value = serde_norway::from_str(&read(RULES)).expect("the rules are YAML");
    let mut found = Vec::new();
    for rule in list(&rules["groups"]).iter().flat_map(|group| list(&group["rules"])) {
        let name = rule["alert"].as_str().or(rule["record"].as_str()).unwrap_or("a rule without a name");
        found.push((format!("{RULES}: {name}"), rule["expr"].as_str().unwrap_or_default().to_owned()));
    }
    for file in files().iter().filter(|file| file.path.starts_with("deploy/observability/dashboards/")) {
        let dashboard: Value = serde_json::from_str(&file.text).expect("codegen writes JSON");
        for panel in list(&dashboard["panels"]) {
            let asked = list(&panel["targets"]).iter().filter_map(|target| target["expr"].as_str());
            // Grafana puts a time in.
            let asked = asked.map(|expression| expression.replace("$__rate_interval", "1m"));
            found.extend(asked.map(|expression| (format!("{}: {}", file.path, panel["title"]), expression)));
        }
    }
    found
}

#[test]
fn prometheus_understands_what_it_is_asked() {
    let expressions = expressions();
    assert!(expressions.len() > 60, "only {} expressions were found", expressions.len());
    let wrong = |(place, expression): (String, String)| {
        parser::parse(&expression).err().map(|error| format!("{place}: {error}: {expression}"))
    };
    none_of(expressions.into_iter().filter_map(wrong).collect());
}

#[test]
fn every_alert_has_a_page_and_every_page_an_alert() {
    let rules = read(RULES);
    let alerts = values(&rules, "alert:");
    assert!(alerts.len() > 10, "only {} alerts were found", alerts.len());
    let mut violations: Vec<String> = alerts
        .iter()
        .filter(|alert| !exists(&format!("{PAGES}/{alert}.md")))
        .map(|alert| format!("{PAGES}/{alert}.md is missing"))
        .collect();
    let all = files();
    let pages = all.iter().filter_map(|file| file.path.strip_prefix(PAGES)?.strip_prefix('/')?.strip_suffix(".md"));
    violations
        .extend(pages.filter(|page| !alerts.contains(page)).map(|page| format!("{PAGES}/{page}.md: no such alert")));
    let routes = read(ROUTES);
    for named in
        routes.split('"').skip(1).step_by(2).filter(|text| text.starts_with(|letter: char| letter.is_ascii_uppercase()))
    {
        violations.extend(
            named
                .split('|')
                .filter(|name| !alerts.contains(name))
                .map(|name| format!("{ROUTES}: there is no alert {name}")),
        );
    }
    none_of(violations);
}

#[test]
fn every_alert_says_whom_it_wakes_and_why() {
    let rules = read(RULES);
    let mut violations = Vec::new();
    for alert in rules.split("- alert: ").skip(1) {
        let name = alert.lines().next().unwrap_or_default();
        let own = alert.split("- name: ").next().unwrap_or_default();
        for part in ["labels: { severity: ", "summary: ", "description: "] {
            if !own.contains(part) {
                violations.push(format!("{RULES}: {name} has no {part}"));
            }
        }
    }
    none_of(violations);
}
