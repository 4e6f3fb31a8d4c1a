//! `bailiwick check`.

use clap::Args;
use contract::permissions::v1::consistency::Requirement;
use contract::permissions::v1::permission_service_client::PermissionServiceClient;
use contract::permissions::v1::{CheckRequest, Consistency, ObjectReference, Permissionship, SubjectReference};
use serde_json::json;

use super::Session;
use crate::answer::{Answer, Human};
use crate::failure::Failure;
use crate::relationship_text;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// For example document:roadmap.
    #[arg(value_parser = relationship_text::parse_object)]
    resource: ObjectReference,
    /// A permission or relation of the resource's type, for example view.
    permission: String,
    /// For example user:alice, or group:eng#member for everyone in it.
    #[arg(value_parser = relationship_text::parse_subject)]
    subject: SubjectReference,
    #[command(flatten)]
    consistency: ConsistencyArguments,
}

/// How fresh an answer must be.
#[derive(Clone, Debug, Args)]
pub(crate) struct ConsistencyArguments {
    /// How fresh: fast; full, for as new as anything acknowledged; or the token of a write, for at least as new as that.
    #[arg(long, value_name = "fast|full|TOKEN", default_value = "fast")]
    consistency: String,
}

impl ConsistencyArguments {
    /// The requirement as a message; absent for the fast one, which is what absence means.
    pub(crate) fn to_proto(&self) -> Option<Consistency> {
        let requirement = match self.consistency.as_str() {
            "fast" => return None,
            "full" => Requirement::FullyConsistent(true),
            token => Requirement::AtLeastAsFresh(token.to_owned()),
        };
        Some(Consistency { requirement: Some(requirement) })
    }
}

pub(crate) async fn run(arguments: Arguments, session: &Session<'_>) -> Result<Answer, Failure> {
    let request = CheckRequest {
        consistency: arguments.consistency.to_proto(),
        resource: Some(arguments.resource),
        permission: arguments.permission,
        subject: Some(arguments.subject),
    };
    let answer = session
        .gateway
        .call(request, async |channel, request| PermissionServiceClient::new(channel).check(request).await)
        .await?;
    let allowed = match answer.permissionship() {
        Permissionship::HasPermission => true,
        Permissionship::NoPermission => false,
        // Neither yes nor no: a newer server, and nothing to act on.
        Permissionship::Unspecified => {
            return Err(Failure::unavailable(
                "the server's answer is neither yes nor no; this bailiwick may be too old",
            ));
        }
    };
    let shown = if allowed { "allowed" } else { "denied" };
    let json = json!({ "allowed": allowed, "checked_at": answer.checked_at });
    Ok(Answer::new(&json, Human::Text(shown.to_owned())).denied(!allowed))
}
