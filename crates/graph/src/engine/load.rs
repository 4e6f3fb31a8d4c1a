//! Relationships in any order become a base.

use std::collections::HashMap;

use super::base::{Base, Table};
use super::catalog::{Catalog, TableKey, TableKind};
use super::hash::{BuildNameHasher, hashed};
use super::strings::Strings;
use super::{EngineError, EngineOptions};
use crate::relationship::{Relationship, SubjectRef};

/// Collects relationships as pairs of numbers that are given out as the ids come.
#[derive(Debug)]
pub(super) struct Loader {
    options: EngineOptions,
    catalog: Catalog,
    interners: Vec<Interner>,
    pairs: Vec<Vec<(u32, u32)>>,
    relationships: usize,
    ids: usize,
}

#[derive(Debug, Default)]
struct Interner {
    text: String,
    ends: Vec<usize>,
    by_hash: HashMap<u64, u32, BuildNameHasher>,
}

impl Loader {
    pub(super) fn new(options: EngineOptions, catalog: Catalog) -> Self {
        Self { options, catalog, interners: Vec::new(), pairs: Vec::new(), relationships: 0, ids: 0 }
    }

    pub(super) fn add(&mut self, relationship: &Relationship) -> Result<(), EngineError> {
        // Repetitions count here and are dropped later: a loader that is given each once never sees the difference.
        if self.relationships == self.options.relationships_max {
            return Err(EngineError::TooManyRelationships { max: self.options.relationships_max });
        }
        self.relationships += 1;
        let key = key_of(&mut self.catalog, relationship);
        let table = self.catalog.table(key) as usize;
        let resource = self.id(key.resource_type, relationship.resource().object_id())?;
        let subject = match key.kind {
            TableKind::Wildcard => 0,
            TableKind::Plain | TableKind::Userset(_) => {
                self.id(key.subject_type, relationship.subject().object().object_id())?
            }
        };
        if self.pairs.len() <= table {
            self.pairs.resize_with(table + 1, Vec::new);
        }
        self.pairs[table].push((resource, subject));
        Ok(())
    }

    fn id(&mut self, object_type: u32, text: &str) -> Result<u32, EngineError> {
        let object_type = object_type as usize;
        if self.interners.len() <= object_type {
            self.interners.resize_with(object_type + 1, Interner::default);
        }
        let interner = &mut self.interners[object_type];
        let before = interner.ends.len();
        let id = interner.id(text, self.options.hash_seed);
        self.ids += interner.ends.len() - before;
        if self.ids > self.options.ids_max {
            return Err(EngineError::TooManyIds { max: self.options.ids_max });
        }
        Ok(id)
    }

    /// The base without its closure, and the catalog with all that was met.
    pub(super) fn finish(self) -> (Base, Catalog) {
        let mut base = Base::default();
        let mut ranks = Vec::new();
        for interner in self.interners {
            let (strings, rank) = interner.finish(self.options.hash_seed);
            base.strings.push(strings);
            ranks.push(rank);
        }
        let ranks_of = |object_type: u32| ranks.get(object_type as usize).map_or(&[][..], Vec::as_slice);
        for (number, mut pairs) in self.pairs.into_iter().enumerate() {
            let key = self.catalog.key(number as u32);
            let resources = ranks_of(key.resource_type);
            pairs.iter_mut().for_each(|(resource, _)| *resource = resources[*resource as usize]);
            let subjects = match key.kind {
                TableKind::Wildcard => 1,
                TableKind::Plain | TableKind::Userset(_) => {
                    let subjects = ranks_of(key.subject_type);
                    pairs.iter_mut().for_each(|(_, subject)| *subject = subjects[*subject as usize]);
                    subjects.len()
                }
            };
            base.tables.push(Table::of(resources.len(), subjects, &pairs));
        }
        (base, self.catalog)
    }
}

/// The kind of a relationship, with numbers for its names.
pub(super) fn key_of(catalog: &mut Catalog, relationship: &Relationship) -> TableKey {
    let subject = relationship.subject();
    let kind = match subject.relation() {
        Some(member) => TableKind::Userset(catalog.relations.number(member)),
        None => plain_or_wildcard(subject),
    };
    TableKey {
        resource_type: catalog.types.number(relationship.resource().object_type()),
        relation: catalog.relations.number(relationship.relation()),
        subject_type: catalog.types.number(subject.object().object_type()),
        kind,
    }
}

/// The kind of a relationship whose names all have numbers already.
pub(super) fn known_key_of(catalog: &Catalog, relationship: &Relationship) -> Option<TableKey> {
    let subject = relationship.subject();
    let kind = match subject.relation() {
        Some(member) => TableKind::Userset(catalog.relations.known(member)?),
        None => plain_or_wildcard(subject),
    };
    Some(TableKey {
        resource_type: catalog.types.known(relationship.resource().object_type())?,
        relation: catalog.relations.known(relationship.relation())?,
        subject_type: catalog.types.known(subject.object().object_type())?,
        kind,
    })
}

fn plain_or_wildcard(subject: &SubjectRef) -> TableKind {
    if subject.is_wildcard() { TableKind::Wildcard } else { TableKind::Plain }
}

impl Interner {
    fn text(&self, id: u32) -> &str {
        let start = if id == 0 { 0 } else { self.ends[id as usize - 1] };
        &self.text[start..self.ends[id as usize]]
    }

    fn id(&mut self, text: &str, seed: u64) -> u32 {
        let mut hash = hashed(text.as_bytes(), seed);
        // Two texts of one hash are as good as impossible; the second takes the next free place.
        while let Some(id) = self.by_hash.get(&hash) {
            if self.text(*id) == text {
                return *id;
            }
            hash = hash.wrapping_add(1);
        }
        let id = self.ends.len() as u32;
        self.by_hash.insert(hash, id);
        self.text.push_str(text);
        self.ends.push(self.text.len());
        id
    }

    /// The texts in order, and for each number given out its place in that order.
    fn finish(mut self, seed: u64) -> (Strings, Vec<u32>) {
        self.by_hash = HashMap::default();
        let order = self.in_text_order();
        let mut ranks = vec![0; order.len()];
        for (rank, (_, id)) in order.iter().enumerate() {
            ranks[*id as usize] = rank as u32;
        }
        let texts = order.iter().map(|(_, id)| self.text(*id));
        (Strings::of(seed, order.len(), self.text.len(), texts), ranks)
    }

    /// Numbers in the order of their texts. Sorting looks first at the eight bytes after what all texts share.
    fn in_text_order(&self) -> Vec<(u64, u32)> {
        let count = self.ends.len() as u32;
        let first = if count == 0 { "" } else { self.text(0) };
        let shared = (1..count).fold(first.len(), |shared, id| {
            let both = first.bytes().take(shared).zip(self.text(id).bytes());
            both.take_while(|(a, b)| a == b).count()
        });
        let mut order: Vec<(u64, u32)> = (0..count)
            .map(|id| {
                let mut prefix = [0; 8];
                let rest = &self.text(id).as_bytes()[shared..];
                let taken = rest.len().min(8);
                prefix[..taken].copy_from_slice(&rest[..taken]);
                (u64::from_be_bytes(prefix), id)
            })
            .collect();
        order.sort_unstable_by(|(prefix, id), (other_prefix, other)| {
            prefix.cmp(other_prefix).then_with(|| self.text(*id).cmp(self.text(*other)))
        });
        order
    }
}
