//! Which relations are groups: usersets that hold objects and other groups, and nothing that has to be computed.

use super::super::catalog::Catalog;
use super::{Leg, PlannedMember};

pub(super) struct Groups {
    /// The members that are groups.
    pub(super) groups: Vec<u32>,
    /// For each type, the plain tables through which its objects are directly in groups.
    pub(super) by_type: Vec<Vec<Leg>>,
}

/// Finds the groups, puts them first among the usersets of every relation, and links each to the groups it is in.
pub(super) fn mark(members: &mut [PlannedMember], catalog: &Catalog) -> Groups {
    let is_plain = plain(members);
    let mut is_group = vec![false; members.len()];
    for leg in members.iter().filter_map(|member| member.stored.as_ref()).flat_map(|stored| &stored.usersets) {
        is_group[leg.member as usize] = is_plain[leg.member as usize];
    }

    let mut by_type = vec![Vec::new(); catalog.types.len()];
    let mut parents = Vec::new();
    for (number, member) in members.iter_mut().enumerate() {
        let Some(stored) = &mut member.stored else { continue };
        stored.usersets.sort_by_key(|leg| !is_group[leg.member as usize]);
        stored.groups = stored.usersets.partition_point(|leg| is_group[leg.member as usize]);
        if is_group[number] {
            let group = number as u32;
            for (table, subject_type) in &stored.plain {
                by_type[*subject_type as usize].push(Leg { table: *table, member: group });
            }
            parents.extend(stored.usersets.iter().map(|leg| (leg.member, Leg { table: leg.table, member: group })));
        }
    }
    for (child, parent) in parents {
        members[child as usize].parents.push(parent);
    }
    let groups = (0..members.len() as u32).filter(|member| is_group[*member as usize]).collect();
    Groups { groups, by_type }
}

/// The relations without wildcards all of whose usersets are such relations too.
fn plain(members: &[PlannedMember]) -> Vec<bool> {
    let mut is_plain = vec![true; members.len()];
    let mut users = vec![Vec::new(); members.len()];
    let mut fallen = Vec::new();
    for (number, member) in members.iter().enumerate() {
        match &member.stored {
            Some(stored) => stored.usersets.iter().for_each(|leg| users[leg.member as usize].push(number)),
            None => fallen.push(number),
        }
        if member.stored.as_ref().is_some_and(|stored| !stored.wildcards.is_empty()) {
            fallen.push(number);
        }
    }
    while let Some(member) = fallen.pop() {
        if std::mem::replace(&mut is_plain[member], false) {
            fallen.extend(&users[member]);
        }
    }
    is_plain
}
