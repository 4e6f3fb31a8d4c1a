//! How many decisions ended how. Both labels come from closed lists.

use chassis::Metrics;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;

use crate::domain::decision::Outcome;

/// The metrics of decisions.
#[derive(Clone, Debug, Default)]
pub(crate) struct DecisionMetrics {
    decisions: Family<Labels, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    outcome: &'static str,
    reason: &'static str,
}

impl DecisionMetrics {
    pub(crate) fn register(metrics: &Metrics) -> Self {
        let own = Self::default();
        metrics.register(|registry| {
            registry.register("gate_decisions", "Decisions about calls, by outcome and reason", own.decisions.clone());
        });
        own
    }

    pub(crate) fn count(&self, outcome: &Outcome) {
        let (outcome, reason) = outcome.labels();
        self.decisions.get_or_create(&Labels { outcome, reason }).inc();
    }
}
