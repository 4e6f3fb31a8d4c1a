//! What is counted of the calls to other services.

use std::time::Duration;

use contract::metrics::chassis as declared;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use tonic::Code;

use crate::metrics::{DURATIONS, Metrics, code_name};

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
            duration: Family::new_with_constructor(|| Histogram::new(DURATIONS)),
            retries: Family::default(),
            retries_refused: Family::default(),
            left_out: Family::default(),
            endpoints: Family::default(),
        };
        metrics.register(&declared::PEER_CALLS, own.calls.clone());
        metrics.register(&declared::PEER_CALL_DURATION, own.duration.clone());
        metrics.register(&declared::PEER_RETRIES, own.retries.clone());
        metrics.register(&declared::PEER_RETRIES_REFUSED, own.retries_refused.clone());
        metrics.register(&declared::PEER_ENDPOINTS_LEFT_OUT, own.left_out.clone());
        metrics.register(&declared::PEER_ENDPOINTS, own.endpoints.clone());
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
