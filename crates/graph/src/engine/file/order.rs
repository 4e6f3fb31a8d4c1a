//! The numbers that ids have in a file: the places of their texts, without those that no relationship mentions.

use super::super::catalog::TableKind;
use super::super::merge;
use super::super::snapshot::Snapshot;

/// A snapshot as a base would hold it, without the base: what has to be kept for that is eight bytes an id, and nothing if
/// nothing changed since the last merge.
#[derive(Debug)]
pub(super) struct Ordered<'s> {
    snapshot: &'s Snapshot,
    changed: Option<Changed>,
}

/// For each type, the old numbers in the order of their texts, and the new number of each old one.
#[derive(Debug)]
struct Changed {
    old: Vec<Vec<u32>>,
    new: Vec<Vec<u32>>,
}

impl<'s> Ordered<'s> {
    pub(super) fn new(snapshot: &'s Snapshot) -> Self {
        let is_merged = snapshot.delta_relationships() == 0 && snapshot.delta.ids == 0;
        let changed = (!is_merged).then(|| {
            let mut new = merge::used(snapshot);
            let ordered = new.iter_mut().enumerate();
            let old = ordered.map(|(of, numbers)| merge::renumber(snapshot, of as u32, numbers)).collect();
            Changed { old, new }
        });
        Self { snapshot, changed }
    }

    pub(super) fn ids(&self, object_type: u32) -> usize {
        match &self.changed {
            None => self.snapshot.base.ids(object_type),
            Some(changed) => changed.old[object_type as usize].len(),
        }
    }

    /// The text of a number below [`Self::ids`].
    pub(super) fn text(&self, object_type: u32, number: u32) -> &'s str {
        let old = self.changed.as_ref().map_or(number, |changed| changed.old[object_type as usize][number as usize]);
        self.snapshot.text(object_type, old)
    }

    pub(super) fn relationships(&self, table: u32) -> usize {
        let (snapshot, base) = (self.snapshot, &self.snapshot.base);
        let mut count = base.tables.get(table as usize).map_or(0, |table| table.reverse.len());
        snapshot.delta.changed_rows(table, &mut |resource| {
            let row = snapshot.forward(table, resource);
            count = count + row.len() - row.base.len();
        });
        count
    }

    /// Calls `visit` with every (resource, subject) of a table in ascending order, until it fails.
    pub(super) fn for_each_pair<E>(
        &self,
        table: u32,
        visit: &mut impl FnMut(u32, u32) -> Result<(), E>,
    ) -> Result<(), E> {
        let (snapshot, key) = (self.snapshot, self.snapshot.catalog.key(table));
        let Some(changed) = &self.changed else {
            let mut resources = 0..snapshot.base.ids(key.resource_type) as u32;
            return resources.try_for_each(|resource| {
                snapshot.base.forward(table, resource).iter().try_for_each(|subject| visit(resource, *subject))
            });
        };
        let subjects = &changed.new[key.subject_type as usize];
        let is_wildcard = key.kind == TableKind::Wildcard;
        let mut row = Vec::new();
        for (resource, old) in changed.old[key.resource_type as usize].iter().enumerate() {
            let now = snapshot.forward(table, *old);
            row.clear();
            row.extend(now.list().iter().map(|subject| if is_wildcard { 0 } else { subjects[*subject as usize] }));
            if now.overlay.is_some() {
                // New ids come after all others in the engine, and in between them in the file.
                row.sort_unstable();
            }
            row.iter().try_for_each(|subject| visit(resource as u32, *subject))?;
        }
        Ok(())
    }
}
