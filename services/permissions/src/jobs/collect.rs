//! Takes away history that is older than it is kept for. One replica does it for all.

use std::time::Duration;

use chassis::error::chain;
use chassis::{Database, DatabaseError};
use uuid::Uuid;

use crate::metrics::CollectionMetrics;
use crate::store::{claims, collection};

/// The job's name, under which it is claimed.
const JOB: &str = "collect";

/// For how long a replica that says nothing more keeps the job.
const CLAIM_SECONDS: f64 = 120.0;

/// How many rows one transaction takes away: few enough that no write waits for long.
const ROWS_AT_ONCE: i64 = 2_000;

/// Collects.
#[derive(Debug)]
pub(crate) struct Collect {
    pub(crate) database: Database,
    /// This replica.
    pub(crate) holder: Uuid,
    pub(crate) every: Duration,
    pub(crate) history: Duration,
    pub(crate) metrics: CollectionMetrics,
}

impl Collect {
    /// Collects for as long as the service runs.
    pub(crate) async fn run(self) {
        loop {
            tokio::time::sleep(self.every).await;
            if let Err(error) = self.collect().await {
                tracing::warn!(error = chain(&error), "history could not be collected; it is tried again");
            }
        }
    }

    async fn collect(&self) -> Result<(), DatabaseError> {
        let Some(claim) = claims::take(&self.database, JOB, self.holder, CLAIM_SECONDS).await? else { return Ok(()) };
        // First the floor, so that nobody reads what is being taken away without noticing.
        if let Some(floor) = collection::due(&self.database, self.history.as_secs_f64()).await?
            && !collection::raise_floor(&self.database, &claim, floor).await?
        {
            return Ok(());
        }
        while let Some(gone) = collection::relationships(&self.database, &claim, ROWS_AT_ONCE).await? {
            self.metrics.collected(gone);
            if gone == 0 {
                collection::schemas_and_marks(&self.database, &claim).await?;
                break;
            }
            if claims::take(&self.database, JOB, self.holder, CLAIM_SECONDS).await?.is_none() {
                break;
            }
        }
        Ok(())
    }
}
