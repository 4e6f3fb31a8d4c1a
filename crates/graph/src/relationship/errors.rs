//! What is wrong with a relationship's text or parts.

use std::fmt;

use crate::names::NameFault;

/// A part of a relationship.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// `document` in `document:readme#viewer@group:eng#member`.
    ResourceType,
    /// `readme`.
    ResourceId,
    /// `viewer`.
    Relation,
    /// `group`.
    SubjectType,
    /// `eng`.
    SubjectId,
    /// `member`.
    SubjectRelation,
}

impl Part {
    pub(super) fn error(self, value: &str, fault: NameFault) -> RelationshipError {
        // The text is untrusted and may be long; the problem says how long.
        let shown: String = value.chars().take(80).collect();
        let more = if shown.len() < value.len() { "..." } else { "" };
        RelationshipError { part: self, position: fault.at + 1, problem: format!("`{shown}{more}` {}", fault.problem) }
    }

    /// The same part, of the object that is a subject.
    pub(super) fn of_subject(self) -> Self {
        match self {
            Part::ResourceType => Part::SubjectType,
            Part::ResourceId => Part::SubjectId,
            Part::Relation | Part::SubjectType | Part::SubjectId | Part::SubjectRelation => self,
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Part::ResourceType => "the resource's type",
            Part::ResourceId => "the resource's id",
            Part::Relation => "the relation",
            Part::SubjectType => "the subject's type",
            Part::SubjectId => "the subject's id",
            Part::SubjectRelation => "the subject's relation",
        })
    }
}

/// A malformed relationship, object or subject.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{part} {problem}, at byte {position}")]
pub struct RelationshipError {
    /// Which part is wrong.
    pub part: Part,
    /// Where, in bytes counted from 1: in the whole text if a text was read, else in the part.
    pub position: usize,
    /// What is wrong with it, and the limit it breaks.
    pub problem: String,
}

impl RelationshipError {
    pub(super) fn missing(part: Part, position: usize, expected: &str) -> Self {
        Self { part, position, problem: format!("is missing: expected {expected}") }
    }

    pub(super) fn wildcard_resource() -> Self {
        let problem = "is `*`, which only a subject may be".to_owned();
        Self { part: Part::ResourceId, position: 1, problem }
    }

    pub(super) fn wildcard_with_relation() -> Self {
        let problem = "follows `*`, which stands for objects and has no relations".to_owned();
        Self { part: Part::SubjectRelation, position: 1, problem }
    }

    /// The same error, of a part that begins `bytes` into the text.
    pub(super) fn moved(mut self, bytes: usize) -> Self {
        self.position += bytes;
        self
    }
}
