//! Answers many questions at one revision, each with its own answer or error.

use std::sync::Arc;

use chassis::error::to_status;
use chassis::{Context, Reason};
use contract::authzed::api::v1::check_bulk_permissions_pair::Response;
use contract::authzed::api::v1::{
    CheckBulkPermissionsPair, CheckBulkPermissionsRequest, CheckBulkPermissionsRequestItem,
    CheckBulkPermissionsResponse, CheckBulkPermissionsResponseItem,
};
use contract::google::rpc::Status;
use contract::permissions::v1::check_bulk_result::Result as Outcome;
use contract::permissions::v1::{CheckBulkError, CheckBulkItem, CheckBulkRequest, CheckBulkResult, Permissionship};
use prost::Message as _;

use super::check_permission::permissionship;
use super::errors::{Error, ItemError};
use super::messages;
use crate::Permissions;
use crate::grpc::check_bulk;

pub(crate) async fn check_bulk_permissions(
    service: Arc<Permissions>,
    ctx: Context,
    request: CheckBulkPermissionsRequest,
) -> Result<CheckBulkPermissionsResponse, Error> {
    messages::no_tracing(request.with_tracing)?;
    for (index, item) in request.items.iter().enumerate() {
        messages::no_values(item.context.as_ref(), format_args!("items[{index}].context"))?;
    }
    let consistency = messages::consistency(request.consistency);
    let items = request.items.iter().cloned().map(question).collect();
    let questions = CheckBulkRequest { consistency, items };

    let answer = check_bulk::check_bulk(service, ctx, questions).await?;

    let checked_at = messages::token(answer.checked_at);
    let pair = |(item, result)| CheckBulkPermissionsPair { request: Some(item), response: Some(response(result)) };
    let pairs = request.items.into_iter().zip(answer.results).map(pair).collect();
    Ok(CheckBulkPermissionsResponse { checked_at, pairs })
}

fn question(item: CheckBulkPermissionsRequestItem) -> CheckBulkItem {
    CheckBulkItem {
        resource: item.resource.map(messages::object),
        permission: item.permission,
        subject: item.subject.map(messages::subject),
    }
}

fn response(result: CheckBulkResult) -> Response {
    match result.result {
        Some(Outcome::Permissionship(answer)) => {
            let answer = Permissionship::try_from(answer).unwrap_or(Permissionship::Unspecified);
            let permissionship = permissionship(answer).into();
            Response::Item(CheckBulkPermissionsResponseItem { permissionship, partial_caveat_info: None })
        }
        Some(Outcome::Error(error)) => Response::Error(status(error)),
        None => Response::Error(status(CheckBulkError::default())),
    }
}

/// The status that the question would have had, had it been asked alone.
fn status(error: CheckBulkError) -> Status {
    let reason = Reason::ALL.iter().copied().find(|reason| reason.name() == error.reason).unwrap_or(Reason::Internal);
    let status = to_status(&ItemError { reason, message: error.message }, "");
    // A status carries itself as a message, with the details that its headers have no place for.
    Status::decode(status.details()).unwrap_or_else(|_| Status {
        code: status.code().into(),
        message: status.message().to_owned(),
        details: Vec::new(),
    })
}
