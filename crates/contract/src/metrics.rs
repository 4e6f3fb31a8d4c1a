//! The metrics of every service: generated from `crates/chassis/metrics.toml` and `services/*/metrics.toml`.

pub use crate::metrics_tables::{chassis, gate, identity, permissions};

/// A metric, as its table declares it.
#[derive(Debug)]
pub struct Metric {
    /// What it counts, without the prefix and the unit.
    pub name: &'static str,
    /// What can be done with it.
    pub kind: Kind,
    /// What its numbers are counted in; empty for things that are counted one by one.
    pub unit: &'static str,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    /// What it says, in a sentence.
    pub help: &'static str,
}

/// What can be done with a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only grows while the process lives: its rate says something.
    Counter,
    /// Goes up and down.
    Gauge,
    /// How many observations fell below each of some bounds.
    Histogram,
    /// Says something in its labels alone.
    Info,
}

/// Every metric that the service with this name declares: all services' and its own.
pub fn of(service: &str) -> impl Iterator<Item = &'static Metric> {
    let own = match service {
        "gate" => gate::TABLE,
        "identity" => identity::TABLE,
        "permissions" => permissions::TABLE,
        _ => &[],
    };
    chassis::TABLE.iter().chain(own).copied()
}
