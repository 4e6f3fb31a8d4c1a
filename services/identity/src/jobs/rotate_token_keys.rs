//! Makes the keys that access tokens are signed with, tells of each in the feed before it signs, and takes the current one in hand.

use std::sync::Arc;
use std::time::Duration;

use assertion::KeySet;
use chassis::{AuditEvent, Latch, UnitOfWork};
use time::Duration as Span;

use crate::Identity;
use crate::domain::signing_key::{self, Wanted};
use crate::domain::verification_key::VerificationKey;
use crate::error::Error;
use crate::grpc::events;
use crate::store::signing_keys;
use crate::store::verification_keys::{self, Kept};

/// How long to wait before another look. Whatever one replica has made, the others have long before it signs.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// How long to wait before asking whether the key has come back through the feed.
const COMES_BACK: Duration = Duration::from_millis(20);

/// How long to wait while the database is away.
const RETRY: Duration = Duration::from_millis(500);

/// How long a private key is kept after it signed last: another replica's clock may be behind.
const RETIRED: Span = Span::MINUTE;

/// Runs for as long as the service does.
pub(crate) async fn run(service: Arc<Identity>, keys: KeySet, published: Latch) {
    loop {
        match rotate(&service).await {
            Ok(Some(key_id)) => {
                // Ready only once the key has come back through the feed: then it has come to whoever follows closely, too.
                while !keys.contains(&key_id) {
                    tokio::time::sleep(COMES_BACK).await;
                }
                published.set();
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            // One was made this moment, or by a replica whose clock is ahead.
            Ok(None) => tokio::time::sleep(COMES_BACK).await,
            Err(error) => {
                tracing::warn!(
                    error = chassis::error::chain(&error),
                    "there is no key to sign tokens with yet, or no next one"
                );
                tokio::time::sleep(RETRY).await;
            }
        }
    }
}

/// The id of the key that signs now, which is in hand; none if another look is needed.
async fn rotate(service: &Identity) -> Result<Option<String>, Error> {
    let now = service.clock.now();
    let pool = service.database.pool();
    let kept = signing_keys::living(pool).await?;
    if let Some(wanted) = signing_key::wanted(kept.last(), service.token_key_rotation, now) {
        make(service, wanted).await?;
        return Ok(None);
    }
    let Some(current) = signing_key::current(&kept, now) else { return Ok(None) };
    let in_hand = service.token_key.load();
    if in_hand.as_ref().is_none_or(|key| key.key_id() != current.id) {
        let key = current.open(&service.seal_keys).map_err(Error::SigningKey)?;
        service.token_key.store(Some(Arc::new(key)));
        signing_keys::forget(pool, now - RETIRED).await?;
    }
    // Whoever takes an earlier seal key away needs them all under the current one.
    for renewed in kept.iter().filter_map(|key| key.renewed(&service.seal_keys)) {
        signing_keys::renew(pool, &renewed).await?;
        tracing::info!(key = renewed.id, "a signing key lies under the current seal key now");
    }
    Ok(Some(current.id.clone()))
}

async fn make(service: &Identity, wanted: Wanted) -> Result<(), Error> {
    let (sealed, key) = signing_key::make(&service.seal_keys, wanted).map_err(Error::SigningKey)?;
    let not_after = signing_key::believed_until(wanted.signs_until);
    let public = VerificationKey::of_tokens(key.public(), &service.issuer, not_after);
    let now = service.clock.now();
    let mut work = UnitOfWork::begin(&service.database, now).await?;
    if !signing_keys::add(work.connection(), &sealed).await? {
        return Ok(());
    }
    match verification_keys::keep(work.connection(), &public, not_after).await? {
        Kept::Changed => {}
        Kept::AsItWas | Kept::InOtherUse => return Err(Error::SigningKey("a new key is not new".to_owned())),
    }
    work.publish(&events::key_published(&public));
    let event =
        AuditEvent::of_service("identity.token_key.published", "identity", "", format!("key:{}", sealed.id), now);
    Ok(work.commit(event).await?)
}
