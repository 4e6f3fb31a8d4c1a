//! Whose an API key is: identity says so, once for all that ask at the same time, and it is remembered for a while. A key that
//! identity has not told of in its feed is refused here; but it may be a moment old, so that a few are asked about all the same.

mod allowance;
mod known;
mod uses;

use std::time::Duration;

use assertion::AccessTokenClaims;
use chassis::api_key::ApiKey;
use chassis::feed::{Freshness, Learnt, Revoked};
use chassis::peer::{Peer, PeerError};
use chassis::{Subject, TenantId, timestamp};
use contract::Reason as PublicReason;
use contract::identity::v1::peer_service_client::PeerServiceClient;
use contract::identity::v1::{ApiKeyCreated, ApiKeyRevoked, AuthenticateApiKeyRequest, AuthenticateApiKeyResponse};
use moka::future::Cache;
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use super::Call;
use super::caller::invalid;
use crate::domain::caller::{Caller, CredentialKind, Scopes, Who};
use crate::domain::denial::{Denial, Reason};
use allowance::Allowance;
use known::{Known, KnownKeys};
use uses::Uses;

/// How many owners are remembered.
const OWNERS_MAX: u64 = 100_000;

/// How many refused keys are remembered, and for how long: enough to take the sting out of a client that keeps trying.
const REFUSED_MAX: u64 = 10_000;
const REFUSED_FOR: Duration = Duration::from_secs(5);

/// How many look-ups may be under way. The others wait, as long as their calls may.
const LOOK_UPS_MAX: usize = 64;

/// How long after it was known to be complete what the feed has told counts as complete. It says so each second.
const COMPLETE_FOR: Duration = Duration::from_secs(3);

/// API keys, by the digest of their text.
#[derive(Debug)]
pub(crate) struct ApiKeys {
    identity: Peer,
    known: KnownKeys,
    revoked: Revoked,
    freshness: Freshness,
    owners: Cache<[u8; 32], Caller>,
    refused: Cache<[u8; 32], ()>,
    look_ups: Semaphore,
    /// For keys that the feed has not told of: one may be used before the news of it has come here, but whoever makes keys up
    /// must not keep identity busy.
    untold_look_ups: Allowance,
    /// For identity to know.
    pub(crate) uses: Uses,
}

impl ApiKeys {
    pub(crate) fn new(identity: Peer, learnt: &Learnt, remembered: Duration) -> Self {
        Self {
            identity,
            known: KnownKeys::default(),
            revoked: learnt.revoked.clone(),
            freshness: learnt.freshness.clone(),
            owners: Cache::builder().max_capacity(OWNERS_MAX).time_to_live(remembered).build(),
            refused: Cache::builder().max_capacity(REFUSED_MAX).time_to_live(REFUSED_FOR).build(),
            look_ups: Semaphore::new(LOOK_UPS_MAX),
            untold_look_ups: Allowance::new(Instant::now()),
            uses: Uses::default(),
        }
    }

    /// Identity made a key.
    pub(crate) fn created(&self, event: ApiKeyCreated) {
        self.known.created(event.api_key_id);
    }

    /// Identity was restored, and tells everything anew: owners that are remembered may be of keys that it has lost.
    pub(crate) fn forget_known(&self) {
        self.known.forget_all();
        self.owners.invalidate_all();
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
        let found = self.owners.try_get_with(digest, self.look_up(&key, digest, call)).await;
        let caller = found.map_err(|denial| (*denial).clone())?;
        // Once more, since it may have been revoked while it was looked up.
        self.refuse_revoked(key.id().as_str())?;
        self.uses.note(key.id().as_str(), call.now);
        Ok(caller)
    }

    /// Refuses a token that identity has ended, by itself or with what it was given for.
    pub(crate) fn refuse_ended(&self, token: &AccessTokenClaims) -> Result<(), Denial> {
        if self.revoked.ends(token) { Err(invalid("the token is revoked, or what it was given for")) } else { Ok(()) }
    }

    /// Refuses whatever was given to somebody of a tenant that was deleted.
    pub(crate) fn refuse_deleted(&self, tenant: &TenantId) -> Result<(), Denial> {
        if self.revoked.is_deleted(tenant.as_str()) { Err(invalid("the tenant was deleted")) } else { Ok(()) }
    }

    /// Refuses a key that identity has ended, whatever is remembered of it.
    fn refuse_revoked(&self, id: &str) -> Result<(), Denial> {
        if self.revoked.contains(id) { Err(invalid("the key is revoked")) } else { Ok(()) }
    }

    async fn look_up(&self, key: &ApiKey, digest: [u8; 32], call: &Call) -> Result<Caller, Denial> {
        self.refuse_untold(key.id().as_str())?;
        let crowded = || Denial::new(Reason::Unavailable, "too many keys are being looked up");
        let place = timeout_at(call.deadline, self.look_ups.acquire()).await;
        let _place = place.ok().and_then(Result::ok).ok_or_else(crowded)?;
        let request = AuthenticateApiKeyRequest { api_key: key.expose().to_owned() };
        let answer = self
            .identity
            .call(&call.bounds(None), request, |channel, request| async move {
                PeerServiceClient::new(channel).authenticate_api_key(request).await
            })
            .await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                let denial = refusal(&error);
                if denial.reason == Reason::CredentialInvalid {
                    self.refused.insert(digest, ()).await;
                }
                return Err(denial);
            }
        };
        caller(answer, key).ok_or_else(|| invalid("identity's answer cannot be read"))
    }
}

impl ApiKeys {
    /// Refuses a key that the feed has not told of, unless it may be too new for that and not many such keys are shown.
    fn refuse_untold(&self, id: &str) -> Result<(), Denial> {
        match self.known.of(id) {
            Known::Live | Known::Nothing => Ok(()),
            Known::NotTold if self.untold_look_ups.take(Instant::now()) => Ok(()),
            Known::NotTold if self.freshness.incomplete_for() <= COMPLETE_FOR => {
                Err(invalid("identity has told of no such key"))
            }
            Known::NotTold => Err(Denial::new(
                Reason::Unavailable,
                "identity may not have told of the key yet, and cannot be asked now",
            )),
        }
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
