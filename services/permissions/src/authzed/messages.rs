//! Objects, subjects, relationships, filters and freshness, from this contract's messages to ours and back.

use std::fmt::Display;

use chassis::FieldInvalid;
use contract::authzed::api::v1 as theirs;
use contract::authzed::api::v1::consistency::Requirement as Theirs;
use contract::permissions::v1 as ours;
use contract::permissions::v1::consistency::Requirement as Ours;

use super::errors::Error;

/// How fresh an answer must be, as our own RPCs take it.
pub(super) fn consistency(message: Option<theirs::Consistency>) -> Option<ours::Consistency> {
    let requirement = message.and_then(|message| message.requirement)?;
    let requirement = match requirement {
        Theirs::MinimizeLatency(given) => Ours::MinimizeLatency(given),
        Theirs::AtLeastAsFresh(token) => Ours::AtLeastAsFresh(token.token),
        Theirs::AtExactSnapshot(token) => Ours::AtExactSnapshot(token.token),
        Theirs::FullyConsistent(given) => Ours::FullyConsistent(given),
    };
    Some(ours::Consistency { requirement: Some(requirement) })
}

/// The revision of an answer, as messages of this contract carry it.
pub(super) type Stamp = Option<theirs::ZedToken>;

/// A token as a message.
pub(super) fn token(token: String) -> Stamp {
    Some(theirs::ZedToken { token })
}

/// An object, as ours.
pub(super) fn object(message: theirs::ObjectReference) -> ours::ObjectReference {
    ours::ObjectReference { object_type: message.object_type, object_id: message.object_id }
}

/// A subject, as ours.
pub(super) fn subject(message: theirs::SubjectReference) -> ours::SubjectReference {
    ours::SubjectReference { object: message.object.map(object), relation: message.optional_relation }
}

/// A relationship, as ours.
///
/// # Errors
/// If it has a caveat or ends.
pub(super) fn relationship(message: theirs::Relationship, field: &str) -> Result<ours::Relationship, Error> {
    let not_served = |name: &str| Error::NotServed {
        field: format!("{field}.{name}"),
        instead: "relationships hold without conditions until they are deleted",
    };
    if message.optional_caveat.is_some_and(|caveat| !caveat.caveat_name.is_empty()) {
        return Err(not_served("optional_caveat"));
    }
    if message.optional_expires_at.is_some() {
        return Err(not_served("optional_expires_at"));
    }
    Ok(ours::Relationship {
        resource: message.resource.map(object),
        relation: message.relation,
        subject: message.subject.map(subject),
    })
}

/// A relationship of ours, as theirs.
pub(super) fn relationship_of(message: ours::Relationship) -> theirs::Relationship {
    let object = |message: ours::ObjectReference| theirs::ObjectReference {
        object_type: message.object_type,
        object_id: message.object_id,
    };
    let subject = |message: ours::SubjectReference| theirs::SubjectReference {
        object: message.object.map(object),
        optional_relation: message.relation,
    };
    theirs::Relationship {
        resource: message.resource.map(object),
        relation: message.relation,
        subject: message.subject.map(subject),
        optional_caveat: None,
        optional_expires_at: None,
    }
}

/// A filter, as ours.
///
/// # Errors
/// If it asks for a prefix, for a wildcard as resource, or for subjects of no type.
pub(super) fn filter(message: theirs::RelationshipFilter, field: &str) -> Result<ours::RelationshipFilter, Error> {
    if !message.optional_resource_id_prefix.is_empty() {
        let field = format!("{field}.optional_resource_id_prefix");
        return Err(Error::NotServed { field, instead: "filter by the whole id, or read all of the type" });
    }
    if message.optional_resource_id == "*" {
        let field = format!("{field}.optional_resource_id");
        return Err(FieldInvalid::new(field, "must be one object: a wildcard is never a resource").into());
    }
    // Ours may filter by a subject's id alone; here a subject filter has a type, or a caller's slip would match every type.
    if message.optional_subject_filter.as_ref().is_some_and(|subject| subject.subject_type.is_empty()) {
        let field = format!("{field}.optional_subject_filter.subject_type");
        return Err(FieldInvalid::new(field, "is missing").into());
    }
    let subject = message.optional_subject_filter.unwrap_or_default();
    Ok(ours::RelationshipFilter {
        resource_type: message.resource_type,
        resource_id: message.optional_resource_id,
        relation: message.optional_relation,
        subject_type: subject.subject_type,
        subject_id: subject.optional_subject_id,
        subject_relation: subject.optional_relation.map(|filter| filter.relation),
    })
}

/// Preconditions, as ours.
///
/// # Errors
/// If one's filter asks for a prefix.
pub(super) fn preconditions(messages: Vec<theirs::Precondition>) -> Result<Vec<ours::Precondition>, Error> {
    use contract::authzed::api::v1::precondition::Operation;
    use contract::permissions::v1::precondition::Expectation;
    let precondition = |(index, message): (usize, theirs::Precondition)| {
        let expectation = match message.operation() {
            Operation::Unspecified => Expectation::Unspecified,
            Operation::MustNotMatch => Expectation::MustNotExist,
            Operation::MustMatch => Expectation::MustExist,
        };
        let field = format!("optional_preconditions[{index}].filter");
        let filter = message.filter.map(|message| filter(message, &field)).transpose()?;
        Ok(ours::Precondition { expectation: expectation.into(), filter })
    };
    messages.into_iter().enumerate().map(precondition).collect()
}

/// Refuses values that conditions would be judged on.
///
/// # Errors
/// If there are some.
pub(super) fn no_values(values: Option<&prost_types::Struct>, field: impl Display) -> Result<(), Error> {
    if values.is_none_or(|values| values.fields.is_empty()) {
        return Ok(());
    }
    Err(Error::NotServed { field: field.to_string(), instead: "leave it out" })
}

/// Refuses to trace.
///
/// # Errors
/// If it is asked for.
pub(super) fn no_tracing(asked: bool) -> Result<(), Error> {
    if asked { Err(Error::NotServed { field: "with_tracing".to_owned(), instead: "leave it out" }) } else { Ok(()) }
}
