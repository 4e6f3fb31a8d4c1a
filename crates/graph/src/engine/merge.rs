//! Folds a delta into a new base.

use super::base::{Base, Table};
use super::catalog::TableKind;
use super::closure::Closure;
use super::snapshot::Snapshot;
use super::strings::Strings;

/// No relationship mentions this number any more.
const GONE: u32 = u32::MAX;

/// The base that holds what the snapshot holds. Ids that no relationship mentions are dropped, the others numbered anew
/// in text order. It only reads the snapshot, so it runs beside readers and writers.
pub(super) fn merged(snapshot: &Snapshot) -> Base {
    let mut numbers = used(snapshot);
    let mut base = Base::default();
    for (object_type, numbers) in numbers.iter_mut().enumerate() {
        base.strings.push(renumbered(snapshot, object_type as u32, numbers));
    }
    for (table, key) in snapshot.catalog.tables().iter().enumerate() {
        let resources = &numbers[key.resource_type as usize];
        let subjects = &numbers[key.subject_type as usize];
        let is_wildcard = key.kind == TableKind::Wildcard;
        let mut pairs = Vec::new();
        for_each_pair(snapshot, table as u32, &mut |resource, subject| {
            let subject = if is_wildcard { 0 } else { subjects[subject as usize] };
            pairs.push((resources[resource as usize], subject));
        });
        let count = |object_type: u32| base.strings[object_type as usize].len();
        let subjects = if is_wildcard { 1 } else { count(key.subject_type) };
        base.tables.push(Table::of(count(key.resource_type), subjects, &pairs));
    }
    base.closure = Closure::of(&base, &snapshot.plan);
    base
}

/// For each type and number, 0 if a relationship mentions it, else [`GONE`].
pub(super) fn used(snapshot: &Snapshot) -> Vec<Vec<u32>> {
    let ids = |object_type: u32| snapshot.base.ids(object_type) + snapshot.delta.new_ids(object_type);
    let types = snapshot.catalog.types.len() as u32;
    let mut numbers: Vec<Vec<u32>> = (0..types).map(|object_type| vec![GONE; ids(object_type)]).collect();
    for (table, key) in snapshot.catalog.tables().iter().enumerate() {
        for_each_pair(snapshot, table as u32, &mut |resource, subject| {
            numbers[key.resource_type as usize][resource as usize] = 0;
            if key.kind != TableKind::Wildcard {
                numbers[key.subject_type as usize][subject as usize] = 0;
            }
        });
    }
    numbers
}

/// The texts still used, in order; their new numbers replace the zeroes in `numbers`.
fn renumbered(snapshot: &Snapshot, object_type: u32, numbers: &mut [u32]) -> Strings {
    let order = in_text_order(snapshot, object_type, numbers);
    let bytes = order.iter().map(|id| snapshot.text(object_type, *id).len()).sum();
    let texts = order.iter().map(|id| snapshot.text(object_type, *id));
    Strings::of(snapshot.options.hash_seed, order.len(), bytes, texts)
}

/// The numbers still used, in the order of their texts; their new numbers replace the zeroes in `numbers`.
pub(super) fn in_text_order(snapshot: &Snapshot, object_type: u32, numbers: &mut [u32]) -> Vec<u32> {
    let base_ids = snapshot.base.ids(object_type) as u32;
    let is_used = |numbers: &[u32], id: u32| numbers[id as usize] != GONE;
    let mut new: Vec<u32> = (base_ids..numbers.len() as u32).filter(|id| is_used(numbers, *id)).collect();
    new.sort_unstable_by(|left, right| snapshot.text(object_type, *left).cmp(snapshot.text(object_type, *right)));
    let mut old = (0..base_ids).filter(|id| is_used(numbers, *id)).peekable();
    let mut new = new.into_iter().peekable();
    let mut order = Vec::new();
    loop {
        let next = match (old.peek(), new.peek()) {
            (Some(left), Some(right)) if snapshot.text(object_type, *right) < snapshot.text(object_type, *left) => {
                new.next()
            }
            (Some(_), _) => old.next(),
            (None, _) => new.next(),
        };
        let Some(id) = next else { break };
        order.push(id);
    }
    drop(old);
    for (number, id) in order.iter().enumerate() {
        numbers[*id as usize] = number as u32;
    }
    order
}

/// Every (resource, subject) of a table: the base's rows that did not change, then those that did.
fn for_each_pair(snapshot: &Snapshot, table: u32, visit: &mut impl FnMut(u32, u32)) {
    let is_untouched = snapshot.delta.is_untouched(table);
    if let Some(rows) = snapshot.base.tables.get(table as usize) {
        for (resource, subject) in rows.forward.pairs() {
            if is_untouched || snapshot.delta.forward(table, resource).is_none() {
                visit(resource, subject);
            }
        }
    }
    snapshot.delta.changed_rows(table, &mut |resource| {
        for subject in snapshot.forward(table, resource).list().iter() {
            visit(resource, *subject);
        }
    });
}
