//! What a turn to write knows of what is there, and the rows that its changes come to.
//!
//! Several writes share a turn. Each is decided on what those before it left, although nothing is stored yet.

use std::collections::HashMap;

use chassis::TenantId;
use graph::Relationship;

use super::digest::{Deed, Digest};
use super::update::{self, Update};

/// A row to add. Another write of the same turn may have ended its life already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Added {
    pub(crate) tenant: TenantId,
    pub(crate) relationship: Relationship,
    pub(crate) created: u64,
    pub(crate) deleted: Option<u64>,
}

/// A stored row to mark as gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Removed {
    pub(crate) tenant: TenantId,
    pub(crate) relationship: Relationship,
    pub(crate) deleted: u64,
}

/// Where a relationship that is there comes from.
#[derive(Clone, Copy, Debug)]
enum Life {
    /// From a stored row.
    Stored,
    /// From a row that is yet to be added, by its place.
    Added(usize),
}

/// Why changes are not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UpdateRefused {
    /// The relationship of this index is to be created, and is there.
    Exists(usize),
    /// The tenant would have more than it may.
    NoRoom,
}

/// The state of a turn.
#[derive(Debug)]
pub(crate) struct Ledger {
    revision: u64,
    digest: Digest,
    live: HashMap<TenantId, HashMap<Relationship, Life>>,
    /// By how many relationships a tenant may still grow.
    room: HashMap<TenantId, i64>,
    added: Vec<Added>,
    removed: Vec<Removed>,
}

impl Ledger {
    /// A turn that begins at a revision with this digest.
    pub(crate) fn new(revision: u64, digest: Digest) -> Self {
        Self { revision, digest, live: HashMap::new(), room: HashMap::new(), added: Vec::new(), removed: Vec::new() }
    }

    /// The newest revision, the turn's own among them.
    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    /// The digest of everything up to that revision.
    pub(crate) fn digest(&self) -> Digest {
        self.digest
    }

    /// Puts a schema in force; answers the revision that does.
    pub(crate) fn replace_schema(&mut self, tenant: &TenantId, text: &str) -> u64 {
        self.advance(tenant, [Deed::Schema(text)])
    }

    /// Says by how many relationships a tenant may grow in this turn. Without a word, by any number.
    pub(crate) fn allow(&mut self, tenant: &TenantId, growth_max: usize) {
        self.room.insert(tenant.clone(), i64::try_from(growth_max).unwrap_or(i64::MAX));
    }

    /// Takes the next revision, which does this.
    fn advance<'a>(&mut self, tenant: &TenantId, deeds: impl IntoIterator<Item = Deed<'a>>) -> u64 {
        self.revision += 1;
        self.digest = self.digest.after(self.revision, tenant.as_str(), deeds);
        self.revision
    }

    /// Notes that a relationship is stored and there.
    pub(crate) fn learn(&mut self, tenant: &TenantId, relationship: Relationship) {
        self.live.entry(tenant.clone()).or_default().insert(relationship, Life::Stored);
    }

    /// Makes changes to relationships of which the ledger has learnt those that are there; answers the revision that has
    /// them, which is a new one only if they change anything.
    ///
    /// # Errors
    /// Why they cannot be made. Then nothing has changed.
    pub(crate) fn update(&mut self, tenant: &TenantId, updates: &[Update]) -> Result<u64, UpdateRefused> {
        let known = self.live.entry(tenant.clone()).or_default();
        let effect =
            update::effect(updates, |relationship| known.contains_key(relationship)).map_err(UpdateRefused::Exists)?;
        if effect.is_empty() {
            return Ok(self.revision);
        }
        if let Some(room) = self.room.get_mut(tenant) {
            let left = *room - effect.added.len() as i64 + effect.removed.len() as i64;
            // Whoever is over the cap may become smaller.
            if left < 0 && left < *room {
                return Err(UpdateRefused::NoRoom);
            }
            *room = left;
        }
        let deeds = effect.added.iter().map(Deed::Added).chain(effect.removed.iter().map(Deed::Removed));
        self.advance(tenant, deeds);
        let live = self.live.entry(tenant.clone()).or_default();
        for relationship in effect.removed {
            match live.remove(&relationship) {
                Some(Life::Added(place)) => self.added[place].deleted = Some(self.revision),
                Some(Life::Stored) | None => {
                    self.removed.push(Removed { tenant: tenant.clone(), relationship, deleted: self.revision });
                }
            }
        }
        for relationship in effect.added {
            live.insert(relationship.clone(), Life::Added(self.added.len()));
            let tenant = tenant.clone();
            self.added.push(Added { tenant, relationship, created: self.revision, deleted: None });
        }
        Ok(self.revision)
    }

    /// The rows to store, which are stored from now on.
    pub(crate) fn take_rows(&mut self) -> (Vec<Added>, Vec<Removed>) {
        for life in self.live.values_mut().flat_map(HashMap::values_mut) {
            *life = Life::Stored;
        }
        (std::mem::take(&mut self.added), std::mem::take(&mut self.removed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::update::Operation;

    fn tenant() -> TenantId {
        "acme".parse().unwrap()
    }

    fn fact() -> Relationship {
        "document:a#viewer@user:alice".parse().unwrap()
    }

    fn write(ledger: &mut Ledger, operation: Operation) -> Result<u64, UpdateRefused> {
        ledger.update(&tenant(), &[Update { operation, relationship: fact() }])
    }

    #[test]
    fn each_write_sees_those_before_it_and_has_a_revision_of_its_own() {
        let mut ledger = Ledger::new(6, Digest::EMPTY);
        assert_eq!(write(&mut ledger, Operation::Create), Ok(7));
        assert_eq!(write(&mut ledger, Operation::Create), Err(UpdateRefused::Exists(0)));
        assert_eq!(write(&mut ledger, Operation::Touch), Ok(7));
        assert_eq!(write(&mut ledger, Operation::Delete), Ok(8));
        assert_eq!(write(&mut ledger, Operation::Delete), Ok(8));
        assert_eq!(write(&mut ledger, Operation::Create), Ok(9));
        let (added, removed) = ledger.take_rows();
        let lives: Vec<_> = added.iter().map(|row| (row.created, row.deleted)).collect();
        assert_eq!(lives, [(7, Some(8)), (9, None)]);
        assert_eq!(removed, []);
    }

    #[test]
    fn a_tenant_grows_no_further_than_it_may_and_shrinks_whatever_it_may() {
        let mut ledger = Ledger::new(6, Digest::EMPTY);
        ledger.allow(&tenant(), 1);
        assert_eq!(write(&mut ledger, Operation::Create), Ok(7));
        let other = Update::touch("document:b#viewer@user:alice".parse().unwrap());
        let both = [other.clone(), Update::delete(fact())];
        assert_eq!(ledger.update(&tenant(), std::slice::from_ref(&other)), Err(UpdateRefused::NoRoom));
        assert_eq!(ledger.update(&tenant(), &both), Ok(8));
        ledger.allow(&tenant(), 0);
        assert_eq!(ledger.update(&tenant(), std::slice::from_ref(&other)), Ok(8), "it is there already");
        assert_eq!(write(&mut ledger, Operation::Create), Err(UpdateRefused::NoRoom));
        assert_eq!(ledger.update(&tenant(), &[Update::delete(other.relationship)]), Ok(9));
    }

    #[test]
    fn what_is_stored_is_ended_once_whether_it_was_learnt_or_stored_by_this_turn() {
        let mut ledger = Ledger::new(6, Digest::EMPTY);
        ledger.learn(&tenant(), fact());
        assert_eq!(write(&mut ledger, Operation::Create), Err(UpdateRefused::Exists(0)));
        assert_eq!(write(&mut ledger, Operation::Delete), Ok(7));
        assert_eq!(write(&mut ledger, Operation::Create), Ok(8));
        assert_eq!(ledger.take_rows().1, [Removed { tenant: tenant(), relationship: fact(), deleted: 7 }]);
        assert_eq!(write(&mut ledger, Operation::Delete), Ok(9));
        assert_eq!(ledger.take_rows(), (vec![], vec![Removed { tenant: tenant(), relationship: fact(), deleted: 9 }]));
    }

    #[test]
    fn tenants_do_not_see_each_other() {
        let mut ledger = Ledger::new(0, Digest::EMPTY);
        assert_eq!(write(&mut ledger, Operation::Create), Ok(1));
        let update = Update { operation: Operation::Create, relationship: fact() };
        assert_eq!(ledger.update(&"other".parse().unwrap(), &[update]), Ok(2));
    }
}
