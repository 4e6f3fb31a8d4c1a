//! One fact: a subject stands in a relation to an object, written `document:readme#viewer@group:eng#member`.

mod errors;
mod text;

pub use errors::{Part, RelationshipError};

use crate::names::{check_member_name, check_object_id, check_type_name};

/// The object id that stands for every object of a type, as a subject only.
const WILDCARD: &str = "*";

/// An object: a type and an id, written `document:readme`.
///
/// The id is 1 to 1,024 bytes of `[a-zA-Z0-9/_|\-=+]`, or `*`, which only a subject may be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectRef {
    object_type: String,
    object_id: String,
}

impl ObjectRef {
    /// An object of a well-formed type and id.
    ///
    /// # Errors
    ///
    /// Names the part that is malformed, with the place inside that part.
    pub fn new(object_type: impl Into<String>, object_id: impl Into<String>) -> Result<Self, RelationshipError> {
        let (object_type, object_id) = (object_type.into(), object_id.into());
        check_type_name(&object_type).map_err(|fault| Part::ResourceType.error(&object_type, fault))?;
        if object_id != WILDCARD {
            check_object_id(&object_id).map_err(|fault| Part::ResourceId.error(&object_id, fault))?;
        }
        Ok(Self { object_type, object_id })
    }

    /// The type's name, with its `/` prefixes.
    pub fn object_type(&self) -> &str {
        &self.object_type
    }

    /// The id, or `*`.
    pub fn object_id(&self) -> &str {
        &self.object_id
    }

    /// Whether the id is `*`.
    pub fn is_wildcard(&self) -> bool {
        self.object_id == WILDCARD
    }
}

/// Whether a text can be the name of a relation or permission; whether any schema has it is another question.
///
/// # Errors
/// What is wrong with it, as [`Part::Relation`].
pub fn member_name(text: &str) -> Result<(), RelationshipError> {
    check_member_name(text).map_err(|fault| Part::Relation.error(text, fault))
}

/// A subject: an object (`user:alice`), every object of a type (`user:*`), or everyone who has a relation or permission on
/// an object (`group:eng#member`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubjectRef {
    object: ObjectRef,
    relation: Option<String>,
}

impl SubjectRef {
    /// An object, or with a relation everyone who has it. The relation `...` is the long way to write none.
    ///
    /// # Errors
    ///
    /// A malformed relation, or a relation on the wildcard.
    pub fn new(object: ObjectRef, relation: Option<&str>) -> Result<Self, RelationshipError> {
        let relation = relation.filter(|relation| *relation != "...");
        if let Some(relation) = relation {
            check_member_name(relation).map_err(|fault| Part::SubjectRelation.error(relation, fault))?;
            if object.is_wildcard() {
                return Err(RelationshipError::wildcard_with_relation());
            }
        }
        Ok(Self { object, relation: relation.map(str::to_owned) })
    }

    /// The object itself, as a subject.
    pub fn object_itself(object: ObjectRef) -> Self {
        Self { object, relation: None }
    }

    /// The object.
    pub fn object(&self) -> &ObjectRef {
        &self.object
    }

    /// The relation, of a userset.
    pub fn relation(&self) -> Option<&str> {
        self.relation.as_deref()
    }

    /// Whether this is `type:*`.
    pub fn is_wildcard(&self) -> bool {
        self.object.is_wildcard()
    }
}

/// A subject in a relation to a resource. Its identity is all three; it is well-formed, but only
/// [`Schema::admits`](crate::Schema::admits) knows whether it makes sense.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Relationship {
    resource: ObjectRef,
    relation: String,
    subject: SubjectRef,
}

impl Relationship {
    /// Puts the three together.
    ///
    /// # Errors
    ///
    /// A malformed relation, or `*` as the resource.
    pub fn new(
        resource: ObjectRef,
        relation: impl Into<String>,
        subject: SubjectRef,
    ) -> Result<Self, RelationshipError> {
        let relation = relation.into();
        if resource.is_wildcard() {
            return Err(RelationshipError::wildcard_resource());
        }
        check_member_name(&relation).map_err(|fault| Part::Relation.error(&relation, fault))?;
        Ok(Self { resource, relation, subject })
    }

    /// The object that is related.
    pub fn resource(&self) -> &ObjectRef {
        &self.resource
    }

    /// The relation.
    pub fn relation(&self) -> &str {
        &self.relation
    }

    /// The subject it is related to.
    pub fn subject(&self) -> &SubjectRef {
        &self.subject
    }

    /// The three parts, to keep.
    pub fn into_parts(self) -> (ObjectRef, String, SubjectRef) {
        (self.resource, self.relation, self.subject)
    }
}
