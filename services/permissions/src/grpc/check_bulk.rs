//! Answers many questions at one revision, each with its own answer or error.

use std::sync::Arc;

use chassis::error::ServiceError as _;
use chassis::{Context, FieldInvalid, LimitExceeded};
use contract::permissions::v1::check_bulk_result::Result as Outcome;
use contract::permissions::v1::{CheckBulkError, CheckBulkItem, CheckBulkRequest, CheckBulkResponse, CheckBulkResult};
use graph::Answer;

use super::check::permissionship;
use super::references;
use crate::Permissions;
use crate::error::Error;
use crate::index::evaluator::Asked;

pub(crate) async fn check_bulk(
    service: Arc<Permissions>,
    ctx: Context,
    request: CheckBulkRequest,
) -> Result<CheckBulkResponse, Error> {
    let consistency = references::consistency(request.consistency.as_ref())?;
    let questions = questions(request.items, service.config.check_items_max)?;

    let view = service.freshness.view(&ctx, &consistency).await?;

    let answers = service.evaluator.check_many(&view, questions, ctx.deadline).await?;

    Ok(CheckBulkResponse {
        results: answers.into_iter().map(result).collect(),
        checked_at: service.freshness.token(ctx.tenant(), &view.revision),
    })
}

fn questions(items: Vec<CheckBulkItem>, items_max: usize) -> Result<Vec<Asked>, Error> {
    if items.is_empty() {
        return Err(FieldInvalid::new("items", "must hold at least one question").into());
    }
    if items.len() > items_max {
        let (max, given) = (items_max as u64, items.len() as u64);
        return Err(LimitExceeded { limit: "check_items_max", max, given }.into());
    }
    let question = |(index, item): (usize, CheckBulkItem)| {
        let CheckBulkItem { resource, permission, subject } = item;
        references::question(resource, permission, subject, format_args!("items[{index}].")).map_err(Error::from)
    };
    Ok(items.into_iter().enumerate().map(question).collect())
}

fn result(answer: Result<Answer, Error>) -> CheckBulkResult {
    let outcome = match answer {
        Ok(answer) => Outcome::Permissionship(permissionship(answer).into()),
        Err(error) => {
            Outcome::Error(CheckBulkError { reason: error.reason().name().to_owned(), message: error.to_string() })
        }
    };
    CheckBulkResult { result: Some(outcome) }
}
