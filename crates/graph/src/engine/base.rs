//! What a tenant's graph was at one revision, in arrays that never change.

use super::closure::Closure;
use super::objects::Objects;
use super::record::Record;
use super::rows::Rows;

/// Types and tables have the numbers of the catalog; those that came later are not in here.
#[derive(Debug, Default)]
pub(super) struct Base {
    /// Of each type, with the way from resources to subjects.
    pub(super) objects: Vec<Objects>,
    pub(super) tables: Vec<Table>,
    pub(super) closure: Closure,
}

/// One kind of relationship; its way from resources to subjects is in the resources' records.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) resource_type: u32,
    /// From subjects to resources.
    pub(super) reverse: Rows,
}

impl Base {
    /// The rows of a resource.
    #[inline]
    pub(super) fn record(&self, object_type: u32, resource: u32) -> Record<'_> {
        self.objects.get(object_type as usize).map_or(Record::EMPTY, |objects| objects.record(resource))
    }

    #[inline]
    pub(super) fn forward(&self, table: u32, resource: u32) -> &[u32] {
        let Some(known) = self.tables.get(table as usize) else { return &[] };
        self.record(known.resource_type, resource).row(table)
    }

    #[inline]
    pub(super) fn reverse(&self, table: u32, subject: u32) -> &[u32] {
        self.tables.get(table as usize).map_or(&[], |table| table.reverse.row(subject))
    }

    /// How many ids of a type there are.
    pub(super) fn ids(&self, object_type: u32) -> usize {
        self.objects.get(object_type as usize).map_or(0, Objects::len)
    }

    pub(super) fn ids_total(&self) -> usize {
        self.objects.iter().map(Objects::len).sum()
    }

    pub(super) fn relationships(&self) -> usize {
        self.tables.iter().map(|table| table.reverse.len()).sum()
    }
}
