//! Changes to relationships, and what they come to given what is there.

use std::collections::HashSet;

use graph::Relationship;

/// What to do with a relationship.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    /// Refused if it is there already.
    Create,
    /// There afterwards.
    Touch,
    /// Not there afterwards.
    Delete,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Update {
    pub(crate) operation: Operation,
    pub(crate) relationship: Relationship,
}

impl Update {
    /// Puts a relationship there, whether it was before or not.
    pub(crate) fn touch(relationship: Relationship) -> Self {
        Self { operation: Operation::Touch, relationship }
    }

    /// Takes a relationship away, whether it was there or not.
    pub(crate) fn delete(relationship: Relationship) -> Self {
        Self { operation: Operation::Delete, relationship }
    }
}

/// The rows that changes come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Effect {
    pub(crate) added: Vec<Relationship>,
    pub(crate) removed: Vec<Relationship>,
}

impl Effect {
    /// Whether nothing changes.
    pub(crate) fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
    }
}

/// The index of the first change to a relationship that an earlier one changes too.
pub(crate) fn repeated(updates: &[Update]) -> Option<usize> {
    let mut seen = HashSet::with_capacity(updates.len());
    updates.iter().position(|update| !seen.insert(&update.relationship))
}

/// What the changes come to, given what is there.
///
/// # Errors
/// The index of the first relationship that is to be created and is there.
pub(crate) fn effect(updates: &[Update], is_there: impl Fn(&Relationship) -> bool) -> Result<Effect, usize> {
    let mut effect = Effect::default();
    for (index, Update { operation, relationship }) in updates.iter().enumerate() {
        match (operation, is_there(relationship)) {
            (Operation::Create, true) => return Err(index),
            (Operation::Create | Operation::Touch, false) => effect.added.push(relationship.clone()),
            (Operation::Delete, true) => effect.removed.push(relationship.clone()),
            (Operation::Touch, true) | (Operation::Delete, false) => {}
        }
    }
    Ok(effect)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn update(operation: Operation, relationship: &str) -> Update {
        Update { operation, relationship: relationship.parse().unwrap() }
    }

    const THERE: &str = "document:a#viewer@user:alice";
    const ABSENT: &str = "document:b#viewer@user:alice";

    #[test]
    fn changes_come_to_rows_only_where_they_change_something() {
        let there: Relationship = THERE.parse().unwrap();
        let rows = |operation, relationship| {
            effect(&[update(operation, relationship)], |relationship| *relationship == there)
                .map(|effect| (effect.added.len(), effect.removed.len()))
        };
        assert_eq!(rows(Operation::Create, ABSENT), Ok((1, 0)));
        assert_eq!(rows(Operation::Create, THERE), Err(0));
        assert_eq!(rows(Operation::Touch, ABSENT), Ok((1, 0)));
        assert_eq!(rows(Operation::Touch, THERE), Ok((0, 0)));
        assert_eq!(rows(Operation::Delete, ABSENT), Ok((0, 0)));
        assert_eq!(rows(Operation::Delete, THERE), Ok((0, 1)));
    }

    #[test]
    fn a_relationship_is_repeated_whatever_is_done_to_it() {
        let once = [update(Operation::Touch, THERE), update(Operation::Touch, ABSENT)];
        assert_eq!(repeated(&once), None);
        let twice = [once[0].clone(), once[1].clone(), update(Operation::Delete, THERE)];
        assert_eq!(repeated(&twice), Some(2));
    }
}
