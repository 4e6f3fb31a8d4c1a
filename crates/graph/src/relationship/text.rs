//! Relationships, objects and subjects as text.

use std::fmt;
use std::str::FromStr;

use super::{ObjectRef, Part, Relationship, RelationshipError, SubjectRef};

impl fmt::Display for ObjectRef {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.object_type, self.object_id)
    }
}

impl fmt::Display for SubjectRef {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.relation {
            Some(relation) => write!(formatter, "{}#{relation}", self.object),
            None => write!(formatter, "{}", self.object),
        }
    }
}

impl fmt::Display for Relationship {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}#{}@{}", self.resource, self.relation, self.subject)
    }
}

impl FromStr for ObjectRef {
    type Err = RelationshipError;

    /// `type:id`
    fn from_str(text: &str) -> Result<Self, RelationshipError> {
        let missing = RelationshipError::missing(Part::ResourceId, text.len() + 1, "`:` and an id after the type");
        let (object_type, object_id) = text.split_once(':').ok_or(missing)?;
        Self::new(object_type, object_id).map_err(|error| match error.part {
            Part::ResourceId => error.moved(object_type.len() + 1),
            Part::ResourceType | Part::Relation | Part::SubjectType | Part::SubjectId | Part::SubjectRelation => error,
        })
    }
}

impl FromStr for SubjectRef {
    type Err = RelationshipError;

    /// `type:id`, `type:*` or `type:id#relation`
    fn from_str(text: &str) -> Result<Self, RelationshipError> {
        let (object, relation) = match text.split_once('#') {
            Some((object, relation)) => (object, Some(relation)),
            None => (text, None),
        };
        let of_subject = |error: RelationshipError| RelationshipError { part: error.part.of_subject(), ..error };
        let parsed: ObjectRef = object.parse().map_err(of_subject)?;
        Self::new(parsed, relation).map_err(|error| error.moved(object.len() + 1))
    }
}

impl FromStr for Relationship {
    type Err = RelationshipError;

    /// `type:id#relation@subject`
    fn from_str(text: &str) -> Result<Self, RelationshipError> {
        let (before, subject) = text.split_once('@').ok_or_else(|| {
            RelationshipError::missing(Part::SubjectType, text.len() + 1, "`@` and a subject after the relation")
        })?;
        let (object, relation) = before.split_once('#').ok_or_else(|| {
            RelationshipError::missing(Part::Relation, before.len() + 1, "`#` and a relation after the resource")
        })?;
        let resource: ObjectRef = object.parse()?;
        let subject: SubjectRef = subject.parse().map_err(|error: RelationshipError| error.moved(before.len() + 1))?;
        let id_at = resource.object_type().len() + 1;
        Self::new(resource, relation, subject).map_err(|error| match error.part {
            Part::ResourceId => error.moved(id_at),
            Part::ResourceType | Part::Relation | Part::SubjectType | Part::SubjectId | Part::SubjectRelation => {
                error.moved(object.len() + 1)
            }
        })
    }
}
