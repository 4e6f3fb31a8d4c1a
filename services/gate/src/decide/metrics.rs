//! How many decisions ended how, and how permissions was asked. All labels come from closed lists.

use chassis::Metrics;
use contract::metrics::gate as declared;
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
        metrics.register(&declared::GATE_DECISIONS, own.decisions.clone());
        own
    }

    pub(crate) fn count(&self, outcome: &Outcome) {
        let (outcome, reason) = outcome.labels();
        self.decisions.get_or_create(&Labels { outcome, reason }).inc();
    }
}

/// How permissions was asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct QuestionMetrics {
    questions: Family<Way, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Way {
    way: &'static str,
}

impl QuestionMetrics {
    pub(crate) fn register(metrics: &Metrics) -> Self {
        let own = Self::default();
        metrics.register(&declared::GATE_QUESTIONS, own.questions.clone());
        own
    }

    pub(crate) fn asked_on_a_stream(&self) {
        self.questions.get_or_create(&Way { way: "stream" }).inc();
    }

    pub(crate) fn asked_by_a_call(&self) {
        self.questions.get_or_create(&Way { way: "call" }).inc();
    }
}
