//! Metrics, in one table: every name with its unit and help. Labels come from closed lists.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use crate::database::Database;

/// The metrics of one service. Clones share them.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Arc<Mutex<Registry>>,
    rpc: Arc<RpcMetrics>,
    pool: Arc<PoolMetrics>,
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

/// Rate, errors and duration of calls.
#[derive(Debug)]
pub(crate) struct RpcMetrics {
    calls: Family<RpcLabels, Counter>,
    duration: Family<RpcName, Histogram, fn() -> Histogram>,
}

#[derive(Debug, Default)]
struct PoolMetrics {
    connections: Gauge,
    idle: Gauge,
}

pub(crate) fn duration_histogram() -> Histogram {
    Histogram::new([
        0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
    ])
}

impl Metrics {
    /// The metrics of the service with this name.
    pub(crate) fn new(service: &'static str) -> Self {
        let mut registry = Registry::with_prefix("bailiwick");
        let rpc = RpcMetrics { calls: Family::default(), duration: Family::new_with_constructor(duration_histogram) };
        registry.register("rpc_calls", "Calls that were answered, by RPC and status code", rpc.calls.clone());
        registry.register_with_unit(
            "rpc_duration",
            "How long calls took to be answered, by RPC",
            Unit::Seconds,
            rpc.duration.clone(),
        );
        let pool = PoolMetrics::default();
        registry.register("database_connections", "Connections that the pool has open", pool.connections.clone());
        registry.register(
            "database_connections_idle",
            "Connections that the pool has open and nobody uses",
            pool.idle.clone(),
        );
        let build = Info::new([("service", service), ("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "Which build this is", build);
        Self { registry: Arc::new(Mutex::new(registry)), rpc: Arc::new(rpc), pool: Arc::new(pool) }
    }

    /// Adds metrics of the service's own. Their labels must come from closed lists.
    pub fn register(&self, register: impl FnOnce(&mut Registry)) {
        register(&mut self.registry.lock().unwrap_or_else(PoisonError::into_inner));
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
        let registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        encode(&mut text, &registry).expect("a string takes what is written to it");
        text
    }
}

impl RpcMetrics {
    pub(crate) fn record(&self, rpc: &'static str, code: tonic::Code, took: Duration) {
        self.calls.get_or_create(&RpcLabels { rpc, code: code_name(code) }).inc();
        self.duration.get_or_create(&RpcName { rpc }).observe(took.as_secs_f64());
    }
}

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
