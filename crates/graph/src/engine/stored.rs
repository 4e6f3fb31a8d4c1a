//! What a snapshot holds, as text again.

use super::catalog::TableKind;
use super::snapshot::Snapshot;
use crate::relationship::{ObjectRef, Relationship, SubjectRef};

impl Snapshot {
    /// The subjects stored for a relation of an object, in order; none if there are more than `subjects_max`.
    pub fn subjects(&self, object: &ObjectRef, relation: &str, subjects_max: usize) -> Option<Vec<SubjectRef>> {
        let mut subjects = Vec::new();
        for (table, number) in self.rows_of(object, relation) {
            let row = self.forward(table, number).list();
            if subjects.len() + row.len() > subjects_max {
                return None;
            }
            subjects.extend(row.iter().map(|subject| self.subject(table, *subject)));
        }
        subjects.sort_unstable();
        Some(subjects)
    }

    /// The tables that hold subjects for a relation of an object, with the object's number.
    fn rows_of(&self, object: &ObjectRef, relation: &str) -> impl Iterator<Item = (u32, u32)> {
        let known = || {
            let object_type = self.catalog.types.known(object.object_type())?;
            let relation = self.catalog.relations.known(relation)?;
            Some((self.catalog.tables_of(object_type, relation), self.id(object_type, object.object_id())?))
        };
        let (tables, number) = known().unwrap_or_default();
        tables.iter().map(move |table| (*table, number))
    }

    pub(super) fn relationship(&self, table: u32, resource: u32, subject: u32) -> Relationship {
        let key = self.catalog.key(table);
        let resource = self.object(key.resource_type, self.text(key.resource_type, resource));
        Relationship::new(resource, self.catalog.relations.name(key.relation), self.subject(table, subject))
            .expect("it was a relationship when it was stored")
    }

    fn subject(&self, table: u32, subject: u32) -> SubjectRef {
        let key = self.catalog.key(table);
        let (text, relation) = match key.kind {
            TableKind::Wildcard => ("*", None),
            TableKind::Plain => (self.text(key.subject_type, subject), None),
            TableKind::Userset(member) => {
                (self.text(key.subject_type, subject), Some(self.catalog.relations.name(member)))
            }
        };
        SubjectRef::new(self.object(key.subject_type, text), relation).expect("it was a subject when it was stored")
    }

    fn object(&self, object_type: u32, text: &str) -> ObjectRef {
        ObjectRef::new(self.catalog.types.name(object_type), text).expect("it was an object when it was stored")
    }
}
