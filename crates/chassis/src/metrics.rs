//! Metrics: each is declared in a table, with its unit and help, and registered by its row there. Labels come from closed lists.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use contract::metrics::{self, Kind, Metric as Declared};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::exemplar::HistogramWithExemplars;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Metric, Registry, Unit};

use crate::database::Database;
use crate::traces::{Counts, TraceParent};

/// The metrics of one service. Clones share them.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Arc<Mutex<Registered>>,
    rpc: Arc<RpcMetrics>,
    pool: Arc<PoolMetrics>,
}

#[derive(Debug)]
struct Registered {
    registry: Registry,
    names: Vec<&'static str>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RpcLabels {
    rpc: &'static str,
    code: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RpcName {
    rpc: &'static str,
}

/// Where more is to be found about a call that took as long.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Exemplar {
    trace_id: String,
}

type Durations = HistogramWithExemplars<Exemplar>;

/// Rate, errors and duration of calls.
#[derive(Debug)]
pub(crate) struct RpcMetrics {
    calls: Family<RpcLabels, Counter>,
    duration: Family<RpcName, Durations, fn() -> Durations>,
}

#[derive(Debug, Default)]
struct PoolMetrics {
    connections: Gauge,
    idle: Gauge,
}

/// The bounds of the buckets, in seconds.
pub(crate) const DURATIONS: [f64; 15] =
    [0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

impl Metrics {
    /// The metrics of the service with this name.
    pub(crate) fn new(service: &'static str, spans: &Counts) -> Self {
        let registered = Registered { registry: Registry::with_prefix("bailiwick"), names: Vec::new() };
        let rpc = RpcMetrics {
            calls: Family::default(),
            duration: Family::new_with_constructor(|| Durations::new(DURATIONS.into_iter())),
        };
        let (rpc, pool) = (Arc::new(rpc), Arc::new(PoolMetrics::default()));
        let new = Self { registry: Arc::new(Mutex::new(registered)), rpc, pool };
        new.register(&metrics::chassis::RPC_CALLS, new.rpc.calls.clone());
        new.register(&metrics::chassis::RPC_DURATION, new.rpc.duration.clone());
        new.register(&metrics::chassis::DATABASE_CONNECTIONS, new.pool.connections.clone());
        new.register(&metrics::chassis::DATABASE_CONNECTIONS_IDLE, new.pool.idle.clone());
        new.register(&metrics::chassis::TRACE_SPANS_EXPORTED, spans.exported.clone());
        new.register(&metrics::chassis::TRACE_SPANS_LOST, spans.lost.clone());
        let build = Info::new([("service", service), ("version", env!("CARGO_PKG_VERSION"))]);
        new.register(&metrics::chassis::BUILD, build);
        new
    }

    /// Shows a metric as its row of the table declares it. Its labels must come from closed lists.
    ///
    /// # Panics
    /// If it is of another kind than declared, or registered already.
    pub fn register(&self, declared: &'static Declared, metric: impl Metric) {
        let Declared { name, kind, unit, help, .. } = *declared;
        let is_of_its_kind = matches!(
            (kind, metric.metric_type()),
            (Kind::Counter, MetricType::Counter)
                | (Kind::Gauge, MetricType::Gauge)
                | (Kind::Histogram, MetricType::Histogram)
                | (Kind::Info, MetricType::Info)
        );
        assert!(is_of_its_kind, "the table declares {name} as a {kind:?}");
        let mut registered = self.registered();
        assert!(!registered.names.contains(&name), "{name} is registered once");
        registered.names.push(name);
        // The format adds the point to a sentence itself.
        let help = help.trim_end_matches('.');
        match unit {
            "" => registered.registry.register(name, help, metric),
            "seconds" => registered.registry.register_with_unit(name, help, Unit::Seconds, metric),
            "bytes" => registered.registry.register_with_unit(name, help, Unit::Bytes, metric),
            other => registered.registry.register_with_unit(name, help, Unit::Other(other.to_owned()), metric),
        }
    }

    /// Those that the service with this name declares and that nobody has registered.
    pub(crate) fn missing(&self, service: &str) -> Vec<&'static str> {
        let registered = self.registered();
        let names = metrics::of(service).map(|declared| declared.name);
        names.filter(|name| !registered.names.contains(name)).collect()
    }

    pub(crate) fn rpc(&self) -> Arc<RpcMetrics> {
        Arc::clone(&self.rpc)
    }

    /// Everything in the Prometheus text format (OpenMetrics 1.0).
    pub(crate) fn text(&self, database: &Database) -> String {
        let (open, idle) = database.connections();
        self.pool.connections.set(i64::from(open));
        self.pool.idle.set(i64::try_from(idle).unwrap_or(i64::MAX));
        let mut text = String::new();
        encode(&mut text, &self.registered().registry).expect("a string takes what is written to it");
        text
    }

    fn registered(&self) -> MutexGuard<'_, Registered> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RpcMetrics {
    /// Counts and times a call, as one of this trace if that is sampled.
    pub(crate) fn record(&self, rpc: &'static str, code: tonic::Code, took: Duration, sampled: Option<TraceParent>) {
        self.calls.get_or_create(&RpcLabels { rpc, code: code_name(code) }).inc();
        let exemplar = sampled.map(|trace| Exemplar { trace_id: trace.trace_id().to_string() });
        self.duration.get_or_create(&RpcName { rpc }).observe(took.as_secs_f64(), exemplar, None);
    }
}

/// The name of a status code, as gRPC's own documents have it.
pub(crate) fn code_name(code: tonic::Code) -> &'static str {
    match code {
        tonic::Code::Ok => "OK",
        tonic::Code::Cancelled => "CANCELLED",
        tonic::Code::Unknown => "UNKNOWN",
        tonic::Code::InvalidArgument => "INVALID_ARGUMENT",
        tonic::Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        tonic::Code::NotFound => "NOT_FOUND",
        tonic::Code::AlreadyExists => "ALREADY_EXISTS",
        tonic::Code::PermissionDenied => "PERMISSION_DENIED",
        tonic::Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        tonic::Code::FailedPrecondition => "FAILED_PRECONDITION",
        tonic::Code::Aborted => "ABORTED",
        tonic::Code::OutOfRange => "OUT_OF_RANGE",
        tonic::Code::Unimplemented => "UNIMPLEMENTED",
        tonic::Code::Internal => "INTERNAL",
        tonic::Code::Unavailable => "UNAVAILABLE",
        tonic::Code::DataLoss => "DATA_LOSS",
        tonic::Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_bucket_of_a_sampled_call_names_its_trace() {
        let metrics = Metrics::new("gate", &Counts::default());
        let mut headers = http::HeaderMap::new();
        let header = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        headers.insert("traceparent", header.parse().unwrap());
        let sampled = TraceParent::read(&headers);
        metrics.rpc.record("/a", tonic::Code::Ok, Duration::from_millis(3), None);
        metrics.rpc.record("/b", tonic::Code::Ok, Duration::from_millis(3), sampled);
        let mut text = String::new();
        encode(&mut text, &metrics.registered().registry).unwrap();
        let named: Vec<&str> = text.lines().filter(|line| line.contains("# {trace_id=")).collect();
        assert_eq!(named.len(), 1, "{text}");
        assert!(named[0].starts_with("bailiwick_rpc_duration_seconds_bucket{le=\"0.005\",rpc=\"/b\"}"), "{}", named[0]);
        assert!(named[0].contains("0af7651916cd43dd8448eb211c80319c"));
    }

    #[test]
    fn what_is_declared_and_not_registered_is_found_out() {
        let metrics = Metrics::new("gate", &Counts::default());
        assert_eq!(metrics.missing("gate"), ["gate_decisions", "gate_questions"]);
        assert!(metrics.missing("identity").is_empty());
    }

    #[test]
    #[should_panic(expected = "declares gate_decisions as a Counter")]
    fn a_metric_of_another_kind_than_declared_is_refused() {
        Metrics::new("gate", &Counts::default()).register(&metrics::gate::GATE_DECISIONS, Gauge::<i64>::default());
    }
}
