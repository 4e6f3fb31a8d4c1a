//! Keeps the public half of the token key in the feed: at the start, and again before its end.

use std::sync::Arc;
use std::time::Duration;

use assertion::KeySet;
use chassis::{AuditEvent, Latch, UnitOfWork};

use crate::Identity;
use crate::domain::verification_key::VerificationKey;
use crate::error::Error;
use crate::grpc::events;
use crate::store::verification_keys::{self, Kept};

/// How long to wait before another look.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// How long to wait before asking whether the key has come back through the feed.
const COMES_BACK: Duration = Duration::from_millis(20);

/// How long to wait while the database is away.
const RETRY: Duration = Duration::from_millis(500);

/// Runs for as long as the service does.
pub(crate) async fn run(service: Arc<Identity>, keys: KeySet, published: Latch) {
    loop {
        match publish(&service).await {
            Ok(()) => {
                // Ready only once the key has come back through the feed: then it has come to whoever follows closely, too.
                while !keys.contains(service.token_key.key_id()) {
                    tokio::time::sleep(COMES_BACK).await;
                }
                published.set();
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            Err(error) => {
                tracing::warn!(error = chassis::error::chain(&error), "the token key is not published yet");
                tokio::time::sleep(RETRY).await;
            }
        }
    }
}

async fn publish(service: &Identity) -> Result<(), Error> {
    let now = service.clock.now();
    let key = VerificationKey::of_tokens(service.token_key.public(), &service.issuer, now);
    let mut work = UnitOfWork::begin(&service.database, now).await?;
    match verification_keys::keep(work.connection(), &key, key.told_if_after()).await? {
        Kept::AsItWas => Ok(()),
        Kept::InOtherUse => Err(Error::TokenKeyInOtherUse),
        Kept::Changed => {
            work.publish(&events::key_published(&key));
            let object = format!("key:{}", key.key.key_id());
            let event = AuditEvent::of_service("identity.token_key.published", "identity", "", object, now);
            Ok(work.commit(event).await?)
        }
    }
}
