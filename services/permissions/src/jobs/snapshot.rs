//! Writes the index into the file store every so often. One replica does it for all.

use std::sync::Arc;
use std::time::Duration;

use chassis::Database;
use chassis::error::chain;
use uuid::Uuid;

use crate::index::Index;
use crate::metrics::SnapshotMetrics;
use crate::snapshots::{self, Place};
use crate::store::claims;

/// The job's name, under which it is claimed.
const JOB: &str = "snapshot";

/// Writes snapshots.
#[derive(Debug)]
pub(crate) struct WriteSnapshots {
    pub(crate) database: Database,
    pub(crate) index: Arc<Index>,
    pub(crate) place: Place,
    /// This replica.
    pub(crate) holder: Uuid,
    pub(crate) every: Duration,
    pub(crate) metrics: SnapshotMetrics,
}

impl WriteSnapshots {
    /// Writes for as long as the service runs.
    pub(crate) async fn run(self) {
        let mut written = None;
        loop {
            tokio::time::sleep(self.every).await;
            // Twice as long as until the next time, so that the job stays where it is while its holder lives.
            let seconds = 2.0 * self.every.as_secs_f64();
            match claims::take(&self.database, JOB, self.holder, seconds).await {
                Ok(Some(_)) => {}
                Ok(None) => continue,
                Err(error) => {
                    tracing::warn!(error = chain(&error), "whether to write a snapshot is not known");
                    continue;
                }
            }
            let Some((point, still)) = self.index.still().await else { continue };
            // Nothing has happened since.
            if written == Some(point) {
                continue;
            }
            match snapshots::write(&self.place, &point, still).await {
                Ok(()) => {
                    self.metrics.written();
                    written = Some(point);
                }
                Err(error) => {
                    self.metrics.failed();
                    tracing::warn!(error = chain(&error), "no snapshot was written; it is tried again");
                }
            }
        }
    }
}
