//! Deletes what a filter matches, all at one new revision.

use std::sync::Arc;

use chassis::{Context, LimitExceeded};
use contract::permissions::v1::{DeleteRelationshipsRequest, DeleteRelationshipsResponse};

use super::{filters, references};
use crate::Permissions;
use crate::domain::write::{Change, Deletion};
use crate::error::Error;

pub(crate) async fn delete_relationships(
    service: Arc<Permissions>,
    ctx: Context,
    request: DeleteRelationshipsRequest,
) -> Result<DeleteRelationshipsResponse, Error> {
    let tenant = references::writable_tenant(&ctx)?;
    let filter = filters::filter(request.filter.as_ref(), "filter")?;
    let preconditions = filters::preconditions(&request.preconditions, service.config.preconditions_max)?;
    let limit = limit(request.limit, service.config.deletes_max)?;
    let deletion = Deletion { filter, limit, allow_partial: request.allow_partial };

    let written = service.writer.write(&ctx, preconditions, Change::Deletion(deletion)).await?;

    let deleted_at = service.freshness.token(tenant, &written.revision);
    Ok(DeleteRelationshipsResponse { deleted_at, deleted: written.deleted, partial: written.partial })
}

fn limit(given: u32, deletes_max: u32) -> Result<u32, LimitExceeded> {
    match given {
        0 => Ok(deletes_max),
        given if given <= deletes_max => Ok(given),
        given => Err(LimitExceeded { limit: "deletes_max", max: deletes_max.into(), given: given.into() }),
    }
}
