//! Whether the schema in force has a place for what a caller names.

use graph::{AdmissionError, Relationship, RelationshipFilter, Schema, SubjectRelationFilter};

use crate::domain::update::Update;
use crate::error::Error;

/// How long a name may be that stands in an error's text.
const SHOWN_BYTES_MAX: usize = 80;

/// Whether relationships have their place.
///
/// What is to be deleted must have its place too: a name that the schema lacks is a slip, not something that is gone.
pub(crate) fn admit(schema: Option<&Schema>, updates: &[Update]) -> Result<(), Error> {
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

/// Whether the schema has what the filter names: what it lacks is a slip, not something that there is nothing of.
pub(crate) fn known(schema: Option<&Schema>, filter: &RelationshipFilter) -> Result<(), Error> {
    let subject_relation = filter.subject_relation.as_ref().and_then(|relation| match relation {
        SubjectRelationFilter::Plain => None,
        SubjectRelationFilter::Userset(relation) => Some(relation),
    });
    let resource = (&filter.object_type, filter.relation.as_ref(), ["filter.resource_type", "filter.relation"]);
    let subject = (&filter.subject_type, subject_relation, ["filter.subject_type", "filter.subject_relation"]);
    for (object_type, relation, [type_field, relation_field]) in [resource, subject] {
        let Some(object_type) = object_type else { continue };
        let definition = schema
            .and_then(|schema| schema.definition(object_type))
            .ok_or_else(|| Error::FilterType { field: type_field.to_owned(), object_type: shown(object_type) })?;
        if let Some(relation) = relation.filter(|relation| definition.member(relation).is_none()) {
            let (object_type, relation) = (object_type.clone(), shown(relation));
            return Err(Error::FilterRelation { field: relation_field.to_owned(), object_type, relation });
        }
    }
    Ok(())
}

/// As much of a caller's text as an error shows.
pub(crate) fn shown(text: &str) -> String {
    let end = text.floor_char_boundary(SHOWN_BYTES_MAX);
    if end < text.len() { format!("{}…", &text[..end]) } else { text.to_owned() }
}
