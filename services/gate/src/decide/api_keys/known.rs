//! Which API keys live, as far as identity's feed has told.

use std::collections::HashSet;
use std::sync::{PoisonError, RwLock};

/// How many living keys are known by id. Of those beyond, identity is asked as of unknown ones.
const LIVE_MAX: usize = 1_000_000;

/// The ids of living API keys.
#[derive(Debug, Default)]
pub(super) struct KnownKeys(RwLock<Ids>);

#[derive(Debug, Default)]
struct Ids {
    epoch: String,
    live: HashSet<String>,
}

impl KnownKeys {
    pub(super) fn created(&self, epoch: &str, id: String) {
        let mut ids = self.0.write().unwrap_or_else(PoisonError::into_inner);
        // A restored identity tells everything anew: what lived before may not any more.
        if ids.epoch != epoch {
            epoch.clone_into(&mut ids.epoch);
            ids.live.clear();
        }
        if ids.live.len() < LIVE_MAX {
            ids.live.insert(id);
        }
    }

    pub(super) fn revoked(&self, id: &str) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).live.remove(id);
    }

    pub(super) fn is_live(&self, id: &str) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).live.contains(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_lives_until_it_is_revoked_or_identity_is_restored_without_it() {
        let known = KnownKeys::default();
        for id in ["a", "b"] {
            known.created("1", id.to_owned());
        }
        known.revoked("a");
        assert!(!known.is_live("a") && known.is_live("b"));
        known.created("2", "c".to_owned());
        assert!(!known.is_live("b") && known.is_live("c"));
    }
}
