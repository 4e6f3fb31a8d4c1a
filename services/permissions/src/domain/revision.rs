//! A revision: a place in the one order of all writes, within one life of the database and one history.

use time::OffsetDateTime;
use uuid::Uuid;

use super::digest::{Digest, Lineage};

/// A place in the order of all writes, as a token names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Revision {
    /// Which life of the database: another after it was restored.
    pub(crate) epoch: Uuid,
    /// The number, counted from 0, which is before the first write.
    pub(crate) number: u64,
    /// Which history: a database that lost commits gives their numbers out again, in another one.
    pub(crate) lineage: Lineage,
}

/// The same place with the whole digest of its history, from which the next one follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Point {
    pub(crate) epoch: Uuid,
    pub(crate) number: u64,
    pub(crate) digest: Digest,
}

impl Point {
    /// What tokens say of it.
    pub(crate) fn revision(&self) -> Revision {
        Revision { epoch: self.epoch, number: self.number, lineage: self.digest.lineage() }
    }
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
