//! What can go wrong, and the public reason of each.

use std::sync::Arc;

use chassis::call::StreamBroken;
use chassis::page::PageError;
use chassis::{DatabaseError, FieldInvalid, LimitExceeded, Reason, ServiceError};
use graph::{AdmissionError, CheckError, Relationship, SchemaErrors};

use crate::domain::write::Expectation;

/// Why an operation did not succeed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// A field is missing or not of its form.
    #[error(transparent)]
    Field(#[from] FieldInvalid),
    /// The request holds too much.
    #[error(transparent)]
    Limit(#[from] LimitExceeded),
    /// The caller's stream broke off.
    #[error(transparent)]
    Stream(#[from] StreamBroken),
    /// The page cannot be answered.
    #[error(transparent)]
    Page(#[from] PageError),
    /// The database could not be used.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The database could not be used, for several writes at once.
    #[error("{0}; nothing was written")]
    Batch(#[source] Arc<DatabaseError>),
    /// The database did not answer the commit.
    #[error(
        "the database was lost while the change was being committed: it may have been made, so look before trying again"
    )]
    CommitUnknown(#[source] Option<Arc<DatabaseError>>),
    /// As many writes wait as may.
    #[error(
        "{waiting_max} writes of this tenant or in all wait already: try again with growing pauses, or put more into each"
    )]
    WritesWaiting {
        /// How many may.
        waiting_max: usize,
    },
    /// The tenant is at its cap.
    #[error("the tenant would have more relationships than relationships_max allows: delete what is no longer needed")]
    TenantFull,
    /// A precondition does not hold.
    #[error("preconditions[{index}]: {}", precondition_text(*expectation))]
    PreconditionFailed {
        /// Which one.
        index: usize,
        /// What it expects.
        expectation: Expectation,
    },
    /// A precondition's filter names what the schema lacks.
    #[error("preconditions[{index}].{problem}")]
    InPrecondition {
        /// Which one.
        index: usize,
        /// What it names.
        problem: Box<Error>,
    },
    /// More relationships match than a deletion may take away.
    #[error(
        "more than {limit} relationships match: narrow the filter, or allow_partial and repeat until partial is false"
    )]
    MatchesMore {
        /// How many it may.
        limit: u32,
    },
    /// The head could not be read, for several calls at once.
    #[error("the newest revision could not be read")]
    Head(#[source] Arc<DatabaseError>),
    /// The question has no answer.
    #[error(transparent)]
    Check(#[from] CheckError),
    /// The bulk check was cut off.
    #[error("the questions were not all answered by the deadline: ask fewer at once")]
    Late,
    /// A relationship has no place in the schema.
    #[error("{field}: {problem}")]
    NotAdmitted {
        /// Where it stands in the request.
        field: String,
        /// Why.
        problem: Box<AdmissionError>,
    },
    /// A relationship that is to be created is there.
    #[error("updates[{index}].relationship: {relationship} exists already; TOUCH would leave it as it is")]
    Exists {
        /// Which change.
        index: usize,
        /// Which relationship.
        relationship: Box<Relationship>,
    },
    /// A request changes a relationship twice.
    #[error("updates[{index}].relationship: {relationship} is changed by an earlier update of this request too")]
    Repeated {
        /// Which change.
        index: usize,
        /// Which relationship.
        relationship: Box<Relationship>,
    },
    /// A filter names a type that the schema lacks.
    #[error("{field}: the schema has no type `{object_type}`")]
    FilterType {
        /// Where it stands in the request.
        field: String,
        /// The type.
        object_type: String,
    },
    /// A filter names a relation that its type lacks.
    #[error("{field}: `{object_type}` has no relation or permission `{relation}`")]
    FilterRelation {
        /// Where it stands in the request.
        field: String,
        /// The type.
        object_type: String,
        /// The relation.
        relation: String,
    },
    /// There is no schema.
    #[error("the tenant has no schema yet")]
    SchemaNotFound,
    /// The schema cannot be read, or contradicts itself.
    #[error("{0}")]
    SchemaInvalid(SchemaErrors),
    /// The schema would leave a relationship without a place.
    #[error(
        "the new schema has no place for {0}, which exists: delete what it no longer allows first, or keep it allowed"
    )]
    Orphans(Box<Relationship>),
    /// A stored schema cannot be read by this version.
    #[error("the schema of revision {revision} cannot be read: {problem}")]
    StoredSchema {
        /// The revision that put it in force.
        revision: u64,
        /// Why.
        problem: SchemaErrors,
    },
    /// The consistency token is not this tenant's, or not this service's.
    #[error("the consistency token was not given out by this service to this tenant")]
    TokenInvalid,
    /// The consistency token is of an earlier life of the database, or of a history that it lost.
    #[error("the database was restored or lost commits since the consistency token was given out: ask without it")]
    TokenLost,
    /// The state of an earlier revision is not kept any more.
    #[error("the state of that revision is not kept any more: ask with at_least_as_fresh, or begin again")]
    RevisionCollected,
    /// The revision was not reached in time.
    #[error("this replica could not reach the asked revision in time: try again")]
    ReplicaBehind,
    /// Nothing is loaded: not yet, or not again after the database lost commits.
    #[error("this replica is loading what it answers from: try again, or ask another")]
    NotReady,
    /// The caller does not hold the role.
    #[error("only who has the role {0}, or is administrator, may give or take it")]
    RoleNotHeld(&'static str),
    /// The tenant would be left without an administrator.
    #[error("the tenant would be left without an administrator: make somebody else administrator first")]
    LastAdministrator,
    /// The reserved tenant changes only through the roles' own RPCs.
    #[error("the caller may not do this")]
    Reserved,
}

impl Error {
    /// What a commit that failed comes to.
    pub(crate) fn of_commit(error: DatabaseError) -> Self {
        match error {
            DatabaseError::Unavailable(_) => Self::CommitUnknown(Some(Arc::new(error))),
            // It was refused, so nothing has changed.
            DatabaseError::Unexpected(_) => Self::Database(error),
        }
    }
}

impl ServiceError for Error {
    fn reason(&self) -> Reason {
        match self {
            Self::Field(error) => error.reason(),
            Self::Limit(error) => error.reason(),
            Self::Page(error) => error.reason(),
            Self::Database(error) => error.reason(),
            Self::Head(error) | Self::Batch(error) => error.reason(),
            Self::CommitUnknown(_) => Reason::OutcomeUnknown,
            Self::WritesWaiting { .. } => Reason::Overloaded,
            Self::TenantFull => Reason::TenantFull,
            Self::PreconditionFailed { .. } => Reason::PreconditionFailed,
            Self::MatchesMore { .. } => Reason::LimitExceeded,
            Self::InPrecondition { problem, .. } => problem.reason(),
            Self::Check(error) => of_check(error),
            Self::Stream(_) => Reason::FieldInvalid,
            Self::Late => Reason::DeadlineExceeded,
            Self::NotAdmitted { problem, .. } => of_admission(problem),
            Self::Exists { .. } => Reason::RelationshipExists,
            Self::Repeated { .. } => Reason::RelationshipRepeated,
            Self::FilterType { .. } => Reason::SchemaTypeUnknown,
            Self::FilterRelation { .. } => Reason::SchemaRelationUnknown,
            Self::SchemaNotFound => Reason::SchemaNotFound,
            Self::SchemaInvalid(_) => Reason::SchemaInvalid,
            Self::Orphans(_) => Reason::SchemaOrphansRelationship,
            Self::StoredSchema { .. } => Reason::Internal,
            Self::TokenInvalid => Reason::ConsistencyTokenInvalid,
            Self::TokenLost => Reason::ConsistencyTokenLost,
            Self::RevisionCollected => Reason::RevisionCollected,
            Self::ReplicaBehind => Reason::ReplicaBehind,
            Self::NotReady => Reason::NotReady,
            Self::RoleNotHeld(_) => Reason::RoleNotHeld,
            Self::LastAdministrator => Reason::LastAdministrator,
            Self::Reserved => Reason::PermissionMissing,
        }
    }

    fn metadata(&self) -> Vec<(&'static str, String)> {
        let relationship = |index: &usize| format!("updates[{index}].relationship");
        match self {
            Self::Field(error) => error.metadata(),
            Self::Limit(error) => error.metadata(),
            Self::Page(error) => error.metadata(),
            Self::NotAdmitted { field, .. } => vec![("field", field.clone())],
            Self::Exists { index, .. } | Self::Repeated { index, .. } => vec![("field", relationship(index))],
            Self::FilterType { field, .. } | Self::FilterRelation { field, .. } => {
                vec![("field", field.clone())]
            }
            Self::InPrecondition { index, problem } => problem
                .metadata()
                .into_iter()
                .map(|(key, value)| (key, format!("preconditions[{index}].{value}")))
                .collect(),
            Self::PreconditionFailed { index, .. } => vec![("field", format!("preconditions[{index}]"))],
            Self::TenantFull => vec![("limit", "relationships_max".to_owned())],
            Self::MatchesMore { limit } => vec![("limit", "deletes_max".to_owned()), ("max", limit.to_string())],
            Self::Database(_)
            | Self::Batch(_)
            | Self::CommitUnknown(_)
            | Self::WritesWaiting { .. }
            | Self::Head(_)
            | Self::Check(_)
            | Self::Late
            | Self::Stream(_)
            | Self::SchemaNotFound
            | Self::SchemaInvalid(_)
            | Self::Orphans(_)
            | Self::StoredSchema { .. }
            | Self::TokenInvalid
            | Self::TokenLost
            | Self::RevisionCollected
            | Self::ReplicaBehind
            | Self::NotReady
            | Self::RoleNotHeld(_)
            | Self::LastAdministrator
            | Self::Reserved => Vec::new(),
        }
    }
}

fn precondition_text(expectation: Expectation) -> &'static str {
    match expectation {
        Expectation::MustExist => "no relationship matches, and one must",
        Expectation::MustNotExist => "a relationship matches, and none may",
    }
}

fn of_check(error: &CheckError) -> Reason {
    match error {
        CheckError::UnknownType { .. } => Reason::SchemaTypeUnknown,
        CheckError::UnknownMember { .. } => Reason::SchemaRelationUnknown,
        CheckError::InvalidResource | CheckError::InvalidSubject => Reason::SubjectNotAllowed,
        CheckError::BudgetExhausted { .. } => Reason::TraversalBudgetExhausted,
        CheckError::CycleThroughNegation { .. } => Reason::CycleThroughNegation,
    }
}

fn of_admission(error: &AdmissionError) -> Reason {
    match error {
        AdmissionError::UnknownType { .. } => Reason::SchemaTypeUnknown,
        AdmissionError::UnknownRelation { .. } | AdmissionError::UnknownSubjectRelation { .. } => {
            Reason::SchemaRelationUnknown
        }
        AdmissionError::IsPermission { .. } | AdmissionError::DisallowedSubject { .. } => {
            Reason::RelationshipNotAllowed
        }
    }
}
