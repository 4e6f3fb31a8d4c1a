//! The service's own metrics.

use chassis::Metrics;
use contract::metrics::identity as declared;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;

use crate::domain::key_id::KeyId;

/// Which key something lies under that does not lie under the current one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
#[expect(non_camel_case_types, reason = "the labels' values are as they are written here")]
enum Under {
    other,
    unnamed,
    missing,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct UnderLabels {
    key: Under,
}

/// How many rows wait to be moved to the current keys.
#[derive(Clone, Debug, Default)]
pub(crate) struct KeyMetrics {
    secrets: Family<UnderLabels, Gauge>,
    sealed: Family<UnderLabels, Gauge>,
}

/// How many rows lie under a key; none: under one without an id.
pub(crate) type Count = (Option<String>, i64);

/// How many rows lie under which kind of key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outdated {
    pub(crate) other: i64,
    pub(crate) unnamed: i64,
    pub(crate) missing: i64,
}

impl Outdated {
    /// What was counted, given which other keys there are.
    pub(crate) fn of(counts: &[Count], others: &[&KeyId]) -> Self {
        let mut outdated = Self::default();
        for (id, rows) in counts {
            match id {
                None => outdated.unnamed += rows,
                Some(id) if others.iter().any(|other| other.as_str() == id) => outdated.other += rows,
                Some(_) => outdated.missing += rows,
            }
        }
        outdated
    }

    fn show(self, family: &Family<UnderLabels, Gauge>) {
        for (key, rows) in [(Under::other, self.other), (Under::unnamed, self.unnamed), (Under::missing, self.missing)]
        {
            family.get_or_create(&UnderLabels { key }).set(rows);
        }
    }
}

impl KeyMetrics {
    /// Declares them.
    pub(crate) fn register(metrics: &Metrics) -> Self {
        let new = Self::default();
        metrics.register(&declared::SECRETS_OUTDATED, new.secrets.clone());
        metrics.register(&declared::SEALED_OUTDATED, new.sealed.clone());
        new
    }

    /// What was counted.
    pub(crate) fn counted(&self, secrets: Outdated, sealed: Outdated) {
        secrets.show(&self.secrets);
        sealed.show(&self.sealed);
    }
}
