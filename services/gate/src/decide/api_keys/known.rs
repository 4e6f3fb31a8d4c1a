//! Which API keys live, as far as identity's feed has told.

use std::collections::HashSet;
use std::sync::{PoisonError, RwLock};

/// How many living keys are known by id. With more, it is not known of any other that it does not live.
const LIVE_MAX: usize = 1_000_000;

/// The ids of living API keys.
#[derive(Debug, Default)]
pub(super) struct KnownKeys(RwLock<Ids>);

#[derive(Debug, Default)]
struct Ids {
    live: HashSet<String>,
    /// Whether there was no place for one.
    overflowed: bool,
}

/// What is known of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// It lives.
    Live,
    /// The feed has not told of it, or has told of its end.
    NotTold,
    /// There are too many keys to know.
    Nothing,
}

impl KnownKeys {
    pub(super) fn created(&self, id: String) {
        self.created_among(id, LIVE_MAX);
    }

    fn created_among(&self, id: String, live_max: usize) {
        let mut ids = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if ids.live.len() < live_max {
            ids.live.insert(id);
        } else {
            ids.overflowed = true;
        }
    }

    pub(super) fn revoked(&self, id: &str) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).live.remove(id);
    }

    /// A restored identity tells everything anew: what lived before may not any more.
    pub(super) fn forget_all(&self) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Ids::default();
    }

    pub(super) fn of(&self, id: &str) -> Known {
        let ids = self.0.read().unwrap_or_else(PoisonError::into_inner);
        match (ids.live.contains(id), ids.overflowed) {
            (true, _) => Known::Live,
            (false, false) => Known::NotTold,
            (false, true) => Known::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_lives_until_it_is_revoked_or_identity_is_restored_without_it() {
        let known = KnownKeys::default();
        for id in ["a", "b"] {
            known.created(id.to_owned());
        }
        known.revoked("a");
        assert_eq!((known.of("a"), known.of("b")), (Known::NotTold, Known::Live));
        known.forget_all();
        known.created("c".to_owned());
        assert_eq!((known.of("b"), known.of("c")), (Known::NotTold, Known::Live));
    }

    #[test]
    fn with_more_keys_than_there_is_place_for_nothing_is_known_of_the_others() {
        let known = KnownKeys::default();
        known.created_among("a".to_owned(), 1);
        assert_eq!(known.of("b"), Known::NotTold);
        known.created_among("b".to_owned(), 1);
        assert_eq!((known.of("a"), known.of("b")), (Known::Live, Known::Nothing));
    }
}
