//! Numbers for types, relations, and the kinds of relationships there are.

use std::collections::HashMap;

use super::hash::BuildNameHasher;
use crate::schema::{Schema, SubjectKind};

/// Names and the kinds of relationships between them. Numbers are only ever added, so they outlive merges and schemas.
#[derive(Clone, Debug, Default)]
pub(super) struct Catalog {
    pub(super) types: Names,
    pub(super) relations: Names,
    tables: Vec<TableKey>,
    by_key: HashMap<TableKey, u32, BuildNameHasher>,
    by_relation: HashMap<(u32, u32), Vec<u32>, BuildNameHasher>,
}

/// One kind of relationship: `document#viewer@group#member`. Each kind has adjacency of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct TableKey {
    pub(super) resource_type: u32,
    pub(super) relation: u32,
    pub(super) subject_type: u32,
    pub(super) kind: TableKind,
}

/// What stands on the right of a kind of relationship.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum TableKind {
    Plain,
    /// Of this relation or permission.
    Userset(u32),
    /// The only subject has the number 0.
    Wildcard,
}

impl Catalog {
    /// Gives numbers to everything that the schema lets be stored.
    pub(super) fn admit(&mut self, schema: &Schema) {
        for definition in schema.definitions() {
            let resource_type = self.types.number(definition.name());
            for relation in definition.relations() {
                let relation_number = self.relations.number(relation.name());
                for subject in relation.subject_types() {
                    let kind = match &subject.kind {
                        SubjectKind::Object => TableKind::Plain,
                        SubjectKind::Userset(member) => TableKind::Userset(self.relations.number(member)),
                        SubjectKind::Wildcard => TableKind::Wildcard,
                    };
                    let subject_type = self.types.number(&subject.object_type);
                    self.table(TableKey { resource_type, relation: relation_number, subject_type, kind });
                }
            }
        }
    }

    /// The number of a kind of relationship, which is new if need be.
    pub(super) fn table(&mut self, key: TableKey) -> u32 {
        if let Some(number) = self.by_key.get(&key) {
            return *number;
        }
        let number = self.tables.len() as u32;
        self.tables.push(key);
        self.by_key.insert(key, number);
        self.by_relation.entry((key.resource_type, key.relation)).or_default().push(number);
        number
    }

    /// How many of the tables are kinds of relationships that the schema does not admit.
    pub(super) fn strays(&self, schema: &Schema, tables: &[u32]) -> usize {
        // The same numbers for names, so that keys can be compared.
        let mut admitted = Self { types: self.types.clone(), relations: self.relations.clone(), ..Self::default() };
        admitted.admit(schema);
        tables.iter().filter(|table| admitted.known_table(self.key(**table)).is_none()).count()
    }

    /// The number of a kind of relationship, if it has one.
    pub(super) fn known_table(&self, key: TableKey) -> Option<u32> {
        self.by_key.get(&key).copied()
    }

    pub(super) fn key(&self, table: u32) -> TableKey {
        self.tables[table as usize]
    }

    /// The kinds of relationships whose resources are of one type.
    pub(super) fn tables_from(&self, object_type: u32) -> Vec<u32> {
        let all = (0..).zip(&self.tables);
        all.filter(|(_, key)| key.resource_type == object_type).map(|(table, _)| table).collect()
    }

    pub(super) fn tables(&self) -> &[TableKey] {
        &self.tables
    }

    /// The kinds of relationships under one relation of one type.
    pub(super) fn tables_of(&self, object_type: u32, relation: u32) -> &[u32] {
        self.by_relation.get(&(object_type, relation)).map_or(&[], Vec::as_slice)
    }
}

/// Names in the order in which they were first seen.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    names: Vec<String>,
    by_name: HashMap<String, u32, BuildNameHasher>,
}

impl Names {
    pub(super) fn number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.by_name.get(name) {
            return *number;
        }
        let number = self.names.len() as u32;
        self.names.push(name.to_owned());
        self.by_name.insert(name.to_owned(), number);
        number
    }

    pub(super) fn known(&self, name: &str) -> Option<u32> {
        self.by_name.get(name).copied()
    }

    pub(super) fn name(&self, number: u32) -> &str {
        &self.names[number as usize]
    }

    pub(super) fn len(&self) -> usize {
        self.names.len()
    }
}
