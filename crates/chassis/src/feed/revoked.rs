//! What was revoked, as identity's feed tells it: API keys and clients' credentials, whose tokens end with them, and tokens.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, PoisonError, RwLock};

use assertion::AccessTokenClaims;

/// How many revocations are remembered, the newest. A token outlives its key's revocation by 5 minutes at most, and what a
/// verifier remembers of a key by about one.
const REMEMBERED_MAX: usize = 100_000;

/// The ids of revoked API keys, clients' credentials and access tokens. No two of them are alike. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Revoked(Arc<RwLock<Ids>>);

#[derive(Debug, Default)]
struct Ids {
    all: HashSet<String>,
    in_order: VecDeque<String>,
}

impl Revoked {
    /// Whether what has this id was revoked.
    pub fn contains(&self, id: &str) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).all.contains(id)
    }

    /// Whether an access token was revoked, or what it was given or exchanged for.
    pub fn ends(&self, token: &AccessTokenClaims) -> bool {
        let ids = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let own = [&token.client_id, &token.credential, &token.token_id];
        own.into_iter().chain(&token.ends_with).any(|id| ids.all.contains(id))
    }

    pub(crate) fn add(&self, id: &str) {
        let mut ids = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if ids.all.insert(id.to_owned()) {
            ids.in_order.push_back(id.to_owned());
        }
        if ids.in_order.len() > REMEMBERED_MAX
            && let Some(oldest) = ids.in_order.pop_front()
        {
            ids.all.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_revocations_are_remembered_and_no_more() {
        let revoked = Revoked::default();
        for number in 0..=REMEMBERED_MAX {
            revoked.add(&number.to_string());
        }
        revoked.add("7");
        assert!(revoked.contains(&REMEMBERED_MAX.to_string()) && revoked.contains("7") && !revoked.contains("0"));
        assert_eq!(revoked.0.read().unwrap().in_order.len(), REMEMBERED_MAX);
    }
}
