//! Following identity's feed: every service needs its keys, and some take in more of it.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use assertion::{KeySet, KeyUse};
use contract::identity::v1::peer_service_client::PeerServiceClient;
use contract::identity::v1::{Event, FollowRequest, FollowResponse, KeyUse as ProtoKeyUse, VerificationKey, event};
use contract::metrics::chassis as declared;
use futures::StreamExt as _;
use prometheus_client::metrics::gauge::Gauge;
use prost::Message as _;
use tokio::time::Instant;

use super::{Item, Position, Revoked, tail};
use crate::database::Database;
use crate::error::chain;
use crate::metrics::Metrics;
use crate::peer::Peer;
use crate::readiness::Latch;
use crate::timestamp;

/// How often a feed says that it is alive.
pub const HEARTBEAT: Duration = Duration::from_secs(1);

/// How long what was learnt from the feed is believed without a heartbeat.
pub const STALE_AFTER_DEFAULT: Duration = Duration::from_secs(60);

/// How long a connection may be silent before it is given up.
const SILENCE_MAX: Duration = Duration::from_secs(5);

/// How long to wait before another attempt.
const RETRY: Duration = Duration::from_millis(250);

/// When the feed was last heard of. Clones share it.
#[derive(Clone, Debug)]
pub struct Freshness {
    started: Instant,
    heard_ms: Arc<AtomicU64>,
    complete_ms: Arc<AtomicU64>,
}

impl Default for Freshness {
    fn default() -> Self {
        Self { started: Instant::now(), heard_ms: Arc::default(), complete_ms: Arc::default() }
    }
}

impl Freshness {
    /// How long ago the feed was last heard of.
    pub fn age(&self) -> Duration {
        self.since(&self.heard_ms)
    }

    /// How long ago the feed said that it had told everything. In a quiet feed it does so each second; while a restored one is
    /// read again from its beginning, it does not.
    pub fn incomplete_for(&self) -> Duration {
        self.since(&self.complete_ms)
    }

    /// Shows how long ago it was, for as long as the service runs.
    pub(crate) fn show(self, metrics: &Metrics) -> impl Future<Output = ()> + use<> {
        let silence_seconds = Gauge::<f64, AtomicU64>::default();
        metrics.register(&declared::FEED_SILENCE, silence_seconds.clone());
        async move {
            loop {
                silence_seconds.set(self.age().as_secs_f64());
                tokio::time::sleep(HEARTBEAT).await;
            }
        }
    }

    fn since(&self, at_ms: &AtomicU64) -> Duration {
        self.started.elapsed().saturating_sub(Duration::from_millis(at_ms.load(Ordering::Relaxed)))
    }

    fn heard(&self, at_ms: &AtomicU64) {
        let elapsed = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        at_ms.store(elapsed, Ordering::Relaxed);
    }
}

enum Source {
    /// Identity itself reads its own database.
    Own(Database),
    /// Everyone else asks identity.
    Peer(Peer),
}

/// What every service learns from identity's feed. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Learnt {
    /// The keys that credentials are verified with.
    pub keys: KeySet,
    /// The API keys, clients' credentials and access tokens that were revoked.
    pub revoked: Revoked,
    /// When the feed was last heard of.
    pub freshness: Freshness,
}

/// Follows identity's feed and keeps what is learnt from it current.
pub struct Follower {
    source: Source,
    learnt: Learnt,
    caught_up: Latch,
}

impl Follower {
    pub(crate) fn own(database: Database, learnt: Learnt, caught_up: Latch) -> Self {
        Self { source: Source::Own(database), learnt, caught_up }
    }

    pub(crate) fn peer(peer: Peer, learnt: Learnt, caught_up: Latch) -> Self {
        Self { source: Source::Peer(peer), learnt, caught_up }
    }

    /// Follows for as long as the service runs. `take` is given each event after the keys were taken in, in order, from the
    /// first one at each start; what it fails on is given to it again.
    pub async fn run<F, Fut, E>(self, mut take: F)
    where
        F: FnMut(Position, Event) -> Fut,
        Fut: Future<Output = Result<(), E>>,
        E: std::error::Error,
    {
        let mut position = Position::default();
        loop {
            if let Err(problem) = self.follow(&mut position, &mut take).await {
                tracing::warn!(problem, "identity's feed is interrupted");
            }
            tokio::time::sleep(RETRY).await;
        }
    }

    async fn follow<F, Fut, E>(&self, position: &mut Position, take: &mut F) -> Result<(), String>
    where
        F: FnMut(Position, Event) -> Fut,
        Fut: Future<Output = Result<(), E>>,
        E: std::error::Error,
    {
        let mut stream = self.open(position).await?;
        let freshness = &self.learnt.freshness;
        loop {
            let next = tokio::time::timeout(SILENCE_MAX, stream.next()).await;
            let message = next.map_err(|_| "no heartbeat for 5 seconds".to_owned())?.ok_or("it ended")??;
            let at = Position { epoch: message.epoch, number: message.number };
            if let Some(event) = message.event {
                self.learn(&event);
                take(at.clone(), event).await.map_err(|error| chain(&error))?;
                *position = at;
            } else {
                // Everything up to there was told, or has ended since and needs no telling.
                *position = at;
                self.caught_up.set();
                freshness.heard(&freshness.complete_ms);
            }
            freshness.heard(&freshness.heard_ms);
        }
    }

    async fn open(
        &self,
        position: &Position,
    ) -> Result<futures::stream::BoxStream<'static, Result<FollowResponse, String>>, String> {
        match &self.source {
            Source::Own(database) => Ok(tail(database.clone(), position.clone()).map(own_item).boxed()),
            Source::Peer(peer) => {
                let request = FollowRequest { epoch: position.epoch.clone(), after: position.number };
                let stream = peer
                    .open(None, request, |channel, request| async move {
                        PeerServiceClient::new(channel).follow(request).await
                    })
                    .await
                    .map_err(|error| chain(&error))?;
                Ok(stream.map(|message| message.map_err(|status| status.message().to_owned())).boxed())
            }
        }
    }

    fn learn(&self, event: &Event) {
        match &event.event {
            Some(event::Event::KeyPublished(key)) => self.take_key(key),
            Some(event::Event::ApiKeyRevoked(key)) => self.learnt.revoked.add(&key.api_key_id),
            Some(event::Event::ClientCredentialRevoked(credential)) => {
                self.learnt.revoked.add(&credential.client_credential_id);
            }
            Some(event::Event::AccessTokenRevoked(token)) => self.learnt.revoked.add_token(&token.token_id),
            Some(event::Event::TenantDeleted(tenant)) => self.learnt.revoked.add_tenant(&tenant.tenant_id),
            Some(
                event::Event::TenantCreated(_)
                | event::Event::ApiKeyCreated(_)
                | event::Event::WorkloadBound(_)
                | event::Event::WorkloadUnbound(_),
            )
            | None => {}
        }
    }

    fn take_key(&self, key: &VerificationKey) {
        let Some((use_, not_after)) = key_terms(key) else {
            tracing::error!(key_id = key.key_id, "a published key has no use or no end: ignored");
            return;
        };
        let issuer = (!key.issuer.is_empty()).then_some(key.issuer.as_str());
        if let Err(error) = self.learnt.keys.publish_of(issuer, &key.key_id, use_, &key.jwk, not_after) {
            tracing::error!(key_id = key.key_id, error = chain(&error), "a published key cannot be used: ignored");
        }
    }
}

fn own_item(item: Result<Item, crate::database::DatabaseError>) -> Result<FollowResponse, String> {
    match item.map_err(|error| chain(&error))? {
        Item::Heartbeat(position) => Ok(FollowResponse { epoch: position.epoch, number: position.number, event: None }),
        Item::Entry { epoch, entry } => {
            let event = Event::decode(entry.payload.as_slice()).map_err(|error| error.to_string())?;
            Ok(FollowResponse { epoch, number: entry.number, event: Some(event) })
        }
    }
}

fn key_terms(key: &VerificationKey) -> Option<(KeyUse, time::OffsetDateTime)> {
    let use_ = match key.r#use() {
        ProtoKeyUse::AccessToken => KeyUse::AccessToken,
        ProtoKeyUse::Assertion => KeyUse::Assertion,
        ProtoKeyUse::Unspecified => return None,
    };
    Some((use_, timestamp::from_proto(key.not_after.as_ref()?)?))
}

impl std::fmt::Debug for Follower {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Follower").field("learnt", &self.learnt).finish_non_exhaustive()
    }
}
