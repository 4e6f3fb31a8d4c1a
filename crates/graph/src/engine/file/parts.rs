//! What a tenant is read as, whatever the form of its file, and the base made of it.

use smallvec::SmallVec;

use super::super::base::{Base, Table};
use super::super::catalog::{Catalog, TableKind};
use super::super::objects::Objects;
use super::super::rows::Rows;

/// All ids and all relationships, in order.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// The ids of each type of the catalog.
    pub(super) texts: Vec<Texts>,
    /// The relationships of each table of the catalog: ascending pairs of a resource and a subject, numbers of ids.
    pub(super) pairs: Vec<Vec<(u32, u32)>>,
}

/// Ascending texts, one after the other.
#[derive(Debug, Default)]
pub(super) struct Texts {
    pub(super) text: String,
    pub(super) lengths: Vec<u16>,
}

impl Parts {
    /// How many ids of a type there are.
    pub(super) fn ids(&self, object_type: u32) -> usize {
        self.texts.get(object_type as usize).map_or(0, |texts| texts.lengths.len())
    }

    /// The base without its closure. The index of the ids is made anew, for its hashes start from a secret of the process.
    pub(super) fn into_base(mut self, seed: u64, catalog: &Catalog) -> Base {
        self.texts.resize_with(catalog.types.len(), Texts::default);
        self.pairs.resize_with(catalog.tables().len(), Vec::new);
        let mut base = Base::default();
        for (object_type, texts) in self.texts.iter().enumerate() {
            base.objects.push(objects(seed, texts, &catalog.tables_from(object_type as u32), &self.pairs));
        }
        drop(self.texts);
        for (key, pairs) in catalog.tables().iter().zip(self.pairs) {
            let subjects = if key.kind == TableKind::Wildcard { 1 } else { base.ids(key.subject_type) };
            // A schema may admit a thousand kinds of relationships for one that is stored.
            let rows = if pairs.is_empty() { 0 } else { subjects };
            let reverse = Rows::of(rows, pairs.iter().map(|(resource, subject)| (*subject, *resource)));
            base.tables.push(Table { resource_type: key.resource_type, reverse });
        }
        base
    }
}

/// The objects of one type, each with its rows in the tables of the type.
fn objects(seed: u64, texts: &Texts, tables: &[u32], pairs: &[Vec<(u32, u32)>]) -> Objects {
    let mut objects = Objects::with_capacity(seed, texts.lengths.len());
    let pairs = tables.iter().map(|table| (*table, pairs[*table as usize].as_slice()));
    let mut left: Vec<(u32, &[(u32, u32)])> = pairs.filter(|(_, pairs)| !pairs.is_empty()).collect();
    let (mut entries, mut ends) = (Vec::new(), Vec::new());
    for (number, text) in texts.iter().enumerate() {
        entries.clear();
        ends.clear();
        for (table, pairs) in &mut left {
            let start = entries.len();
            while let Some(((resource, subject), after)) = pairs.split_first()
                && *resource as usize == number
            {
                entries.push(*subject);
                *pairs = after;
            }
            if entries.len() > start {
                ends.push((*table, start..entries.len()));
            }
        }
        let rows: SmallVec<[(u32, &[u32]); 8]> =
            ends.iter().map(|(table, range)| (*table, &entries[range.clone()])).collect();
        objects.push(text, &rows);
    }
    objects.shrink_to_fit();
    objects
}

impl Texts {
    fn iter(&self) -> impl Iterator<Item = &str> {
        let mut rest = self.text.as_str();
        self.lengths.iter().map(move |length| {
            let (text, after) = rest.split_at(usize::from(*length));
            rest = after;
            text
        })
    }
}
