//! One question: may this subject do this to that?

use graph::{CheckRequest, ObjectRef, SubjectRef};

/// A well-formed question. Whether its names exist, the schema says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Question {
    /// What it is about.
    pub(crate) resource: ObjectRef,
    /// The permission or relation.
    pub(crate) permission: String,
    /// Who.
    pub(crate) subject: SubjectRef,
}

impl Question {
    /// As the engine asks it.
    pub(crate) fn as_request(&self) -> CheckRequest<'_> {
        CheckRequest { resource: &self.resource, permission: &self.permission, subject: &self.subject }
    }
}
