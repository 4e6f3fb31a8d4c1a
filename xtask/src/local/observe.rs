//! `cargo xtask up --observe`: a page on this machine that shows each decision as a trace, and the main metrics.
//!
//! What the registries carry of viewers shows traces or metrics, and none both; this one is small, keeps the last minutes in
//! memory and nothing else, and needs nothing installed.

mod series;

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;
use testing::ClusterConfig;
use testing::cluster::{self, SERVICES, Spans};
use testing::spans::{Collector, Kept, Span};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::error::{Error, Result};
use series::Series;

/// How far the page's port is from the first.
const PAGE_OFFSET: u16 = 5;

/// How far the collector's port is from the first.
const COLLECTOR_OFFSET: u16 = 6;

/// How often the metrics are read.
const READ_EVERY: Duration = Duration::from_secs(1);

/// How many traces the page lists.
const LISTED_MAX: usize = 100;

/// The reason of what was not denied.
const NO_REASON: &str = "none";

const PAGE: &str = include_str!("observe/page.html");

/// The page and its collector, until it is dropped.
#[derive(Debug)]
pub(crate) struct Observing {
    _collector: Collector,
    serving: JoinHandle<()>,
}

#[derive(Clone)]
struct Shown {
    spans: Kept,
    series: Arc<Mutex<Series>>,
}

/// Where the page is of a cluster whose ports begin there.
pub(crate) fn address(port_base: u16) -> String {
    format!("http://127.0.0.1:{}", port_base + PAGE_OFFSET)
}

/// What the services and Envoy of such a cluster are told: whoever looks wants to see every call.
pub(crate) fn spans(port_base: u16) -> Spans {
    Spans { port: port_base + COLLECTOR_OFFSET, sampled_percent: 100.0 }
}

impl Observing {
    /// Collects and shows.
    ///
    /// # Errors
    /// If one of the ports is taken.
    pub(crate) async fn begin(config: &ClusterConfig, port_base: u16) -> Result<Self> {
        let collector = Collector::begin(spans(port_base).port)?;
        let port = port_base + PAGE_OFFSET;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
        let listener = listener.map_err(|error| Error::new(format!("port {port}, for the page, is taken: {error}")))?;
        let shown = Shown { spans: collector.kept().clone(), series: Arc::default() };
        let router = Router::new()
            .route("/", get(|| async { ([(header::CACHE_CONTROL, "no-store")], Html(PAGE)) }))
            .route("/api/traces", get(traces))
            .route("/api/traces/{id}", get(trace))
            .route("/api/metrics", get(metrics))
            .with_state(shown.clone());
        let config = config.clone();
        #[expect(clippy::disallowed_methods, reason = "it ends with its owner")]
        let serving = tokio::spawn(async move {
            tokio::select! {
                // It serves for as long as there is a listener.
                _ = axum::serve(listener, router) => {}
                () = read(&config, &shown.series) => {}
            }
        });
        Ok(Self { _collector: collector, serving })
    }
}

impl Drop for Observing {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Reads the metrics of every process, again and again.
async fn read(config: &ClusterConfig, series: &Mutex<Series>) {
    let members: Vec<_> = config.members().into_iter().filter(|member| SERVICES.contains(&member.part)).collect();
    let mut tick = tokio::time::interval(READ_EVERY);
    loop {
        tick.tick().await;
        let mut texts = Vec::new();
        for member in &members {
            // One that does not answer has a gap in its lines.
            if let Ok(text) = cluster::metrics_of(config, *member).await {
                texts.push((member.name(), text));
            }
        }
        series.lock().unwrap_or_else(PoisonError::into_inner).add(&texts);
    }
}

/// A trace, in a line.
#[derive(Serialize)]
struct Line {
    trace_id: String,
    name: String,
    start_us: u64,
    took_us: u64,
    spans: usize,
    is_fault: bool,
    outcome: String,
    decision_id: String,
}

async fn traces(State(shown): State<Shown>) -> impl IntoResponse {
    let mut traces: Vec<Vec<Span>> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for span in shown.spans.all() {
        let place = *places.entry(span.trace_id.clone()).or_insert_with(|| {
            traces.push(Vec::new());
            traces.len() - 1
        });
        traces[place].push(span);
    }
    let mut lines: Vec<Line> = traces.iter().filter_map(|spans| line(spans)).collect();
    lines.sort_by_key(|line| std::cmp::Reverse(line.start_us));
    lines.truncate(LISTED_MAX);
    Json(lines)
}

fn line(spans: &[Span]) -> Option<Line> {
    let first = spans.iter().min_by_key(|span| span.start_us)?;
    let end = spans.iter().map(|span| span.start_us + span.took_us).max()?;
    let said = |name: &str| spans.iter().find_map(|span| span.attributes.get(name).cloned()).unwrap_or_default();
    let path = said("url.path");
    let method = said("http.method");
    Some(Line {
        trace_id: first.trace_id.clone(),
        name: if path.is_empty() { first.name.clone() } else { format!("{method} {path}") },
        start_us: first.start_us,
        took_us: end - first.start_us,
        spans: spans.len(),
        is_fault: spans.iter().any(|span| span.is_fault),
        outcome: match (said("bailiwick.outcome"), said("bailiwick.reason")) {
            (outcome, reason) if reason == NO_REASON => outcome,
            (outcome, reason) => format!("{outcome} {reason}"),
        },
        decision_id: said("bailiwick.decision_id"),
    })
}

async fn trace(State(shown): State<Shown>, Path(id): Path<String>) -> impl IntoResponse {
    Json(shown.spans.trace(&id))
}

async fn metrics(State(shown): State<Shown>) -> impl IntoResponse {
    Json(shown.series.lock().unwrap_or_else(PoisonError::into_inner).charts())
}
