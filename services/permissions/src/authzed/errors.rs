//! What can go wrong in this contract, and the names that it has for it.

use chassis::{FieldInvalid, ForeignReason, Reason, ServiceError};
use graph::AdmissionError;

use crate::error::Error as Ours;

/// Whose reasons these are.
const DOMAIN: &str = "authzed.com";

/// Why an operation did not succeed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// What our own RPC says.
    #[error(transparent)]
    Ours(#[from] Ours),
    /// The contract knows it, and it is not served.
    #[error("{field}: is not served here; {instead}")]
    NotServed {
        /// The field of the request.
        field: String,
        /// What to do.
        instead: &'static str,
    },
    /// The tree is too large.
    #[error("the tree has more than {max} {what}: expand what it consists of")]
    TreeTooLarge {
        /// Of what there are too many.
        what: &'static str,
        /// How many there may be.
        max: usize,
    },
}

impl From<FieldInvalid> for Error {
    fn from(error: FieldInvalid) -> Self {
        Self::Ours(error.into())
    }
}

impl ServiceError for Error {
    fn reason(&self) -> Reason {
        match self {
            Self::Ours(error) => error.reason(),
            Self::NotServed { .. } => Reason::FeatureNotServed,
            Self::TreeTooLarge { .. } => Reason::TraversalBudgetExhausted,
        }
    }

    fn metadata(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Ours(error) => error.metadata(),
            Self::NotServed { field, .. } => vec![("field", field.clone())],
            Self::TreeTooLarge { .. } => Vec::new(),
        }
    }

    fn foreign_reason(&self) -> Option<ForeignReason> {
        if let Self::Ours(Ours::NotAdmitted { problem, .. }) = self
            && let AdmissionError::IsPermission { .. } = **problem
        {
            return Some(theirs("ERROR_REASON_CANNOT_UPDATE_PERMISSION"));
        }
        if let Self::Ours(Ours::MatchesMore { .. }) = self {
            return Some(theirs("ERROR_REASON_TOO_MANY_RELATIONSHIPS_FOR_TRANSACTIONAL_DELETE"));
        }
        if let Self::Ours(Ours::Limit(exceeded)) = self {
            return name_of_limit(exceeded.limit).map(theirs);
        }
        if let Self::Ours(Ours::Page(error)) = self
            && error.reason() == Reason::LimitExceeded
        {
            return Some(theirs("ERROR_REASON_EXCEEDS_MAXIMUM_ALLOWABLE_LIMIT"));
        }
        name_of(self.reason()).map(theirs)
    }
}

/// Why one question of many has no answer: what stands in its place of the answer.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(super) struct ItemError {
    pub(super) reason: Reason,
    pub(super) message: String,
}

impl ServiceError for ItemError {
    fn reason(&self) -> Reason {
        self.reason
    }

    fn foreign_reason(&self) -> Option<ForeignReason> {
        name_of(self.reason).map(theirs)
    }
}

fn theirs(name: &'static str) -> ForeignReason {
    ForeignReason { domain: DOMAIN, name }
}

fn name_of_limit(limit: &str) -> Option<&'static str> {
    match limit {
        "updates_max" => Some("ERROR_REASON_TOO_MANY_UPDATES_IN_REQUEST"),
        "preconditions_max" => Some("ERROR_REASON_TOO_MANY_PRECONDITIONS_IN_REQUEST"),
        "deletes_max" => Some("ERROR_REASON_EXCEEDS_MAXIMUM_ALLOWABLE_LIMIT"),
        "check_items_max" => Some("ERROR_REASON_TOO_MANY_CHECKS_IN_REQUEST"),
        _ => None,
    }
}

/// The contract's name for a reason; none where it has none, and ours is kept.
fn name_of(reason: Reason) -> Option<&'static str> {
    match reason {
        Reason::PageTokenInvalid => Some("ERROR_REASON_INVALID_CURSOR"),
        Reason::PreconditionFailed => Some("ERROR_REASON_WRITE_OR_DELETE_PRECONDITION_FAILURE"),
        Reason::RelationshipExists => Some("ERROR_REASON_ATTEMPT_TO_RECREATE_RELATIONSHIP"),
        Reason::RelationshipNotAllowed => Some("ERROR_REASON_INVALID_SUBJECT_TYPE"),
        Reason::RelationshipRepeated => Some("ERROR_REASON_UPDATES_ON_SAME_RELATIONSHIP"),
        Reason::SchemaInvalid => Some("ERROR_REASON_SCHEMA_PARSE_ERROR"),
        Reason::SchemaOrphansRelationship => Some("ERROR_REASON_SCHEMA_TYPE_ERROR"),
        Reason::SchemaRelationUnknown => Some("ERROR_REASON_UNKNOWN_RELATION_OR_PERMISSION"),
        Reason::SchemaTypeUnknown => Some("ERROR_REASON_UNKNOWN_DEFINITION"),
        Reason::SubjectNotAllowed => Some("ERROR_REASON_WILDCARD_NOT_ALLOWED"),
        Reason::TraversalBudgetExhausted => Some("ERROR_REASON_MAXIMUM_DEPTH_EXCEEDED"),
        Reason::VersionConflict => Some("ERROR_REASON_SERIALIZATION_FAILURE"),
        Reason::ApiKeyAtDirectPort
        | Reason::BootstrapDone
        | Reason::BootstrapSecretInvalid
        | Reason::ConsistencyTokenInvalid
        | Reason::ConsistencyTokenLost
        | Reason::CredentialInvalid
        | Reason::CredentialMissing
        | Reason::CycleThroughNegation
        | Reason::DatabaseUnavailable
        | Reason::OutcomeUnknown
        | Reason::DeadlineExceeded
        | Reason::ExchangeNeedsApiKey
        | Reason::FeatureNotServed
        | Reason::FieldInvalid
        | Reason::GatewayRequired
        | Reason::HostNotOwned
        | Reason::HostTaken
        | Reason::IdempotencyKeyReused
        | Reason::Internal
        | Reason::LastAdministrator
        | Reason::LimitExceeded
        | Reason::NotReady
        | Reason::Overloaded
        | Reason::PeerRequired
        | Reason::PeerUnavailable
        | Reason::PermissionMissing
        | Reason::ReplicaBehind
        | Reason::RequestAmbiguous
        | Reason::ResourceExists
        | Reason::ResourceNotFound
        | Reason::RevisionCollected
        | Reason::RoleNotHeld
        | Reason::RoutesInvalid
        | Reason::RpcUnknown
        | Reason::SchemaNotFound
        | Reason::ScopeMissing
        | Reason::ScopeNotHeld
        | Reason::TenantMismatch
        | Reason::TenantFull
        | Reason::TenantRequired => None,
    }
}
