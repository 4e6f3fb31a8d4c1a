//! Filters and preconditions, from messages.

use chassis::{FieldInvalid, LimitExceeded};
use contract::permissions::v1::precondition::Expectation as ProtoExpectation;
use contract::permissions::v1::{Precondition as PreconditionMessage, RelationshipFilter as Filter};
use graph::{ObjectRef, RelationshipFilter, SubjectRelationFilter};

use super::references;
use crate::domain::write::{Expectation, Precondition};
use crate::error::Error;

/// The preconditions that messages state.
pub(super) fn preconditions(
    messages: &[PreconditionMessage],
    preconditions_max: usize,
) -> Result<Vec<Precondition>, Error> {
    if messages.len() > preconditions_max {
        let (max, given) = (preconditions_max as u64, messages.len() as u64);
        return Err(LimitExceeded { limit: "preconditions_max", max, given }.into());
    }
    let precondition = |(index, message): (usize, &PreconditionMessage)| {
        let expectation = match message.expectation() {
            ProtoExpectation::MustExist => Expectation::MustExist,
            ProtoExpectation::MustNotExist => Expectation::MustNotExist,
            ProtoExpectation::Unspecified => {
                let field = format!("preconditions[{index}].expectation");
                return Err(FieldInvalid::new(field, "must be MUST_EXIST or MUST_NOT_EXIST").into());
            }
        };
        let filter = filter(message.filter.as_ref(), &format!("preconditions[{index}].filter"))?;
        Ok(Precondition { expectation, filter })
    };
    messages.iter().enumerate().map(precondition).collect()
}

/// The filter that a message states; `field` is its path.
pub(super) fn filter(message: Option<&Filter>, field: &str) -> Result<RelationshipFilter, FieldInvalid> {
    let message = message.ok_or_else(|| FieldInvalid::new(field, "is missing"))?;
    if message.resource_type.is_empty() && message.subject_type.is_empty() {
        return Err(FieldInvalid::new(field, "must have a resource_type or a subject_type"));
    }
    object_fields(
        &message.resource_type,
        &message.resource_id,
        [&format!("{field}.resource_type"), &format!("{field}.resource_id")],
    )?;
    object_fields(
        &message.subject_type,
        &message.subject_id,
        [&format!("{field}.subject_type"), &format!("{field}.subject_id")],
    )?;
    let subject_relation = match message.subject_relation.as_deref() {
        None => None,
        Some("") => Some(SubjectRelationFilter::Plain),
        Some(relation) => {
            references::name(relation, format!("{field}.subject_relation"))?;
            Some(SubjectRelationFilter::Userset(relation.to_owned()))
        }
    };
    if !message.relation.is_empty() {
        references::name(&message.relation, format!("{field}.relation"))?;
    }
    let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    Ok(RelationshipFilter {
        object_type: given(&message.resource_type),
        object_id: given(&message.resource_id),
        object_id_prefix: None,
        relation: given(&message.relation),
        subject_type: given(&message.subject_type),
        subject_id: given(&message.subject_id),
        subject_relation,
    })
}

/// Looks at a type and an id of which either may be left out.
fn object_fields(object_type: &str, object_id: &str, [type_field, id_field]: [&str; 2]) -> Result<(), FieldInvalid> {
    for (object_type, object_id, field) in [(object_type, "any", type_field), ("object", object_id, id_field)] {
        let left_out = object_type.is_empty() || object_id.is_empty();
        match ObjectRef::new(object_type, object_id) {
            Err(error) if !left_out => {
                return Err(FieldInvalid::new(field, format!("{}, at byte {}", error.problem, error.position)));
            }
            Ok(_) | Err(_) => {}
        }
    }
    Ok(())
}
