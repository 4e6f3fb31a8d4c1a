//! Relationships that follow a log of changes.

use super::RelationshipSet;
use crate::relationship::Relationship;

/// A set of relationships as of a revision of the log it follows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Revisioned {
    revision: u64,
    relationships: RelationshipSet,
}

/// One change to the set. Both kinds may be repeated without harm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The relationship is there from now on, whether or not it was.
    Touch(Relationship),
    /// The relationship is gone from now on, whether or not it was there.
    Delete(Relationship),
}

/// A revision that does not come after the one already applied. Nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("revision {offered} does not come after revision {applied}, which is already applied")]
pub struct RevisionError {
    /// The revision the set is at.
    pub applied: u64,
    /// The revision that was offered.
    pub offered: u64,
}

impl Revisioned {
    /// The empty set at revision 0, before any change.
    pub fn new() -> Self {
        Self::default()
    }

    /// A set that was loaded whole, as of a revision.
    pub fn loaded(revision: u64, relationships: RelationshipSet) -> Self {
        Self { revision, relationships }
    }

    /// Applies everything that a revision changed, in order. Revisions may leave gaps.
    ///
    /// # Errors
    ///
    /// The revision does not come after the one already applied: a revision is applied once and whole.
    pub fn apply(&mut self, revision: u64, changes: impl IntoIterator<Item = Change>) -> Result<(), RevisionError> {
        if revision <= self.revision {
            return Err(RevisionError { applied: self.revision, offered: revision });
        }
        for change in changes {
            match change {
                Change::Touch(relationship) => self.relationships.insert(relationship),
                Change::Delete(relationship) => self.relationships.remove(&relationship),
            };
        }
        self.revision = revision;
        Ok(())
    }

    /// The last revision applied.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The relationships as of that revision.
    pub fn relationships(&self) -> &RelationshipSet {
        &self.relationships
    }
}
