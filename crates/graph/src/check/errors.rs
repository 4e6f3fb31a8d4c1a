//! Why a check has no answer.

use std::fmt;

/// Which side of the question an error is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckSide {
    /// The object asked about.
    Resource,
    /// The one who is asking.
    Subject,
}

impl fmt::Display for CheckSide {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            CheckSide::Resource => "resource",
            CheckSide::Subject => "subject",
        })
    }
}

/// A field of [`Budget`](crate::Budget).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// `nodes_max`
    Nodes,
    /// `edges_max`
    Edges,
}

impl fmt::Display for Limit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Limit::Nodes => "nodes_max",
            Limit::Edges => "edges_max",
        })
    }
}

/// Why a check has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    /// A type is not defined (`FAILED_PRECONDITION`).
    #[error("the {side}'s type `{object_type}` is not defined{hint}")]
    UnknownType {
        /// Whose type.
        side: CheckSide,
        /// The type as asked.
        object_type: String,
        /// A name that may have been meant, as the end of a sentence.
        hint: String,
    },
    /// A type has no such relation or permission (`FAILED_PRECONDITION`).
    #[error("the {side}'s type `{object_type}` has no relation or permission `{name}`{hint}")]
    UnknownMember {
        /// Whose relation or permission.
        side: CheckSide,
        /// The type, which is defined.
        object_type: String,
        /// The name as asked.
        name: String,
        /// A name that may have been meant, as the end of a sentence.
        hint: String,
    },
    /// The resource is `*` (`INVALID_ARGUMENT`).
    #[error("the resource's id is `*`; a check is about one object")]
    InvalidResource,
    /// The subject is `*` (`INVALID_ARGUMENT`).
    #[error("the subject's id is `*`; a check is about one subject")]
    InvalidSubject,
    /// The question reaches more than the budget allows (`RESOURCE_EXHAUSTED`).
    #[error("the check reaches more than {max} {}; raise `{limit}` or flatten the relationships", described(*.limit))]
    BudgetExhausted {
        /// The limit that was reached.
        limit: Limit,
        /// Its value.
        max: usize,
    },
    /// A membership depends on its own absence, so that neither answer is right (`FAILED_PRECONDITION`).
    #[error("a cycle through an exclusion has no answer: {}", .cycle.join(" -> "))]
    CycleThroughNegation {
        /// The pairs of the cycle, each depending on the next, the last equal to the first. The first depends on the
        /// second through the right side of an exclusion. Of a long cycle the middle is left out, as `...`.
        cycle: Vec<String>,
    },
}

fn described(limit: Limit) -> &'static str {
    match limit {
        Limit::Nodes => "pairs of an object and a relation or permission",
        Limit::Edges => "relationships and references",
    }
}
