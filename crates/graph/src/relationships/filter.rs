//! Which relationships are meant, by any combination of their parts.

use crate::relationship::{ObjectRef, Relationship, SubjectRef};

/// Lets through the relationships that have every part it names; the default lets through all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RelationshipFilter {
    /// The resource's type.
    pub object_type: Option<String>,
    /// The resource's id, whole.
    pub object_id: Option<String>,
    /// How the resource's id begins.
    pub object_id_prefix: Option<String>,
    /// The relation.
    pub relation: Option<String>,
    /// The subject's type.
    pub subject_type: Option<String>,
    /// The subject's id, whole; `*` is the wildcard alone.
    pub subject_id: Option<String>,
    /// The subject's relation.
    pub subject_relation: Option<SubjectRelationFilter>,
}

/// What is asked of a subject's relation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubjectRelationFilter {
    /// There is none: the subject is an object.
    Plain,
    /// It is this one.
    Userset(String),
}

impl RelationshipFilter {
    /// Whether the relationship has every part the filter names.
    pub fn matches(&self, relationship: &Relationship) -> bool {
        self.admits(relationship.resource(), relationship.relation(), relationship.subject())
    }

    pub(super) fn admits(&self, resource: &ObjectRef, relation: &str, subject: &SubjectRef) -> bool {
        let is = |wanted: &Option<String>, found: &str| wanted.as_ref().is_none_or(|wanted| wanted == found);
        let prefix = self.object_id_prefix.as_ref();
        is(&self.object_type, resource.object_type())
            && is(&self.object_id, resource.object_id())
            && prefix.is_none_or(|prefix| resource.object_id().starts_with(prefix.as_str()))
            && is(&self.relation, relation)
            && is(&self.subject_type, subject.object().object_type())
            && is(&self.subject_id, subject.object().object_id())
            && self.admits_subject_relation(subject.relation())
    }

    fn admits_subject_relation(&self, found: Option<&str>) -> bool {
        match &self.subject_relation {
            None => true,
            Some(SubjectRelationFilter::Plain) => found.is_none(),
            Some(SubjectRelationFilter::Userset(wanted)) => found == Some(wanted.as_str()),
        }
    }
}
