//! How many decisions ended how, how permissions was asked, and how often an assertion had to be signed. All labels come from closed lists.

use chassis::Metrics;
use contract::metrics::gate as declared;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};

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
#[derive(Clone, Debug)]
pub(crate) struct QuestionMetrics {
    questions: Family<Way, Counter>,
    questions_a_message: Histogram,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Way {
    way: &'static str,
}

impl QuestionMetrics {
    pub(crate) fn register(metrics: &Metrics) -> Self {
        let own = Self {
            questions: Family::default(),
            questions_a_message: Histogram::new(exponential_buckets(1.0, 2.0, 8)),
        };
        metrics.register(&declared::GATE_QUESTIONS, own.questions.clone());
        metrics.register(&declared::GATE_QUESTIONS_A_MESSAGE, own.questions_a_message.clone());
        own
    }

    pub(crate) fn asked_on_a_stream(&self) {
        self.questions.get_or_create(&Way { way: "stream" }).inc();
    }

    /// A message with so many questions went out on a stream.
    pub(crate) fn sent(&self, questions: usize) {
        #[expect(clippy::cast_precision_loss, reason = "a message has at most 100")]
        self.questions_a_message.observe(questions as f64);
    }

    pub(crate) fn asked_by_a_call(&self) {
        self.questions.get_or_create(&Way { way: "call" }).inc();
    }
}

/// Where assertions came from.
#[derive(Clone, Debug, Default)]
pub(crate) struct AssertionMetrics {
    assertions: Family<Source, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Source {
    source: &'static str,
}

impl AssertionMetrics {
    pub(crate) fn register(metrics: &Metrics) -> Self {
        let own = Self::default();
        metrics.register(&declared::GATE_ASSERTIONS, own.assertions.clone());
        own
    }

    pub(crate) fn signed(&self) {
        self.assertions.get_or_create(&Source { source: "signed" }).inc();
    }

    pub(crate) fn remembered(&self) {
        self.assertions.get_or_create(&Source { source: "remembered" }).inc();
    }
}
