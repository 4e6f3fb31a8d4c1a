//! Answers one question.

use std::sync::Arc;

use chassis::Context;
use contract::authzed::api::v1::check_permission_response::Permissionship as Theirs;
use contract::authzed::api::v1::{CheckPermissionRequest, CheckPermissionResponse};
use contract::permissions::v1::{CheckRequest, Permissionship};

use super::errors::Error;
use super::messages;
use crate::Permissions;
use crate::grpc::check;

pub(crate) async fn check_permission(
    service: Arc<Permissions>,
    ctx: Context,
    request: CheckPermissionRequest,
) -> Result<CheckPermissionResponse, Error> {
    messages::no_values(request.context.as_ref(), "context")?;
    messages::no_tracing(request.with_tracing)?;
    let consistency = messages::consistency(request.consistency);
    let question = CheckRequest {
        consistency,
        resource: request.resource.map(messages::object),
        permission: request.permission,
        subject: request.subject.map(messages::subject),
    };

    let answer = check::check(service, ctx, question).await?;

    let permissionship = permissionship(answer.permissionship()).into();
    let checked_at = messages::token(answer.checked_at);
    Ok(CheckPermissionResponse { checked_at, permissionship, ..CheckPermissionResponse::default() })
}

/// An answer of ours, as theirs.
pub(super) fn permissionship(answer: Permissionship) -> Theirs {
    match answer {
        Permissionship::Unspecified => Theirs::Unspecified,
        Permissionship::NoPermission => Theirs::NoPermission,
        Permissionship::HasPermission => Theirs::HasPermission,
    }
}
