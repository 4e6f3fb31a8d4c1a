//! Forgets assertions and revocations of tokens once they have ended, in the feed too, and notices when there are too many to remember more.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use chassis::feed;
use time::Duration as Span;

use crate::Identity;
use crate::domain::client_assertion::CLOCK_SKEW_MAX;
use crate::error::Error;
use crate::store::{client_assertions, revoked_tokens};

/// How long to wait before another look.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// How many entries of the feed go in one statement.
const ENTRIES_AT_ONCE: i64 = 1_000;

/// How many used assertions are remembered. With more, clients with assertions are told to try again later.
const ASSERTIONS_MAX: i64 = 1_000_000;

/// Runs for as long as the service does.
pub(crate) async fn run(service: Arc<Identity>) {
    loop {
        tokio::time::sleep(LOOK_AGAIN).await;
        if let Err(error) = forget(&service).await {
            tracing::warn!(error = chassis::error::chain(&error), "what has ended is not forgotten yet");
        }
    }
}

async fn forget(service: &Identity) -> Result<(), Error> {
    let (pool, now) = (service.database.pool(), service.clock.now());
    // Another replica's clock may be behind.
    let ended_before = now - CLOCK_SKEW_MAX - Span::MINUTE;
    client_assertions::forget(pool, ended_before).await?;
    revoked_tokens::forget(pool, ended_before).await?;
    while feed::forget_ended(&service.database, ended_before, ENTRIES_AT_ONCE).await? > 0 {}
    let count = client_assertions::count(pool, ASSERTIONS_MAX).await?;
    let is_full = count >= ASSERTIONS_MAX;
    if is_full {
        tracing::error!(count, "client_assertions_max is reached: clients with assertions are turned away");
    }
    service.assertions_full.store(is_full, Ordering::Relaxed);
    Ok(())
}
