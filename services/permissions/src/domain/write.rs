//! A write as a caller asks for it: what must hold, and what is to change.

use graph::RelationshipFilter;

use super::revision::Revision;
use super::update::Update;

/// What a precondition expects of its filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expectation {
    /// At least one relationship matches.
    MustExist,
    /// No relationship matches.
    MustNotExist,
}

/// What must hold just before a write, or it is not made.
#[derive(Clone, Debug)]
pub(crate) struct Precondition {
    pub(crate) expectation: Expectation,
    pub(crate) filter: RelationshipFilter,
}

/// What is to change.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    /// These relationships.
    Updates(Vec<Update>),
    /// Whatever a filter matches goes.
    Deletion(Deletion),
}

/// Deletes what a filter matches.
#[derive(Clone, Debug)]
pub(crate) struct Deletion {
    pub(crate) filter: RelationshipFilter,
    /// The most that may go.
    pub(crate) limit: u32,
    /// Whether some may go if more match than the limit.
    pub(crate) allow_partial: bool,
}

/// A write that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Written {
    /// The revision that has it.
    pub(crate) revision: Revision,
    /// How many relationships a deletion took away.
    pub(crate) deleted: u32,
    /// Whether a deletion left some that match.
    pub(crate) partial: bool,
}
