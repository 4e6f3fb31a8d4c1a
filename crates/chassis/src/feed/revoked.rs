//! What was revoked, as identity's feed tells it: API keys and clients' credentials, whose tokens end with them, and tokens.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, PoisonError, RwLock};

use assertion::AccessTokenClaims;

/// How many revocations of keys and credentials are remembered, and as many of tokens: the newest of each, so that neither can push
/// out the other. A token outlives its key's revocation by 5 minutes at most, and what a verifier remembers of a key by about one.
const REMEMBERED_MAX: usize = 100_000;

/// The ids of revoked API keys, clients' credentials and access tokens, no two of which are alike; and of deleted tenants. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Revoked(Arc<RwLock<All>>);

#[derive(Debug, Default)]
struct All {
    credentials: Ids,
    tokens: Ids,
    /// All that ever were: an id is never used again, and every one of them stands in the feed.
    tenants: HashSet<String>,
}

#[derive(Debug, Default)]
struct Ids {
    all: HashSet<String>,
    in_order: VecDeque<String>,
}

impl Revoked {
    /// Whether what has this id was revoked.
    pub fn contains(&self, id: &str) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).contains(id)
    }

    /// Whether an access token was revoked, or what it was given or exchanged for.
    pub fn ends(&self, token: &AccessTokenClaims) -> bool {
        let ids = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let own = [&token.client_id, &token.credential, &token.token_id];
        ids.tenants.contains(&token.tenant) || own.into_iter().chain(&token.ends_with).any(|id| ids.contains(id))
    }

    /// Whether the tenant was deleted: then no credential of its is worth anything.
    pub fn is_deleted(&self, tenant: &str) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).tenants.contains(tenant)
    }

    /// Takes in a tenant that was deleted.
    pub(crate) fn add_tenant(&self, id: &str) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).tenants.insert(id.to_owned());
    }

    /// Takes in an API key or a client's credential.
    pub(crate) fn add(&self, id: &str) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).credentials.add(id);
    }

    /// Takes in an access token.
    pub(crate) fn add_token(&self, id: &str) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).tokens.add(id);
    }
}

impl All {
    fn contains(&self, id: &str) -> bool {
        self.credentials.all.contains(id) || self.tokens.all.contains(id)
    }
}

impl Ids {
    fn add(&mut self, id: &str) {
        if self.all.insert(id.to_owned()) {
            self.in_order.push_back(id.to_owned());
        }
        if self.in_order.len() > REMEMBERED_MAX
            && let Some(oldest) = self.in_order.pop_front()
        {
            self.all.remove(&oldest);
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
        assert_eq!(revoked.0.read().unwrap().credentials.in_order.len(), REMEMBERED_MAX);
    }

    #[test]
    fn however_many_tokens_are_revoked_no_key_is_forgotten() {
        let revoked = Revoked::default();
        revoked.add("key");
        for number in 0..=REMEMBERED_MAX {
            revoked.add_token(&number.to_string());
        }
        assert!(revoked.contains("key") && revoked.contains("1") && !revoked.contains("0"));
    }
}
