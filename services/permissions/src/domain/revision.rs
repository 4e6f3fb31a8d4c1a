//! A revision: a place in the one order of all writes, within one life of the database.

use time::OffsetDateTime;
use uuid::Uuid;

use super::digest::Digest;

/// A place in the order of all writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Revision {
    /// Which life of the database: another after it was restored.
    pub(crate) epoch: Uuid,
    /// The number, counted from 0, which is before the first write.
    pub(crate) number: u64,
}

impl Revision {
    /// Whether a state at this revision has everything that one at `other` has.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        self.epoch == other.epoch && self.number >= other.number
    }
}

/// A revision with the digest of its history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Point {
    pub(crate) revision: Revision,
    pub(crate) digest: Digest,
}

/// The newest revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) point: Point,
    /// The oldest revision whose state is still stored.
    pub(crate) floor: u64,
    /// What the database's clock showed when it was read.
    pub(crate) read_at: OffsetDateTime,
}
