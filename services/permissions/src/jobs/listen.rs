//! Wakes the tail when another replica commits. Only wakes: whoever misses a call looks by itself soon after.

use std::sync::Arc;
use std::time::Duration;

use chassis::error::chain;
use chassis::{Database, DatabaseError};

use crate::index::Index;
use crate::store::calls::Calls;

/// How long until it is tried again after the database was lost.
const AGAIN: Duration = Duration::from_secs(1);

/// Listens on a connection of its own.
#[derive(Debug)]
pub(crate) struct Listen {
    pub(crate) database: Database,
    pub(crate) index: Arc<Index>,
}

impl Listen {
    /// Listens for as long as the service runs.
    pub(crate) async fn run(self) {
        loop {
            if let Err(error) = self.listen().await {
                tracing::debug!(error = chain(&error), "nobody calls when another replica commits; the head is polled");
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    async fn listen(&self) -> Result<(), DatabaseError> {
        let mut calls = Calls::hear(&self.database).await?;
        loop {
            calls.next().await?;
            self.index.wake();
        }
    }
}
