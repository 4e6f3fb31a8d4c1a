//! How a replica follows the database's history: what it does about each head that it reads.

use prometheus_client::encoding::EncodeLabelValue;

use super::revision::{Head, Point};

/// Why the index was dropped and loaded again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub(crate) enum Rebuild {
    /// The database began another life.
    Epoch,
    /// What was read has another digest than the head says: commits were lost, and nobody said so.
    Digest,
    /// The replica was away for longer than history is stored.
    Collected,
}

/// What a replica does about a head that is not where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Course {
    /// Reads what happened from where it stands on, towards the head.
    Read,
    /// Reads the head again, for a [`verdict`]: what it applied seems not to be the database's history.
    Doubt,
    /// Loads everything again.
    Rebuild(Rebuild),
}

/// What to do about a head.
pub(crate) fn course(at: &Point, head: &Head) -> Course {
    match left_behind(at, head) {
        Some(rebuild) => Course::Rebuild(rebuild),
        None if head.point.number < at.number => Course::Doubt,
        None => Course::Read,
    }
}

/// What is wrong when a replica and the database are not of one history, by the head as it was read again after that was
/// seen. On [`Rebuild::Digest`] the replica begins another life of the database: tokens, cursors and other replicas must
/// learn of it too.
pub(crate) fn verdict(at: &Point, again: &Head) -> Rebuild {
    left_behind(at, again).unwrap_or(Rebuild::Digest)
}

fn left_behind(at: &Point, head: &Head) -> Option<Rebuild> {
    if at.epoch != head.point.epoch {
        return Some(Rebuild::Epoch);
    }
    (at.number < head.floor).then_some(Rebuild::Collected)
}
