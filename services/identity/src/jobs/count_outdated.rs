//! Counts what does not lie under the current pepper and seal key yet, and says so when the count changes.

use std::sync::Arc;
use std::time::Duration;

use crate::Identity;
use crate::error::Error;
use crate::metrics::{KeyMetrics, Outdated};
use crate::store::outdated;

/// How long to wait before another look.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// Runs for as long as the service does.
pub(crate) async fn run(service: Arc<Identity>, metrics: KeyMetrics) {
    let mut before = (Outdated::default(), Outdated::default());
    loop {
        match count(&service).await {
            Ok(counted) => {
                metrics.counted(counted.0, counted.1);
                if counted != before {
                    tell(counted);
                    before = counted;
                }
            }
            Err(error) => {
                tracing::debug!(error = chassis::error::chain(&error), "what lies under earlier keys is not counted");
            }
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

async fn count(service: &Identity) -> Result<(Outdated, Outdated), Error> {
    let (pool, peppers, seal_keys) = (service.database.pool(), service.secrets.peppers(), &service.seal_keys);
    let secrets = outdated::secrets(pool, peppers.current()).await?;
    let sealed = outdated::sealed(pool, seal_keys.current()).await?;
    let (peppers, seal_keys): (Vec<_>, Vec<_>) = (peppers.others().collect(), seal_keys.others().collect());
    Ok((Outdated::of(&secrets, &peppers), Outdated::of(&sealed, &seal_keys)))
}

fn tell((secrets, sealed): (Outdated, Outdated)) {
    tracing::info!(
        secrets_other = secrets.other,
        secrets_unnamed = secrets.unnamed,
        secrets_missing = secrets.missing,
        sealed_other = sealed.other,
        sealed_unnamed = sealed.unnamed,
        sealed_missing = sealed.missing,
        "what does not lie under the current pepper and seal key"
    );
}
