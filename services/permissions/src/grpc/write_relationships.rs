//! Changes relationships, all or none, at one new revision.

use std::sync::Arc;

use chassis::{Context, FieldInvalid, LimitExceeded};
use contract::permissions::v1::relationship_update::Operation as ProtoOperation;
use contract::permissions::v1::{RelationshipUpdate, WriteRelationshipsRequest, WriteRelationshipsResponse};

use super::{filters, references};
use crate::Permissions;
use crate::domain::update::{Operation, Update, repeated};
use crate::domain::write::Change;
use crate::error::Error;

pub(crate) async fn write_relationships(
    service: Arc<Permissions>,
    ctx: Context,
    request: WriteRelationshipsRequest,
) -> Result<WriteRelationshipsResponse, Error> {
    let tenant = references::writable_tenant(&ctx)?;
    let updates = updates(&request.updates, service.config.updates_max)?;
    let preconditions = filters::preconditions(&request.preconditions, service.config.preconditions_max)?;

    let written = service.writer.write(&ctx, preconditions, Change::Updates(updates)).await?;

    Ok(WriteRelationshipsResponse { written_at: service.freshness.token(tenant, &written.revision) })
}

fn updates(messages: &[RelationshipUpdate], updates_max: usize) -> Result<Vec<Update>, Error> {
    if messages.len() > updates_max {
        let (max, given) = (updates_max as u64, messages.len() as u64);
        return Err(LimitExceeded { limit: "updates_max", max, given }.into());
    }
    let update = |(index, message): (usize, &RelationshipUpdate)| {
        let operation = match message.operation() {
            ProtoOperation::Create => Operation::Create,
            ProtoOperation::Touch => Operation::Touch,
            ProtoOperation::Delete => Operation::Delete,
            ProtoOperation::Unspecified => {
                let field = format!("updates[{index}].operation");
                return Err(FieldInvalid::new(field, "must be CREATE, TOUCH or DELETE"));
            }
        };
        let field = format!("updates[{index}].relationship");
        let relationship = references::relationship(message.relationship.as_ref(), &field)?;
        Ok(Update { operation, relationship })
    };
    let updates: Vec<Update> = messages.iter().enumerate().map(update).collect::<Result<_, _>>()?;
    match repeated(&updates) {
        None => Ok(updates),
        Some(index) => Err(Error::Repeated { index, relationship: Box::new(updates[index].relationship.clone()) }),
    }
}
