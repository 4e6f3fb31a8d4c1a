//! Which API keys live and which were revoked, as far as identity's feed has told.

use std::collections::{HashSet, VecDeque};
use std::sync::{PoisonError, RwLock};

/// How many living keys are known by id. Of those beyond, identity is asked as of unknown ones.
const LIVE_MAX: usize = 1_000_000;

/// How many revocations are remembered. It needs to be no longer than an owner is: after that identity is asked anew.
const REVOKED_MAX: usize = 100_000;

/// The ids of API keys.
#[derive(Debug, Default)]
pub(super) struct KnownKeys(RwLock<Ids>);

#[derive(Debug, Default)]
struct Ids {
    epoch: String,
    live: HashSet<String>,
    revoked: HashSet<String>,
    in_order: VecDeque<String>,
}

impl KnownKeys {
    pub(super) fn created(&self, epoch: &str, id: String) {
        let mut ids = self.0.write().unwrap_or_else(PoisonError::into_inner);
        ids.enter(epoch);
        if ids.live.len() < LIVE_MAX {
            ids.live.insert(id);
        }
    }

    pub(super) fn revoked(&self, epoch: &str, id: String) {
        let mut ids = self.0.write().unwrap_or_else(PoisonError::into_inner);
        ids.enter(epoch);
        ids.live.remove(&id);
        if ids.revoked.insert(id.clone()) {
            ids.in_order.push_back(id);
        }
        if ids.in_order.len() > REVOKED_MAX {
            let oldest = ids.in_order.pop_front();
            oldest.map(|oldest| ids.revoked.remove(&oldest));
        }
    }

    pub(super) fn is_live(&self, id: &str) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).live.contains(id)
    }

    pub(super) fn is_revoked(&self, id: &str) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).revoked.contains(id)
    }
}

impl Ids {
    /// A restored identity tells everything anew: what lived before may not any more. What was revoked stays so.
    fn enter(&mut self, epoch: &str) {
        if self.epoch != epoch {
            epoch.clone_into(&mut self.epoch);
            self.live.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revoked_key_stays_revoked_in_another_epoch() {
        let known = KnownKeys::default();
        known.created("1", "a".to_owned());
        known.created("1", "b".to_owned());
        known.revoked("1", "a".to_owned());
        assert!(!known.is_live("a") && known.is_revoked("a") && known.is_live("b"));
        known.created("2", "c".to_owned());
        assert!(known.is_revoked("a") && !known.is_live("b") && known.is_live("c"));
    }

    #[test]
    fn the_oldest_revocation_is_forgotten_first() {
        let known = KnownKeys::default();
        for number in 0..=REVOKED_MAX {
            known.revoked("1", number.to_string());
        }
        assert!(!known.is_revoked("0") && known.is_revoked("1") && known.is_revoked(&REVOKED_MAX.to_string()));
    }
}
