//! Which groups are inside which, worked out ahead: Leopard's index (Pang et al., USENIX ATC 2019, §3.2.4), upwards.
//!
//! It is made of group→group edges. Who is directly in a group is plain adjacency, so adding or removing a user touches
//! nothing here: the groups of users that are written out as well are not asked for if a user's own rows changed since. It belongs to a base and is as old; a snapshot whose delta changes a group→group edge does not use it.

use std::collections::HashSet;

use super::base::Base;
use super::hash::BuildNameHasher;
use super::memberships::pair_of;
use super::plan::{Leg, Plan};
use super::rows::Rows;

/// A group inside more groups than this is searched when asked about: a chain of n would take n²/2 entries.
const ANCESTORS_MAX: usize = 256;

/// A subject in more groups than this, all told, is not written out.
const WRITTEN_OUT_MAX: usize = 64;

/// Of the groups `first[g] + object`, all groups that hold them through any number of others.
#[derive(Debug, Default)]
pub(super) struct Closure {
    /// The groups' types and relations by their numbers in the catalog, for the members of a plan may change.
    kinds: Vec<(u32, u32)>,
    members: Vec<u32>,
    /// The first node of each kind, and the number of all nodes.
    first: Vec<u32>,
    ancestors: Rows,
    /// Nodes with more ancestors than are kept, ascending.
    crowded: Vec<u32>,
    /// By type: of subjects that are directly in groups, all groups they are in, unless they are many.
    written_out: Vec<Rows>,
}

impl Closure {
    /// Works it out for a base whose other parts are complete.
    pub(super) fn of(base: &Base, plan: &Plan) -> Self {
        let mut closure = Self { kinds: kinds(plan), members: plan.groups.clone(), ..Self::default() };
        let mut nodes = 0_usize;
        for member in &plan.groups {
            closure.first.push(nodes as u32);
            nodes += base.ids(plan.member(*member).object_type);
        }
        closure.first.push(nodes as u32);
        // What all searches together may take: deep nesting everywhere is then left to the check.
        let mut steps_left = 16 * base.relationships() + 1_000_000;
        if nodes >= u32::MAX as usize || nodes > steps_left {
            // A thousand relations of a type with a million ids are a thousand million nodes, all but a few of them in
            // nothing. Without kinds nothing ever uses this closure.
            return Self::default();
        }
        let mut pairs = Vec::new();
        for (kind, member) in plan.groups.iter().enumerate() {
            for leg in &plan.member(*member).parents {
                let Some(table) = base.tables.get(leg.table as usize) else { continue };
                for object in table.reverse.filled() {
                    let node = closure.first[kind] + object;
                    let start = pairs.len();
                    if !closure.climb(base, plan, *member, object, &mut steps_left, |above| pairs.push((node, above))) {
                        pairs.truncate(start);
                        closure.crowded.push(node);
                    }
                }
            }
        }
        closure.crowded.sort_unstable();
        closure.crowded.dedup();
        closure.ancestors = Rows::of(nodes, pairs.iter().copied());
        // Every group of every subject is bounded only by the square of what is stored, so there is an end to it.
        let mut entries_left = base.relationships();
        for (object_type, joins) in plan.joins.iter().enumerate() {
            let rows = closure.write_out(base, joins, base.ids(object_type as u32), &mut entries_left);
            closure.written_out.push(rows);
        }
        closure
    }

    /// For each subject, the groups that it is in directly or through others.
    fn write_out(&self, base: &Base, joins: &[Leg], subjects: usize, entries_left: &mut usize) -> Rows {
        let mut pairs = Vec::new();
        if joins.is_empty() {
            return Rows::default();
        }
        let mut groups = Vec::new();
        for subject in 0..subjects as u32 {
            groups.clear();
            let is_whole = joins.iter().all(|join| {
                let kind = self.members.binary_search(&join.member).expect("a join leads to a group");
                base.reverse(join.table, subject).iter().take(WRITTEN_OUT_MAX + 1).all(|object| {
                    let node = self.first[kind] + object;
                    let above = self.ancestors.row(node);
                    groups.push(node);
                    groups.extend_from_slice(above);
                    groups.len() <= WRITTEN_OUT_MAX && (!above.is_empty() || self.crowded.binary_search(&node).is_err())
                })
            });
            if is_whole && groups.len() <= *entries_left {
                *entries_left -= groups.len();
                pairs.extend(groups.iter().map(|node| (subject, *node)));
            }
        }
        Rows::of(subjects, pairs.iter().copied())
    }

    /// All groups of a subject as nodes, ascending; empty if it is in none, or they are not written out.
    #[inline]
    pub(super) fn groups_of(&self, object_type: u32, subject: u32) -> &[u32] {
        self.written_out.get(object_type as usize).map_or(&[], |rows| rows.row(subject))
    }

    /// The first of three prefetches for the groups of a subject, as of [`Rows`].
    #[inline]
    pub(super) fn prefetch(&self, object_type: u32, subject: u32, prefetch: impl Fn(&Rows, u32)) {
        self.written_out.get(object_type as usize).into_iter().for_each(|rows| prefetch(rows, subject));
    }

    /// The nodes of one kind of group: the first, and how many there are.
    #[inline]
    pub(super) fn nodes_of(&self, member: u32) -> (u32, u32) {
        match self.members.binary_search(&member) {
            Ok(kind) => (self.first[kind], self.first[kind + 1] - self.first[kind]),
            Err(_) => (0, 0),
        }
    }

    /// Calls `visit` with every node above one; false if there are too many.
    fn climb(
        &self,
        base: &Base,
        plan: &Plan,
        member: u32,
        object: u32,
        steps_left: &mut usize,
        mut visit: impl FnMut(u32),
    ) -> bool {
        let mut seen: HashSet<u64, BuildNameHasher> = HashSet::default();
        let mut waiting = vec![(member, object)];
        while let Some((member, object)) = waiting.pop() {
            for leg in &plan.member(member).parents {
                let row = base.reverse(leg.table, object);
                if seen.len() + row.len() > ANCESTORS_MAX || row.len() > *steps_left {
                    return false;
                }
                *steps_left -= row.len();
                for above in row {
                    if seen.insert(pair_of(leg.member, *above)) {
                        waiting.push((leg.member, *above));
                        let kind = self.members.binary_search(&leg.member).expect("only groups hold groups");
                        visit(self.first[kind] + above);
                    }
                }
            }
        }
        true
    }

    /// Whether it was worked out for the groups that the plan has.
    pub(super) fn fits(&self, plan: &Plan) -> bool {
        !self.kinds.is_empty() && self.members == plan.groups && self.kinds == kinds(plan)
    }

    /// Adds the groups above a pair of member and object; false if they have to be searched for.
    pub(super) fn extend(&self, pair: u64, pairs: &mut impl Extend<u64>) -> bool {
        let (member, object) = ((pair >> 32) as u32, pair as u32);
        let Ok(kind) = self.members.binary_search(&member) else { return true };
        // An object that the base lacks is in no group of the base.
        if object >= self.first[kind + 1] - self.first[kind] {
            return true;
        }
        let node = self.first[kind] + object;
        let ancestors = self.ancestors.row(node);
        if ancestors.is_empty() {
            return self.crowded.binary_search(&node).is_err();
        }
        if let [only] = &self.members[..] {
            pairs.extend(ancestors.iter().map(|above| pair_of(*only, *above)));
            return true;
        }
        pairs.extend(ancestors.iter().map(|above| {
            let kind = self.first.partition_point(|first| first <= above) - 1;
            pair_of(self.members[kind], above - self.first[kind])
        }));
        true
    }

    pub(super) fn bytes(&self) -> usize {
        let written_out: usize = self.written_out.iter().map(Rows::bytes).sum();
        self.ancestors.bytes() + written_out + (self.crowded.capacity() + self.first.capacity()) * 4
    }
}

fn kinds(plan: &Plan) -> Vec<(u32, u32)> {
    let kind = |member: &u32| (plan.member(*member).object_type, plan.member(*member).name);
    plan.groups.iter().map(kind).collect()
}
