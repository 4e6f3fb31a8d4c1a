//! Publishes the key that assertions are signed with, through identity, so that whoever verifies them finds it in one key set.

use std::sync::Arc;
use std::time::Duration;

use chassis::clock::SharedClock;
use chassis::peer::{Bounds, Peer, PeerError};
use chassis::{Latch, timestamp};
use contract::identity::v1::peer_service_client::PeerServiceClient;
use contract::identity::v1::{KeyUse, PublishAssertionKeyRequest, VerificationKey};
use tokio::time::Instant;

use crate::decide::assertions::Assertions;

/// How long the key is good for after it was published last.
const LIFE: time::Duration = time::Duration::days(30);

/// How often its life is extended.
const EVERY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long identity may take to answer.
const ANSWER_MAX: Duration = Duration::from_secs(2);

/// The first and the longest wait between attempts.
const RETRY_FIRST: Duration = Duration::from_millis(100);
const RETRY_LONGEST: Duration = Duration::from_secs(10);

/// Publishes it for as long as the service runs.
pub(crate) async fn publish_key(identity: Peer, assertions: Arc<Assertions>, clock: SharedClock, published: Latch) {
    let mut retry = RETRY_FIRST;
    loop {
        let not_after = timestamp::to_proto(clock.now() + LIFE);
        let key = VerificationKey {
            key_id: assertions.key().key_id().to_owned(),
            r#use: KeyUse::Assertion.into(),
            jwk: assertions.key().jwk().to_owned(),
            not_after: Some(not_after),
            issuer: String::new(),
        };
        match publish(&identity, key).await {
            Ok(()) => {
                published.set();
                retry = RETRY_FIRST;
                tokio::time::sleep(EVERY).await;
            }
            Err(error) => {
                tracing::warn!(%error, "the assertion key is not published yet");
                tokio::time::sleep(retry).await;
                retry = (retry * 2).min(RETRY_LONGEST);
            }
        }
    }
}

async fn publish(identity: &Peer, key: VerificationKey) -> Result<(), PeerError> {
    let bounds = Bounds { deadline: Instant::now() + ANSWER_MAX, request_id: String::new(), tenant: None, trace: None };
    let request = PublishAssertionKeyRequest { key: Some(key) };
    identity
        .call(&bounds, request, |channel, request| async move {
            PeerServiceClient::new(channel).publish_assertion_key(request).await
        })
        .await
        .map(|_| ())
}
