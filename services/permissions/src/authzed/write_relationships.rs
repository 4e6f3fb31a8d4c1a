//! Changes relationships, all or none, at one new revision.

use std::sync::Arc;

use chassis::Context;
use contract::authzed::api::v1::relationship_update::Operation as Theirs;
use contract::authzed::api::v1::{RelationshipUpdate, WriteRelationshipsRequest, WriteRelationshipsResponse};
use contract::permissions::v1 as ours;
use contract::permissions::v1::relationship_update::Operation;

use super::errors::Error;
use super::messages;
use crate::Permissions;
use crate::grpc::write_relationships as write;

pub(crate) async fn write_relationships(
    service: Arc<Permissions>,
    ctx: Context,
    request: WriteRelationshipsRequest,
) -> Result<WriteRelationshipsResponse, Error> {
    messages::no_values(request.optional_transaction_metadata.as_ref(), "optional_transaction_metadata")?;
    let preconditions = messages::preconditions(request.optional_preconditions)?;
    let updates = request.updates.into_iter().enumerate().map(update).collect::<Result<_, _>>()?;
    let changes = ours::WriteRelationshipsRequest { updates, preconditions };

    let answer = write::write_relationships(service, ctx, changes).await?;

    Ok(WriteRelationshipsResponse { written_at: messages::token(answer.written_at) })
}

fn update((index, message): (usize, RelationshipUpdate)) -> Result<ours::RelationshipUpdate, Error> {
    let operation = match message.operation() {
        Theirs::Unspecified => Operation::Unspecified,
        Theirs::Create => Operation::Create,
        Theirs::Touch => Operation::Touch,
        Theirs::Delete => Operation::Delete,
    };
    let field = format!("updates[{index}].relationship");
    let relationship = message.relationship.map(|message| messages::relationship(message, &field)).transpose()?;
    Ok(ours::RelationshipUpdate { operation: operation.into(), relationship })
}
