//! What a tenant is read as, whatever the form of its file, and the base made of it.

use super::super::base::{Base, Table};
use super::super::catalog::{Catalog, TableKind};
use super::super::strings::Strings;

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
    pub(super) fn into_base(self, seed: u64, catalog: &Catalog) -> Base {
        let mut base = Base::default();
        for texts in self.texts {
            base.strings.push(Strings::of(seed, texts.lengths.len(), texts.text.len(), texts.iter()));
        }
        for (key, pairs) in catalog.tables().iter().zip(self.pairs) {
            if pairs.is_empty() {
                // A schema may admit a thousand kinds of relationships for one that is stored.
                base.tables.push(Table::default());
                continue;
            }
            let subjects = if key.kind == TableKind::Wildcard { 1 } else { base.ids(key.subject_type) };
            base.tables.push(Table::of(base.ids(key.resource_type), subjects, &pairs));
        }
        base
    }
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
