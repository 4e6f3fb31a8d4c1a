//! Between rows and the types of the engine.

use chassis::TenantId;
use graph::{ObjectRef, Relationship, RelationshipError, SubjectRef};

use crate::domain::digest::Digest;

/// The columns that identify a relationship within its tenant.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct Row {
    pub(super) resource_type: String,
    pub(super) resource_id: String,
    pub(super) relation: String,
    pub(super) subject_type: String,
    pub(super) subject_id: String,
    pub(super) subject_relation: String,
}

impl Row {
    /// The relationship. What was stored was well-formed, so anything else is a mistake, not an input.
    pub(super) fn relationship(self) -> Result<Relationship, sqlx::Error> {
        self.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))
    }

    fn parse(self) -> Result<Relationship, RelationshipError> {
        let relation = Some(self.subject_relation.as_str()).filter(|relation| !relation.is_empty());
        let subject = SubjectRef::new(ObjectRef::new(self.subject_type, self.subject_id)?, relation)?;
        Relationship::new(ObjectRef::new(self.resource_type, self.resource_id)?, self.relation, subject)
    }
}

/// Many relationships as one array a column, for `unnest`.
#[derive(Debug, Default)]
pub(super) struct Columns {
    pub(super) tenants: Vec<String>,
    pub(super) resource_types: Vec<String>,
    pub(super) resource_ids: Vec<String>,
    pub(super) relations: Vec<String>,
    pub(super) subject_types: Vec<String>,
    pub(super) subject_ids: Vec<String>,
    pub(super) subject_relations: Vec<String>,
}

impl Columns {
    /// The relationships, each at its place in every array.
    pub(super) fn of<'a>(relationships: impl IntoIterator<Item = (&'a TenantId, &'a Relationship)>) -> Self {
        let mut columns = Self::default();
        for (tenant, relationship) in relationships {
            columns.tenants.push(tenant.as_str().to_owned());
            let (resource, subject) = (relationship.resource(), relationship.subject());
            columns.resource_types.push(resource.object_type().to_owned());
            columns.resource_ids.push(resource.object_id().to_owned());
            columns.relations.push(relationship.relation().to_owned());
            columns.subject_types.push(subject.object().object_type().to_owned());
            columns.subject_ids.push(subject.object().object_id().to_owned());
            columns.subject_relations.push(subject.relation().unwrap_or_default().to_owned());
        }
        columns
    }
}

/// A revision as the column has it.
pub(super) fn column(revision: u64) -> i64 {
    i64::try_from(revision).unwrap_or(i64::MAX)
}

/// A digest as the column has it, whose length a constraint keeps.
pub(super) fn digest(column: Vec<u8>) -> Result<Digest, sqlx::Error> {
    column.try_into().map(Digest).map_err(|_| sqlx::Error::Decode("a digest is 32 bytes".into()))
}

/// A revision as the column has it, which a constraint keeps from being negative.
pub(super) fn revision(column: i64) -> u64 {
    u64::try_from(column).unwrap_or(0)
}
