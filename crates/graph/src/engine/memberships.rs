//! The groups that one subject is in, directly or through other groups.
//!
//! A subject is in few groups, while a group may hold everyone; so groups are found upwards from the subject: its direct
//! groups by reverse adjacency, theirs from the closure, or by a search where the closure is out of date.

use std::collections::HashSet;

use super::delta::Row;
use super::evaluate::Subject;
use super::hash::BuildNameHasher;
use super::plan::Plan;
use super::snapshot::Snapshot;

/// A subject in more groups than this is looked for from the resource downwards instead.
const GROUPS_MAX: usize = 4_096;

/// So few groups are looked through one by one, in whatever order they were found.
const FEW: usize = 64;

/// A row of so many groups is looked up group by group; for a longer one the subject's groups are looked up in it.
const SHORT_ROW: usize = 8;

#[derive(Debug)]
pub(super) enum Memberships {
    /// Nobody has asked yet.
    Unknown,
    Known(GroupSet),
    TooMany,
}

/// Pairs of a group's member and object; ascending if there are more than a few.
#[derive(Debug)]
pub(super) struct GroupSet {
    pairs: Vec<u64>,
}

impl Memberships {
    pub(super) fn are_too_many(&self) -> bool {
        matches!(self, Memberships::TooMany)
    }

    /// The subject's groups, found when first asked for; nothing if there are too many.
    #[inline]
    pub(super) fn of(&mut self, snapshot: &Snapshot, plan: &Plan, subject: Subject) -> Option<&GroupSet> {
        if let Memberships::Unknown = self {
            *self = match found(snapshot, plan, subject) {
                Some(pairs) => Memberships::Known(GroupSet { pairs }),
                None => Memberships::TooMany,
            };
        }
        match self {
            Memberships::Known(groups) => Some(groups),
            Memberships::Unknown | Memberships::TooMany => None,
        }
    }
}

impl GroupSet {
    /// Whether any of the row's objects is one of these groups, and how many entries were looked at for it.
    #[inline]
    pub(super) fn meet(&self, member: u32, row: Row<'_>) -> (bool, usize) {
        if row.overlay.is_none() && row.base.len() <= SHORT_ROW {
            return (row.base.iter().any(|object| self.holds(pair_of(member, *object))), row.base.len());
        }
        let mut mine = self.pairs.iter().filter(|pair| (**pair >> 32) as u32 == member);
        (mine.any(|pair| row.contains(*pair as u32)), self.pairs.len())
    }

    #[inline]
    fn holds(&self, pair: u64) -> bool {
        if self.pairs.len() <= FEW { self.pairs.contains(&pair) } else { self.pairs.binary_search(&pair).is_ok() }
    }
}

#[inline]
pub(super) fn pair_of(member: u32, object: u32) -> u64 {
    u64::from(member) << 32 | u64::from(object)
}

fn found(snapshot: &Snapshot, plan: &Plan, subject: Subject) -> Option<Vec<u64>> {
    let mut pairs = direct(snapshot, plan, subject)?;
    let mut to_search = Vec::new();
    if let Some(closure) = snapshot.closure() {
        for at in 0..pairs.len() {
            let pair = pairs[at];
            if !closure.extend(pair, &mut pairs) {
                to_search.push(pair);
            }
        }
    } else {
        to_search.clone_from(&pairs);
    }
    if pairs.len() > GROUPS_MAX {
        return None;
    }
    if !to_search.is_empty() {
        search(snapshot, plan, &mut pairs, to_search)?;
    }
    if pairs.len() > FEW {
        pairs.sort_unstable();
        pairs.dedup();
    }
    Some(pairs)
}

/// The groups that hold the subject itself; a group is in itself.
fn direct(snapshot: &Snapshot, plan: &Plan, subject: Subject) -> Option<Vec<u64>> {
    let mut pairs = Vec::with_capacity(32);
    if let Some(member) = subject.member {
        if plan.groups.binary_search(&member).is_ok() {
            pairs.push(pair_of(member, subject.object));
        }
        return Some(pairs);
    }
    for join in plan.joins.get(subject.object_type as usize).into_iter().flatten() {
        let row = snapshot.reverse(join.table, subject.object);
        if pairs.len() + row.len() > GROUPS_MAX {
            return None;
        }
        pairs.extend(row.list().iter().map(|object| pair_of(join.member, *object)));
    }
    Some(pairs)
}

/// Adds every group above those to search.
fn search(snapshot: &Snapshot, plan: &Plan, pairs: &mut Vec<u64>, mut to_search: Vec<u64>) -> Option<()> {
    let mut seen: HashSet<u64, BuildNameHasher> = to_search.iter().copied().collect();
    while let Some(pair) = to_search.pop() {
        for parent in &plan.member((pair >> 32) as u32).parents {
            let row = snapshot.reverse(parent.table, pair as u32);
            if seen.len() + row.len() > GROUPS_MAX {
                return None;
            }
            for object in row.list().iter() {
                let above = pair_of(parent.member, *object);
                if seen.insert(above) {
                    pairs.push(above);
                    to_search.push(above);
                }
            }
        }
    }
    Some(())
}
