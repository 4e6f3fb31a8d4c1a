//! The service's own metrics.

use std::sync::atomic::AtomicU64;

use chassis::Metrics;
use contract::metrics::permissions as declared;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;

use crate::domain::following::Rebuild;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RebuildLabels {
    reason: Rebuild,
}

/// What tells how the index does.
#[derive(Clone, Debug, Default)]
pub(crate) struct IndexMetrics {
    rebuilds: Family<RebuildLabels, Counter>,
    polls: Counter,
    merges: Counter,
    merge_seconds: Counter<f64, AtomicU64>,
    relationships: Gauge,
    delta_relationships: Gauge,
    revision: Gauge,
    silence_seconds: Gauge<f64, AtomicU64>,
    clock_ahead_seconds: Gauge<f64, AtomicU64>,
}

impl IndexMetrics {
    /// Declares them.
    pub(crate) fn register(metrics: &Metrics) -> Self {
        let new = Self::default();
        metrics.register(&declared::INDEX_REBUILDS, new.rebuilds.clone());
        metrics.register(&declared::INDEX_POLLS, new.polls.clone());
        metrics.register(&declared::INDEX_MERGES, new.merges.clone());
        metrics.register(&declared::INDEX_MERGE_DURATION, new.merge_seconds.clone());
        metrics.register(&declared::INDEX_RELATIONSHIPS, new.relationships.clone());
        metrics.register(&declared::INDEX_DELTA_RELATIONSHIPS, new.delta_relationships.clone());
        metrics.register(&declared::INDEX_REVISION, new.revision.clone());
        metrics.register(&declared::INDEX_SILENCE, new.silence_seconds.clone());
        metrics.register(&declared::INDEX_CLOCK_AHEAD, new.clock_ahead_seconds.clone());
        new
    }

    /// The head was read.
    pub(crate) fn seen(&self) {
        self.polls.inc();
    }

    /// The index was dropped.
    pub(crate) fn rebuilt(&self, reason: Rebuild) {
        self.rebuilds.get_or_create(&RebuildLabels { reason }).inc();
    }

    /// A tenant's changes were folded in.
    pub(crate) fn merged(&self, took: std::time::Duration) {
        self.merges.inc();
        self.merge_seconds.inc_by(took.as_secs_f64());
    }

    /// How the database's clock goes.
    pub(crate) fn clock(&self, silence: std::time::Duration, ahead: time::Duration) {
        self.silence_seconds.set(silence.as_secs_f64());
        self.clock_ahead_seconds.set(ahead.as_seconds_f64());
    }

    /// What is in memory.
    pub(crate) fn holds(&self, revision: u64, relationships: usize, delta_relationships: usize) {
        let gauge = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        self.revision.set(i64::try_from(revision).unwrap_or(i64::MAX));
        self.relationships.set(gauge(relationships));
        self.delta_relationships.set(gauge(delta_relationships));
    }
}

/// What tells how files of the index do.
#[derive(Clone, Debug, Default)]
pub(crate) struct SnapshotMetrics {
    written: Counter,
    failed: Counter,
}

impl SnapshotMetrics {
    /// Declares them.
    pub(crate) fn register(metrics: &Metrics) -> Self {
        let new = Self::default();
        metrics.register(&declared::SNAPSHOTS_WRITTEN, new.written.clone());
        metrics.register(&declared::SNAPSHOTS_FAILED, new.failed.clone());
        new
    }

    /// One is in place.
    pub(crate) fn written(&self) {
        self.written.inc();
    }

    /// One could not be put in place.
    pub(crate) fn failed(&self) {
        self.failed.inc();
    }
}

/// What tells that history does not grow without end.
#[derive(Clone, Debug, Default)]
pub(crate) struct CollectionMetrics {
    relationships: Counter,
}

impl CollectionMetrics {
    /// Declares them.
    pub(crate) fn register(metrics: &Metrics) -> Self {
        let new = Self::default();
        metrics.register(&declared::RELATIONSHIPS_COLLECTED, new.relationships.clone());
        new
    }

    /// So many were.
    pub(crate) fn collected(&self, relationships: u64) {
        self.relationships.inc_by(relationships);
    }
}
