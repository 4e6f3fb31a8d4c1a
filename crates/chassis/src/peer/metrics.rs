//! What is counted of the calls to other services.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Unit;
use tonic::Code;

use crate::metrics::{Metrics, code_name, duration_histogram};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PeerName {
    peer: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PeerCode {
    peer: &'static str,
    code: &'static str,
}

/// Of all peers. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct PeerMetrics {
    calls: Family<PeerCode, Counter>,
    duration: Family<PeerName, Histogram, fn() -> Histogram>,
    retries: Family<PeerName, Counter>,
    retries_refused: Family<PeerName, Counter>,
    left_out: Family<PeerName, Counter>,
    endpoints: Family<PeerName, Gauge>,
}

/// Of one peer.
#[derive(Clone, Debug)]
pub(super) struct OfPeer {
    name: &'static str,
    all: PeerMetrics,
}

impl PeerMetrics {
    /// Adds them to the service's.
    pub(crate) fn register(metrics: &Metrics) -> Self {
        let own = Self {
            calls: Family::default(),
            duration: Family::new_with_constructor(duration_histogram),
            retries: Family::default(),
            retries_refused: Family::default(),
            left_out: Family::default(),
            endpoints: Family::default(),
        };
        metrics.register(|registry| {
            registry.register("peer_calls", "Calls to other services, by service and status code", own.calls.clone());
            registry.register_with_unit(
                "peer_call_duration",
                "How long calls to other services took, with all attempts, by service",
                Unit::Seconds,
                own.duration.clone(),
            );
            registry.register(
                "peer_retries",
                "Calls to other services that were made again, by service",
                own.retries.clone(),
            );
            registry.register(
                "peer_retries_refused",
                "Calls to other services that were not made again because the budget was spent, by service",
                own.retries_refused.clone(),
            );
            registry.register(
                "peer_endpoints_left_out",
                "How often an endpoint of another service was left out for a while, by service",
                own.left_out.clone(),
            );
            registry.register("peer_endpoints", "Endpoints of another service", own.endpoints.clone());
        });
        own
    }

    /// Those of the peer with this name.
    pub(super) fn of(&self, name: &'static str) -> OfPeer {
        OfPeer { name, all: self.clone() }
    }
}

impl OfPeer {
    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    pub(super) fn called(&self, code: Code, took: Duration) {
        self.all.calls.get_or_create(&PeerCode { peer: self.name, code: code_name(code) }).inc();
        self.all.duration.get_or_create(&self.label()).observe(took.as_secs_f64());
    }

    pub(super) fn retried(&self) {
        self.all.retries.get_or_create(&self.label()).inc();
    }

    pub(super) fn retry_refused(&self) {
        self.all.retries_refused.get_or_create(&self.label()).inc();
    }

    pub(super) fn left_out(&self) {
        self.all.left_out.get_or_create(&self.label()).inc();
    }

    pub(super) fn has_endpoints(&self, count: usize) {
        self.all.endpoints.get_or_create(&self.label()).set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    fn label(&self) -> PeerName {
        PeerName { peer: self.name }
    }
}
