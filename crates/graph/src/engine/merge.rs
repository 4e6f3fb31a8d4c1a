//! Folds a delta into a new base.

use super::base::{Base, Table};
use super::catalog::TableKind;
use super::closure::Closure;
use super::objects::Objects;
use super::rows::Rows;
use super::snapshot::Snapshot;

use smallvec::SmallVec;

/// No relationship mentions this number any more.
const GONE: u32 = u32::MAX;

/// The base that holds what the snapshot holds. Ids that no relationship mentions are dropped, the others numbered anew
/// in text order. It only reads the snapshot, so it runs beside readers and writers.
pub(super) fn merged(snapshot: &Snapshot) -> Base {
    let mut numbers = used(snapshot);
    let orders: Vec<Vec<u32>> = numbers
        .iter_mut()
        .enumerate()
        .map(|(object_type, numbers)| renumber(snapshot, object_type as u32, numbers))
        .collect();
    let mut base = Base::default();
    let mut pairs = vec![Vec::new(); snapshot.catalog.tables().len()];
    for (object_type, order) in orders.iter().enumerate() {
        base.objects.push(objects(snapshot, object_type as u32, order, &numbers, &mut pairs));
    }
    for (key, pairs) in snapshot.catalog.tables().iter().zip(pairs) {
        let subjects = match key.kind {
            TableKind::Wildcard => 1,
            TableKind::Plain | TableKind::Userset(_) => orders[key.subject_type as usize].len(),
        };
        base.tables
            .push(Table { resource_type: key.resource_type, reverse: Rows::of(subjects, pairs.iter().copied()) });
    }
    base.closure = Closure::of(&base, &snapshot.plan);
    base
}

/// For each type and number, 0 if a relationship mentions it, else [`GONE`].
pub(super) fn used(snapshot: &Snapshot) -> Vec<Vec<u32>> {
    let ids = |object_type: u32| snapshot.base.ids(object_type) + snapshot.delta.new_ids(object_type);
    let types = snapshot.catalog.types.len() as u32;
    let mut numbers: Vec<Vec<u32>> = (0..types).map(|object_type| vec![GONE; ids(object_type)]).collect();
    for object_type in 0..types {
        let tables = snapshot.catalog.tables_from(object_type);
        for resource in 0..ids(object_type) as u32 {
            let record = snapshot.base.record(object_type, resource);
            for table in &tables {
                let row = snapshot.row_in(record, *table, resource);
                if row.is_empty() {
                    continue;
                }
                numbers[object_type as usize][resource as usize] = 0;
                let key = snapshot.catalog.key(*table);
                if key.kind != TableKind::Wildcard {
                    let subjects = &mut numbers[key.subject_type as usize];
                    row.list().iter().for_each(|subject| subjects[*subject as usize] = 0);
                }
            }
        }
    }
    numbers
}

/// The numbers still used, in the order of their texts; their new ones replace the zeroes in `numbers`.
pub(super) fn renumber(snapshot: &Snapshot, object_type: u32, numbers: &mut [u32]) -> Vec<u32> {
    let base_ids = snapshot.base.ids(object_type) as u32;
    let is_used = |numbers: &[u32], id: u32| numbers[id as usize] != GONE;
    let text = |id: u32| snapshot.text(object_type, id);
    let mut new: Vec<u32> = (base_ids..numbers.len() as u32).filter(|id| is_used(numbers, *id)).collect();
    new.sort_unstable_by(|left, right| text(*left).cmp(text(*right)));
    let mut new = new.into_iter().peekable();
    let mut order = Vec::new();
    for old in (0..base_ids).filter(|id| is_used(numbers, *id)) {
        while let Some(id) = new.next_if(|id| text(*id) < text(old)) {
            order.push(id);
        }
        order.push(old);
    }
    order.extend(new);
    for (number, id) in order.iter().enumerate() {
        numbers[*id as usize] = number as u32;
    }
    order
}

/// The records of one type under new numbers. Every relationship in them is added to its table's pairs of subject and
/// resource.
fn objects(
    snapshot: &Snapshot,
    object_type: u32,
    order: &[u32],
    numbers: &[Vec<u32>],
    pairs: &mut [Vec<(u32, u32)>],
) -> Objects {
    let tables = snapshot.catalog.tables_from(object_type);
    let mut objects = Objects::with_capacity(snapshot.options.hash_seed, order.len());
    let (mut entries, mut ends) = (Vec::new(), Vec::new());
    for (number, id) in order.iter().enumerate() {
        entries.clear();
        ends.clear();
        let record = snapshot.base.record(object_type, *id);
        for table in &tables {
            let row = snapshot.row_in(record, *table, *id);
            if row.is_empty() {
                continue;
            }
            let (key, start) = (snapshot.catalog.key(*table), entries.len());
            match key.kind {
                TableKind::Wildcard => entries.push(0),
                TableKind::Plain | TableKind::Userset(_) => {
                    let subjects = &numbers[key.subject_type as usize];
                    entries.extend(row.list().iter().map(|subject| subjects[*subject as usize]));
                }
            }
            // Numbers keep their order but for those that came since the base.
            if !entries[start..].is_sorted() {
                entries[start..].sort_unstable();
            }
            ends.push((*table, start..entries.len()));
            pairs[*table as usize].extend(entries[start..].iter().map(|subject| (*subject, number as u32)));
        }
        let rows: SmallVec<[(u32, &[u32]); 8]> =
            ends.iter().map(|(table, range)| (*table, &entries[range.clone()])).collect();
        objects.push(snapshot.text(object_type, *id), &rows);
    }
    objects.shrink_to_fit();
    objects
}
