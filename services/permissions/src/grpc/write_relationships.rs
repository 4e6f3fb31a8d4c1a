//! Changes relationships, all or none, at one new revision.

use std::sync::Arc;

use chassis::{AuditEvent, Context, FieldInvalid, LimitExceeded, UnitOfWork};
use contract::permissions::v1::relationship_update::Operation as ProtoOperation;
use contract::permissions::v1::{RelationshipUpdate, WriteRelationshipsRequest, WriteRelationshipsResponse};
use graph::{AdmissionError, Relationship, Schema};

use super::references;
use crate::Permissions;
use crate::domain::update::{Operation, Update, repeated};
use crate::error::Error;
use crate::store::turn::Turn;

pub(crate) async fn write_relationships(
    service: Arc<Permissions>,
    ctx: Context,
    request: WriteRelationshipsRequest,
) -> Result<WriteRelationshipsResponse, Error> {
    let tenant = references::writable_tenant(&ctx)?;
    let updates = updates(&request.updates, service.config.updates_max)?;

    let mut work = UnitOfWork::begin(&service.database, ctx.now).await?;
    let mut turn = Turn::wait(work.connection()).await?;
    let schema = turn.schema(tenant, &service.index, &service.evaluator).await?;

    admit(schema.as_ref().map(|compiled| &compiled.schema), &updates)?;

    let revision = turn.update(tenant, updates).await?;
    work.commit(AuditEvent::of(&ctx, format!("revision:{}", revision.number))).await?;
    service.index.wake();

    Ok(WriteRelationshipsResponse { written_at: service.freshness.token(tenant, &revision) })
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

/// What is to be deleted must have its place too: a name that the schema lacks is a slip, not something that is gone.
fn admit(schema: Option<&Schema>, updates: &[Update]) -> Result<(), Error> {
    for (index, Update { relationship, .. }) in updates.iter().enumerate() {
        let admitted = match schema {
            Some(schema) => schema.admits(relationship),
            None => Err(AdmissionError::UnknownType {
                object_type: relationship.resource().object_type().to_owned(),
                hint: "; the tenant has no schema yet".to_owned(),
            }),
        };
        if let Err(problem) = admitted {
            let field = format!("updates[{index}].relationship.{}", field_of(&problem, relationship));
            return Err(Error::NotAdmitted { field, problem: Box::new(problem) });
        }
    }
    Ok(())
}

fn field_of(problem: &AdmissionError, relationship: &Relationship) -> &'static str {
    match problem {
        AdmissionError::UnknownType { object_type, .. } if object_type == relationship.resource().object_type() => {
            "resource.object_type"
        }
        AdmissionError::UnknownType { .. } => "subject.object.object_type",
        AdmissionError::UnknownRelation { .. } | AdmissionError::IsPermission { .. } => "relation",
        AdmissionError::UnknownSubjectRelation { .. } => "subject.relation",
        AdmissionError::DisallowedSubject { .. } => "subject",
    }
}
