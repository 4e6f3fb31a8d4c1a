//! Which groups are inside which, worked out ahead: Leopard's index (Pang et al., USENIX ATC 2019, §3.2.4), upwards.
//!
//! Only group→group edges are in it. Who is directly in a group is plain adjacency, so adding or removing a user touches
//! nothing here. It belongs to a base and is as old; a snapshot whose delta changes a group→group edge does not use it.

use std::collections::HashSet;

use super::base::Base;
use super::hash::BuildNameHasher;
use super::memberships::pair_of;
use super::plan::Plan;
use super::rows::Rows;

/// A group inside more groups than this is searched when asked about: a chain of n would take n²/2 entries.
const ANCESTORS_MAX: usize = 256;

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
        closure
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
    pub(super) fn extend(&self, pair: u64, pairs: &mut Vec<u64>) -> bool {
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
        pairs.extend(ancestors.iter().map(|above| {
            let kind = self.first.partition_point(|first| first <= above) - 1;
            pair_of(self.members[kind], above - self.first[kind])
        }));
        true
    }

    pub(super) fn bytes(&self) -> usize {
        self.ancestors.bytes() + (self.crowded.capacity() + self.first.capacity()) * 4
    }
}

fn kinds(plan: &Plan) -> Vec<(u32, u32)> {
    let kind = |member: &u32| (plan.member(*member).object_type, plan.member(*member).name);
    plan.groups.iter().map(kind).collect()
}
