//! Whether a relationship may be stored under a schema, and what a new schema would leave without a place.

use super::{Member, Relation, Schema, SubjectKind, SubjectType};
use crate::names::nearest;
use crate::relationship::{Relationship, SubjectRef};

/// Subject types listed in one message.
const LISTED_MAX: usize = 10;

/// Why a relationship may not be stored.
///
/// The first three say that the schema lacks a name (`FAILED_PRECONDITION`), the others that the relationship asks for
/// what the schema forbids (`INVALID_ARGUMENT`).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdmissionError {
    /// The resource's or the subject's type is not defined.
    #[error("unknown type `{object_type}`{hint}")]
    UnknownType {
        /// The type as written.
        object_type: String,
        /// A name that may have been meant, as the end of a sentence.
        hint: String,
    },
    /// The resource's type has no such relation.
    #[error("`{object_type}` has no relation `{relation}`{hint}")]
    UnknownRelation {
        /// The resource's type.
        object_type: String,
        /// The relation as written.
        relation: String,
        /// A name that may have been meant, as the end of a sentence.
        hint: String,
    },
    /// The subject's type has no such relation or permission.
    #[error("the subject's type `{object_type}` has no relation or permission `{relation}`{hint}")]
    UnknownSubjectRelation {
        /// The subject's type.
        object_type: String,
        /// The relation as written.
        relation: String,
        /// A name that may have been meant, as the end of a sentence.
        hint: String,
    },
    /// The relation is a permission, which is computed and cannot be written.
    #[error(
        "`{object_type}#{permission}` is a permission and cannot be written to; write to a relation it is computed from"
    )]
    IsPermission {
        /// The resource's type.
        object_type: String,
        /// The permission.
        permission: String,
    },
    /// The relation does not allow this kind of subject.
    #[error("`{object_type}#{relation}` does not allow the subject `{subject}`; allowed: {allowed}")]
    DisallowedSubject {
        /// The resource's type.
        object_type: String,
        /// The relation.
        relation: String,
        /// The kind of subject that was to be stored.
        subject: SubjectType,
        /// The kinds that may be.
        allowed: String,
    },
}

/// A kind of relationship that an old schema admits and a new one does not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Orphan {
    /// The resource's type.
    pub object_type: String,
    /// The relation.
    pub relation: String,
    /// The kind of subject.
    pub subject_type: SubjectType,
}

impl Schema {
    /// Whether the relationship may be stored.
    ///
    /// # Errors
    ///
    /// The first reason why not, in the order resource type, relation, subject type, subject relation, allowed subjects.
    pub fn admits(&self, relationship: &Relationship) -> Result<(), AdmissionError> {
        let object_type = relationship.resource().object_type();
        let relation = self.writable(object_type, relationship.relation())?;
        let subject = relationship.subject();
        self.check_subject_exists(subject)?;
        let kind = subject_type(subject);
        if relation.allows(&kind) {
            return Ok(());
        }
        Err(AdmissionError::DisallowedSubject {
            object_type: object_type.to_owned(),
            relation: relation.name.clone(),
            subject: kind,
            allowed: listed(&relation.subject_types),
        })
    }

    /// Every kind of relationship that this schema admits and `new` does not, in the order of this schema's text.
    ///
    /// If nothing of these kinds is stored, everything stored under this schema is also admitted by `new`.
    pub fn orphaned_by(&self, new: &Schema) -> Vec<Orphan> {
        let mut orphans = Vec::new();
        for definition in &self.definitions {
            let renewed = new.definition(&definition.name);
            for relation in definition.relations() {
                let kept = renewed.and_then(|definition| definition.relation(&relation.name));
                let lost = relation.subject_types.iter().filter(|kind| !kept.is_some_and(|kept| kept.allows(kind)));
                orphans.extend(lost.map(|subject_type| Orphan {
                    object_type: definition.name.clone(),
                    relation: relation.name.clone(),
                    subject_type: subject_type.clone(),
                }));
            }
        }
        orphans
    }

    fn writable(&self, object_type: &str, relation: &str) -> Result<&Relation, AdmissionError> {
        let definition = self.definition(object_type).ok_or_else(|| self.unknown_type(object_type))?;
        match definition.member(relation) {
            Some(Member::Relation(relation)) => Ok(relation),
            Some(Member::Permission(_)) => Err(AdmissionError::IsPermission {
                object_type: object_type.to_owned(),
                permission: relation.to_owned(),
            }),
            None => Err(AdmissionError::UnknownRelation {
                object_type: object_type.to_owned(),
                relation: relation.to_owned(),
                hint: hint(relation, definition.relations().map(Relation::name)),
            }),
        }
    }

    fn check_subject_exists(&self, subject: &SubjectRef) -> Result<(), AdmissionError> {
        let object_type = subject.object().object_type();
        let definition = self.definition(object_type).ok_or_else(|| self.unknown_type(object_type))?;
        match subject.relation() {
            Some(relation) if definition.member(relation).is_none() => Err(AdmissionError::UnknownSubjectRelation {
                object_type: object_type.to_owned(),
                relation: relation.to_owned(),
                hint: hint(relation, definition.members.iter().map(Member::name)),
            }),
            Some(_) | None => Ok(()),
        }
    }

    fn unknown_type(&self, object_type: &str) -> AdmissionError {
        let known = self.definitions.iter().map(|definition| definition.name.as_str());
        AdmissionError::UnknownType { object_type: object_type.to_owned(), hint: hint(object_type, known) }
    }
}

fn subject_type(subject: &SubjectRef) -> SubjectType {
    let kind = match subject.relation() {
        Some(relation) => SubjectKind::Userset(relation.to_owned()),
        None if subject.object().is_wildcard() => SubjectKind::Wildcard,
        None => SubjectKind::Object,
    };
    SubjectType { object_type: subject.object().object_type().to_owned(), kind }
}

fn listed(subject_types: &[SubjectType]) -> String {
    let mut names: Vec<String> = subject_types.iter().take(LISTED_MAX).map(|one| format!("`{one}`")).collect();
    if subject_types.len() > LISTED_MAX {
        names.push(format!("and {} more", subject_types.len() - LISTED_MAX));
    }
    names.join(", ")
}

fn hint<'n>(wrong: &str, known: impl Iterator<Item = &'n str>) -> String {
    nearest(wrong, known).map_or_else(String::new, |meant| format!("; did you mean `{meant}`?"))
}
