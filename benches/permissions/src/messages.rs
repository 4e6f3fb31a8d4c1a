//! What is asked, as messages of SpiceDB's contract and of ours.

use bench_engine::Question;
use contract::authzed::api::v1 as authzed;
use contract::permissions::v1 as ours;
use graph::{ObjectRef, Relationship, SubjectRef};

/// How fresh an answer must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Freshness {
    Minimal,
    Full,
}

pub(crate) fn consistency(freshness: Freshness) -> Option<authzed::Consistency> {
    let requirement = match freshness {
        Freshness::Minimal => authzed::consistency::Requirement::MinimizeLatency(true),
        Freshness::Full => authzed::consistency::Requirement::FullyConsistent(true),
    };
    Some(authzed::Consistency { requirement: Some(requirement) })
}

pub(crate) fn check(question: &Question, freshness: Freshness) -> authzed::CheckPermissionRequest {
    let request = question.request();
    authzed::CheckPermissionRequest {
        consistency: consistency(freshness),
        resource: Some(object(request.resource)),
        permission: request.permission.to_owned(),
        subject: Some(subject(request.subject)),
        context: None,
        with_tracing: false,
    }
}

pub(crate) fn bulk_item(question: &Question) -> authzed::CheckBulkPermissionsRequestItem {
    let request = question.request();
    authzed::CheckBulkPermissionsRequestItem {
        resource: Some(object(request.resource)),
        permission: request.permission.to_owned(),
        subject: Some(subject(request.subject)),
        context: None,
    }
}

pub(crate) fn touch(relationship: &Relationship) -> authzed::RelationshipUpdate {
    update(relationship, authzed::relationship_update::Operation::Touch)
}

pub(crate) fn delete(relationship: &Relationship) -> authzed::RelationshipUpdate {
    update(relationship, authzed::relationship_update::Operation::Delete)
}

fn update(
    relationship: &Relationship,
    operation: authzed::relationship_update::Operation,
) -> authzed::RelationshipUpdate {
    let relationship = authzed::Relationship {
        resource: Some(object(relationship.resource())),
        relation: relationship.relation().to_owned(),
        subject: Some(subject(relationship.subject())),
        optional_caveat: None,
        optional_expires_at: None,
    };
    authzed::RelationshipUpdate { operation: operation.into(), relationship: Some(relationship) }
}

fn object(object: &ObjectRef) -> authzed::ObjectReference {
    authzed::ObjectReference { object_type: object.object_type().to_owned(), object_id: object.object_id().to_owned() }
}

fn subject(subject: &SubjectRef) -> authzed::SubjectReference {
    authzed::SubjectReference {
        object: Some(object(subject.object())),
        optional_relation: subject.relation().unwrap_or_default().to_owned(),
    }
}

/// The question in our own contract.
pub(crate) fn own_check(question: &Question) -> ours::CheckRequest {
    let ours::CheckBulkItem { resource, permission, subject } = own_item(question);
    ours::CheckRequest { consistency: None, resource, permission, subject }
}

/// A question of many in our own contract.
pub(crate) fn own_item(question: &Question) -> ours::CheckBulkItem {
    let request = question.request();
    let own = |object: &ObjectRef| ours::ObjectReference {
        object_type: object.object_type().to_owned(),
        object_id: object.object_id().to_owned(),
    };
    let subject = ours::SubjectReference {
        object: Some(own(request.subject.object())),
        relation: request.subject.relation().unwrap_or_default().to_owned(),
    };
    ours::CheckBulkItem {
        resource: Some(own(request.resource)),
        permission: request.permission.to_owned(),
        subject: Some(subject),
    }
}
