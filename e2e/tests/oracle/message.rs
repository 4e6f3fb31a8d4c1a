//! Relationships, subjects and questions as messages of the contract.

use contract::authzed::api::v1::consistency::Requirement;
use contract::authzed::api::v1::relationship_update::Operation;
use contract::authzed::api::v1::{
    CheckBulkPermissionsRequestItem, CheckPermissionRequest, Consistency, ExpandPermissionTreeRequest, ObjectReference,
    Relationship, RelationshipUpdate, SubjectReference, WriteRelationshipsRequest,
};
use graph::{ObjectRef, SubjectRef};

/// Somebody asks whether they have a permission of something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Question {
    pub(crate) resource: ObjectRef,
    pub(crate) permission: String,
    pub(crate) subject: SubjectRef,
}

impl Question {
    pub(crate) fn item(&self) -> CheckBulkPermissionsRequestItem {
        CheckBulkPermissionsRequestItem {
            resource: Some(object(&self.resource)),
            permission: self.permission.clone(),
            subject: Some(subject(&self.subject)),
            context: None,
        }
    }

    pub(crate) fn request(&self) -> CheckPermissionRequest {
        CheckPermissionRequest {
            consistency: fully_consistent(),
            resource: Some(object(&self.resource)),
            permission: self.permission.clone(),
            subject: Some(subject(&self.subject)),
            ..CheckPermissionRequest::default()
        }
    }
}

impl From<&graph::Relationship> for Question {
    fn from(written: &graph::Relationship) -> Self {
        Self {
            resource: written.resource().clone(),
            permission: written.relation().to_owned(),
            subject: written.subject().clone(),
        }
    }
}

impl std::fmt::Display for Question {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}#{}@{}", self.resource, self.permission, self.subject)
    }
}

pub(crate) fn expansion(resource: &ObjectRef, permission: &str) -> ExpandPermissionTreeRequest {
    ExpandPermissionTreeRequest {
        consistency: fully_consistent(),
        resource: Some(object(resource)),
        permission: permission.to_owned(),
    }
}

pub(crate) fn object(object: &ObjectRef) -> ObjectReference {
    ObjectReference { object_type: object.object_type().to_owned(), object_id: object.object_id().to_owned() }
}

pub(crate) fn subject(subject: &SubjectRef) -> SubjectReference {
    SubjectReference {
        object: Some(object(subject.object())),
        optional_relation: subject.relation().unwrap_or_default().to_owned(),
    }
}

pub(crate) fn touch(one: &graph::Relationship) -> RelationshipUpdate {
    let relationship = Relationship {
        resource: Some(object(one.resource())),
        relation: one.relation().to_owned(),
        subject: Some(subject(one.subject())),
        ..Relationship::default()
    };
    RelationshipUpdate { operation: Operation::Touch.into(), relationship: Some(relationship) }
}

pub(crate) fn fully_consistent() -> Option<Consistency> {
    Some(Consistency { requirement: Some(Requirement::FullyConsistent(true)) })
}

/// A relationship as it is written.
pub(crate) fn text(relationship: &Relationship) -> String {
    let resource = relationship.resource.as_ref().expect("a stored relationship has a resource");
    let subject = relationship.subject.as_ref().expect("a stored relationship has a subject");
    format!("{}:{}#{}@{}", resource.object_type, resource.object_id, relationship.relation, subject_text(subject))
}

/// A subject as it is written.
pub(crate) fn subject_text(subject: &SubjectReference) -> String {
    let object = subject.object.as_ref().expect("a stored subject has an object");
    let member =
        if subject.optional_relation.is_empty() { String::new() } else { format!("#{}", subject.optional_relation) };
    format!("{}:{}{member}", object.object_type, object.object_id)
}

/// A write without preconditions.
pub(crate) fn write(updates: Vec<RelationshipUpdate>) -> WriteRelationshipsRequest {
    WriteRelationshipsRequest { updates, ..WriteRelationshipsRequest::default() }
}
