//! Deletes what a filter lets through, all at one new revision.

use std::sync::Arc;

use chassis::Context;
use contract::authzed::api::v1::delete_relationships_response::DeletionProgress;
use contract::authzed::api::v1::{DeleteRelationshipsRequest, DeleteRelationshipsResponse};
use contract::permissions::v1 as ours;

use super::errors::Error;
use super::messages;
use crate::Permissions;
use crate::grpc::delete_relationships as delete;

pub(crate) async fn delete_relationships(
    service: Arc<Permissions>,
    ctx: Context,
    request: DeleteRelationshipsRequest,
) -> Result<DeleteRelationshipsResponse, Error> {
    messages::no_values(request.optional_transaction_metadata.as_ref(), "optional_transaction_metadata")?;
    let filter = request.relationship_filter.map(|filter| messages::filter(filter, "relationship_filter"));
    let deletion = ours::DeleteRelationshipsRequest {
        filter: filter.transpose()?,
        preconditions: messages::preconditions(request.optional_preconditions)?,
        limit: request.optional_limit,
        allow_partial: request.optional_allow_partial_deletions,
    };

    let answer = delete::delete_relationships(service, ctx, deletion).await?;

    let progress = if answer.partial { DeletionProgress::Partial } else { DeletionProgress::Complete };
    Ok(DeleteRelationshipsResponse {
        deleted_at: messages::token(answer.deleted_at),
        deletion_progress: progress.into(),
        relationships_deleted_count: answer.deleted.into(),
    })
}
