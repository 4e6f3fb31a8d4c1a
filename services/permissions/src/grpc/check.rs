//! Answers one question.

use std::sync::Arc;

use chassis::Context;
use contract::permissions::v1::{CheckRequest, CheckResponse, Permissionship};
use graph::Answer;

use super::references;
use crate::Permissions;
use crate::error::Error;

pub(crate) async fn check(
    service: Arc<Permissions>,
    ctx: Context,
    request: CheckRequest,
) -> Result<CheckResponse, Error> {
    let consistency = references::consistency(request.consistency.as_ref())?;
    let question = references::question(request.resource, request.permission, request.subject, "")?;

    let view = service.freshness.view(&ctx, &consistency).await?;

    let answer = service.evaluator.check(&view, question).await?;

    Ok(CheckResponse {
        permissionship: permissionship(answer).into(),
        checked_at: service.freshness.token(ctx.tenant(), &view.revision),
    })
}

/// An answer as a message.
pub(super) fn permissionship(answer: Answer) -> Permissionship {
    match answer {
        Answer::Has => Permissionship::HasPermission,
        Answer::No => Permissionship::NoPermission,
    }
}
