//! What a tenant's graph was at one revision, in arrays that never change.

use super::closure::Closure;
use super::rows::Rows;
use super::strings::Strings;

/// Types and tables have the numbers of the catalog; those that came later are not in here.
#[derive(Debug, Default)]
pub(super) struct Base {
    pub(super) strings: Vec<Strings>,
    pub(super) tables: Vec<Table>,
    pub(super) closure: Closure,
}

/// One kind of relationship, from resources to subjects and back.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) forward: Rows,
    pub(super) reverse: Rows,
}

impl Table {
    /// The table of the pairs (resource, subject), in any order and with repetitions.
    pub(super) fn of(resources: usize, subjects: usize, pairs: &[(u32, u32)]) -> Self {
        Self {
            forward: Rows::of(resources, pairs.iter().copied()),
            reverse: Rows::of(subjects, pairs.iter().map(|(resource, subject)| (*subject, *resource))),
        }
    }
}

impl Base {
    #[inline]
    pub(super) fn forward(&self, table: u32, resource: u32) -> &[u32] {
        self.tables.get(table as usize).map_or(&[], |table| table.forward.row(resource))
    }

    #[inline]
    pub(super) fn reverse(&self, table: u32, subject: u32) -> &[u32] {
        self.tables.get(table as usize).map_or(&[], |table| table.reverse.row(subject))
    }

    /// How many ids of a type there are.
    pub(super) fn ids(&self, object_type: u32) -> usize {
        self.strings.get(object_type as usize).map_or(0, Strings::len)
    }

    pub(super) fn ids_total(&self) -> usize {
        self.strings.iter().map(Strings::len).sum()
    }

    pub(super) fn relationships(&self) -> usize {
        self.tables.iter().map(|table| table.forward.len()).sum()
    }
}
