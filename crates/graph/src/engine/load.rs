//! Relationships in any order become a base.

use std::collections::HashMap;

use super::base::{Base, Table};
use super::catalog::{Catalog, TableKey, TableKind};
use super::hash::{BuildNameHasher, hashed};
use super::objects::Objects;
use super::rows::Rows;
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
    pub(super) fn finish(mut self) -> (Base, Catalog) {
        let types = self.catalog.types.len();
        self.interners.resize_with(types.max(self.interners.len()), Interner::default);
        self.pairs.resize_with(self.catalog.tables().len(), Vec::new);
        let orders: Vec<Vec<u32>> = self.interners.iter_mut().map(Interner::in_text_order).collect();
        let ranks: Vec<Vec<u32>> = orders.iter().map(|order| ranks_of(order)).collect();
        let mut base = Base::default();
        let mut forward = Vec::new();
        for (key, mut pairs) in self.catalog.tables().iter().zip(self.pairs) {
            let resources = &ranks[key.resource_type as usize];
            pairs.iter_mut().for_each(|(resource, _)| *resource = resources[*resource as usize]);
            let subjects = match key.kind {
                TableKind::Wildcard => 1,
                TableKind::Plain | TableKind::Userset(_) => {
                    let subjects = &ranks[key.subject_type as usize];
                    pairs.iter_mut().for_each(|(_, subject)| *subject = subjects[*subject as usize]);
                    subjects.len()
                }
            };
            forward.push(Rows::of(resources.len(), pairs.iter().copied()));
            let reverse = Rows::of(subjects, pairs.iter().map(|(resource, subject)| (*subject, *resource)));
            base.tables.push(Table { resource_type: key.resource_type, reverse });
        }
        for (object_type, (interner, order)) in self.interners.iter().zip(orders).enumerate() {
            let mut objects = Objects::with_capacity(self.options.hash_seed, order.len());
            let tables = self.catalog.tables_from(object_type as u32);
            let mut rows = Vec::new();
            for (rank, id) in order.iter().enumerate() {
                let all = tables.iter().map(|table| (*table, forward[*table as usize].row(rank as u32)));
                rows.clear();
                rows.extend(all.filter(|(_, row)| !row.is_empty()));
                objects.push(interner.text(*id), &rows);
            }
            objects.shrink_to_fit();
            base.objects.push(objects);
        }
        (base, self.catalog)
    }
}

/// For each number given out, its place in the order.
fn ranks_of(order: &[u32]) -> Vec<u32> {
    let mut ranks = vec![0; order.len()];
    for (rank, id) in order.iter().enumerate() {
        ranks[*id as usize] = rank as u32;
    }
    ranks
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

    /// Numbers in the order of their texts; nothing is looked up any more. Sorting looks first at the eight bytes after
    /// what all texts share.
    fn in_text_order(&mut self) -> Vec<u32> {
        self.by_hash = HashMap::default();
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
        order.into_iter().map(|(_, id)| id).collect()
    }
}
