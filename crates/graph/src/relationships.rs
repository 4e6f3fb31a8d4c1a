//! Many relationships in memory, in plain ordered sets.

mod filter;
mod revisioned;

use std::collections::{BTreeMap, BTreeSet};

pub use filter::{RelationshipFilter, SubjectRelationFilter};
pub use revisioned::{Change, RevisionError, Revisioned};

use crate::relationship::{ObjectRef, Relationship, SubjectRef};

/// A set of relationships, found by object and relation. It knows no schema: whoever fills it asks
/// [`Schema::admits`](crate::Schema::admits) first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RelationshipSet {
    by_object: BTreeMap<ObjectRef, BTreeMap<String, BTreeSet<SubjectRef>>>,
    count: usize,
}

impl RelationshipSet {
    /// The empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a relationship; false if it was there.
    pub fn insert(&mut self, relationship: Relationship) -> bool {
        let (resource, relation, subject) = relationship.into_parts();
        let added = self.by_object.entry(resource).or_default().entry(relation).or_default().insert(subject);
        self.count += usize::from(added);
        added
    }

    /// Removes a relationship; false if it was not there.
    pub fn remove(&mut self, relationship: &Relationship) -> bool {
        let Some(relations) = self.by_object.get_mut(relationship.resource()) else { return false };
        let Some(subjects) = relations.get_mut(relationship.relation()) else { return false };
        let removed = subjects.remove(relationship.subject());
        self.count -= usize::from(removed);
        if subjects.is_empty() {
            relations.remove(relationship.relation());
        }
        if relations.is_empty() {
            self.by_object.remove(relationship.resource());
        }
        removed
    }

    /// Whether the relationship is in the set.
    pub fn contains(&self, relationship: &Relationship) -> bool {
        self.by_object
            .get(relationship.resource())
            .and_then(|relations| relations.get(relationship.relation()))
            .is_some_and(|subjects| subjects.contains(relationship.subject()))
    }

    /// The subjects stored for a relation of an object, in order.
    pub fn subjects(&self, object: &ObjectRef, relation: &str) -> impl Iterator<Item = &SubjectRef> {
        self.by_object.get(object).and_then(|relations| relations.get(relation)).into_iter().flatten()
    }

    /// The relationships that a filter lets through, ordered by resource, relation and subject.
    pub fn matching(&self, filter: &RelationshipFilter) -> impl Iterator<Item = Relationship> {
        self.parts()
            .filter(|(resource, relation, subject)| filter.admits(resource, relation, subject))
            .map(|(resource, relation, subject)| rebuilt(resource, relation, subject))
    }

    /// Every relationship, ordered by resource, relation and subject.
    pub fn iter(&self) -> impl Iterator<Item = Relationship> {
        self.parts().map(|(resource, relation, subject)| rebuilt(resource, relation, subject))
    }

    /// How many relationships there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    fn parts(&self) -> impl Iterator<Item = (&ObjectRef, &String, &SubjectRef)> {
        self.by_object.iter().flat_map(|(resource, relations)| {
            relations
                .iter()
                .flat_map(move |(relation, subjects)| subjects.iter().map(move |subject| (resource, relation, subject)))
        })
    }
}

fn rebuilt(resource: &ObjectRef, relation: &str, subject: &SubjectRef) -> Relationship {
    Relationship::new(resource.clone(), relation, subject.clone()).expect("it was taken apart when it was inserted")
}

impl FromIterator<Relationship> for RelationshipSet {
    fn from_iter<I: IntoIterator<Item = Relationship>>(relationships: I) -> Self {
        let mut set = Self::new();
        set.extend(relationships);
        set
    }
}

impl Extend<Relationship> for RelationshipSet {
    fn extend<I: IntoIterator<Item = Relationship>>(&mut self, relationships: I) {
        for relationship in relationships {
            self.insert(relationship);
        }
    }
}
