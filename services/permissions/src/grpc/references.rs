//! Objects, subjects, relationships and consistency, from messages and to messages.
//!
//! What a message holds is taken over, not copied, and the path of a field becomes text only for an error: thousands of questions
//! pass here in one call.

use std::fmt::Display;

use chassis::{Context, FieldInvalid, TenantId};
use contract::permissions::v1 as proto;
use contract::permissions::v1::consistency::Requirement;
use graph::{ObjectRef, Part, Relationship, RelationshipError, SubjectRef};

use crate::domain::consistency::Consistency;
use crate::domain::question::Question;
use crate::error::Error;

/// The object that a message names.
pub(crate) fn object(message: Option<proto::ObjectReference>, field: impl Display) -> Result<ObjectRef, FieldInvalid> {
    let message = message.ok_or_else(|| missing(&field))?;
    ObjectRef::new(message.object_type, message.object_id).map_err(|error| {
        let part = match error.part {
            Part::ResourceType | Part::SubjectType => "object_type",
            Part::ResourceId | Part::SubjectId | Part::Relation | Part::SubjectRelation => "object_id",
        };
        invalid(format!("{field}.{part}"), &error)
    })
}

/// The subject that a message names.
pub(crate) fn subject(
    message: Option<proto::SubjectReference>,
    field: impl Display,
) -> Result<SubjectRef, FieldInvalid> {
    let message = message.ok_or_else(|| missing(&field))?;
    let object = object(message.object, format_args!("{field}.object"))?;
    if message.relation.is_empty() {
        return Ok(SubjectRef::object_itself(object));
    }
    // The engine takes the long way to write no relation; a message has one way.
    let relation_field = || format!("{field}.relation");
    if message.relation == "..." {
        return Err(FieldInvalid::new(relation_field(), "must be empty for the object itself"));
    }
    SubjectRef::new(object, Some(&message.relation)).map_err(|error| invalid(relation_field(), &error))
}

/// The relationship that a message states.
pub(crate) fn relationship(message: Option<&proto::Relationship>, field: &str) -> Result<Relationship, FieldInvalid> {
    let message = message.ok_or_else(|| missing(&field))?;
    let resource = object(message.resource.clone(), format_args!("{field}.resource"))?;
    let subject = subject(message.subject.clone(), format_args!("{field}.subject"))?;
    Relationship::new(resource, message.relation.as_str(), subject).map_err(|error| {
        let part = match error.part {
            Part::ResourceType | Part::ResourceId => "resource.object_id",
            Part::Relation | Part::SubjectType | Part::SubjectId | Part::SubjectRelation => "relation",
        };
        invalid(format!("{field}.{part}"), &error)
    })
}

/// The question that the fields of a message ask; `within` is the path before theirs, with its dot.
pub(crate) fn question(
    resource: Option<proto::ObjectReference>,
    permission: String,
    subject_message: Option<proto::SubjectReference>,
    within: impl Display,
) -> Result<Question, FieldInvalid> {
    let resource = object(resource, format_args!("{within}resource"))?;
    name(&permission, format_args!("{within}permission"))?;
    let subject = subject(subject_message, format_args!("{within}subject"))?;
    Ok(Question { resource, permission, subject })
}

/// Whether a text can be the name of a relation or permission.
pub(crate) fn name(text: &str, field: impl Display) -> Result<(), FieldInvalid> {
    if text == "..." {
        return Err(FieldInvalid::new(field.to_string(), "must be the name of a relation or permission"));
    }
    graph::member_name(text).map_err(|error| invalid(field.to_string(), &error))
}

/// What a message asks of an answer's freshness.
pub(crate) fn consistency(message: Option<&proto::Consistency>) -> Result<Consistency, FieldInvalid> {
    match message.and_then(|message| message.requirement.as_ref()) {
        None | Some(Requirement::MinimizeLatency(true)) => Ok(Consistency::MinimizeLatency),
        Some(Requirement::FullyConsistent(true)) => Ok(Consistency::FullyConsistent),
        Some(Requirement::AtExactSnapshot(token)) => Ok(Consistency::AtExactSnapshot(token.clone())),
        Some(Requirement::AtLeastAsFresh(token)) => Ok(Consistency::AtLeastAsFresh(token.clone())),
        Some(Requirement::MinimizeLatency(false) | Requirement::FullyConsistent(false)) => {
            Err(FieldInvalid::new("consistency", "a requirement that is given must be true"))
        }
    }
}

/// The tenant whose schema and relationships the call changes.
///
/// # Errors
/// If that is the reserved one. No caller belongs to it and no peer that may name it may write; this is the second lock.
pub(crate) fn writable_tenant(context: &Context) -> Result<&TenantId, Error> {
    let tenant = context.tenant();
    if tenant.is_system() { Err(Error::Reserved) } else { Ok(tenant) }
}

/// A relationship as a message.
pub(crate) fn relationship_message(relationship: &Relationship) -> proto::Relationship {
    let object = |object: &ObjectRef| proto::ObjectReference {
        object_type: object.object_type().to_owned(),
        object_id: object.object_id().to_owned(),
    };
    let subject = relationship.subject();
    proto::Relationship {
        resource: Some(object(relationship.resource())),
        relation: relationship.relation().to_owned(),
        subject: Some(proto::SubjectReference {
            object: Some(object(subject.object())),
            relation: subject.relation().unwrap_or_default().to_owned(),
        }),
    }
}

fn missing(field: &impl Display) -> FieldInvalid {
    FieldInvalid::new(field.to_string(), "is missing")
}

fn invalid(field: String, error: &RelationshipError) -> FieldInvalid {
    FieldInvalid::new(field, format!("{}, at byte {}", error.problem, error.position))
}
