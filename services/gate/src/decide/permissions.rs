//! Whether the caller may: the permissions service decides, anew for every call. Nothing is remembered here.

use std::sync::Arc;

use chassis::Tasks;
use chassis::error::reason_named;
use chassis::peer::Peer;
use chassis::traces;
use contract::Reason as PublicReason;
use contract::permissions::v1::check_bulk_result::Result as Answered;
use contract::permissions::v1::consistency::Requirement;
use contract::permissions::v1::permission_service_client::PermissionServiceClient;
use contract::permissions::v1::{
    CheckBulkItem, CheckRequest, Consistency, ObjectReference, Permissionship, SubjectReference,
};
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;

use super::Call;
use super::conversations::Conversations;
use super::metrics::QuestionMetrics;
use crate::domain::denial::{Denial, Reason};
use crate::domain::route::{Combine, Question, Questions};

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
#[derive(Debug)]
pub(crate) struct Permissions {
    peer: Peer,
    conversations: Conversations,
    metrics: QuestionMetrics,
}

impl Permissions {
    pub(crate) fn new(peer: Peer, tasks: Tasks, metrics: QuestionMetrics) -> Self {
        Self { conversations: Conversations::new(peer.clone(), tasks, metrics.clone()), peer, metrics }
    }

    /// Asks all at the same time. One answer that settles the matter is waited for, not those that change nothing. Notes in
    /// `checked_at` in which state the last one was found.
    pub(crate) async fn ask_all(
        &self,
        asked: Questions,
        token: Option<&str>,
        call: &Call,
        checked_at: &mut Option<Arc<str>>,
    ) -> Result<(), Denial> {
        let Questions { questions, combine } = asked;
        let mut open: FuturesUnordered<_> =
            questions.into_iter().map(|question| self.ask(question, token, call)).collect();
        let (mut held, mut missing, mut undecided) = (open.is_empty(), None, None);
        while let Some((answer, state)) = open.next().await {
            *checked_at = state.or(checked_at.take());
            match (answer, combine) {
                (Ok(()), Combine::Any) => return Ok(()),
                (Ok(()), Combine::All) => held = true,
                (Err(denial), _) if denial.reason == Reason::Unavailable => undecided = Some(denial),
                (Err(denial), Combine::Any) if denial.reason == Reason::Forbidden => missing = Some(denial),
                (Err(denial), Combine::Any | Combine::All) => return Err(denial),
            }
        }
        match undecided.or(missing) {
            Some(denial) => Err(denial),
            None if held => Ok(()),
            None => Err(Denial::new(Reason::Forbidden, "no permission was found")),
        }
    }

    /// Asks, at least as fresh as the caller's token if there is one. Answers the state too, if there is one.
    async fn ask(
        &self,
        question: Question,
        token: Option<&str>,
        call: &Call,
    ) -> (Result<(), Denial>, Option<Arc<str>>) {
        // A caller's token is of its own tenant's revisions, and says nothing of the system's.
        let token = token.filter(|_| !question.namespace.is_system());
        let Question { namespace, .. } = &question;
        let item = item(&question);
        // A message among many has no header of its own: the one that is traced is asked by a call, which leads on.
        if token.is_none()
            && !traces::is_sampled()
            && let Some((answer, checked_at)) = self.conversations.ask(namespace, item.clone(), call.deadline).await
            && let Some(answer) = answer.result
        {
            match answer {
                Answered::Permissionship(answer) => {
                    self.metrics.asked_on_a_stream();
                    return (admitted(Permissionship::try_from(answer).unwrap_or_default()), Some(checked_at));
                }
                Answered::Error(error) => {
                    // What is not about the question, another endpoint may answer.
                    if let Some(denial) = reason_named(&error.reason).and_then(refusal) {
                        self.metrics.asked_on_a_stream();
                        return (Err(denial), None);
                    }
                }
            }
        }
        self.metrics.asked_by_a_call();
        let requirement = match token {
            Some(token) => Requirement::AtLeastAsFresh(token.to_owned()),
            None => Requirement::MinimizeLatency(true),
        };
        let bounds = call.bounds(Some(namespace.to_string()));
        let answer = self
            .peer
            .call(&bounds, alone(item, requirement), |channel, request| async move {
                PermissionServiceClient::new(channel).check(request).await
            })
            .await;
        match answer {
            Ok(answer) => (admitted(answer.permissionship()), Some(answer.checked_at.into())),
            Err(error) => {
                let refusal = error.refused.and_then(refusal);
                (Err(refusal.unwrap_or_else(|| Denial::new(Reason::Unavailable, error.to_string()))), None)
            }
        }
    }
}

fn admitted(answer: Permissionship) -> Result<(), Denial> {
    match answer {
        Permissionship::HasPermission => Ok(()),
        Permissionship::NoPermission => Err(Denial::new(Reason::Forbidden, "the permission is missing")),
        Permissionship::Unspecified => Err(Denial::new(Reason::Forbidden, "permissions' answer is none")),
    }
}

fn item(question: &Question) -> CheckBulkItem {
    let object = |object_type: &str, object_id: &str| ObjectReference {
        object_type: object_type.to_owned(),
        object_id: object_id.to_owned(),
    };
    CheckBulkItem {
        resource: Some(object(&question.object_type, &question.object_id)),
        permission: question.permission.clone(),
        subject: Some(SubjectReference {
            object: Some(object(question.subject_type, &question.subject_id)),
            relation: String::new(),
        }),
    }
}

fn alone(CheckBulkItem { resource, permission, subject }: CheckBulkItem, requirement: Requirement) -> CheckRequest {
    CheckRequest { consistency: Some(Consistency { requirement: Some(requirement) }), resource, permission, subject }
}

/// What an answer that is none comes to, if it is about the question or the caller's token.
fn refusal(reason: PublicReason) -> Option<Denial> {
    if TOKEN_REFUSED.contains(&reason) {
        return Some(Denial::new(Reason::RequestInvalid, reason.name()));
    }
    NO_ANSWER.contains(&reason).then(|| {
        tracing::warn!(reason = reason.name(), "a route asks what permissions cannot answer");
        Denial::new(Reason::Forbidden, reason.name())
    })
}
