//! Whether the caller may: the permissions service decides, anew for every call. Nothing is remembered here.

use chassis::peer::{Peer, PeerError};
use contract::Reason as PublicReason;
use contract::permissions::v1::consistency::Requirement;
use contract::permissions::v1::permission_service_client::PermissionServiceClient;
use contract::permissions::v1::{CheckRequest, Consistency, ObjectReference, Permissionship, SubjectReference};

use super::Call;
use crate::domain::denial::{Denial, Reason};
use crate::domain::route::Question;

/// The answers that mean that the caller's consistency token is of no use.
const TOKEN_REFUSED: [PublicReason; 3] =
    [PublicReason::ConsistencyTokenInvalid, PublicReason::ConsistencyTokenLost, PublicReason::RevisionCollected];

/// The answers that mean that the question itself has none: the route does not fit the schema, or the graph is not what it
/// should be. Asking again does not help, and who asks must not learn which it is.
const NO_ANSWER: [PublicReason; 7] = [
    PublicReason::SchemaNotFound,
    PublicReason::SchemaTypeUnknown,
    PublicReason::SchemaRelationUnknown,
    PublicReason::SubjectNotAllowed,
    PublicReason::FieldInvalid,
    PublicReason::CycleThroughNegation,
    PublicReason::TraversalBudgetExhausted,
];

/// The permissions service.
#[derive(Clone, Debug)]
pub(crate) struct Permissions(pub(crate) Peer);

impl Permissions {
    /// Asks, at least as fresh as the caller's token if there is one.
    pub(crate) async fn ask(&self, question: Question, token: Option<&str>, call: &Call) -> Result<(), Denial> {
        // A caller's token is of its own tenant's revisions, and says nothing of the system's.
        let requirement = match token.filter(|_| !question.namespace.is_system()) {
            Some(token) => Requirement::AtLeastAsFresh(token.to_owned()),
            None => Requirement::MinimizeLatency(true),
        };
        let bounds = call.bounds(Some(question.namespace.to_string()));
        let answer = self
            .0
            .call(&bounds, request(question, requirement), |channel, request| async move {
                PermissionServiceClient::new(channel).check(request).await
            })
            .await
            .map_err(|error| refusal(&error))?;
        match answer.permissionship() {
            Permissionship::HasPermission => Ok(()),
            Permissionship::NoPermission => Err(Denial::new(Reason::Forbidden, "the permission is missing")),
            Permissionship::Unspecified => Err(Denial::new(Reason::Forbidden, "permissions' answer is none")),
        }
    }
}

fn request(question: Question, requirement: Requirement) -> CheckRequest {
    let object = |object_type, object_id| ObjectReference { object_type, object_id };
    CheckRequest {
        consistency: Some(Consistency { requirement: Some(requirement) }),
        resource: Some(object(question.object_type, question.object_id)),
        permission: question.permission,
        subject: Some(SubjectReference {
            object: Some(object(question.subject_type.to_owned(), question.subject_id)),
            relation: String::new(),
        }),
    }
}

fn refusal(error: &PeerError) -> Denial {
    match error.refused {
        Some(reason) if TOKEN_REFUSED.contains(&reason) => Denial::new(Reason::RequestInvalid, reason.name()),
        Some(reason) if NO_ANSWER.contains(&reason) => {
            tracing::warn!(reason = reason.name(), "a route asks what permissions cannot answer");
            Denial::new(Reason::Forbidden, reason.name())
        }
        Some(_) | None => Denial::new(Reason::Unavailable, error.to_string()),
    }
}
