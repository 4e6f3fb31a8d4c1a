//! The groups that one subject is in, directly or through other groups.
//!
//! A subject is in few groups, while a group may hold everyone; so groups are found upwards from the subject: its direct
//! groups by reverse adjacency, theirs from the closure, or by a search where the closure is out of date.

use std::collections::HashSet;

use smallvec::SmallVec;

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

/// What is known of the subject's groups.
#[derive(Debug, Default)]
pub(super) struct Memberships<'s> {
    knowledge: Knowledge,
    /// Pairs of a group's member and object; ascending if there are more than a few.
    pairs: Pairs,
    /// Of each pair one of 64 bits, so that most objects that are none of the groups are told at a glance.
    bits: u64,
    /// Nodes of the closure, ascending.
    nodes: &'s [u32],
}

#[derive(Clone, Copy, Debug, Default)]
enum Knowledge {
    /// Nobody has asked yet.
    #[default]
    Unknown,
    Known,
    /// As nodes of the closure.
    WrittenOut,
    TooMany,
}

type Pairs = SmallVec<[u64; 24]>;

impl<'s> Memberships<'s> {
    /// As for another subject.
    pub(super) fn forget(&mut self) {
        self.knowledge = Knowledge::Unknown;
    }

    pub(super) fn are_too_many(&self) -> bool {
        matches!(self.knowledge, Knowledge::TooMany)
    }

    /// Finds the subject's groups when first asked for; false if there are too many.
    #[inline]
    pub(super) fn are_known(&mut self, snapshot: &'s Snapshot, plan: &Plan, subject: Subject) -> bool {
        if let Knowledge::Unknown = self.knowledge {
            self.nodes = written_out(snapshot, plan, subject);
            self.knowledge =
                if self.nodes.is_empty() { self.find(snapshot, plan, subject) } else { Knowledge::WrittenOut };
        }
        !self.are_too_many()
    }

    #[inline(never)]
    fn find(&mut self, snapshot: &Snapshot, plan: &Plan, subject: Subject) -> Knowledge {
        self.pairs.clear();
        let found = find(snapshot, plan, subject, &mut self.pairs);
        self.bits = self.pairs.iter().fold(0, |bits, pair| bits | bit_of(*pair));
        if found.is_some() { Knowledge::Known } else { Knowledge::TooMany }
    }

    /// Whether any of the row's objects is one of the groups, which are known, and how many entries were looked at for it.
    #[inline]
    pub(super) fn meet(&self, snapshot: &Snapshot, member: u32, row: Row<'_>) -> (bool, usize) {
        let is_short = row.overlay.is_none() && row.base.len() <= SHORT_ROW;
        if let Knowledge::WrittenOut = self.knowledge {
            let (first, count) = snapshot.base.closure.nodes_of(member);
            if is_short {
                let is_mine = |object: &u32| *object < count && self.nodes.contains(&(first + object));
                return (row.base.iter().any(is_mine), row.base.len());
            }
            let mut mine = self.nodes.iter().filter(|node| (first..first + count).contains(*node));
            return (mine.any(|node| row.contains(node - first)), self.nodes.len());
        }
        if is_short {
            return (row.base.iter().any(|object| self.holds(pair_of(member, *object))), row.base.len());
        }
        let mut mine = self.pairs.iter().filter(|pair| (**pair >> 32) as u32 == member);
        (mine.any(|pair| row.contains(*pair as u32)), self.pairs.len())
    }

    #[inline]
    fn holds(&self, pair: u64) -> bool {
        if self.bits & bit_of(pair) == 0 {
            return false;
        }
        if self.pairs.len() <= FEW { self.pairs.contains(&pair) } else { self.pairs.binary_search(&pair).is_ok() }
    }
}

#[inline]
pub(super) fn pair_of(member: u32, object: u32) -> u64 {
    u64::from(member) << 32 | u64::from(object)
}

/// The subject's groups if they are written out, and still so.
#[inline]
fn written_out<'s>(snapshot: &'s Snapshot, plan: &Plan, subject: Subject) -> &'s [u32] {
    let (Some(closure), None) = (snapshot.closure(), subject.member) else { return &[] };
    let joins = plan.joins.get(subject.object_type as usize).map_or(&[][..], Vec::as_slice);
    if joins.iter().any(|join| snapshot.delta.reverse(join.table, subject.object).is_some()) {
        return &[];
    }
    closure.groups_of(subject.object_type, subject.object)
}

#[inline]
fn bit_of(pair: u64) -> u64 {
    1 << ((pair as u32).wrapping_mul(0x9e37_79b9) >> 26)
}

/// Nothing if there are too many.
fn find(snapshot: &Snapshot, plan: &Plan, subject: Subject, pairs: &mut Pairs) -> Option<()> {
    direct(snapshot, plan, subject, pairs)?;
    let mut to_search = Vec::new();
    if let Some(closure) = snapshot.closure() {
        for at in 0..pairs.len() {
            let pair = pairs[at];
            if !closure.extend(pair, pairs) {
                to_search.push(pair);
            }
        }
    } else {
        to_search.extend_from_slice(pairs);
    }
    if pairs.len() > GROUPS_MAX {
        return None;
    }
    if !to_search.is_empty() {
        search(snapshot, plan, pairs, to_search)?;
    }
    if pairs.len() > FEW {
        pairs.sort_unstable();
        pairs.dedup();
    }
    Some(())
}

/// The groups that hold the subject itself; a group is in itself.
fn direct(snapshot: &Snapshot, plan: &Plan, subject: Subject, pairs: &mut Pairs) -> Option<()> {
    if let Some(member) = subject.member {
        if plan.groups.binary_search(&member).is_ok() {
            pairs.push(pair_of(member, subject.object));
        }
        return Some(());
    }
    for join in plan.joins.get(subject.object_type as usize).into_iter().flatten() {
        let row = snapshot.reverse(join.table, subject.object);
        if pairs.len() + row.len() > GROUPS_MAX {
            return None;
        }
        pairs.extend(row.list().iter().map(|object| pair_of(join.member, *object)));
    }
    Some(())
}

/// Adds every group above those to search.
fn search(snapshot: &Snapshot, plan: &Plan, pairs: &mut Pairs, mut to_search: Vec<u64>) -> Option<()> {
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
