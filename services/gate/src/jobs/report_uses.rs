//! Tells identity when API keys were last used: soon after the first use, then at most once a minute for each key.

use std::sync::Arc;
use std::time::Duration;

use chassis::clock::SharedClock;
use chassis::peer::{Bounds, Peer, PeerError};
use chassis::timestamp;
use contract::identity::v1::peer_service_client::PeerServiceClient;
use contract::identity::v1::{ApiKeyUse, ReportApiKeyUseRequest};
use time::OffsetDateTime;
use tokio::time::Instant;

use crate::decide::api_keys::ApiKeys;

/// How often it is looked whether there is something to tell.
const EVERY: Duration = Duration::from_secs(1);

/// The longest wait after identity could not be told.
const RETRY_LONGEST: Duration = Duration::from_secs(30);

/// How long identity may take to answer.
const ANSWER_MAX: Duration = Duration::from_secs(2);

/// Tells for as long as the service runs.
pub(crate) async fn report_uses(identity: Peer, api_keys: Arc<ApiKeys>, clock: SharedClock) {
    let mut wait = EVERY;
    loop {
        tokio::time::sleep(wait).await;
        wait = match report(&identity, &api_keys, &clock).await {
            Ok(()) => EVERY,
            Err(error) => {
                tracing::warn!(%error, "identity does not hear when keys are used");
                (wait * 2).min(RETRY_LONGEST)
            }
        };
    }
}

async fn report(identity: &Peer, api_keys: &ApiKeys, clock: &SharedClock) -> Result<(), PeerError> {
    // The minute until more is told of a key begins with what was told, however long identity took to hear it.
    let now = clock.now();
    loop {
        let due = api_keys.uses.due(now);
        if due.is_empty() {
            return Ok(());
        }
        tell(identity, &due).await?;
        api_keys.uses.told(&due, now);
    }
}

async fn tell(identity: &Peer, due: &[(String, OffsetDateTime)]) -> Result<(), PeerError> {
    let told = due
        .iter()
        .map(|(id, used_at)| ApiKeyUse { api_key_id: id.clone(), used_at: Some(timestamp::to_proto(*used_at)) });
    let bounds = Bounds { deadline: Instant::now() + ANSWER_MAX, request_id: String::new(), tenant: None, trace: None };
    identity
        .call(&bounds, ReportApiKeyUseRequest { uses: told.collect() }, |channel, request| async move {
            PeerServiceClient::new(channel).report_api_key_use(request).await
        })
        .await
        .map(|_| ())
}
