//! Whose an API key is: identity says so, once for all that ask at the same time, and it is remembered for a while.

mod known;

use std::time::Duration;

use chassis::api_key::ApiKey;
use chassis::feed::Revoked;
use chassis::peer::{Peer, PeerError};
use chassis::{Subject, TenantId, timestamp};
use contract::Reason as PublicReason;
use contract::identity::v1::peer_service_client::PeerServiceClient;
use contract::identity::v1::{ApiKeyCreated, ApiKeyRevoked, AuthenticateApiKeyRequest, AuthenticateApiKeyResponse};
use moka::future::Cache;
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;

use super::Call;
use super::caller::invalid;
use crate::domain::caller::{Caller, CredentialKind, Scopes, Who};
use crate::domain::denial::{Denial, Reason};
use known::KnownKeys;

/// How many owners are remembered.
const OWNERS_MAX: u64 = 100_000;

/// How many refused keys are remembered, and for how long: enough to take the sting out of a client that keeps trying.
const REFUSED_MAX: u64 = 10_000;
const REFUSED_FOR: Duration = Duration::from_secs(5);

/// How many look-ups of keys that the feed has not told of may be under way. A key may be used before the news of it has come
/// here; but whoever makes keys up must not keep identity busy.
const UNKNOWN_LOOK_UPS_MAX: usize = 8;

/// API keys, by the digest of their text.
#[derive(Debug)]
pub(crate) struct ApiKeys {
    identity: Peer,
    known: KnownKeys,
    revoked: Revoked,
    owners: Cache<[u8; 32], Caller>,
    refused: Cache<[u8; 32], ()>,
    unknown_look_ups: Semaphore,
}

impl ApiKeys {
    pub(crate) fn new(identity: Peer, revoked: Revoked, remembered: Duration) -> Self {
        Self {
            identity,
            known: KnownKeys::default(),
            revoked,
            owners: Cache::builder().max_capacity(OWNERS_MAX).time_to_live(remembered).build(),
            refused: Cache::builder().max_capacity(REFUSED_MAX).time_to_live(REFUSED_FOR).build(),
            unknown_look_ups: Semaphore::new(UNKNOWN_LOOK_UPS_MAX),
        }
    }

    /// Identity made a key.
    pub(crate) fn created(&self, epoch: &str, event: ApiKeyCreated) {
        self.known.created(epoch, event.api_key_id);
    }

    /// Identity ended a key.
    pub(crate) fn ended(&self, event: &ApiKeyRevoked) {
        self.known.revoked(&event.api_key_id);
    }

    /// Whose the key is.
    pub(crate) async fn owner(&self, text: &str, call: &Call) -> Result<Caller, Denial> {
        let key = ApiKey::parse(text).map_err(|error| invalid(error.to_string()))?;
        self.refuse_revoked(key.id().as_str())?;
        let digest: [u8; 32] = Sha256::digest(key.expose().as_bytes()).into();
        if self.refused.contains_key(&digest) {
            return Err(invalid("identity refused the key a moment ago"));
        }
        match self.owners.try_get_with(digest, self.look_up(&key, call)).await {
            Ok(caller) => {
                // Once more, since it may have been revoked while it was looked up.
                self.refuse_revoked(key.id().as_str())?;
                Ok(caller)
            }
            Err(denial) => {
                if denial.reason == Reason::CredentialInvalid {
                    self.refused.insert(digest, ()).await;
                }
                Err((*denial).clone())
            }
        }
    }

    /// Refuses a key that identity has ended, whatever is remembered of it, and what it was exchanged for.
    pub(crate) fn refuse_revoked(&self, id: &str) -> Result<(), Denial> {
        if self.revoked.contains(id) { Err(invalid("the key is revoked")) } else { Ok(()) }
    }

    async fn look_up(&self, key: &ApiKey, call: &Call) -> Result<Caller, Denial> {
        let _place = if self.known.is_live(key.id().as_str()) {
            None
        } else {
            let place = self.unknown_look_ups.try_acquire();
            Some(place.map_err(|_| Denial::new(Reason::Unavailable, "too many unknown keys are being looked up"))?)
        };
        let request = AuthenticateApiKeyRequest { api_key: key.expose().to_owned() };
        let answer = self
            .identity
            .call(&call.bounds(None), request, |channel, request| async move {
                PeerServiceClient::new(channel).authenticate_api_key(request).await
            })
            .await
            .map_err(|error| refusal(&error))?;
        caller(answer, key).ok_or_else(|| invalid("identity's answer cannot be read"))
    }
}

fn refusal(error: &PeerError) -> Denial {
    if error.refused == Some(PublicReason::CredentialInvalid) {
        invalid("identity refuses the key")
    } else {
        Denial::new(Reason::Unavailable, error.to_string())
    }
}

fn caller(answer: AuthenticateApiKeyResponse, key: &ApiKey) -> Option<Caller> {
    let tenant: TenantId = answer.tenant_id.parse().ok().filter(|tenant: &TenantId| !tenant.is_system())?;
    let subject = Subject::from_proto(answer.subject.as_ref(), "subject").ok()?;
    let ends_at = match &answer.expires_at {
        None => None,
        // An end that cannot be read must not become none.
        Some(end) => Some(timestamp::from_proto(end)?),
    };
    (answer.api_key_id == key.id().as_str()).then_some(Caller {
        who: Who { tenant, subject, scopes: Scopes::These(answer.scopes) },
        kind: CredentialKind::ApiKey,
        credential_id: answer.api_key_id,
        ends_at,
    })
}
